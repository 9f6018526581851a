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
 * Where the next address begins whose way leads through a table not yet seen; 0: none. Tables whose
 * entries are of a level below LOWEST are not all looked at.
 */
static u64 next_way(const struct translation *way, u64 address, unsigned lowest)
{
	unsigned level = memory_layout()->levels - (unsigned)way->nr_steps;
	u64 bytes = entry_bytes(level > lowest ? level : lowest + 1);

	return align_down(address, bytes) + bytes;
}

static bool find_in_user(u64 pgd, u64 pfn, unsigned lowest, struct table_place *place)
{
	struct translation way;

	for (u64 address = 0; address < memory_layout()->task_size;
	     address = next_way(&way, address, lowest)) {
		interrupt_check();
		mem_walk_user(pgd, address, &way, NULL);
		if (!way.nr_steps)
			return false;
		if (is_on_way(&way, address, pfn, place))
			return true;
	}
	return false;
}

static bool find_in_kernel(u64 pfn, struct table_place *place)
{
	u64 start = ~0ULL << (PAGE_SHIFT + 9 * memory_layout()->levels - 1);
	struct translation way;

	for (u64 address = start; address >= start; address = next_way(&way, address, 0)) {
		interrupt_check();
		mem_walk_kernel(address, &way, NULL);
		if (!way.nr_steps)
			return false;
		if (is_on_way(&way, address, pfn, place))
			return true;
	}
	return false;
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

bool table_owner_find(u64 pfn, u64 first, bool marked, struct table_place *place)
{
	*place = (struct table_place){ 0 };
	return find_in_tasks(pfn, first, ONLY_TOP, place) ||
	       is_top(memory_layout()->top_table, pfn, pfn, place) ||
	       find_in_tasks(pfn, first, marked ? 0 : 1, place) || find_in_kernel(pfn, place);
}
