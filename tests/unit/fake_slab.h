/* fake_slab.h - test helper: a slab cache in fake memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FAKE_SLAB_H
#define FAKE_SLAB_H

#include "fake.h"

/*
 * The cache "thing" has objects of 64 bytes, 8 of them in a slab. Slabs are the pages from 0x10000
 * on.
 */
enum {
	OBJECTS = 8,
	OBJECT_BYTES = 64,
	FREE_AT = 32,
	CACHES = 0x1000,
	CACHE = 0x2000,
	NAME = 0x2800,
	NODE = 0x3000,
	CPU = 0x4000,
	NR_CPUS = 0x5000,
	POSSIBLE = 0x5100,
	SLABS = 0x10000,
};

#define RANDOM 0x123456789abcdef0ULL

/* Types and symbols; once a program, before fake_types_done(). */
void fake_slab_types(void);
/*
 * Slab 0 is CPU 0's: objects 6 and 7 on its own list, 5 freed by others. Slab 1 is partial, with 0
 * and 3 free; slab 2 is full.
 */
void fake_slab_build(void);

u64 fake_slab_page(unsigned number); /* the struct page of a slab */
u64 fake_slab_object(unsigned slab, unsigned index);
/* Behind FROM on its slab's freelist stands TO. */
void fake_slab_link(u64 from, u64 to);
void fake_slab_list(u64 at, u64 next, u64 prev); /* a list_head */

#endif
