/* test_command.c - L6 command: words, options and usage of a command line; the table itself. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "shell/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const struct option options[] = {
	{ "l", NULL, "lines" },
	{ "f", NULL, "frames" },
	{ "F", NULL, "words" },
	{ "FF", NULL, "words twice" },
	{ "c", "cpus", "these cpus" },
	{ "y", "policy", "this policy" },
	{ "16", NULL, "two bytes a number" },
	{ "1", NULL, "one" },
	{ "i", "=shared", "information" },
	{ "panic", NULL, "a word" },
	{ "h", NULL, NULL },
	{ 0 },
};

static void run_nothing(UNUSED struct args *args)
{
}

static const struct command command = {
	.name = "demo",
	.summary = "for tests",
	.synopsis = "[-l | -f]\n"
		    "[-c cpus] [word] [a long piece that does not fit at all | behind the others]",
	.options = options,
	.run = run_nothing,
};

static const struct command raw = { .name = "raw", .run = run_nothing, .flags = COMMAND_RAW_LINE };

/* One parse as text: "l c=1,2 | word word", or the message of its failure. */
struct parse {
	const char *line;
	char text[2048];
};

static void parse_body(void *arg)
{
	struct parse *parse = arg;
	struct args *args = args_parse(&command, parse->line);
	struct strbuf text = { 0 };

	for (size_t i = 0; i < args->nr_options; i++) {
		strbuf_puts(&text, args->options[i].option->name);
		if (args->options[i].argument)
			strbuf_printf(&text, "=%s", args->options[i].argument);
		strbuf_putc(&text, ' ');
	}
	strbuf_putc(&text, '|');
	for (size_t i = 0; i < args->nr_words; i++)
		strbuf_printf(&text, " %s", args->words[i]);
	assert_null(args->words[args->nr_words]);
	strcpy(parse->text, strbuf_text(&text));
	strbuf_free(&text);
}

static void check(const char *line, const char *wanted)
{
	struct parse parse = { .line = line };
	struct failure failure;

	if (!protect(parse_body, &parse, &failure))
		strcpy(parse.text, failure.text);
	assert_string_equal(parse.text, wanted);
}

static void check_fails(const char *line, const char *first_line)
{
	struct parse parse = { .line = line };
	struct failure failure;
	char wanted[256];

	assert_false(protect(parse_body, &parse, &failure));
	snprintf(wanted, sizeof(wanted),
		 "%s\nUsage:\n  demo [-l | -f]\n       [-c cpus] [word]\n"
		 "       [a long piece that does not fit at all | behind the others]\n"
		 "Enter \"help demo\" for details.",
		 first_line);
	assert_string_equal(failure.text, wanted);
}

static void test_words(void **state UNUSED)
{
	check("", "|");
	check("  a  b\tc ", "| a b c");
	check("\"a b\" c", "| a b c");
	check("'a b' c", "| 'a b' c");
	check("x\"a b\"y", "| xa by");
	check("(jiffies_64 + 8) (1 + (2 - 3))x", "| (jiffies_64 + 8) (1 + (2 - 3))x");
	check("(never closed", "| (never closed");
	check("\"never closed", "| \"never closed");
	check("'", "| '");
}

static void test_options(void **state UNUSED)
{
	check("-l", "l |");
	check("-lf", "l f |");
	check("-c 1,2 x", "c=1,2 | x");
	check("-c1,2 x", "c=1,2 | x");
	check("-lc1,2", "l c=1,2 |");
	check("-lc 1,2 -f", "l c=1,2 f |");
	check("a -l b -f c", "l f | a b c");
	check("-FF -F -FFF", "FF F FF F |");
	check("-16 -1", "16 1 |");
	check("-panic", "panic |");
	check("-h", "h |");
	check("-c -3", "c=-3 |");
	check("-c \"1 2\"", "c=1 2 |");
}

static void test_optional_argument(void **state UNUSED)
{
	check("-i", "i |");
	check("-i=shared", "i=shared |");
	check("-i shared", "i | shared");
	check("-il", "i l |");
}

static void test_words_with_a_dash(void **state UNUSED)
{
	check("-", "| -");
	check("a -5", "| a -5");
	check("-5 -l", "l | -5");
	check("-l -- -f --", "l | -f --");
	check("struct.pid -l ffff888003010000", "l | struct.pid ffff888003010000");
}

static void test_wrong_options(void **state UNUSED)
{
	check_fails("-z", "invalid option -- 'z'");
	check_fails("a -lz", "invalid option -- 'z'");
	check_fails("-c", "option requires an argument -- 'c'");
	check_fails("-l -y", "option requires an argument -- 'y'");
	check_fails("--help", "invalid option -- '--help'");
	check_fails("--jsn", "invalid option -- '--jsn'; did you mean \"--json\"?");
}

struct queries {
	bool done;
};

static void query_body(void *arg)
{
	struct queries *queries = arg;
	struct args *args = args_parse(&command, "-c 1 a -c 2 b -l");

	assert_int_equal(option_given(args, "c"), 2);
	assert_string_equal(option_argument(args, "c"), "2");
	assert_int_equal(option_given(args, "f"), 0);
	assert_null(option_argument(args, "f"));
	assert_null(option_argument(args, "l"));
	assert_int_equal(args->options[1].nr_words_before, 1);
	assert_int_equal(args->options[2].nr_words_before, 2);
	args = args_parse(&raw, "  a \"b c\" -z | d");
	assert_string_equal(args->line, "a \"b c\" -z | d");
	assert_int_equal(args->nr_words, 0);
	queries->done = true;
}

static void test_queries(void **state UNUSED)
{
	struct queries queries = { false };

	assert_true(protect(query_body, &queries, NULL));
	assert_true(queries.done);
}

static void parse_example(void *arg)
{
	const char *line = arg;
	size_t length = strcspn(line, " |>!");
	const struct command *found;
	char *rest;

	line = *line == '*' ? scope_printf("* %s", line + 1) : line;
	length = strcspn(line, " |>!");
	found = command_find(scope_printf("%.*s", (int)length, line));
	if (!found)
		return;
	rest = scope_strdup(line + length);
	rest[strcspn(rest, "|>")] = '\0';
	args_parse(found, rest);
}

/* Each command's data is complete, and the lines of its example are lines that it takes. */
static void test_table(void **state UNUSED)
{
	const char *previous = "";

	for (size_t i = 0; command_table[i]; i++) {
		const struct command *entry = command_table[i];
		const char *example = entry->example;

		assert_true(strcmp(previous, entry->name) < 0);
		previous = entry->name;
		assert_ptr_equal(command_find(entry->name), entry);
		assert_non_null(entry->run);
		if (!entry->summary || !entry->synopsis || !entry->description || !example)
			fail_msg("%s: its help page lacks a part", entry->name);
		while ((example = strstr(example, "crash> "))) {
			struct failure failure;
			char line[512];

			example += strlen("crash> ");
			snprintf(line, sizeof(line), "%.*s", (int)strcspn(example, "\n"), example);
			if (!protect(parse_example, line, &failure))
				fail_msg("%s: example \"%s\": %s", entry->name, line, failure.text);
		}
	}
	assert_true(*previous);
	assert_null(command_find("nosuch"));
}

/* -x of an option, and of "-xyz" where single letters stand together: "[-abc]", "-[ab]". */
static bool usage_mentions(const char *synopsis, const char *name)
{
	char doubled[] = { name[0], name[0], '\0' };

	if (streq(name, doubled)) /* "-FF" is what -F does, more so */
		name++;
	for (const char *p = synopsis; (p = strchr(p, '-')); p++) {
		size_t length = strcspn(p + 1, " ]|=");

		if (starts_with(p + 1, name) || (name[1] == '\0' && memchr(p + 1, name[0], length)))
			return true;
		if (p[1] == '[' && memchr(p, name[0], strcspn(p, "]")))
			return true;
	}
	return false;
}

/* What foreach runs: a command says so itself; of crash 9's that are missing here a list does. */
static void test_each_task(void **state UNUSED)
{
	const char *const *names = command_each_task_names();
	size_t nr_said = 0, nr_found = 0;

	for (const struct command *const *entry = command_table; *entry; entry++)
		nr_said += (*entry)->each_task != EACH_TASK_NONE;
	for (size_t i = 0; names[i]; i++) {
		const struct command *command = command_find(names[i]);

		assert_true(!i || strcmp(names[i - 1], names[i]) < 0);
		assert_true(command ? command->each_task != EACH_TASK_NONE
				    : command_is_missing(names[i]));
		nr_found += command != NULL;
	}
	assert_int_equal(nr_found, nr_said);
	assert_int_equal(command_find("bt")->each_task, EACH_TASK_OWN_HEADER);
	assert_int_equal(command_find("vtop")->each_task, EACH_TASK_HEADER);
	assert_int_equal(command_find("ps")->each_task, EACH_TASK_WORDS);
	assert_int_equal(command_find("rd")->each_task, EACH_TASK_NONE);
	assert_true(command_is_missing("ipcs"));
	assert_false(command_is_missing("bt"));
	assert_false(command_is_missing("no such command"));
}

static void test_usage_has_every_option(void **state UNUSED)
{
	for (size_t i = 0; command_table[i]; i++) {
		const struct command *entry = command_table[i];

		/* "help" has a letter for each table: its synopsis says -option. */
		if (!entry->options || strstr(entry->synopsis, "-option"))
			continue;
		for (const struct option *option = entry->options; option->name; option++) {
			if (option->help && !usage_mentions(entry->synopsis, option->name))
				fail_msg("%s: -%s is not in its usage: %s", entry->name,
					 option->name, entry->synopsis);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_optional_argument),
		cmocka_unit_test(test_words_with_a_dash),
		cmocka_unit_test(test_wrong_options),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_each_task),
		cmocka_unit_test(test_usage_has_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
