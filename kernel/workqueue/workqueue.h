/* kernel/workqueue/workqueue.h - workqueues, with all pools and works. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WORKQUEUE_H
#define WORKQUEUE_H

#include "kernel/workqueue/workpool.h"

/* A workqueue's works for one pool: struct pool_workqueue. */
struct queue_part {
	u64 address, queue, pool;
	unsigned nr_active, max_active;
	size_t nr_inactive; /* found */
};

struct workqueue {
	u64 address;
	const char *name; /* as the dump has it */
	u32 flags;
	unsigned max_active; /* of each part */
	u64 rescuer, rescuer_task; /* 0: it has none */
	size_t first_part, nr_parts;
	const char *problem;
};

struct workqueues {
	struct workqueue *queues;
	struct work_pool *pools; /* by their ids */
	struct queue_part *parts; /* a workqueue's stand together */
	struct works works; /* all but delayed ones */
	size_t nr_queues, nr_pools, nr_parts;
	const char *problem; /* of the lists of all pools and workqueues */
};

/* Scope memory. fail()s when the kernel's lists cannot be found. */
void workqueues_read(struct workqueues *all);
const struct workqueue *workqueue_at(const struct workqueues *all, u64 address); /* NULL: none */
const struct work_pool *work_pool_at(const struct workqueues *all, u64 address);
const struct queue_part *queue_part_at(const struct workqueues *all, u64 address);
/* WQ_UNBOUND and so on: the INDEXth that FLAGS has; NULL: there are no more. */
const char *workqueue_flag(u32 flags, size_t index);

#endif
