/* shell/outcome.c - what failed: counts the commands that did and keeps the first of them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/outcome.h"

#include <stdio.h>
#include <stdlib.h>

#define KEPT 5
#define LINE_SHOWN 60

struct outcome_settings outcome_settings;

static char *kept[KEPT];
static size_t count;
static bool command_failed; /* the one that runs */
static bool broken;

void command_partly_failed(void)
{
	command_failed = true;
}

bool command_has_failed(void)
{
	return command_failed;
}

bool command_set_failed(bool failed)
{
	bool old = command_failed;

	command_failed = failed;
	return old;
}

void outcome_failed(const char *line, const char *source, size_t number)
{
	bool cut = strlen(line) > LINE_SHOWN;
	char *text, *place;

	if (count++ >= KEPT)
		return;
	/* Not in the middle of a character. */
	text = xstrndup(line, LINE_SHOWN);
	while (cut && *text && (text[strlen(text) - 1] & 0x80))
		text[strlen(text) - 1] = '\0';
	place = !source	 ? xstrdup("")
		: number ? xasprintf(" (%s, line %zu)", source, number)
			 : xasprintf(" (%s)", source);
	kept[count - 1] = xasprintf("\"%s%s\"%s", text, cut ? "..." : "", place);
	free(text);
	free(place);
}

size_t outcome_count(void)
{
	return count;
}

void outcome_set_broken(void)
{
	broken = true;
}

bool outcome_is_broken(void)
{
	return broken;
}

void outcome_tell(void)
{
	if (!count)
		return;
	fprintf(stderr, "crash: %zu %s failed: ", count, count == 1 ? "command" : "commands");
	for (size_t i = 0; i < count && i < KEPT; i++)
		fprintf(stderr, "%s%s", i ? ", " : "", kept[i]);
	if (count > KEPT)
		fprintf(stderr, ", and %zu more", count - KEPT);
	fputc('\n', stderr);
}
