/* kernel/mm/userpages.h - where each page of a mapping is: in memory, in a swap area, in its file. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef USERPAGES_H
#define USERPAGES_H

#include "base/fault.h"
#include "base/util.h"
#include "kernel/mm/vma.h"
#include "memory.h"

enum user_place {
	USER_FRAME,
	USER_SWAP,
	USER_FILE, /* not in memory, or not mapped yet: the file has it */
	USER_NOWHERE, /* it has no content yet */
	USER_UNKNOWN, /* the page table cannot be read: FAULT says why */
};

struct user_page {
	u64 address;
	/* more than one: all of these have no frame, and are in the file, nowhere or unknown */
	u64 nr_pages;
	enum user_place place;
	u64 physical, mapped_bytes; /* USER_FRAME: the latter is what the entry maps: 4K, 2M, 1G */
	unsigned swap_type;
	u64 offset; /* USER_SWAP: in pages; USER_FILE: in bytes */
	struct fault fault;
};

/*
 *	user_pages_begin(&it, pgd, &vma);
 *	while (user_pages_next(&it, &page))
 *		...
 *
 * By rising address. Pages in a row of which no page table tells are one when there are many of
 * them: a table's worth at least. An interrupt fail()s.
 */
struct user_pages {
	struct vma vma;
	u64 pgd;
	u64 next, end;
	/* what was last asked of the tables */
	u64 first, last_end; /* empty: nothing */
	struct last_walk walk;
	bool mapped;
	struct mapped_range range;
	struct fault fault;
};

void user_pages_begin(struct user_pages *it, u64 pgd, const struct vma *vma);
/* From ADDRESS on. */
void user_pages_seek(struct user_pages *it, u64 address);
bool user_pages_next(struct user_pages *it, struct user_page *page);

#endif
