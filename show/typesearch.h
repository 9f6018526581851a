/* show/typesearch.h - structures found by their size and by the types of their members. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TYPESEARCH_H
#define TYPESEARCH_H

#include "base/util.h"

struct typesearch_wish {
	u64 smallest, largest; /* bytes */
	/*
	 * Part of the written type of a member ("list_head", "struct mm_struct *"), looked for
	 * inside embedded structures as well. NULL: any.
	 */
	const char *member;
};

/* A table of all structures and unions, the modules' too, by size and name; "(none found)". */
void typesearch_print(const struct typesearch_wish *wish);

#endif
