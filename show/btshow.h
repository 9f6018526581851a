/* show/btshow.h - prints a stack trace as bt does: frames, registers, raw words, text symbols. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BTSHOW_H
#define BTSHOW_H

#include "show/btwalk.h"

void btshow_trace(const struct stack_trace *trace, const struct bt_style *style);
/* -e: only the saved register sets, with where they are. */
void btshow_exception_frames(const struct stack_trace *trace);
/* -E */
extern const struct btwalk_writer btshow_special_stack;
/*
 * -t, -T: every word of the stack that is a text address, from the first frame or from
 * the lowest word.
 */
void btshow_text_words(const struct stack_trace *trace, bool whole_stack);
/* -r: the whole stack in words. */
void btshow_raw(const struct stack_trace *trace);

#endif
