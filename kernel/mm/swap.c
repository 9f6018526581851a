/* kernel/mm/swap.c - struct swap_info_struct. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/mm/swap.h"

#include "base/fail.h"
#include "kernel/fs/vfs.h"
#include "memory.h"

KSYMBOL(swap_info, "swap_info");
KSYMBOL(nr_swapfiles, "nr_swapfiles");
KFIELD(swap_info_file, "swap_info_struct.swap_file");
KFIELD(swap_info_flags, "swap_info_struct.flags");
KFIELD(swap_info_pages, "swap_info_struct.pages");
KFIELD(swap_info_inuse, "swap_info_struct.inuse_pages.counter",
       "swap_info_struct.inuse_pages"); /* v6.14 */
KFIELD(swap_info_prio, "swap_info_struct.prio");

#define MAX_SWAP_TYPES 32 /* five bits of a swap entry */

/* Macros of the kernel. */
#define SWP_USED 0x1
#define SWP_WRITEOK 0x2
#define SWP_BLKDEV 0x40

/*
 * Since v6.14 a bit of the counter says that the area is full, and on no list of those with room.
 * It was bit 30, and later the highest but one.
 */
static u64 used_pages(u64 counter, u64 pages)
{
	counter &= ~(1ULL << 62);
	return counter > pages ? counter & ~(1ULL << 30) : counter;
}

static unsigned nr_types(void)
{
	u64 nr = ksymbol_exists(&nr_swapfiles) ? ksymbol_u64(&nr_swapfiles, 4) : 0;

	if (nr > MAX_SWAP_TYPES)
		fail("nr_swapfiles of %llu makes no sense", nr);
	return (unsigned)nr;
}

static bool add_path(u64 area, struct strbuf *text)
{
	u64 file;

	return field_try_u64(area, &swap_info_file, &file, NULL) && file &&
	       vfs_file_path(file, text);
}

static const char *area_path(u64 area)
{
	struct strbuf *text = scope_strbuf();

	return add_path(area, text) ? strbuf_text(text) : NULL;
}

bool swap_area_of(unsigned type, struct swap_area *area)
{
	u64 address, flags;

	if (type >= nr_types())
		return false;
	address = mem_u64(ksymbol_address(&swap_info) + type * sizeof(u64), "swap_info");
	if (!address)
		return false;
	flags = field_u64(address, &swap_info_flags);
	if (!(flags & SWP_USED))
		return false;
	*area = (struct swap_area){
		.type = type,
		.address = address,
		.device = flags & SWP_BLKDEV,
		.pages = field_u64(address, &swap_info_pages),
		.priority = field_s64(address, &swap_info_prio),
		.leaving = !(flags & SWP_WRITEOK),
		.name = area_path(address),
	};
	area->used = used_pages(field_u64(address, &swap_info_inuse), area->pages);
	return true;
}

size_t swap_areas(struct swap_area **areas)
{
	unsigned nr = nr_types();
	size_t count = 0;

	*areas = scope_array(nr + 1ULL, sizeof(**areas));
	for (unsigned type = 0; type < nr; type++)
		if (swap_area_of(type, &(*areas)[count]))
			count++;
	return count;
}

bool swap_area_name(unsigned type, struct strbuf *text)
{
	u64 area;

	if (!ksymbol_exists(&swap_info) || type >= MAX_SWAP_TYPES ||
	    (ksymbol_exists(&nr_swapfiles) && type >= ksymbol_u64(&nr_swapfiles, 4)))
		return false;
	return mem_try_u64(ksymbol_address(&swap_info) + type * sizeof(u64), &area, NULL) && area &&
	       add_path(area, text);
}
