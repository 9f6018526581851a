/* dump/kdump.h - the structures of a compressed kdump file, for its reader and its writer. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KDUMP_H
#define KDUMP_H

#include "base/util.h"

/* The layout of the whole file is drawn at the top of diskdump.c. */
struct kdump_header {
	char signature[8];
	u32 version;
	char utsname[6][65];
	u8 padding[6];
	u64 timestamp[2];
	u32 status;
	u32 block_size;
	u32 sub_header_blocks;
	u32 bitmap_blocks;
	u32 max_mapnr;
	u32 total_ram_blocks;
	u32 device_blocks;
	u32 written_blocks;
	u32 current_cpu;
	u32 nr_cpus;
};

struct kdump_sub_header {
	u64 phys_base;
	u32 dump_level;
	u32 split;
	u64 start_pfn, end_pfn;
	u64 vmcoreinfo_offset, vmcoreinfo_size;
	u64 notes_offset, notes_size;
	u64 eraseinfo_offset, eraseinfo_size;
	u64 start_pfn_64, end_pfn_64;
	u64 max_mapnr_64;
};

struct page_descriptor {
	u64 offset;
	u32 size;
	u32 flags;
	u64 page_flags;
};

_Static_assert(sizeof(struct kdump_header) == 464, "layout of the kdump header");
_Static_assert(sizeof(struct kdump_sub_header) == 104, "layout of the kdump sub-header");
_Static_assert(sizeof(struct page_descriptor) == 24, "layout of a page descriptor");

#define KDUMP_SIGNATURE "KDUMP   "
/*
 * Of the format before: the same layout, but a sub-header of its own, of which nothing is needed.
 */
#define DISKDUMP_SIGNATURE "DISKDUMP"
enum { KDUMP_NEWEST_VERSION = 6 };

#endif
