/* fake_swap.c - test helper: swap areas in fake memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake_swap.h"

#include <lz4.h>

enum { SMALL_CLASS, STRADDLING_CLASS, HUGE_CLASS };

static bool is_new;

#define MEMBER(n, at, bytes)                                                                       \
	{                                                                                          \
		.name = n, .offset = at, .size = bytes                                             \
	}
#define STRUCT(name, size, ...)                                                                    \
	fake_struct(name, size, (struct fake_member[]){ __VA_ARGS__ },                             \
		    ARRAY_SIZE(((struct fake_member[]){ __VA_ARGS__ })))

/* A zram entry's flags, and where its members are. */
struct slot_layout {
	u64 entry_bytes, flags_at, same, written_back;
};

static struct slot_layout slot_layout(void)
{
	return is_new ? (struct slot_layout){ 16, 8, 1ULL << 13, 1ULL << 15 }
		      : (struct slot_layout){ 24, 8, 1ULL << 25, 1ULL << 26 };
}

static void common_types(void)
{
	STRUCT("atomic_t", 4, MEMBER("counter", 0, 4));
	STRUCT("page", 64, MEMBER("flags", 0, 8), MEMBER("compound_head", 8, 8),
	       MEMBER("mapping", 24, 8), MEMBER("index", 32, 8), MEMBER("private", 40, 8),
	       MEMBER("page_type", 48, 4),
	       { .name = "_refcount", .offset = 52, .type = "atomic_t" });
	STRUCT("block_device", 16, MEMBER("bd_disk", 8, 8));
	STRUCT("gendisk", 64, { .name = "disk_name", .offset = 0, .size = 1, .count = 32 },
	       MEMBER("private_data", 40, 8));
	STRUCT("xarray", 16, MEMBER("xa_head", 8, 8));
	STRUCT("xa_node", 576, MEMBER("shift", 0, 1),
	       { .name = "slots", .offset = 40, .size = 8, .count = 64 });
	fake_enum("pageflags", (const char *const[]){ "PG_locked", "PG_hwpoison", "PG_slab" }, 3);
	fake_symbol("swap_info", fake_kva(AREAS));
	fake_symbol("nr_swapfiles", fake_kva(NR_AREAS));
	fake_symbol("zswap_trees", fake_kva(ZSWAP_TREES));
}

static void new_types(void)
{
	static const char *const bits[] = { "a0",     "a1",  "a2",  "a3",	 "a4",
					    "a5",     "a6",  "a7",  "a8",	 "a9",
					    "a10",    "a11", "a12", "ZRAM_SAME", "ZRAM_ENTRY_LOCK",
					    "ZRAM_WB" };

	STRUCT("swap_info_struct", 0x100, MEMBER("flags", 16, 8), MEMBER("prio", 24, 2),
	       MEMBER("max", 76, 4), MEMBER("cluster_info", 80, 8), MEMBER("pages", 88, 4),
	       MEMBER("inuse_pages", 96, 8), MEMBER("bdev", 104, 8), MEMBER("swap_file", 112, 8));
	STRUCT("swap_cluster_info", 16, MEMBER("table", 8, 8));
	STRUCT("zpdesc", 64, MEMBER("flags", 0, 8), MEMBER("next", 32, 8), MEMBER("zspage", 40, 8));
	STRUCT("zspage", 64,
	       { .name = "class", .offset = 0, .size = 4, .bit_offset = 5, .bit_size = 9 },
	       { .name = "magic", .offset = 0, .size = 4, .bit_offset = 14, .bit_size = 8 });
	STRUCT("size_class", 128, MEMBER("size", 72, 4), MEMBER("objs_per_zspage", 76, 4),
	       MEMBER("pages_per_zspage", 80, 4));
	STRUCT("zs_pool", 0x900, { .name = "size_class", .offset = 8, .size = 8, .count = 255 });
	STRUCT("zram_attr", 4, MEMBER("flags", 0, 4));
	STRUCT("zram_table_entry", 16, MEMBER("handle", 0, 8),
	       { .name = "attr", .offset = 8, .type = "zram_attr" });
	STRUCT("zcomp_params", 32, MEMBER("dict", 0, 8), MEMBER("dict_sz", 8, 8));
	STRUCT("zram", 0x200, MEMBER("table", 0, 8), MEMBER("mem_pool", 8, 8),
	       MEMBER("disk", 24, 8), MEMBER("disksize", 208, 8),
	       { .name = "comp_algs", .offset = 216, .size = 8, .count = 4 },
	       { .name = "params", .offset = 256, .type = "zcomp_params", .count = 4 });
	fake_enum("zram_pageflags", bits, ARRAY_SIZE(bits));
	STRUCT("swp_entry_t", 8, MEMBER("val", 0, 8));
	STRUCT("zswap_entry", 56, { .name = "swpentry", .offset = 0, .type = "swp_entry_t" },
	       MEMBER("length", 8, 4), MEMBER("pool", 16, 8), MEMBER("handle", 24, 8));
	STRUCT("zswap_pool", 224, MEMBER("zs_pool", 0, 8),
	       { .name = "tfm_name", .offset = 96, .size = 1, .count = 128 });
	fake_symbol("nr_zswap_trees", fake_kva(NR_ZSWAP_TREES));
}

/* Modules have no types. */
static void old_types(void)
{
	STRUCT("swap_info_struct", 0x100, MEMBER("flags", 16, 8), MEMBER("prio", 24, 2),
	       MEMBER("max", 76, 4), MEMBER("pages", 88, 4), MEMBER("inuse_pages", 96, 4),
	       MEMBER("bdev", 104, 8), MEMBER("swap_file", 112, 8));
	STRUCT("address_space", 64, { .name = "i_pages", .offset = 8, .type = "xarray" });
	STRUCT("rb_node", 24, MEMBER("__rb_parent_color", 0, 8), MEMBER("rb_right", 8, 8),
	       MEMBER("rb_left", 16, 8));
	STRUCT("rb_root", 8, MEMBER("rb_node", 0, 8));
	STRUCT("zswap_tree", 16, { .name = "rbroot", .offset = 0, .type = "rb_root" });
	STRUCT("zswap_entry", 64, { .name = "rbnode", .offset = 0, .type = "rb_node" },
	       MEMBER("offset", 24, 8), MEMBER("length", 36, 4), MEMBER("pool", 40, 8),
	       MEMBER("handle", 48, 8), MEMBER("value", 48, 8));
	STRUCT("zswap_pool", 248, MEMBER("zpool", 0, 8),
	       { .name = "tfm_name", .offset = 120, .size = 1, .count = 128 });
	STRUCT("zpool", 48, MEMBER("driver", 0, 8), MEMBER("pool", 8, 8),
	       MEMBER("evictable", 24, 1));
	STRUCT("zpool_driver", 64, MEMBER("type", 0, 8));
	fake_symbol("swapper_spaces", fake_kva(CACHES));
	fake_symbol("nr_swapper_spaces", fake_kva(NR_CACHES));
}

void fake_swap_types(enum fake_swap_kernel kernel)
{
	is_new = kernel == FAKE_SWAP_NEW;
	common_types();
	if (is_new)
		new_types();
	else
		old_types();
}

/* So much noise that what is packed has the size that the slot's class is for. */
void fake_swap_content(unsigned slot, u8 *page)
{
	size_t noise = slot == SLOT_STRADDLES					 ? 1100
		       : slot == SLOT_HUGE || (is_new && slot == SLOT_ZSWAP_RAW) ? PAGE_BYTES
										 : 200;
	u32 value = slot;

	for (size_t i = 0; i < PAGE_BYTES; i++) {
		value = value * 1664525 + 1013904223;
		page[i] = i < noise ? (u8)(value >> 24) : (u8)('a' + slot);
	}
}

static size_t pack(unsigned slot, u8 *packed)
{
	u8 page[PAGE_BYTES];

	fake_swap_content(slot, page);
	return (size_t)LZ4_compress_default((const char *)page, (char *)packed, PAGE_BYTES,
					    2 * PAGE_BYTES);
}

static void put(u64 physical, u64 value)
{
	fake_u64(fake_kva(physical), value);
}

static void put_text(u64 physical, const char *text)
{
	fake_bytes(fake_kva(physical), text, strlen(text) + 1);
}

static void put_u32(u64 physical, u32 value)
{
	fake_bytes(fake_kva(physical), &value, sizeof(value));
}

u64 fake_swap_zspage(unsigned number)
{
	return fake_kva(ZSPAGES + number * 64ULL);
}

void fake_swap_set_handle(unsigned slot, u64 word)
{
	put(HANDLES + slot * 8, word);
}

static u64 handle_of(unsigned slot)
{
	return fake_kva(HANDLES + slot * 8);
}

static void build_class(unsigned number, u32 size, u32 objects, u32 pages, u64 first_page)
{
	u64 class = CLASSES + number * 256, pfn = first_page >> PAGE_SHIFT;

	put(POOL + 8 + number * 8, fake_kva(class));
	put_u32(class + 72, size);
	put_u32(class + 76, objects);
	put_u32(class + 80, pages);
	put(ZSPAGES + number * 64, is_new ? number << 5 | 0x58 << 14 : number << 2 | 0x58 << 14);
	for (u32 i = 0; i < pages; i++) {
		fake_u64(fake_page(pfn + i) + 40, fake_swap_zspage(number));
		fake_u64(fake_page(pfn + i) + 32, i + 1 < pages ? fake_page(pfn + i + 1) : 0);
	}
}

/* Behind the word that names its handle. */
static void put_object(unsigned slot, u64 physical, const u8 *bytes, size_t length, u64 word)
{
	fake_swap_set_handle(slot, word);
	put(physical, handle_of(slot) | 1);
	fake_bytes(fake_kva(physical + 8), bytes, length);
}

static void put_slot(unsigned slot, u64 handle, u64 flags)
{
	struct slot_layout layout = slot_layout();
	u64 at = ZRAM_TABLE + slot * layout.entry_bytes;

	put(at, handle);
	if (is_new)
		put_u32(at + layout.flags_at, (u32)flags);
	else
		put(at + layout.flags_at, flags);
}

void fake_swap_set_length(unsigned slot, u32 length)
{
	struct slot_layout layout = slot_layout();

	put_u32(ZRAM_TABLE + slot * layout.entry_bytes + layout.flags_at, length);
}

static u64 word_of(u64 physical, u64 index)
{
	u64 pfn = physical >> PAGE_SHIFT;

	return is_new ? pfn << 24 | index : pfn << 30 | index << 1 | 1;
}

static void build_objects(void)
{
	u8 packed[2 * PAGE_BYTES];
	size_t length = pack(SLOT_SMALL, packed);

	put_object(SLOT_SMALL, SMALL_PAGE + SMALL_INDEX * 512, packed, length,
		   word_of(SMALL_PAGE, SMALL_INDEX));
	put_slot(SLOT_SMALL, handle_of(SLOT_SMALL), length);
	length = pack(SLOT_STRADDLES, packed);
	put_object(SLOT_STRADDLES, STRADDLED_PAGES + STRADDLING_INDEX * 1536, packed, length,
		   word_of(STRADDLED_PAGES, STRADDLING_INDEX));
	put_slot(SLOT_STRADDLES, handle_of(SLOT_STRADDLES), length);
	fake_swap_content(SLOT_HUGE, packed);
	fake_bytes(fake_kva(HUGE_PAGE), packed, PAGE_BYTES);
	fake_swap_set_handle(SLOT_HUGE, word_of(HUGE_PAGE, 0));
	fake_u64(fake_page(HUGE_PAGE >> PAGE_SHIFT) + 32, handle_of(SLOT_HUGE));
	put_slot(SLOT_HUGE, handle_of(SLOT_HUGE), PAGE_BYTES);
}

static void build_zram(void)
{
	put(BDEV + 8, fake_kva(DISK));
	put_text(DISK, "zram0");
	put(DISK + 40, fake_kva(ZRAM));
	put(ZRAM, fake_kva(ZRAM_TABLE));
	put(ZRAM + 8, fake_kva(POOL));
	put(ZRAM + 24, fake_kva(DISK));
	put(ZRAM + 208, 64 * PAGE_BYTES);
	put_text(NAMES, "lz4");
	if (is_new)
		put(ZRAM + 216, fake_kva(NAMES));
	else
		put_text(ZRAM + 216, "lz4");
	build_class(SMALL_CLASS, 512, 8, 1, SMALL_PAGE);
	build_class(STRADDLING_CLASS, 1536, 8, 3, STRADDLED_PAGES);
	build_class(HUGE_CLASS, PAGE_BYTES, 1, 1, HUGE_PAGE);
	build_objects();
	put_slot(SLOT_SAME, FAKE_WORD, slot_layout().same);
	put_slot(SLOT_WRITTEN_BACK, 77, slot_layout().written_back);
}

/* A node of one level, of which the tree's head is. */
static void build_xarray(u64 head, const unsigned *slots, size_t count, u64 (*entry)(unsigned slot))
{
	put(head + 8, fake_kva(TREE_NODE + (head == TREE ? 0 : 0x400)) | 2);
	for (size_t i = 0; i < count; i++)
		put((head == TREE ? TREE_NODE : TREE_NODE + 0x400) + 40 + slots[i] * 8,
		    entry(slots[i]));
}

static u64 cached_page(UNUSED unsigned slot)
{
	return fake_page(CACHED_PAGE >> PAGE_SHIFT);
}

static void build_cache(void)
{
	static const unsigned slots[] = { SLOT_CACHED };
	u8 page[PAGE_BYTES];

	fake_swap_content(SLOT_CACHED, page);
	fake_bytes(fake_kva(CACHED_PAGE), page, PAGE_BYTES);
	fake_u64(cached_page(0) + 40, SLOT_CACHED);
	if (is_new) {
		put(AREA_0 + 80, fake_kva(CLUSTERS));
		put(CLUSTERS + 8, fake_kva(SWAP_TABLE));
		for (unsigned i = 1; i < NR_FAKE_SLOTS; i++)
			put(SWAP_TABLE + i * 8ULL, 1ULL << 60 | 0x1234 << 1 | 1);
		put(SWAP_TABLE + SLOT_CACHED * 8,
		    1ULL << 60 | (u64)(CACHED_PAGE >> PAGE_SHIFT) << 2 | 2);
		put(SWAP_TABLE + SLOT_ZERO * 8, 1ULL << 60 | 1ULL << 59 | 1);
	} else {
		put(CACHES, fake_kva(CACHES + 0x40));
		put_u32(NR_CACHES, 1);
		build_xarray(CACHES + 0x40 + 8, slots, 1, cached_page);
	}
}

static u64 zswap_entry(unsigned slot)
{
	return fake_kva(ZSWAP_ENTRIES + slot * 128ULL);
}

static void put_zswap_entry(unsigned slot, u32 length, u64 handle)
{
	u64 at = ZSWAP_ENTRIES + slot * 128ULL;

	put(at + (is_new ? 0 : 24), slot);
	put_u32(at + (is_new ? 8 : 36), length);
	put(at + (is_new ? 16 : 40), fake_kva(ZSWAP_POOL));
	put(at + (is_new ? 24 : 48), handle);
}

static void build_zswap_new(void)
{
	static const unsigned slots[] = { SLOT_ZSWAP, SLOT_ZSWAP_RAW };
	u8 packed[2 * PAGE_BYTES];
	size_t length = pack(SLOT_ZSWAP, packed);

	put_u32(NR_ZSWAP_TREES, 1);
	put(ZSWAP_POOL, fake_kva(POOL));
	put_text(ZSWAP_POOL + 96, "lz4");
	build_xarray(TREE, slots, ARRAY_SIZE(slots), zswap_entry);
	put_object(SLOT_ZSWAP, SMALL_PAGE, packed, length, word_of(SMALL_PAGE, 0));
	put_zswap_entry(SLOT_ZSWAP, (u32)length, handle_of(SLOT_ZSWAP));
	/* As large as zram's own. */
	fake_swap_content(SLOT_ZSWAP_RAW, packed);
	build_class(HUGE_CLASS + 1, PAGE_BYTES, 1, 1, BUDDY_PAGE);
	fake_bytes(fake_kva(BUDDY_PAGE), packed, PAGE_BYTES);
	fake_swap_set_handle(SLOT_ZSWAP_RAW, word_of(BUDDY_PAGE, 0));
	fake_u64(fake_page(BUDDY_PAGE >> PAGE_SHIFT) + 32, handle_of(SLOT_ZSWAP_RAW));
	put_zswap_entry(SLOT_ZSWAP_RAW, PAGE_BYTES, handle_of(SLOT_ZSWAP_RAW));
}

static void build_zpool(u64 pool, u64 zpool, const char *driver)
{
	put(pool, fake_kva(zpool));
	put_text(pool + 120, "lz4");
	put(zpool, fake_kva(zpool + 0x40));
	put(zpool + 8, fake_kva(POOL));
	put(zpool + 0x40, fake_kva(zpool + 0x60));
	put_text(zpool + 0x60, driver);
}

/* Pages of zbud can be given back: the slot's number stands before the bytes. */
static void build_zbud(void)
{
	u8 packed[2 * PAGE_BYTES], yes = 1;
	size_t length = pack(SLOT_ZSWAP, packed);

	build_zpool(ZSWAP_POOL, ZPOOLS, "zbud");
	fake_bytes(fake_kva(ZPOOLS + 24), &yes, 1);
	put(BUDDY_PAGE + 0x400, SLOT_ZSWAP);
	fake_bytes(fake_kva(BUDDY_PAGE + 0x408), packed, length);
	put_zswap_entry(SLOT_ZSWAP, (u32)length, fake_kva(BUDDY_PAGE + 0x400));
	put_zswap_entry(SLOT_ZSWAP_RAW, 0, FAKE_WORD);
}

/* The last object of its page: its size in chunks is in the word. */
static void build_z3fold(void)
{
	u8 packed[2 * PAGE_BYTES];
	size_t length = pack(SLOT_ZSWAP_Z3FOLD, packed), chunks = (length + 63) / 64;

	build_zpool(ZSWAP_POOL + 0x200, ZPOOLS + 0x100, "z3fold");
	put(Z3FOLD_PAGE + 64, fake_kva(POOL));
	put(Z3FOLD_SLOTS + 24, fake_kva(Z3FOLD_PAGE) | chunks << 2 | 3);
	fake_bytes(fake_kva(Z3FOLD_PAGE + PAGE_BYTES - chunks * 64), packed, length);
	put_zswap_entry(SLOT_ZSWAP_Z3FOLD, (u32)length, fake_kva(Z3FOLD_SLOTS + 24));
	put(ZSWAP_ENTRIES + SLOT_ZSWAP_Z3FOLD * 128 + 40, fake_kva(ZSWAP_POOL + 0x200));
}

static void build_zswap_old(void)
{
	put(TREE, zswap_entry(SLOT_ZSWAP_RAW));
	put(ZSWAP_ENTRIES + SLOT_ZSWAP_RAW * 128 + 8, zswap_entry(SLOT_ZSWAP_Z3FOLD));
	put(ZSWAP_ENTRIES + SLOT_ZSWAP_RAW * 128 + 16, zswap_entry(SLOT_ZSWAP));
	build_zbud();
	build_z3fold();
}

static void build_area(u64 area, unsigned number, u64 flags)
{
	put(AREAS + number * 8, fake_kva(area));
	put(area + 16, flags);
	put_u32(area + 76, 64);
	put_u32(area + 88, 63);
}

void fake_swap_build(void)
{
	fake_dump();
	put_u32(NR_AREAS, 2);
	build_area(AREA_0, 0, 0x43);
	build_area(AREA_1, 1, 0x3);
	put(AREA_0 + 104, fake_kva(BDEV));
	put(ZSWAP_TREES, fake_kva(TREE));
	build_zram();
	build_cache();
	if (is_new)
		build_zswap_new();
	else
		build_zswap_old();
	fake_u64(fake_page(BROKEN_PAGE >> PAGE_SHIFT), 1 << 1);
	fake_u64(fake_page(MOVING_PAGE >> PAGE_SHIFT), 1 << 0);
}
