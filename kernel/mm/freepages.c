/* kernel/mm/freepages.c - struct free_area's lists. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/mm/freepages.h"

#include "base/cores.h"
#include "base/fail.h"
#include "containers/klist.h"
#include "containers/kpercpu.h"
#include "kernel/mm/page.h"
#include "memory.h"

#include <stdio.h>

KFIELD(zonestats_diff, "per_cpu_zonestat.vm_stat_diff", "per_cpu_pageset.vm_stat_diff");
KENUM(free_item, "NR_FREE_PAGES");

#define PAGE_COPY 256

/* ---- counting, on any thread ---- */

static bool check_block(struct free_list *list, u64 page, size_t page_bytes)
{
	u8 copy[PAGE_COPY];
	struct fault fault;
	unsigned order;
	u64 pfn;

	if (!page_to_pfn(page, &pfn)) {
		snprintf(list->problem, sizeof(list->problem), "%llx is no struct page", page);
		return false;
	}
	if (!mem_try_read(page, copy, page_bytes, &fault)) {
		snprintf(list->problem, sizeof(list->problem), "struct page %llx: %s", page,
			 fault_text(&fault));
		return false;
	}
	if (page_copy_is_buddy(copy, &order) && order == list->order)
		return true;
	snprintf(list->problem, sizeof(list->problem),
		 "struct page %llx is that of no free block of order %u", page, list->order);
	return false;
}

struct job {
	struct free_list *lists;
	u64 list_offset;
	size_t page_bytes;
};

static void count_list(void *arg, size_t index)
{
	const struct job *job = arg;
	struct free_list *list = &job->lists[index];
	struct klist_iter it;
	u64 page;

	klist_begin(&it, list->address, job->list_offset);
	while (klist_next(&it, &page)) {
		if (!check_block(list, page, job->page_bytes))
			return;
		list->blocks++;
	}
	if (it.stopped && it.stopped != KLIST_INTERRUPTED)
		snprintf(list->problem, sizeof(list->problem), "%s", klist_why(&it));
}

static struct job prepare(struct free_list *lists)
{
	struct job job = { lists, page_list_offset(), page_struct_bytes() };

	if (job.page_bytes > PAGE_COPY)
		fail("struct page of %zu bytes makes no sense", job.page_bytes);
	return job;
}

size_t free_lists_read(const struct zone *zones, size_t count, struct free_list **lists)
{
	unsigned nr_orders = zone_nr_orders(), nr_types = zone_nr_lists();
	size_t nr = 0;
	struct job job;

	*lists = scope_array(count * nr_orders * nr_types + 1, sizeof(**lists));
	for (size_t z = 0; z < count; z++)
		for (unsigned order = 0; zones[z].present && order < nr_orders; order++)
			for (unsigned type = 0; type < nr_types; type++)
				(*lists)[nr++] = (struct free_list){
					.address = zone_free_list(&zones[z], order, type),
					.zone = &zones[z],
					.order = order,
					.type = type,
				};
	job = prepare(*lists);
	cores_run(nr, count_list, &job);
	interrupt_check();
	return nr;
}

void free_list_each(const struct free_list *list, void (*each)(void *arg, u64 pfn), void *arg)
{
	struct klist_iter it;
	u64 page, pfn;

	klist_begin(&it, list->address, page_list_offset());
	while (klist_next(&it, &page)) {
		if (!page_to_pfn(page, &pfn))
			fail("%llx is no struct page", page);
		each(arg, pfn);
	}
	interrupt_check();
	if (it.stopped)
		fail("%s", klist_why(&it));
}

u64 zone_free_pages_exactly(const struct zone *zone)
{
	const struct cpu_mask *possible = cpus_possible();
	u64 item = (u64)kenum_value(&free_item);
	s64 pages = zone_counter_value(zone, (size_t)item);

	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1)) {
		s8 diff;

		mem_read(field_address(zone_of_cpu(zone, cpu), &zonestats_diff) + item, &diff, 1,
			 zonestats_diff.k.spelling);
		pages += diff;
	}
	return pages < 0 ? 0 : (u64)pages;
}

/* ---- one block ---- */

/*
 * Which list a block is on stands nowhere near it; but whoever follows the list comes to its head,
 * which lies in the zone.
 */
static bool find_list(const struct zone *zone, u64 page, unsigned order, struct free_list *list)
{
	u64 first = zone_free_list(zone, order, 0), end = zone_free_list(zone, order + 1, 0);
	u64 offset = page_list_offset(), node = page + offset;
	struct klist_iter it;
	u64 entry;

	klist_begin(&it, node, 0);
	while (klist_next(&it, &entry)) {
		if (entry < first || entry >= end)
			continue;
		*list = (struct free_list){
			.address = entry,
			.zone = zone,
			.order = order,
			.type = (unsigned)((entry - first) /
					   (zone_free_list(zone, order, 1) - first)),
		};
		return true;
	}
	interrupt_check();
	return false;
}

bool free_block_find(const struct zone *zones, size_t count, u64 pfn, struct free_block *block)
{
	unsigned nr_orders = zone_nr_orders();

	for (size_t i = 0; i < count; i++) {
		const struct zone *zone = &zones[i];

		if (!zone->present || pfn < zone->start_pfn ||
		    pfn - zone->start_pfn >= zone->spanned)
			continue;
		for (unsigned order = 0; order < nr_orders; order++) {
			u64 head = align_down(pfn, 1ULL << order);
			unsigned its;

			if (page_is_buddy(page_of_pfn(head), &its) && its >= order &&
			    pfn - head < 1ULL << its) {
				block->pfn = head;
				return find_list(zone, page_of_pfn(head), its, &block->list);
			}
		}
	}
	return false;
}
