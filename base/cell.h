/* base/cell.h - a column of a table as data, and one value in it: what it means, as text and as JSON. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CELL_H
#define CELL_H

#include "base/colour.h"
#include "base/util.h"

/* What a value is: how it is written follows from that. docs/json.md has the form in JSON. */
enum cell_kind {
	CELL_TEXT, /* JSON: a string */
	CELL_ADDRESS, /* text: hex without 0x; JSON: a string "0x..." */
	CELL_NUMBER, /* both: decimal */
	CELL_SIGNED,
	CELL_SIZE, /* given in bytes, and in JSON always bytes; text: in units of .unit bytes */
	CELL_REAL, /* with .decimals */
	CELL_TIME, /* given in ns, and in JSON always ns; text: "days hh:mm:ss.mmm" */
	CELL_FLAG, /* text: "yes", "no" */
	CELL_BYTES, /* of the dump, text of any encoding; JSON: a string */
	CELL_ANY, /* of a column: each row says what its value is */
};

enum cell_align {
	ALIGN_AS_KIND, /* numbers right, the others left */
	ALIGN_LEFT,
	ALIGN_RIGHT,
	ALIGN_CENTRE, /* an odd blank goes to the right */
	ALIGN_CENTRE_RIGHT, /* an odd blank goes to the left; but over addresses to the right */
};

/* An array of them describes a row; one without key and heading ends it. */
struct column {
	const char *key; /* in JSON; NULL: for readers only */
	/* above the column, or the label of its line; "": none. NULL: for programs only */
	const char *heading;
	enum cell_kind kind;
	enum cell_align align;
	unsigned width; /* text that is longer moves the rest of its line to the right */
	bool fit; /* as wide as the widest of all rows, but not less than .width and the heading */
	bool filled; /* with blanks up to its width, even as the last of a line */
	bool loose; /* where there is nothing to see, the width is not kept either */
	bool hex; /* a number that readers see in hexadecimal */
	bool zeros; /* an address is as wide as .width by zeros in front */
	unsigned unit; /* of CELL_SIZE; 0: 1 */
	int decimals; /* of CELL_REAL */
	const char *before; /* NULL: two blanks, but none before the first of a line */
	const char *after; /* follows what a cell shows, before its padding */
	const char *none; /* what text shows where there can be no value; NULL: nothing */
	const char *separator; /* between the values of a list, for readers; NULL: ", " */
	/* in a table of labels: behind the column before it, and not in a line of its own */
	bool same_line;
	/* in a line of text, from 1 on, where JSON has another; 0: behind all that have one */
	unsigned place;
	unsigned when; /* only in tables whose .when has one of these bits; 0: always */
};

enum cell_state {
	CELL_KNOWN,
	CELL_LIST, /* any number of values, each a cell */
	CELL_UNKNOWN, /* it exists, but the dump does not tell it: ? and null */
	/*
	 * finding it out failed: ? or, in a line of its own, why; JSON has no key but "KEY_error"
	 */
	CELL_FAILED,
	CELL_NULL, /* there is none, and JSON says null */
	/*
	 * there is no such thing here: no key, and .none; with neither that nor a width
	 * not even .before
	 */
	CELL_NONE,
};

struct cell {
	enum cell_state state;
	enum cell_kind kind; /* of a known value: its column's, or what the row said */
	bool coloured; /* its line is, in text */
	enum colour colour;
	union {
		u64 number; /* an address, a number, bytes, ns, a flag */
		s64 negative;
		double real;
		const char *text; /* NULL: null, and nothing in text */
		const struct cell *items; /* of a list */
	} value;
	size_t length; /* of bytes, or of a list */
	const char *shown; /* text for readers, where it is not the value's own; else NULL */
	const char *why; /* not known, in words; NULL: that is not said */
};

/* What stands in text, with .after but without padding, behind what TEXT has. */
void cell_add_text(const struct column *column, const struct cell *cell, struct strbuf *text);
/*
 * The key and the value in the open JSON object; "KEY_error" behind it when it is known why
 * there is none.
 */
void cell_put_json(const struct column *column, const struct cell *cell);
/*
 * What TEXT has from FROM on then stands in WIDTH columns as the kind of COLUMN stands in them.
 * TRAILING: blanks at the end are wanted.
 */
void cell_pad(const struct column *column, size_t from, unsigned width, bool trailing,
	      struct strbuf *text);

#endif
