/* kernel/mm/tableowner.c - goes through page tables to find the one that is asked for. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Only the topmost table knows its mm. The others are found as the processor finds them: from
 * above. What an entry that is not there stands for is left out in one step, and so is what is
 * below a table of pages.
 */
#include "kernel/mm/tableowner.h"

#include "base/fail.h"
#include "kernel/mm/vma.h"
#include "memory.h"

#define ONLY_TOP (-1)

static u64 entry_bytes(unsigned level)
{
	return 1ULL << (PAGE_SHIFT + 9 * level);
}

/* The table in frame PFN among those that a walk to ADDRESS passes. */
static bool is_on_way(const struct translation *way, u64 address, u64 pfn,
		      struct table_place *place)
{
	unsigned levels = memory_layout()->levels;

	for (unsigned i = 0; i < way->nr_steps; i++) {
		if (way->steps[i].entry_address >> PAGE_SHIFT != pfn)
			continue;
		place->level = way->steps[i].table;
		place->start = i ? align_down(address, entry_bytes(levels - i)) : 0;
		return true;
	}
	return false;
}

/*
 * Tables that were looked at, as frame and level: one that is met again is left out. Damaged ones
 * may lead back to themselves, and would be gone through for ever.
 */
struct search {
	u64 root; /* 0: the kernel's */
	u64 pfn;
	unsigned lowest; /* tables whose entries are of a level below it are not all looked at */
	struct u64map *seen;
};

/* How much the way to ADDRESS leaves out, where it enters a table that was seen; 0: it does not. */
static u64 seen_bytes(const struct search *search, const struct translation *way, u64 address)
{
	unsigned levels = memory_layout()->levels;

	for (unsigned i = 1; i < way->nr_steps; i++) {
		u64 bytes = entry_bytes(levels - i);
		u64 table = way->steps[i].entry_address >> PAGE_SHIFT << 3 | i;

		if (address % bytes)
			continue;
		if (u64map_get(search->seen, table, NULL))
			return bytes;
		u64map_put(search->seen, table, 0);
	}
	return 0;
}

/* Where the next address begins whose way leads through a table not yet seen; 0: none. */
static u64 next_way(const struct search *search, const struct translation *way, u64 address)
{
	unsigned level = memory_layout()->levels - (unsigned)way->nr_steps;
	u64 bytes = seen_bytes(search, way, address);

	if (!bytes)
		bytes = entry_bytes(level > search->lowest ? level : search->lowest + 1);
	return align_down(address, bytes) + bytes;
}

/* Among the tables for the addresses from START to LAST. */
static bool find_below(struct search *search, u64 start, u64 last, struct table_place *place)
{
	struct translation way;

	search->seen = scope_u64map();
	for (u64 address = start; address >= start && address <= last;
	     address = next_way(search, &way, address)) {
		interrupt_check();
		if (search->root)
			mem_walk_user(search->root, address, &way, NULL);
		else
			mem_walk_kernel(address, &way, NULL);
		if (!way.nr_steps)
			return false;
		if (is_on_way(&way, address, search->pfn, place))
			return true;
	}
	return false;
}

static bool find_in_user(u64 pgd, u64 pfn, unsigned lowest, struct table_place *place)
{
	struct search search = { .root = pgd, .pfn = pfn, .lowest = lowest };

	return pgd && find_below(&search, 0, memory_layout()->task_size - 1, place);
}

static bool find_in_kernel(u64 pfn, struct table_place *place)
{
	u64 start = ~0ULL << (PAGE_SHIFT + 9 * memory_layout()->levels - 1);
	struct search search = { .pfn = pfn };

	return find_below(&search, start, ~0ULL, place);
}

/* With page-table isolation two topmost tables lie in one compound page. */
static bool is_top(u64 pgd, u64 pfn, u64 first, struct table_place *place)
{
	u64 paddr;

	if (!mem_kernel_to_phys(pgd, &paddr, NULL) ||
	    (paddr >> PAGE_SHIFT != pfn && paddr >> PAGE_SHIFT != first))
		return false;
	place->level = "PGD";
	place->start = 0;
	return true;
}

/* Tables of entries of level LOWEST and above. Threads share an address space: it is asked once. */
static bool find_in_tasks(u64 pfn, u64 first, int lowest, struct table_place *place)
{
	struct u64map *seen = scope_u64map();

	for (size_t i = 0; i < task_count(); i++) {
		const struct task *task = task_at(i);
		u64 pgd;

		if (!task->mm || u64map_get(seen, task->mm, NULL) ||
		    !mm_try_pgd(task->mm, &pgd, NULL))
			continue;
		u64map_put(seen, task->mm, 0);
		if (lowest < 0 ? !is_top(pgd, pfn, first, place)
			       : !find_in_user(pgd, pfn, (unsigned)lowest, place))
			continue;
		place->task = task;
		place->mm = task->mm;
		return true;
	}
	return false;
}

bool table_owner_find(u64 pfn, u64 first, enum table_hint hint, struct table_place *place)
{
	bool of_tasks = hint != TABLE_RESERVED;

	*place = (struct table_place){ 0 };
	return (of_tasks && find_in_tasks(pfn, first, ONLY_TOP, place)) ||
	       is_top(memory_layout()->top_table, pfn, pfn, place) ||
	       (of_tasks && find_in_tasks(pfn, first, hint == TABLE_MARKED ? 0 : 1, place)) ||
	       find_in_kernel(pfn, place);
}
