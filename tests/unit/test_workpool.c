/* test_workpool.c - L5 pools of workers with fake memory: busy, idle, rescuer, manager, stalled, damaged. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/workqueue/workpool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* Physical addresses. */
#define POOL 0x1000
#define WORKERS 0x2000
#define WORKS 0x3000
#define JIFFIES 0x9000
#define CLOCK 0x9100
#define PARTS 0xa000

/* Offsets. */
enum {
	P_CPU = 4,
	P_NODE = 8,
	P_FLAGS = 12,
	P_PROGRESS = 16,
	P_WORKS = 24,
	P_WORKERS = 40,
	P_IDLE = 44,
	P_RUNNING = 48,
	P_IDLE_LIST = 56,
	P_HASH = 72,
	P_MANAGER = 88,
	P_BYTES = 104
};
enum {
	W_ENTRY = 0,
	W_WORK = 16,
	W_FUNC = 24,
	W_PART = 32,
	W_SCHEDULED = 40,
	W_TASK = 56,
	W_RESCUES = 64,
	W_DESC = 72,
	W_BYTES = 96
};
enum { DATA = 0, ENTRY = 8, FUNC = 24 };

#define HZ 250
#define NOW (100 * HZ)

static u64 worker(unsigned number)
{
	return fake_kva(WORKERS + number * W_BYTES);
}

static u64 work(unsigned number)
{
	return fake_kva(WORKS + number * 32);
}

static void link_at(u64 at, u64 next, u64 prev)
{
	fake_u64(at, next);
	fake_u64(at + 8, prev);
}

static void put_work(unsigned number)
{
	fake_u64(work(number) + DATA, fake_kva(PARTS) | 1 << 2 | 1);
	fake_u64(work(number) + FUNC, 0x1000 + number);
}

static void put_worker(unsigned number, unsigned runs)
{
	fake_u64(worker(number) + W_WORK, work(runs));
	fake_u64(worker(number) + W_FUNC, 0x1000 + runs);
	fake_u64(worker(number) + W_PART, fake_kva(PARTS));
	fake_u64(worker(number) + W_TASK, 0x7000 + number);
	fake_bytes(worker(number) + W_DESC, "says", 5);
	link_at(worker(number) + W_SCHEDULED, worker(number) + W_SCHEDULED,
		worker(number) + W_SCHEDULED);
}

static void set_counts(u32 workers, u32 idle, u32 running)
{
	u32 counts[] = { workers, idle, running };

	fake_bytes(fake_kva(POOL) + P_WORKERS, counts, sizeof(counts));
}

/* A worker with a work and one behind it, an idle one; two works are pending. */
static void build(void)
{
	u64 pool = fake_kva(POOL);

	fake_dump();
	fake_u64(fake_kva(JIFFIES), NOW);
	fake_bytes(fake_kva(CLOCK), (u32[]){ 4000000u << 8, 8 }, 8);
	fake_u64(pool + P_PROGRESS, NOW - 40 * HZ);
	set_counts(2, 1, 0);
	put_worker(0, 0);
	put_work(1);
	link_at(worker(0) + W_SCHEDULED, work(1) + ENTRY, work(1) + ENTRY);
	link_at(work(1) + ENTRY, worker(0) + W_SCHEDULED, worker(0) + W_SCHEDULED);
	/* The second of two chains. */
	fake_u64(pool + P_HASH + 8, worker(0) + W_ENTRY);
	fake_u64(worker(0) + W_ENTRY + 8, pool + P_HASH + 8);
	link_at(pool + P_IDLE_LIST, worker(1), worker(1));
	link_at(worker(1) + W_ENTRY, pool + P_IDLE_LIST, pool + P_IDLE_LIST);
	fake_u64(worker(1) + W_TASK, 0x7001);
	put_work(2);
	put_work(3);
	link_at(pool + P_WORKS, work(2) + ENTRY, work(3) + ENTRY);
	link_at(work(2) + ENTRY, work(3) + ENTRY, pool + P_WORKS);
	link_at(work(3) + ENTRY, pool + P_WORKS, work(2) + ENTRY);
}

struct answer {
	struct work_pool pool;
	struct work works[8];
	size_t count;
	char problem[200];
};

static void ask(void *arg)
{
	struct answer *answer = arg;
	struct works works = { 0 };

	answer->pool = work_pool_read(fake_kva(POOL), 5, &works);
	answer->count = works.count;
	assert_true(works.count <= ARRAY_SIZE(answer->works));
	if (works.count)
		memcpy(answer->works, works.items, works.count * sizeof(*works.items));
	if (answer->pool.nr_idle_found)
		assert_int_equal(answer->pool.idle[0].address, worker(1));
	for (size_t i = 0; i < works.count; i++)
		if (works.items[i].state == WORK_RUNNING)
			assert_string_equal(works.items[i].description, "says");
	if (answer->pool.problem)
		snprintf(answer->problem, sizeof(answer->problem), "%s", answer->pool.problem);
}

static struct answer asked(void)
{
	struct answer answer = { 0 };
	struct failure failure;

	assert_true(protect(ask, &answer, &failure));
	return answer;
}

static void test_pool(void **state UNUSED)
{
	static const enum work_state states[] = { WORK_RUNNING, WORK_NEXT, WORK_PENDING,
						  WORK_PENDING };
	struct answer answer;

	build();
	answer = asked();
	assert_string_equal(answer.problem, "");
	assert_int_equal(answer.count, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(answer.works[i].state, states[i]);
		assert_int_equal(answer.works[i].address, work(i));
		assert_int_equal(answer.works[i].function, 0x1000 + i);
		assert_int_equal(answer.works[i].part, fake_kva(PARTS));
		assert_int_equal(answer.works[i].task, i < 2 ? 0x7000 : 0);
		assert_int_equal(answer.works[i].worker, i < 2 ? worker(0) : 0);
	}
	assert_int_equal(answer.pool.id, 5);
	assert_int_equal(answer.pool.nr_busy, 1);
	assert_int_equal(answer.pool.nr_idle_found, 1);
	assert_int_equal(answer.pool.nr_pending, 2);
	assert_int_equal(answer.pool.progress, 40 * HZ);
}

static void test_stalled(void **state UNUSED)
{
	build();
	assert_true(asked().pool.stalled);
	fake_u64(fake_kva(POOL) + P_PROGRESS, NOW - 30 * HZ);
	assert_false(asked().pool.stalled);
	/* The other CPU's clock tick came in between. */
	fake_u64(fake_kva(POOL) + P_PROGRESS, NOW + 1);
	assert_int_equal(asked().pool.progress, 0);
	/* Without works there is nothing to begin. */
	build();
	link_at(fake_kva(POOL) + P_WORKS, fake_kva(POOL) + P_WORKS, fake_kva(POOL) + P_WORKS);
	assert_false(asked().pool.stalled);
	assert_string_equal(asked().problem, "");
}

/* A rescuer is not counted; a manager is, and stands on no list. */
static void test_rescuer_and_manager(void **state UNUSED)
{
	u64 pool = fake_kva(POOL);

	build();
	put_worker(2, 4);
	fake_u64(worker(2) + W_RESCUES, fake_kva(PARTS));
	fake_u64(pool + P_HASH, worker(2) + W_ENTRY);
	fake_u64(worker(2) + W_ENTRY + 8, pool + P_HASH);
	assert_string_equal(asked().problem, "");
	assert_int_equal(asked().count, 5);
	assert_int_equal(asked().pool.nr_busy, 1);
	set_counts(3, 1, 0);
	assert_string_equal(asked().problem, "of 3 workers 2 are found");
	fake_u64(worker(3) + W_TASK, 0x7003);
	fake_u64(pool + P_MANAGER, worker(3));
	assert_string_equal(asked().problem, "");
	assert_int_equal(asked().pool.manager_task, 0x7003);
}

static void test_damaged(void **state UNUSED)
{
	struct answer answer;

	/* A ring that does not lead back. */
	build();
	fake_u64(work(3) + ENTRY, work(2) + ENTRY);
	answer = asked();
	assert_non_null(strstr(answer.problem, "works: "));
	assert_int_equal(answer.pool.nr_idle_found, 1);
	/* A worker out of the dump. */
	build();
	fake_page_fault(WORKERS, FAULT_EXCLUDED);
	answer = asked();
	assert_non_null(strstr(answer.problem, "excluded"));
	assert_int_equal(answer.pool.nr_pending, 2);
	/* A work that lies nowhere. */
	build();
	fake_u64(fake_kva(POOL) + P_WORKS, 0xdead000000000100ULL);
	assert_string_not_equal(asked().problem, "");
	/* The pool itself: every member fails once. */
	build();
	fake_page_fault(POOL, FAULT_EXCLUDED);
	answer = asked();
	assert_non_null(strstr(answer.problem, "excluded"));
	assert_int_equal(answer.count, 0);
	assert_false(answer.pool.stalled);
}

#define MEMBER(n, at, bytes)                                                                       \
	{                                                                                          \
		.name = n, .offset = at, .size = bytes                                             \
	}

static void make_pool(void)
{
	fake_struct("worker_pool", P_BYTES,
		    (struct fake_member[]){
			    { .name = "cpu", .offset = P_CPU, .size = 4, .is_signed = true },
			    { .name = "node", .offset = P_NODE, .size = 4, .is_signed = true },
			    MEMBER("flags", P_FLAGS, 4),
			    MEMBER("watchdog_ts", P_PROGRESS, 8),
			    { .name = "worklist", .offset = P_WORKS, .type = "list_head" },
			    MEMBER("nr_workers", P_WORKERS, 4),
			    MEMBER("nr_idle", P_IDLE, 4),
			    MEMBER("nr_running", P_RUNNING, 4),
			    { .name = "idle_list", .offset = P_IDLE_LIST, .type = "list_head" },
			    { .name = "busy_hash", .offset = P_HASH, .size = 8, .count = 2 },
			    MEMBER("manager", P_MANAGER, 8),
			    MEMBER("attrs", 96, 8),
		    },
		    12);
	fake_struct("worker", W_BYTES,
		    (struct fake_member[]){
			    { .name = "entry", .offset = W_ENTRY, .type = "list_head" },
			    { .name = "hentry", .offset = W_ENTRY, .type = "list_head" },
			    MEMBER("current_work", W_WORK, 8),
			    MEMBER("current_func", W_FUNC, 8),
			    MEMBER("current_pwq", W_PART, 8),
			    { .name = "scheduled", .offset = W_SCHEDULED, .type = "list_head" },
			    MEMBER("task", W_TASK, 8),
			    MEMBER("rescue_wq", W_RESCUES, 8),
			    { .name = "desc", .offset = W_DESC, .size = 1, .count = 24 },
		    },
		    9);
}

static int make_all(void **state UNUSED)
{
	static const char *const bits[] = {
		"B0", "B1", "B2", "B3", "WORK_STRUCT_PWQ", "B5", "B6", "B7", "WORK_STRUCT_FLAG_BITS"
	};

	fake_dump();
	fake_struct("list_head", 16,
		    (struct fake_member[]){ MEMBER("next", 0, 8), MEMBER("prev", 8, 8) }, 2);
	fake_struct("work_struct", 32,
		    (struct fake_member[]){
			    MEMBER("data", DATA, 8),
			    { .name = "entry", .offset = ENTRY, .type = "list_head" },
			    MEMBER("func", FUNC, 8),
		    },
		    3);
	fake_struct("workqueue_attrs", 8, (struct fake_member[]){ MEMBER("nice", 0, 4) }, 1);
	fake_struct("clocksource", 8,
		    (struct fake_member[]){ MEMBER("mult", 0, 4), MEMBER("shift", 4, 4) }, 2);
	fake_enum("work_bits", bits, ARRAY_SIZE(bits));
	make_pool();
	fake_symbol("jiffies_64", fake_kva(JIFFIES));
	fake_symbol("clocksource_jiffies", fake_kva(CLOCK));
	fake_types_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_stalled),
		cmocka_unit_test(test_rescuer_and_manager),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, make_all, NULL);
}
