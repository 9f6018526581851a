/* names/runningkernel.h - who the running kernel is, and where its vmlinux may lie. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RUNNINGKERNEL_H
#define RUNNINGKERNEL_H

#include "base/util.h"

struct running_kernel {
	char release[128]; /* as uname -r */
	u8 build_id[32];
	u32 build_id_bytes; /* 0: it does not tell */
};

void running_kernel_identity(struct running_kernel *kernel);
/*
 * The build-id in the SIZE bytes of ELF notes at NOTES (what /sys/kernel/notes has). Its length; 0
 * when there is none.
 */
u32 build_id_in_notes(const u8 *notes, size_t size, u8 *build_id, u32 space);
/* The same in words: where it is, also when the release does not tell. */
void kernel_package(const char *release, struct strbuf *text);
/* The bytes that the hexadecimal TEXT of a build-id means; 0: it is none. */
u32 build_id_from_text(const char *text, u8 *build_id, u32 space);
/*
 * The path of the vmlinux of the KERNEL whose dump is at DUMP_PATH, by its build-id: beside the
 * dump or in the usual places below ROOT ("" but in tests). NULL: in none of them. REPORT, when
 * given, gets a line for each place looked at, with what became of it.
 */
char *dumped_kernel_vmlinux(const struct running_kernel *kernel, const char *dump_path,
			    const char *root, struct strbuf *report);
/*
 * The package of debug information for a kernel of this RELEASE, where its form tells whose it is
 * ("6.1.0-9-amd64", "5.14.0-427.el9.x86_64"); "" otherwise.
 */
void kernel_debug_package(const char *release, char *name, size_t space);
/*
 * The path of KERNEL's vmlinux, below ROOT ("" but in tests), by its build-id. NULL with *why: what
 * was looked at, and which package would bring it.
 */
char *running_kernel_vmlinux(const struct running_kernel *kernel, const char *root,
			     struct strbuf *why, struct strbuf *report);

#endif
