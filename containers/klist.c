/* containers/klist.c - list_head, hlist_head, hlist_nulls_head and llist_head, walked without trust. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All four have the link to the next node as the first word of head and node alike. A list_head
 * ring ends at its head; the others end at NULL, hlist_nulls at an odd "nulls" value.
 */
#include "containers/klist.h"

#include "base/fail.h"
#include "memory.h"

#include <stdio.h>

static void begin(struct klist_iter *it, u64 head, u64 member_offset, bool circular)
{
	memset(it, 0, sizeof(*it));
	it->head = head;
	it->member_offset = member_offset;
	it->circular = circular;
	ring_begin(&it->ring);
	if (!mem_try_u64(head, &it->next, &it->fault)) {
		it->stopped = it->fault.reason == FAULT_INTERRUPTED ? KLIST_INTERRUPTED
								    : KLIST_FAULT;
		it->next = 0;
	}
}

void klist_begin(struct klist_iter *it, u64 list_head, u64 member_offset)
{
	begin(it, list_head, member_offset, true);
}

void khlist_begin(struct klist_iter *it, u64 hlist_head, u64 member_offset)
{
	begin(it, hlist_head, member_offset, false);
}

bool klist_next(struct klist_iter *it, u64 *entry)
{
	u64 node = it->next;

	if (it->stopped)
		return false;
	if (it->circular ? node == it->head : node == 0 || node & 1)
		return false;
	if (node == 0) {
		it->stopped = KLIST_NULL;
		return false;
	}
	if (interrupt_pending()) {
		it->stopped = KLIST_INTERRUPTED;
		return false;
	}
	if (ring_closes(&it->ring, node)) {
		it->stopped = KLIST_LOOP;
		return false;
	}
	/* A node that cannot be read is no entry: nobody could do anything with its object. */
	if (!mem_try_u64(node, &it->next, &it->fault)) {
		it->next = node;
		it->stopped = KLIST_FAULT;
		return false;
	}
	it->nr_seen++;
	*entry = node - it->member_offset;
	return true;
}

const char *klist_why(struct klist_iter *it)
{
	unsigned long long seen = it->nr_seen, next = it->next;
	const char *entries = seen == 1 ? "entry" : "entries";

	switch (it->stopped) {
	case KLIST_RUNNING:
		return "ended properly";
	case KLIST_FAULT:
		snprintf(it->why, sizeof(it->why), "broken after %llu %s: cannot read %016llx: %s",
			 seen, entries, it->fault.address, fault_text(&it->fault));
		break;
	case KLIST_LOOP:
		snprintf(it->why, sizeof(it->why),
			 "runs in circles: %016llx comes again after %llu %s", next, seen, entries);
		break;
	case KLIST_NULL:
		snprintf(it->why, sizeof(it->why), "broken after %llu %s: a NULL link", seen,
			 entries);
		break;
	case KLIST_INTERRUPTED:
		snprintf(it->why, sizeof(it->why), "interrupted after %llu %s", seen, entries);
		break;
	}
	return it->why;
}
