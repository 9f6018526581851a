/* shell/manpage.h - the options of a run, its usage text, and crash(8) made from the commands' own data. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MANPAGE_H
#define MANPAGE_H

#include <stdio.h>

struct run_option {
	const char *name; /* "-i", "--hex"; NULL ends the table */
	const char *argument; /* its word, or NULL */
	const char *help; /* one line */
};

/* The table itself is in main.c, beside the code that acts on it. */
void usage_print(FILE *stream, const struct run_option *options);
void manpage_print(FILE *stream, const struct run_option *options);

#endif
