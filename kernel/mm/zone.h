/* kernel/mm/zone.h - NUMA nodes, their zones, and the zones' lists of free pages. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_H
#define ZONE_H

#include "base/util.h"
#include "names/kfield.h"

struct node {
	u64 address; /* pglist_data */
	unsigned id;
	u64 start_pfn, present, spanned; /* in pages */
};

#define MAX_WATERMARKS 4

struct zone {
	u64 address;
	unsigned node, index; /* in the node */
	const char *name;
	u64 start_pfn, present, spanned, managed; /* in pages */
	unsigned nr_watermarks; /* min, low, high, promo (v5.18) */
	u64 watermarks[MAX_WATERMARKS];
};

/* Every node's number is below it. */
unsigned nodes_limit(void);
/* Nodes that have memory of their own or CPUs. Scope memory; fail()s. */
size_t nodes_read(struct node **nodes);
/* All zones of NODE, those without pages as well. */
size_t zones_read(const struct node *node, struct zone **zones);
/* Of all nodes. */
size_t zones_all(struct zone **zones);

/* Counters of a zone, by the enumerators of zone_stat_item; they may be below 0 for a moment. */
size_t zone_nr_counters(void);
s64 zone_counter_value(const struct zone *zone, size_t index);
u64 zone_free_pages(const struct zone *zone);
/* CPU's per_cpu_zonestat (before v5.14 its per_cpu_pageset). */
u64 zone_of_cpu(const struct zone *zone, unsigned cpu);
u64 node_of_cpu(const struct node *node, unsigned cpu); /* per_cpu_nodestat */

/* ---- free pages ---- */

unsigned zone_nr_orders(void);
unsigned zone_nr_lists(void); /* of each order: one a migrate type */
const char *zone_list_name(unsigned type); /* "Movable" */
/* Address of the list_head; the blocks on it are linked by page_list_offset(). */
u64 zone_free_list(const struct zone *zone, unsigned order, unsigned type);
u64 zone_nr_free_blocks(const struct zone *zone, unsigned order); /* as the area counts them */
u64 page_list_offset(void);
/* Free pages that a CPU keeps for itself: lists of them, and their number. */
unsigned zone_nr_cpu_lists(void);
u64 zone_cpu_list(const struct zone *zone, unsigned cpu, unsigned list);
u64 zone_cpu_count(const struct zone *zone, unsigned cpu);
/* On per-cpu list number LIST: the order of the blocks. */
unsigned zone_cpu_list_order(unsigned list);

#endif
