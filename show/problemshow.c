/* show/problemshow.c - a line below a row: what is wrong with the lists that it was made from. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/problemshow.h"

#include "base/fail.h"

static const struct column columns[] = {
	{ "lists", "  PROBLEM", .kind = CELL_TEXT },
	{ 0 },
};

static void put_text(UNUSED struct row *row, void *text)
{
	fail("%s", (const char *)text);
}

static void put_problem(struct row *row, UNUSED size_t index, void *text)
{
	row_protect(row, put_text, text);
}

void problemshow(struct row *row, const char *text)
{
	if (text[0])
		row_children(row, &ONE_ROW("kmem", columns, put_problem, (void *)text, .labels = 9,
					   .part = true));
}
