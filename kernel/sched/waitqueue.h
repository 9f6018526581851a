/* kernel/sched/waitqueue.h - wait queues of all kinds, and who waits on one. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WAITQUEUE_H
#define WAITQUEUE_H

#include "base/util.h"

struct waiter {
	u64 address; /* wait_queue_entry, or swait_queue */
	u64 task; /* task_struct; 0: it wakes no task itself, as an entry of epoll */
	u64 function; /* that is called to wake it; 0: it has none (a simple queue) */
	bool exclusive; /* one of those is woken, not all */
	bool has_bit; /* it waits for a bit of a word */
	u64 word, bit; /* where that is, and its number */
};

enum wait_key { WAIT_FOR_ANYTHING, WAIT_FOR_BIT, WAIT_FOR_PAGE };

/*
 * Of the wait_queue_entry at ENTRY, whose function is FUNCTION: whether it waits for a bit of a
 * word, or of the flags of a page, and which. What cannot be read is nothing of these.
 */
enum wait_key wait_entry_key(u64 entry, u64 function, u64 *word, u64 *bit);

struct wait_queue {
	u64 address; /* of the list that waiters hang on */
	bool simple; /* swait_queue_head, as in a completion */
	struct waiter *waiters;
	size_t count;
	const char *problem; /* why some may be missing; NULL: none is */
};

/*
 * The wait_queue_head, swait_queue_head or completion at ADDRESS: which of them its list tells.
 * Scope memory. False: nothing there is one; .problem then says what could not be read, or is NULL.
 */
bool wait_queue_read(u64 address, struct wait_queue *queue);
/*
 * The heads of the hash table of that name, in which those stand who wait for bits or pages: how
 * many there are, and the address of the first; 0: it is no such table.
 */
size_t wait_table(const char *name, u64 *first, u64 *head_bytes);

#endif
