/* show/datashow.h - types and values as struct, union, p, whatis and task print them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DATASHOW_H
#define DATASHOW_H

#include "base/util.h"

/* 10 or 16, as the options -d and -x or -h of ARGS say; else what `set radix` says. */
struct args;
unsigned datashow_radix(const struct args *args);

/*
 * What gdb prints for COMMAND, in scope memory, without the final newline; fail()s
 * with gdb's words.
 */
char *datashow_gdb(const char *command, unsigned radix);

/*
 * EXPRESSION as gdb writes it, without print's "$1 = ". BARE_POINTER: as inside a structure,
 * without the type in front of a pointer. Lines after the first begin with INDENT.
 */
void datashow_value(const char *expression, bool bare_pointer, const char *indent, unsigned radix);

/* Does "struct NAME" / "union NAME" have a member at this path? From BTF, else gdb's DWARF. */
bool datashow_has_member(const char *aggregate, const char *path);
/* Its place; fail()s when there is none. SIZE may be NULL. */
u64 datashow_member_offset(const char *aggregate, const char *path, u64 *size);

/* AGGREGATE is "struct page" or "union sigval"; TYPE any type's name. */
void datashow_definition(const char *type, unsigned radix); /* and SIZE */
/* The definition with each member's offset, or with its address when ADDRESS is not NULL. */
void datashow_offsets(const char *aggregate, const u64 *address, unsigned radix);
/* One member's line of the same. */
void datashow_member_place(const char *aggregate, const char *path, const u64 *address,
			   unsigned radix);
/*
 * What stands before the brace of an object: "struct page", and "struct atomic_t" of a
 * typedef. Scope memory.
 */
const char *datashow_object_head(const char *aggregate);
/* "struct page {...}" at ADDRESS. */
void datashow_object(const char *aggregate, u64 address, unsigned radix);
/* "  pid = 1," : one member of the object at ADDRESS. */
void datashow_member(const char *aggregate, u64 address, const char *path, unsigned radix);

/* In the place of what an offline CPU has, after `set offline hide`. */
void datashow_offline_cpu(unsigned cpu);

/* The size in bytes of any type by name; fail()s when gdb does not know it. */
u64 datashow_type_size(const char *type);
/* "int (struct file *)" and "f" become "int f(struct file *)": declares NAME. Scope memory. */
char *datashow_declaration(const char *type, const char *name);

#endif
