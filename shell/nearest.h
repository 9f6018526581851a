/* shell/nearest.h - "did you mean" for messages about a name that is not known. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NEAREST_H
#define NEAREST_H

#include "base/util.h"

/*
 * Each returns "; did you mean NAME?" to stand behind a message, or "" when no name is
 * near. Scope memory.
 */
const char *nearest_symbol(const char *name); /* of "variable.member": how its address is had */
const char *nearest_name(const char *name); /* a symbol or a type of any kind */
const char *nearest_task(const char *word); /* a task's name */
const char *nearest_module(const char *name);
/* "name.member.member" or a bare name: the type's name, or the member of it that is wrong. */
const char *nearest_reference(const char *reference);
/* "member.member" of the structure NAME, which is not offered with it. */
const char *nearest_path(const char *name, const char *path);
/*
 * gdb's message TEXT about EXPRESSION, with the question behind it where it is about a name that
 * there is not.
 */
const char *nearest_for_gdb(const char *text, const char *expression);
/* Of the NULL-terminated NAMES. */
const char *nearest_of(const char *word, const char *const *names);

#endif
