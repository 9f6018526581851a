/* kernel/tasksig.h - a task's signals: handlers, blocked and pending sets, queues; signal names. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TASKSIG_H
#define TASKSIG_H

#include "base/util.h"
#include "containers/klist.h"
#include "task.h"

#define SIGNALS 64

struct signal_action {
	u64 address; /* struct k_sigaction */
	u64 handler; /* 0: SIG_DFL, 1: SIG_IGN */
	u64 flags, mask;
};

/* The action of signal 1 to SIGNALS. False with why: the task has no sighand_struct any more ... */
bool tasksig_action(const struct task *task, unsigned number, struct signal_action *action,
		    struct strbuf *why);
u64 tasksig_nr_threads(const struct task *task);

u64 tasksig_blocked(const struct task *task); /* bit n - 1 for signal n */
u64 tasksig_private(const struct task *task);
u64 tasksig_shared(const struct task *task); /* of the whole thread group */

/* Queued signals with their information, oldest first. */
void tasksig_queue_begin(struct klist_iter *it, const struct task *task, bool shared);
bool tasksig_queue_next(struct klist_iter *it, s32 *number, u64 *siginfo);

const char *tasksig_name(unsigned number); /* "SIGHUP", "SIGRTMIN+3"; "?" outside of 1 to SIGNALS */
/* "SA_RESTORER|SA_RESTART", "" for none. */
void tasksig_flag_names(u64 flags, struct strbuf *text);

#endif
