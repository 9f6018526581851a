/* containers/klist.h - list_head, hlist_head and llist walks that survive damage. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KLIST_H
#define KLIST_H

#include "base/fault.h"
#include "base/util.h"
#include "containers/ring.h"

/*
 *	struct klist_iter it;
 *	u64 entry;
 *
 *	klist_begin(&it, head, member_offset);
 *	while (klist_next(&it, &entry))
 *		...
 *	if (it.stopped)
 *		warn("task list: %s", klist_why(&it));
 *
 * ENTRY is the address of the containing object (node minus MEMBER_OFFSET). The walk notices rings
 * that miss their head without a table of visited nodes, honours an interrupt and keeps what came
 * before.
 */
enum klist_stop { KLIST_RUNNING, KLIST_FAULT = 1, KLIST_LOOP, KLIST_NULL, KLIST_INTERRUPTED };

/* Why a walk stops that FAULT ended. */
static inline enum klist_stop klist_stop_of(const struct fault *fault)
{
	return fault->reason == FAULT_INTERRUPTED ? KLIST_INTERRUPTED : KLIST_FAULT;
}

struct klist_iter {
	u64 head, next, member_offset;
	bool circular; /* list_head: ends at head; else at NULL (or a nulls marker) */
	enum klist_stop stopped; /* 0: ended properly */
	struct fault fault;
	u64 nr_seen;
	struct ring ring;
	char why[160];
};

void klist_begin(struct klist_iter *it, u64 list_head, u64 member_offset);
/* Also for llist and hlist_nulls. */
void khlist_begin(struct klist_iter *it, u64 hlist_head, u64 member_offset);
bool klist_next(struct klist_iter *it, u64 *entry);
const char *klist_why(struct klist_iter *it);

#endif
