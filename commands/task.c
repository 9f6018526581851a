/* commands/task.c - the command task: a task_struct and its thread_info, whole or by member. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "kernel/taskcontext.h"
#include "shell/command.h"
#include "shell/gdb_settings.h"
#include "shell/nearest.h"
#include "shell/taskwords.h"
#include "show/datashow.h"
#include "show/taskshow.h"
#include "task.h"

struct request {
	const struct task *task;
	char **members;
	size_t nr_members;
};

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
		if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.[]")] != '\0')
			fail("not the name of a member: %s", name);
		members[request->nr_members++] = name;
	}
}

static bool names_members(const char *word)
{
	char *first = scope_strdup(word);

	first[strcspn(first, ",")] = '\0';
	return taskshow_has_member(first);
}

static void restore_radix(void *arg)
{
	gdb_settings.radix = *(unsigned *)arg;
}

static void use_radix(unsigned radix)
{
	unsigned *before = scope_alloc(sizeof(*before));

	*before = gdb_settings.radix;
	scope_cleanup(restore_radix, before);
	gdb_settings.radix = radix;
}

static void show(void *arg)
{
	const struct request *request = arg;

	taskshow(request->task, request->members, request->nr_members);
}

static void show_protected(struct request *request, const struct task *task)
{
	struct failure failure;

	interrupt_check();
	request->task = task;
	if (protect_row(show, request, &failure))
		return;
	table_remark("\n");
	command_problem("task", failure.text);
}

static void run_task(struct args *args)
{
	struct request request = { 0 };
	const struct task **tasks;
	bool any = false;
	size_t count;

	use_radix(datashow_radix(args));
	for (size_t i = 0; i < args->nr_options; i++) {
		if (streq(args->options[i].option->name, "R"))
			add_members(&request, args->options[i].argument);
	}
	/* Members may stand behind the tasks that they are wanted of. */
	for (size_t i = 0; i < args->nr_words; i++) {
		if (tasks_numbered(args->words[i], &tasks))
			any = true;
		else if (names_members(args->words[i]))
			add_members(&request, args->words[i]);
		else
			fail("invalid task or pid value: %s%s", args->words[i],
			     nearest_path("task_struct", args->words[i]));
	}
	if (!any)
		show_protected(&request, task_current());
	for (size_t i = 0; i < args->nr_words; i++) {
		count = tasks_numbered(args->words[i], &tasks);
		for (size_t n = 0; n < count; n++)
			show_protected(&request, tasks[n]);
	}
}

static const struct option options[] = {
	{ "R", "member[,member...]",
	  "only these members of task_struct or thread_info; a.b and a[i] go deeper" },
	{ "x", NULL, "integers in hexadecimal" },
	{ "d", NULL, "integers in decimal" },
	{ "h", NULL, NULL },
	{ NULL, NULL, NULL },
};

COMMAND(task) = {
	.name = "task",
	.summary = "task_struct and thread_info of a task",
	.synopsis = "[-x | -d] [-R member[,member...]] [pid | task] ...",
	.options = options,
	.description =
		"Without a pid or a task_struct address, shows those of the current context. A "
		"word that names a member (or several, with commas) counts as if -R came before "
		"it. A member that both structures have appears twice.",
	.example = "crash> task -R pid,comm 2\n"
		   "PID: 2        TASK: ffff8ae4c1252100  CPU: 1    COMMAND: \"kthreadd\"\n"
		   "  pid = 2,\n"
		   "  comm = \"kthreadd\\000\\000\\000\\000\\000\\000\\000\",\n"
		   "\n"
		   "crash> task -x -R thread_info.flags,prio 2\n"
		   "PID: 2        TASK: ffff8ae4c1252100  CPU: 1    COMMAND: \"kthreadd\"\n"
		   "  thread_info.flags = 0x4000,\n"
		   "  prio = 0x78,\n"
		   "\n",
	.arguments = "pid|task ... -R member:task_struct",
	.run = run_task,
	.each_task = EACH_TASK_OWN_HEADER,
};
