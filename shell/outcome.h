/* shell/outcome.h - what failed: a part of the command that runs, and which commands of a run. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "base/util.h"

struct outcome_settings {
	bool fail_fast; /* --fail-fast: the first command that fails ends the session */
	/* --exit-status, --json: the status of the run tells that a command failed */
	bool exit_status;
};

extern struct outcome_settings outcome_settings;

/*
 * A part of the command that runs did not work, such as one row, and the user knows; the
 * rest goes on.
 */
void command_partly_failed(void);
/* Did some part of it fail, or all of it? */
bool command_has_failed(void);
/* For who runs a command inside of another: returns what it was. */
bool command_set_failed(bool failed);

/* LINE as read, from line NUMBER of SOURCE ("standard input", a file's name; NULL: neither). */
void outcome_failed(const char *line, const char *source, size_t number);
size_t outcome_count(void);
/* Answers could not be written, or commands not be read: the status of every run tells that. */
void outcome_set_broken(void);
bool outcome_is_broken(void);
/* "crash: 2 commands failed: ..." on standard error, when there were any. */
void outcome_tell(void);

#endif
