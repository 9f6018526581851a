/* test_returnhook.c - L5 return addresses that tracing keeps: every kernel's keeper, damage. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/unwind/returnhook.h"
#include "symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* Types are made once a program, so each kernel's layout has a process of its own. */
enum layout {
	WORDS_AND_RETHOOKS, /* v6.11 and later */
	STRUCTS_AND_LIST, /* v5.11 to v5.18 */
	STRUCTS_AND_TABLE, /* before v5.11 */
	NO_TRACING,
	NR_LAYOUTS,
};

static enum layout layout;

#define TASK_AT 0x1000
#define STACK_AT 0x2000
#define TABLE_AT 0x3000
#define NODES_AT 0x4000
#define NODE_BYTES 64
#define GRAPH_HOOK 0xffffffff81001000ULL
#define PROBE_HOOK 0xffffffff81002000ULL
#define SLOT 0xffffc90000004000ULL
#define REAL 0xffffffff81234567ULL

/* Of task_struct, of ftrace_ret_stack (four words), of a probe's record. */
enum { RET_STACK = 8, DEPTH = 16, PROBES = 24 };
enum { RET = 0, RETP = 24, ENTRY_BYTES = 32 };
enum { LINK = 8, PROBE_TASK = 16, PROBE_RET = 24, PROBE_SLOT = 32 };

static struct task task;
static const char *why;

static void make_types(void)
{
	bool words = layout == WORDS_AND_RETHOOKS, table = layout == STRUCTS_AND_TABLE;
	static const struct fake_member entry[] = { { .name = "ret", .offset = RET, .size = 8 },
						    { .name = "retp", .offset = RETP, .size = 8 } };
	const struct fake_member record[] = {
		{ .name = table ? "hlist" : "llist", .offset = LINK, .size = 8 },
		{ .name = "ret_addr", .offset = PROBE_RET, .size = 8 },
		{ .name = words ? "frame" : "fp", .offset = PROBE_SLOT, .size = 8 },
		{ .name = "task", .offset = PROBE_TASK, .size = 8 },
	};
	const struct fake_member members[] = {
		{ .name = "ret_stack",
		  .offset = RET_STACK,
		  .size = 8,
		  .type = words ? NULL : "ftrace_ret_stack",
		  .is_pointer = true },
		{ .name = "curr_ret_stack", .offset = DEPTH, .size = 4, .is_signed = true },
		{ .name = words ? "rethooks" : "kretprobe_instances", .offset = PROBES, .size = 8 },
	};
	static const struct fake_member nothing[] = { { .name = "pid", .offset = 0, .size = 4 } };

	if (layout == NO_TRACING) {
		fake_struct("task_struct", 64, nothing, 1);
	} else {
		fake_struct("ftrace_ret_stack", ENTRY_BYTES, entry, ARRAY_SIZE(entry));
		fake_struct(words ? "rethook_node" : "kretprobe_instance", NODE_BYTES, record,
			    table ? 4 : 3);
		fake_struct("task_struct", 64, members, table ? 2 : 3);
	}
	fake_types_done();
}

static void make_symbols(void)
{
	fake_symbol("return_to_handler", GRAPH_HOOK);
	fake_symbol("kretprobe_trampoline", PROBE_HOOK);
	if (layout == STRUCTS_AND_TABLE)
		fake_symbol("kretprobe_inst_table", fake_kva(TABLE_AT));
}

static void put_depth(s32 depth)
{
	fake_bytes(fake_kva(TASK_AT) + DEPTH, &depth, sizeof(depth));
}

/* The n-th entry; in a stack of words another word lies between each two. */
static void put_entry(unsigned n, u64 ret, u64 slot)
{
	u64 at = fake_kva(STACK_AT) +
		 n * (layout == WORDS_AND_RETHOOKS ? ENTRY_BYTES + 8 : ENTRY_BYTES);

	fake_u64(at + RET, ret);
	fake_u64(at + RETP, slot);
}

static void put_entries(unsigned count)
{
	put_depth(layout == WORDS_AND_RETHOOKS ? (s32)count * (ENTRY_BYTES / 8 + 1)
					       : (s32)count - 1);
}

static u64 node(unsigned n)
{
	return fake_kva(NODES_AT) + n * NODE_BYTES;
}

/* Where the list begins that these nodes are on. */
static u64 list_head(void)
{
	return layout == STRUCTS_AND_TABLE ? fake_kva(TABLE_AT) + 5 * 8 : task.address + PROBES;
}

static void put_node(unsigned n, u64 owner, u64 ret, u64 slot, u64 next)
{
	fake_u64(node(n) + LINK, next);
	fake_u64(node(n) + PROBE_TASK, owner);
	fake_u64(node(n) + PROBE_RET, ret);
	fake_u64(node(n) + PROBE_SLOT, slot);
}

/* Three entries, three nodes; those of SLOT in the middle. */
static void build(void)
{
	fake_dump();
	task = (struct task){ .address = fake_kva(TASK_AT) };
	why = NULL;
	fake_u64(task.address + RET_STACK, fake_kva(STACK_AT));
	put_entry(0, REAL + 1, SLOT + 64);
	put_entry(1, REAL, SLOT);
	put_entry(2, REAL + 2, SLOT - 64);
	put_entries(3);
	fake_u64(list_head(), node(0) + LINK);
	put_node(0, task.address, REAL + 3, SLOT - 64, node(1) + LINK);
	put_node(1, task.address, REAL, SLOT, node(2) + LINK);
	put_node(2, task.address, REAL + 4, SLOT + 64, 0);
}

static u64 real_of(u64 address, u64 slot)
{
	return returnhook_real(&task, address, slot, &why);
}

static void test_nobody_replaced_it(void **state UNUSED)
{
	build();
	assert_int_equal(real_of(REAL, SLOT), REAL);
	assert_int_equal(real_of(0, SLOT), 0);
	assert_null(why);
}

static void test_replaced(void **state UNUSED)
{
	u64 wanted = layout == NO_TRACING ? 0 : REAL;

	build();
	assert_int_equal(real_of(GRAPH_HOOK, SLOT), wanted);
	assert_non_null(strstr(why, "function graph"));
	assert_int_equal(real_of(PROBE_HOOK, SLOT), wanted);
	assert_non_null(strstr(why, "return probe"));
	/* Nobody has a record of this one. */
	assert_int_equal(real_of(GRAPH_HOOK, SLOT + 8), 0);
	assert_int_equal(real_of(PROBE_HOOK, SLOT + 8), 0);
}

static void test_nested(void **state UNUSED)
{
	if (layout == NO_TRACING)
		return;
	/* A traced function jumped into another: the later entry keeps only the hook itself. */
	build();
	put_entry(2, GRAPH_HOOK, SLOT);
	assert_int_equal(real_of(GRAPH_HOOK, SLOT), REAL);
	/* A probe on a traced function keeps the other's address. */
	put_node(1, task.address, GRAPH_HOOK, SLOT, node(2) + LINK);
	assert_int_equal(real_of(PROBE_HOOK, SLOT), GRAPH_HOOK);
	/* A probe that was hit twice: the first node has the probe's own address. */
	put_node(0, task.address, PROBE_HOOK, SLOT, node(1) + LINK);
	put_node(1, task.address, REAL, SLOT, 0);
	assert_int_equal(real_of(PROBE_HOOK, SLOT), REAL);
}

/* What returned already is not looked at: its slot may be another function's by now. */
static void test_depth(void **state UNUSED)
{
	static const s32 nonsense[] = { -2, -1000000 };

	if (layout == NO_TRACING)
		return;
	build();
	put_entries(1);
	assert_int_equal(real_of(GRAPH_HOOK, SLOT), 0);
	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
		put_depth(nonsense[i]);
		assert_int_equal(real_of(GRAPH_HOOK, SLOT), 0);
	}
	/* More than the array ever holds: what it holds is looked through. */
	put_depth(0x7fffffff);
	assert_int_equal(real_of(GRAPH_HOOK, SLOT), REAL);
	fake_u64(task.address + RET_STACK, 0);
	assert_int_equal(real_of(GRAPH_HOOK, SLOT), 0);
}

static void test_another_tasks_record(void **state UNUSED)
{
	if (layout != STRUCTS_AND_TABLE)
		return;
	build();
	put_node(1, task.address + 64, REAL, SLOT, node(2) + LINK);
	assert_int_equal(real_of(PROBE_HOOK, SLOT), 0);
}

static void test_broken_lists(void **state UNUSED)
{
	if (layout == NO_TRACING)
		return;
	/* A ring, an end that is no address, a node that is not in memory. */
	build();
	put_node(2, task.address, REAL + 4, SLOT + 64, node(0) + LINK);
	assert_int_equal(real_of(PROBE_HOOK, SLOT), REAL);
	assert_int_equal(real_of(PROBE_HOOK, SLOT + 8), 0);
	put_node(0, task.address, REAL, SLOT - 64, 0x1234);
	assert_int_equal(real_of(PROBE_HOOK, SLOT), 0);
	fake_u64(list_head(), 0xffffc90000000000ULL);
	assert_int_equal(real_of(PROBE_HOOK, SLOT), 0);
}

/* Each read fails once: the answer is the real one or none, never another. */
static void test_each_read_fails(void **state UNUSED)
{
	static const u64 hooks[] = { GRAPH_HOOK, PROBE_HOOK };

	for (size_t i = 0; layout != NO_TRACING && i < ARRAY_SIZE(hooks); i++) {
		unsigned long nr_reads, nr_missed = 0;

		build();
		fake_fail_read(0);
		assert_int_equal(real_of(hooks[i], SLOT), REAL);
		nr_reads = fake_nr_reads();
		assert_true(nr_reads >= 2);
		for (unsigned long n = 1; n <= nr_reads; n++) {
			u64 found;

			build();
			fake_fail_read(n);
			found = real_of(hooks[i], SLOT);
			assert_true(found == 0 || found == REAL);
			nr_missed += found == 0;
		}
		assert_true(nr_missed > 0);
	}
}

static int run_layout(void)
{
	static const char *const names[] = { "words and rethooks", "structures and a list",
					     "structures and a table", "no tracing" };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_replaced_it),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_another_tasks_record),
		cmocka_unit_test(test_broken_lists),
		cmocka_unit_test(test_each_read_fails),
	};

	make_types();
	make_symbols();
	return cmocka_run_group_tests_name(names[layout], tests, NULL, NULL);
}

int main(void)
{
	int failed = 0, status;

	for (layout = 0; layout < NR_LAYOUTS; layout++) {
		pid_t child = fork();

		if (child == 0)
			exit(run_layout());
		if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
			failed++;
	}
	return failed;
}
