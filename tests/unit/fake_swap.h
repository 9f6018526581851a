/* fake_swap.h - test helper: swap areas in fake memory: swap cache, zswap, and a zram device. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FAKE_SWAP_H
#define FAKE_SWAP_H

#include "fake.h"

/* Which kernel's layouts. */
enum fake_swap_kernel {
	FAKE_SWAP_NEW, /* swap tables, xarrays, zsmalloc alone, zram with several compressors */
	FAKE_SWAP_OLD, /* as v5.10: trees, zpools, and no types of modules */
};

/* Area 0 is the zram device: what its slots hold. Area 1 is a file on a disk. */
enum fake_slot {
	SLOT_SAME = 1, /* one word all over */
	SLOT_SMALL, /* packed, an object in one page */
	SLOT_STRADDLES, /* packed, an object that goes on in the next page */
	SLOT_HUGE, /* not packed */
	SLOT_WRITTEN_BACK,
	SLOT_EMPTY,
	SLOT_CACHED,
	SLOT_ZERO, /* NEW only */
	SLOT_ZSWAP,
	SLOT_ZSWAP_RAW, /* OLD: one word all over */
	SLOT_ZSWAP_Z3FOLD, /* OLD only; and SLOT_ZSWAP is in zbud */
	NR_FAKE_SLOTS,
};

#define FAKE_WORD 0x5a5a5a5a12345678ULL

/* Places in physical memory. */
enum {
	AREAS = 0x1000,
	NR_AREAS = 0x1100,
	CACHES = 0x1200,
	NR_CACHES = 0x1300,
	ZSWAP_TREES = 0x1400,
	NR_ZSWAP_TREES = 0x1500,
	AREA_0 = 0x2000,
	AREA_1 = 0x2200,
	BDEV = 0x3000,
	DISK = 0x3100,
	ZRAM = 0x4000,
	ZRAM_TABLE = 0x5000,
	POOL = 0x6000,
	CLASSES = 0x7000, /* 256 bytes each */
	ZSPAGES = 0x8000, /* 64 bytes each */
	HANDLES = 0x9000, /* a word for each slot */
	NAMES = 0xa000,
	CLUSTERS = 0xb000,
	SWAP_TABLE = 0xc000,
	ZSWAP_POOL = 0xd000,
	ZPOOLS = 0xd400,
	ZSWAP_ENTRIES = 0xe000, /* 128 bytes for each slot */
	TREE = 0xf000,
	TREE_NODE = 0xf400,
	SMALL_PAGE = 0x10000,
	STRADDLED_PAGES = 0x11000, /* three */
	HUGE_PAGE = 0x14000,
	CACHED_PAGE = 0x15000,
	BUDDY_PAGE = 0x16000,
	Z3FOLD_PAGE = 0x17000,
	Z3FOLD_SLOTS = 0x18000,
	BROKEN_PAGE = 0x19000,
	MOVING_PAGE = 0x1a000,
};

/* The numbers of objects in their zspages. */
enum { SMALL_INDEX = 5, STRADDLING_INDEX = 2 };

/* Types and symbols; once a program, before fake_types_done(). */
void fake_swap_types(enum fake_swap_kernel kernel);
void fake_swap_build(void);

/* What was swapped out to SLOT; of those that were packed. */
void fake_swap_content(unsigned slot, u8 *page);
u64 fake_swap_zspage(unsigned number);
/* The word behind a handle. */
void fake_swap_set_handle(unsigned slot, u64 word);
/* How many bytes zram has of it. */
void fake_swap_set_length(unsigned slot, u32 length);

#endif
