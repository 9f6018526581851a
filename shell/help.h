/* shell/help.h - the table of commands and the pages, made from the commands' own data. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef HELP_H
#define HELP_H

#include "shell/command.h"

void help_table(void); /* `help` */
void help_all(void); /* `help all` */
/* Paragraphs, and tables of lines that begin with a blank. */
extern const char help_input_page[], help_output_page[];
/* A command, an alias, "input" or "output"; false: no such page. */
bool help_topic(const char *topic);
/* The same for `crash -h TOPIC`: says so when there is no such page. */
void help_command(const char *topic);
void help_page(const struct command *command);

#endif
