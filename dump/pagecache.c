/* dump/pagecache.c - decompressed pages of a dump, within a budget of bytes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Four ways a set; the least recently used way of a set gives way. The pages are one anonymous
 * mapping, of which the system backs only what was written.
 */
#include "dump/pagecache.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { NR_WAYS = 4 };

struct cache_way {
	u64 key; /* pfn + 1; 0: empty */
	u64 last_use;
};

struct page_cache {
	pthread_mutex_t lock;
	u64 nr_sets; /* a power of two */
	u64 clock;
	struct cache_way *ways;
	u8 *pages;
};

struct page_cache *page_cache_create(u64 budget_bytes)
{
	struct page_cache *cache = xcalloc(1, sizeof(*cache));
	void *pages;

	cache->nr_sets = 1;
	while (cache->nr_sets * 2 * NR_WAYS * PAGE_BYTES <= budget_bytes)
		cache->nr_sets *= 2;
	pthread_mutex_init(&cache->lock, NULL);
	pages = mmap(NULL, cache->nr_sets * NR_WAYS * PAGE_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	/* Without room for a cache everything still works, page by page. */
	if (pages == MAP_FAILED)
		return cache;
	cache->pages = pages;
	cache->ways = xcalloc(cache->nr_sets * NR_WAYS, sizeof(*cache->ways));
	return cache;
}

void page_cache_destroy(struct page_cache *cache)
{
	if (!cache)
		return;
	if (cache->pages)
		munmap(cache->pages, cache->nr_sets * NR_WAYS * PAGE_BYTES);
	pthread_mutex_destroy(&cache->lock);
	free(cache->ways);
	free(cache);
}

/* Neighbouring frames fall into neighbouring sets; the high bits keep strides from colliding. */
static u64 first_way(const struct page_cache *cache, u64 pfn)
{
	return ((pfn ^ (pfn >> 11) * 0x9e3779b1) & (cache->nr_sets - 1)) * NR_WAYS;
}

bool page_cache_get(struct page_cache *cache, u64 pfn, size_t offset, void *buf, size_t length)
{
	u64 way = first_way(cache, pfn), last = way + NR_WAYS;
	bool found = false;

	if (!cache->pages)
		return false;
	pthread_mutex_lock(&cache->lock);
	for (; way < last && !found; way++) {
		if (cache->ways[way].key != pfn + 1)
			continue;
		memcpy(buf, cache->pages + way * PAGE_BYTES + offset, length);
		cache->ways[way].last_use = ++cache->clock;
		found = true;
	}
	pthread_mutex_unlock(&cache->lock);
	return found;
}

void page_cache_put(struct page_cache *cache, u64 pfn, const void *page)
{
	u64 first = first_way(cache, pfn), victim = first;

	if (!cache->pages)
		return;
	pthread_mutex_lock(&cache->lock);
	for (u64 way = first; way < first + NR_WAYS; way++) {
		if (cache->ways[way].key == pfn + 1) {
			victim = way;
			break;
		}
		if (cache->ways[way].last_use < cache->ways[victim].last_use)
			victim = way;
	}
	memcpy(cache->pages + victim * PAGE_BYTES, page, PAGE_BYTES);
	cache->ways[victim] = (struct cache_way){ .key = pfn + 1, .last_use = ++cache->clock };
	pthread_mutex_unlock(&cache->lock);
}

u64 page_cache_empty(struct page_cache *cache)
{
	u64 nr_ways = cache->nr_sets * NR_WAYS, nr_pages = 0;

	if (!cache->pages)
		return 0;
	pthread_mutex_lock(&cache->lock);
	for (u64 way = 0; way < nr_ways; way++) {
		nr_pages += cache->ways[way].key != 0;
		cache->ways[way] = (struct cache_way){ 0 };
	}
	madvise(cache->pages, nr_ways * PAGE_BYTES, MADV_DONTNEED);
	pthread_mutex_unlock(&cache->lock);
	return nr_pages;
}
