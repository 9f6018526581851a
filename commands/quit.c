/* commands/quit.c - the commands q and exit. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/command.h"
#include "shell/shell.h"

static void run_quit(UNUSED struct args *args)
{
	shell_quit();
}

COMMAND(q) = {
	.name = "q",
	.summary = "end the session",
	.synopsis = "",
	.description = "Ends the session, as \"exit\", \"quit\" and the end of the input do.",
	.example = "crash> q\n",
	.run = run_quit,
	.flags = COMMAND_MINIMAL,
};

COMMAND(exit) = {
	.name = "exit",
	.summary = "end the session",
	.synopsis = "",
	.description = "Ends the session. The same as \"q\", \"quit\" and the end of the input.",
	.example = "crash> exit\n",
	.run = run_quit,
	.flags = COMMAND_MINIMAL,
};
