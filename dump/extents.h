/* dump/extents.h - ranges of physical memory that stand in files as they are. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef EXTENTS_H
#define EXTENTS_H

#include "base/fault.h"
#include "dump/filemap.h"

/* Physical memory [start, end) at OFFSET of FILE (NULL where the user of these knows which). */
struct extent {
	u64 start, end;
	u64 offset;
	const struct file_map *file;
};

struct extents {
	VECTOR(struct extent) list;
	/* Made by sorting: BUCKETS[n] is the first extent that ends above n << BUCKET_SHIFT. */
	u32 *buckets;
	size_t nr_buckets;
	unsigned bucket_shift;
};

void extents_add(struct extents *extents, const struct extent *extent);
/* After the last one was added. False: two of them hold the same memory, which *WHY names. */
bool extents_sort(struct extents *extents, struct strbuf *why);
/*
 * The same, but overlaps are no error: what comes later in memory loses what the one before it has.
 */
void extents_merge(struct extents *extents);
/* The extent that has PADDR, else the next one above it, else NULL. */
const struct extent *extents_find(const struct extents *extents, u64 paddr);
/* As dump_ops.read_page and dump_ops.next_present. */
bool extents_read(const struct extents *extents, u64 paddr, void *buf, size_t length,
		  struct fault *fault);
bool extents_next_present(const struct extents *extents, u64 pfn, u64 *found_pfn);
u64 extents_max_pfn(const struct extents *extents);
void extents_describe(const struct extents *extents, struct strbuf *text);
void extents_free(struct extents *extents);

#endif
