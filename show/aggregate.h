/* show/aggregate.h - what the commands struct and union do alike. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AGGREGATE_H
#define AGGREGATE_H

#include "shell/command.h"

/* KEYWORD is "struct" or "union". */
void aggregate_run(struct args *args, const char *keyword);

extern const struct option aggregate_options[];
extern const char aggregate_synopsis[];

#endif
