/* kernel/mm/swapread.c - where the page of a swap entry is: in the swap cache, in zswap or zram, or on a disk. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/mm/swapread.h"

#include "base/fail.h"
#include "containers/kxarray.h"
#include "kernel/mm/page.h"
#include "kernel/mm/swap.h"
#include "kernel/mm/swapmark.h"
#include "kernel/mm/zram.h"
#include "kernel/mm/zswap.h"
#include "memory.h"

#include <stdio.h>

KSYMBOL(swap_caches, "swapper_spaces"); /* up to v6.17 */
KSYMBOL(nr_swap_caches, "nr_swapper_spaces");
KTYPE(swap_cache_type, "struct address_space");
KFIELD(swap_cache_pages, "address_space.i_pages");
KTYPE(swap_cluster_type, "struct swap_cluster_info");
KFIELD(swap_cluster_table, "swap_cluster_info.table"); /* v6.18 */
KFIELD(swap_area_clusters, "swap_info_struct.cluster_info");
KFIELD(swap_area_zeromap, "swap_info_struct.zeromap"); /* v6.12 */
KFIELD(swap_area_bdev, "swap_info_struct.bdev");
KFIELD(swap_area_max, "swap_info_struct.max");
KFIELD(swap_bdev_disk, "block_device.bd_disk");
KFIELD(swap_page_private, "page.private");

/* Macros of the kernel. */
#define CACHE_SHIFT 14 /* slots of one swap cache */
#define CLUSTER_SHIFT 9 /* slots of a cluster */
#define MOST_FOLIO_PAGES 512
#define ENTRY_TYPE_SHIFT 58 /* of an entry as page.private has it */
/* A word of a cluster's table: the lowest bits say what it is, the highest count. */
#define TABLE_KIND 3
#define TABLE_SHADOW 1
#define TABLE_FRAME 2
#define TABLE_FRAME_MASK ((1ULL << 42) - 1)
#define TABLE_ZERO (1ULL << 59) /* where there is no zeromap */

struct question {
	unsigned type;
	u64 offset;
	u8 *page;
	struct swap_place *place;
	struct swap_area area;
	bool filled;
};

static void PRINTF_LIKE(3, 4) describe(struct swap_place *place, int kind, const char *format, ...)
{
	va_list args;

	place->kind = kind;
	va_start(args, format);
	vsnprintf(place->text, sizeof(place->text), format, args);
	va_end(args);
}

/*
 * Does the frame hold this very slot? Its struct page has the entry, or the head of its folio has.
 */
static bool frame_is_of(u64 page, unsigned type, u64 offset)
{
	u64 entry = (u64)type << ENTRY_TYPE_SHIFT | offset, head;

	if (field_u64(page, &swap_page_private) == entry)
		return true;
	head = page_head(page);
	return field_u64(head, &swap_page_private) + (page - head) / page_struct_bytes() == entry;
}

/* A large folio stands at each of its indices. */
static u64 page_in_folio(u64 entry, unsigned type, u64 offset)
{
	u64 page = entry, pfn;

	for (unsigned i = 0; i < MOST_FOLIO_PAGES && page_to_pfn(page, &pfn); i++) {
		if (frame_is_of(page, type, offset))
			return page;
		page += page_struct_bytes();
		if (!page_to_pfn(page, &pfn) || page_head(page) != entry)
			break;
	}
	return 0;
}

static u64 cached_in_tree(unsigned type, u64 offset)
{
	u64 nr = mem_u32(ksymbol_address(&nr_swap_caches) + type * 4ULL, "nr_swapper_spaces");
	u64 caches = mem_u64(ksymbol_address(&swap_caches) + type * 8ULL, "swapper_spaces");
	u64 number = offset >> CACHE_SHIFT, tree, entry = 0;
	/* v6.11 counts from the start of each. */
	u64 indices[] = { offset, offset & ((1ULL << CACHE_SHIFT) - 1) };

	if (number >= nr)
		return 0;
	tree = caches + number * ktype_size(&swap_cache_type) + kfield_offset(&swap_cache_pages);
	for (size_t i = 0; i < ARRAY_SIZE(indices); i++) {
		struct fault fault;
		u64 page;

		if (!kxarray_load(tree, indices[i], &entry, &fault))
			fail("cannot read the swap cache: %s", fault_text(&fault));
		page = entry && !kxarray_is_value(entry) ? page_in_folio(entry, type, offset) : 0;
		if (page)
			return page;
	}
	return 0;
}

/* 0: the slot is free, or no slot of its cluster is in use. */
static u64 table_word(const struct swap_area *area, u64 offset)
{
	u64 clusters = field_u64(area->address, &swap_area_clusters), table;
	u64 at = clusters + (offset >> CLUSTER_SHIFT) * ktype_size(&swap_cluster_type);

	if (!clusters)
		return 0;
	table = field_u64(at, &swap_cluster_table);
	if (!table)
		return 0;
	return mem_u64(table + (offset & ((1ULL << CLUSTER_SHIFT) - 1)) * sizeof(u64),
		       "a swap table");
}

static u64 cached_in_table(const struct swap_area *area, u64 offset)
{
	u64 word = table_word(area, offset);

	if ((word & TABLE_KIND) == TABLE_FRAME)
		return page_of_pfn((word & TABLE_FRAME_MASK) >> 2);
	/* v6.18 has the folio's address itself. */
	return word && !(word & TABLE_KIND) ? word : 0;
}

static void read_frame(struct question *question, const char *what)
{
	if (question->page)
		mem_read_in(PHYSICAL_SPACE, question->place->physical, question->page, PAGE_BYTES,
			    what);
	question->filled = true;
}

static bool in_cache(struct question *question)
{
	u64 page, pfn;

	if (kfield_exists(&swap_cluster_table))
		page = cached_in_table(&question->area, question->offset);
	else if (ksymbol_exists(&swap_caches))
		page = cached_in_tree(question->type, question->offset);
	else
		fail("this kernel has neither swapper_spaces nor swap tables");
	if (!page || !page_to_pfn(page, &pfn) || pfn >= memory_dump()->max_pfn ||
	    !frame_is_of(page, question->type, question->offset))
		return false;
	question->place->physical = pfn << PAGE_SHIFT;
	describe(question->place, SWAP_PLACE_FRAME, "swap cache, frame %llx",
		 question->place->physical);
	read_frame(question, "a page of the swap cache");
	return true;
}

/* A bit says so: in a map of the area's, or in the slot's word of the swap table. */
static bool marked_zero(const struct question *question)
{
	u64 map, word;

	if (!kfield_exists(&swap_area_zeromap)) {
		if (!kfield_exists(&swap_cluster_table))
			return false;
		word = table_word(&question->area, question->offset);
		return word & (TABLE_SHADOW | TABLE_FRAME) && word & TABLE_ZERO;
	}
	map = field_u64(question->area.address, &swap_area_zeromap);
	if (!map)
		return false;
	word = mem_u64(map + question->offset / 64 * sizeof(u64), "swap_info_struct.zeromap");
	return word >> question->offset % 64 & 1;
}

static bool is_zero(struct question *question)
{
	if (!marked_zero(question))
		return false;
	if (question->page)
		memset(question->page, 0, PAGE_BYTES);
	describe(question->place, SWAP_PLACE_ZERO, "zeros, which were not written");
	return true;
}

/* "zram, 812 bytes of lz4" */
static void describe_packed(struct swap_place *place, int kind, const char *who, u64 bytes,
			    const char *algorithm)
{
	if (bytes == PAGE_BYTES)
		describe(place, kind, "%s, not compressed", who);
	else if (algorithm[0])
		describe(place, kind, "%s, %llu bytes of %s", who, bytes, algorithm);
	else
		describe(place, kind, "%s", who);
}

static void describe_slot(struct swap_place *place, const struct zram_slot *slot)
{
	if (slot->kind == ZRAM_SAME_FILLED)
		describe(place, SWAP_PLACE_ZRAM, "zram, one word all over");
	else if (slot->kind == ZRAM_WRITTEN_BACK)
		describe(place, SWAP_PLACE_DISK, "zram, written back to its disk: not in the dump");
	else
		describe_packed(place, SWAP_PLACE_ZRAM, "zram", slot->bytes, slot->algorithm);
}

struct zswap_question {
	struct question *question;
	struct zswap_page found;
};

static void ask_zswap(void *arg)
{
	struct zswap_question *ask = arg;

	zswap_read(ask->question->type, ask->question->offset, &ask->found, ask->question->page);
}

static bool in_zswap(struct question *question)
{
	struct zswap_question ask = { .question = question };
	struct failure failure;
	bool read = protect_row(ask_zswap, &ask, &failure);

	if (ask.found.kind == ZSWAP_SAME_FILLED)
		describe(question->place, SWAP_PLACE_ZSWAP, "zswap, one word all over");
	else if (ask.found.kind == ZSWAP_STORED)
		describe_packed(question->place, SWAP_PLACE_ZSWAP, "zswap", ask.found.bytes,
				ask.found.algorithm);
	if (!read)
		fail_again(&failure);
	return ask.found.kind != ZSWAP_NONE;
}

struct zram_question {
	u64 zram;
	struct question *question;
	struct zram_slot slot;
};

static void ask_zram(void *arg)
{
	struct zram_question *ask = arg;

	zram_read(ask->zram, ask->question->offset, &ask->slot, ask->question->page);
}

/* False: the area is no zram device. */
static bool in_zram(struct question *question)
{
	struct zram_question ask = { .question = question };
	struct failure failure;
	bool read;

	if (!question->area.device ||
	    !zram_of_disk(
		    field_u64(field_u64(question->area.address, &swap_area_bdev), &swap_bdev_disk),
		    &ask.zram))
		return false;
	read = protect_row(ask_zram, &ask, &failure);
	describe_slot(question->place, &ask.slot);
	if (!read)
		fail_again(&failure);
	if (ask.slot.kind == ZRAM_EMPTY)
		fail("this slot of the zram device is empty");
	question->filled = ask.slot.kind != ZRAM_WRITTEN_BACK;
	return true;
}

/* What stands in the page table is no swap entry. */
static void look_at_mark(struct question *question)
{
	struct swap_place *place = question->place;
	struct swap_mark mark;

	swap_mark_read(question->offset, &mark);
	place->physical = mark.physical;
	switch (mark.kind) {
	case SWAP_MARK_MIGRATION:
		describe(place, SWAP_PLACE_MOVING, "being moved, frame %llx", mark.physical);
		read_frame(question, "a page that is being moved");
		break;
	case SWAP_MARK_HWPOISON:
		describe(place, SWAP_PLACE_MARK, "broken memory (hwpoison), frame %llx",
			 mark.physical);
		break;
	case SWAP_MARK_DEVICE:
		describe(place, SWAP_PLACE_MARK, "in a device's memory, frame %llx", mark.physical);
		break;
	case SWAP_MARK_MARKER:
		describe(place, SWAP_PLACE_MARK, "no page but a marker: %s", mark.names);
		break;
	case SWAP_MARK_UNKNOWN:
		describe(place, SWAP_PLACE_MARK,
			 "no swap area has number %u: a mark of the kernel's", question->type);
		break;
	}
}

static void look(void *arg)
{
	struct question *question = arg;

	if (!swap_area_of(question->type, &question->area)) {
		look_at_mark(question);
		return;
	}
	if (question->offset >= field_u64(question->area.address, &swap_area_max))
		fail("the area has no slot %llu", question->offset);
	question->filled = in_cache(question) || is_zero(question) || in_zswap(question);
	if (question->filled || in_zram(question))
		return;
	describe(question->place, SWAP_PLACE_DISK, "on %s, slot %llu: not in the dump",
		 question->area.name ? question->area.name : "a disk", question->offset);
}

bool swap_read_page(unsigned type, u64 offset, u8 *page, struct swap_place *place)
{
	struct question question = { .type = type, .offset = offset, .page = page, .place = place };
	struct failure failure = { .text = "" };

	*place = (struct swap_place){ .text = "" };
	if (protect_row(look, &question, &failure)) {
		if (!question.filled)
			snprintf(place->why, sizeof(place->why), "%s", place->text);
		return question.filled;
	}
	snprintf(place->why, sizeof(place->why), "%.111s", failure.text);
	return false;
}

const char *swap_place_text(const struct swap_place *place)
{
	if (!place->why[0] || streq(place->text, place->why))
		return scope_strdup(place->text);
	return place->text[0] ? scope_printf("%s: %s", place->text, place->why)
			      : scope_strdup(place->why);
}

/* ---- below reads of user memory ---- */

/* The page that was read last: it is mostly asked for in pieces. */
static struct {
	bool filled;
	unsigned type;
	u64 offset;
	u8 page[PAGE_BYTES];
} last;

struct read_of_entry {
	unsigned type;
	u64 offset;
	struct swap_place place;
	bool good;
};

static void read_entry(void *arg)
{
	struct read_of_entry *read = arg;

	last.filled = false;
	read->good = swap_read_page(read->type, read->offset, last.page, &read->place);
}

/* Called below gdb's frames as well: nothing may escape from here. */
static bool read_swapped(unsigned type, u64 offset, u64 in_page, void *buf, size_t length,
			 struct fault *fault)
{
	struct read_of_entry read = { .type = type, .offset = offset };
	struct failure failure;

	if (memory_is_live() || !last.filled || last.type != read.type ||
	    last.offset != read.offset) {
		if (!protect(read_entry, &read, &failure)) {
			if (fault && failure.interrupted)
				fault->reason = FAULT_INTERRUPTED;
			return false;
		}
		if (!read.good) {
			if (fault && read.place.kind == SWAP_PLACE_MARK)
				fault->reason = FAULT_NOT_MAPPED;
			if (fault)
				snprintf(fault->detail, sizeof(fault->detail), "%s",
					 read.place.why);
			return false;
		}
		last.type = read.type;
		last.offset = read.offset;
		last.filled = true;
	}
	memcpy(buf, last.page + in_page, length);
	return true;
}

void swapread_setup(void)
{
	memory_set_swap_reader(read_swapped);
}
