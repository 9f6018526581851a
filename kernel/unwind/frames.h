/* kernel/unwind/frames.h - what a stack is unwound into: its frames, and how the walk went. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FRAMES_H
#define FRAMES_H

#include "base/regs.h"
#include "base/util.h"
#include "kernel/unwind/stackarea.h"
#include "task.h"

enum frame_source {
	FRAME_REGISTERS, /* pc from saved registers: exact */
	FRAME_ORC, /* return address found through the unwind table */
	FRAME_CFI, /* through vmlinux's DWARF call frame information */
	FRAME_POINTER,
	/*
	 * on the stack, where a crashed CPU ended: the walk from there reaches its saved registers
	 */
	FRAME_FOUND,
	/* at or below a word that only looked like a return address: printed with '?' */
	FRAME_GUESS,
};

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

#endif
