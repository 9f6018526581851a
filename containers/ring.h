/* containers/ring.h - notices that a walk goes round in a ring, without a table of visited nodes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RING_H
#define RING_H

#include "base/util.h"

/*
 * Brent's method: a node is remembered, and after as many nodes as the current power of two have
 * passed, a newer one. A ring is noticed at the latest when it was gone round about three times.
 */
struct ring {
	u64 node, power, left;
};

static inline void ring_begin(struct ring *ring)
{
	*ring = (struct ring){ .power = 1, .left = 1 };
}

/* Is NODE, the walk's next, the one that is remembered? */
static inline bool ring_closes(struct ring *ring, u64 node)
{
	if (ring->node == node)
		return true;
	if (--ring->left == 0) {
		ring->node = node;
		ring->power *= 2;
		ring->left = ring->power;
	}
	return false;
}

#endif
