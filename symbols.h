/* symbols.h - L2: names and addresses of the kernel and its modules, at the addresses of this boot. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SYMBOLS_H
#define SYMBOLS_H

#include "base/util.h"
#include "names/vmlinux.h"

struct symbol_module;

struct symbol {
	u64 value; /* this boot's address (KASLR applied) */
	const char *name;
	const struct symbol_module *module; /* NULL: the kernel itself */
	u32 size; /* bytes from the symbol table; 0 when unknown */
	char type; /* nm's letter: T t D d B b R r A V W w ... */
	/*
	 * not in the kernel's own table (constants, local labels, export strings): found by name
	 * and in lists, but not by symbol_at()
	 */
	bool hidden;
};

struct symbol_module {
	const char *name;
	u64 base, size; /* core text; for display */
	/* struct module; 0: the owner of code that the kernel wrote, "bpf" in /proc/kallsyms */
	u64 address;
	u64 percpu, percpu_size; /* the values that its per-cpu variables have; 0: it has none */
};

/* Loads vmlinux's symbol table shifted by KASLR_OFFSET (per-cpu and absolute symbols stay). */
bool symbols_load_vmlinux(const struct vmlinux *vmlinux, u64 kaslr_offset, struct strbuf *why);
/*
 * Without a vmlinux: the COUNT symbols at TABLE are the kernel's, in the order of its kallsyms. The
 * table and the heap block NAMES, in which the names lie, become this module's own.
 */
void symbols_load_table(struct symbol *table, size_t count, char *names, u64 kaslr_offset);
/*
 * Without a vmlinux: the symbols of LIST alone, at this boot's addresses. Copied, but
 * not the names.
 */
void symbols_load_list(const struct symbol *list, size_t count);

/*
 * Adds a module's symbols (copied) and its address ranges; called by module.c from the dump's own
 * module kallsyms. Ranges tell which module an address belongs to.
 */
struct address_range {
	u64 start, end; /* end is exclusive */
};
const struct symbol_module *symbols_add_module(const char *name, u64 module_address, u64 base,
					       u64 size, const struct address_range *ranges,
					       size_t nr_ranges);
void symbols_add(const struct symbol_module *module, const char *name, u64 value, u32 size,
		 char type);
void symbols_set_percpu(const struct symbol_module *module, u64 start, u64 size);
/*
 * Runs once before the first lookup that the kernel's own table cannot answer (module.c sets it).
 */
void symbols_set_module_loader(void (*load)(void));
/* Called when the symbols of modules are no more: who kept some of their names lets go of them. */
void symbols_set_forgotten(void (*forgotten)(void));

/* First symbol of that name: the kernel's before modules', global before local. NULL: none. */
const struct symbol *symbol_by_name(const char *name);
u64 symbol_value(const char *name); /* 0: there is none of that name */
const struct symbol *symbol_next_same_name(const struct symbol *symbol);
/*
 * The same, or else the part of that function which the compiler kept:
 * NAME.isra.0, NAME.part.0, NAME.constprop.0.
 */
const struct symbol *symbol_by_source_name(const char *name);
/*
 * The symbol that covers ADDRESS, with ADDRESS - value in *offset (may be NULL). NULL outside the
 * kernel image and modules. Of several names at one address, the one kallsyms would print: the same
 * name that the kernel's own Call Trace shows.
 */
const struct symbol *symbol_at(u64 address, u64 *offset);
const struct symbol *symbol_before(const struct symbol *symbol); /* by address; NULL at the ends */
const struct symbol *symbol_after(const struct symbol *symbol);
const struct symbol_module *symbol_module_at(u64 address); /* NULL: no module there */

/* All symbols of MODULE (NULL: the kernel), ordered by address. */
size_t symbols_count(const struct symbol_module *module);
const struct symbol *symbols_get(const struct symbol_module *module, size_t index);
/* The index of the first one with at least VALUE; their number when there is none. */
size_t symbols_first_from(const struct symbol_module *module, u64 value);

/* Modules in the order of their addition; NULL at the end. */
const struct symbol_module *symbols_first_module(void);
const struct symbol_module *symbols_next_module(const struct symbol_module *module);

/*
 * "vfs_read+0x1a", "vfs_read", "ext4_open+16 [ext4]" pieces; false and "" when no symbol covers it.
 */
bool symbol_format(u64 address, bool hex_offset, char *text, size_t space);
/* "vfs_read+16", the bare address where no symbol covers it. Scope memory. */
const char *symbol_words(u64 address);
bool address_is_text(u64 address); /* kernel or module code */
u64 symbols_kaslr_offset(void);
unsigned symbols_version(void); /* another number whenever symbols were added or forgotten */
void symbols_forget_modules(void); /* those of modules, which become invalid */
void symbols_reset(void); /* forgets everything; symbols that were handed out become invalid */

#endif
