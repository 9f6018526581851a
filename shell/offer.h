/* shell/offer.h - what TAB found so far, and a word more of it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef OFFER_H
#define OFFER_H

#include "base/util.h"

struct candidate {
	char *word; /* heap */
	char *note; /* what it is, in a few words (heap), or NULL */
};

struct completion {
	size_t start; /* where in the line the word begins that the candidates stand for */
	VECTOR(struct candidate) candidates; /* in order, each word once */
	bool files; /* names of files may stand here as well */
	bool ends_word; /* after the only candidate a blank may follow */
};

/* Leaves an empty one. */
void completion_free(struct completion *completion);

struct offer {
	struct completion *completion;
	const char *line; /* up to the cursor */
	const char *text; /* its end: the start of the word that is looked for */
	const char *of; /* behind the kind's name: "task_struct" of "member:task_struct", else "" */
	bool alone; /* nothing of another kind can stand here */
};

/* Adds WORD when it starts with the offer's text. NOTE may be NULL. */
void offer_word(struct offer *offer, const char *word, const char *note);
/* The words that may stand here begin at TEXT, inside the line, and are of no other kind. */
void offer_begin_at(struct offer *offer, const char *text);

#endif
