/* shell/command.c - finds commands, splits their lines into words and options, and writes their usage. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/command.h"

#include "base/fail.h"
#include "base/json.h"
#include "shell/alias.h"
#include "shell/expression.h"
#include "shell/line.h"
#include "shell/nearest.h"
#include "shell/outcome.h"
#include "shell/report.h"
#include "shell/session.h"

#include <ctype.h>
#include <stdlib.h>

#define SYNOPSIS_COLUMNS 80

const struct command *command_find(const char *name)
{
	for (const struct command *const *entry = command_table; *entry; entry++) {
		if (streq((*entry)->name, name))
			return *entry;
	}
	return NULL;
}

static const struct {
	const char *name;
	bool each_task; /* crash's foreach runs it */
} missing[] = {
	{ "bpf", false },      { "dev", false },      { "extend", false }, { "files", true },
	{ "fuser", false },    { "ipcs", false },     { "mount", false },  { "net", true },
	{ "rustfilt", false }, { "sbitmapq", false },
};

bool command_is_missing(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++) {
		if (streq(missing[i].name, name))
			return !command_find(name);
	}
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *const *command_each_task_names(void)
{
	const struct command *const *entry;
	const char **names;
	size_t count = 0;

	for (entry = command_table; *entry; entry++)
		count++;
	names = scope_array(count + ARRAY_SIZE(missing) + 1, sizeof(*names));
	count = 0;
	for (entry = command_table; *entry; entry++) {
		if ((*entry)->each_task)
			names[count++] = (*entry)->name;
	}
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++) {
		if (missing[i].each_task && command_is_missing(missing[i].name))
			names[count++] = missing[i].name;
	}
	qsort(names, count, sizeof(*names), by_name);
	return names;
}

const char *command_nearest(const char *word)
{
	size_t nr_commands = 0, count = 0;
	const char **names, *found;

	if (strchr(word, '.'))
		return nearest_reference(word);
	while (command_table[nr_commands])
		nr_commands++;
	names = scope_array(nr_commands + alias_count() + 1, sizeof(*names));
	for (size_t i = 0; i < nr_commands; i++)
		names[count++] = command_table[i]->name;
	for (size_t i = 0; i < alias_count(); i++)
		names[count++] = alias_at(i)->name;
	found = nearest_of(word, names);
	return *found ? found : nearest_name(word);
}

/* The length of the (...) group at TEXT, or 1 when it is never closed. */
static size_t parenthesis_length(const char *text)
{
	size_t depth = 0;

	for (const char *p = text; *p; p++) {
		if (*p == '(')
			depth++;
		else if (*p == ')' && --depth == 0)
			return p + 1 - text;
	}
	return 1;
}

/* Copies the word at *LINE to WORD and moves *LINE behind it. */
static void take_word(const char **line, struct strbuf *word)
{
	const char *p = *line;

	while (*p && !isspace((unsigned char)*p)) {
		const char *close = NULL;
		size_t length;

		if (*p == '"' || *p == '\'')
			close = strchr(p + 1, *p);
		if (close && *p == '"') {
			strbuf_add(word, p + 1, close - p - 1);
			p = close + 1;
			continue;
		}
		length = close ? (size_t)(close + 1 - p) : *p == '(' ? parenthesis_length(p) : 1;
		strbuf_add(word, p, length);
		p += length;
	}
	*line = p;
}

char **words_split(const char *line, size_t *nr_words)
{
	/* A word takes at least one character and a blank. */
	char **words = scope_array(strlen(line) / 2 + 2, sizeof(*words));
	struct strbuf word = { 0 };
	size_t count = 0;

	for (;;) {
		while (isspace((unsigned char)*line))
			line++;
		if (!*line)
			break;
		strbuf_reset(&word);
		take_word(&line, &word);
		words[count++] = scope_strdup(strbuf_text(&word));
	}
	strbuf_free(&word);
	*nr_words = count;
	return words;
}

/* The option whose name is the longest start of TEXT. */
static const struct option *option_matching(const struct command *command, const char *text)
{
	const struct option *best = NULL;
	size_t best_length = 0;

	if (!command->options)
		return NULL;
	for (const struct option *option = command->options; option->name; option++) {
		size_t length = strlen(option->name);

		if (length > best_length && strncmp(text, option->name, length) == 0) {
			best = option;
			best_length = length;
		}
	}
	return best;
}

static void add_option(struct args *args, const struct option *option, const char *argument)
{
	args->options[args->nr_options++] = (struct given_option){
		.option = option,
		.argument = argument,
		.nr_words_before = args->nr_words,
	};
}

static noreturn void option_fail(const struct args *args, const char *problem, const char *option,
				 const char *meant)
{
	fail("%s -- '%s'%s\n%s", problem, option, meant, usage_text(args->command));
}

/*
 * "--merge", "--json": those written with two dashes, of which the table has the
 * second. Scope memory.
 */
static const char *const *long_options(const struct command *command)
{
	const struct option *option = command->options;
	size_t count = 0;
	const char **names;

	for (; option && option->name; option++)
		count++;
	names = scope_array(count + 2, sizeof(*names));
	count = 0;
	for (option = command->options; option && option->name; option++) {
		if (option->name[0] == '-')
			names[count++] = scope_printf("-%s", option->name);
	}
	names[count] = "--json";
	return names;
}

/* TEXT stands behind a dash, and no option is the start of it. */
static noreturn void unknown_option(const struct args *args, const char *text)
{
	const struct option *option = args->command->options;
	const char *word = scope_printf("-%s", text);
	char other[2] = { 0 };

	if (*text == '-')
		option_fail(args, "invalid option", word,
			    nearest_of(word, long_options(args->command)));
	if (isalpha((unsigned char)*text))
		other[0] = (char)(*text ^ ('a' ^ 'A'));
	for (; option && option->name; option++) {
		if (option->help && streq(option->name, other))
			break;
	}
	option_fail(args, "invalid option", scope_printf("%c", *text),
		    option && option->name ? scope_printf("; did you mean -%s?", other) : "");
}

/*
 * Takes the options of one word ("lf", "c1,2", "16", "i=shared"; no dash). NEXT is the word behind
 * it or NULL. Returns how many words after this one were used up as an argument: 0 or 1.
 */
static size_t take_options(struct args *args, const char *text, const char *next)
{
	while (*text) {
		const struct option *option = option_matching(args->command, text);

		if (!option)
			unknown_option(args, text);
		text += strlen(option->name);
		if (!option->argument) {
			add_option(args, option, NULL);
			continue;
		}
		if (option->argument[0] == '=') {
			bool attached = *text == '=';

			add_option(args, option, attached ? text + 1 : NULL);
			if (attached)
				return 0;
			continue;
		}
		if (*text) {
			add_option(args, option, text);
			return 0;
		}
		if (!next)
			option_fail(args, "option requires an argument", option->name, "");
		add_option(args, option, next);
		return 1;
	}
	return 0;
}

bool option_takes_next(const struct command *command, const char *text)
{
	const struct option *option;

	while (*text && (option = option_matching(command, text))) {
		text += strlen(option->name);
		if (option->argument)
			return option->argument[0] != '=' && !*text;
	}
	return false;
}

/* Is the word behind a dash a number, and no option of this command? Then it is an argument. */
static bool is_negative_number(const struct command *command, const char *text)
{
	return isdigit((unsigned char)*text) && !option_matching(command, text);
}

static bool take_json_word(const char **line)
{
	size_t length = strcspn(*line, " \t\n");

	if (length != strlen("--json") || !starts_with(*line, "--json"))
		return false;
	*line = line_skip_blanks(*line + length);
	return true;
}

/* The length of the word at TEXT, with the (...) and "..." in it. */
static size_t raw_word_length(const char *text)
{
	const char *p = text;

	while (*p && !isspace((unsigned char)*p)) {
		const char *close = *p == '"' || *p == '\'' ? strchr(p + 1, *p) : NULL;

		p += close ? (size_t)(close + 1 - p) : *p == '(' ? parenthesis_length(p) : 1;
	}
	return p - text;
}

/*
 * "-x", "-xd": letters that are options without an argument, each added to ARGS. Else nothing is,
 * and it is false.
 */
static bool take_letters(struct args *args, const char *word, size_t length)
{
	size_t before = args->nr_options;

	if (length < 2 || *word != '-')
		return false;
	for (size_t i = 1; i < length; i++) {
		const struct option *option = args->command->options;

		while (option->name &&
		       (option->name[0] != word[i] || option->name[1] || option->argument))
			option++;
		if (!option->name) {
			args->nr_options = before;
			return false;
		}
		add_option(args, option, NULL);
	}
	return true;
}

/*
 * crash looks for options everywhere in a line: "jiffies -x" is no subtraction. What is no option
 * stays as it was typed, and so does all behind a "--" in front of it.
 */
static void take_raw_options(struct args *args, const char *line)
{
	struct strbuf *rest = scope_strbuf();
	const char *p = line_skip_blanks(line);
	size_t length;

	args->options = scope_array(strlen(line) + 1, sizeof(*args->options));
	for (; *p; p += length) {
		length = raw_word_length(p);
		if (!rest->length && length == 2 && starts_with(p, "--")) {
			strbuf_puts(rest, line_skip_blanks(p + length));
			break;
		}
		if (length == strlen("--json") && starts_with(p, "--json"))
			args->json = true;
		else if (!take_letters(args, p, length)) {
			if (!rest->length && length == 2 && *p == '-' &&
			    isalpha((unsigned char)p[1]))
				unknown_option(args, scope_printf("%c", p[1]));
			strbuf_add(rest, p, length);
		}
		for (; isspace((unsigned char)p[length]); p++) {
			if (rest->length)
				strbuf_putc(rest, p[length]);
		}
	}
	while (rest->length && isspace((unsigned char)rest->text[rest->length - 1]))
		rest->text[--rest->length] = '\0';
	args->line = scope_strdup(strbuf_text(rest));
}

struct args *args_parse(const struct command *command, const char *line)
{
	struct args *args = scope_alloc(sizeof(*args));
	size_t nr_words;
	char **words;
	bool options_end = false;

	args->command = command;
	line = line_skip_blanks(line);
	if (command->flags & COMMAND_OPTIONS_ANYWHERE) {
		args->words = scope_array(1, sizeof(*args->words));
		take_raw_options(args, line);
		return args;
	}
	if (command->flags & COMMAND_RAW_LINE) {
		args->json = take_json_word(&line);
		args->line = scope_strdup(line);
		args->words = scope_array(1, sizeof(*args->words));
		return args;
	}
	args->line = scope_strdup(line);
	words = words_split(line, &nr_words);
	args->words = scope_array(nr_words + 1, sizeof(*args->words));
	args->options = scope_array(strlen(line) + 1, sizeof(*args->options));
	for (size_t i = 0; i < nr_words; i++) {
		char *word = words[i];

		if (options_end || word[0] != '-' || !word[1] ||
		    is_negative_number(command, word + 1))
			args->words[args->nr_words++] = word;
		else if (streq(word, "--"))
			options_end = true;
		else if (streq(word, "--json"))
			args->json = true;
		else
			i += take_options(args, word + 1, words[i + 1]);
	}
	return args;
}

/* "NOTE: minimal mode commands: log, rd, ..." */
void command_minimal_names(struct strbuf *text)
{
	const char *before = "NOTE: minimal mode commands: ";

	for (size_t i = 0; command_table[i]; i++) {
		if (!(command_table[i]->flags & COMMAND_MINIMAL))
			continue;
		strbuf_printf(text, "%s%s", before, command_table[i]->name);
		before = ", ";
	}
}

void command_run(const struct command *command, const char *line)
{
	struct args *args;

	if (session.minimal && !(command->flags & COMMAND_MINIMAL)) {
		struct strbuf *names = scope_strbuf();

		command_minimal_names(names);
		fail("command not available in minimal mode\n%s", strbuf_text(names));
	}
	args = args_parse(command, line);
	if (args->json)
		json_set(true);
	command->run(args);
}

/* How far the next piece of a synopsis reaches: a word, or all that [brackets] hold together. */
static size_t synopsis_piece(const char *text)
{
	size_t length = 0;
	int open = 0;

	while (text[length] && text[length] != '\n' && (open > 0 || text[length] != ' ')) {
		open += text[length] == '[';
		open -= text[length] == ']';
		length++;
	}
	return length;
}

char *synopsis_text(const struct command *command)
{
	struct strbuf text = { 0 };
	size_t indent = strlen(command->name) + 3, column = indent;
	const char *p = command->synopsis ? command->synopsis : "";
	char *copy;

	strbuf_printf(&text, *p ? "  %s " : "  %s", command->name);
	while (*p) {
		size_t length = synopsis_piece(p);

		if (*p == '\n' || (column > indent && column + 1 + length > SYNOPSIS_COLUMNS)) {
			strbuf_printf(&text, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent && length) {
			strbuf_putc(&text, ' ');
			column++;
		}
		strbuf_add(&text, p, length);
		column += length;
		p += length ? length : 1;
		while (*p == ' ')
			p++;
	}
	copy = scope_strdup(strbuf_text(&text));
	strbuf_free(&text);
	return copy;
}

char *usage_text(const struct command *command)
{
	return scope_printf("Usage:\n%s\nEnter \"help %s\" for details.", synopsis_text(command),
			    command->name);
}

void command_problem(const char *name, const char *text)
{
	report_error(name, text);
	command_partly_failed();
}

void command_row_failed(const char *name, const char *text)
{
	if (text)
		command_problem(name, text);
	command_partly_failed();
}

noreturn void usage_fail(const struct args *args)
{
	fail("%s", usage_text(args->command));
}

noreturn void usage_problem(const struct args *args, const char *format, ...)
{
	struct strbuf *problem = scope_strbuf();
	va_list values;

	va_start(values, format);
	strbuf_vprintf(problem, format, values);
	va_end(values);
	fail("%s\n%s", strbuf_text(problem), usage_text(args->command));
}

void args_check_words(const struct args *args, const char *missing, size_t least, size_t most)
{
	if (args->nr_words > most)
		usage_problem(args, "unexpected argument: %s", args->words[most]);
	if (args->nr_words < least && args->nr_words + args->nr_options)
		usage_problem(args, "%s is missing", missing);
	if (args->nr_words < least)
		usage_fail(args);
}

unsigned option_given(const struct args *args, const char *name)
{
	unsigned count = 0;

	for (size_t i = 0; i < args->nr_options; i++)
		count += streq(args->options[i].option->name, name);
	return count;
}

const char *option_argument(const struct args *args, const char *name)
{
	const char *argument = NULL;

	for (size_t i = 0; i < args->nr_options; i++) {
		if (streq(args->options[i].option->name, name))
			argument = args->options[i].argument;
	}
	return argument;
}

const char *argument_file(const char *word)
{
	return line_unquoted(word);
}

bool argument_try_address(const char *text, u64 *address)
{
	return expression_try_address(text, address, NULL);
}

u64 argument_address(const char *text)
{
	struct strbuf why = { 0 };
	u64 address;

	if (expression_try_address(text, &address, &why))
		return address;
	fail_with(&why);
}

bool argument_try_number(const char *text, u64 *number)
{
	bool decimal = *text && text[strspn(text, "0123456789")] == '\0';

	if (decimal)
		return parse_u64(text, 10, number);
	return isxdigit((unsigned char)*text) && parse_u64(text, 16, number);
}

u64 argument_number(const char *text)
{
	u64 number;

	if (!argument_try_number(text, &number))
		fail("not a number: %s", text);
	return number;
}
