/* shell/prompt.h - lines from the user: readline on a terminal, else standard input; the history. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PROMPT_H
#define PROMPT_H

#include "base/util.h"

/* On a terminal: reads the user's inputrc, which may ask for vi's keys. */
void prompt_init(void);
/* The keys that edit lines: vi's, else emacs'. */
bool prompt_has_vi_keys(void);
void prompt_set_vi_keys(bool vi);

/* The next line without its newline (heap), or NULL at the end of the input. */
char *prompt_read_line(const char *prompt);

/*
 * `r`, `r N`, `r TEXT`, `!!`, `!N`: the line to run instead of LINE, or LINE itself (scope memory).
 * fail()s when the history has no such line. `r TEXT` also finds lines of earlier sessions.
 */
const char *prompt_recall(const char *line);
/* A line that was TYPED on a terminal is there in the next session as well. */
void prompt_remember(const char *line, bool typed);
/* The lines of this session, numbered from 1. */
void prompt_show_history(void);

#endif
