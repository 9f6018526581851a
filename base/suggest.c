/* base/suggest.c - finds the nearest of many names: by their letters, then by the changes between them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/suggest.h"

#include <stdio.h>
#include <strings.h>

static u64 letters_of(const char *name, size_t length)
{
	u64 letters = 0;

	for (size_t i = 0; i < length; i++)
		letters |= 1ULL << (name[i] & 63);
	return letters;
}

void suggest_start(struct suggestion *suggestion, const char *wanted, unsigned max_changes)
{
	size_t length = strlen(wanted);
	/* A third of a short name, a quarter of a long one. */
	unsigned sensible = length < 12 ? (length + 1) / 3 : length / 4;

	*suggestion = (struct suggestion){ .wanted = wanted, .length = length };
	suggestion->letters = letters_of(wanted, length);
	suggestion->limit = sensible < max_changes ? sensible : max_changes;
	if (length > SUGGEST_LENGTH_MAX)
		suggestion->limit = 0;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The changes from A to B; what is more than LIMIT is LIMIT + 1. */
static unsigned changes(const char *a, size_t a_length, const char *b, size_t b_length,
			unsigned limit)
{
	/* The table's last three rows: [j] is for the first j letters of B. */
	unsigned rows[3][SUGGEST_LENGTH_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2], *unused;

	for (size_t j = 0; j <= b_length; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned lowest = row[0] = i;

		for (size_t j = 1; j <= b_length; j++) {
			unsigned cost = above[j - 1] + (a[i - 1] != b[j - 1]);

			cost = least(cost, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				cost = least(cost, before[j - 2] + 1);
			row[j] = cost;
			lowest = least(lowest, cost);
		}
		if (lowest > limit)
			return limit + 1;
		unused = before;
		before = above;
		above = row;
		row = unused;
	}
	return least(above[b_length], limit + 1);
}

void suggest_offer(struct suggestion *suggestion, const char *name)
{
	size_t length, difference;
	u64 letters;
	unsigned needed;

	if (!suggestion->limit || streq(name, suggestion->wanted)) /* known, but no help here */
		return;
	length = strnlen(name, SUGGEST_LENGTH_MAX + 1);
	difference = length > suggestion->length ? length - suggestion->length
						 : suggestion->length - length;
	if (length > SUGGEST_LENGTH_MAX || !length)
		return;
	if (!difference && strcasecmp(name, suggestion->wanted) == 0) {
		needed = 1;
	} else {
		if (difference > suggestion->limit)
			return;
		letters = letters_of(name, length);
		if ((unsigned)__builtin_popcountll(letters & ~suggestion->letters) >
			    suggestion->limit ||
		    (unsigned)__builtin_popcountll(suggestion->letters & ~letters) >
			    suggestion->limit)
			return;
		needed = changes(suggestion->wanted, suggestion->length, name, length,
				 suggestion->limit);
	}
	if (needed > suggestion->limit)
		return;
	snprintf(suggestion->best, sizeof(suggestion->best), "%s", name);
	suggestion->limit = needed ? needed - 1 : 0;
}
