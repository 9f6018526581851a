/* base/debug.h - what the program tells of its own work: `set debug`, `set data_debug`, `set console`. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DEBUG_H
#define DEBUG_H

#include "base/util.h"

/* From which number on `set debug` shows a kind of message. */
enum debug_kind {
	DEBUG_FILES = 1, /* files looked at, what was decided, how long commands took */
	DEBUG_NAMES = 4, /* members, types and symbols of the kernel, at their first use */
	DEBUG_READS = 8, /* each piece of the dump that is read */
};

extern unsigned debug_level;
extern bool debug_names; /* DEBUG_NAMES whatever the level is */

static inline bool debug_on(enum debug_kind kind)
{
	return debug_level >= (unsigned)kind || (kind == DEBUG_NAMES && debug_names);
}

/* A line on standard error, or on the console when there is one. From any thread. */
void debug_say(const char *format, ...) PRINTF_LIKE(1, 2);
/* A terminal or a file that gets the messages. False with errno: it cannot be written to. */
bool debug_set_console(const char *path);
/* NULL: standard error. */
const char *debug_console(void);

#endif
