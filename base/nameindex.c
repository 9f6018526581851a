/* base/nameindex.c - many names in order, for all that start with a text. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/nameindex.h"

#include <stdlib.h>

#define SMALL 24 /* fewer names are sorted by insertion */
#define PILES 65536

struct name_pile {
	u32 first, count;
	bool sorted;
};

static unsigned pile_of(const char *name)
{
	return (u8)name[0] << 8 | (name[0] ? (u8)name[1] : 0);
}

void name_index_add(struct name_index *index, const char *name)
{
	free(index->piles);
	index->piles = NULL;
	*vector_add(&index->names) = name;
}

static void sort_few(const char **names, size_t count, size_t depth)
{
	for (size_t i = 1; i < count; i++) {
		const char *name = names[i];
		size_t at = i;

		for (; at > 0 && strcmp(names[at - 1] + depth, name + depth) > 0; at--)
			names[at] = names[at - 1];
		names[at] = name;
	}
}

static void swap(const char **a, const char **b)
{
	const char *name = *a;

	*a = *b;
	*b = name;
}

static u8 middle_of(u8 a, u8 b, u8 c)
{
	if (a < b)
		return b < c ? b : a < c ? c : a;
	return a < c ? a : b < c ? c : b;
}

/*
 * Quicksort by one character at a time: names of a kernel share long starts, which a comparison of
 * whole names would look at again and again. The first DEPTH characters are the same in all.
 */
static void sort(const char **names, size_t count, size_t depth)
{
	while (count > SMALL) {
		size_t below = 0, i = 0, above = count;
		u8 pivot = middle_of(names[0][depth], names[count / 2][depth],
				     names[count - 1][depth]);

		while (i < above) {
			u8 c = names[i][depth];

			if (c < pivot)
				swap(&names[below++], &names[i++]);
			else if (c > pivot)
				swap(&names[i], &names[--above]);
			else
				i++;
		}
		sort(names, below, depth);
		sort(names + above, count - above, depth);
		if (!pivot)
			return;
		names += below;
		count = above - below;
		depth++;
	}
	sort_few(names, count, depth);
}

static void deal_out(struct name_index *index)
{
	const char **dealt = xreallocarray(NULL, index->names.count + 1, sizeof(*dealt));
	u16 *pile_numbers = xreallocarray(NULL, index->names.count + 1, sizeof(*pile_numbers));
	u32 first = 0;

	index->piles = xcalloc(PILES, sizeof(*index->piles));
	for (size_t i = 0; i < index->names.count; i++) {
		pile_numbers[i] = pile_of(index->names.items[i]);
		index->piles[pile_numbers[i]].count++;
	}
	for (size_t i = 0; i < PILES; i++) {
		index->piles[i].first = first;
		first += index->piles[i].count;
		index->piles[i].count = 0;
	}
	for (size_t i = 0; i < index->names.count; i++) {
		struct name_pile *pile = &index->piles[pile_numbers[i]];

		dealt[pile->first + pile->count++] = index->names.items[i];
	}
	free(pile_numbers);
	memcpy(index->names.items, dealt, index->names.count * sizeof(*dealt));
	free(dealt);
}

static void sort_pile(struct name_pile *pile, const char **names)
{
	u32 kept = 0;

	sort(names, pile->count, 0);
	for (u32 i = 0; i < pile->count; i++) {
		if (!kept || !streq(names[kept - 1], names[i]))
			names[kept++] = names[i];
	}
	pile->count = kept;
	pile->sorted = true;
}

/* The first name that does not come before START. */
static u32 lower_bound(const char *const *names, u32 count, const char *start)
{
	u32 low = 0, high = count;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (strcmp(names[middle], start) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void name_index_each(struct name_index *index, const char *start,
		     void (*each)(const char *name, void *arg), void *arg)
{
	unsigned from = pile_of(start), to = from;

	if (!start[0])
		to = PILES - 1;
	else if (!start[1])
		to = from | 0xff;
	if (!index->names.count)
		return;
	if (!index->piles)
		deal_out(index);
	for (unsigned i = from; i <= to; i++) {
		struct name_pile *pile = &index->piles[i];
		const char **names = index->names.items + pile->first;

		if (pile->count && !pile->sorted)
			sort_pile(pile, names);
		for (u32 n = lower_bound(names, pile->count, start);
		     n < pile->count && starts_with(names[n], start); n++)
			each(names[n], arg);
	}
}

void name_index_free(struct name_index *index)
{
	vector_free(&index->names);
	free(index->piles);
	index->piles = NULL;
}
