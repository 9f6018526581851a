/* kernel/workqueue/work.h - works in every state. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WORK_H
#define WORK_H

#include "base/util.h"

enum work_state {
	WORK_RUNNING,
	WORK_NEXT, /* its worker has it, behind the one that runs */
	WORK_PENDING, /* on its pool's worklist */
	WORK_INACTIVE, /* its workqueue has as many active works as it may have */
	WORK_DELAYED, /* its timer will queue it */
};

struct work {
	enum work_state state;
	u64 address, function;
	u64 queue, part, pool; /* workqueue, its part for the pool, pool; 0: not known */
	u64 worker; /* running or next */
	u64 task; /* of the worker; 0: a softirq runs it */
	const char *description; /* that the work gave its worker, "" for none */
	bool has_begun; /* the kernel keeps since when it runs */
	u64 begun; /* in jiffies */
	u64 barrier_task; /* the task that waits until the works before this one have ended; or 0 */
	u64 expires; /* delayed: in jiffies */
	int cpu; /* delayed: where it will be queued; -1: anywhere */
};

struct works {
	struct work *items;
	size_t count, space;
};

/*
 * Adds those of the list_head at LIST to WORKS. BASE: what is known of each. COUNT (may be
 * NULL): how many there are. Returns what is wrong with the list, or NULL.
 */
const char *works_add_list(struct works *works, u64 list, struct work base, size_t *count);
void works_add(struct works *works, const struct work *work);
/* Those that a timer will queue, the soonest first. Scope memory. fail()s. */
struct works delayed_works(void);

/*
 * What a work_struct at ADDRESS says of itself, on a list or not: its function, and its part if it
 * is queued. False: it is none.
 */
bool work_read(u64 address, struct work *work);
/* The id of the pool that last ran it; -1: none did, or it is queued. */
int work_last_pool(u64 address);

#endif
