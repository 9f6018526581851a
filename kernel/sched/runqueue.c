/* kernel/sched/runqueue.c - struct rq: deadline, real-time, fair and extensible tasks of a CPU. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which fair tasks are queued, at any depth of groups, the list rq.cfs_tasks says in all kernels;
 * the trees only tell in which order. In the tree of deadline tasks the servers of other classes
 * stand as well (v6.12), which are no tasks.
 */
#include "kernel/sched/runqueue.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "containers/kpercpu.h"
#include "containers/krbtree.h"
#include "memory.h"
#include "task.h"

#include <stdio.h>
#include <stdlib.h>

KSYMBOL(runqueues, "runqueues");
KFIELD(rq_current, "rq.curr");
KFIELD(rq_clock, "rq.clock");
KFIELD(rq_cfs_tasks, "rq.cfs_tasks");
KFIELD(rq_cfs, "rq.cfs");
KFIELD(rq_timeline, "rq.cfs.tasks_timeline");
KFIELD(rq_rt, "rq.rt");
KFIELD(rq_dl, "rq.dl");
KFIELD(rq_ext, "rq.scx");
KFIELD(rq_rt_active, "rq.rt.active");
KFIELD(rq_rt_queues, "rq.rt.active.queue");
KFIELD(rq_dl_root, "rq.dl.root");
KFIELD(rq_ext_list, "rq.scx.runnable_list"); /* v6.12 */
KTYPE(list_head_type, "struct list_head");
KFIELD(task_prio, "task_struct.prio");
KFIELD(task_group_node, "task_struct.se.group_node");
KFIELD(task_run_node, "task_struct.se.run_node");
KFIELD(task_cfs_rq, "task_struct.se.cfs_rq");
KFIELD(task_vruntime, "task_struct.se.vruntime");
KFIELD(task_slice_deadline, "task_struct.se.deadline"); /* v6.6 */
KFIELD(task_delayed, "task_struct.se.sched_delayed"); /* v6.12 */
KFIELD(task_rt_list, "task_struct.rt.run_list");
KFIELD(task_rt_queue, "task_struct.rt.my_q"); /* CONFIG_RT_GROUP_SCHED */
KFIELD(task_dl_node, "task_struct.dl.rb_node");
KFIELD(task_dl_deadline, "task_struct.dl.deadline");
KFIELD(task_dl_throttled, "task_struct.dl.dl_throttled");
KFIELD(task_on_rq, "task_struct.on_rq");
KFIELD(task_dl_server, "task_struct.dl.dl_server"); /* v6.8 */
KFIELD(task_ext_node, "task_struct.scx.runnable_node");
KFIELD(task_throttle_node, "task_struct.throttle_node"); /* v7.2 */
KFIELD(entity_run_node, "sched_entity.run_node");
KFIELD(entity_my_q, "sched_entity.my_q");
KFIELD(entity_queue, "sched_entity.cfs_rq");
KFIELD(entity_parent, "sched_entity.parent");
KFIELD(task_entity, "task_struct.se");
KFIELD(queue_timeline, "cfs_rq.tasks_timeline");
KFIELD(queue_group, "cfs_rq.tg");
KFIELD(queue_throttled, "cfs_rq.throttled");
KFIELD(queue_limbo, "cfs_rq.throttled_limbo_list"); /* v7.2 */
KSYMBOL(task_groups, "task_groups");
KFIELD(group_list, "task_group.list");
KFIELD(group_queues, "task_group.cfs_rq");
KTYPE(group_state, "struct cfs_tg_state"); /* v7.2: one per-cpu pointer, no array of pointers */
KFIELD(group_state_queue, "cfs_tg_state.cfs_rq");
KFIELD(group_autogroup, "task_group.autogroup");

#define MAX_DEPTH 64 /* of groups in each other */

struct reading {
	struct runqueue *queue;
	size_t space;
	struct u64map *order; /* of fair tasks: place in the tree by sched_entity */
	u64 nr_ordered;
};

static struct queued_task *add(struct reading *reading, u64 address, enum queue_class class)
{
	struct runqueue *queue = reading->queue;
	struct queued_task *task;

	if (queue->count == reading->space)
		queue->tasks = scope_grow(queue->tasks, &reading->space, sizeof(*task));
	task = &queue->tasks[queue->count++];
	*task = (struct queued_task){ .address = address,
				      .class = class,
				      .number = queue->count,
				      .current = address == queue->current };
	return task;
}

static void note(struct reading *reading, const char *what, const char *why)
{
	if (!reading->queue->problem)
		reading->queue->problem = scope_printf("%s: %s", what, why);
}

static u64 optional(u64 task, struct kfield *field)
{
	u64 value = 0;

	if (kfield_exists(field))
		field_try_u64(task, field, &value, NULL);
	return value;
}

/* ---- deadline ---- */

static void read_deadline(struct reading *reading)
{
	u64 root = field_address(reading->queue->address, &rq_dl_root), address;
	struct krbtree_iter it;
	struct fault fault;

	reading->queue->deadline_tree = root;
	reading->queue->dl_rq = field_address(reading->queue->address, &rq_dl);
	krbtree_begin(&it, root, kfield_offset(&task_dl_node));
	while (krbtree_next(&it, &address)) {
		struct queued_task *task;
		u64 priority;

		if (optional(address, &task_dl_server))
			continue;
		if (!field_try_u64(address, &task_prio, &priority, &fault)) {
			note(reading, "deadline tasks", fault_text(&fault));
			return;
		}
		task = add(reading, address, QUEUE_DEADLINE);
		task->priority = (s32)priority;
		task->deadline = optional(address, &task_dl_deadline);
	}
	if (it.stopped)
		note(reading, "deadline tasks", krbtree_why(&it));
}

/* A task that has used its runtime waits beside the tree for a timer. */
static void read_waiting_deadline(struct reading *reading)
{
	struct runqueue *queue = reading->queue;
	size_t in_tree = queue->count;

	for (size_t i = 0; i < task_count(); i++) {
		const struct task *task = task_at(i);
		bool listed = false;

		if (task->cpu != queue->cpu || !optional(task->address, &task_dl_throttled) ||
		    !optional(task->address, &task_on_rq) ||
		    (s32)optional(task->address, &task_prio) >= 0)
			continue;
		for (size_t k = 0; k < in_tree; k++)
			listed |= queue->tasks[k].address == task->address;
		if (!listed) {
			struct queued_task *waiting = add(reading, task->address, QUEUE_DEADLINE);

			waiting->priority = (s32)optional(task->address, &task_prio);
			waiting->deadline = optional(task->address, &task_dl_deadline);
			waiting->throttled = true;
		}
	}
}

/* ---- real-time ---- */

static void read_rt(struct reading *reading)
{
	u64 queues = field_address(reading->queue->address, &rq_rt_queues), address;
	u64 count = kfield_size(&rq_rt_queues) / ktype_size(&list_head_type);

	reading->queue->rt_rq = field_address(reading->queue->address, &rq_rt);
	reading->queue->rt_array = field_address(reading->queue->address, &rq_rt_active);
	for (u64 priority = 0; priority < count; priority++) {
		struct klist_iter it;

		klist_begin(&it, queues + priority * ktype_size(&list_head_type),
			    kfield_offset(&task_rt_list));
		while (klist_next(&it, &address))
			if (!optional(address, &task_rt_queue)) /* a group is no task */
				add(reading, address, QUEUE_RT)->priority = (s64)priority;
		if (it.stopped)
			note(reading, "real-time tasks", klist_why(&it));
	}
}

/* ---- fair ---- */

/* Gives the entities of TREE and of the groups on it their places. */
static void order_tree(struct reading *reading, u64 tree, unsigned depth)
{
	struct krbtree_iter it;
	u64 entity, queue;

	krbtree_begin(&it, tree, kfield_offset(&entity_run_node));
	while (krbtree_next(&it, &entity)) {
		u64map_put(reading->order, entity, reading->nr_ordered++);
		if (kfield_exists(&entity_my_q) &&
		    field_try_u64(entity, &entity_my_q, &queue, NULL) && queue && depth < MAX_DEPTH)
			order_tree(reading, field_address(queue, &queue_timeline), depth + 1);
	}
	if (it.stopped)
		note(reading, "the tree of fair tasks", krbtree_why(&it));
}

static bool put_fair(struct reading *reading, u64 address, bool throttled)
{
	struct queued_task *task;
	struct fault fault;
	u64 priority;

	if (!field_try_u64(address, &task_prio, &priority, &fault)) {
		note(reading, "fair tasks", fault_text(&fault));
		return false;
	}
	task = add(reading, address, QUEUE_FAIR);
	task->priority = (s32)priority;
	task->cfs_rq = optional(address, &task_cfs_rq);
	task->vruntime = optional(address, &task_vruntime);
	task->deadline = optional(address, &task_slice_deadline);
	task->delayed = optional(address, &task_delayed);
	task->throttled = throttled;
	return true;
}

static void read_fair(struct reading *reading)
{
	u64 head = field_address(reading->queue->address, &rq_cfs_tasks), address;
	struct klist_iter it;

	reading->queue->fair_tree = field_address(reading->queue->address, &rq_timeline);
	order_tree(reading, reading->queue->fair_tree, 0);
	klist_begin(&it, head, kfield_offset(&task_group_node));
	while (klist_next(&it, &address))
		if (!put_fair(reading, address, false))
			break;
	if (it.stopped)
		note(reading, "fair tasks", klist_why(&it));
}

/* The queue that GROUP has on the CPU; 0: none. */
static u64 queue_of_group(u64 group, unsigned cpu)
{
	u64 queues, queue = 0;

	if (!field_try_u64(group, &group_queues, &queues, NULL) || !queues)
		return 0;
	if (ktype_exists(&group_state))
		return percpu_address(queues, cpu) + kfield_offset(&group_state_queue);
	mem_try_u64(queues + cpu * sizeof(u64), &queue, NULL);
	return queue;
}

/* Since v7.2 tasks of a group that has used its share are taken from the queue one by one. */
static void read_throttled(struct reading *reading)
{
	struct klist_iter it, tasks;
	u64 group, queue, address;

	if (!kfield_exists(&queue_limbo) || !ksymbol_exists(&task_groups))
		return;
	klist_begin(&it, ksymbol_address(&task_groups), kfield_offset(&group_list));
	while (klist_next(&it, &group)) {
		queue = queue_of_group(group, reading->queue->cpu);
		if (!queue)
			continue;
		klist_begin(&tasks, field_address(queue, &queue_limbo),
			    kfield_offset(&task_throttle_node));
		while (klist_next(&tasks, &address))
			if (!put_fair(reading, address, true))
				return;
		if (tasks.stopped)
			note(reading, "throttled tasks", klist_why(&tasks));
	}
	if (it.stopped)
		note(reading, "task groups", klist_why(&it));
}

/* ---- extensible ---- */

static void read_ext(struct reading *reading)
{
	struct klist_iter it;
	u64 head, address;

	if (!kfield_exists(&rq_ext_list))
		return;
	head = field_address(reading->queue->address, &rq_ext_list);
	reading->queue->ext_queue = head;
	reading->queue->scx_rq = field_address(reading->queue->address, &rq_ext);
	klist_begin(&it, head, kfield_offset(&task_ext_node));
	while (klist_next(&it, &address))
		add(reading, address, QUEUE_EXT)->priority = (s32)optional(address, &task_prio);
	/* Before a scheduler was ever loaded, the list is not set up. */
	if (it.stopped == KLIST_FAULT || it.stopped == KLIST_LOOP)
		note(reading, "tasks of sched_ext", klist_why(&it));
}

/* ---- all of it ---- */

static struct u64map *order_used; /* by the comparison */

/* The one that runs is not in the tree, and comes first. */
static u64 place_of(const struct queued_task *task)
{
	u64 place = ~0ULL;

	if (task->class != QUEUE_FAIR || task->current)
		return 0;
	u64map_get(order_used, task->address + kfield_offset(&task_entity), &place);
	return place;
}

static int compare_tasks(const void *a, const void *b)
{
	const struct queued_task *x = a, *y = b;
	u64 px, py;

	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	px = place_of(x);
	py = place_of(y);
	if (px != py)
		return px < py ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

void runqueue_read(unsigned cpu, struct runqueue *queue)
{
	struct reading reading = { .queue = queue, .order = scope_u64map() };
	u64 address = percpu_symbol(&runqueues, cpu);

	*queue = (struct runqueue){ .cpu = cpu,
				    .address = address,
				    .cfs_rq = field_address(address, &rq_cfs),
				    .current = field_u64(address, &rq_current),
				    .clock = field_u64(address, &rq_clock) };
	read_deadline(&reading);
	read_waiting_deadline(&reading);
	read_rt(&reading);
	read_fair(&reading);
	read_throttled(&reading);
	read_ext(&reading);
	interrupt_check();
	order_used = reading.order;
	if (queue->count)
		qsort(queue->tasks, queue->count, sizeof(*queue->tasks), compare_tasks);
	order_used = NULL;
}

/* ---- groups ---- */

KFIELD(css_cgroup, "cgroup_subsys_state.cgroup");
KFIELD(group_css, "task_group.css");
KFIELD(cgroup_kn, "cgroup.kn");
KFIELD(node_name, "kernfs_node.name");
KFIELD(autogroup_id, "autogroup.id");

static const char *name_of_group(u64 group)
{
	u64 autogroup = 0, cgroup, node, name_at, id;
	char name[128];

	if (kfield_exists(&group_autogroup))
		field_try_u64(group, &group_autogroup, &autogroup, NULL);
	if (autogroup && field_try_u64(autogroup, &autogroup_id, &id, NULL))
		return scope_printf("autogroup-%llu", id);
	if (field_try_u64(field_address(group, &group_css), &css_cgroup, &cgroup, NULL) && cgroup &&
	    field_try_u64(cgroup, &cgroup_kn, &node, NULL) &&
	    field_try_u64(node, &node_name, &name_at, NULL) &&
	    mem_try_string(name_at, name, sizeof(name), NULL))
		return scope_strdup(name);
	return "";
}

struct grouping {
	struct group_queue *items;
	size_t count, space;
	struct u64map *known; /* by cfs_rq */
};

static void add_group(struct grouping *groups, u64 cfs_rq, u64 parent)
{
	struct group_queue *queue;
	u64 value = 0;

	u64map_put(groups->known, cfs_rq, 1);
	if (groups->count == groups->space)
		groups->items = scope_grow(groups->items, &groups->space, sizeof(*queue));
	queue = &groups->items[groups->count++];
	*queue = (struct group_queue){ .address = cfs_rq, .parent = parent };
	if (kfield_exists(&queue_group))
		field_try_u64(cfs_rq, &queue_group, &queue->group, NULL);
	if (kfield_exists(&queue_throttled))
		field_try_u64(cfs_rq, &queue_throttled, &value, NULL);
	queue->throttled = value;
	queue->name = queue->group && parent ? name_of_group(queue->group) : "";
}

/* From the entity of a task up to the root: each stands on a queue, which is its parent's own. */
static void add_path(struct grouping *groups, u64 entity)
{
	u64 queue, parent, above;

	for (unsigned depth = 0; entity && depth < MAX_DEPTH; depth++, entity = parent) {
		if (!field_try_u64(entity, &entity_queue, &queue, NULL) ||
		    !field_try_u64(entity, &entity_parent, &parent, NULL) ||
		    u64map_get(groups->known, queue, NULL))
			return;
		if (!parent || !field_try_u64(parent, &entity_queue, &above, NULL))
			above = 0;
		add_group(groups, queue, above);
	}
}

size_t runqueue_groups(const struct runqueue *queue, struct group_queue **groups)
{
	struct grouping found = { .known = scope_u64map() };

	add_group(&found, queue->cfs_rq, 0);
	if (kfield_exists(&entity_parent) && kfield_exists(&entity_queue))
		for (size_t i = 0; i < queue->count; i++)
			if (queue->tasks[i].class == QUEUE_FAIR)
				add_path(&found,
					 field_address(queue->tasks[i].address, &task_entity));
	*groups = found.items;
	return found.count;
}
