/* kernel/kernelsearch.h - finds a kernel in memory that nothing tells of: page tables, symbol table. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KERNELSEARCH_H
#define KERNELSEARCH_H

#include "dump/dumpfile.h"
#include "dump/vmcoreinfo.h"

/* Of several kernels in memory the one that KASLR moved by OFFSET is meant, whichever runs. */
void kernel_want(u64 offset);
/* Is INFO of that one? True when none is wanted. */
bool kernel_is_wanted(const struct vmcoreinfo *info);

/* The judge that vmcoreinfo.h wants: QEMU's notes have the page tables that each CPU was on. */
bool kernel_runs(struct dump *dump, const struct vmcoreinfo *info);

/*
 * For dumps without any VMCOREINFO: the image is where page tables map it (those that the CPUs were
 * on, else any that look so), and it is believed when it has a symbol table. INFO gets what a
 * kernel would have written down of that. Takes over memory.h and symbols.h, which have to be set
 * up anew. False with *why: no kernel was found.
 */
bool kernel_search(struct dump *dump, struct vmcoreinfo *info, struct strbuf *why);

#endif
