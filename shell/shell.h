/* shell/shell.h - runs command lines: finds what each word means, and tells what went wrong. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SHELL_H
#define SHELL_H

#include "base/util.h"

/* Before anything that may run long: the SIGINT handler, SIGPIPE off. Sets session.terminal. */
void shell_init(void);

/* `q`: the line being run is the last one. */
void shell_quit(void);
bool shell_quitting(void);

/*
 * One whole line as the user types it, with pipes, redirection and aliases; used by
 * foreach, repeat, -i.
 */
bool shell_execute(const char *line);
/*
 * The same for the next line of a session, which stands in line NUMBER of SOURCE; counts it
 * where it fails.
 */
void shell_run_line(const char *line, const char *source, size_t number);
/* Prints LINE behind the prompt, as if it had been typed, but in a quiet session. */
void shell_echo_line(const char *line);
/*
 * `< FILE`: runs every line of a file; a line that fails does not stop the rest, unless
 * --fail-fast. False: some did. fail()s when it cannot be read.
 */
bool shell_run_file(const char *path);

/*
 * Runs LINE for a program that catches its output; messages about what went wrong are added to
 * ERROR, a line each but for the last newline. False: there were some.
 */
bool shell_execute_inside(const char *line, struct strbuf *error);

/*
 * Writes out what standard output still holds; nowhere to write it to ends the session,
 * as a failure.
 */
void shell_finish_output(void);

#endif
