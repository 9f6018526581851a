/* kernel/unwind/crashpath.h - what a crashing kernel was doing below the registers that it saved. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CRASHPATH_H
#define CRASHPATH_H

#include "kernel/unwind/frames.h"

/*
 * A kernel that goes to its capture kernel saves, for each CPU, the registers of what an exception
 * or the NMI interrupted. The frames of the handler lie further down and are also live. TRACE was
 * walked from those registers: puts the frames down to the place where the CPU ended in front of
 * it. Leaves it as it is where they are not found. WALK is stack_unwind_from().
 */
void crashpath_prepend(struct stack_trace *trace,
		       void (*walk)(const struct task *task, u64 ip, u64 slot,
				    struct stack_trace *trace));

#endif
