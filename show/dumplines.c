/* show/dumplines.c - "    name: value" lines of help -k and its siblings: in JSON an object of them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/dumplines.h"

#include "base/fail.h"

static unsigned name_width;
static struct table_run run;

static void put_line(struct row *row, size_t index, void *arg);

static const struct column columns[] = {
	{ "key", NULL, .kind = CELL_TEXT },
	{ NULL, "", .kind = CELL_TEXT },
	{ "value", "", CELL_ANY, .before = "" },
	{ 0 },
};
static const struct dump_line *line; /* the one that is being put */
static const struct table *rows; /* instead of a line */
static const struct table table = {
	.columns = columns, .put = put_line, .headings = HEADINGS_NEVER, .pairs = true
};

static const char *key_of_name(const char *name)
{
	char *key = scope_strdup(name + (*name == '.'));

	key[strcspn(key, "[")] = '\0';
	for (char *at = key; *at; at++) {
		if (*at == ' ')
			*at = '_';
	}
	return key;
}

static void put_value(struct row *row)
{
	switch (line->kind) {
	case CELL_NUMBER:
		row_number(row, line->number);
		break;
	case CELL_SIGNED:
		row_signed(row, (s64)line->number);
		break;
	case CELL_ADDRESS:
		row_address(row, line->number);
		break;
	case CELL_FLAG:
		row_flag(row, line->number);
		break;
	case CELL_BYTES:
		row_bytes(row, line->text, strlen(line->text));
		break;
	default:
		row_text(row, line->text);
		break;
	}
}

static void put_line(struct row *row, UNUSED size_t index, UNUSED void *arg)
{
	if (rows) {
		row_children(row, rows);
		row_none(row);
		row_none(row);
		row_none(row);
		return;
	}
	row_text(row, line->key ? line->key : key_of_name(line->name));
	if (line->name)
		row_text(row,
			 scope_printf(line->below ? "%*s:" : "%*s: ", (int)name_width, line->name));
	else
		row_none(row);
	if (line->null) {
		row_null(row, line->shown);
		return;
	}
	if (line->put)
		line->put(row, line->arg);
	else
		put_value(row);
	if (!line->name)
		row_shown(row, "");
	else if (line->shown)
		row_shown(row, line->below ? scope_printf("\n   %s", line->shown) : line->shown);
}

void dump_begin(unsigned width)
{
	name_width = width;
	table_begin(&run, &table);
}

void dump_end(void)
{
	table_end(&run);
}

void dump_width(unsigned width)
{
	name_width = width;
}

void dump_put(const struct dump_line *new_line)
{
	line = new_line;
	rows = NULL;
	table_put(&run, 0);
}

void dump_heading(const char *name)
{
	table_remark("%*s: \n", (int)name_width, name);
}

void dump_rows(const struct table *new_rows)
{
	rows = new_rows;
	table_put(&run, 0);
}

static void fail_so(UNUSED struct row *row, void *why)
{
	fail("%s", (const char *)why);
}

static void put_why(struct row *row, void *why)
{
	row_protect(row, fail_so, why);
}

void dump_line_or_why(const char *name, void (*body)(void *arg))
{
	struct failure failure;

	if (!protect_row(body, NULL, &failure))
		dump_line(name, .put = put_why, .arg = failure.text,
			  .shown = scope_printf("unknown: %s", failure.text));
}
