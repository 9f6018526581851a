/* kernel/mm/swapread.h - pages that were swapped out and are in memory all the same: swap cache, zswap, zram. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SWAPREAD_H
#define SWAPREAD_H

#include "base/util.h"

struct swap_place {
	enum {
		SWAP_PLACE_UNKNOWN, /* WHY tells */
		SWAP_PLACE_FRAME, /* the swap cache: it still has a frame, or has one again */
		SWAP_PLACE_ZERO, /* nothing but zeros, which were not written */
		SWAP_PLACE_ZSWAP,
		SWAP_PLACE_ZRAM,
		SWAP_PLACE_DISK, /* not in the dump */
		SWAP_PLACE_MOVING, /* the kernel moves it; its frame has it until then */
		SWAP_PLACE_MARK, /* no swap area has this number, and there is no page to be read */
	} kind;
	u64 physical; /* FRAME, MOVING */
	char text[96]; /* "zram, 812 bytes of lz4", "swap cache, frame d0070000" ... */
	char why[112]; /* "" when the page is there to be read */
};

/*
 * The page in slot OFFSET of swap area TYPE, wherever memory has it. Fills PAGE (PAGE_BYTES), or
 * says why not; PAGE may be NULL: only PLACE is asked for. Does not fail(); an interrupt that comes
 * while it works does. Main thread only.
 */
bool swap_read_page(unsigned type, u64 offset, u8 *page, struct swap_place *place);
/*
 * Where the page is, and why it cannot be read from there when that is so. Scope memory. Names in
 * it come from the dump: a cell of bytes is what shows it.
 */
const char *swap_place_text(const struct swap_place *place);
/* From now on reads of user memory find such pages (memory.h). */
void swapread_setup(void);

#endif
