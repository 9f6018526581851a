/* kernel/mm/hugetlb.h - pools of huge pages, one for each size. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef HUGETLB_H
#define HUGETLB_H

#include "base/util.h"

struct hstate {
	u64 address;
	const char *name; /* "hugepages-2048kB" */
	unsigned order; /* of its pages */
	u64 total, free, reserved, surplus; /* huge pages */
};

/* None where the kernel has no hugetlb. Scope memory; fail()s. */
size_t hugetlb_states(struct hstate **states);
/* The same of one node: TOTAL, FREE and SURPLUS; RESERVED is 0, for a reservation is of no node. */
void hugetlb_of_node(const struct hstate *state, unsigned node, struct hstate *of_node);

#endif
