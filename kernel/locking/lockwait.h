/* kernel/locking/lockwait.h - which sleeping lock a task waits for, and who has it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LOCKWAIT_H
#define LOCKWAIT_H

#include "base/util.h"
#include "task.h"

enum lock_kind {
	LOCK_MUTEX,
	LOCK_WW_MUTEX,
	LOCK_RWSEM,
	LOCK_RT_MUTEX, /* on an rt kernel those above, and spinlocks, are such ones */
	LOCK_SEMAPHORE,
	LOCK_PERCPU_RWSEM,
	LOCK_COMPLETION,
	LOCK_BIT, /* of a word, that another clears */
	LOCK_FOLIO, /* the same of the flags of a page */
	LOCK_WAIT_QUEUE, /* of anything else, by a task that cannot be interrupted */
	NR_LOCK_KINDS,
};

const char *lock_kind_name(enum lock_kind kind); /* "rwsem" */

/* A task that sleeps until it gets a lock. */
struct lock_wait {
	const struct task *task;
	enum lock_kind kind;
	bool to_write; /* of a rwsem or percpu_rwsem: as a writer */
	u64 waiter; /* its entry on the lock's list, on the task's stack; 0: it has none */
	u64 lock; /* 0: not found; LOCK_BIT: the word, LOCK_FOLIO: the struct page */
	u64 bit; /* LOCK_BIT, LOCK_FOLIO: its number */
};

/*
 * What TASK, which sleeps, waits for: the function in which it does tells the kind, its stack or
 * the task itself the lock. False: it waits for none of these. Never fail()s but on an
 * interrupt.
 */
bool lock_wait_of(const struct task *task, struct lock_wait *wait);

enum lock_holding {
	LOCK_FREE, /* nobody has it */
	LOCK_HELD, /* OWNER does */
	LOCK_LEAKED, /* OWNER_ADDRESS, which is no task any more, never gave it back */
	LOCK_READ, /* READERS do: who they are the kernel does not keep */
	LOCK_NOT_KEPT, /* the kernel does not keep who has it */
	LOCK_UNREADABLE,
};

struct lock_owner {
	enum lock_holding holding;
	const struct task *owner; /* LOCK_HELD; LOCK_READ, LOCK_NOT_KEPT: the last known, or NULL */
	u64 owner_address;
	u64 readers; /* LOCK_READ; 0: not known */
};

void lock_owner_of(enum lock_kind kind, u64 lock, struct lock_owner *owner);

#endif
