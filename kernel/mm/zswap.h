/* kernel/mm/zswap.h - compressed pages that stand before a swap area: which are there, and what they hold. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZSWAP_H
#define ZSWAP_H

#include "base/util.h"

struct zswap_page {
	enum { ZSWAP_NONE, ZSWAP_SAME_FILLED, ZSWAP_STORED } kind;
	u64 bytes; /* STORED: PAGE_BYTES when it could not be packed */
	char algorithm[32]; /* "" when it was not packed */
};

/*
 * Slot OFFSET of swap area TYPE. FOUND->kind is ZSWAP_NONE when zswap does not have it; else PAGE
 * is filled, unless it is NULL. fail()s and says why when that cannot be told, or the page cannot
 * be unpacked: FOUND tells as much as was found.
 */
void zswap_read(unsigned type, u64 offset, struct zswap_page *found, u8 *page);

#endif
