/* names/vmlinux.h - a kernel's ELF file: sections, symbol table, build-id, version banner. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VMLINUX_H
#define VMLINUX_H

#include "base/util.h"
#include "dump/filemap.h"

#include <elf.h>

struct vmlinux {
	struct file_map file;
	const void *shdrs; /* checked section header table */
	u32 nr_sections;
	u8 build_id[32];
	u32 build_id_bytes; /* 0 when there is none */
	bool stripped; /* no symbol table, which all below are of */
	bool has_dwarf; /* .debug_info or .zdebug_info present */
	const char *banner; /* "Linux version 6.12..." inside the file, NUL-terminated, or NULL */

	const char *shstrtab; /* section names; the last byte is NUL */
	u64 shstrtab_bytes;
	/* The symbol table: all of it lies inside the file, and strtab[strtab_bytes - 1] is NUL. */
	const Elf64_Sym *symtab;
	u32 nr_symtab;
	u32 first_global; /* entries from here on are global or weak */
	const char *strtab;
	u64 strtab_bytes;
	u64 link_start; /* first allocated link-time address of the kernel map */
};

/* Link-time addresses from here on move with KASLR; below are constants and per-cpu offsets. */
#define KERNEL_MAP_START 0xffffffff80000000ULL

/*
 * A packed file and a bzImage are unpacked first. False with *why, which names the cause: no symbol
 * table, a module, another machine ...
 */
bool vmlinux_open(struct vmlinux *vmlinux, const char *path, struct strbuf *why);
/* The same, but a kernel without a symbol table (as a bzImage has it) opens as well. */
bool vmlinux_open_stripped(struct vmlinux *vmlinux, const char *path, struct strbuf *why);
void vmlinux_close(struct vmlinux *vmlinux);
/* A section's bytes (NOBITS sections have none); false when absent or out of the file. */
bool vmlinux_section(const struct vmlinux *vmlinux, const char *name, const u8 **data, u64 *size,
		     u64 *address);
/* The Nth section header's name, "" when damaged; and its header, NULL past the end. */
const char *vmlinux_section_name(const struct vmlinux *vmlinux, u32 index);
const Elf64_Shdr *vmlinux_section_header(const struct vmlinux *vmlinux, u32 index);
/* A symbol's name inside the file; "" when its offset is out of the string table. */
const char *vmlinux_symbol_name(const struct vmlinux *vmlinux, const Elf64_Sym *entry);
/*
 * The link-time address of NAME: works before symbols_load_vmlinux(), for finding the KASLR offset.
 */
bool vmlinux_symbol(const struct vmlinux *vmlinux, const char *name, u64 *link_address);
/*
 * Bytes of the image at a link-time virtual address, as long as they are in one section
 * of the file.
 */
const void *vmlinux_at(const struct vmlinux *vmlinux, u64 address, u64 length);

#endif
