/* test_kfence.c - L5 objects of the memory guard, in fake memory: both places of the metadata, damage. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/mm/kfence.h"
#include "memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* Physical addresses. */
enum {
	POOL_WORD = 0x1000,
	METADATA_WORD = 0x2000, /* the array, until v6.5; or its address */
	METADATA = 0x3000,
	POOL = 0x40000,
	STRIDE = 64,
};

enum { UNUSED_STATE, ALLOCATED, FREEING, FREED };

/* Members of the fake metadata. */
enum { STATE = 0, ADDR = 8, SIZE = 16, CACHE = 24, ALLOC_TRACK = 32, FREE_TRACK = 40 };

#define NR_OBJECTS 4
#define THE_CACHE fake_kva(0x9000)

static void make_types(void)
{
#define MEMBER(n, at, bytes) { .name = n, .offset = at, .size = bytes }
	fake_struct("kfence_track", 8,
		    (struct fake_member[]){
			    { .name = "pid", .offset = 0, .size = 4, .is_signed = true } },
		    1);
	fake_struct(
		"kfence_metadata", STRIDE,
		(struct fake_member[]){
			MEMBER("state", STATE, 4),
			MEMBER("addr", ADDR, 8),
			MEMBER("size", SIZE, 8),
			MEMBER("cache", CACHE, 8),
			{ .name = "alloc_track", .offset = ALLOC_TRACK, .type = "kfence_track" },
			{ .name = "free_track", .offset = FREE_TRACK, .type = "kfence_track" } },
		6);
#undef MEMBER
	fake_enum("kfence_object_state",
		  (const char *const[]){ "KFENCE_OBJECT_UNUSED", "KFENCE_OBJECT_ALLOCATED",
					 "KFENCE_OBJECT_RCU_FREEING", "KFENCE_OBJECT_FREED" },
		  4);
	fake_symbol("__kfence_pool", fake_kva(POOL_WORD));
	fake_symbol("kfence_metadata", fake_kva(METADATA_WORD));
	fake_types_done();
}

static u64 page_of(unsigned number)
{
	return fake_kva(POOL) + (number + 1) * 2 * PAGE_BYTES;
}

static void put_object(u64 metadata, unsigned number, u32 state, u64 addr, u64 size)
{
	u64 at = metadata + number * STRIDE;
	u32 allocated_by = 100 + number, freed_by = 200 + number;

	fake_bytes(at + STATE, &state, sizeof(state));
	fake_u64(at + ADDR, addr);
	fake_u64(at + SIZE, size);
	fake_u64(at + CACHE, THE_CACHE);
	fake_bytes(at + ALLOC_TRACK, &allocated_by, sizeof(allocated_by));
	fake_bytes(at + FREE_TRACK, &freed_by, sizeof(freed_by));
}

/* POINTER: as since v6.5. Returns where the metadata are. */
static u64 build(bool pointer)
{
	u64 metadata = fake_kva(pointer ? METADATA : METADATA_WORD);

	fake_dump();
	fake_u64(fake_kva(POOL_WORD), fake_kva(POOL));
	if (pointer)
		fake_u64(fake_kva(METADATA_WORD), metadata);
	put_object(metadata, 0, UNUSED_STATE, page_of(0), 0);
	put_object(metadata, 1, ALLOCATED, page_of(1) + 0xf00, 256);
	put_object(metadata, 2, FREEING, page_of(2), 192);
	put_object(metadata, 3, FREED, page_of(3) + 8, 24);
	return metadata;
}

struct question {
	u64 address;
	struct kfence_place *place;
	bool found;
};

static void ask(void *arg)
{
	struct question *question = arg;

	question->found = kfence_find(question->address, question->place);
	/* What is told outlives the question here. */
	if (question->place->problem)
		question->place->problem = xstrdup(question->place->problem);
}

static bool find(u64 address, struct kfence_place *place)
{
	struct question question = { .address = address, .place = place };

	assert_true(protect(ask, &question, NULL));
	assert_int_equal(kfence_has(address), question.found && !place->guard);
	return question.found;
}

static void expect_object(unsigned number, const char *state, u64 object, u64 bytes, s64 freed_by)
{
	struct kfence_place place;

	assert_true(find(page_of(number) + 0x123, &place));
	assert_string_equal(place.state, state);
	assert_int_equal(place.object, object);
	assert_int_equal(place.bytes, bytes);
	assert_int_equal(place.cache, THE_CACHE);
	assert_int_equal(place.allocated_by, 100 + number);
	assert_int_equal(place.freed_by, freed_by);
	assert_null(place.problem);
}

static void expect_all(void)
{
	struct kfence_place place;

	expect_object(0, "unused", page_of(0), 0, 200);
	expect_object(1, "allocated", page_of(1) + 0xf00, 256, 0);
	expect_object(2, "being freed", page_of(2), 192, 202);
	expect_object(3, "free", page_of(3) + 8, 24, 203);
	for (unsigned i = 0; i < NR_OBJECTS; i++) {
		assert_true(find(page_of(i) + PAGE_BYTES, &place));
		assert_true(place.guard);
		assert_int_equal(place.bytes, 0);
	}
	assert_true(find(fake_kva(POOL), &place) && place.guard);
	assert_true(find(fake_kva(POOL) + PAGE_BYTES, &place) && place.guard);
}

static void expect_nothing(u64 address)
{
	struct kfence_place place;

	assert_false(find(address, &place));
}

static void test_found(void **state UNUSED)
{
	for (unsigned pointer = 0; pointer < 2; pointer++) {
		build(pointer);
		expect_all();
		expect_nothing(fake_kva(POOL) - 1);
		expect_nothing(page_of(NR_OBJECTS));
		expect_nothing(~0ULL);
		expect_nothing(0);
	}
}

static void expect_problem(unsigned number, const char *words)
{
	struct kfence_place place;

	assert_true(find(page_of(number), &place));
	assert_non_null(place.problem);
	if (!strstr(place.problem, words))
		fail_msg("\"%s\" is not in \"%s\"", words, place.problem);
	free((char *)place.problem);
}

static void test_damaged_object(void **state UNUSED)
{
	u64 metadata = build(true);
	struct kfence_place place;

	put_object(metadata, 1, ALLOCATED, page_of(1) + 0xf00, 257);
	expect_problem(1, "give 257 bytes to the object at");
	put_object(metadata, 1, ALLOCATED, page_of(1) + 0xf00, ~0ULL);
	expect_problem(1, "give 18446744073709551615 bytes");
	put_object(metadata, 2, 77, page_of(2), 192);
	expect_problem(2, "have state 77");
	assert_true(find(page_of(2), &place));
	assert_null(place.state);
	assert_int_equal(place.bytes, 192);
	free((char *)place.problem);
	/* The metadata of an object name its page, or are not believed. */
	put_object(metadata, 3, FREED, page_of(1), 24);
	expect_nothing(page_of(3));
	put_object(metadata, 3, FREED, 0, 24);
	expect_nothing(page_of(3));
	put_object(metadata, 3, FREED, ~0ULL, 24);
	expect_nothing(page_of(3));
}

static void test_damaged_pool(void **state UNUSED)
{
	static const u64 wrong[] = { 0, 0x1234, ~0ULL, 0xffffc90000000000ULL };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		build(true);
		fake_u64(fake_kva(POOL_WORD), wrong[i]);
		expect_nothing(page_of(1));
		expect_nothing(wrong[i]);
		build(true);
		fake_u64(fake_kva(METADATA_WORD), wrong[i]);
		expect_nothing(page_of(1));
	}
	/* The pool goes beyond the memory: nothing is there. */
	build(true);
	fake_u64(fake_kva(POOL_WORD), fake_kva(FAKE_PAGES * PAGE_BYTES));
	expect_nothing(fake_kva(FAKE_PAGES * PAGE_BYTES) + 2 * PAGE_BYTES);
	build(true);
	fake_page_fault(METADATA, FAULT_EXCLUDED);
	expect_nothing(page_of(1));
	build(true);
	fake_page_fault(POOL_WORD, FAULT_DAMAGED);
	expect_nothing(page_of(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_damaged_object),
		cmocka_unit_test(test_damaged_pool),
	};

	make_types();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
