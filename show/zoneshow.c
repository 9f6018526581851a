/* show/zoneshow.c - zones with their counters, and their free pages. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/zoneshow.h"

#include "base/fail.h"
#include "base/table.h"
#include "kernel/mm/freepages.h"
#include "kernel/mm/page.h"
#include "kernel/mm/vmstat.h"
#include "kernel/mm/zone.h"
#include "show/problemshow.h"

#include <stdio.h>

/* ---- counters ---- */

static const struct column counter_columns[] = {
	{ "item", "", CELL_TEXT, .before = "", .align = ALIGN_RIGHT, .after = ": ", .fit = true },
	{ "value", "", CELL_SIGNED, .before = "" },
	{ 0 },
};

static void put_counter(struct row *row, size_t index, void *arg)
{
	row_text(row, vmstat_zone_name(index));
	row_signed(row, zone_counter_value(arg, index));
}

static const struct column zone_columns[] = {
	{ "node", "", CELL_NUMBER, .before = "NODE: " },
	{ "zone", "", CELL_NUMBER, .before = "  ZONE: " },
	{ "address", "", CELL_ADDRESS, .before = "  ADDR: " },
	{ "name", "", CELL_TEXT, .before = "  NAME: \"", .after = "\"" },
	{ "start_pfn", NULL, .kind = CELL_NUMBER },
	{ "present", NULL, .kind = CELL_NUMBER },
	{ "managed", NULL, .kind = CELL_NUMBER },
	{ "spanned", "", CELL_NUMBER, .before = "\n  SIZE: " },
	{ NULL, "", CELL_NUMBER, .before = "  PRESENT: " },
	{ "watermarks", "", CELL_NUMBER, .before = "  MIN/LOW/HIGH: " },
	{ 0 },
};

/* Readers see that pages are missing from it only where some are. */
static void put_sizes(struct row *row, const struct zone *zone)
{
	const u64 *marks = zone->watermarks;

	row_number(row, zone->spanned);
	if (zone->present == zone->spanned)
		row_none(row);
	else
		row_number(row, zone->present);
	row_list(row);
	for (unsigned i = 0; i < zone->nr_watermarks; i++)
		row_number(row, marks[i]);
	row_list_end(row);
	row_shown(row, scope_printf("%llu/%llu/%llu", marks[0], marks[1], marks[2]));
}

static void put_zone(struct row *row, size_t index, void *arg)
{
	struct zone *zone = &((struct zone *)arg)[index];

	row_stands_for(row, zone->address);
	row_number(row, zone->node);
	row_number(row, zone->index);
	row_address(row, zone->address);
	row_text(row, zone->name);
	row_number(row, zone->start_pfn);
	row_number(row, zone->present);
	row_number(row, zone->managed);
	if (!zone->present) {
		row_none(row);
		row_none(row);
		row_none(row);
		row_remark(row, "  [unpopulated]\n");
		return;
	}
	put_sizes(row, zone);
	row_children(row, &(struct table){ .name = "kmem",
					   .columns = counter_columns,
					   .count = zone_nr_counters(),
					   .put = put_counter,
					   .arg = zone,
					   .heading_line = "  VM_STAT:",
					   .key = "counters" });
	row_remark(row, "\n");
}

void zoneshow_counters(void)
{
	struct zone *zones;
	size_t count = zones_all(&zones);

	table_show(&(struct table){ .name = "kmem",
				    .columns = zone_columns,
				    .count = count,
				    .put = put_zone,
				    .arg = zones,
				    .headings = HEADINGS_NEVER,
				    .blank_after = true,
				    .of = "zone" });
}

/* ---- free pages ---- */

static const struct column area_columns[] = {
	{ "order", "AREA", CELL_NUMBER, .width = 3 },
	{ "block_size", "SIZE", CELL_SIZE, .width = 7 },
	{ "list", "FREE_AREA_STRUCT", CELL_ADDRESS, .align = ALIGN_LEFT, .width = 16,
	  .zeros = true },
	{ "type", NULL, .kind = CELL_TEXT },
	{ "blocks", "BLOCKS", CELL_NUMBER, .width = 6 },
	{ "pages", "PAGES", CELL_NUMBER, .width = 5 },
	{ 0 },
};

struct zone_lists {
	const struct zone *zone;
	const struct free_list *lists;
	size_t count;
	const struct free_block *block; /* the one asked for; NULL: all */
	u64 pfn; /* in it */
	bool blocks; /* each of them is told */
};

static void put_area_cells(struct row *row, const struct free_list *list)
{
	row_stands_for(row, list->address);
	row_number(row, list->order);
	row_size(row, PAGE_BYTES << list->order);
	row_shown(row, scope_printf("%lluk", PAGE_BYTES / 1024 << list->order));
	row_address(row, list->address);
	row_text(row, zone_list_name(list->type));
}

static void put_area(struct row *row, size_t index, void *arg)
{
	const struct free_list *list = &((const struct zone_lists *)arg)->lists[index];

	put_area_cells(row, list);
	row_number(row, list->blocks);
	row_number(row, list->blocks << list->order);
	problemshow(row, list->problem);
}

/* ---- with each block ---- */

static const struct column list_columns[] = {
	{ "order", "", CELL_NUMBER, .before = "AREA    SIZE  FREE_AREA_STRUCT\n", .width = 3 },
	{ "block_size", "", CELL_SIZE, .width = 7 },
	{ "list", "", CELL_ADDRESS, .width = 16, .zeros = true, .after = "  " },
	{ "type", NULL, .kind = CELL_TEXT },
	{ 0 },
};

static const struct column block_columns[] = {
	{ "page", "", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "pfn", NULL, .kind = CELL_NUMBER },
	{ NULL, "", .kind = CELL_TEXT },
	{ 0 },
};

/* Free blocks of one list. */
struct frames {
	u64 *items;
	size_t count, space;
	const char *remark; /* behind each; NULL: none */
};

static void put_block(struct row *row, size_t index, void *arg)
{
	const struct frames *frames = arg;
	u64 pfn = frames->items[index];

	row_stands_for(row, page_of_pfn(pfn));
	row_address(row, page_of_pfn(pfn));
	row_number(row, pfn);
	if (frames->remark)
		row_text(row, frames->remark);
	else
		row_none(row);
}

static void keep_frame(void *arg, u64 pfn)
{
	struct frames *frames = arg;

	if (frames->count == frames->space)
		frames->items = scope_grow(frames->items, &frames->space, sizeof(*frames->items));
	frames->items[frames->count++] = pfn;
}

static const char *ordinal(u64 number)
{
	bool teens = number % 100 >= 11 && number % 100 <= 13;
	const char *ending = teens || number % 10 == 0 || number % 10 > 3 ? "th"
			     : number % 10 == 1				  ? "st"
			     : number % 10 == 2				  ? "nd"
									  : "rd";

	return scope_printf("%llu%s", number, ending);
}

static void put_list(struct row *row, size_t index, void *arg)
{
	const struct zone_lists *told = arg;
	const struct free_list *list = &told->lists[index];
	struct frames frames = { 0 };

	put_area_cells(row, list);
	if (told->block) {
		keep_frame(&frames, told->block->pfn);
		frames.remark = scope_printf("(%llx is %s of %llu pages)", page_of_pfn(told->pfn),
					     ordinal(told->pfn - told->block->pfn + 1),
					     1ULL << list->order);
	} else if (!list->problem[0])
		free_list_each(list, keep_frame, &frames);
	row_children(row, &(struct table){ .name = "kmem",
					   .columns = block_columns,
					   .count = frames.count,
					   .put = put_block,
					   .arg = &frames,
					   .headings = HEADINGS_NEVER,
					   .key = "blocks" });
	if (told->block)
		problemshow(row, list->problem);
}

/* ---- a zone's ---- */

static const struct column free_columns[] = {
	{ "zone", "ZONE", CELL_NUMBER, .width = 3 },
	{ "name", "NAME", CELL_TEXT, .before = "   ", .width = 9 },
	{ "size", "SIZE", CELL_NUMBER, .before = "", .width = 7 },
	{ "free", "FREE", CELL_NUMBER, .before = " ", .width = 7 },
	{ "mem_map", "MEM_MAP", CELL_ADDRESS, .align = ALIGN_CENTRE_RIGHT, .width = 16 },
	{ "start_paddr", "START_PADDR", CELL_ADDRESS, .align = ALIGN_CENTRE_RIGHT, .width = 11 },
	{ "start_pfn", "START_MAPNR", CELL_NUMBER, .align = ALIGN_CENTRE_RIGHT, .width = 11,
	  .filled = true },
	{ "node", NULL, .kind = CELL_NUMBER },
	{ 0 },
};

static void put_free_zone(struct row *row, UNUSED size_t index, void *arg)
{
	const struct zone_lists *told = arg;
	const struct zone *zone = told->zone;

	row_stands_for(row, zone->address);
	row_number(row, zone->index);
	row_text(row, zone->name);
	row_number(row, zone->spanned);
	row_number(row, zone_free_pages(zone));
	row_address(row, zone->spanned ? page_of_pfn(zone->start_pfn) : 0);
	row_address(row, zone->start_pfn << PAGE_SHIFT);
	row_number(row, zone->start_pfn);
	row_number(row, zone->node);
	row_children(row, &(struct table){
				  .name = "kmem",
				  .columns = told->blocks ? list_columns : area_columns,
				  .count = told->count,
				  .put = told->blocks ? put_list : put_area,
				  .arg = arg,
				  .headings = told->blocks ? HEADINGS_NEVER : HEADINGS_WITH_ROWS,
				  .heading_line = "AREA    SIZE  FREE_AREA_STRUCT  BLOCKS  PAGES",
				  .key = "areas" });
}

static void show_zone(const struct zone_lists *told)
{
	table_show(&(struct table){
		.name = "kmem",
		.columns = free_columns,
		.count = 1,
		.put = put_free_zone,
		.arg = (void *)told,
		.heading_line = "ZONE  NAME        SIZE    FREE      MEM_MAP       "
				"START_PADDR  START_MAPNR",
		.of = "zone" });
}

static const struct column sum_columns[] = {
	{ "nr_free_pages", "", CELL_NUMBER, .before = "nr_free_pages: " },
	{ "found", "", CELL_NUMBER, .before = "  " },
	{ 0 },
};

struct sum {
	u64 counted, exactly, found;
};

/* The counter that is printed lacks what CPUs have not yet added; with that it has to be right. */
static void put_sum(struct row *row, UNUSED size_t index, void *arg)
{
	const struct sum *sum = arg;

	row_number(row, sum->counted);
	row_number(row, sum->found);
	row_shown(row, sum->found == sum->exactly ? "(verified)"
						  : scope_printf("(found %llu)", sum->found));
}

/* Of each node readers see the number, where there are several. */
static void head_node(unsigned node, unsigned *last)
{
	if (node != *last && nodes_limit() > 1)
		table_remark("NODE\n%3u\n", node);
	*last = node;
}

void zoneshow_free(bool pages)
{
	struct zone *zones;
	size_t count = zones_all(&zones), nr_lists;
	struct free_list *lists;
	struct sum sum = { 0 };
	unsigned last = ~0U;

	nr_lists = free_lists_read(zones, count, &lists);
	for (size_t z = 0; z < count; z++) {
		struct zone_lists told = { .zone = &zones[z], .lists = lists, .blocks = pages };

		while (told.count < nr_lists && lists[told.count].zone == &zones[z])
			sum.found += lists[told.count].blocks << lists[told.count].order,
				told.count++;
		head_node(zones[z].node, &last);
		show_zone(&told);
		table_remark("\n");
		sum.counted += zone_free_pages(&zones[z]);
		sum.exactly += zones[z].present ? zone_free_pages_exactly(&zones[z]) : 0;
		lists += told.count;
		nr_lists -= told.count;
	}
	table_show(&ONE_ROW("kmem", sum_columns, put_sum, &sum));
}

bool zoneshow_free_block(u64 pfn)
{
	struct zone *zones;
	size_t count = zones_all(&zones);
	struct free_block block;
	unsigned last = ~0U;

	if (!free_block_find(zones, count, pfn, &block))
		return false;
	head_node(block.list.zone->node, &last);
	show_zone(&(struct zone_lists){ .zone = block.list.zone,
					.lists = &block.list,
					.count = 1,
					.block = &block,
					.pfn = pfn,
					.blocks = true });
	return true;
}
