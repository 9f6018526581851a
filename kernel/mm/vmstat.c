/* kernel/mm/vmstat.c - vm_zone_stat, vm_node_stat, vm_numa_event, vm_event_states, and their names. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The names of all stand in vmstat_text, in the order of /proc/vmstat; how many of each group there
 * are the enumerators tell. Values are as that file has them: pages by kind without what CPUs keep
 * for themselves for a while, sectors as kB.
 */
#include "kernel/mm/vmstat.h"

#include "base/fail.h"
#include "containers/kpercpu.h"
#include "kernel/mm/zone.h"
#include "memory.h"

#include <ctype.h>
#include <stdio.h>

KSYMBOL(vmstat_names, "vmstat_text");
KSYMBOL(zone_stat_array, "vm_zone_stat");
KSYMBOL(node_stat_array, "vm_node_stat");
KSYMBOL(numa_array, "vm_numa_event", "vm_numa_stat"); /* v5.14 */
KSYMBOL(event_states, "vm_event_states");
KENUM(nr_zone_items, "NR_VM_ZONE_STAT_ITEMS");
KENUM(nr_numa_items, "NR_VM_NUMA_EVENT_ITEMS", "NR_VM_NUMA_STAT_ITEMS"); /* v5.14 */
KENUM(nr_node_items, "NR_VM_NODE_STAT_ITEMS");
KENUM(nr_total_items, "NR_VM_STAT_ITEMS", "NR_VM_WRITEBACK_STAT_ITEMS"); /* v6.12 */
KENUM(nr_event_items, "NR_VM_EVENT_ITEMS");
KENUM(item_free_pages, "NR_FREE_PAGES");
KENUM(item_active_file, "NR_ACTIVE_FILE");
KENUM(item_inactive_file, "NR_INACTIVE_FILE");
KENUM(item_memmap, "NR_MEMMAP_PAGES"); /* v6.12 */
KENUM(event_pgpgin, "PGPGIN");
KENUM(event_pgpgout, "PGPGOUT");
KSYMBOL(total_reserve, "totalreserve_pages");
KSYMBOL(dirty_ratio, "vm_dirty_ratio");
KSYMBOL(dirty_bytes, "vm_dirty_bytes");
KSYMBOL(background_ratio, "dirty_background_ratio");
KSYMBOL(background_bytes, "dirty_background_bytes");
KSYMBOL(memmap_pages, "nr_memmap_pages");
KSYMBOL(memmap_boot_pages, "nr_memmap_boot_pages");
KFIELD(zonestats_diff, "per_cpu_zonestat.vm_stat_diff", "per_cpu_pageset.vm_stat_diff"); /* v5.14 */
KFIELD(zonestats_numa, "per_cpu_zonestat.vm_numa_event");
KFIELD(nodestats_diff, "per_cpu_nodestat.vm_node_stat_diff");

#define MAX_ITEMS 512

/* Those that count huge pages. */
KENUM(item_anon_thps, "NR_ANON_THPS");
KENUM(item_file_thps, "NR_FILE_THPS");
KENUM(item_shmem_thps, "NR_SHMEM_THPS");
KENUM(item_shmem_mapped, "NR_SHMEM_PMDMAPPED");
KENUM(item_file_mapped, "NR_FILE_PMDMAPPED");

struct reading {
	struct vmstat_item *items;
	size_t count;
	bool per_cpu;
};

static size_t items_of(struct kenum *number)
{
	s64 count = kenum_exists(number) ? kenum_value(number) : 0;

	if (count < 0 || count > MAX_ITEMS)
		fail("%s of %lld makes no sense", number->k.spelling, count);
	return (size_t)count;
}

/* ---- names ---- */

static const char *proc_name(size_t index)
{
	char text[80];
	u64 at;

	if (!ksymbol_exists(&vmstat_names) ||
	    !mem_try_u64(ksymbol_address(&vmstat_names) + index * sizeof(u64), &at, NULL) ||
	    !mem_try_string(at, text, sizeof(text), NULL))
		return "";
	return scope_strdup(text);
}

/*
 * Several may share a value, such as the first of a row of kinds and its base: taken is what the
 * name in /proc/vmstat is made of, if that is one of them.
 */
static const char *constant_name(const char *name, const char *enum_name, size_t index)
{
	const char *suffixes[] = { "", "_B" }, *other;
	s64 value;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		char *upper = scope_printf("%s%s", name, suffixes[i]);

		for (char *c = upper; *c; c++)
			*c = (char)toupper((unsigned char)*c);
		if (enumerator_value(upper, &value) && value == (s64)index)
			return upper;
	}
	other = enumerator_name(enum_name, (s64)index);
	return other ? other : name;
}

/* Those of zones are the first. */
const char *vmstat_zone_name(size_t index)
{
	return constant_name(proc_name(index), "zone_stat_item", index);
}

static struct vmstat_item *add(struct reading *reading, enum vmstat_group group,
			       const char *enum_name, size_t index)
{
	struct vmstat_item *item = &reading->items[reading->count];

	item->group = group;
	item->name = proc_name(reading->count++);
	item->constant = constant_name(item->name, enum_name, index);
	return item;
}

/* ---- values ---- */

/* A counter may be below 0 for a moment; the kernel prints 0 then. */
static u64 counter_at(struct ksymbol *array, size_t index, const char *what)
{
	s64 value = (s64)mem_u64(ksymbol_address(array) + index * sizeof(u64), what);

	return value < 0 ? 0 : (u64)value;
}

u64 vmstat_zone_counter(struct kenum *item)
{
	return counter_at(&zone_stat_array, (size_t)kenum_value(item), item->k.spelling);
}

u64 vmstat_node_counter(struct kenum *item)
{
	return counter_at(&node_stat_array, (size_t)kenum_value(item), item->k.spelling);
}

/* What each CPU has of ITEMS in arrays of bytes or of longs, added up over PARTS of the machine. */
static void add_of_cpus(struct vmstat_item *items, size_t count,
			u64 (*part)(void *arg, size_t i, unsigned cpu), void *arg, size_t nr_parts,
			struct kfield *array)
{
	size_t width = (size_t)min_u64(kfield_size(array) / (count ? count : 1), sizeof(u64));
	const struct cpu_mask *possible = cpus_possible();
	u8 *bytes = scope_array(count + 1, sizeof(u64));
	s64 *of_cpu = scope_array(count * percpu_nr_cpu_ids() + 1, sizeof(*of_cpu));

	for (size_t i = 0; i < count; i++)
		items[i].of_cpu = of_cpu + i * percpu_nr_cpu_ids();
	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1)) {
		for (size_t p = 0; p < nr_parts; p++) {
			field_read(part(arg, p, cpu), array, bytes, count * width);
			for (size_t i = 0; i < count; i++)
				of_cpu[i * percpu_nr_cpu_ids() + cpu] += sign_extend(
					load_uint(bytes + i * width, width), width);
		}
	}
}

static u64 zone_part(void *zones, size_t i, unsigned cpu)
{
	return zone_of_cpu(&((struct zone *)zones)[i], cpu);
}

static u64 node_part(void *nodes, size_t i, unsigned cpu)
{
	return node_of_cpu(&((struct node *)nodes)[i], cpu);
}

/* Zones without memory share one set of counters, which counts nothing. */
static size_t populated_zones(struct zone **zones)
{
	size_t all = zones_all(zones), count = 0;

	for (size_t i = 0; i < all; i++)
		if ((*zones)[i].present)
			(*zones)[count++] = (*zones)[i];
	return count;
}

static void read_zone_items(struct reading *reading)
{
	struct vmstat_item *first = reading->items + reading->count;
	size_t count = items_of(&nr_zone_items);
	struct zone *zones;

	for (size_t i = 0; i < count; i++)
		add(reading, VMSTAT_ZONE, "zone_stat_item", i)->value = counter_at(
			&zone_stat_array, i, zone_stat_array.k.spelling);
	if (reading->per_cpu) {
		size_t nr_zones = populated_zones(&zones);

		add_of_cpus(first, count, zone_part, zones, nr_zones, &zonestats_diff);
	}
}

/* Of events the value is what all CPUs counted. Who did not ask for their parts gets none. */
static void sum_up(const struct reading *reading, struct vmstat_item *first, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (unsigned cpu = 0; cpu < percpu_nr_cpu_ids(); cpu++)
			first[i].value += (u64)first[i].of_cpu[cpu];
		if (!reading->per_cpu)
			first[i].of_cpu = NULL;
	}
}

/* Events of allocation: since v5.14 CPUs' parts are added when somebody reads the file. */
static void read_numa_items(struct reading *reading)
{
	struct vmstat_item *first = reading->items + reading->count;
	size_t count = items_of(&nr_numa_items), nr_zones;
	struct zone *zones;

	for (size_t i = 0; i < count; i++)
		add(reading, VMSTAT_NUMA, "numa_stat_item", i)->value = counter_at(
			&numa_array, i, numa_array.k.spelling);
	if (!count || !kfield_exists(&zonestats_numa))
		return;
	nr_zones = populated_zones(&zones);
	add_of_cpus(first, count, zone_part, zones, nr_zones, &zonestats_numa);
	sum_up(reading, first, count);
}

/*
 * Since v5.11 (69473e5de873 and others) kinds of huge pages are counted in pages, and the file has
 * them in huge ones. In the same release the counter of page tables went to the nodes.
 */
static bool counts_small_pages(void)
{
	const char *name;
	s64 value;

	if (!enumerator_value("NR_PAGETABLE", &value))
		return true;
	name = enumerator_name("node_stat_item", value);
	return name && streq(name, "NR_PAGETABLE");
}

static void scale_huge(struct vmstat_item *first, size_t count)
{
	struct kenum *huge[] = { &item_anon_thps, &item_file_thps, &item_shmem_thps,
				 &item_shmem_mapped, &item_file_mapped };

	if (!counts_small_pages())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++)
		if (kenum_exists(huge[i]) && (u64)kenum_value(huge[i]) < count)
			first[kenum_value(huge[i])].value /= 512;
}

static void read_node_items(struct reading *reading)
{
	struct vmstat_item *first = reading->items + reading->count;
	size_t count = items_of(&nr_node_items);
	struct node *nodes;

	for (size_t i = 0; i < count; i++)
		add(reading, VMSTAT_NODE, "node_stat_item", i)->value = counter_at(
			&node_stat_array, i, node_stat_array.k.spelling);
	scale_huge(first, count);
	if (reading->per_cpu) {
		size_t nr_nodes = nodes_read(&nodes);

		add_of_cpus(first, count, node_part, nodes, nr_nodes, &nodestats_diff);
	}
}

/*
 * What may be dirty before writers have to wait is not stored: a share of the pages that are free
 * or hold files.
 */
static u64 dirtyable_pages(void)
{
	u64 pages = vmstat_zone_counter(&item_free_pages);

	pages -= min_u64(pages, ksymbol_u64(&total_reserve, 8));
	pages += vmstat_node_counter(&item_inactive_file);
	pages += vmstat_node_counter(&item_active_file);
	return pages + 1;
}

static u64 dirty_limit(struct ksymbol *bytes, struct ksymbol *ratio)
{
	u64 fixed = ksymbol_u64(bytes, 8);

	if (fixed)
		return (fixed + PAGE_BYTES - 1) / PAGE_BYTES;
	return ksymbol_u64(ratio, 4) * PAGE_BYTES / 100 * dirtyable_pages() / PAGE_BYTES;
}

static void read_total_items(struct reading *reading)
{
	const char *of = kenum_exists(&item_memmap) ? "vm_stat_item" : "writeback_stat_item";
	u64 limit = dirty_limit(&dirty_bytes, &dirty_ratio);
	u64 background = dirty_limit(&background_bytes, &background_ratio);
	size_t count = items_of(&nr_total_items);

	if (background >= limit)
		background = limit / 2;
	for (size_t i = 0; i < count; i++) {
		struct vmstat_item *item = add(reading, VMSTAT_TOTAL, of, i);

		item->value = i == 0   ? limit
			      : i == 1 ? background
			      : i == 2 && ksymbol_exists(&memmap_pages)
				      ? counter_at(&memmap_pages, 0, memmap_pages.k.spelling)
			      : ksymbol_exists(&memmap_boot_pages)
				      ? counter_at(&memmap_boot_pages, 0,
						   memmap_boot_pages.k.spelling)
				      : 0;
	}
}

static u64 event_part(UNUSED void *arg, UNUSED size_t i, unsigned cpu)
{
	return percpu_symbol(&event_states, cpu);
}

KFIELD(event_array, "vm_event_state.event");

static void read_event_items(struct reading *reading)
{
	struct vmstat_item *first = reading->items + reading->count;
	size_t count = items_of(&nr_event_items);
	struct kenum *sectors[] = { &event_pgpgin, &event_pgpgout };

	for (size_t i = 0; i < count; i++)
		add(reading, VMSTAT_EVENT, "vm_event_item", i);
	add_of_cpus(first, count, event_part, NULL, 1, &event_array);
	sum_up(reading, first, count);
	for (size_t i = 0; i < ARRAY_SIZE(sectors); i++)
		if (kenum_exists(sectors[i]) && (u64)kenum_value(sectors[i]) < count)
			first[kenum_value(sectors[i])].value /= 2;
}

size_t vmstat_read(bool per_cpu, struct vmstat_item **items)
{
	struct reading reading = { .per_cpu = per_cpu };

	reading.items = scope_array(NR_VMSTAT_GROUPS * MAX_ITEMS, sizeof(*reading.items));
	read_zone_items(&reading);
	read_numa_items(&reading);
	read_node_items(&reading);
	read_total_items(&reading);
	read_event_items(&reading);
	*items = reading.items;
	return reading.count;
}

bool vmstat_named(const struct vmstat_item *items, size_t count, const char *name, u64 *value)
{
	for (size_t i = 0; i < count; i++) {
		if (!streq(items[i].name, name))
			continue;
		*value = items[i].value;
		return true;
	}
	return false;
}
