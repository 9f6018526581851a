/* kernel/mm/vmstat.h - counters of memory events and of pages by kind, as /proc/vmstat has them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VMSTAT_H
#define VMSTAT_H

#include "base/util.h"
#include "names/kfield.h"

/* In the order of /proc/vmstat. */
enum vmstat_group { VMSTAT_ZONE, VMSTAT_NUMA, VMSTAT_NODE, VMSTAT_TOTAL, VMSTAT_EVENT };
#define NR_VMSTAT_GROUPS 5

struct vmstat_item {
	enum vmstat_group group;
	const char *name; /* in /proc/vmstat: "nr_free_pages"; "" when it cannot be read */
	const char *constant; /* in the kernel: "NR_FREE_PAGES"; the same where it has none */
	u64 value; /* in the unit of /proc/vmstat */
	/* its part of each CPU, by number; of zones and nodes they may be negative. NULL: none */
	const s64 *of_cpu;
};

/*
 * All of them; scope memory. With PER_CPU also what each CPU has counted: of events the whole, of
 * pages what it has not yet added to the value. fail()s when a table cannot be read.
 */
size_t vmstat_read(bool per_cpu, struct vmstat_item **items);
/* The value of the one that /proc/vmstat calls NAME; false: there is none. */
bool vmstat_named(const struct vmstat_item *items, size_t count, const char *name, u64 *value);
/* One of zone_stat_item or node_stat_item, of the whole machine. */
u64 vmstat_zone_counter(struct kenum *item);
u64 vmstat_node_counter(struct kenum *item);
/* "NR_FREE_PAGES": the name of a zone's counter. Scope memory. */
const char *vmstat_zone_name(size_t index);

#endif
