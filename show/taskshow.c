/* show/taskshow.c - a task's task_struct and thread_info, whole or by member. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/taskshow.h"

#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "base/table.h"
#include "shell/command.h"
#include "shell/gdb_settings.h"
#include "shell/nearest.h"
#include "show/datashow.h"
#include "show/jsonshow.h"
#include "show/taskrow.h"

/*
 * With CONFIG_THREAD_INFO_IN_TASK, which x86_64 has had since v4.9 (15f4eae70d36), thread_info is
 * the first member of task_struct.
 */
static const char *const structures[] = { "struct task_struct", "struct thread_info" };

bool taskshow_has_member(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(structures); i++) {
		if (datashow_has_member(structures[i], path))
			return true;
	}
	return false;
}

struct wanted {
	const struct task *task;
	char **members; /* paths; none: all */
	size_t nr_members;
};

static void check_member(const char *path)
{
	if (!taskshow_has_member(path))
		command_problem("task",
				scope_printf("%s: not a task_struct or thread_info member%s", path,
					     nearest_path("task_struct", path)));
}

/* ---- as text ---- */

static void print_member(const struct task *task, const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(structures); i++) {
		if (datashow_has_member(structures[i], path))
			datashow_member(structures[i], task->address, path, gdb_settings.radix);
	}
	check_member(path);
}

static void print_whole(const struct task *task)
{
	for (size_t i = 0; i < ARRAY_SIZE(structures); i++) {
		out("%s%s ", i == 0 ? "" : "\n", structures[i]);
		datashow_value(scope_printf("*(%s *)0x%llx", structures[i], task->address), false,
			       "", gdb_settings.radix);
		out("\n");
	}
}

static void print_text(void *arg)
{
	const struct wanted *wanted = arg;
	struct strbuf *header = scope_strbuf();

	taskrow_header(wanted->task, header);
	out("%s\n", strbuf_text(header));
	for (size_t i = 0; i < wanted->nr_members; i++)
		print_member(wanted->task, wanted->members[i]);
	if (!wanted->nr_members)
		print_whole(wanted->task);
	out("\n");
}

/* ---- as JSON ---- */

/* The members asked for that STRUCTURE has. */
static void put_structure(const struct wanted *wanted, const char *structure)
{
	char **members = scope_array(wanted->nr_members + 1, sizeof(*members));
	size_t count = 0;

	for (size_t i = 0; i < wanted->nr_members; i++) {
		if (datashow_has_member(structure, wanted->members[i]))
			members[count++] = wanted->members[i];
	}
	if (wanted->nr_members && !count)
		return;
	json_object(structure + strlen("struct "));
	jsonshow_members(structure, wanted->task->address, members, count, SPACE_KERNEL);
	json_end();
}

static void put_json(void *arg)
{
	const struct wanted *wanted = arg;

	for (size_t i = 0; i < wanted->nr_members; i++)
		check_member(wanted->members[i]);
	json_object(NULL);
	jsonshow_task(wanted->task);
	for (size_t i = 0; i < ARRAY_SIZE(structures); i++)
		put_structure(wanted, structures[i]);
	json_end();
}

void taskshow(const struct task *task, char **members, size_t nr_members)
{
	static const struct form_writer writer = { .text = print_text, .json = put_json };

	form_show(&writer, &(struct wanted){ task, members, nr_members });
}
