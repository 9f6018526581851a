/* shell/gdb_command.c - passes command lines to gdb; knows which of gdb's commands a dump cannot answer. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/gdb_command.h"

#include "base/fail.h"
#include "base/out.h"
#include "bridge/gdb_bridge.h"
#include "shell/bridge_ops.h"
#include "shell/gdb_settings.h"
#include "shell/nearest.h"

#include <ctype.h>
#include <stdio.h>

#define NOTHING_RUNS "the kernel's memory is only looked at: there is no process to run or stop"
#define NO_STOPS "nothing runs here, so no breakpoint, watchpoint or catchpoint can be hit"
#define OUR_TARGET "gdb's view of the kernel is set up by crash and must not be replaced"
#define ENDS_GDB "it would end gdb inside crash; q alone ends the session"
#define USE_BANG "use !COMMAND for a shell command"
#define ONLY_FILES "it continues over several lines: put it into a file and use \"gdb source FILE\""

static const struct refusal {
	const char *commands; /* separated by blanks, with one before and behind each */
	const char *reason;
} refusals[] = {
	{ " run r start starti attach continue c fg detach finish handle interrupt jump j kill k"
	  " next n nexti ni signal queue-signal step s stepi si until u advance call return"
	  " reverse-step reverse-next reverse-continue reverse-finish rc rs rn record checkpoint"
	  " restart inferior add-inferior clone-inferior ",
	  NOTHING_RUNS },
	{ " break b br brea tbreak tb hbreak hb thbreak thb rbreak watch rwatch awatch delete d"
	  " clear disable dis disa enable en condition cond ignore catch tcatch commands dprintf ",
	  NO_STOPS },
	{ " quit q exit ", ENDS_GDB },
	{ " target tar file exec-file core-file core symbol-file load ", OUR_TARGET },
	{ " shell sh she shel sy system make pipe | ! ", USE_BANG },
	{ " define document while if python python-interactive pi py guile gu ", ONLY_FILES },
};

/* The first word of LINE; gdb ends a command's name at what is no letter, digit, _ - or . */
static size_t first_word(const char *line, char *word, size_t space)
{
	size_t length = 0;

	while (isalnum((unsigned char)line[length]) ||
	       (line[length] && strchr("_-.", line[length])))
		length++;
	if (!length && *line)
		length = 1; /* "!" and "|" */
	if (length >= space)
		length = space - 1;
	memcpy(word, line, length);
	word[length] = '\0';
	return length;
}

/* "python print(1)" is complete on one line; "python" alone waits for more. */
static bool is_complete_script(const char *word, const char *rest)
{
	bool script = streq(word, "python") || streq(word, "py");

	while (isspace((unsigned char)*rest))
		rest++;
	return script && *rest;
}

/*
 * What enable and disable do to anything but breakpoints: commands of Python, which gdb may not
 * have started yet.
 */
static bool is_about_printing(const char *name, const char *line)
{
	static const char *const kinds[] = { "pretty-printer", "type-printer", "frame-filter",
					     "unwinder", "xmethod" };
	char word[64];

	line += strcspn(line, " \t");
	first_word(line + strspn(line, " \t"), word, sizeof(word));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (streq(word, kinds[i]))
			return streq(name, "enable") || streq(name, "disable") ||
			       starts_with(name, "enable ") || starts_with(name, "disable ");
	}
	return false;
}

static const char *refusal_of(const char *word)
{
	char key[80];

	snprintf(key, sizeof(key), " %s ", word);
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (strstr(refusals[i].commands, key))
			return refusals[i].reason;
	}
	return NULL;
}

const char *gdb_command_never_runs(const char *name)
{
	const char *reason = refusal_of(name);

	if (!reason || streq(reason, NOTHING_RUNS) || streq(reason, OUR_TARGET) ||
	    streq(reason, ENDS_GDB))
		return reason;
	return NULL;
}

/* "with SETTING -- COMMAND" runs COMMAND. */
static const char *inner_command(const char *name, const char *line)
{
	const char *inner = streq(name, "with") || starts_with(name, "with ") ? strstr(line, "--")
									      : NULL;

	return inner ? inner + 2 : NULL;
}

const char *gdb_command_refused(const char *line)
{
	char word[64], name[128];
	const char *reason, *inner;
	size_t length;

	while (isspace((unsigned char)*line))
		line++;
	length = first_word(line, word, sizeof(word));
	if (!length || is_complete_script(word, line + length))
		return NULL;
	/* In full, as gdb understands it: an abbreviation does what the whole word does. */
	if (!gdb_command_name(line, name, sizeof(name)))
		return refusal_of(word);
	if (is_about_printing(name, line))
		return NULL;
	inner = inner_command(name, line);
	if (inner)
		return gdb_command_refused(inner);
	reason = refusal_of(word);
	name[strcspn(name, " ")] = '\0';
	return reason ? reason : refusal_of(name);
}

struct gdb_text {
	struct strbuf output, error;
};

static void free_text(void *arg)
{
	struct gdb_text *text = arg;

	strbuf_free(&text->output);
	strbuf_free(&text->error);
}

static bool run(const char *line, bool unknown_is_error)
{
	struct gdb_text *text = scope_alloc(sizeof(*text));
	const char *reason = gdb_command_refused(line);
	char name[128];
	bool worked;

	if (reason) {
		char word[64];

		while (isspace((unsigned char)*line))
			line++;
		first_word(line, word, sizeof(word));
		fail("gdb's \"%s\" is refused: %s", word, reason);
	}
	scope_cleanup(free_text, text);
	/* x may look at the current task's own memory, which has no address of the kernel's. */
	if (gdb_command_name(line, name, sizeof(name)) && streq(name, "x"))
		bridge_ops_use_both();
	gdb_settings_sync();
	worked = gdb_run(line, GDB_DWARF_IF_NEEDED, &text->output, &text->error);
	if (!worked && !unknown_is_error &&
	    starts_with(strbuf_text(&text->error), "Undefined command:"))
		return false;
	out_text(strbuf_text(&text->output));
	if (!worked) {
		interrupt_check();
		fail("%s", nearest_for_gdb(strbuf_text(&text->error), line));
	}
	if (text->error.length)
		warn("gdb: %s", strbuf_text(&text->error));
	return true;
}

void gdb_command_run(const char *line)
{
	run(line, true);
}

bool gdb_command_try_run(const char *line)
{
	return run(line, false);
}
