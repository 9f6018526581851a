/* kernel/mm/swap.h - swap areas, and what an entry of a page table says of a page that is not in memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SWAP_H
#define SWAP_H

#include "base/util.h"

struct swap_area {
	unsigned type; /* its number, as swap entries have it */
	u64 address; /* swap_info_struct */
	bool device; /* else a file */
	u64 pages, used;
	s64 priority;
	const char *name; /* path; NULL: it cannot be read */
	bool leaving; /* swapoff is at work: no new pages go there */
};

/* Those in use; scope memory. fail()s when they cannot be read. */
size_t swap_areas(struct swap_area **areas);
/* The one that has number TYPE; false: there is none such, or it cannot be read. May fail(). */
bool swap_area_of(unsigned type, struct swap_area *area);
/* Path of swap area number TYPE; false when there is none such. */
bool swap_area_name(unsigned type, struct strbuf *text);

#endif
