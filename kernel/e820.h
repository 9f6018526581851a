/* kernel/e820.h - the map of physical memory that the firmware gave, and what the kernel made of it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef E820_H
#define E820_H

#include "base/util.h"

struct e820_range {
	u64 start, bytes;
	u32 type;
};

/* What the firmware said, what the kernel goes by, and what a kernel that kexec starts is given. */
enum e820_table { E820_FIRMWARE, E820_KERNEL, E820_KEXEC };

const char *e820_table_name(enum e820_table table); /* "e820_table_kexec" */
/* Scope memory. False: this kernel has no such table; fail()s when it cannot be read. */
bool e820_read(enum e820_table table, struct e820_range **ranges, size_t *count);
const char *e820_type_name(u32 type); /* "E820_RAM"; NULL: none is known */

#endif
