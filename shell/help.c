/* shell/help.c - prints the help pages: words are filled to 80 columns, what is indented stays as it is. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/help.h"

#include "base/fail.h"
#include "base/out.h"
#include "bridge/gdb_bridge.h"
#include "shell/alias.h"
#include "shell/nearest.h"

#include <ctype.h>
#include <stdlib.h>

#define COLUMNS 80
#define TABLE_COLUMNS 5
#define TABLE_WIDTH 15

const char help_input_page[] =
	"Command lines are edited with the readline library: arrow keys, Ctrl-R to search earlier "
	"lines, and TAB, which completes commands, options, symbols, types and their members, "
	"tasks, modules and files. The keys are those of emacs, or those of vi when your inputrc "
	"says so, when EDITOR names vi, or after \"set edit vi\".\n"
	"\n"
	"A line is, in this order: a command of crash, an alias, the name of a kernel type or "
	"symbol, a command of gdb.\n"
	"\n"
	"  COMMAND ARGUMENTS  a command from the table of \"help\".\n"
	"  TYPE[.MEMBER] ...  \"struct TYPE ...\" or \"union TYPE ...\"; types that are\n"
	"                     neither are shown by \"whatis\".\n"
	"  SYMBOL             \"p SYMBOL\".\n"
	"  SYMBOL:CPUS        of a per-cpu variable the copies of these CPUs: 0,2-3; a\n"
	"                     for all; nothing for the current one. Also behind\n"
	"                     SYMBOL.MEMBER, and in TYPE SYMBOL:CPUS.\n"
	"  *TYPE ...          structure or union, whichever it is.\n"
	"  \\WORD ...          WORD is no alias here.\n"
	"  # ... or // ...    a comment; the history keeps it.\n"
	"  !PROGRAM ...       a shell command. A bare ! starts a shell. The programs\n"
	"                     vi, pwd, grep, cat, more, less, echo, ls and clear need\n"
	"                     no !.\n"
	"  < FILE             runs the lines of FILE. One that fails does not stop the\n"
	"                     others.\n"
	"  COMMAND < FILE     runs COMMAND once for each line of FILE, with that line\n"
	"                     behind it.\n"
	"  COMMAND; COMMAND   both, one after the other, also when the first fails. A ;\n"
	"                     inside quotes or parentheses, behind ! or |, or in a line\n"
	"                     for gdb separates nothing.\n"
	"\n"
	"The history of a session; lines of a FILE are listed, but do not run others:\n"
	"\n"
	"  h                  lists it with numbers.\n"
	"  r or !!            runs the last line again.\n"
	"  r N or !N          runs line N again.\n"
	"  r TEXT             runs the last line that starts with TEXT again.\n"
	"\n"
	"Lines typed on a terminal are kept for later sessions, where the arrow keys and Ctrl-R "
	"find them. The file is crash/history below $XDG_STATE_HOME or ~/.local/state; only its "
	"owner can read it.\n"
	"\n"
	"Ctrl-C ends the running command, its pager or pipeline, and keeps the session; Ctrl-\\ "
	"does nothing. The end of the input, or \"q\", ends the session.\n"
	"\n"
	"Without a terminal, commands are read from standard input, and each line is shown after "
	"a prompt before it runs. \"crash -i FILE\" runs FILE before anything else; -s leaves out "
	"the echo. \"crash --exec COMMAND\" runs COMMAND and ends; it may be given many times, "
	"and -i FILE between them. With --fail-fast the first command that fails ends the "
	"session.\n"
	"\n"
	"The exit status is 0 when the session worked, 1 when nothing could be opened, and 2 when "
	"standard output could not be written or an -i file not be read. With --exit-status, "
	"--exec, --json or --fail-fast it is also 2 when some command failed, whatever came after "
	"it. In every run, a line on standard error at the end says which commands failed. The "
	"status of shell commands and of programs after a pipe does not count, nor does it count "
	"when such a program, or the reader of standard output, ends early.\n"
	"\n"
	".crashrc in the home folder is run first, then .crashrc in the current folder, when it "
	"belongs to the user and so does the folder. One that belongs to somebody else, or that "
	"everybody may write to, is not read; a message says so. Its \"set\" and \"alias\" lines "
	"count before the dump is opened; \"set namelist FILE\" and \"set dumpfile FILE\" there "
	"name files to open where none are given. --no_crashrc leaves out both.\n"
	"\n"
	"Addresses are hexadecimal, with or without 0x, or symbols, or symbol+offset, or an "
	"expression in parentheses, like (jiffies_64 + 8). Words with blanks are put in double "
	"quotes; single quotes mark regular expressions where a command takes them.\n";

const char help_output_page[] =
	"On a terminal, output that is longer than the screen goes through a pager: the program "
	"in the environment variable CRASHPAGER or PAGER, else less. \"set scroll off\" or \"sf\" "
	"switches it off, \"sn\" on again; it is never used with -s or when the input or the "
	"output is no terminal. Lines of a slow command appear after 0.3 seconds; the pager shows "
	"them again when more than a screen follows.\n"
	"\n"
	"  COMMAND | SHELL    sends the output through a shell pipeline.\n"
	"  COMMAND ! SHELL    the same.\n"
	"  COMMAND > FILE     writes it to FILE.\n"
	"  COMMAND >> FILE    adds it to FILE.\n"
	"  COMMAND --json     answers in JSON, an object a line, with addresses as\n"
	"                     strings in hexadecimal and sizes in bytes. For gdb it\n"
	"                     stands before gdb's command.\n"
	"\n"
	"A file's name is the rest of the line, with its blanks; quotes of either kind around it, "
	"or around a part of it, are not part of the name.\n"
	"\n"
	"None of these signs counts inside quotes or parentheses. \"set error\" says where error "
	"messages go then. \"crash --json\" makes every answer of a run JSON; the last line has "
	"the status.\n"
	"\n"
	"On a terminal, lines about tasks that run or may be stuck, about the task that panicked "
	"and about the panic are coloured, unless NO_COLOR is set or TERM is \"dumb\". Work that "
	"takes more than a second shows how far it is, how fast, and, where that is known, how "
	"long the rest will take; not with -s, while a program reads the output, or where TERM is "
	"\"dumb\".\n"
	"\n"
	"Numbers are printed in decimal at the start. \"hex\" and \"dec\" (\"set radix 16\", "
	"\"set radix 10\") change that for p, struct and their like; the options -x and -d do so "
	"for one command.\n";

/*
 * The words of one paragraph, filled, with INDENT blanks before each line but the first, which has
 * FIRST of them.
 */
static void add_words(const char *text, size_t length, int first, int indent, struct strbuf *filled)
{
	int column = indent;
	size_t i = 0;

	strbuf_printf(filled, "%*s", first, "");
	while (i < length) {
		size_t word = 0;

		while (i < length && isspace((unsigned char)text[i]))
			i++;
		while (i + word < length && !isspace((unsigned char)text[i + word]))
			word++;
		if (!word)
			break;
		if (column > indent && column + 1 + (int)word > COLUMNS - 1) {
			strbuf_printf(filled, "\n%*s", indent, "");
			column = indent;
		}
		if (column > indent)
			strbuf_printf(filled, " ");
		column += (column > indent) + (int)word;
		strbuf_printf(filled, "%.*s", (int)word, text + i);
		i += word;
	}
	strbuf_printf(filled, "\n");
}

static void fill_words(const char *text, size_t length, int first, int indent)
{
	struct strbuf *filled = scope_strbuf();

	add_words(text, length, first, indent, filled);
	out("%s", strbuf_text(filled));
}

/* Is this a line of a paragraph that may be filled? */
static bool is_prose(const char *line)
{
	return *line && !isspace((unsigned char)*line);
}

static void print_text(const char *text, int indent)
{
	while (*text) {
		const char *end = text;

		if (is_prose(text)) {
			while (is_prose(end)) {
				end += strcspn(end, "\n");
				end += *end == '\n';
			}
			fill_words(text, end - text, indent, indent);
		} else {
			end += strcspn(end, "\n");
			if (end > text)
				out("%*s%.*s", indent, "", (int)(end - text), text);
			out("\n");
			end += *end == '\n';
		}
		text = end;
	}
}

/* Every line of TEXT as it is, behind INDENT blanks. */
static void print_verbatim(const char *text, int indent)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length)
			out("%*s%.*s", indent, "", (int)length, text);
		out("\n");
		text += length;
		text += *text == '\n';
	}
}

static int option_width(const struct option *option)
{
	return 1 + strlen(option->name) +
	       (option->argument ? (option->argument[0] == '=' ? 2 : 1) + strlen(option->argument)
				 : 0);
}

static int print_option(const struct option *option)
{
	if (!option->argument)
		out("-%s", option->name);
	else if (option->argument[0] == '=')
		out("-%s[%s]", option->name, option->argument);
	else
		out("-%s %s", option->name, option->argument);
	return option_width(option);
}

static void print_options(const struct option *options)
{
	int width = 0;
	bool any = false;

	for (const struct option *option = options; option->name; option++) {
		if (option->help && option_width(option) > width)
			width = option_width(option);
		any |= option->help != NULL;
	}
	if (!any)
		return;
	out("\nOPTIONS\n");
	for (const struct option *option = options; option->name; option++) {
		if (!option->help)
			continue;
		out("    ");
		fill_words(option->help, strlen(option->help), width + 2 - print_option(option),
			   width + 6);
	}
}

void help_page(const struct command *command)
{
	out("\nNAME\n  %s - %s\n\nSYNOPSIS\n", command->name, command->summary);
	out("%s", synopsis_text(command));
	out("\n\nDESCRIPTION\n");
	print_text(command->description ? command->description : command->summary, 2);
	if (command->options)
		print_options(command->options);
	if (command->example) {
		out("\nEXAMPLE\n");
		print_verbatim(command->example, 4);
	}
	out("\n");
}

void help_table(void)
{
	const struct command *shown[256];
	const struct command *last = command_find("q"); /* where crash has it */
	size_t count = 0, rows;

	for (size_t i = 0; command_table[i] && count + 1 < ARRAY_SIZE(shown); i++) {
		if (!(command_table[i]->flags & COMMAND_HIDDEN) && command_table[i] != last)
			shown[count++] = command_table[i];
	}
	if (last)
		shown[count++] = last;
	rows = (count + TABLE_COLUMNS - 1) / TABLE_COLUMNS;
	out("\n");
	for (size_t row = 0; row < rows; row++) {
		for (size_t i = row; i < count; i += rows)
			out("%-*s", TABLE_WIDTH, shown[i]->name);
		out("\n");
	}
	out("\ncrash version: %s    gdb version: %s\n", CRASH_VERSION, gdb_bridge_version());
	out("For help on any command above, enter \"help <command>\".\n");
	out("For help on input options, enter \"help input\".\n");
	out("For help on output options, enter \"help output\".\n\n");
}

void help_all(void)
{
	for (size_t i = 0; command_table[i]; i++) {
		if (!(command_table[i]->flags & COMMAND_HIDDEN))
			help_page(command_table[i]);
	}
}

bool help_topic(const char *topic)
{
	const struct command *command = command_find(topic);
	const struct alias *alias = command ? NULL : alias_find(topic);

	if (alias) {
		char word[64];
		size_t length = strcspn(alias->text, " \t");

		if (length < sizeof(word)) {
			memcpy(word, alias->text, length);
			word[length] = '\0';
			command = command_find(word);
		}
	}
	if (command)
		help_page(command);
	else if (streq(topic, "input"))
		print_text(help_input_page, 0);
	else if (streq(topic, "output"))
		print_text(help_output_page, 0);
	else if (streq(topic, "all"))
		help_all();
	else
		return false;
	return true;
}

void help_command(const char *topic)
{
	static const char *const topics[] = { "input", "output", "all", NULL };
	const char *asked;

	if (help_topic(topic))
		return;
	if (command_is_missing(topic))
		fail("there is no help page for \"%s\": crash 9 has this command, "
		     "this program does not yet",
		     topic);
	asked = nearest_of(topic, topics);
	fail("there is no help page for \"%s\"%s", topic, *asked ? asked : command_nearest(topic));
}
