/* commands/ps.c - the command ps: tasks as a table, by last run, by family, with their times and limits. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/colour.h"
#include "base/fail.h"
#include "base/table.h"
#include "containers/kpercpu.h"
#include "kernel/locking/lockname.h"
#include "kernel/sched/schedclock.h"
#include "kernel/sched/wchan.h"
#include "kernel/taskcontext.h"
#include "kernel/taskinfo.h"
#include "shell/command.h"
#include "shell/nearest.h"
#include "shell/taskwords.h"
#include "show/offline.h"
#include "show/psview.h"
#include "show/taskrow.h"
#include "task.h"

#include <stdlib.h>

struct selection {
	const struct task **tasks;
	size_t count, space;
	bool any_match; /* before FILTER; false: all words were wrong */
	bool kernel_sp; /* in the table, in place of the task's address */
	bool with_age, with_wait; /* in the table as well */
	u64 now; /* for ages */
};

struct filter {
	bool kernel, user, leaders, active;
	u32 policies; /* 0: any */
};

static bool passes(const struct filter *filter, const struct task *task)
{
	if (filter->kernel && !task_is_kthread(task))
		return false;
	if (filter->user && task_is_kthread(task))
		return false;
	if (filter->leaders && !task_is_group_leader(task))
		return false;
	if (filter->active && !task_is_active(task))
		return false;
	if (filter->policies != 0) {
		unsigned policy = task_policy(task);

		return policy < 32 && (filter->policies >> policy & 1) != 0;
	}
	return true;
}

static void add(struct selection *selection, const struct filter *filter, const struct task *task)
{
	if (!passes(filter, task))
		return;
	if (selection->count == selection->space)
		selection->tasks = vector_grow(selection->tasks, &selection->space,
					       sizeof(*selection->tasks));
	selection->tasks[selection->count++] = task;
}

static void release(void *arg)
{
	struct selection *selection = arg;

	free(selection->tasks);
}

/*
 * In the table's order, each task once; a word that names nothing is said and does not
 * stop the others.
 */
static void select_tasks(const struct args *args, const struct filter *filter,
			 struct selection *selection)
{
	bool *named = scope_array(task_count() + 1, sizeof(*named));

	scope_cleanup(release, selection);
	selection->any_match = args->nr_words == 0;
	for (size_t i = 0; i < args->nr_words; i++) {
		const struct task **matches;
		size_t count = tasks_matching(args->words[i], &matches);

		if (count == 0) {
			command_problem("ps",
					scope_printf("invalid task or pid value: %s%s",
						     args->words[i], nearest_task(args->words[i])));
		}
		selection->any_match = selection->any_match || count != 0;
		for (size_t j = 0; j < count; j++)
			named[task_index(matches[j])] = true;
	}
	for (size_t i = 0; i < task_count(); i++) {
		if (args->nr_words == 0 || named[i])
			add(selection, filter, task_at(i));
	}
}

/* ---- the table ---- */

enum { WITH_TASK = 1, WITH_STACK = 2, WITH_AGE = 4, WITH_WAIT = 8 };

/* These headings do not stand above their columns: the whole line of them is below. */
static const struct column table_columns[] = {
	{ NULL, "", .width = 1, .place = 1 },
	{ "pid", "PID", CELL_NUMBER, .before = "", .width = 8, .place = 2 },
	{ "task", NULL, .kind = CELL_ADDRESS },
	{ "cpu", "CPU", CELL_NUMBER, .before = " ", .width = 3, .place = 4 },
	{ "comm", "COMM", CELL_TEXT, .place = 12 },
	{ "tgid", NULL, .kind = CELL_NUMBER },
	{ "ppid", "PPID", CELL_NUMBER, .before = " ", .width = 7, .place = 3 },
	{ "state", "ST", CELL_TEXT, .width = 2, .place = 7 },
	{ "active", NULL, .kind = CELL_FLAG },
	{ "panic", NULL, .kind = CELL_FLAG },
	{ "kernel_thread", NULL, .kind = CELL_FLAG },
	{ "vsz", "VSZ", CELL_SIZE, .before = " ", .width = 8, .unit = 1024, .place = 9 },
	{ "rss", "RSS", CELL_SIZE, .before = " ", .width = 8, .unit = 1024, .place = 10 },
	{ "memory_percent", "%MEM", CELL_REAL, .before = " ", .width = 5, .decimals = 1,
	  .place = 8 },
	{ NULL, "TASK", CELL_ADDRESS, .width = 16, .zeros = true, .place = 5, .when = WITH_TASK },
	{ "kernel_sp", "KSTACKP", CELL_ADDRESS, .width = 16, .zeros = true,
	  .none = "       --       ", .place = 6, .when = WITH_STACK },
	{ "age", "AGE", CELL_TIME, .width = 14, .align = ALIGN_RIGHT, .place = 11,
	  .when = WITH_AGE },
	{ "wait", "WAIT", CELL_BYTES, .place = 13, .when = WITH_WAIT },
	{ "lock", NULL, CELL_ADDRESS, .when = WITH_WAIT },
	{ 0 },
};

/* Of the task that its CPU runs. */
static const char *mark(const struct task *task)
{
	if (!task_is_active(task))
		return " ";
	return offline_hides_cpu(task->cpu) ? "-" : ">";
}

static void put_memory(struct row *row, const struct task *task)
{
	struct task_memory memory;

	task_memory(task, &memory);
	if (memory.total_vm_known)
		row_size(row, memory.total_vm_kb * 1024);
	else
		row_unknown(row, NULL);
	if (memory.rss_known)
		row_size(row, memory.rss_kb * 1024);
	else
		row_unknown(row, NULL);
	if (memory.percent_known)
		row_real(row, memory.percent);
	else
		row_unknown(row, NULL);
}

/* How long it has been waiting for a CPU to run on, or for anything else. */
static void put_age(struct row *row, const struct selection *selection, const struct task *task)
{
	u64 age;

	if (!selection->with_age)
		row_none(row);
	else if (task_sleep_age(task, selection->now, &age))
		row_time(row, age);
	else
		row_unknown(row, NULL);
}

/* The lock, or the function in which it sleeps. */
static void put_wait(struct row *row, const struct selection *selection, const struct task *task)
{
	struct lock_wait wait;
	const char *text = NULL;

	wait.lock = 0;
	if (!selection->with_wait) {
		row_none(row);
		row_none(row);
		return;
	}
	if (lock_wait_of(task, &wait) && wait.lock)
		text = scope_printf("%s %s", lock_kind_name(wait.kind),
				    lock_name(wait.lock, wait.kind));
	else
		text = task_wait_channel(task);
	if (text)
		row_bytes(row, text, strlen(text));
	else
		row_null(row, "-");
	if (wait.lock)
		row_address(row, wait.lock);
	else
		row_none(row);
}

static void put_row(struct row *row, size_t index, void *arg)
{
	const struct selection *selection = arg;
	const struct task *task = selection->tasks[index];
	const char *state = task_state_text(task);
	bool active = task_is_active(task), panic = task_is_panic_task(task);
	const char *comm;
	enum colour colour;
	u64 sp;

	row_stands_for(row, task->address);
	if (colour_of_task(state, panic, &colour))
		row_colour(row, colour);
	row_text(row, mark(task));
	comm = taskrow_put(row, task);
	if (task_is_kthread(task))
		row_shown(row, scope_printf("[%s]", comm));
	row_number(row, task->tgid);
	row_number(row, task->parent_pid);
	row_text(row, state);
	row_flag(row, active);
	row_flag(row, panic);
	row_flag(row, task_is_kthread(task));
	put_memory(row, task);
	row_address(row, task->address);
	if (selection->kernel_sp && !active && task_kernel_sp(task, &sp))
		row_address(row, sp);
	else
		row_none(row);
	put_age(row, selection, task);
	put_wait(row, selection, task);
}

static void put_table(const struct selection *selection, bool header)
{
	const char *place = selection->kernel_sp ? "KSTACKP" : " TASK  ";
	const struct table table = {
		.name = "ps",
		.columns = table_columns,
		.count = selection->count,
		.put = put_row,
		.arg = (void *)selection,
		.when = (selection->kernel_sp ? WITH_STACK : WITH_TASK) |
			(selection->with_age ? WITH_AGE : 0) |
			(selection->with_wait ? WITH_WAIT : 0),
		.headings = header && selection->any_match ? HEADINGS_FIRST : HEADINGS_NEVER,
		.heading_line = scope_printf(
			"      PID    PPID  CPU      %s      ST  %%MEM      VSZ      RSS%s  COMM%s",
			place, selection->with_age ? "             AGE" : "",
			selection->with_wait ? "  WAIT" : ""),
		.of = "task",
	};

	table_show(&table);
}

/* ---- the other views ---- */

struct states {
	const char *names[16];
	size_t counts[16], count;
};

static void put_state(struct row *row, size_t index, void *arg)
{
	const struct states *states = arg;

	row_text(row, states->names[index]);
	row_number(row, states->counts[index]);
}

/* States in the order in which the tasks show them first. */
static void put_summary(const struct selection *selection)
{
	static const struct column columns[] = {
		{ "state", "ST", CELL_TEXT, .before = "  " },
		{ "count", "TASKS", CELL_NUMBER, .before = ": " },
		{ 0 },
	};
	struct states states = { 0 };

	for (size_t i = 0; i < selection->count; i++) {
		const char *state = task_state_text(selection->tasks[i]);
		size_t at = 0;

		while (at < states.count && !streq(states.names[at], state))
			at++;
		if (at == ARRAY_SIZE(states.names))
			continue;
		if (at == states.count)
			states.names[states.count++] = state;
		states.counts[at]++;
	}
	table_show(&(struct table){ .name = "ps",
				    .columns = columns,
				    .count = states.count,
				    .put = put_state,
				    .arg = &states,
				    .headings = HEADINGS_NEVER });
}

/* A thread group is shown once, whichever of its threads was named. */
static bool group_seen(const struct selection *selection, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (selection->tasks[i]->tgid == selection->tasks[index]->tgid &&
		    selection->tasks[i]->is_idle == selection->tasks[index]->is_idle &&
		    !selection->tasks[i]->is_idle)
			return true;
	}
	return false;
}

static int oldest_first(const void *a, const void *b)
{
	const struct task *left = *(const struct task *const *)a;
	const struct task *right = *(const struct task *const *)b;

	if (left->start_time != right->start_time)
		return left->start_time < right->start_time ? -1 : 1;
	return left < right ? -1 : left > right;
}

struct view {
	const char *option;
	const struct column *columns;
	void (*put)(struct row *row, const struct task *task);
};

static const struct view views[] = {
	{ "p", psview_parents, psview_put_parents }, { "c", psview_children, psview_put_children },
	{ "t", psview_times, psview_put_times },     { "a", psview_strings, psview_put_strings },
	{ "g", psview_group, psview_put_group },     { "r", psview_limits, psview_put_limits },
};

struct viewed {
	const struct view *view;
	const struct selection *selection;
};

static void put_view(struct row *row, size_t index, void *arg)
{
	const struct viewed *viewed = arg;
	const struct task *task = viewed->selection->tasks[index], *leader;

	if (viewed->view->columns == psview_group) {
		leader = task_by_address(task->group_leader);
		task = leader ? leader : task;
		if (group_seen(viewed->selection, index)) {
			row_skip(row);
			return;
		}
	}
	row_stands_for(row, task->address);
	viewed->view->put(row, task);
}

static void each_task(const struct selection *selection, const struct view *view)
{
	struct viewed viewed = { view, selection };

	if (view->columns == psview_times)
		qsort(selection->tasks, selection->count, sizeof(*selection->tasks), oldest_first);
	table_show(&(struct table){ .name = "ps",
				    .columns = view->columns,
				    .count = selection->count,
				    .put = put_view,
				    .arg = &viewed,
				    .headings = HEADINGS_NEVER,
				    .blank_after = true });
}

static void show_last_run(const struct args *args, const struct selection *selection)
{
	const char *list = option_argument(args, "C");
	struct cpu_mask cpus;

	if (list) {
		struct strbuf why = { 0 };

		if (!cpu_mask_parse(list, &cpus, &why))
			fail_with(&why);
	}
	psview_last_run(selection->tasks, selection->count, option_given(args, "m") != 0,
			list ? &cpus : NULL);
}

static const char *policy_names(void)
{
	struct strbuf *names = scope_strbuf();

	for (unsigned i = 0; i < task_nr_policies(); i++)
		strbuf_printf(names, i ? ", %s" : "%s", task_policy_name(i));
	return strbuf_text(names);
}

static void check_options(const struct args *args)
{
	unsigned nr_views = (option_given(args, "l") || option_given(args, "m")) +
			    (option_given(args, "S") != 0);

	for (size_t i = 0; i < ARRAY_SIZE(views); i++)
		nr_views += option_given(args, views[i].option) != 0;
	if (nr_views > 1)
		fail("-p, -c, -t, -l or -m, -a, -g, -r and -S exclude each other");
	if (option_given(args, "C") && !option_given(args, "l") && !option_given(args, "m"))
		fail("-C needs -l or -m");
	if (option_given(args, "k") && option_given(args, "u"))
		fail("-k and -u exclude each other");
}

static void run_ps(struct args *args)
{
	struct filter filter = {
		.kernel = option_given(args, "k"),
		.user = option_given(args, "u"),
		.leaders = option_given(args, "G"),
		.active = option_given(args, "A"),
	};
	struct selection *selection = scope_alloc(sizeof(*selection));
	const char *policies = option_argument(args, "y");

	check_options(args);
	selection->kernel_sp = option_given(args, "s");
	selection->with_age = option_given(args, "-age");
	selection->with_wait = option_given(args, "-wait");
	if (selection->with_age)
		selection->now = sched_now();
	if (policies && !task_policy_parse(policies, &filter.policies))
		fail("%s: invalid scheduling policy (they are %s, or 0 to %u)", policies,
		     policy_names(), task_nr_policies() - 1);
	select_tasks(args, &filter, selection);
	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		if (option_given(args, views[i].option)) {
			each_task(selection, &views[i]);
			return;
		}
	}
	if (option_given(args, "S"))
		put_summary(selection);
	else if (option_given(args, "l") || option_given(args, "m"))
		show_last_run(args, selection);
	else
		put_table(selection, option_given(args, "H") == 0);
}

static const struct option options[] = {
	{ "k", NULL, "kernel threads only" },
	{ "u", NULL, "user tasks only" },
	{ "G", NULL, "thread group leaders only" },
	{ "A", NULL, "tasks that are on a CPU only" },
	{ "y", "policy", "tasks of these scheduling policies only: numbers or names, with commas" },
	{ "s", NULL, "the kernel stack pointer (KSTACKP) instead of TASK" },
	{ "-age", NULL, "how long ago each task was last on a CPU, by the clock of the dump" },
	{ "-wait", NULL,
	  "what each task waits for: a lock, or the function in which it sleeps, as in "
	  "/proc/PID/wchan" },
	{ "H", NULL, "no header line" },
	{ "S", NULL, "how many tasks are in each state" },
	{ "l", NULL, "when each task last got a CPU, as the scheduler's time stamp; latest first" },
	{ "m", NULL, "how long ago each task last got a CPU" },
	{ "C", "cpus", "with -l or -m: in blocks for these CPUs (1,3,5-7 or a)" },
	{ "p", NULL, "each task's line of parents" },
	{ "c", NULL, "each task's children" },
	{ "g", NULL, "each task's thread group" },
	{ "t", NULL, "run time, start time, user and system time; the oldest task first" },
	{ "a", NULL, "arguments and environment, from user memory" },
	{ "r", NULL, "resource limits" },
	{ NULL, NULL, NULL },
};

COMMAND(ps) = {
	.name = "ps",
	.summary = "process status",
	.synopsis =
		"[-k | -u] [-G] [-A] [-y policy] [-s] [--age] [--wait] [-H]\n"
		"[-S | -l | -m [-C cpus] | -p | -c | -g | -t | -a | -r] [pid | task | command] ...",
	.options = options,
	.description =
		"Shows a row for each task, or for the tasks named: by pid, by task_struct "
		"address, by command name (\\name when it looks like a number), or by an extended "
		"regular expression in single quotes.\n"
		"\n"
		"> marks the task that was running on its CPU. ST is RU running or runnable, IN "
		"interruptible sleep, UN uninterruptible sleep, ID idle (uninterruptible, not "
		"counted as load), ST stopped, TR traced, ZO zombie, DE dead, PA parked, WA "
		"waking, NE new. VSZ and RSS are in kilobytes; RSS includes the parts of the "
		"kernel's counters that each CPU or thread keeps. %MEM is RSS as a share of "
		"physical memory. ? stands for what the dump lacks. Names in brackets are those "
		"of kernel threads.",
	.example =
		"crash> ps kthreadd '^migration'\n"
		"      PID    PPID  CPU       TASK        ST  %MEM      VSZ      RSS  COMM\n"
		"        2       0   1  ffff8ae4c1252100  IN   0.0        0        0  [kthreadd]\n"
		"       21       2   0  ffff8ae4c12da100  IN   0.0        0        0  [migration/0]\n"
		"       26       2   1  ffff8ae4c1372100  IN   0.0        0        0  [migration/1]\n"
		"crash> ps -p kthreadd\n"
		"PID: 0        TASK: ffffffff9a210940  CPU: 0    COMMAND: \"swapper/0\"\n"
		" PID: 2        TASK: ffff8ae4c1252100  CPU: 1    COMMAND: \"kthreadd\"\n"
		"\n"
		"crash> ps -a init\n"
		"PID: 1        TASK: ffff8ae4c1250000  CPU: 0    COMMAND: \"init\"\n"
		"...\n"
		"ENV: HOME=/\n"
		"     TERM=linux\n"
		"\n"
		"crash> ps -S\n"
		"  RU: 3\n"
		"  IN: 104\n"
		"...\n"
		"crash> ps -g w-threads\n"
		"PID: 214      TASK: ffff8ae4c1d7c200  CPU: 0    COMMAND: \"w-threads\"\n"
		"  PID: 215      TASK: ffff8ae4c272a100  CPU: 1    COMMAND: \"thr-0\"\n"
		"  PID: 216      TASK: ffff8ae4c272c200  CPU: 0    COMMAND: \"thr-1\"\n"
		"...\n"
		"crash> ps -y RR\n"
		"      PID    PPID  CPU       TASK        ST  %MEM      VSZ      RSS  COMM\n"
		"      234       1   0  ffff8ae4c26e0000  IN   0.1     1368      380  w-rr\n"
		"crash> ps -t 1\n"
		"PID: 1        TASK: ffff8ae4c1250000  CPU: 0    COMMAND: \"init\"\n"
		"    RUN TIME: 00:00:37\n"
		"  START TIME: 472000000\n"
		"       UTIME: 80000000\n"
		"       STIME: 2896000000\n"
		"\n"
		"crash> ps -m init\n"
		"[0 00:00:16.890] [IN]  PID: 1        TASK: ffff8ae4c1250000  CPU: 0    COMMAND: \"init\"\n",
	.arguments = "pid|task|name ...",
	.run = run_ps,
	.each_task = EACH_TASK_WORDS,
};
