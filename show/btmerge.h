/* show/btmerge.h - the stack traces of many tasks as few: equal ones together, or folded for flame graphs. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BTMERGE_H
#define BTMERGE_H

#include "kernel/unwind/stack.h"

struct btmerge;

/* Lives until the innermost scope ends. */
struct btmerge *btmerge_begin(void);
/* Copies what it needs: TRACE may go. STATE is the task's, as ps shows it ("IN"). */
void btmerge_add(struct btmerge *merge, const struct stack_trace *trace, const char *state);
struct btmerge_style {
	bool lines; /* -l: file and line below each frame */
	bool hex_offsets; /* -x */
};
/* Each stack once, with its tasks: those on a CPU first, then in state UN, then by number. */
void btmerge_print(struct btmerge *merge, const struct btmerge_style *style);
/*
 * "comm;outermost;...;innermost COUNT", a line for each stack of each name: what flame
 * graph tools read.
 */
void btmerge_print_folded(struct btmerge *merge);

#endif
