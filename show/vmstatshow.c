/* show/vmstatshow.c - the counters of /proc/vmstat, group by group. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/vmstatshow.h"

#include "base/fail.h"
#include "base/table.h"
#include "containers/kpercpu.h"
#include "kernel/mm/vmstat.h"

#include <stdio.h>

struct group {
	const struct vmstat_item *items;
	unsigned width; /* of the longest name */
};

static const struct column item_columns[] = {
	{ "item", "", CELL_TEXT, .before = "", .align = ALIGN_RIGHT, .after = ": " },
	{ "name", NULL, .kind = CELL_TEXT },
	{ "value", "", CELL_NUMBER, .before = "" },
	{ "cpus", "", CELL_SIGNED, .before = "  (", .separator = " ", .after = ")" },
	{ 0 },
};

static void put_item(struct row *row, size_t index, void *arg)
{
	const struct group *group = arg;
	const struct vmstat_item *item = &group->items[index];
	const struct cpu_mask *possible = cpus_possible();

	row_text(row, item->constant);
	row_shown(row, scope_printf("%*s", (int)group->width, item->constant));
	row_text(row, item->name);
	row_number(row, item->value);
	if (!item->of_cpu) {
		row_none(row);
		return;
	}
	row_list(row);
	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1))
		row_signed(row, item->of_cpu[cpu]);
	row_list_end(row);
}

/* Pages of zones and nodes stand in one width, events in one of their own. */
static unsigned widest(const struct vmstat_item *items, size_t count, bool events)
{
	size_t width = 0;

	for (size_t i = 0; i < count; i++)
		if ((items[i].group == VMSTAT_EVENT) == events)
			width = (size_t)max_u64(width, strlen(items[i].constant));
	return (unsigned)width;
}

void vmstatshow(bool per_cpu)
{
	static const char *const headings[] = {
		[VMSTAT_ZONE] = "  VM_ZONE_STAT:",     [VMSTAT_NUMA] = "  VM_NUMA_STAT:",
		[VMSTAT_NODE] = "  VM_NODE_STAT:",     [VMSTAT_TOTAL] = "  VM_STAT:",
		[VMSTAT_EVENT] = "  VM_EVENT_STATES:",
	};
	struct vmstat_item *items;
	size_t count = vmstat_read(per_cpu, &items), end;

	for (size_t from = 0; from < count; from = end) {
		enum vmstat_group kind = items[from].group;
		struct group group = { items + from, widest(items, count, kind == VMSTAT_EVENT) };

		for (end = from; end < count && items[end].group == kind;)
			end++;
		table_show(&(struct table){ .name = "kmem",
					    .columns = item_columns,
					    .count = end - from,
					    .put = put_item,
					    .arg = &group,
					    .heading_line = headings[kind] });
		if (end < count)
			table_remark("\n");
	}
}
