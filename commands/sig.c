/* commands/sig.c - the command sig: how tasks handle signals, and which wait for them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "base/table.h"
#include "kernel/tasksig.h"
#include "shell/command.h"
#include "show/jsonshow.h"
#include "task.h"

static void put_task(const struct task *task, const char *indent)
{
	struct strbuf *header = scope_strbuf();

	task_header(task, header);
	out("%s%s\n", indent, strbuf_text(header));
}

static void put_action(unsigned number, const struct signal_action *action)
{
	struct strbuf *flags = scope_strbuf();
	const char *handler = action->handler == 0   ? "SIG_DFL"
			      : action->handler == 1 ? "SIG_IGN"
						     : scope_printf("%llx", action->handler);

	tasksig_flag_names(action->flags, flags);
	out("%4s %016llx %10s %016llx %llx ", scope_printf("[%u]", number), action->address,
	    handler, action->mask, action->flags);
	if (flags->length != 0)
		out("(%s)", strbuf_text(flags));
	out("\n");
}

static void put_actions(const struct task *task)
{
	struct signal_action action;
	struct strbuf *why = scope_strbuf();

	out("SIGNAL_STRUCT: %llx  NR_THREADS: %llu\n", task->signal, tasksig_nr_threads(task));
	out(" SIG    SIGACTION        HANDLER       MASK       FLAGS           \n");
	for (unsigned number = 1; number <= SIGNALS; number++) {
		if (!tasksig_action(task, number, &action, why)) {
			out("%4s (not readable: %s)\n", scope_printf("[%u]", number),
			    strbuf_text(why));
			break;
		}
		put_action(number, &action);
	}
}

/* One pending set and the signals queued with it. */
static void put_pending(const struct task *task, bool shared, const char *indent)
{
	u64 set = shared ? tasksig_shared(task) : tasksig_private(task);
	struct klist_iter it;
	bool any = false;
	s32 number;
	u64 info;

	out("%s%s_PENDING\n%s    SIGNAL: %016llx\n%s  SIGQUEUE: ", indent,
	    shared ? "SHARED" : "PRIVATE", indent, set, indent);
	if (shared && task->signal == 0) {
		out("(empty)\n");
		return;
	}
	tasksig_queue_begin(&it, task, shared);
	while (tasksig_queue_next(&it, &number, &info)) {
		if (!any)
			out(" SIG      SIGINFO     \n");
		any = true;
		out("             %3d  %llx\n", number, info);
	}
	if (!any && !it.stopped)
		out("(empty)\n");
	if (it.stopped)
		out("%s             (%s)\n", indent, klist_why(&it));
}

/* Pending and not blocked: what the task acts on when it next returns to user space. */
static void put_sets(const struct task *task, const char *indent)
{
	u64 blocked = tasksig_blocked(task);
	bool deliverable = ((tasksig_private(task) | tasksig_shared(task)) & ~blocked) != 0;

	out("%sSIGPENDING: %s\n%s   BLOCKED: %016llx\n", indent, deliverable ? "yes" : "no", indent,
	    blocked);
}

static void put_json_actions(const struct task *task)
{
	struct signal_action action;
	struct strbuf *why = scope_strbuf();

	json_address("signal_struct", task->signal);
	json_number("nr_threads", tasksig_nr_threads(task));
	json_list("actions");
	for (unsigned number = 1; number <= SIGNALS && tasksig_action(task, number, &action, why);
	     number++) {
		struct strbuf *flags = scope_strbuf();

		tasksig_flag_names(action.flags, flags);
		json_object(NULL);
		json_number("signal", number);
		json_text("name", tasksig_name(number));
		json_address("sigaction", action.address);
		json_address("handler", action.handler); /* 0x0: SIG_DFL, 0x1: SIG_IGN */
		json_address("mask", action.mask);
		json_address("flags", action.flags);
		json_text("flag_names", strbuf_text(flags));
		json_end();
	}
	json_end();
	if (why->length)
		json_text("actions_error", strbuf_text(why));
}

static void put_json_queue(const struct task *task, bool shared)
{
	struct klist_iter it;
	s32 number;
	u64 info;

	json_object(shared ? "shared_pending" : "private_pending");
	json_address("set", shared ? tasksig_shared(task) : tasksig_private(task));
	json_list("queue");
	if (!shared || task->signal != 0) {
		tasksig_queue_begin(&it, task, shared);
		while (tasksig_queue_next(&it, &number, &info)) {
			json_object(NULL);
			json_signed("signal", number);
			json_address("siginfo", info);
			json_end();
		}
		if (it.stopped) {
			json_object(NULL);
			json_text("error", klist_why(&it));
			json_end();
		}
	}
	json_end();
	json_end();
}

static void put_json_sets(const struct task *task)
{
	u64 blocked = tasksig_blocked(task);

	json_bool("pending", ((tasksig_private(task) | tasksig_shared(task)) & ~blocked) != 0);
	json_address("blocked", blocked);
	put_json_queue(task, false);
}

static void show_task_json(const struct task *task)
{
	json_object(NULL);
	jsonshow_task(task);
	put_json_actions(task);
	put_json_sets(task);
	put_json_queue(task, true);
	json_end();
}

static bool in_group(const struct task *thread, const struct task *leader)
{
	return thread == leader ||
	       (thread->tgid == leader->tgid && !thread->is_idle && !leader->is_idle);
}

static void show_group_json(const struct task *leader)
{
	json_object(NULL);
	jsonshow_task(leader);
	put_json_actions(leader);
	put_json_queue(leader, true);
	json_list("threads");
	for (size_t i = 0; i < task_count(); i++) {
		if (!in_group(task_at(i), leader))
			continue;
		json_object(NULL);
		jsonshow_task(task_at(i));
		put_json_sets(task_at(i));
		json_end();
	}
	json_end();
	json_end();
}

static void show_task(void *arg)
{
	const struct task *task = arg;

	if (json_on()) {
		show_task_json(task);
		return;
	}
	put_task(task, "");
	put_actions(task);
	put_sets(task, "");
	put_pending(task, false, "");
	put_pending(task, true, "");
	out("\n");
}

static void show_group(void *arg)
{
	const struct task *task = arg, *leader = task_by_address(task->group_leader);

	if (!leader)
		leader = task;
	if (json_on()) {
		show_group_json(leader);
		return;
	}
	put_task(leader, "");
	put_actions(leader);
	put_pending(leader, true, "");
	out("\n");
	for (size_t i = 0; i < task_count(); i++) {
		const struct task *thread = task_at(i);

		if (!in_group(thread, leader))
			continue;
		put_task(thread, "  ");
		put_sets(thread, "  ");
		put_pending(thread, false, "  ");
		out("\n");
	}
}

static const struct column signal_columns[] = {
	{ "signal", "", CELL_NUMBER, .width = 4 },
	{ "name", "", CELL_TEXT, .before = " " },
	{ 0 },
};

/* Readers of a set see only names, in lines of a terminal's width. */
static const struct column set_columns[] = {
	{ "signal", NULL, .kind = CELL_NUMBER },
	{ "name", NULL, .kind = CELL_TEXT },
	{ 0 },
};

static void put_signal(struct row *row, size_t index, void *arg)
{
	const u64 *set = arg;
	unsigned number = index + 1;

	if ((*set >> index & 1) == 0)
		row_skip(row);
	row_number(row, number);
	row_shown(row, scope_printf("[%u]", number));
	row_text(row, tasksig_name(number));
}

static void list_signals(const struct column *columns, u64 set)
{
	table_show(&(struct table){ .name = "sig",
				    .columns = columns,
				    .count = SIGNALS,
				    .put = put_signal,
				    .arg = &set,
				    .headings = HEADINGS_NEVER });
}

/* A signal that has two names by its first, in lines of a terminal's width. */
static const char *names(u64 set)
{
	struct strbuf *text = scope_strbuf();
	size_t column = 0;

	for (unsigned number = 1; number <= SIGNALS; number++) {
		const char *name = tasksig_name(number);
		size_t length = strcspn(name, "/");

		if ((set >> (number - 1) & 1) == 0)
			continue;
		if (column)
			strbuf_putc(text, column + 1 + length > 80 ? '\n' : ' ');
		column = column && column + 1 + length <= 80 ? column + 1 + length : length;
		strbuf_add(text, name, length);
	}
	return set ? strbuf_text(text) : "(none)";
}

static void show_set(const char *word)
{
	u64 set;

	if (!parse_u64(word, 16, &set))
		fail("not a set of signals in hexadecimal: %s", word);
	list_signals(set_columns, set);
	table_remark("%s\n", names(set));
}

static void show_protected(const struct args *args, const struct task *task)
{
	struct failure failure;

	if (!protect_row(option_given(args, "g") ? show_group : show_task, (void *)task, &failure))
		command_problem("sig", failure.text);
}

static void run_sig(struct args *args)
{
	if (option_given(args, "l")) {
		list_signals(signal_columns, ~0ULL);
		return;
	}
	if (option_given(args, "s")) {
		show_set(option_argument(args, "s"));
		return;
	}
	if (args->nr_words == 0)
		show_protected(args, task_current());
	for (size_t i = 0; i < args->nr_words; i++) {
		const struct task **tasks;
		size_t count = tasks_numbered(args->words[i], &tasks);

		if (count == 0)
			fail("invalid task or pid value: %s", args->words[i]);
		for (size_t n = 0; n < count; n++)
			show_protected(args, tasks[n]);
	}
}

static const struct option options[] = {
	{ "g", NULL, "every thread of the task's thread group" },
	{ "l", NULL, "list the signals' numbers and names" },
	{ "s", "sigset", "the names of the signals in this set, a number in hexadecimal" },
	{ NULL, NULL, NULL },
};

COMMAND(sig) = {
	.name = "sig",
	.summary = "signal handlers, blocked and pending signals",
	.synopsis = "[-l | -s sigset | [-g] [pid | task] ...]",
	.options = options,
	.description =
		"Shows for each task (without an argument, the current one) the action of each "
		"signal, whether a signal that is not blocked is pending, the blocked set, and "
		"the sets and queues of pending signals: the task's own (PRIVATE) and those of "
		"its thread group (SHARED). Bit n - 1 of a set stands for signal n.",
	.example = "crash> sig -s 800A000000000201\n"
		   "SIGHUP SIGUSR1 SIGRTMAX-14 SIGRTMAX-12 SIGRTMAX\n"
		   "crash> sig -l\n"
		   " [1] SIGHUP\n"
		   " [2] SIGINT\n"
		   " [3] SIGQUIT\n"
		   "...\n"
		   "crash> sig 2\n"
		   "PID: 2        TASK: ffff8ae4c1252100  CPU: 1    COMMAND: \"kthreadd\"\n"
		   "SIGNAL_STRUCT: ffff8ae4c1265f80  NR_THREADS: 1\n"
		   " SIG    SIGACTION        HANDLER       MASK       FLAGS           \n"
		   " [1] ffff8ae4c125ca60    SIG_IGN 0000000000000000 0 \n"
		   "...\n"
		   "[64] ffff8ae4c125d240    SIG_IGN 0000000000000000 0 \n"
		   "SIGPENDING: no\n"
		   "   BLOCKED: 0000000000000000\n"
		   "PRIVATE_PENDING\n"
		   "    SIGNAL: 0000000000000000\n"
		   "  SIGQUEUE: (empty)\n"
		   "SHARED_PENDING\n"
		   "    SIGNAL: 0000000000000000\n"
		   "  SIGQUEUE: (empty)\n"
		   "\n",
	.arguments = "pid|task ...",
	.run = run_sig,
	.each_task = EACH_TASK_OWN_HEADER,
};
