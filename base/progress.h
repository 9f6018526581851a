/* base/progress.h - a line on the terminal that tells how far a long work is. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "base/util.h"

/*
 *	progress_begin("foreach bt", "tasks");
 *	for (i = 0; i < count; i++)
 *		progress_at(i, count);
 *	progress_end();
 *
 * shows "foreach bt: 300 of 5000 tasks, 100 tasks/s, 47 s left" from the second second on, so that
 * what is short leaves the terminal alone; only when standard error is one, and not in a quiet
 * session. There is one line: what begins inside of something else takes it over until it ends.
 * Main thread only.
 */
#define PROGRESS_BYTES "bytes" /* a unit that is shown in MB */

/* UNIT NULL: nothing is counted, and the line tells how long it has taken. */
void progress_begin(const char *what, const char *unit);
void progress_end(void);
/* Begins it, and ends it with the innermost scope. */
void progress_scope(const char *what, const char *unit);
/* ALL 0: how many there are is not known. */
void progress_at(u64 done, u64 all);
/* The line would be on the terminal by now: worth finding out how much there is to do. */
bool progress_is_wanted(void);
/* Shows the line again with what is known, when that is due. */
void progress_tick(void);
/*
 * Takes the line away; it comes back some time later. To be called before anything else is written
 * to the terminal.
 */
void progress_clear(void);

/* Somebody else owns the terminal until this is undone, as often as it was done. */
void progress_suspend(bool suspended);
/* -s: no such lines from now on. */
void progress_silence(void);

#endif
