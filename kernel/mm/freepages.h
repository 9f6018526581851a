/* kernel/mm/freepages.h - the zones' lists of free blocks, counted and checked. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FREEPAGES_H
#define FREEPAGES_H

#include "kernel/mm/zone.h"

struct free_list {
	u64 address; /* of its list_head */
	const struct zone *zone;
	unsigned order, type;
	u64 blocks; /* so far, when it is damaged */
	char problem[200]; /* "": none */
};

/* Those of COUNT zones in order of zone, order and type; on all cores. Scope memory. */
size_t free_lists_read(const struct zone *zones, size_t count, struct free_list **lists);
/* Calls EACH with the page frame of each block, in the list's order; may fail(). */
void free_list_each(const struct free_list *list, void (*each)(void *arg, u64 pfn), void *arg);
/* Free pages that the zone's counter has, with what CPUs have not yet added to it. */
u64 zone_free_pages_exactly(const struct zone *zone);

struct free_block {
	u64 pfn; /* the first */
	struct free_list list; /* .blocks is not counted */
};

/* The free block that holds the frame. False: it is in none. ZONES are all; may fail(). */
bool free_block_find(const struct zone *zones, size_t count, u64 pfn, struct free_block *block);

#endif
