/* kernel/locking/lockgraph.h - all lock waits of a dump, by lock: who blocks whom, and in which rings. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LOCKGRAPH_H
#define LOCKGRAPH_H

#include "kernel/locking/lockwait.h"

struct waiting_task {
	struct lock_wait wait;
	u64 age; /* ns since it was last put on a CPU; 0: not known */
	size_t lock; /* number of what it waits for; NO_LOCK: that was not found */
	size_t next; /* number of the waiting task that has it; NO_TASK: its owner does not wait */
	size_t ring; /* number of the ring that it is part of, from 1; 0: of none */
};

#define NO_LOCK SIZE_MAX
#define NO_TASK SIZE_MAX

struct waited_lock {
	u64 address;
	enum lock_kind kind;
	struct lock_owner owner;
	size_t first, count; /* its waiters: a run of the tasks */
	size_t nr_blocked; /* tasks that wait for it, or for a task that does */
};

/* A task that waits for nothing and has what others wait for. */
struct root_blocker {
	const struct task *task;
	size_t nr_blocked;
};

struct lock_graph {
	struct waiting_task *tasks; /* by lock, the oldest first */
	size_t nr_tasks;
	struct waited_lock *locks; /* that which blocks most first */
	size_t nr_locks;
	struct root_blocker *blockers; /* the same */
	size_t nr_blockers;
	size_t nr_rings;
};

/* Scope memory. Shows progress, ends on an interrupt. */
void lock_graph_read(struct lock_graph *graph);

#endif
