/* dump/touched.c - which page frames a session has read. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bit a frame, and a bit for each block of frames in which a bit is set, so that the walk
 * over a machine of any size looks only at blocks that were touched. The system backs only
 * what was written.
 */
#include "dump/touched.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { BLOCK_PFNS = PAGE_BYTES * 8 };

struct touched {
	u64 max_pfn;
	u64 *frames;
	u64 *blocks; /* in the same mapping, behind FRAMES */
	u64 mapped_bytes;
};

struct touched *touched_create(u64 max_pfn)
{
	u64 nr_blocks = max_pfn / BLOCK_PFNS + 1;
	u64 frame_bytes = nr_blocks * BLOCK_PFNS / 8;
	u64 bytes = frame_bytes + align_up(nr_blocks / 8 + 8, PAGE_BYTES);
	struct touched *touched;
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	/* Without it everything works but `save`, which says so. */
	if (map == MAP_FAILED)
		return NULL;
	touched = xcalloc(1, sizeof(*touched));
	touched->max_pfn = max_pfn;
	touched->frames = map;
	touched->blocks = (u64 *)((u8 *)map + frame_bytes);
	touched->mapped_bytes = bytes;
	return touched;
}

void touched_destroy(struct touched *touched)
{
	if (!touched)
		return;
	munmap(touched->frames, touched->mapped_bytes);
	free(touched);
}

static void set_bit(u64 *words, u64 number)
{
	u64 *word = &words[number / 64], bit = 1ULL << number % 64;

	if (!(__atomic_load_n(word, __ATOMIC_RELAXED) & bit))
		__atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
}

void touched_set(struct touched *touched, u64 pfn)
{
	if (!touched || pfn >= touched->max_pfn)
		return;
	set_bit(touched->frames, pfn);
	set_bit(touched->blocks, pfn / BLOCK_PFNS);
}

/* The first set bit at or above NUMBER; LIMIT when there is none below that. */
static u64 next_bit(const u64 *words, u64 number, u64 limit)
{
	while (number < limit) {
		u64 word = words[number / 64] & ~0ULL << number % 64;

		if (word)
			return min_u64(align_down(number, 64) + __builtin_ctzll(word), limit);
		number = align_down(number, 64) + 64;
	}
	return limit;
}

bool touched_next(const struct touched *touched, u64 pfn, u64 *found_pfn)
{
	u64 nr_blocks = touched ? touched->max_pfn / BLOCK_PFNS + 1 : 0;

	while (touched && pfn < touched->max_pfn) {
		u64 block = next_bit(touched->blocks, pfn / BLOCK_PFNS, nr_blocks);
		u64 end = min_u64((block + 1) * BLOCK_PFNS, touched->max_pfn);

		if (block == nr_blocks)
			return false;
		*found_pfn = next_bit(touched->frames, max_u64(pfn, block * BLOCK_PFNS), end);
		if (*found_pfn < end)
			return true;
		pfn = end;
	}
	return false;
}
