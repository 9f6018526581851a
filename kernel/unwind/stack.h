/* kernel/unwind/stack.h - a task's kernel stack, unwound exactly. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STACK_H
#define STACK_H

#include "base/regs.h"
#include "symbols.h"
#include "task.h"
#include "base/util.h"

enum frame_source {
	FRAME_REGISTERS, /* pc from saved registers: exact */
	FRAME_ORC, /* return address found through the unwind table */
	FRAME_CFI, /* through vmlinux's DWARF call frame information */
	FRAME_POINTER,
	FRAME_FOUND, /* on the stack, where a crashed CPU ended: the walk from there reaches its saved registers */
	FRAME_GUESS, /* at or below a word that only looked like a return address: printed with '?' */
};

enum stack_kind { STACK_TASK, STACK_IRQ, STACK_NMI, STACK_DF, STACK_DB, STACK_MCE, STACK_VC };

struct frame {
	u64 pc;
	u64 sp; /* address of the word that holds pc; the stack pointer when has_regs */
	u64 bp; /* the frame's rbp as far as the unwind table tells; 0: unknown */
	enum frame_source source;
	enum stack_kind stack;
	bool has_regs; /* interrupted here: REGS are this frame's registers, pc is exact */
	bool partial_regs; /* only ip, cs, flags, sp and ss of REGS are known */
	bool from_user; /* REGS are user space's: the trace ends here */
	u64 regs_address; /* where REGS were saved in memory; 0: the dump's notes */
	struct x86_regs regs;
};

/* From where the registers of an active task were taken. */
enum stack_start {
	START_SLEEPING, /* the task's saved stack pointer */
	START_CRASH_NOTES, /* crash_notes in the kernel's memory: what kdump saved for this CPU */
	START_DUMP_NOTES, /* the dump file's notes */
	START_NO_STACK, /* exited: the stack was given back */
	START_UNKNOWN, /* on a CPU whose registers nobody saved */
	START_RUNNING, /* a live system: it is running now */
};

struct stack_trace {
	const struct task *task;
	struct frame *frames; /* scope memory */
	size_t nr_frames;
	enum stack_start start;
	struct x86_regs
		regs; /* where the walk began; of a sleeping task only ip, sp, bp, bx, r12-r15 */
	bool has_orig_ax; /* of REGS; a hypervisor has none */
	bool has_segments; /* SEGMENTS are known: from the same note as REGS */
	struct x86_segments segments;
	bool found_below; /* the first frame is FRAME_FOUND; of REGS only ip and sp are known */
	bool complete; /* ended at user space or at the kthread's entry, as it must */
	const char *problem; /* why not, when !complete: scope memory */
	size_t nr_sure; /* frames before the problem; those behind it are FRAME_GUESS */
};

/* Unwinds TASK (active or sleeping) from the best starting point there is. Never fail()s. */
void stack_unwind(const struct task *task, struct stack_trace *trace);
/* The same from the saved registers on: not what a crashing kernel called below them. */
void stack_unwind_saved(const struct task *task, struct stack_trace *trace);
/*
 * DWARF's call frame information is asked where the kernel's own unwind table says nothing. True: the other
 * way round, to check the one by the other.
 */
void stack_prefer_cfi(bool prefer);
/*
 * From the return address IP that is stored at SLOT; IP 0: the first word from SLOT up that follows a call; SLOT 0:
 * from the registers that stack_unwind() begins with, but for IP.
 */
void stack_unwind_from(const struct task *task, u64 ip, u64 slot, struct stack_trace *trace);
/*
 * Not a walk: every word from the first frame up that follows a call, live or stale, each a FRAME_GUESS; and
 * the registers of user space, when the real walk reaches them.
 */
void stack_scan(const struct task *task, struct stack_trace *trace);
/* The first frame after FROM that lies on another stack; nr_frames: there is none. */
size_t stack_next_segment(const struct stack_trace *trace, size_t from);
/* Where CPU's stack of KIND lies; false: it has none, or that cannot be read. */
bool stack_special(unsigned cpu, enum stack_kind kind, struct address_range *range);
/* What is wrong with TASK's stack that points to an overflow or to damage, in scope memory; NULL: nothing. */
const char *stack_damage(const struct task *task);
/* Size of a task's kernel stack in bytes (THREAD_SIZE). */
u64 stack_size(void);
/* The first address behind TASK's kernel stack. */
u64 stack_end(const struct task *task);
/* Whose stack ADDRESS lies on, for CPU; STACK_TASK when it is none of the special ones. */
enum stack_kind stack_kind_at(unsigned cpu, u64 address);
/* "IRQ", "NMI exception" ...: as bt's separator lines name it. */
const char *stack_kind_name(enum stack_kind kind);

#endif
