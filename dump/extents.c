/* dump/extents.c - ranges of physical memory that stand in files as they are. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dump/extents.h"

#include <stdlib.h>

enum { FEW_EXTENTS = 16 };

static void drop_buckets(struct extents *extents)
{
	free(extents->buckets);
	extents->buckets = NULL;
}

void extents_add(struct extents *extents, const struct extent *extent)
{
	drop_buckets(extents);
	*vector_add(&extents->list) = *extent;
}

static int compare_extents(const void *a, const void *b)
{
	const struct extent *left = a, *right = b;

	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	/* The longer one first: it then covers the other. */
	return (left->end < right->end) - (left->end > right->end);
}

static void sort(struct extents *extents)
{
	if (extents->list.count)
		qsort(extents->list.items, extents->list.count, sizeof(*extents->list.items),
		      compare_extents);
}

/*
 * A dump without its free pages has ten thousands of extents: one look-up then halves a few
 * of them only.
 */
static void make_buckets(struct extents *extents)
{
	size_t count = extents->list.count, next = 0;
	u64 end = count ? extents->list.items[count - 1].end : 0;

	drop_buckets(extents);
	if (count < FEW_EXTENTS || count > UINT32_MAX)
		return;
	extents->bucket_shift = PAGE_SHIFT;
	while (end >> extents->bucket_shift > 2 * count)
		extents->bucket_shift++;
	extents->nr_buckets = (end >> extents->bucket_shift) + 2;
	extents->buckets = xreallocarray(NULL, extents->nr_buckets, sizeof(*extents->buckets));
	for (size_t i = 0; i < extents->nr_buckets; i++) {
		while (next < count &&
		       extents->list.items[next].end <= (u64)i << extents->bucket_shift)
			next++;
		extents->buckets[i] = (u32)next;
	}
}

void extents_merge(struct extents *extents)
{
	size_t nr_kept = 0;
	u64 covered = 0;

	sort(extents);
	for (size_t i = 0; i < extents->list.count; i++) {
		struct extent extent = extents->list.items[i];

		if (extent.start < covered) {
			u64 cut = min_u64(covered, extent.end) - extent.start;

			extent.start += cut;
			extent.offset += cut;
		}
		if (extent.start >= extent.end)
			continue;
		covered = extent.end;
		extents->list.items[nr_kept++] = extent;
	}
	extents->list.count = nr_kept;
	make_buckets(extents);
}

bool extents_sort(struct extents *extents, struct strbuf *why)
{
	sort(extents);
	for (size_t i = 1; i < extents->list.count; i++) {
		const struct extent *extent = &extents->list.items[i];

		if (extent[-1].end <= extent->start)
			continue;
		strbuf_printf(why, "physical memory at %llx is given twice", extent->start);
		return false;
	}
	make_buckets(extents);
	return true;
}

const struct extent *extents_find(const struct extents *extents, u64 paddr)
{
	size_t low = 0, high = extents->list.count;

	if (extents->buckets && paddr >> extents->bucket_shift < extents->nr_buckets - 1) {
		low = extents->buckets[paddr >> extents->bucket_shift];
		high = extents->buckets[(paddr >> extents->bucket_shift) + 1];
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (extents->list.items[middle].end <= paddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < extents->list.count ? &extents->list.items[low] : NULL;
}

bool extents_read(const struct extents *extents, u64 paddr, void *buf, size_t length,
		  struct fault *fault)
{
	u8 *to = buf;

	/* One turn, but where two extents meet inside a page. */
	while (length > 0) {
		const struct extent *extent = extents_find(extents, paddr);
		u64 piece;

		if (!extent || extent->start > paddr)
			return fault_set(fault, FAULT_NOT_IN_DUMP, SPACE_PHYSICAL, paddr);
		piece = min_u64(length, extent->end - paddr);
		if (!file_map_read(extent->file, extent->offset + (paddr - extent->start), to,
				   piece))
			return fault_set(fault, FAULT_NOT_IN_DUMP, SPACE_PHYSICAL, paddr);
		to += piece;
		paddr += piece;
		length -= piece;
	}
	return true;
}

bool extents_next_present(const struct extents *extents, u64 pfn, u64 *found_pfn)
{
	const struct extent *extent;

	if (pfn >= 1ULL << (64 - PAGE_SHIFT))
		return false;
	extent = extents_find(extents, pfn << PAGE_SHIFT);
	if (extent)
		*found_pfn = max_u64(pfn, extent->start >> PAGE_SHIFT);
	return extent != NULL;
}

u64 extents_max_pfn(const struct extents *extents)
{
	size_t count = extents->list.count;

	return count ? align_up(extents->list.items[count - 1].end, PAGE_BYTES) >> PAGE_SHIFT : 0;
}

void extents_describe(const struct extents *extents, struct strbuf *text)
{
	strbuf_puts(text, "physical memory in the file:\n");
	for (size_t i = 0; i < extents->list.count; i++) {
		const struct extent *extent = &extents->list.items[i];

		strbuf_printf(text, "    %016llx - %016llx  %s, offset %llx\n", extent->start,
			      extent->end, extent->file->path, extent->offset);
	}
}

void extents_free(struct extents *extents)
{
	vector_free(&extents->list);
	drop_buckets(extents);
}
