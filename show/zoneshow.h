/* show/zoneshow.h - zones with their counters, and their free pages. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONESHOW_H
#define ZONESHOW_H

#include "base/util.h"

void zoneshow_counters(void);
/* PAGES: with each block that is free. */
void zoneshow_free(bool pages);
/* The free block that the frame is in; false: it is in none. */
bool zoneshow_free_block(u64 pfn);

#endif
