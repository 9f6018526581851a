/* shell/line.c - cuts command lines into commands, and a command into its words, pipe and redirections. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/line.h"

#include "base/fail.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>

#define SHOWN_BEFORE 40 /* bytes of a line, in front of what is wrong */

const char *line_skip_blanks(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

bool line_is_comment(const char *line)
{
	return !*line || *line == '#' || starts_with(line, "//");
}

static char *trimmed(const char *text, size_t length)
{
	char *copy;

	while (length && isspace((unsigned char)*text)) {
		text++;
		length--;
	}
	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	copy = scope_alloc(length + 1);
	memcpy(copy, text, length);
	return copy;
}

const char *line_first_word(const char *line, char *word, size_t space)
{
	size_t length = strcspn(line, " \t\n\v\f\r");

	snprintf(word, space, "%.*s", length < space ? (int)length : 0, line);
	return line_skip_blanks(line + length);
}

static const struct lookalike {
	u32 first, last; /* code points */
	const char *name, *instead;
} lookalikes[] = {
	{ 0xa0, 0xa0, "a no-break space", "type a blank" },
	{ 0xab, 0xab, "a typographic quote", "type \"" },
	{ 0xad, 0xad, "an invisible hyphen", "delete it" },
	{ 0xbb, 0xbb, "a typographic quote", "type \"" },
	{ 0x2000, 0x200a, "a typographic space", "type a blank" },
	{ 0x200b, 0x200f, "an invisible sign", "delete it" },
	{ 0x2010, 0x2015, "a typographic dash", "type -" },
	{ 0x2018, 0x201b, "a typographic quote", "type '" },
	{ 0x201c, 0x201f, "a typographic quote", "type \"" },
	{ 0x2028, 0x202e, "an invisible sign", "delete it" },
	{ 0x202f, 0x202f, "a no-break space", "type a blank" },
	{ 0x2032, 0x2032, "a typographic quote", "type '" },
	{ 0x2033, 0x2033, "a typographic quote", "type \"" },
	{ 0x2060, 0x2064, "an invisible sign", "delete it" },
	{ 0x2212, 0x2212, "a typographic minus", "type -" },
	{ 0x3000, 0x3000, "a typographic space", "type a blank" },
	{ 0xfeff, 0xfeff, "an invisible sign", "delete it" },
};

/* The code point of a sequence that utf8_length() found. */
static u32 code_point(const char *text, size_t length)
{
	u32 value = (u8)*text & (0xffu >> (length + 1));

	for (size_t i = 1; i < length; i++)
		value = value << 6 | ((u8)text[i] & 0x3f);
	return value;
}

static noreturn void refuse_lookalike(const char *line, const char *place, u32 value,
				      const struct lookalike *sign)
{
	const char *before = trimmed(line, place - line);
	size_t length = strlen(before);

	if (length > SHOWN_BEFORE)
		before += length - SHOWN_BEFORE;
	while ((*before & 0xc0) == 0x80)
		before++;
	if (!*before)
		fail("the line begins with %s (U+%04X), as text from a web page may: %s",
		     sign->name, value, sign->instead);
	fail("behind \"%s\" stands %s (U+%04X), as in text from a web page: %s", before, sign->name,
	     value, sign->instead);
}

void line_check_signs(const char *line)
{
	const char *p = line;

	while (*p) {
		const char *close = *p == '"' || *p == '\'' ? strchr(p + 1, *p) : NULL;
		size_t length = *p & 0x80 ? utf8_length(p, strnlen(p, 4)) : 0;
		u32 value = length ? code_point(p, length) : 0;

		for (size_t i = 0; value && i < ARRAY_SIZE(lookalikes); i++) {
			if (value >= lookalikes[i].first && value <= lookalikes[i].last)
				refuse_lookalike(line, p, value, &lookalikes[i]);
		}
		p = close ? close + 1 : p + (length ? length : 1);
	}
}

/* Is there a sign at P that ends a piece? START is where the piece began. */
static bool is_sign(const char *p, const char *start)
{
	if (*p == '|' || *p == '<' || *p == ';')
		return true;
	if (*p == '>') /* "->" is a member in C */
		return p == start || p[-1] != '-';
	return *p == '!' && p > start && isspace((unsigned char)p[-1]) &&
	       isspace((unsigned char)p[1]);
}

/* How far LINE's first piece reaches: to one of SIGNS outside quotes and parentheses. */
static size_t piece_length(const char *line, const char *signs)
{
	const char *p;
	int open = 0;

	for (p = line; *p; p++) {
		const char *close = *p == '"' || *p == '\'' ? strchr(p + 1, *p) : NULL;

		if (close)
			p = close;
		else if (*p == '(')
			open++;
		else if (*p == ')' && open)
			open--;
		else if (open)
			continue;
		else if (*p == '<' && p[1] == '<') /* a shift */
			p++;
		else if (is_sign(p, line) && strchr(signs, *p))
			break;
	}
	return p - line;
}

size_t line_command_length(const char *line)
{
	size_t length = piece_length(line, "|!;");

	return line[length] == ';' ? length : strlen(line);
}

char *line_unquoted(const char *text)
{
	char *copy = scope_alloc(strlen(text) + 1), *end = copy;

	while (*text) {
		const char *close = *text == '"' || *text == '\'' ? strchr(text + 1, *text) : NULL;
		size_t length = close ? (size_t)(close - text - 1) : 1;

		text += close != NULL;
		memcpy(end, text, length);
		end += length;
		text += length + (close != NULL);
	}
	*end = '\0';
	return copy;
}

/* All of it is one name, as crash has it, with the blanks in it. */
static char *file_name(const char *text, size_t length)
{
	const char *typed = trimmed(text, length);
	char *name = line_unquoted(typed);

	if (!*name)
		fail("a file name is missing after the redirection");
	if (starts_with(typed, "~/") && getenv("HOME"))
		return scope_printf("%s%s", getenv("HOME"), name + 1);
	return name;
}

void line_parse(const char *line, struct line_parts *parts)
{
	size_t length = piece_length(line, "|<>!");

	*parts = (struct line_parts){ .command = trimmed(line, length) };
	line += length;
	while (*line) {
		char sign = *line++;

		if (sign == '|' || sign == '!') {
			parts->pipeline = trimmed(line, strlen(line));
			if (!*parts->pipeline)
				fail("a command is missing after \"%c\"", sign);
			return;
		}
		if (sign == '>' && *line == '>') {
			parts->append = true;
			line++;
		}
		length = piece_length(line, "|<>!");
		if (sign == '<')
			parts->input = file_name(line, length);
		else
			parts->output = file_name(line, length);
		line += length;
	}
}
