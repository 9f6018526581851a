/* kernel/locking/lockgraph.c - waits of all tasks, joined by the owners of the locks. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/locking/lockgraph.h"

#include "base/fail.h"
#include "base/progress.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/schedclock.h"

#include <stdlib.h>

/* ---- waits ---- */

struct building {
	struct lock_graph *graph;
	size_t space, lock_space;
	u64 now;
	struct u64map *waiting; /* number by task_struct */
};

static void add_wait(struct building *building, const struct lock_wait *wait)
{
	struct lock_graph *graph = building->graph;
	struct waiting_task *task;

	if (graph->nr_tasks == building->space)
		graph->tasks = scope_grow(graph->tasks, &building->space, sizeof(*task));
	task = &graph->tasks[graph->nr_tasks++];
	*task = (struct waiting_task){ .wait = *wait, .lock = NO_LOCK, .next = NO_TASK };
	if (!task_sleep_age(wait->task, building->now, &task->age))
		task->age = 0;
}

struct looking {
	const struct task *task;
	struct lock_wait wait;
	bool found;
};

/* Each in a scope of its own: a trace is large. */
static void look(void *arg)
{
	struct looking *looking = arg;

	looking->found = lock_wait_of(looking->task, &looking->wait);
}

static void read_waits(struct building *building)
{
	size_t count = task_count();

	progress_scope("lock", "tasks");
	for (size_t i = 0; i < count; i++) {
		struct looking looking = { .task = task_at(i) };
		struct failure failure;

		interrupt_check();
		progress_at(i, count);
		if (looking.task->on_cpu || !looking.task->state ||
		    !protect_row(look, &looking, &failure))
			continue;
		if (looking.found)
			add_wait(building, &looking.wait);
	}
}

static int compare_waits(const void *a, const void *b)
{
	const struct waiting_task *x = a, *y = b;

	if (x->wait.lock != y->wait.lock)
		return x->wait.lock < y->wait.lock ? -1 : 1;
	if (x->age != y->age)
		return x->age > y->age ? -1 : 1;
	return (x->wait.task->pid > y->wait.task->pid) - (x->wait.task->pid < y->wait.task->pid);
}

/* Runs of tasks that wait for the same. */
static void find_locks(struct building *building)
{
	struct lock_graph *graph = building->graph;

	for (size_t i = 0; i < graph->nr_tasks; i++) {
		struct waiting_task *task = &graph->tasks[i];
		struct waited_lock *lock;

		u64map_put(building->waiting, task->wait.task->address, i);
		if (!task->wait.lock)
			continue;
		if (i && graph->tasks[i - 1].wait.lock == task->wait.lock) {
			task->lock = graph->nr_locks - 1;
			graph->locks[task->lock].count++;
			continue;
		}
		if (graph->nr_locks == building->lock_space)
			graph->locks = scope_grow(graph->locks, &building->lock_space,
						  sizeof(*graph->locks));
		lock = &graph->locks[graph->nr_locks];
		*lock = (struct waited_lock){
			.address = task->wait.lock, .kind = task->wait.kind, .first = i, .count = 1
		};
		lock_owner_of(lock->kind, lock->address, &lock->owner);
		task->lock = graph->nr_locks++;
	}
}

static void find_next(struct building *building)
{
	struct lock_graph *graph = building->graph;

	for (size_t i = 0; i < graph->nr_tasks; i++) {
		struct waiting_task *task = &graph->tasks[i];
		const struct lock_owner *owner;
		u64 next;

		if (task->lock == NO_LOCK)
			continue;
		owner = &graph->locks[task->lock].owner;
		if (owner->holding == LOCK_HELD &&
		    u64map_get(building->waiting, owner->owner->address, &next))
			task->next = next;
	}
}

/* Every task waits for one other at most: who comes back to where he began is in a ring. */
static void find_rings(struct lock_graph *graph)
{
	for (size_t i = 0; i < graph->nr_tasks; i++) {
		size_t at = graph->tasks[i].next;

		for (size_t steps = 0; at != NO_TASK && at != i && steps < graph->nr_tasks; steps++)
			at = graph->tasks[at].next;
		if (at != i || graph->tasks[i].ring)
			continue;
		graph->nr_rings++;
		do {
			graph->tasks[at].ring = graph->nr_rings;
			at = graph->tasks[at].next;
		} while (at != i);
	}
}

/* ---- who blocks how many ---- */

static void add_blocker(struct lock_graph *graph, const struct task *owner, size_t *space)
{
	for (size_t i = 0; i < graph->nr_blockers; i++) {
		if (graph->blockers[i].task != owner)
			continue;
		graph->blockers[i].nr_blocked++;
		return;
	}
	if (graph->nr_blockers == *space)
		graph->blockers = scope_grow(graph->blockers, space, sizeof(*graph->blockers));
	graph->blockers[graph->nr_blockers++] = (struct root_blocker){ owner, 1 };
}

/* Each task counts once for every lock on its way, and for the task at the end of it. */
static void count_blocked(struct lock_graph *graph)
{
	size_t space = 0;

	for (size_t i = 0; i < graph->nr_tasks; i++) {
		size_t at = i;
		const struct lock_owner *owner;

		for (size_t steps = 0; steps <= graph->nr_tasks; steps++) {
			if (graph->tasks[at].lock == NO_LOCK || (steps && at == i))
				break;
			graph->locks[graph->tasks[at].lock].nr_blocked++;
			owner = &graph->locks[graph->tasks[at].lock].owner;
			if (graph->tasks[at].next == NO_TASK) {
				if (owner->holding == LOCK_HELD)
					add_blocker(graph, owner->owner, &space);
				break;
			}
			at = graph->tasks[at].next;
			if (graph->tasks[at].ring && graph->tasks[i].ring != graph->tasks[at].ring)
				break;
		}
	}
}

static int compare_locks(const void *a, const void *b)
{
	const struct waited_lock *x = a, *y = b;

	if (x->nr_blocked != y->nr_blocked)
		return x->nr_blocked > y->nr_blocked ? -1 : 1;
	return (x->address > y->address) - (x->address < y->address);
}

static int compare_blockers(const void *a, const void *b)
{
	const struct root_blocker *x = a, *y = b;

	if (x->nr_blocked != y->nr_blocked)
		return x->nr_blocked > y->nr_blocked ? -1 : 1;
	return (x->task->pid > y->task->pid) - (x->task->pid < y->task->pid);
}

/* Sorts the locks, and tells the tasks their new numbers. */
static void sort_locks(struct lock_graph *graph)
{
	if (graph->nr_locks)
		qsort(graph->locks, graph->nr_locks, sizeof(*graph->locks), compare_locks);
	for (size_t i = 0; i < graph->nr_locks; i++)
		for (size_t k = 0; k < graph->locks[i].count; k++)
			graph->tasks[graph->locks[i].first + k].lock = i;
	if (graph->nr_blockers)
		qsort(graph->blockers, graph->nr_blockers, sizeof(*graph->blockers),
		      compare_blockers);
}

void lock_graph_read(struct lock_graph *graph)
{
	struct building building = { .graph = graph,
				     .now = sched_now(),
				     .waiting = scope_u64map() };

	*graph = (struct lock_graph){ 0 };
	read_waits(&building);
	if (graph->nr_tasks)
		qsort(graph->tasks, graph->nr_tasks, sizeof(*graph->tasks), compare_waits);
	find_locks(&building);
	find_next(&building);
	find_rings(graph);
	count_blocked(graph);
	sort_locks(graph);
}
