/* show/pageshow.h - struct pages as rows: basic facts, or members by name; page flags in words. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PAGESHOW_H
#define PAGESHOW_H

#include "base/table.h"
#include "kernel/mm/page.h"

#define PAGESHOW_HEADINGS "      PAGE       PHYSICAL      MAPPING       INDEX CNT FLAGS"

/* The seven cells of such a line. */
void pageshow_put(struct row *row, const struct page_info *page);

/* All struct pages, or that of one frame. MEMBERS: names with commas between; NULL: the facts. */
void pageshow_all(const char *members);
void pageshow_frame(u64 pfn, const char *members);

/* The bits of enum pageflags; the second: those that FLAGS has. */
void pageshow_bits(void);
void pageshow_flags(u64 flags);

#endif
