/* kernel/mm/swapmark.c - migration, broken memory, pages of devices, markers. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/mm/swapmark.h"

#include "base/fail.h"
#include "kernel/mm/page.h"
#include "memory.h"

KENUM(mark_locked, "PG_locked");
KENUM(mark_hwpoison, "PG_hwpoison");
KENUM(mark_zone_device, "ZONE_DEVICE");

/* Macros of the kernel: bits of a marker, of which none stands higher. */
#define MARKER_USERFAULTFD 1
#define MARKER_POISONED 2
#define MARKER_GUARD 4
#define MARKER_BITS 7
/* Of an offset, below the bits that v5.20 put there: was it young, was it dirty. */
#define FRAME_BITS_5_LEVELS 40
#define FRAME_BITS_4_LEVELS 34

static const char *marker_names(u64 bits)
{
	static const struct {
		u64 bit;
		const char *name;
	} names[] = {
		{ MARKER_GUARD, "a guard page" },
		{ MARKER_POISONED, "what was there cannot be had any more: each access fails" },
		{ MARKER_USERFAULTFD, "userfaultfd watches writes" },
	};
	struct strbuf *text = scope_strbuf();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (bits & names[i].bit)
			strbuf_printf(text, "%s%s", text->length ? ", " : "", names[i].name);
	return strbuf_text(text);
}

static bool has_flag(u64 flags, struct kenum *bit)
{
	return kenum_exists(bit) && kenum_value(bit) >= 0 && kenum_value(bit) < 64 &&
	       flags >> kenum_value(bit) & 1;
}

/* Who moves a page has it locked, and the first one of its folio stands for all of them. */
static int kind_of_frame(u64 pfn)
{
	struct page_info page, head;

	if (!page_read(page_of_pfn(pfn), &page, NULL))
		return SWAP_MARK_UNKNOWN;
	if (has_flag(page.flags, &mark_hwpoison))
		return SWAP_MARK_HWPOISON;
	if (kenum_exists(&mark_zone_device) &&
	    page_zone(page.flags) == (u64)kenum_value(&mark_zone_device))
		return SWAP_MARK_DEVICE;
	if (page_read(page_head(page.address), &head, NULL) && has_flag(head.flags, &mark_locked))
		return SWAP_MARK_MIGRATION;
	return SWAP_MARK_UNKNOWN;
}

void swap_mark_read(u64 offset, struct swap_mark *mark)
{
	unsigned bits = memory_layout()->levels == 5 ? FRAME_BITS_5_LEVELS : FRAME_BITS_4_LEVELS;
	u64 pfn = offset & ((1ULL << bits) - 1);

	*mark = (struct swap_mark){ .kind = SWAP_MARK_UNKNOWN, .names = "" };
	if (offset && offset <= MARKER_BITS) {
		mark->kind = SWAP_MARK_MARKER;
		mark->names = marker_names(offset);
		return;
	}
	mark->kind = kind_of_frame(pfn);
	if (mark->kind != SWAP_MARK_UNKNOWN)
		mark->physical = pfn << PAGE_SHIFT;
}
