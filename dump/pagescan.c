/* dump/pagescan.c - looks at every page that a dump has, on all cores. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One thread lists the frames; full batches are looked at by all of them, and then the yeses are
 * taken in order.
 */
#include "dump/pagescan.h"

#include "base/cores.h"
#include "base/fail.h"
#include "base/progress.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH_FRAMES 8192
#define BLOCK_FRAMES 128

struct batch {
	struct dump *dump;
	size_t bytes;
	bool (*looks_right)(const u8 *page);
	size_t count;
	u64 frames[BATCH_FRAMES];
	bool yes[BATCH_FRAMES];
};

static void look_at_block(void *arg, size_t block)
{
	struct batch *batch = arg;
	size_t end = (size_t)min_u64((block + 1) * BLOCK_FRAMES, batch->count);
	u8 page[PAGE_BYTES];

	for (size_t i = block * BLOCK_FRAMES; i < end; i++)
		batch->yes[i] = dump_try_read(batch->dump, batch->frames[i] << PAGE_SHIFT, page,
					      batch->bytes, NULL) &&
				batch->looks_right(page);
}

size_t page_scan(struct dump *dump, const char *what, size_t bytes,
		 bool (*looks_right)(const u8 *page), u64 *frames, size_t space)
{
	struct batch *batch = xcalloc(1, sizeof(*batch));
	bool touch_nothing = dump->touch_nothing, more = true;
	size_t found = 0;
	u64 pfn = 0;
	char title[64];

	snprintf(title, sizeof(title), "looking for %s", what);
	batch->dump = dump;
	batch->bytes = min_u64(bytes, PAGE_BYTES);
	batch->looks_right = looks_right;
	/* What a search looks at is not what a session reads. */
	dump->touch_nothing = true;
	progress_begin(title, PROGRESS_BYTES);
	while (more && found < space && !interrupt_pending()) {
		batch->count = 0;
		while (batch->count < BATCH_FRAMES && (more = dump_next_present(dump, pfn, &pfn)))
			batch->frames[batch->count++] = pfn++;
		memset(batch->yes, 0, sizeof(batch->yes));
		cores_run((batch->count + BLOCK_FRAMES - 1) / BLOCK_FRAMES, look_at_block, batch);
		for (size_t i = 0; i < batch->count && found < space; i++) {
			if (batch->yes[i])
				frames[found++] = batch->frames[i];
		}
		progress_at(pfn << PAGE_SHIFT, dump->max_pfn << PAGE_SHIFT);
	}
	progress_end();
	dump->touch_nothing = touch_nothing;
	free(batch);
	return found;
}
