/* kernel/mm/slabuse.h - what of a slab cache is in use, and where the rest is kept. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SLABUSE_H
#define SLABUSE_H

#include "base/fault.h"
#include "kernel/mm/slab.h"

/* A slab that is on one of the kernel's lists; a full one is on none. */
enum slab_place { SLAB_OF_CPU, SLAB_CPU_PARTIAL, SLAB_NODE_PARTIAL };

struct placed_slab {
	struct slab slab;
	enum slab_place place;
	unsigned number; /* of the CPU or node */
};

/* A free object that stands on no slab's freelist: a CPU or a node has it at hand. */
enum held_by {
	HELD_CPU_FREELIST,
	HELD_SHEAF_MAIN, /* v6.18 */
	HELD_SHEAF_SPARE,
	HELD_SHEAF_RCU, /* freed, waits for the end of a grace period */
	HELD_BARN, /* a full sheaf of the node */
};

struct held_object {
	u64 address;
	enum held_by by;
	unsigned number; /* of the CPU or node */
};

struct slab_use {
	u64 slabs, objects; /* as the nodes count them */
	u64 allocated; /* objects that users have; only without problems */
	u64 partial_free; /* free objects on the freelists of the nodes' partial slabs */
	VECTOR(struct placed_slab) placed;
	VECTOR(struct held_object) held; /* by rising address */
	/* what is damaged: how many things, and the first of them */
	unsigned nr_problems;
	struct slab_why problem;
	bool no_memory;
};

/*
 * One for each of COUNT caches, on all cores; the caller's scope owns what is in them. fail()s when
 * this kernel has no such members, and on an interrupt.
 */
void slab_use_read(const struct slab_cache *const *caches, size_t count, struct slab_use *uses);

/*
 * Only what CPUs and nodes keep at hand: what slab_objects_read() asks for. The cost does not grow
 * with the cache. The caller's scope owns it.
 */
void slab_held_read(const struct slab_cache *cache, struct slab_use *use);

/* What a kmem_cache_node counts. */
struct slab_node {
	u64 slabs, objects, partial; /* PARTIAL: slabs on its list */
};
bool slab_node_read(u64 address, struct slab_node *node, struct fault *fault);

/* Free or not, and where: one of each object of a slab. */
enum object_state { OBJECT_ALLOCATED, OBJECT_FREE, OBJECT_HELD, OBJECT_UNKNOWN };

struct slab_objects {
	u8 *states; /* an enum object_state each */
	const struct held_object **held; /* of those that are held; else NULL */
	u32 nr_free;
	struct slab_why
		problem; /* "": none; else those that are not known to be free are unknown */
};

/*
 * Looks at the memory of SLAB. USE is its cache's, and what HELD points into. Scope memory.
 */
void slab_objects_read(const struct slab_cache *cache, const struct slab *slab,
		       const struct slab_use *use, struct slab_objects *objects);

#endif
