/* show/btwalk.c - what bt says of a stack: frames, registers and words, for text and JSON alike. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/btwalk.h"

#include "base/fail.h"
#include "memory.h"
#include "shell/bridge_ops.h"

unsigned btwalk_detail(const struct bt_style *style)
{
	return style->symbolic ? WORDS_AS_SYMBOLS + style->symbolic : WORDS_PLAIN;
}

/* A return address may be the first byte after its function: the symbol is that of the call. */
const struct symbol *btwalk_symbol(const struct frame *frame, u64 *offset)
{
	const struct symbol *symbol = symbol_at(frame->pc - !frame->has_regs, offset);

	if (symbol)
		*offset = frame->pc - symbol->value;
	return symbol;
}

bool btwalk_variables(const struct stack_trace *trace, const struct frame *frame,
		      const struct bt_style *style, struct strbuf *text, struct strbuf *error)
{
	struct gdb_frame_place place = bridge_frame_place(trace, frame);

	if (trace->found_below)
		bridge_ops_start_below();
	return gdb_frame_variables(&place, style->arguments, style->locals, text, error);
}

/* A frame's words reach up to the next return address on the same stack. */
static struct address_range call_words(const struct stack_trace *trace, size_t index)
{
	const struct frame *frame = &trace->frames[index], *next = frame + 1;
	u64 first = frame->has_regs ? frame->sp : frame->sp + 8;

	if (index + 1 == trace->nr_frames) {
		/* Nothing is left above where a trace ends as it must. */
		if (!trace->complete && frame->stack == STACK_TASK)
			return (struct address_range){ first, stack_end(trace->task) };
	} else if (next->from_user) {
		/* The registers of user space follow in full: their words would say them twice. */
		return (struct address_range){ first, next->regs_address };
	} else if (!next->has_regs && next->stack == frame->stack) {
		return (struct address_range){ first, next->sp + 8 };
	}
	return (struct address_range){ 0 };
}

/*
 * Of entry code, below the registers that it saved: those and the frame of the function
 * that was interrupted.
 */
static struct address_range entry_words(const struct stack_trace *trace, size_t index)
{
	const struct frame *frame = &trace->frames[index], *next = frame + 1;
	u64 end = frame->regs_address + sizeof(struct x86_regs);

	if (index + 1 < trace->nr_frames && !next->has_regs && next->stack == frame->stack)
		end = next->sp + 8;
	return (struct address_range){ frame[-1].sp + 8, end };
}

/* Registers that an exception, or the way into the kernel, saved: no line of their own. */
bool btwalk_is_exception(const struct stack_trace *trace, size_t index)
{
	const struct frame *frame = &trace->frames[index];

	return frame->has_regs && (index > 0 || frame->from_user);
}

/* What an exception interrupted from a stack of its own has a line again, on its own stack. */
static bool is_back_on_stack(const struct stack_trace *trace, size_t index)
{
	const struct frame *frame = &trace->frames[index];

	return frame[-1].stack > STACK_IRQ && frame[-1].stack != frame->stack;
}

static bool has_line(const struct stack_trace *trace, size_t index)
{
	return !btwalk_is_exception(trace, index) ||
	       (!trace->frames[index].from_user && is_back_on_stack(trace, index));
}

bool btwalk_line(const struct stack_trace *trace, size_t index, struct btwalk_lines *lines,
		 struct btwalk_line *line)
{
	enum stack_kind stack = trace->frames[index].stack;

	if (!has_line(trace, index))
		return false;
	/* The first line's stack is where the trace begins. */
	line->left = lines->stack;
	line->leaves = lines->count && lines->stack != stack && lines->stack != STACK_TASK;
	line->number = lines->count++;
	lines->stack = stack;
	return true;
}

struct address_range btwalk_frame_words(const struct stack_trace *trace, size_t index)
{
	const struct frame *frame = &trace->frames[index];
	struct address_range range = { 0 };

	if (has_line(trace, index))
		range = call_words(trace, index);
	/* Entry code that saved them on a stack of its own: that ends there. */
	else if (!frame->from_user && frame[-1].stack == frame->stack)
		range = entry_words(trace, index);
	if (range.end <= range.start || range.end - range.start > stack_size())
		range.start = range.end = 0;
	return range;
}

/* Could these 21 words be what the processor and the entry code left? */
static bool looks_like_registers(const struct x86_regs *regs)
{
	enum { KERNEL_CS = 0x10, KERNEL_SS = 0x18, USER_CS = 0x33, USER_SS = 0x2b };
	enum { ALWAYS_SET = 1 << 1, INTERRUPTS = 1 << 9, HIGHEST_FLAG = 21 };

	if (!(regs->flags & ALWAYS_SET) || regs->flags >> (HIGHEST_FLAG + 1))
		return false;
	if (regs->cs == KERNEL_CS)
		return (regs->ss == KERNEL_SS || regs->ss == 0) && address_is_text(regs->ip) &&
		       regs->sp >> 47 == 0x1ffff;
	return regs->cs == USER_CS && regs->ss == USER_SS && regs->flags & INTERRUPTS && regs->ip &&
	       regs->ip >> 47 == 0 && regs->sp >> 47 == 0;
}

bool btwalk_special_stack(unsigned cpu, enum stack_kind kind, const struct btwalk_writer *writer)
{
	struct address_range range;
	struct x86_regs regs;
	bool found = false;

	/*
	 * Kernels that may run as encrypted guests set a stack aside for #VC, and map it
	 * only in one.
	 */
	if (!stack_special(cpu, kind, &range) ||
	    (kind == STACK_VC && !mem_try_read(range.end - 8, &regs, 8, NULL)))
		return false;
	writer->begin(cpu, kind);
	for (u64 at = range.start; at + sizeof(regs) <= range.end; at += 8) {
		interrupt_check();
		if (!mem_try_read(at, &regs, sizeof(regs), NULL) || !looks_like_registers(&regs))
			continue;
		writer->put(at, &regs);
		found = true;
	}
	writer->end(found);
	return true;
}

bool btwalk_text_word(u64 *at, u64 end, u64 *word, const struct symbol **symbol)
{
	u64 offset;

	for (*at = align_down(*at, 8); *at < end; *at += 8) {
		interrupt_check();
		if (mem_try_u64(*at, word, NULL) && address_is_text(*word) &&
		    (*symbol = symbol_at(*word, &offset)))
			return true;
	}
	return false;
}

bool btwalk_next_part(const struct stack_trace *trace, struct btwalk_part *part)
{
	const struct frame *frame, *next;
	struct address_range special;

	if (part->next >= trace->nr_frames)
		return false;
	frame = &trace->frames[part->next];
	next = frame + 1;
	part->stack = frame->stack;
	part->start = frame->sp;
	/*
	 * Where one stack was left for another, the word that leads to the registers saved on
	 * it comes alone.
	 */
	if (part->next && !frame->has_regs && part->next + 1 < trace->nr_frames && next->has_regs &&
	    !next->from_user) {
		part->end = part->start + 8;
		part->saved = next;
		part->next++;
		return true;
	}
	if (!stack_special(trace->task->cpu, frame->stack, &special))
		special.end = stack_end(trace->task);
	part->end = special.end;
	part->next = stack_next_segment(trace, part->next);
	next = &trace->frames[part->next];
	part->saved = part->next < trace->nr_frames && next->has_regs ? next : NULL;
	return true;
}
