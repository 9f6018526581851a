/* stack.h - L5: a task's kernel stack, unwound exactly. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STACK_H
#define STACK_H

#include "regs.h"
#include "symbols.h"
#include "task.h"
#include "util.h"

enum frame_source {
	FRAME_REGISTERS,	/* pc from saved registers: exact */
	FRAME_ORC,		/* return address found through the unwind table */
	FRAME_POINTER,
	FRAME_GUESS,		/* found by scanning: printed with '?' */
};

enum stack_kind { STACK_TASK, STACK_IRQ, STACK_NMI, STACK_DF, STACK_DB, STACK_MCE, STACK_VC, STACK_ENTRY };

struct frame {
	u64 pc;
	u64 sp;			/* address of the word that holds pc for a return address, as bt shows it */
	enum frame_source source;
	enum stack_kind stack;
	bool has_regs;		/* an exception or entry frame: REGS are the interrupted registers */
	bool from_user;		/* REGS are user space's: the trace ends here */
	struct x86_regs regs;
};

struct stack_trace {
	const struct task *task;
	struct frame *frames;	/* scope memory */
	size_t nr_frames;
	bool complete;		/* ended at user space or at the kthread's entry, as it must */
	const char *problem;	/* why not, when !complete: scope memory */
};

/* Unwinds TASK (active or sleeping) from the best starting point there is. Never fail()s. */
void stack_unwind(const struct task *task, struct stack_trace *trace);
/* Size of a task's kernel stack in bytes (THREAD_SIZE). */
u64 stack_size(void);

#endif
