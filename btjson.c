/* btjson.c - L6: stack traces as JSON, an object a task. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "btjson.h"

#include "fail.h"
#include "gdb_bridge.h"
#include "json.h"
#include "jsonshow.h"
#include "memory.h"
#include "tracelines.h"

#include <ctype.h>

static const char *const starts[] = {
	[START_SLEEPING] = "sleeping",	   [START_CRASH_NOTES] = "crash_notes",
	[START_DUMP_NOTES] = "dump_notes", [START_NO_STACK] = "no_stack",
	[START_UNKNOWN] = "unknown",	   [START_RUNNING] = "running",
};

static const char *const sources[] = {
	[FRAME_REGISTERS] = "registers",   [FRAME_ORC] = "orc",	    [FRAME_CFI] = "cfi",
	[FRAME_POINTER] = "frame_pointer", [FRAME_GUESS] = "guess", [FRAME_FOUND] = "found",
};

static const char *const stacks[] = {
	[STACK_TASK] = "task", [STACK_IRQ] = "irq", [STACK_NMI] = "nmi", [STACK_DF] = "df",
	[STACK_DB] = "db",     [STACK_MCE] = "mce", [STACK_VC] = "vc",
};

void btjson_registers(const struct x86_regs *regs, bool partial)
{
	const struct {
		const char *name;
		u64 value;
		bool always;
	} all[] = {
		{ "rip", regs->ip, true },
		{ "rsp", regs->sp, true },
		{ "rflags", regs->flags, true },
		{ "cs", regs->cs, true },
		{ "ss", regs->ss, true },
		{ "rax", regs->ax, false },
		{ "rbx", regs->bx, false },
		{ "rcx", regs->cx, false },
		{ "rdx", regs->dx, false },
		{ "rsi", regs->si, false },
		{ "rdi", regs->di, false },
		{ "rbp", regs->bp, false },
		{ "r8", regs->r8, false },
		{ "r9", regs->r9, false },
		{ "r10", regs->r10, false },
		{ "r11", regs->r11, false },
		{ "r12", regs->r12, false },
		{ "r13", regs->r13, false },
		{ "r14", regs->r14, false },
		{ "r15", regs->r15, false },
		{ "orig_rax", regs->orig_ax, false },
	};

	json_object("registers");
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i].always || !partial)
			json_address(all[i].name, all[i].value);
	}
	json_end();
}

void btjson_found_registers(unsigned cpu, enum stack_kind kind, u64 address,
			    const struct x86_regs *regs)
{
	json_object(NULL);
	json_number("cpu", cpu);
	json_text("stack", stacks[kind]);
	json_address("at", address);
	jsonshow_symbol("rip_symbol", regs->ip);
	btjson_registers(regs, false);
	json_end();
}

/* The lines of TEXT without their indents, as a list. */
static void put_lines(const char *key, char *text)
{
	char *line;

	json_list(key);
	while ((line = strsep(&text, "\n"))) {
		while (isspace((unsigned char)*line))
			line++;
		if (*line)
			json_text(NULL, line);
	}
	json_end();
}

void btjson_source_lines(u64 pc)
{
	struct strbuf *text = scope_strbuf();

	tracelines_add(pc, text);
	put_lines("lines", scope_strdup(strbuf_text(text)));
}

static void put_variables(const struct stack_trace *trace, const struct frame *frame,
			  const struct btjson_wish *wish)
{
	struct strbuf *text = scope_strbuf(), *why = scope_strbuf();
	struct gdb_frame_place place = btshow_frame_place(trace, frame);

	if (gdb_frame_variables(&place, wish->arguments, wish->locals, text, why))
		put_lines("variables", scope_strdup(strbuf_text(text)));
	else
		json_text("variables_error", strbuf_text(why));
}

/* [FIRST, END) in 8 byte words, up to the first that cannot be read. */
static void put_words(u64 first, u64 end)
{
	json_list("words");
	for (u64 at = first; at < end; at += sizeof(u64)) {
		u64 word;

		if (!mem_try_u64(at, &word, NULL))
			break;
		json_address(NULL, word);
	}
	json_end();
}

static void put_frame_words(const struct stack_trace *trace, size_t index)
{
	const struct frame *frame = &trace->frames[index], *next = frame + 1;
	u64 first = frame->has_regs ? frame->sp : frame->sp + sizeof(u64), end = first;

	if (index + 1 < trace->nr_frames && next->stack == frame->stack)
		end = next->has_regs ? next->regs_address : next->sp;
	else if (index + 1 == trace->nr_frames && frame->stack == STACK_TASK)
		end = stack_end(trace->task);
	if (end >= first && end - first <= stack_size())
		put_words(first, end);
}

static void put_frame(const struct stack_trace *trace, size_t index, const struct btjson_wish *wish)
{
	const struct frame *frame = &trace->frames[index];
	u64 offset = 0;
	const struct symbol *symbol = frame->from_user
					      ? NULL
					      : symbol_at(frame->pc - !frame->has_regs, &offset);

	json_object(NULL);
	json_number("level", index);
	json_address("pc", frame->pc);
	json_address("sp", frame->sp);
	json_text("function", symbol ? symbol->name : NULL);
	if (symbol) {
		json_number("offset", frame->pc - symbol->value);
		json_text("module",
			  symbol->module && symbol->module->address ? symbol->module->name : NULL);
	}
	json_text("stack", frame->from_user ? "user" : stacks[frame->stack]);
	json_text("source", sources[frame->source]);
	if (frame->has_regs) {
		if (frame->regs_address)
			json_address("registers_at", frame->regs_address);
		btjson_registers(&frame->regs, frame->partial_regs);
	}
	if (wish->lines && !frame->from_user)
		btjson_source_lines(frame->pc - !frame->has_regs);
	if ((wish->arguments || wish->locals) && !frame->from_user)
		put_variables(trace, frame, wish);
	if (wish->words && !frame->from_user)
		put_frame_words(trace, index);
	json_end();
}

/* Every word of the stack, or those that are text addresses. */
static void put_stack_words(const struct stack_trace *trace, bool only_text, u64 from)
{
	json_list("words");
	for (u64 at = from & ~7ULL; at < stack_end(trace->task); at += sizeof(u64)) {
		u64 word;

		interrupt_check();
		if (!mem_try_u64(at, &word, NULL) || (only_text && !address_is_text(word)))
			continue;
		json_object(NULL);
		json_address("at", at);
		json_address("word", word);
		jsonshow_symbol("symbol", word);
		json_end();
	}
	json_end();
}

void btjson_trace(const struct stack_trace *trace, const struct btjson_wish *wish)
{
	u64 from = trace->task->stack;

	if (wish->text_words && !wish->all_words && trace->nr_frames &&
	    trace->frames[0].stack == STACK_TASK)
		from = trace->frames[0].sp;
	json_object(NULL);
	jsonshow_task(trace->task);
	json_text("state", task_state_text(trace->task));
	json_text("start", starts[trace->start]);
	json_bool("complete", trace->complete);
	json_text("problem", trace->complete ? NULL : trace->problem);
	if (wish->text_words || wish->all_words) {
		put_stack_words(trace, wish->text_words, from);
	} else {
		json_list("frames");
		for (size_t i = 0; i < trace->nr_frames; i++)
			put_frame(trace, i, wish);
		json_end();
	}
	json_end();
}
