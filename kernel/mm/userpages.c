/* kernel/mm/userpages.c - the pages of a mapping, by the page tables; large holes at once. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/mm/userpages.h"

#include "base/fail.h"

#define TABLE_PAGES 512 /* entries of a page table */

void user_pages_begin(struct user_pages *it, u64 pgd, const struct vma *vma)
{
	u64 task_size = memory_layout()->task_size;

	*it = (struct user_pages){ .vma = *vma, .pgd = pgd };
	it->next = align_down(vma->start, PAGE_BYTES);
	it->end = vma->end < task_size ? vma->end : task_size;
}

void user_pages_seek(struct user_pages *it, u64 address)
{
	it->next = max_u64(align_down(address, PAGE_BYTES), align_down(it->vma.start, PAGE_BYTES));
}

/* Holes of the same kind that follow each other are one. */
static void look(struct user_pages *it)
{
	struct mapped_range range;
	struct fault fault;

	interrupt_check();
	it->first = it->next;
	it->fault = (struct fault){ 0 };
	it->mapped = mem_look_up_on(it->pgd, it->next, &it->walk, &it->range, &it->fault);
	it->last_end = it->next + it->range.bytes;
	while (!it->mapped && it->fault.reason != FAULT_SWAPPED_OUT &&
	       it->range.bytes > PAGE_BYTES && it->last_end < it->end) {
		interrupt_check();
		fault = (struct fault){ 0 };
		if (mem_look_up_on(it->pgd, it->last_end, &it->walk, &range, &fault) ||
		    fault.reason != it->fault.reason || range.bytes == PAGE_BYTES)
			break;
		it->last_end += range.bytes;
	}
	if (it->last_end > it->end || it->last_end < it->next)
		it->last_end = it->end;
}

static void place_without_frame(const struct user_pages *it, struct user_page *page)
{
	const struct vma *vma = &it->vma;

	page->fault = it->fault;
	if (mem_swap_place(page->address, it->range.entry, &it->fault, &page->swap_type,
			   &page->offset)) {
		page->place = USER_SWAP;
	} else if (fault_is_unknown(&it->fault)) {
		page->place = USER_UNKNOWN;
	} else if (it->fault.reason == FAULT_NOT_MAPPED && vma->file) {
		page->place = USER_FILE;
		page->offset = (vma->page_offset << PAGE_SHIFT) +
			       (page->address - align_down(vma->start, PAGE_BYTES));
	} else {
		page->place = USER_NOWHERE;
	}
}

bool user_pages_next(struct user_pages *it, struct user_page *page)
{
	u64 left;

	if (it->next >= it->end)
		return false;
	if (it->next < it->first || it->next >= it->last_end)
		look(it);
	*page = (struct user_page){ .address = it->next, .nr_pages = 1 };
	left = (it->last_end - it->next + PAGE_BYTES - 1) >> PAGE_SHIFT;
	if (it->mapped) {
		page->place = USER_FRAME;
		page->physical = it->range.paddr + (it->next - it->first);
		page->mapped_bytes = it->range.mapped_bytes;
	} else {
		place_without_frame(it, page);
		if (page->place != USER_SWAP && it->next == it->first && left >= TABLE_PAGES)
			page->nr_pages = left;
	}
	it->next += page->nr_pages << PAGE_SHIFT;
	return true;
}
