/* task.c - L6: the task command: a task_struct and its thread_info, whole or by member. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../command.h"
#include "../fail.h"
#include "../gdb_bridge.h"
#include "../out.h"
#include "../session.h"
#include "../task.h"
#include "../types.h"

#include <stdlib.h>

/*
 * With CONFIG_THREAD_INFO_IN_TASK, which x86_64 has had since v4.9 (15f4eae70d36), thread_info is the
 * first member of task_struct.
 */
static const char *const structures[] = { "task_struct", "thread_info" };

struct request {
	const struct task *task;
	char **members;
	size_t nr_members;
	const char *format;	/* "/x", "/d" or "" */
};

/* gdb's way of writing EXPRESSION, without the "$1 = " of print. */
static void put_value(const char *format, const char *expression, const char *indent)
{
	struct strbuf text = { 0 }, error = { 0 };
	const char *command = scope_printf("output%s %s", format, expression);
	bool worked = gdb_run(command, GDB_DWARF_IF_NEEDED, &text, &error);
	char *value = scope_strdup(strbuf_text(&text)), *why = scope_strdup(strbuf_text(&error));

	strbuf_free(&text);
	strbuf_free(&error);
	if (!worked)
		fail("%s", why);
	for (char *line = value, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		out("%s%s%s", line == value ? "" : indent, line, next ? "\n" : "");
	}
}

static bool is_last_member(struct type type, const struct member *member)
{
	size_t count = type_nr_members(type);
	struct member last;

	return count != 0 && type_member_at(type, count - 1, &last) && last.name && member->name &&
	       streq(last.name, member->name);
}

/* Is the member at the end of PATH the last of the structure that it is in? Its line has no comma then. */
static bool ends_structure(struct type type, const char *path)
{
	char *outer = scope_strdup(path), *dot = strrchr(outer, '.');
	struct member member;

	if (!type_member(type, path, &member))
		return false;
	if (!dot)
		return is_last_member(type, &member);
	*dot = '\0';
	return type_member(type, outer, &member) && type_member(member.type, dot + 1, &member) &&
	       is_last_member(member.type, &member);
}

static bool has_member(const char *structure, const char *path)
{
	if (types_available())
		return type_has_member(structure, path);
	return gdb_type_member(scope_printf("struct %s", structure), path, &(struct gdb_member){ 0 }, NULL);
}

static void show_member(const struct request *request, const char *path)
{
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(structures); i++) {
		struct type type;

		if (!has_member(structures[i], path))
			continue;
		found = true;
		out("  %s = ", path);
		put_value(request->format, scope_printf("((struct %s *)0x%llx)->%s", structures[i],
							(unsigned long long)request->task->address, path), "  ");
		out("%s\n", type_by_name(structures[i], &type) && ends_structure(type, path) ? "" : ",");
	}
	if (!found)
		out("task: %s: not a task_struct or thread_info member\n", path);
}

static void show(void *arg)
{
	const struct request *request = arg;
	struct strbuf header = { 0 };

	task_header(request->task, &header);
	out("%s\n", strbuf_text(&header));
	strbuf_free(&header);
	for (size_t i = 0; i < request->nr_members; i++)
		show_member(request, request->members[i]);
	for (size_t i = 0; request->nr_members == 0 && i < ARRAY_SIZE(structures); i++) {
		out("%sstruct %s ", i == 0 ? "" : "\n", structures[i]);
		put_value(request->format, scope_printf("*(struct %s *)0x%llx", structures[i],
							(unsigned long long)request->task->address), "");
		out("\n");
	}
	out("\n");
}

/* "pid,comm,se.on_rq" added to the members asked for. */
static void add_members(struct request *request, const char *list)
{
	char *rest, *names = scope_strdup(list);
	size_t space = request->nr_members + strlen(list) / 2 + 1;
	char **members = scope_array(space, sizeof(*members));

	for (size_t i = 0; i < request->nr_members; i++)
		members[i] = request->members[i];
	request->members = members;
	for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
		if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.[]")] != '\0')
			fail("not the name of a member: %s", name);
		members[request->nr_members++] = name;
	}
}

static bool names_members(const char *word)
{
	char *first = scope_strdup(word);

	first[strcspn(first, ",")] = '\0';
	return has_member("task_struct", first) || has_member("thread_info", first);
}

static void run(struct args *args)
{
	const struct task **tasks = scope_array(args->nr_words + 1, sizeof(*tasks));
	struct request request = { .format = "" };
	size_t nr_tasks = 0;

	if (option_given(args, "x") && option_given(args, "d"))
		fail("-x and -d exclude each other");
	if (option_given(args, "x") || option_given(args, "d"))
		request.format = option_given(args, "x") ? "/x" : "/d";
	for (size_t i = 0; i < args->nr_options; i++) {
		if (streq(args->options[i].option->name, "R"))
			add_members(&request, args->options[i].argument);
	}
	for (size_t i = 0; i < args->nr_words; i++) {
		const struct task *task = task_try_argument(args->words[i]);

		if (task)
			tasks[nr_tasks++] = task;
		else if (names_members(args->words[i]))
			add_members(&request, args->words[i]);
		else
			fail("invalid task or pid value: %s", args->words[i]);
	}
	if (nr_tasks == 0)
		tasks[nr_tasks++] = task_current();
	session_sync_gdb();
	for (size_t i = 0; i < nr_tasks; i++) {
		struct failure failure;

		interrupt_check();
		request.task = tasks[i];
		if (protect(show, &request, &failure))
			continue;
		if (failure.interrupted)
			fail_again(&failure);
		out("\ntask: %s\n", failure.text);
		session.some_command_failed = true;
	}
}

static const struct option options[] = {
	{ "R", "member[,member...]", "only these members of task_struct or thread_info; a.b and a[i] go deeper" },
	{ "x", NULL, "integers in hexadecimal" },
	{ "d", NULL, "integers in decimal" },
	{ NULL, NULL, NULL },
};

COMMAND(task) = {
	.name = "task",
	.summary = "task_struct and thread_info of a task",
	.synopsis = "[-x | -d] [-R member[,member...]] [pid | task] ...",
	.options = options,
	.description =
		"Without a pid or task_struct address, the current context's. A word that names a member\n"
		"(or several, with commas) counts as if -R stood before it. A member that both structures\n"
		"have is shown twice.",
	.example = "crash> task -R pid,comm 1\n"
		   "PID: 1        TASK: ffff888003258000  CPU: 0    COMMAND: \"init\"\n"
		   "  pid = 1,\n"
		   "  comm = \"init\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\",\n",
	.run = run,
};
