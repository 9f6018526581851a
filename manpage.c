/* manpage.c - L6: the options of a run, its usage text, and crash(8) made from the commands' own data. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "manpage.h"

#include "command.h"
#include "help.h"
#include "util.h"

static const char exit_status[] =
	"0 when every command worked; 1 when nothing could be opened; 2 when some command failed, or\n"
	"its output could not be written. Which ones failed is said on standard error at the end. The\n"
	"end of the input is no failure, nor is what a shell command or a program behind a pipe returns.";

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

/* Text as troff wants it: dashes that can be copied, no line taken for a request. */
static void put_text(FILE *stream, const char *text, size_t length)
{
	const char *end = text + length;
	bool line_start = true;

	for (; text < end; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			fputs("\\&", stream);
		if (*text == '\\')
			fputs("\\e", stream);
		else if (*text == '-')
			fputs("\\-", stream);
		else
			fputc(*text, stream);
		line_start = *text == '\n';
	}
}

static void put_string(FILE *stream, const char *text)
{
	put_text(stream, text, strlen(text));
}

static void put_item(FILE *stream, const char *name, const char *argument, const char *help)
{
	fputs(".TP\n.B ", stream);
	put_string(stream, name);
	if (argument) {
		fputc(' ', stream);
		put_string(stream, argument);
	}
	fputc('\n', stream);
	put_string(stream, help);
	fputc('\n', stream);
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
		fputs(".PP\n", stream);
		if (*text == ' ') /* a table */
			fputs(".nf\n", stream);
		put_text(stream, text, end - text);
		fputs(*text == ' ' ? "\n.fi\n" : "\n", stream);
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
		put_string(stream, command->synopsis);
	}
	fputc('\n', stream);
	put_paragraphs(stream, command->description);
	for (option = command->options; option && option->name; option++) {
		char name[32];

		snprintf(name, sizeof(name), "-%s", option->name);
		if (option->help)
			put_item(stream, name, option->argument, option->help);
	}
	if (command->example) {
		fputs(".PP\n.nf\n", stream);
		put_string(stream, command->example);
		fputs(".fi\n", stream);
	}
}

void manpage_print(FILE *stream, const struct run_option *options)
{
	size_t i;

	fprintf(stream, ".TH CRASH 8 \"\" \"crash %s\"\n", CRASH_VERSION);
	fputs(".SH NAME\ncrash \\- answer questions about the memory of a Linux kernel\n"
	      ".SH SYNOPSIS\n.B crash\n[\\fIOPTION\\fR]... [\\fIVMLINUX\\fR] \\fIDUMP\\fR...\n"
	      ".br\n.B crash\n[\\fIOPTION\\fR]... [\\fIVMLINUX\\fR] [\\fI/proc/kcore\\fR | \\fI/dev/mem\\fR]\n"
	      ".SH DESCRIPTION\n"
	      "Opens the dump of a kernel with the vmlinux it ran and reads commands from the terminal, a file or "
	      "standard input. Without a vmlinux, that of the dump's build-id is looked for beside the dump and where "
	      "distributions put it; when there is none, names come from the symbol table in the dump and types from "
	      "the BTF in it, and what needs debug information says which vmlinux has it.\n.PP\n"
	      "Without a dump the questions are about the running kernel: its memory is read from /proc/kcore, or "
	      "/dev/mem where there is none, anew for each command, and its vmlinux is found by its build-id when "
	      "it is not given. A dump that cannot be opened is never replaced by the running kernel.\n"
	      ".SH OPTIONS\n",
	      stream);
	for (; options->name; options++)
		put_item(stream, options->name, options->argument, options->help);
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
}
