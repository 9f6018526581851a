/* shell/expression.c - evaluates addresses and arithmetic by recursive descent, without gdb. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/expression.h"

#include "shell/nearest.h"
#include "symbols.h"

#include <ctype.h>

#define DEPTH_MAX 100 /* nested parentheses and signs: an end to recursion on hostile input */

struct parser {
	const char *p;
	struct strbuf *why;
	unsigned depth;
	bool failed; /* the first problem is the one that is told */
};

static u64 parse_binary(struct parser *parser, unsigned min_precedence);

static u64 problem(struct parser *parser, const char *format, ...) PRINTF_LIKE(2, 3);

static u64 problem(struct parser *parser, const char *format, ...)
{
	va_list args;

	if (!parser->failed && parser->why) {
		va_start(args, format);
		strbuf_vprintf(parser->why, format, args);
		va_end(args);
	}
	parser->failed = true;
	return 0;
}

static void skip_blanks(struct parser *parser)
{
	while (isspace((unsigned char)*parser->p))
		parser->p++;
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$' || c == '@';
}

static u64 suffix_factor(char c)
{
	switch (tolower((unsigned char)c)) {
	case 'k':
		return 1ULL << 10;
	case 'm':
		return 1ULL << 20;
	case 'g':
		return 1ULL << 30;
	}
	return 0;
}

/* Decimal, or hex when 0x or a letter says so: "100", "0x100", "41dc065". */
static bool number_value(const char *word, u64 *value)
{
	bool decimal = word[strspn(word, "0123456789")] == '\0';

	return parse_u64(word, decimal ? 10 : 16, value);
}

static bool word_value(char *word, u64 *value)
{
	size_t length = strlen(word);
	const struct symbol *symbol = NULL;
	u64 factor;

	/* No name of C starts with a digit; asking for one would load the modules' symbols. */
	if (!isdigit((unsigned char)*word))
		symbol = symbol_by_source_name(word);
	if (symbol) {
		*value = symbol->value;
		return true;
	}
	if (number_value(word, value))
		return true;
	factor = suffix_factor(word[length - 1]);
	if (!factor || length < 2)
		return false;
	word[length - 1] = '\0';
	return number_value(word, value) && !__builtin_mul_overflow(*value, factor, value);
}

static u64 parse_word(struct parser *parser)
{
	char word[512];
	size_t length = 0;
	const char *start = parser->p;
	u64 value;

	while (is_word_char(start[length]))
		length++;
	if (!length)
		return problem(parser,
			       *start ? "unexpected '%.16s' in the expression"
				      : "the expression ends too early%.0s",
			       start);
	if (length >= sizeof(word))
		return problem(parser, "a name in the expression is too long");
	memcpy(word, start, length);
	word[length] = '\0';
	parser->p += length;
	if (word_value(word, &value))
		return value;
	if (isdigit((unsigned char)*start) && length > 16 &&
	    strspn(start, "0123456789xabcdefABCDEF") >= length)
		return problem(parser, "a number of more than 64 bits: %.*s", (int)length, start);
	return problem(parser, "invalid number or symbol: %.*s%s", (int)length, start,
		       parser->why ? nearest_symbol(word) : "");
}

static u64 parse_operand(struct parser *parser)
{
	u64 value;

	skip_blanks(parser);
	if (++parser->depth > DEPTH_MAX)
		return problem(parser, "the expression is nested too deeply");
	switch (*parser->p) {
	case '(':
		parser->p++;
		value = parse_binary(parser, 0);
		skip_blanks(parser);
		if (*parser->p != ')')
			problem(parser, "missing ')' in the expression");
		else
			parser->p++;
		break;
	case '~':
		parser->p++;
		value = ~parse_operand(parser);
		break;
	case '-':
		parser->p++;
		value = -parse_operand(parser);
		break;
	case '+':
		parser->p++;
		value = parse_operand(parser);
		break;
	default:
		value = parse_word(parser);
	}
	parser->depth--;
	return value;
}

static const struct operator
{
	const char *text;
	unsigned precedence; /* higher binds tighter, as in C */
}
operators[] = {
	{ "|", 1 }, { "^", 2 }, { "&", 3 }, { "<<", 4 }, { ">>", 4 },
	{ "+", 5 }, { "-", 5 }, { "*", 6 }, { "/", 6 },	 { "%", 6 },
};

static const struct operator* peek_operator(struct parser *parser)
{
	skip_blanks(parser);
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		if (starts_with(parser->p, operators[i].text))
			return &operators[i];
	}
	return NULL;
}

static u64 apply(struct parser *parser, const struct operator* operator, u64 left, u64 right)
{
	switch (operator->text[0]) {
	case '|':
		return left | right;
	case '^':
		return left ^ right;
	case '&':
		return left & right;
	case '<':
		return right < 64 ? left << right : 0;
	case '>':
		return right < 64 ? left >> right : 0;
	case '+':
		return left + right;
	case '-':
		return left - right;
	case '*':
		return left * right;
	}
	if (!right)
		return problem(parser, "division by zero");
	return operator->text[0] == '/' ? left / right : left % right;
}

static u64 parse_binary(struct parser *parser, unsigned min_precedence)
{
	u64 left = parse_operand(parser);
	const struct operator* operator;

	while (!parser->failed &&
	       (operator= peek_operator(parser)) && operator->precedence >= min_precedence) {
		u64 right;

		parser->p += strlen(operator->text);
		right = parse_binary(parser, operator->precedence + 1);
		left = apply(parser, operator, left, right);
	}
	return left;
}

bool expression_try(const char *text, u64 *value, struct strbuf *why)
{
	struct parser parser = { .p = text, .why = why };

	*value = parse_binary(&parser, 0);
	skip_blanks(&parser);
	if (!parser.failed && *parser.p)
		problem(&parser, "unexpected '%.16s' in the expression", parser.p);
	return !parser.failed;
}

bool expression_try_address(const char *text, u64 *address, struct strbuf *why)
{
	size_t name_length = 0;
	bool is_name = !isdigit((unsigned char)*text);

	while (is_word_char(text[name_length]))
		name_length++;
	/* A kernel address is no name: do not look through all symbols for it. */
	if (starts_with(text, "ffff") && parse_u64(text, 16, address))
		return true;
	if (is_name && name_length && !text[name_length]) {
		const struct symbol *symbol = symbol_by_source_name(text);

		if (symbol) {
			*address = symbol->value;
			return true;
		}
	}
	if (isxdigit((unsigned char)*text) && parse_u64(text, 16, address))
		return true;
	if (*text == '(' || *text == '~' || (name_length && text[name_length]))
		return expression_try(text, address, why);
	if (why)
		strbuf_printf(why, "invalid address or symbol: %s%s", text, nearest_symbol(text));
	return false;
}
