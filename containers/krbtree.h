/* containers/krbtree.h - red-black trees in order. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KRBTREE_H
#define KRBTREE_H

#include "base/fault.h"
#include "base/util.h"
#include "containers/ring.h"

struct krbtree_iter {
	u64 next; /* rb_node */
	u64 member_offset;
	u64 nr_seen;
	struct ring ring;
	u8 stopped; /* 0: ended properly, else as enum klist_stop */
	struct fault fault;
	char why[160];
};

/*
 * ROOT: address of struct rb_root (or rb_root_cached, whose first member it is). In sorted order.
 */
void krbtree_begin(struct krbtree_iter *it, u64 root, u64 member_offset);
bool krbtree_next(struct krbtree_iter *it, u64 *entry);
const char *krbtree_why(struct krbtree_iter *it);

/*
 * Node by node, for those who want the tree's shape: the top rb_node of ROOT, the children of
 * NODE; 0: none.
 */
bool krbtree_top(u64 root, u64 *node, struct fault *fault);
bool krbtree_children(u64 node, u64 *left, u64 *right, struct fault *fault);

#endif
