/* kernel/mm/memscan.c - looks for numbers or text in whole address spaces, on all cores. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One thread lists the pages of an area: those that the dump has, or those that the page tables
 * map. Full batches are read and compared by all cores, in blocks; then the matches are handed out
 * block by block, so that they come in order. Text may run on into the next page, if that follows
 * in the address space. A user's page that was swapped out is read when it is listed: that is work
 * for the main thread alone.
 */
#include "kernel/mm/memscan.h"

#include "base/cores.h"
#include "base/fail.h"
#include "kernel/mm/swapread.h"
#include "kernel/mm/userpages.h"
#include "kernel/mm/vma.h"
#include "memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH_PAGES 2048
#define BLOCK_PAGES 64
#define NR_BLOCKS (BATCH_PAGES / BLOCK_PAGES)

struct block {
	struct scan_match *matches;
	size_t count, space;
};

struct batch {
	const struct scan *scan;
	struct dump *dump;
	size_t nr_pages; /* to search; one more may follow, for text that runs on */
	size_t nr_blocks;
	atomic_bool no_memory;
	struct block blocks[NR_BLOCKS];
};

/* fail() is for the main thread only, hence no vector_add(). */
static bool add_match(struct batch *batch, struct block *block, u64 address, u64 value,
		      size_t needle)
{
	if (block->count == block->space) {
		struct scan_match *grown = vector_try_grow(block->matches, &block->space,
							   sizeof(*grown));

		if (!grown) {
			batch->no_memory = true;
			return false;
		}
		block->matches = grown;
	}
	block->matches[block->count++] = (struct scan_match){ address, value, needle };
	return true;
}

static int compare_matches(const void *a, const void *b)
{
	const struct scan_match *x = a, *y = b;

	return x->address != y->address ? (x->address > y->address) - (x->address < y->address)
					: (x->needle > y->needle) - (x->needle < y->needle);
}

static void find_texts(struct batch *batch, struct block *block, u64 address, const u8 *bytes,
		       size_t low, size_t high, size_t length)
{
	const struct scan_needles *needles = &batch->scan->needles;
	size_t before = block->count;

	for (size_t n = 0; n < needles->count; n++) {
		size_t text_length = strlen(needles->texts[n]), at = low;
		const u8 *hit;

		while (at < high &&
		       (hit = memmem(bytes + at, length - at, needles->texts[n], text_length))) {
			at = (size_t)(hit - bytes);
			if (at >= high || !add_match(batch, block, address + at, 0, n))
				break;
			at++;
		}
	}
	if (needles->count > 1 && block->count > before)
		qsort(block->matches + before, block->count - before, sizeof(*block->matches),
		      compare_matches);
}

static void find_values(struct batch *batch, struct block *block, u64 address, const u8 *bytes,
			size_t low, size_t high)
{
	const struct scan_needles *needles = &batch->scan->needles;
	size_t width = needles->width;
	u64 cared = ~needles->mask;

	for (size_t at = (size_t)align_up(low, width); at + width <= high; at += width) {
		u64 value = width == 8	 ? load_u64(bytes + at)
			    : width == 4 ? load_u32(bytes + at)
					 : load_u16(bytes + at);

		for (size_t n = 0; n < needles->count; n++) {
			if ((value ^ needles->values[n]) & cared)
				continue;
			if (!add_match(batch, block, address + at, value, n))
				return;
			break;
		}
	}
}

/* The first LENGTH bytes. */
static bool read_page(const struct batch *batch, size_t index, u8 *bytes, size_t length)
{
	const struct scan *scan = batch->scan;
	const struct scan_page *page = &scan->pages[index];

	if (!page->kept)
		return dump_try_read(batch->dump, page->paddr, bytes, length, NULL);
	memcpy(bytes, scan->kept + index * PAGE_BYTES, length);
	return true;
}

static void search_page(struct batch *batch, struct block *block, size_t index)
{
	const struct scan *scan = batch->scan;
	const struct scan_page *page = &scan->pages[index];
	u64 last = page->address + PAGE_BYTES - 1;
	u8 bytes[PAGE_BYTES + SCAN_MAX_TEXT];
	size_t low, high, length = PAGE_BYTES;

	if (last < scan->first || page->address > scan->last)
		return;
	low = scan->first > page->address ? (size_t)(scan->first - page->address) : 0;
	high = scan->last < last ? (size_t)(scan->last - page->address) + 1 : PAGE_BYTES;
	if (!read_page(batch, index, bytes, PAGE_BYTES))
		return;
	if (!scan->needles.texts) {
		find_values(batch, block, page->address, bytes, low, high);
		return;
	}
	if (index + 1 < scan->nr_pages && scan->pages[index + 1].address == last + 1 &&
	    read_page(batch, index + 1, bytes + PAGE_BYTES, scan->longest - 1))
		length += scan->longest - 1;
	find_texts(batch, block, page->address, bytes, low, high, length);
}

static void search_block(void *arg, size_t block)
{
	struct batch *batch = arg;
	size_t end = (size_t)min_u64((block + 1) * BLOCK_PAGES, batch->nr_pages);

	for (size_t page = block * BLOCK_PAGES;
	     page < end && !batch->no_memory && !interrupt_pending(); page++)
		search_page(batch, &batch->blocks[block], page);
}

static void free_blocks(void *arg)
{
	struct batch *batch = arg;

	for (size_t i = 0; i < NR_BLOCKS; i++)
		free(batch->blocks[i].matches);
	free(batch);
}

struct batch_run {
	struct scan *scan;
	size_t nr_pages;
};

static void run_batch(void *arg)
{
	struct batch_run *run = arg;
	struct scan *scan = run->scan;
	struct batch *batch = xcalloc(1, sizeof(*batch));

	scope_cleanup(free_blocks, batch);
	batch->scan = scan;
	batch->dump = memory_dump();
	batch->nr_pages = run->nr_pages;
	batch->nr_blocks = (run->nr_pages + BLOCK_PAGES - 1) / BLOCK_PAGES;
	cores_run(batch->nr_blocks, search_block, batch);
	interrupt_check();
	if (batch->no_memory)
		fail("out of memory: too much was found (-s, -e, -l or -m narrow the search)");
	for (size_t i = 0; i < batch->nr_blocks; i++) {
		for (size_t m = 0; m < batch->blocks[i].count; m++)
			scan->found(scan->arg, &batch->blocks[i].matches[m]);
	}
}

/*
 * Of an unfinished area the last page stays for the next batch: text may run on into
 * what follows it.
 */
static void flush(struct scan *scan, bool finished)
{
	size_t kept = scan->needles.texts && !finished && scan->nr_pages ? 1 : 0;
	struct batch_run run = { scan, scan->nr_pages - kept };
	struct failure failure;

	if (run.nr_pages && !protect(run_batch, &run, &failure))
		fail_again(&failure);
	scan->bytes_done += run.nr_pages * PAGE_BYTES;
	if (kept) {
		scan->pages[0] = scan->pages[scan->nr_pages - 1];
		if (scan->pages[0].kept)
			memmove(scan->kept, scan->kept + (scan->nr_pages - 1) * PAGE_BYTES,
				PAGE_BYTES);
	}
	scan->nr_pages = kept;
	if (scan->progress)
		scan->progress(scan->arg);
}

static void add_page(struct scan *scan, u64 address, u64 paddr)
{
	if (scan->counting) {
		scan->bytes_all += PAGE_BYTES;
		return;
	}
	if (scan->nr_pages == BATCH_PAGES)
		flush(scan, false);
	scan->pages[scan->nr_pages++] = (struct scan_page){ address, paddr, false };
}

static void count_unread(struct scan *scan, const struct swap_place *place)
{
	/* Where there is no page at all nothing is missing. */
	if (place->kind == SWAP_PLACE_MARK && !place->physical)
		return;
	if (!scan->nr_unread++)
		snprintf(scan->why_unread, sizeof(scan->why_unread), "%s", place->why);
}

static void add_swapped(struct scan *scan, const struct user_page *page)
{
	struct swap_place place;
	u8 bytes[PAGE_BYTES];

	if (scan->counting) {
		scan->bytes_all += PAGE_BYTES;
		return;
	}
	interrupt_check();
	if (!swap_read_page(page->swap_type, page->offset, bytes, &place)) {
		count_unread(scan, &place);
		return;
	}
	if (!scan->kept)
		scan->kept = scope_array(BATCH_PAGES, PAGE_BYTES);
	add_page(scan, page->address, 0);
	scan->pages[scan->nr_pages - 1].kept = true;
	memcpy(scan->kept + (scan->nr_pages - 1) * PAGE_BYTES, bytes, PAGE_BYTES);
}

static void remember_touches(void *arg)
{
	struct dump *dump = arg;

	dump->touch_nothing = false;
}

void scan_begin(struct scan *scan)
{
	struct dump *dump = memory_dump();

	scan->pages = scope_array(BATCH_PAGES, sizeof(*scan->pages));
	for (size_t i = 0; scan->needles.texts && i < scan->needles.count; i++) {
		size_t length = strlen(scan->needles.texts[i]);

		if (length == 0 || length > SCAN_MAX_TEXT)
			fail("text to look for has 1 to %d characters", SCAN_MAX_TEXT);
		scan->longest = (size_t)max_u64(scan->longest, length);
	}
	if (!dump->touch_nothing) {
		dump->touch_nothing = true;
		scope_cleanup(remember_touches, dump);
	}
}

void scan_end(struct scan *scan)
{
	flush(scan, true);
}

void scan_physical(struct scan *scan)
{
	struct dump *dump = memory_dump();
	u64 pfn = scan->first >> PAGE_SHIFT;

	while (dump_next_present(dump, pfn, &pfn) && pfn <= scan->last >> PAGE_SHIFT) {
		if (pfn % 1024 == 0)
			interrupt_check();
		add_page(scan, pfn << PAGE_SHIFT, pfn << PAGE_SHIFT);
		pfn++;
	}
}

static void scan_direct_map(struct scan *scan)
{
	const struct kernel_layout *layout = memory_layout();
	struct dump *dump = memory_dump();
	u64 pfn = 0, address;

	if (scan->last < layout->page_offset)
		return;
	if (scan->first > layout->page_offset)
		pfn = (scan->first - layout->page_offset) >> PAGE_SHIFT;
	while (dump_next_present(dump, pfn, &pfn)) {
		if (!mem_phys_to_kernel(pfn << PAGE_SHIFT, &address) || address > scan->last)
			break;
		if (pfn % 1024 == 0)
			interrupt_check();
		add_page(scan, address, pfn << PAGE_SHIFT);
		pfn++;
	}
}

/* Pages of [start, last] that the kernel's own tables map. */
static void scan_mapped(struct scan *scan, u64 start, u64 last)
{
	u64 address = align_down(max_u64(start, scan->first), PAGE_BYTES);
	struct mapped_range range;

	last = min_u64(last, scan->last);
	while (address <= last && mem_next_mapped(KERNEL_SPACE, address, last, &range)) {
		for (u64 done = 0; done < range.bytes && range.address + done <= last;
		     done += PAGE_BYTES) {
			if (done % (PAGE_BYTES * 1024) == 0)
				interrupt_check();
			add_page(scan, range.address + done, range.paddr + done);
		}
		address = range.address + range.bytes;
		if (address < range.address)
			break;
	}
}

void scan_kernel_range(struct scan *scan, u64 start, u64 bytes)
{
	u64 end = align_up(start + bytes, PAGE_BYTES), paddr;

	for (u64 address = align_down(start, PAGE_BYTES); address < end; address += PAGE_BYTES)
		if (mem_kernel_to_phys(address, &paddr, NULL))
			add_page(scan, address, paddr);
}

void scan_kernel(struct scan *scan, unsigned parts)
{
	const struct kernel_layout *layout = memory_layout();
	u64 image_end = layout->kernel_map_start + layout->kernel_image_bytes;

	/* Nothing is known of the regions: what the tables map from the top half's start on. */
	if (!layout->page_offset) {
		scan_mapped(scan, layout->levels == 5 ? 0xff00ULL << 48 : 0xffff8ULL << 44, ~0ULL);
		return;
	}
	if (parts & SCAN_DIRECT_MAP)
		scan_direct_map(scan);
	if (parts & SCAN_VMALLOC && layout->vmalloc_start)
		scan_mapped(scan, layout->vmalloc_start, layout->vmalloc_end - 1);
	if (parts & SCAN_VMEMMAP && layout->vmemmap_start)
		scan_mapped(scan, layout->vmemmap_start, layout->vmemmap_end - 1);
	if (parts & SCAN_IMAGE && layout->kernel_image_bytes)
		scan_mapped(scan, layout->kernel_map_start, image_end - 1);
	if (parts & SCAN_MODULES && layout->modules_start)
		scan_mapped(scan, layout->modules_start, layout->modules_end - 1);
}

static void scan_mapping(struct scan *scan, u64 pgd, const struct vma *vma)
{
	struct user_pages it;
	struct user_page page;

	user_pages_begin(&it, pgd, vma);
	if (scan->first > vma->start)
		user_pages_seek(&it, scan->first);
	while (user_pages_next(&it, &page) && page.address <= scan->last) {
		if (page.place == USER_FRAME)
			add_page(scan, page.address, page.physical);
		else if (page.place == USER_SWAP)
			add_swapped(scan, &page);
	}
}

void scan_user(struct scan *scan, u64 mm)
{
	struct vma_iter it;
	struct vma vma;
	u64 pgd = mm_pgd(mm);

	vma_begin(&it, mm);
	while (vma_next(&it, &vma))
		if (vma.end > vma.start && vma.end > scan->first && vma.start <= scan->last)
			scan_mapping(scan, pgd, &vma);
	if (it.stopped)
		warn("mappings: %s", vma_why(&it));
}
