/* commands/union.c - the command union: a union's definition, or its contents in memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/aggregate.h"

static void run_union(struct args *args)
{
	aggregate_run(args, "union");
}

COMMAND(union) = {
	.name = "union",
	.summary = "union contents",
	.synopsis = aggregate_synopsis,
	.options = aggregate_options,
	.description = "Does for unions what struct does for structures; see its page.",
	.example = "crash> union sigval\n"
		   "union sigval {\n"
		   "    int sival_int;\n"
		   "    void *sival_ptr;\n"
		   "}\n"
		   "SIZE: 8\n"
		   "crash> union -o sigval\n"
		   "union sigval {\n"
		   "  [0] int sival_int;\n"
		   "  [0] void *sival_ptr;\n"
		   "}\n"
		   "SIZE: 8\n",
	.arguments = "union.member address|symbol count",
	.run = run_union,
};
