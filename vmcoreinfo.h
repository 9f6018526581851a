/* vmcoreinfo.h - L1: the text that a kernel leaves for its dump readers, from a note or found in memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VMCOREINFO_H
#define VMCOREINFO_H

#include "dumpfile.h"
#include "util.h"

struct vmcoreinfo {
	char *text; /* own copy, NUL-terminated, lines of KEY=VALUE */
	size_t length;
	bool found_in_memory; /* no note in the file: the text was found by searching pages */
};

/* From the dump's note, else by searching the present pages for a vmcoreinfo page. False: none. */
bool vmcoreinfo_load(struct dump *dump, struct vmcoreinfo *info);
void vmcoreinfo_free(struct vmcoreinfo *info);

/* KEY is all before '=' : "OSRELEASE", "SYMBOL(_stext)", "NUMBER(phys_base)", "KERNELOFFSET". */
bool vmcoreinfo_string(const struct vmcoreinfo *info, const char *key, char *value, size_t space);
/* SYMBOL() and KERNELOFFSET are hexadecimal, NUMBER/OFFSET/SIZE/LENGTH decimal, possibly negative. */
bool vmcoreinfo_hex(const struct vmcoreinfo *info, const char *key, u64 *value);
bool vmcoreinfo_number(const struct vmcoreinfo *info, const char *key, s64 *value);

#endif
