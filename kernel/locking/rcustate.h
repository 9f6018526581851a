/* kernel/locking/rcustate.h - RCU: grace periods, what holds them up, callbacks, who waits. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RCUSTATE_H
#define RCUSTATE_H

#include "containers/kpercpu.h"
#include "task.h"

/* A thread of the kernel that drives grace periods. */
struct rcu_driver {
	u64 address; /* task_struct; 0: there is none */
	const struct task *task; /* NULL: not on the lists, or none */
};

struct rcu_state {
	u64 address;
	const char *name; /* "rcu_preempt"; bytes of the dump */
	bool in_progress, expedited; /* a grace period; an expedited one */
	u64 sequence, expedited_sequence; /* the kernel's numbers, with its two bits of state */
	u64 since; /* jiffies since the last one began */
	const char *step; /* "RCU_GP_WAIT_FQS"; what the driver does; NULL: not known */
	u64 flags;
	struct rcu_driver driver;
	u64 idle; /* jiffies since the driver last did something */
	bool starved; /* it has to, and does not get a CPU or a wakeup */
};

/* fail()s when there is none to be read. */
void rcu_state_read(struct rcu_state *state);

/* A CPU that has not yet passed through a quiet moment, or a reader that was preempted. */
struct rcu_holder {
	unsigned cpu;
	const struct task *task; /* the reader */
	bool holds, holds_expedited; /* which grace period; a reader may hold up none so far */
};
struct rcu_holders {
	struct rcu_holder *cpus,
		*readers; /* of all CPUs that are there; of all that were preempted */
	size_t nr_cpus, nr_readers;
	const char *problem; /* why some may be missing; NULL: none is */
};
void rcu_holders_read(struct rcu_holders *holders);

/* Callbacks that CPU has queued, and those of them that may wait for long (v6.2). */
bool rcu_callbacks(unsigned cpu, u64 *count, u64 *lazy);

struct rcu_waiter {
	const struct task *task;
	const char *function; /* "synchronize_rcu": in which it sleeps */
};
/* Those that sleep until a grace period of any kind ends; scope memory. */
size_t rcu_waiters(struct rcu_waiter **waiters);

/* RCU for tasks (trampolines, tracing): each kind that the kernel has has its own. */
struct rcu_tasks {
	u64 address;
	const char *name;
	const char *step; /* "RTGS_WAIT_CBS"; NULL: not known */
	u64 since; /* jiffies since it took that step */
	struct rcu_driver driver;
};
size_t rcu_tasks_read(struct rcu_tasks **kinds);

#endif
