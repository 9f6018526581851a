/* dump/flattened.c - a makedumpfile -F stream read in place. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stream is what makedumpfile writes where it cannot seek. All numbers are big-endian.
 *
 *	offset	size	meaning
 *	0	16	"makedumpfile", zero-padded
 *	16	8	type: 1
 *	24	8	version: 1
 *	4096	...	records, one after the other
 *
 *	a record:
 *	0	8	offset in the rearranged file; -1: end of the stream
 *	8	8	number of bytes; -1 in the end mark
 *	16	...	the bytes
 *
 * A later record replaces what an earlier one wrote at the same place. Bytes that no record wrote
 * are zero.
 */
#include "dump/flattened.h"

#include "base/fail.h"
#include "base/progress.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	FLAT_HEADER_BYTES = 4096,
	FLAT_RECORD_BYTES = 16,
	/*
	 * The writer makes an empty record now and then; a long row of them is a hole in the file.
	 */
	MAX_EMPTY_RECORDS = 1024,
};

struct flat_record {
	u64 offset; /* in the rearranged file */
	u64 length;
	u64 at; /* in the stream */
};

struct flat_index {
	struct flat_record *records; /* sorted by offset, none overlaps another */
	size_t nr_records;
	bool cut_short;
};

typedef VECTOR(struct flat_record) flat_records;

static u64 load_be64(const void *p)
{
	return __builtin_bswap64(load_u64(p));
}

bool flat_probe(const struct file_map *map)
{
	const char *header = file_map_at(map, 0, 32);

	return header && !map->flat && memcmp(header, "makedumpfile\0\0\0\0", 16) == 0;
}

/* In stream order. True when the end mark was reached. */
static bool collect_records(const struct file_map *map, flat_records *records)
{
	u64 at = FLAT_HEADER_BYTES;
	unsigned nr_empty = 0;

	for (;;) {
		struct flat_record record = { .at = at + FLAT_RECORD_BYTES };
		u8 header[FLAT_RECORD_BYTES];

		progress_at(at, map->mapped_bytes);
		if (interrupt_pending())
			return false;
		/*
		 * Not through the mapping: a page fault for each header costs ten times this call.
		 */
		if (pread(map->fd, header, sizeof(header), (off_t)at) != sizeof(header))
			return false;
		record.offset = load_be64(header);
		record.length = load_be64(header + 8);
		if (record.offset == ~0ULL && record.length == ~0ULL)
			return true;
		if ((s64)record.offset < 0 || (s64)record.length < 0 ||
		    (s64)(record.offset + record.length) < 0)
			return false;
		nr_empty = record.length ? 0 : nr_empty + 1;
		if (nr_empty > MAX_EMPTY_RECORDS)
			return false;
		if (record.at > map->mapped_bytes)
			return false;
		if (record.length > map->mapped_bytes - record.at) {
			record.length = map->mapped_bytes - record.at;
			if (record.length)
				*vector_add(records) = record;
			return false;
		}
		if (record.length)
			*vector_add(records) = record;
		at = record.at + record.length;
	}
}

static int compare_records(const void *a, const void *b)
{
	const struct flat_record *left = a, *right = b;

	return (left->offset > right->offset) - (left->offset < right->offset);
}

static int compare_u64(const void *a, const void *b)
{
	const u64 *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static bool records_overlap(const flat_records *sorted)
{
	for (size_t i = 1; i < sorted->count; i++) {
		const struct flat_record *before = &sorted->items[i - 1];

		if (before->offset + before->length > sorted->items[i].offset)
			return true;
	}
	return false;
}

static size_t point_index(const u64 *points, size_t nr_points, u64 point)
{
	size_t low = 0, high = nr_points;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (points[middle] < point)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first slot at or after SLOT that no record took yet; shortens the chain on its way. */
static size_t next_free(size_t *next, size_t slot)
{
	while (next[slot] != slot) {
		next[slot] = next[next[slot]];
		slot = next[slot];
	}
	return slot;
}

/*
 * STREAM's records cut into pieces of which none overlaps another: the line is divided at
 * every start and end, then the newest record takes its slots first. Costs n log n whatever
 * the records are.
 */
static void resolve_overlaps(const flat_records *stream, flat_records *pieces)
{
	size_t nr_points = 0;
	u64 *points = xreallocarray(NULL, stream->count * 2, sizeof(*points));
	size_t *next, *owner;

	for (size_t i = 0; i < stream->count; i++) {
		points[nr_points++] = stream->items[i].offset;
		points[nr_points++] = stream->items[i].offset + stream->items[i].length;
	}
	qsort(points, nr_points, sizeof(*points), compare_u64);
	next = xreallocarray(NULL, nr_points + 1, sizeof(*next));
	owner = xcalloc(nr_points, sizeof(*owner));
	for (size_t i = 0; i <= nr_points; i++)
		next[i] = i;
	for (size_t i = stream->count; i-- > 0;) {
		const struct flat_record *record = &stream->items[i];
		size_t slot = point_index(points, nr_points, record->offset);

		for (slot = next_free(next, slot);
		     slot < nr_points && points[slot] < record->offset + record->length;
		     slot = next_free(next, slot)) {
			owner[slot] = i + 1;
			next[slot] = slot + 1;
		}
	}
	for (size_t slot = 0; slot + 1 < nr_points; slot++) {
		u64 length = points[slot + 1] - points[slot];
		const struct flat_record *record;

		if (!owner[slot] || !length)
			continue;
		record = &stream->items[owner[slot] - 1];
		*vector_add(pieces) = (struct flat_record){
			.offset = points[slot],
			.length = length,
			.at = record->at + (points[slot] - record->offset),
		};
	}
	free(points);
	free(next);
	free(owner);
}

static const u8 *find_piece(const struct file_map *map, u64 offset, u64 *length)
{
	const struct flat_index *flat = map->flat;
	const struct flat_record *record;
	size_t low = 0, high = flat->nr_records;

	/* The last record that starts at or before OFFSET. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (flat->records[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low > 0) {
		record = &flat->records[low - 1];
		if (offset - record->offset < record->length) {
			*length = min_u64(*length, record->length - (offset - record->offset));
			return map->data + record->at + (offset - record->offset);
		}
	}
	if (low < flat->nr_records)
		*length = min_u64(*length, flat->records[low].offset - offset);
	return NULL;
}

bool flat_is_cut_short(const struct flat_index *flat)
{
	return flat->cut_short;
}

bool flat_has_hole(const struct file_map *map, u64 offset, u64 length)
{
	while (length > 0) {
		u64 piece_length = length;

		if (!find_piece(map, offset, &piece_length))
			return true;
		offset += piece_length;
		length -= piece_length;
	}
	return false;
}

static bool is_missing(const struct file_map *map, u64 offset, u64 length)
{
	return map->flat->cut_short && flat_has_hole(map, offset, length);
}

static void free_index(struct flat_index *flat)
{
	free(flat->records);
	free(flat);
}

static const struct file_pieces found_pieces = {
	.piece = find_piece,
	.is_missing = is_missing,
	.close = free_index,
};

bool flat_open(struct file_map *map, struct strbuf *why)
{
	const u8 *header = file_map_at(map, 0, FLAT_RECORD_BYTES * 2);
	flat_records stream = { 0 }, pieces = { 0 };
	bool cut_short;

	if (load_be64(header + 16) != 1 || load_be64(header + 24) != 1) {
		strbuf_printf(why,
			      "flattened makedumpfile stream of unknown type %llu, version %llu",
			      load_be64(header + 16), load_be64(header + 24));
		return false;
	}
	progress_begin("reading the flattened dump", PROGRESS_BYTES);
	cut_short = !collect_records(map, &stream);
	progress_end();
	if (interrupt_pending()) {
		strbuf_puts(why, "interrupted");
		vector_free(&stream);
		return false;
	}
	if (!stream.count) {
		strbuf_puts(why,
			    "flattened makedumpfile stream, cut short: there is no data in it");
		return false;
	}
	pieces.items = xreallocarray(NULL, stream.count, sizeof(*pieces.items));
	memcpy(pieces.items, stream.items, stream.count * sizeof(*pieces.items));
	pieces.count = pieces.space = stream.count;
	qsort(pieces.items, pieces.count, sizeof(*pieces.items), compare_records);
	if (records_overlap(&pieces)) {
		pieces.count = 0;
		resolve_overlaps(&stream, &pieces);
	}
	vector_free(&stream);
	map->pieces = &found_pieces;
	map->flat = xcalloc(1, sizeof(*map->flat));
	map->flat->records = pieces.items;
	map->flat->nr_records = pieces.count;
	map->flat->cut_short = cut_short;
	map->size = pieces.items[pieces.count - 1].offset + pieces.items[pieces.count - 1].length;
	return true;
}
