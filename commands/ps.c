/* commands/ps.c - the command ps: tasks as a table, by last run, by family, with their times and limits. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/colour.h"
#include "shell/command.h"
#include "base/fail.h"
#include "base/json.h"
#include "show/jsonshow.h"
#include "containers/kpercpu.h"
#include "shell/nearest.h"
#include "base/out.h"
#include "show/psview.h"
#include "shell/session.h"
#include "task.h"
#include "kernel/taskinfo.h"

#include <stdio.h>
#include <stdlib.h>

struct selection {
	const struct task **tasks;
	size_t count, space;
	bool any_match; /* before FILTER; false: all words were wrong */
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

/* In the table's order, each task once; a word that names nothing is said and does not stop the others. */
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

static void put_table_header(bool kernel_sp)
{
	out("      PID    PPID  CPU  %s  ST  %%MEM      VSZ      RSS  COMM\n",
	    kernel_sp ? "    KSTACKP    " : "     TASK      ");
}

struct row {
	const struct task *task;
	bool kernel_sp;
};

static void put_json_row(const struct row *row)
{
	const struct task *task = row->task;
	struct task_memory memory;
	u64 sp;

	task_memory(task, &memory);
	json_object(NULL);
	jsonshow_task(task);
	json_number("tgid", task->tgid);
	json_number("ppid", task->parent_pid);
	json_text("state", task_state_text(task));
	json_bool("active", task_is_active(task));
	json_bool("panic", task_is_panic_task(task));
	json_bool("kernel_thread", task_is_kthread(task));
	if (memory.total_vm_known)
		json_number("vsz", memory.total_vm_kb * 1024);
	else
		json_null("vsz");
	if (memory.rss_known)
		json_number("rss", memory.rss_kb * 1024);
	else
		json_null("rss");
	if (memory.percent_known)
		json_real("memory_percent", memory.percent, 1);
	else
		json_null("memory_percent");
	if (row->kernel_sp && !task_is_active(task) && task_kernel_sp(task, &sp))
		json_address("kernel_sp", sp);
	json_end();
}

/* Of the task that its CPU runs. */
static const char *mark(const struct task *task)
{
	if (!task_is_active(task))
		return " ";
	return session_hides_cpu(task->cpu) ? "-" : ">";
}

static void put_row(void *arg)
{
	const struct row *row = arg;
	const struct task *task = row->task;
	bool bracket = task_is_kthread(task);
	char comm[TASK_COMM_SPACE], where[20], share[16] = "?", vsz[24] = "?", rss[24] = "?";
	struct task_memory memory;
	const char *line;
	u64 sp;

	if (json_on()) {
		put_json_row(row);
		return;
	}
	task_memory(task, &memory);
	if (memory.total_vm_known)
		snprintf(vsz, sizeof(vsz), "%llu", memory.total_vm_kb);
	if (memory.rss_known)
		snprintf(rss, sizeof(rss), "%llu", memory.rss_kb);
	if (memory.percent_known)
		snprintf(share, sizeof(share), "%.1f", memory.percent);
	if (!row->kernel_sp)
		snprintf(where, sizeof(where), "%016llx", task->address);
	else if (task_is_active(task) || !task_kernel_sp(task, &sp))
		snprintf(where, sizeof(where), "       --       ");
	else
		snprintf(where, sizeof(where), "%016llx", sp);
	task_comm(task, comm);
	line = scope_printf("%s%8u %7u %3u  %s  %-2s %5s %8s %8s  %s%s%s", mark(task), task->pid,
			    task->parent_pid, task->cpu, where, task_state_text(task), share, vsz,
			    rss, bracket ? "[" : "", comm, bracket ? "]" : "");
	out("%s\n", colour_task_line(task_state_text(task), task_is_panic_task(task), line));
}

static void put_table(const struct selection *selection, bool kernel_sp, bool header)
{
	if (header && selection->any_match && !json_on())
		put_table_header(kernel_sp);
	for (size_t i = 0; i < selection->count; i++) {
		struct row row = { selection->tasks[i], kernel_sp };
		struct failure failure;

		interrupt_check();
		if (!protect_row(put_row, &row, &failure))
			command_problem("ps", scope_printf("task %llx: %s", row.task->address,
							   failure.text));
	}
}

/* ---- the other views ---- */

/* States in the order in which the tasks show them first. */
static void put_summary(const struct selection *selection)
{
	const char *states[16];
	size_t counts[16], nr_states = 0;

	for (size_t i = 0; i < selection->count; i++) {
		const char *state = task_state_text(selection->tasks[i]);
		size_t at = 0;

		while (at < nr_states && !streq(states[at], state))
			at++;
		if (at == ARRAY_SIZE(states))
			continue;
		if (at == nr_states) {
			states[nr_states] = state;
			counts[nr_states++] = 0;
		}
		counts[at]++;
	}
	for (size_t i = 0; i < nr_states && json_on(); i++) {
		json_object(NULL);
		json_text("state", states[i]);
		json_number("count", counts[i]);
		json_end();
	}
	for (size_t i = 0; i < nr_states && !json_on(); i++)
		out("  %s: %zu\n", states[i], counts[i]);
}

struct view {
	void (*show)(const struct task *task);
	const struct task *task;
};

static void show_view(void *arg)
{
	struct view *view = arg;

	view->show(view->task);
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

static void each_task(const struct selection *selection, void (*show)(const struct task *task))
{
	if (show == psview_times)
		qsort(selection->tasks, selection->count, sizeof(*selection->tasks), oldest_first);
	for (size_t i = 0; i < selection->count; i++) {
		struct view view = { show, selection->tasks[i] };
		struct failure failure;

		interrupt_check();
		if (show == psview_group) {
			const struct task *leader = task_by_address(view.task->group_leader);

			if (group_seen(selection, i))
				continue;
			view.task = leader ? leader : view.task;
		}
		if (!protect_row(show_view, &view, &failure))
			command_problem("ps", failure.text);
		if (!json_on())
			out("\n");
	}
}

static const struct {
	const char *option;
	void (*show)(const struct task *task);
} views[] = {
	{ "p", psview_parents }, { "c", psview_children }, { "t", psview_times },
	{ "a", psview_strings }, { "g", psview_group },	   { "r", psview_limits },
};

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
	if (policies && !task_policy_parse(policies, &filter.policies))
		fail("%s: invalid scheduling policy (they are %s, or 0 to %u)", policies,
		     policy_names(), task_nr_policies() - 1);
	select_tasks(args, &filter, selection);
	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		if (option_given(args, views[i].option)) {
			each_task(selection, views[i].show);
			return;
		}
	}
	if (option_given(args, "S"))
		put_summary(selection);
	else if (option_given(args, "l") || option_given(args, "m"))
		show_last_run(args, selection);
	else
		put_table(selection, option_given(args, "s") != 0, option_given(args, "H") == 0);
}

static const struct option options[] = {
	{ "k", NULL, "kernel threads only" },
	{ "u", NULL, "user tasks only" },
	{ "G", NULL, "thread group leaders only" },
	{ "A", NULL, "tasks that are on a CPU only" },
	{ "y", "policy", "tasks of these scheduling policies only: numbers or names, with commas" },
	{ "s", NULL, "the kernel stack pointer (KSTACKP) instead of TASK" },
	{ "H", NULL, "no header line" },
	{ "S", NULL, "how many tasks are in each state" },
	{ "l", NULL,
	  "when each task last came onto a CPU, latest first, as the scheduler's stamp" },
	{ "m", NULL, "the same as the time that has passed since then" },
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
		"[-k | -u] [-G] [-A] [-y policy] [-s] [-H]\n"
		"[-S | -l | -m [-C cpus] | -p | -c | -g | -t | -a | -r] [pid | task | command] ...",
	.options = options,
	.description =
		"One row for each task, or for those named: by pid, by task_struct address, by command\n"
		"name (\\name when it looks like a number), or by an extended regular expression in\n"
		"single quotes.\n"
		"\n"
		"> marks the task that was running on its CPU. ST is RU running or runnable, IN\n"
		"interruptible sleep, UN uninterruptible sleep, ID idle (uninterruptible, not counted as\n"
		"load), ST stopped, TR traced, ZO zombie, DE dead, PA parked, WA waking, NE new. VSZ and\n"
		"RSS are in kilobytes, RSS with every CPU's and thread's part of the kernel's counters;\n"
		"%MEM is RSS as a share of physical memory. ? stands for what the dump lacks. Names in\n"
		"brackets are kernel threads'.",
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
