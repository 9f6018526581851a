/* crash-embed.h - what crash tells the GDB inside it: symbols and BTF. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CRASH_EMBED_H
#define CRASH_EMBED_H

#include "symtab.h"
#include "minsyms.h"

struct objfile;

/* Hooks that patches 0002 and 0003 put into GDB. Null and false in a GDB that nobody embeds. */
extern void (*crash_want_minimal_symbol)(const char *name);
extern bound_minimal_symbol (*crash_minimal_symbol_at)(CORE_ADDR pc);
extern bool crash_skip_elf_minimal_symbols;

/* Patch 0009: what GDB's threads do for indexes of debug information. */
enum crash_index_state {
	CRASH_INDEX_DONE, /* nothing */
	CRASH_INDEX_READING, /* questions wait for it, and there is nothing to keep yet */
	CRASH_INDEX_STORING, /* it can be used, and gets into the cache */
};
extern crash_index_state crash_index_work();

struct crash_symbol {
	CORE_ADDR address;
	ULONGEST size; /* 0: unknown */
	const char *name; /* outlives GDB */
	char type; /* nm's letter */
};

struct crash_blob {
	const char *name;
	const gdb_byte *data; /* outlives GDB */
	size_t size;
};

/* Every pointer may be null: then there is nothing to know. */
struct crash_embed_ops {
	bool (*symbol_by_name)(const char *name, crash_symbol *symbol);
	bool (*symbol_at)(CORE_ADDR address, crash_symbol *symbol);
	bool (*btf)(size_t index, crash_blob *blob);
};

/* crash-symbols.c: makes the object files that hold all that comes from crash. OPS stays the
 * caller's. */
extern void crash_symbols_install(const crash_embed_ops *ops);
/* Modules or their symbols changed: everything asked so far is forgotten, and asked again. */
extern void crash_symbols_forget();
/* The kernel's DWARF was attached: functions and variables come from there from now on, types do
 * not. */
extern void crash_symbols_dwarf_attached();

/*
 * crash-btf.c: gives the object file TYPES all types and enumerators that BTF knows, and CODE (may
 * be null) the functions and variables. Nothing is read before GDB asks for a name.
 */
extern void crash_btf_attach(objfile *types, objfile *code, const crash_embed_ops *ops);
/* What was wrong with the BTF so far, one line each; "" when nothing was. */
extern const char *crash_btf_complaints();

#endif
