/* show/dumplines.h - "    name: value" lines of help -k and its siblings: in JSON an object of them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DUMPLINES_H
#define DUMPLINES_H

#include "base/table.h"

struct dump_line {
	const char
		*name; /* NULL: for programs only, who need KEY; readers see it in another line */
	/* NULL: NAME without a dot before it or a bracket behind it, and with _ for its blanks */
	const char *key;
	enum cell_kind kind; /* of TEXT or NUMBER */
	const char *text; /* NULL: there is none */
	u64 number;
	void (*put)(struct row *row, void *arg); /* instead: a list, say */
	void *arg;
	const char *shown; /* what readers see instead of the value */
	bool below; /* SHOWN stands in a line of its own below NAME */
	bool null; /* there is none; readers see SHOWN */
};

/* The lines between begin and end are one object. */
void dump_begin(unsigned width);
void dump_end(void);
/* How wide the names are that follow; a longer one moves its own line to the right. */
void dump_width(unsigned width);
void dump_put(const struct dump_line *line);
#define dump_line(...) dump_put(&(const struct dump_line){ __VA_ARGS__ })

#define DUMP_NUMBER(value) .kind = CELL_NUMBER, .number = (value)
#define DUMP_SIGNED(value) .kind = CELL_SIGNED, .number = (u64)(value)
#define DUMP_FLAG(value) .kind = CELL_FLAG, .number = (value)
#define DUMP_ADDRESS(value) .kind = CELL_ADDRESS, .number = (value)
/* Readers see all 16 digits. */
#define DUMP_WIDE(value) DUMP_ADDRESS(value), .shown = scope_printf("%016llx", (u64)(value))
/* Of the dump's memory. */
#define DUMP_BYTES(value) .kind = CELL_BYTES, .text = (value)

/* "name: " alone, above lines of its own. */
void dump_heading(const char *name);
/* Rows that belong to the whole, under the table's key. */
void dump_rows(const struct table *table);
/*
 * BODY prints lines; of damaged memory the one line says why, and those of others are printed
 * all the same.
 */
void dump_line_or_why(const char *name, void (*body)(void *arg));

#endif
