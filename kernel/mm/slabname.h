/* kernel/mm/slabname.h - the further names of a slab cache that serves several users. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SLABNAME_H
#define SLABNAME_H

#include "kernel/mm/slab.h"

/*
 * When a cache is asked for that is like one there is, the kernel hands out that one, and makes a
 * link of the wanted name to it in /sys/kernel/slab. These links, by target.
 */
struct slab_names {
	struct slab_link {
		u64 directory; /* kernfs_node of the cache */
		const char *name;
	} * links;
	size_t count;
	const char *problem; /* why not all could be read; NULL: they could */
};

/* Scope memory. No links at all where the kernel has none of these files. */
struct slab_names slab_names_read(void);
/* CACHE's directory there; 0: it has none, or it cannot be read. */
u64 slab_directory(const struct slab_cache *cache);
/* The cache that NAME is a further name of; NULL: none. */
const struct slab_cache *slab_cache_also_named(const char *name);

#endif
