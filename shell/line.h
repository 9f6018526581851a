/* shell/line.h - a command line's grammar: words, quotes, pipes, redirections and ';'. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LINE_H
#define LINE_H

#include "base/util.h"

/* LINE cut into its parts. All strings are trimmed copies in scope memory. */
struct line_parts {
	char *command; /* "" when there is only an input file */
	char *input; /* after '<', or NULL */
	char *output; /* after '>' or '>>', or NULL; file names: no quotes, perhaps blanks */
	bool append; /* '>>' */
	char *pipeline; /* after '|' or ' ! ', or NULL */
};
/* LINE is one command: what line_command_length() left of a longer line. fail()s. */
void line_parse(const char *line, struct line_parts *parts);

/*
 * How far the first of LINE's commands reaches: to a ';' outside quotes and parentheses, or to the
 * end. Behind '|' or ' ! ' every ';' is the shell's.
 */
size_t line_command_length(const char *line);

const char *line_skip_blanks(const char *text);
/*
 * TEXT without its quotes: those of either kind group, wherever they stand in it; one alone
 * stays. Scope memory.
 */
char *line_unquoted(const char *text);
/*
 * What web pages and word processors put in place of blanks, quotes and dashes: fail()s with its
 * name where one stands outside quotes.
 */
void line_check_signs(const char *line);
/* Nothing to run: an empty line, or one that starts with # or //. LINE has no blanks in front. */
bool line_is_comment(const char *line);
/*
 * The first word of LINE in WORD; returns where the rest starts. Longer words are no names
 * of anything: "".
 */
const char *line_first_word(const char *line, char *word, size_t space);

#endif
