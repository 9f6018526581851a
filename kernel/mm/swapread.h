/* kernel/mm/swapread.h - pages that were swapped out and are in memory all the same: swap cache, zram. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SWAPREAD_H
#define SWAPREAD_H

#include "base/util.h"

struct swap_place {
	enum {
		SWAP_PLACE_UNKNOWN, /* WHY tells */
		SWAP_PLACE_FRAME, /* the swap cache: it still has a frame, or has one again */
		SWAP_PLACE_ZERO, /* nothing but zeros, which were not written */
		SWAP_PLACE_ZRAM,
		SWAP_PLACE_DISK, /* not in the dump */
		SWAP_PLACE_MARK, /* no swap area has this number: the kernel's own mark */
	} kind;
	u64 physical; /* FRAME */
	char text[96]; /* "swap cache, frame d0070000", "zram, 812 bytes of lz4" ... */
	char why[112]; /* "" when PAGE was filled */
};

/*
 * The page in slot OFFSET of swap area TYPE, wherever memory has it. Fills PAGE (PAGE_BYTES), or
 * says why not. Does not fail(); an interrupt that comes while it works does. Main thread only.
 */
bool swap_read_page(unsigned type, u64 offset, u8 *page, struct swap_place *place);
/* From now on reads of user memory find such pages (memory.h). */
void swapread_setup(void);

#endif
