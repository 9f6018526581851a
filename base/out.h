/* base/out.h - where a command's answer goes: the terminal, a pipe, a file or a string. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef OUT_H
#define OUT_H

#include "base/util.h"

#include <stdio.h>

/* Prints to the current stream. A broken pipe or a full disk ends the command through fail(). */
void out(const char *format, ...) PRINTF_LIKE(1, 2);
void out_text(const char *text);
void out_bytes(const void *data, size_t length);
void out_flush(void);
/* errno of the first write to standard output that failed; 0: none did. */
int out_error(void);
/* After writing to out_stream() directly. */
void out_check(void);
/*
 * What is printed from now on goes to TAKER instead, but for output that is being caught.
 * NULL: no more.
 */
void out_set_taker(void (*taker)(const char *text, size_t length));

/* For who writes to a stream by other ways: WHY (an errno) that failed. */
void out_failed(FILE *stream, int why);

FILE *out_stream(void);
/* Redirects from now on; returns the stream that was current. NULL: standard output. */
FILE *out_redirect(FILE *stream);

/*
 * Runs body(arg) with its output caught into TEXT; a failure inside is passed on after restoring.
 */
void out_capture(void (*body)(void *arg), void *arg, struct strbuf *text);

#endif
