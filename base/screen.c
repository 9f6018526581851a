/* base/screen.c - the size of the terminal, and how much of it a text takes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define USUAL_ROWS 24
#define USUAL_COLUMNS 80

void screen_open(struct screen *screen)
{
	struct winsize size = { 0 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	*screen = (struct screen){
		.rows = size.ws_row ? size.ws_row : USUAL_ROWS,
		.columns = size.ws_col ? size.ws_col : USUAL_COLUMNS,
	};
}

static void add_columns(struct screen *screen, unsigned count)
{
	/* Terminals go to the next row only when a character follows that has no room. */
	if (screen->column + count > screen->columns) {
		screen->row++;
		screen->column = 0;
	}
	screen->column += count;
}

/* True while C belongs to an escape sequence: ESC [ parameters letter. */
static bool is_escape(struct screen *screen, char c)
{
	switch (screen->state) {
	case SCREEN_TEXT:
		if (c != '\033')
			return false;
		screen->state = SCREEN_ESCAPE;
		return true;
	case SCREEN_ESCAPE:
		screen->state = c == '[' ? SCREEN_SEQUENCE : SCREEN_TEXT;
		return true;
	case SCREEN_SEQUENCE:
		if (c >= '@' && c <= '~')
			screen->state = SCREEN_TEXT;
		return true;
	}
	return false;
}

void screen_add(struct screen *screen, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		u8 c = text[i];

		if (is_escape(screen, c))
			continue;
		if (c == '\n') {
			screen->row++;
			screen->column = 0;
		} else if (c == '\r') {
			screen->column = 0;
		} else if (c == '\t') {
			add_columns(screen, 8 - screen->column % 8);
		} else if (c >= ' ' && (c & 0xc0) != 0x80) { /* one of UTF-8's first bytes */
			add_columns(screen, 1);
		}
	}
}

bool screen_is_full(const struct screen *screen)
{
	return screen->row + (screen->column > 0) >= screen->rows;
}

bool screen_can_move(void)
{
	const char *kind = getenv("TERM");

	return kind && *kind && !streq(kind, "dumb");
}

bool screen_take_back(const char *text, size_t length)
{
	struct screen screen;

	screen_open(&screen);
	screen_add(&screen, text, length);
	/* What scrolled out of the window cannot be reached. */
	if (!screen_can_move() || !screen.row || screen.row >= screen.rows)
		return false;
	printf("\033[%uA\r\033[J", screen.row);
	return fflush(stdout) == 0;
}
