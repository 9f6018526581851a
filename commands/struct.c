/* commands/struct.c - the command struct: a structure's definition, or its contents in memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/aggregate.h"

static void run_struct(struct args *args)
{
	aggregate_run(args, "struct");
}

COMMAND(struct) = {
	.name = "struct",
	.summary = "structure contents",
	.synopsis = aggregate_synopsis,
	.options = aggregate_options,
	.description =
		"Without an address, shows the definition and size of the structure; with one, "
		"what memory holds there. A list of members, with commas and no blanks, limits it "
		"to these; a member may be a path (se.exec_start) and have subscripts "
		"(numbers[0].nr). An address may be a symbol; \":cpus\" after it makes it a "
		"per-cpu variable: \":\" alone is the current CPU, \":a\" all, \":0,2-3\" these. "
		"An object that the slab allocator has as free is warned of.\n"
		"\n"
		"You can leave out the word struct unless the name is that of a command.",
	.example = "crash> struct list_head -o\n"
		   "struct list_head {\n"
		   "   [0] struct list_head *next;\n"
		   "   [8] struct list_head *prev;\n"
		   "}\n"
		   "SIZE: 16\n"
		   "crash> struct task_struct.pid,comm init_task\n"
		   "  pid = 0,\n"
		   "  comm = \"swapper/0\\000\\000\\000\\000\\000\\000\",\n"
		   "crash> struct list_head.next -p super_blocks\n"
		   "  struct list_head *next = 0xffff8ae4c105a000\n"
		   "  -> {\n"
		   "       next = 0xffff8ae4c105a800,\n"
		   "       prev = 0xffffffff9a3781a0 <super_blocks>\n"
		   "     }\n"
		   "crash> struct task_struct.tasks -o init_task\n"
		   "struct task_struct {\n"
		   "  [ffffffff9a2111f0] struct list_head tasks;\n"
		   "}\n"
		   "crash> struct rq.nr_running runqueues:a\n"
		   "[0]: ffff8ae4cee35e80\n"
		   "  nr_running = 0,\n"
		   "[1]: ffff8ae4cef35e80\n"
		   "  nr_running = 1,\n",
	.arguments = "struct.member address|symbol count",
	.run = run_struct,
};
