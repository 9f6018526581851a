/* commands/eval.c - the command eval: a number in hexadecimal, decimal, octal and binary. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "shell/command.h"
#include "shell/expression.h"

#define BITS_INDENT 13
#define BITS_LAST_START 77 /* from this column on the next number stands in a new line */

/* "(128MB)" when VALUE is a whole number of them. */
static const char *size_text(u64 value)
{
	static const struct {
		unsigned shift;
		const char *unit;
	} units[] = { { 30, "GB" }, { 20, "MB" }, { 10, "KB" } };

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		u64 whole = value >> units[i].shift;

		if (whole && whole << units[i].shift == value)
			return scope_printf("(%llu%s)", whole, units[i].unit);
	}
	return "";
}

/* The numbers of the bits, the highest first, in lines that fit a terminal of 80 columns. */
static const char *bits_text(u64 value)
{
	struct strbuf *text = scope_strbuf();
	int column = BITS_INDENT;

	for (int bit = 63; bit >= 0; bit--) {
		if (!(value >> bit & 1))
			continue;
		if (column >= BITS_LAST_START) {
			strbuf_printf(text, "\n%*s", BITS_INDENT, "");
			column = BITS_INDENT;
		}
		strbuf_printf(text, "%d ", bit);
		column += bit < 10 ? 2 : 3;
	}
	return strbuf_text(text);
}

static const char *binary(u64 value)
{
	char digits[65] = "";

	for (int bit = 63; bit >= 0; bit--)
		digits[63 - bit] = "01"[value >> bit & 1];
	return scope_strdup(digits);
}

enum { BITS = 1, NO_BITS = 2 };

static const struct column columns[] = {
	{ "hexadecimal", "hexadecimal", CELL_ADDRESS, .after = "  " },
	{ NULL, "", CELL_TEXT, .before = "", .same_line = true },
	{ "decimal", "decimal", CELL_NUMBER, .after = "  " },
	{ "signed", "", CELL_SIGNED, .before = "", .same_line = true },
	{ "octal", "octal", .kind = CELL_TEXT },
	{ NULL, "binary", .kind = CELL_TEXT },
	{ "bits", "bits set", CELL_NUMBER, .when = BITS },
	{ "bits", NULL, CELL_NUMBER, .when = NO_BITS }, /* readers ask for them */
	{ 0 },
};

static void put_bits(struct row *row, u64 value)
{
	row_list(row);
	for (int bit = 63; bit >= 0; bit--) {
		if (value >> bit & 1)
			row_number(row, (u64)bit);
	}
	row_list_end(row);
	if (value)
		row_shown(row, bits_text(value));
}

static void put_value(struct row *row, UNUSED size_t index, void *arg)
{
	u64 value = *(const u64 *)arg;

	row_address(row, value);
	row_text(row, size_text(value));
	row_number(row, value);
	row_signed(row, (s64)value);
	row_shown(row, value >> 63 ? scope_printf("(%lld)", value) : "");
	row_text(row, scope_printf("%llo", value));
	row_text(row, binary(value));
	put_bits(row, value);
	put_bits(row, value);
}

static void show(u64 value, bool bits)
{
	table_show(&ONE_ROW("eval", columns, put_value, &value, .when = bits ? BITS : NO_BITS,
			    .labels = BITS_INDENT - 2));
}

/*
 * A word of letters that were not seen before. Adds them to SEEN; false, and SEEN is as it was:
 * it is arithmetic.
 */
static bool takes_options(const char *word, size_t length, bool seen[2])
{
	bool now[2] = { seen[0], seen[1] };

	if (length < 2 || *word != '-')
		return false;
	for (size_t i = 1; i < length; i++) {
		bool *letter = &now[word[i] == 'l'];

		if (!strchr("bl", word[i]) || *letter)
			return false;
		*letter = true;
	}
	memcpy(seen, now, sizeof(now));
	return true;
}

/*
 * Each option once, in front and with something behind it: -1 is arithmetic, and so are the second
 * -b and a -b that stands alone, for b is 11.
 */
static void run_eval(struct args *args)
{
	const char *line = args->line;
	struct strbuf why = { 0 };
	bool seen[2] = { false, false };
	u64 value;

	for (;;) {
		size_t length = strcspn(line, " \t");
		const char *next = line + length + strspn(line + length, " \t");

		if (!*next || !takes_options(line, length, seen))
			break;
		line = next;
	}
	if (!*line)
		usage_fail(args);
	strbuf_printf(
		&why,
		*line == '(' ? "invalid expression: %s: " : "invalid expression: (%s): ", line);
	if (!expression_try(line, &value, &why))
		fail_with(&why);
	strbuf_free(&why);
	show(value, seen[0]);
}

static const struct option options[] = {
	{ "b", NULL, "also list the bits that are set" },
	{ "l", NULL, "accepted for old scripts: numbers always have 64 bits here" },
	{ 0 },
};

COMMAND(eval) = {
	.name = "eval",
	.summary = "evaluate arithmetic",
	.synopsis = "[-b][-l] (expression) | value",
	.options = options,
	.description =
		"Shows the 64-bit value of an expression in hexadecimal, decimal, octal and "
		"binary; also as a signed number when its highest bit is set, and in GB, MB or KB "
		"when it is a whole number of them.\n"
		"\n"
		"The operators are those of C: + - * / % & | ^ << >> ~ and parentheses, on "
		"unsigned numbers. A number is hexadecimal when it starts with 0x or has a letter "
		"from a to f, else decimal; k, m or g after it multiplies it by 1024, 1024*1024 "
		"or 1024*1024*1024. A symbol stands for its address. Put an expression with | in "
		"parentheses, or it is taken for a pipe. Options come first, each once: what "
		"looks like an option later, or alone, is a number to subtract.",
	.example = "crash> eval 128 * 1m\n"
		   "hexadecimal: 8000000  (128MB)\n"
		   "    decimal: 134217728  \n"
		   "      octal: 1000000000\n"
		   "     binary: 0000000000000000000000000000000000001000000000000000000000000000\n"
		   "crash> eval -b (1 << 33 | 5)\n"
		   "hexadecimal: 200000005  \n"
		   "    decimal: 8589934597  \n"
		   "      octal: 100000000005\n"
		   "     binary: 0000000000000000000000000000001000000000000000000000000000000101\n"
		   "   bits set: 33 2 0 \n",
	.arguments = "expression ...",
	.run = run_eval,
	.flags = COMMAND_RAW_LINE | COMMAND_MINIMAL,
};
