/* test_table.c - rows as text, as JSON and as a caller gets them: kinds, failures, children, widths. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#undef fail /* ours is meant */

static struct strbuf problems;

static void note_problem(const char *name, const char *text)
{
	strbuf_printf(&problems, "%s: %s\n", name, text ? text : "(in the answer)");
}

static void show(void *table)
{
	table_show(table);
}

/* What TABLE prints in that form, with what was said of its failures behind it. Heap. */
static char *printed(const struct table *table, bool json)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	FILE *old = out_redirect(memory);

	strbuf_reset(&problems);
	table_set_problem(note_problem);
	json_set(json);
	protect(show, (void *)table, NULL);
	json_set(false);
	out_redirect(old);
	fputs(strbuf_text(&problems), memory);
	fclose(memory);
	return text;
}

static void check(const struct table *table, const char *text, const char *json)
{
	char *got = printed(table, false);

	assert_string_equal(got, text);
	free(got);
	got = printed(table, true);
	assert_string_equal(got, json);
	free(got);
}

/* ---- every kind ---- */

static const struct column kinds[] = {
	{ "text", "TEXT", CELL_TEXT, .width = 6 },
	{ "address", "ADDRESS", CELL_ADDRESS, .width = 16 },
	{ "wide", "WIDE", CELL_ADDRESS, .width = 8, .zeros = true },
	{ "number", "NR", CELL_NUMBER, .width = 3 },
	{ "signed", "SGN", CELL_SIGNED, .width = 4 },
	{ "size", "KB", CELL_SIZE, .width = 4, .unit = 1024 },
	{ "real", "%", CELL_REAL, .width = 5, .decimals = 1 },
	{ "time", "TIME", CELL_TIME, .width = 14 },
	{ "flag", "FLAG", .kind = CELL_FLAG },
	{ 0 },
};

static void put_kinds(struct row *row, size_t index, UNUSED void *arg)
{
	static const struct fault fault = { .reason = FAULT_EXCLUDED };

	if (index == 0) {
		row_text(row, "a \"b\"");
		row_address(row, 0xffff888003e5c000);
		row_address(row, 0xbeef);
		row_number(row, 12345);
		row_signed(row, -12);
		row_size(row, 3 << 20);
		row_real(row, 12.34);
		row_time(row, 86400ULL * 1000000000 + 3661002000000);
		row_flag(row, true);
		return;
	}
	row_text(row, NULL);
	row_unknown(row, &fault);
	row_unknown(row, NULL);
	row_none(row);
	for (int i = 0; i < 4; i++)
		row_unknown(row, NULL);
	row_flag(row, false);
}

static void test_kinds(UNUSED void **state)
{
	static const struct table table = {
		.name = "test", .columns = kinds, .count = 2, .put = put_kinds
	};

	check(&table,
	      "TEXT        ADDRESS         WIDE     NR   SGN    KB      %            TIME  FLAG\n"
	      "a \"b\"   ffff888003e5c000  0000beef  12345   -12  3072   12.3  "
	      "1 01:01:01.002  yes\n"
	      "                       ?         ?          ?     ?      ?               ?  no\n",
	      "{\"text\": \"a \\\"b\\\"\", \"address\": \"0xffff888003e5c000\", "
	      "\"wide\": \"0xbeef\", "
	      "\"number\": 12345, \"signed\": -12, \"size\": 3145728, \"real\": 12.3, "
	      "\"time\": 90061002000000, \"flag\": true}\n"
	      "{\"text\": null, \"address\": null, "
	      "\"address_error\": \"page excluded from the dump\", "
	      "\"wide\": null, \"signed\": null, \"size\": null, \"real\": null, \"time\": null, "
	      "\"flag\": false}\n");
}

/* ---- layout ---- */

enum { WITH_EXTRA = 1 };

static const struct column layout[] = {
	{ "pid", "PID", CELL_NUMBER, .before = " ", .width = 5, .place = 2 },
	{ "hidden", NULL, .kind = CELL_ADDRESS },
	{ "extra", "EXTRA", CELL_NUMBER, .when = WITH_EXTRA, .place = 4 },
	{ "name", "NAME", CELL_TEXT, .align = ALIGN_CENTRE, .width = 8, .place = 3 },
	{ NULL, "", CELL_TEXT, .width = 1, .place = 1 },
	{ 0 },
};

static void put_layout(struct row *row, size_t index, UNUSED void *arg)
{
	row_number(row, index);
	row_address(row, 0x10);
	row_number(row, 7);
	row_text(row, "abc");
	row_shown(row, "[abc]");
	row_text(row, index ? ">" : " ");
	if (index == 2)
		row_skip(row);
}

static void test_layout(UNUSED void **state)
{
	struct table table = { .name = "test", .columns = layout, .count = 3, .put = put_layout };

	check(&table,
	      "    PID    NAME\n"
	      "      0   [abc]\n"
	      ">     1   [abc]\n",
	      "{\"pid\": 0, \"hidden\": \"0x10\", \"name\": \"abc\"}\n"
	      "{\"pid\": 1, \"hidden\": \"0x10\", \"name\": \"abc\"}\n");
	table.when = WITH_EXTRA;
	table.count = 1;
	table.heading_line = "PIDS AND OTHERS";
	table.blank_after = true;
	check(&table,
	      "PIDS AND OTHERS\n"
	      "      0   [abc]    7\n\n",
	      "{\"pid\": 0, \"hidden\": \"0x10\", \"extra\": 7, \"name\": \"abc\"}\n");
}

static void test_no_rows(UNUSED void **state)
{
	struct table table = { .name = "test",
			       .columns = layout,
			       .count = 0,
			       .put = put_layout,
			       .none = "nothing here" };

	check(&table, "    PID    NAME\nnothing here\n", "");
	table.headings = HEADINGS_WITH_ROWS;
	check(&table, "nothing here\n", "");
	table.count = 1;
	check(&table, "    PID    NAME\n      0   [abc]\n",
	      "{\"pid\": 0, \"hidden\": \"0x10\", \"name\": \"abc\"}\n");
}

static const struct column loose[] = {
	{ "at", "", CELL_NUMBER, .width = 3, .hex = true },
	{ "left", "", CELL_ADDRESS, .width = 6, .loose = true },
	{ "right", "", CELL_TEXT, .before = " ", .width = 4, .align = ALIGN_RIGHT, .loose = true },
	{ "end", "", .kind = CELL_TEXT },
	{ 0 },
};

static void put_loose(struct row *row, size_t index, void *nr_rows)
{
	if (index == *(size_t *)nr_rows) {
		row_no_more(row);
		return;
	}
	row_number(row, 10 + 10 * index);
	if (index == 1) {
		row_none(row);
		row_null(row, "");
	} else {
		row_address(row, 0xabULL << index * 16);
		row_text(row, "r");
	}
	row_text(row, "end");
}

/* Only a row tells that there are no more; what has no width to keep moves the rest to the left. */
static void test_open_table(UNUSED void **state)
{
	size_t nr_rows = 3;
	struct table table = { .name = "test",
			       .columns = loose,
			       .count = TABLE_OPEN,
			       .put = put_loose,
			       .arg = &nr_rows,
			       .headings = HEADINGS_NEVER,
			       .none = "none" };

	check(&table,
	      "  a      ab    r  end\n"
	      " 14  end\n"
	      " 1e  ab00000000    r  end\n",
	      "{\"at\": 10, \"left\": \"0xab\", \"right\": \"r\", \"end\": \"end\"}\n"
	      "{\"at\": 20, \"right\": null, \"end\": \"end\"}\n"
	      "{\"at\": 30, \"left\": \"0xab00000000\", \"right\": \"r\", \"end\": \"end\"}\n");
	nr_rows = 0;
	check(&table, "none\n", "");
}

static const struct column fitting[] = {
	{ "name", "NAME", CELL_TEXT, .fit = true },
	{ "size", "SIZE", CELL_SIZE, .fit = true, .width = 2 },
	{ "file", "FILE", .kind = CELL_TEXT },
	{ 0 },
};

static void put_fitting(struct row *row, size_t index, UNUSED void *arg)
{
	if (index == 1)
		fail("no such row");
	row_text(row, index ? "a long name" : "a");
	row_size(row, index ? 7 : 123456);
	row_text(row, "f");
}

/* All rows give the widths, also when one of them is shown. */
static void put_one(void *table)
{
	struct table_run run;

	table_begin(&run, table);
	assert_true(table_put(&run, 0));
	assert_false(table_put(&run, 1));
	table_end(&run);
}

static void test_widths_fit(UNUSED void **state)
{
	static const struct table table = {
		.name = "test", .columns = fitting, .count = 3, .put = put_fitting
	};
	struct strbuf text = { 0 };

	check(&table,
	      "NAME           SIZE  FILE\n"
	      "a            123456  f\n"
	      "a long name       7  f\n"
	      "test: no such row\n",
	      "{\"name\": \"a\", \"size\": 123456, \"file\": \"f\"}\n"
	      "{\"name\": \"a long name\", \"size\": 7, \"file\": \"f\"}\n"
	      "test: no such row\n");
	out_capture(put_one, (void *)&table, &text);
	assert_string_equal(strbuf_text(&text),
			    "NAME           SIZE  FILE\na            123456  f\n");
	strbuf_free(&text);
}

/* ---- failures ---- */

static void put_part(struct row *row, void *arg)
{
	if (*(size_t *)arg == 1)
		fail("no page");
	row_text(row, scope_printf("part %zu", *(size_t *)arg));
	row_shown(row, scope_printf("<%zu>", *(size_t *)arg));
}

static const struct column parts[] = {
	{ "part", "PART", CELL_TEXT, .width = 5 },
	{ "index", "INDEX", .kind = CELL_NUMBER },
	{ 0 },
};

static void put_failing(struct row *row, size_t index, void *arg)
{
	row_stands_for(row, 0xabc0 + index);
	row_protect(row, put_part, &index);
	if (index == 2)
		fail("broken");
	if (index == *(size_t *)arg) {
		interrupt_request();
		interrupt_check();
	}
	row_number(row, index);
}

static void test_failures_cost_their_part(UNUSED void **state)
{
	size_t last = 9;
	struct table table = { .name = "test",
			       .columns = parts,
			       .count = 4,
			       .put = put_failing,
			       .arg = &last,
			       .of = "task" };

	check(&table,
	      "PART   INDEX\n<0>    0\n?      1\n<3>    3\n"
	      "test: (in the answer)\ntest: task abc2: broken\n",
	      "{\"part\": \"part 0\", \"index\": 0}\n{\"part_error\": \"no page\", \"index\": 1}\n"
	      "{\"part\": \"part 3\", \"index\": 3}\ntest: (in the answer)\n"
	      "test: task abc2: broken\n");
	/* Ctrl-C costs all that follows, and is the fault of no row. */
	last = 0;
	check(&table, "PART   INDEX\n", "");
	interrupt_clear();
}

/* ---- children ---- */

static const struct column child[] = { { "fd", "FD", CELL_NUMBER, .before = "  " }, { 0 } };
static const struct column parent[] = {
	{ "pid", "", CELL_NUMBER, .before = "PID: ", .align = ALIGN_LEFT, .width = 3 },
	{ "comm", "", CELL_TEXT, .before = "  COMMAND: \"", .after = "\"" },
	{ "last", NULL, .kind = CELL_FLAG },
	{ 0 },
};

static void put_child(struct row *row, size_t index, void *arg)
{
	if (*(size_t *)arg == 1 && index == 0)
		fail("closed");
	row_number(row, index + 3);
}

static void put_parent(struct row *row, size_t index, UNUSED void *arg)
{
	struct table children = { .name = "test",
				  .columns = child,
				  .count = index,
				  .put = put_child,
				  .arg = &index,
				  .key = "files",
				  .headings = HEADINGS_WITH_ROWS,
				  .none = "  (none)" };

	row_number(row, index);
	row_text(row, "init");
	row_children(row, &children);
	row_flag(row, index == 2);
}

static const struct table family = {
	"test", parent, 3, put_parent, NULL, .headings = HEADINGS_NEVER, .blank_after = true
};

static void test_children(UNUSED void **state)
{
	check(&family,
	      "PID: 0    COMMAND: \"init\"\n  (none)\n\n"
	      "PID: 1    COMMAND: \"init\"\n\n"
	      "PID: 2    COMMAND: \"init\"\n  FD\n  3\n  4\n\n"
	      "test: closed\n",
	      "{\"pid\": 0, \"comm\": \"init\", \"files\": [], \"last\": false}\n"
	      "{\"pid\": 1, \"comm\": \"init\", \"files\": [{\"error\": \"closed\"}], "
	      "\"last\": false}\n"
	      "{\"pid\": 2, \"comm\": \"init\", \"files\": [{\"fd\": 3}, {\"fd\": 4}], "
	      "\"last\": true}\n"
	      "test: (in the answer)\n");
}

/* ---- lines of labels ---- */

static const struct column labels[] = {
	{ "pid", "PID", .kind = CELL_NUMBER },
	{ "comm", "COMMAND", CELL_TEXT, .before = "\"", .after = "\"" },
	{ "panic", NULL, .kind = CELL_FLAG },
	{ "load", "LOAD", CELL_REAL, .decimals = 2 },
	{ 0 },
};

static void fail_load(UNUSED struct row *row, UNUSED void *arg)
{
	fail("avenrun: not in the dump");
}

static void put_labels(struct row *row, UNUSED size_t index, UNUSED void *arg)
{
	row_number(row, 1);
	row_text(row, "init");
	row_flag(row, false);
	row_protect(row, fail_load, NULL);
}

static void test_labels(UNUSED void **state)
{
	static const struct table table = {
		.name = "test", .columns = labels, .count = 1, .put = put_labels, .labels = 8
	};

	check(&table,
	      "     PID: 1\n COMMAND: \"init\"\n    LOAD: avenrun: not in the dump\n"
	      "test: (in the answer)\n",
	      "{\"pid\": 1, \"comm\": \"init\", \"panic\": false, "
	      "\"load_error\": \"avenrun: not in the dump\"}\ntest: (in the answer)\n");
}

static const struct column joined[] = {
	{ "task", "TASK", .kind = CELL_ADDRESS },
	{ NULL, "", CELL_TEXT, .same_line = true },
	{ "info", "", CELL_ADDRESS, .same_line = true, .before = "  [INFO: ", .after = "]" },
	{ "loads", "LOAD", CELL_REAL, .decimals = 1, .place = 1 },
	{ "value", "VALUE", .kind = CELL_ANY },
	{ 0 },
};

static void put_loads(struct row *row, void *arg)
{
	row_list(row);
	row_real(row, 0.5);
	if (*(size_t *)arg == 2)
		fail("no page\nat all");
	for (size_t i = 0; i < *(size_t *)arg; i++) {
		row_real(row, i);
		row_shown(row, scope_printf("<%zu>", i));
	}
	row_null(row, "none");
	row_list_end(row);
}

static void put_joined(struct row *row, size_t index, UNUSED void *arg)
{
	const char *why;

	row_address(row, 0xabc);
	row_null(row, index ? "(1 of 2)" : NULL);
	row_address(row, 0xdef);
	if (index == 1)
		row_shown(row, "");
	why = row_protect(row, put_loads, &index);
	assert_int_equal(why != NULL, index == 2);
	if (why)
		row_shown(row, scope_printf("(%.7s)", why));
	if (index == 0)
		row_flag(row, true);
	else if (index == 1)
		row_text(row, "text");
	else
		row_number(row, 7);
}

/* Several values in one line, lists, and a value of any kind; no name: no failure is passed on. */
static void test_labels_share_a_line(UNUSED void **state)
{
	static const struct table table = {
		.columns = joined, .count = 3, .put = put_joined, .labels = 5
	};

	check(&table,
	      " LOAD: 0.5, none\n TASK: abc  [INFO: def]\nVALUE: yes\n"
	      " LOAD: 0.5, <0>, none\n TASK: abc  (1 of 2)\nVALUE: text\n"
	      " LOAD: (no page)\n TASK: abc  (1 of 2)  [INFO: def]\nVALUE: 7\n",
	      "{\"task\": \"0xabc\", \"info\": \"0xdef\", \"loads\": [0.5, null], "
	      "\"value\": true}\n"
	      "{\"task\": \"0xabc\", \"info\": \"0xdef\", \"loads\": [0.5, 0.0, null], "
	      "\"value\": \"text\"}\n"
	      "{\"task\": \"0xabc\", \"info\": \"0xdef\", \"loads_error\": \"no page\\nat all\", "
	      "\"value\": 7}\n");
}

/* ---- parts of a row, and pairs ---- */

static const struct column part_columns[] = {
	{ "address", "ADDRESS", CELL_ADDRESS, .width = 8 },
	{ "name", "NAME", CELL_BYTES, .align = ALIGN_CENTRE_RIGHT, .width = 7 },
	{ 0 },
};
static const struct column bits[] = { { "bits", "BITS", CELL_NUMBER, .separator = " " }, { 0 } };
static const struct column pair_columns[] = {
	{ NULL, "", CELL_TEXT, .before = "    " },
	{ "name", NULL, .kind = CELL_TEXT },
	{ "value", NULL, .kind = CELL_ANY },
	{ 0 },
};
static const struct column whole[] = {
	{ "first", "", .kind = CELL_FLAG },
	{ "last", "", .kind = CELL_TEXT },
	{ "costly", NULL, .kind = CELL_NUMBER },
	{ 0 },
};

static void put_part_cells(struct row *row, UNUSED size_t index, void *arg)
{
	row_address(row, 0x10);
	row_bytes(row, "a\nb\xff", 4);
	if (*(size_t *)arg == 1)
		fail("broken");
}

static void put_bits(struct row *row, UNUSED size_t index, UNUSED void *arg)
{
	row_list(row);
	for (u64 i = 0; i < 20; i++)
		row_number(row, i);
	row_list_end(row);
}

static void put_broken(UNUSED struct row *row, UNUSED void *arg)
{
	fail("broken");
}

static void put_list(struct row *row)
{
	row_list(row);
	row_number(row, 1);
	row_null(row, NULL);
	row_list_end(row);
}

static void put_pairs(struct row *row, size_t index, UNUSED void *arg)
{
	row_text(row, scope_printf("line %zu", index));
	if (index == 0) {
		row_none(row);
		row_none(row);
		return;
	}
	row_text(row, scope_printf("key%zu", index));
	if (index == 1)
		row_number(row, 1);
	else if (index == 3)
		row_null(row, NULL);
	else if (index == 4)
		row_protect(row, put_broken, NULL);
	else if (index == 5)
		put_list(row);
	else
		row_text(row, "two");
}

static void print_aside(void *arg)
{
	out("aside %zu\n", *(size_t *)arg);
}

static const struct form_writer aside = { .text = print_aside };

static void put_whole(struct row *row, size_t index, UNUSED void *arg)
{
	row_flag(row, true);
	row_children(row, &(struct table){ .name = "test",
					   .columns = part_columns,
					   .count = 1,
					   .put = put_part_cells,
					   .arg = &index,
					   .part = true,
					   .blank_after = true });
	row_children(row, &ONE_ROW("test", bits, put_bits, NULL, .part = true, .key = "under",
				   .labels = 6));
	row_children(row, &(struct table){ .name = "test",
					   .columns = pair_columns,
					   .count = 3,
					   .put = put_pairs,
					   .key = "pairs",
					   .pairs = true,
					   .headings = HEADINGS_NEVER });
	row_remark(row, "remark %zu\n", index);
	row_text(row, "end");
	row_flush(row);
	row_form(row, &aside, &index);
	if (row_wants(row))
		row_number(row, 42);
	else
		row_none(row);
	assert_false(row_wants(row));
}

static void test_parts(UNUSED void **state)
{
	static const struct table table = { .name = "test",
					    .columns = whole,
					    .count = 2,
					    .put = put_whole,
					    .headings = HEADINGS_NEVER };
	static const struct table pairs = { .name = "test",
					    .columns = pair_columns,
					    .count = 6,
					    .put = put_pairs,
					    .pairs = true,
					    .headings = HEADINGS_NEVER };

	check(&table,
	      "yes\n"
	      "ADDRESS     NAME\n"
	      "      10    a.b\xff\n\n"
	      "  BITS: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19\n"
	      "    line 0\n    line 1\n    line 2\n"
	      "remark 0\n  end\naside 0\n"
	      "yes\nADDRESS     NAME\n"
	      "test: broken\n",
	      "{\"first\": true, \"address\": \"0x10\", \"name\": \"a\\nb\\ufffd\", "
	      "\"under\": {\"bits\": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, "
	      "17, 18, 19]}, "
	      "\"pairs\": {\"key1\": 1, \"key2\": \"two\"}, \"last\": \"end\", \"costly\": 42}\n"
	      "test: broken\n");
	check(&pairs,
	      "    line 0\n    line 1\n    line 2\n    line 3\n    line 4\n    line 5\n"
	      "test: (in the answer)\n",
	      "{\"key1\": 1, \"key2\": \"two\", \"key3\": null, \"key4_error\": \"broken\", "
	      "\"key5\": [1, null]}\ntest: (in the answer)\n");
}

/* ---- rows for who draws them himself ---- */

static void collect_begin(void *text, const struct table *table, size_t index)
{
	strbuf_printf(text, "%s %zu:", table->name, index);
}

static void collect_cells(void *text, const struct table *table, const struct cell *cells,
			  size_t from, size_t end)
{
	for (size_t i = from; i < end; i++) {
		const struct column *column = &table->columns[i];

		strbuf_printf(text, " %s=", column->key ? column->key : "");
		cell_add_text(column, &cells[i - from], text);
	}
}

static void collect_children(void *text, const struct table *table)
{
	strbuf_printf(text, " %s[", table->key);
}

static void collect_children_end(void *text)
{
	strbuf_puts(text, "]");
}

static void collect_end(void *text, u64 stands_for)
{
	strbuf_printf(text, " of %llx;", stands_for);
}

static void collect_failure(void *text, const char *why)
{
	strbuf_printf(text, " !%s;", why);
}

static const struct row_writer collector = { collect_begin,	   collect_cells, collect_children,
					     collect_children_end, collect_end,	  collect_failure };

static void test_any_row(UNUSED void **state)
{
	size_t last = 9;
	const struct table failing = {
		.name = "test", .columns = parts, .count = 4, .put = put_failing, .arg = &last
	};
	const struct table skipping = {
		.name = "test", .columns = layout, .count = 3, .put = put_layout
	};
	struct strbuf text = { 0 };

	strbuf_reset(&problems);
	table_set_problem(note_problem);
	assert_true(table_get(&failing, 3, &collector, &text));
	assert_true(table_get(&failing, 1, &collector, &text));
	assert_false(table_get(&failing, 2, &collector, &text));
	assert_string_equal(strbuf_text(&text), "test 3: part=<3> index=3 of abc3;"
						"test 1: part=? index=1 of abc1; !broken;");
	strbuf_reset(&text);
	assert_true(table_get(&family, 2, &collector, &text));
	assert_string_equal(strbuf_text(&text),
			    "test 2: pid=2 comm=init\" files[test 0: fd=3 of 0;test 1: fd=4 of 0;] "
			    "last=yes of 0;");
	assert_false(table_get(&skipping, 2, &collector, &text));
	/* Whoever draws them says so himself. */
	assert_string_equal(strbuf_text(&problems), "");
	strbuf_free(&text);
}

static void form_text(void *arg)
{
	out("  form %d\n", *(int *)arg);
}

static void form_json(void *arg)
{
	json_number("form", (u64) * (int *)arg);
}

static const struct form_writer form = { form_text, form_json };

static void put_with_form(struct row *row, size_t index, void *arg)
{
	*(int *)arg = (int)index;
	row_number(row, index);
	row_form(row, &form, arg);
	if (index == 2)
		fail("broken");
}

static const struct form_writer silent = { .json = form_json };

static void show_silent(void *arg)
{
	form_show(&silent, arg);
}

static void put_with_silent(struct row *row, size_t index, void *arg)
{
	*(int *)arg = 7;
	row_number(row, index);
	row_form(row, &silent, arg);
}

/* A row that fails when rows are whole ends the answer, and nobody but the command tells why. */
static void test_forms(UNUSED void **state)
{
	static const struct column columns[] = { { "nr", "", .kind = CELL_NUMBER }, { 0 } };
	static int number;
	struct table table = { .name = "test",
			       .columns = columns,
			       .count = 4,
			       .put = put_with_form,
			       .arg = &number,
			       .headings = HEADINGS_NEVER };
	struct strbuf text = { 0 };

	check(&table, "0\n  form 0\n1\n  form 1\n2\n  form 2\n3\n  form 3\ntest: broken\n",
	      "{\"nr\": 0, \"form\": 0}\n{\"nr\": 1, \"form\": 1}\n"
	      "{\"nr\": 3, \"form\": 3}\ntest: broken\n");
	table.whole = true;
	check(&table, "0\n  form 0\n1\n  form 1\n2\n  form 2\n",
	      "{\"nr\": 0, \"form\": 0}\n{\"nr\": 1, \"form\": 1}\n");
	/* Whoever draws rows himself has no place for it. */
	assert_true(table_get(&table, 1, &collector, &text));
	assert_string_equal(strbuf_text(&text), "test 1: nr=1 of 0;");
	/* Half a pair: the other has nothing to say. */
	strbuf_reset(&text);
	out_capture(show_silent, &number, &text);
	assert_string_equal(strbuf_text(&text), "");
	table.count = 1;
	table.put = put_with_silent;
	check(&table, "0\n", "{\"nr\": 0, \"form\": 7}\n");
	strbuf_free(&text);
}

static void put_remark(UNUSED void *arg)
{
	table_remark("%s\n", "for readers");
}

static void test_remarks(UNUSED void **state)
{
	struct strbuf text = { 0 };

	out_capture(put_remark, NULL, &text);
	json_set(true);
	out_capture(put_remark, NULL, &text);
	json_set(false);
	assert_string_equal(strbuf_text(&text), "for readers\n");
	strbuf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_no_rows),
		cmocka_unit_test(test_open_table),
		cmocka_unit_test(test_widths_fit),
		cmocka_unit_test(test_failures_cost_their_part),
		cmocka_unit_test(test_children),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_labels_share_a_line),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_any_row),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_remarks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
