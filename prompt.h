/* prompt.h - L6: lines from the user: readline on a terminal, else standard input; the history. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PROMPT_H
#define PROMPT_H

#include "util.h"

/* The next line without its newline (heap), or NULL at the end of the input. */
char *prompt_read_line(const char *prompt);

/*
 * `r`, `r N`, `r TEXT`, `!!`, `!N`: the line to run instead of LINE, or LINE itself (scope memory).
 * fail()s when the history has no such line.
 */
const char *prompt_recall(const char *line);
void prompt_remember(const char *line);
void prompt_show_history(void);

#endif
