/* kernel/workqueue/workqueue.c - struct workqueue_struct, pool_workqueue and worker_pool. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/workqueue/workqueue.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "containers/kxarray.h"
#include "memory.h"
#include "names/kfield.h"

KSYMBOL(pools_by_id, "worker_pool_idr");
KSYMBOL(all_queues, "workqueues");
KFIELD(queue_link, "workqueue_struct.list");
KFIELD(queue_name, "workqueue_struct.name");
KFIELD(queue_flags, "workqueue_struct.flags");
KFIELD(queue_parts, "workqueue_struct.pwqs");
KFIELD(queue_max, "workqueue_struct.max_active"); /* v6.8 */
KFIELD(queue_saved_max, "workqueue_struct.saved_max_active");
KFIELD(queue_rescuer, "workqueue_struct.rescuer");
KFIELD(rescuer_task, "worker.task");
KFIELD(part_link, "pool_workqueue.pwqs_node");
KFIELD(part_pool, "pool_workqueue.pool");
KFIELD(part_active, "pool_workqueue.nr_active");
KFIELD(part_max, "pool_workqueue.max_active"); /* until v6.8 */
KFIELD(part_inactive, "pool_workqueue.inactive_works", "pool_workqueue.delayed_works");
KENUM(wq_bh, "WQ_BH");
KENUM(wq_unbound, "WQ_UNBOUND");
KENUM(wq_freezable, "WQ_FREEZABLE");
KENUM(wq_mem_reclaim, "WQ_MEM_RECLAIM");
KENUM(wq_highpri, "WQ_HIGHPRI");
KENUM(wq_cpu_intensive, "WQ_CPU_INTENSIVE");
KENUM(wq_sysfs, "WQ_SYSFS");
KENUM(wq_power_efficient, "WQ_POWER_EFFICIENT");
KENUM(wq_percpu, "WQ_PERCPU");
KENUM(wq_destroying, "__WQ_DESTROYING");
KENUM(wq_draining, "__WQ_DRAINING");
KENUM(wq_ordered, "__WQ_ORDERED");

#define MAX_POOLS 65536
#define MAX_QUEUES 65536
#define MAX_PARTS (1u << 20)
#define MAX_NAME 64

const char *workqueue_flag(u32 flags, size_t index)
{
	static const struct {
		struct kenum *bit;
		const char *name;
	} names[] = {
		{ &wq_bh, "BH" },
		{ &wq_unbound, "UNBOUND" },
		{ &wq_percpu, "PERCPU" },
		{ &wq_freezable, "FREEZABLE" },
		{ &wq_mem_reclaim, "MEM_RECLAIM" },
		{ &wq_highpri, "HIGHPRI" },
		{ &wq_cpu_intensive, "CPU_INTENSIVE" },
		{ &wq_sysfs, "SYSFS" },
		{ &wq_power_efficient, "POWER_EFFICIENT" },
		{ &wq_destroying, "DESTROYING" },
		{ &wq_draining, "DRAINING" },
		{ &wq_ordered, "ORDERED" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (kenum_exists(names[i].bit) && flags & (u32)kenum_value(names[i].bit) &&
		    !index--)
			return names[i].name;
	return NULL;
}

/* The first problem is the one that is told. */
static void note(const char **problem, const char *why)
{
	if (why && !*problem)
		*problem = why;
}

/* ---- pools ---- */

static void read_pools(struct workqueues *all)
{
	struct kxarray_iter it;
	u64 id, address;
	size_t space = 0;

	kidr_begin(&it, ksymbol_address(&pools_by_id));
	while (kxarray_next(&it, &id, &address)) {
		if (all->nr_pools == MAX_POOLS) {
			note(&all->problem, "there are too many pools");
			break;
		}
		if (all->nr_pools == space)
			all->pools = scope_grow(all->pools, &space, sizeof(*all->pools));
		all->pools[all->nr_pools++] = work_pool_read(address, (int)id, &all->works);
	}
	if (it.stopped)
		note(&all->problem, scope_printf("pools: %s", kxarray_why(&it)));
}

/* ---- workqueues ---- */

static const char *read_part(struct workqueues *all, struct workqueue *queue, u64 address,
			     size_t *space)
{
	struct queue_part part = { .address = address, .queue = queue->address };
	struct work base = {
		.state = WORK_INACTIVE, .queue = queue->address, .cpu = -1, .description = ""
	};
	struct fault fault;
	const char *why;
	u64 active, max = queue->max_active;

	if (!field_try_u64(address, &part_pool, &part.pool, &fault) ||
	    !field_try_u64(address, &part_active, &active, &fault) ||
	    (kfield_exists(&part_max) && !field_try_u64(address, &part_max, &max, &fault)))
		return scope_printf("pool_workqueue %llx: %s", address, fault_text(&fault));
	part.nr_active = (u32)active;
	part.max_active = (u32)max;
	base.pool = part.pool;
	why = works_add_list(&all->works, field_address(address, &part_inactive), base,
			     &part.nr_inactive);
	if (all->nr_parts == *space)
		all->parts = scope_grow(all->parts, space, sizeof(part));
	all->parts[all->nr_parts++] = part;
	queue->nr_parts++;
	return why ? scope_printf("pool_workqueue %llx: %s", address, why) : NULL;
}

static void read_parts(struct workqueues *all, struct workqueue *queue, size_t *space)
{
	struct klist_iter it;
	u64 address;

	queue->first_part = all->nr_parts;
	klist_begin(&it, field_address(queue->address, &queue_parts), kfield_offset(&part_link));
	while (klist_next(&it, &address)) {
		if (all->nr_parts == MAX_PARTS) {
			note(&queue->problem, "there are too many pool_workqueues");
			return;
		}
		note(&queue->problem, read_part(all, queue, address, space));
	}
	if (it.stopped)
		note(&queue->problem, scope_printf("pool_workqueues: %s", klist_why(&it)));
}

static const char *name_of(u64 queue)
{
	char name[MAX_NAME + 1] = "";
	size_t size = (size_t)min_u64(kfield_size(&queue_name), MAX_NAME);

	if (!mem_try_read(queue + kfield_offset(&queue_name), name, size, NULL))
		return "";
	return scope_strdup(name);
}

static void read_queue(struct workqueues *all, u64 address, size_t *space)
{
	struct workqueue *queue = &all->queues[all->nr_queues++];
	struct kfield *max_field = kfield_exists(&queue_max) ? &queue_max : &queue_saved_max;
	struct fault fault;
	u64 flags, max;

	*queue = (struct workqueue){ .address = address, .name = name_of(address) };
	if (!field_try_u64(address, &queue_flags, &flags, &fault) ||
	    !field_try_u64(address, max_field, &max, &fault) ||
	    !field_try_u64(address, &queue_rescuer, &queue->rescuer, &fault)) {
		queue->problem = scope_strdup(fault_text(&fault));
		return;
	}
	queue->flags = (u32)flags;
	queue->max_active = (u32)max;
	if (queue->rescuer &&
	    !field_try_u64(queue->rescuer, &rescuer_task, &queue->rescuer_task, &fault))
		queue->problem = scope_printf("rescuer %llx: %s", queue->rescuer,
					      fault_text(&fault));
	read_parts(all, queue, space);
}

static void read_queues(struct workqueues *all)
{
	struct klist_iter it;
	size_t space = 0, parts_space = 0;
	u64 address;

	klist_begin(&it, ksymbol_address(&all_queues), kfield_offset(&queue_link));
	while (klist_next(&it, &address)) {
		if (all->nr_queues == MAX_QUEUES) {
			note(&all->problem, "there are too many workqueues");
			return;
		}
		if (all->nr_queues == space)
			all->queues = scope_grow(all->queues, &space, sizeof(*all->queues));
		read_queue(all, address, &parts_space);
	}
	if (it.stopped)
		note(&all->problem, scope_printf("workqueues: %s", klist_why(&it)));
}

/* ---- all of them ---- */

const struct workqueue *workqueue_at(const struct workqueues *all, u64 address)
{
	for (size_t i = 0; i < all->nr_queues; i++)
		if (all->queues[i].address == address)
			return &all->queues[i];
	return NULL;
}

const struct work_pool *work_pool_at(const struct workqueues *all, u64 address)
{
	for (size_t i = 0; i < all->nr_pools; i++)
		if (all->pools[i].address == address)
			return &all->pools[i];
	return NULL;
}

const struct queue_part *queue_part_at(const struct workqueues *all, u64 address)
{
	for (size_t i = 0; i < all->nr_parts; i++)
		if (all->parts[i].address == address)
			return &all->parts[i];
	return NULL;
}

/* Those of pools know their part, those of parts their workqueue. */
static void link_works(struct workqueues *all)
{
	const struct queue_part *part = NULL;

	for (size_t i = 0; i < all->works.count; i++) {
		struct work *work = &all->works.items[i];

		if (work->queue || !work->part)
			continue;
		if (!part || part->address != work->part)
			part = queue_part_at(all, work->part);
		if (part)
			work->queue = part->queue;
	}
}

void workqueues_read(struct workqueues *all)
{
	*all = (struct workqueues){ 0 };
	read_pools(all);
	read_queues(all);
	link_works(all);
}
