/* shell/alias.h - words that stand for command lines, built in or the user's own. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ALIAS_H
#define ALIAS_H

#include "base/table.h"

struct alias {
	const char *name, *text;
	bool builtin;
};

size_t alias_count(void);
const struct alias *
alias_at(size_t index); /* built-in ones first, then in the order of definition */
/* Row INDEX of a table of them: name, text, and whether it is built in. */
void alias_put(struct row *row, size_t index, void *arg);
const struct alias *alias_find(const char *name);
void alias_define(const char *name, const char *text);
bool alias_delete(const char *name); /* false: there is none */
/*
 * LINE with its first word's alias put in, and that one's. The same pointer when there is none;
 * or scope memory.
 */
const char *alias_expand(const char *line);

#endif
