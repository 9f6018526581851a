/* shell/command.h - a command as data: name, options, help, and the function that runs it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMAND_H
#define COMMAND_H

#include "base/util.h"

#include <stdnoreturn.h>

struct option {
	const char *name; /* without the dash: "a", "16", "SS"; NULL ends the table */
	/*
	 * Its word in usage and help ("cpus"), NULL when it takes none. A word that starts with '='
	 * ("=shared") may be left out, and is only taken when attached with that sign: -i=shared.
	 */
	const char *argument;
	const char *help; /* one line; NULL: accepted, but not in the help */
};

struct args {
	const struct command *command;
	const char *line; /* everything after the command's name, unsplit, for p and gdb */
	/*
	 * Positional words. "double quotes" group and are removed; 'single quotes' group and stay,
	 * because they mark a regular expression; (balanced parentheses) group and stay.
	 */
	char **words;
	size_t nr_words;
	struct given_option *options; /* in the order given */
	size_t nr_options;
	/* --json was among them: every command takes it, raw ones as first word or anywhere */
	bool json;
};

struct given_option {
	const struct option *option;
	const char *argument;
	size_t nr_words_before; /* how many positional words came before it */
};

enum command_flags {
	COMMAND_RAW_LINE =
		1, /* the command reads args->line itself: its first words may be options */
	COMMAND_HIDDEN = 2, /* not in `help`'s table */
	COMMAND_MINIMAL = 4, /* usable with --minimal */
	/*
	 * Of a raw line: words of its options' letters, and --json, are options wherever they
	 * stand, and out of args->line.
	 */
	COMMAND_OPTIONS_ANYWHERE = 8,
};

/* How foreach runs a command for many tasks. */
enum each_task {
	EACH_TASK_NONE, /* not at all */
	EACH_TASK_OWN_HEADER, /* in each task's context; the command says itself which task it is */
	EACH_TASK_HEADER, /* in each task's context, behind the header that foreach shows */
	EACH_TASK_WORDS, /* once, with the tasks as words behind the arguments */
};

struct command {
	const char *name;
	const char *summary; /* a few words, for `help` and the man page */
	const char *synopsis; /* after the name: "[-a | -p] [pid | task] ..."; filled when shown */
	const struct option *options;
	const char *description; /* paragraphs; what the options table does not say */
	const char *example; /* "crash> ps -p\n..." transcripts from a real dump */
	/*
	 * What TAB offers: a group for each positional word, with blanks between, the last one
	 * again and again. "pid|task symbol" names kinds of words as a synopsis does (completion.c
	 * has them), "=config" is that word itself, "@each_task" a command that foreach runs, which
	 * takes the rest of the line. "-R" says that the next group is the argument of that option,
	 * whose own word tells too little.
	 */
	const char *arguments;
	/* More words that only the command knows, after those before: OFFER is called for each. */
	void (*offer_words)(char *const *words, size_t nr_words,
			    void (*offer)(void *arg, const char *word), void *arg);
	void (*run)(struct args *args);
	bool *on_off; /* the variable of `set` that is this command's alone; set.c names it */
	unsigned flags;
	enum each_task each_task;
};

/*
 * In commands/ps.c: COMMAND(ps) = { .name = "ps", ... }; The Makefile collects every file of
 * commands/ into the generated table, so a new command is a new file; CONTRIBUTING.md says what
 * belongs to it.
 */
#define COMMAND(id) const struct command command_##id

extern const struct command *const command_table[]; /* sorted by name, NULL at the end */
const struct command *command_find(const char *name);
/*
 * A command of crash 9 that this program does not have: many are names of kernel types
 * or variables as well.
 */
bool command_is_missing(const char *name);
/*
 * The names of those that run for each task, and of crash 9's that are missing here; sorted, NULL
 * ends them. Scope memory.
 */
const char *const *command_each_task_names(void);
/* "; did you mean NAME?" of a command, an alias, or then a type or symbol, or "". Scope memory. */
const char *command_nearest(const char *word);

/* Options: how often given; the last argument given (NULL: not given). */
unsigned option_given(const struct args *args, const char *name);
const char *option_argument(const struct args *args, const char *name);

/* Is the word behind that of TEXT (no dash) the argument of its last option? */
bool option_takes_next(const struct command *command, const char *text);

/*
 * Splits and parses LINE for COMMAND; fail()s with the usage line on a wrong option. Scope
 * memory. Options may stand anywhere; a word like -5 that is no option is a positional word;
 * "--" ends options.
 */
struct args *args_parse(const struct command *command, const char *line);
void command_minimal_names(struct strbuf *text);
void command_run(const struct command *command, const char *line);
/*
 * What went wrong with a part of the work, such as one row, whose rest goes on. Marks the
 * command as failed.
 */
void command_problem(const char *name, const char *text);
/* The same for table_set_problem(): TEXT is NULL where the answer itself says it. */
void command_row_failed(const char *name, const char *text);
noreturn void usage_fail(const struct args *args);
/* The same behind what is wrong. */
noreturn void usage_problem(const struct args *args, const char *format, ...) PRINTF_LIKE(2, 3);
/* Fails when there are fewer words than LEAST ("MISSING is missing") or more than MOST. */
void args_check_words(const struct args *args, const char *missing, size_t least, size_t most);
/* "Usage:\n  ps [...]\nEnter ..." in scope memory; no final newline. */
char *usage_text(const struct command *command);
/* "  ps [-k | -u] ...", filled to 80 columns; a newline in the data breaks the line as well. */
char *synopsis_text(const struct command *command);
/* Splits LINE into words as args_parse() does. Returns a NULL-terminated array in scope memory. */
char **words_split(const char *line, size_t *nr_words);

/*
 * Numbers in arguments as crash reads them: hex with or without 0x, symbol, symbol+offset,
 * (expression).
 */
u64 argument_address(const char *text);
bool argument_try_address(const char *text, u64 *address);
u64 argument_number(const char *text); /* decimal unless 0x, or a letter shows that it is hex */
bool argument_try_number(const char *text, u64 *number);
/* A word that names a file: single quotes, which words keep, are none of its name. Scope memory. */
const char *argument_file(const char *word);

#endif
