/* btjson.h - L6: stack traces as JSON, an object a task. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BTJSON_H
#define BTJSON_H

#include "btshow.h"

/* What of a trace is told beside its frames. */
struct btjson_wish {
	bool lines; /* of source, and inlined functions */
	bool arguments, locals;
	bool words; /* those of the stack below each frame */
	bool text_words, all_words; /* -t, -r: the stack's words, in place of the frames */
};

void btjson_trace(const struct stack_trace *trace, const struct btjson_wish *wish);
/* -E: what looks like saved registers at ADDRESS on CPU's stack of KIND. */
void btjson_found_registers(unsigned cpu, enum stack_kind kind, u64 address,
			    const struct x86_regs *regs);
/* "registers": an object with every register of REGS, or only those that an interrupt saves. */
void btjson_registers(const struct x86_regs *regs, bool partial);
/* "lines": source and functions inline at PC. */
void btjson_source_lines(u64 pc);

#endif
