/* show/taskrow.h - a task as cells of a row: the line that stands above what is shown of it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TASKROW_H
#define TASKROW_H

#include "base/table.h"
#include "task.h"

/* clang-format off */
/* 'PID: 1        TASK: ffff8ae4c1250000  CPU: 0    COMMAND: "init"' behind INDENT. */
#define TASKROW_COLUMNS(indent) \
	{ "pid", "", CELL_NUMBER, .before = indent "PID: ", .align = ALIGN_LEFT, .width = 7 }, \
	{ "task", "", CELL_ADDRESS, .before = "  TASK: ", .width = 16, .zeros = true }, \
	{ "cpu", "", CELL_NUMBER, .before = "  CPU: ", .align = ALIGN_LEFT, .width = 3 }, \
	{ "comm", "", CELL_TEXT, .before = "  COMMAND: \"", .after = "\"" }

/* The same for programs only, where readers see a heading of their own. */
#define TASKROW_KEYS \
	{ "pid", NULL, .kind = CELL_NUMBER }, { "task", NULL, .kind = CELL_ADDRESS }, \
		{ "cpu", NULL, .kind = CELL_NUMBER }, { "comm", NULL, .kind = CELL_TEXT }
/* clang-format on */

/* A table of such lines, two columns further right. */
extern const struct column taskrow_relative[];

/* The four of them. Returns the command's name, which lasts as long as the row. */
const char *taskrow_put(struct row *row, const struct task *task);
/* TASK may be NULL: then of none. */
void taskrow_put_keys(struct row *row, const struct task *task);
/* A whole row of a table of tasks (ARG: const struct task **). */
void taskrow_put_at(struct row *row, size_t index, void *arg);

/* "PID: 1  TASK: ffff...  CPU: 0  COMMAND: \"init\"", without a newline: where it is no row. */
void taskrow_header(const struct task *task, struct strbuf *text);

#endif
