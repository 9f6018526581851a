/* show/psview.h - the views of `ps` that show more than one line a task. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PSVIEW_H
#define PSVIEW_H

#include "base/table.h"
#include "containers/kpercpu.h"
#include "task.h"

/* A row about a task, with what belongs to it below; a blank line stands between two of them. */
extern const struct column psview_parents[], psview_children[], psview_group[], psview_times[],
	psview_strings[], psview_limits[];
void psview_put_parents(struct row *row, const struct task *task);
void psview_put_children(struct row *row, const struct task *task);
void psview_put_group(struct row *row, const struct task *leader);
void psview_put_times(struct row *row, const struct task *task);
void psview_put_strings(struct row *row, const struct task *task);
void psview_put_limits(struct row *row, const struct task *task);

/*
 * By last run, latest first: AGES as time since then (-m), else the stamp (-l). CPUS: in blocks a
 * CPU, or NULL.
 */
void psview_last_run(const struct task **tasks, size_t nr_tasks, bool ages,
		     const struct cpu_mask *cpus);

#endif
