/* shell/manpage.c - the options of a run, its usage text, and crash(8) made from the commands' own data. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/manpage.h"

#include "base/util.h"
#include "shell/command.h"
#include "shell/help.h"

static const char exit_status[] =
	"0 when the session worked; 1 when nothing could be opened; 2 when standard output could not be\n"
	"written or an -i file not be read, and with --exit-status, --exec, --json or --fail-fast also\n"
	"when some command failed. Which ones failed stands on standard error at the end of every run.\n"
	"The end of the input is no failure, nor is a reader of the output that ends early, nor what a\n"
	"shell command or a program behind a pipe returns.";

static const struct run_option files[] = {
	{ "~/.crashrc, .crashrc", NULL, "commands that are run at the start; see COMMAND LINES" },
	{ "~/.local/state/crash/history", NULL, "lines typed in earlier sessions" },
	{ "/usr/lib/debug, /lib/modules", NULL,
	  "where distributions put a kernel's vmlinux and the object files of its modules" },
	{ 0 },
};

static const struct run_option variables[] = {
	{ "CRASHPAGER, PAGER", NULL, "the pager: the first that is set, else less" },
	{ "LESS", NULL, "options of less; -R where it is not set" },
	{ "EDITOR", NULL, "editing keys are those of vi when it names vi" },
	{ "NO_COLOR", NULL, "no colours when it is set" },
	{ "TERM", NULL, "no colours when it is dumb" },
	{ "XDG_STATE_HOME", NULL,
	  "where the history is kept, in the folder crash; else ~/.local/state" },
	{ "CRASH_MODULE_PATH", NULL,
	  "where to look for object files of modules before the usual places" },
	{ "DEBUGINFOD_URLS", NULL, "servers that are asked with --debuginfod" },
	{ "TMPDIR", NULL, "where packed files are unpacked; else /var/tmp" },
	{ 0 },
};

void usage_print(FILE *stream, const struct run_option *options)
{
	char left[64];

	fputs("Usage: crash [OPTION]... [VMLINUX] DUMP...\n"
	      "       crash [OPTION]... [VMLINUX] [/proc/kcore | /dev/mem]\n"
	      "Answers questions about the kernel whose memory is in DUMP (several files: one split dump), or\n"
	      "about the kernel that is running.\n\n",
	      stream);
	for (; options->name; options++) {
		snprintf(left, sizeof(left), "%s%s%s", options->name, options->argument ? " " : "",
			 options->argument ? options->argument : "");
		fprintf(stream, "  %-22s %s\n", left, options->help);
	}
	fprintf(stream, "\nExit status:\n%s\n", exit_status);
}

/* Text as troff wants it: signs that can be copied, no line taken for a request. */
static void put_text(FILE *stream, const char *text, size_t length)
{
	static const struct {
		char sign;
		const char *name;
	} signs[] = {
		{ '\\', "\\e" },  { '-', "\\-" },   { '~', "\\(ti" },
		{ '^', "\\(ha" }, { '`', "\\(ga" }, { '\'', "\\(aq" },
	};
	const char *end = text + length;
	bool line_start = true;

	for (; text < end; text++) {
		size_t i = 0;

		if (line_start && *text == '.')
			fputs("\\&", stream);
		while (i < ARRAY_SIZE(signs) && signs[i].sign != *text)
			i++;
		if (i < ARRAY_SIZE(signs))
			fputs(signs[i].name, stream);
		else
			fputc(*text, stream);
		line_start = *text == '\n';
	}
}

static void put_string(FILE *stream, const char *text)
{
	put_text(stream, text, strlen(text));
}

/* The lines that the program's own usage has are lines here as well. */
static void put_synopsis(FILE *stream, const char *text)
{
	for (size_t length; *text; text += length + (text[length] == '\n')) {
		length = strcspn(text, "\n");
		put_text(stream, text, length);
		fputs(text[length] ? "\n.br\n.B " : "", stream);
	}
}

static void put_item(FILE *stream, const char *name, const char *argument, const char *help)
{
	fputs(".TP\n.B ", stream);
	put_string(stream, name);
	if (argument) {
		bool attached = argument[0] == '='; /* and may be left out */

		fputc(attached ? '[' : ' ', stream);
		put_string(stream, argument);
		fputs(attached ? "]" : "", stream);
	}
	fputc('\n', stream);
	put_string(stream, help);
	fputc('\n', stream);
}

static void put_items(FILE *stream, const struct run_option *items)
{
	for (; items->name; items++)
		put_item(stream, items->name, items->argument, items->help);
}

/*
 * What has lines of its own: a table or an example. It begins further left, because it may be as
 * wide as the screen.
 */
static void put_lines(FILE *stream, const char *text, size_t length)
{
	fputs(".PP\n.in -5n\n.nf\n", stream);
	put_text(stream, text, length);
	fputs(length && text[length - 1] == '\n' ? ".fi\n.in +5n\n" : "\n.fi\n.in +5n\n", stream);
}

/* Paragraphs are separated by an empty line. */
static void put_paragraphs(FILE *stream, const char *text)
{
	const char *end;

	for (; text && *text; text = *end ? end + 2 : end) {
		end = strstr(text, "\n\n");
		if (!end)
			end = text + strlen(text);
		while (*text == '\n')
			text++;
		if (*text == ' ') {
			put_lines(stream, text, end - text);
			continue;
		}
		fputs(".PP\n", stream);
		put_text(stream, text, end - text);
		fputc('\n', stream);
	}
}

static void put_command(FILE *stream, const struct command *command)
{
	const struct option *option;

	fputs(".SS \"", stream);
	put_string(stream, command->name);
	fputs("\"\n", stream);
	put_string(stream, command->summary);
	fputs("\n.PP\n.B ", stream);
	put_string(stream, command->name);
	if (command->synopsis) {
		fputc(' ', stream);
		put_synopsis(stream, command->synopsis);
	}
	fputc('\n', stream);
	put_paragraphs(stream, command->description);
	for (option = command->options; option && option->name; option++) {
		char name[32];

		snprintf(name, sizeof(name), "-%s", option->name);
		if (option->help)
			put_item(stream, name, option->argument, option->help);
	}
	if (command->example)
		put_lines(stream, command->example, strlen(command->example));
}

void manpage_print(FILE *stream, const struct run_option *options)
{
	size_t i;

	fprintf(stream, ".TH CRASH 8 \"\" \"crash %s\"\n", CRASH_VERSION);
	/* Words of commands and options are not to be torn or stretched. */
	fputs(".nh\n.ad l\n", stream);
	fputs(".SH NAME\n"
	      "crash \\- answer questions about the memory of a Linux kernel\n"
	      ".SH SYNOPSIS\n"
	      ".B crash\n"
	      "[\\fIOPTION\\fR]... [\\fIVMLINUX\\fR] \\fIDUMP\\fR...\n"
	      ".br\n"
	      ".B crash\n"
	      "[\\fIOPTION\\fR]... [\\fIVMLINUX\\fR] [\\fI/proc/kcore\\fR | \\fI/dev/mem\\fR]\n"
	      ".SH DESCRIPTION\n"
	      "Opens the dump of a kernel, with that kernel's vmlinux, and reads commands from "
	      "the terminal, a file or standard input. When no vmlinux is given, crash looks for "
	      "the one with the dump's build-id, beside the dump and where distributions put it. "
	      "Without one, names come from the symbol table in the dump and types from its BTF; "
	      "what needs debug information says which vmlinux has it.\n"
	      ".PP\n"
	      "Without a dump, the questions are about the running kernel. Its memory is read "
	      "from /proc/kcore, or from /dev/mem where there is none, anew for each command; its "
	      "vmlinux is found by its build-id when it is not given. A dump that cannot be "
	      "opened is never replaced by the running kernel.\n"
	      ".SH OPTIONS\n",
	      stream);
	put_items(stream, options);
	fputs(".SH COMMANDS\n", stream);
	for (i = 0; command_table[i]; i++) {
		if (!(command_table[i]->flags & COMMAND_HIDDEN))
			put_command(stream, command_table[i]);
	}
	fputs(".SH COMMAND LINES\n", stream);
	put_paragraphs(stream, help_input_page);
	fputs(".SH OUTPUT\n", stream);
	put_paragraphs(stream, help_output_page);
	fprintf(stream, ".SH EXIT STATUS\n%s\n", exit_status);
	fputs(".SH FILES\n", stream);
	put_items(stream, files);
	fputs(".SH ENVIRONMENT\n", stream);
	put_items(stream, variables);
}
