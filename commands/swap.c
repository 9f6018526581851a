/* commands/swap.c - the command swap: where pages go that memory has no room for. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "kernel/mm/swap.h"
#include "shell/command.h"

static const struct column area_columns[] = {
	{ "swap_info_struct", "", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "type", "", CELL_TEXT, .align = ALIGN_CENTRE, .width = 9 },
	{ "size", "", CELL_SIZE, .unit = 1024, .after = "k", .align = ALIGN_RIGHT, .width = 7 },
	{ "used", "", CELL_SIZE, .unit = 1024, .after = "k", .align = ALIGN_CENTRE_RIGHT,
	  .width = 12 },
	{ NULL, "", CELL_NUMBER, .before = "", .after = "%", .width = 4 },
	{ "priority", "", CELL_SIGNED, .width = 3 },
	{ "name", "", .kind = CELL_BYTES },
	{ "leaving", "", .kind = CELL_FLAG },
	{ 0 },
};

static void put_area(struct row *row, size_t index, void *arg)
{
	const struct swap_area *area = &((const struct swap_area *)arg)[index];

	row_stands_for(row, area->address);
	row_address(row, area->address);
	row_text(row, area->device ? "PARTITION" : "FILE");
	row_size(row, area->pages * PAGE_BYTES);
	row_size(row, area->used * PAGE_BYTES);
	row_number(row, area->pages ? area->used * 100 / area->pages : 0);
	row_signed(row, area->priority);
	if (area->name)
		row_bytes(row, area->name, strlen(area->name));
	else
		row_unknown(row, NULL);
	if (area->leaving) {
		row_flag(row, true);
		row_shown(row, "(swapoff)");
	} else {
		row_none(row);
	}
}

static void run_swap(struct args *args)
{
	struct swap_area *areas;
	size_t count;

	args_check_words(args, "", 0, 0);
	count = swap_areas(&areas);
	table_show(&(struct table){
		.name = "swap",
		.columns = area_columns,
		.count = count,
		.put = put_area,
		.arg = areas,
		.heading_line =
			"SWAP_INFO_STRUCT    TYPE       SIZE       USED     PCT  PRI  FILENAME",
		.of = "swap area",
	});
}

COMMAND(swap) = {
	.name = "swap",
	.summary = "swap areas",
	.synopsis = "",
	.description =
		"Shows each partition or file that pages are swapped to: its size, how much of it "
		"is used, and which is filled first. An area that swapoff empties is marked so.",
	.example = "crash> swap\n"
		   "SWAP_INFO_STRUCT    TYPE       SIZE       USED     PCT  PRI  FILENAME\n"
		   "ffff88cc0f8ee000  PARTITION   24572k      256k      1%   -2  /dev/zram0\n"
		   "ffff88cc02925800    FILE       8188k       0k       0%   -3  "
		   "/mnt/disk/swapfile\n",
	.run = run_swap,
};
