/* kernel/unwind/stack.h - a task's kernel stack, unwound exactly. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STACK_H
#define STACK_H

#include "kernel/unwind/frames.h"
#include "kernel/unwind/stackarea.h"
#include "task.h"

/* Unwinds TASK (active or sleeping) from the best starting point there is. Never fail()s. */
void stack_unwind(const struct task *task, struct stack_trace *trace);
/* The same from the saved registers on: not what a crashing kernel called below them. */
void stack_unwind_saved(const struct task *task, struct stack_trace *trace);
/*
 * DWARF's call frame information is asked where the kernel's own unwind table says nothing. True:
 * the other way round, to check the one by the other.
 */
void stack_prefer_cfi(bool prefer);
bool stack_prefers_cfi(void);
/*
 * From the return address IP that is stored at SLOT; IP 0: the first word from SLOT up that follows
 * a call; SLOT 0: from the registers that stack_unwind() begins with, but for IP.
 */
void stack_unwind_from(const struct task *task, u64 ip, u64 slot, struct stack_trace *trace);
/*
 * Not a walk: every word from the first frame up that follows a call, live or stale, each a
 * FRAME_GUESS; and the registers of user space, when the real walk reaches them.
 */
void stack_scan(const struct task *task, struct stack_trace *trace);
/* The first frame after FROM that lies on another stack; nr_frames: there is none. */
size_t stack_next_segment(const struct stack_trace *trace, size_t from);
/*
 * What is wrong with TASK's stack that points to an overflow or to damage, in scope
 * memory; NULL: nothing.
 */
const char *stack_damage(const struct task *task);

#endif
