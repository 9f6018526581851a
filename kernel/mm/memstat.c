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
#include "kernel/mm/pagewalk.h"
#include "kernel/mm/vmstat.h"
#include "kernel/mm/zone.h"
#include "memory.h"

KSYMBOL(totalram, "_totalram_pages", "totalram_pages"); /* v5.0 */
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
KSYMBOL(reserve_pages, "totalreserve_pages");
KSYMBOL(percpu_populated, "pcpu_nr_populated"); /* pages of one unit; each CPU has as many */
KSYMBOL(percpu_units, "pcpu_nr_units");
KSYMBOL(percpu_base, "pcpu_base_addr");
KSYMBOL(percpu_first_chunk, "pcpu_first_chunk");
KFIELD(chunk_base, "pcpu_chunk.base_addr");
KFIELD(chunk_pages, "pcpu_chunk.nr_pages");
KSYMBOL(vmalloc_pages, "nr_vmalloc_pages"); /* up to v7.1 */
KFIELD(stack_in_vmalloc, "task_struct.stack_vm_area");

#define MAX_SWAPFILES 32
#define MAX_SPACES 4096 /* swap address spaces of 64 MB in one area: 256 GB */

u64 memstat_total(void)
{
	return ksymbol_u64(&totalram, 8);
}

u64 memstat_free(void)
{
	return vmstat_zone_counter(&free_pages_item);
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
		return vmstat_node_counter(&swapcache_item);
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
	u64 all = vmstat_node_counter(&file_pages_item),
	    others = swap_cache_pages() + memstat_buffers();

	return all > others ? all - others : 0;
}

u64 memstat_slab(void)
{
	return vmstat_node_counter(&slab_reclaimable_item) +
	       vmstat_node_counter(&slab_unreclaimable_item);
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

static bool is_shared(UNUSED void *arg, UNUSED u64 pfn, const u8 *page)
{
	u64 size = ktype_size(&page_struct), flags = kfield_in(&page_flags_word, page, size);

	return (s32)kfield_in(&page_refcount, page, size) > 1 &&
	       !(flags >> kenum_value(&reserved_bit) & 1);
}

static void count_page(void *count, UNUSED u64 pfn, UNUSED const u8 *page)
{
	++*(u64 *)count;
}

u64 memstat_shared(void)
{
	u64 shared = 0;
	struct page_walk walk = {
		.wanted = is_shared, .take = count_page, .arg = &shared, .name = "shared frames"
	};

	/* Names are looked up here: threads ask. */
	ktype_size(&page_struct);
	kfield_offset(&page_refcount);
	kfield_offset(&page_flags_word);
	kenum_value(&reserved_bit);
	page_walk(&walk);
	return shared;
}

/* ---- what /proc/vmstat has under a name ---- */

struct counters {
	const struct vmstat_item *items;
	size_t count;
};

static struct counters read_counters(void)
{
	struct vmstat_item *items;
	size_t count = vmstat_read(false, &items);

	return (struct counters){ items, count };
}

static u64 optional_counter(const struct counters *counters, const char *name)
{
	u64 value;

	return vmstat_named(counters->items, counters->count, name, &value) ? value : 0;
}

static u64 counter(const struct counters *counters, const char *name)
{
	u64 value;

	if (!vmstat_named(counters->items, counters->count, name, &value))
		fail("this kernel has no counter called %s", name);
	return value;
}

/* Half of it, or what keeps the zones above their low watermarks, is not given back. */
static s64 without_reserve(u64 pages, u64 low)
{
	return (s64)(pages - min_u64(pages / 2, low));
}

u64 memstat_available(void)
{
	struct counters counters = read_counters();
	struct zone *zones;
	size_t nr_zones = zones_all(&zones);
	u64 low = 0;
	s64 pages = (s64)(memstat_free() - ksymbol_u64(&reserve_pages, 8));

	for (size_t i = 0; i < nr_zones; i++)
		low += zones[i].nr_watermarks > 1 ? zones[i].watermarks[1] : 0;
	pages += without_reserve(
		counter(&counters, "nr_active_file") + counter(&counters, "nr_inactive_file"), low);
	pages += without_reserve(counter(&counters, "nr_slab_reclaimable") +
					 optional_counter(&counters, "nr_kernel_misc_reclaimable"),
				 low);
	return pages < 0 ? 0 : (u64)pages;
}

u64 memstat_page_tables(void)
{
	struct counters counters = read_counters();

	return counter(&counters, "nr_page_table_pages");
}

static u64 stack_pages(const struct counters *counters)
{
	return counter(counters, "nr_kernel_stack") * 1024 / PAGE_BYTES;
}

u64 memstat_kernel_stacks(void)
{
	struct counters counters = read_counters();

	return stack_pages(&counters);
}

u64 memstat_percpu(void)
{
	return ksymbol_u64(&percpu_populated, 8) * ksymbol_u64(&percpu_units, 4);
}

static u64 vmalloc_used(const struct counters *counters)
{
	u64 pages;

	if (vmstat_named(counters->items, counters->count, "nr_vmalloc", &pages))
		return pages;
	return ksymbol_u64(&vmalloc_pages, 8);
}

u64 memstat_vmalloc(void)
{
	struct counters counters = read_counters();

	return vmalloc_used(&counters);
}

/* The first chunk was there before the kernel counted its memory: MemTotal is without it. */
static u64 later_percpu(void)
{
	u64 chunk = ksymbol_u64(&percpu_first_chunk, 8), base = ksymbol_u64(&percpu_base, 8);
	u64 end = field_u64(chunk, &chunk_base) + field_u64(chunk, &chunk_pages) * PAGE_BYTES;
	u64 early = (end - base) / PAGE_BYTES, pages = ksymbol_u64(&percpu_populated, 8);

	return (pages - min_u64(pages, early)) * ksymbol_u64(&percpu_units, 4);
}

/* Free pages that CPUs keep for themselves: those are not counted as free. */
static u64 kept_by_cpus(void)
{
	const struct cpu_mask *possible = cpus_possible();
	struct zone *zones;
	size_t nr_zones = zones_all(&zones);
	u64 pages = 0;

	for (size_t i = 0; i < nr_zones; i++)
		for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS && zones[i].present;
		     cpu = cpu_mask_next(possible, cpu + 1))
			pages += zone_cpu_count(&zones[i], cpu);
	return pages;
}

u64 memstat_unaccounted(void)
{
	static const char *const counted[] = {
		"nr_inactive_anon",
		"nr_active_anon",
		"nr_inactive_file",
		"nr_active_file",
		"nr_unevictable",
		"nr_isolated_anon",
		"nr_isolated_file",
		"nr_page_table_pages",
		"nr_sec_page_table_pages",
		"nr_zspages",
		"nr_kernel_misc_reclaimable",
	};
	struct counters counters = read_counters();
	u64 pages = memstat_free() + kept_by_cpus() + memstat_slab() + memstat_huge_total() +
		    later_percpu() + vmalloc_used(&counters);

	for (size_t i = 0; i < ARRAY_SIZE(counted); i++)
		pages += optional_counter(&counters, counted[i]);
	if (!kfield_exists(&stack_in_vmalloc))
		pages += stack_pages(&counters);
	return memstat_total() - min_u64(memstat_total(), pages);
}
