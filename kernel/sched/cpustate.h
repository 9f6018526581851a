/* kernel/sched/cpustate.h - what a CPU was doing: its task, in which context, its clock, what waits for it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CPUSTATE_H
#define CPUSTATE_H

#include "task.h"

/* What interrupts what: each but the first three stands on another. */
enum cpu_context {
	CONTEXT_UNKNOWN,
	CONTEXT_USER, /* a program's own code */
	CONTEXT_TASK, /* a system call, or a thread of the kernel */
	CONTEXT_IDLE,
	CONTEXT_SOFTIRQ,
	CONTEXT_HARDIRQ,
	CONTEXT_EXCEPTION,
	CONTEXT_NMI,
};
#define MAX_CONTEXTS 16

enum cpu_condition {
	CPU_ONLINE,
	CPU_OFFLINE,
	CPU_STOPPED, /* it ran until the kernel that crashed stopped it */
	CPU_PANICKED,
};

struct cpu_state {
	unsigned cpu;
	const struct task *task; /* that it runs; NULL: not known */
	s64 priority; /* task_struct.prio, when task is known */
	enum cpu_condition condition;
	bool has_age;
	u64 age; /* ns since the task came to the CPU; the idle task's is not kept */
	u64 lag; /* ns that its clock is behind the latest of all */
	/* innermost first, without what stopped the CPU; 0: no registers were saved */
	enum cpu_context contexts[MAX_CONTEXTS];
	size_t nr_contexts;
	const char *problem; /* why contexts are missing; NULL: none is */
	/* where it was interrupted, or where the innermost exception found it */
	bool interrupts_known, interrupts_on;
	size_t queued; /* tasks that could run but do not */
	const struct task *oldest; /* of them; NULL: none, or not known */
	u64 oldest_wait; /* ns */
	bool softirqs_known, preempt_known;
	u64 softirqs; /* those that are pending, a bit each */
	/* how often preemption was disabled, and in which contexts, as the kernel has it */
	u64 preempt;
	bool need_resched;
};

/* NOW is sched_now(). fail()s when the run queue cannot be read. Lasts as long as the scope. */
void cpu_state_read(unsigned cpu, u64 now, struct cpu_state *state);

#endif
