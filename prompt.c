/* prompt.c - line editing, completion and history with readline; plain reading without a terminal. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prompt.h"

#include "alias.h"
#include "command.h"
#include "fail.h"
#include "out.h"
#include "session.h"
#include "symbols.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

/* Ctrl-C at the prompt throws the half-typed line away. */
static void drop_line(void)
{
	if (!interrupt_pending())
		return;
	interrupt_clear();
	fputs("^C", rl_outstream);
	rl_crlf();
	rl_replace_line("", 0);
	rl_on_new_line();
	rl_redisplay();
}

static sigset_t outside_mask; /* the signals blocked while no line is being read */

/* SIGINT is blocked while readline works and let in here alone, so that none comes just before the wait. */
static int wait_for_key(FILE *stream)
{
	struct pollfd input = { .fd = fileno(stream), .events = POLLIN };

	while (ppoll(&input, 1, NULL, &outside_mask) < 0 && errno == EINTR)
		drop_line();
	return rl_getc(stream);
}

/* Names of commands and aliases that start with TEXT, one a call. */
static char *next_command(const char *text, int state)
{
	static size_t command_index, alias_index;
	const char *name;

	if (!state)
		command_index = alias_index = 0;
	while (command_table[command_index]) {
		name = command_table[command_index++]->name;
		if (starts_with(name, text))
			return strdup(name);
	}
	while (alias_index < alias_count()) {
		name = alias_at(alias_index++)->name;
		if (starts_with(name, text))
			return strdup(name);
	}
	return NULL;
}

static char *next_symbol(const char *text, int state)
{
	static size_t index;

	if (!state)
		index = 0;
	/* An empty start would offer all of them. */
	if (!*text)
		return NULL;
	while (index < symbols_count(NULL)) {
		const struct symbol *symbol = symbols_get(NULL, index++);

		if (symbol && starts_with(symbol->name, text))
			return strdup(symbol->name);
	}
	return NULL;
}

static char **complete(const char *text, int start, UNUSED int end)
{
	char **matches = NULL;

	if (strspn(rl_line_buffer, " \t") == (size_t)start)
		matches = rl_completion_matches(text, next_command);
	if (!matches)
		matches = rl_completion_matches(text, next_symbol);
	return matches;
}

static void prepare_readline(void)
{
	static bool vi_mode;
	static bool ready;

	/* gdb is in the same process and may have set these for itself. */
	rl_readline_name = "crash";
	rl_catch_signals = 0;
	rl_getc_function = wait_for_key;
	rl_attempted_completion_function = complete;
	if (!ready) {
		using_history();
		rl_initialize(); /* reads the user's inputrc, before what follows */
	}
	if (vi_mode != session.vi_mode)
		rl_variable_bind("editing-mode", session.vi_mode ? "vi" : "emacs");
	vi_mode = session.vi_mode;
	ready = true;
}

/* A line of standard input; Ctrl-C between lines changes nothing. */
static char *read_plain_line(void)
{
	char *line = NULL;
	size_t space = 0;
	ssize_t length;

	for (;;) {
		errno = 0;
		length = getline(&line, &space, stdin);
		if (length >= 0)
			break;
		if (errno != EINTR) {
			free(line);
			return NULL;
		}
		clearerr(stdin);
	}
	while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
		line[--length] = '\0';
	return line;
}

char *prompt_read_line(const char *prompt)
{
	sigset_t interrupt;
	char *line;

	if (!isatty(STDIN_FILENO))
		return read_plain_line();
	if (!session.terminal) { /* a terminal to type at, but the answers go elsewhere */
		fputs(prompt, stderr);
		return read_plain_line();
	}
	prepare_readline();
	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	pthread_sigmask(SIG_BLOCK, &interrupt, &outside_mask);
	line = readline(prompt);
	pthread_sigmask(SIG_SETMASK, &outside_mask, NULL);
	return line;
}

void prompt_remember(const char *line)
{
	static bool ready;
	HIST_ENTRY *last;

	if (!ready) {
		using_history();
		ready = true;
	}
	last = history_length ? history_get(history_base + history_length - 1) : NULL;
	if (*line && !(last && streq(last->line, line)))
		add_history(line);
}

void prompt_show_history(void)
{
	for (int i = 0; i < history_length; i++) {
		HIST_ENTRY *entry = history_get(history_base + i);

		if (entry)
			out("[%d] %s\n", history_base + i, entry->line);
	}
}

static const char *recall_number(u64 number)
{
	HIST_ENTRY *entry = number <= INT32_MAX ? history_get((int)number) : NULL;

	if (!entry)
		fail("the history has no line %llu", (unsigned long long)number);
	return scope_strdup(entry->line);
}

static const char *recall_last(void)
{
	if (!history_length)
		fail("the history is empty");
	return recall_number(history_base + history_length - 1);
}

static const char *recall_start(const char *start)
{
	for (int i = history_length - 1; i >= 0; i--) {
		HIST_ENTRY *entry = history_get(history_base + i);

		if (entry && starts_with(entry->line, start))
			return scope_strdup(entry->line);
	}
	fail("the history has no line that starts with \"%s\"", start);
}

const char *prompt_recall(const char *line)
{
	u64 number;

	if (streq(line, "!!") || streq(line, "r"))
		return recall_last();
	if (line[0] == '!' && isdigit((unsigned char)line[1]) && parse_u64(line + 1, 10, &number))
		return recall_number(number);
	if (line[0] != 'r' || !isspace((unsigned char)line[1]))
		return line;
	while (isspace((unsigned char)*++line))
		;
	if (parse_u64(line, 10, &number))
		return recall_number(number);
	return recall_start(line);
}
