/* progress.c - L0: a line on the terminal that tells how far a long search is. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define MOST_COLUMNS 128
#define NS_PER_S 1000000000LL
#define FIRST_AFTER NS_PER_S /* later than that a user wonders */
#define THEN_AFTER (NS_PER_S / 10) /* a terminal at the other end of a slow line */

static bool silent, running;
static int
	width; /* of what is on the terminal: blanks erase it on every kind of one. 0: nothing is */
static long long began, next; /* ns of the monotonic clock */

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NS_PER_S + time.tv_nsec;
}

void progress_silence(void)
{
	silent = true;
}

void progress_begin(void)
{
	progress_clear();
	running = !silent && isatty(STDERR_FILENO);
	began = now();
	next = began + FIRST_AFTER;
}

bool progress_is_due(void)
{
	return running && now() >= next;
}

void progress_show(const char *format, ...)
{
	char text[MOST_COLUMNS];
	va_list args;
	int length;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	length = (int)strlen(text);
	fprintf(stderr, "\r%-*s", width, text);
	fflush(stderr);
	width = length > width ? length : width;
	next = now() + THEN_AFTER;
}

void progress_bytes(const char *what, u64 done, u64 all)
{
	unsigned long long mb = done >> 20, all_mb = all >> 20, rate;
	double seconds = (now() - began) / (double)NS_PER_S;

	if (!progress_is_due())
		return;
	rate = mb / seconds;
	if (all_mb < mb)
		progress_show("%s %llu MB, %llu MB/s", what, mb, rate);
	else if (!mb)
		progress_show("%s 0 of %llu MB", what, all_mb);
	else
		progress_show("%s %llu of %llu MB, %llu MB/s, %.0f s left", what, mb, all_mb, rate,
			      (all_mb - mb) * seconds / mb);
}

void progress_clear(void)
{
	if (width) /* and the terminal's "^C" behind it */
		fprintf(stderr, "\r%*s\r", width + 2, "");
	width = 0;
}

void progress_end(void)
{
	progress_clear();
	running = false;
}
