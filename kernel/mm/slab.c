/* kernel/mm/slab.c - struct kmem_cache and struct slab. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Understands struct slab (v5.17 d122019bf061) and the members that struct page had before. */
#include "kernel/mm/slab.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "kernel/mm/kfence.h"
#include "kernel/mm/page.h"
#include "memory.h"
#include "names/kfield.h"

#include <stdio.h>
#include <stdlib.h>

KTYPE(slab_type, "struct slab", "struct page");
KFIELD(slab_slab_cache, "slab.slab_cache", "page.slab_cache");
KFIELD(slab_inuse, "slab.inuse", "page.inuse");
KFIELD(slab_objects, "slab.objects", "page.objects");
KFIELD(slab_frozen, "slab.frozen", "page.frozen");
KFIELD(slab_freelist, "slab.freelist", "page.freelist");
KFIELD(slab_next, "slab.next", "page.next"); /* up to v6.19: a CPU's partial slabs */
KFIELD(slab_flags, "slab.flags.f", "slab.__page_flags", "page.flags");
KFIELD(cache_name, "kmem_cache.name");
KFIELD(cache_list, "kmem_cache.list");
KFIELD(cache_object_size, "kmem_cache.object_size");
KFIELD(cache_size, "kmem_cache.size");
KFIELD(cache_offset, "kmem_cache.offset");
KFIELD(cache_oo, "kmem_cache.oo.x");
KFIELD(cache_min, "kmem_cache.min.x");
KFIELD(cache_red_left_pad, "kmem_cache.red_left_pad");
KFIELD(cache_random, "kmem_cache.random"); /* CONFIG_SLAB_FREELIST_HARDENED */
KFIELD(cache_cpu_slab, "kmem_cache.cpu_slab"); /* up to v6.19 */
KFIELD(cache_cpu_sheaves, "kmem_cache.cpu_sheaves"); /* v6.18 */
KFIELD(cache_node_array, "kmem_cache.node");
KFIELD(cache_per_node_array, "kmem_cache.per_node"); /* v7.1 */
KTYPE(per_node_ptrs, "struct kmem_cache_per_node_ptrs");
KFIELD(per_node_node, "kmem_cache_per_node_ptrs.node");
KFIELD(per_node_barn, "kmem_cache_per_node_ptrs.barn");
KFIELD(node_barn, "kmem_cache_node.barn"); /* v6.18 to v7.0 */
KSYMBOL(slab_caches_list, "slab_caches");

#define MAX_SLAB_ORDER 12
#define PAGE_CHUNK 256 /* bytes of a struct slab */

static struct {
	bool read;
	struct slab_cache *items;
	size_t count;
	struct u64map by_address; /* to the index */
} caches;

bool slab_wrong(struct slab_why *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return false;
}

/* How a kmem_cache_order_objects says it: the order, and how many objects fit. */
static u64 order_bytes(u64 order_objects)
{
	return PAGE_BYTES << min_u64(order_objects >> 16 & 0xffff, MAX_SLAB_ORDER);
}

static u64 optional(u64 object, struct kfield *field)
{
	return kfield_exists(field) ? field_u64(object, field) : 0;
}

static void read_cache(u64 address, struct slab_cache *cache)
{
	u64 oo = field_u64(address, &cache_oo);
	char name[128];

	if (!mem_try_string(field_u64(address, &cache_name), name, sizeof(name), NULL))
		snprintf(name, sizeof(name), "?");
	*cache = (struct slab_cache){
		.address = address,
		.object_bytes = field_u64(address, &cache_object_size),
		.stride = field_u64(address, &cache_size),
		.left_pad = optional(address, &cache_red_left_pad),
		.free_pointer_at = field_u64(address, &cache_offset),
		.random = optional(address, &cache_random),
		.slab_bytes = order_bytes(oo),
		.small_slab_bytes = order_bytes(field_u64(address, &cache_min)),
		.slab_objects = oo & 0xffff,
		.cpu_slabs = optional(address, &cache_cpu_slab),
		.cpu_sheaves = optional(address, &cache_cpu_sheaves),
	};
	cache->name = xstrdup(name);
}

struct cache_row {
	u64 address;
	struct slab_cache cache;
};

static void read_cache_row(void *arg)
{
	struct cache_row *row = arg;

	read_cache(row->address, &row->cache);
}

/* A cache that cannot be read is left out, and that is said. */
static void read_caches(void)
{
	struct klist_iter it;
	struct cache_row row;
	struct failure failure;
	VECTOR(struct slab_cache) all = { 0 };

	klist_begin(&it, ksymbol_address(&slab_caches_list), kfield_offset(&cache_list));
	while (klist_next(&it, &row.address)) {
		if (!protect_row(read_cache_row, &row, &failure)) {
			warn("slab cache %llx: %s", row.address, failure.text);
			continue;
		}
		u64map_put(&caches.by_address, row.address, all.count);
		*vector_add(&all) = row.cache;
	}
	caches.items = all.items;
	caches.count = all.count;
	if (it.stopped)
		warn("list of slab caches: %s", klist_why(&it));
}

/* What slab_read() and others look up is found here, before threads ask for it. */
static void prepare(void)
{
	struct kfield *fields[] = { &slab_slab_cache, &slab_inuse,    &slab_objects,
				    &slab_frozen,     &slab_freelist, &slab_flags };
	struct kfield *optional_fields[] = {
		&slab_next,	&cache_node_array, &cache_per_node_array,
		&per_node_node, &per_node_barn,	   &node_barn
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		kfield_offset(fields[i]);
	for (size_t i = 0; i < ARRAY_SIZE(optional_fields); i++)
		kfield_exists(optional_fields[i]);
	ktype_exists(&per_node_ptrs);
	page_node(0);
	if (ktype_size(&slab_type) > PAGE_CHUNK)
		fail("%s of %llu bytes makes no sense", slab_type.k.spelling,
		     ktype_size(&slab_type));
	page_struct_bytes();
}

const struct slab_cache *slab_caches(size_t *count)
{
	if (!caches.read) {
		prepare();
		read_caches();
		caches.read = true;
	}
	*count = caches.count;
	return caches.items;
}

void slab_forget(void)
{
	for (size_t i = 0; i < caches.count; i++)
		free((char *)caches.items[i].name);
	free(caches.items);
	u64map_free(&caches.by_address);
	memset(&caches, 0, sizeof(caches));
}

const struct slab_cache *slab_cache_at(u64 address)
{
	size_t count;
	u64 index;

	slab_caches(&count);
	return u64map_get(&caches.by_address, address, &index) ? &caches.items[index] : NULL;
}

const struct slab_cache *slab_cache_named(const char *name)
{
	size_t count;
	const struct slab_cache *all = slab_caches(&count);

	for (size_t i = 0; i < count; i++)
		if (streq(all[i].name, name))
			return &all[i];
	return NULL;
}

bool slab_cache_node(const struct slab_cache *cache, unsigned node, u64 *cache_node, u64 *barn)
{
	u64 at;

	*barn = 0;
	if (kfield_exists(&cache_per_node_array)) {
		at = field_address(cache->address, &cache_per_node_array) +
		     node * ktype_size(&per_node_ptrs);
		return field_try_u64(at, &per_node_node, cache_node, NULL) &&
		       field_try_u64(at, &per_node_barn, barn, NULL);
	}
	at = field_address(cache->address, &cache_node_array) + node * sizeof(u64);
	if (!mem_try_u64(at, cache_node, NULL))
		return false;
	return !*cache_node || !kfield_exists(&node_barn) ||
	       field_try_u64(*cache_node, &node_barn, barn, NULL);
}

/* ---- one slab ---- */

static bool check_slab(const struct slab_cache *cache, struct slab *slab, struct slab_why *why)
{
	slab->bytes = slab->objects == cache->slab_objects ? cache->slab_bytes
							   : cache->small_slab_bytes;
	if (!cache->stride || slab->objects * cache->stride > slab->bytes)
		return slab_wrong(why,
				  "slab %llx: %u objects of %llu bytes do not fit into %llu bytes",
				  slab->page, slab->objects, cache->stride, slab->bytes);
	if (slab->inuse > slab->objects)
		return slab_wrong(why, "slab %llx: %u of %u objects are in use", slab->page,
				  slab->inuse, slab->objects);
	return true;
}

bool slab_read(const struct slab_cache *cache, u64 page, struct slab *slab, struct slab_why *why)
{
	size_t bytes = (size_t)ktype_size(&slab_type);
	struct fault fault;
	u8 copy[PAGE_CHUNK];
	u64 pfn, owner;

	*slab = (struct slab){ .page = page };
	if (!page_to_pfn(page, &pfn) || !mem_phys_to_kernel(pfn << PAGE_SHIFT, &slab->memory))
		return slab_wrong(why, "slab %llx: no struct page's address", page);
	if (!mem_try_read(page, copy, bytes, &fault))
		return slab_wrong(why, "slab %llx: %s", page, fault_text(&fault));
	owner = kfield_in(&slab_slab_cache, copy, bytes);
	if (owner != cache->address)
		return slab_wrong(why, "slab %llx: its slab_cache is %llx", page, owner);
	slab->objects = (u32)kfield_in(&slab_objects, copy, bytes);
	slab->inuse = (u32)kfield_in(&slab_inuse, copy, bytes);
	slab->frozen = kfield_in(&slab_frozen, copy, bytes);
	slab->freelist = kfield_in(&slab_freelist, copy, bytes);
	slab->next = kfield_exists(&slab_next) ? kfield_in(&slab_next, copy, bytes) : 0;
	slab->node = page_node(kfield_in(&slab_flags, copy, bytes));
	return check_slab(cache, slab, why);
}

u64 slab_object_address(const struct slab_cache *cache, const struct slab *slab, u32 index)
{
	return slab->memory + index * cache->stride + cache->left_pad;
}

bool slab_object_at(const struct slab_cache *cache, const struct slab *slab, u64 address,
		    u32 *index)
{
	u64 number;

	if (address < slab->memory)
		return false;
	number = (address - slab->memory) / cache->stride;
	if (number >= slab->objects) /* what is left behind the last one */
		return false;
	*index = (u32)number;
	return true;
}

/* ---- which slab an address lies in ---- */

struct search {
	u64 address, page;
	const struct slab_cache *cache;
};

/*
 * A page that once was a slab keeps the pointer to its cache, so the page must say that it is one
 * now; and the pointer must be a cache's, so that a damaged page does not name garbage.
 */
static void find_cache(void *arg)
{
	struct search *search = arg;

	if (!page_of_address(search->address, &search->page))
		fail("no page");
	search->page = page_head(search->page);
	if (!page_is_slab(search->page))
		fail("no slab");
	search->cache = slab_cache_at(field_u64(search->page, &slab_slab_cache));
}

static bool search_slab(u64 address, struct search *search)
{
	*search = (struct search){ .address = address };
	return mem_is_kernel_address(address) && protect(find_cache, search, NULL) && search->cache;
}

bool slab_find(u64 address, const struct slab_cache **cache, struct slab *slab)
{
	struct slab_why why;
	struct search search;

	if (!search_slab(address, &search))
		return false;
	kfence_prepare();
	if (kfence_has(address))
		return false;
	*cache = search.cache;
	return slab_read(search.cache, search.page, slab, &why);
}

bool slab_cache_of(u64 address, char *name, size_t space)
{
	struct search search;

	if (!search_slab(address, &search))
		return false;
	snprintf(name, space, "%s", search.cache->name);
	return true;
}
