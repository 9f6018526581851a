/* kernel/mm/pagewalk.h - looks at every struct page that the kernel has, on all cores. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PAGEWALK_H
#define PAGEWALK_H

#include "base/util.h"

/*
 * WANTED is asked of each struct page, on several threads at once: it must neither fail() nor
 * change anything; NULL: all are wanted. TAKE is called for those on the main thread, by rising
 * frame, and may fail(). PAGE is a copy of the struct page, of page_struct_bytes().
 */
struct page_walk {
	u64 first, end; /* page frames; END 0: to the last */
	bool (*wanted)(void *arg, u64 pfn, const u8 *page);
	void (*take)(void *arg, u64 pfn, const u8 *page);
	void *arg;
	const char *name; /* of the work, for the line of progress */
	/* so far: frames whose struct page is mapped, but cannot be read */
	u64 nr_unreadable;
};

/* An interrupt fail()s. Frames that have no struct page are passed over. */
void page_walk(struct page_walk *walk);

#endif
