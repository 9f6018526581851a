/* colour.c - L0: a few colours for what a reader looks for, on terminals that show them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "colour.h"

#include "fail.h"
#include "out.h"

#include <stdlib.h>

static bool enabled;
static FILE *allowed;

/* From the terminal's own eight, which the user chose to be readable. */
static const char *const sequences[] = {
	[COLOUR_PANIC] = "1;31",
	[COLOUR_RUNNING] = "32",
	[COLOUR_BLOCKED] = "33",
	[COLOUR_SYMBOL] = "36",
};

void colour_init(bool terminal)
{
	const char *no_colour = getenv("NO_COLOR"), *kind = getenv("TERM");

	enabled = terminal && !(no_colour && *no_colour) && kind && *kind && !streq(kind, "dumb");
}

void colour_allow(FILE *stream)
{
	allowed = stream;
}

const char *colour_text(enum colour colour, const char *text)
{
	FILE *stream = out_stream();

	if (!enabled || !*text || (stream != stdout && stream != allowed))
		return text;
	return scope_printf("\033[%sm%s\033[m", sequences[colour], text);
}
