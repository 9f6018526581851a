/* kernel/mm/tableowner.h - whose page table a page is. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TABLEOWNER_H
#define TABLEOWNER_H

#include "base/util.h"
#include "task.h"

struct table_place {
	const struct task *task; /* one that has the address space; NULL: the kernel's */
	u64 mm; /* 0: the kernel's */
	const char *level; /* "PTE", "PMD", "PUD", "P4D", "PGD": what its entries are */
	u64 start; /* the first address that it stands for */
};

/* What the page itself says of that. */
enum table_hint {
	TABLE_MARKED, /* it is a table */
	TABLE_MAYBE, /* nothing; processes' tables that map pages are marked in all kernels */
	TABLE_RESERVED, /* it was never free: it is no task's, but may be the kernel's */
};

/*
 * The page table in frame PFN, whose compound page begins with frame FIRST; false: it is in none of
 * the tasks' tables nor in the kernel's. Looks at all tables that the page may be until it has
 * found it.
 */
bool table_owner_find(u64 pfn, u64 first, enum table_hint hint, struct table_place *place);

#endif
