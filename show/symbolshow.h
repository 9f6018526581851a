/* show/symbolshow.h - rows of symbols as sym prints them, and what a name that is none may have meant. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SYMBOLSHOW_H
#define SYMBOLSHOW_H

#include "base/table.h"
#include "symbols.h"

/* "ffffffff81234560 (T) vfs_read+4 [module]": ADDRESS may be inside SYMBOL. No newline. */
void symbol_show(const struct symbol *symbol, u64 address);
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
/* A whole row behind INDENT. */
void symbol_row(const struct symbol *symbol, const char *indent);
/*
 * A row for each symbol whose name has TEXT in it, each after INDENT; "(none found)" if
 * there are none.
 */
void symbols_show_containing(const char *text, const char *indent);
/* The next symbol from SYMBOL on (NULL: the first) whose name has TEXT in it. */
const struct symbol *symbols_next_containing(const struct symbol *symbol, const char *text);
/*
 * An error as JSON, with the symbols that may have been meant, each told between the first and
 * the last call.
 */
void symbols_json_error(const char *command, const char *text);
void symbols_json_alternative(const struct symbol *symbol);
void symbols_json_error_end(void);
/*
 * The address that WORD, an argument of COMMAND, stands for. False when it is no symbol: that has
 * been told, with those whose names have WORD in them. What is neither a name nor an address fails.
 */
bool symbol_argument(const char *command, const char *word, u64 *address);

#endif
