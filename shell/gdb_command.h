/* shell/gdb_command.h - a line given to gdb, unless it would run, change or replace the target. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GDB_COMMAND_H
#define GDB_COMMAND_H

#include "base/util.h"

/* Why LINE's command is refused, or NULL when gdb may have it. */
const char *gdb_command_refused(const char *line);
/*
 * Why NAME, in full, must not be run by a script either, or NULL: it would replace or end what
 * crash set up.
 */
const char *gdb_command_never_runs(const char *name);
/* Runs LINE and prints what gdb said; fail()s with gdb's error. */
void gdb_command_run(const char *line);
/* The same, but false and nothing printed when gdb has no such command. */
bool gdb_command_try_run(const char *line);

#endif
