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
/* TEXT in that colour if out() writes to the terminal now (scope memory), or else TEXT itself. */
const char *colour_text(enum colour colour, const char *text);

#endif
