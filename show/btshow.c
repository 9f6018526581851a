/* show/btshow.c - prints a stack trace as bt does: frames, registers, raw words, text symbols. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/btshow.h"

#include "base/fail.h"
#include "base/out.h"
#include "kernel/mm/slab.h"
#include "memory.h"
#include "show/tracelines.h"

#include <ctype.h>
#include <stdio.h>

static void show_general_registers(const struct x86_regs *r)
{
	out("    RAX: %016llx  RBX: %016llx  RCX: %016llx\n", r->ax, r->bx, r->cx);
	out("    RDX: %016llx  RSI: %016llx  RDI: %016llx\n", r->dx, r->si, r->di);
	out("    RBP: %016llx   R8: %016llx   R9: %016llx\n", r->bp, r->r8, r->r9);
	out("    R10: %016llx  R11: %016llx  R12: %016llx\n", r->r10, r->r11, r->r12);
	out("    R13: %016llx  R14: %016llx  R15: %016llx\n", r->r13, r->r14, r->r15);
}

static void show_registers(const struct frame *frame)
{
	const struct x86_regs *r = &frame->regs;

	out("    RIP: %016llx  RSP: %016llx  RFLAGS: %08llx\n", r->ip, r->sp, r->flags);
	if (!frame->partial_regs)
		show_general_registers(r);
	out("    ORIG_RAX: %016llx  CS: %04llx  SS: %04llx\n", r->orig_ax, r->cs, r->ss);
}

static const char *function_text(const struct frame *frame, bool with_offset, bool hex)
{
	u64 offset = 0;
	const struct symbol *symbol = btwalk_symbol(frame, &offset);

	if (!symbol)
		return "(unknown)";
	if (!with_offset)
		return symbol->name;
	return scope_printf(hex ? "%s+0x%llx" : "%s+%llu", symbol->name, offset);
}

/* " [module]" behind the address, or nothing. */
static const char *module_text(const struct symbol *symbol)
{
	return symbol && symbol->module && symbol->module->address
		       ? scope_printf(" [%s]", symbol->module->name)
		       : "";
}

static const char *frame_module(const struct frame *frame)
{
	u64 offset;

	return module_text(btwalk_symbol(frame, &offset));
}

/*
 * The line of the call, not of the instruction that it returns to; and those of
 * functions inline there.
 */
static char *frame_lines(const struct frame *frame)
{
	struct strbuf text = { 0 };
	char *lines;

	tracelines_add(frame->pc - !frame->has_regs, &text);
	lines = scope_strdup(strbuf_text(&text));
	strbuf_free(&text);
	return lines;
}

/* As gdb writes them, those of functions inline here below a line with the function's name. */
static char *frame_variables(const struct stack_trace *trace, const struct frame *frame,
			     const struct bt_style *style)
{
	struct strbuf text = { 0 }, why = { 0 };
	char *variables;

	if (!btwalk_variables(trace, frame, style, &text, &why))
		strbuf_printf(&text, "(no variables: %s)\n", strbuf_text(&why));
	variables = scope_strdup(strbuf_text(&text));
	strbuf_free(&text);
	strbuf_free(&why);
	return variables;
}

/*
 * Does LINE, " (inlined) NAME at FILE: LINE", name the same function as
 * VARIABLES, "(inlined) NAME"?
 */
static bool same_function(const char *line, const char *variables)
{
	size_t length = strlen(variables);

	line += strspn(line, " ");
	return strncmp(line, variables, length) == 0 && line[length] == ' ';
}

/*
 * -l, --args, --locals: a function that is inline here is named once, with its place
 * and its variables.
 */
static void show_source(const struct stack_trace *trace, const struct frame *frame,
			const struct bt_style *style)
{
	char *lines = style->lines ? frame_lines(frame) : NULL, *variables = NULL, *line, *inlined;

	if (frame->from_user)
		return;
	if (style->arguments || style->locals)
		variables = frame_variables(trace, frame, style);
	if (!variables) {
		out_text(lines ? lines : "");
		return;
	}
	if ((line = strsep(&lines, "\n")) && *line)
		out("%s\n", line);
	inlined = strsep(&lines, "\n");
	while ((line = strsep(&variables, "\n"))) {
		if (inlined && same_function(inlined, line)) {
			out("%s\n", inlined);
			inlined = strsep(&lines, "\n");
		} else if (*line) {
			out("    %s\n", line);
		}
	}
	for (; inlined && *inlined; inlined = strsep(&lines, "\n"))
		out("%s\n", inlined);
}

static void show_word(u64 word, unsigned style)
{
	char cache[64], text[160];
	u64 offset;
	const struct symbol *symbol = style != WORDS_PLAIN ? symbol_at(word, &offset) : NULL;

	if (symbol) {
		snprintf(text, sizeof(text), offset ? "%s+%llu" : "%s", symbol->name, offset);
		out("%-16s ", text);
	} else if (style > WORDS_AS_SYMBOLS && slab_cache_of(word, cache, sizeof(cache))) {
		if (style == WORDS_WITH_OBJECTS)
			snprintf(text, sizeof(text), "[%llx:%s]", word, cache);
		else
			snprintf(text, sizeof(text), "[%s]", cache);
		out("%-16s ", text);
	} else {
		out("%016llx ", word);
	}
}

/* Words of [first, last], two a line. */
static void show_words(u64 first, u64 last, const char *indent, const char *colon, unsigned style)
{
	struct fault fault;
	u64 address, word;

	for (address = first; address <= last; address += 8) {
		if ((address - first) % 16 == 0)
			out("%s%s%016llx%s", address == first ? "" : "\n", indent, address, colon);
		if (!mem_try_u64(address, &word, &fault)) {
			out("%s", fault_text(&fault));
			break;
		}
		show_word(word, style);
	}
	out("\n");
}

static void show_frame_words(const struct stack_trace *trace, size_t index,
			     const struct bt_style *style)
{
	struct address_range range = btwalk_frame_words(trace, index);

	if (style->words && range.end)
		show_words(range.start, range.end - 8, "    ", ": ", btwalk_detail(style));
}

static const char *source_mark(const struct frame *frame)
{
	return frame->source == FRAME_GUESS ? "? " : "";
}

static void show_interrupted(const struct frame *frame, const struct bt_style *style)
{
	u64 offset;

	if (frame->from_user)
		return;
	if (symbol_at(frame->pc, &offset))
		out("    [exception RIP: %s%s]%s\n", source_mark(frame),
		    function_text(frame, true, style->hex_offsets), frame_module(frame));
	else
		out("    [exception RIP: unknown or invalid address]\n");
}

static const char *source_name(const struct frame *frame)
{
	static const char *const names[] = {
		[FRAME_REGISTERS] = "registers",
		[FRAME_ORC] = "ORC",
		[FRAME_CFI] = "DWARF",
		[FRAME_POINTER] = "frame pointer",
		[FRAME_GUESS] = "guess",
		[FRAME_FOUND] = "found: leads to the saved registers",
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

static void show_line(const struct frame *frame, const struct btwalk_line *line,
		      const struct bt_style *style)
{
	if (line->leaves)
		out("--- <%s stack> ---\n", stack_kind_name(line->left));
	out("%s#%u [%016llx] %s%s at %016llx%s%s\n", line->number < 10 ? " " : "", line->number,
	    frame->sp, source_mark(frame), function_text(frame, style->offsets, style->hex_offsets),
	    frame->pc, frame_module(frame),
	    style->sources ? scope_printf("  <%s>", source_name(frame)) : "");
}

static void show_frame(const struct stack_trace *trace, size_t index, const struct bt_style *style,
		       struct btwalk_lines *lines)
{
	const struct frame *frame = &trace->frames[index];
	struct btwalk_line line;

	if (btwalk_is_exception(trace, index)) {
		show_interrupted(frame, style);
		show_registers(frame);
	}
	if (btwalk_line(trace, index, lines, &line)) {
		show_line(frame, &line, style);
		show_source(trace, frame, style);
		show_frame_words(trace, index, style);
	} else if (!frame->from_user) {
		show_frame_words(trace, index, style);
		show_source(trace, frame, style);
	}
}

void btshow_trace(const struct stack_trace *trace, const struct bt_style *style)
{
	struct btwalk_lines lines = { 0 };

	if (style->sources)
		out("    start: %s\n", start_name(trace->start));
	if (trace->start == START_NO_STACK)
		out("(no stack)\n");
	if (trace->start == START_RUNNING)
		out("(active)\n");
	for (size_t i = 0; i < trace->nr_frames; i++) {
		interrupt_check();
		if (i == trace->nr_sure)
			out("bt: unwinding stopped here: %s; what follows is a guess\n",
			    trace->problem ? trace->problem : "unknown reason");
		show_frame(trace, i, style, &lines);
	}
	if (!trace->complete && trace->nr_frames == trace->nr_sure)
		out("bt: unwinding stopped here: %s\n",
		    trace->problem ? trace->problem : "unknown reason");
}

void btshow_exception_frames(const struct stack_trace *trace)
{
	static const struct bt_style plain;

	for (size_t i = 0; i < trace->nr_frames; i++) {
		const struct frame *frame = &trace->frames[i];

		if (!frame->has_regs || !frame->regs_address)
			continue;
		out("\n  %s-MODE EXCEPTION FRAME AT: %llx\n", frame->from_user ? "USER" : "KERNEL",
		    frame->regs_address);
		show_interrupted(frame, &plain);
		show_registers(frame);
	}
}

static void show_found_registers(u64 address, const struct x86_regs *regs)
{
	static const struct bt_style plain;
	struct frame frame = { .pc = regs->ip,
			       .sp = regs->sp,
			       .has_regs = true,
			       .from_user = regs->cs & 3,
			       .regs = *regs };

	out("\n  %s-MODE EXCEPTION FRAME AT: %llx\n", frame.from_user ? "USER" : "KERNEL", address);
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

static void begin_special_stack(unsigned cpu, enum stack_kind kind)
{
	out("CPU %u %s STACK:\n", cpu, stack_title(kind));
}

static void end_special_stack(bool found)
{
	out(found ? "\n" : "(none found)\n\n");
}

const struct btwalk_writer btshow_special_stack = {
	.begin = begin_special_stack,
	.put = show_found_registers,
	.end = end_special_stack,
};

static void show_text_words(u64 start, u64 end)
{
	const struct symbol *symbol;
	u64 word;

	for (u64 at = start; btwalk_text_word(&at, end, &word, &symbol); at += 8)
		out("  [%016llx] %s at %016llx%s\n", at, symbol->name, word, module_text(symbol));
}

/* From the first frame up, on each stack that the trace goes through. */
static void show_live_text_words(const struct stack_trace *trace)
{
	static const struct bt_style plain;
	struct btwalk_part part = { 0 };
	enum stack_kind left = trace->frames[0].stack;

	while (btwalk_next_part(trace, &part)) {
		if (part.stack != left)
			out("--- <%s stack> ---\n", stack_kind_name(left));
		left = part.stack;
		show_text_words(part.start, part.end);
		if (!part.saved)
			continue;
		show_interrupted(part.saved, &plain);
		show_registers(part.saved);
	}
}

void btshow_text_words(const struct stack_trace *trace, bool whole_stack)
{
	if (trace->start == START_NO_STACK) {
		out("(no stack)\n");
		return;
	}
	if (!whole_stack && trace->nr_frames && !trace->frames[0].from_user) {
		const struct frame *first = &trace->frames[0];

		out("              START: %s at %llx%s\n", function_text(first, false, false),
		    first->pc, frame_module(first));
		show_live_text_words(trace);
	} else {
		show_text_words(trace->task->stack, stack_end(trace->task));
	}
	if (trace->nr_frames && trace->frames[trace->nr_frames - 1].from_user)
		show_registers(&trace->frames[trace->nr_frames - 1]);
}

void btshow_raw(const struct stack_trace *trace)
{
	if (trace->start == START_NO_STACK)
		out("(no stack)\n");
	else
		show_words(trace->task->stack, stack_end(trace->task) - 8, "", ":  ",
			   WORDS_AS_SYMBOLS);
}
