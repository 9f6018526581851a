/* kernel/taskcontext.h - the task that panicked, and the current one. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TASKCONTEXT_H
#define TASKCONTEXT_H

#include "memory.h"
#include "task.h"

void task_leave_out_panic(void); /* --no_panic: the panic task is not looked for */
const struct task *task_panic(void); /* the task that panicked, else CPU 0's, as `set -p` */
bool task_is_panic_task(const struct task *task);

/*
 * The current context: what bt, set, task, vtop ... use without an argument. On a live system it
 * stays when the table of tasks is made anew.
 */
const struct task *task_current(void);
void task_set_current(const struct task *task);

/*
 * The space that addresses of this KIND are in: of SPACE_USER the current task's. Asked for when it
 * is read, because the task may be another one then.
 */
bool current_try_space(enum address_space kind, struct space *space, struct fault *fault);
struct space current_space(enum address_space kind); /* fail()s with the reason */

/* Forgets both, for tests. */
void task_context_reset(void);

#endif
