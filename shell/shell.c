/* shell/shell.c - takes command lines apart, runs what each word means, and says what went wrong. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/shell.h"

#include "base/colour.h"
#include "base/debug.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "base/progress.h"
#include "base/table.h"
#include "bridge/gdb_bridge.h"
#include "names/types.h"
#include "shell/alias.h"
#include "shell/command.h"
#include "shell/gdb_command.h"
#include "shell/gdb_settings.h"
#include "shell/line.h"
#include "shell/linefile.h"
#include "shell/nearest.h"
#include "shell/outcome.h"
#include "shell/process.h"
#include "shell/prompt.h"
#include "shell/report.h"
#include "shell/session.h"
#include "symbols.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define DEPTH_MAX 16 /* files that read files, aliases that run foreach ... */
#define NAME_MAX_BYTES 256

static unsigned depth; /* of shell_execute() inside itself */
static unsigned pieces; /* how many of them are commands of a line with ';' */
static bool too_deep; /* until the outermost ends */
static bool quitting;

static void on_interrupt(UNUSED int signal)
{
	interrupt_request();
}

/* The pager and the editing keys, as the environment asks for. */
static void choose_programs(void)
{
	const char *pager = getenv("CRASHPAGER");
	const char *editor = getenv("EDITOR");
	const char *name;

	if (!pager || !*pager)
		pager = getenv("PAGER");
	pager_settings.command = pager && *pager ? pager : PROCESS_LESS;
	if (!editor)
		return;
	name = strrchr(editor, '/');
	name = name ? name + 1 : editor;
	if (starts_with(name, "vi") || starts_with(name, "emacs"))
		prompt_set_vi_keys(*name == 'v');
}

/*
 * Started without a standard file, the first one that we open would take its number: commands would
 * be read from the dump, or answers written over it.
 */
static void need_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY); /* programs that we start need them as well */
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

void shell_init(void)
{
	/* No SA_RESTART: waiting for a child or for input must notice. */
	struct sigaction interrupt = { .sa_handler = on_interrupt };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	need_standard_files();
	table_set_problem(command_row_failed);
	sigemptyset(&interrupt.sa_mask);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	session.terminal = isatty(STDOUT_FILENO);
	prompt_init();
	process_init();
	colour_init(session.terminal);
	choose_programs();
}

void shell_quit(void)
{
	quitting = true;
}

bool shell_quitting(void)
{
	return quitting;
}

struct execution {
	const char *line;
	const char *name; /* for error messages: the command that was found */
	bool failed; /* something inside failed and was told already */
};

/* False: it was no error. An interrupt ends everything that the line was NESTED in as well. */
static bool tell_failure(const struct execution *execution, const struct failure *failure,
			 bool nested)
{
	if (failure->interrupted && !*failure->text) /* the reader of a pipe had enough */
		return false;
	command_partly_failed();
	if (failure->interrupted && nested)
		fail_again(failure);
	if (!interrupt_pending()) /* the user knows about Ctrl-C */
		report_error(execution->name, failure->text);
	return true;
}

static void run_named(struct execution *execution, const char *name, const char *line)
{
	const struct command *command = command_find(name);

	if (!command)
		fail("this crash has no \"%s\" command", name);
	execution->name = command->name;
	command_run(command, line);
}

/*
 * Is LINE with the first word WORD, which is a symbol as well, one of gdb's: "x
 * /4gx &init_task", "up"?
 */
static bool is_gdb_line(const char *word, const char *line)
{
	return !session.minimal && gdb_is_command(word) && !gdb_command_refused(line);
}

/*
 * "page.flags", "task_struct", "runqueues:1", "jiffies": a kernel type or symbol typed as a
 * command. gdb's commands come between the two: a symbol has p, a type's name is asked for much
 * more often than the few that gdb has as well.
 */
static const char *command_for_name(const char *word, const char *line, bool has_arguments)
{
	size_t length = strcspn(word, ".:[");
	char name[NAME_MAX_BYTES];

	if (!length || length >= sizeof(name) - strlen("struct "))
		return NULL;
	if (types_available()) {
		snprintf(name, sizeof(name), "struct %.*s", (int)length, word);
		if (type_exists(name))
			return "struct";
		snprintf(name, sizeof(name), "union %.*s", (int)length, word);
		if (type_exists(name))
			return "union";
		snprintf(name, sizeof(name), "%.*s", (int)length, word);
		if (type_exists(name)) {
			enum type_kind kind = TYPE_OTHER;

			type_kind_by_name(name, &kind);
			if (has_arguments && kind == TYPE_STRUCT)
				return "struct";
			if (has_arguments && kind == TYPE_UNION)
				return "union";
			return "whatis";
		}
	}
	snprintf(name, sizeof(name), "%.*s", (int)length, word);
	if (!symbol_by_name(word) && !symbol_by_name(name))
		return NULL;
	return is_gdb_line(word, line) ? NULL : "p";
}

static bool is_gdb_mode_exit(const char *line)
{
	return streq(line, "set gdb off") || streq(line, "q") || streq(line, "quit") ||
	       streq(line, "exit");
}

/* One command without any redirection left in it. */
static void run_simple(struct execution *execution)
{
	const char *line = line_skip_blanks(execution->line);
	bool escaped = *line == '\\';
	char word[NAME_MAX_BYTES];
	const struct command *command;
	const char *rest, *name;

	line = line_skip_blanks(line + escaped);
	rest = line_first_word(line, word, sizeof(word));
	progress_scope(word, NULL); /* for all that has no better one */
	if (gdb_settings.takes_lines && !is_gdb_mode_exit(line)) {
		if (!streq(word, "crash") && !session.minimal) {
			execution->name = "gdb";
			gdb_command_run(line);
			return;
		}
		line = rest;
		rest = line_first_word(line, word, sizeof(word));
	}
	if (*line == '*' && !escaped) {
		run_named(execution, "*", line + 1);
		return;
	}
	command = command_find(word);
	if (command) {
		execution->name = command->name;
		command_run(command, rest);
		return;
	}
	if (streq(word, "h") || (starts_with(word, "hi") && starts_with("history", word))) {
		prompt_show_history();
		return;
	}
	if (streq(word, "r"))
		fail("there is no history to run a line of: "
		     "only what is typed on a terminal is kept");
	if (command_is_missing(word))
		fail("command not found: %s: crash 9 has it, this program does not yet", word);
	name = command_for_name(word, line, *rest || strpbrk(word, ".:["));
	if (name)
		run_named(execution, name, line);
	else if (session.minimal || !gdb_command_try_run(line))
		fail("command not found: %s%s", word, command_nearest(word));
}

static void run_simple_body(void *arg)
{
	run_simple(arg);
}

/*
 * Runs one command in a scope of its own, with the redirection still in place for
 * its error message.
 */
static void run_protected(struct execution *outer, const char *line)
{
	struct execution execution = { .line = line, .name = outer->name };
	bool json = json_on();
	struct failure failure;

	if (!protect(run_simple_body, &execution, &failure) &&
	    tell_failure(&execution, &failure, depth > 1))
		outer->failed = true;
	json_set(json); /* --json is a command's own */
	outer->failed |= execution.failed;
}

/* `cmd args < file`: once for each line, which stands behind the arguments. */
static void run_with_each_line(struct execution *execution, const char *command, const char *path)
{
	struct file_lines *lines = file_lines_open(path);
	const char *line;

	while (!quitting && !interrupt_pending() && (line = file_lines_next(lines))) {
		char *whole;

		if (!*line)
			continue;
		if (execution->failed && outcome_settings.fail_fast)
			return;
		whole = xasprintf("%s %s", command, line);
		run_protected(execution, whole);
		free(whole);
	}
}

/* Programs that need no '!' before them. */
static bool is_external_word(const char *line)
{
	static const char *const words[] = { "vi",   "pwd",  "grep", "cat",  "more",
					     "less", "echo", "ls",   "clear" };
	char word[NAME_MAX_BYTES];

	line_first_word(line, word, sizeof(word));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (streq(word, words[i]))
			return true;
	}
	return false;
}

/* The rest of a line behind '!' or '|' is the shell's, whatever is in it. */
static bool run_shell_line(const char *line)
{
	if (*line != '!' && *line != '|')
		return false;
	line = line_skip_blanks(line + 1);
	process_shell(*line ? line : NULL);
	return true;
}

/* Lines in which a ';' separates nothing: gdb's Python has them as well. */
static bool keeps_semicolons(const char *line)
{
	char word[NAME_MAX_BYTES];

	line_first_word(line, word, sizeof(word));
	return gdb_settings.takes_lines || streq(word, "gdb") || streq(word, "g") ||
	       streq(word, "python") || streq(word, "py");
}

static bool wants_pager(void)
{
	return depth == pieces + 1 && pager_settings.scroll && !session.silent &&
	       session.terminal && pager_settings.command && isatty(STDIN_FILENO);
}

static void restore_json(void *arg)
{
	json_set(arg != NULL);
}

static void end_piece(UNUSED void *arg)
{
	pieces--;
}

static void run_piece(void *arg)
{
	struct execution *execution = arg;

	pieces++;
	scope_cleanup(end_piece, NULL);
	execution->failed |= !shell_execute(execution->line);
}

/* "CMD; CMD": each as if on a line of its own. False: there is only one command. */
static bool run_pieces(struct execution *execution, const char *line)
{
	struct execution piece = { 0 };
	struct failure failure;
	size_t length;

	if (keeps_semicolons(line) || line[line_command_length(line)] != ';')
		return false;
	while (!quitting && !interrupt_pending() && !too_deep && *line) {
		length = line_is_comment(line) ? strlen(line) : line_command_length(line);
		piece.line = scope_printf("%.*s", (int)length, line);
		/* Caught and passed on: what ends this line has to end the lines around it. */
		if (!protect(run_piece, &piece, &failure))
			fail_again(&failure);
		if (piece.failed && outcome_settings.fail_fast)
			break;
		line += length;
		line = line_skip_blanks(line + (*line == ';'));
	}
	execution->failed |= piece.failed;
	return true;
}

/* A line without ';' of its own, or one of its commands. */
static void execute_command(struct execution *execution, const char *line)
{
	struct line_parts parsed;
	struct execution inner = { .name = "crash" };

	if (is_external_word(line) && !gdb_settings.takes_lines) {
		process_shell(line);
		return;
	}
	line_check_signs(line);
	line_parse(line, &parsed);
	if (!*parsed.command && !parsed.input)
		fail("there is no command before the redirection");
	if (parsed.output)
		process_output_to_file(parsed.output, parsed.append);
	if (parsed.pipeline)
		process_output_to_pipe(parsed.pipeline);
	else if (!parsed.output && wants_pager())
		process_output_to_pager(pager_settings.command);
	if (!parsed.input)
		run_protected(&inner, parsed.command);
	else if (*parsed.command)
		run_with_each_line(&inner, parsed.command, parsed.input);
	else
		inner.failed = !shell_run_file(parsed.input);
	execution->failed |= inner.failed;
}

static void execute_line(struct execution *execution)
{
	const char *line = line_skip_blanks(execution->line);
	const char *expanded;

	scope_cleanup(restore_json, json_on() ? execution : NULL);
	if (line_is_comment(line) || run_shell_line(line) || run_pieces(execution, line))
		return;
	expanded = *line == '\\' ? line : alias_expand(line);
	if (expanded != line && (run_shell_line(expanded) || run_pieces(execution, expanded)))
		return;
	execute_command(execution, expanded);
}

static void execute_line_body(void *arg)
{
	execute_line(arg);
}

/* Nobody reads our answers any more, or they cannot be written: more commands make no sense. */
static void give_up_output(int error)
{
	static bool told;

	quitting = true;
	if (error == EPIPE) /* a reader that had enough is no failure */
		return;
	outcome_set_broken();
	if (told)
		return;
	told = true;
	fprintf(stderr, "crash: cannot write the output: %s\n", strerror(error));
}

void shell_finish_output(void)
{
	if (fflush(stdout) != 0 && errno != EINTR)
		give_up_output(errno);
	else if (ferror(stdout) && out_error())
		give_up_output(out_error());
}

/* Fails when the reader of a pipe went away. */
static void flush_output(void)
{
	if (fflush(out_stream()) != 0)
		out_text(""); /* looks at errno and at the stream */
}

/* crash --json: the line that ends a command's answer. */
static void put_json_status(void *arg)
{
	const struct execution *execution = arg;
	const char *line = line_skip_blanks(execution->line);

	if (line_is_comment(line))
		return;
	json_object(NULL);
	json_text("command", line);
	json_text("status", interrupt_pending() ? "interrupted"
			    : execution->failed ? "failed"
						: "ok");
	json_end();
}

static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

bool shell_execute(const char *line)
{
	struct execution execution = { .line = line, .name = "crash" };
	double start = seconds();
	struct failure failure;
	unsigned outer_depth = depth;
	bool failed_before, worked;

	if (!depth) {
		interrupt_clear();
		too_deep = false;
	}
	if (depth >= DEPTH_MAX) {
		too_deep = true;
		fail("commands and input files are nested more than %d deep", DEPTH_MAX);
	}
	depth++;
	failed_before = command_set_failed(false);
	worked = protect(execute_line_body, &execution, &failure);
	depth = outer_depth;
	if (!worked && tell_failure(&execution, &failure, depth > 0))
		execution.failed = true;
	/* An output that could not be written, say. */
	execution.failed |= command_has_failed();
	if (failed_before)
		command_partly_failed();
	/* An output that broke is told of below. */
	if (!depth && json_on() && !out_error())
		protect(put_json_status, &execution, NULL);
	if (depth)
		flush_output();
	else
		shell_finish_output();
	if (!depth && debug_on(DEBUG_FILES))
		debug_say("command %s: %.6f s", line, seconds() - start);
	return !execution.failed;
}

static void restore_failed(void *arg)
{
	command_set_failed(arg != NULL);
}

bool shell_execute_inside(const char *line, struct strbuf *error)
{
	report_catch(error);
	/* Who catches the message may go on as if nothing had failed. */
	scope_cleanup(restore_failed, command_has_failed() ? error : NULL);
	return shell_execute(line);
}

void shell_run_line(const char *line, const char *source, size_t number)
{
	size_t failures = outcome_count();

	session_refresh();
	/* A line that read a file: its lines are counted already. */
	if (!shell_execute(line) && outcome_count() == failures)
		outcome_failed(line, source, number);
	if (outcome_count() != failures && outcome_settings.fail_fast)
		shell_quit();
}

void shell_echo_line(const char *line)
{
	if (!session.silent)
		out("%s%s\n", gdb_settings.takes_lines ? "gdb> " : "crash> ", line);
}

bool shell_run_file(const char *path)
{
	struct file_lines *lines = file_lines_open(path);
	size_t failures = outcome_count();
	const char *line;

	while (!shell_quitting() && (line = file_lines_next(lines))) {
		shell_echo_line(line);
		prompt_remember(line, false);
		shell_run_line(line, path, file_lines_number(lines));
		if (interrupt_pending())
			break;
	}
	return outcome_count() == failures;
}
