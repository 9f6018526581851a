/* commands/ascii.c - the command ascii: numbers as the characters that their bytes are. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "shell/command.h"

static const char *const control_names[] = {
	"NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS",  "HT",  "LF",
	"VT",  "FF",  "CR",  "SO",  "SI",  "DLE", "DC1", "DC2", "DC3", "DC4", "NAK",
	"SYN", "ETB", "CAN", "EM",  "SUB", "ESC", "FS",	 "GS",	"RS",  "US",
};

/* NULL: it is no character. */
static const char *name_of(u8 byte)
{
	if (byte < ARRAY_SIZE(control_names))
		return control_names[byte];
	if (byte == 0x7f)
		return "DEL";
	return byte < 0x80 ? scope_printf("%c", byte) : NULL;
}

static bool is_control(u8 byte)
{
	return byte < ARRAY_SIZE(control_names) || byte == 0x7f;
}

static const struct column value_columns[] = {
	{ "value", "", CELL_ADDRESS, .width = 16, .zeros = true, .after = ": " },
	{ "characters", "", CELL_TEXT, .before = "", .separator = "" },
	{ 0 },
};

static u64 value_of(const char *word)
{
	const char *digits = starts_with(word, "0x") || starts_with(word, "0X") ? word + 2 : word;
	size_t length = strlen(digits);
	u64 value;

	if (length > 16)
		fail("input string too large: \"%s\" (%zu vs 16)", digits, length);
	if (!parse_u64(word, 16, &value))
		fail("invalid input: \"%s\" (a number in hexadecimal is wanted)", word);
	return value;
}

static void put_value(struct row *row, UNUSED size_t index, void *arg)
{
	u64 value = *(const u64 *)arg;

	row_address(row, value);
	row_list(row);
	/* As memory holds it: the lowest byte first. */
	for (size_t i = 0; i < 8; i++) {
		u8 byte = value >> (8 * i);
		const char *name = name_of(byte);

		row_text(row, name);
		if (!name)
			row_shown(row, scope_printf("<%02x>", byte));
		else if (is_control(byte))
			row_shown(row, scope_printf("<%s>", name));
	}
	row_list_end(row);
}

static void show_value(u64 value)
{
	table_show(&ONE_ROW("ascii", value_columns, put_value, &value));
}

/* Readers see them as a chart. */
static const struct column code_columns[] = {
	{ "code", NULL, .kind = CELL_NUMBER },
	{ "character", NULL, .kind = CELL_TEXT },
	{ 0 },
};

static void put_code(struct row *row, size_t index, UNUSED void *arg)
{
	row_number(row, index);
	row_text(row, name_of(index));
}

static const char *chart(void)
{
	struct strbuf *text = scope_strbuf();

	strbuf_puts(text, "\n      0    1   2   3   4   5   6   7\n"
			  "    +-------------------------------\n");
	for (int low = 0; low < 16; low++) {
		strbuf_printf(text, "  %X | %3s %3s ", low, control_names[low],
			      control_names[low + 16]);
		for (int high = 2; high < 8; high++) {
			int byte = high << 4 | low;

			if (byte == ' ')
				strbuf_puts(text, " SP ");
			else if (byte == 0x7f)
				strbuf_puts(text, "DEL");
			else
				strbuf_printf(text, high == 7 ? " %c" : " %c  ", byte);
		}
		strbuf_putc(text, '\n');
	}
	strbuf_putc(text, '\n');
	return strbuf_text(text);
}

static void run_ascii(struct args *args)
{
	if (!args->nr_words) {
		table_show(&(struct table){ .name = "ascii",
					    .columns = code_columns,
					    .count = 0x80,
					    .put = put_code,
					    .headings = HEADINGS_NEVER });
		table_remark("%s", chart());
	}
	for (size_t i = 0; i < args->nr_words; i++)
		show_value(value_of(args->words[i]));
}

COMMAND(ascii) = {
	.name = "ascii",
	.summary = "numbers as characters",
	.synopsis = "value ...",
	.description =
		"Shows the bytes of 64-bit hexadecimal values as characters, in the order in "
		"which memory holds them: the lowest byte first. Control characters are named; "
		"bytes above 7f are shown as numbers. Without an argument, shows a chart of all "
		"ASCII characters.",
	.example = "crash> rd -x linux_banner\n"
		   "ffffffff99751580:  65762078756e694c \n"
		   "crash> ascii 65762078756e694c\n"
		   "65762078756e694c: Linux ve\n"
		   "crash> ascii 464c457f\n"
		   "00000000464c457f: <DEL>ELF<NUL><NUL><NUL><NUL>\n",
	.arguments = "value ...",
	.run = run_ascii,
	.flags = COMMAND_MINIMAL,
};
