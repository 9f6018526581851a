/* shell/prompt.c - line editing, completion and history with readline; plain reading without a terminal. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/prompt.h"

#include "base/fail.h"
#include "base/out.h"
#include "shell/completion.h"
#include "shell/history.h"
#include "shell/session.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#define NOTED_MAX 60 /* more candidates are listed without what they are */
#define NOTE_INDENT 24

/* ---- waiting for keys ---- */

static bool listing; /* candidates are shown, or it is asked whether they shall be */
static sigset_t outside_mask; /* the signals blocked while no line is being read */

/* Ctrl-C at the prompt throws the half-typed line away. */
static void drop_line(void)
{
	if (!interrupt_pending())
		return;
	interrupt_clear();
	if (listing)
		return;
	fputs("^C", rl_outstream);
	rl_crlf();
	rl_replace_line("", 0);
	rl_on_new_line();
	rl_redisplay();
}

static volatile sig_atomic_t stop_asked;

static void on_stop(UNUSED int signal)
{
	stop_asked = 1;
}

/* Ctrl-Z: the shell that started us gets its terminal as it was, and we ours on going on. */
static void stop_for_a_while(void)
{
	sigset_t stop, before;

	if (!stop_asked)
		return;
	stop_asked = 0;
	rl_deprep_terminal();
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	signal(SIGTSTP, SIG_DFL);
	pthread_sigmask(SIG_UNBLOCK, &stop, &before);
	raise(SIGTSTP);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	signal(SIGTSTP, on_stop);
	rl_prep_terminal(1);
	rl_resize_terminal();
	rl_forced_update_display();
}

/*
 * Our signals are blocked while readline works and let in here alone, so that none comes just
 * before the wait.
 */
static int wait_for_key(FILE *stream)
{
	struct pollfd input = { .fd = fileno(stream), .events = POLLIN };
	bool asked_to_stop = false; /* showing candidates */

	while (ppoll(&input, 1, NULL, &outside_mask) < 0 && errno == EINTR) {
		rl_check_signals(); /* the window may have another size */
		stop_for_a_while();
		if (listing && interrupt_pending())
			asked_to_stop = true;
		drop_line();
		if (asked_to_stop)
			return 'n';
	}
	return rl_getc(stream);
}

/* ---- completion ---- */

static struct completion completion; /* of the line up to the cursor */

static void find_completion(void *arg)
{
	completion_find(arg, &completion);
}

/*
 * Where the word begins is not for a fixed set of characters to say: readline is given the one
 * before it. What goes wrong on the way (a damaged task list) leaves the user without candidates,
 * not without the line.
 */
static char *word_break(void)
{
	static char before[2];
	char *line = xstrndup(rl_line_buffer, rl_point);

	completion_free(&completion);
	if (!protect(find_completion, line, NULL))
		completion_free(&completion);
	free(line);
	if (completion.files && !completion.candidates.count)
		return NULL;
	before[0] = completion.start ? rl_line_buffer[completion.start - 1] : '\0';
	return before;
}

/* As readline wants them: first what all have in common. The words become its own. */
static char **take_candidates(void)
{
	size_t count = completion.candidates.count, common;
	char **matches = xcalloc(count + 2, sizeof(*matches));

	for (size_t i = 0; i < count; i++) {
		matches[i + 1] = completion.candidates.items[i].word;
		completion.candidates.items[i].word = NULL;
	}
	common = strlen(matches[1]);
	for (size_t i = 2; i <= count; i++) {
		size_t same = 0;

		while (same < common && matches[1][same] == matches[i][same])
			same++;
		common = same;
	}
	matches[0] = xstrndup(matches[1], common);
	if (count == 1) {
		free(matches[1]);
		matches[1] = NULL;
	}
	return matches;
}

static char **complete(UNUSED const char *text, int start, UNUSED int end)
{
	rl_sort_completion_matches = rl_ignore_completion_duplicates = 1;
	if (completion.candidates.count && (size_t)start == completion.start) {
		rl_attempted_completion_over = 1;
		rl_filename_completion_desired = 0;
		rl_sort_completion_matches = rl_ignore_completion_duplicates = 0;
		rl_completion_append_character = completion.ends_word ? ' ' : '\0';
		return take_candidates();
	}
	rl_attempted_completion_over = !completion.files;
	return NULL;
}

static bool any_note(void)
{
	for (size_t i = 0; i < completion.candidates.count; i++) {
		if (completion.candidates.items[i].note)
			return true;
	}
	return false;
}

static bool wants_to_see(int count)
{
	int key;

	fprintf(rl_outstream, "Show all %d? (y or n)", count);
	fflush(rl_outstream);
	do
		key = rl_read_key();
	while (!strchr("yY nNqQ\r\n\t\177\033", key) || !key);
	rl_crlf();
	return strchr("yY ", key) != NULL;
}

/* A word a line with what it is. */
static void show_with_notes(char **matches, int count, int longest)
{
	int columns, rows, used = longest > NOTE_INDENT ? longest : NOTE_INDENT;

	rl_get_screen_size(&rows, &columns);
	for (int i = 0; i < count; i++) {
		const char *note = completion.candidates.items[i].note;

		fprintf(rl_outstream, "%-*s", note ? used : 0, matches[i + 1]);
		if (note && used + 2 < columns)
			fprintf(rl_outstream, " %.*s", columns - used - 2, note);
		rl_crlf();
	}
}

static void show_matches(char **matches, int count, int longest)
{
	rl_crlf();
	listing = true;
	if (count < NOTED_MAX && (size_t)count == completion.candidates.count && any_note())
		show_with_notes(matches, count, longest);
	else if (count < rl_completion_query_items || wants_to_see(count))
		rl_display_match_list(matches, count, longest);
	listing = false;
	rl_forced_update_display();
}

/* ---- history ---- */

static int first_of_session =
	-1; /* the number of the first line that was not kept from before; -1: not read yet */

static void add_kept(const char *line, UNUSED void *arg)
{
	add_history(line);
}

/* Lines of earlier sessions come before this one's; keys reach them, numbers do not. */
static void need_history(void)
{
	bool kept = session.terminal && isatty(STDIN_FILENO);
	struct strbuf why = { 0 };

	if (first_of_session >= 0)
		return;
	using_history();
	if (kept && history_open(&why))
		history_read(add_kept, NULL);
	else if (kept)
		warn("lines are not kept for the next session: %s", strbuf_text(&why));
	first_of_session = history_base + history_length;
	strbuf_free(&why);
}

/* ---- readline ---- */

static struct termios modes_before;

/* Killed: the terminal is left as it was found, also in the middle of a line. */
static void on_end(int number)
{
	static const char no_bracketed_paste[] = "\033[?2004l\r\n";

	tcsetattr(STDIN_FILENO, TCSANOW, &modes_before);
	if (rl_readline_state & RL_STATE_TERMPREPPED)
		(void)!write(STDOUT_FILENO, no_bracketed_paste, strlen(no_bracketed_paste));
	signal(number, SIG_DFL);
	raise(number);
}

static bool vi_keys;

bool prompt_has_vi_keys(void)
{
	return vi_keys;
}

void prompt_set_vi_keys(bool vi)
{
	vi_keys = vi;
}

void prompt_init(void)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &modes_before) != 0)
		return;
	signal(SIGTERM, on_end);
	signal(SIGHUP, on_end);
	/* Next to the key for Ctrl-C on many keyboards, and hours of work may be in a session. */
	signal(SIGQUIT, SIG_IGN);
	rl_readline_name = "crash"; /* for $if in the user's inputrc */
	rl_catch_signals = 0;
	/*
	 * Its marks would stand in front of answers, which programs on terminals read. The user's
	 * inputrc may want them.
	 */
	rl_variable_bind("enable-bracketed-paste", "off");
	rl_initialize(); /* reads it */
	vi_keys = rl_editing_mode == 0;
}

static void prepare_readline(void)
{
	/* gdb is in the same process and may have set these for itself. */
	rl_readline_name = "crash";
	rl_catch_signals = 0;
	rl_getc_function = wait_for_key;
	rl_attempted_completion_function = complete;
	rl_completion_word_break_hook = word_break;
	rl_completion_display_matches_hook = show_matches;
	/* What `< FILE` and `> FILE` read: a name with blanks stands in double quotes. */
	rl_completer_quote_characters = "\"";
	rl_filename_quote_characters = " \t";
	need_history();
	if ((rl_editing_mode == 0) != vi_keys)
		rl_variable_bind("editing-mode", vi_keys ? "vi" : "emacs");
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

/* Lines that were pasted together with the one before them. */
static char *pasted;

/* LINE up to its first newline; the rest is kept for the next calls. */
static char *first_line(char *line)
{
	char *end = line ? strpbrk(line, "\r\n") : NULL;

	if (end) {
		*end = '\0';
		pasted = xstrdup(end + 1);
	}
	return line;
}

static char *read_edited_line(const char *prompt)
{
	sigset_t blocked;
	char *line = pasted;

	pasted = NULL;
	if (line) {
		printf("%s%.*s\n", prompt, (int)strcspn(line, "\r\n"), line);
		return first_line(line);
	}
	if (interrupt_pending()) { /* behind the "^C" that ended the last command */
		putchar('\n');
		interrupt_clear();
	}
	prepare_readline();
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTSTP);
	pthread_sigmask(SIG_BLOCK, &blocked, &outside_mask);
	signal(SIGTSTP, on_stop);
	line = readline(prompt);
	signal(SIGTSTP, SIG_DFL);
	pthread_sigmask(SIG_SETMASK, &outside_mask, NULL);
	return first_line(line);
}

char *prompt_read_line(const char *prompt)
{
	if (!isatty(STDIN_FILENO))
		return read_plain_line();
	if (!session.terminal) { /* a terminal to type at, but the answers go elsewhere */
		fputs(prompt, stderr);
		return read_plain_line();
	}
	return read_edited_line(prompt);
}

void prompt_remember(const char *line, bool typed)
{
	struct strbuf why = { 0 };
	HIST_ENTRY *last;

	need_history();
	last = history_length ? history_get(history_base + history_length - 1) : NULL;
	if (!*line || (last && streq(last->line, line)))
		return;
	add_history(line);
	if (typed && history_is_open() && !history_append(line, &why))
		warn("lines are not kept for the next session: %s", strbuf_text(&why));
	strbuf_free(&why);
}

void prompt_show_history(void)
{
	need_history();
	for (int i = first_of_session; i < history_base + history_length; i++)
		out("[%d] %s\n", i - first_of_session + 1, history_get(i)->line);
}

static const char *recall_number(u64 number)
{
	HIST_ENTRY *entry = NULL;

	need_history();
	if (number > 0 && number <= (u64)(history_base + history_length - first_of_session))
		entry = history_get(first_of_session + (int)number - 1);

	if (!entry)
		fail("the history has no line %llu", number);
	return scope_strdup(entry->line);
}

static const char *recall_last(void)
{
	HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;

	if (!last)
		fail("the history is empty");
	return scope_strdup(last->line);
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
