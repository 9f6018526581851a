/* test_slab.c - L5 slab caches with fake memory: freelists, CPU slabs, sheaves, and all of it damaged. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/slabuse.h"
#include "memory.h"
#include "symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/*
 * One cache of objects of 64 bytes, 8 of them in a slab. Slabs are the pages from 0x10000 on; their
 * struct pages stand in vmemmap, which the fake direct map has at 0x100000.
 */
enum {
	OBJECTS = 8,
	OBJECT_BYTES = 64,
	FREE_AT = 32,
	CACHES = 0x1000,
	CACHE = 0x2000,
	NAME = 0x2800,
	NODE = 0x3000,
	CPU = 0x4000,
	NR_CPUS = 0x5000,
	POSSIBLE = 0x5100,
	SLABS = 0x10000,
};

#define RANDOM 0x123456789abcdef0ULL

static void define_types(void)
{
#define MEMBER(n, at, bytes) { .name = n, .offset = at, .size = bytes }
	fake_struct("list_head", 16,
		    (struct fake_member[]){ MEMBER("next", 0, 8), MEMBER("prev", 8, 8) }, 2);
	fake_struct("counter_long", 8, (struct fake_member[]){ MEMBER("counter", 0, 8) }, 1);
	fake_struct("order_objects", 4, (struct fake_member[]){ MEMBER("x", 0, 4) }, 1);
	fake_struct("page", 64,
		    (struct fake_member[]){ MEMBER("flags", 0, 8), MEMBER("compound_head", 8, 8),
					    MEMBER("private", 40, 8), MEMBER("page_type", 48, 4) },
		    4);
	fake_struct("slab", 64,
		    (struct fake_member[]){
			    MEMBER("__page_flags", 0, 8),
			    MEMBER("slab_cache", 8, 8),
			    { .name = "slab_list", .offset = 16, .type = "list_head" },
			    MEMBER("next", 16, 8),
			    MEMBER("freelist", 32, 8),
			    { .name = "inuse", .offset = 40, .size = 4, .bit_size = 16 },
			    { .name = "objects",
			      .offset = 40,
			      .size = 4,
			      .bit_offset = 16,
			      .bit_size = 15 },
			    { .name = "frozen",
			      .offset = 40,
			      .size = 4,
			      .bit_offset = 31,
			      .bit_size = 1 },
		    },
		    8);
	fake_struct("kmem_cache_cpu", 32,
		    (struct fake_member[]){ MEMBER("freelist", 0, 8), MEMBER("slab", 16, 8),
					    MEMBER("partial", 24, 8) },
		    3);
	fake_struct("kmem_cache_node", 64,
		    (struct fake_member[]){
			    MEMBER("nr_partial", 8, 8),
			    { .name = "partial", .offset = 16, .type = "list_head" },
			    { .name = "nr_slabs", .offset = 32, .type = "counter_long" },
			    { .name = "total_objects", .offset = 40, .type = "counter_long" },
		    },
		    4);
	fake_struct("kmem_cache", 160,
		    (struct fake_member[]){
			    MEMBER("cpu_slab", 0, 8),
			    MEMBER("size", 24, 4),
			    MEMBER("object_size", 28, 4),
			    MEMBER("offset", 40, 4),
			    { .name = "oo", .offset = 48, .type = "order_objects" },
			    { .name = "min", .offset = 52, .type = "order_objects" },
			    MEMBER("red_left_pad", 88, 4),
			    MEMBER("name", 96, 8),
			    { .name = "list", .offset = 104, .type = "list_head" },
			    MEMBER("random", 120, 8),
			    { .name = "node", .offset = 128, .size = 8, .count = 4 },
		    },
		    11);
	fake_enum("pageflags", (const char *const[]){ "PG_locked", "PG_slab" }, 2);
#undef MEMBER
}

static u64 slab_page(unsigned number)
{
	return fake_page((SLABS >> PAGE_SHIFT) + number);
}

static u64 object(unsigned slab, unsigned index)
{
	return fake_kva(SLABS + slab * PAGE_BYTES + index * OBJECT_BYTES);
}

static u64 mixed(u64 at, u64 value)
{
	return value ^ RANDOM ^ __builtin_bswap64(at);
}

/* Behind FROM on its slab's freelist stands TO. */
static void link_free(u64 from, u64 to)
{
	fake_u64(from + FREE_AT, mixed(from + FREE_AT, to));
}

static void set_list(u64 at, u64 next, u64 prev)
{
	fake_u64(at, next);
	fake_u64(at + 8, prev);
}

/* FREELIST: objects, ended by -1. */
static void set_slab(unsigned number, unsigned inuse, bool frozen, const int *freelist)
{
	u64 page = slab_page(number), counters = inuse | OBJECTS << 16 | (u64)frozen << 31;

	fake_u64(page, 1 << 1);
	fake_u64(page + 8, fake_kva(CACHE));
	fake_u64(page + 32, freelist[0] < 0 ? 0 : object(number, (unsigned)freelist[0]));
	fake_u64(page + 40, counters);
	for (; *freelist >= 0; freelist++)
		link_free(object(number, (unsigned)freelist[0]),
			  freelist[1] < 0 ? 0 : object(number, (unsigned)freelist[1]));
}

/*
 * Slab 0 is CPU 0's: objects 6 and 7 on its own list, 5 freed by others. Slab 1 is partial, with 0
 * and 3 free; slab 2 is full.
 */
static void build(void)
{
	u64 node = fake_kva(NODE), cache = fake_kva(CACHE), cpu = fake_kva(CPU);

	fake_dump();
	slab_forget();
	set_list(fake_kva(CACHES), cache + 104, cache + 104);
	set_list(cache + 104, fake_kva(CACHES), fake_kva(CACHES));
	fake_u64(fake_kva(NR_CPUS), 1);
	fake_u64(fake_kva(POSSIBLE), 1);
	fake_u64(cache, cpu);
	fake_u64(cache + 24, (u64)OBJECT_BYTES << 32 | OBJECT_BYTES);
	fake_u64(cache + 40, FREE_AT);
	fake_u64(cache + 48, (u64)OBJECTS << 32 | OBJECTS);
	fake_u64(cache + 96, fake_kva(NAME));
	fake_bytes(fake_kva(NAME), "thing", 6);
	fake_u64(cache + 120, RANDOM);
	fake_u64(cache + 128, node);
	fake_u64(node + 8, 1);
	set_list(node + 16, slab_page(1) + 16, slab_page(1) + 16);
	set_list(slab_page(1) + 16, node + 16, node + 16);
	fake_u64(node + 32, 3);
	fake_u64(node + 40, 3 * OBJECTS);
	set_slab(0, OBJECTS - 1, true, (const int[]){ 5, -1 });
	set_slab(1, OBJECTS - 2, false, (const int[]){ 0, 3, -1 });
	set_slab(2, OBJECTS, false, (const int[]){ -1 });
	fake_u64(cpu, object(0, 6));
	fake_u64(cpu + 16, slab_page(0));
	link_free(object(0, 6), object(0, 7));
	link_free(object(0, 7), 0);
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

		if (!slab_read(cache, slab_page(i), &slab, &why))
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
	assert_true(slab_find(object(2, 3) + 17, &cache, &slab));
	assert_string_equal(cache->name, "thing");
	assert_true(slab_object_at(cache, &slab, object(2, 3) + 17, &index));
	assert_int_equal(index, 3);
	assert_int_equal(slab_object_address(cache, &slab, 3), object(2, 3));
	/* Behind the last object, in a page that is no slab, in none at all. */
	assert_false(slab_object_at(cache, &slab, object(2, OBJECTS), &index));
	assert_false(slab_find(fake_kva(SLABS + 3 * PAGE_BYTES), &cache, &slab));
	assert_false(slab_find(0x1234, &cache, &slab));
	assert_true(slab_cache_of(object(0, 0), name, sizeof(name)));
	/* The page once was a slab of a cache that is no more. */
	fake_u64(slab_page(2) + 8, fake_kva(0x7000));
	assert_false(slab_cache_of(object(2, 0), name, sizeof(name)));
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
	link_free(object(0, 7), object(0, 6));
	expect_problem("twice");
	build();
	link_free(object(0, 7), object(1, 0));
	expect_problem("is no object of it");
	build();
	link_free(object(0, 7), object(0, 3) + 8);
	expect_problem("is no object of it");
	build();
	link_free(object(0, 7), 0xdead000000000100ULL);
	expect_problem("is no object of it");
	build();
	set_list(slab_page(1) + 16, slab_page(1) + 16, fake_kva(NODE) + 16);
	expect_problem("partial slabs of node 0");
	build();
	fake_u64(fake_kva(NODE) + 8, 7);
	expect_problem("nr_partial is 7");
	build();
	fake_u64(slab_page(1) + 8, fake_kva(0x7000));
	expect_problem("its slab_cache is");
	build();
	fake_u64(slab_page(1) + 40, 9 | OBJECTS << 16);
	expect_problem("9 of 8 objects are in use");
	build();
	fake_u64(slab_page(1) + 40, 6 | 80 << 16);
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
	fake_u64(fake_kva(CPU) + 24, slab_page(2));
	fake_u64(slab_page(2) + 16, slab_page(2));
	expect_problem("a loop");
}

static void test_damaged_slab(void **state UNUSED)
{
	struct answer answer;

	/* The count and the list disagree. */
	build();
	link_free(object(1, 0), 0);
	answer = asked();
	assert_non_null(
		strstr(answer.objects[1].problem.text, "1 objects on its freelist, 6 of 8"));
	assert_int_equal(answer.objects[1].nr_free, 1);
	/* An object is on two lists. */
	build();
	fake_u64(fake_kva(CPU), object(0, 5));
	link_free(object(0, 5), 0);
	answer = asked();
	assert_non_null(strstr(answer.objects[0].problem.text, "is free twice"));
	/* The others are as they are. */
	assert_int_equal(answer.objects[1].nr_free, 2);
	assert_string_equal(answer.objects[1].problem.text, "");
}

static int make_all(void **state UNUSED)
{
	fake_dump();
	define_types();
	fake_symbol("slab_caches", fake_kva(CACHES));
	fake_symbol("nr_cpu_ids", fake_kva(NR_CPUS));
	fake_symbol("__cpu_possible_mask", fake_kva(POSSIBLE));
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
