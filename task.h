/* task.h - L5: the task table, a task's identity and state, the current context. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TASK_H
#define TASK_H

#include "util.h"

struct task {
	u64 address;		/* task_struct */
	u64 mm;			/* 0: kernel thread or exited */
	u64 stack;		/* lowest address of the kernel stack */
	u64 parent;		/* real_parent's task_struct... what ps shows as PPID is parent_pid */
	u64 state;		/* task_struct.__state */
	u64 exit_state;
	u64 flags;		/* PF_* */
	u32 pid, tgid;
	u32 parent_pid;		/* tgid of the parent, as /proc/PID/status has it */
	u32 cpu;
	bool on_cpu;		/* the current task of its CPU */
	char comm[16];
};

/* Found on first use: through the pid IDR and through the task lists, cross-checked; ordered as ps
 * prints them. A damaged task costs one row and a warning. */
size_t task_count(void);
const struct task *task_at(size_t index);
const struct task *task_by_address(u64 address);	/* NULL: none */
const struct task *task_by_pid(u32 pid);		/* the idle task of CPU 0 for 0 */
const struct task *task_running_on(unsigned cpu);	/* NULL: unknown */
const struct task *task_panic(void);			/* the task that panicked, else CPU 0's, as `set -p` */

/* The current context: what bt, set, task, vtop ... use without an argument. */
const struct task *task_current(void);
void task_set_current(const struct task *task);

bool task_is_kthread(const struct task *task);
bool task_is_active(const struct task *task);		/* on a CPU: '>' in ps */
bool task_is_panic_task(const struct task *task);
/* "RU", "IN", "UN", "ST", "ZO", "TR", "DE", "WA", "PA", "ID", "NE", "??": crash's two letters. */
const char *task_state_text(const struct task *task);
bool task_has_state(const struct task *task, const char *letters);

struct task_memory {
	u64 total_vm_kb, rss_kb;
	double percent;		/* of physical memory */
	u64 pgd;		/* address of the user page table's top level */
};
bool task_memory(const struct task *task, struct task_memory *usage);	/* false: no mm */

/*
 * A word that names tasks, as commands take it: pid (decimal, hex with 0x), task_struct address,
 * command name, \name, 'regex'. Fills MATCHES (scope memory); 0: nothing matched.
 */
size_t tasks_matching(const char *word, const struct task ***matches);
/* Exactly one task by pid or address; fail()s with what was wrong. */
const struct task *task_argument(const char *word);

/* "PID: 1  TASK: ffff...  CPU: 0  COMMAND: \"init\"" (no newline): the header of bt, foreach, task. */
void task_header(const struct task *task, struct strbuf *text);

#endif
