/* dump/pagecache.h - decompressed pages of a dump, within a budget of bytes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PAGECACHE_H
#define PAGECACHE_H

#include "base/util.h"

struct page_cache;

/* Memory is only taken for pages that were put in. Every function may be called from any thread. */
struct page_cache *page_cache_create(u64 budget_bytes);
void page_cache_destroy(struct page_cache *cache);
/* Copies LENGTH bytes from OFFSET inside the page of frame PFN; false when it is not cached. */
bool page_cache_get(struct page_cache *cache, u64 pfn, size_t offset, void *buf, size_t length);
void page_cache_put(struct page_cache *cache, u64 pfn, const void *page);
/* Forgets all pages and gives their memory back; how many there were. */
u64 page_cache_empty(struct page_cache *cache);

#endif
