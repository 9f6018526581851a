/* kernel/mm/memscan.h - looks for numbers or text in whole address spaces, on all cores. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEMSCAN_H
#define MEMSCAN_H

#include "base/util.h"

/* Text longer than this cannot be looked for. */
#define SCAN_MAX_TEXT 1024

struct scan_needles {
	const char *const *texts; /* NULL: values */
	const u64 *values;
	size_t count;
	size_t width; /* of a value: 2, 4 or 8 bytes; only found where it is aligned */
	u64 mask; /* bits of a value that do not matter */
};

struct scan_match {
	u64 address;
	u64 value; /* what stands there; 0 for text */
	size_t needle; /* index */
};

enum scan_parts {
	SCAN_DIRECT_MAP = 1,
	SCAN_VMALLOC = 2,
	SCAN_VMEMMAP = 4,
	SCAN_IMAGE = 8,
	SCAN_MODULES = 16,
};

struct scan_page {
	u64 address, paddr;
	bool kept; /* it has no frame: its bytes are in the scan's own memory */
};

/*
 *	struct scan scan = { .needles = ..., .first = 0, .last = ~0ULL, .found = ..., .arg = ... };
 *
 *	scan_begin(&scan);
 *	scan_physical(&scan);
 *	scan_end(&scan);
 *
 * FOUND is called on the main thread, by rising address within one area; it may fail(). What is not
 * in the dump is passed over. An interrupt fail()s.
 */
struct scan {
	struct scan_needles needles;
	u64 first, last; /* addresses looked at, inclusive */
	void (*found)(void *arg, const struct scan_match *match);
	void (*progress)(void *arg); /* now and then; may be NULL */
	void *arg;
	/*
	 * So far; and how many there are, counted when COUNTING is set: the same calls then
	 * do nothing else.
	 */
	u64 bytes_done, bytes_all;
	bool counting;
	/* pages that were swapped out and cannot be read, and why the first of them cannot */
	u64 nr_unread;
	char why_unread[112];
	/* its own */
	struct scan_page *pages;
	u8 *kept; /* a page for each of PAGES; NULL: none of them was swapped out yet */
	size_t nr_pages;
	size_t longest; /* text */
};

void scan_begin(struct scan *scan);
void scan_physical(struct scan *scan);
void scan_kernel(struct scan *scan, unsigned parts); /* in the order of their addresses */
void scan_user(struct scan *scan, u64 mm); /* what was swapped out as well */
/* A range of mapped kernel memory. */
void scan_kernel_range(struct scan *scan, u64 start, u64 bytes);
void scan_end(struct scan *scan);

#endif
