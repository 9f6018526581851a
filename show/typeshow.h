/* show/typeshow.h - the definition of a structure or union, or the places of its members. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TYPESHOW_H
#define TYPESHOW_H

#include "base/util.h"

struct shown_type {
	const char *aggregate; /* "struct page", "union sigval", or a typedef of one */
	char **members; /* only these paths; none: all */
	size_t nr_members;
	bool offsets; /* beside all members; paths always have theirs */
	const u64 *address; /* of an object, for addresses in place of offsets; NULL: none */
	unsigned radix;
};

void typeshow(struct shown_type *type);

#endif
