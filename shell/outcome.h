/* shell/outcome.h - which commands of a run failed, for its last line and its exit status. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "base/util.h"

/* LINE as it was read, from line NUMBER of SOURCE ("standard input", a file's name; NULL: neither). */
void outcome_failed(const char *line, const char *source, size_t number);
size_t outcome_count(void);
/* "crash: 2 commands failed: ..." on standard error, when there were any. */
void outcome_tell(void);

#endif
