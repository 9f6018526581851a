/* shell/shell.h - runs command lines: finds what each word means, and tells what went wrong. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SHELL_H
#define SHELL_H

#include "shell/command.h"

/*
 * Before anything that may run long: the SIGINT handler, SIGPIPE off. Sets session.terminal.
 * shell_execute() is in command.h, because commands use it too.
 */
void shell_init(void);

/* `q`: the line being run is the last one. */
void shell_quit(void);
bool shell_quitting(void);

/*
 * A message about something that went wrong, where `set error` says: with the command's output, on the
 * terminal, or in a file. TEXT gets "NAME: " before it, and a newline.
 */
void shell_error(const char *name, const char *text);

/*
 * Runs LINE for a program that catches its output; messages about what went wrong are added to ERROR, a line each
 * but for the last newline. False: there were some.
 */
bool shell_execute_inside(const char *line, struct strbuf *error);

/* Writes out what standard output still holds; nowhere to write it to ends the session, as a failure. */
void shell_finish_output(void);

#endif
