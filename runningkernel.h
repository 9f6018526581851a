/* runningkernel.h - L2: who the running kernel is, and where its vmlinux may lie. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RUNNINGKERNEL_H
#define RUNNINGKERNEL_H

#include "util.h"

struct running_kernel {
	char release[128]; /* as uname -r */
	u8 build_id[32];
	u32 build_id_bytes; /* 0: it does not tell */
};

void running_kernel_identity(struct running_kernel *kernel);
/*
 * The build-id in the SIZE bytes of ELF notes at NOTES (what /sys/kernel/notes has). Its length; 0 when
 * there is none.
 */
u32 build_id_in_notes(const u8 *notes, size_t size, u8 *build_id, u32 space);
/*
 * The path of KERNEL's vmlinux, below ROOT ("" but in tests), by its build-id. NULL with *why: what was
 * looked at, and which package would bring it.
 */
char *running_kernel_vmlinux(const struct running_kernel *kernel, const char *root,
			     struct strbuf *why);

#endif
