/* kernel/mm/slabmap.c - slabs found in the page map, in order of their caches. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel has lists of partial slabs only. What a full slab leaves behind is its struct page, so
 * one pass over these finds them all, and serves all caches.
 */
#include "kernel/mm/slabmap.h"

#include "base/fail.h"
#include "kernel/mm/kfence.h"
#include "kernel/mm/page.h"
#include "kernel/mm/pagewalk.h"
#include "memory.h"

#include <stdlib.h>

KFIELD(slab_owner, "slab.slab_cache", "page.slab_cache");

static struct {
	bool read;
	struct mapped_slab *slabs; /* cache by cache */
	size_t *starts; /* of each cache in the order of slab_caches(), and the end */
	u64 nr_unreadable;
} map;

struct found_slab {
	struct mapped_slab slab;
	size_t cache;
};

struct search {
	u64 owner_at;
	VECTOR(struct found_slab) slabs;
};

/* KFENCE's pages look like slabs; their objects are in no cache's count. */
static bool is_slab(UNUSED void *arg, u64 pfn, const u8 *page)
{
	u64 address;

	return page_copy_is_slab(page) && !page_copy_is_tail(page) &&
	       !(mem_phys_to_kernel(pfn << PAGE_SHIFT, &address) && kfence_has(address));
}

/* One whose cache is none of the list's belongs to nobody: damaged, or half torn down. */
static void take_slab(void *arg, u64 pfn, const u8 *page)
{
	struct search *search = arg;
	const struct slab_cache *cache = slab_cache_at(load_u64(page + search->owner_at));
	struct page_info info;
	size_t count;

	if (!cache)
		return;
	page_info_of_copy(pfn, page, &info);
	*vector_add(&search->slabs) = (struct found_slab){ { pfn, page_node(info.flags) },
							   (size_t)(cache - slab_caches(&count)) };
}

static void free_search(void *arg)
{
	struct search *search = arg;

	vector_free(&search->slabs);
}

/* They come by rising frame: a cache's stay in that order. */
static void sort_by_cache(const struct search *search, size_t nr_caches)
{
	size_t *next;

	map.starts = xcalloc(nr_caches + 1, sizeof(*map.starts));
	map.slabs = xcalloc(search->slabs.count + 1, sizeof(*map.slabs));
	next = scope_array(nr_caches + 1, sizeof(*next));
	for (size_t i = 0; i < search->slabs.count; i++)
		map.starts[search->slabs.items[i].cache + 1]++;
	for (size_t i = 0; i < nr_caches; i++) {
		map.starts[i + 1] += map.starts[i];
		next[i] = map.starts[i];
	}
	for (size_t i = 0; i < search->slabs.count; i++)
		map.slabs[next[search->slabs.items[i].cache]++] = search->slabs.items[i].slab;
}

static void read_map(UNUSED void *arg)
{
	struct search *search = scope_alloc(sizeof(*search));
	struct page_walk walk = {
		.wanted = is_slab, .take = take_slab, .arg = search, .name = "looking for slabs"
	};
	size_t nr_caches;

	slab_caches(&nr_caches);
	kfence_prepare();
	scope_cleanup(free_search, search);
	search->owner_at = kfield_offset(&slab_owner);
	if (!range_fits(search->owner_at, sizeof(u64), page_struct_bytes()))
		fail("%s lies outside of struct page", slab_owner.k.spelling);
	page_walk(&walk);
	sort_by_cache(search, nr_caches);
	map.nr_unreadable = walk.nr_unreadable;
	map.read = true;
}

const struct mapped_slab *slab_map(const struct slab_cache *cache, size_t *count)
{
	size_t nr_caches, index;

	if (!map.read)
		protect_or_pass(read_map, NULL);
	index = (size_t)(cache - slab_caches(&nr_caches));
	*count = map.starts[index + 1] - map.starts[index];
	return map.slabs + map.starts[index];
}

u64 slab_map_unreadable(void)
{
	return map.nr_unreadable;
}

void slab_map_forget(void)
{
	free(map.slabs);
	free(map.starts);
	memset(&map, 0, sizeof(map));
}
