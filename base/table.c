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
	bool in_list;
	struct cell *items; /* of the list that is being put */
	size_t nr_items, space;
	struct cell cells[TABLE_COLUMNS_MAX];
};

static void (*problem)(const char *name, const char *text);

void table_set_problem(void (*new_problem)(const char *name, const char *text))
{
	problem = new_problem;
}

static void tell(const struct table *table, const char *text)
{
	if (problem && table->name)
		problem(table->name, text);
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
static struct strbuf line;

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
	if (column->width && !column->loose)
		return false;
	if (cell->shown)
		return !*cell->shown;
	return (cell->state == CELL_NONE && !column->none) || cell->state == CELL_NULL;
}

static void add_cell(struct table_run *run, unsigned at, const struct cell *cell)
{
	const struct table *table = run->table;
	const struct column *column = &table->columns[run->placed[at]];
	bool last = table->labels || at + 1 == run->nr_placed;
	size_t from;

	if (column->before)
		strbuf_puts(&line, column->before);
	else if (at > 0 && (!table->labels || column->same_line))
		strbuf_puts(&line, "  ");
	if (cell->coloured) {
		run->row->coloured = true;
		run->row->colour = cell->colour;
	}
	from = line.length;
	if (table->labels && cell->state == CELL_FAILED && !cell->shown)
		strbuf_puts(&line, cell->why);
	else
		cell_add_text(column, cell, &line);
	cell_pad(column, from, run->widths[at], !last || column->filled, &line);
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
		size_t from;

		if (column->before)
			strbuf_puts(&line, column->before);
		else if (at > 0)
			strbuf_puts(&line, "  ");
		/* Over addresses, which are as wide as their column. */
		if (column->align == ALIGN_AS_KIND && column->kind == CELL_ADDRESS)
			centred.align = ALIGN_CENTRE;
		from = line.length;
		strbuf_puts(&line, column->heading);
		cell_pad(&centred, from, run->widths[at], at + 1 < run->nr_placed || column->filled,
			 &line);
	}
	strbuf_putc(&line, '\n');
	out_bytes(line.text, line.length);
}

/* A coloured line is one from its first column to its last. */
static void end_line(struct row *row)
{
	if (row->coloured && colour_is_shown()) {
		out("%s\n", colour_line(row->colour, strbuf_text(&line)));
	} else {
		strbuf_putc(&line, '\n');
		out_bytes(line.text, line.length);
	}
	if (row->table->labels)
		row->coloured = false;
	strbuf_reset(&line);
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
		if (any && table->labels && !table->columns[index].same_line)
			end_line(run->row);
		any = true;
		if (table->labels && table->columns[index].heading[0])
			add_label(table, &table->columns[index]);
		add_cell(run, at, &cells[index - from]);
	}
	if (any)
		end_line(run->row);
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

/* Its rows are objects. */
static bool has_objects(const struct table *table)
{
	return !table->plain && !table->pairs && !table->part;
}

static void json_row_begin(UNUSED void *arg, const struct table *table, UNUSED size_t index)
{
	if (has_objects(table))
		json_object(NULL);
}

static void put_pair(const struct table *table, const struct cell *cells, size_t from, size_t end)
{
	const char *key = NULL;

	for (size_t i = from; i < end; i++) {
		struct column column = table->columns[i];

		if (!column.key)
			continue;
		if (!key) {
			if (cells[i - from].state != CELL_KNOWN)
				return;
			key = cells[i - from].value.text;
			continue;
		}
		column.key = key;
		cell_put_json(&column, &cells[i - from]);
		return;
	}
}

static void json_cells(UNUSED void *arg, const struct table *table, const struct cell *cells,
		       size_t from, size_t end)
{
	if (table->pairs) {
		put_pair(table, cells, from, end);
		return;
	}
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
	if (table->pairs || table->part)
		json_object(table->key);
	else
		json_list(table->key);
}

static void json_children_end(UNUSED void *arg)
{
	json_end();
}

static void json_row_end(void *arg, UNUSED u64 stands_for)
{
	const struct table_run *run = arg;

	if (has_objects(run->table))
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
	if (!row->table->part)
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
	tell(table, strbuf_text(text));
}

static bool run_protected(struct row *row)
{
	struct failure failure;

	if (row->table->part) {
		run_row(row);
		return true;
	}
	if (row->table->whole) {
		protect_or_pass(run_row, row);
		return true;
	}
	/* What failed inside an object stands in its place there. */
	if (row->run->nested && row->run->writer == &json_writer) {
		if (json_protect(NULL, run_row, row))
			return true;
		tell(row->table, NULL);
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
	row.begun = table->part; /* of one that is */
	row.skipped = row.coloured = row.in_list = false;
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
	static struct strbuf word;
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
	if (table->pairs && run->writer == &json_writer)
		json_object(NULL);
}

void table_end(struct table_run *run)
{
	if (run->table->pairs && run->writer == &json_writer && !run->nested)
		json_end();
	if (run->nr_rows == 0 && run->table->none && run->writer == &text_writer)
		out("%s\n", run->table->none);
}

static void put_all(struct table_run *run)
{
	for (size_t i = 0; i < run->table->count && !run->ended; i++)
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

void form_show(const struct form_writer *writer, void *arg)
{
	void (*put)(void *arg) = json_on() ? writer->json : writer->text;

	if (put)
		put(arg);
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

static struct cell *add_item(struct row *row)
{
	struct cell *items = row->items;

	if (row->nr_items == row->space) {
		row->space = row->space ? 2 * row->space : 16;
		row->items = scope_array(row->space, sizeof(*items));
		if (items)
			memcpy(row->items, items, row->nr_items * sizeof(*items));
	}
	return &row->items[row->nr_items++];
}

static struct cell *add(struct row *row, enum cell_state state)
{
	struct cell *cell = &row->cells[row->nr_cells];

	if (row->nr_cells == row->run->nr_columns)
		BUG("%s: a row has more cells than its table columns", row->table->name);
	if (row->in_list)
		cell = add_item(row);
	else
		row->nr_cells++;
	*cell = (struct cell){ .state = state };
	return cell;
}

/* The one that was put last. */
static struct cell *last(struct row *row)
{
	if (row->in_list ? row->nr_items == 0 : row->nr_cells == 0)
		BUG("%s: no value to be shown", row->table->name);
	return row->in_list ? &row->items[row->nr_items - 1] : &row->cells[row->nr_cells - 1];
}

static struct cell *add_known(struct row *row, enum cell_kind kind)
{
	const struct column *column = &row->table->columns[row->nr_cells];
	struct cell *cell = add(row, CELL_KNOWN);

	if (column->kind != kind && column->kind != CELL_ANY)
		BUG("%s: %s has a value of another kind", row->table->name,
		    column->key ? column->key : column->heading);
	cell->kind = kind;
	return cell;
}

void row_text(struct row *row, const char *text)
{
	add_known(row, CELL_TEXT)->value.text = text;
}

void row_address(struct row *row, u64 address)
{
	add_known(row, CELL_ADDRESS)->value.number = address;
}

void row_number(struct row *row, u64 number)
{
	add_known(row, CELL_NUMBER)->value.number = number;
}

void row_signed(struct row *row, s64 number)
{
	add_known(row, CELL_SIGNED)->value.negative = number;
}

void row_size(struct row *row, u64 bytes)
{
	add_known(row, CELL_SIZE)->value.number = bytes;
}

void row_real(struct row *row, double number)
{
	add_known(row, CELL_REAL)->value.real = number;
}

void row_time(struct row *row, u64 ns)
{
	add_known(row, CELL_TIME)->value.number = ns;
}

void row_flag(struct row *row, bool flag)
{
	add_known(row, CELL_FLAG)->value.number = flag;
}

void row_bytes(struct row *row, const char *bytes, size_t length)
{
	struct cell *cell = add_known(row, CELL_BYTES);

	cell->value.text = bytes;
	cell->length = length;
}

void row_list(struct row *row)
{
	row->in_list = true;
	row->items = NULL;
	row->nr_items = row->space = 0;
}

void row_list_end(struct row *row)
{
	struct cell *cell;

	row->in_list = false;
	cell = add(row, CELL_LIST);
	cell->value.items = row->items;
	cell->length = row->nr_items;
}

bool row_wants(const struct row *row)
{
	const struct column *column = &row->table->columns[row->nr_cells];
	const struct row_writer *writer = row->run->writer;

	if (row->nr_cells == row->run->nr_columns || !is_there(row->table, column))
		return false;
	if (writer == &json_writer)
		return column->key;
	return column->heading || (writer != &text_writer && writer != &measure_writer);
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
	last(row)->shown = text;
}

void row_line_colour(struct row *row, enum colour colour)
{
	struct cell *cell = last(row);

	cell->coloured = true;
	cell->colour = colour;
}

struct part {
	struct row *row;
	void (*put)(struct row *row, void *arg);
	void *arg;
	size_t nr_cells;
	struct cell kept; /* what it put, which outlives the scope that it was put in */
};

static void free_cell(void *arg)
{
	struct cell *cell = arg;
	struct cell *items = (struct cell *)cell->value.items;

	free((char *)cell->shown);
	free((char *)cell->why);
	if (cell->state == CELL_LIST) {
		for (size_t i = 0; i < cell->length; i++)
			free_cell(&items[i]);
		free(items);
	} else if (cell->state == CELL_KNOWN &&
		   (cell->kind == CELL_TEXT || cell->kind == CELL_BYTES)) {
		free((char *)cell->value.text);
	}
}

/* With all that it points to on the heap. */
static void copy_cell(struct cell *copy, const struct cell *cell)
{
	struct cell *items;

	*copy = *cell;
	if (cell->shown)
		copy->shown = xstrdup(cell->shown);
	if (cell->why)
		copy->why = xstrdup(cell->why);
	if (cell->state == CELL_LIST) {
		items = xcalloc(cell->length + 1, sizeof(*items));
		for (size_t i = 0; i < cell->length; i++)
			copy_cell(&items[i], &cell->value.items[i]);
		copy->value.items = items;
	} else if (cell->state == CELL_KNOWN && cell->kind == CELL_BYTES) {
		copy->value.text = memcpy(xmalloc(cell->length + 1), cell->value.text,
					  cell->length);
	} else if (cell->state == CELL_KNOWN && cell->kind == CELL_TEXT && cell->value.text) {
		copy->value.text = xstrdup(cell->value.text);
	}
}

static void put_part(void *arg)
{
	struct part *part = arg;

	part->put(part->row, part->arg);
	if (part->row->nr_cells != part->nr_cells + 1)
		BUG("%s: a part of a row is one value", part->row->table->name);
	copy_cell(&part->kept, &part->row->cells[part->nr_cells]);
}

const char *row_protect(struct row *row, void (*put)(struct row *row, void *arg), void *arg)
{
	struct part part = { .row = row, .put = put, .arg = arg, .nr_cells = row->nr_cells };
	struct failure failure;
	struct cell *kept;

	if (protect_row(put_part, &part, &failure)) {
		kept = scope_alloc(sizeof(*kept));
		*kept = row->cells[part.nr_cells] = part.kept;
		scope_cleanup(free_cell, kept);
		return NULL;
	}
	row->nr_cells = part.nr_cells;
	row->in_list = false;
	add(row, CELL_FAILED)->why = scope_strdup(failure.text);
	if (is_ours(row->run))
		tell(row->table, NULL);
	return row->cells[part.nr_cells].why;
}

void row_stands_for(struct row *row, u64 address)
{
	row->stands_for = address;
}

void row_skip(struct row *row)
{
	row->skipped = true;
}

void row_no_more(struct row *row)
{
	row->skipped = true;
	row->run->ended = true;
}

void row_colour(struct row *row, enum colour colour)
{
	row->coloured = true;
	row->colour = colour;
}

void row_flush(struct row *row)
{
	give_cells(row);
}

void row_children(struct row *row, const struct table *table)
{
	const struct table_run *outer = row->run;
	const struct row_writer *writer = outer->writer;
	bool is_list = table->key || !table->part;
	struct table_run run;

	give_cells(row);
	if (!writer->children || (writer == &json_writer && !table->key && !table->part))
		return;
	if (is_list)
		writer->children(outer->arg, table);
	begin(&run, table, writer, outer->arg);
	run.nested = true;
	put_all(&run);
	if (is_list)
		writer->children_end(outer->arg);
}

void row_form(struct row *row, const struct form_writer *writer, void *arg)
{
	void (*put)(void *arg) = NULL;

	if (row->run->writer == &text_writer)
		put = writer->text;
	else if (row->run->writer == &json_writer)
		put = writer->json;
	if (!put)
		return;
	give_cells(row);
	put(arg);
}

static void print_remark(void *text)
{
	out_text(strbuf_text(text));
}

void row_remark(struct row *row, const char *format, ...)
{
	static const struct form_writer writer = { .text = print_remark };
	struct strbuf *text = scope_strbuf();
	va_list args;

	va_start(args, format);
	strbuf_vprintf(text, format, args);
	va_end(args);
	row_form(row, &writer, text);
}
