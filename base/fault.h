/* base/fault.h - why a read of kernel memory failed, in one value that every layer passes on. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FAULT_H
#define FAULT_H

#include "base/util.h"

enum fault_reason {
	FAULT_NONE,
	FAULT_NOT_MAPPED, /* the page tables have no entry (or a reserved one) */
	FAULT_EXCLUDED, /* left out of the dump by its filter, on purpose */
	FAULT_NOT_IN_DUMP, /* no such physical memory in the dump, or the file ends before it */
	FAULT_NO_TABLES, /* where the kernel's page tables are is not known */
	FAULT_DAMAGED, /* there, but the file's bytes make no sense */
	FAULT_SWAPPED_OUT, /* a user page that was not in memory */
	FAULT_BAD_ADDRESS, /* not an address at all (non-canonical, wraps) */
	FAULT_INTERRUPTED, /* the user pressed Ctrl-C */
	FAULT_NO_MEMORY, /* live: the machine has no memory at this physical address */
	FAULT_REFUSED, /* live: the kernel does not let it be read */
	FAULT_PAST_END, /* an offset in the dump file, which is shorter */
	FAULT_UNREADABLE, /* live: the kernel tried to read it, and could not */
	FAULT_NO_USER_SPACE, /* the current task is a kernel thread, or has ended */
};

/* What an address is one of. */
enum address_space { SPACE_KERNEL, SPACE_USER, SPACE_PHYSICAL, SPACE_FILE /* offsets */ };

struct fault {
	enum fault_reason reason;
	enum address_space space; /* of ADDRESS */
	u64 address; /* the first byte that could not be read, as the caller gave it */
	u64 physical; /* where translation ended, when it got so far; else 0 */
	const char *level; /* "pgd", "p4d", "pud", "pmd", "pte": the table that failed, or NULL */
	/* SWAPPED_OUT: where it is, or why not to be had; NOT_MAPPED: what it is instead; or "" */
	char detail[112];
};

/* "page excluded from the dump", "not mapped (no pmd entry)" ... : no address, no full stop. */
const char *fault_text(const struct fault *fault);

/* The tables do not tell: one that cannot be read leaves open whether an address is mapped. */
static inline bool fault_is_unknown(const struct fault *fault)
{
	return fault->reason != FAULT_NOT_MAPPED && fault->reason != FAULT_SWAPPED_OUT;
}

/* "kernel address", "dump file offset" ...: how a message calls an address of SPACE. */
const char *address_space_name(enum address_space space);

/* The session's dump is cut short: what is not in it may have been, and every text says so. */
void fault_dump_is_incomplete(void);

/*
 * Sets every member; returns false, so that readers can `return fault_set(...)`. FAULT may be
 * NULL. It is here for callers to see that it is false: what a failed read leaves unset is then
 * known to be unused.
 */
static inline bool fault_set(struct fault *fault, enum fault_reason reason,
			     enum address_space space, u64 address)
{
	if (fault)
		*fault = (struct fault){ .reason = reason, .space = space, .address = address };
	return false;
}

#endif
