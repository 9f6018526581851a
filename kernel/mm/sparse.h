/* kernel/mm/sparse.h - sections of memory, and the blocks of them that can be taken away. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SPARSE_H
#define SPARSE_H

#include "base/util.h"

struct section {
	u64 number;
	u64 address; /* mem_section */
	u64 coded_map, map; /* section_mem_map without its flags, and the first struct page */
	u64 first_pfn;
	char state[8]; /* "PMOE": present, has a map, online, early, device */
};

/* Those that are present, by number. Scope memory; fail()s. */
size_t sections_read(struct section **sections);

struct memory_block {
	u64 address;
	u64 first_section;
	u64 start, end; /* physical, END exclusive */
	s64 node; /* -1: of several */
	const char *state; /* "ONLINE" */
	u64 metadata_pages; /* that its struct pages take of it */
};

/* By number; scope memory. None where the kernel cannot take memory away. */
size_t memory_blocks_read(struct memory_block **blocks);

#endif
