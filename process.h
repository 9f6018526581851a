/* process.h - L6: programs outside: shell commands, pipelines and the pager that take our output. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PROCESS_H
#define PROCESS_H

#include "util.h"

#include <stdio.h>

/* Runs `sh -c COMMAND` (NULL: an interactive shell) and waits. Ctrl-C reaches it. Returns its wait status. */
int process_shell(const char *command);

/*
 * Until the innermost scope ends, out() goes to the standard input of `sh -c COMMAND`, into the file
 * at PATH, or through the pager, which starts with the first byte. At the end all is flushed and the
 * program waited for.
 */
void process_output_to_pipe(const char *command);
void process_output_to_file(const char *path, bool append);
void process_output_to_pager(const char *pager);
/* The stream that one of these opened last, when one is open; else NULL. */
FILE *process_output(void);
/* A program reads it and may own the terminal: of a pager, once it has something to show. */
bool process_output_is_read(void);

#endif
