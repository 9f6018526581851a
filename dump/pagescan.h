/* dump/pagescan.h - looks at every page that a dump has, on all cores. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PAGESCAN_H
#define PAGESCAN_H

#include "dump/dumpfile.h"

/*
 * LOOKS_RIGHT is asked of the first BYTES of each present page, from several threads at once: it
 * must neither fail() nor change anything. Fills FRAMES with the page frames it said yes to, in
 * rising order, and returns how many there are; with SPACE of them, or when interrupted, the search
 * ends. WHAT is looked for is told in a line on the terminal when it takes long.
 */
size_t page_scan(struct dump *dump, const char *what, size_t bytes,
		 bool (*looks_right)(const u8 *page), u64 *frames, size_t space);

#endif
