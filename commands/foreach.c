/* commands/foreach.c - the command foreach: other commands run for many tasks, one after the other. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/colour.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/table.h"
#include "kernel/taskcontext.h"
#include "kernel/taskinfo.h"
#include "shell/command.h"
#include "shell/nearest.h"
#include "shell/session.h"
#include "shell/taskwords.h"
#include "show/jsonshow.h"
#include "show/parts.h"
#include "show/taskrow.h"
#include "task.h"

#include <stdio.h>
#include <stdlib.h>

enum class { KERNEL, USER, GLEADER, ACTIVE, NR_CLASSES };

struct plan {
	bool *chosen; /* by index in the task table; while words are read, those named */
	bool *in_state; /* of one of the states */
	bool any_name, any_state, classes[NR_CLASSES];
	const char *const *runnable; /* names; NULL ends them */
	const char **commands;
	size_t nr_commands;
	struct strbuf arguments; /* for the commands: all that follows their names */
};

/* A command of crash 9 that is missing here is one as well: a message says so. */
static bool is_runnable(const struct plan *plan, const char *word)
{
	for (const char *const *name = plan->runnable; *name; name++) {
		if (streq(*name, word))
			return true;
	}
	return false;
}

static void plan_release(void *arg)
{
	struct plan *plan = arg;

	free(plan->chosen);
	free(plan->in_state);
	strbuf_free(&plan->arguments);
}

/* ---- choosing tasks ---- */

static bool is_user(const struct task *task)
{
	return !task_is_kthread(task);
}

static bool is_user_leader(const struct task *task)
{
	return is_user(task) && task_is_group_leader(task);
}

static const struct {
	const char *word;
	bool (*test)(const struct task *task);
} classes[NR_CLASSES] = {
	[KERNEL] = { "kernel", task_is_kthread },
	[USER] = { "user", is_user },
	[GLEADER] = { "gleader", is_user_leader },
	[ACTIVE] = { "active", task_is_active },
};

/* A command, a class of tasks, or a task's name. */
static const char *nearest_word(const char *word)
{
	const char *const *commands = command_each_task_names();
	const char **names, *asked;
	size_t count = 0;

	while (commands[count])
		count++;
	names = scope_array(count + ARRAY_SIZE(classes) + 1, sizeof(*names));
	memcpy(names, commands, count * sizeof(*names));
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		names[count++] = classes[i].word;
	asked = nearest_of(word, names);
	return *asked ? asked : nearest_task(word);
}

static bool choose_class(struct plan *plan, const char *word)
{
	for (size_t i = 0; i < NR_CLASSES; i++) {
		if (streq(word, classes[i].word))
			return plan->classes[i] = true;
	}
	return false;
}

static bool choose_state(struct plan *plan, const char *word)
{
	if (!task_is_state_name(word))
		return false;
	plan->any_state = true;
	for (size_t i = 0; i < task_count(); i++)
		plan->in_state[i] = plan->in_state[i] || task_has_state(task_at(i), word);
	return true;
}

static void choose_by_word(struct plan *plan, const char *word)
{
	const struct task **matches;
	size_t count;

	if (choose_class(plan, word) || choose_state(plan, word))
		return;
	count = tasks_matching(word, &matches);
	if (count == 0)
		fail("unknown argument: \"%s\"%s", word, nearest_word(word));
	plan->any_name = true;
	for (size_t i = 0; i < count; i++)
		plan->chosen[task_index(matches[i])] = true;
}

/* Names add up, and so do states; a task has to fit all three kinds of words that were given. */
static void intersect(struct plan *plan)
{
	for (size_t i = 0; i < task_count(); i++) {
		bool fits = (!plan->any_name || plan->chosen[i]) &&
			    (!plan->any_state || plan->in_state[i]);

		for (size_t n = 0; n < NR_CLASSES && fits; n++)
			fits = !plan->classes[n] || classes[n].test(task_at(i));
		plan->chosen[i] = fits;
	}
}

/*
 * Is the word behind the option WORDS[0] its argument, for the command that follows? Not where that
 * is the command.
 */
static bool next_is_argument(const struct plan *plan, char *const *words)
{
	size_t i = 1;

	while (words[i] && !is_runnable(plan, words[i]))
		i++;
	return i > 1 && words[i] && command_find(words[i]) &&
	       option_takes_next(command_find(words[i]), words[0] + 1);
}

/* Each once, by rising name. */
static void add_command(struct plan *plan, const char *name)
{
	size_t at = 0;

	while (at < plan->nr_commands && strcmp(plan->commands[at], name) < 0)
		at++;
	if (at < plan->nr_commands && streq(plan->commands[at], name))
		return;
	memmove(plan->commands + at + 1, plan->commands + at,
		(plan->nr_commands - at) * sizeof(*plan->commands));
	plan->commands[at] = name;
	plan->nr_commands++;
}

/*
 * Words up to the first command's name choose tasks; the names that follow one another are the
 * commands; all the rest is theirs, and so are options before. The rest is taken as typed: a word
 * with blanks keeps its quotes.
 */
static void make_plan(struct plan *plan, const char *line)
{
	size_t nr_words, i = 0;
	char **words = words_split(line, &nr_words);

	plan->chosen = xcalloc(task_count() + 1, sizeof(*plan->chosen));
	plan->in_state = xcalloc(task_count() + 1, sizeof(*plan->in_state));
	plan->runnable = command_each_task_names();
	plan->commands = scope_array(nr_words + 1, sizeof(*plan->commands));
	for (; i < nr_words && !is_runnable(plan, words[i]); i++) {
		if (streq(words[i], "--json"))
			json_set(true);
		/*
		 * "foreach -x task", "foreach -R prio task": options before the command are the
		 * command's all the same.
		 */
		else if (words[i][0] == '-') {
			strbuf_printf(&plan->arguments, " %s", words[i]);
			if (next_is_argument(plan, words + i))
				strbuf_printf(&plan->arguments, " %s", words[++i]);
		} else
			choose_by_word(plan, words[i]);
	}
	for (; i < nr_words && is_runnable(plan, words[i]); i++)
		add_command(plan, words[i]);
	for (; i < nr_words; i++) {
		bool blank = strpbrk(words[i], " \t") != NULL && words[i][0] != '\'' &&
			     words[i][0] != '(';

		if (streq(words[i], "--json")) {
			json_set(true);
			continue;
		}
		strbuf_printf(&plan->arguments, blank ? " \"%s\"" : " %s", words[i]);
	}
	intersect(plan);
}

static size_t count_chosen(const struct plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < task_count(); i++)
		count += plan->chosen[i];
	return count;
}

/* ---- running ---- */

struct step {
	const struct command *command;
	const char *arguments;
	const struct task *task;
	bool header;
};

static void run_command(void *arg)
{
	const struct step *step = arg;

	if (step->header)
		jsonshow_set_subject(step->task);
	command_run(step->command, step->arguments);
}

/* Fails only for an interrupt: what is wrong with one task is said, and the next one follows. */
static void run_protected(const struct step *step)
{
	struct failure failure;

	if (!protect_row(run_command, (void *)step, &failure))
		command_problem(step->command->name, failure.text);
}

static void run_step(void *arg)
{
	const struct step *step = arg;

	task_set_current(step->task);
	if (step->header) {
		struct strbuf *header = scope_strbuf();

		taskrow_header(step->task, header);
		table_remark("%s\n", strbuf_text(header));
	}
	run_protected(step);
}

static void run_in_contexts(const struct plan *plan, const struct command *command,
			    struct parts *parts)
{
	size_t done = 0, all = count_chosen(plan);

	colour_catch();
	progress_scope(scope_printf("foreach %s", command->name), "tasks");
	for (size_t i = 0; i < task_count(); i++) {
		struct step step = { command, strbuf_text(&plan->arguments), task_at(i),
				     command->each_task == EACH_TASK_HEADER };

		if (!plan->chosen[i])
			continue;
		interrupt_check();
		progress_at(done++, all);
		parts_put(parts, run_step, &step);
	}
}

static void run_all_at_once(const struct plan *plan, const struct command *command)
{
	struct strbuf line = { 0 };
	struct step step = { .command = command };

	strbuf_puts(&line, strbuf_text(&plan->arguments));
	for (size_t i = 0; i < task_count(); i++) {
		if (plan->chosen[i])
			strbuf_printf(&line, " %016llx", task_at(i)->address);
	}
	step.arguments = scope_strdup(strbuf_text(&line));
	strbuf_free(&line);
	run_protected(&step);
}

static void parse_arguments(void *arg)
{
	const struct step *step = arg;

	args_parse(step->command, step->arguments);
}

/* What COMMAND does not take is wrong for every task: said once. */
static bool takes_arguments(const struct plan *plan, const struct command *command)
{
	struct step step = { .command = command, .arguments = strbuf_text(&plan->arguments) };
	struct failure failure;

	if (protect_row(parse_arguments, &step, &failure))
		return true;
	command_problem(command->name, failure.text);
	return false;
}

/* bt's options that make one answer of all tasks. */
static bool merges(const struct plan *plan)
{
	const char *arguments = strbuf_text(&plan->arguments);

	return strstr(arguments, "--merge") || strstr(arguments, "--folded");
}

/* The context that was current comes back, however this ends. */
static void restore_context(void *arg)
{
	task_set_current(arg);
}

/* "bt, ps or vtop": the commands that there are. */
static noreturn void nothing_to_run(void)
{
	struct strbuf *names = scope_strbuf();
	const char *last = NULL;

	for (const struct command *const *entry = command_table; *entry; entry++) {
		if (!(*entry)->each_task)
			continue;
		if (last)
			strbuf_printf(names, "%s%s", *strbuf_text(names) ? ", " : "", last);
		last = (*entry)->name;
	}
	fail("no command to run: %s or %s", strbuf_text(names), last);
}

static void run_foreach(struct args *args)
{
	struct plan *plan = scope_alloc(sizeof(*plan));
	struct parts parts = { 0 };

	if (*args->line == '\0')
		usage_fail(args);
	scope_cleanup(plan_release, plan);
	make_plan(plan, args->line);
	if (plan->nr_commands == 0)
		nothing_to_run();
	scope_cleanup(restore_context, (void *)task_current());
	if (!count_chosen(plan))
		return;
	for (size_t i = 0; i < plan->nr_commands; i++) {
		const struct command *command = command_find(plan->commands[i]);

		if (!command)
			fail("%s: crash 9 has this command, this program does not yet",
			     plan->commands[i]);
		if (!takes_arguments(plan, command))
			continue;
		if (command->each_task == EACH_TASK_WORDS || merges(plan))
			run_all_at_once(plan, command);
		else
			run_in_contexts(plan, command, &parts);
	}
	parts_end(&parts);
}

COMMAND(foreach) = {
	.name = "foreach",
	.summary = "run a command for many tasks",
	.synopsis = "[pid | task | name | 'regex' | \\name | state |\n"
		    "kernel | user | gleader | active] ... command [option | argument] ...",
	.description =
		"Runs bt, ps, set, sig, task, vm or vtop for each task that the words choose, or "
		"for every task without such words. What follows the command's name goes to the "
		"command. When it fails for one task, the rest still run. The current context "
		"does not change.\n"
		"\n"
		"A state is RU, IN, UN, ST, ZO, TR, SW, DE, WA, PA, ID or NE, as ps shows it. "
		"kernel means kernel threads, user all others, gleader the leaders of user thread "
		"groups, active the tasks that are on a CPU. A \\ before a name says that it is "
		"neither a command nor one of these words.\n"
		"\n"
		"Several pids and names add up, and so do several states. Words of different "
		"kinds must all hold: \"foreach user UN ps\" shows the user tasks in UN, "
		"\"foreach active kernel bt\" the kernel threads on a CPU.",
	.example =
		"crash> foreach ZO ps\n"
		"      PID    PPID  CPU       TASK        ST  %MEM      VSZ      RSS  COMM\n"
		"      221     220   1  ffff8ae4cfab8000  ZO   0.0        0        0  w-undead\n"
		"      222       1   0  ffff8ae4c1da2100  ZO   0.0        0        0  w-deadlead\n"
		"crash> foreach UN bt\n"
		"PID: 228      TASK: ffff8ae4cfa7c200  CPU: 1    COMMAND: \"w-vfork\"\n"
		" #0 [ffffd2a6c051b930] __schedule at ffffffff992c2dfa\n"
		" #1 [ffffd2a6c051b9a8] schedule at ffffffff992c3527\n"
		"...\n"
		"crash> foreach kthreadd init task -R pid,prio\n"
		"PID: 1        TASK: ffff8ae4c1250000  CPU: 0    COMMAND: \"init\"\n"
		"  pid = 1,\n"
		"  prio = 120,\n"
		"\n"
		"PID: 2        TASK: ffff8ae4c1252100  CPU: 1    COMMAND: \"kthreadd\"\n"
		"  pid = 2,\n"
		"  prio = 120,\n"
		"\n"
		"crash> foreach '^kthread' set\n"
		"PID: 2        TASK: ffff8ae4c1252100  CPU: 1    COMMAND: \"kthreadd\"\n"
		"    PID: 2\n"
		"COMMAND: \"kthreadd\"\n"
		"   TASK: ffff8ae4c1252100  [THREAD_INFO: ffff8ae4c1252100]\n"
		"    CPU: 1\n"
		"  STATE: TASK_INTERRUPTIBLE \n",
	.arguments = "pid|task|name|=RU|=IN|=UN|=ST|=ZO|=TR|=SW|=DE|=WA|=PA|=ID|=NE|=kernel|"
		     "=user|=gleader|=active|@each_task ...",
	.run = run_foreach,
	.flags = COMMAND_RAW_LINE,
};
