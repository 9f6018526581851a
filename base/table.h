/* base/table.h - one description of a row: printed as text or as JSON, or handed to a caller who draws it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TABLE_H
#define TABLE_H

#include "base/cell.h"
#include "base/colour.h"
#include "base/fault.h"

#define TABLE_COLUMNS_MAX 40
#define TABLE_OPEN SIZE_MAX

struct row;

enum table_headings {
	HEADINGS_FIRST, /* before all rows, even if there are none */
	HEADINGS_WITH_ROWS, /* before the first row */
	HEADINGS_NEVER,
};

/*
 * COUNT rows, each told by PUT: it calls row_text(), row_number() ... once for each column, in
 * their order. It can be asked for any row, at any time, and more than once.
 */
struct table {
	/* of the command, in front of what went wrong with a row; NULL: said in its place only */
	const char *name;
	const struct column *columns;
	size_t count; /* TABLE_OPEN: a row tells that there are no more */
	void (*put)(struct row *row, size_t index, void *arg);
	void *arg;
	unsigned when; /* which columns besides those that are always there */
	enum table_headings headings;
	const char *heading_line; /* the whole, where columns do not stand below their headings */
	/* each column has its own line, behind its heading in this width; 0: they share one */
	unsigned labels;
	const char *between; /* label and value; NULL: ": " */
	const char *none; /* a line for readers when there is no row */
	bool blank_after; /* a blank line after each row, with what belongs to it */
	const char *of; /* "task": what a row stands for, in front of what went wrong with it */
	/* of rows that belong to another: the list of them in JSON; NULL: for readers only */
	const char *key;
	bool plain; /* in JSON a row is its one value, not an object */
	/* in JSON all rows are one object: a row's first value is a key, the second its value */
	bool pairs;
	/*
	 * no rows of its own but a part of the row it belongs to, laid out by itself: that row's
	 * keys in JSON, or those of one object under KEY. If it fails, that row does.
	 */
	bool part;
	bool whole; /* a row that fails ends the answer: the failure is passed on */
};

/* The table of a single row, whose columns have no headings; more of its members may follow. */
#define ONE_ROW(NAME, COLUMNS, PUT, ARG, ...)                                                      \
	((struct table){ .name = (NAME),                                                           \
			 .columns = (COLUMNS),                                                     \
			 .count = 1,                                                               \
			 .put = (PUT),                                                             \
			 .arg = (ARG),                                                             \
			 .headings = HEADINGS_NEVER,                                               \
			 __VA_ARGS__ })

/*
 * Prints all rows, in the form that is wanted. Returns how many there were; those
 * that failed count.
 */
size_t table_show(const struct table *table);

/* The same for who has the loop, with rows in any order: begin, one call a row, end. */
struct table_run {
	const struct table *table;
	const struct row_writer *writer;
	void *arg; /* of WRITER */
	struct row *row; /* the one being told */
	size_t nr_columns, nr_rows;
	bool headed, nested, ended;
	unsigned nr_placed; /* columns in a line of text, in its order, and how wide they are */
	u8 placed[TABLE_COLUMNS_MAX];
	unsigned widths[TABLE_COLUMNS_MAX];
};

void table_begin(struct table_run *run, const struct table *table);
/* False when it failed; that has been said. */
bool table_put(struct table_run *run, size_t index);
void table_end(struct table_run *run);

/*
 * For who draws rows himself: what PUT told of one of them. CELLS are those of columns FROM
 * up to END, once or, when rows that belong to it come between, in parts; those of its parts have
 * tables of their own. They last until the call returns.
 */
struct row_writer {
	void (*row_begin)(void *arg, const struct table *table, size_t index);
	void (*cells)(void *arg, const struct table *table, const struct cell *cells, size_t from,
		      size_t end);
	/*
	 * From here to children_end() all is of rows that belong to this one. NULL: those
	 * are not wanted.
	 */
	void (*children)(void *arg, const struct table *table);
	void (*children_end)(void *arg);
	void (*row_end)(void *arg, u64 stands_for); /* 0: for nothing */
	void (*failed)(void *arg, const char *why); /* in place of row_end() */
};

/* Any row of TABLE. False when it failed, or was skipped. */
bool table_get(const struct table *table, size_t index, const struct row_writer *writer, void *arg);

/* ---- what a put function calls: the next column's value ---- */

void row_text(struct row *row, const char *text); /* NULL: there is none, and null says so */
void row_address(struct row *row, u64 address);
void row_number(struct row *row, u64 number);
void row_signed(struct row *row, s64 number);
void row_size(struct row *row, u64 bytes);
void row_real(struct row *row, double number);
void row_time(struct row *row, u64 ns);
void row_flag(struct row *row, bool flag);
void row_bytes(struct row *row, const char *bytes, size_t length);
/* The column's value is a list: of what is put, by the same calls, until row_list_end(). */
void row_list(struct row *row);
void row_list_end(struct row *row);
/*
 * Whether the next column's value is seen at all. What costs much to find out may be row_none()
 * where it is not.
 */
bool row_wants(const struct row *row);
/* It is not known: ? and null, never a number that looks like one. FAULT may be NULL. */
void row_unknown(struct row *row, const struct fault *fault);
/* There is none, which null says; readers see TEXT. */
void row_null(struct row *row, const char *text);
/* There can be no such thing in this row: no key, and what the column says of that. */
void row_none(struct row *row);
/* Readers see TEXT for the value that was just put. */
void row_shown(struct row *row, const char *text);
/* For readers, the line that the value stands in has that colour. */
void row_line_colour(struct row *row, enum colour colour);
/*
 * PUT puts one value. If it fails, only that is missing, with the reason, which is returned (else
 * NULL), and the command has partly failed.
 */
const char *row_protect(struct row *row, void (*put)(struct row *row, void *arg), void *arg);

/* ---- what is true of the whole row ---- */

/* The object that it is about. Before what may fail: messages name it. */
void row_stands_for(struct row *row, u64 address);
void row_skip(struct row *row); /* it is none of the table's, after all */
void row_no_more(struct row *row); /* nor is any behind it */
void row_colour(struct row *row, enum colour colour);
/* What follows may take long: readers see what was put so far. */
void row_flush(struct row *row);
/* Rows that belong to this one: below it in text, a list in JSON. */
void row_children(struct row *row, const struct table *table);
/* What only readers see, behind all that the row has put. */
void row_remark(struct row *row, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * What is neither row nor cell, such as the members of a structure: JSON puts keys in the open
 * object, or at the top whole objects. One of the two is called; NULL: nothing is said there.
 */
struct form_writer {
	void (*text)(void *arg);
	void (*json)(void *arg);
};
/* Below the cells that were put so far. */
void row_form(struct row *row, const struct form_writer *writer, void *arg);
/* A whole answer, or a part between two tables. */
void form_show(const struct form_writer *writer, void *arg);

/* What only readers see: a heading between two tables, say. */
void table_remark(const char *format, ...) PRINTF_LIKE(1, 2);

/*
 * The shell's: a row of NAME's answer, or a part of one, is missing. TEXT says why, NULL when the
 * answer itself does. Without one such rows are left out, and nobody knows.
 */
void table_set_problem(void (*problem)(const char *name, const char *text));

#endif
