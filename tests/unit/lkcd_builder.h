/* lkcd_builder.h - tests: makes an LKCD dump from a description. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LKCD_BUILDER_H
#define LKCD_BUILDER_H

#include "dump_builder.h"

struct lkcd_description {
	u32 version;
	u32 compression; /* 0 none, 1 RLE, 2 gzip: pages that get shorter so are compressed */
	u64 nr_pfns; /* every frame but each fifth is in the dump */
	unsigned nr_cpus; /* with registers: ip is 0xffffffff81000000 + the CPU's number */
	u64 buffer_bytes; /* version 9 and later; 0: 64 KB */
	bool shuffled; /* odd frames behind the even ones */
	bool rewritten; /* frame 1 comes twice: with other bytes first */
	u32 end_flags; /* of the last page header; 0: there is none */
};

bool lkcd_has_page(u64 pfn);
void build_lkcd(const struct lkcd_description *description, struct built_dump *built);

#endif
