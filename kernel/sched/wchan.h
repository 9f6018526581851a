/* kernel/sched/wchan.h - the function in which a task sleeps, as /proc/PID/wchan has it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WCHAN_H
#define WCHAN_H

#include "task.h"

/*
 * The innermost function of a sleeping TASK that is neither the scheduler's nor a lock's: scope
 * memory. NULL: the task does not sleep, or its stack cannot be walked so far.
 */
const char *task_wait_channel(const struct task *task);

#endif
