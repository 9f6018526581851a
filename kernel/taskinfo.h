/* kernel/taskinfo.h - what a task does, used and may use: state, memory, times, limits, arguments. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TASKINFO_H
#define TASKINFO_H

#include "base/util.h"
#include "task.h"

/* "RU", "IN", "UN", "ST", "ZO", "TR", "DE", "WA", "PA", "ID", "NE", "??": crash's two letters. */
const char *task_state_text(const struct task *task);
/* "TASK_RUNNING", "TASK_INTERRUPTIBLE|TASK_FREEZABLE" ...: every bit, as `set` shows them. */
void task_state_words(const struct task *task, struct strbuf *text);
bool task_has_state(const struct task *task, const char *letters);
bool task_is_state_name(const char *letters); /* one of the above */

/* Of a task without memory of its own all is known, and 0. */
struct task_memory {
	u64 total_vm_kb, rss_kb;
	double percent; /* of physical memory */
	bool total_vm_known, rss_known, percent_known; /* false: cannot be read, the number is 0 */
};
void task_memory(const struct task *task, struct task_memory *usage);
/* The same of an address space. */
void mm_memory(u64 mm, struct task_memory *usage);

struct task_times {
	u64 start; /* task_struct.start_time: nanoseconds, monotonic */
	u64 start_boot; /* the same on the clock that counts suspension; 0: the kernel has none */
	u64 utime, stime; /* as the task_struct has them: nanoseconds (v4.11 on) */
	u64 sum_exec; /* se.sum_exec_runtime: nanoseconds */
};
void task_times(const struct task *task, struct task_times *times);
/*
 * Nanoseconds since the task was last put on a CPU, by its CPU's run-queue clock. False: not known.
 */
bool task_since_last_run(const struct task *task, u64 *nanoseconds);

unsigned task_policy(const struct task *task); /* SCHED_NORMAL 0 ... */
const char *task_policy_name(unsigned policy); /* "NORMAL"; "?" when unknown */
unsigned task_nr_policies(void);
/* "fifo", "1", "NORMAL,RR": bit n for policy n. False: not a policy. */
bool task_policy_parse(const char *text, u32 *policies);

/* Saved kernel stack pointer of a task that is not running. */
bool task_kernel_sp(const struct task *task, u64 *sp);

struct task_limit {
	const char *name; /* "NOFILE" */
	u64 current, maximum; /* ~0: unlimited */
};
#define TASK_LIMITS_MAX 32
/* Number of limits; 0: the task has no signal_struct any more. */
size_t task_limits(const struct task *task, struct task_limit limits[TASK_LIMITS_MAX]);

enum task_strings { TASK_ARGUMENTS, TASK_ENVIRONMENT };
/* The argument or environment area in user memory, NUL-separated. Scope memory; false with why. */
bool task_user_strings(const struct task *task, enum task_strings which, char **text,
		       size_t *length, struct strbuf *why);

#endif
