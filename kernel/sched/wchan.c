/* kernel/sched/wchan.c - first frame outside the sections of sleeping and locking functions. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/sched/wchan.h"

#include "base/fail.h"
#include "kernel/unwind/stack.h"
#include "memory.h"
#include "symbols.h"

KSYMBOL(sched_text_start, "__sched_text_start");
KSYMBOL(sched_text_end, "__sched_text_end");
KSYMBOL(lock_text_start, "__lock_text_start");
KSYMBOL(lock_text_end, "__lock_text_end");

static bool is_between(u64 address, struct ksymbol *start, struct ksymbol *end)
{
	return ksymbol_exists(start) && ksymbol_exists(end) && address >= ksymbol_address(start) &&
	       address < ksymbol_address(end);
}

const char *task_wait_channel(const struct task *task)
{
	struct stack_trace trace;
	const struct symbol *symbol;

	if (task->on_cpu || !task->stack || !task->state)
		return NULL;
	stack_unwind_saved(task, &trace);
	for (size_t i = 0; i < trace.nr_frames; i++) {
		u64 pc = trace.frames[i].pc;

		if (trace.frames[i].source == FRAME_GUESS || trace.frames[i].from_user)
			return NULL;
		if (is_between(pc, &sched_text_start, &sched_text_end) ||
		    is_between(pc, &lock_text_start, &lock_text_end))
			continue;
		symbol = symbol_at(pc, NULL);
		return symbol ? scope_strdup(symbol->name) : NULL;
	}
	return NULL;
}
