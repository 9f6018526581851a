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
};

/*
 * EXPRESSION as gdb writes it, without the "$1 = " of print. A pointer comes as it does inside a structure:
 * without its type in front.
 */
static void put_value(const char *expression, bool is_pointer, const char *indent)
{
	struct strbuf text = { 0 }, error = { 0 };
	const char *command = scope_printf("output %s", expression);
	bool worked = gdb_run(command, GDB_DWARF_IF_NEEDED, &text, &error);
	char *value = scope_strdup(strbuf_text(&text)), *why = scope_strdup(strbuf_text(&error)),
	     *type_end;

	strbuf_free(&text);
	strbuf_free(&error);
	if (!worked)
		fail("%s", why);
	type_end = is_pointer && value[0] == '(' ? strstr(value, ") 0x") : NULL;
	if (type_end)
		value = type_end + 2;
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
	struct member member, structure;

	if (!type_member(type, path, &member))
		return false;
	if (!dot)
		return is_last_member(type, &member);
	*dot = '\0';
	return type_member(type, outer, &structure) && is_last_member(structure.type, &member);
}

static bool has_member(const char *structure, const char *path)
{
	if (types_available())
		return type_has_member(structure, path);
	return gdb_type_member(scope_printf("struct %s", structure), path,
			       &(struct gdb_member){ 0 }, NULL);
}

static void show_member(const struct request *request, const char *path)
{
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(structures); i++) {
		struct type type = { 0 };
		struct member member;
		bool known, is_pointer;

		if (!has_member(structures[i], path))
			continue;
		found = true;
		known = type_by_name(structures[i], &type);
		is_pointer = known && type_member(type, path, &member) &&
			     type_kind(member.type) == TYPE_POINTER;
		out("  %s = ", path);
		put_value(scope_printf("((struct %s *)0x%llx)->%s", structures[i],
				       (unsigned long long)request->task->address, path),
			  is_pointer, "  ");
		out("%s\n", known && ends_structure(type, path) ? "" : ",");
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
		put_value(scope_printf("*(struct %s *)0x%llx", structures[i],
				       (unsigned long long)request->task->address),
			  false, "");
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
		if (name[strspn(
			    name,
			    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.[]")] !=
		    '\0')
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

static void restore_radix(void *arg)
{
	session.radix = *(unsigned *)arg;
	session_sync_gdb();
}

static void use_radix(unsigned radix)
{
	unsigned *before = scope_alloc(sizeof(*before));

	*before = session.radix;
	scope_cleanup(restore_radix, before);
	session.radix = radix;
}

static void run(struct args *args)
{
	const struct task **tasks = scope_array(args->nr_words + 1, sizeof(*tasks));
	struct request request = { 0 };
	size_t nr_tasks = 0;

	if (option_given(args, "x") && option_given(args, "d"))
		fail("-x and -d exclude each other");
	if (option_given(args, "x") || option_given(args, "d"))
		use_radix(option_given(args, "x") ? 16 : 10);
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
	{ "R", "member[,member...]",
	  "only these members of task_struct or thread_info; a.b and a[i] go deeper" },
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
