/* progress.h - L0: a line on the terminal that tells how far a long search is. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "util.h"

/*
 *	progress_begin();
 *	while (...)
 *		if (progress_is_due())
 *			progress_show("searched %llu MB", ...);
 *	progress_end();
 *
 * From the second second on, so that what is short leaves the terminal alone; only when standard error is one,
 * and not in a quiet session. There is one line: what begins inside of something else takes it over.
 */
void progress_begin(void);
bool progress_is_due(void);
void progress_show(const char *format, ...) PRINTF_LIKE(1, 2);
/*
 * The same for bytes, when it is due: "WHAT 120 of 256 MB, 80 MB/s, 2 s left"; ALL 0: how many there are is not known.
 */
void progress_bytes(const char *what, u64 done, u64 all);
/* Takes the line away; the next progress_show() brings it back. To be called before anything else is written. */
void progress_clear(void);
void progress_end(void);

/* -s: no such lines from now on. */
void progress_silence(void);

#endif
