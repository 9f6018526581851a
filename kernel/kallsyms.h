/* kernel/kallsyms.h - the kernel's own symbol table, out of the memory of the dump. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KALLSYMS_H
#define KALLSYMS_H

#include "base/util.h"
#include "dump/vmcoreinfo.h"

/*
 * Gives symbols.h every symbol of the kernel's image at this boot's addresses, from the table that
 * CONFIG_KALLSYMS leaves in its read-only data. Needs memory that can read the image: find_kaslr()
 * and find_bare_layout() of arch.h are enough. INFO says where the table is since v6.0
 * (5fd8fea935a1 "vmcoreinfo: include kallsyms symbols"); otherwise it is searched from
 * SYMBOL(_stext) on, or SYMBOL(_text), which only kernelsearch.h writes. False with *why: no such
 * table, or parts of it cannot be read or make no sense.
 */
bool kallsyms_load(const struct vmcoreinfo *info, u64 kaslr_offset, struct strbuf *why);

/* Where the table was that was loaded last, as lines of VMCOREINFO: SYMBOL(kallsyms_names)=... */
void kallsyms_describe(struct strbuf *text);

#endif
