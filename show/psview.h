/* show/psview.h - the views of `ps` that show more than one line a task. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PSVIEW_H
#define PSVIEW_H

#include "containers/kpercpu.h"
#include "task.h"

/* Each prints TASK; the caller puts a blank line between two of them. */
void psview_parents(const struct task *task);
void psview_children(const struct task *task);
void psview_group(const struct task *leader);
void psview_times(const struct task *task);
void psview_strings(const struct task *task);
void psview_limits(const struct task *task);

/* By last run, latest first: AGES as time since then (-m), else the stamp (-l). CPUS: in blocks a CPU, or NULL. */
void psview_last_run(const struct task **tasks, size_t nr_tasks, bool ages,
		     const struct cpu_mask *cpus);

#endif
