/* test_task.c - L5 tasks: both roads to a task, damage, states, words and names. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/taskcontext.h"
#include "kernel/taskinfo.h"
#include "shell/taskwords.h"
#include "show/taskrow.h"
#include "task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* Physical addresses. A task_struct has a page of its own, so that one can be missing. */
#define INIT_PID_NS 0x1000
#define NODE 0x2000
#define PANIC_CPU 0x3000
#define OFFSETS 0x3100
#define NR_IDS 0x3200
#define MASKS 0x3300
#define PIDS 0x4000
#define SIGNALS_AT 0x5000
#define TASKS 0x10000

/* Members of the fake task_struct. */
enum {
	STATE = 0,
	EXIT_STATE = 4,
	FLAGS = 8,
	PID = 12,
	TGID = 16,
	CPU = 20,
	MM = 24,
	STACK = 32,
	PARENT = 40,
	LEADER = 48,
	SIGNAL = 56,
	LIST = 64,
	THREAD = 80,
	LINKS = 96,
	COMM = 160,
	START = 176,
	TASK_BYTES = 184,
};

static u64 task_at_slot(unsigned slot)
{
	return fake_kva(TASKS + slot * PAGE_BYTES);
}

static void put_u32(u64 address, u32 value)
{
	fake_bytes(address, &value, 4);
}

/* Slot 0 and 1 are the idle tasks; a thread has its leader's slot. */
static void put_task(unsigned slot, u32 pid, unsigned leader_slot, u32 tgid, const char *comm)
{
	u64 task = task_at_slot(slot);

	put_u32(task + PID, pid);
	put_u32(task + TGID, tgid);
	fake_u64(task + PARENT, task_at_slot(0));
	fake_u64(task + LEADER, task_at_slot(leader_slot));
	fake_u64(task + SIGNAL, fake_kva(SIGNALS_AT + leader_slot * 16));
	fake_u64(task + STACK, fake_kva(0x100000));
	fake_bytes(task + COMM, comm, strlen(comm) + 1);
}

static void link_ring(const u64 *nodes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fake_u64(nodes[i], nodes[(i + 1) % count]);
		fake_u64(nodes[i] + 8, nodes[(i + count - 1) % count]);
	}
}

static void link_threads(unsigned leader_slot, const unsigned *slots, size_t count)
{
	u64 nodes[8] = { fake_kva(SIGNALS_AT + leader_slot * 16) };

	for (size_t i = 0; i < count; i++)
		nodes[i + 1] = task_at_slot(slots[i]) + THREAD;
	link_ring(nodes, count + 1);
}

/* The struct pid of number PID, in the IDR, with one task. */
static void put_pid(u32 pid, unsigned slot)
{
	u64 object = fake_kva(PIDS + pid * 32);

	fake_u64(fake_kva(NODE) + 40 + pid * 8, object);
	fake_u64(object, task_at_slot(slot) + LINKS);
	fake_u64(task_at_slot(slot) + LINKS, 0);
}

/*
 * CPU 0 runs its idle task, CPU 1 the thread 6. 2 is pid 1, 3 and 4 are pid 5 and its thread 6, 5
 * is in the pid table only, 6 on the list only.
 */
static void build(void)
{
	const u64 leaders[] = { task_at_slot(0) + LIST, task_at_slot(3) + LIST,
				task_at_slot(2) + LIST, task_at_slot(6) + LIST };
	const unsigned alone[] = { 2 }, pair[] = { 3, 4 }, unlisted[] = { 5 }, unnumbered[] = { 6 };

	task_reset();
	task_context_reset();
	fake_dump();
	put_u32(fake_kva(NR_IDS), 2);
	fake_u64(fake_kva(OFFSETS), fake_kva(0x80000));
	fake_u64(fake_kva(OFFSETS) + 8, fake_kva(0x81000));
	fake_u64(fake_kva(MASKS), 3);
	put_u32(fake_kva(PANIC_CPU), 1);
	put_task(0, 0, 0, 0, "swapper/0");
	put_task(1, 0, 1, 0, "swapper/1");
	put_u32(task_at_slot(1) + CPU, 1);
	put_task(2, 1, 2, 1, "init");
	put_task(3, 5, 3, 5, "worker");
	put_task(4, 6, 3, 5, "worker");
	fake_u64(task_at_slot(4) + PARENT, task_at_slot(2));
	put_u32(task_at_slot(4) + CPU, 1);
	put_task(5, 7, 5, 7, "bad");
	put_task(6, 8, 6, 8, "10");
	link_ring(leaders, ARRAY_SIZE(leaders));
	link_threads(2, alone, 1);
	link_threads(3, pair, 2);
	link_threads(5, unlisted, 1);
	link_threads(6, unnumbered, 1);
	fake_u64(fake_kva(INIT_PID_NS) + 8, fake_kva(NODE) + 2);
	put_pid(1, 2);
	put_pid(5, 3);
	put_pid(6, 4);
	put_pid(7, 5);
	/* runqueues at 0x100, current_task at 0x200 of each CPU's area. */
	fake_u64(fake_kva(0x80100), task_at_slot(0));
	fake_u64(fake_kva(0x81100), task_at_slot(1));
	fake_u64(fake_kva(0x80200), task_at_slot(0));
	fake_u64(fake_kva(0x81200), task_at_slot(4));
}

static void expect_pids(const u32 *pids, size_t count)
{
	assert_int_equal(task_count(), count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(task_at(i)->pid, pids[i]);
}

static void test_table(void **state UNUSED)
{
	static const u32 pids[] = { 0, 0, 1, 5, 6, 7, 8 };

	build();
	expect_pids(pids, ARRAY_SIZE(pids));
	assert_string_equal(task_at(0)->comm, "swapper/0");
	assert_string_equal(task_at(1)->comm, "swapper/1");
	assert_ptr_equal(task_by_pid(0), task_at(0));
	assert_int_equal(task_by_pid(6)->tgid, 5);
	assert_int_equal(task_by_pid(6)->parent_pid, 1);
	assert_true(task_is_group_leader(task_by_pid(5)));
	assert_false(task_is_group_leader(task_by_pid(6)));
	assert_null(task_by_pid(99));
	assert_null(task_by_address(12345));
	assert_ptr_equal(task_by_address(task_at_slot(3)), task_by_pid(5));
	assert_int_equal(task_index(task_by_pid(5)), 3);
	assert_null(task_at(7));
}

static void test_running(void **state UNUSED)
{
	build();
	assert_ptr_equal(task_running_on(0), task_at(0));
	assert_ptr_equal(task_running_on(1), task_by_pid(6));
	assert_null(task_running_on(2));
	assert_null(task_running_on(1u << 20));
	assert_true(task_is_active(task_by_pid(6)));
	assert_false(task_is_active(task_at(1)));
	assert_ptr_equal(task_panic(), task_by_pid(6));
	assert_true(task_is_panic_task(task_by_pid(6)));
	assert_ptr_equal(task_current(), task_by_pid(6));
	task_set_current(task_by_pid(1));
	assert_ptr_equal(task_current(), task_by_pid(1));
	task_make_active(task_at(1));
	assert_ptr_equal(task_running_on(1), task_at(1));
	assert_false(task_is_active(task_by_pid(6)));
}

/* A task that is on no list any more and still runs. */
static void test_unlisted_current(void **state UNUSED)
{
	build();
	put_task(9, 30, 9, 30, "dying");
	fake_u64(fake_kva(0x80200), task_at_slot(9));
	assert_non_null(task_by_pid(30));
	assert_true(task_is_active(task_by_pid(30)));
}

static void test_damaged_task(void **state UNUSED)
{
	static const u32 pids[] = { 0, 0, 1, 5, 7, 8 };
	static const u32 nonsense[] = { 0, 0, 1, 5, 6, 8 };

	build();
	fake_page_fault(TASKS + 4 * PAGE_BYTES, FAULT_EXCLUDED);
	expect_pids(pids, ARRAY_SIZE(pids));
	build();
	put_u32(task_at_slot(5) + PID, 0xdeadbeef);
	expect_pids(nonsense, ARRAY_SIZE(nonsense));
}

static void test_broken_list(void **state UNUSED)
{
	static const u32 pids[] = { 0, 0, 1, 5, 6, 7 };

	/* The second leader points to itself: a ring that misses its head. */
	build();
	fake_u64(task_at_slot(3) + LIST, task_at_slot(3) + LIST);
	expect_pids(pids, ARRAY_SIZE(pids));
	build();
	fake_u64(task_at_slot(0) + LIST, 0);
	expect_pids(pids, ARRAY_SIZE(pids));
	/* A list that leads out of memory. */
	build();
	fake_u64(task_at_slot(3) + LIST, 0xffffc90000000000ULL);
	expect_pids(pids, ARRAY_SIZE(pids));
}

static void test_broken_pids(void **state UNUSED)
{
	static const u32 pids[] = { 0, 0, 1, 5, 6, 8 };

	build();
	fake_page_fault(NODE, FAULT_NOT_IN_DUMP);
	expect_pids(pids, ARRAY_SIZE(pids));
}

static void count_tasks(void *arg)
{
	*(size_t *)arg = task_count();
	for (size_t i = 0; i < *(size_t *)arg; i++)
		task_state_text(task_at(i));
}

/* Every read fails once: what is left is a table without what that read gave, or a message. */
static void test_each_read_fails(void **state UNUSED)
{
	unsigned long nr_reads;
	size_t whole = 0;

	build();
	fake_fail_read(0);
	count_tasks(&whole);
	nr_reads = fake_nr_reads();
	assert_true(nr_reads > 10);
	for (unsigned long n = 1; n <= nr_reads; n++) {
		struct failure failure = { 0 };
		size_t count = 0;

		build();
		fake_fail_read(n);
		if (protect(count_tasks, &count, &failure))
			assert_in_range(count, 4, whole);
		else
			assert_true(failure.text[0] != '\0');
		fake_fail_read(0);
	}
}

static void test_states(void **state UNUSED)
{
	static const struct {
		u64 state, exit_state;
		const char *text, *words;
	} cases[] = {
		{ 0, 0, "RU", "TASK_RUNNING" },
		{ 1, 0, "IN", "TASK_INTERRUPTIBLE" },
		{ 0x2001, 0, "IN", "TASK_INTERRUPTIBLE|TASK_FREEZABLE" },
		{ 2, 0, "UN", "TASK_UNINTERRUPTIBLE" },
		{ 0x102, 0, "UN", "TASK_UNINTERRUPTIBLE|TASK_WAKEKILL" },
		{ 0x402, 0, "ID", "TASK_UNINTERRUPTIBLE|TASK_NOLOAD" },
		{ 0x104, 0, "ST", "TASK_STOPPED|TASK_WAKEKILL" },
		{ 0x8, 0, "TR", "TASK_TRACED" },
		{ 0x40, 0, "PA", "TASK_PARKED" },
		{ 0x80, 0x20, "ZO", "EXIT_ZOMBIE|TASK_DEAD" },
		{ 0x80, 0x10, "DE", "EXIT_DEAD|TASK_DEAD" },
		{ 0x80, 0, "DE", "TASK_DEAD" },
		{ 0x200, 0, "WA", "TASK_WAKING" },
		{ 0x800, 0, "NE", "TASK_NEW" },
		{ 0x1000, 0, "UN", "TASK_RTLOCK_WAIT" },
		{ 0x8000, 0, "UN", "TASK_FROZEN" },
		{ 0x40000000, 0, "??", "0x40000000" },
	};

	build();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct task task = { .state = cases[i].state, .exit_state = cases[i].exit_state };
		struct strbuf words = { 0 };

		assert_string_equal(task_state_text(&task), cases[i].text);
		assert_true(task_has_state(&task, cases[i].text));
		task_state_words(&task, &words);
		assert_string_equal(strbuf_text(&words), cases[i].words);
		strbuf_free(&words);
	}
	assert_true(task_is_state_name("ZO"));
	assert_false(task_is_state_name("zo"));
	assert_false(task_is_state_name("bt"));
}

static size_t pids_matching(const char *word, u32 *first)
{
	const struct task **matches;
	size_t count = tasks_matching(word, &matches);

	*first = count != 0 ? matches[0]->pid : ~0u;
	return count;
}

static void test_words(void **state UNUSED)
{
	static const struct {
		const char *word;
		size_t count;
		u32 first;
	} cases[] = {
		{ "5", 1, 5 },
		{ "0x5", 1, 5 },
		{ "0", 2, 0 },
		{ "worker", 2, 5 },
		{ "'^wor'", 2, 5 },
		{ "'(init|bad)'", 2, 1 },
		{ "'^x'", 0, ~0u },
		{ "\\init", 1, 1 },
		{ "\\5", 0, ~0u },
		/* A name that is a number in hexadecimal, and one that is decimal. */
		{ "bad", 1, 7 },
		{ "10", 0, ~0u },
		{ "\\10", 1, 8 },
		{ "nosuch", 0, ~0u },
		{ "", 0, ~0u },
		{ "'", 0, ~0u },
		{ "\\", 0, ~0u },
		{ "ffffffffffffffff", 0, ~0u },
		{ "99999999999999999999", 0, ~0u },
	};
	char address[32];
	u32 first;

	build();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(pids_matching(cases[i].word, &first), cases[i].count);
		assert_int_equal(first, cases[i].first);
	}
	snprintf(address, sizeof(address), "%llx", task_at_slot(4));
	assert_int_equal(pids_matching(address, &first), 1);
	assert_int_equal(first, 6);
	assert_ptr_equal(task_try_argument(address), task_by_pid(6));
	assert_ptr_equal(task_try_argument("6"), task_by_pid(6));
	assert_null(task_try_argument("worker"));
	assert_null(task_try_argument("99"));
}

static void match_bad_regex(void *arg UNUSED)
{
	const struct task **matches;

	tasks_matching("'['", &matches);
}

static void wrong_argument(void *arg UNUSED)
{
	task_argument("nosuch");
}

static void test_wrong_words(void **state UNUSED)
{
	struct failure failure;

	build();
	assert_false(protect(match_bad_regex, NULL, &failure));
	assert_non_null(strstr(failure.text, "invalid regular expression: ["));
	assert_false(protect(wrong_argument, NULL, &failure));
	assert_string_equal(failure.text, "invalid task or pid value: nosuch");
}

static void test_comm(void **state UNUSED)
{
	static const struct {
		const char *comm, *shown;
	} cases[] = {
		{ "init", "init" },
		{ "a\tb\nc", "a\\x09b\\x0ac" },
		{ "\x1b[31mred", "\\x1b[31mred" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "cut\xc3", "cut\\xc3" },
		{ "\xff\xfe\x80", "\\xff\\xfe\\x80" },
		{ "c1\xc2\x9b"
		  "2J",
		  "c1\\xc2\\x9b2J" },
		{ "long\xe0\x80\x80", "long\\xe0\\x80\\x80" },
		{ "\xed\x7f", "\\xed\\x7f" },
	};
	char text[TASK_COMM_SPACE];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct task task = { 0 };

		strncpy(task.comm, cases[i].comm, sizeof(task.comm) - 1);
		assert_string_equal(task_comm(&task, text), cases[i].shown);
	}
}

static void test_header(void **state UNUSED)
{
	struct task task = { .pid = 1, .address = 0xffff888003258000ULL, .cpu = 3, .comm = "init" };
	struct strbuf text = { 0 };

	taskrow_header(&task, &text);
	assert_string_equal(strbuf_text(&text),
			    "PID: 1        TASK: ffff888003258000  CPU: 3    COMMAND: \"init\"");
	strbuf_free(&text);
}

static void test_policies(void **state UNUSED)
{
	u32 set;

	assert_true(task_policy_parse("fifo", &set));
	assert_int_equal(set, 1 << 1);
	assert_true(task_policy_parse("0,RR,Deadline", &set));
	assert_int_equal(set, 1 << 0 | 1 << 2 | 1 << 6);
	assert_false(task_policy_parse("99", &set));
	assert_false(task_policy_parse("fifo,nosuch", &set));
	assert_false(task_policy_parse("", &set));
	assert_string_equal(task_policy_name(5), "IDLE");
	assert_string_equal(task_policy_name(77), "?");
}

static void describe_types(void)
{
	static const struct fake_member list[] = { { .name = "next", .size = 8 },
						   { .name = "prev", .offset = 8, .size = 8 } };
	static const struct fake_member first[] = { { .name = "first", .size = 8 } };
	static const struct fake_member task[] = {
		{ .name = "__state", .offset = STATE, .size = 4 },
		{ .name = "exit_state", .offset = EXIT_STATE, .size = 4 },
		{ .name = "flags", .offset = FLAGS, .size = 4 },
		{ .name = "pid", .offset = PID, .size = 4 },
		{ .name = "tgid", .offset = TGID, .size = 4 },
		{ .name = "cpu", .offset = CPU, .size = 4 },
		{ .name = "mm", .offset = MM, .size = 8 },
		{ .name = "stack", .offset = STACK, .size = 8 },
		{ .name = "real_parent", .offset = PARENT, .size = 8 },
		{ .name = "group_leader", .offset = LEADER, .size = 8 },
		{ .name = "signal", .offset = SIGNAL, .size = 8 },
		{ .name = "tasks", .offset = LIST, .type = "list_head" },
		{ .name = "thread_node", .offset = THREAD, .type = "list_head" },
		{ .name = "pid_links",
		  .offset = LINKS,
		  .size = 16,
		  .count = 4,
		  .type = "hlist_node" },
		{ .name = "comm", .offset = COMM, .size = 1, .count = 16 },
		{ .name = "start_time", .offset = START, .size = 8 },
	};
	static const struct fake_member signal[] = { { .name = "thread_head",
						       .type = "list_head" } };
	static const struct fake_member pid[] = {
		{ .name = "tasks", .size = 8, .count = 4, .type = "hlist_head" }
	};
	static const struct fake_member xarray[] = {
		{ .name = "xa_head", .offset = 8, .size = 8 }
	};
	static const struct fake_member node[] = {
		{ .name = "shift", .size = 1 },
		{ .name = "slots", .offset = 40, .size = 8, .count = 64 }
	};
	static const struct fake_member idr[] = { { .name = "idr_rt", .type = "xarray" } };
	static const struct fake_member namespace[] = { { .name = "idr", .type = "idr" } };
	static const struct fake_member rq[] = { { .name = "idle", .size = 8 } };
	static const struct fake_member mask[] = { { .name = "bits", .size = 8, .count = 4 } };

	fake_struct("list_head", 16, list, ARRAY_SIZE(list));
	fake_struct("hlist_node", 16, list, ARRAY_SIZE(list));
	fake_struct("hlist_head", 8, first, ARRAY_SIZE(first));
	fake_struct("task_struct", TASK_BYTES, task, ARRAY_SIZE(task));
	fake_struct("signal_struct", 16, signal, ARRAY_SIZE(signal));
	fake_struct("pid", 32, pid, ARRAY_SIZE(pid));
	fake_struct("xarray", 16, xarray, ARRAY_SIZE(xarray));
	fake_struct("xa_node", 576, node, ARRAY_SIZE(node));
	fake_struct("idr", 16, idr, ARRAY_SIZE(idr));
	fake_struct("pid_namespace", 16, namespace, ARRAY_SIZE(namespace));
	fake_struct("rq", 8, rq, ARRAY_SIZE(rq));
	fake_struct("cpumask", 32, mask, ARRAY_SIZE(mask));
	fake_types_done();
}

static int prepare(void **state UNUSED)
{
	describe_types();
	fake_symbol("init_task", task_at_slot(0));
	fake_symbol("init_pid_ns", fake_kva(INIT_PID_NS));
	fake_symbol("__per_cpu_offset", fake_kva(OFFSETS));
	fake_symbol("__per_cpu_start", 0);
	fake_symbol("__per_cpu_end", 0x1000);
	fake_symbol("runqueues", 0x100);
	fake_symbol("current_task", 0x200);
	fake_symbol("nr_cpu_ids", fake_kva(NR_IDS));
	fake_symbol("__cpu_possible_mask", fake_kva(MASKS));
	fake_symbol("__cpu_present_mask", fake_kva(MASKS));
	fake_symbol("__cpu_online_mask", fake_kva(MASKS));
	fake_symbol("panic_cpu", fake_kva(PANIC_CPU));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_running),
		cmocka_unit_test(test_unlisted_current),
		cmocka_unit_test(test_damaged_task),
		cmocka_unit_test(test_broken_list),
		cmocka_unit_test(test_broken_pids),
		cmocka_unit_test(test_each_read_fails),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_wrong_words),
		cmocka_unit_test(test_comm),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_policies),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
