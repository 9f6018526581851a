/* test_krbtree.c - L4 red-black trees: order, and every pointer of a tree turned to garbage. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "containers/klist.h"
#include "containers/krbtree.h"
#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define ROOT 0x1000
#define NR 31
#define OFFSET 8

static u64 node(unsigned key)
{
	return fake_kva(0x2000 + key * 32ULL);
}

/* A balanced tree over keys [low, high]; returns its top. */
static u64 build(int low, int high, u64 parent)
{
	int middle = (low + high) / 2;
	u64 top;

	if (low > high)
		return 0;
	top = node((unsigned)middle);
	fake_u64(top, parent | 1);
	fake_u64(top + 8, build(middle + 1, high, top));
	fake_u64(top + 16, build(low, middle - 1, top));
	return top;
}

static void build_tree(int nr)
{
	fake_dump();
	fake_u64(fake_kva(ROOT), build(0, nr - 1, 0));
}

static void test_order(void **state UNUSED)
{
	for (int nr = 0; nr <= NR; nr++) {
		struct krbtree_iter it;
		int count = 0;
		u64 entry;

		build_tree(nr);
		krbtree_begin(&it, fake_kva(ROOT), OFFSET);
		while (krbtree_next(&it, &entry)) {
			assert_int_equal(entry, node((unsigned)count) - OFFSET);
			count++;
		}
		assert_int_equal(count, nr);
		assert_int_equal(it.stopped, 0);
	}
}

/* Whatever one word is turned into: the walk ends, and says why when it did not see all. */
static void test_garbage(void **state UNUSED)
{
	for (unsigned key = 0; key < NR; key++)
		for (unsigned word = 0; word < 3; word++)
			for (unsigned kind = 0; kind < NR + 3; kind++) {
				struct krbtree_iter it;
				unsigned count = 0;
				u64 entry, value;

				value = kind < NR	 ? node(kind)
					: kind == NR	 ? 0
					: kind == NR + 1 ? 0x4141414141414141ULL
							 : ~7ULL;
				build_tree(NR);
				fake_u64(node(key) + word * 8, value);
				krbtree_begin(&it, fake_kva(ROOT), OFFSET);
				while (krbtree_next(&it, &entry))
					assert_true(++count < 10 * NR);
				if (it.stopped)
					assert_non_null(strstr(krbtree_why(&it), "broken after"));
				else
					assert_true(count <= NR);
			}
}

static void test_each_read_failing(void **state UNUSED)
{
	struct krbtree_iter it;
	unsigned long reads;
	u64 entry;

	build_tree(NR);
	fake_fail_read(0);
	krbtree_begin(&it, fake_kva(ROOT), OFFSET);
	while (krbtree_next(&it, &entry))
		;
	reads = fake_nr_reads();
	for (unsigned long nth = 1; nth <= reads; nth++) {
		fake_fail_read(nth);
		krbtree_begin(&it, fake_kva(ROOT), OFFSET);
		while (krbtree_next(&it, &entry))
			;
		assert_int_equal(it.stopped, KLIST_FAULT);
		assert_int_equal(it.fault.reason, FAULT_DAMAGED);
	}
}

static int make_types(void **state UNUSED)
{
	static const struct fake_member node_members[] = {
		{ .name = "__rb_parent_color", .offset = 0, .size = 8 },
		{ .name = "rb_right", .offset = 8, .size = 8 },
		{ .name = "rb_left", .offset = 16, .size = 8 },
	};
	static const struct fake_member root_members[] = {
		{ .name = "rb_node", .offset = 0, .size = 8 }
	};

	fake_struct("rb_node", 24, node_members, ARRAY_SIZE(node_members));
	fake_struct("rb_root", 8, root_members, ARRAY_SIZE(root_members));
	fake_types_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_each_read_failing),
	};

	return cmocka_run_group_tests(tests, make_types, NULL);
}
