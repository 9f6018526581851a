/* base/fault.c - why a read of kernel memory failed, in words. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fault.h"

#include <stdio.h>

static bool dump_is_incomplete;

void fault_dump_is_incomplete(void)
{
	dump_is_incomplete = true;
}

const char *address_space_name(enum address_space space)
{
	static const char *const names[] = {
		[SPACE_KERNEL] = "kernel address",
		[SPACE_USER] = "user address",
		[SPACE_PHYSICAL] = "physical address",
		[SPACE_FILE] = "dump file offset",
	};

	return names[space];
}

/* With a level, it was the table's own page that could not be read, not the one asked for. */
static const char *page_text(const struct fault *fault, const char *own, const char *of_table)
{
	static _Thread_local char text[80];

	if (!fault->level)
		return own;
	snprintf(text, sizeof(text), "its page table (%s) %s", fault->level, of_table);
	return text;
}

const char *fault_text(const struct fault *fault)
{
	static _Thread_local char text[160];

	switch (fault->reason) {
	case FAULT_NONE:
		return "no fault";
	case FAULT_NOT_MAPPED:
		if (fault->detail[0]) {
			snprintf(text, sizeof(text), "not mapped (%s)", fault->detail);
			return text;
		}
		if (!fault->level)
			return "not mapped";
		snprintf(text, sizeof(text), "not mapped (no %s entry)", fault->level);
		return text;
	case FAULT_EXCLUDED:
		return page_text(fault, "page excluded from the dump", "is excluded from the dump");
	case FAULT_NOT_IN_DUMP:
		if (dump_is_incomplete)
			return page_text(fault, "not in the dump, which is incomplete",
					 "is not in the dump, which is incomplete");
		return page_text(fault, "not in the dump", "is not in the dump");
	case FAULT_NO_TABLES:
		return "the kernel's page tables were not found in the dump";
	case FAULT_DAMAGED:
		return page_text(fault, "page damaged in the dump file",
				 "is damaged in the dump file");
	case FAULT_SWAPPED_OUT:
		if (!fault->detail[0])
			return "swapped out";
		snprintf(text, sizeof(text), "swapped out (%s)", fault->detail);
		return text;
	case FAULT_BAD_ADDRESS:
		/*
		 * The upper half of the address space is the kernel's; in between there is nothing.
		 */
		return fault->space == SPACE_KERNEL && !(fault->address >> 56)
			       ? "not a kernel address"
			       : "not a valid address";
	case FAULT_INTERRUPTED:
		return "interrupted";
	case FAULT_NO_MEMORY:
		return "no memory at this physical address";
	case FAULT_REFUSED:
		return "the kernel does not let it be read (STRICT_DEVMEM or lockdown)";
	case FAULT_PAST_END:
		return "the dump file ends before it";
	case FAULT_UNREADABLE:
		return "the kernel cannot read it";
	case FAULT_NO_USER_SPACE:
		return "the current task has no user space (set chooses another task)";
	}
	return "unknown fault";
}
