/* show/psview.c - the views of `ps` that show more than one line a task. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/psview.h"

#include "base/fail.h"
#include "base/json.h"
#include "show/jsonshow.h"
#include "kernel.h"
#include "base/out.h"
#include "shell/session.h"
#include "kernel/taskinfo.h"

#include <stdlib.h>

#define NS_PER_SECOND 1000000000ULL
#define NS_PER_DAY (86400 * NS_PER_SECOND)

static void put_header(const struct task *task, unsigned indent)
{
	struct strbuf *text = scope_strbuf();

	task_header(task, text);
	out("%*s%s\n", indent, "", strbuf_text(text));
}

/* A relative of the task that the open object is about. */
static void put_relative(const struct task *task)
{
	json_object(NULL);
	jsonshow_task(task);
	json_end();
}

/* The line of a task, or in JSON the object and the list that KEY names; end_family() ends them. */
static void begin_family(const struct task *task, const char *key)
{
	if (!json_on()) {
		put_header(task, 0);
		return;
	}
	json_object(NULL);
	jsonshow_task(task);
	json_list(key);
}

static void put_member(const struct task *task)
{
	if (json_on())
		put_relative(task);
	else
		put_header(task, 2);
}

static void end_family(size_t nr_members, const char *none)
{
	if (json_on()) {
		json_end();
		json_end();
	} else if (nr_members == 0) {
		out("  (%s)\n", none);
	}
}

/* From the oldest ancestor down to the task itself, one column further right a generation. */
void psview_parents(const struct task *task)
{
	const struct task **line = scope_array(task_count() + 1, sizeof(*line));
	size_t depth = 0;

	while (task && depth <= task_count()) {
		line[depth++] = task;
		if (task->parent == task->address || task->parent == 0)
			break;
		task = task_by_address(task->parent);
	}
	if (!json_on()) {
		for (size_t i = 0; i < depth; i++)
			put_header(line[depth - 1 - i], i);
		return;
	}
	json_object(NULL);
	jsonshow_task(line[0]);
	json_list("ancestors"); /* the parent first */
	for (size_t i = 1; i < depth; i++)
		put_relative(line[i]);
	json_end();
	json_end();
}

void psview_children(const struct task *task)
{
	size_t nr_children = 0;

	begin_family(task, "children");
	for (size_t i = 0; i < task_count(); i++) {
		const struct task *child = task_at(i);

		if (child->parent != task->address || child == task)
			continue;
		put_member(child);
		nr_children++;
	}
	end_family(nr_children, "no children");
}

void psview_group(const struct task *leader)
{
	size_t nr_threads = 0;

	begin_family(leader, "threads");
	for (size_t i = 0; i < task_count() && !leader->is_idle; i++) {
		const struct task *thread = task_at(i);

		if (thread->tgid != leader->tgid || thread == leader)
			continue;
		put_member(thread);
		nr_threads++;
	}
	end_family(nr_threads, "no threads");
}

static void put_duration(u64 seconds)
{
	u64 days = seconds / 86400;

	if (days > 0)
		out("%llu days, ", days);
	out("%02u:%02u:%02u", (unsigned)(seconds / 3600 % 24), (unsigned)(seconds / 60 % 60),
	    (unsigned)(seconds % 60));
}

void psview_times(const struct task *task)
{
	struct task_times times;
	u64 uptime = (u64)kernel_uptime_seconds();
	u64 start;

	task_times(task, &times);
	/* In whole seconds, so that it and the start time add up to the UPTIME of sys. */
	start = (times.start_boot ? times.start_boot : times.start) / NS_PER_SECOND;
	if (json_on()) {
		json_object(NULL);
		jsonshow_task(task);
		json_number("run_seconds", uptime > start ? uptime - start : 0);
		json_number("start_ns", times.start);
		json_number("user_ns", times.utime);
		json_number("system_ns", times.stime);
		json_end();
		return;
	}
	put_header(task, 0);
	out("    RUN TIME: ");
	put_duration(uptime > start ? uptime - start : 0);
	out("\n  START TIME: %llu\n", times.start);
	out("       UTIME: %llu\n", times.utime);
	out("       STIME: %llu\n", times.stime);
}

/* One string a call; bytes that would upset a terminal are shown as \xNN. */
static void put_string(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n')
			out("\\n");
		else if (c < 0x20 || c == 0x7f)
			out("\\x%02x", c);
		else
			out("%c", c);
	}
}

static void put_strings(const struct task *task, enum task_strings which)
{
	const char *before = which == TASK_ARGUMENTS ? "ARG: " : "ENV: ";
	struct strbuf *why = scope_strbuf();
	size_t length, at = 0;
	bool whole;
	char *text;

	whole = task_user_strings(task, which, &text, &length, why);
	out("%s", before);
	while (at < length) {
		size_t one = strnlen(text + at, length - at);

		if (at != 0 && which == TASK_ENVIRONMENT)
			out("     ");
		put_string(text + at, one);
		out(which == TASK_ENVIRONMENT ? "\n" : " ");
		at += one + 1;
	}
	if (which == TASK_ARGUMENTS || length == 0)
		out("\n");
	if (!whole || why->length != 0)
		out("     (the rest cannot be read: %s)\n", strbuf_text(why));
}

/* KEY: the strings as a list; "KEY_error": why it is not whole. */
static void put_string_list(const struct task *task, const char *key, enum task_strings which)
{
	struct strbuf *why = scope_strbuf();
	size_t length = 0, at = 0;
	char *text;

	task_user_strings(task, which, &text, &length, why);
	json_list(key);
	while (at < length) {
		size_t one = strnlen(text + at, length - at);

		json_bytes(NULL, text + at, one);
		at += one + 1;
	}
	json_end();
	if (why->length != 0)
		json_text(scope_printf("%s_error", key), strbuf_text(why));
}

static void put_json_strings(const struct task *task)
{
	json_object(NULL);
	jsonshow_task(task);
	if (task->mm != 0 && !task_is_kthread(task)) {
		put_string_list(task, "arguments", TASK_ARGUMENTS);
		put_string_list(task, "environment", TASK_ENVIRONMENT);
	}
	json_end();
}

void psview_strings(const struct task *task)
{
	if (json_on()) {
		put_json_strings(task);
		return;
	}
	put_header(task, 0);
	if (task->mm == 0 || task_is_kthread(task)) {
		out("ps: no user stack\n");
		return;
	}
	put_strings(task, TASK_ARGUMENTS);
	put_strings(task, TASK_ENVIRONMENT);
}

static const char *limit_text(u64 value)
{
	return value == ~0ULL ? "(unlimited)" : scope_printf("%llu", value);
}

static void put_centred(const char *text, unsigned width)
{
	size_t length = strlen(text);
	unsigned left = length < width ? (unsigned)(width - length) / 2 : 0;
	unsigned right = length + left < width ? (unsigned)(width - length - left) : 0;

	out("%*s%s%*s", left, "", text, right, "");
}

/* A number, or null where there is no limit. */
static void put_limit(const char *key, u64 value)
{
	if (value == ~0ULL)
		json_null(key);
	else
		json_number(key, value);
}

static void put_json_limits(const struct task *task, const struct task_limit *limits, size_t count)
{
	json_object(NULL);
	jsonshow_task(task);
	json_list("limits");
	for (size_t i = 0; i < count; i++) {
		json_object(NULL);
		json_text("name", limits[i].name);
		put_limit("current", limits[i].current);
		put_limit("maximum", limits[i].maximum);
		json_end();
	}
	json_end();
	json_end();
}

void psview_limits(const struct task *task)
{
	struct task_limit limits[TASK_LIMITS_MAX];
	size_t count = task_limits(task, limits);

	if (json_on()) {
		put_json_limits(task, limits, count);
		return;
	}

	put_header(task, 0);
	if (count == 0) {
		out("   (no signal_struct any more)\n");
		return;
	}
	out("%12s   ", "RLIMIT");
	put_centred("CURRENT", 11);
	out("   ");
	put_centred("MAXIMUM", 11);
	out("\n");
	for (size_t i = 0; i < count; i++) {
		out("%12s   ", limits[i].name);
		put_centred(limit_text(limits[i].current), 11);
		out("   ");
		put_centred(limit_text(limits[i].maximum), 11);
		out("\n");
	}
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

/* Of the largest stamp, or of the largest number of days, that any task has: columns stay from call to call. */
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

static void put_json_last_run(const struct task *task)
{
	u64 ns;

	json_object(NULL);
	jsonshow_task(task);
	json_text("state", task_state_text(task));
	json_number("last_run_ns", task->last_arrival);
	if (task_since_last_run(task, &ns))
		json_number("since_ns", ns);
	else
		json_null("since_ns");
	json_end();
}

static void put_last_run(const struct task *task, bool ages, unsigned width)
{
	struct strbuf *header = scope_strbuf();
	u64 ns;

	if (json_on()) {
		put_json_last_run(task);
		return;
	}
	if (!ages)
		out("[%*llu]", width, task->last_arrival);
	else if (!task_since_last_run(task, &ns))
		out("[%*s %12s]", width, "?", "");
	else
		out("[%*llu %02u:%02u:%02u.%03u]", width, (ns / NS_PER_DAY),
		    (unsigned)(ns / 3600000000000ULL % 24), (unsigned)(ns / 60000000000ULL % 60),
		    (unsigned)(ns / 1000000000 % 60), (unsigned)(ns / 1000000 % 1000));
	task_header(task, header);
	out(" [%s]  %s\n", task_state_text(task), strbuf_text(header));
}

void psview_last_run(const struct task **tasks, size_t nr_tasks, bool ages,
		     const struct cpu_mask *cpus)
{
	unsigned width = stamp_width(ages);
	const char *between = "";

	qsort(tasks, nr_tasks, sizeof(*tasks), latest_first);
	if (!cpus) {
		for (size_t i = 0; i < nr_tasks; i++)
			put_last_run(tasks[i], ages, width);
		return;
	}
	for (unsigned cpu = cpu_mask_next(cpus, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(cpus, cpu + 1)) {
		if (!cpu_mask_has(cpus_present(), cpu))
			continue;
		if (!json_on())
			out("%sCPU: %u%s\n", between, cpu,
			    session_hides_cpu(cpu) ? " [OFFLINE]" : "");
		for (size_t i = 0; i < nr_tasks; i++) {
			if (tasks[i]->cpu == cpu && !session_hides_cpu(cpu))
				put_last_run(tasks[i], ages, width);
		}
		between = "\n";
	}
}
