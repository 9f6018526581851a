/* show/vmallocshow.c - areas of vmalloc, vmap and ioremap as rows. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/vmallocshow.h"

#include "base/fail.h"
#include "base/table.h"
#include "shell/command.h"
#include "symbols.h"

enum { DETAILS = 1 };

static const struct column area_columns[] = {
	{ "vmap_area", "VMAP_AREA", CELL_ADDRESS, .align = ALIGN_CENTRE_RIGHT, .width = 16,
	  .zeros = true },
	{ "vm_struct", "VM_STRUCT", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "start", "", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "end", "", CELL_ADDRESS, .before = " - ", .width = 16, .zeros = true },
	{ "size", "SIZE", CELL_SIZE, .width = 7 },
	{ "unpurged", "", .kind = CELL_FLAG },
	{ "caller", "", .kind = CELL_TEXT, .when = DETAILS },
	{ "pages", "", CELL_NUMBER, .before = "  pages=", .when = DETAILS },
	{ "physical", "", CELL_ADDRESS, .before = "  phys=", .when = DETAILS },
	{ "flags", "", .kind = CELL_TEXT, .when = DETAILS },
	{ 0 },
};

/* Scope memory. */
static const char *place(u64 address)
{
	u64 offset;
	const struct symbol *symbol = symbol_at(address, &offset);

	return symbol ? scope_printf("%s+0x%llx", symbol->name, offset)
		      : scope_printf("%llx", address);
}

static void put_details(struct row *row, const struct vmalloc_area *area)
{
	struct strbuf *words = scope_strbuf();

	vmalloc_area_words(area, words);
	if (area->caller)
		row_text(row, place(area->caller));
	else
		row_none(row);
	if (area->nr_pages)
		row_number(row, area->nr_pages);
	else
		row_none(row);
	if (area->physical)
		row_address(row, area->physical);
	else
		row_none(row);
	row_text(row, strbuf_text(words));
}

static void put_area(struct row *row, size_t index, void *arg)
{
	const struct vmalloc_area *area = &((const struct vmalloc_area *)arg)[index];

	row_stands_for(row, area->address);
	row_address(row, area->address);
	if (area->vm)
		row_address(row, area->vm);
	else
		row_null(row, "----------------");
	row_address(row, area->start);
	row_address(row, area->end);
	row_size(row, area->end - area->start);
	if (area->freed) {
		row_flag(row, true);
		row_shown(row, "unpurged");
	} else {
		row_none(row);
	}
	put_details(row, area);
}

static void show(const struct vmalloc_area *areas, size_t count, bool details)
{
	table_show(&(struct table){
		.name = "kmem",
		.columns = area_columns,
		.count = count,
		.put = put_area,
		.arg = (void *)areas,
		.when = details ? DETAILS : 0,
		.heading_line = "   VMAP_AREA         VM_STRUCT                 ADDRESS RANGE"
				"                SIZE",
	});
}

static size_t read_areas(struct vmalloc_area **areas)
{
	const char *problem;
	size_t count = vmalloc_areas(areas, &problem);

	if (problem)
		command_problem("kmem", problem);
	return count;
}

void vmallocshow_all(bool details)
{
	struct vmalloc_area *areas;
	size_t count = read_areas(&areas);

	show(areas, count, details);
}

void vmallocshow_area(const struct vmalloc_area *area, bool details)
{
	show(area, 1, details);
}

bool vmallocshow_address(u64 address, bool details)
{
	struct vmalloc_area *areas;
	size_t count = read_areas(&areas);
	const struct vmalloc_area *area = vmalloc_find(areas, count, address);

	if (area)
		vmallocshow_area(area, details);
	return area;
}
