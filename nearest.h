/* nearest.h - L6: "did you mean" for messages about a name that is not known. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NEAREST_H
#define NEAREST_H

#include "util.h"

/*
 * Each returns "; did you mean NAME?" to stand behind a message, or "" when no name is near. Scope memory.
 */
const char *nearest_command(const char *word); /* commands, aliases; then types and symbols */
const char *nearest_symbol(const char *name);
/* "name.member.member" or a bare name: the type's name, or the member of it that is wrong. */
const char *nearest_reference(const char *reference);
/* gdb's message TEXT, with the question behind it where it is about a name that there is not. */
const char *nearest_for_gdb(const char *text);
/* Of the NULL-terminated NAMES. */
const char *nearest_of(const char *word, const char *const *names);

#endif
