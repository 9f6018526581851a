/* kmaple.h - L4: maple trees: ranges and their entries. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KMAPLE_H
#define KMAPLE_H

#include "fault.h"
#include "util.h"

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
bool kmaple_load(u64 tree, u64 index, u64 *entry, struct fault *fault);

#endif
