/* fuzz_line.c - tests: lines as they are typed: pipes and files, words, options, expressions. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "base/fail.h"
#include "shell/command.h"
#include "shell/expression.h"
#include "shell/line.h"
#include "symbols.h"

#include <stdlib.h>

void fuzz_setup(void)
{
	static const struct symbol symbols[] = {
		{ .name = "jiffies", .value = 0xffffffff82a05000, .type = 'D' },
		{ .name = "vfs_read", .value = 0xffffffff81234560, .type = 'T' },
	};

	symbols_load_list(symbols, ARRAY_SIZE(symbols));
}

static void cut_line(void *arg)
{
	struct line_parts parsed;

	FUZZ_EXPECT(line_command_length(arg) <= strlen(arg));
	line_parse(arg, &parsed);
	fuzz_touch_text(parsed.command);
	if (parsed.input)
		fuzz_touch_text(parsed.input);
	if (parsed.output)
		fuzz_touch_text(parsed.output);
	if (parsed.pipeline)
		FUZZ_EXPECT(parsed.pipeline[0]);
}

static void split_words(void *arg)
{
	size_t nr_words;
	char **words = words_split(arg, &nr_words);
	u64 number;

	for (size_t i = 0; i < nr_words; i++) {
		fuzz_touch_text(words[i]);
		argument_try_address(words[i], &number);
		argument_try_number(words[i], &number);
	}
	FUZZ_EXPECT(!words[nr_words]);
}

static const struct command *parsed_command;

static void parse_options(void *arg)
{
	struct args *args = args_parse(parsed_command, arg);

	for (size_t i = 0; i < args->nr_options; i++) {
		const struct given_option *given = &args->options[i];

		FUZZ_EXPECT(given->nr_words_before <= args->nr_words);
		FUZZ_EXPECT(option_given(args, given->option->name));
		option_argument(args, given->option->name);
		if (given->argument)
			fuzz_touch_text(given->argument);
	}
	for (size_t i = 0; i < args->nr_words; i++)
		fuzz_touch_text(args->words[i]);
	fuzz_touch_text(args->line);
}

/* In a scope, which has the names that were meant. */
static void compute(void *arg)
{
	struct strbuf *why = scope_strbuf();
	u64 value;

	if (!expression_try(arg, &value, why))
		FUZZ_EXPECT(why->length);
	strbuf_reset(why);
	if (!expression_try_address(arg, &value, why))
		FUZZ_EXPECT(why->length);
}

void fuzz_one(const u8 *data, size_t size)
{
	char *line = xstrndup((const char *)data, size);
	struct failure failure;

	if (!protect(cut_line, line, &failure))
		FUZZ_EXPECT(failure.text[0]);
	protect(split_words, line, NULL);
	for (const struct command *const *entry = command_table; *entry; entry++) {
		parsed_command = *entry;
		if (!protect(parse_options, line, &failure))
			FUZZ_EXPECT(failure.text[0]);
	}
	FUZZ_EXPECT(protect(compute, line, &failure));
	free(line);
}

void fuzz_write_seeds(void)
{
	static const char *const lines[] = {
		"ps -p > \"a b\"",
		"ps | grep x > y | wc",
		"log ! head -2",
		"ps < in >> out",
		"p (a > b) | cat",
		"search -c \"a|b>c\" 'x y'",
		"eval 1 << 4 | 3",
		"-a -c 1,2 -i=shared -al -- -c",
		"-ac1 -16 -5",
		"(jiffies + 0x10) * 3 % 7",
		"~(1 - -2) >> 64 / 128m",
		"vfs_read+0x1a",
		"ffff888000001000",
		"jiffies & 0xffg ^ 1k",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char *name = xasprintf("line-%zu", i);

		fuzz_seed(name, lines[i], strlen(lines[i]));
		free(name);
	}
}
