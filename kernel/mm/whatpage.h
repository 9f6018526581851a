/* kernel/mm/whatpage.h - what the kernel uses a page frame for. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHATPAGE_H
#define WHATPAGE_H

#include "base/util.h"

enum page_use {
	PAGE_FREE, /* in a free block of its zone */
	PAGE_FREE_OF_CPU, /* free, at hand of a CPU */
	PAGE_OF_SLAB,
	PAGE_OF_KFENCE, /* of the guard's pool: looks like a slab */
	PAGE_OF_KMALLOC, /* an allocation of its own: too large for a slab */
	PAGE_OF_TABLE, /* a page table */
	PAGE_OF_HUGETLB,
	PAGE_OF_ZSMALLOC,
	PAGE_OFFLINE, /* a balloon or the like has it */
	PAGE_GUARD, /* of debug_pagealloc */
	PAGE_UNACCEPTED, /* memory of a guest that it has not yet taken */
	PAGE_RESERVED, /* kernel image, struct pages, firmware: never given to the allocator */
	PAGE_ANONYMOUS,
	PAGE_OF_KSM, /* shared between processes because its contents are the same */
	PAGE_OF_FILE, /* page cache */
	PAGE_MOVABLE, /* a driver's, that the kernel may move */
	/* not counted on, on no free list: often a part of a block, not its first page */
	PAGE_UNUSED,
	PAGE_OTHER, /* the kernel's own */
};

struct page_what {
	u64 pfn, page; /* the frame asked for, and its struct page */
	enum page_use use;
	u64 head; /* first struct page of the compound page or free block; else PAGE */
	unsigned order; /* of that */
	unsigned cpu; /* of PAGE_FREE_OF_CPU */
	bool swap_cache;
	u64 anon_vma; /* of PAGE_ANONYMOUS */
	u64 owner_words[2]; /* its index and private: who has the page may name itself there */
	u64 inode, index; /* of PAGE_OF_FILE: INDEX counts pages from the start of the file */
	u64 memcg; /* the mem_cgroup that pays for it; 0: none */
};

/* May fail(): the struct page cannot be read. Costs no more than this frame asks for. */
void page_what(u64 pfn, struct page_what *what);
/* "page cache", "free" ... */
const char *page_use_name(enum page_use use);
/* "/system.slice/x": the path of a mem_cgroup's cgroup; false: it cannot be read. */
bool memcg_path(u64 memcg, struct strbuf *text);

#endif
