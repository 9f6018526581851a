/* kernel/printksafe.h - before v5.15: messages that never came from a CPU's buffers into the log. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PRINTKSAFE_H
#define PRINTKSAFE_H

#include "base/util.h"

struct printk_safe {
	const char *name; /* of the per-cpu variable */
	bool first; /* of its name */
	unsigned cpu;
	u64 address, length, lost;
	const char *text; /* LENGTH bytes, as the kernel stored them; NULL: not readable, and WHY */
	const char *why;
};

/*
 * Calls EACH for both buffers of every CPU; valid only during the call. fail()s when this
 * kernel has none.
 */
void printk_safe_buffers(void (*each)(const struct printk_safe *buffer, void *arg), void *arg);

#endif
