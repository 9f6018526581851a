/* shell/process.h - programs outside: shell commands, pipelines and the pager that take our output. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PROCESS_H
#define PROCESS_H

#include "base/util.h"

#include <stdio.h>

/* -E -X: ends at the end, and leaves the text on the screen; -R: shows colours. */
#define PROCESS_LESS "less -E -X -R"

struct pager_settings {
	bool scroll; /* long output goes through the pager */
	const char *command; /* NULL: there is none */
};

extern struct pager_settings pager_settings;

/*
 * Runs `sh -c COMMAND` (NULL: an interactive shell) and waits. Ctrl-C reaches it. Returns
 * its wait status.
 */
int process_shell(const char *command);

/*
 * Until the innermost scope ends, out() goes to the standard input of `sh -c COMMAND`, into
 * the file at PATH, or to the terminal: what fits on the screen straight, what does not
 * through the pager. At the end all is flushed and the program waited for. Ctrl-C ends that
 * wait, and the program.
 */
void process_output_to_pipe(const char *command);
void process_output_to_file(const char *path, bool append);
void process_output_to_pager(const char *pager);
/* The stream that one of these opened last, when one is open; else NULL. */
FILE *process_output(void);
bool process_output_is_paged(void); /* the terminal is at its end, pager or not */
/* For a command that never ends by itself: output goes to the terminal as it comes. */
void process_output_unpaged(void);
/*
 * Waits so long, and false at once when nobody reads the answers any more: the program behind a
 * pipe ended, the terminal went away.
 */
bool process_output_wait(u64 seconds);

/* Called once: what a slow command printed appears after a short while, and progress goes on. */
void process_init(void);

#endif
