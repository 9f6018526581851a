/* containers/kmaple.h - maple trees: ranges and their entries. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KMAPLE_H
#define KMAPLE_H

#include "base/fault.h"
#include "base/util.h"

struct kmaple_iter {
	u64 root; /* encoded ma_root */
	u64 index; /* where to go on */
	bool ended;
	u8 stopped; /* 0: ended properly, else as enum klist_stop */
	struct fault fault;
	char why[160];
};

/* TREE: address of struct maple_tree. Empty ranges and internal entries are skipped. */
void kmaple_begin(struct kmaple_iter *it, u64 tree);
bool kmaple_next(struct kmaple_iter *it, u64 *first, u64 *last, u64 *entry);
const char *kmaple_why(struct kmaple_iter *it);
/* The same walk over what hangs below a node: its encoded pointer (maple_enode). */
void kmaple_begin_node(struct kmaple_iter *it, u64 encoded_node);

/*
 * One slot in use of one node, as kmaple_visit() hands them out: top down, each node before
 * what it holds.
 */
struct kmaple_slot {
	u64 node; /* address of the maple_node; 0: the tree's only entry, which needs none */
	unsigned type; /* enum maple_type */
	u64 node_first, node_last; /* indices that the node covers */
	u64 parent; /* the node's own word about its parent */
	const u64 *slots, *pivots; /* of the node, as they stand in memory */
	unsigned nr_pivots, nr_slots;
	/* NR_GAPS of them: the largest gap below each slot, in trees that count these */
	const u64 *gaps;
	unsigned nr_gaps;
	unsigned last_slot, gap_slot; /* with gaps: the last in use, and that of the largest gap */
	unsigned slot; /* number */
	u64 first, last; /* indices that the slot covers */
	u64 entry;
	bool is_node; /* ENTRY is a node, which is visited next */
	unsigned depth; /* 0: the top */
	const unsigned *path; /* slots from the top to this one: DEPTH + 1 of them */
};

/*
 * False when a node cannot be read or makes no sense (it->stopped tells), or when
 * VISIT returned false.
 */
bool kmaple_visit(struct kmaple_iter *it, bool (*visit)(void *arg, const struct kmaple_slot *slot),
		  void *arg);
bool kmaple_load(u64 tree, u64 index, u64 *entry, struct fault *fault);

#endif
