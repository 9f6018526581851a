/* line.c - cuts command lines into commands, and a command into its words, pipe and redirections. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "line.h"

#include "fail.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

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

static char *file_name(const char *text, size_t length)
{
	char *name = trimmed(text, length);
	size_t bytes = strlen(name);

	if (!bytes)
		fail("a file name is missing after the redirection");
	if (bytes > 1 && *name == '"' && name[bytes - 1] == '"')
		return trimmed(name + 1, bytes - 2);
	if (strpbrk(name, " \t"))
		fail("\"%s\" is more than one file name; one with blanks is put in double quotes",
		     name);
	if (starts_with(name, "~/") && getenv("HOME"))
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
