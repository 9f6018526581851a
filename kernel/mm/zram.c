/* kernel/mm/zram.c - struct zram and its table of slots. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/mm/zram.h"

#include "base/fail.h"
#include "dump/pagecodec.h"
#include "kernel/mm/zsmalloc.h"
#include "memory.h"

#include <ctype.h>
#include <stdio.h>

KFIELD(disk_name, "gendisk.disk_name");
KFIELD(disk_private, "gendisk.private_data");

static const struct modfield zram_table = { "zram", { "table" }, 0, 8, 0, 0 };
static const struct modfield zram_pool = { "zram", { "mem_pool" }, 8, 8, 0, 0 };
static const struct modfield zram_disk = { "zram", { "disk" }, 24, 8, 0, 0 };
static const struct modfield zram_bytes = { "zram", { "disksize" }, 208, 8, 0, 0 };
static const struct modfield zram_compressor = { "zram", { "compressor" }, 216, 128, 0, 0 };
static const struct modfield zram_algorithms = { "zram", { "comp_algs" }, 0, 0, 0, 0 }; /* v6.2 */
static const struct modfield zram_parameters = { "zram", { "params" }, 0, 0, 0, 0 }; /* v6.12 */
static const struct modfield dictionary_bytes = { "zcomp_params", { "dict_sz" }, 0, 0, 0, 0 };
static const struct modfield slot_handle = { "zram_table_entry", { "handle" }, 0, 8, 0, 0 };
static const struct modfield slot_flags = {
	"zram_table_entry", { "attr.flags", "flags" }, 8, 8, 0, 0
};
#define SLOT_BYTES_5_10 24

/* Bits of a slot's flags; below the first of them stands the size. */
struct flag_bits {
	u64 same, written_back, size_mask;
	unsigned
		priority; /* of the first of two bits; 0: this kernel has one compressor a device */
};

static u64 bit_of(const char *enumerator, s64 without)
{
	s64 value = without;

	enumerator_value(enumerator, &value);
	if (value < 0 || value > 62)
		fail("%s of %lld makes no sense", enumerator, value);
	return (u64)value;
}

/* Where modules have no BTF, the bits begin at 24. */
static struct flag_bits read_flag_bits(void)
{
	s64 lock, priority;
	u64 same = bit_of("ZRAM_SAME", 25), first = same;

	if (!enumerator_value("ZRAM_SAME", &lock))
		first = 24;
	else if (enumerator_value("ZRAM_LOCK", &lock) && lock >= 0 && (u64)lock < same)
		first = (u64)lock;
	return (struct flag_bits){
		.same = 1ULL << same,
		.written_back = 1ULL << bit_of("ZRAM_WB", 26),
		.size_mask = (1ULL << first) - 1,
		.priority = enumerator_value("ZRAM_COMP_PRIORITY_BIT1", &priority)
				    ? (unsigned)(priority & 63)
				    : 0,
	};
}

bool zram_of_disk(u64 disk, u64 *zram)
{
	char name[32] = "";

	field_string(disk, &disk_name, name, sizeof(name));
	if (memcmp(name, "zram", 4) != 0 || !isdigit((unsigned char)name[4]))
		return false;
	*zram = field_u64(disk, &disk_private);
	if (modfield_u64(*zram, &zram_disk) != disk)
		fail("struct zram at %llx does not belong to %s", *zram, name);
	return true;
}

static void read_algorithm(u64 zram, unsigned priority, char *name, size_t space)
{
	struct member names;

	if (modfield_find(&zram_algorithms, &names)) {
		if (priority >= names.size / sizeof(u64))
			fail("compressor %u of a zram device that has %llu", priority,
			     names.size / sizeof(u64));
		mem_string(mem_u64(zram + names.offset + priority * sizeof(u64), "comp_algs"), name,
			   space, "name of a compressor");
	} else if (modfield_find(&zram_compressor, &names)) {
		mem_string(zram + names.offset, name, min_u64(space, names.size), "compressor");
	} else {
		fail("this kernel has neither zram.comp_algs nor zram.compressor");
	}
}

static void fill_page(u8 *page, u64 word)
{
	for (size_t at = 0; at < PAGE_BYTES; at += sizeof(word))
		memcpy(page + at, &word, sizeof(word));
}

/* How large is the dictionary without which nothing of this compressor's can be unpacked? */
static u64 dictionary_size(u64 zram, unsigned priority)
{
	u64 element = modtype_size("zcomp_params", 0);
	struct member parameters;

	if (!element || !modfield_find(&zram_parameters, &parameters) ||
	    priority >= parameters.size / element)
		return 0;
	return modfield_u64(zram + parameters.offset + priority * element, &dictionary_bytes);
}

static void read_stored(u64 zram, u64 handle, unsigned priority, struct zram_slot *slot, u8 *page)
{
	u8 packed[PAGE_BYTES];
	const char *why;

	if (slot->bytes > PAGE_BYTES)
		fail("%llu bytes for a page", slot->bytes);
	if (slot->bytes < PAGE_BYTES)
		read_algorithm(zram, priority, slot->algorithm, sizeof(slot->algorithm));
	if (!page)
		return;
	if (slot->bytes < PAGE_BYTES && dictionary_size(zram, priority))
		fail("packed with a dictionary of %llu bytes, which this program does not use",
		     dictionary_size(zram, priority));
	zsmalloc_read(modfield_u64(zram, &zram_pool), handle, packed, slot->bytes);
	if (slot->bytes == PAGE_BYTES) {
		memcpy(page, packed, PAGE_BYTES);
		return;
	}
	why = pagecodec_unpack(slot->algorithm, packed, slot->bytes, page);
	if (why)
		fail("%llu bytes of %s: %s", slot->bytes, slot->algorithm, why);
}

void zram_read(u64 zram, u64 slot_number, struct zram_slot *slot, u8 *page)
{
	struct flag_bits bits = read_flag_bits();
	u64 table = modfield_u64(zram, &zram_table), handle, flags;
	u64 at = table + slot_number * modtype_size("zram_table_entry", SLOT_BYTES_5_10);

	*slot = (struct zram_slot){ .kind = ZRAM_EMPTY };
	if (!mem_is_kernel_address(table) ||
	    slot_number >= modfield_u64(zram, &zram_bytes) >> PAGE_SHIFT)
		fail("the device has no slot %llu", slot_number);
	handle = modfield_u64(at, &slot_handle);
	flags = modfield_u64(at, &slot_flags);
	if (flags & bits.written_back) {
		slot->kind = ZRAM_WRITTEN_BACK;
	} else if (flags & bits.same) {
		slot->kind = ZRAM_SAME_FILLED;
		if (page)
			fill_page(page, handle);
	} else if (handle) {
		slot->kind = ZRAM_STORED;
		slot->bytes = flags & bits.size_mask;
		read_stored(zram, handle,
			    bits.priority ? (unsigned)(flags >> bits.priority & 3) : 0, slot, page);
	}
}
