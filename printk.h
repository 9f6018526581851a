/* printk.h - L5: the kernel's log, from the lockless ring buffer (v5.10) or the older record buffer. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PRINTK_H
#define PRINTK_H

#include "util.h"

struct printk_record {
	u64 sequence;
	u64 nanoseconds;
	u32 caller_id;
	u8 facility, level, flags;
	const char *text;	/* not NUL-terminated; valid until the next call */
	size_t text_bytes;
	const char *dictionary;	/* KEY=VALUE NUL-separated (SUBSYSTEM, DEVICE); may be empty */
	size_t dictionary_bytes;
};

struct printk_iter {
	u64 next_sequence, last_sequence;
	void *state;
	u64 nr_lost;		/* records overwritten or unreadable */
	char why[160];		/* set when the walk ended early */
};

/* Oldest record first. */
void printk_begin(struct printk_iter *it);
bool printk_next(struct printk_iter *it, struct printk_record *record);

#endif
