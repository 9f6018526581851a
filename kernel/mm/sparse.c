/* kernel/mm/sparse.c - struct mem_section and struct memory_block. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A section is 128 MB on x86_64. The table has a row of sections in each page, and rows of NULL
 * where no memory is (CONFIG_SPARSEMEM_EXTREME).
 */
#include "kernel/mm/sparse.h"

#include "base/fail.h"
#include "containers/kxarray.h"
#include "kernel/mm/page.h"
#include "memory.h"

KSYMBOL(section_table, "mem_section");
KTYPE(section_type, "struct mem_section");
KFIELD(section_map, "mem_section.section_mem_map");
KSYMBOL(blocks_array, "memory_blocks"); /* v5.10: an xarray */
KFIELD(block_start, "memory_block.start_section_nr");
KFIELD(block_state, "memory_block.state");
KFIELD(block_node, "memory_block.nid");
KFIELD(block_vmemmap, "memory_block.nr_vmemmap_pages"); /* up to v6.7 */
KFIELD(block_altmap, "memory_block.altmap");
KFIELD(altmap_free, "vmem_altmap.free");
KSYMBOL(sections_per_block, "sections_per_block");
KENUM(state_online, "MEM_ONLINE"); /* an enum since v6.18, and in what followed it; bits before */

#define SECTION_SHIFT 27
#define FLAG_BITS 0x3fULL /* a struct page is aligned to more than that */
#define MAX_SECTIONS (1ULL << (52 - SECTION_SHIFT))

static void read_section(u64 number, u64 address, u64 word, struct section *section)
{
	static const char letters[] = "PMOED";
	size_t length = 0;

	*section = (struct section){
		.number = number,
		.address = address,
		.coded_map = word & ~FLAG_BITS,
		.first_pfn = number << (SECTION_SHIFT - PAGE_SHIFT),
	};
	section->map = section->coded_map + section->first_pfn * page_struct_bytes();
	for (size_t bit = 0; letters[bit]; bit++)
		if (word >> bit & 1)
			section->state[length++] = letters[bit];
}

size_t sections_read(struct section **sections)
{
	u64 size = ktype_size(&section_type), in_root = PAGE_BYTES / size;
	u64 last = (memory_dump()->max_pfn - 1) >> (SECTION_SHIFT - PAGE_SHIFT);
	u64 root = 0, word;
	u64 table = ksymbol_u64(&section_table, 8);
	size_t count = 0;

	if (last >= MAX_SECTIONS)
		fail("memory up to frame %llx makes no sense", memory_dump()->max_pfn);
	*sections = scope_array(last + 2, sizeof(**sections));
	for (u64 number = 0; number <= last; number++) {
		if (number % in_root == 0) {
			interrupt_check();
			root = mem_u64(table + number / in_root * sizeof(u64), "mem_section");
		}
		if (!root) {
			number |= in_root - 1;
			continue;
		}
		word = field_u64(root + number % in_root * size, &section_map);
		if (word & 1)
			read_section(number, root + number % in_root * size, word,
				     &(*sections)[count++]);
	}
	return count;
}

/* ---- blocks ---- */

/* As an enum they count from 0 on; before it each was a bit, in the same order. */
static const char *state_word(u64 state)
{
	static const char *const words[] = { "ONLINE",	     "GOING_OFFLINE", "OFFLINE",
					     "GOING_ONLINE", "CANCEL_ONLINE", "CANCEL_OFFLINE" };
	bool counts = kenum_exists(&state_online);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (state == (counts ? i + (u64)kenum_value(&state_online) : 1ULL << i))
			return words[i];
	return "UNKNOWN";
}

static u64 metadata_pages(u64 address)
{
	u64 altmap;

	if (kfield_exists(&block_vmemmap))
		return field_u64(address, &block_vmemmap);
	if (!kfield_exists(&block_altmap))
		return 0;
	altmap = field_u64(address, &block_altmap);
	return altmap ? field_u64(altmap, &altmap_free) : 0;
}

size_t memory_blocks_read(struct memory_block **blocks)
{
	u64 per_block = ksymbol_exists(&sections_per_block) ? ksymbol_u64(&sections_per_block, 4)
							    : 1;
	struct kxarray_iter it;
	u64 index, address;
	size_t count = 0, space = 0;

	*blocks = NULL;
	if (!ksymbol_exists(&blocks_array))
		return 0;
	kxarray_begin(&it, ksymbol_address(&blocks_array));
	while (kxarray_next(&it, &index, &address)) {
		u64 first = field_u64(address, &block_start);

		if (count == space)
			*blocks = scope_grow(*blocks, &space, sizeof(**blocks));
		(*blocks)[count++] = (struct memory_block){
			.address = address,
			.first_section = first,
			.start = first << SECTION_SHIFT,
			.end = (first + per_block) << SECTION_SHIFT,
			.node = field_s64(address, &block_node),
			.state = state_word(field_u64(address, &block_state)),
			.metadata_pages = metadata_pages(address),
		};
	}
	if (it.stopped)
		fail("memory_blocks: %s", kxarray_why(&it));
	return count;
}
