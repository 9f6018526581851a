/* commands/btop.c - the command btop: the number of the page that an address is in. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "shell/command.h"

static const struct column columns[] = {
	{ "address", "", CELL_ADDRESS, .before = "", .after = ":" },
	{ "page", "", CELL_ADDRESS, .before = " " },
	{ 0 },
};

static void put_page(struct row *row, size_t index, void *arg)
{
	const struct args *args = arg;
	u64 address = argument_address(args->words[index]);

	row_address(row, address);
	row_address(row, address >> PAGE_SHIFT);
}

static void run_btop(struct args *args)
{
	args_check_words(args, "an address", 1, SIZE_MAX);
	table_show(&(struct table){ .name = "btop",
				    .columns = columns,
				    .count = args->nr_words,
				    .put = put_page,
				    .arg = args,
				    .headings = HEADINGS_NEVER });
}

COMMAND(btop) = {
	.name = "btop",
	.summary = "bytes to page number",
	.synopsis = "address ...",
	.description = "Shows the number of the page that an address is in, both hexadecimal.",
	.example = "crash> btop 512a000 1234567\n"
		   "512a000: 512a\n"
		   "1234567: 1234\n",
	.arguments = "address",
	.run = run_btop,
};
