/* kernel/sched/waitqueue.c - struct wait_queue_head, swait_queue_head and completion. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The heads look alike; what hangs on them does not: a wait_queue_entry has the function to call in
 * front of its link, a swait_queue the task.
 */
#include "kernel/sched/waitqueue.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "memory.h"
#include "symbols.h"
#include "task.h"

KFIELD(head_list, "wait_queue_head.head");
KFIELD(simple_list, "swait_queue_head.task_list");
KFIELD(completion_list, "completion.wait.task_list");
KFIELD(entry_link, "wait_queue_entry.entry");
KFIELD(entry_flags, "wait_queue_entry.flags");
KFIELD(entry_private, "wait_queue_entry.private");
KFIELD(entry_function, "wait_queue_entry.func");
KFIELD(simple_link, "swait_queue.task_list");
KFIELD(simple_task, "swait_queue.task");
KFIELD(bit_entry, "wait_bit_queue_entry.wq_entry");
KFIELD(bit_word, "wait_bit_queue_entry.key.flags");
KFIELD(bit_number, "wait_bit_queue_entry.key.bit_nr");
KFIELD(page_entry, "wait_page_queue.wait");
KFIELD(page_word, "wait_page_queue.folio", "wait_page_queue.page"); /* v5.16 */
KFIELD(page_bit, "wait_page_queue.bit_nr");
KFIELD(poll_task, "poll_wqueues.polling_task");
KSYMBOL(poll_function, "pollwake");
KSYMBOL(bit_function, "wake_bit_function");
KSYMBOL(page_function, "wake_page_function");
KTYPE(head_type, "struct wait_queue_head");

#define EXCLUSIVE 1 /* WQ_FLAG_EXCLUSIVE */
#define MAX_TABLE 65536

/* A list_head at ADDRESS to which a neighbour points back: the other one may be damaged. */
static bool is_list(u64 address, u64 *first)
{
	u64 pair[2], back;

	if (!mem_try_read(address, pair, sizeof(pair), NULL) || !pair[0] || !pair[1])
		return false;
	*first = pair[0];
	return (mem_try_u64(pair[0] + 8, &back, NULL) && back == address) ||
	       (mem_try_u64(pair[1], &back, NULL) && back == address);
}

static bool find_list(u64 address, u64 *list, u64 *first)
{
	struct kfield *places[] = { &head_list, &simple_list, &completion_list };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!kfield_exists(places[i]))
			continue;
		*list = address + kfield_offset(places[i]);
		if (is_list(*list, first))
			return true;
	}
	return false;
}

static bool is_simple(u64 first)
{
	u64 task;

	return field_try_u64(first - kfield_offset(&simple_link), &simple_task, &task, NULL) &&
	       task_by_address(task);
}

/* The function of a wait_queue_entry tells a wait queue from any other list. */
static bool is_entry(u64 first)
{
	u64 function;

	return field_try_u64(first - kfield_offset(&entry_link), &entry_function, &function,
			     NULL) &&
	       address_is_text(function);
}

static bool calls(const struct waiter *waiter, struct ksymbol *function)
{
	return ksymbol_exists(function) && waiter->function == ksymbol_address(function);
}

static const struct keyed {
	struct ksymbol *function;
	enum wait_key key;
	struct kfield *entry, *word, *bit;
} keys[] = {
	{ &bit_function, WAIT_FOR_BIT, &bit_entry, &bit_word, &bit_number },
	{ &page_function, WAIT_FOR_PAGE, &page_entry, &page_word, &page_bit },
};

/* The structure around an entry says it. */
enum wait_key wait_entry_key(u64 entry, u64 function, u64 *word, u64 *bit)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct keyed *key = &keys[i];
		u64 around;

		if (!ksymbol_exists(key->function) || ksymbol_address(key->function) != function ||
		    !kfield_exists(key->entry) || !kfield_exists(key->word) ||
		    !kfield_exists(key->bit))
			continue;
		around = entry - kfield_offset(key->entry);
		if (!field_try_u64(around, key->word, word, NULL) ||
		    !field_try_u64(around, key->bit, bit, NULL))
			return WAIT_FOR_ANYTHING;
		*bit = (u32)*bit;
		return key->key;
	}
	return WAIT_FOR_ANYTHING;
}

static bool read_entry(u64 address, struct waiter *waiter, struct fault *fault)
{
	u64 flags, task;

	*waiter = (struct waiter){ .address = address };
	if (!field_try_u64(address, &entry_flags, &flags, fault) ||
	    !field_try_u64(address, &entry_private, &task, fault) ||
	    !field_try_u64(address, &entry_function, &waiter->function, fault))
		return false;
	waiter->exclusive = flags & EXCLUSIVE;
	if (calls(waiter, &poll_function) && kfield_exists(&poll_task))
		field_try_u64(task, &poll_task, &task, NULL);
	waiter->task = task && task_by_address(task) ? task : 0;
	waiter->has_bit = wait_entry_key(address, waiter->function, &waiter->word, &waiter->bit) !=
			  WAIT_FOR_ANYTHING;
	return true;
}

static bool read_simple(u64 address, struct waiter *waiter, struct fault *fault)
{
	*waiter = (struct waiter){ .address = address, .exclusive = true };
	return field_try_u64(address, &simple_task, &waiter->task, fault);
}

bool wait_queue_read(u64 address, struct wait_queue *queue)
{
	struct klist_iter it;
	struct fault fault;
	struct waiter waiter;
	size_t space = 0;
	u64 first, entry;

	*queue = (struct wait_queue){ 0 };
	if (!mem_try_u64(address, &first, &fault)) {
		queue->problem = scope_strdup(fault_text(&fault));
		return false;
	}
	if (!find_list(address, &queue->address, &first))
		return false;
	if (first != queue->address) {
		queue->simple = !is_entry(first);
		if (queue->simple && !is_simple(first))
			return false;
	}
	klist_begin(&it, queue->address, kfield_offset(queue->simple ? &simple_link : &entry_link));
	while (klist_next(&it, &entry)) {
		if (!(queue->simple ? read_simple : read_entry)(entry, &waiter, &fault)) {
			queue->problem = scope_strdup(fault_text(&fault));
			return true;
		}
		if (queue->count == space)
			queue->waiters = scope_grow(queue->waiters, &space, sizeof(waiter));
		queue->waiters[queue->count++] = waiter;
	}
	if (it.stopped)
		queue->problem = scope_strdup(klist_why(&it));
	return true;
}

size_t wait_table(const char *name, u64 *first, u64 *head_bytes)
{
	static const char *const tables[] = { "bit_wait_table", "folio_wait_table",
					      "page_wait_table" };
	const struct symbol *symbol = symbol_by_name(name), *next;
	u64 count;

	*head_bytes = ktype_size(&head_type);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		if (!symbol || !streq(name, tables[i]))
			continue;
		/* Their lengths are powers of two; what follows may be padding. */
		for (next = symbol_after(symbol); next && next->value == symbol->value;)
			next = symbol_after(next);
		if (!next)
			return 0;
		*first = symbol->value;
		for (count = 1;
		     count * 2 * *head_bytes <= next->value - symbol->value && count < MAX_TABLE;
		     count *= 2)
			;
		return count;
	}
	return 0;
}
