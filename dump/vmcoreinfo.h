/* dump/vmcoreinfo.h - the text that a kernel leaves for its dump readers, from a note or found in memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VMCOREINFO_H
#define VMCOREINFO_H

#include "base/util.h"
#include "dump/dumpfile.h"

struct vmcoreinfo {
	char *text; /* own copy, NUL-terminated, lines of KEY=VALUE and nothing else */
	size_t length;
	bool found_in_memory; /* not the file's note: the text was found by searching pages */
	bool searched; /* all memory was looked at, and has no such text */
	bool made_up; /* memory has no such text: it has what kernel_search() found out */
	char *remark; /* what the user should know about how it was found; NULL: nothing */
};

/* Do the registers in the dump show that the kernel of this text runs? NULL: nobody can tell. */
typedef bool vmcoreinfo_judge(struct dump *dump, const struct vmcoreinfo *info);

/*
 * From the dump's note, line by line; what a short one lacks by a search. Memory may hold the texts
 * of several kernels (the crashed one and the one that dumped it, or one of before a reboot): the
 * one that RUNS is taken, else one whose name is found where it says. False: none.
 */
bool vmcoreinfo_load(struct dump *dump, vmcoreinfo_judge *runs, struct vmcoreinfo *info);
/* By searching the present pages, whatever the note says. */
bool vmcoreinfo_search(struct dump *dump, vmcoreinfo_judge *runs, struct vmcoreinfo *info);
void vmcoreinfo_free(struct vmcoreinfo *info);

/* KEY is all before '=' : "OSRELEASE", "SYMBOL(_stext)", "NUMBER(phys_base)", "KERNELOFFSET". */
bool vmcoreinfo_string(const struct vmcoreinfo *info, const char *key, char *value, size_t space);
/*
 * SYMBOL() and KERNELOFFSET are hexadecimal, NUMBER/OFFSET/SIZE/LENGTH decimal, possibly negative.
 */
bool vmcoreinfo_hex(const struct vmcoreinfo *info, const char *key, u64 *value);
bool vmcoreinfo_number(const struct vmcoreinfo *info, const char *key, s64 *value);

#endif
