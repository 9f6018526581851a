/* containers/krbtree.c - struct rb_root and rb_root_cached, in order, without trust. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * In-order steps need the parent links, which sit in __rb_parent_color above two bits of colour. A
 * red-black tree of n nodes is at most 2 log2(n + 1) high, so a descent longer than 128 levels is
 * damage; and the total number of steps from node to node is bounded by going up only to a node
 * whose child we are.
 */
#include "containers/krbtree.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "memory.h"

#include <stdio.h>

KFIELD(rb_root_node, "rb_root.rb_node");
KFIELD(rb_node_parent_color, "rb_node.__rb_parent_color");
KFIELD(rb_node_left, "rb_node.rb_left");
KFIELD(rb_node_right, "rb_node.rb_right");

#define MAX_HEIGHT 128

static void set_stopped(struct krbtree_iter *it)
{
	it->stopped = klist_stop_of(&it->fault);
	it->next = 0;
}

static bool loop_found(struct krbtree_iter *it, u64 node)
{
	it->stopped = KLIST_LOOP;
	it->fault.address = node;
	it->next = 0;
	return false;
}

/* The leftmost node under NODE, checking that each child names its parent. 0 in *leftmost never. */
static bool descend_left(struct krbtree_iter *it, u64 node, u64 *leftmost)
{
	for (unsigned height = 0; height < MAX_HEIGHT; height++) {
		u64 left, parent;

		if (!field_try_u64(node, &rb_node_left, &left, &it->fault)) {
			set_stopped(it);
			return false;
		}
		if (!left) {
			*leftmost = node;
			return true;
		}
		if (!field_try_u64(left, &rb_node_parent_color, &parent, &it->fault)) {
			set_stopped(it);
			return false;
		}
		if ((parent & ~3ULL) != node)
			return loop_found(it, left);
		node = left;
	}
	return loop_found(it, node);
}

void krbtree_begin(struct krbtree_iter *it, u64 root, u64 member_offset)
{
	u64 top;

	memset(it, 0, sizeof(*it));
	it->member_offset = member_offset;
	ring_begin(&it->ring);
	if (!field_try_u64(root, &rb_root_node, &top, &it->fault)) {
		set_stopped(it);
		return;
	}
	if (top && !descend_left(it, top, &it->next))
		it->next = 0;
}

/* Up until we come from a left child; 0 in *successor past the last node. */
static bool climb(struct krbtree_iter *it, u64 node, u64 *successor)
{
	for (unsigned height = 0; height < MAX_HEIGHT; height++) {
		u64 parent, left, right;

		if (!field_try_u64(node, &rb_node_parent_color, &parent, &it->fault)) {
			set_stopped(it);
			return false;
		}
		parent &= ~3ULL;
		if (!parent) {
			*successor = 0;
			return true;
		}
		if (!field_try_u64(parent, &rb_node_left, &left, &it->fault) ||
		    !field_try_u64(parent, &rb_node_right, &right, &it->fault)) {
			set_stopped(it);
			return false;
		}
		if (left == node) {
			*successor = parent;
			return true;
		}
		if (right != node)
			return loop_found(it, node);
		node = parent;
	}
	return loop_found(it, node);
}

static bool successor_of(struct krbtree_iter *it, u64 node, u64 *successor)
{
	u64 right, parent;

	if (!field_try_u64(node, &rb_node_right, &right, &it->fault)) {
		set_stopped(it);
		return false;
	}
	if (!right)
		return climb(it, node, successor);
	if (!field_try_u64(right, &rb_node_parent_color, &parent, &it->fault)) {
		set_stopped(it);
		return false;
	}
	if ((parent & ~3ULL) != node)
		return loop_found(it, right);
	return descend_left(it, right, successor);
}

/* A node is handed out even when the way from it to its successor is broken: it was read. */
bool krbtree_next(struct krbtree_iter *it, u64 *entry)
{
	u64 node = it->next, successor = 0;

	if (it->stopped || !node)
		return false;
	if (interrupt_pending()) {
		it->stopped = KLIST_INTERRUPTED;
		return false;
	}
	if (ring_closes(&it->ring, node))
		return loop_found(it, node);
	if (successor_of(it, node, &successor))
		it->next = successor;
	it->nr_seen++;
	*entry = node - it->member_offset;
	return true;
}

const char *krbtree_why(struct krbtree_iter *it)
{
	unsigned long long seen = it->nr_seen, address = it->fault.address;

	if (!it->stopped)
		return "ended properly";
	if (it->stopped == KLIST_INTERRUPTED)
		snprintf(it->why, sizeof(it->why), "interrupted after %llu entries", seen);
	else if (it->stopped == KLIST_LOOP)
		snprintf(it->why, sizeof(it->why),
			 "broken after %llu entries: node %016llx and its parent do not fit", seen,
			 address);
	else
		snprintf(it->why, sizeof(it->why),
			 "broken after %llu entries: cannot read %016llx: %s", seen, address,
			 fault_text(&it->fault));
	return it->why;
}

bool krbtree_top(u64 root, u64 *node, struct fault *fault)
{
	return field_try_u64(root, &rb_root_node, node, fault);
}

bool krbtree_children(u64 node, u64 *left, u64 *right, struct fault *fault)
{
	return field_try_u64(node, &rb_node_left, left, fault) &&
	       field_try_u64(node, &rb_node_right, right, fault);
}
