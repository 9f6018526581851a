/* show/entryshow.h - what -s and -S of list and tree show of each entry; offsets as both take them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ENTRYSHOW_H
#define ENTRYSHOW_H

#include "base/table.h"
#include "base/util.h"
#include "shell/command.h"

/* One -s or -S: "struct" or "struct.member[,member]...". */
struct entry_view {
	const char *name; /* as the user wrote it: "task_struct" */
	const char *aggregate; /* "struct task_struct" */
	char **members;
	size_t nr_members;
	bool direct; /* -S: members of 1, 2, 4 or 8 bytes and text are read without gdb */
};

struct entry_show {
	struct entry_view *views;
	size_t nr_views;
	unsigned radix;
};

/*
 * From the options s, S, x and d of ARGS, in scope memory; fail()s when one names no
 * structure or member.
 */
void entry_show_parse(const struct args *args, struct entry_show *show);
/*
 * All views of the object at ADDRESS, below what ROW has: a list "views" in JSON, if there are any.
 * What cannot be read costs only that view, and a message.
 */
void entry_row_views(struct row *row, const struct entry_show *show, u64 address);

/* "struct.member" or a number of bytes. False when TEXT is neither. */
bool entry_try_offset(const char *text, u64 *offset);
/* The same for the argument of OPTION; fail()s. */
u64 entry_offset(const struct args *args, const char *option);

#endif
