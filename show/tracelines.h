/* show/tracelines.h - source lines and inlined functions of traces, in bt and in the log. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TRACELINES_H
#define TRACELINES_H

#include "base/util.h"

/*
 * " FILE: LINE" and, for each function that is inline at PC, " (inlined) NAME at FILE: LINE", where
 * it was called: lines with their newlines, the innermost first. False: no debug information covers
 * PC.
 */
bool tracelines_add(u64 pc, struct strbuf *text);
/*
 * What a line of the log, the LENGTH bytes at MESSAGE, says of the source by func+0x12/0x34: "
 * (FILE:LINE)", and lines for inlined functions behind INDENT blanks. Nothing when it says nothing.
 */
void tracelines_decode(const char *message, size_t length, size_t indent, struct strbuf *text);

#endif
