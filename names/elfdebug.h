/* names/elfdebug.h - which debug information an ELF file has, and the file that has it instead. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ELFDEBUG_H
#define ELFDEBUG_H

#include "base/util.h"
#include "dump/filemap.h"

struct elf_debug {
	bool is_module; /* an object file with struct module */
	bool has_dwarf;
	u8 build_id[64];
	u32 build_id_bytes; /* 0: none */
	/* .gnu_debuglink: the name of the file with the debug information, and that file's sum. */
	char link[256];
	u32 link_sum;
};

/* False: no x86_64 ELF file, or one that is damaged. */
bool elf_debug_read(const struct file_map *file, struct elf_debug *debug);
bool elf_debug_same_build(const struct elf_debug *debug, const u8 *build_id, u32 bytes);
/*
 * The path of the file with the debug information of PATH, which is DEBUG: where its .gnu_debuglink
 * and its build-id lead, below ROOT ("" but in tests). A file of another build is not taken. NULL:
 * none. REPORT, when given, gets a line for each place looked at.
 */
char *elf_debug_find(const char *path, const struct elf_debug *debug, const char *root,
		     struct strbuf *report);
/* Below ROOT, the place of the debug information with that build-id. */
char *elf_debug_build_id_path(const char *root, const u8 *build_id, u32 bytes);
void elf_debug_add_build_id(struct strbuf *text, const u8 *build_id, u32 bytes);

#endif
