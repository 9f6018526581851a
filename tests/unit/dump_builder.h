/* dump_builder.h - tests: makes a dump file of any format from a description. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DUMP_BUILDER_H
#define DUMP_BUILDER_H

#include "base/util.h"

enum { BUILD_MAX_PFN = 40960 }; /* over a multiple of what one rank count covers */

enum page_kind { PAGE_ABSENT, PAGE_PRESENT, PAGE_EXCLUDED };

enum build_compression { BUILD_RAW, BUILD_ZLIB, BUILD_LZO, BUILD_SNAPPY, BUILD_ZSTD };

/* A place in the built file where a number stands, for tests that change it. */
struct built_field {
	const char *name;
	u64 offset;
	size_t width;
};

struct dump_description {
	/* the machine */
	u64 nr_pfns; /* at most BUILD_MAX_PFN */
	enum page_kind kinds[BUILD_MAX_PFN];
	const char *vmcoreinfo; /* NULL: none */
	unsigned nr_cpus; /* notes; 0: no notes */
	bool qemu_notes;
	unsigned prstatus_bytes; /* of the registers' notes; 0: all 336 */

	/* compressed kdump */
	u32 version; /* 1-6; 0: an ELF vmcore */
	enum build_compression compression;
	bool split;
	u64 start_pfn, end_pfn; /* with SPLIT */
	bool incomplete; /* the status bit */
	bool data_reversed; /* the last frame's data comes first */

	/* ELF vmcore */
	bool shuffled; /* segments from the last to the first */
	bool overlapping; /* a segment of everything's first 16 pages comes first */
	bool many_segments; /* the number is in section 0 */
	bool narrow; /* headers of class 32 */
	bool netdump; /* one segment from frame 0 on, zeroes where no page is; names without NUL */
	u64 crashed_task; /* a note of netdump's; 0: none */
	unsigned pages_a_segment; /* 0: as long as they get */
};

struct built_dump {
	u8 *data;
	u64 size, space;
	VECTOR(struct built_field) fields;
	VECTOR(u64) boundaries; /* where a structure of the file starts or ends */
};

void build_dump(const struct dump_description *description, struct built_dump *built);
/*
 * DUMP as a makedumpfile -F stream of records of CHUNK bytes, neighbours swapped and zeroes at
 * their ends left out when SHUFFLED.
 * REWRITTEN: what the first ones write was written with other bytes before.
 */
void build_flattened(const struct built_dump *dump, u64 chunk, bool shuffled, bool rewritten,
		     struct built_dump *built);
void built_free(struct built_dump *built);
/*
 * A new file under the directory for temporary files, with BUILT in it; its name is the
 * caller's to free.
 */
char *built_write(const struct built_dump *built);

/* What the page of frame PFN has in every built dump: some pages zero, some text, some noise. */
void build_page(u64 pfn, void *page);

#endif
