/* kernel/workqueue/workpool.c - struct worker_pool and struct worker. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/workqueue/workpool.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "kernel.h"
#include "memory.h"

KFIELD(pool_cpu, "worker_pool.cpu");
KFIELD(pool_node, "worker_pool.node");
KFIELD(pool_flags, "worker_pool.flags");
KFIELD(pool_progress, "worker_pool.last_progress_ts", "worker_pool.watchdog_ts"); /* by v7.2 */
KFIELD(pool_works, "worker_pool.worklist");
KFIELD(pool_nr_workers, "worker_pool.nr_workers");
KFIELD(pool_nr_idle, "worker_pool.nr_idle");
KFIELD(pool_nr_running, "worker_pool.nr_running");
KFIELD(pool_attrs, "worker_pool.attrs");
KFIELD(attrs_nice, "workqueue_attrs.nice");
KENUM(pool_is_bh, "POOL_BH"); /* v6.9 */
KFIELD(pool_busy, "worker_pool.busy_hash");
KFIELD(pool_idle, "worker_pool.idle_list");
KFIELD(pool_manager, "worker_pool.manager");
KFIELD(worker_rescues, "worker.rescue_wq");
KFIELD(worker_hash, "worker.hentry");
KFIELD(worker_entry, "worker.entry");
KFIELD(worker_work, "worker.current_work");
KFIELD(worker_func, "worker.current_func");
KFIELD(worker_part, "worker.current_pwq");
KFIELD(worker_start, "worker.current_start"); /* by v7.2 */
KFIELD(worker_scheduled, "worker.scheduled");
KFIELD(worker_task, "worker.task");
KFIELD(worker_description, "worker.desc");

#define MAX_HASH 1024
#define MAX_IDLE 65536
#define STALL_SECONDS 30 /* what the kernel's watchdog takes */

/* ---- workers ---- */

static const char *description_of(u64 worker)
{
	char text[64] = "";
	u64 size = kfield_size(&worker_description);

	if (size >= sizeof(text) ||
	    !mem_try_read(worker + kfield_offset(&worker_description), text, (size_t)size, NULL))
		return "";
	return scope_strdup(text);
}

/* What it runs, then what it will run. */
static const char *read_worker(struct works *works, struct work_pool *pool, u64 worker)
{
	struct work work = { .state = WORK_RUNNING,
			     .pool = pool->address,
			     .worker = worker,
			     .cpu = -1,
			     .description = "" };
	struct work next = work;
	struct fault fault;
	const char *why;

	if (!field_try_u64(worker, &worker_work, &work.address, &fault) ||
	    !field_try_u64(worker, &worker_func, &work.function, &fault) ||
	    !field_try_u64(worker, &worker_part, &work.part, &fault) ||
	    !field_try_u64(worker, &worker_task, &work.task, &fault))
		return scope_printf("worker %llx: %s", worker, fault_text(&fault));
	work.has_begun = kfield_exists(&worker_start) &&
			 field_try_u64(worker, &worker_start, &work.begun, NULL);
	work.description = description_of(worker);
	next.state = WORK_NEXT;
	next.task = work.task;
	if (work.address)
		works_add(works, &work);
	why = works_add_list(works, field_address(worker, &worker_scheduled), next, NULL);
	return why ? scope_printf("worker %llx: %s", worker, why) : NULL;
}

static const char *read_workers(struct works *works, struct work_pool *pool)
{
	u64 heads[MAX_HASH], hash = field_address(pool->address, &pool_busy);
	size_t bytes = (size_t)kfield_size(&pool_busy);
	const char *problem = NULL;
	struct fault fault;

	if (bytes > sizeof(heads))
		return "worker_pool.busy_hash is too large";
	if (!mem_try_read(hash, heads, bytes, &fault))
		return scope_printf("workers: %s", fault_text(&fault));
	for (size_t i = 0; i < bytes / sizeof(*heads); i++) {
		struct klist_iter it;
		const char *why = NULL;
		u64 worker, rescues;

		if (!heads[i])
			continue;
		khlist_begin(&it, hash + i * sizeof(*heads), kfield_offset(&worker_hash));
		while (!why && klist_next(&it, &worker)) {
			/* A rescuer is none of the pool's workers. */
			if (field_try_u64(worker, &worker_rescues, &rescues, NULL) && !rescues)
				pool->nr_busy++;
			why = read_worker(works, pool, worker);
		}
		if (!why && it.stopped)
			why = scope_printf("workers: %s", klist_why(&it));
		if (!problem)
			problem = why;
	}
	return problem;
}

static const char *read_idle(struct work_pool *pool)
{
	struct klist_iter it;
	struct fault fault;
	struct idle_worker worker;
	size_t space = 0;

	klist_begin(&it, field_address(pool->address, &pool_idle), kfield_offset(&worker_entry));
	while (klist_next(&it, &worker.address)) {
		if (!field_try_u64(worker.address, &worker_task, &worker.task, &fault))
			return scope_printf("worker %llx: %s", worker.address, fault_text(&fault));
		if (pool->nr_idle_found == MAX_IDLE)
			return "there are too many idle workers";
		if (pool->nr_idle_found == space)
			pool->idle = scope_grow(pool->idle, &space, sizeof(worker));
		pool->idle[pool->nr_idle_found++] = worker;
	}
	return it.stopped ? scope_printf("idle workers: %s", klist_why(&it)) : NULL;
}

/* ---- a pool ---- */

/* The first problem is the one that is told. */
static void note(const char **problem, const char *why)
{
	if (why && !*problem)
		*problem = why;
}

static void try_numbers(void *arg)
{
	struct work_pool *pool = arg;
	u64 object = pool->address, attrs, nice;

	pool->cpu = (int)field_s64(object, &pool_cpu);
	pool->node = (int)field_s64(object, &pool_node);
	pool->nr_workers = (u32)field_u64(object, &pool_nr_workers);
	pool->nr_idle = (u32)field_u64(object, &pool_nr_idle);
	pool->nr_running = (s32)field_u64(object, &pool_nr_running);
	pool->progress = kernel_jiffies() - field_u64(object, &pool_progress);
	if ((s64)pool->progress < 0)
		pool->progress = 0;
	pool->bottom_half = kenum_exists(&pool_is_bh) &&
			    field_u64(object, &pool_flags) & (u64)kenum_value(&pool_is_bh);
	pool->has_nice = field_try_u64(object, &pool_attrs, &attrs, NULL) && attrs &&
			 field_try_u64(attrs, &attrs_nice, &nice, NULL);
	if (pool->has_nice)
		pool->nice = (s32)nice;
}

struct work_pool work_pool_read(u64 address, int id, struct works *works)
{
	struct work base = { .state = WORK_PENDING, .pool = address, .cpu = -1, .description = "" };
	struct work_pool pool = { .address = address, .id = id };
	struct failure failure;
	u64 manager = 0;
	size_t found;

	if (!protect_row(try_numbers, &pool, &failure)) {
		pool.problem = scope_strdup(failure.text);
		return pool;
	}
	note(&pool.problem, read_workers(works, &pool));
	note(&pool.problem,
	     works_add_list(works, field_address(address, &pool_works), base, &pool.nr_pending));
	note(&pool.problem, read_idle(&pool));
	/* While it makes a new one it neither works nor is idle. */
	if (field_try_u64(address, &pool_manager, &manager, NULL) && manager)
		field_try_u64(manager, &worker_task, &pool.manager_task, NULL);
	found = pool.nr_busy + pool.nr_idle_found + (manager != 0);
	if (!pool.problem && found != pool.nr_workers)
		pool.problem = scope_printf("of %u workers %zu are found", pool.nr_workers, found);
	pool.stalled = pool.nr_pending && pool.progress > (u64)STALL_SECONDS * kernel_hz();
	return pool;
}
