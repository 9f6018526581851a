/* containers/kcopy.c - copies of large kernel arrays, usable when some of their pages are missing. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "containers/kcopy.h"

#include "base/fail.h"
#include "memory.h"

#define CHUNK_BYTES 65536ULL

size_t kcopy_whole(u64 address, void *buf, size_t length)
{
	size_t nr_missing = 0;

	if (mem_try_read(address, buf, length, NULL))
		return 0;
	/* Page by page: one missing page must not hide the others. */
	for (size_t at = 0; at < length;) {
		size_t part = min_u64(length - at, PAGE_BYTES - (address + at) % PAGE_BYTES);

		if (!mem_try_read(address + at, (u8 *)buf + at, part, NULL)) {
			memset((u8 *)buf + at, 0, part);
			nr_missing += part;
		}
		at += part;
	}
	return nr_missing;
}

/* Pages are counted from the one that holds the array's first byte. */
static u64 page_of(const struct kcopy *copy, u64 offset)
{
	return (copy->address % PAGE_BYTES + offset) / PAGE_BYTES;
}

void kcopy_begin(struct kcopy *copy, u64 address, u64 size)
{
	/* A size that wraps around the address space is damage: keep what is below the top. */
	if (size > -address && address != 0)
		size = -address;
	copy->address = address;
	copy->size = size;
	copy->chunks = scope_array(size / CHUNK_BYTES + 1, sizeof(*copy->chunks));
	copy->missing = scope_alloc(page_of(copy, size) / 8 + 1);
}

static void read_chunk(struct kcopy *copy, u64 index)
{
	u64 start = index * CHUNK_BYTES, end = min_u64(start + CHUNK_BYTES, copy->size);
	static u8 nothing[1]; /* stands for a piece of which no page can be read: costs no memory */
	u8 buf[CHUNK_BYTES];
	u64 nr_read = 0;

	if (mem_try_read(copy->address + start, buf, end - start, NULL)) {
		copy->chunks[index] = scope_alloc(CHUNK_BYTES);
		memcpy(copy->chunks[index], buf, end - start);
		return;
	}
	for (u64 at = start; at < end;) {
		u64 address = copy->address + at;
		u64 part = min_u64(end - at, PAGE_BYTES - address % PAGE_BYTES);
		u64 page = page_of(copy, at);

		if (mem_try_read(address, buf + (at - start), part, NULL))
			nr_read += part;
		else
			copy->missing[page / 8] |= 1 << page % 8;
		at += part;
	}
	copy->chunks[index] = nothing;
	if (nr_read > 0) {
		copy->chunks[index] = scope_alloc(CHUNK_BYTES);
		memcpy(copy->chunks[index], buf, end - start);
	}
}

bool kcopy_read(struct kcopy *copy, u64 offset, void *buf, size_t length)
{
	u8 *to = buf;

	if (!range_fits(offset, length, copy->size))
		return false;
	while (length > 0) {
		u64 index = offset / CHUNK_BYTES, inside = offset % CHUNK_BYTES;
		size_t part = min_u64(length, CHUNK_BYTES - inside);

		if (copy->chunks[index] == NULL)
			read_chunk(copy, index);
		for (u64 page = page_of(copy, offset); page <= page_of(copy, offset + part - 1);
		     page++) {
			if (copy->missing[page / 8] >> page % 8 & 1)
				return false;
		}
		memcpy(to, copy->chunks[index] + inside, part);
		to += part;
		offset += part;
		length -= part;
	}
	return true;
}
