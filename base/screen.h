/* base/screen.h - the size of the terminal, and how much of it a text takes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SCREEN_H
#define SCREEN_H

#include "base/util.h"

struct screen {
	unsigned rows, columns;
	/* where the text so far ends */
	unsigned row, column;
	enum { SCREEN_TEXT, SCREEN_ESCAPE, SCREEN_SEQUENCE } state;
};

/* Of the terminal on standard output; 24 rows of 80 columns when it does not say. */
void screen_open(struct screen *screen);
/* TEXT follows what was there: colours take no room, long lines go on in the next row. */
void screen_add(struct screen *screen, const char *text, size_t length);
/* More than the screen holds, with a row left for the prompt below? */
bool screen_is_full(const struct screen *screen);

/* The terminal obeys the sequences that move the cursor: it is not a "dumb" one. */
bool screen_can_move(void);
/* Takes TEXT, whole lines that stand above the cursor, off the terminal; false when it cannot. */
bool screen_take_back(const char *text, size_t length);

#endif
