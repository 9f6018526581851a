/* kernel/mm/slabfree.h - whether addresses lie in free slab objects, for commands that ask it of many. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SLABFREE_H
#define SLABFREE_H

#include "kernel/mm/slab.h"

/* What was read so far; the innermost scope owns it. */
struct slab_free *slab_free_begin(void);
/*
 * True: ADDRESS lies in an object that is free, and *CACHE is its cache. False: it does not, or
 * that cannot be said.
 */
bool slab_free_has(struct slab_free *known, u64 address, const struct slab_cache **cache);

#endif
