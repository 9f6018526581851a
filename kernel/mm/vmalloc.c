/* kernel/mm/vmalloc.c - struct vmap_area and struct vm_struct. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Areas in use were on one list, vmap_area_list, until v6.9 (d093602919ad) shared them out to
 * nodes: each has a list of those in use, and one of those that still have to be unmapped.
 */
#include "kernel/mm/vmalloc.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "memory.h"

#include <stdlib.h>

KSYMBOL(area_list, "vmap_area_list");
KSYMBOL(purge_list, "purge_vmap_area_list"); /* v5.13 to v6.8 */
KSYMBOL(vmap_nodes, "vmap_nodes");
KSYMBOL(nr_vmap_nodes, "nr_vmap_nodes");
KTYPE(vmap_node_type, "struct vmap_node");
KFIELD(node_busy, "vmap_node.busy.head");
KFIELD(node_lazy, "vmap_node.lazy.head");
KFIELD(va_start, "vmap_area.va_start");
KFIELD(va_end, "vmap_area.va_end");
KFIELD(va_link, "vmap_area.list");
KFIELD(va_vm, "vmap_area.vm");
KFIELD(va_flags, "vmap_area.flags"); /* v6.3 */
KFIELD(vm_addr, "vm_struct.addr");
KFIELD(vm_flags, "vm_struct.flags");
KFIELD(vm_nr_pages, "vm_struct.nr_pages");
KFIELD(vm_page_order, "vm_struct.page_order");
KFIELD(vm_pages, "vm_struct.pages");
KFIELD(vm_phys_addr, "vm_struct.phys_addr");
KFIELD(vm_caller, "vm_struct.caller");

#define MAX_VMAP_NODES 4096
#define VMAP_RAM 1ULL

struct areas {
	VECTOR(struct vmalloc_area) items;
	const char *problem;
	u64 address; /* the vmap_area being read */
	bool freed;
};

static void read_vm(struct vmalloc_area *area)
{
	area->flags = field_u64(area->vm, &vm_flags);
	area->nr_pages = field_u64(area->vm, &vm_nr_pages);
	area->physical = field_u64(area->vm, &vm_phys_addr);
	area->caller = field_u64(area->vm, &vm_caller);
	if (kfield_exists(&vm_page_order))
		area->page_order = field_u64(area->vm, &vm_page_order);
}

/*
 * Where an area has no vm_struct, the word may hold another number: how much is free below it in a
 * tree of free areas.
 */
static bool is_its_vm(const struct vmalloc_area *area, u64 vm)
{
	u64 address;

	return mem_is_kernel_address(vm) && field_try_u64(vm, &vm_addr, &address, NULL) &&
	       address == area->start;
}

static void read_area(void *arg)
{
	struct areas *areas = arg;
	struct vmalloc_area area = { .address = areas->address, .freed = areas->freed };
	u64 vm;

	area.start = field_u64(area.address, &va_start);
	area.end = field_u64(area.address, &va_end);
	if (area.end <= area.start)
		fail("it ends at %llx, before its start", area.end);
	area.block = kfield_exists(&va_flags) && field_u64(area.address, &va_flags) & VMAP_RAM;
	vm = field_u64(area.address, &va_vm);
	if (!area.freed && !area.block && is_its_vm(&area, vm)) {
		area.vm = vm;
		read_vm(&area);
	}
	*vector_add(&areas->items) = area;
}

static void note(struct areas *areas, const char *text)
{
	if (!areas->problem)
		areas->problem = text;
}

static void read_list(struct areas *areas, u64 head, bool freed)
{
	struct failure failure;
	struct klist_iter it;

	areas->freed = freed;
	klist_begin(&it, head, kfield_offset(&va_link));
	while (klist_next(&it, &areas->address))
		if (!protect_row(read_area, areas, &failure))
			note(areas,
			     scope_printf("vmap_area %llx: %s", areas->address, failure.text));
	interrupt_check();
	if (it.stopped)
		note(areas, scope_printf("list of vmap areas at %llx: %s", head, klist_why(&it)));
}

static void read_nodes(struct areas *areas)
{
	u64 nodes = ksymbol_u64(&vmap_nodes, 8), nr = ksymbol_u64(&nr_vmap_nodes, 4);

	if (nr > MAX_VMAP_NODES)
		fail("nr_vmap_nodes of %llu makes no sense", nr);
	for (u64 i = 0; i < nr; i++) {
		u64 node = nodes + i * ktype_size(&vmap_node_type);

		read_list(areas, field_address(node, &node_busy), false);
		read_list(areas, field_address(node, &node_lazy), true);
	}
}

static int compare_areas(const void *a, const void *b)
{
	const struct vmalloc_area *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static void free_areas(void *arg)
{
	vector_free(&((struct areas *)arg)->items);
}

size_t vmalloc_areas(struct vmalloc_area **areas, const char **problem)
{
	struct areas *found = scope_alloc(sizeof(*found));

	scope_cleanup(free_areas, found);
	if (ksymbol_exists(&vmap_nodes))
		read_nodes(found);
	else
		read_list(found, ksymbol_address(&area_list), false);
	if (ksymbol_exists(&purge_list))
		read_list(found, ksymbol_address(&purge_list), true);
	if (found->items.count)
		qsort(found->items.items, found->items.count, sizeof(*found->items.items),
		      compare_areas);
	*areas = found->items.items;
	*problem = found->problem;
	return found->items.count;
}

const struct vmalloc_area *vmalloc_find(const struct vmalloc_area *areas, size_t count, u64 address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (areas[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && address >= areas[low].start ? &areas[low] : NULL;
}

/* The bits are macros of the kernel, and did not move since v5.2. */
static u64 address_in(const struct vmalloc_area *area, u64 pages, u64 page)
{
	u64 chunk[512], nr = min_u64(area->nr_pages, (area->end - area->start) / PAGE_BYTES);

	for (u64 done = 0; done < nr; done += ARRAY_SIZE(chunk)) {
		u64 count = min_u64(nr - done, ARRAY_SIZE(chunk));

		if (!mem_try_read(pages + done * sizeof(u64), chunk, count * sizeof(u64), NULL))
			return 0;
		for (u64 i = 0; i < count; i++)
			if (chunk[i] == page)
				return area->start + (done + i) * PAGE_BYTES;
	}
	return 0;
}

u64 vmalloc_address_of_page(const struct vmalloc_area *areas, size_t count, u64 page)
{
	u64 pages, address;

	for (size_t i = 0; i < count; i++) {
		interrupt_check();
		if (!areas[i].vm || !areas[i].nr_pages ||
		    !field_try_u64(areas[i].vm, &vm_pages, &pages, NULL))
			continue;
		address = address_in(&areas[i], pages, page);
		if (address)
			return address;
	}
	return 0;
}

void vmalloc_area_words(const struct vmalloc_area *area, struct strbuf *text)
{
	static const struct {
		u64 bit;
		const char *word;
	} words[] = {
		{ 0x1, "ioremap" },	{ 0x2, "vmalloc" },	  { 0x4, "vmap" },
		{ 0x8, "user" },	{ 0x10, "dma-coherent" }, { 0x200, "vm_map_put_pages" },
		{ 0x400, "huge_vmap" }, { 0x800, "sparse" },
	};
	size_t start = text->length;

	/* Before v6.3 only that it has no vm_struct tells. */
	if (!area->freed && (area->block || !area->vm))
		strbuf_puts(text, "vm_map_ram");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!(area->flags & words[i].bit))
			continue;
		if (text->length > start)
			strbuf_putc(text, ',');
		strbuf_puts(text, words[i].word);
	}
}
