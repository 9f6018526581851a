/* btshow.c - L6: prints a stack trace as bt does: frames, registers, raw words, text symbols. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "btshow.h"

#include "btjson.h"
#include "fail.h"
#include "gdb_bridge.h"
#include "json.h"
#include "memory.h"
#include "out.h"
#include "slab.h"
#include "tracelines.h"

#include <ctype.h>
#include <stdio.h>

typedef unsigned long long ull;

static void show_registers(const struct frame *frame)
{
	const struct x86_regs *r = &frame->regs;

	out("    RIP: %016llx  RSP: %016llx  RFLAGS: %08llx\n", (ull)r->ip, (ull)r->sp,
	    (ull)r->flags);
	if (!frame->partial_regs) {
		out("    RAX: %016llx  RBX: %016llx  RCX: %016llx\n", (ull)r->ax, (ull)r->bx,
		    (ull)r->cx);
		out("    RDX: %016llx  RSI: %016llx  RDI: %016llx\n", (ull)r->dx, (ull)r->si,
		    (ull)r->di);
		out("    RBP: %016llx   R8: %016llx   R9: %016llx\n", (ull)r->bp, (ull)r->r8,
		    (ull)r->r9);
		out("    R10: %016llx  R11: %016llx  R12: %016llx\n", (ull)r->r10, (ull)r->r11,
		    (ull)r->r12);
		out("    R13: %016llx  R14: %016llx  R15: %016llx\n", (ull)r->r13, (ull)r->r14,
		    (ull)r->r15);
	}
	out("    ORIG_RAX: %016llx  CS: %04llx  SS: %04llx\n", (ull)r->orig_ax, (ull)r->cs,
	    (ull)r->ss);
}

/* A return address may be the first byte after its function: the symbol is that of the call. */
static const struct symbol *frame_symbol(const struct frame *frame, u64 *offset)
{
	const struct symbol *symbol = symbol_at(frame->pc - !frame->has_regs, offset);

	if (symbol)
		*offset = frame->pc - symbol->value;
	return symbol;
}

static const char *function_text(const struct frame *frame, bool with_offset, bool hex)
{
	u64 offset = 0;
	const struct symbol *symbol = frame_symbol(frame, &offset);
	const char *module;

	if (!symbol)
		return "(unknown)";
	module = symbol->module && symbol->module->address
			 ? scope_printf(" [%s]", symbol->module->name)
			 : "";
	if (!with_offset)
		return scope_printf("%s%s", symbol->name, module);
	return scope_printf(hex ? "%s+0x%llx%s" : "%s+%llu%s", symbol->name, (ull)offset, module);
}

/* The line of the call, not of the instruction that it returns to. */
static void show_line(const struct frame *frame)
{
	struct strbuf text = { 0 };

	if (tracelines_add(frame->pc - !frame->has_regs, &text))
		out_text(strbuf_text(&text));
	strbuf_free(&text);
}

/* --args, --locals */
static void show_variables(const struct stack_trace *trace, const struct frame *frame,
			   const struct btshow_style *style)
{
	struct strbuf text = { 0 }, why = { 0 };
	struct gdb_frame_place place = {
		.id = trace->task->address,
		.pid = trace->task->pid,
		.pc = frame->pc,
		/* gdb's stack pointer is behind the return address. */
		.sp = frame->has_regs ? frame->sp : frame->sp + sizeof(u64),
	};
	char *line, *rest;

	if ((!style->arguments && !style->locals) || frame->from_user)
		return;
	if (!gdb_frame_variables(&place, style->arguments, style->locals, &text, &why))
		strbuf_printf(&text, "(no variables: %s)", strbuf_text(&why));
	rest = scope_strdup(strbuf_text(&text));
	strbuf_free(&text);
	strbuf_free(&why);
	while ((line = strsep(&rest, "\n"))) {
		if (*line)
			out("    %s\n", line);
	}
}

/* How words are shown; above WORDS_AS_SYMBOLS slab objects have the names of their caches. */
enum { WORDS_PLAIN, WORDS_AS_SYMBOLS, WORDS_WITH_CACHES, WORDS_WITH_OBJECTS };

static void show_word(u64 word, unsigned style)
{
	char cache[64], text[160];
	u64 offset;
	const struct symbol *symbol = style != WORDS_PLAIN ? symbol_at(word, &offset) : NULL;

	if (symbol) {
		snprintf(text, sizeof(text), offset ? "%s+%llu" : "%s", symbol->name, (ull)offset);
		out("%-16s ", text);
	} else if (style > WORDS_AS_SYMBOLS && slab_cache_of(word, cache, sizeof(cache))) {
		if (style == WORDS_WITH_OBJECTS)
			snprintf(text, sizeof(text), "[%llx:%s]", (ull)word, cache);
		else
			snprintf(text, sizeof(text), "[%s]", cache);
		out("%-16s ", text);
	} else {
		out("%016llx ", (ull)word);
	}
}

/* Words of [first, last], two a line. */
static void show_words(u64 first, u64 last, const char *indent, const char *colon, unsigned style)
{
	struct fault fault;
	u64 address, word;

	for (address = first; address <= last; address += 8) {
		if ((address - first) % 16 == 0)
			out("%s%s%016llx%s", address == first ? "" : "\n", indent, (ull)address,
			    colon);
		if (!mem_try_u64(address, &word, &fault)) {
			out("%s", fault_text(&fault));
			break;
		}
		show_word(word, style);
	}
	out("\n");
}

static u64 stack_end(const struct stack_trace *trace)
{
	return trace->task->stack + stack_size();
}

/* A frame's words reach up to the next return address on the same stack. */
static void show_frame_words(const struct stack_trace *trace, size_t index,
			     const struct btshow_style *style)
{
	const struct frame *frame = &trace->frames[index], *next = frame + 1;
	u64 first = frame->has_regs && index == 0 ? frame->sp : frame->sp + 8, last;

	if (index + 1 < trace->nr_frames && !next->has_regs && next->stack == frame->stack)
		last = next->sp;
	else if (index + 1 < trace->nr_frames && next->has_regs)
		/* The registers of user space follow in full: their words would say them twice. */
		last = next->regs_address + (next->from_user ? 0 : sizeof(struct x86_regs)) - 8;
	else
		last = frame->stack == STACK_TASK ? stack_end(trace) - 8 : first;
	if (last >= first && last - first < stack_size())
		show_words(first, last, "    ", ": ",
			   style->symbolic ? WORDS_AS_SYMBOLS + style->symbolic : WORDS_PLAIN);
}

static const char *source_mark(const struct frame *frame)
{
	return frame->source == FRAME_GUESS ? "? " : "";
}

static void show_interrupted(const struct frame *frame, const struct btshow_style *style)
{
	u64 offset;

	if (frame->from_user)
		return;
	if (symbol_at(frame->pc, &offset))
		out("    [exception RIP: %s%s]\n", source_mark(frame),
		    function_text(frame, true, style->hex_offsets));
	else
		out("    [exception RIP: unknown or invalid address]\n");
}

static const char *source_name(const struct frame *frame)
{
	static const char *const names[] = {
		[FRAME_REGISTERS] = "registers",   [FRAME_ORC] = "ORC",	    [FRAME_CFI] = "DWARF",
		[FRAME_POINTER] = "frame pointer", [FRAME_GUESS] = "guess",
	};

	return names[frame->source];
}

static const char *start_name(enum stack_start start)
{
	static const char *const names[] = {
		[START_SLEEPING] = "where the scheduler switched away from the task",
		[START_CRASH_NOTES] = "the registers that the crashing kernel saved for its CPU",
		[START_DUMP_NOTES] = "the registers in the dump's notes",
		[START_NO_STACK] = "no stack",
		[START_UNKNOWN] = "unknown",
		[START_RUNNING] = "running now",
	};

	return names[start];
}

void btshow_trace(const struct stack_trace *trace, const struct btshow_style *style)
{
	enum stack_kind stack = trace->nr_frames ? trace->frames[0].stack : STACK_TASK;
	unsigned number = 0;
	size_t i;

	if (style->sources)
		out("    start: %s\n", start_name(trace->start));

	if (trace->start == START_NO_STACK)
		out("(no stack)\n");
	if (trace->start == START_RUNNING)
		out("(active)\n");
	for (i = 0; i < trace->nr_frames; i++) {
		const struct frame *frame = &trace->frames[i];
		bool exception = frame->has_regs && (i > 0 || frame->from_user);

		interrupt_check();
		if (i == trace->nr_sure)
			out("bt: unwinding stopped here: %s; what follows is a guess\n",
			    trace->problem ? trace->problem : "unknown reason");
		if (!exception) {
			if (stack != frame->stack && stack != STACK_TASK)
				out("--- <%s stack> ---\n", stack_kind_name(stack));
			stack = frame->stack;
			out("%s#%u [%016llx] %s%s at %016llx%s\n", number < 10 ? " " : "", number,
			    (ull)frame->sp, source_mark(frame),
			    function_text(frame, style->offsets, style->hex_offsets),
			    (ull)frame->pc,
			    style->sources ? scope_printf("  <%s>", source_name(frame)) : "");
			number++;
			if (style->lines)
				show_line(frame);
		} else {
			show_interrupted(frame, style);
			show_registers(frame);
			if (style->lines && !frame->from_user)
				show_line(frame);
		}
		show_variables(trace, frame, style);
		if (style->words && !frame->from_user && !exception)
			show_frame_words(trace, i, style);
	}
	if (!trace->complete && trace->nr_frames == trace->nr_sure)
		out("bt: unwinding stopped here: %s\n",
		    trace->problem ? trace->problem : "unknown reason");
}

void btshow_exception_frames(const struct stack_trace *trace)
{
	size_t i;

	for (i = 0; i < trace->nr_frames; i++) {
		const struct frame *frame = &trace->frames[i];

		if (!frame->has_regs || !frame->regs_address)
			continue;
		out("\n  %s-MODE EXCEPTION FRAME AT: %llx\n", frame->from_user ? "USER" : "KERNEL",
		    (ull)frame->regs_address);
		show_registers(frame);
	}
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

static void show_found_registers(u64 address, const struct x86_regs *regs)
{
	static const struct btshow_style plain;
	struct frame frame = { .pc = regs->ip,
			       .sp = regs->sp,
			       .has_regs = true,
			       .from_user = regs->cs & 3,
			       .regs = *regs };

	out("\n  %s-MODE EXCEPTION FRAME AT: %llx\n", frame.from_user ? "USER" : "KERNEL",
	    (ull)address);
	show_interrupted(&frame, &plain);
	show_registers(&frame);
}

/* As crash writes it in this list: "IRQ", "NMI EXCEPTION". */
static const char *stack_title(enum stack_kind kind)
{
	char *title = scope_strdup(stack_kind_name(kind));

	for (char *p = title; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return title;
}

bool btshow_special_stack(unsigned cpu, enum stack_kind kind)
{
	struct address_range range;
	struct x86_regs regs;
	bool found = false;

	/* Kernels that may run as encrypted guests set a stack aside for #VC, and map it only in one. */
	if (!stack_special(cpu, kind, &range) ||
	    (kind == STACK_VC && !mem_try_read(range.end - 8, &regs, 8, NULL)))
		return false;
	if (!json_on())
		out("CPU %u %s STACK:\n", cpu, stack_title(kind));
	for (u64 at = range.start; at + sizeof(regs) <= range.end; at += 8) {
		interrupt_check();
		if (!mem_try_read(at, &regs, sizeof(regs), NULL) || !looks_like_registers(&regs))
			continue;
		if (json_on())
			btjson_found_registers(cpu, kind, at, &regs);
		else
			show_found_registers(at, &regs);
		found = true;
	}
	if (!json_on())
		out(found ? "\n" : "(none found)\n\n");
	return true;
}

void btshow_text_words(const struct stack_trace *trace, bool whole_stack)
{
	static const struct btshow_style plain;
	u64 address = trace->task->stack, word, offset;
	const struct symbol *symbol;

	if (!whole_stack && trace->nr_frames) {
		const struct frame *first = &trace->frames[0];

		out("              START: %s at %llx\n", function_text(first, plain.offsets, false),
		    (ull)first->pc);
		if (first->stack == STACK_TASK)
			address = first->sp;
	}
	for (address &= ~7ULL; address < stack_end(trace); address += 8) {
		interrupt_check();
		if (!mem_try_u64(address, &word, NULL) || !address_is_text(word))
			continue;
		symbol = symbol_at(word, &offset);
		if (symbol)
			out("  [%016llx] %s at %016llx\n", (ull)address, symbol->name, (ull)word);
	}
	if (trace->nr_frames && trace->frames[trace->nr_frames - 1].from_user)
		show_registers(&trace->frames[trace->nr_frames - 1]);
}

void btshow_raw(const struct stack_trace *trace)
{
	show_words(trace->task->stack, stack_end(trace) - 8, "", ":  ", WORDS_AS_SYMBOLS);
}
