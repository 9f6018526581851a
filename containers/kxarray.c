/* containers/kxarray.c - struct xarray, radix_tree_root and idr, which are one tree of struct xa_node. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An entry's low bits tell its kind (include/linux/xarray.h): 00 a pointer, x1 a value, 10
 * internal. Of the internal ones, those above 4096 are pointers to nodes plus 2; below are sibling
 * entries (the same object as an earlier slot), and marks for retry and reserved slots, which
 * stand for nothing.
 */
#include "containers/kxarray.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "memory.h"

#include <stdio.h>

KFIELD(xarray_head, "xarray.xa_head", "radix_tree_root.rnode"); /* v4.20 */
KFIELD(xa_node_shift, "xa_node.shift", "radix_tree_node.shift");
KFIELD(xa_node_slots, "xa_node.slots", "radix_tree_node.slots");
KFIELD(idr_rt, "idr.idr_rt");
KFIELD(idr_base, "idr.idr_base"); /* v4.16 6ce711f27500 idr: Make 1-based IDRs more efficient */

#define MAX_CHUNK_BITS 6

static bool is_internal(u64 entry)
{
	return (entry & 3) == 2;
}

static bool is_node(u64 entry)
{
	return is_internal(entry) && entry > 4096;
}

/* Slot number that a sibling entry refers to; 64 when it is none. */
static u64 sibling_slot(u64 entry)
{
	return is_internal(entry) && entry >> 2 < 64 - 1 ? entry >> 2 : 64;
}

bool kxarray_is_value(u64 entry)
{
	return entry & 1;
}

u64 kxarray_to_value(u64 entry)
{
	return entry >> 1;
}

/* log2 of a node's slots: 6, or 4 in kernels built for little memory. */
static unsigned chunk_bits(void)
{
	u64 slots = kfield_size(&xa_node_slots) / sizeof(u64);
	unsigned bits = 0;

	while (bits < MAX_CHUNK_BITS && (1ULL << bits) < slots)
		bits++;
	return bits;
}

/* Highest index below a node of this shift. */
static u64 node_max(unsigned shift, unsigned bits)
{
	return shift + bits >= 64 ? ~0ULL : (1ULL << (shift + bits)) - 1;
}

struct slot {
	u64 entry;
	u64 first, last; /* indices that it covers */
};

/*
 * Descends from HEAD towards INDEX; ends at the first thing that is no node. A node's shift must
 * shrink by one level at each step: a damaged tree can therefore not loop.
 */
static bool descend(u64 head, u64 index, struct slot *slot, struct fault *fault)
{
	unsigned bits = chunk_bits(), parent_shift = 64 + MAX_CHUNK_BITS;
	u64 entry = head, base = 0;

	*slot = (struct slot){ .entry = head, .first = 0, .last = 0 };
	if (!is_node(entry)) {
		/* A mark in the head (a reserved index 0, say) is no entry. */
		if (is_internal(entry))
			slot->entry = 0;
		if (index > 0)
			*slot = (struct slot){ .entry = 0, .first = 1, .last = ~0ULL };
		return true;
	}
	for (bool top = true; is_node(entry); top = false) {
		u64 node = entry - 2, shift, offset, sibling;

		if (!field_try_u64(node, &xa_node_shift, &shift, fault))
			return false;
		if (shift > 60 || shift % bits || (top ? false : shift + bits != parent_shift))
			return fault_set(fault, FAULT_BAD_ADDRESS, SPACE_KERNEL, node);
		if (top && index > node_max(shift, bits)) {
			*slot = (struct slot){ 0, node_max(shift, bits) + 1, ~0ULL };
			return true;
		}
		offset = (index >> shift) & ((1ULL << bits) - 1);
		base = align_down(index, 1ULL << shift);
		if (!mem_try_u64(field_address(node, &xa_node_slots) + offset * 8, &entry, fault))
			return false;
		sibling = sibling_slot(entry);
		if (sibling < offset &&
		    !mem_try_u64(field_address(node, &xa_node_slots) + sibling * 8, &entry, fault))
			return false;
		*slot = (struct slot){ entry, base, base + ((1ULL << shift) - 1) };
		if (sibling < offset)
			slot->first = base - ((offset - sibling) << shift);
		parent_shift = (unsigned)shift;
		if (shift == 0 && is_node(entry))
			return fault_set(fault, FAULT_BAD_ADDRESS, SPACE_KERNEL, node);
	}
	if (is_internal(entry))
		slot->entry = 0;
	return true;
}

static void set_stopped(struct kxarray_iter *it)
{
	it->stopped = klist_stop_of(&it->fault);
}

void kxarray_begin(struct kxarray_iter *it, u64 xarray)
{
	memset(it, 0, sizeof(*it));
	if (!field_try_u64(xarray, &xarray_head, &it->head, &it->fault))
		set_stopped(it);
}

void kidr_begin(struct kxarray_iter *it, u64 idr)
{
	struct fault fault;
	u64 base = 0;

	kxarray_begin(it, field_address(idr, &idr_rt));
	if (!it->stopped && kfield_exists(&idr_base) &&
	    !field_try_u64(idr, &idr_base, &base, &fault)) {
		it->fault = fault;
		set_stopped(it);
	}
	it->base = base;
}

bool kxarray_next(struct kxarray_iter *it, u64 *index, u64 *entry)
{
	while (!it->stopped && !it->ended) {
		struct slot slot;
		u64 asked = it->index;

		if (interrupt_pending()) {
			it->stopped = KLIST_INTERRUPTED;
			break;
		}
		if (!descend(it->head, asked, &slot, &it->fault)) {
			set_stopped(it);
			break;
		}
		it->index = slot.last + 1;
		it->ended = it->index == 0;
		/* The rest of an object that began at an earlier index was handed out there. */
		if (slot.entry && slot.first >= asked) {
			*index = slot.first + it->base;
			*entry = slot.entry;
			return true;
		}
	}
	return false;
}

const char *kxarray_why(struct kxarray_iter *it)
{
	if (!it->stopped)
		return "ended properly";
	if (it->stopped == KLIST_INTERRUPTED)
		snprintf(it->why, sizeof(it->why), "interrupted at index %llu",
			 (it->index + it->base));
	else
		snprintf(it->why, sizeof(it->why), "broken at index %llu: node at %016llx: %s",
			 (it->index + it->base), it->fault.address, fault_text(&it->fault));
	return it->why;
}

bool kxarray_load(u64 xarray, u64 index, u64 *entry, struct fault *fault)
{
	struct slot slot;
	u64 head;

	if (!field_try_u64(xarray, &xarray_head, &head, fault) ||
	    !descend(head, index, &slot, fault))
		return false;
	*entry = slot.entry;
	return true;
}

bool kidr_load(u64 idr, u64 id, u64 *entry, struct fault *fault)
{
	u64 base = 0;

	if (kfield_exists(&idr_base) && !field_try_u64(idr, &idr_base, &base, fault))
		return false;
	if (id < base) {
		*entry = 0;
		return true;
	}
	return kxarray_load(field_address(idr, &idr_rt), id - base, entry, fault);
}

void kxarray_begin_node(struct kxarray_iter *it, u64 node)
{
	memset(it, 0, sizeof(*it));
	it->head = align_down(node, 4) + 2;
}

unsigned kxarray_path(const struct kxarray_iter *it, u64 index, unsigned slots[KXARRAY_MAX_HEIGHT])
{
	unsigned bits = chunk_bits(), height = 0;
	u64 entry = it->head, shift;

	for (index -= it->base; is_node(entry) && height < KXARRAY_MAX_HEIGHT; height++) {
		u64 node = entry - 2;

		if (!field_try_u64(node, &xa_node_shift, &shift, NULL) || shift > 60)
			return 0;
		slots[height] = (unsigned)(index >> shift & ((1U << bits) - 1));
		if (!mem_try_u64(field_address(node, &xa_node_slots) + slots[height] * 8ULL, &entry,
				 NULL))
			return 0;
	}
	return height;
}
