/* kernel/mm/vmalloc.h - areas of vmalloc, vmap and ioremap, module memory and stacks among them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VMALLOC_H
#define VMALLOC_H

#include "base/fault.h"
#include "base/util.h"

struct vmalloc_area {
	u64 address; /* vmap_area */
	u64 start, end; /* the guard page is in it */
	bool freed; /* not yet unmapped: its addresses wait to be used again */
	bool block; /* for vm_map_ram(): there is no vm_struct */
	u64 vm; /* vm_struct; 0: none */
	u64 flags, nr_pages, physical, caller; /* of VM */
	u64 page_order; /* of the mappings; 0 before v5.15 */
};

/*
 * By rising address. *PROBLEM (scope memory; NULL: none) says which list broke: what others have
 * is there. Scope memory; fail()s when the kernel does not tell of any.
 */
size_t vmalloc_areas(struct vmalloc_area **areas, const char **problem);
/* The one that ADDRESS lies in; NULL: none. AREAS as above. */
const struct vmalloc_area *vmalloc_find(const struct vmalloc_area *areas, size_t count,
					u64 address);
/*
 * Where the pages of an area map the frame of the struct PAGE; 0: nowhere. Looks at all
 * areas' pages.
 */
u64 vmalloc_address_of_page(const struct vmalloc_area *areas, size_t count, u64 page);
/* "vmalloc,vmap", "vm_map_ram": what /proc/vmallocinfo says of it; "" for a freed one. */
void vmalloc_area_words(const struct vmalloc_area *area, struct strbuf *text);

#endif
