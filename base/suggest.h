/* base/suggest.h - which of many names was meant by one that is none of them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SUGGEST_H
#define SUGGEST_H

#include "base/util.h"

#define SUGGEST_LENGTH_MAX 63 /* longer names are neither asked for nor offered */

/*
 * The name offered that takes the fewest changes (a letter more, less or another one,
 * two neighbours in the wrong order), the first of equals. Two hundred thousand offers
 * take some milliseconds.
 */
struct suggestion {
	const char *wanted;
	size_t length;
	u64 letters; /* which occur */
	unsigned limit; /* changes that are still of interest */
	char best[SUGGEST_LENGTH_MAX + 1]; /* "" while there is none */
};

/* MAX_CHANGES: what is further off than that was not meant; a short name allows fewer. */
void suggest_start(struct suggestion *suggestion, const char *wanted, unsigned max_changes);
void suggest_offer(struct suggestion *suggestion, const char *name);

#endif
