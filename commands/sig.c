/* commands/sig.c - the command sig: how tasks handle signals, and which wait for them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "kernel/taskcontext.h"
#include "kernel/tasksig.h"
#include "shell/command.h"
#include "shell/taskwords.h"
#include "show/taskrow.h"

/* A task's part of the answer, indented below its group's. */
struct subject {
	const struct task *task;
	const char *indent;
	bool shared; /* of the signals that wait: those of the group */
};

/* ---- how each signal is handled ---- */

struct actions {
	struct signal_action items[SIGNALS];
	size_t count; /* those that could be read */
	struct strbuf *why;
};

static const struct column group_columns[] = {
	{ "signal_struct", "", CELL_ADDRESS, .before = "SIGNAL_STRUCT: " },
	{ "nr_threads", "", CELL_NUMBER, .before = "  NR_THREADS: " },
	{ 0 },
};

static void put_group(struct row *row, UNUSED size_t index, void *arg)
{
	const struct task *task = arg;

	row_address(row, task->signal);
	row_number(row, tasksig_nr_threads(task));
}

static const struct column action_columns[] = {
	{ "signal", "", CELL_NUMBER, .width = 4 },
	{ "name", NULL, .kind = CELL_TEXT },
	{ "sigaction", "", CELL_ADDRESS, .before = " ", .width = 16, .zeros = true },
	{ "handler", "", CELL_ADDRESS, .before = " ",
	  .width = 10 }, /* 0x0: SIG_DFL, 0x1: SIG_IGN */
	{ "mask", "", CELL_ADDRESS, .before = " ", .width = 16, .zeros = true },
	{ "flags", "", CELL_ADDRESS, .before = " ", .after = " " },
	{ "flag_names", "", CELL_TEXT, .before = "" },
	{ 0 },
};

static void put_action(struct row *row, size_t index, void *arg)
{
	const struct signal_action *action = &((const struct actions *)arg)->items[index];
	struct strbuf *flags = scope_strbuf();

	tasksig_flag_names(action->flags, flags);
	row_number(row, index + 1);
	row_shown(row, scope_printf("[%zu]", index + 1));
	row_text(row, tasksig_name(index + 1));
	row_address(row, action->address);
	row_address(row, action->handler);
	if (action->handler < 2)
		row_shown(row, action->handler ? "SIG_IGN" : "SIG_DFL");
	row_address(row, action->mask);
	row_address(row, action->flags);
	row_text(row, strbuf_text(flags));
	row_shown(row, flags->length ? scope_printf("(%s)", strbuf_text(flags)) : "");
}

static const struct column broken_columns[] = {
	{ "actions_error", "", .kind = CELL_TEXT },
	{ 0 },
};

static void put_broken(struct row *row, UNUSED size_t index, void *arg)
{
	const struct actions *actions = arg;
	const char *number = scope_printf("[%zu]", actions->count + 1);

	row_text(row, strbuf_text(actions->why));
	row_shown(row, scope_printf("%4s (not readable: %s)", number, strbuf_text(actions->why)));
}

static void tell_actions(struct row *row, const struct task *task)
{
	struct actions *actions = scope_alloc(sizeof(*actions));

	actions->why = scope_strbuf();
	actions->count = 0;
	while (actions->count < SIGNALS &&
	       tasksig_action(task, actions->count + 1, &actions->items[actions->count],
			      actions->why))
		actions->count++;
	row_children(row, &ONE_ROW("sig", group_columns, put_group, (void *)task, .part = true));
	row_children(row,
		     &(struct table){
			     .name = "sig",
			     .columns = action_columns,
			     .count = actions->count,
			     .put = put_action,
			     .arg = actions,
			     .heading_line = " SIG    SIGACTION        HANDLER       MASK       "
					     "FLAGS           ",
			     .key = "actions" });
	row_children(row, &(struct table){ .name = "sig",
					   .columns = broken_columns,
					   .count = actions->count < SIGNALS,
					   .put = put_broken,
					   .arg = actions,
					   .headings = HEADINGS_NEVER,
					   .part = true });
}

/* ---- which signals wait ---- */

struct queued {
	s32 number;
	u64 info;
	const char *why; /* of the last: the queue breaks here */
};

/* Scope memory. */
static size_t queue_of(const struct subject *subject, struct queued **queue)
{
	size_t count = 0, space = 0;
	struct queued one = { 0 };
	struct klist_iter it;

	*queue = NULL;
	if (subject->shared && subject->task->signal == 0)
		return 0;
	tasksig_queue_begin(&it, subject->task, subject->shared);
	for (;;) {
		if (!tasksig_queue_next(&it, &one.number, &one.info)) {
			if (!it.stopped)
				return count;
			one.why = scope_strdup(klist_why(&it));
		}
		if (count == space)
			*queue = scope_grow(*queue, &space, sizeof(**queue));
		(*queue)[count++] = one;
		if (one.why)
			return count;
	}
}

static const struct column queue_columns[] = {
	{ "signal", "", CELL_SIGNED, .before = "             " },
	{ "siginfo", "", .kind = CELL_ADDRESS },
	{ "error", "", CELL_TEXT, .before = "             (", .after = ")" },
	{ 0 },
};

static void put_queued(struct row *row, size_t index, void *arg)
{
	const struct queued *queued = &((const struct queued *)arg)[index];

	if (queued->why) {
		row_none(row);
		row_none(row);
		row_text(row, queued->why);
		return;
	}
	row_signed(row, queued->number);
	row_shown(row, scope_printf("%3d", queued->number));
	row_address(row, queued->info);
	row_none(row);
}

static const struct column pending_columns[] = {
	{ "set", "SIGNAL", CELL_ADDRESS, .width = 16, .zeros = true },
	{ 0 },
};

static void put_pending(struct row *row, UNUSED size_t index, void *arg)
{
	const struct subject *subject = arg;
	const char *label = scope_printf("%s  SIGQUEUE: ", subject->indent);
	struct queued *queue;
	size_t count = queue_of(subject, &queue);

	row_address(row, subject->shared ? tasksig_shared(subject->task)
					 : tasksig_private(subject->task));
	row_children(row, &(struct table){
				  .name = "sig",
				  .columns = queue_columns,
				  .count = count,
				  .put = put_queued,
				  .arg = queue,
				  .headings = HEADINGS_WITH_ROWS,
				  .heading_line = scope_printf("%s SIG      SIGINFO     ", label),
				  .none = scope_printf("%s(empty)", label),
				  .key = "queue" });
}

/* One pending set and the signals queued with it. */
static void tell_pending(struct row *row, const struct subject *subject)
{
	const char *name = subject->shared ? "SHARED_PENDING" : "PRIVATE_PENDING";
	struct table table = ONE_ROW("sig", pending_columns, put_pending, (void *)subject,
				     .labels = strlen(subject->indent) + 10,
				     .key = subject->shared ? "shared_pending" : "private_pending",
				     .part = true);

	table.headings = HEADINGS_FIRST;
	table.heading_line = scope_printf("%s%s", subject->indent, name);
	row_children(row, &table);
}

static const struct column handling_columns[] = {
	{ "pending", "SIGPENDING", .kind = CELL_FLAG },
	{ "blocked", "BLOCKED", CELL_ADDRESS, .width = 16, .zeros = true },
	{ 0 },
};

/* Pending and not blocked: what the task acts on when it next returns to user space. */
static void put_sets(struct row *row, UNUSED size_t index, void *arg)
{
	const struct task *task = ((const struct subject *)arg)->task;
	u64 blocked = tasksig_blocked(task);

	row_flag(row, ((tasksig_private(task) | tasksig_shared(task)) & ~blocked) != 0);
	row_address(row, blocked);
}

static void tell_sets(struct row *row, const struct subject *subject)
{
	row_children(row, &ONE_ROW("sig", handling_columns, put_sets, (void *)subject,
				   .labels = strlen(subject->indent) + 10, .part = true));
	tell_pending(row, subject);
}

/* ---- tasks and their groups ---- */

static const struct column task_columns[] = { TASKROW_COLUMNS(""), { 0 } };

static void put_task(struct row *row, UNUSED size_t index, void *arg)
{
	const struct task *task = arg;

	row_stands_for(row, task->address);
	taskrow_put(row, task);
	tell_actions(row, task);
	tell_sets(row, &(struct subject){ task, "", false });
	tell_pending(row, &(struct subject){ task, "", true });
}

static void put_thread(struct row *row, size_t index, void *arg)
{
	const struct task *task = ((const struct task *const *)arg)[index];

	row_stands_for(row, task->address);
	taskrow_put(row, task);
	tell_sets(row, &(struct subject){ task, "  ", false });
}

static bool in_group(const struct task *thread, const struct task *leader)
{
	return thread == leader ||
	       (thread->tgid == leader->tgid && !thread->is_idle && !leader->is_idle);
}

static void put_leader(struct row *row, UNUSED size_t index, void *arg)
{
	const struct task *task = arg, *leader = task_by_address(task->group_leader);
	const struct task **threads = scope_array(task_count() + 1, sizeof(*threads));
	size_t count = 0;

	if (!leader)
		leader = task;
	for (size_t i = 0; i < task_count(); i++) {
		if (in_group(task_at(i), leader))
			threads[count++] = task_at(i);
	}
	row_stands_for(row, leader->address);
	taskrow_put(row, leader);
	tell_actions(row, leader);
	tell_pending(row, &(struct subject){ leader, "", true });
	row_remark(row, "\n");
	row_children(row, &(struct table){ .name = "sig",
					   .columns = taskrow_relative,
					   .count = count,
					   .put = put_thread,
					   .arg = threads,
					   .headings = HEADINGS_NEVER,
					   .blank_after = true,
					   .of = "task",
					   .key = "threads" });
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

static void show_task(const struct args *args, const struct task *task)
{
	bool group = option_given(args, "g");

	table_show(&ONE_ROW("sig", task_columns, group ? put_leader : put_task, (void *)task,
			    .blank_after = !group));
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
		show_task(args, task_current());
	for (size_t i = 0; i < args->nr_words; i++) {
		const struct task **tasks;
		size_t count = tasks_numbered(args->words[i], &tasks);

		if (count == 0)
			fail("invalid task or pid value: %s", args->words[i]);
		for (size_t n = 0; n < count; n++)
			show_task(args, tasks[n]);
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
