/* show/nodeshow.c - NUMA nodes with their zones, sections and blocks of memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/nodeshow.h"

#include "base/fail.h"
#include "base/table.h"
#include "kernel/mm/page.h"
#include "kernel/mm/sparse.h"
#include "kernel/mm/zone.h"

#include <stdio.h>

struct subject {
	const struct node *node;
	struct zone *zones;
	size_t nr_zones;
};

/* ---- a node ---- */

static const struct column node_columns[] = {
	{ "node", "NODE", CELL_NUMBER, .width = 3 },
	{ "size", "SIZE", CELL_NUMBER, .width = 7 },
	{ "pglist_data", "PGLIST_DATA", CELL_ADDRESS, .before = "    ", .width = 16,
	  .zeros = true },
	{ NULL, "BOOTMEM_DATA", CELL_TEXT, .before = "        " },
	{ "present", NULL, .kind = CELL_NUMBER },
	{ NULL, "NODE_ZONES", CELL_ADDRESS, .before = "        ", .separator = "\n" },
	{ 0 },
};

static const struct column map_columns[] = {
	{ "mem_map", "MEM_MAP", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "start_paddr", "START_PADDR", CELL_ADDRESS, .align = ALIGN_CENTRE_RIGHT, .before = "  ",
	  .width = 16 },
	{ "start_pfn", "START_MAPNR", CELL_NUMBER, .align = ALIGN_CENTRE_RIGHT, .before = "  ",
	  .width = 11, .filled = true },
	{ 0 },
};

static const struct column zone_columns[] = {
	{ "zone", "ZONE", CELL_NUMBER, .width = 3 },
	{ "name", "NAME", CELL_TEXT, .before = "   ", .width = 9 },
	{ "size", "SIZE", CELL_NUMBER, .before = "", .width = 8 },
	{ "mem_map", "MEM_MAP", CELL_ADDRESS, .width = 16, .align = ALIGN_RIGHT },
	{ "start_paddr", "START_PADDR", CELL_ADDRESS, .width = 11, .align = ALIGN_RIGHT },
	{ "start_pfn", "START_MAPNR", CELL_NUMBER, .width = 11 },
	{ "address", NULL, .kind = CELL_ADDRESS },
	{ 0 },
};

static void put_map(struct row *row, UNUSED size_t index, void *arg)
{
	const struct subject *subject = arg;
	u64 first = subject->node->start_pfn;

	row_address(row, page_of_pfn(first));
	row_address(row, first << PAGE_SHIFT);
	row_number(row, first);
}

static void put_zone(struct row *row, size_t index, void *arg)
{
	const struct zone *zone = &((const struct subject *)arg)->zones[index];

	row_stands_for(row, zone->address);
	row_number(row, zone->index);
	row_text(row, zone->name);
	row_number(row, zone->spanned);
	row_address(row, zone->spanned ? page_of_pfn(zone->start_pfn) : 0);
	row_address(row, zone->start_pfn << PAGE_SHIFT);
	row_number(row, zone->start_pfn);
	row_address(row, zone->address);
}

static void put_node(struct row *row, size_t index, void *arg)
{
	struct subject *subject = &((struct subject *)arg)[index];
	const struct node *node = subject->node;
	struct strbuf *zones = scope_strbuf();

	for (size_t i = 0; i < subject->nr_zones; i++)
		strbuf_printf(zones, "%s%*s%016llx", i ? "\n" : "", i ? 52 : 0, "",
			      subject->zones[i].address);
	row_stands_for(row, node->address);
	row_number(row, node->id);
	row_number(row, node->spanned);
	row_address(row, node->address);
	row_text(row, "----");
	row_number(row, node->present);
	row_address(row, 0);
	row_shown(row, strbuf_text(zones));
	row_children(row, &(struct table){
				  .name = "kmem",
				  .columns = map_columns,
				  .count = 1,
				  .put = put_map,
				  .arg = subject,
				  .heading_line = "    MEM_MAP          START_PADDR    START_MAPNR",
				  .part = true });
	row_remark(row, "\n");
	row_children(row,
		     &(struct table){ .name = "kmem",
				      .columns = zone_columns,
				      .count = subject->nr_zones,
				      .put = put_zone,
				      .arg = subject,
				      .heading_line = "ZONE  NAME         SIZE       MEM_MAP      "
						      "START_PADDR  START_MAPNR",
				      .key = "zones" });
	row_remark(row,
		   "\n-------------------------------------------------------------------\n\n");
}

/* ---- sections, blocks ---- */

static const struct column section_columns[] = {
	{ "section", "NR", CELL_NUMBER, .width = 2 },
	{ "mem_section", "SECTION", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "coded_mem_map", "CODED_MEM_MAP", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "mem_map", "MEM_MAP", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "state", "STATE", CELL_TEXT, .width = 4 },
	{ "start_pfn", "PFN", CELL_NUMBER, .align = ALIGN_LEFT, .width = 16, .filled = true },
	{ 0 },
};

static void put_section(struct row *row, size_t index, void *arg)
{
	const struct section *section = &((const struct section *)arg)[index];

	row_stands_for(row, section->address);
	row_number(row, section->number);
	row_address(row, section->address);
	row_address(row, section->coded_map);
	row_address(row, section->map);
	row_text(row, section->state);
	row_number(row, section->first_pfn);
}

static const struct column block_columns[] = {
	{ "memory_block", "", CELL_ADDRESS, .before = " ", .width = 16, .zeros = true },
	{ "name", "", CELL_TEXT, .before = "   ", .width = 9 },
	{ "start", "", CELL_ADDRESS, .before = "", .width = 9 },
	{ "end", "", CELL_ADDRESS, .before = " - " },
	{ "node", "", CELL_SIGNED, .align = ALIGN_LEFT, .width = 4 },
	{ "state", "", CELL_TEXT, .before = " ", .width = 7 },
	{ "start_section", "", CELL_NUMBER, .before = " ", .align = ALIGN_LEFT, .width = 12,
	  .filled = true },
	{ "metadata_pages", NULL, .kind = CELL_NUMBER },
	{ 0 },
};

static void put_block(struct row *row, size_t index, void *arg)
{
	const struct memory_block *block = &((const struct memory_block *)arg)[index];
	u64 bytes = block->end - block->start;

	row_stands_for(row, block->address);
	row_address(row, block->address);
	row_text(row, scope_printf("memory%llu", bytes ? block->start / bytes : index));
	row_address(row, block->start);
	row_address(row, block->end - 1);
	row_signed(row, block->node);
	row_text(row, block->state);
	row_number(row, block->first_section);
	row_number(row, block->metadata_pages);
}

void nodeshow(void)
{
	struct node *nodes;
	struct section *sections;
	struct memory_block *blocks;
	size_t nr_nodes = nodes_read(&nodes), count;
	struct subject *subjects = scope_array(nr_nodes + 1, sizeof(*subjects));

	for (size_t i = 0; i < nr_nodes; i++) {
		subjects[i].node = &nodes[i];
		subjects[i].nr_zones = zones_read(&nodes[i], &subjects[i].zones);
	}
	table_show(&(struct table){
		.name = "kmem",
		.columns = node_columns,
		.count = nr_nodes,
		.put = put_node,
		.arg = subjects,
		.heading_line =
			"NODE    SIZE      PGLIST_DATA       BOOTMEM_DATA       NODE_ZONES   ",
		.of = "node" });
	count = sections_read(&sections);
	table_show(&(struct table){
		.name = "kmem",
		.columns = section_columns,
		.count = count,
		.put = put_section,
		.arg = sections,
		.heading_line =
			"NR      SECTION        CODED_MEM_MAP        MEM_MAP       STATE PFN" });
	count = memory_blocks_read(&blocks);
	if (count)
		table_remark("\n");
	table_show(&(struct table){
		.name = "kmem",
		.columns = block_columns,
		.count = count,
		.put = put_block,
		.arg = blocks,
		.headings = HEADINGS_WITH_ROWS,
		.heading_line = "   MEM_BLOCK        NAME       PHYSICAL RANGE    NODE"
				"  STATE   START_SECTION_NO" });
}
