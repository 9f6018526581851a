/* kernel/sched/runqueue.h - run queues: what each CPU runs, and what waits to be run. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RUNQUEUE_H
#define RUNQUEUE_H

#include "base/util.h"

enum queue_class { QUEUE_DEADLINE, QUEUE_RT, QUEUE_FAIR, QUEUE_EXT };

struct queued_task {
	u64 address; /* task_struct */
	enum queue_class class;
	s64 priority; /* task_struct.prio */
	u64 cfs_rq; /* QUEUE_FAIR: the queue of its group */
	u64 vruntime, deadline; /* QUEUE_FAIR; of QUEUE_DEADLINE the absolute deadline in ns */
	size_t number; /* in the order in which they were found */
	bool current; /* it is the one that runs */
	bool delayed; /* it sleeps, and stays until it would be picked (v6.12) */
	/* it waits beside the queue: it, or since v7.2 its group, has used its share */
	bool throttled;
};

struct runqueue {
	unsigned cpu;
	u64 address; /* rq */
	u64 current; /* task_struct */
	u64 clock; /* ns */
	u64 cfs_rq, rt_rq, dl_rq, scx_rq; /* of the root group; 0: it has none */
	u64 rt_array, fair_tree, deadline_tree, ext_queue; /* addresses; 0: it has none */
	/* by class; RT by priority, fair ones in the order of the tree, others by deadline */
	struct queued_task *tasks;
	size_t count;
	const char *problem; /* why some may be missing; NULL: none is */
};

/* Scope memory. fail()s when the queue itself cannot be read. */
void runqueue_read(unsigned cpu, struct runqueue *queue);

/* A task group's queue of fair tasks on a CPU. */
struct group_queue {
	u64 address; /* cfs_rq */
	u64 group; /* task_group; 0: the kernel has no groups */
	u64 parent; /* cfs_rq that it stands on; 0: it is the CPU's own */
	bool throttled;
	const char *name; /* its cgroup's, "autogroup-7", "" of the root */
};

/*
 * Those that lead to fair tasks of QUEUE, its own first; scope memory. What cannot be read ends
 * the way to the root.
 */
size_t runqueue_groups(const struct runqueue *queue, struct group_queue **groups);

#endif
