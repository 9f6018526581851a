/* shell.h - L6: reads command lines from the prompt, a file or a pipe, and runs them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SHELL_H
#define SHELL_H

#include "command.h"

/*
 * Before anything that may run long: the SIGINT handler, SIGPIPE off. Sets session.terminal.
 * shell_execute() is in command.h, because commands use it too.
 */
void shell_init(void);

/* Runs every line of a file; a line that fails does not stop the rest. fail()s when it cannot be read. */
void shell_run_file(const char *path);

/*
 * Runs the file of -i, then prompts (or reads standard input when it is no terminal) until the end.
 * Returns the exit status: 0, or 2 when some command failed.
 */
int shell_main_loop(void);

/* `q`: the line being run is the last one. */
void shell_quit(void);
bool shell_quitting(void);

/*
 * A message about something that went wrong, where `set error` says: with the command's output, on the
 * terminal, or in a file. TEXT gets "NAME: " before it, and a newline.
 */
void shell_error(const char *name, const char *text);

/* LINE cut into its parts. All strings are trimmed copies in scope memory. */
struct shell_line {
	char *command; /* "" when there is only an input file */
	char *input; /* after '<', or NULL */
	char *output; /* after '>' or '>>', or NULL */
	bool append; /* '>>' */
	char *pipeline; /* after '|' or ' ! ', or NULL */
};
void shell_line_parse(const char *line, struct shell_line *parsed);

#endif
