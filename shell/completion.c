/* shell/completion.c - takes a half-typed line apart, and asks for the words that may end it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/completion.h"

#include "base/fail.h"
#include "shell/alias.h"
#include "shell/candidates.h"
#include "shell/gdb_settings.h"

#include <ctype.h>
#include <stdlib.h>

#define ALIASES_MAX 16 /* inside each other */

/* What words in synopses and behind options stand for. NULL: numbers and free text. */
static const struct {
	const char *placeholder;
	void (*offer)(struct offer *offer);
} vocabulary[] = {
	{ "address", offer_symbols },
	{ "alias", offer_aliases },
	{ "cache", NULL },
	{ "count", NULL },
	{ "cpu", offer_cpus },
	{ "cpus", offer_cpus },
	{ "directory", offer_files },
	{ "end", offer_symbols },
	{ "expression", offer_expression },
	{ "file", offer_files },
	{ "flags", NULL },
	{ "head_offset", offer_structs },
	{ "ip", offer_symbols },
	{ "length", NULL },
	{ "list", NULL },
	{ "mask", NULL },
	{ "member", offer_members },
	{ "mm", NULL },
	{ "module", offer_modules },
	{ "name", offer_task_names },
	{ "number", NULL },
	{ "offset", offer_structs },
	{ "pid", offer_pids },
	{ "policy", NULL },
	{ "program", offer_programs },
	{ "ref", offer_symbols },
	{ "reference", offer_symbols },
	{ "sigset", NULL },
	{ "size", NULL },
	{ "sp", NULL },
	{ "start", offer_symbols },
	{ "string", NULL },
	{ "struct", offer_structs },
	{ "symbol", offer_symbols },
	{ "table", NULL },
	{ "task", offer_pids },
	{ "topic", offer_topics },
	{ "type", offer_types },
	{ "union", offer_unions },
	{ "value", offer_symbols },
	{ "vma", NULL },
};

/* The kind that PLACEHOLDER ("cpus", "struct[.member]", "member:task_struct") begins with. */
static int kind_of(const char *placeholder)
{
	size_t length = strcspn(placeholder, ".:[,");

	for (size_t i = 0; i < ARRAY_SIZE(vocabulary); i++) {
		if (strlen(vocabulary[i].placeholder) == length &&
		    strncmp(placeholder, vocabulary[i].placeholder, length) == 0)
			return (int)i;
	}
	return -1;
}

/* A command that foreach runs: it takes the rest of the line. */
static const char each_task[] = "@each_task";

static bool is_known(const char *placeholder)
{
	if (*placeholder == '=')
		return placeholder[1] != '\0';
	return streq(placeholder, "command") || streq(placeholder, each_task) ||
	       kind_of(placeholder) >= 0;
}

/* The texts between separators, as an array that NULL ends. Scope memory. */
static char **cut(const char *text, const char *separators)
{
	char **parts = scope_array(strlen(text) / 2 + 2, sizeof(*parts));
	size_t count = 0;

	while (*(text += strspn(text, separators))) {
		size_t length = strcspn(text, separators);

		parts[count++] = scope_printf("%.*s", (int)length, text);
		text += length;
	}
	return parts;
}

/* All kinds that stand in COMMAND's `arguments`. */
static char **kinds_of(const struct command *command)
{
	char **groups = cut(command->arguments ? command->arguments : "", " ");
	struct strbuf *text = scope_strbuf();

	for (; *groups; groups++) {
		if (**groups != '-' && !streq(*groups, "..."))
			strbuf_printf(text, "%s|", *groups);
	}
	return cut(strbuf_text(text), "|");
}

/* ---- what stands before the word ---- */

struct before {
	const struct command *command;
	char **words; /* positional ones; those of an alias as well */
	size_t nr_words;
	const struct option *option; /* the word is its argument */
};

/* The group of kinds for the word: of its option, or of its place. NULL: free text. */
static const char *group_for(const struct before *before)
{
	char **groups = cut(before->command->arguments ? before->command->arguments : "", " ");
	const char *group = NULL;
	size_t place = 0;

	for (; *groups; groups++) {
		if (**groups == '-') {
			if (before->option && streq(*groups + 1, before->option->name))
				return groups[1];
			if (groups[1])
				groups++;
		} else if (!before->option && streq(*groups, "...")) {
			return group;
		} else if (!before->option) {
			group = *groups;
			if (place++ == before->nr_words)
				return group;
		}
	}
	return before->option ? before->option->argument : NULL;
}

const char *completion_unknown(const struct command *command)
{
	char **kinds = kinds_of(command);

	for (; *kinds; kinds++) {
		if (!is_known(*kinds))
			return *kinds;
	}
	for (const struct option *o = command->options; o && o->name; o++) {
		struct before before = { .command = command, .option = o };

		if (!o->argument || *o->argument == '=')
			continue;
		for (kinds = cut(group_for(&before), "|"); *kinds; kinds++) {
			if (!is_known(*kinds))
				return *kinds;
		}
	}
	return NULL;
}

static void find_candidates(struct offer *offer, const char *text, unsigned depth);

struct from_vocabulary {
	struct offer *offer;
	int index;
};

static void offer_from_vocabulary(void *arg)
{
	const struct from_vocabulary *from = arg;

	vocabulary[from->index].offer(from->offer);
}

static void offer_each_task(struct offer *offer)
{
	for (const struct command *const *entry = command_table; *entry; entry++) {
		if ((*entry)->each_task)
			offer_word(offer, (*entry)->name, (*entry)->summary);
	}
}

static void offer_kind(struct offer *offer, const char *kind)
{
	int index = kind_of(kind);

	if (*kind == '=') {
		offer_word(offer, kind + 1, NULL);
		offer->completion->ends_word = true;
	} else if (streq(kind, each_task)) {
		offer_each_task(offer);
		offer->completion->ends_word = true;
	} else if (index >= 0 && vocabulary[index].offer) {
		offer->of = kind + strcspn(kind, ":");
		offer->of += *offer->of == ':';
		/* What is wrong with the dump's tasks leaves the other kinds as they are. */
		protect(offer_from_vocabulary, &(struct from_vocabulary){ offer, index }, NULL);
	}
}

static void offer_own_word(void *arg, const char *word)
{
	offer_word(arg, word, NULL);
}

static void offer_arguments(struct offer *offer, const struct before *before)
{
	const char *group = group_for(before);
	char **kinds = cut(group ? group : "", "|");

	for (; *kinds && !offer->alone; kinds++)
		offer_kind(offer, *kinds);
	if (!before->option && before->command->offer_words && !offer->alone) {
		before->command->offer_words(before->words, before->nr_words, offer_own_word,
					     offer);
		offer->completion->ends_word = true;
	}
}

/* The longest option that TEXT starts with. */
static const struct option *option_in(const struct command *command, const char *text)
{
	const struct option *found = NULL;
	size_t found_length = 0;

	for (const struct option *o = command->options; o && o->name; o++) {
		size_t length = strlen(o->name);

		if (length > found_length && strncmp(o->name, text, length) == 0) {
			found = o;
			found_length = length;
		}
	}
	return found;
}

/*
 * Goes through the options of WORD ("lf", "c0"), which is behind a dash. The one that takes what is
 * behind it as its argument is returned, with *REST there; NULL when there is none.
 */
static const struct option *option_with_argument(const struct command *command, const char *word,
						 const char **rest)
{
	const struct option *option;

	while (*word && (option = option_in(command, word))) {
		word += strlen(option->name);
		if (option->argument && (option->argument[0] != '=' || *word == '=')) {
			*rest = word;
			return option;
		}
	}
	return NULL;
}

static void offer_options(struct offer *offer, struct before *before)
{
	const char *rest;

	for (const struct option *o = before->command->options; o && o->name; o++) {
		if (!o->help)
			continue;
		offer_word(offer, scope_printf("-%s", o->name), o->help);
		if (o->argument && o->argument[0] == '=')
			offer_word(offer, scope_printf("-%s%s", o->name, o->argument), o->help);
	}
	offer->completion->ends_word = true;
	if (offer->completion->candidates.count)
		return;
	/* "-c0": the argument behind its option. */
	before->option = option_with_argument(before->command, offer->text + 1, &rest);
	if (before->option && before->option->argument[0] != '=') {
		offer_begin_at(offer, rest);
		offer->alone = false;
		offer_arguments(offer, before);
	}
}

/* The command WORD, when COMMAND takes one that takes the rest of the line. */
static const struct command *inner_command(const struct command *command, const char *word)
{
	const struct command *inner = command_find(word);

	for (char **kinds = kinds_of(command); *kinds; kinds++) {
		if (streq(*kinds, each_task))
			return inner && inner->each_task ? inner : NULL;
	}
	return NULL;
}

/* Puts WORD, which is not the one at the cursor, into its place. */
static void take_word(struct before *before, char *word)
{
	const struct command *inner;
	const char *rest = NULL;

	if (before->option) {
		before->option = NULL;
		return;
	}
	if (word[0] == '-' && word[1]) {
		before->option = option_with_argument(before->command, word + 1, &rest);
		if (rest && *rest)
			before->option = NULL;
		return;
	}
	inner = inner_command(before->command, word);
	if (inner) {
		before->command = inner;
		before->nr_words = 0;
		return;
	}
	before->words[before->nr_words++] = word;
}

/* TEXT's last word is the one at the cursor: all words before it, with the text of their quotes. */
static char **words_before(const char *text, size_t *count, const char **last)
{
	const char *p = text, *start = text;
	char quote = '\0';

	for (; *p; p++) {
		if (quote) {
			quote = *p == quote ? '\0' : quote;
		} else if (*p == '"' || (*p == '\'' && strchr(p + 1, '\''))) {
			quote = *p;
		} else if (isspace((unsigned char)*p)) {
			start = p + 1;
		}
	}
	*last = start;
	return words_split(scope_printf("%.*s", (int)(start - text), text), count);
}

/* A whole command line may start at this word. */
static bool is_command_place(const struct before *before)
{
	const char *group = before->option ? NULL : group_for(before);

	return group && streq(group, "command");
}

static void find_for_command(struct offer *offer, struct before *before, const char *text,
			     unsigned depth)
{
	const char *last;
	size_t count;
	char **words = words_before(text, &count, &last), **alias_words = before->words;
	size_t nr_alias_words = before->nr_words;

	before->words = scope_array(count + nr_alias_words + 1, sizeof(*before->words));
	before->nr_words = 0;
	for (size_t i = 0; i < nr_alias_words; i++)
		take_word(before, alias_words[i]);
	for (size_t i = 0; i < count; i++) {
		if (words[i][0] != '-' && is_command_place(before)) {
			/* The word's place in the line: behind as many words as come before it. */
			const char *p = text;

			for (size_t skipped = 0; skipped < i; skipped++) {
				p += strspn(p, " \t");
				p += strcspn(p, " \t");
			}
			find_candidates(offer, p, depth + 1);
			return;
		}
		take_word(before, words[i]);
	}
	offer_begin_at(offer, last);
	offer->alone = false;
	if (*last == '"' || *last == '\'')
		return;
	if (*last == '-' && !before->option)
		offer_options(offer, before);
	else if (is_command_place(before))
		find_candidates(offer, last, depth + 1);
	else
		offer_arguments(offer, before);
}

/* The command that NAME is, or stands for; an alias' other words become the first of BEFORE. */
static const struct command *resolve(const char *name, struct before *before)
{
	for (int i = 0; i < ALIASES_MAX; i++) {
		const struct command *command = command_find(name);
		const struct alias *alias = alias_find(name);
		size_t nr_words;
		char **words;

		if (command || !alias)
			return command;
		words = words_split(alias->text, &nr_words);
		if (!nr_words)
			return NULL;
		name = words[0];
		before->words = words + 1;
		before->nr_words = nr_words - 1;
	}
	return NULL;
}

/* The first word: a command, else what may stand for one. */
static void find_first_word(struct offer *offer, const char *text)
{
	offer_begin_at(offer, text);
	offer->alone = false;
	offer_commands(offer);
	if (offer->completion->candidates.count)
		return;
	offer->completion->ends_word = false;
	offer_types(offer);
	if (!offer->alone)
		offer_symbols(offer);
}

/* Everything that is no command of ours is a type, a symbol or gdb's: expressions, that is. */
static const struct command anything = { .name = "", .arguments = "expression ..." };

/* One command, from its first word at TEXT on. */
static void find_candidates(struct offer *offer, const char *text, unsigned depth)
{
	struct before before = { 0 };
	size_t length;
	bool escaped;

	if (depth > ALIASES_MAX)
		return;
	text += strspn(text, " \t");
	escaped = *text == '\\';
	text += escaped;
	if (*text == '*' && !escaped) {
		before.command = command_find("*");
		if (before.command)
			find_for_command(offer, &before, text + 1, depth);
		return;
	}
	length = strcspn(text, " \t");
	if (!text[length]) {
		find_first_word(offer, text);
		return;
	}
	before.command = resolve(scope_printf("%.*s", (int)length, text), &before);
	if (!before.command)
		before.command = &anything;
	find_for_command(offer, &before, text + length, depth);
}

/* ---- the whole line ---- */

enum place { IN_COMMAND, IN_FILE, IN_SHELL };

/* " ! " between a command and one of the shell. */
static bool is_shell_sign(const char *line, const char *p)
{
	return *p == '!' && p > line && isspace((unsigned char)p[-1]) &&
	       isspace((unsigned char)p[1]);
}

/*
 * Where the cursor is: in a command, in the name of a file behind '<' or '>', or in a command
 * of the shell; *START is where that begins. Signs in quotes and parentheses, shifts and arrows
 * do not count.
 */
static enum place find_place(const char *line, const char **start)
{
	enum place place = IN_COMMAND;
	int open = 0;

	*start = line;
	line += strspn(line, " \t");
	if (*line == '!') {
		*start = line + 1;
		return IN_SHELL;
	}
	for (const char *p = line; *p; p++) {
		const char *close = *p == '"' || *p == '\'' ? strchr(p + 1, *p) : NULL;

		if (close) {
			p = close;
		} else if (*p == '(') {
			open++;
		} else if (*p == ')' && open) {
			open--;
		} else if (open) {
			continue;
		} else if (*p == '|' || is_shell_sign(line, p)) {
			*start = p + 1;
			return IN_SHELL;
		} else if (*p == '<' && p[1] == '<') {
			p++;
		} else if (*p == '<' || (*p == '>' && (p == line || p[-1] != '-'))) {
			place = IN_FILE;
		} else if (*p == ';') {
			place = IN_COMMAND;
			*start = p + 1;
		}
	}
	return place;
}

/* Numbers by their value, all else as text. */
static int compare(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	u64 first, second;

	if (isdigit((unsigned char)x->word[0]) && isdigit((unsigned char)y->word[0]) &&
	    parse_u64(x->word, 10, &first) && parse_u64(y->word, 10, &second) && first != second)
		return first < second ? -1 : 1;
	return strcmp(x->word, y->word);
}

static void put_in_order(struct completion *completion)
{
	struct candidate *items = completion->candidates.items;
	size_t count = completion->candidates.count, kept = 0;
	bool ordered = true;

	for (size_t i = 1; i < count && ordered; i++)
		ordered = compare(&items[i - 1], &items[i]) <= 0;
	if (!ordered)
		qsort(items, count, sizeof(*items), compare);
	for (size_t i = 0; i < count; i++) {
		if (kept && streq(items[kept - 1].word, items[i].word)) {
			free(items[i].word);
			free(items[i].note);
		} else {
			items[kept++] = items[i];
		}
	}
	completion->candidates.count = kept;
}

void completion_find(const char *line, struct completion *completion)
{
	struct offer offer = { .completion = completion, .line = line, .text = line, .of = "" };
	const char *start;
	enum place place = find_place(line, &start);

	if (place == IN_FILE) {
		completion->files = true;
	} else if (place == IN_SHELL) {
		start += strspn(start, " \t");
		offer_begin_at(&offer, start);
		if (strpbrk(start, " \t"))
			completion->files = true;
		else
			offer_programs(&offer);
	} else if (gdb_settings.takes_lines && !starts_with(start, "crash ")) {
		offer_expression(&offer);
	} else {
		find_candidates(&offer, start + (gdb_settings.takes_lines ? strlen("crash ") : 0),
				0);
	}
	put_in_order(completion);
}
