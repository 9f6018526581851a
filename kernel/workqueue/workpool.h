/* kernel/workqueue/workpool.h - pools of workers, and what these run. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WORKPOOL_H
#define WORKPOOL_H

#include "kernel/workqueue/work.h"

struct idle_worker {
	u64 address, task;
};

struct work_pool {
	u64 address;
	int id, cpu, node, nice; /* cpu -1: of no CPU */
	bool has_nice;
	bool bottom_half; /* softirqs run its works, not workers */
	unsigned nr_workers, nr_idle;
	int nr_running; /* workers that are on a CPU, or want to be */
	size_t nr_busy, nr_pending; /* found; without rescuers */
	u64 manager_task; /* of the worker that makes new ones; 0: none does */
	u64 progress; /* jiffies since it last began a work */
	bool stalled; /* it has works, and began none for longer than the watchdog allows */
	struct idle_worker *idle;
	size_t nr_idle_found;
	const char *problem; /* what is wrong with its lists; NULL: nothing */
};

/* That at ADDRESS; what is running and pending there is added to WORKS. Scope memory. */
struct work_pool work_pool_read(u64 address, int id, struct works *works);

#endif
