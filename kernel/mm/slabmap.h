/* kernel/mm/slabmap.h - all slabs of the kernel, the full ones among them, by the page map. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SLABMAP_H
#define SLABMAP_H

#include "kernel/mm/slab.h"

struct mapped_slab {
	u64 frame; /* the first */
	unsigned node;
};

/*
 * CACHE's slabs, by rising frame; kept. The first call looks at every struct page; it may fail()
 * and is interrupted by Ctrl-C.
 */
const struct mapped_slab *slab_map(const struct slab_cache *cache, size_t *count);
/* Frames whose struct page could not be read: there may be slabs among them. */
u64 slab_map_unreadable(void);
/* Live systems. */
void slab_map_forget(void);

#endif
