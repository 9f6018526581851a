/* kernel/printk.h - the kernel's log, from the lockless ring buffer of v5.10 and later. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PRINTK_H
#define PRINTK_H

#include "base/util.h"

struct printk_record {
	u64 sequence;
	u64 nanoseconds;
	u32 caller_id; /* bit 31 set: a CPU's number, else a thread's pid */
	u8 facility, level, flags;
	bool is_open; /* its writer had not finished it: a later printk could still add to it */
	const char *text; /* valid until the next call; a NUL follows, others may be inside */
	size_t text_bytes;
	const char *dictionary; /* KEY=VALUE NUL-separated (SUBSYSTEM, DEVICE); may be empty */
	size_t dictionary_bytes;
};

enum { PRINTK_CALLER_IS_CPU = 1u << 31 };

struct printk_iter {
	u64 next_id, end_id; /* descriptor numbers; the walk ends at end_id */
	void *state; /* scope memory */
	u64 nr_lost; /* records overwritten, unreadable or damaged after the first good one */
	char lost_why[80]; /* why pages of it cannot be read; "": all can */
	char why[160]; /* set when the buffer's own bookkeeping is damaged */
};

/* Oldest record first. fail()s when there is no such buffer. */
void printk_begin(struct printk_iter *it);
bool printk_next(struct printk_iter *it, struct printk_record *record);

#endif
