/* show/sessiondump.h - what the session found out about the dump's kernel, for reports of bugs. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SESSIONDUMP_H
#define SESSIONDUMP_H

/* "    name: value" lines, as `help -k` and its siblings print them. */
void session_dump_symbols(void);
void session_dump_tasks(void);
void session_dump_each_task(void); /* the same, and a row for each task */
void session_dump_session(void);

#endif
