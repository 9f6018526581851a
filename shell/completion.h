/* shell/completion.h - what TAB offers: the words that may stand at the end of a half-typed line. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMPLETION_H
#define COMPLETION_H

#include "shell/command.h"

struct candidate {
	char *word; /* heap */
	char *note; /* what it is, in a few words (heap), or NULL */
};

struct completion {
	size_t start; /* where in the line the word begins that the candidates stand for */
	VECTOR(struct candidate) candidates; /* in order, each word once */
	bool files; /* names of files may stand here, too */
	bool ends_word; /* after the only candidate a blank may follow */
};

/* All zero, or what completion_free() left, is an empty one. LINE ends at the cursor. May fail(). */
void completion_find(const char *line, struct completion *completion);
void completion_free(struct completion *completion);

/*
 * A word in COMMAND's `arguments`, or behind one of its options, that is no kind of words known here, and no free text;
 * NULL: there is none.
 */
const char *completion_unknown(const struct command *command);

#endif
