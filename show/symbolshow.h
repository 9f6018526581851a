/* show/symbolshow.h - rows of symbols as sym prints them, and what a name that is none may have meant. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SYMBOLSHOW_H
#define SYMBOLSHOW_H

#include "base/table.h"
#include "symbols.h"

/* What a row of sym is about. */
struct shown_symbol {
	const struct symbol *symbol;
	u64 address; /* in it */
	bool without_module; /* readers know it */
	bool with_line; /* of the source, if that is known */
	const char *section; /* in place of the line; NULL: none is wanted */
};

/* Its one row, which says what *SHOWN has when it is put. */
struct table symbol_table(struct shown_symbol *shown);
extern const struct column symbol_columns[];
/* A row for each symbol whose name has TEXT in it; "(none found)" if there are none. */
void symbols_show_containing(const char *text);
/* The next symbol from SYMBOL on (NULL: the first) whose name has TEXT in it. */
const struct symbol *symbols_next_containing(const struct symbol *symbol, const char *text);
/*
 * Of several functions of one name COMMAND guesses at none: true, they have been listed, and it
 * has failed.
 */
bool symbols_refuse_namesakes(const char *command, const char *word);
/*
 * The address that WORD, an argument of COMMAND, stands for. False when it is no symbol: that has
 * been told, with those whose names have WORD in them. What is neither a name nor an address fails.
 */
bool symbol_argument(const char *command, const char *word, u64 *address);

#endif
