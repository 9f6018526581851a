/* fault.c - L0: why a read of kernel memory failed, in words. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fault.h"

#include <stdio.h>

const char *fault_text(const struct fault *fault)
{
	static char text[64];

	switch (fault->reason) {
	case FAULT_NONE:
		return "no fault";
	case FAULT_NOT_MAPPED:
		if (!fault->level)
			return "not mapped";
		snprintf(text, sizeof(text), "not mapped (no %s entry)", fault->level);
		return text;
	case FAULT_EXCLUDED:
		return "page excluded from the dump";
	case FAULT_NOT_IN_DUMP:
		return "not in the dump";
	case FAULT_DAMAGED:
		return "page damaged in the dump file";
	case FAULT_SWAPPED_OUT:
		return "swapped out";
	case FAULT_BAD_ADDRESS:
		return "not a valid address";
	case FAULT_INTERRUPTED:
		return "interrupted";
	}
	return "unknown fault";
}

bool fault_set(struct fault *fault, enum fault_reason reason, enum address_space space, u64 address)
{
	if (fault)
		*fault = (struct fault){ .reason = reason, .space = space, .address = address };
	return false;
}
