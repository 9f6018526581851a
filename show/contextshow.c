/* show/contextshow.c - the current context: which task, where it is and what it does. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/contextshow.h"

#include "base/fail.h"
#include "kernel.h"
#include "kernel/taskcontext.h"
#include "kernel/taskinfo.h"
#include "show/taskrow.h"

static void ask_sysrq(void *arg)
{
	*(bool *)arg = kernel_crashed_by_sysrq() && !kernel_was_kexeced();
}

/* What follows the state: " (PANIC)", " (ACTIVE)", or crash's single blank. */
static const char *activity(const struct task *task)
{
	struct failure failure;
	bool sysrq = false;

	if (!task_is_panic_task(task))
		return task_is_active(task) ? " (ACTIVE)" : " ";
	/*
	 * That it panicked is known without the log. crash says (PANIC) of whatever ended in
	 * a crash kernel.
	 */
	(void)protect_row(ask_sysrq, &sysrq, &failure);
	return sysrq ? " (SYSRQ)" : " (PANIC)";
}

static const struct column label_columns[] = {
	{ "pid", "PID", CELL_NUMBER, .place = 1 },
	{ "task", "TASK", CELL_ADDRESS, .place = 3 },
	{ "cpu", "CPU", CELL_NUMBER, .place = 6 },
	{ "comm", "COMMAND", CELL_TEXT, .before = "\"", .after = "\"", .place = 2 },
	{ "state", "STATE", CELL_TEXT, .place = 7 },
	{ "active", NULL, .kind = CELL_FLAG },
	{ "panic", NULL, .kind = CELL_FLAG },
	{ NULL, "", CELL_TEXT, .same_line = true, .place = 4 },
	{ "thread_info", "", CELL_ADDRESS, .before = "  [THREAD_INFO: ", .after = "]",
	  .same_line = true, .place = 5 },
	{ NULL, "", CELL_TEXT, .before = "", .same_line = true, .place = 8 },
	{ 0 },
};

static const struct column sentence_columns[] = {
	TASKROW_KEYS,
	{ "state", NULL, .kind = CELL_TEXT },
	{ "active", NULL, .kind = CELL_FLAG },
	{ "panic", NULL, .kind = CELL_FLAG },
	{ NULL, "", .kind = CELL_TEXT },
	{ 0 },
};

struct context {
	const struct task *task;
	const char *state, *sentence;
};

static void put_facts(struct row *row, const struct context *context)
{
	const struct task *task = context->task;
	bool panicked = task_is_panic_task(task);
	enum colour colour;

	row_stands_for(row, task->address);
	taskrow_put(row, task);
	row_text(row, context->state);
	if (colour_of_task(task_state_text(task), panicked, &colour))
		row_line_colour(row, colour);
	row_flag(row, task_is_active(task));
	row_flag(row, panicked);
}

static void put_labels(struct row *row, UNUSED size_t index, void *arg)
{
	const struct context *context = arg;

	put_facts(row, context);
	if (context->task->is_idle && kernel_nr_cpus() > 1)
		row_text(row, scope_printf("(1 of %u)", kernel_nr_cpus()));
	else
		row_none(row);
	/* thread_info is the first member of task_struct on every x86_64 kernel since v4.9. */
	row_address(row, context->task->address);
	row_text(row, row_wants(row) ? activity(context->task) : "");
}

static void put_sentence(struct row *row, UNUSED size_t index, void *arg)
{
	const struct context *context = arg;

	put_facts(row, context);
	row_text(row, context->sentence);
}

/* What may fail is asked for here: without a state there is no answer. */
static struct context context_of(const struct task *task)
{
	struct strbuf *state = scope_strbuf();

	task_state_words(task, state);
	return (struct context){ task, strbuf_text(state), NULL };
}

void contextshow_task(const char *name, const struct task *task, unsigned label_width)
{
	struct context context = context_of(task);

	table_show(&ONE_ROW(name, label_columns, put_labels, &context, .labels = label_width));
}

void contextshow(unsigned label_width)
{
	contextshow_task("set", task_current(), label_width);
}

void contextshow_in_words(const struct task *task, const char *sentence)
{
	struct context context = context_of(task);

	context.sentence = sentence;
	table_show(&ONE_ROW("set", sentence_columns, put_sentence, &context));
}
