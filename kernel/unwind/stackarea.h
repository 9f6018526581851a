/* kernel/unwind/stackarea.h - where the kernel's stacks lie: those of tasks, and each CPU's own. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STACKAREA_H
#define STACKAREA_H

#include "base/util.h"
#include "symbols.h"
#include "task.h"

enum stack_kind { STACK_TASK, STACK_IRQ, STACK_NMI, STACK_DF, STACK_DB, STACK_MCE, STACK_VC };

/* Where CPU's stack of KIND lies; false: it has none, or that cannot be read. */
bool stack_special(unsigned cpu, enum stack_kind kind, struct address_range *range);
/* Size of a task's kernel stack in bytes (THREAD_SIZE). */
u64 stack_size(void);
/* The first address behind TASK's kernel stack. */
u64 stack_end(const struct task *task);
/* Whose stack ADDRESS lies on, for CPU; STACK_TASK when it is none of the special ones. */
enum stack_kind stack_kind_at(unsigned cpu, u64 address);
/* Whose stack an address lies on. */
struct stack_owner {
	enum stack_kind kind;
	const struct task *task; /* of STACK_TASK */
	unsigned cpu; /* of the others */
	struct address_range range;
};
/* Of all tasks and CPUs; false: it is no stack's. */
bool stack_owner_of(u64 address, struct stack_owner *owner);
/* "IRQ", "NMI exception" ...: as bt's separator lines name it. */
const char *stack_kind_name(enum stack_kind kind);

#endif
