/* containers/kmaple.c - struct maple_tree, ranges of unsigned long with an entry each (v6.1). */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A pointer to a node has the node's type in bits 3-6, nodes being aligned to 256 bytes; the root
 * pointer looks like an internal xarray entry (low bits 10). A node of n slots has n - 1 pivots:
 * slot i covers the indices above pivot i-1 up to and including pivot i, the last used slot ends
 * where the node ends, which its parent knows. How many slots are used stands in the node's
 * metadata, except in a full range node, whose last slot takes that place.
 */
#include "containers/kmaple.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "memory.h"

#include <stdio.h>

KFIELD(tree_root, "maple_tree.ma_root");
KFIELD(range_pivot, "maple_range_64.pivot");
KFIELD(range_slot, "maple_range_64.slot");
KFIELD(range_meta_end, "maple_range_64.meta.end");
KFIELD(arange_pivot, "maple_arange_64.pivot");
KFIELD(arange_slot, "maple_arange_64.slot");
KFIELD(arange_gap, "maple_arange_64.gap");
KFIELD(arange_meta_gap, "maple_arange_64.meta.gap");
KFIELD(arange_meta_end, "maple_arange_64.meta.end");
KFIELD(dense_slot, "maple_node.slot");

#define NODE_BYTES 256
#define MAX_HEIGHT 31 /* what the tree's flags have room for */

enum node_type { NODE_DENSE, NODE_LEAF_64, NODE_RANGE_64, NODE_ARANGE_64 };

static bool is_internal(u64 entry)
{
	return (entry & 3) == 2;
}

static bool root_is_node(u64 root)
{
	return is_internal(root) && root > 4096;
}

/* One node's slots with the range that each covers. */
struct node {
	u64 address;
	enum node_type type;
	u64 min, max;
	u8 bytes[NODE_BYTES];
	u64 pivots_at, nr_pivots, slots_at; /* where they are in BYTES */
	u64 end; /* last used slot */
};

static u64 node_word(const struct node *node, u64 offset)
{
	return range_fits(offset, 8, NODE_BYTES) ? load_u64(node->bytes + offset) : 0;
}

static u64 node_pivot(const struct node *node, u64 slot)
{
	return node_word(node, node->pivots_at + slot * 8);
}

static void place_arrays(struct node *node)
{
	struct kfield *pivot = node->type == NODE_ARANGE_64 ? &arange_pivot : &range_pivot;
	struct kfield *slot = node->type == NODE_ARANGE_64 ? &arange_slot : &range_slot;

	if (node->type == NODE_DENSE) {
		u64 nr_slots = kfield_size(&dense_slot) / 8;

		node->slots_at = kfield_offset(&dense_slot);
		node->nr_pivots = 0;
		node->end = min_u64(nr_slots ? nr_slots - 1 : 0, node->max - node->min);
		return;
	}
	node->pivots_at = kfield_offset(pivot);
	node->nr_pivots = kfield_size(pivot) / 8;
	node->slots_at = kfield_offset(slot);
}

static u64 metadata_end(const struct node *node)
{
	struct kfield *end = node->type == NODE_ARANGE_64 ? &arange_meta_end : &range_meta_end;

	return kfield_in(end, node->bytes, NODE_BYTES);
}

/* The last used slot of a node with pivots. */
static u64 used_end(const struct node *node)
{
	u64 last_pivot;

	if (node->type == NODE_ARANGE_64)
		return metadata_end(node);
	last_pivot = node_pivot(node, node->nr_pivots - 1);
	if (!last_pivot)
		return metadata_end(node);
	return last_pivot == node->max ? node->nr_pivots - 1 : node->nr_pivots;
}

static bool damaged(const struct node *node, struct fault *fault)
{
	fault_set(fault, FAULT_BAD_ADDRESS, SPACE_KERNEL, node->address);
	return false;
}

static bool load_node(u64 encoded, u64 min, u64 max, struct node *node, struct fault *fault)
{
	unsigned type = encoded >> 3 & 15;

	node->address = align_down(encoded, NODE_BYTES);
	node->min = min;
	node->max = max;
	if (type > NODE_ARANGE_64)
		return damaged(node, fault);
	node->type = (enum node_type)type;
	if (!mem_try_read(node->address, node->bytes, NODE_BYTES, fault))
		return false;
	place_arrays(node);
	if (node->type != NODE_DENSE) {
		if (!node->nr_pivots)
			return damaged(node, fault);
		node->end = used_end(node);
		if (node->end > node->nr_pivots)
			return damaged(node, fault);
	}
	return true;
}

struct range {
	u64 first, last, entry;
};

/* The slot of NODE that covers INDEX, which lies inside the node. */
static bool find_slot(const struct node *node, u64 index, struct range *range, struct fault *fault)
{
	u64 first = node->min;

	if (node->type == NODE_DENSE) {
		u64 slot = index - node->min;

		if (slot > node->end) {
			*range = (struct range){ node->min + node->end + 1, node->max, 0 };
			return true;
		}
		*range = (struct range){ index, index, node_word(node, node->slots_at + slot * 8) };
		return true;
	}
	for (u64 slot = 0; slot <= node->end; slot++) {
		u64 last = slot < node->end ? node_pivot(node, slot) : node->max;

		if (last < first || last > node->max)
			return damaged(node, fault);
		if (index <= last) {
			*range = (struct range){ first, last,
						 node_word(node, node->slots_at + slot * 8) };
			return true;
		}
		if (last == node->max)
			return damaged(node, fault);
		first = last + 1;
	}
	return damaged(node, fault);
}

static bool descend(u64 root, u64 index, struct range *range, struct fault *fault)
{
	struct node node;
	u64 encoded = root, min = 0, max = ~0ULL;

	if (!root_is_node(root)) {
		/* A tree of one entry at index 0 needs no node. */
		*range = index ? (struct range){ 1, ~0ULL, 0 } : (struct range){ 0, 0, root };
		if (is_internal(range->entry))
			range->entry = 0;
		return true;
	}
	for (unsigned height = 0; height < MAX_HEIGHT; height++) {
		if (!load_node(encoded, min, max, &node, fault) ||
		    !find_slot(&node, index, range, fault))
			return false;
		if (node.type == NODE_DENSE || node.type == NODE_LEAF_64) {
			if (is_internal(range->entry))
				range->entry = 0;
			return true;
		}
		/* An inner node has no empty slots in use; one without a child covers nothing. */
		if (!range->entry)
			return true;
		encoded = range->entry;
		min = range->first;
		max = range->last;
	}
	return damaged(&node, fault);
}

static void set_stopped(struct kmaple_iter *it)
{
	it->stopped = klist_stop_of(&it->fault);
}

void kmaple_begin(struct kmaple_iter *it, u64 tree)
{
	memset(it, 0, sizeof(*it));
	if (!field_try_u64(tree, &tree_root, &it->root, &it->fault))
		set_stopped(it);
}

bool kmaple_next(struct kmaple_iter *it, u64 *first, u64 *last, u64 *entry)
{
	while (!it->stopped && !it->ended) {
		struct range range;

		if (interrupt_pending()) {
			it->stopped = KLIST_INTERRUPTED;
			break;
		}
		if (!descend(it->root, it->index, &range, &it->fault)) {
			set_stopped(it);
			break;
		}
		it->index = range.last + 1;
		it->ended = it->index == 0;
		if (range.entry) {
			*first = range.first;
			*last = range.last;
			*entry = range.entry;
			return true;
		}
	}
	return false;
}

const char *kmaple_why(struct kmaple_iter *it)
{
	if (!it->stopped)
		return "ended properly";
	if (it->stopped == KLIST_INTERRUPTED)
		snprintf(it->why, sizeof(it->why), "interrupted at index %llx", it->index);
	else
		snprintf(it->why, sizeof(it->why), "broken at index %llx: node at %016llx: %s",
			 it->index, it->fault.address,
			 it->fault.reason == FAULT_BAD_ADDRESS ? "makes no sense"
							       : fault_text(&it->fault));
	return it->why;
}

bool kmaple_load(u64 tree, u64 index, u64 *entry, struct fault *fault)
{
	struct range range;
	u64 root;

	if (!field_try_u64(tree, &tree_root, &root, fault) || !descend(root, index, &range, fault))
		return false;
	*entry = range.entry;
	return true;
}

void kmaple_begin_node(struct kmaple_iter *it, u64 encoded_node)
{
	memset(it, 0, sizeof(*it));
	/* A type and a tag, as a root has them; what hangs below inner nodes lacks the tag. */
	it->root = encoded_node | 2;
}

struct visit {
	struct kmaple_iter *it;
	bool (*visit)(void *arg, const struct kmaple_slot *slot);
	void *arg;
	unsigned path[MAX_HEIGHT];
};

static void fill_gaps(const struct node *node, const u64 *words, struct kmaple_slot *slot)
{
	if (node->type != NODE_ARANGE_64 || !kfield_exists(&arange_gap) ||
	    !range_fits(kfield_offset(&arange_gap), kfield_size(&arange_gap), NODE_BYTES))
		return;
	slot->gaps = words + kfield_offset(&arange_gap) / 8;
	slot->nr_gaps = (unsigned)kfield_size(&arange_gap) / 8;
	slot->last_slot = (unsigned)node->end;
	slot->gap_slot = (unsigned)kfield_in(&arange_meta_gap, node->bytes, NODE_BYTES);
}

/*
 * Each level's range lies within its parent's slot, so a damaged tree ends at the
 * latest at MAX_HEIGHT.
 */
static bool visit_node(struct visit *visit, u64 encoded, u64 min, u64 max, unsigned depth)
{
	struct kmaple_iter *it = visit->it;
	u64 words[NODE_BYTES / 8];
	struct node node;
	bool inner;

	if (depth == MAX_HEIGHT) {
		fault_set(&it->fault, FAULT_BAD_ADDRESS, SPACE_KERNEL,
			  align_down(encoded, NODE_BYTES));
		set_stopped(it);
		return false;
	}
	if (interrupt_pending()) {
		it->stopped = KLIST_INTERRUPTED;
		return false;
	}
	it->index = min;
	if (!load_node(encoded, min, max, &node, &it->fault)) {
		set_stopped(it);
		return false;
	}
	inner = node.type == NODE_RANGE_64 || node.type == NODE_ARANGE_64;
	memcpy(words, node.bytes, NODE_BYTES);
	for (unsigned number = 0; number <= node.end; number++) {
		struct kmaple_slot slot = { .node = node.address,
					    .type = node.type,
					    .depth = depth };
		struct range range;

		it->index = min;
		if (!find_slot(&node, min, &range, &it->fault)) {
			set_stopped(it);
			return false;
		}
		visit->path[depth] = number;
		slot.node_first = node.min;
		slot.node_last = node.max;
		slot.parent = load_u64(node.bytes);
		slot.slot = number;
		slot.pivots = words + node.pivots_at / 8;
		slot.slots = words + node.slots_at / 8;
		slot.nr_pivots = (unsigned)node.nr_pivots;
		slot.nr_slots = (unsigned)(node.nr_pivots ? node.nr_pivots + 1 : node.end + 1);
		fill_gaps(&node, words, &slot);
		slot.first = range.first;
		slot.last = range.last;
		slot.entry = range.entry;
		slot.is_node = inner && range.entry;
		slot.path = visit->path;
		if (!visit->visit(visit->arg, &slot))
			return false;
		if (slot.is_node &&
		    !visit_node(visit, range.entry, range.first, range.last, depth + 1))
			return false;
		if (range.last >= max)
			break;
		min = range.last + 1;
	}
	return true;
}

bool kmaple_visit(struct kmaple_iter *it, bool (*visit)(void *arg, const struct kmaple_slot *slot),
		  void *arg)
{
	struct visit all = { .it = it, .visit = visit, .arg = arg };
	struct kmaple_slot only = { .entry = it->root, .path = all.path };

	if (it->stopped)
		return false;
	if (!root_is_node(it->root))
		return !it->root || visit(arg, &only);
	return visit_node(&all, it->root, 0, ~0ULL, 0);
}
