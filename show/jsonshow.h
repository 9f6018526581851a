/* show/jsonshow.h - tasks, symbols, values and definitions of types as JSON. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef JSONSHOW_H
#define JSONSHOW_H

#include "base/fault.h"
#include "base/util.h"
#include "names/types.h"
#include "task.h"

/* Keys of the innermost open object: pid, task, cpu, comm. */
void jsonshow_task(const struct task *task);
/*
 * The task for which foreach runs a command that would not say whose answer it gives; NULL: none.
 * Until the innermost scope ends.
 */
void jsonshow_set_subject(const struct task *task);
const struct task *jsonshow_subject(void);
/* KEY: "vfs_read+0x1a", or null. */
void jsonshow_symbol(const char *key, u64 address);

/*
 * What is at ADDRESS as a value of this type: integers as numbers, pointers as addresses, char
 * arrays as strings, enums by name, structures as objects (members of unnamed ones among the
 * outer's), arrays as lists. fail()s when it cannot be read.
 */
void jsonshow_value(const char *key, struct type type, u64 address, enum address_space space);
/*
 * "value": an object with the members at these paths (none: all) of AGGREGATE ("struct page") at
 * ADDRESS. What the types here do not have is asked of gdb and comes as its text. "symbols" and
 * "strings": what is at the addresses of the kernel in it, where that has a name or is text.
 */
void jsonshow_members(const char *aggregate, u64 address, char **members, size_t nr_members,
		      enum address_space space);
/* "targets": what the members at these paths, or all, point to: addresses and values. */
void jsonshow_targets(const char *aggregate, u64 address, char **members, size_t nr_members,
		      enum address_space space);
/*
 * A whole line: {"type", "size", "members": [{"name", "type", "offset", "size"}]}. MEMBERS: only
 * these paths. With "address" of each when ADDRESS, of an object, is not NULL.
 */
void jsonshow_definition(const char *aggregate, char **members, size_t nr_members,
			 const u64 *address);

#endif
