/* kernel/mm/page.h - struct page of a page frame, and back; page flags in words. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PAGE_H
#define PAGE_H

#include "base/fault.h"
#include "base/util.h"

struct page_info {
	u64 address; /* struct page */
	u64 physical;
	u64 mapping, index; /* the raw members; in a tail page they mean something else */
	s64 count; /* _refcount */
	u64 flags;
};

/*
 * Address of the struct page of a frame, and the frame of a struct page, by vmemmap's arithmetic.
 */
u64 page_of_pfn(u64 pfn);
size_t page_struct_bytes(void);
bool page_to_pfn(u64 page, u64 *pfn); /* false: no address in vmemmap */
/* The struct page of the frame that a mapped kernel address lies in. */
bool page_of_address(u64 kernel_address, u64 *page);
/*
 * The first page of the compound page that PAGE belongs to; PAGE itself when it is
 * alone. May fail().
 */
u64 page_head(u64 page);
bool page_is_slab(u64 head_page); /* may fail() */
/*
 * The same of a copy; what they look up is there when page_struct_bytes() was called, for threads.
 */
bool page_copy_is_slab(const u8 *page);
bool page_copy_is_tail(const u8 *page);
/* The first page of a free block of 2^ORDER pages. */
bool page_copy_is_buddy(const u8 *page, unsigned *order);
bool page_is_buddy(u64 page, unsigned *order); /* may fail() */
/* The NUMA node that the flags of a page name. */
unsigned page_node(u64 flags);
/* Its zone's number in the node. */
unsigned page_zone(u64 flags);

/* Of a copy of the struct page of a frame. */
void page_info_of_copy(u64 pfn, const u8 *page, struct page_info *info);
bool page_read(u64 page, struct page_info *info, struct fault *fault);
/* "uptodate,lru,swapbacked": names of the bits, "" when none is set. */
void page_flags_words(u64 flags, struct strbuf *text);

#endif
