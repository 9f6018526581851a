/* commands/ptob.c - the command ptob: the address at which a page begins. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "shell/command.h"

static const struct column columns[] = {
	{ "page", "", CELL_ADDRESS, .before = "", .after = ":" },
	{ "address", "", CELL_ADDRESS, .before = " " },
	{ 0 },
};

static void put_address(struct row *row, size_t index, void *arg)
{
	const struct args *args = arg;
	u64 page = argument_address(args->words[index]);

	if (page >> (64 - PAGE_SHIFT))
		fail("%s: no page has such a number: its address would need more than 64 bits",
		     args->words[index]);
	row_address(row, page);
	row_address(row, page << PAGE_SHIFT);
}

static void run_ptob(struct args *args)
{
	args_check_words(args, "a page number", 1, SIZE_MAX);
	table_show(&(struct table){ .name = "ptob",
				    .columns = columns,
				    .count = args->nr_words,
				    .put = put_address,
				    .arg = args,
				    .headings = HEADINGS_NEVER });
}

COMMAND(ptob) = {
	.name = "ptob",
	.summary = "page number to bytes",
	.synopsis = "page_number ...",
	.description = "Shows the address at which a page begins, both hexadecimal.",
	.example = "crash> ptob 512a 1\n"
		   "512a: 512a000\n"
		   "1: 1000\n",
	.run = run_ptob,
};
