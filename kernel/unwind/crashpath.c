/* kernel/unwind/crashpath.c - what a crashing kernel was doing below the registers that it saved. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each CPU's last function is known: machine_kexec() on the one that crashed, crash_nmi_callback()
 * on those that it stopped. Neither returns, so the word that its last call pushed is still there,
 * while what lies further down is left over from calls that have returned. A word that follows a
 * call in one of the two counts only when the walk from it comes to the very registers that were
 * saved, or to the caller's frame of the function that saved its own.
 */
#include "kernel/unwind/crashpath.h"

#include "base/fail.h"
#include "memory.h"
#include "names/kfield.h"

typedef void (*walk_from)(const struct task *task, u64 ip, u64 slot, struct stack_trace *trace);

KSYMBOL(crash_last, "machine_kexec");
KSYMBOL(stopped_last, "crash_nmi_callback");

/* The function's code; false: this kernel has none of that name. */
static bool code_of(struct ksymbol *function, struct address_range *range)
{
	const struct symbol *symbol = NULL, *next;

	if (ksymbol_exists(function))
		symbol = symbol_at(ksymbol_address(function), NULL);
	next = symbol ? symbol_after(symbol) : NULL;
	while (next && (next->hidden || next->value == symbol->value))
		next = symbol_after(next);
	if (!next)
		return false;
	*range = (struct address_range){ symbol->value, next->value };
	return true;
}

/* The saved registers are those of FRAME, which an exception's entry code left in memory? */
static bool has_registers(const struct frame *frame, const struct x86_regs *regs)
{
	struct x86_regs found = frame->regs, wanted = *regs;

	/* Not a register: entry code's word of its own. */
	found.orig_ax = wanted.orig_ax = 0;
	return frame->has_regs && frame->regs_address &&
	       memcmp(&found, &wanted, sizeof(found)) == 0;
}

/*
 * How many of UPPER's frames go in front of TRACE, whose first is the next of them; 0: it does
 * not lead there.
 */
static size_t frames_in_front(const struct stack_trace *upper, const struct stack_trace *trace)
{
	for (size_t i = 1; i < upper->nr_frames; i++) {
		const struct frame *frame = &upper->frames[i];

		if (has_registers(frame, &trace->regs))
			return i;
		if (trace->nr_frames > 1 && !frame->has_regs && frame->pc == trace->frames[1].pc &&
		    frame->sp == trace->frames[1].sp)
			/* The one before it is the function that saved its own registers. */
			return i - 1;
	}
	return 0;
}

static void put_in_front(const struct stack_trace *upper, size_t count, struct stack_trace *trace)
{
	size_t total = count + trace->nr_frames;
	struct frame *frames = scope_array(total, sizeof(*frames));

	memcpy(frames, upper->frames, count * sizeof(*frames));
	memcpy(frames + count, trace->frames, trace->nr_frames * sizeof(*frames));
	frames[0].source = FRAME_FOUND;
	/*
	 * Where the saved registers lie in memory is known now; or that the function went on to
	 * its last call.
	 */
	frames[count] = upper->frames[count];
	trace->frames = frames;
	trace->nr_frames = total;
	trace->nr_sure += count;
	trace->regs = (struct x86_regs){ .ip = frames[0].pc, .sp = frames[0].sp + sizeof(u64) };
	trace->found_below = true;
}

/* The lowest word of RANGE that is the last one's; false: there is none. */
static bool try_stack(const struct address_range *range, const struct address_range *code,
		      struct stack_trace *trace, walk_from walk)
{
	struct stack_trace upper;
	u64 word;

	for (u64 at = range->start; at < range->end && !interrupt_pending(); at += sizeof(word)) {
		size_t count;

		if (!mem_try_u64(at, &word, NULL)) {
			at |= PAGE_BYTES - sizeof(word);
			continue;
		}
		/* A call that ends the function returns behind it. */
		if (word <= code->start || word > code->end)
			continue;
		walk(trace->task, word, at, &upper);
		count = frames_in_front(&upper, trace);
		if (!count)
			continue;
		put_in_front(&upper, count, trace);
		return true;
	}
	return false;
}

void crashpath_prepend(struct stack_trace *trace, walk_from walk)
{
	struct ksymbol *const last[] = { &crash_last, &stopped_last };
	struct address_range code,
		stack = { trace->task->stack, trace->task->stack + stack_size() };

	for (size_t i = 0; i < ARRAY_SIZE(last); i++) {
		if (!code_of(last[i], &code))
			continue;
		if (try_stack(&stack, &code, trace, walk))
			return;
		for (int kind = STACK_TASK + 1; kind <= STACK_VC; kind++) {
			struct address_range special;

			if (stack_special(trace->task->cpu, kind, &special) &&
			    try_stack(&special, &code, trace, walk))
				return;
		}
	}
}
