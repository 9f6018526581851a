/* test_kxarray.c - L4 xarray and IDR: indices, values, siblings, reserved slots, damage. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "containers/klist.h"
#include "containers/kxarray.h"
#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define ROOT 0x1000
#define NODE_BYTES 576
#define SLOTS_AT 40

static u64 root(void)
{
	return fake_kva(ROOT);
}

static u64 node(unsigned i)
{
	return fake_kva(0x2000 + i * 0x400ULL);
}

static void set_head(u64 head)
{
	fake_u64(root() + 8, head);
}

static void set_shift(unsigned i, u8 shift)
{
	fake_bytes(node(i), &shift, 1);
}

static void set_slot(unsigned i, unsigned slot, u64 entry)
{
	fake_u64(node(i) + SLOTS_AT + slot * 8, entry);
}

static u64 object(unsigned i)
{
	return fake_kva(0x100000 + i * 64ULL);
}

struct found {
	u64 index[64], entry[64];
	unsigned count;
};

static void collect(struct kxarray_iter *it, struct found *found)
{
	found->count = 0;
	while (found->count < 64 &&
	       kxarray_next(it, &found->index[found->count], &found->entry[found->count]))
		found->count++;
}

static void test_small(void **state UNUSED)
{
	struct kxarray_iter it;
	struct found found;
	u64 entry;

	fake_dump();
	kxarray_begin(&it, root());
	collect(&it, &found);
	assert_int_equal(found.count, 0);
	assert_int_equal(it.stopped, 0);

	set_head(object(1));
	kxarray_begin(&it, root());
	collect(&it, &found);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.index[0], 0);
	assert_int_equal(found.entry[0], object(1));
	assert_true(kxarray_load(root(), 0, &entry, NULL));
	assert_int_equal(entry, object(1));
	assert_true(kxarray_load(root(), 1, &entry, NULL));
	assert_int_equal(entry, 0);
}

/* Two levels, an entry of four slots, a value, a reserved slot and the highest index. */
static void build_tree(void)
{
	fake_dump();
	set_head(node(0) + 2);
	set_shift(0, 6);
	set_slot(0, 0, node(1) + 2);
	set_slot(0, 2, node(2) + 2);
	set_shift(1, 0);
	set_slot(1, 3, object(3));
	set_slot(1, 4, 77 << 1 | 1);
	set_slot(1, 8, object(8));
	set_slot(1, 9, 8 << 2 | 2);
	set_slot(1, 10, 8 << 2 | 2);
	set_slot(1, 11, 8 << 2 | 2);
	set_slot(1, 12, 257 << 2 | 2);
	set_shift(2, 0);
	set_slot(2, 63, object(191));
}

static void test_tree(void **state UNUSED)
{
	struct kxarray_iter it;
	struct found found;
	u64 entry;

	build_tree();
	kxarray_begin(&it, root());
	collect(&it, &found);
	assert_int_equal(it.stopped, 0);
	assert_int_equal(found.count, 4);
	assert_int_equal(found.index[0], 3);
	assert_int_equal(found.index[1], 4);
	assert_true(kxarray_is_value(found.entry[1]));
	assert_int_equal(kxarray_to_value(found.entry[1]), 77);
	assert_int_equal(found.index[2], 8);
	assert_int_equal(found.index[3], 191);
	assert_int_equal(found.entry[3], object(191));

	assert_true(kxarray_load(root(), 10, &entry, NULL));
	assert_int_equal(entry, object(8));
	assert_true(kxarray_load(root(), 12, &entry, NULL));
	assert_int_equal(entry, 0);
	assert_true(kxarray_load(root(), 100, &entry, NULL));
	assert_int_equal(entry, 0);
	assert_true(kxarray_load(root(), 1ULL << 40, &entry, NULL));
	assert_int_equal(entry, 0);
}

static void test_idr_base(void **state UNUSED)
{
	struct kxarray_iter it;
	struct found found;
	u32 base = 1000;
	u64 entry;

	build_tree();
	fake_bytes(root() + 16, &base, 4);
	kidr_begin(&it, root());
	collect(&it, &found);
	assert_int_equal(found.count, 4);
	assert_int_equal(found.index[0], 1003);
	assert_true(kidr_load(root(), 1191, &entry, NULL));
	assert_int_equal(entry, object(191));
	assert_true(kidr_load(root(), 3, &entry, NULL));
	assert_int_equal(entry, 0);
}

static void expect_stop(unsigned nr_before)
{
	struct kxarray_iter it;
	struct found found;

	kxarray_begin(&it, root());
	collect(&it, &found);
	assert_int_equal(it.stopped, KLIST_FAULT);
	assert_int_equal(found.count, nr_before);
	assert_non_null(strstr(kxarray_why(&it), "broken at index"));
}

static void test_damage(void **state UNUSED)
{
	/* a child that is its own parent */
	build_tree();
	set_slot(0, 2, node(0) + 2);
	expect_stop(3);
	/* a shift that no tree has */
	build_tree();
	set_shift(1, 77);
	expect_stop(0);
	build_tree();
	set_shift(2, 3);
	expect_stop(3);
	/* a leaf that holds a node */
	build_tree();
	set_slot(1, 5, node(2) + 2);
	expect_stop(2);
	/* a node nowhere */
	build_tree();
	set_slot(0, 2, 0xdead000000000102ULL);
	expect_stop(3);
	build_tree();
	fake_page_fault(0x1000, FAULT_EXCLUDED);
	expect_stop(0);
}

static void test_each_read_failing(void **state UNUSED)
{
	struct kxarray_iter it;
	struct found found;
	unsigned long reads;

	build_tree();
	fake_fail_read(0);
	kxarray_begin(&it, root());
	collect(&it, &found);
	reads = fake_nr_reads();
	assert_true(reads > 10);
	for (unsigned long nth = 1; nth <= reads; nth++) {
		fake_fail_read(nth);
		kxarray_begin(&it, root());
		collect(&it, &found);
		assert_int_equal(it.stopped, KLIST_FAULT);
		assert_int_equal(it.fault.reason, FAULT_DAMAGED);
	}
}

static int make_types(void **state UNUSED)
{
	static const struct fake_member node_members[] = {
		{ .name = "shift", .offset = 0, .size = 1 },
		{ .name = "slots", .offset = SLOTS_AT, .size = 8, .count = 64 },
	};
	static const struct fake_member xarray_members[] = {
		{ .name = "xa_head", .offset = 8, .size = 8 }
	};
	static const struct fake_member idr_members[] = {
		{ .name = "idr_rt", .offset = 0, .type = "xarray" },
		{ .name = "idr_base", .offset = 16, .size = 4 },
	};

	fake_struct("xa_node", NODE_BYTES, node_members, ARRAY_SIZE(node_members));
	fake_struct("xarray", 16, xarray_members, ARRAY_SIZE(xarray_members));
	fake_struct("idr", 24, idr_members, ARRAY_SIZE(idr_members));
	fake_types_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_idr_base),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_each_read_failing),
	};

	return cmocka_run_group_tests(tests, make_types, NULL);
}
