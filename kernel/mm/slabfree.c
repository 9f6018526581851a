/* kernel/mm/slabfree.c - states of slab objects, each slab and each cache read once. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/mm/slabfree.h"

#include "base/fail.h"
#include "kernel/mm/slabuse.h"

struct known_slab {
	const struct slab_cache *cache;
	struct slab slab;
	const u8 *states; /* an enum object_state each */
};

struct slab_free {
	/* addresses of struct known_slab by struct page, of struct slab_use by cache */
	struct u64map *slabs, *caches;
};

struct slab_free *slab_free_begin(void)
{
	struct slab_free *known = scope_alloc(sizeof(*known));

	known->slabs = scope_u64map();
	known->caches = scope_u64map();
	return known;
}

static const struct slab_use *held_of(struct slab_free *known, const struct slab_cache *cache)
{
	struct slab_use *use;
	u64 found;

	if (u64map_get(known->caches, cache->address, &found))
		return (struct slab_use *)(uintptr_t)found;
	use = scope_alloc(sizeof(*use));
	slab_held_read(cache, use);
	u64map_put(known->caches, cache->address, (uintptr_t)use);
	return use;
}

static const struct known_slab *slab_of(struct slab_free *known, const struct slab_cache *cache,
					const struct slab *slab)
{
	struct slab_objects objects;
	struct known_slab *read;
	u64 found;

	if (u64map_get(known->slabs, slab->page, &found))
		return (struct known_slab *)(uintptr_t)found;
	slab_objects_read(cache, slab, held_of(known, cache), &objects);
	read = scope_alloc(sizeof(*read));
	*read = (struct known_slab){ cache, *slab, objects.states };
	u64map_put(known->slabs, slab->page, (uintptr_t)read);
	return read;
}

bool slab_free_has(struct slab_free *known, u64 address, const struct slab_cache **cache)
{
	const struct known_slab *slab;
	struct slab found;
	u32 index;

	if (!slab_find(address, cache, &found))
		return false;
	slab = slab_of(known, *cache, &found);
	return slab_object_at(*cache, &slab->slab, address, &index) &&
	       (slab->states[index] == OBJECT_FREE || slab->states[index] == OBJECT_HELD);
}
