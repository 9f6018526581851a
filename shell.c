/* shell.c - takes command lines apart, finds what each word means, runs it and tells what went wrong. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell.h"

#include "alias.h"
#include "colour.h"
#include "fail.h"
#include "gdb_command.h"
#include "json.h"
#include "out.h"
#include "process.h"
#include "prompt.h"
#include "session.h"
#include "symbols.h"
#include "types.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEPTH_MAX 16 /* files that read files, aliases that run foreach ... */
#define NAME_MAX_BYTES 256

static unsigned depth; /* of shell_execute() inside itself */
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
	session.pager = pager && *pager ? pager : PROCESS_LESS;
	if (!editor)
		return;
	name = strrchr(editor, '/');
	name = name ? name + 1 : editor;
	if (starts_with(name, "vi") || starts_with(name, "emacs"))
		session.vi_mode = *name == 'v';
}

/*
 * Started without a standard file, the first one that we open would take its number: commands would be read
 * from the dump, or answers written over it.
 */
static void need_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY); /* programs that we start need them, too */
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
	sigemptyset(&interrupt.sa_mask);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	session.terminal = isatty(STDOUT_FILENO);
	prompt_init();
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

static const char *skip_blanks(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

static char *trimmed(const char *text, size_t length)
{
	char *copy;

	while (length && isspace((unsigned char)*text)) {
		text++;
		length--;
	}
	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	copy = scope_alloc(length + 1);
	memcpy(copy, text, length);
	return copy;
}

/* The first word of LINE in WORD; returns where the rest starts. Longer words are no names of anything. */
static const char *first_word(const char *line, char *word, size_t space)
{
	size_t length = strcspn(line, " \t\n\v\f\r");

	snprintf(word, space, "%.*s", length < space ? (int)length : 0, line);
	return skip_blanks(line + length);
}

/* How far LINE's first piece reaches: to a '|', '<', '>' or ' ! ' outside quotes and parentheses. */
static size_t piece_length(const char *line)
{
	const char *p;
	int open = 0;

	for (p = line; *p; p++) {
		const char *close = *p == '"' || *p == '\'' ? strchr(p + 1, *p) : NULL;

		if (close) {
			p = close;
		} else if (*p == '(') {
			open++;
		} else if (*p == ')' && open) {
			open--;
		} else if (open) {
			continue;
		} else if (*p == '<' &&
			   p[1] == '<') { /* shifts are arithmetic, "->" a member of C */
			p++;
		} else if (*p == '|' || *p == '<' || (*p == '>' && (p == line || p[-1] != '-'))) {
			break;
		} else if (*p == '!' && p > line && isspace((unsigned char)p[-1]) &&
			   isspace((unsigned char)p[1])) {
			break;
		}
	}
	return p - line;
}

static char *file_name(const char *text, size_t length)
{
	char *name = trimmed(text, length);
	size_t bytes = strlen(name);

	if (!bytes)
		fail("a file name is missing after the redirection");
	if (bytes > 1 && *name == '"' && name[bytes - 1] == '"')
		return trimmed(name + 1, bytes - 2);
	if (strpbrk(name, " \t"))
		fail("\"%s\" is more than one file name", name);
	if (starts_with(name, "~/") && getenv("HOME"))
		return scope_printf("%s%s", getenv("HOME"), name + 1);
	return name;
}

void shell_line_parse(const char *line, struct shell_line *parsed)
{
	size_t length = piece_length(line);

	*parsed = (struct shell_line){ .command = trimmed(line, length) };
	line += length;
	while (*line) {
		char sign = *line++;

		if (sign == '|' || sign == '!') {
			parsed->pipeline = trimmed(line, strlen(line));
			if (!*parsed->pipeline)
				fail("a command is missing after \"%c\"", sign);
			return;
		}
		if (sign == '>' && *line == '>') {
			parsed->append = true;
			line++;
		}
		length = piece_length(line);
		if (sign == '<')
			parsed->input = file_name(line, length);
		else
			parsed->output = file_name(line, length);
		line += length;
	}
}

/* Every place where an error message goes; see `help set`, error. */
void shell_error(const char *name, const char *text)
{
	const char *separator = *name ? ": " : "";
	FILE *redirected = process_output();
	FILE *file;

	if (starts_with(text, "Usage:\n"))
		name = separator = "";
	if (session.error_file) {
		file = fopen(session.error_file, "ae");
		if (file) {
			fprintf(file, "%s%s%s\n", name, separator, text);
			fclose(file);
			return;
		}
	}
	if (json_on()) {
		json_error(name, text);
		return;
	}
	if (redirected)
		fprintf(redirected, "%s%s%s\n", name, separator, text);
	if (!redirected ||
	    !(process_output_is_paged() || session.error_redirect || session.error_file)) {
		fflush(stdout);
		printf("%s%s%s\n", name, separator, text);
	}
	fflush(stdout);
	if (session.core_dump) {
		session.core_dump = false;
		signal(SIGABRT, SIG_DFL);
		abort();
	}
}

struct execution {
	const char *line;
	const char *name; /* for error messages: the command that was found */
	bool failed; /* something inside failed and was told already */
};

/* False: it was no error. An interrupt ends everything that the line was NESTED in, too. */
static bool tell_failure(const struct execution *execution, const struct failure *failure,
			 bool nested)
{
	if (failure->interrupted && !*failure->text) /* the reader of a pipe had enough */
		return false;
	session.some_command_failed = true;
	if (failure->interrupted && nested)
		fail_again(failure);
	if (!interrupt_pending()) /* the user knows about Ctrl-C */
		shell_error(execution->name, failure->text);
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

/* "page.flags", "task_struct", "runqueues:1", "jiffies": a kernel type or symbol typed as a command. */
static const char *command_for_name(const char *word, bool has_arguments)
{
	size_t length = strcspn(word, ".:[");
	char name[NAME_MAX_BYTES];
	struct type type;

	if (!length || length >= sizeof(name) - strlen("struct "))
		return NULL;
	if (types_available()) {
		snprintf(name, sizeof(name), "struct %.*s", (int)length, word);
		if (type_by_name(name, &type))
			return "struct";
		snprintf(name, sizeof(name), "union %.*s", (int)length, word);
		if (type_by_name(name, &type))
			return "union";
		snprintf(name, sizeof(name), "%.*s", (int)length, word);
		if (type_by_name(name, &type)) {
			enum type_kind kind = type_kind(type);

			if (has_arguments && kind == TYPE_STRUCT)
				return "struct";
			if (has_arguments && kind == TYPE_UNION)
				return "union";
			return "whatis";
		}
	}
	snprintf(name, sizeof(name), "%.*s", (int)length, word);
	return symbol_by_name(word) || symbol_by_name(name) ? "p" : NULL;
}

static bool is_gdb_mode_exit(const char *line)
{
	return streq(line, "set gdb off") || streq(line, "q") || streq(line, "quit") ||
	       streq(line, "exit");
}

/* One command without any redirection left in it. */
static void run_simple(struct execution *execution)
{
	const char *line = skip_blanks(execution->line);
	bool escaped = *line == '\\';
	char word[NAME_MAX_BYTES];
	const struct command *command;
	const char *rest, *name;

	line = skip_blanks(line + escaped);
	rest = first_word(line, word, sizeof(word));
	if (session.gdb_prompt && !is_gdb_mode_exit(line)) {
		if (!streq(word, "crash") && !session.minimal) {
			execution->name = "gdb";
			gdb_command_run(line);
			return;
		}
		line = rest;
		rest = first_word(line, word, sizeof(word));
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
	name = command_for_name(word, *rest || strpbrk(word, ".:["));
	if (name)
		run_named(execution, name, line);
	else if (session.minimal || !gdb_command_try_run(line))
		fail("command not found: %s", word);
}

static void run_simple_body(void *arg)
{
	run_simple(arg);
}

/* Runs one command in a scope of its own, with the redirection still in place for its error message. */
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

struct file_lines {
	FILE *file;
	char *line;
	size_t space;
};

static void file_lines_close(void *arg)
{
	struct file_lines *lines = arg;

	fclose(lines->file);
	free(lines->line);
}

static struct file_lines *file_lines_open(const char *path)
{
	struct file_lines *lines = scope_alloc(sizeof(*lines));

	lines->file = fopen(path, "re");
	if (!lines->file)
		fail("%s: %s", path, strerror(errno));
	scope_cleanup(file_lines_close, lines);
	return lines;
}

static const char *file_lines_next(struct file_lines *lines)
{
	ssize_t length = getline(&lines->line, &lines->space, lines->file);

	if (length < 0)
		return NULL;
	while (length && isspace((unsigned char)lines->line[length - 1]))
		lines->line[--length] = '\0';
	return skip_blanks(lines->line);
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
		whole = xasprintf("%s %s", command, line);
		run_protected(execution, whole);
		free(whole);
	}
}

/* The line with its first word's alias put in; an alias of an alias counts too, but no word twice. */
static const char *expand_aliases(const char *line)
{
	char seen[DEPTH_MAX][NAME_MAX_BYTES];

	for (size_t count = 0; count < DEPTH_MAX; count++) {
		const struct alias *alias;
		const char *rest = first_word(line, seen[count], sizeof(seen[count]));

		for (size_t i = 0; i < count; i++) {
			if (streq(seen[i], seen[count]))
				return line;
		}
		alias = alias_find(seen[count]);
		if (!alias)
			return line;
		line = *rest ? scope_printf("%s %s", alias->text, rest) : scope_strdup(alias->text);
	}
	return line;
}

/* Programs that need no '!' before them. */
static bool is_external_word(const char *line)
{
	static const char *const words[] = { "vi",   "pwd",  "grep", "cat",  "more",
					     "less", "echo", "ls",   "clear" };
	char word[NAME_MAX_BYTES];

	first_word(line, word, sizeof(word));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (streq(word, words[i]))
			return true;
	}
	return false;
}

static bool run_external(const char *line)
{
	if (*line == '!' || *line == '|') {
		line = skip_blanks(line + 1);
		process_shell(*line ? line : NULL);
		return true;
	}
	if (!is_external_word(line) || session.gdb_prompt)
		return false;
	process_shell(line);
	return true;
}

static bool wants_pager(void)
{
	return depth == 1 && session.scroll && !session.silent && session.terminal &&
	       session.pager && isatty(STDIN_FILENO);
}

static bool is_comment(const char *line)
{
	return !*line || *line == '#' || starts_with(line, "//");
}

static bool run_file(const char *path);

static void restore_json(void *arg)
{
	json_set(arg != NULL);
}

static void execute_line(struct execution *execution)
{
	struct shell_line parsed;
	const char *line = skip_blanks(execution->line);
	struct execution inner = { .name = "crash" };

	scope_cleanup(restore_json, json_on() ? execution : NULL);
	if (is_comment(line))
		return;
	if (*line != '\\') {
		line = expand_aliases(line);
		if (run_external(line))
			return;
	}
	shell_line_parse(line, &parsed);
	if (!*parsed.command && !parsed.input)
		fail("there is no command before the redirection");
	if (parsed.output)
		process_output_to_file(parsed.output, parsed.append);
	if (parsed.pipeline)
		process_output_to_pipe(parsed.pipeline);
	else if (!parsed.output && wants_pager())
		process_output_to_pager(session.pager);
	if (!parsed.input)
		run_protected(&inner, parsed.command);
	else if (*parsed.command)
		run_with_each_line(&inner, parsed.command, parsed.input);
	else
		inner.failed = !run_file(parsed.input);
	execution->failed |= inner.failed;
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
	if (error == EPIPE || told)
		return;
	told = true;
	fprintf(stderr, "crash: cannot write the output: %s\n", strerror(error));
	session.some_command_failed = true;
}

/* Fails when the reader of a pipe went away. */
static void flush_output(void)
{
	if (fflush(out_stream()) != 0)
		out_text(""); /* looks at errno and at the stream */
}

/* crash --json: the line that ends a command's answer. */
static void put_json_status(const struct execution *execution, bool interrupted)
{
	const char *line = skip_blanks(execution->line);

	if (is_comment(line))
		return;
	json_object(NULL);
	json_text("command", line);
	json_text("status", interrupted ? "interrupted" : execution->failed ? "failed" : "ok");
	json_end();
}

bool shell_execute(const char *line)
{
	struct execution execution = { .line = line, .name = "crash" };
	struct failure failure;
	unsigned outer_depth = depth;
	bool worked;

	if (!depth)
		interrupt_clear();
	if (depth >= DEPTH_MAX)
		fail("commands and input files are nested more than %d deep", DEPTH_MAX);
	depth++;
	worked = protect(execute_line_body, &execution, &failure);
	depth = outer_depth;
	if (!worked && tell_failure(&execution, &failure, depth > 0))
		execution.failed = true;
	if (!depth && json_on())
		put_json_status(&execution, failure.interrupted && !worked);
	if (depth)
		flush_output();
	else if (fflush(stdout) != 0 && errno != EINTR)
		give_up_output(errno);
	else if (ferror(stdout) && out_error())
		give_up_output(out_error());
	return !execution.failed;
}

static void echo_line(const char *line)
{
	if (!session.silent)
		out("%s%s\n", session.gdb_prompt ? "gdb> " : "crash> ", line);
}

static bool run_file(const char *path)
{
	struct file_lines *lines = file_lines_open(path);
	bool worked = true;
	const char *line;

	while (!quitting && (line = file_lines_next(lines))) {
		echo_line(line);
		prompt_remember(line, false);
		session_refresh();
		worked &= shell_execute(line);
		if (interrupt_pending())
			break;
	}
	return worked;
}

void shell_run_file(const char *path)
{
	run_file(path);
}

static void run_typed_line(void *arg)
{
	const char *line = skip_blanks(arg);
	const char *recalled = prompt_recall(line);

	if (recalled != line)
		out("%s\n", recalled);
	prompt_remember(recalled, isatty(STDIN_FILENO));
	session_refresh();
	shell_execute(recalled);
}

static void run_input_file(void *arg)
{
	shell_run_file(arg);
}

/* Runs BODY(arg); what fails outside of every command (a missing -i file) is told here. */
static void protect_and_tell(void (*body)(void *arg), void *arg)
{
	struct failure failure;

	if (protect(body, arg, &failure) || !*failure.text)
		return;
	session.some_command_failed = true;
	if (!interrupt_pending())
		shell_error("crash", failure.text);
}

int shell_main_loop(void)
{
	if (session.input_file)
		protect_and_tell(run_input_file, (void *)session.input_file);
	while (!quitting) {
		char *line = prompt_read_line(session.gdb_prompt ? "gdb> " : "crash> ");

		if (!line) {
			if (isatty(STDIN_FILENO) && session.terminal)
				putchar('\n');
			break;
		}
		if (!isatty(STDIN_FILENO))
			echo_line(line);
		protect_and_tell(run_typed_line, line);
		free(line);
	}
	if (fflush(stdout) != 0)
		give_up_output(errno);
	return session.some_command_failed ? 2 : 0;
}
