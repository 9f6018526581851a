/* task.h - L5: the task table, a task's identity and state. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TASK_H
#define TASK_H

#include "base/util.h"

struct task {
	u64 address; /* task_struct */
	u64 mm; /* 0: kernel thread or exited */
	u64 stack; /* lowest address of the kernel stack */
	u64 parent; /* real_parent's task_struct; what ps shows as PPID is parent_pid */
	u64 group_leader; /* task_struct of the thread group's leader */
	u64 signal; /* signal_struct; 0 when released */
	u64 state; /* task_struct.__state */
	u64 exit_state;
	u64 flags; /* PF_* */
	u64 last_arrival; /* sched_info.last_arrival: ns on its CPU's run-queue clock; 0 unknown */
	u64 start_time; /* ns since boot, monotonic */
	u32 pid, tgid;
	u32 parent_pid; /* tgid of the parent, as /proc/PID/status has it */
	u32 cpu;
	s64 rss_delta; /* pages not yet added to mm's counters (before v6.2) */
	bool says_on_cpu; /* task_struct.on_cpu */
	bool is_idle; /* a CPU's swapper: on no list */
	bool on_cpu; /* the current task of its CPU */
	char comm[16];
};

#define TASK_PID_LIMIT (4u << 20) /* PID_MAX_LIMIT of 64-bit kernels */

/* Found on first use: through the pid IDR and through the task lists, cross-checked; ordered as ps
 * prints them. A damaged task costs one row and a warning. */
size_t task_count(void);
const struct task *task_at(size_t index);
size_t task_index(const struct task *task); /* the other way round */
const struct task *task_by_address(u64 address); /* NULL: none */
const struct task *task_by_pid(u32 pid); /* the idle task of CPU 0 for 0 */
const struct task *task_running_on(unsigned cpu); /* NULL: unknown */
void task_only_active(void); /* --active: of all tasks only those on CPUs are known */

/* `set -a`: TASK counts as the current task of its CPU from now on. */
void task_make_active(const struct task *task);

bool task_is_kthread(const struct task *task);
bool task_is_active(const struct task *task); /* on a CPU: '>' in ps */
bool task_is_group_leader(const struct task *task);
/* comm with control characters and broken UTF-8 as \xNN: safe on a terminal. Returns TEXT. */
#define TASK_COMM_SPACE (16 * 4 + 1)
char *task_comm(const struct task *task, char text[TASK_COMM_SPACE]);

/* Pages that MM's threads hold and mm_struct's own counters do not show yet (before v6.2). */
s64 task_rss_delta(u64 mm);

/* Forgets the table, which is made anew when it is next asked for. */
void task_reset(void);

#endif
