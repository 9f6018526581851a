/* commands/wq.c - the command wq: what workqueues have to do, who does it, and what does not get on. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/workqueue/workqueue.h"

#include "base/fail.h"
#include "base/table.h"
#include "kernel.h"
#include "kernel/sched/schedclock.h"
#include "shell/command.h"
#include "show/problemshow.h"
#include "symbols.h"
#include "task.h"

#include <string.h>

/* Columns that only some tables have. */
enum { WITH_BEGIN = 1 };

/* What is shown, and from when on ages are counted. */
struct view {
	struct workqueues all;
	struct works delayed;
	u64 now; /* of the scheduler's clock; 0: not known */
	unsigned hz;
	bool idle; /* idle workers as well */
};

/* Some of the works of a view. */
struct chosen {
	const struct view *view;
	const struct work **works;
	size_t count;
};

static void put_name(struct row *row, const struct view *view, u64 queue)
{
	const struct workqueue *found = workqueue_at(&view->all, queue);

	if (found)
		row_bytes(row, found->name, strlen(found->name));
	else
		row_unknown(row, NULL);
}

static void put_address(struct row *row, u64 address)
{
	if (address)
		row_address(row, address);
	else
		row_none(row);
}

/* Jiffies as a time. */
static void put_jiffies(struct row *row, const struct view *view, u64 jiffies)
{
	row_time(row, jiffies / view->hz * 1000000000 + jiffies % view->hz * 1000000000 / view->hz);
}

/* ---- works ---- */

static const struct column work_columns[] = {
	{ "state", "STATE", CELL_TEXT, .before = "  ", .width = 8 },
	{ "work", "WORK", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "workqueue", "WORKQUEUE", CELL_BYTES, .fit = true },
	{ "pid", "PID", CELL_NUMBER, .align = ALIGN_LEFT, .fit = true, .none = "-" },
	{ "age", "RUNS FOR", CELL_TIME, .width = 14, .none = "-", .when = WITH_BEGIN },
	{ "asleep", "ASLEEP", CELL_TIME, .width = 14, .none = "-" },
	{ NULL, "FUNCTION", .kind = CELL_BYTES },
	{ "func", NULL, .kind = CELL_TEXT },
	{ "desc", NULL, .kind = CELL_BYTES },
	{ "waiter_pid", NULL, .kind = CELL_NUMBER },
	{ "task", NULL, .kind = CELL_ADDRESS },
	{ "comm", NULL, .kind = CELL_TEXT },
	{ "worker", NULL, .kind = CELL_ADDRESS },
	{ "workqueue_struct", NULL, .kind = CELL_ADDRESS },
	{ "worker_pool", NULL, .kind = CELL_ADDRESS },
	{ 0 },
};

static const char *state_word(enum work_state state)
{
	static const char *const words[] = {
		[WORK_RUNNING] = "running", [WORK_NEXT] = "next",
		[WORK_PENDING] = "pending", [WORK_INACTIVE] = "inactive",
		[WORK_DELAYED] = "delayed",
	};

	return words[state];
}

/* Of a running work: when it began, and since when its worker sleeps. */
static void put_ages(struct row *row, const struct view *view, const struct work *work,
		     const struct task *task)
{
	u64 asleep, since = kernel_jiffies() - work->begun;

	if (work->state == WORK_RUNNING && work->has_begun)
		put_jiffies(row, view, (s64)since < 0 ? 0 : since);
	else
		row_none(row);
	if (work->state == WORK_RUNNING && task && !task->on_cpu && view->now &&
	    task_sleep_age(task, view->now, &asleep))
		row_time(row, asleep);
	else
		row_none(row);
}

/*
 * "" for none. A work that gives its worker no description has its workqueue's name
 * there, which may be cut.
 */
static const char *description_of(const struct view *view, const struct work *work)
{
	const struct workqueue *queue = workqueue_at(&view->all, work->queue);
	size_t length = strlen(work->description);

	if (work->state != WORK_RUNNING ||
	    (queue && strncmp(work->description, queue->name, length) == 0))
		return "";
	return work->description;
}

/* What runs, then what the work says of it, or who waits for it. */
static void put_function(struct row *row, const struct view *view, const struct work *work)
{
	const struct task *waiter = work->barrier_task ? task_by_address(work->barrier_task) : NULL;
	const char *name = symbol_words(work->function), *said = description_of(view, work);
	const char *text = name;

	if (*said)
		text = scope_printf("%s (%s)", name, said);
	else if (waiter)
		text = scope_printf("%s (PID %u waits)", name, waiter->pid);
	row_bytes(row, text, strlen(text));
	row_text(row, name);
	if (*said)
		row_bytes(row, said, strlen(said));
	else
		row_none(row);
	if (waiter)
		row_number(row, waiter->pid);
	else
		row_none(row);
}

static void put_work(struct row *row, size_t index, void *arg)
{
	const struct chosen *chosen = arg;
	const struct work *work = chosen->works[index];
	const struct task *task = work->task ? task_by_address(work->task) : NULL;

	row_stands_for(row, work->address);
	row_text(row, state_word(work->state));
	row_address(row, work->address);
	put_name(row, chosen->view, work->queue);
	if (task)
		row_number(row, task->pid);
	else if (work->task)
		row_unknown(row, NULL);
	else
		row_none(row);
	put_ages(row, chosen->view, work, task);
	put_function(row, chosen->view, work);
	put_address(row, work->task);
	if (task)
		row_text(row, task_comm(task, scope_alloc(TASK_COMM_SPACE)));
	else
		row_none(row);
	put_address(row, work->worker);
	put_address(row, work->queue);
	put_address(row, work->pool);
}

static struct chosen *choose(const struct view *view)
{
	struct chosen *chosen = scope_alloc(sizeof(*chosen));

	chosen->view = view;
	chosen->works = scope_array(view->all.works.count + view->delayed.count + 1,
				    sizeof(*chosen->works));
	return chosen;
}

/* Those of a pool, or of a workqueue's part, as far as they are not 0. */
static struct chosen *works_of(const struct view *view, u64 pool, u64 queue)
{
	struct chosen *chosen = choose(view);

	for (size_t i = 0; i < view->all.works.count; i++) {
		const struct work *work = &view->all.works.items[i];

		if ((!pool || work->pool == pool) && (!queue || work->queue == queue))
			chosen->works[chosen->count++] = work;
	}
	return chosen;
}

/* Which columns the works' tables have: since when a work runs is kept by v7.2. */
static unsigned work_when(const struct view *view)
{
	for (size_t i = 0; i < view->all.works.count; i++)
		if (view->all.works.items[i].has_begun)
			return WITH_BEGIN;
	return 0;
}

static struct table works_table(struct chosen *chosen)
{
	return (struct table){ .name = "wq",
			       .columns = work_columns,
			       .count = chosen->count,
			       .put = put_work,
			       .arg = chosen,
			       .when = work_when(chosen->view),
			       .headings = HEADINGS_WITH_ROWS,
			       .of = "work",
			       .key = "works" };
}

/* ---- delayed works ---- */

static const struct column delayed_columns[] = {
	{ "state", NULL, .kind = CELL_TEXT },
	{ "work", "WORK", CELL_ADDRESS, .before = "  ", .width = 16, .zeros = true },
	{ "workqueue", "WORKQUEUE", CELL_BYTES, .fit = true },
	{ "expires", "EXPIRES", CELL_NUMBER, .fit = true },
	{ "tte", "TTE", CELL_SIGNED, .fit = true },
	{ "cpu", "CPU", CELL_NUMBER, .align = ALIGN_RIGHT, .width = 3, .none = "-" },
	{ "func", "FUNCTION", .kind = CELL_TEXT },
	{ "workqueue_struct", NULL, .kind = CELL_ADDRESS },
	{ 0 },
};

static void put_delayed(struct row *row, size_t index, void *arg)
{
	const struct chosen *chosen = arg;
	const struct work *work = chosen->works[index];

	row_stands_for(row, work->address);
	row_text(row, state_word(work->state));
	row_address(row, work->address);
	put_name(row, chosen->view, work->queue);
	row_number(row, work->expires);
	row_signed(row, (s64)(work->expires - kernel_jiffies()));
	if (work->cpu >= 0)
		row_number(row, (u64)work->cpu);
	else
		row_none(row);
	row_text(row, symbol_words(work->function));
	put_address(row, work->queue);
}

/* Of one workqueue, or of all. */
static struct chosen *delayed_of(const struct view *view, u64 queue)
{
	struct chosen *chosen = choose(view);

	for (size_t i = 0; i < view->delayed.count; i++)
		if (!queue || view->delayed.items[i].queue == queue)
			chosen->works[chosen->count++] = &view->delayed.items[i];
	return chosen;
}

static struct table delayed_table(struct chosen *chosen)
{
	return (struct table){ .name = "wq",
			       .columns = delayed_columns,
			       .count = chosen->count,
			       .put = put_delayed,
			       .arg = chosen,
			       .headings = HEADINGS_WITH_ROWS,
			       .of = "work",
			       .key = "delayed" };
}

/* ---- pools ---- */

static const struct column idle_columns[] = {
	{ "worker", "IDLE WORKER", CELL_ADDRESS, .before = "  ", .width = 16, .zeros = true },
	{ "task", "TASK", CELL_ADDRESS, .width = 16, .zeros = true, .none = "-" },
	{ "pid", "PID", CELL_NUMBER, .align = ALIGN_LEFT, .fit = true, .none = "-" },
	{ "comm", "COMMAND", .kind = CELL_TEXT },
	{ 0 },
};

static void put_idle(struct row *row, size_t index, void *arg)
{
	const struct idle_worker *worker = &((const struct work_pool *)arg)->idle[index];
	const struct task *task = worker->task ? task_by_address(worker->task) : NULL;

	row_stands_for(row, worker->address);
	row_address(row, worker->address);
	put_address(row, worker->task);
	if (task) {
		row_number(row, task->pid);
		row_text(row, task_comm(task, scope_alloc(TASK_COMM_SPACE)));
	} else {
		row_none(row);
		row_none(row);
	}
}

static const struct column pool_columns[] = {
	{ "worker_pool", "", CELL_ADDRESS, .before = "POOL: ", .width = 16, .zeros = true },
	{ "id", "", CELL_NUMBER, .before = "  ID: " },
	{ "cpu", "", CELL_NUMBER, .before = "  CPU: " },
	{ "node", "", CELL_NUMBER, .before = "  NODE: " },
	{ "nice", "", CELL_SIGNED, .before = "  NICE: " },
	{ "softirq", "", CELL_FLAG, .before = "  SOFTIRQ: " },
	{ "workers", "", CELL_NUMBER, .before = "\n  WORKERS: " },
	{ "idle", "", CELL_NUMBER, .before = "  IDLE: " },
	{ "runnable", "", CELL_SIGNED, .before = "  RUNNABLE: " },
	{ "pending", "", CELL_NUMBER, .before = "  PENDING: " },
	{ "manager_pid", "", CELL_NUMBER, .before = "  MANAGER: PID " },
	{ "since_progress", "", CELL_TIME, .before = "  SINCE THE LAST BEGAN: " },
	{ "stalled", "", .kind = CELL_FLAG },
	{ 0 },
};

struct shown_pools {
	const struct view *view;
	bool all; /* those that have nothing to do as well */
	u64 only; /* this one; 0: any */
};

static void put_pool_cells(struct row *row, const struct view *view, const struct work_pool *pool)
{
	const struct task *manager = pool->manager_task ? task_by_address(pool->manager_task)
							: NULL;

	row_address(row, pool->address);
	row_number(row, (u64)pool->id);
	if (pool->cpu >= 0)
		row_number(row, (u64)pool->cpu);
	else
		row_none(row);
	if (pool->node >= 0)
		row_number(row, (u64)pool->node);
	else
		row_none(row);
	if (pool->has_nice)
		row_signed(row, pool->nice);
	else
		row_unknown(row, NULL);
	if (pool->bottom_half)
		row_flag(row, true);
	else
		row_none(row);
	row_number(row, pool->nr_workers);
	row_number(row, pool->nr_idle);
	row_signed(row, pool->nr_running);
	row_number(row, pool->nr_pending);
	if (manager)
		row_number(row, manager->pid);
	else
		row_none(row);
	if (pool->nr_pending)
		put_jiffies(row, view, pool->progress);
	else
		row_none(row);
	row_flag(row, pool->stalled);
	row_shown(row, pool->stalled ? "STALLED" : "");
}

static void put_pool(struct row *row, size_t index, void *arg)
{
	const struct shown_pools *shown = arg;
	const struct work_pool *pool = &shown->view->all.pools[index];
	struct chosen *works = works_of(shown->view, pool->address, 0);
	struct table table = works_table(works);

	if (shown->only ? pool->address != shown->only
			: !shown->all && !works->count && !pool->problem) {
		row_skip(row);
		return;
	}
	row_stands_for(row, pool->address);
	put_pool_cells(row, shown->view, pool);
	problemshow(row, pool->problem ? pool->problem : "");
	row_children(row, &table);
	if (shown->view->idle)
		row_children(row, &(struct table){ .name = "wq",
						   .columns = idle_columns,
						   .count = pool->nr_idle_found,
						   .put = put_idle,
						   .arg = (void *)pool,
						   .headings = HEADINGS_WITH_ROWS,
						   .of = "worker",
						   .key = "idle_workers" });
}

static void show_pools(const struct view *view, bool all, u64 only)
{
	struct shown_pools shown = { view, all, only };

	table_show(&(struct table){ .name = "wq",
				    .columns = pool_columns,
				    .count = view->all.nr_pools,
				    .put = put_pool,
				    .arg = &shown,
				    .headings = HEADINGS_NEVER,
				    .none = "no pool has works",
				    .blank_after = true,
				    .of = "worker_pool" });
}

/* ---- workqueues whose limit is reached ---- */

static const struct column full_columns[] = {
	{ "workqueue", "WORKQUEUE", CELL_BYTES, .before = "  ", .fit = true },
	{ "pool_workqueue", "POOL_WORKQUEUE", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "pool", "POOL", CELL_NUMBER, .width = 4 },
	{ "active", "ACTIVE", CELL_NUMBER, .width = 6 },
	{ "max_active", "MAX", CELL_NUMBER, .width = 4, .fit = true },
	{ "inactive", "INACTIVE", CELL_NUMBER, .width = 8 },
	{ "workqueue_struct", NULL, .kind = CELL_ADDRESS },
	{ "worker_pool", NULL, .kind = CELL_ADDRESS },
	{ 0 },
};

static void put_part_cells(struct row *row, const struct view *view, const struct queue_part *part)
{
	const struct work_pool *pool = work_pool_at(&view->all, part->pool);

	row_stands_for(row, part->address);
	row_address(row, part->address);
	if (pool)
		row_number(row, (u64)pool->id);
	else
		row_unknown(row, NULL);
	row_number(row, part->nr_active);
	row_number(row, part->max_active);
	row_number(row, part->nr_inactive);
}

static void put_full(struct row *row, size_t index, void *arg)
{
	const struct view *view = arg;
	const struct queue_part *part = &view->all.parts[index];

	if (!part->nr_inactive) {
		row_skip(row);
		return;
	}
	put_name(row, view, part->queue);
	put_part_cells(row, view, part);
	row_address(row, part->queue);
	row_address(row, part->pool);
}

static void show_full(const struct view *view)
{
	bool any = false;

	for (size_t i = 0; i < view->all.nr_parts; i++)
		any |= view->all.parts[i].nr_inactive != 0;
	if (!any)
		return;
	table_remark("AS MANY ACTIVE WORKS AS THERE MAY BE:\n");
	table_show(&(struct table){ .name = "wq",
				    .columns = full_columns,
				    .count = view->all.nr_parts,
				    .put = put_full,
				    .arg = (void *)view,
				    .of = "pool_workqueue" });
	table_remark("\n");
}

static void show_delayed(const struct view *view)
{
	struct chosen *chosen = delayed_of(view, 0);
	struct table table = delayed_table(chosen);

	if (!chosen->count)
		return;
	table_remark("DELAYED, JIFFIES: %llu\n", kernel_jiffies());
	table_show(&table);
}

/* ---- workqueues ---- */

static const struct column part_columns[] = {
	{ "pool_workqueue", "", CELL_ADDRESS, .before = "  POOL_WORKQUEUE: ", .width = 16,
	  .zeros = true },
	{ "pool", "", CELL_NUMBER, .before = "  POOL: " },
	{ "active", "", CELL_NUMBER, .before = "  ACTIVE: " },
	{ "max_active", "", CELL_NUMBER, .before = "  MAX: " },
	{ "inactive", "", CELL_NUMBER, .before = "  INACTIVE: " },
	{ "worker_pool", NULL, .kind = CELL_ADDRESS },
	{ 0 },
};

struct shown_parts {
	const struct view *view;
	const struct workqueue *queue;
};

static void put_part(struct row *row, size_t index, void *arg)
{
	const struct shown_parts *shown = arg;
	const struct queue_part *part = &shown->view->all.parts[shown->queue->first_part + index];
	struct table table = works_table(works_of(shown->view, part->pool, part->queue));

	put_part_cells(row, shown->view, part);
	row_address(row, part->pool);
	row_children(row, &table);
}

static const struct column queue_columns[] = {
	{ "workqueue_struct", "", CELL_ADDRESS, .before = "WORKQUEUE: ", .width = 16,
	  .zeros = true },
	{ "workqueue", "", .kind = CELL_BYTES },
	{ "max_active", "", CELL_NUMBER, .before = "\n  MAX_ACTIVE: " },
	{ "flags", "", CELL_TEXT, .before = "  FLAGS: ", .separator = " " },
	{ "rescuer_pid", "", CELL_NUMBER, .before = "  RESCUER: PID " },
	{ "rescuer", NULL, .kind = CELL_ADDRESS },
	{ 0 },
};

static void put_flags(struct row *row, u32 flags)
{
	const char *flag;

	row_list(row);
	for (size_t i = 0; (flag = workqueue_flag(flags, i)); i++)
		row_text(row, flag);
	row_list_end(row);
	if (!workqueue_flag(flags, 0))
		row_shown(row, "-");
}

static void put_rescuer(struct row *row, const struct workqueue *queue)
{
	const struct task *task = queue->rescuer_task ? task_by_address(queue->rescuer_task) : NULL;

	if (task)
		row_number(row, task->pid);
	else if (queue->rescuer)
		row_unknown(row, NULL);
	else
		row_none(row);
	put_address(row, queue->rescuer);
}

static void put_queue(struct row *row, UNUSED size_t index, void *arg)
{
	const struct shown_parts *shown = arg;
	const struct workqueue *queue = shown->queue;
	struct table delayed = delayed_table(delayed_of(shown->view, queue->address));

	row_stands_for(row, queue->address);
	row_address(row, queue->address);
	row_bytes(row, queue->name, strlen(queue->name));
	row_number(row, queue->max_active);
	put_flags(row, queue->flags);
	put_rescuer(row, queue);
	problemshow(row, queue->problem ? queue->problem : "");
	row_children(row, &(struct table){ .name = "wq",
					   .columns = part_columns,
					   .count = queue->nr_parts,
					   .put = put_part,
					   .arg = (void *)shown,
					   .headings = HEADINGS_NEVER,
					   .of = "pool_workqueue",
					   .key = "pool_workqueues" });
	row_children(row, &delayed);
}

static void show_queue(const struct view *view, const struct workqueue *queue)
{
	struct shown_parts shown = { view, queue };

	table_show(&ONE_ROW("wq", queue_columns, put_queue, &shown, .of = "workqueue_struct"));
}

static const struct column line_columns[] = {
	{ "workqueue_struct", "WORKQUEUE", CELL_ADDRESS, .before = "  ", .width = 16,
	  .zeros = true },
	{ "workqueue", "NAME", CELL_BYTES, .fit = true },
	{ "max_active", "MAX", CELL_NUMBER, .fit = true },
	{ "active", "ACTIVE", CELL_NUMBER, .width = 6 },
	{ "inactive", "INACTIVE", CELL_NUMBER, .width = 8 },
	{ "rescuer_pid", "RESCUER", CELL_NUMBER, .width = 7, .none = "-" },
	{ "rescuer", NULL, .kind = CELL_ADDRESS },
	{ "flags", "FLAGS", CELL_TEXT, .separator = " " },
	{ 0 },
};

static void put_line(struct row *row, size_t index, void *arg)
{
	const struct view *view = arg;
	const struct workqueue *queue = &view->all.queues[index];
	u64 active = 0, inactive = 0;

	for (size_t i = 0; i < queue->nr_parts; i++) {
		active += view->all.parts[queue->first_part + i].nr_active;
		inactive += view->all.parts[queue->first_part + i].nr_inactive;
	}
	row_stands_for(row, queue->address);
	row_address(row, queue->address);
	row_bytes(row, queue->name, strlen(queue->name));
	row_number(row, queue->max_active);
	row_number(row, active);
	row_number(row, inactive);
	put_rescuer(row, queue);
	put_flags(row, queue->flags);
	problemshow(row, queue->problem ? queue->problem : "");
}

static void show_queues(const struct view *view)
{
	table_remark("WORKQUEUES:\n");
	table_show(&(struct table){ .name = "wq",
				    .columns = line_columns,
				    .count = view->all.nr_queues,
				    .put = put_line,
				    .arg = (void *)view,
				    .of = "workqueue_struct" });
	table_remark("\n");
}

/* ---- one object ---- */

static const struct column alone_columns[] = {
	{ "state", NULL, .kind = CELL_TEXT },
	{ "work", "", CELL_ADDRESS, .before = "WORK: ", .width = 16, .zeros = true },
	{ "func", "", CELL_TEXT, .before = "  FUNCTION: " },
	{ "last_pool", "", CELL_NUMBER, .before = "\n  not queued; last in the pool with ID " },
	{ NULL, "", CELL_TEXT, .before = "\n  " },
	{ 0 },
};

/* A work on no list that we know. */
static void put_alone(struct row *row, UNUSED size_t index, void *arg)
{
	const struct work *work = arg;
	int pool = work_last_pool(work->address);

	row_stands_for(row, work->address);
	row_text(row, work->part ? "queued" : "idle");
	row_address(row, work->address);
	row_text(row, symbol_words(work->function));
	if (pool >= 0)
		row_number(row, (u64)pool);
	else
		row_none(row);
	if (work->part)
		row_text(row,
			 scope_printf(
				 "queued by its own word, for pool_workqueue %llx, and on no list",
				 work->part));
	else if (pool < 0)
		row_text(row, "not queued");
	else
		row_none(row);
}

/* Every place in which the work or its worker stands. */
static bool show_works_at(const struct view *view, u64 address)
{
	struct chosen *works = choose(view), *delayed = choose(view);
	struct table table;

	for (size_t i = 0; i < view->all.works.count; i++) {
		const struct work *work = &view->all.works.items[i];

		if (work->address == address || work->worker == address)
			works->works[works->count++] = work;
	}
	for (size_t i = 0; i < view->delayed.count; i++)
		if (view->delayed.items[i].address == address)
			delayed->works[delayed->count++] = &view->delayed.items[i];
	table = works_table(works);
	table_show(&table);
	table = delayed_table(delayed);
	table_show(&table);
	return works->count || delayed->count;
}

static bool show_idle_at(const struct view *view, u64 address)
{
	for (size_t i = 0; i < view->all.nr_pools; i++) {
		const struct work_pool *pool = &view->all.pools[i];

		for (size_t n = 0; n < pool->nr_idle_found; n++) {
			struct work_pool one = *pool;

			if (pool->idle[n].address != address)
				continue;
			one.idle = &pool->idle[n];
			table_show(&(struct table){ .name = "wq",
						    .columns = idle_columns,
						    .count = 1,
						    .put = put_idle,
						    .arg = &one,
						    .of = "worker" });
			return true;
		}
	}
	return false;
}

static void show_address(struct view *view, u64 address)
{
	const struct workqueue *queue = workqueue_at(&view->all, address);
	const struct queue_part *part = queue_part_at(&view->all, address);
	struct work work;

	if (!queue && part)
		queue = workqueue_at(&view->all, part->queue);
	if (queue) {
		show_queue(view, queue);
	} else if (work_pool_at(&view->all, address)) {
		view->idle = true;
		show_pools(view, true, address);
	} else if (!show_works_at(view, address) && !show_idle_at(view, address)) {
		if (!work_read(address, &work))
			fail("%llx: no workqueue, pool of workers, worker or work", address);
		table_show(&ONE_ROW("wq", alone_columns, put_alone, &work, .of = "work"));
	}
}

/* Names are not unique: all that have it. */
static bool show_named(const struct view *view, const char *name)
{
	bool any = false;

	for (size_t i = 0; i < view->all.nr_queues; i++)
		if (streq(view->all.queues[i].name, name)) {
			if (any)
				table_remark("\n");
			show_queue(view, &view->all.queues[i]);
			any = true;
		}
	return any;
}

/* ---- the command ---- */

static void read_clock(void *arg)
{
	*(u64 *)arg = sched_now();
}

static void read_view(struct view *view)
{
	struct failure failure;

	workqueues_read(&view->all);
	view->hz = kernel_hz();
	if (!protect_row(read_clock, &view->now, &failure))
		warn("no times of sleep: %s", failure.text);
	view->delayed = delayed_works();
}

static void run_wq(struct args *args)
{
	struct view view = { .idle = option_given(args, "a") };
	u64 address;

	args_check_words(args, "", 0, 1);
	if (args->nr_words && view.idle)
		usage_problem(args, "-a and a workqueue do not go together");
	read_view(&view);
	if (args->nr_words) {
		if (!show_named(&view, args->words[0])) {
			if (!argument_try_address(args->words[0], &address))
				fail("%s: no workqueue of that name, and no address",
				     args->words[0]);
			show_address(&view, address);
		}
	} else {
		show_pools(&view, view.idle, 0);
		if (view.idle)
			show_queues(&view);
		show_full(&view);
		show_delayed(&view);
	}
	if (view.all.problem)
		command_problem("wq", view.all.problem);
}

static const struct option wq_options[] = {
	{ "a", NULL, "all pools, with their idle workers, and all workqueues" },
	{ 0 },
};

COMMAND(wq) = {
	.name = "wq",
	.summary = "workqueues",
	.synopsis = "[-a | name | address]",
	.options = wq_options,
	.description =
		"Shows what workqueues have to do: each pool of workers that has works, and its "
		"works. A work is running, in the worker with that PID; next, behind the one that "
		"its worker runs; pending, until a worker takes it; or inactive, because its "
		"workqueue has as many active works as it may have (MAX). ASLEEP is how long its "
		"worker has not been on a CPU, RUNS FOR how long the work runs, where the kernel "
		"keeps that. A pool is STALLED when works are pending and it began none for more "
		"than 30 seconds, as the kernel's watchdog counts; its MANAGER is the worker that "
		"makes a new one just then.\n\n"
		"Below stand the workqueues that have as many active works as they may, and the "
		"delayed works, with when their timers expire, in jiffies, and how long that is "
		"from now (TTE; below 0: it is overdue).\n\n"
		"With a name or an address: one workqueue with its parts for each pool; one pool, "
		"worker or work.",
	.example = "crash> wq netns\n"
		   "WORKQUEUE: ffff8d15411f6800  netns\n"
		   "  MAX_ACTIVE: 1  FLAGS: UNBOUND MEM_RECLAIM ORDERED  RESCUER: PID 8\n"
		   "  POOL_WORKQUEUE: ffff8d15411e7a00  POOL: 8  ACTIVE: 0  MAX: 1  INACTIVE: 0\n",
	.run = run_wq,
};
