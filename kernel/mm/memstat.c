/* kernel/mm/memstat.c - vmstat counters, hstates, swap and overcommit totals. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * /proc/meminfo takes the global vmstat arrays without the CPUs' small differences; so do we.
 * The sum of committed memory is a percpu_counter whose parts are not small: there the CPUs'
 * parts are added.
 */
#include "kernel/mm/memstat.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "containers/kpercpu.h"
#include "kernel/mm/hugetlb.h"
#include "kernel/mm/page.h"
#include "memory.h"

KSYMBOL(totalram, "_totalram_pages", "totalram_pages"); /* v5.0 */
KSYMBOL(zone_stat, "vm_zone_stat");
KSYMBOL(node_stat, "vm_node_stat");
KENUM(free_pages_item, "NR_FREE_PAGES");
KENUM(file_pages_item, "NR_FILE_PAGES");
KENUM(swapcache_item, "NR_SWAPCACHE"); /* v5.12; before it a count in each swap address space */
KENUM(slab_reclaimable_item, "NR_SLAB_RECLAIMABLE_B", "NR_SLAB_RECLAIMABLE");
KENUM(slab_unreclaimable_item, "NR_SLAB_UNRECLAIMABLE_B", "NR_SLAB_UNRECLAIMABLE");
KSYMBOL(bdev_superblock, "blockdev_superblock");
KFIELD(super_inodes, "super_block.s_inodes");
KFIELD(inode_sb_list, "inode.i_sb_list");
KFIELD(inode_mapping, "inode.i_mapping");
KFIELD(mapping_nrpages, "address_space.nrpages");
KTYPE(address_space_type, "struct address_space");
KSYMBOL(swapper_spaces, "swapper_spaces");
KSYMBOL(nr_swapper_spaces, "nr_swapper_spaces");
KSYMBOL(total_swap, "total_swap_pages");
KSYMBOL(free_swap, "nr_swap_pages");
KSYMBOL(overcommit_kbytes, "sysctl_overcommit_kbytes");
KSYMBOL(overcommit_ratio, "sysctl_overcommit_ratio");
KSYMBOL(committed_as, "vm_committed_as");
KFIELD(page_refcount, "page._refcount.counter");
KFIELD(page_flags_word, "page.flags");
KENUM(reserved_bit, "PG_reserved");
KTYPE(page_struct, "struct page");

#define MAX_SWAPFILES 32
#define MAX_SPACES 4096 /* swap address spaces of 64 MB in one area: 256 GB */

/* A counter may be below 0 for a moment; the kernel prints 0 then. */
static u64 counter_value(u64 array, struct kenum *item)
{
	u64 at = array + (u64)kenum_value(item) * sizeof(u64);
	s64 value = (s64)mem_u64(at, item->k.spelling);

	return value < 0 ? 0 : (u64)value;
}

static u64 zone_counter(struct kenum *item)
{
	return counter_value(ksymbol_address(&zone_stat), item);
}

static u64 node_counter(struct kenum *item)
{
	return counter_value(ksymbol_address(&node_stat), item);
}

u64 memstat_total(void)
{
	return ksymbol_u64(&totalram, 8);
}

u64 memstat_free(void)
{
	return zone_counter(&free_pages_item);
}

u64 memstat_buffers(void)
{
	u64 superblock = ksymbol_u64(&bdev_superblock, 8), inode, pages = 0;
	struct klist_iter it;

	klist_begin(&it, field_address(superblock, &super_inodes), kfield_offset(&inode_sb_list));
	while (klist_next(&it, &inode))
		pages += field_u64(field_u64(inode, &inode_mapping), &mapping_nrpages);
	if (it.stopped)
		fail("the list of block devices' inodes: %s", klist_why(&it));
	return pages;
}

/* v5.10: a swap area has one address space for each 64 MB. */
static u64 swap_cache_pages(void)
{
	u64 pages = 0;

	if (kenum_exists(&swapcache_item))
		return node_counter(&swapcache_item);
	for (u64 type = 0; type < MAX_SWAPFILES; type++) {
		u64 nr = mem_u32(ksymbol_address(&nr_swapper_spaces) + type * 4,
				 "nr_swapper_spaces");
		u64 spaces = mem_u64(ksymbol_address(&swapper_spaces) + type * 8, "swapper_spaces");

		if (!spaces)
			continue;
		if (nr > MAX_SPACES)
			fail("nr_swapper_spaces[%llu] of %llu makes no sense", type, nr);
		for (u64 i = 0; i < nr; i++)
			pages += field_u64(spaces + i * ktype_size(&address_space_type),
					   &mapping_nrpages);
	}
	return pages;
}

u64 memstat_cached(void)
{
	u64 all = node_counter(&file_pages_item), others = swap_cache_pages() + memstat_buffers();

	return all > others ? all - others : 0;
}

u64 memstat_slab(void)
{
	return node_counter(&slab_reclaimable_item) + node_counter(&slab_unreclaimable_item);
}

/* Small pages in the pools of all sizes of huge pages: all of them or the free ones. */
static u64 huge_pages(bool free_ones)
{
	struct hstate *states;
	size_t count = hugetlb_states(&states);
	u64 pages = 0;

	for (size_t i = 0; i < count; i++)
		pages += (free_ones ? states[i].free : states[i].total) << states[i].order;
	return pages;
}

u64 memstat_huge_total(void)
{
	return huge_pages(false);
}

u64 memstat_huge_free(void)
{
	return huge_pages(true);
}

u64 memstat_swap_total(void)
{
	return ksymbol_exists(&total_swap) ? ksymbol_u64(&total_swap, 8) : 0;
}

u64 memstat_swap_free(void)
{
	s64 pages = ksymbol_exists(&free_swap) ? (s64)ksymbol_u64(&free_swap, 8) : 0;

	return pages < 0 ? 0 : (u64)pages;
}

u64 memstat_commit_limit(void)
{
	u64 kbytes = ksymbol_u64(&overcommit_kbytes, 8), pages;

	if (kbytes)
		pages = kbytes / 4;
	else
		pages = (memstat_total() - min_u64(memstat_total(), memstat_huge_total())) *
			ksymbol_u64(&overcommit_ratio, 4) / 100;
	return pages + memstat_swap_total();
}

u64 memstat_committed(void)
{
	s64 pages = percpu_counter_sum(ksymbol_address(&committed_as));

	return pages < 0 ? 0 : (u64)pages;
}

static u64 shared_in(const u8 *pages, u64 nr_pages)
{
	u64 size = ktype_size(&page_struct), shared = 0;

	for (u64 i = 0; i < nr_pages; i++) {
		const u8 *page = pages + i * size;
		u64 flags = kfield_in(&page_flags_word, page, size);
		s32 count = (s32)kfield_in(&page_refcount, page, size);

		if (count > 1 && !(flags >> kenum_value(&reserved_bit) & 1))
			shared++;
	}
	return shared;
}

u64 memstat_shared(void)
{
	u64 end = memory_dump()->max_pfn, size = ktype_size(&page_struct), shared = 0;
	u64 nr_chunk = 1024;
	u8 *pages = scope_array(nr_chunk, size);

	for (u64 pfn = 0; pfn < end; pfn += nr_chunk) {
		u64 nr = min_u64(nr_chunk, end - pfn);

		interrupt_check();
		if (mem_try_read(page_of_pfn(pfn), pages, nr * size, NULL)) {
			shared += shared_in(pages, nr);
			continue;
		}
		/* A hole in memory, or a missing page: what is there counts one by one. */
		for (u64 i = 0; i < nr; i++)
			if (mem_try_read(page_of_pfn(pfn + i), pages, size, NULL))
				shared += shared_in(pages, 1);
	}
	return shared;
}
