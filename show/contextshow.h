/* show/contextshow.h - the current context: which task, where it is and what it does. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONTEXTSHOW_H
#define CONTEXTSHOW_H

#include "task.h"

/* The current task; labels are 7 wide in `set`, 12 at the start of a session. */
void contextshow(unsigned label_width);
/* The same of TASK, as an answer of the command NAME. */
void contextshow_task(const char *name, const struct task *task, unsigned label_width);
/* TASK: for readers SENTENCE, for programs what contextshow() tells. */
void contextshow_in_words(const struct task *task, const char *sentence);

#endif
