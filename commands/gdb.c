/* commands/gdb.c - the command gdb: passes a line to gdb. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/command.h"
#include "shell/gdb_command.h"

static void run_gdb(struct args *args)
{
	if (!*args->line)
		usage_fail(args);
	gdb_command_run(args->line);
}

COMMAND(gdb) = {
	.name = "gdb",
	.summary = "a command of gdb",
	.synopsis = "command ...",
	.description =
		"Passes the rest of the line to the gdb inside crash, which sees the kernel's "
		"memory, symbols and types, and the registers of the current task. A line also "
		"goes to gdb when its first word is a command of gdb but no command of crash, no "
		"alias and no type of the kernel, even if the kernel has a function or a variable "
		"of that name; a name that only the kernel has is printed. Use this command for "
		"words that mean something to both. After \"set gdb on\" every line goes to gdb, "
		"unless its first word is \"crash\".\n"
		"\n"
		"crash refuses commands that run, stop or change a process, set breakpoints, "
		"replace the files or the target that it gave to gdb, or start a shell, however "
		"they are abbreviated, and says why. Commands of several lines (define, document, "
		"if, while, python) work from a file: \"gdb source FILE\" reads gdb's commands "
		"or, when it ends in .py, Python; a kernel's scripts/gdb/vmlinux-gdb.py is one. "
		"No script is read that nobody asked for.\n"
		"\n"
		"Tasks are gdb's threads: \"gdb info threads\", \"gdb thread apply all bt\", and "
		"frame, up, info locals, info args in any of them. \"gdb thread N\" and \"set "
		"PID\" change the same current task. For a task on a CPU, gdb's frames begin with "
		"the registers that were saved when the kernel crashed; only bt shows what a "
		"crashing kernel called after that. Addresses of user space in gdb's x are the "
		"current task's.\n"
		"\n"
		"In gdb's scripts \"crash ps\" is the command ps of crash, and in Python "
		"gdb.execute(\"crash ps\", to_string=True) returns its answer; a failure raises "
		"gdb.error.",
	.example = "crash> gdb print sizeof(struct list_head)\n"
		   "$1 = 16\n"
		   "crash> gdb ptype struct hlist_node\n"
		   "type = struct hlist_node {\n"
		   "    struct hlist_node *next;\n"
		   "    struct hlist_node **pprev;\n"
		   "}\n"
		   "crash> gdb whatis jiffies\n"
		   "type = volatile unsigned long\n"
		   "crash> gdb print &init_task.pid\n"
		   "$2 = (pid_t *) 0xffffffff9a2112c0 <init_task+2432>\n",
	.arguments = "expression ...",
	.run = run_gdb,
	.flags = COMMAND_RAW_LINE,
};
