/* vmlinux.h - L2: a kernel's ELF file: sections, symbol table, build-id, version banner. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VMLINUX_H
#define VMLINUX_H

#include "dumpfile.h"
#include "util.h"

struct vmlinux {
	struct file_map file;
	const void *shdrs;		/* checked section header table */
	u32 nr_sections;
	u8 build_id[32];
	u32 build_id_bytes;		/* 0 when there is none */
	bool has_dwarf;			/* .debug_info or .zdebug_info present */
	const char *banner;		/* "Linux version 6.12..." inside the file, NUL-terminated, or NULL */
};

/* False with *why, which names the cause: no symbol table, a bzImage, a module, another machine ... */
bool vmlinux_open(struct vmlinux *vmlinux, const char *path, struct strbuf *why);
void vmlinux_close(struct vmlinux *vmlinux);
/* A section's bytes (NOBITS sections have none); false when absent or out of the file. */
bool vmlinux_section(const struct vmlinux *vmlinux, const char *name, const u8 **data, u64 *size,
		     u64 *address);
/* Bytes of the image at a link-time virtual address, as long as they are in one section of the file. */
const void *vmlinux_at(const struct vmlinux *vmlinux, u64 address, u64 length);

#endif
