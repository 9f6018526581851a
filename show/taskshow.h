/* show/taskshow.h - a task's task_struct and thread_info, whole or by member. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TASKSHOW_H
#define TASKSHOW_H

#include "task.h"

/* One of the two has the member at PATH. */
bool taskshow_has_member(const char *path);
/* All of both structures, or the members at these paths; one that neither has is complained of. */
void taskshow(const struct task *task, char **members, size_t nr_members);

#endif
