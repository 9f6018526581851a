/* kernel/mm/slab.h - slab caches, their slabs, and which cache an address belongs to. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SLAB_H
#define SLAB_H

#include "base/util.h"

struct slab_cache {
	u64 address; /* kmem_cache */
	const char *name; /* "?" when it cannot be read */
	u64 object_bytes; /* what its users asked for */
	u64 stride; /* from an object to the next */
	u64 left_pad; /* red zone before each object */
	u64 free_pointer_at; /* in a free object */
	u64 random; /* that pointers to free objects are mixed with; 0: they are not */
	u64 slab_bytes; /* of a slab of the preferred order */
	u64 small_slab_bytes; /* of one that was made when memory was short */
	u32 slab_objects; /* in a slab of the preferred order */
	u64 cpu_slabs; /* per-cpu pointer to kmem_cache_cpu; 0: there is none */
	u64 cpu_sheaves; /* the same to slub_percpu_sheaves */
};

/* In the order of the kernel's list; kept. fail()s when the list cannot be read at all. */
const struct slab_cache *slab_caches(size_t *count);
const struct slab_cache *slab_cache_at(u64 address); /* NULL: no cache's address */
const struct slab_cache *
slab_cache_named(const char *name); /* the first of that name; NULL: none */
/* Address of the node's kmem_cache_node and, on kernels with sheaves, node_barn; 0: none. */
bool slab_cache_node(const struct slab_cache *cache, unsigned node, u64 *cache_node, u64 *barn);

struct slab {
	u64 page; /* its first struct page */
	u64 memory; /* kernel address of its first byte */
	u64 bytes;
	u32 objects, inuse; /* as the kernel counts: those in a sheaf are in use */
	bool frozen; /* a CPU has it */
	u64 freelist; /* first free object; 0: none */
	unsigned node;
	u64 next; /* on a CPU's list of partial slabs */
};

/* What is wrong, for threads: these have no strbuf, which may fail(). */
struct slab_why {
	char text[200];
};
bool slab_wrong(struct slab_why *why, const char *format, ...) PRINTF_LIKE(2, 3); /* false */

/*
 * Reads the struct slab of PAGE, which must be CACHE's; false with WHY. Threads may call it
 * after slab_caches().
 */
bool slab_read(const struct slab_cache *cache, u64 page, struct slab *slab, struct slab_why *why);
/* The number of the object that ADDRESS lies in; false: in none of the slab. */
bool slab_object_at(const struct slab_cache *cache, const struct slab *slab, u64 address,
		    u32 *index);
u64 slab_object_address(const struct slab_cache *cache, const struct slab *slab, u32 index);
/* The slab that ADDRESS lies in, and its cache. False: in none, or it cannot be read. */
bool slab_find(u64 address, const struct slab_cache **cache, struct slab *slab);

/* The name of the cache whose slab holds ADDRESS; false when it is in none, or cannot be read. */
bool slab_cache_of(u64 address, char *name, size_t space);

/* Live systems: caches may have come or gone. */
void slab_forget(void);

#endif
