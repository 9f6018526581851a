/* commands/runq.c - the command runq: what each CPU runs, and which tasks wait for it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/sched/runqueue.h"

#include "base/fail.h"
#include "base/table.h"
#include "containers/kpercpu.h"
#include "memory.h"
#include "shell/command.h"
#include "show/problemshow.h"
#include "show/taskrow.h"
#include "task.h"

#include <stdlib.h>

enum { IN_GROUPS = 1 };

/* clang-format off */
/* 'PID: 300    TASK: ffff8d7783e98000  COMMAND: "kworker/1:0"' */
#define TASK_COLUMNS(indent) \
	{ "pid", "", CELL_NUMBER, .before = indent "PID: ", .align = ALIGN_LEFT, .width = 5 }, \
	{ "task", "", CELL_ADDRESS, .before = "  TASK: ", .width = 16, .zeros = true }, \
	{ "comm", "", CELL_TEXT, .before = "  COMMAND: \"", .after = "\"" }
/* clang-format on */

static void put_identity(struct row *row, u64 address)
{
	const struct task *task = task_by_address(address);
	char *comm = scope_alloc(TASK_COMM_SPACE);

	row_stands_for(row, address);
	if (!task)
		fail("%llx is no task that the kernel's lists have", address);
	row_number(row, task->pid);
	row_address(row, address);
	row_text(row, task_comm(task, comm));
}

/* ---- tasks ---- */

static const struct column task_columns[] = {
	{ NULL, "", CELL_TEXT, .before = "", .when = IN_GROUPS }, /* how deep */
	{ "priority", "", CELL_SIGNED, .before = "     [", .after = "]", .width = 4 },
	TASK_COLUMNS(" "),
	{ "vruntime", NULL, .kind = CELL_NUMBER },
	{ "deadline", NULL, .kind = CELL_NUMBER },
	{ "current", "", .kind = CELL_FLAG, .before = " " },
	{ "delayed", "", .kind = CELL_FLAG, .before = " " },
	{ "throttled", "", .kind = CELL_FLAG, .before = " " },
	{ 0 },
};

struct task_list {
	const struct queued_task **items;
	size_t count;
	const char *indent;
};

static void put_mark(struct row *row, bool flag, const char *text)
{
	if (!flag) {
		row_none(row);
		return;
	}
	row_flag(row, true);
	row_shown(row, text);
}

static void put_task(struct row *row, size_t index, void *arg)
{
	const struct task_list *list = arg;
	const struct queued_task *task = list->items[index];

	row_text(row, list->indent);
	row_signed(row, task->priority);
	put_identity(row, task->address);
	if (task->class == QUEUE_FAIR)
		row_number(row, task->vruntime);
	else
		row_none(row);
	if (task->deadline)
		row_number(row, task->deadline);
	else
		row_none(row);
	put_mark(row, task->current && list->indent, "[CURRENT]");
	put_mark(row, task->delayed, "(delayed)");
	put_mark(row, task->throttled, "(throttled)");
}

/* Those of one class; of fair ones those of one group's queue, 0: of all. */
static struct task_list tasks_of(const struct runqueue *queue, enum queue_class class, u64 cfs_rq,
				 bool current_as_well)
{
	struct task_list list = { scope_array(queue->count + 1, sizeof(*list.items)), 0, NULL };

	for (size_t i = 0; i < queue->count; i++) {
		const struct queued_task *task = &queue->tasks[i];

		if (task->class == class && (!cfs_rq || task->cfs_rq == cfs_rq) &&
		    (current_as_well || !task->current))
			list.items[list.count++] = task;
	}
	return list;
}

static void tell_tasks(struct row *row, struct task_list *list, const char *heading,
		       const char *key)
{
	row_children(row, &(struct table){ .name = "runq",
					   .columns = task_columns,
					   .count = list->count,
					   .put = put_task,
					   .arg = list,
					   .when = list->indent ? IN_GROUPS : 0,
					   .headings = heading ? HEADINGS_FIRST : HEADINGS_NEVER,
					   .heading_line = heading,
					   .none = "     [no tasks queued]",
					   .of = "task_struct",
					   .key = key });
}

/* ---- queues ---- */

static const struct column queue_columns[] = {
	{ "cpu", "", CELL_NUMBER, .before = "CPU " },
	{ "rq", "", CELL_ADDRESS, .before = " RUNQUEUE: " },
	TASK_COLUMNS("\n  CURRENT: "),
	{ "clock", NULL, .kind = CELL_TIME },
	{ 0 },
};

static void put_queue(struct row *row, UNUSED size_t index, void *arg)
{
	unsigned cpu = *(unsigned *)arg;
	struct runqueue queue;
	struct task_list lists[4];

	runqueue_read(cpu, &queue);
	for (unsigned class = 0; class < 4; class ++)
		lists[class] = tasks_of(&queue, class, 0, class == QUEUE_RT);
	row_number(row, cpu);
	row_address(row, queue.address);
	put_identity(row, queue.current);
	row_time(row, queue.clock);
	problemshow(row, queue.problem ? queue.problem : "");
	if (lists[QUEUE_DEADLINE].count)
		tell_tasks(row, &lists[QUEUE_DEADLINE],
			   scope_printf("  DL RB_ROOT: %llx", queue.deadline_tree), "deadline");
	tell_tasks(row, &lists[QUEUE_RT], scope_printf("  RT PRIO_ARRAY: %llx", queue.rt_array),
		   "rt");
	tell_tasks(row, &lists[QUEUE_FAIR], scope_printf("  CFS RB_ROOT: %llx", queue.fair_tree),
		   "cfs");
	if (lists[QUEUE_EXT].count)
		tell_tasks(row, &lists[QUEUE_EXT],
			   scope_printf("  SCX RUNNABLE_LIST: %llx", queue.ext_queue), "ext");
}

/* ---- groups ---- */

static const struct column group_columns[] = {
	{ NULL, "", CELL_TEXT, .before = "" }, /* how deep */
	{ "task_group", "", CELL_ADDRESS, .before = "TASK_GROUP: " },
	{ "cfs_rq", "", CELL_ADDRESS, .before = "  CFS_RQ: " },
	{ "name", "", CELL_BYTES, .before = "  <", .after = ">" },
	{ "throttled", "", CELL_FLAG, .before = " " },
	{ 0 },
};

struct group_tree {
	const struct runqueue *queue;
	const struct group_queue *groups;
	size_t count;
};

/* The groups that stand on one queue. */
struct group_level {
	const struct group_tree *tree;
	const struct group_queue **items;
	size_t count;
	unsigned depth;
};

static void tell_level(struct row *row, const struct group_tree *tree, u64 parent, unsigned depth);

static const char *indent_of(unsigned depth)
{
	return scope_printf("%*s", (int)(3 * depth), "");
}

static void tell_group(struct row *row, const struct group_tree *tree,
		       const struct group_queue *group, unsigned depth)
{
	struct task_list *list = scope_alloc(sizeof(*list));

	*list = tasks_of(tree->queue, QUEUE_FAIR, group->address, true);
	list->indent = indent_of(depth);
	tell_level(row, tree, group->address, depth + 1);
	if (list->count || !group->parent)
		tell_tasks(row, list, NULL, "tasks");
}

static void put_group(struct row *row, size_t index, void *arg)
{
	const struct group_level *level = arg;
	const struct group_queue *group = level->items[index];

	row_text(row, indent_of(level->depth));
	row_shown(row, scope_printf("  %s", indent_of(level->depth)));
	row_address(row, group->group);
	row_address(row, group->address);
	if (*group->name)
		row_bytes(row, group->name, strlen(group->name));
	else
		row_none(row);
	put_mark(row, group->throttled, "(THROTTLED)");
	tell_group(row, level->tree, group, level->depth);
}

static void tell_level(struct row *row, const struct group_tree *tree, u64 parent, unsigned depth)
{
	struct group_level *level = scope_alloc(sizeof(*level));

	*level = (struct group_level){ tree, scope_array(tree->count + 1, sizeof(*level->items)), 0,
				       depth };
	for (size_t i = 0; i < tree->count; i++)
		if (tree->groups[i].parent == parent)
			level->items[level->count++] = &tree->groups[i];
	if (level->count)
		row_children(row, &(struct table){ .name = "runq",
						   .columns = group_columns,
						   .count = level->count,
						   .put = put_group,
						   .arg = level,
						   .headings = HEADINGS_NEVER,
						   .of = "cfs_rq",
						   .key = "groups" });
}

static const struct column root_columns[] = {
	{ "cpu", "", CELL_NUMBER, .before = "CPU " },
	TASK_COLUMNS("\n  CURRENT: "),
	{ "task_group", NULL, .kind = CELL_ADDRESS },
	{ "cfs_rq", NULL, .kind = CELL_ADDRESS },
	{ 0 },
};

static void put_root(struct row *row, UNUSED size_t index, void *arg)
{
	static const struct {
		enum queue_class class;
		const char *name, *key;
	} others[] = { { QUEUE_DEADLINE, "DL", "deadline" },
		       { QUEUE_RT, "RT", "rt" },
		       { QUEUE_EXT, "SCX", "ext" } };
	unsigned cpu = *(unsigned *)arg;
	struct runqueue *queue = scope_alloc(sizeof(*queue));
	struct group_tree tree = { .queue = queue };

	runqueue_read(cpu, queue);
	tree.count = runqueue_groups(queue, (struct group_queue **)&tree.groups);
	row_number(row, cpu);
	put_identity(row, queue->current);
	row_address(row, tree.groups[0].group);
	row_address(row, queue->cfs_rq);
	problemshow(row, queue->problem ? queue->problem : "");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		u64 addresses[] = { queue->dl_rq, queue->rt_rq, queue->scx_rq };
		struct task_list list = tasks_of(queue, others[i].class, 0, true);

		if (list.count) {
			list.indent = "";
			tell_tasks(row, &list,
				   scope_printf("  ROOT_TASK_GROUP: %llx  %s_RQ: %llx",
						tree.groups[0].group, others[i].name, addresses[i]),
				   others[i].key);
		}
	}
	row_remark(row, "  ROOT_TASK_GROUP: %llx  CFS_RQ: %llx\n", tree.groups[0].group,
		   queue->cfs_rq);
	tell_group(row, &tree, &tree.groups[0], 0);
}

/* ---- clocks ---- */

static const struct column clock_columns[] = {
	{ "cpu", "", CELL_NUMBER, .before = " CPU " },
	{ "clock", "", CELL_NUMBER, .before = ": " },
	{ "last_arrival", "", CELL_NUMBER, .before = "\n        " },
	TASK_COLUMNS("  "),
	{ 0 },
};

static void put_clock(struct row *row, UNUSED size_t index, void *arg)
{
	struct runqueue queue;
	const struct task *task;

	runqueue_read(*(unsigned *)arg, &queue);
	task = task_by_address(queue.current);
	row_number(row, queue.cpu);
	row_number(row, queue.clock);
	if (task)
		row_number(row, task->last_arrival);
	else
		row_unknown(row, NULL);
	put_identity(row, queue.current);
}

static const struct column running_columns[] = {
	{ "cpu", "", CELL_NUMBER, .before = " CPU ", .after = ":" },
	{ "running", "", CELL_TIME, .before = " [", .after = "]" },
	TASK_COLUMNS("  "),
	{ 0 },
};

static void put_running(struct row *row, UNUSED size_t index, void *arg)
{
	struct runqueue queue;
	const struct task *task;

	runqueue_read(*(unsigned *)arg, &queue);
	task = task_by_address(queue.current);
	row_number(row, queue.cpu);
	if (task && task->last_arrival && task->last_arrival <= queue.clock)
		row_time(row, queue.clock - task->last_arrival);
	else
		row_unknown(row, NULL);
	put_identity(row, queue.current);
}

struct lag {
	unsigned cpu;
	u64 clock, behind;
};

static int compare_lags(const void *a, const void *b)
{
	const struct lag *x = a, *y = b;

	if (x->behind != y->behind)
		return x->behind < y->behind ? -1 : 1;
	return (x->cpu > y->cpu) - (x->cpu < y->cpu);
}

static const struct column lag_columns[] = {
	{ "cpu", "", CELL_NUMBER, .before = "  CPU ", .after = ":" },
	{ "lag", "", CELL_TIME, .before = " " },
	{ 0 },
};

static void put_lag(struct row *row, size_t index, void *arg)
{
	const struct lag *lag = &((const struct lag *)arg)[index];

	row_number(row, lag->cpu);
	row_time(row, lag->behind);
	row_shown(row, scope_printf("%.2f secs", (double)lag->behind / 1e9));
}

static void show_lags(const struct cpu_mask *cpus)
{
	struct lag *lags = scope_array(cpu_mask_count(cpus) + 1, sizeof(*lags));
	size_t count = 0;
	u64 latest = 0;

	for (unsigned cpu = cpu_mask_next(cpus, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(cpus, cpu + 1)) {
		struct runqueue queue;

		runqueue_read(cpu, &queue);
		lags[count++] = (struct lag){ cpu, queue.clock, 0 };
		latest = max_u64(latest, queue.clock);
	}
	for (size_t i = 0; i < count; i++)
		lags[i].behind = latest - lags[i].clock;
	qsort(lags, count, sizeof(*lags), compare_lags);
	table_show(&(struct table){ .name = "runq",
				    .columns = lag_columns,
				    .count = count,
				    .put = put_lag,
				    .arg = lags,
				    .headings = HEADINGS_NEVER });
}

/* ---- all that the tasks themselves say is queued ---- */

KFIELD(task_on_rq, "task_struct.on_rq");
KFIELD(task_priority, "task_struct.prio");

static const struct column queued_columns[] = {
	{ "priority", "", CELL_SIGNED, .before = "     [", .after = "]", .width = 4 },
	TASK_COLUMNS(" "),
	{ 0 },
};

static void put_queued(struct row *row, size_t index, void *arg)
{
	u64 address = ((const u64 *)arg)[index];

	row_signed(row, field_s64(address, &task_priority));
	put_identity(row, address);
}

static const struct column queued_cpu_columns[] = {
	{ "cpu", "", CELL_NUMBER, .before = "CPU " },
	{ 0 },
};

static void put_queued_cpu(struct row *row, UNUSED size_t index, void *arg)
{
	unsigned cpu = *(unsigned *)arg;
	u64 *queued = scope_array(task_count() + 1, sizeof(*queued)), on_queue;
	size_t count = 0;

	for (size_t i = 0; i < task_count(); i++) {
		const struct task *task = task_at(i);

		if (task->cpu == cpu &&
		    field_try_u64(task->address, &task_on_rq, &on_queue, NULL) && on_queue)
			queued[count++] = task->address;
	}
	row_number(row, cpu);
	row_children(row, &(struct table){ .name = "runq",
					   .columns = queued_columns,
					   .count = count,
					   .put = put_queued,
					   .arg = queued,
					   .headings = HEADINGS_NEVER,
					   .none = "     [no tasks queued]",
					   .of = "task_struct",
					   .key = "tasks" });
}

/* ---- the command ---- */

/* What is shown of each CPU: one of these. */
static const struct mode {
	const char *option;
	const struct column *columns;
	void (*put)(struct row *row, size_t index, void *cpu);
	bool apart; /* a blank line between CPUs */
} modes[] = {
	{ "t", clock_columns, put_clock, false },
	{ "m", running_columns, put_running, false },
	{ "g", root_columns, put_root, true },
	{ "d", queued_cpu_columns, put_queued_cpu, true },
};

static void show_each(const struct mode *mode, const struct cpu_mask *cpus)
{
	bool first = true;

	for (unsigned cpu = cpu_mask_next(cpus, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(cpus, cpu + 1)) {
		if (!first && mode->apart)
			table_remark("\n");
		first = false;
		interrupt_check();
		table_show(&ONE_ROW("runq", mode->columns, mode->put, &cpu));
	}
}

static void run_runq(struct args *args)
{
	static const struct mode plain = { "", queue_columns, put_queue, true };
	const struct mode *chosen = option_given(args, "T") ? NULL : &plain;
	const char *words = option_argument(args, "c");
	struct cpu_mask cpus = *cpus_present();
	struct strbuf *why = scope_strbuf();
	unsigned given = option_given(args, "T") != 0;

	args_check_words(args, "", 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!option_given(args, modes[i].option))
			continue;
		chosen = &modes[i];
		given++;
	}
	if (given > 1)
		usage_problem(args, "-t, -T, -m, -g and -d do not go together");
	if (words && !cpu_mask_parse(words, &cpus, why))
		fail_with(why);
	if (chosen)
		show_each(chosen, &cpus);
	else
		show_lags(&cpus);
}

static const struct option runq_options[] = {
	{ "t", NULL,
	  "the clock of each queue, and when the task that runs was put on the CPU; ns" },
	{ "T", NULL, "how far the clock of each queue is behind the latest" },
	{ "m", NULL, "for how long the task that runs has been running" },
	{ "g", NULL, "by task groups" },
	{ "d", NULL, "all tasks that say of themselves that they are queued" },
	{ "c", "cpus", "only these CPUs" },
	{ 0 },
};

COMMAND(runq) = {
	.name = "runq",
	.summary = "run queues",
	.synopsis = "[-t | -T | -m | -g | -d] [-c cpus]",
	.options = runq_options,
	.description =
		"Shows what each CPU runs, and the tasks that wait for it, by the class that "
		"schedules them: deadline (DL), real-time (RT), fair (CFS), and those of a "
		"scheduler that BPF made (SCX). DL and SCX are there only when they have tasks. "
		"The number in brackets is the priority.\n\n"
		"A task marked as delayed sleeps already, and stays on the queue until it would be "
		"picked. With -g, a group that has used its share of time is THROTTLED; since "
		"Linux 7.2 its tasks leave the queue one by one, and are marked so.",
	.example = "crash> runq -c 1\n"
		   "CPU 1 RUNQUEUE: ffff88cc0ef35e80\n"
		   "  CURRENT: PID: 295    TASK: ffff88cc03aec200  COMMAND: \"lab-guest\"\n"
		   "  RT PRIO_ARRAY: ffff88cc0ef36100\n"
		   "     [no tasks queued]\n"
		   "  CFS RB_ROOT: ffff88cc0ef35f40\n"
		   "...\n",
	.run = run_runq,
};
