/* containers/kxarray.h - xarray, radix tree and IDR: entries by index and walks. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KXARRAY_H
#define KXARRAY_H

#include "base/fault.h"
#include "base/util.h"

/*
 * Same three calls as every container; entries come by rising index; internal entries never appear.
 */
struct kxarray_iter {
	u64 head; /* xa_head or the radix tree's rnode, read at begin */
	u64 index; /* of the next entry to look for */
	u64 base; /* IDR: added to every index that is handed out */
	bool ended;
	u8 stopped; /* 0: ended properly, else as enum klist_stop */
	struct fault fault;
	char why[160];
};

/* XARRAY: address of struct xarray or struct radix_tree_root (v4.20 made them one). */
void kxarray_begin(struct kxarray_iter *it, u64 xarray);
bool kxarray_next(struct kxarray_iter *it, u64 *index, u64 *entry);
const char *kxarray_why(struct kxarray_iter *it);
/* The same walk over what hangs below a node: its address, with or without the tag of a head. */
void kxarray_begin_node(struct kxarray_iter *it, u64 node);
/*
 * The slots that lead from the top to INDEX; ends at the first that holds no node. Returns their
 * number, at most KXARRAY_MAX_HEIGHT; 0: the entry needs no node, or one cannot be read.
 */
#define KXARRAY_MAX_HEIGHT 16
unsigned kxarray_path(const struct kxarray_iter *it, u64 index, unsigned slots[KXARRAY_MAX_HEIGHT]);
bool kxarray_load(u64 xarray, u64 index, u64 *entry, struct fault *fault); /* 0 entry: empty */
/*
 * An entry that is a number and no pointer (xa_mk_value, radix tree's exceptional entry),
 * and the number.
 */
bool kxarray_is_value(u64 entry);
u64 kxarray_to_value(u64 entry);
/* IDR: address of struct idr; its idr_base is taken into account. Walk on with kxarray_next(). */
void kidr_begin(struct kxarray_iter *it, u64 idr);
bool kidr_load(u64 idr, u64 id, u64 *entry, struct fault *fault);

#endif
