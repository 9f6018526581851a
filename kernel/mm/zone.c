/* kernel/mm/zone.c - struct pglist_data, struct zone, struct free_area, struct per_cpu_pages. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/mm/zone.h"

#include "base/fail.h"
#include "containers/kpercpu.h"
#include "memory.h"

KSYMBOL(node_data, "node_data");
KSYMBOL(single_node, "contig_page_data"); /* without CONFIG_NUMA */
KSYMBOL(nr_node_ids, "nr_node_ids");
KFIELD(node_zones, "pglist_data.node_zones");
KFIELD(node_start_pfn, "pglist_data.node_start_pfn");
KFIELD(node_present, "pglist_data.node_present_pages");
KFIELD(node_spanned, "pglist_data.node_spanned_pages");
KFIELD(node_id, "pglist_data.node_id");
KFIELD(node_stats, "pglist_data.per_cpu_nodestats");
KTYPE(zone_type, "struct zone");
KFIELD(zone_name, "zone.name");
KFIELD(zone_start, "zone.zone_start_pfn");
KFIELD(zone_present, "zone.present_pages");
KFIELD(zone_spanned, "zone.spanned_pages");
KFIELD(zone_managed, "zone.managed_pages.counter");
KFIELD(zone_watermark, "zone._watermark");
KFIELD(zone_boost, "zone.watermark_boost");
KFIELD(zone_vm_stat, "zone.vm_stat");
KFIELD(zone_stats, "zone.per_cpu_zonestats", "zone.pageset"); /* v5.14 */
KFIELD(zone_pageset, "zone.per_cpu_pageset");
KFIELD(pageset_pcp, "per_cpu_pageset.pcp"); /* before v5.14 */
KFIELD(pcp_lists, "per_cpu_pages.lists");
KFIELD(pcp_count, "per_cpu_pages.count");
KFIELD(zone_free_area, "zone.free_area");
KTYPE(free_area_type, "struct free_area");
KFIELD(area_list, "free_area.free_list");
KFIELD(area_nr_free, "free_area.nr_free");
KFIELD(page_lru, "page.buddy_list", "page.lru");
KTYPE(list_head_type, "struct list_head");
KENUM(free_pages_item, "NR_FREE_PAGES");
KENUM(pcp_types, "MIGRATE_PCPTYPES");
KENUM(nr_counters, "NR_VM_ZONE_STAT_ITEMS");
KSYMBOL(list_names, "migratetype_names");

#define MAX_NODES 1024

static void read_node(u64 address, struct node *node)
{
	*node = (struct node){
		.address = address,
		.id = (unsigned)field_u64(address, &node_id),
		.start_pfn = field_u64(address, &node_start_pfn),
		.present = field_u64(address, &node_present),
		.spanned = field_u64(address, &node_spanned),
	};
}

unsigned nodes_limit(void)
{
	u64 nr = ksymbol_exists(&nr_node_ids) ? ksymbol_u64(&nr_node_ids, 4) : 1;

	if (nr == 0 || nr > MAX_NODES)
		fail("nr_node_ids of %llu makes no sense", nr);
	return (unsigned)nr;
}

size_t nodes_read(struct node **nodes)
{
	unsigned nr = nodes_limit();
	size_t count = 0;
	u64 address;

	*nodes = scope_array(nr, sizeof(**nodes));
	if (!ksymbol_exists(&node_data)) {
		read_node(ksymbol_address(&single_node), &(*nodes)[0]);
		return 1;
	}
	for (unsigned i = 0; i < nr; i++) {
		address = mem_u64(ksymbol_address(&node_data) + i * sizeof(u64), "node_data");
		if (address)
			read_node(address, &(*nodes)[count++]);
	}
	return count;
}

static void read_zone(const struct node *node, unsigned index, struct zone *zone)
{
	u64 address = field_address(node->address, &node_zones) + index * ktype_size(&zone_type);
	u64 name = field_u64(address, &zone_name), boost = 0;
	char text[32] = "";

	if (name)
		mem_string(name, text, sizeof(text), "zone.name");
	*zone = (struct zone){
		.address = address,
		.node = node->id,
		.index = index,
		.name = scope_strdup(text),
		.start_pfn = field_u64(address, &zone_start),
		.present = field_u64(address, &zone_present),
		.spanned = field_u64(address, &zone_spanned),
		.managed = field_u64(address, &zone_managed),
		.nr_watermarks = (unsigned)min_u64(kfield_size(&zone_watermark) / sizeof(u64),
						   MAX_WATERMARKS),
	};
	field_read(address, &zone_watermark, zone->watermarks, sizeof(zone->watermarks));
	/* As the kernel takes them: what is added for a while to get larger blocks counts. */
	if (kfield_exists(&zone_boost))
		boost = field_u64(address, &zone_boost);
	for (unsigned i = 0; i < zone->nr_watermarks; i++)
		zone->watermarks[i] += boost;
}

size_t zones_read(const struct node *node, struct zone **zones)
{
	size_t count = (size_t)(kfield_size(&node_zones) / ktype_size(&zone_type));

	*zones = scope_array(count + 1, sizeof(**zones));
	for (unsigned i = 0; i < count; i++)
		read_zone(node, i, &(*zones)[i]);
	return count;
}

size_t zones_all(struct zone **zones)
{
	struct node *nodes;
	struct zone *of_node;
	size_t nr_nodes = nodes_read(&nodes), count = 0, each;

	each = (size_t)(kfield_size(&node_zones) / ktype_size(&zone_type));
	*zones = scope_array(nr_nodes * each + 1, sizeof(**zones));
	for (size_t i = 0; i < nr_nodes; i++) {
		size_t nr = zones_read(&nodes[i], &of_node);

		memcpy(*zones + count, of_node, nr * sizeof(*of_node));
		count += nr;
	}
	return count;
}

/* ---- counters ---- */

size_t zone_nr_counters(void)
{
	u64 space = kfield_size(&zone_vm_stat) / sizeof(u64);

	return (size_t)min_u64((u64)kenum_value(&nr_counters), space);
}

s64 zone_counter_value(const struct zone *zone, size_t index)
{
	u64 at = field_address(zone->address, &zone_vm_stat) + index * sizeof(u64);

	return (s64)mem_u64(at, "zone.vm_stat");
}

u64 zone_free_pages(const struct zone *zone)
{
	s64 pages = zone_counter_value(zone, (size_t)kenum_value(&free_pages_item));

	return pages < 0 ? 0 : (u64)pages;
}

u64 zone_of_cpu(const struct zone *zone, unsigned cpu)
{
	return percpu_address(field_u64(zone->address, &zone_stats), cpu);
}

u64 node_of_cpu(const struct node *node, unsigned cpu)
{
	return percpu_address(field_u64(node->address, &node_stats), cpu);
}

/* ---- free pages ---- */

unsigned zone_nr_orders(void)
{
	return (unsigned)(kfield_size(&zone_free_area) / ktype_size(&free_area_type));
}

unsigned zone_nr_lists(void)
{
	return (unsigned)(kfield_size(&area_list) / ktype_size(&list_head_type));
}

const char *zone_list_name(unsigned type)
{
	char text[32] = "";
	u64 at;

	if (!ksymbol_exists(&list_names) || type >= zone_nr_lists() ||
	    !mem_try_u64(ksymbol_address(&list_names) + type * sizeof(u64), &at, NULL) ||
	    !mem_try_string(at, text, sizeof(text), NULL))
		return scope_printf("%u", type);
	return scope_strdup(text);
}

static u64 area_of(const struct zone *zone, unsigned order)
{
	return field_address(zone->address, &zone_free_area) + order * ktype_size(&free_area_type);
}

u64 zone_free_list(const struct zone *zone, unsigned order, unsigned type)
{
	return field_address(area_of(zone, order), &area_list) + type * ktype_size(&list_head_type);
}

u64 zone_nr_free_blocks(const struct zone *zone, unsigned order)
{
	return field_u64(area_of(zone, order), &area_nr_free);
}

u64 page_list_offset(void)
{
	return kfield_offset(&page_lru);
}

static u64 cpu_pages(const struct zone *zone, unsigned cpu)
{
	if (kfield_exists(&zone_pageset))
		return percpu_address(field_u64(zone->address, &zone_pageset), cpu);
	return field_address(zone_of_cpu(zone, cpu), &pageset_pcp);
}

unsigned zone_nr_cpu_lists(void)
{
	return (unsigned)(kfield_size(&pcp_lists) / ktype_size(&list_head_type));
}

u64 zone_cpu_list(const struct zone *zone, unsigned cpu, unsigned list)
{
	return field_address(cpu_pages(zone, cpu), &pcp_lists) + list * ktype_size(&list_head_type);
}

u64 zone_cpu_count(const struct zone *zone, unsigned cpu)
{
	return field_u64(cpu_pages(zone, cpu), &pcp_count);
}

/*
 * Before v5.14 all are of order 0. After it each order has as many lists as there are types; the
 * last ones are for huge pages.
 */
unsigned zone_cpu_list_order(unsigned list)
{
	u64 types = kenum_exists(&pcp_types) ? (u64)kenum_value(&pcp_types) : 3;
	unsigned order = types ? (unsigned)(list / types) : 0;

	/* Huge pages' own lists follow those of order 3. */
	return order > 3 ? 9 : order;
}
