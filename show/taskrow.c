/* show/taskrow.c - a task as cells of a row: the line that stands above what is shown of it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/taskrow.h"

#include "base/fail.h"

const struct column taskrow_relative[] = { TASKROW_COLUMNS("  "), { 0 } };

const char *taskrow_put(struct row *row, const struct task *task)
{
	char *comm = scope_alloc(TASK_COMM_SPACE);

	row_number(row, task->pid);
	row_address(row, task->address);
	row_number(row, task->cpu);
	row_text(row, task_comm(task, comm));
	return comm;
}

void taskrow_put_keys(struct row *row, const struct task *task)
{
	if (task) {
		taskrow_put(row, task);
		return;
	}
	for (int i = 0; i < 4; i++)
		row_none(row);
}

void taskrow_put_at(struct row *row, size_t index, void *arg)
{
	const struct task *const *tasks = arg;

	row_stands_for(row, tasks[index]->address);
	taskrow_put(row, tasks[index]);
}

void taskrow_header(const struct task *task, struct strbuf *text)
{
	char comm[TASK_COMM_SPACE];

	strbuf_printf(text, "PID: %-7u  TASK: %016llx  CPU: %-3u  COMMAND: \"%s\"", task->pid,
		      task->address, task->cpu, task_comm(task, comm));
}
