/* test_waitqueue.c - L5 wait queues with fake memory: of both kinds, empty, of something else, damaged. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/sched/waitqueue.h"
#include "symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* Physical addresses. */
#define HEAD 0x1000
#define ENTRIES 0x2000
#define FUNCTION 0x9000
#define BIT_FUNCTION 0x9100

/* A head is a lock and a list; an entry flags, task, function and link, and the key of a bit. */
#define LIST (fake_kva(HEAD) + 8)

static u64 entry(unsigned number)
{
	return fake_kva(ENTRIES + number * 64);
}

static void link_at(u64 at, u64 next, u64 prev)
{
	fake_u64(at, next);
	fake_u64(at + 8, prev);
}

static void put_entry(unsigned number, u64 flags, u64 function)
{
	fake_u64(entry(number), flags);
	fake_u64(entry(number) + 16, function);
}

/* Two entries: one waits exclusively, the other for a bit. */
static void build(void)
{
	fake_dump();
	link_at(LIST, entry(0) + 24, entry(1) + 24);
	link_at(entry(0) + 24, entry(1) + 24, LIST);
	link_at(entry(1) + 24, LIST, entry(0) + 24);
	put_entry(0, 1, fake_kva(FUNCTION));
	put_entry(1, 0, fake_kva(BIT_FUNCTION));
	fake_u64(entry(1) - 16, fake_kva(0x7000));
	fake_u64(entry(1) - 8, 13);
}

struct answer {
	bool found;
	size_t count;
	struct waiter waiters[4];
	char problem[200];
};

static void ask(void *arg)
{
	struct answer *answer = arg;
	struct wait_queue queue;

	answer->found = wait_queue_read(fake_kva(HEAD), &queue);
	answer->count = queue.count;
	assert_true(queue.count <= ARRAY_SIZE(answer->waiters));
	if (queue.count)
		memcpy(answer->waiters, queue.waiters, queue.count * sizeof(*queue.waiters));
	if (queue.problem)
		snprintf(answer->problem, sizeof(answer->problem), "%s", queue.problem);
}

static struct answer asked(void)
{
	struct answer answer = { 0 };
	struct failure failure;

	assert_true(protect(ask, &answer, &failure));
	return answer;
}

static void test_queue(void **state UNUSED)
{
	struct answer answer;

	build();
	answer = asked();
	assert_true(answer.found);
	assert_string_equal(answer.problem, "");
	assert_int_equal(answer.count, 2);
	assert_int_equal(answer.waiters[0].address, entry(0));
	assert_true(answer.waiters[0].exclusive);
	assert_false(answer.waiters[0].has_bit);
	/* No task is called: as an entry of epoll. */
	assert_int_equal(answer.waiters[0].task, 0);
	assert_false(answer.waiters[1].exclusive);
	assert_true(answer.waiters[1].has_bit);
	assert_int_equal(answer.waiters[1].word, fake_kva(0x7000));
	assert_int_equal(answer.waiters[1].bit, 13);
}

static void test_empty(void **state UNUSED)
{
	struct answer answer;

	fake_dump();
	link_at(LIST, LIST, LIST);
	answer = asked();
	assert_true(answer.found);
	assert_int_equal(answer.count, 0);
}

/* What is no list, and what is not in the dump. */
static void test_no_queue(void **state UNUSED)
{
	struct answer answer;

	build();
	link_at(LIST, fake_kva(0x3000), fake_kva(0x3000));
	assert_false(asked().found);
	fake_dump();
	answer = asked();
	assert_false(answer.found);
	assert_string_equal(answer.problem, "");
	fake_page_fault(HEAD, FAULT_EXCLUDED);
	answer = asked();
	assert_false(answer.found);
	assert_non_null(strstr(answer.problem, "excluded"));
}

static void test_damaged(void **state UNUSED)
{
	struct answer answer;

	/* The second does not lead back. */
	build();
	fake_u64(entry(1) + 24, entry(0) + 24);
	answer = asked();
	assert_true(answer.found);
	assert_int_equal(answer.count, 2);
	assert_string_not_equal(answer.problem, "");
	build();
	fake_u64(entry(0) + 24, 0xdead000000000100ULL);
	answer = asked();
	assert_true(answer.found);
	assert_string_not_equal(answer.problem, "");
	assert_true(answer.count < 3);
}

static int make_all(void **state UNUSED)
{
#define MEMBER(n, at)                                                                              \
	{                                                                                          \
		.name = n, .offset = at, .size = 8                                                 \
	}
	const struct address_range text = { fake_kva(FUNCTION), fake_kva(FUNCTION) + PAGE_BYTES };
	const struct symbol_module *module;

	fake_dump();
	fake_struct("list_head", 16, (struct fake_member[]){ MEMBER("next", 0), MEMBER("prev", 8) },
		    2);
	fake_struct("wait_queue_head", 24,
		    (struct fake_member[]){ { .name = "head", .offset = 8, .type = "list_head" } },
		    1);
	fake_struct(
		"swait_queue_head", 24,
		(struct fake_member[]){ { .name = "task_list", .offset = 8, .type = "list_head" } },
		1);
	fake_struct("wait_queue_entry", 40,
		    (struct fake_member[]){
			    MEMBER("flags", 0),
			    MEMBER("private", 8),
			    MEMBER("func", 16),
			    { .name = "entry", .offset = 24, .type = "list_head" },
		    },
		    4);
	fake_struct(
		"swait_queue", 24,
		(struct fake_member[]){ MEMBER("task", 0),
					{ .name = "task_list", .offset = 8, .type = "list_head" } },
		2);
	fake_struct("wait_bit_key", 16,
		    (struct fake_member[]){ MEMBER("flags", 0),
					    { .name = "bit_nr", .offset = 8, .size = 4 } },
		    2);
	fake_struct("wait_bit_queue_entry", 56,
		    (struct fake_member[]){
			    { .name = "key", .offset = 0, .type = "wait_bit_key" },
			    { .name = "wq_entry", .offset = 16, .type = "wait_queue_entry" },
		    },
		    2);
	module = symbols_add_module("waking", 0, text.start, PAGE_BYTES, &text, 1);
	symbols_add(module, "wake_other", fake_kva(FUNCTION), 16, 't');
	symbols_add(module, "wake_bit_function", fake_kva(BIT_FUNCTION), 16, 't');
	symbols_add(module, "behind_it", fake_kva(BIT_FUNCTION) + 16, 16, 'd');
	fake_types_done();
#undef MEMBER
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_no_queue),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, make_all, NULL);
}
