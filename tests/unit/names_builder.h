/* names_builder.h - test helper: small vmlinux files and BTF blobs made by hand. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NAMES_BUILDER_H
#define NAMES_BUILDER_H

#include "base/util.h"
#include "names/btf.h"

#include <elf.h>

/* Sections of a built vmlinux, by index. */
enum {
	SEC_NULL,
	SEC_TEXT,
	SEC_RODATA,
	SEC_DATA,
	SEC_PERCPU,
	SEC_BSS,
	SEC_NOTES,
	SEC_SYMTAB,
	SEC_STRTAB,
	SEC_SHSTRTAB,
	NR_SECS
};

#define BUILT_TEXT 0xffffffff81000000ULL
#define BUILT_RODATA 0xffffffff81001000ULL
#define BUILT_DATA 0xffffffff81002000ULL
#define BUILT_BSS 0xffffffff81003000ULL
#define BUILT_END 0xffffffff81004000ULL
#define BUILT_BANNER "Linux version 6.12.0-test (nobody@nowhere) #1 SMP"

struct built_symbol {
	const char *name;
	u64 value;
	unsigned char info; /* ELF64_ST_INFO(binding, type) */
	u16 section;
	u64 size;
};

/* A whole ELF file; text/rodata/... of 4096 bytes each, linux_banner and _end added by itself. */
void build_vmlinux(struct strbuf *file, const struct built_symbol *symbols, size_t nr_symbols);
Elf64_Ehdr *built_header(struct strbuf *file);
Elf64_Shdr *built_section(struct strbuf *file, u32 index);
/* Writes BUF to a new file; its name is the caller's to free. */
char *write_temporary(const void *data, size_t length);

struct built_btf {
	struct strbuf types, strings;
	u32 nr_types; /* id of the last one */
	struct strbuf blob; /* made by build_btf_finish() */
};

/* Ids count from FIRST_ID, string offsets from FIRST_STRING: 1 and 0, but for split BTF. */
void build_btf_start(struct built_btf *built, u32 first_id, u32 first_string);
u32 build_btf_text(struct built_btf *built, const char *text);
u32 build_btf_type(struct built_btf *built, const char *name, enum btf_kind kind, bool kind_flag,
		   u32 nr_items, u32 size_or_type);
void build_btf_word(struct built_btf *built, u32 word);
u32 build_btf_int(struct built_btf *built, const char *name, u32 bytes, bool is_signed);
/* After a STRUCT or UNION: one of its members. */
void build_btf_field(struct built_btf *built, const char *name, u32 type, u32 place);
u32 build_btf_array(struct built_btf *built, u32 element, u32 count);
void build_btf_finish(struct built_btf *built);
void build_btf_discard(struct built_btf *built);

/* Repeatable noise. */
u32 noise(u64 *state);

#endif
