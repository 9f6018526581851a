/* command.h - L6: a command as data: name, options, help, and the function that runs it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMAND_H
#define COMMAND_H

#include "util.h"

#include <stdnoreturn.h>

struct option {
	const char *name;	/* without the dash: "a", "16", "SS"; NULL ends the table */
	const char *argument;	/* its word in usage and help ("cpus"), NULL when it takes none */
	const char *help;	/* one line */
};

struct args {
	const struct command *command;
	const char *line;		/* everything after the command's name, unsplit, for p and gdb */
	char **words;			/* positional words; quotes removed */
	size_t nr_words;
	struct given_option *options;	/* in the order given */
	size_t nr_options;
};

struct given_option {
	const struct option *option;
	const char *argument;
	size_t nr_words_before;		/* how many positional words came before it */
};

enum command_flags {
	COMMAND_RAW_LINE = 1,	/* no option parsing: the command reads args->line itself */
	COMMAND_HIDDEN = 2,	/* not in `help`'s table */
	COMMAND_MINIMAL = 4,	/* usable with --minimal */
};

struct command {
	const char *name;
	const char *summary;		/* a few words, for `help` and the man page */
	const char *synopsis;		/* after the name: "[-a | -p] [pid | task] ..." */
	const struct option *options;
	const char *description;	/* paragraphs; what the options table does not say */
	const char *example;		/* "crash> ps -p\n..." transcripts from a real dump */
	void (*run)(struct args *args);
	unsigned flags;
};

/*
 * In commands/ps.c: COMMAND(ps) = { .name = "ps", ... }; The Makefile collects every file of
 * commands/ into the generated table, so a new command is a new file.
 */
#define COMMAND(id) const struct command command_##id

extern const struct command *const command_table[];	/* sorted by name, NULL at the end */
const struct command *command_find(const char *name);

/* Options: how often given; the last argument given (NULL: not given). */
unsigned option_given(const struct args *args, const char *name);
const char *option_argument(const struct args *args, const char *name);

/* Splits and parses LINE for COMMAND; fail()s with the usage line on a wrong option. Scope memory. */
struct args *args_parse(const struct command *command, const char *line);
void command_run(const struct command *command, const char *line);
noreturn void usage_fail(const struct args *args);

/* One whole line as the user types it, with pipes, redirection and aliases; used by foreach, repeat, -i. */
bool shell_execute(const char *line);

/* Numbers in arguments as crash reads them: hex with or without 0x, symbol, symbol+offset, (expression). */
u64 argument_address(const char *text);
bool argument_try_address(const char *text, u64 *address);
u64 argument_number(const char *text);	/* decimal unless 0x */

#endif
