/* repeat.c - the command repeat: runs a command again and again. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "command.h"
#include "fail.h"
#include "process.h"
#include "session.h"

#include <ctype.h>
#include <time.h>

/* Sleeps until the time is over or Ctrl-C. */
static void wait_seconds(u64 seconds)
{
	struct timespec left = { .tv_sec = seconds };

	while (seconds && nanosleep(&left, &left) != 0)
		interrupt_check();
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
		wait_seconds(seconds);
	}
}

COMMAND(repeat) = {
	.name = "repeat",
	.summary = "run a command again and again",
	.synopsis = "[-seconds] command",
	.description =
		"Runs the command until Ctrl-C, until it fails, or until the program that reads the output "
		"through a pipe ends.\n"
		"\n"
		"  -seconds  how long to wait after each time; it stands before the command.\n"
		"\n"
		"A dump does not change, so this is of use on a live system only.",
	.example = "crash> repeat -1 p jiffies | head -n 2\n"
		   "jiffies = $1 = 4294895521\n"
		   "jiffies = $2 = 4294895521\n",
	.arguments = "command",
	.run = run_repeat,
	.flags = COMMAND_RAW_LINE,
};
