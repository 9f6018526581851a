/* kernel/mm/vmaname.h - what a mapping is called, and what its flags are called. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VMANAME_H
#define VMANAME_H

#include "base/util.h"
#include "kernel/mm/vma.h"

/*
 * As /proc/PID/maps has it: the path of the file, "[heap]", "[stack]", "[vdso]" and what else the
 * kernel itself maps, "[anon:NAME]", "[anon_shmem:NAME]"; nothing for other memory without a file.
 * "(unreadable name)" for one that cannot be read.
 */
void vma_name(u64 mm, const struct vma *vma, struct strbuf *text);

/* "rw-p", as /proc/PID/maps has it. */
void vma_permissions(const struct vma *vma, char text[5]);

/*
 * PUT is called with the name of each bit of vma->flags that is set ("READ"), by the kernel's own
 * table, and with a number in hexadecimal for those without a name. fail()s when the table cannot
 * be read.
 */
void vma_flag_names(u64 flags, void (*put)(void *arg, const char *name), void *arg);

#endif
