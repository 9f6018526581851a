/* shell/input.c - reads lines from .crashrc, files, options, standard input and the prompt; they are run. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/input.h"

#include "base/fail.h"
#include "base/out.h"
#include "shell/alias.h"
#include "shell/command.h"
#include "shell/gdb_settings.h"
#include "shell/line.h"
#include "shell/outcome.h"
#include "shell/prompt.h"
#include "shell/report.h"
#include "shell/session.h"
#include "shell/shell.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RC_BYTES_MAX (1 << 20)
#define RC_NAME ".crashrc"

struct rc_line {
	char *text;
	const char *source;
	size_t number;
	bool is_done; /* before the files were opened */
};

struct source {
	const char *text; /* a file's name, or a command */
	bool is_command;
};

struct input_files input_files;

static VECTOR(struct rc_line) rc_lines;
static VECTOR(char *)
	rc_remarks; /* told when the session begins: until then it may be only a question */
static VECTOR(struct source) sources;
static bool is_batch; /* --exec */

void input_add_file(const char *path)
{
	*vector_add(&sources) = (struct source){ .text = path };
}

void input_add_command(const char *command)
{
	*vector_add(&sources) = (struct source){ .text = command, .is_command = true };
	is_batch = true;
}

/* A person sees what fails. */
static bool is_typed(void)
{
	return isatty(STDIN_FILENO) && session.terminal;
}

/* ---- .crashrc ---- */

/* Why a file that others may have written is not read; NULL: it is the user's own. */
static const char *distrust(const struct stat *about)
{
	if (about->st_uid != getuid())
		return "belongs to another user";
	if (about->st_mode & S_IWOTH)
		return "may be written by every user";
	return NULL;
}

static void keep_remark(char *remark)
{
	*vector_add(&rc_remarks) = remark;
}

static void keep_lines(char *text, const char *path)
{
	const char *source = xstrdup(path); /* its lines name it as long as the session lasts */
	size_t number = 0;

	for (char *line = text, *end; *line; line = end) {
		size_t length = strcspn(line, "\n");

		end = line + length + (line[length] == '\n');
		number++;
		while (length && isspace((unsigned char)line[length - 1]))
			length--;
		line[length] = '\0';
		*vector_add(&rc_lines) = (struct rc_line){
			.text = xstrdup(line_skip_blanks(line)),
			.source = source,
			.number = number,
		};
	}
}

/* The file that was looked at is the one that is read. False: it cannot be read. */
static bool read_rc_text(int fd, char *text, size_t space)
{
	size_t length = 0;
	ssize_t got;

	while (length < space - 1 && (got = read(fd, text + length, space - 1 - length)) != 0) {
		if (got < 0 && errno != EINTR)
			return false;
		length += got > 0 ? (size_t)got : 0;
	}
	text[length] = '\0';
	return true;
}

/*
 * FOLDER's, at PATH, when the file is trusted, and also the folder where CHECK_FOLDER. SEEN: what
 * was read already.
 */
static void read_rc_file(const char *folder, const char *path, bool check_folder, struct stat *seen)
{
	/* Not blocking: it may be a FIFO, that somebody put there. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat file, around;
	const char *why, *what = "it";
	char *text;

	if (fd < 0 || fstat(fd, &file) != 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			keep_remark(xasprintf("%s is not read: %s", path, strerror(errno)));
		if (fd >= 0)
			close(fd);
		return;
	}
	why = distrust(&file);
	if (!why && check_folder) {
		what = "its folder";
		why = stat(folder, &around) == 0 ? distrust(&around) : strerror(errno);
	}
	if (!S_ISREG(file.st_mode))
		keep_remark(xasprintf("%s is not read: it is no file", path));
	else if (file.st_dev == seen->st_dev && file.st_ino == seen->st_ino)
		why = NULL;
	else if (why)
		keep_remark(xasprintf("%s is not read: %s %s", path, what, why));
	else if (file.st_size >= RC_BYTES_MAX)
		keep_remark(xasprintf("%s is not read: it is too long", path));
	else {
		text = xmalloc(RC_BYTES_MAX);
		if (read_rc_text(fd, text, RC_BYTES_MAX))
			keep_lines(text, path);
		else
			keep_remark(xasprintf("%s is not read: %s", path, strerror(errno)));
		free(text);
		*seen = file;
	}
	close(fd);
}

static void read_rc_of(const char *folder, bool check_folder, struct stat *seen)
{
	char *path = xasprintf("%s/%s", folder, RC_NAME);

	read_rc_file(folder, path, check_folder, seen);
	free(path);
}

static void run_early(void *arg)
{
	struct rc_line *rc = arg;
	const char *line = alias_expand(rc->text);
	char word[16];
	const char *rest = line_first_word(line, word, sizeof(word));

	if (line_is_comment(rc->text))
		rc->is_done = true;
	if (line_is_comment(rc->text) || (!streq(word, "set") && !streq(word, "alias")) ||
	    line_command_length(line) != strlen(line))
		return;
	command_run(command_find(word), rest);
	rc->is_done = true;
}

static void run_early_unseen(void *arg)
{
	out_capture(run_early, arg, scope_strbuf());
}

void input_read_crashrc(void)
{
	const char *home = getenv("HOME");
	struct stat seen = { 0 };

	if (home && *home)
		read_rc_of(home, false, &seen);
	read_rc_of(".", true, &seen);
	for (size_t i = 0; i < rc_lines.count; i++) {
		/* What does not work before there is a dump is run, and told, when there is one. */
		if (!protect(run_early_unseen, &rc_lines.items[i], NULL))
			rc_lines.items[i].is_done = false;
	}
}

static void run_rc_lines(UNUSED void *arg)
{
	size_t i = 0;

	for (size_t remark = 0; remark < rc_remarks.count; remark++)
		warn("%s", rc_remarks.items[remark]);
	/* From the first line that waited, all run in their order. */
	while (i < rc_lines.count && rc_lines.items[i].is_done)
		i++;
	for (; i < rc_lines.count && !shell_quitting(); i++) {
		shell_echo_line(rc_lines.items[i].text);
		shell_run_line(rc_lines.items[i].text, rc_lines.items[i].source,
			       rc_lines.items[i].number);
	}
}

/* ---- the session ---- */

static void run_source(void *arg)
{
	const struct source *source = arg;

	if (!source->is_command) {
		shell_run_file(source->text);
		return;
	}
	shell_echo_line(source->text);
	shell_run_line(source->text, "--exec", 0);
}

struct typed {
	const char *text;
	size_t number; /* 0: at the prompt */
};

static void run_typed_line(void *arg)
{
	const struct typed *typed = arg;
	const char *line = line_skip_blanks(typed->text);
	const char *recalled = prompt_recall(line);

	if (recalled != line)
		out("%s\n", recalled);
	prompt_remember(recalled, isatty(STDIN_FILENO));
	shell_run_line(recalled, "standard input", typed->number);
}

/*
 * Runs BODY(arg); what fails outside of every command (a missing -i file) is told here.
 * False: something did.
 */
static bool protect_and_tell(void (*body)(void *arg), void *arg, const char *what)
{
	struct failure failure;

	if (protect(body, arg, &failure) || !*failure.text)
		return true;
	outcome_failed(what, NULL, 0);
	if (!interrupt_pending())
		report_error("crash", failure.text);
	if (outcome_settings.fail_fast)
		shell_quit();
	return false;
}

/* --exec or -i. Lines that never came are no failed command, but a session that did not work. */
static void run_source_protected(const struct source *source)
{
	if (!protect_and_tell(run_source, (void *)source, source->text) && !source->is_command)
		outcome_set_broken();
}

static void read_standard_input(void)
{
	struct typed typed = { 0 };

	if (is_typed())
		outcome_settings.fail_fast = false; /* whoever types goes on */
	while (!shell_quitting()) {
		char *line = prompt_read_line(gdb_settings.takes_lines ? "gdb> " : "crash> ");

		if (!line) {
			if (is_typed())
				putchar('\n');
			break;
		}
		if (!isatty(STDIN_FILENO))
			shell_echo_line(line);
		typed.text = line;
		typed.number++;
		protect_and_tell(run_typed_line, &typed, line);
		free(line);
	}
}

int input_main_loop(void)
{
	/*
	 * Programs that drive crash take any status but 0 for a dump that cannot be opened: who
	 * wants to know of failed commands asks for it.
	 */
	bool tells = is_batch || outcome_settings.fail_fast || outcome_settings.exit_status;

	protect_and_tell(run_rc_lines, NULL, RC_NAME);
	for (size_t i = 0; i < sources.count && !shell_quitting(); i++)
		run_source_protected(&sources.items[i]);
	if (!is_batch)
		read_standard_input();
	shell_finish_output();
	if (!is_typed() || is_batch)
		outcome_tell();
	if (outcome_is_broken())
		return 2;
	return tells && (outcome_count() || command_has_failed()) ? 2 : 0;
}
