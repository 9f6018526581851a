/* test_fail.c - L0: which failures a row of a listing may keep, and which end the listing. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#undef fail /* ours is meant */

static unsigned nr_released;

static void count_release(void *arg UNUSED)
{
	nr_released++;
}

static void put_row(void *arg)
{
	int row = *(int *)arg;

	scope_cleanup(count_release, NULL);
	if (row == 1)
		fail("row %d is damaged", row);
	if (row == 2)
		interrupt_request();
	interrupt_check();
}

struct listing {
	int nr_rows, nr_put, nr_failed;
	struct failure failure; /* the last one */
};

static void put_listing(void *arg)
{
	struct listing *listing = arg;

	for (int row = 0; row < listing->nr_rows; row++) {
		struct failure failure;

		if (protect_row(put_row, &row, &failure)) {
			listing->nr_put++;
			continue;
		}
		listing->nr_failed++;
		listing->failure = failure;
	}
}

static void test_a_failure_costs_a_row(void **state UNUSED)
{
	struct listing listing = { .nr_rows = 2 };

	nr_released = 0;
	assert_true(protect(put_listing, &listing, NULL));
	assert_int_equal(listing.nr_put, 1);
	assert_int_equal(listing.nr_failed, 1);
	assert_string_equal(listing.failure.text, "row 1 is damaged");
	assert_int_equal(nr_released, 2);
}

static void test_an_interrupt_ends_the_listing(void **state UNUSED)
{
	struct listing listing = { .nr_rows = 5 };
	struct failure failure;

	nr_released = 0;
	assert_false(protect(put_listing, &listing, &failure));
	interrupt_clear();
	assert_true(failure.interrupted);
	assert_int_equal(listing.nr_put + listing.nr_failed, 2);
	assert_int_equal(nr_released, 3);
}

static char taken[64];

static void take(const char *text)
{
	snprintf(taken, sizeof(taken), "%s", text);
}

static void fail_with_a_name(void *name)
{
	warn("no page of %s", (const char *)name);
	fail("no file %s", (const char *)name);
}

/* Names come out of dumps: no message acts on a terminal. */
static void test_messages_are_harmless(void **state UNUSED)
{
	char name[] = "a\033[31m\177b\n\tc";
	struct failure failure;

	warn_set_taker(take);
	assert_false(protect(fail_with_a_name, name, &failure));
	warn_set_taker(NULL);
	assert_string_equal(taken, "no page of a.[31m.b\n\tc");
	assert_string_equal(failure.text, "no file a.[31m.b\n\tc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_failure_costs_a_row),
		cmocka_unit_test(test_an_interrupt_ends_the_listing),
		cmocka_unit_test(test_messages_are_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
