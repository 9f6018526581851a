/* test_stack.c - L5 unwinding through each exception's own stack, #VC's too. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/regs.h"
#include "fake.h"
#include "kernel/unwind/stack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define TABLE_IPS 0x1000
#define TABLE_ENTRIES 0x2000
#define TSS 0x3000
#define TASK_STACK 0x10000
#define STACK_BYTES 0x4000
#define IST_STACKS 0x40000 /* one every IST_BYTES, each above a page that none owns */
#define IST_BYTES 0x2000
#define TEXT 0x200000

/* Functions, by the rules of the unwind table that they stand for; 256 bytes each. */
enum { HANDLER, ENTRY, VICTIM, OUTER, NR_FUNCTIONS };
enum { IST_OFFSET = 36, NR_ISTS = 7 };

static const enum stack_kind kinds[] = { STACK_DF, STACK_NMI, STACK_DB, STACK_MCE, STACK_VC };

static struct task task;

static u64 code(unsigned function, u64 offset)
{
	return fake_kva(TEXT) + function * 256 + offset;
}

static u64 stack_top(unsigned ist)
{
	return fake_kva(IST_STACKS) + ist * 2 * IST_BYTES + IST_BYTES;
}

/* Where the task was interrupted: its stack pointer. */
static u64 task_sp(void)
{
	return fake_kva(TASK_STACK) + STACK_BYTES - 256;
}

/* The layout of v6.4: sp_reg:4 bp_reg:4 type:3. Most entries are calls, as in a kernel. */
static void put_table(void)
{
	enum { SP = 5, END = 1, CALL = 2, REGS = 3 };
	static const struct {
		s16 sp_offset;
		u16 type;
	} rules[NR_FUNCTIONS] = { { 16, CALL }, { 0, REGS }, { 8, CALL }, { 0, END } };

	for (unsigned i = 0; i < NR_FUNCTIONS; i++) {
		u64 ip = fake_kva(TABLE_IPS) + 4 * i, entry = fake_kva(TABLE_ENTRIES) + 6 * i;
		s32 distance = (s32)(code(i, 0) - ip);
		u16 bits = (u16)(SP | rules[i].type << 8);

		fake_bytes(ip, &distance, sizeof(distance));
		fake_bytes(entry, &rules[i].sp_offset, 2);
		fake_bytes(entry + 4, &bits, sizeof(bits));
	}
}

/*
 * A handler called by entry code that saved VICTIM's registers at the top of that stack. Returns
 * the handler's slot.
 */
static u64 put_exception(unsigned ist)
{
	const struct x86_regs regs = { .ip = code(VICTIM, 5),
				       .cs = 0x10,
				       .flags = 0x246,
				       .sp = task_sp(),
				       .ss = 0x18,
				       .bx = 0x1234 };
	u64 at = stack_top(ist) - sizeof(regs);

	fake_bytes(at, &regs, sizeof(regs));
	fake_u64(at - 8, code(ENTRY, 0x20));
	return at - 24;
}

static void build(void)
{
	fake_dump();
	put_table();
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		fake_u64(fake_kva(TSS) + IST_OFFSET + 8 * i, stack_top(i));
	task = (struct task){ .stack = fake_kva(TASK_STACK) };
	fake_u64(task_sp(), code(OUTER, 0x40));
}

static void walk(unsigned ist, struct stack_trace *trace)
{
	stack_unwind_from(&task, code(HANDLER, 0x30), put_exception(ist), trace);
}

static void test_each_exceptions_stack(void **state UNUSED)
{
	build();
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct stack_trace trace;

		walk(i, &trace);
		assert_true(trace.complete);
		assert_int_equal(trace.nr_frames, 4);
		for (unsigned j = 0; j < 4; j++) {
			assert_int_equal(trace.frames[j].pc, code(j, j == 0   ? 0x30
								     : j == 1 ? 0x20
								     : j == 2 ? 5
									      : 0x40));
			assert_int_equal(trace.frames[j].stack, j < 2 ? kinds[i] : STACK_TASK);
			assert_int_equal(trace.frames[j].has_regs, j == 2);
		}
		assert_int_equal(trace.frames[2].regs_address,
				 stack_top(i) - sizeof(struct x86_regs));
		assert_int_equal(trace.frames[2].regs.bx, 0x1234);
		assert_int_equal(trace.frames[2].sp, task_sp());
		assert_int_equal(trace.frames[3].sp, task_sp());
	}
}

static void test_bounds(void **state UNUSED)
{
	build();
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct address_range range;

		assert_true(stack_special(0, kinds[i], &range));
		assert_int_equal(range.end, stack_top(i));
		assert_int_equal(range.start, stack_top(i) - IST_BYTES);
		assert_int_equal(stack_kind_at(0, range.start), kinds[i]);
		assert_int_equal(stack_kind_at(0, range.end - 1), kinds[i]);
		assert_int_equal(stack_kind_at(0, range.end), STACK_TASK);
		assert_int_equal(stack_kind_at(0, range.start - 1), STACK_TASK);
	}
	assert_string_equal(stack_kind_name(STACK_VC), "VC exception");
}

/* An exception in an exception: from #VC's stack to the NMI's, and on to the task's. */
static void test_one_stack_after_another(void **state UNUSED)
{
	struct stack_trace trace;
	u64 slot;

	build();
	slot = put_exception(4);
	/* The interrupted code is the NMI's handler, whose frame is 16 bytes. */
	put_exception(1);
	fake_u64(stack_top(4) - 168 + offsetof(struct x86_regs, ip), code(HANDLER, 0x50));
	fake_u64(stack_top(4) - 168 + offsetof(struct x86_regs, sp), stack_top(1) - 168 - 16);
	stack_unwind_from(&task, code(HANDLER, 0x30), slot, &trace);
	assert_true(trace.complete);
	assert_int_equal(trace.nr_frames, 6);
	assert_int_equal(trace.frames[1].stack, STACK_VC);
	assert_int_equal(trace.frames[2].stack, STACK_NMI);
	assert_int_equal(trace.frames[3].stack, STACK_NMI);
	assert_int_equal(trace.frames[4].stack, STACK_TASK);
}

static void test_damage(void **state UNUSED)
{
	struct stack_trace trace;

	/* Registers that would lie beyond the stack's end, and a stack pointer that is nowhere. */
	build();
	fake_u64(put_exception(4) + 40, code(ENTRY, 0x20));
	stack_unwind_from(&task, code(ENTRY, 0x20), stack_top(4) - 168, &trace);
	assert_false(trace.complete);
	assert_non_null(strstr(trace.problem, "on none of the task's stacks"));
	build();
	put_exception(4);
	fake_u64(stack_top(4) - 168 + offsetof(struct x86_regs, sp), 0x1000);
	stack_unwind_from(&task, code(HANDLER, 0x30), stack_top(4) - 168 - 24, &trace);
	assert_false(trace.complete);
	assert_non_null(strstr(trace.problem, "stack pointer 1000 is on none"));
	assert_int_equal(trace.nr_frames, 3);
	/* Registers that point back down the same stack: no walk in circles. */
	build();
	put_exception(4);
	fake_u64(stack_top(4) - 168 + offsetof(struct x86_regs, ip), code(HANDLER, 0x50));
	fake_u64(stack_top(4) - 168 + offsetof(struct x86_regs, sp), stack_top(4) - 168 - 16);
	stack_unwind_from(&task, code(HANDLER, 0x30), stack_top(4) - 168 - 24, &trace);
	assert_false(trace.complete);
	assert_non_null(strstr(trace.problem, "goes back"));
}

/* Each read fails once: the frames before it, and a message. */
static void test_each_read_fails(void **state UNUSED)
{
	struct stack_trace whole, trace;
	unsigned long nr_reads;

	build();
	walk(4, &whole);
	fake_fail_read(0);
	walk(4, &whole);
	nr_reads = fake_nr_reads();
	assert_true(nr_reads >= 3);
	for (unsigned long n = 1; n <= nr_reads; n++) {
		build();
		put_exception(4);
		fake_fail_read(n);
		walk(4, &trace);
		assert_false(trace.complete);
		assert_non_null(strstr(trace.problem, "cannot read"));
		assert_true(trace.nr_frames < whole.nr_frames);
		for (size_t i = 0; i < trace.nr_frames; i++)
			assert_int_equal(trace.frames[i].pc, whole.frames[i].pc);
	}
}

static void make_types(void)
{
	static const struct fake_member hardware[] = {
		{ .name = "ist", .offset = IST_OFFSET, .size = 8, .count = NR_ISTS }
	};
	static const struct fake_member tss[] = { { .name = "x86_tss", .type = "x86_hw_tss" } };
	static const struct fake_member stacks[] = {
		{ .name = "DF_stack", .size = 1, .count = IST_BYTES }
	};

	fake_struct("x86_hw_tss", 104, hardware, ARRAY_SIZE(hardware));
	fake_struct("tss_struct", 104, tss, ARRAY_SIZE(tss));
	fake_struct("exception_stacks", IST_BYTES, stacks, ARRAY_SIZE(stacks));
	fake_types_done();
}

static void make_symbols(void)
{
	const struct symbol made[] = {
		{ .value = fake_kva(TABLE_IPS), .name = "__start_orc_unwind_ip", .type = 'd' },
		{ .value = fake_kva(TABLE_IPS) + 4 * NR_FUNCTIONS,
		  .name = "__stop_orc_unwind_ip",
		  .type = 'd' },
		{ .value = fake_kva(TABLE_ENTRIES), .name = "__start_orc_unwind", .type = 'd' },
		{ .value = fake_kva(TSS), .name = "cpu_tss_rw", .type = 'd' },
		{ .value = fake_kva(0x80000), .name = "__start_init_stack", .type = 'd' },
		{ .value = fake_kva(0x80000) + STACK_BYTES,
		  .name = "__end_init_stack",
		  .type = 'd' },
		{ .value = code(0, 0), .name = "_stext", .type = 'T' },
		{ .value = code(NR_FUNCTIONS, 0), .name = "_etext", .type = 'T' },
		{ .value = code(NR_FUNCTIONS, 0), .name = "_end", .type = 'B' },
	};
	struct symbol *table = xmalloc(sizeof(made));

	memcpy(table, made, sizeof(made));
	symbols_load_table(table, ARRAY_SIZE(made), NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_exceptions_stack),	cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_one_stack_after_another), cmocka_unit_test(test_damage),
		cmocka_unit_test(test_each_read_fails),
	};

	make_types();
	make_symbols();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
