/* kernel/audit.c - the kernel's queues of audit records: sk_buffs that each hold one netlink message. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/audit.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "memory.h"
#include "names/kfield.h"

KSYMBOL(audit_queue, "audit_queue");
KSYMBOL(audit_retry_queue, "audit_retry_queue");
KSYMBOL(audit_hold_queue, "audit_hold_queue");
KFIELD(skb_next, "sk_buff.next");
KFIELD(skb_data, "sk_buff.data");
KFIELD(skb_length, "sk_buff.len");

/* struct nlmsghdr, part of the kernel's interface to user space: its length and type come first. */
#define NETLINK_HEADER_BYTES 16
#define MAX_RECORD_BYTES 65536

struct visit {
	u64 skb;
	void (*each)(unsigned type, const char *text, size_t length, void *arg);
	void *arg;
};

static void visit_record(void *arg)
{
	struct visit *visit = arg;
	u64 length = field_u64(visit->skb, &skb_length);
	const char *text;
	u8 *message;

	if (length < NETLINK_HEADER_BYTES || length > MAX_RECORD_BYTES)
		fail("audit record %llx is damaged: its length is %llu", visit->skb, length);
	message = scope_alloc(length + 1);
	mem_read(field_u64(visit->skb, &skb_data), message, length, "audit record");
	/* The message may be shorter than its buffer. */
	length = min_u64(length, max_u64(load_u32(message), NETLINK_HEADER_BYTES));
	message[length] = '\0';
	text = (const char *)message + NETLINK_HEADER_BYTES;
	visit->each(load_u16(message + 4), text, strlen(text), visit->arg);
}

/* A queue's head is a list_head to klist, as sk_buff starts with next and prev. */
static size_t visit_queue(struct ksymbol *queue, struct visit *visit)
{
	struct klist_iter it;
	size_t count = 0;

	if (!ksymbol_exists(queue))
		return 0;
	klist_begin(&it, ksymbol_address(queue), kfield_offset(&skb_next));
	while (klist_next(&it, &visit->skb)) {
		struct failure failure;

		count++;
		if (!protect_row(visit_record, visit, &failure))
			warn("%s", failure.text);
	}
	if (it.stopped)
		warn("audit queue: %s", klist_why(&it));
	return count;
}

size_t audit_records(void (*each)(unsigned type, const char *text, size_t length, void *arg),
		     void *arg)
{
	struct visit visit = { .each = each, .arg = arg };
	size_t count;

	if (!ksymbol_exists(&audit_queue))
		fail("this kernel has no audit queue");
	count = visit_queue(&audit_hold_queue, &visit);
	count += visit_queue(&audit_retry_queue, &visit);
	return count + visit_queue(&audit_queue, &visit);
}
