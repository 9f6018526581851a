/* show/tracelines.c - source lines and inlined functions of traces, in bt and in the log. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/tracelines.h"

#include "bridge/gdb_bridge.h"
#include "symbols.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* More levels than any function has: a damaged file may say anything. */
enum { MOST_INLINED = 64 };

static void add_inlined(u64 pc, const char *before, const char *colon, const char *after,
			struct strbuf *text)
{
	struct strbuf function = { 0 }, file = { 0 };
	u32 line;

	for (unsigned depth = 0;
	     depth < MOST_INLINED && gdb_inlined_at(pc, depth, &function, &file, &line); depth++) {
		strbuf_printf(text, "%s    (inlined) %s at %s%s%u%s", before,
			      strbuf_text(&function), strbuf_text(&file), colon, line, after);
		strbuf_reset(&function);
		strbuf_reset(&file);
	}
	strbuf_free(&function);
	strbuf_free(&file);
}

bool tracelines_add(u64 pc, struct strbuf *text)
{
	struct strbuf file = { 0 };
	u32 line;
	bool found = gdb_line_at(pc, &file, &line, NULL);

	if (found) {
		strbuf_printf(text, "    %s: %u\n", strbuf_text(&file), line);
		add_inlined(pc, "", ": ", "\n", text);
	}
	strbuf_free(&file);
	return found;
}

/* func+0x12/0x34 [module] */
struct trace_word {
	char function[512], module[64]; /* "": the kernel's */
	u64 offset, size;
	bool is_exact; /* not a return address */
};

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$';
}

/* "0x12" at *TEXT, which is moved behind it. */
static bool take_hex(const char **text, u64 *number)
{
	char *end;

	if (strncmp(*text, "0x", 2) != 0 || !isxdigit((unsigned char)(*text)[2]))
		return false;
	*number = strtoull(*text, &end, 16);
	*text = end;
	return true;
}

/* A build-id may follow the module's name inside the brackets. */
static bool parse_module(const char *text, struct trace_word *word)
{
	size_t length;

	word->module[0] = '\0';
	if (strncmp(text, " [", 2) != 0)
		return true;
	length = strcspn(text + 2, " ]");
	if (length == 0 || length >= sizeof(word->module) || !strchr(text + 2, ']'))
		return false;
	snprintf(word->module, sizeof(word->module), "%.*s", (int)length, text + 2);
	return true;
}

/* The place where the processor was, or that a warning names; no call that has yet to return. */
static bool names_exact_place(const char *text, const char *word)
{
	static const char *const signs[] = { "IP:", "WARNING:" };

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		const char *sign = strstr(text, signs[i]);

		if (sign && sign < word)
			return true;
	}
	return false;
}

static bool parse_line(const char *text, struct trace_word *word)
{
	for (const char *plus = strstr(text, "+0x"); plus; plus = strstr(plus + 1, "+0x")) {
		const char *start = plus, *rest = plus + 1;
		size_t length;

		while (start > text && is_name_byte(start[-1]))
			start--;
		length = (size_t)(plus - start);
		if (length == 0 || length >= sizeof(word->function) ||
		    !take_hex(&rest, &word->offset) || *rest++ != '/' ||
		    !take_hex(&rest, &word->size) || word->offset > word->size)
			continue;
		snprintf(word->function, sizeof(word->function), "%.*s", (int)length, start);
		/*
		 * The kernel looks return addresses up a byte below, so none is at a
		 * function's first byte.
		 */
		word->is_exact = word->offset == 0 || names_exact_place(text, start);
		return parse_module(rest, word);
	}
	return false;
}

/* As the kernel counts it: up to the next symbol of its table. */
static u64 size_in_kernel(const struct symbol *symbol)
{
	const struct symbol *next = symbol;

	do {
		next = symbol_after(next);
	} while (next && (next->hidden || next->value == symbol->value));
	return next ? next->value - symbol->value : 0;
}

static bool is_meant(const struct symbol *symbol, const struct trace_word *word)
{
	const char *module = symbol->module && symbol->module->address ? symbol->module->name : "";

	return !symbol->hidden && streq(module, word->module) && address_is_text(symbol->value) &&
	       (symbol->size == word->size || size_in_kernel(symbol) == word->size);
}

/* False: there is no such function, or two that cannot be told apart. */
static bool find_pc(const struct trace_word *word, u64 *pc)
{
	const struct symbol *found = NULL;

	for (const struct symbol *each = symbol_by_name(word->function); each;
	     each = symbol_next_same_name(each)) {
		if (!is_meant(each, word))
			continue;
		if (found && found->value != each->value)
			return false;
		found = each;
	}
	if (found)
		*pc = found->value + word->offset - !word->is_exact;
	return found;
}

void tracelines_decode(const char *message, size_t length, size_t indent, struct strbuf *text)
{
	char copy[2048], before[80];
	struct strbuf file = { 0 };
	struct trace_word word;
	u64 pc;
	u32 line;

	if (length >= sizeof(copy))
		return;
	snprintf(copy, sizeof(copy), "%.*s", (int)length, message);
	if (!parse_line(copy, &word) || !find_pc(&word, &pc))
		return;
	if (gdb_line_at(pc, &file, &line, NULL)) {
		strbuf_printf(text, " (%s:%u)", strbuf_text(&file), line);
		snprintf(before, sizeof(before), "\n%*s", (int)indent, "");
		add_inlined(pc, before, ":", "", text);
	}
	strbuf_free(&file);
}
