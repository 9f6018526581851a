/* test_timer.c - L5 the timer wheel and the map of memory with fake memory, whole and damaged. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/e820.h"
#include "kernel/time/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* Physical addresses. */
#define BASE 0x1000
#define TIMERS 0x2000
#define MAP 0x3000
#define MAP_POINTER 0x4000
#define NR_VECTORS 4

static u64 timer(unsigned number)
{
	return fake_kva(TIMERS + number * 64);
}

static u64 vector(unsigned number)
{
	return fake_kva(BASE) + 16 + number * 8;
}

/* On a list of the wheel: PPREV is where the link to it stands. */
static void put_timer(unsigned number, u64 next, u64 pprev, u64 expires)
{
	fake_u64(timer(number), next);
	fake_u64(timer(number) + 8, pprev);
	fake_u64(timer(number) + 16, expires);
	fake_u64(timer(number) + 24, fake_kva(0x9000 + number));
}

/* Two timers on one list, one on another, which expires between them. */
static void build(void)
{
	fake_dump();
	fake_u64(vector(1), timer(0));
	put_timer(0, timer(1), vector(1), 300);
	put_timer(1, 0, timer(0), 100);
	fake_u64(vector(3), timer(2));
	put_timer(2, 0, vector(3), 200);
}

struct answer {
	size_t count;
	u64 expires[8];
	char problem[200];
};

static void ask(void *arg)
{
	struct answer *answer = arg;
	struct timer_base base = { .address = fake_kva(BASE) };
	struct timers timers = timers_of(&base);

	answer->count = timers.count;
	assert_true(timers.count <= ARRAY_SIZE(answer->expires));
	for (size_t i = 0; i < timers.count; i++)
		answer->expires[i] = timers.items[i].expires;
	if (timers.problem)
		snprintf(answer->problem, sizeof(answer->problem), "%s", timers.problem);
}

static struct answer asked(void)
{
	struct answer answer = { 0 };
	struct failure failure;

	assert_true(protect(ask, &answer, &failure));
	return answer;
}

static void test_wheel(void **state UNUSED)
{
	struct answer answer;

	build();
	answer = asked();
	assert_string_equal(answer.problem, "");
	assert_int_equal(answer.count, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(answer.expires[i], 100 * (i + 1));
	/* jiffies go on from 0 behind their last number. */
	put_timer(2, 0, vector(3), -5ULL);
	answer = asked();
	assert_int_equal(answer.expires[0], -5ULL);
	assert_int_equal(answer.expires[1], 100);
}

/* The other lists are read; of a ring some timers come again until it is known for one. */
static void expect_problem(size_t count, const char *words)
{
	struct answer answer = asked();

	if (!answer.problem[0] || !strstr(answer.problem, words))
		fail_msg("\"%s\" is not in \"%s\"", words, answer.problem);
	assert_in_range(answer.count, count, count ? count + 2 : 0);
}

static void test_damaged_wheel(void **state UNUSED)
{
	build();
	put_timer(1, timer(0), timer(0), 100);
	expect_problem(3, "circles");
	build();
	put_timer(1, timer(1), timer(0), 100);
	expect_problem(3, "circles");
	build();
	put_timer(1, 0xdead000000000122ULL, timer(0), 100);
	expect_problem(3, "dead000000000122");
	build();
	fake_page_fault(TIMERS, FAULT_EXCLUDED);
	expect_problem(0, "excluded");
	build();
	fake_page_fault(BASE, FAULT_EXCLUDED);
	expect_problem(0, "excluded");
}

/* ---- the map of memory ---- */

static void build_map(u32 entries)
{
	fake_dump();
	fake_u64(fake_kva(MAP_POINTER), fake_kva(MAP));
	fake_bytes(fake_kva(MAP), &entries, 4);
	for (unsigned i = 0; i < 4; i++) {
		u64 at = fake_kva(MAP) + 8 + i * 24;

		fake_u64(at, 0x10000 * i);
		fake_u64(at + 8, 0x1000);
		fake_u64(at + 16, i + 1);
	}
}

static void read_map(void *arg)
{
	struct e820_range *ranges;
	size_t *count = arg;

	assert_true(e820_read(E820_KERNEL, &ranges, count));
	for (size_t i = 0; i < *count; i++) {
		assert_int_equal(ranges[i].start, 0x10000 * i);
		assert_int_equal(ranges[i].bytes, 0x1000);
		assert_int_equal(ranges[i].type, i + 1);
	}
	/* This kernel has the one table. */
	assert_false(e820_read(E820_KEXEC, &ranges, count));
}

static void test_map(void **state UNUSED)
{
	struct failure failure;
	size_t count;

	build_map(4);
	assert_true(protect(read_map, &count, &failure));
	assert_int_equal(count, 4);
	build_map(0);
	assert_true(protect(read_map, &count, &failure));
	assert_int_equal(count, 0);
	assert_string_equal(e820_type_name(1), "E820_RAM");
	assert_null(e820_type_name(77));
}

static void test_damaged_map(void **state UNUSED)
{
	struct failure failure;
	size_t count;

	build_map(5);
	assert_false(protect(read_map, &count, &failure));
	assert_non_null(strstr(failure.text, "5 entries, and there is room for 4"));
	build_map(0xffffffff);
	assert_false(protect(read_map, &count, &failure));
	assert_non_null(strstr(failure.text, "4294967295 entries"));
	build_map(4);
	fake_page_fault(MAP, FAULT_EXCLUDED);
	assert_false(protect(read_map, &count, &failure));
}

static int make_all(void **state UNUSED)
{
#define MEMBER(n, at, bytes) { .name = n, .offset = at, .size = bytes }
	fake_dump();
	fake_struct("timer_base", 64,
		    (struct fake_member[]){
			    MEMBER("clk", 0, 8),
			    MEMBER("next_expiry", 8, 8),
			    { .name = "vectors", .offset = 16, .size = 8, .count = NR_VECTORS },
		    },
		    3);
	fake_struct("timer_list", 32,
		    (struct fake_member[]){ MEMBER("entry", 0, 8), MEMBER("expires", 16, 8),
					    MEMBER("function", 24, 8) },
		    3);
	fake_struct("e820_entry", 24,
		    (struct fake_member[]){ MEMBER("addr", 0, 8), MEMBER("size", 8, 8),
					    MEMBER("type", 16, 4) },
		    3);
	fake_struct("e820_table", 104,
		    (struct fake_member[]){
			    MEMBER("nr_entries", 0, 4),
			    { .name = "entries", .offset = 8, .type = "e820_entry", .count = 4 },
		    },
		    2);
	fake_symbol("e820_table", fake_kva(MAP_POINTER));
	fake_types_done();
#undef MEMBER
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wheel),
		cmocka_unit_test(test_damaged_wheel),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_damaged_map),
	};

	return cmocka_run_group_tests(tests, make_all, NULL);
}
