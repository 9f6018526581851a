/* show/dumplines.h - "    name: value" lines of help -k and its siblings. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DUMPLINES_H
#define DUMPLINES_H

#include "base/util.h"

/* How wide the names are that follow; a longer one moves its own line to the right. */
void dump_width(int width);
void dump_line(const char *name, const char *format, ...) PRINTF_LIKE(2, 3);
/*
 * BODY prints lines; of damaged memory the one line says why, and those of others are printed
 * all the same.
 */
void dump_line_or_why(const char *name, void (*body)(void *arg));

#endif
