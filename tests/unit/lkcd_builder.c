/* lkcd_builder.c - tests: makes an LKCD dump from a description. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lkcd_builder.h"

#include "base/regs.h"

#include <stdlib.h>
#include <zlib.h>

enum { HEADER = 734, SLOTS = 32, ARCH_BYTES = 192 + SLOTS * 192, BUFFER = 65536 };

bool lkcd_has_page(u64 pfn)
{
	return pfn % 5 != 4;
}

static void put_bytes(struct built_dump *built, const void *data, size_t size)
{
	*vector_add(&built->boundaries) = built->size;
	if (built->size + size > built->space) {
		built->space = (built->size + size) * 2;
		built->data = xrealloc(built->data, built->space);
	}
	memcpy(built->data + built->size, data, size);
	built->size += size;
}

static void set(struct built_dump *built, const char *name, u64 offset, u64 value, size_t width)
{
	memcpy(built->data + offset, &value, width);
	*vector_add(&built->fields) = (struct built_field){ name, offset, width };
}

static size_t pack_rle(const u8 *page, u8 *packed, size_t space)
{
	size_t used = 0;

	for (size_t at = 0, count; at < PAGE_BYTES; at += count) {
		for (count = 1;
		     at + count < PAGE_BYTES && count < 256 && page[at + count] == page[at];)
			count++;
		if (used + 3 > space)
			return PAGE_BYTES;
		if (count == 1 && page[at]) {
			packed[used++] = page[at];
			continue;
		}
		packed[used++] = 0;
		packed[used++] = (u8)(count - 1);
		if (count > 1)
			packed[used++] = page[at];
	}
	return used;
}

static void put_page(const struct lkcd_description *description, struct built_dump *built, u64 pfn,
		     bool spoiled)
{
	u8 page[PAGE_BYTES], packed[PAGE_BYTES], header[16] = { 0 };
	uLongf zlib_bytes = sizeof(packed);
	u64 address = pfn << PAGE_SHIFT;
	u32 bytes = PAGE_BYTES, flags = 1;
	u64 at = built->size;

	build_page(pfn, page);
	if (spoiled)
		memset(page, 's', sizeof(page));
	if (description->compression == 1)
		bytes = (u32)pack_rle(page, packed, sizeof(packed));
	else if (description->compression == 2 &&
		 compress(packed, &zlib_bytes, page, sizeof(page)) == Z_OK)
		bytes = (u32)zlib_bytes;
	if (bytes < PAGE_BYTES)
		flags = 2;
	put_bytes(built, header, sizeof(header));
	set(built, "dp_address", at, address, 8);
	set(built, "dp_size", at + 8, bytes, 4);
	set(built, "dp_flags", at + 12, flags, 4);
	put_bytes(built, flags == 2 ? packed : page, bytes);
}

static void put_headers(const struct lkcd_description *description, struct built_dump *built)
{
	u64 buffer_bytes = description->buffer_bytes ? description->buffer_bytes : BUFFER;
	u64 arch = description->version >= 9 ? HEADER + 8 : HEADER;
	u8 *zeroes = xcalloc(1, buffer_bytes);

	put_bytes(built, zeroes, buffer_bytes);
	free(zeroes);
	set(built, "dh_magic_number", 0, 0xa8190173618f23edULL, 8);
	set(built, "dh_version", 8, description->version, 4);
	set(built, "dh_header_size", 12, arch, 4);
	set(built, "dh_page_size", 20, PAGE_BYTES, 4);
	memcpy(built->data + 52, "lab: panic\nmessage", 18);
	memcpy(built->data + 324 + 2 * 65, "9.9.9-test", 10);
	set(built, "dh_dump_compress", 722, description->compression, 4);
	if (description->version >= 9)
		set(built, "dh_dump_buffer_size", HEADER, buffer_bytes, 8);
	set(built, "dha_magic_number", arch, 0xdeaddead, 8);
	set(built, "dha_header_size", arch + 12, ARCH_BYTES, 4);
	set(built, "dha_smp_num_cpus", arch + 184, description->nr_cpus, 4);
	for (unsigned cpu = 0; cpu < description->nr_cpus; cpu++) {
		struct x86_regs regs = { .ip = 0xffffffff81000000ULL + cpu };

		memcpy(built->data + arch + 192 + cpu * sizeof(regs), &regs, sizeof(regs));
	}
}

void build_lkcd(const struct lkcd_description *description, struct built_dump *built)
{
	u8 end[16] = { 0 };

	*built = (struct built_dump){ 0 };
	put_headers(description, built);
	if (description->rewritten)
		put_page(description, built, 1, true);
	for (unsigned turn = 0; turn < (description->shuffled ? 2U : 1U); turn++) {
		for (u64 pfn = 0; pfn < description->nr_pfns; pfn++) {
			if (lkcd_has_page(pfn) && (!description->shuffled || pfn % 2 == turn))
				put_page(description, built, pfn, false);
		}
	}
	if (!description->end_flags)
		return;
	end[12] = (u8)description->end_flags;
	put_bytes(built, end, sizeof(end));
}
