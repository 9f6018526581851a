/* kernel/mm/memstat.h - the kernel's totals of memory, as /proc/meminfo has them; all in pages. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEMSTAT_H
#define MEMSTAT_H

#include "base/util.h"

/* Each fail()s when its counters cannot be read. In brackets: the line of /proc/meminfo. */
u64 memstat_total(void); /* MemTotal */
u64 memstat_free(void); /* MemFree */
u64 memstat_buffers(void); /* Buffers: page cache of block devices */
u64 memstat_cached(void); /* Cached: page cache without the former and without swap cache */
u64 memstat_slab(void); /* Slab */
u64 memstat_huge_total(void); /* HugePages_Total of all sizes */
u64 memstat_huge_free(void); /* HugePages_Free of all sizes */
u64 memstat_swap_total(void); /* SwapTotal */
u64 memstat_swap_free(void); /* SwapFree */
u64 memstat_commit_limit(void); /* CommitLimit */
u64 memstat_committed(void); /* Committed_AS */
u64 memstat_available(void); /* MemAvailable */
u64 memstat_page_tables(void); /* PageTables */
u64 memstat_kernel_stacks(void); /* KernelStack */
u64 memstat_percpu(void); /* Percpu */
u64 memstat_vmalloc(void); /* VmallocUsed: pages, the kernel's stacks among them */
/* What no counter of the kernel has: taken page by page by whoever needed it. */
u64 memstat_unaccounted(void);
/* Page frames with more than one user. Looks at every struct page. */
u64 memstat_shared(void);

#endif
