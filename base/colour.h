/* base/colour.h - a few colours for lines that a reader looks for, on terminals that show them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COLOUR_H
#define COLOUR_H

#include "base/util.h"

#include <stdio.h>

enum colour {
	COLOUR_PANIC, /* the task that panicked */
	COLOUR_RUNNING, /* states of tasks */
	COLOUR_BLOCKED,
	COLOUR_FREE, /* memory that nobody has */
};

/*
 * Programs hold sessions on terminals, and take fields out of lines: a line is coloured as a whole,
 * from its first column to its last, or not at all; lines that such programs know by their start
 * (PID: ..., #0 ..., those of sym) are not.
 */

/*
 * Called once: standard output is a TERMINAL. Without one there are no colours, nor when NO_COLOR
 * says so (not empty) or TERM is "dumb".
 */
void colour_init(bool terminal);
/*
 * STREAM also leads to that terminal. NULL: no stream but standard output does.
 */
void colour_allow(FILE *stream);
bool colour_is_shown(void); /* where out() writes to now */
/*
 * LINE, which has no newline, in that colour if out() writes to the terminal now (scope memory), or
 * else LINE itself.
 */
const char *colour_line(enum colour colour, const char *line);
/*
 * Of a task that PANICKED, or is in STATE, as ps writes that: besides the panic, what runs and what
 * may be stuck stands out.
 */
bool colour_of_task(const char *state, bool panicked, enum colour *colour);
/* The line of such a task. */
const char *colour_task_line(const char *state, bool panicked, const char *line);
/*
 * Until the innermost scope ends, what is caught (out_capture) will be printed where out()
 * writes to now.
 */
void colour_catch(void);

#endif
