/* base/table.c - one description of a row: printed as text or as JSON, or handed to a caller who draws it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/table.h"

#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"

#include <stdlib.h>

struct row {
	struct table_run *run;
	const struct table *table;
	size_t index;
	size_t nr_cells, nr_given; /* those that the writer has */
	u64 stands_for;
	bool begun, skipped, coloured;
	enum colour colour;
	struct cell cells[TABLE_COLUMNS_MAX];
};

static void (*problem)(const char *name, const char *text);

void table_set_problem(void (*new_problem)(const char *name, const char *text))
{
	problem = new_problem;
}

static size_t count_columns(const struct column *columns)
{
	size_t count = 0;

	while (columns[count].key || columns[count].heading)
		count++;
	if (count > TABLE_COLUMNS_MAX)
		BUG("a table has %zu columns", count);
	return count;
}

static bool is_there(const struct table *table, const struct column *column)
{
	return !column->when || (column->when & table->when);
}

/* ---- as text ---- */

/* The line that is laid out: it is printed before anything else is. */
static struct strbuf line, word;

static void add_label(const struct table *table, const struct column *column)
{
	size_t length = strlen(column->heading);

	for (size_t i = length; i < table->labels; i++)
		strbuf_putc(&line, ' ');
	strbuf_add(&line, column->heading, length);
	strbuf_puts(&line, table->between ? table->between : ": ");
}

/* Nothing to see, and no width to keep: then what stands before it goes as well. */
static bool is_left_out(const struct column *column, const struct cell *cell)
{
	if (column->width)
		return false;
	if (cell->shown)
		return !*cell->shown;
	return (cell->state == CELL_NONE && !column->none) || cell->state == CELL_NULL;
}

static void add_cell(const struct table_run *run, unsigned at, const struct cell *cell)
{
	const struct table *table = run->table;
	const struct column *column = &table->columns[run->placed[at]];
	bool last = table->labels || at + 1 == run->nr_placed;

	if (column->before)
		strbuf_puts(&line, column->before);
	else if (at > 0 && !table->labels)
		strbuf_puts(&line, "  ");
	strbuf_reset(&word);
	if (table->labels && cell->state == CELL_FAILED)
		strbuf_puts(&word, cell->why);
	else
		cell_add_text(column, cell, &word);
	cell_add_padded(column, strbuf_text(&word), word.length, run->widths[at],
			!last || column->filled, &line);
}

static void put_headings(struct table_run *run)
{
	const struct table *table = run->table;

	run->headed = true;
	if (table->heading_line) {
		out("%s\n", table->heading_line);
		return;
	}
	strbuf_reset(&line);
	for (unsigned at = 0; at < run->nr_placed; at++) {
		const struct column *column = &table->columns[run->placed[at]];
		struct column centred = *column;

		if (column->before)
			strbuf_puts(&line, column->before);
		else if (at > 0)
			strbuf_puts(&line, "  ");
		/* Over addresses, which are as wide as their column. */
		if (column->align == ALIGN_AS_KIND && column->kind == CELL_ADDRESS)
			centred.align = ALIGN_CENTRE;
		cell_add_padded(&centred, column->heading, strlen(column->heading), run->widths[at],
				at + 1 < run->nr_placed || column->filled, &line);
	}
	strbuf_putc(&line, '\n');
	out_bytes(line.text, line.length);
}

static void text_cells(void *arg, const struct table *table, const struct cell *cells, size_t from,
		       size_t end)
{
	struct table_run *run = arg;
	bool any = false;

	if (table->headings == HEADINGS_WITH_ROWS && !run->headed)
		put_headings(run);
	strbuf_reset(&line);
	for (unsigned at = 0; at < run->nr_placed; at++) {
		size_t index = run->placed[at];

		if (index < from || index >= end ||
		    is_left_out(&table->columns[index], &cells[index - from]))
			continue;
		any = true;
		if (table->labels && table->columns[index].heading[0])
			add_label(table, &table->columns[index]);
		add_cell(run, at, &cells[index - from]);
		if (table->labels)
			strbuf_putc(&line, '\n');
	}
	if (!any)
		return;
	/* A coloured line is one from its first column to its last. */
	if (run->row->coloured && colour_is_shown()) {
		out("%s\n", colour_line(run->row->colour, strbuf_text(&line)));
		return;
	}
	if (!table->labels)
		strbuf_putc(&line, '\n');
	out_bytes(line.text, line.length);
}

static void nothing_begins(UNUSED void *arg, UNUSED const struct table *table, UNUSED size_t index)
{
}

static void nothing_below(UNUSED void *arg, UNUSED const struct table *table)
{
}

static void nothing_ends(UNUSED void *arg)
{
}

static void nothing_stands(UNUSED void *arg, UNUSED u64 stands_for)
{
}

static const struct row_writer text_writer = {
	.row_begin = nothing_begins,
	.cells = text_cells,
	.children = nothing_below,
	.children_end = nothing_ends,
	.row_end = nothing_stands,
};

/* ---- as JSON ---- */

static void json_row_begin(UNUSED void *arg, const struct table *table, UNUSED size_t index)
{
	if (!table->plain)
		json_object(NULL);
}

static void json_cells(UNUSED void *arg, const struct table *table, const struct cell *cells,
		       size_t from, size_t end)
{
	for (size_t i = from; i < end; i++) {
		struct column column = table->columns[i];

		if (!column.key || !is_there(table, &column))
			continue;
		if (table->plain)
			column.key = NULL;
		cell_put_json(&column, &cells[i - from]);
	}
}

static void json_children(UNUSED void *arg, const struct table *table)
{
	json_list(table->key);
}

static void json_children_end(UNUSED void *arg)
{
	json_end();
}

static void json_row_end(void *arg, UNUSED u64 stands_for)
{
	const struct table_run *run = arg;

	if (!run->table->plain)
		json_end();
}

static const struct row_writer json_writer = {
	.row_begin = json_row_begin,
	.cells = json_cells,
	.children = json_children,
	.children_end = json_children_end,
	.row_end = json_row_end,
};

/* ---- rows ---- */

static bool is_ours(const struct table_run *run)
{
	return run->writer == &text_writer || run->writer == &json_writer;
}

static void give_cells(struct row *row)
{
	const struct table_run *run = row->run;

	if (!row->begun)
		run->writer->row_begin(run->arg, row->table, row->index);
	row->begun = true;
	run->writer->cells(run->arg, row->table, row->cells + row->nr_given, row->nr_given,
			   row->nr_cells);
	row->nr_given = row->nr_cells;
}

static void run_row(void *arg)
{
	struct row *row = arg;

	row->table->put(row, row->index, row->table->arg);
	if (row->skipped)
		return;
	if (row->nr_cells != row->run->nr_columns)
		BUG("%s: a row of %zu cells in a table of %zu columns", row->table->name,
		    row->nr_cells, row->run->nr_columns);
	give_cells(row);
	row->run->writer->row_end(row->run->arg, row->stands_for);
}

static void tell_failure(const struct row *row, const char *why)
{
	const struct table *table = row->table;
	struct strbuf *text;

	if (!is_ours(row->run)) {
		row->run->writer->failed(row->run->arg, why);
		return;
	}
	text = scope_strbuf();
	if (table->of && row->stands_for)
		strbuf_printf(text, "%s %llx: ", table->of, row->stands_for);
	strbuf_puts(text, why);
	if (problem)
		problem(table->name, strbuf_text(text));
}

static bool run_protected(struct row *row)
{
	struct failure failure;

	/* What failed inside an object stands in its place there. */
	if (row->run->nested && row->run->writer == &json_writer) {
		if (json_protect(NULL, run_row, row))
			return true;
		if (problem)
			problem(row->table->name, NULL);
		return false;
	}
	if (protect_row(run_row, row, &failure))
		return true;
	tell_failure(row, failure.text);
	return false;
}

bool table_put(struct table_run *run, size_t index)
{
	const struct table *table = run->table;
	bool text = run->writer == &text_writer, worked;
	struct row row;

	interrupt_check();
	run->row = &row;
	row.run = run;
	row.table = table;
	row.index = index;
	row.nr_cells = row.nr_given = 0;
	row.stands_for = 0;
	row.begun = row.skipped = row.coloured = false;
	worked = run_protected(&row);
	if (row.skipped)
		return false;
	run->nr_rows++;
	if (text && table->blank_after)
		out("\n");
	return worked;
}

/* ---- whole tables ---- */

static void measure_cells(void *arg, const struct table *table, const struct cell *cells,
			  size_t from, size_t end)
{
	struct table_run *run = arg;

	for (unsigned at = 0; at < run->nr_placed; at++) {
		size_t index = run->placed[at];

		if (index < from || index >= end || !table->columns[index].fit)
			continue;
		strbuf_reset(&word);
		cell_add_text(&table->columns[index], &cells[index - from], &word);
		run->widths[at] = max_u64(run->widths[at], word.length);
	}
}

static void not_measured(UNUSED void *arg, UNUSED const char *why)
{
}

static const struct row_writer measure_writer = {
	.row_begin = nothing_begins,
	.cells = measure_cells,
	.row_end = nothing_stands,
	.failed = not_measured,
};

/* 0 is behind all others. */
static unsigned place_of(const struct column *column)
{
	return column->place - 1;
}

static void place_columns(struct table_run *run)
{
	const struct column *columns = run->table->columns;

	for (size_t i = 0; i < run->nr_columns; i++) {
		unsigned at = run->nr_placed;

		if (!columns[i].heading || !is_there(run->table, &columns[i]))
			continue;
		for (; at > 0 && place_of(&columns[run->placed[at - 1]]) > place_of(&columns[i]);
		     at--)
			run->placed[at] = run->placed[at - 1];
		run->placed[at] = i;
		run->nr_placed++;
	}
}

static void find_widths(struct table_run *run)
{
	bool any_fits = false;

	for (unsigned at = 0; at < run->nr_placed; at++) {
		const struct column *column = &run->table->columns[run->placed[at]];

		run->widths[at] = column->width;
		if (!column->fit)
			continue;
		any_fits = true;
		run->widths[at] = max_u64(column->width, strlen(column->heading));
	}
	for (size_t i = 0; i < run->table->count && any_fits; i++)
		table_get(run->table, i, &measure_writer, run);
}

static void begin(struct table_run *run, const struct table *table, const struct row_writer *writer,
		  void *arg)
{
	*run = (struct table_run){ .table = table, .writer = writer, .arg = arg };
	run->nr_columns = count_columns(table->columns);
	if (!is_ours(run))
		return;
	run->arg = run;
	if (writer == &json_writer)
		return;
	place_columns(run);
	find_widths(run);
	if (table->headings == HEADINGS_FIRST && (!table->labels || table->heading_line))
		put_headings(run);
}

void table_begin(struct table_run *run, const struct table *table)
{
	begin(run, table, json_on() ? &json_writer : &text_writer, NULL);
}

void table_end(struct table_run *run)
{
	if (run->nr_rows == 0 && run->table->none && run->writer == &text_writer)
		out("%s\n", run->table->none);
}

static void put_all(struct table_run *run)
{
	for (size_t i = 0; i < run->table->count; i++)
		table_put(run, i);
	table_end(run);
}

size_t table_show(const struct table *table)
{
	struct table_run run;

	table_begin(&run, table);
	put_all(&run);
	return run.nr_rows;
}

bool table_get(const struct table *table, size_t index, const struct row_writer *writer, void *arg)
{
	struct table_run run;

	begin(&run, table, writer, arg);
	return table_put(&run, index);
}

void table_remark(const char *format, ...)
{
	struct strbuf *text;
	va_list args;

	if (json_on())
		return;
	text = scope_strbuf();
	va_start(args, format);
	strbuf_vprintf(text, format, args);
	va_end(args);
	out_text(strbuf_text(text));
}

/* ---- what a put function calls ---- */

static struct cell *add(struct row *row, enum cell_state state)
{
	struct cell *cell = &row->cells[row->nr_cells];

	if (row->nr_cells == row->run->nr_columns)
		BUG("%s: a row has more cells than its table columns", row->table->name);
	row->nr_cells++;
	*cell = (struct cell){ .state = state };
	return cell;
}

/* A known value of one of these kinds. */
static struct cell *add_known(struct row *row, unsigned kinds)
{
	struct cell *cell = add(row, CELL_KNOWN);
	const struct column *column = &row->table->columns[row->nr_cells - 1];

	if (!(kinds & 1U << column->kind))
		BUG("%s: %s has a value of another kind", row->table->name,
		    column->key ? column->key : column->heading);
	return cell;
}

void row_text(struct row *row, const char *text)
{
	add_known(row, 1U << CELL_TEXT)->value.text = text;
}

void row_address(struct row *row, u64 address)
{
	add_known(row, 1U << CELL_ADDRESS)->value.number = address;
}

void row_number(struct row *row, u64 number)
{
	add_known(row, 1U << CELL_NUMBER)->value.number = number;
}

void row_signed(struct row *row, s64 number)
{
	add_known(row, 1U << CELL_SIGNED)->value.negative = number;
}

void row_size(struct row *row, u64 bytes)
{
	add_known(row, 1U << CELL_SIZE)->value.number = bytes;
}

void row_real(struct row *row, double number)
{
	add_known(row, 1U << CELL_REAL)->value.real = number;
}

void row_time(struct row *row, u64 ns)
{
	add_known(row, 1U << CELL_TIME)->value.number = ns;
}

void row_flag(struct row *row, bool flag)
{
	add_known(row, 1U << CELL_FLAG)->value.number = flag;
}

void row_unknown(struct row *row, const struct fault *fault)
{
	add(row, CELL_UNKNOWN)->why = fault ? fault_text(fault) : NULL;
}

void row_null(struct row *row, const char *text)
{
	add(row, CELL_NULL)->shown = text;
}

void row_none(struct row *row)
{
	add(row, CELL_NONE);
}

void row_shown(struct row *row, const char *text)
{
	if (row->nr_cells == 0)
		BUG("%s: no value to be shown", row->table->name);
	row->cells[row->nr_cells - 1].shown = text;
}

struct part {
	struct row *row;
	void (*put)(struct row *row, void *arg);
	void *arg;
	size_t nr_cells;
	char *text, *shown; /* what the cell says, which outlives the scope that it was put in */
};

static void put_part(void *arg)
{
	struct part *part = arg;
	const struct row *row = part->row;
	const struct cell *cell = &row->cells[part->nr_cells];

	part->put(part->row, part->arg);
	if (part->row->nr_cells != part->nr_cells + 1)
		BUG("%s: a part of a row is one value", row->table->name);
	if (cell->state == CELL_KNOWN && row->table->columns[part->nr_cells].kind == CELL_TEXT &&
	    cell->value.text)
		part->text = xstrdup(cell->value.text);
	if (cell->shown)
		part->shown = xstrdup(cell->shown);
}

static const char *kept(char *text)
{
	scope_cleanup(free, text);
	return text;
}

void row_protect(struct row *row, void (*put)(struct row *row, void *arg), void *arg)
{
	struct part part = { row, put, arg, row->nr_cells, NULL, NULL };
	struct failure failure;

	if (protect_row(put_part, &part, &failure)) {
		if (part.text)
			row->cells[part.nr_cells].value.text = kept(part.text);
		if (part.shown)
			row->cells[part.nr_cells].shown = kept(part.shown);
		return;
	}
	row->nr_cells = part.nr_cells;
	add(row, CELL_FAILED)->why = scope_strdup(failure.text);
	if (is_ours(row->run) && problem)
		problem(row->table->name, NULL);
}

void row_stands_for(struct row *row, u64 address)
{
	row->stands_for = address;
}

void row_skip(struct row *row)
{
	row->skipped = true;
}

void row_colour(struct row *row, enum colour colour)
{
	row->coloured = true;
	row->colour = colour;
}

void row_children(struct row *row, const struct table *table)
{
	const struct table_run *outer = row->run;
	struct table_run run;

	give_cells(row);
	if (!outer->writer->children || (outer->writer == &json_writer && !table->key))
		return;
	outer->writer->children(outer->arg, table);
	begin(&run, table, outer->writer, outer->arg);
	run.nested = true;
	put_all(&run);
	outer->writer->children_end(outer->arg);
}
