/* show/psview.c - the views of `ps` that show more than one line a task. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/psview.h"

#include "base/fail.h"
#include "kernel.h"
#include "kernel/taskinfo.h"
#include "show/offline.h"
#include "show/taskrow.h"

#include <stdlib.h>

#define NS_PER_SECOND 1000000000ULL
#define NS_PER_DAY (86400 * NS_PER_SECOND)

/* ---- families ---- */

static const struct column ancestors[] = { TASKROW_KEYS, { 0 } };

const struct column psview_parents[] = { TASKROW_KEYS, { 0 } };

static const struct column generations[] = {
	{ NULL, "", .kind = CELL_TEXT },
	TASKROW_COLUMNS(""),
	{ 0 },
};

struct line {
	const struct task **tasks; /* the task itself, its parent ... */
	size_t count;
};

static void put_generation(struct row *row, size_t index, void *arg)
{
	const struct line *line = arg;

	row_text(row, scope_printf("%*s", (int)index, ""));
	taskrow_put(row, line->tasks[line->count - 1 - index]);
}

/*
 * From the oldest ancestor down to the task itself, one column further right a generation; in JSON
 * up from the parent.
 */
void psview_put_parents(struct row *row, const struct task *task)
{
	struct line line = { scope_array(task_count() + 1, sizeof(*line.tasks)), 0 };

	taskrow_put(row, task);
	while (task && line.count <= task_count()) {
		line.tasks[line.count++] = task;
		if (task->parent == task->address || task->parent == 0)
			break;
		task = task_by_address(task->parent);
	}
	row_children(row, &(struct table){ .name = "ps",
					   .columns = ancestors,
					   .count = line.count - 1,
					   .put = taskrow_put_at,
					   .arg = line.tasks + 1,
					   .headings = HEADINGS_NEVER,
					   .key = "ancestors" });
	row_children(row, &(struct table){ .name = "ps",
					   .columns = generations,
					   .count = line.count,
					   .put = put_generation,
					   .arg = &line,
					   .headings = HEADINGS_NEVER });
}

static void put_family(struct row *row, const char *key, const struct task **members, size_t count,
		       const char *none)
{
	row_children(row, &(struct table){ .name = "ps",
					   .columns = taskrow_relative,
					   .count = count,
					   .put = taskrow_put_at,
					   .arg = members,
					   .headings = HEADINGS_NEVER,
					   .key = key,
					   .none = none });
}

const struct column psview_children[] = { TASKROW_COLUMNS(""), { 0 } };
const struct column psview_group[] = { TASKROW_COLUMNS(""), { 0 } };

void psview_put_children(struct row *row, const struct task *task)
{
	const struct task **children = scope_array(task_count() + 1, sizeof(*children));
	size_t count = 0;

	taskrow_put(row, task);
	for (size_t i = 0; i < task_count(); i++) {
		if (task_at(i)->parent == task->address && task_at(i) != task)
			children[count++] = task_at(i);
	}
	put_family(row, "children", children, count, "  (no children)");
}

void psview_put_group(struct row *row, const struct task *leader)
{
	const struct task **threads = scope_array(task_count() + 1, sizeof(*threads));
	size_t count = 0;

	taskrow_put(row, leader);
	for (size_t i = 0; i < task_count() && !leader->is_idle; i++) {
		if (task_at(i)->tgid == leader->tgid && task_at(i) != leader)
			threads[count++] = task_at(i);
	}
	put_family(row, "threads", threads, count, "  (no threads)");
}

/* ---- times ---- */

const struct column psview_times[] = {
	TASKROW_COLUMNS(""),
	{ "run_seconds", "", CELL_NUMBER, .before = "\n    RUN TIME: " },
	{ "start_ns", "", CELL_NUMBER, .before = "\n  START TIME: " },
	{ "user_ns", "", CELL_NUMBER, .before = "\n       UTIME: " },
	{ "system_ns", "", CELL_NUMBER, .before = "\n       STIME: " },
	{ 0 },
};

static const char *duration(u64 seconds)
{
	u64 days = seconds / 86400;
	const char *before = days ? scope_printf("%llu days, ", days) : "";

	return scope_printf("%s%02u:%02u:%02u", before, (unsigned)(seconds / 3600 % 24),
			    (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
}

void psview_put_times(struct row *row, const struct task *task)
{
	struct task_times times;
	u64 uptime = (u64)kernel_uptime_seconds();
	u64 start, run;

	task_times(task, &times);
	/* In whole seconds, so that it and the start time add up to the UPTIME of sys. */
	start = (times.start_boot ? times.start_boot : times.start) / NS_PER_SECOND;
	run = uptime > start ? uptime - start : 0;
	taskrow_put(row, task);
	row_number(row, run);
	row_shown(row, duration(run));
	row_number(row, times.start);
	row_number(row, times.utime);
	row_number(row, times.stime);
}

/* ---- arguments and environment ---- */

const struct column psview_strings[] = {
	TASKROW_COLUMNS(""),
	{ NULL, "", .kind = CELL_TEXT, .before = "\n" },
	{ "arguments_error", "", CELL_TEXT,
	  .before = "     (the rest cannot be read: ", .after = ")" },
	{ "environment_error", "", CELL_TEXT,
	  .before = "     (the rest cannot be read: ", .after = ")" },
	{ 0 },
};

static const struct column arguments[] = { { "text", NULL, .kind = CELL_TEXT }, { 0 } };
static const struct column environment[] = {
	{ NULL, "", .kind = CELL_TEXT, .width = 5 },
	{ "text", "", CELL_TEXT, .before = "" },
	{ 0 },
};

struct strings {
	char **texts;
	size_t count;
	const char *why; /* the rest is not there; NULL: they are all */
};

/* Bytes that would upset a terminal are shown as \xNN. */
static const char *printable(const char *string)
{
	struct strbuf *text = scope_strbuf();

	for (; *string; string++) {
		unsigned char c = (unsigned char)*string;

		if (c == '\n')
			strbuf_puts(text, "\\n");
		else if (c < 0x20 || c == 0x7f)
			strbuf_printf(text, "\\x%02x", c);
		else
			strbuf_putc(text, (char)c);
	}
	return strbuf_text(text);
}

static void read_strings(const struct task *task, enum task_strings which, struct strings *strings)
{
	struct strbuf *why = scope_strbuf();
	size_t length = 0, at = 0;
	char *text;
	bool whole = task_user_strings(task, which, &text, &length, why);

	strings->texts = scope_array(length + 1, sizeof(*strings->texts));
	while (at < length) {
		size_t one = strnlen(text + at, length - at);

		strings->texts[strings->count++] = scope_printf("%.*s", (int)one, text + at);
		at += one + 1;
	}
	strings->why = whole && !why->length ? NULL : strbuf_text(why);
}

static void put_string(struct row *row, size_t index, void *arg)
{
	const struct strings *strings = arg;

	row_text(row, strings->texts[index]);
}

static void put_setting(struct row *row, size_t index, void *arg)
{
	row_text(row, index == 0 ? "ENV: " : "");
	put_string(row, index, arg);
	row_shown(row, printable(((struct strings *)arg)->texts[index]));
}

static const char *argument_line(const struct strings *strings)
{
	struct strbuf *text = scope_strbuf();

	strbuf_puts(text, "ARG: ");
	for (size_t i = 0; i < strings->count; i++)
		strbuf_printf(text, "%s ", printable(strings->texts[i]));
	return strbuf_text(text);
}

static void put_why(struct row *row, const char *why)
{
	if (why)
		row_text(row, why);
	else
		row_none(row);
}

void psview_put_strings(struct row *row, const struct task *task)
{
	struct strings given = { 0 }, set = { 0 };

	taskrow_put(row, task);
	if (task->mm == 0 || task_is_kthread(task)) {
		row_text(row, "ps: no user stack");
		row_none(row);
		row_none(row);
		return;
	}
	read_strings(task, TASK_ARGUMENTS, &given);
	row_text(row, argument_line(&given));
	row_children(row, &(struct table){ .name = "ps",
					   .columns = arguments,
					   .count = given.count,
					   .put = put_string,
					   .arg = &given,
					   .key = "arguments",
					   .plain = true,
					   .headings = HEADINGS_NEVER });
	put_why(row, given.why);
	read_strings(task, TASK_ENVIRONMENT, &set);
	row_children(row, &(struct table){ .name = "ps",
					   .columns = environment,
					   .count = set.count,
					   .put = put_setting,
					   .arg = &set,
					   .key = "environment",
					   .plain = true,
					   .none = "ENV: ",
					   .headings = HEADINGS_NEVER });
	put_why(row, set.why);
}

/* ---- limits ---- */

const struct column psview_limits[] = { TASKROW_COLUMNS(""), { 0 } };

static const struct column limit_columns[] = {
	{ "name", "RLIMIT", CELL_TEXT, .align = ALIGN_RIGHT, .width = 12 },
	{ "current", "CURRENT", CELL_NUMBER, .before = "   ", .align = ALIGN_CENTRE, .width = 11 },
	{ "maximum", "MAXIMUM", CELL_NUMBER, .before = "   ", .align = ALIGN_CENTRE, .width = 11,
	  .filled = true },
	{ 0 },
};

static void put_limit(struct row *row, u64 value)
{
	if (value == ~0ULL)
		row_null(row, "(unlimited)");
	else
		row_number(row, value);
}

static void put_limits(struct row *row, size_t index, void *arg)
{
	const struct task_limit *limits = arg;

	row_text(row, limits[index].name);
	put_limit(row, limits[index].current);
	put_limit(row, limits[index].maximum);
}

void psview_put_limits(struct row *row, const struct task *task)
{
	struct task_limit limits[TASK_LIMITS_MAX];
	size_t count = task_limits(task, limits);

	taskrow_put(row, task);
	row_children(row, &(struct table){ .name = "ps",
					   .columns = limit_columns,
					   .count = count,
					   .put = put_limits,
					   .arg = limits,
					   .headings = HEADINGS_WITH_ROWS,
					   .key = "limits",
					   .none = "   (no signal_struct any more)" });
}

/* ---- last run ---- */

static int latest_first(const void *a, const void *b)
{
	const struct task *left = *(const struct task *const *)a;
	const struct task *right = *(const struct task *const *)b;

	if (left->last_arrival != right->last_arrival)
		return left->last_arrival > right->last_arrival ? -1 : 1;
	return left < right ? -1 : left > right;
}

static unsigned digits(u64 number)
{
	unsigned width = 1;

	while (number >= 10) {
		number /= 10;
		width++;
	}
	return width;
}

/*
 * Of the largest stamp, or of the largest number of days, that any task has: columns stay from
 * call to call.
 */
static unsigned stamp_width(bool ages)
{
	u64 largest = 0, ns;

	for (size_t i = 0; i < task_count(); i++) {
		if (!ages)
			largest = max_u64(largest, task_at(i)->last_arrival);
		else if (task_since_last_run(task_at(i), &ns))
			largest = max_u64(largest, ns / NS_PER_DAY);
	}
	return digits(largest);
}

enum { STAMP = 5, AGE };

static const struct column last_run[] = {
	TASKROW_COLUMNS("  "),
	{ "state", "", CELL_TEXT, .before = " [", .after = "]", .place = 2 },
	{ "last_run_ns", "", CELL_NUMBER, .before = "[", .after = "]", .place = 1 },
	{ "since_ns", "", CELL_TIME, .before = "[", .after = "]", .place = 1 },
	{ 0 },
};

struct runs {
	const struct task **tasks;
	unsigned width; /* of the days or the stamp */
};

static void put_last_run(struct row *row, size_t index, void *arg)
{
	const struct runs *runs = arg;
	const struct task *task = runs->tasks[index];
	u64 ns;

	row_stands_for(row, task->address);
	taskrow_put(row, task);
	row_text(row, task_state_text(task));
	row_number(row, task->last_arrival);
	if (task_since_last_run(task, &ns)) {
		row_time(row, ns);
	} else {
		row_unknown(row, NULL);
		row_shown(row, scope_printf("?%13s", ""));
	}
}

/* In blocks for the CPUs of the mask. */
static void put_cpus(const struct table *table, struct runs *runs, size_t nr_tasks,
		     const struct cpu_mask *cpus)
{
	const struct task **all = runs->tasks;
	const char *between = "";

	for (unsigned cpu = cpu_mask_next(cpus, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(cpus, cpu + 1)) {
		struct table block = *table;

		if (!cpu_mask_has(cpus_present(), cpu))
			continue;
		table_remark("%sCPU: %u%s\n", between, cpu,
			     offline_hides_cpu(cpu) ? " [OFFLINE]" : "");
		runs->tasks = scope_array(nr_tasks + 1, sizeof(*runs->tasks));
		block.count = 0;
		for (size_t i = 0; i < nr_tasks; i++) {
			if (all[i]->cpu == cpu && !offline_hides_cpu(cpu))
				runs->tasks[block.count++] = all[i];
		}
		table_show(&block);
		between = "\n";
	}
}

void psview_last_run(const struct task **tasks, size_t nr_tasks, bool ages,
		     const struct cpu_mask *cpus)
{
	struct column columns[ARRAY_SIZE(last_run)];
	struct runs runs = { tasks, stamp_width(ages) };
	const struct table table = { .name = "ps",
				     .columns = columns,
				     .count = nr_tasks,
				     .put = put_last_run,
				     .arg = &runs,
				     .headings = HEADINGS_NEVER };

	memcpy(columns, last_run, sizeof(columns));
	columns[STAMP].width = runs.width + strlen("]");
	columns[AGE].width = runs.width + strlen(" 00:00:00.000]");
	columns[ages ? STAMP : AGE].heading = NULL;
	qsort(tasks, nr_tasks, sizeof(*tasks), latest_first);
	if (cpus)
		put_cpus(&table, &runs, nr_tasks, cpus);
	else
		table_show(&table);
}
