/* show/btjson.h - stack traces as JSON, an object a task. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BTJSON_H
#define BTJSON_H

#include "show/btwalk.h"

/* What is told of a trace in place of its frames. */
enum btjson_form {
	BTJSON_FRAMES,
	BTJSON_EXCEPTIONS, /* -e: only frames whose registers were saved in memory */
	BTJSON_TEXT_WORDS, /* -t: the words that are text addresses, from the first frame up */
	BTJSON_ALL_TEXT_WORDS, /* -T: those of the task's whole stack */
	BTJSON_WORDS, /* -r: all words of the task's stack */
};

void btjson_trace(const struct stack_trace *trace, enum btjson_form form,
		  const struct bt_style *style);
/* -E */
extern const struct btwalk_writer btjson_special_stack;
/* "registers": an object with every register of REGS, or only those that an interrupt saves. */
void btjson_registers(const struct x86_regs *regs, bool partial);
/* "lines": source and functions inline at PC. */
void btjson_source_lines(u64 pc);

#endif
