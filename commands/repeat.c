/* commands/repeat.c - the command repeat: runs a command again and again. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "shell/command.h"
#include "shell/process.h"
#include "shell/session.h"
#include "shell/shell.h"

#include <ctype.h>

/* As if a write had failed: the command ends, and without a word. */
static noreturn void end_quietly(void)
{
	fail_again(&(struct failure){ .interrupted = true });
}

static void run_repeat(struct args *args)
{
	const char *line = args->line;
	u64 seconds = 0;

	if (*line == '-') {
		size_t length = strcspn(++line, " \t");

		if (!parse_u64(scope_printf("%.*s", (int)length, line), 10, &seconds) ||
		    seconds > INT32_MAX)
			usage_problem(args, "not a number of seconds: %.*s", (int)length, line);
		line += length;
	}
	while (isspace((unsigned char)*line))
		line++;
	if (!*line && *args->line)
		usage_problem(args, "a command is missing");
	if (!*line)
		usage_fail(args);
	process_output_unpaged();
	for (;;) {
		interrupt_check();
		session_refresh();
		/* It told what went wrong; the next time would say the same. */
		if (!shell_execute(line))
			fail("the command failed: %s", line);
		/* One that prints nothing would never notice. */
		if (!process_output_wait(seconds))
			end_quietly();
	}
}

COMMAND(repeat) = {
	.name = "repeat",
	.summary = "run a command again and again",
	.synopsis = "[-seconds] command",
	.description =
		"Runs the command until Ctrl-C, until it fails, or until the program that reads "
		"the output through a pipe ends.\n"
		"\n"
		"  -seconds  how long to wait after each run; comes before the command.\n"
		"\n"
		"A dump does not change: this is useful on a live system only.",
	.example = "crash> repeat -1 p jiffies | head -n 2\n"
		   "jiffies = $1 = 4294895521\n"
		   "jiffies = $2 = 4294895521\n",
	.arguments = "command",
	.run = run_repeat,
	.flags = COMMAND_RAW_LINE,
};
