/* show/btwalk.h - what bt says of a stack: frames, registers and words, for text and JSON alike. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BTWALK_H
#define BTWALK_H

#include "kernel/unwind/stack.h"

struct bt_style {
	bool offsets; /* -s: function+offset */
	bool hex_offsets; /* -x */
	bool lines; /* -l: file and line below each frame */
	bool words; /* -f: the stack's words below each frame */
	unsigned symbolic; /* -F: words as symbols and slab caches; -FF: caches with addresses */
	bool sources; /* --sources: where the trace began, and how each frame was found */
	bool arguments, locals; /* --args, --locals: as gdb writes them, below each frame */
};

/* How much is told of a word of the stack: each tells what the one before does. */
enum word_detail {
	WORDS_PLAIN,
	WORDS_AS_SYMBOLS,
	WORDS_WITH_CACHES, /* of a slab object its cache */
	WORDS_WITH_OBJECTS, /* and the object's address */
};

/* -F, -FF: of the words below a frame. */
unsigned btwalk_detail(const struct bt_style *style);
/* The function of the call that FRAME is, and how far in it its pc is; NULL: not known. */
const struct symbol *btwalk_symbol(const struct frame *frame, u64 *offset);
/* Registers that an exception, or the way into the kernel, saved: no line of their own. */
bool btwalk_is_exception(const struct stack_trace *trace, size_t index);
/*
 * The lines "#0 [sp] function" of a trace, over whose frames the caller goes from the first on,
 * beginning with { 0 }.
 */
struct btwalk_lines {
	unsigned count;
	enum stack_kind stack; /* where the frame of the last one lies */
};
struct btwalk_line {
	unsigned number;
	bool leaves; /* a special stack, LEFT, ends before it */
	enum stack_kind left;
};
/* False: this frame has none. */
bool btwalk_line(const struct stack_trace *trace, size_t index, struct btwalk_lines *lines,
		 struct btwalk_line *line);
/* Adds the variables of FRAME, as gdb_frame_variables() does. */
bool btwalk_variables(const struct stack_trace *trace, const struct frame *frame,
		      const struct bt_style *style, struct strbuf *text, struct strbuf *error);

/* -E: who writes what looks like saved register sets. */
struct btwalk_writer {
	void (*begin)(unsigned cpu, enum stack_kind kind);
	void (*put)(u64 address, const struct x86_regs *regs);
	void (*end)(bool found);
};
/*
 * What looks like one on CPU's stack of this KIND. False: it has no such stack, and
 * nothing was written.
 */
bool btwalk_special_stack(unsigned cpu, enum stack_kind kind, const struct btwalk_writer *writer);

/* -f: [start, end) are the words shown below a frame; 0: none. */
struct address_range btwalk_frame_words(const struct stack_trace *trace, size_t index);
/* The first word in [*AT, END) that is an address of text, and *AT where it is. False: no more. */
bool btwalk_text_word(u64 *at, u64 end, u64 *word, const struct symbol **symbol);
/*
 * -t goes over what the trace's stacks hold in parts, from { 0 } on: words of one stack, then the
 * registers that were saved where the next part goes on.
 */
struct btwalk_part {
	enum stack_kind stack;
	u64 start, end;
	const struct frame *saved; /* NULL: none */
	size_t next; /* frame with which the next part begins */
};
bool btwalk_next_part(const struct stack_trace *trace, struct btwalk_part *part);

#endif
