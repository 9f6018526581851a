/* base/nameindex.h - many names in order, for all that start with a text. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NAMEINDEX_H
#define NAMEINDEX_H

#include "base/util.h"

/*
 * All zero is an empty one. The names stay the caller's and must outlive the index. Sorting 200,000
 * names takes longer than a user should wait for one answer: they are dealt out by their first two
 * bytes, and only the piles that are asked for are sorted.
 */
struct name_index {
	VECTOR(const char *) names;
	struct name_pile *piles; /* NULL: not dealt out yet */
};

void name_index_add(struct name_index *index, const char *name);
/* Calls EACH for the names that start with START, in the order of strcmp() and each once. */
void name_index_each(struct name_index *index, const char *start,
		     void (*each)(const char *name, void *arg), void *arg);
void name_index_free(struct name_index *index);

#endif
