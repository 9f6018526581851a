/* test_klist.c - L4 lists: proper ends, rings that miss their head, broken links. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "containers/klist.h"
#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define HEAD 0x1000
#define OFFSET 16

static unsigned nr_linked;

/* Node i of a list at physical 0x2000 + i * 64; the member sits OFFSET bytes into its object. */
static u64 node(unsigned i)
{
	return fake_kva(0x2000 + i * 64ULL);
}

static void link_nodes(unsigned count, u64 last_points_at)
{
	fake_dump();
	nr_linked = count;
	fake_u64(fake_kva(HEAD), count ? node(0) : last_points_at);
	for (unsigned i = 0; i < count; i++)
		fake_u64(node(i), i + 1 < count ? node(i + 1) : last_points_at);
}

static unsigned walk(struct klist_iter *it)
{
	unsigned count = 0;
	u64 entry;

	while (klist_next(it, &entry)) {
		assert_true(count < 1000);
		if (count < nr_linked)
			assert_int_equal(entry, node(count) - OFFSET);
		count++;
	}
	return count;
}

static void test_proper_ends(void **state UNUSED)
{
	struct klist_iter it;

	link_nodes(3, fake_kva(HEAD));
	klist_begin(&it, fake_kva(HEAD), OFFSET);
	assert_int_equal(walk(&it), 3);
	assert_int_equal(it.stopped, 0);

	link_nodes(0, fake_kva(HEAD));
	klist_begin(&it, fake_kva(HEAD), OFFSET);
	assert_int_equal(walk(&it), 0);
	assert_int_equal(it.stopped, 0);

	link_nodes(3, 0);
	khlist_begin(&it, fake_kva(HEAD), OFFSET);
	assert_int_equal(walk(&it), 3);
	assert_int_equal(it.stopped, 0);

	/* hlist_nulls ends at an odd number */
	link_nodes(2, 0x7f);
	khlist_begin(&it, fake_kva(HEAD), OFFSET);
	assert_int_equal(walk(&it), 2);
	assert_int_equal(it.stopped, 0);
}

/* Every length of tail and ring: all nodes come, the loop is noticed, and soon. */
static void test_rings(void **state UNUSED)
{
	for (unsigned count = 1; count < 40; count++)
		for (unsigned back = 0; back < count; back++) {
			struct klist_iter it;
			unsigned seen;

			link_nodes(count, node(back));
			klist_begin(&it, fake_kva(HEAD), OFFSET);
			seen = walk(&it);
			assert_int_equal(it.stopped, KLIST_LOOP);
			assert_in_range(seen, count, 4 * count);
			assert_non_null(strstr(klist_why(&it), "circles"));
		}
}

static void test_broken_links(void **state UNUSED)
{
	struct klist_iter it;

	link_nodes(3, 0);
	klist_begin(&it, fake_kva(HEAD), OFFSET);
	assert_int_equal(walk(&it), 3);
	assert_int_equal(it.stopped, KLIST_NULL);

	link_nodes(3, 0xdead000000000100ULL);
	klist_begin(&it, fake_kva(HEAD), OFFSET);
	assert_int_equal(walk(&it), 3);
	assert_int_equal(it.stopped, KLIST_FAULT);
	assert_int_equal(it.fault.address, 0xdead000000000100ULL);
	assert_non_null(strstr(klist_why(&it), "after 3 entries"));

	link_nodes(3, fake_kva(HEAD));
	fake_page_fault(HEAD, FAULT_EXCLUDED);
	klist_begin(&it, fake_kva(HEAD), OFFSET);
	assert_int_equal(walk(&it), 0);
	assert_int_equal(it.stopped, KLIST_FAULT);
	assert_int_equal(it.fault.reason, FAULT_EXCLUDED);
}

/* Whichever read fails, the walk ends with a reason and with what came before. */
static void test_each_read_failing(void **state UNUSED)
{
	for (unsigned nth = 1; nth <= 4; nth++) {
		struct klist_iter it;

		link_nodes(3, fake_kva(HEAD));
		fake_fail_read(nth);
		klist_begin(&it, fake_kva(HEAD), OFFSET);
		assert_int_equal(walk(&it), nth < 2 ? 0 : nth - 2);
		assert_int_equal(it.stopped, KLIST_FAULT);
		assert_int_equal(it.fault.reason, FAULT_DAMAGED);
	}
}

static void test_interrupt(void **state UNUSED)
{
	struct klist_iter it;
	u64 entry;

	link_nodes(3, fake_kva(HEAD));
	klist_begin(&it, fake_kva(HEAD), OFFSET);
	assert_true(klist_next(&it, &entry));
	interrupt_request();
	assert_false(klist_next(&it, &entry));
	interrupt_clear();
	assert_int_equal(it.stopped, KLIST_INTERRUPTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proper_ends),  cmocka_unit_test(test_rings),
		cmocka_unit_test(test_broken_links), cmocka_unit_test(test_each_read_failing),
		cmocka_unit_test(test_interrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
