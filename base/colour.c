/* base/colour.c - a few colours for lines that a reader looks for, on terminals that show them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/colour.h"

#include "base/fail.h"
#include "base/out.h"
#include "base/screen.h"

#include <stdlib.h>

static bool enabled;
static FILE *allowed;
static bool caught_is_shown;

/* From the terminal's own eight, which the user chose to be readable. */
static const char *const sequences[] = {
	[COLOUR_PANIC] = "1;31",
	[COLOUR_RUNNING] = "32",
	[COLOUR_BLOCKED] = "33",
	[COLOUR_FREE] = "36",
};

void colour_init(bool terminal)
{
	const char *no_colour = getenv("NO_COLOR");

	enabled = terminal && !(no_colour && *no_colour) && screen_can_move();
}

void colour_allow(FILE *stream)
{
	allowed = stream;
}

bool colour_is_shown(void)
{
	FILE *stream = out_stream();

	return enabled && (stream == stdout || stream == allowed || caught_is_shown);
}

static void end_catching(UNUSED void *arg)
{
	caught_is_shown = false;
}

void colour_catch(void)
{
	if (caught_is_shown || !colour_is_shown())
		return;
	caught_is_shown = true;
	scope_cleanup(end_catching, NULL);
}

const char *colour_line(enum colour colour, const char *line)
{
	if (!*line || !colour_is_shown())
		return line;
	return scope_printf("\033[%sm%s\033[m", sequences[colour], line);
}

bool colour_of_task(const char *state, bool panicked, enum colour *colour)
{
	*colour = panicked ? COLOUR_PANIC : streq(state, "RU") ? COLOUR_RUNNING : COLOUR_BLOCKED;
	return panicked || streq(state, "RU") || streq(state, "UN");
}

const char *colour_task_line(const char *state, bool panicked, const char *line)
{
	enum colour colour;

	return colour_of_task(state, panicked, &colour) ? colour_line(colour, line) : line;
}
