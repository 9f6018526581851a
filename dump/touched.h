/* dump/touched.h - which page frames a session has read. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TOUCHED_H
#define TOUCHED_H

#include "base/util.h"

struct touched;

/* For frames below MAX_PFN. Memory is only taken for the parts in which frames are set. */
struct touched *touched_create(u64 max_pfn);
void touched_destroy(struct touched *touched);
/* Any thread. TOUCHED may be NULL; a frame too high is not recorded. */
void touched_set(struct touched *touched, u64 pfn);
/* The first frame at or above PFN that was set. */
bool touched_next(const struct touched *touched, u64 pfn, u64 *found_pfn);

#endif
