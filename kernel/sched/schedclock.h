/* kernel/sched/schedclock.h - the time of the dump by the scheduler's clock, and how long tasks sleep. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SCHEDCLOCK_H
#define SCHEDCLOCK_H

#include "task.h"

/*
 * Now, in ns: the latest clock of all run queues. One that stands still, as a stuck CPU's does,
 * does not make its tasks younger. fail()s when none can be read.
 */
u64 sched_now(void);
/* ns from when TASK was last on a CPU until NOW. False: not known. */
bool task_sleep_age(const struct task *task, u64 now, u64 *age);

#endif
