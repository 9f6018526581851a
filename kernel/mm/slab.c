/* kernel/mm/slab.c - which slab cache an address belongs to. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Understands struct slab (v5.17 d122019bf061) and the members that struct page had before. */
#include "kernel/mm/slab.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "kernel/mm/page.h"
#include "memory.h"
#include "names/kfield.h"

#include <stdio.h>

KFIELD(slab_slab_cache, "slab.slab_cache", "page.slab_cache");
KFIELD(cache_name, "kmem_cache.name");
KFIELD(cache_list, "kmem_cache.list");
KSYMBOL(slab_caches, "slab_caches");

static struct u64map cache_names; /* kmem_cache -> address of its name */
static bool caches_read;

static void read_caches(UNUSED void *arg)
{
	struct klist_iter it;
	u64 cache;

	klist_begin(&it, ksymbol_address(&slab_caches), kfield_offset(&cache_list));
	while (klist_next(&it, &cache))
		u64map_put(&cache_names, cache, field_u64(cache, &cache_name));
	if (it.stopped)
		warn("list of slab caches: %s", klist_why(&it));
}

/*
 * A page that once was a slab keeps the pointer to its cache, so the page must say that it is one
 * now; and the pointer must be a cache's, so that a damaged page does not name garbage.
 */
static void find_cache(void *arg)
{
	u64 *address = arg, page, cache, name;

	if (!caches_read) {
		caches_read = true;
		read_caches(NULL);
	}
	if (!page_of_address(*address, &page) || !page_is_slab(page_head(page)))
		fail("no slab");
	cache = field_u64(page_head(page), &slab_slab_cache);
	if (!u64map_get(&cache_names, cache, &name))
		fail("no slab cache");
	*address = name;
}

void slab_forget(void)
{
	u64map_free(&cache_names);
	caches_read = false;
}

bool slab_cache_of(u64 address, char *name, size_t space)
{
	u64 name_address = address;

	return mem_is_kernel_address(address) && protect(find_cache, &name_address, NULL) &&
	       mem_try_string(name_address, name, space, NULL);
}
