/* kernel/mm/zram.h - disks that are compressed memory: what stands in one of their pages. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZRAM_H
#define ZRAM_H

#include "base/util.h"

struct zram_slot {
	enum { ZRAM_EMPTY, ZRAM_SAME_FILLED, ZRAM_STORED, ZRAM_WRITTEN_BACK } kind;
	u64 bytes; /* STORED: PAGE_BYTES when it could not be packed */
	char algorithm[32]; /* "" when it was not packed */
};

/*
 * Is the disk (struct gendisk) a zram device, and which (struct zram)? False: it is none. May
 * fail().
 */
bool zram_of_disk(u64 disk, u64 *zram);
/*
 * What SLOT holds, and the page itself when it is SAME_FILLED or STORED, unless PAGE is NULL.
 * fail()s and says why when that cannot be told, or the page cannot be unpacked: SLOT tells as
 * much as was found.
 */
void zram_read(u64 zram, u64 slot_number, struct zram_slot *slot, u8 *page);

#endif
