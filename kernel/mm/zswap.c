/* kernel/mm/zswap.c - struct zswap_entry: the trees that they hang on, and the pools of their pages. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/mm/zswap.h"

#include "base/fail.h"
#include "containers/krbtree.h"
#include "containers/kxarray.h"
#include "dump/pagecodec.h"
#include "kernel/mm/zpool.h"
#include "kernel/mm/zsmalloc.h"
#include "memory.h"

KSYMBOL(zswap_trees, "zswap_trees");
KSYMBOL(nr_zswap_trees, "nr_zswap_trees"); /* v6.8: an area has more than one */
KTYPE(zswap_tree_type, "struct zswap_tree");
KTYPE(zswap_xarray_type, "struct xarray");
KFIELD(zswap_tree_root, "zswap_tree.rbroot"); /* up to v6.8 */
KFIELD(zswap_node, "zswap_entry.rbnode");
KFIELD(zswap_offset, "zswap_entry.swpentry.val", "zswap_entry.offset");
KFIELD(zswap_length, "zswap_entry.length");
KFIELD(zswap_handle, "zswap_entry.handle");
KFIELD(zswap_value, "zswap_entry.value"); /* up to v6.11 */
KFIELD(zswap_pool, "zswap_entry.pool");
KFIELD(zswap_pool_algorithm, "zswap_pool.tfm_name");
KFIELD(zswap_pool_zpool, "zswap_pool.zpool");
KFIELD(zswap_pool_zpools, "zswap_pool.zpools"); /* v6.6 and v6.7 */
KFIELD(zswap_pool_zsmalloc, "zswap_pool.zs_pool"); /* v6.18 */
KFIELD(zswap_evictable, "zpool.evictable"); /* up to v6.4 */

/* Macros of the kernel. */
#define TREE_SHIFT 14 /* slots of one tree, where an area has more */
#define OFFSET_MASK ((1ULL << 58) - 1) /* of an entry: above it stands the area's number */
#define GOLDEN_RATIO 0x61c8864680b583ebULL /* what hash_64() multiplies by */
#define MOST_LEVELS 128 /* no red-black tree is deeper */

struct wanted {
	unsigned type;
	u64 offset;
};

static u64 offset_of(u64 entry)
{
	return field_u64(entry, &zswap_offset) & OFFSET_MASK;
}

/* The tree of that slot, as all of them are ELEMENT_BYTES long; 0: the area has none. */
static u64 tree_of(const struct wanted *wanted, size_t element_bytes)
{
	u64 trees = mem_u64(ksymbol_address(&zswap_trees) + wanted->type * 8ULL, "zswap_trees");
	u64 number = wanted->offset >> TREE_SHIFT;

	if (!trees || !ksymbol_exists(&nr_zswap_trees))
		return trees;
	if (number >=
	    mem_u32(ksymbol_address(&nr_zswap_trees) + wanted->type * 4ULL, "nr_zswap_trees"))
		return 0;
	return trees + number * element_bytes;
}

static u64 in_rbtree(const struct wanted *wanted)
{
	u64 tree = tree_of(wanted, ktype_size(&zswap_tree_type)), node, left, right;
	struct fault fault;

	if (!tree)
		return 0;
	if (!krbtree_top(tree + kfield_offset(&zswap_tree_root), &node, &fault))
		fail("cannot read zswap's tree at %llx: %s", tree, fault_text(&fault));
	for (unsigned level = 0; node; level++) {
		u64 entry = node - kfield_offset(&zswap_node), offset = offset_of(entry);

		if (offset == wanted->offset)
			return entry;
		if (level == MOST_LEVELS)
			fail("zswap's tree at %llx has a loop", tree);
		if (!krbtree_children(node, &left, &right, &fault))
			fail("cannot read zswap's tree at %llx: %s", tree, fault_text(&fault));
		node = offset > wanted->offset ? left : right;
	}
	return 0;
}

static u64 in_xarray(const struct wanted *wanted)
{
	u64 tree = tree_of(wanted, ktype_size(&zswap_xarray_type)), entry = 0;
	/* Some kernels may count from the start of each. */
	u64 indices[] = { wanted->offset, wanted->offset & ((1ULL << TREE_SHIFT) - 1) };

	for (size_t i = 0; tree && i < ARRAY_SIZE(indices); i++) {
		struct fault fault;

		if (!kxarray_load(tree, indices[i], &entry, &fault))
			fail("cannot read zswap's tree at %llx: %s", tree, fault_text(&fault));
		if (entry && !kxarray_is_value(entry) && offset_of(entry) == wanted->offset)
			return entry;
	}
	return 0;
}

/* One of several, by the address of the entry. */
static u64 zpool_of(u64 entry, u64 pool)
{
	u64 count, index;

	if (!kfield_exists(&zswap_pool_zpools))
		return field_u64(pool, &zswap_pool_zpool);
	count = kfield_size(&zswap_pool_zpools) / sizeof(u64);
	if (!count || count & (count - 1))
		fail("zswap_pool.zpools has %llu elements", count);
	index = count > 1 ? entry * GOLDEN_RATIO >> (64 - __builtin_ctzll(count)) : 0;
	return mem_u64(field_address(pool, &zswap_pool_zpools) + index * sizeof(u64),
		       "zswap_pool.zpools");
}

/*
 * Of pools that could give pages back the page's entry stood before its bytes.
 */
static void read_of_zpool(const struct wanted *wanted, u64 entry, u64 pool, u8 *packed,
			  size_t bytes)
{
	u64 zpool = zpool_of(entry, pool), handle = field_u64(entry, &zswap_handle), header;
	u8 *with_header;

	if (!kfield_exists(&zswap_evictable) || !field_u64(zpool, &zswap_evictable)) {
		zpool_read(zpool, handle, packed, bytes);
		return;
	}
	with_header = scope_alloc(sizeof(header) + bytes);
	zpool_read(zpool, handle, with_header, sizeof(header) + bytes);
	header = load_u64(with_header);
	if ((header & OFFSET_MASK) != wanted->offset)
		fail("zswap: the page behind handle %llx is of another slot, %llu", handle,
		     header & OFFSET_MASK);
	memcpy(packed, with_header + sizeof(header), bytes);
}

static void fill_page(u8 *page, u64 word)
{
	for (size_t at = 0; at < PAGE_BYTES; at += sizeof(word))
		memcpy(page + at, &word, sizeof(word));
}

static void read_stored(const struct wanted *wanted, u64 entry, struct zswap_page *found, u8 *page)
{
	u64 pool = field_u64(entry, &zswap_pool);
	u8 packed[PAGE_BYTES];
	const char *why;

	found->kind = ZSWAP_STORED;
	found->bytes = field_u64(entry, &zswap_length);
	if (!found->bytes || found->bytes > PAGE_BYTES)
		fail("zswap: %llu bytes for a page", found->bytes);
	if (found->bytes < PAGE_BYTES)
		field_string(pool, &zswap_pool_algorithm, found->algorithm,
			     sizeof(found->algorithm));
	if (!page)
		return;
	if (kfield_exists(&zswap_pool_zsmalloc))
		zsmalloc_read(field_u64(pool, &zswap_pool_zsmalloc),
			      field_u64(entry, &zswap_handle), packed, found->bytes);
	else
		read_of_zpool(wanted, entry, pool, packed, found->bytes);
	if (found->bytes == PAGE_BYTES) {
		memcpy(page, packed, PAGE_BYTES);
		return;
	}
	why = pagecodec_unpack(found->algorithm, packed, found->bytes, page);
	if (why)
		fail("%llu bytes of %s: %s", found->bytes, found->algorithm, why);
}

void zswap_read(unsigned type, u64 offset, struct zswap_page *found, u8 *page)
{
	struct wanted wanted = { type, offset };
	u64 entry;

	*found = (struct zswap_page){ .kind = ZSWAP_NONE };
	if (!ksymbol_exists(&zswap_trees))
		return;
	entry = kfield_exists(&zswap_tree_root) ? in_rbtree(&wanted) : in_xarray(&wanted);
	if (!entry)
		return;
	if (kfield_exists(&zswap_value) && !field_u64(entry, &zswap_length)) {
		found->kind = ZSWAP_SAME_FILLED;
		if (page)
			fill_page(page, field_u64(entry, &zswap_value));
		return;
	}
	read_stored(&wanted, entry, found, page);
}
