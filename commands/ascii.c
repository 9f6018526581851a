/* commands/ascii.c - the command ascii: numbers as the characters that their bytes are. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "shell/command.h"

static const char *const control_names[] = {
	"NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS",  "HT",  "LF",
	"VT",  "FF",  "CR",  "SO",  "SI",  "DLE", "DC1", "DC2", "DC3", "DC4", "NAK",
	"SYN", "ETB", "CAN", "EM",  "SUB", "ESC", "FS",	 "GS",	"RS",  "US",
};

static void print_byte(u8 byte)
{
	if (byte < ARRAY_SIZE(control_names))
		out("<%s>", control_names[byte]);
	else if (byte == 0x7f)
		out("<DEL>");
	else if (byte > 0x7f)
		out("<%02x>", byte);
	else
		out("%c", byte);
}

static void put_json(u64 value)
{
	json_object(NULL);
	json_address("value", value);
	json_list("characters");
	for (size_t i = 0; i < 8; i++) {
		u8 byte = value >> (8 * i);

		if (byte < ARRAY_SIZE(control_names))
			json_text(NULL, control_names[byte]);
		else if (byte == 0x7f)
			json_text(NULL, "DEL");
		else if (byte > 0x7f)
			json_null(NULL);
		else
			json_printf(NULL, "%c", byte);
	}
	json_end();
	json_end();
}

static void print_value(const char *word)
{
	const char *digits = starts_with(word, "0x") || starts_with(word, "0X") ? word + 2 : word;
	size_t length = strlen(digits);
	u64 value;

	if (length > 16)
		fail("input string too large: \"%s\" (%zu vs 16)", digits, length);
	if (!parse_u64(word, 16, &value))
		fail("invalid input: \"%s\" (a number in hexadecimal is wanted)", word);
	if (json_on()) {
		put_json(value);
		return;
	}
	out("%016llx: ", value);
	/* As memory holds it: the lowest byte first. */
	for (size_t i = 0; i < 8; i++)
		print_byte(value >> (8 * i));
	out("\n");
}

static void put_json_chart(void)
{
	for (unsigned byte = 0; byte < 0x80; byte++) {
		json_object(NULL);
		json_number("code", byte);
		if (byte < ARRAY_SIZE(control_names))
			json_text("character", control_names[byte]);
		else if (byte == 0x7f)
			json_text("character", "DEL");
		else
			json_printf("character", "%c", byte);
		json_end();
	}
}

static void print_chart(void)
{
	if (json_on()) {
		put_json_chart();
		return;
	}
	out("\n      0    1   2   3   4   5   6   7\n    +-------------------------------\n");
	for (int low = 0; low < 16; low++) {
		out("  %X | %3s %3s ", low, control_names[low], control_names[low + 16]);
		for (int high = 2; high < 8; high++) {
			int byte = high << 4 | low;

			if (byte == ' ')
				out(" SP ");
			else if (byte == 0x7f)
				out("DEL");
			else
				out(high == 7 ? " %c" : " %c  ", byte);
		}
		out("\n");
	}
	out("\n");
}

static void run_ascii(struct args *args)
{
	if (!args->nr_words)
		print_chart();
	for (size_t i = 0; i < args->nr_words; i++)
		print_value(args->words[i]);
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
