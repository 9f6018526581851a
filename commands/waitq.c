/* commands/waitq.c - the command waitq: the tasks that wait on a wait queue. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/sched/waitqueue.h"

#include "base/fail.h"
#include "base/table.h"
#include "memory.h"
#include "shell/command.h"
#include "show/datashow.h"
#include "show/problemshow.h"
#include "show/taskrow.h"
#include "symbols.h"
#include "task.h"

enum { WITH_DETAILS = 1 };

static const struct column waiter_columns[] = {
	TASKROW_COLUMNS(""),
	{ NULL, "", CELL_TEXT, .when = WITH_DETAILS },
	{ "entry", NULL, .kind = CELL_ADDRESS },
	{ "function", NULL, .kind = CELL_TEXT },
	{ "exclusive", NULL, .kind = CELL_FLAG },
	{ "word", NULL, .kind = CELL_ADDRESS },
	{ "bit", NULL, .kind = CELL_NUMBER },
	{ "queue", NULL, .kind = CELL_ADDRESS },
	{ 0 },
};

static void put_task(struct row *row, const struct waiter *waiter)
{
	const struct task *task = waiter->task ? task_by_address(waiter->task) : NULL;

	row_stands_for(row, waiter->address);
	if (waiter->task && !task)
		fail("%llx waits, which is no task that the kernel's lists have", waiter->task);
	if (task) {
		taskrow_put(row, task);
		return;
	}
	row_null(row, "-");
	row_null(row, "-");
	row_null(row, "-");
	row_null(row, "");
}

static const char *function_name(const struct waiter *waiter)
{
	return waiter->function ? symbol_words(waiter->function) : NULL;
}

static const char *details_of(const struct waiter *waiter, const char *function)
{
	struct strbuf *text = scope_strbuf();

	strbuf_printf(text, "FUNC: %s", function ? function : "-");
	if (waiter->exclusive)
		strbuf_puts(text, "  EXCLUSIVE");
	if (waiter->has_bit)
		strbuf_printf(text, "  WORD: %llx  BIT: %llu", waiter->word, waiter->bit);
	return strbuf_text(text);
}

static void put_waiter(struct row *row, size_t index, void *arg)
{
	const struct wait_queue *queue = arg;
	const struct waiter *waiter = &queue->waiters[index];
	const char *function = function_name(waiter);

	put_task(row, waiter);
	row_text(row, details_of(waiter, function));
	row_address(row, waiter->address);
	if (function)
		row_text(row, function);
	else
		row_none(row);
	row_flag(row, waiter->exclusive);
	if (waiter->has_bit) {
		row_address(row, waiter->word);
		row_number(row, waiter->bit);
	} else {
		row_none(row);
		row_none(row);
	}
	row_address(row, queue->address);
}

/* What the user called it: "log_wait", or an address. */
struct shown_queue {
	const char *name;
	u64 address;
	bool details;
};

static void show_waiters(struct wait_queue *queue, bool details)
{
	table_show(&(struct table){ .name = "waitq",
				    .columns = waiter_columns,
				    .count = queue->count,
				    .put = put_waiter,
				    .arg = queue,
				    .when = details ? WITH_DETAILS : 0,
				    .headings = HEADINGS_NEVER });
	if (queue->problem)
		fail("the wait queue at %llx: %s", queue->address, queue->problem);
}

static void show_queue(const struct shown_queue *shown)
{
	struct wait_queue queue;

	if (!wait_queue_read(shown->address, &queue))
		fail("there is no wait queue at %llx: %s", shown->address,
		     queue.problem ? queue.problem : "nothing there looks like one");
	if (!queue.count && !queue.problem) {
		table_remark(shown->name ? "wait queue \"%s\" (%llx) is empty\n"
					 : "wait queue %s%llx is empty\n",
			     shown->name ? shown->name : "", shown->address);
		return;
	}
	show_waiters(&queue, shown->details);
}

/* Those of a table on which anybody waits. */
static void show_table(const char *name, u64 first, size_t count, u64 head_bytes, bool details)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		struct wait_queue queue;

		interrupt_check();
		if (!wait_queue_read(first + i * head_bytes, &queue))
			fail("%s: there is no wait queue at %llx: %s", name, first + i * head_bytes,
			     queue.problem ? queue.problem : "nothing there looks like one");
		if (!queue.count && !queue.problem)
			continue;
		any = true;
		show_waiters(&queue, details);
	}
	if (!any)
		table_remark("wait queue \"%s\" (%llx) is empty\n", name, first);
}

/* struct.member, and where the structure is. */
static u64 member_address(const struct args *args, const char *dot)
{
	const char *aggregate, *member = dot + 1;

	if (args->nr_words < 2)
		fail("the address of the structure is missing: waitq %s address", args->words[0]);
	aggregate = scope_printf("struct %.*s", (int)(dot - args->words[0]), args->words[0]);
	if (!datashow_has_member(aggregate, member))
		fail("invalid structure.member name: %s", args->words[0]);
	return argument_address(args->words[1]) + datashow_member_offset(aggregate, member, NULL);
}

static void run_waitq(struct args *args)
{
	struct shown_queue shown = { .details = option_given(args, "v") };
	u64 first, head_bytes;
	const char *word, *dot;
	size_t count;

	args_check_words(args, "a wait queue", 1, 2);
	word = args->words[0];
	dot = strchr(word, '.');
	if (dot) {
		shown.address = member_address(args, dot);
		show_queue(&shown);
		return;
	}
	if (args->nr_words > 1)
		usage_problem(args, "unexpected argument: %s", args->words[1]);
	count = wait_table(word, &first, &head_bytes);
	if (count) {
		show_table(word, first, count, head_bytes, shown.details);
		return;
	}
	shown.address = argument_address(word);
	shown.name = symbol_by_name(word) ? word : NULL;
	show_queue(&shown);
}

static const struct option waitq_options[] = {
	{ "v", NULL,
	  "with the function that wakes the waiter, whether it is woken alone (EXCLUSIVE), and "
	  "for which bit of which word it waits" },
	{ 0 },
};

COMMAND(waitq) = {
	.name = "waitq",
	.summary = "tasks on a wait queue",
	.synopsis = "[-v] symbol | struct.member address | address",
	.options = waitq_options,
	.description =
		"Shows the tasks that wait on a wait queue. It is a wait_queue_head, a "
		"swait_queue_head or a completion, which is found out. With bit_wait_table, "
		"folio_wait_table or page_wait_table all who wait for a bit, or for a page, are "
		"shown.\n\n"
		"An entry that wakes no task itself, as one of epoll, has a - in the place of the "
		"task.",
	.arguments = "symbol|struct.member address",
	.example = "crash> waitq log_wait\n"
		   "wait queue \"log_wait\" (ffffffffb68cc0d0) is empty\n",
	.run = run_waitq,
};
