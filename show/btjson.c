/* show/btjson.c - stack traces as JSON, an object a task. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/btjson.h"

#include "base/fail.h"
#include "base/json.h"
#include "kernel/mm/slab.h"
#include "kernel/taskinfo.h"
#include "memory.h"
#include "show/jsonshow.h"
#include "show/tracelines.h"

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

static void begin_special_stack(unsigned cpu, enum stack_kind kind)
{
	json_object(NULL);
	json_number("cpu", cpu);
	json_text("stack", stacks[kind]);
	json_list("found");
}

static void put_found_registers(u64 address, const struct x86_regs *regs)
{
	json_object(NULL);
	json_address("at", address);
	jsonshow_symbol("rip_symbol", regs->ip);
	btjson_registers(regs, false);
	json_end();
}

static void end_special_stack(UNUSED bool found)
{
	json_end();
	json_end();
}

const struct btwalk_writer btjson_special_stack = {
	.begin = begin_special_stack,
	.put = put_found_registers,
	.end = end_special_stack,
};

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
			  const struct bt_style *style)
{
	struct strbuf *text = scope_strbuf(), *why = scope_strbuf();

	if (btwalk_variables(trace, frame, style, text, why))
		put_lines("variables", scope_strdup(strbuf_text(text)));
	else
		json_text("variables_error", strbuf_text(why));
}

static void put_module(const struct symbol *symbol)
{
	json_text("module",
		  symbol->module && symbol->module->address ? symbol->module->name : NULL);
}

static void put_word(u64 at, u64 word, unsigned detail)
{
	char cache[64];

	json_object(NULL);
	json_address("at", at);
	json_address("word", word);
	if (detail != WORDS_PLAIN)
		jsonshow_symbol("symbol", word);
	if (detail >= WORDS_WITH_CACHES && !symbol_at(word, NULL) &&
	    slab_cache_of(word, cache, sizeof(cache)))
		json_text("cache", cache);
	json_end();
}

/* [FIRST, END) up to the first word that cannot be read. */
static void put_words(u64 first, u64 end, unsigned detail)
{
	struct fault fault;
	u64 word;

	json_list("words");
	for (u64 at = first; at < end; at += sizeof(u64)) {
		interrupt_check();
		if (mem_try_u64(at, &word, &fault)) {
			put_word(at, word, detail);
			continue;
		}
		json_object(NULL);
		json_address("at", at);
		json_text("error", fault_text(&fault));
		json_end();
		break;
	}
	json_end();
}

/* LINE: of readers, NULL: it has none. */
static void put_frame(const struct stack_trace *trace, size_t index, const struct btwalk_line *line,
		      const struct bt_style *style)
{
	const struct frame *frame = &trace->frames[index];
	u64 offset = 0;
	const struct symbol *symbol = frame->from_user ? NULL : btwalk_symbol(frame, &offset);

	json_object(NULL);
	json_number("level", index);
	if (line)
		json_number("number", line->number);
	if (line && line->leaves)
		json_text("left", stacks[line->left]);
	json_address("pc", frame->pc);
	json_address("sp", frame->sp);
	json_text("function", symbol ? symbol->name : NULL);
	if (symbol) {
		json_number("offset", offset);
		put_module(symbol);
	}
	json_text("stack", frame->from_user ? "user" : stacks[frame->stack]);
	json_text("source", sources[frame->source]);
	if (frame->has_regs) {
		if (frame->regs_address)
			json_address("registers_at", frame->regs_address);
		btjson_registers(&frame->regs, frame->partial_regs);
	}
	if (style->lines && !frame->from_user)
		btjson_source_lines(frame->pc - !frame->has_regs);
	if ((style->arguments || style->locals) && !frame->from_user)
		put_variables(trace, frame, style);
	if (style->words && !frame->from_user) {
		struct address_range range = btwalk_frame_words(trace, index);

		put_words(range.start, range.end, btwalk_detail(style));
	}
	json_end();
}

/* -t: the words of each stack, and the frames that the text shows among them. */
static void put_text_words(u64 start, u64 end, enum stack_kind stack)
{
	const struct symbol *symbol;
	u64 word;

	for (u64 at = start; btwalk_text_word(&at, end, &word, &symbol); at += sizeof(u64)) {
		json_object(NULL);
		json_address("at", at);
		json_address("word", word);
		jsonshow_symbol("symbol", word);
		put_module(symbol);
		json_text("stack", stacks[stack]);
		json_end();
	}
}

/*
 * The first frame, and those whose saved registers stand between the words of two stacks or
 * end the trace.
 */
static void put_frames_among_words(const struct stack_trace *trace, bool whole_stack)
{
	static const struct bt_style plain;
	const struct frame *frames = trace->frames, *last = frames + trace->nr_frames - 1;
	struct btwalk_part part = { 0 };

	json_list("frames");
	if (!whole_stack && trace->nr_frames && !frames->from_user) {
		put_frame(trace, 0, NULL, &plain);
		while (btwalk_next_part(trace, &part)) {
			if (part.saved)
				put_frame(trace, (size_t)(part.saved - frames), NULL, &plain);
		}
	}
	if (trace->nr_frames && last->from_user)
		put_frame(trace, trace->nr_frames - 1, NULL, &plain);
	json_end();
}

static void put_trace_text_words(const struct stack_trace *trace, bool whole_stack)
{
	struct btwalk_part part = { 0 };

	json_list("words");
	if (trace->start == START_NO_STACK) {
		json_end();
		return;
	}
	if (whole_stack || !trace->nr_frames || trace->frames[0].from_user) {
		put_text_words(trace->task->stack, stack_end(trace->task), STACK_TASK);
	} else {
		while (btwalk_next_part(trace, &part))
			put_text_words(part.start, part.end, part.stack);
	}
	json_end();
	put_frames_among_words(trace, whole_stack);
}

static void put_frames(const struct stack_trace *trace, const struct bt_style *style)
{
	struct btwalk_lines lines = { 0 };
	struct btwalk_line line;

	json_list("frames");
	for (size_t i = 0; i < trace->nr_frames; i++) {
		interrupt_check();
		put_frame(trace, i, btwalk_line(trace, i, &lines, &line) ? &line : NULL, style);
	}
	json_end();
}

static void put_exceptions(const struct stack_trace *trace, const struct bt_style *style)
{
	json_list("frames");
	for (size_t i = 0; i < trace->nr_frames; i++) {
		const struct frame *frame = &trace->frames[i];

		interrupt_check();
		if (frame->has_regs && frame->regs_address)
			put_frame(trace, i, NULL, style);
	}
	json_end();
}

void btjson_trace(const struct stack_trace *trace, enum btjson_form form,
		  const struct bt_style *style)
{
	u64 stack = trace->start == START_NO_STACK ? 0 : trace->task->stack;

	json_object(NULL);
	jsonshow_task(trace->task);
	json_text("state", task_state_text(trace->task));
	json_text("start", starts[trace->start]);
	json_bool("complete", trace->complete);
	json_text("problem", trace->complete ? NULL : trace->problem);
	if (form == BTJSON_WORDS)
		put_words(stack, stack ? stack_end(trace->task) : 0, WORDS_AS_SYMBOLS);
	else if (form == BTJSON_TEXT_WORDS || form == BTJSON_ALL_TEXT_WORDS)
		put_trace_text_words(trace, form == BTJSON_ALL_TEXT_WORDS);
	else if (form == BTJSON_EXCEPTIONS)
		put_exceptions(trace, style);
	else
		put_frames(trace, style);
	json_end();
}
