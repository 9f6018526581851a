/* base/progress.c - a line on the terminal that tells how far a long work is. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/progress.h"

#include "base/fail.h"
#include "base/screen.h"

#include <stdio.h>
#include <stdio_ext.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define MOST_LEVELS 8 /* works inside each other; deeper ones are not shown */
#define MOST_COLUMNS 79 /* a window may get narrower, and then wraps what is longer */
#define USUAL_COLUMNS 80
#define ECHO_COLUMNS 2 /* the terminal's "^C" */
#define NS_PER_S 1000000000LL
#define FIRST_AFTER NS_PER_S /* later than that a user wonders */
#define THEN_AFTER (NS_PER_S / 10) /* a terminal at the other end of a slow line */

struct level {
	char what[64];
	const char *unit;
	u64 done, all;
	long long began;
};

static struct level levels[MOST_LEVELS];
static unsigned depth, suspensions, shown_depth;
static bool silent, terminal;
/* Of what is on the terminal: blanks erase it on every kind of one. 0: nothing is. */
static int width;
static long long next; /* ns of the monotonic clock */

/* To a few milliseconds: it is asked for each line of an answer. */
static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	return time.tv_sec * NS_PER_S + time.tv_nsec;
}

/* With the terminal's "^C" behind it. */
static void erase(void)
{
	if (width)
		fprintf(stderr, "\r%*s\r", width + ECHO_COLUMNS, "");
	width = 0;
}

void progress_clear(void)
{
	erase();
	/* Who sees an answer come need not be told that there is work. */
	if (depth && terminal)
		next = now() + FIRST_AFTER;
}

void progress_silence(void)
{
	silent = true;
}

void progress_suspend(bool suspended)
{
	erase();
	suspensions += suspended ? 1 : -1;
}

void progress_begin(const char *what, const char *unit)
{
	struct level *level;

	if (!depth) {
		terminal = isatty(STDERR_FILENO) && screen_can_move();
		warn_set_before(progress_clear);
	}
	if (depth++ >= MOST_LEVELS)
		return;
	level = &levels[depth - 1];
	*level = (struct level){ .unit = unit, .began = now() };
	snprintf(level->what, sizeof(level->what), "%s", what);
}

void progress_end(void)
{
	if (depth-- == shown_depth)
		erase();
}

static void end_scope(UNUSED void *arg)
{
	progress_end();
}

void progress_scope(const char *what, const char *unit)
{
	progress_begin(what, unit);
	scope_cleanup(end_scope, NULL);
}

static const struct level *innermost(void)
{
	return &levels[depth < MOST_LEVELS ? depth - 1 : MOST_LEVELS - 1];
}

bool progress_is_wanted(void)
{
	return depth && terminal && !silent && !suspensions &&
	       now() >= innermost()->began + FIRST_AFTER;
}

static void add_duration(struct strbuf *text, double seconds)
{
	if (seconds < 100)
		strbuf_printf(text, "%.0f s", seconds);
	else if (seconds < 100 * 60)
		strbuf_printf(text, "%.0f min", seconds / 60);
	else
		strbuf_printf(text, "%.0f h", seconds / 3600);
}

/* "300 of 5000 tasks, 100 tasks/s, 47 s left", or less of it where less is known. */
static void add_numbers(struct strbuf *text, const struct level *level, double seconds)
{
	bool bytes = streq(level->unit, PROGRESS_BYTES);
	unsigned long long done = bytes ? level->done >> 20 : level->done;
	unsigned long long all = bytes ? level->all >> 20 : level->all;
	const char *unit = bytes ? "MB" : level->unit;

	strbuf_printf(text, "%llu ", done);
	if (all >= done && all)
		strbuf_printf(text, "of %llu ", all);
	strbuf_puts(text, unit);
	if (!level->done)
		return;
	strbuf_printf(text, ", %.*f %s/s", done < 10 * seconds, done / seconds, unit);
	if (level->all < level->done)
		return;
	strbuf_puts(text, ", ");
	add_duration(text, (level->all - level->done) * seconds / level->done);
	strbuf_puts(text, " left");
}

/* What the terminal has room for without going to another row, "^C" behind it. */
static int most_columns(void)
{
	struct winsize size = { 0 };
	int columns;

	ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	columns = (size.ws_col ? size.ws_col : USUAL_COLUMNS) - 1;
	columns = columns < MOST_COLUMNS ? columns : MOST_COLUMNS;
	return columns > ECHO_COLUMNS ? columns - ECHO_COLUMNS : 0;
}

static void show(void)
{
	const struct level *level = innermost();
	double seconds = (now() - level->began) / (double)NS_PER_S;
	struct strbuf text = { 0 };
	int length, most = most_columns();

	strbuf_printf(&text, "%s: ", level->what);
	if (level->unit && (level->done || level->all))
		add_numbers(&text, level, seconds);
	else
		add_duration(&text, seconds);
	length = text.length < (size_t)most ? (int)text.length : most;
	if (width > most)
		width = most;
	fflush(stdout);
	fprintf(stderr, "\r%-*.*s", width, length, strbuf_text(&text));
	fflush(stderr);
	width = length > width ? length : width;
	shown_depth = depth;
	strbuf_free(&text);
}

void progress_tick(void)
{
	long long time = now();

	if (time < next || !progress_is_wanted())
		return;
	next = time + THEN_AFTER;
	/* A line of the answer that has begun stands there, and cannot be written again. */
	if (!__flbf(stdout) || !__fpending(stdout))
		show();
}

void progress_at(u64 done, u64 all)
{
	if (!depth || depth > MOST_LEVELS)
		return;
	levels[depth - 1].done = done;
	levels[depth - 1].all = all;
	progress_tick();
}
