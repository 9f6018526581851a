/* kernel/mm/pagewalk.c - struct pages in batches, each shared out to all cores. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The array of struct pages is virtual: the kernel maps of it what belongs to memory that is there.
 * So the page tables say which frames have one, without a look at the memory between.
 */
#include "kernel/mm/pagewalk.h"

#include "base/cores.h"
#include "base/fail.h"
#include "base/progress.h"
#include "kernel/mm/page.h"
#include "memory.h"

#include <stdatomic.h>
#include <stdlib.h>

#define BLOCK_PAGES 1024
#define NR_BLOCKS 64

struct block {
	u64 first; /* page frame */
	size_t count, nr_wanted;
	u64 *frames; /* those that are wanted, and their struct pages */
	u8 *pages;
};

struct batch {
	struct page_walk *walk;
	size_t page_bytes;
	size_t nr_blocks;
	atomic_ullong nr_unreadable;
	struct block blocks[NR_BLOCKS];
};

static void keep_wanted(struct batch *batch, struct block *block, u64 pfn, const u8 *page)
{
	if (batch->walk->wanted && !batch->walk->wanted(batch->walk->arg, pfn, page))
		return;
	/* They lie in the block's own memory, at their place or before it. */
	memmove(block->pages + block->nr_wanted * batch->page_bytes, page, batch->page_bytes);
	block->frames[block->nr_wanted++] = pfn;
}

/* As many struct pages as one page of memory holds, or one by one where that is not whole. */
static void look_at_block(void *arg, size_t index)
{
	struct batch *batch = arg;
	struct block *block = &batch->blocks[index];
	size_t bytes = batch->page_bytes, at_once = PAGE_BYTES / bytes;

	for (size_t from = 0; from < block->count; from += at_once) {
		size_t count = (size_t)min_u64(at_once, block->count - from);
		u8 *pages = block->pages + from * bytes;
		bool whole = mem_try_read(page_of_pfn(block->first + from), pages, count * bytes,
					  NULL);

		for (size_t i = 0; i < count; i++) {
			u64 pfn = block->first + from + i;

			if (whole || mem_try_read(page_of_pfn(pfn), pages + i * bytes, bytes, NULL))
				keep_wanted(batch, block, pfn, pages + i * bytes);
			else
				atomic_fetch_add(&batch->nr_unreadable, 1);
		}
	}
}

static void free_batch(void *arg)
{
	struct batch *batch = arg;

	for (size_t i = 0; i < NR_BLOCKS; i++) {
		free(batch->blocks[i].frames);
		free(batch->blocks[i].pages);
	}
	free(batch);
}

static struct batch *make_batch(struct page_walk *walk)
{
	struct batch *batch = xcalloc(1, sizeof(*batch));

	scope_cleanup(free_batch, batch);
	batch->walk = walk;
	batch->page_bytes = page_struct_bytes();
	for (size_t i = 0; i < NR_BLOCKS; i++) {
		batch->blocks[i].frames = xcalloc(BLOCK_PAGES, sizeof(u64));
		batch->blocks[i].pages = xcalloc(BLOCK_PAGES, batch->page_bytes);
	}
	return batch;
}

static void flush(struct batch *batch)
{
	cores_run(batch->nr_blocks, look_at_block, batch);
	interrupt_check();
	for (size_t i = 0; i < batch->nr_blocks; i++) {
		const struct block *block = &batch->blocks[i];

		for (size_t page = 0; page < block->nr_wanted; page++)
			batch->walk->take(batch->walk->arg, block->frames[page],
					  block->pages + page * batch->page_bytes);
	}
	batch->walk->nr_unreadable += atomic_exchange(&batch->nr_unreadable, 0);
	batch->nr_blocks = 0;
}

static void add_frames(struct batch *batch, u64 first, u64 end)
{
	while (first < end) {
		struct block *block = &batch->blocks[batch->nr_blocks++];

		block->first = first;
		block->count = (size_t)min_u64(BLOCK_PAGES, end - first);
		block->nr_wanted = 0;
		first += block->count;
		if (batch->nr_blocks == NR_BLOCKS) {
			progress_at(first, batch->walk->end);
			flush(batch);
		}
	}
}

static void walk_all(void *arg)
{
	struct page_walk *walk = arg;
	struct batch *batch = make_batch(walk);
	u64 bytes = batch->page_bytes, next = walk->first, address, last;
	struct mapped_range range;

	if (!walk->end || walk->end > memory_dump()->max_pfn)
		walk->end = memory_dump()->max_pfn;
	progress_scope(walk->name, "page frames");
	address = page_of_pfn(next);
	last = page_of_pfn(walk->end) - 1;
	while (next < walk->end && mem_next_mapped(KERNEL_SPACE, address, last, &range)) {
		/* A struct page that begins below the range was in the one before. */
		u64 from = (range.address - page_of_pfn(0) + bytes - 1) / bytes;
		u64 end = (range.address + range.bytes - page_of_pfn(0) + bytes - 1) / bytes;

		next = max_u64(next, from);
		end = min_u64(end, walk->end);
		add_frames(batch, next, end);
		next = max_u64(next, end);
		address = range.address + range.bytes;
	}
	flush(batch);
}

void page_walk(struct page_walk *walk)
{
	protect_or_pass(walk_all, walk);
}
