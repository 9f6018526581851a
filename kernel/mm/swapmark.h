/* kernel/mm/swapmark.h - entries of page tables that look like swap entries and say something else. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SWAPMARK_H
#define SWAPMARK_H

#include "base/util.h"

struct swap_mark {
	enum {
		SWAP_MARK_UNKNOWN,
		SWAP_MARK_MIGRATION, /* the page is being moved; its frame still has it */
		SWAP_MARK_HWPOISON, /* the frame's memory is broken */
		SWAP_MARK_DEVICE, /* the page is in a device's memory */
		SWAP_MARK_MARKER, /* of an address that has no page: NAMES says what for */
	} kind;
	u64 physical; /* of the frame; not of a MARKER */
	const char *names; /* "a guard page"; scope memory */
};

/*
 * An entry with OFFSET, whose number of a swap area is that of none. Which of these numbers
 * says what depends on what the kernel was built for: what it leads to tells. May fail().
 */
void swap_mark_read(u64 offset, struct swap_mark *mark);

#endif
