/* show/btshow.h - prints a stack trace as bt does: frames, registers, raw words, text symbols. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BTSHOW_H
#define BTSHOW_H

#include "kernel/unwind/stack.h"

struct btshow_style {
	bool offsets; /* -s: function+offset */
	bool hex_offsets; /* -x */
	bool lines; /* -l: file and line below each frame */
	bool words; /* -f: the stack's words below each frame */
	unsigned symbolic; /* -F: words as symbols and slab caches; -FF: caches with addresses */
	bool sources; /* --sources: where the trace began, and how each frame was found */
	bool arguments, locals; /* --args, --locals: as gdb writes them, below each frame */
};

/* Adds the variables of FRAME, as gdb_frame_variables() does. */
bool btshow_variables(const struct stack_trace *trace, const struct frame *frame,
		      const struct btshow_style *style, struct strbuf *text, struct strbuf *error);
void btshow_trace(const struct stack_trace *trace, const struct btshow_style *style);
/* -e: only the saved register sets, with where they are. */
void btshow_exception_frames(const struct stack_trace *trace);
/*
 * -E: what looks like a saved register set on CPU's stack of this KIND, with a title. False: it has no such stack.
 */
bool btshow_special_stack(unsigned cpu, enum stack_kind kind);
/* -t, -T: every word of the stack that is a text address, from the first frame or from the lowest word. */
void btshow_text_words(const struct stack_trace *trace, bool whole_stack);
/* -f: [start, end) are the words shown below a frame; 0: none. */
struct address_range btshow_frame_words(const struct stack_trace *trace, size_t index);
/* The first word in [*AT, END) that is an address of text, and *AT where it is. False: no more. */
bool btshow_text_word(u64 *at, u64 end, u64 *word, const struct symbol **symbol);
/*
 * -t goes over what the trace's stacks hold in parts, from { 0 } on: words of one stack, then the registers that
 * were saved where the next part goes on.
 */
struct btshow_part {
	enum stack_kind stack;
	u64 start, end;
	const struct frame *saved; /* NULL: none */
	size_t next; /* frame with which the next part begins */
};
bool btshow_next_part(const struct stack_trace *trace, struct btshow_part *part);
/* -r: the whole stack in words. */
void btshow_raw(const struct stack_trace *trace);

#endif
