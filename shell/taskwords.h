/* shell/taskwords.h - the words of a command line that name tasks. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TASKWORDS_H
#define TASKWORDS_H

#include "task.h"

/*
 * A word that names tasks, as commands take it: pid (decimal, hex with 0x), task_struct address,
 * command name, \name, 'regex'. Fills MATCHES (scope memory); 0: nothing matched.
 */
size_t tasks_matching(const char *word, const struct task ***matches);
/* The same by pid or task_struct address alone; pid 0 is every CPU's idle task. */
size_t tasks_numbered(const char *word, const struct task ***matches);
/* Exactly one task by pid or address; fail()s with what was wrong. */
const struct task *task_argument(const char *word);
const struct task *task_try_argument(const char *word); /* NULL: no such task */

#endif
