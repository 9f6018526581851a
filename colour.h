/* colour.h - L0: a few colours for what a reader looks for, on terminals that show them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COLOUR_H
#define COLOUR_H

#include "util.h"

#include <stdio.h>

enum colour {
	COLOUR_PANIC, /* the task that panicked */
	COLOUR_RUNNING, /* states of tasks */
	COLOUR_BLOCKED,
	COLOUR_SYMBOL,
};

/*
 * Called once: standard output is a TERMINAL. Without one there are no colours, nor when NO_COLOR says so (not empty) or
 * TERM is "dumb".
 */
void colour_init(bool terminal);
/* What is written to STREAM gets to that terminal, too. NULL: no stream but standard output does. */
void colour_allow(FILE *stream);
bool colour_is_shown(void); /* where out() writes to now */
/* TEXT in that colour if out() writes to the terminal now (scope memory), or else TEXT itself. */
const char *colour_text(enum colour colour, const char *text);
/* TEXT in the colour of a task's STATE, as ps writes it: what runs and what may be stuck stands out. */
const char *colour_state(const char *state, const char *text);
/* Until the innermost scope ends, what is caught (out_capture) will be printed where out() writes to now. */
void colour_catch(void);

#endif
