/* test_slab.c - L5 slab caches with fake memory: freelists, CPU slabs, sheaves, and all of it damaged. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake_slab.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/slabuse.h"
#include "memory.h"
#include "symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void build(void)
{
	slab_forget();
	fake_slab_build();
}

struct answer {
	struct slab_use use;
	struct slab_objects objects[3];
	char problem[200];
};

static void ask(void *arg)
{
	struct answer *answer = arg;
	const struct slab_cache *cache = slab_cache_named("thing");
	struct slab_use *use = scope_alloc(sizeof(*use));
	struct slab_why why;
	struct slab slab;

	assert_non_null(cache);
	assert_ptr_equal(slab_cache_at(fake_kva(CACHE)), cache);
	slab_use_read(&cache, 1, use);
	answer->use = *use;
	for (unsigned i = 0; i < 3; i++) {
		struct slab_objects objects;

		if (!slab_read(cache, fake_slab_page(i), &slab, &why))
			continue;
		slab_objects_read(cache, &slab, use, &objects);
		answer->objects[i].nr_free = objects.nr_free;
		answer->objects[i].problem = objects.problem;
	}
}

static struct answer asked(void)
{
	struct answer answer = { 0 };
	struct failure failure;

	assert_true(protect(ask, &answer, &failure));
	return answer;
}

static void test_whole(void **state UNUSED)
{
	struct answer answer;

	build();
	answer = asked();
	assert_int_equal(answer.use.nr_problems, 0);
	assert_int_equal(answer.use.slabs, 3);
	assert_int_equal(answer.use.objects, 24);
	assert_int_equal(answer.use.held.count, 2);
	assert_int_equal(answer.use.allocated, 24 - 2 - 1 - 2);
	assert_int_equal(answer.objects[0].nr_free, 3);
	assert_int_equal(answer.objects[1].nr_free, 2);
	assert_int_equal(answer.objects[2].nr_free, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_string_equal(answer.objects[i].problem.text, "");
}

static void test_which_slab(void **state UNUSED)
{
	const struct slab_cache *cache;
	struct slab slab;
	char name[32];
	u32 index;

	build();
	assert_true(slab_find(fake_slab_object(2, 3) + 17, &cache, &slab));
	assert_string_equal(cache->name, "thing");
	assert_true(slab_object_at(cache, &slab, fake_slab_object(2, 3) + 17, &index));
	assert_int_equal(index, 3);
	assert_int_equal(slab_object_address(cache, &slab, 3), fake_slab_object(2, 3));
	/* Behind the last object, in a page that is no slab, in none at all. */
	index = 7;
	assert_false(slab_object_at(cache, &slab, fake_slab_object(2, OBJECTS), &index));
	assert_int_equal(index, 7); /* no number of an object that is none */
	assert_false(slab_find(fake_kva(SLABS + 3 * PAGE_BYTES), &cache, &slab));
	assert_false(slab_find(0x1234, &cache, &slab));
	assert_true(slab_cache_of(fake_slab_object(0, 0), name, sizeof(name)));
	/* The page once was a slab of a cache that is no more. */
	fake_u64(fake_slab_page(2) + 8, fake_kva(0x7000));
	assert_false(slab_cache_of(fake_slab_object(2, 0), name, sizeof(name)));
}

/* One thing is wrong with the cache, and is named; the answer ends. */
static void expect_problem(const char *words)
{
	struct answer answer = asked();

	assert_true(answer.use.nr_problems > 0);
	if (!strstr(answer.use.problem.text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, answer.use.problem.text);
}

static void test_damaged_lists(void **state UNUSED)
{
	build();
	fake_slab_link(fake_slab_object(0, 7), fake_slab_object(0, 6));
	expect_problem("twice");
	build();
	fake_slab_link(fake_slab_object(0, 7), fake_slab_object(1, 0));
	expect_problem("is no object of it");
	build();
	fake_slab_link(fake_slab_object(0, 7), fake_slab_object(0, 3) + 8);
	expect_problem("is no object of it");
	build();
	fake_slab_link(fake_slab_object(0, 7), 0xdead000000000100ULL);
	expect_problem("is no object of it");
	build();
	fake_slab_list(fake_slab_page(1) + 16, fake_slab_page(1) + 16, fake_kva(NODE) + 16);
	expect_problem("partial slabs of node 0");
	build();
	fake_u64(fake_kva(NODE) + 8, 7);
	expect_problem("nr_partial is 7");
	build();
	fake_u64(fake_slab_page(1) + 8, fake_kva(0x7000));
	expect_problem("its slab_cache is");
	build();
	fake_u64(fake_slab_page(1) + 40, 9 | OBJECTS << 16);
	expect_problem("9 of 8 objects are in use");
	build();
	fake_u64(fake_slab_page(1) + 40, 6 | 80 << 16);
	expect_problem("do not fit");
	build();
	fake_u64(fake_kva(CPU) + 16, 0xdead000000000100ULL);
	expect_problem("no struct page's address");
	build();
	fake_page_fault(SLABS, FAULT_EXCLUDED);
	expect_problem("excluded");
	build();
	fake_u64(fake_kva(NODE) + 40, 3);
	expect_problem("5 objects are free of 3");
	build();
	fake_u64(fake_kva(CPU) + 24, fake_slab_page(2));
	fake_u64(fake_slab_page(2) + 16, fake_slab_page(2));
	expect_problem("a loop");
}

static void test_damaged_slab(void **state UNUSED)
{
	struct answer answer;

	/* The count and the list disagree. */
	build();
	fake_slab_link(fake_slab_object(1, 0), 0);
	answer = asked();
	assert_non_null(
		strstr(answer.objects[1].problem.text, "1 objects on its freelist, 6 of 8"));
	assert_int_equal(answer.objects[1].nr_free, 1);
	/* An object is on two lists. */
	build();
	fake_u64(fake_kva(CPU), fake_slab_object(0, 5));
	fake_slab_link(fake_slab_object(0, 5), 0);
	answer = asked();
	assert_non_null(strstr(answer.objects[0].problem.text, "is free twice"));
	/* The others are as they are. */
	assert_int_equal(answer.objects[1].nr_free, 2);
	assert_string_equal(answer.objects[1].problem.text, "");
}

static int make_all(void **state UNUSED)
{
	fake_dump();
	fake_slab_types();
	fake_types_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_which_slab),
		cmocka_unit_test(test_damaged_lists),
		cmocka_unit_test(test_damaged_slab),
	};

	return cmocka_run_group_tests(tests, make_all, NULL);
}
