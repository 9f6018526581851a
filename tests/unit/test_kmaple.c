/* test_kmaple.c - L4 maple trees: every node type, exact ranges, damage. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "containers/klist.h"
#include "containers/kmaple.h"
#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { DENSE, LEAF_64, RANGE_64, ARANGE_64 };

static u64 tree(void)
{
	return fake_kva(0x1000);
}

static u64 node(unsigned i)
{
	return fake_kva(0x2000 + i * 256ULL);
}

static u64 encoded(unsigned i, unsigned type)
{
	return node(i) | type << 3 | 4;
}

static void set_root(unsigned i, unsigned type)
{
	fake_u64(tree() + 8, node(i) | type << 3 | 2);
}

static u64 object(unsigned i)
{
	return fake_kva(0x100000 + i * 64ULL);
}

static void set_pivot(unsigned i, unsigned slot, u64 pivot)
{
	fake_u64(node(i) + 8 + slot * 8, pivot);
}

static void set_range_slot(unsigned i, unsigned slot, u64 entry)
{
	fake_u64(node(i) + 128 + slot * 8, entry);
}

static void set_range_end(unsigned i, u8 end)
{
	fake_bytes(node(i) + 248, &end, 1);
}

static void set_arange_slot(unsigned i, unsigned slot, u64 entry)
{
	fake_u64(node(i) + 80 + slot * 8, entry);
}

static void set_arange_end(unsigned i, u8 end)
{
	fake_bytes(node(i) + 240, &end, 1);
}

struct found {
	u64 first[80], last[80], entry[80];
	unsigned count;
	u8 stopped;
};

static void collect(struct found *found)
{
	struct kmaple_iter it;

	found->count = 0;
	kmaple_begin(&it, tree());
	while (found->count < 80 &&
	       kmaple_next(&it, &found->first[found->count], &found->last[found->count],
			   &found->entry[found->count]))
		found->count++;
	found->stopped = it.stopped;
	if (it.stopped)
		assert_non_null(strstr(kmaple_why(&it), "broken at index"));
}

static void expect(const struct found *found, unsigned at, u64 first, u64 last, u64 entry)
{
	assert_true(at < found->count);
	assert_int_equal(found->first[at], first);
	assert_int_equal(found->last[at], last);
	assert_int_equal(found->entry[at], entry);
}

static void test_without_nodes(void **state UNUSED)
{
	struct found found;

	fake_dump();
	collect(&found);
	assert_int_equal(found.count, 0);
	assert_int_equal(found.stopped, 0);
	fake_u64(tree() + 8, object(0));
	collect(&found);
	assert_int_equal(found.count, 1);
	expect(&found, 0, 0, 0, object(0));
}

/* One leaf: [0x10, 0x1f] object 1, [0x20, 0x2f] object 2, [0x40, max] object 3. */
static void build_leaf(void)
{
	fake_dump();
	set_root(0, LEAF_64);
	set_pivot(0, 0, 0xf);
	set_pivot(0, 1, 0x1f);
	set_range_slot(0, 1, object(1));
	set_pivot(0, 2, 0x2f);
	set_range_slot(0, 2, object(2));
	set_pivot(0, 3, 0x3f);
	set_range_slot(0, 4, object(3));
	set_range_end(0, 4);
}

static void test_leaf(void **state UNUSED)
{
	struct found found;
	u64 entry;

	build_leaf();
	collect(&found);
	assert_int_equal(found.stopped, 0);
	assert_int_equal(found.count, 3);
	expect(&found, 0, 0x10, 0x1f, object(1));
	expect(&found, 1, 0x20, 0x2f, object(2));
	expect(&found, 2, 0x40, ~0ULL, object(3));
	assert_true(kmaple_load(tree(), 0x25, &entry, NULL));
	assert_int_equal(entry, object(2));
	assert_true(kmaple_load(tree(), 0x30, &entry, NULL));
	assert_int_equal(entry, 0);
}

/*
 * A node that uses all 16 slots has no room for metadata: its last slot must not be taken for it.
 */
static void test_full_leaf(void **state UNUSED)
{
	struct found found;

	fake_dump();
	set_root(0, LEAF_64);
	for (unsigned i = 0; i < 15; i++)
		set_pivot(0, i, i * 10 + 9);
	for (unsigned i = 0; i < 16; i++)
		set_range_slot(0, i, object(i));
	collect(&found);
	assert_int_equal(found.stopped, 0);
	assert_int_equal(found.count, 16);
	expect(&found, 15, 150, ~0ULL, object(15));

	/* the last pivot says where the node ends: slot 15 is not in use */
	set_pivot(0, 14, ~0ULL);
	collect(&found);
	assert_int_equal(found.stopped, 0);
	assert_int_equal(found.count, 15);
	expect(&found, 14, 140, ~0ULL, object(14));
}

/*
 * An arange root over a range node over leaves: the last slot of a leaf ends where its parent says.
 */
static void build_three_levels(void)
{
	fake_dump();
	set_root(0, ARANGE_64);
	set_arange_slot(0, 0, encoded(1, RANGE_64));
	set_pivot(0, 0, 0xfff);
	set_arange_slot(0, 1, encoded(3, LEAF_64));
	set_arange_end(0, 1);
	set_range_slot(1, 0, encoded(2, LEAF_64));
	set_pivot(1, 0, 0xff);
	set_range_slot(1, 1, encoded(4, DENSE));
	set_range_end(1, 1);
	set_range_slot(2, 0, object(1));
	set_pivot(2, 0, 0x7f);
	set_range_slot(2, 1, object(2));
	set_range_end(2, 1);
	set_range_slot(3, 0, object(3));
	set_pivot(3, 0, 0x1fff);
	set_range_end(3, 1);
	fake_u64(node(4) + 8 + 5 * 8, object(4));
}

static void test_three_levels(void **state UNUSED)
{
	struct found found;

	build_three_levels();
	/* the dense node has 31 slots and covers 0x100-0xfff */
	collect(&found);
	assert_int_equal(found.stopped, 0);
	assert_int_equal(found.count, 4);
	expect(&found, 0, 0, 0x7f, object(1));
	expect(&found, 1, 0x80, 0xff, object(2));
	expect(&found, 2, 0x105, 0x105, object(4));
	expect(&found, 3, 0x1000, 0x1fff, object(3));
}

static void test_damage(void **state UNUSED)
{
	struct found found;

	/* pivots that go backwards */
	build_leaf();
	set_pivot(0, 2, 0x11);
	collect(&found);
	assert_int_equal(found.stopped, KLIST_FAULT);
	assert_int_equal(found.count, 1);
	/* metadata that says more slots than there are */
	build_leaf();
	set_range_end(0, 200);
	collect(&found);
	assert_int_equal(found.stopped, KLIST_FAULT);
	assert_int_equal(found.count, 0);
	/* a type that does not exist */
	build_leaf();
	set_root(0, 9);
	collect(&found);
	assert_int_equal(found.stopped, KLIST_FAULT);
	/* an inner node that points at itself */
	build_three_levels();
	set_range_slot(1, 0, encoded(1, RANGE_64));
	collect(&found);
	assert_int_equal(found.stopped, KLIST_FAULT);
	assert_int_equal(found.count, 0);
	/* a child nowhere */
	build_three_levels();
	set_arange_slot(0, 1, 0x414141414141410cULL);
	collect(&found);
	assert_int_equal(found.stopped, KLIST_FAULT);
	assert_int_equal(found.count, 3);
}

/* Every word of every node replaced by every kind of garbage: always an end. */
static void test_garbage(void **state UNUSED)
{
	static const u64 garbage[] = { 0, 1, 0x30, 0xff, 0x4141414141414141ULL, ~0ULL };
	struct found found;

	for (unsigned i = 0; i < 5; i++)
		for (unsigned word = 0; word < 32; word++)
			for (unsigned kind = 0; kind < ARRAY_SIZE(garbage) + 2; kind++) {
				build_three_levels();
				fake_u64(node(i) + word * 8,
					 kind < ARRAY_SIZE(garbage)    ? garbage[kind]
					 : kind == ARRAY_SIZE(garbage) ? encoded(0, ARANGE_64)
								       : encoded(i, RANGE_64));
				collect(&found);
				for (unsigned at = 1; at < found.count; at++)
					assert_true(found.first[at] > found.last[at - 1]);
			}
}

static int make_types(void **state UNUSED)
{
	static const struct fake_member metadata[] = {
		{ .name = "end", .offset = 0, .size = 1 },
		{ .name = "gap", .offset = 1, .size = 1 },
	};
	static const struct fake_member range[] = {
		{ .name = "pivot", .offset = 8, .size = 8, .count = 15 },
		{ .name = "slot", .offset = 128, .size = 8, .count = 16 },
		{ .name = "meta", .offset = 248, .type = "maple_metadata" },
	};
	static const struct fake_member arange[] = {
		{ .name = "pivot", .offset = 8, .size = 8, .count = 9 },
		{ .name = "slot", .offset = 80, .size = 8, .count = 10 },
		{ .name = "meta", .offset = 240, .type = "maple_metadata" },
	};
	static const struct fake_member plain[] = {
		{ .name = "slot", .offset = 8, .size = 8, .count = 31 }
	};
	static const struct fake_member root[] = { { .name = "ma_root", .offset = 8, .size = 8 } };

	fake_struct("maple_metadata", 2, metadata, ARRAY_SIZE(metadata));
	fake_struct("maple_range_64", 256, range, ARRAY_SIZE(range));
	fake_struct("maple_arange_64", 256, arange, ARRAY_SIZE(arange));
	fake_struct("maple_node", 256, plain, ARRAY_SIZE(plain));
	fake_struct("maple_tree", 16, root, ARRAY_SIZE(root));
	fake_types_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_nodes), cmocka_unit_test(test_leaf),
		cmocka_unit_test(test_full_leaf),     cmocka_unit_test(test_three_levels),
		cmocka_unit_test(test_damage),	      cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, make_types, NULL);
}
