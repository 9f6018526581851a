/* test_btmerge.c - L6 many traces as few: what is equal, the order, odd names, failures. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/out.h"
#include "show/btmerge.h"
#include "symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#undef fail

#define TEXT 0xffffffff81000000ULL

/* Pieces of the traces below. */
enum { SCHEDULE = 0x10, SLEEP = 0x110, ENTRY = 0x210, AFTER_SLEEP = 0x200 };

static void add_names(void)
{
	static const char *const names[] = { "schedule", "do_sleep", "entry" };
	const struct address_range range = { TEXT, TEXT + 0x300 };
	const struct symbol_module *module = symbols_add_module("fake", 0, TEXT, 0, &range, 1);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		symbols_add(module, names[i], TEXT + i * 0x100, 0x100, 'T');
}

struct asked_task {
	struct task task;
	const char *state;
	u32 pcs[4]; /* offsets in TEXT, 0 behind the last */
};

struct question {
	const struct asked_task *tasks;
	size_t count;
	struct btmerge_style style;
	bool folded, guesses, exact, fails, interrupted;
};

static void add(struct btmerge *merge, const struct question *question, size_t index)
{
	struct frame frames[5] = { 0 };
	struct stack_trace trace = { .task = &question->tasks[index].task, .frames = frames };

	for (; question->tasks[index].pcs[trace.nr_frames]; trace.nr_frames++)
		frames[trace.nr_frames] = (struct frame){
			.pc = TEXT + question->tasks[index].pcs[trace.nr_frames],
			.source = question->guesses ? FRAME_GUESS : FRAME_ORC,
			.has_regs = question->exact,
		};
	/* Where each was in user space must not tell them apart. */
	frames[trace.nr_frames++] =
		(struct frame){ .pc = 0x1000 + index, .from_user = true, .has_regs = true };
	btmerge_add(merge, &trace, question->tasks[index].state);
}

static void print(void *arg)
{
	const struct question *question = arg;
	struct btmerge *merge = btmerge_begin();

	for (size_t i = 0; i < question->count; i++)
		add(merge, question, i);
	if (question->fails)
		fail("a task that is damaged");
	if (question->interrupted)
		interrupt_request();
	if (question->folded)
		btmerge_print_folded(merge);
	else
		btmerge_print(merge, &question->style);
}

static void expect_text(struct question *question, const char *wanted)
{
	struct strbuf text = { 0 };

	out_capture(print, question, &text);
	assert_string_equal(strbuf_text(&text), wanted);
	strbuf_free(&text);
}

static void test_equal_ones_together(void **state UNUSED)
{
	struct question question = { 0 };
	static const typeof(*question.tasks) tasks[] = {
		{ { .pid = 7, .comm = "b" }, "IN", { SCHEDULE, SLEEP, ENTRY } },
		{ { .pid = 3, .comm = "a" }, "IN", { SCHEDULE, SLEEP, ENTRY } },
		{ { .pid = 4, .comm = "a" }, "IN", { SCHEDULE, ENTRY } },
	};

	question.tasks = tasks;
	question.count = ARRAY_SIZE(tasks);
	expect_text(&question,
		    "TASKS: 2      STATE: IN\n PIDS: 3 7\n  #0 schedule+16\n  #1 do_sleep+16\n"
		    "  #2 entry+16\n\n"
		    "TASKS: 1      STATE: IN\n PIDS: 4\n  #0 schedule+16\n  #1 entry+16\n");
	question.style.hex_offsets = true;
	question.count = 1;
	expect_text(&question,
		    "TASKS: 1      STATE: IN\n PIDS: 7\n  #0 schedule+0x10\n  #1 do_sleep+0x10\n"
		    "  #2 entry+0x10\n");
}

static void test_order(void **state UNUSED)
{
	struct question question = { 0 };
	static const typeof(*question.tasks) tasks[] = {
		{ { .pid = 1 }, "IN", { SCHEDULE } },
		{ { .pid = 2 }, "IN", { SCHEDULE } },
		{ { .pid = 3 }, "UN", { SCHEDULE } },
		{ { .pid = 4 }, "RU", { ENTRY } },
		{ { .pid = 5, .on_cpu = true }, "RU", { ENTRY } },
		{ { .pid = 6 }, "ZO", { 0 } },
	};

	question.tasks = tasks;
	question.count = ARRAY_SIZE(tasks);
	expect_text(&question, "TASKS: 1      STATE: RU (on a CPU)\n PIDS: 5\n  #0 entry+16\n\n"
			       "TASKS: 1      STATE: UN\n PIDS: 3\n  #0 schedule+16\n\n"
			       "TASKS: 2      STATE: IN\n PIDS: 1 2\n  #0 schedule+16\n\n"
			       "TASKS: 1      STATE: ZO\n PIDS: 6\n  (no trace)\n\n"
			       "TASKS: 1      STATE: RU\n PIDS: 4\n  #0 entry+16\n");
}

/* A return address may be the first byte behind its function; an interrupted one is exact. */
static void test_names(void **state UNUSED)
{
	struct question question = { 0 };
	static const typeof(*question.tasks) tasks[] = {
		{ { .pid = 1 }, "IN", { AFTER_SLEEP, 0x8000 } }
	};

	question.tasks = tasks;
	question.count = 1;
	expect_text(
		&question,
		"TASKS: 1      STATE: IN\n PIDS: 1\n  #0 do_sleep+256\n  #1 ffffffff81008000\n");
	question.exact = true;
	expect_text(&question,
		    "TASKS: 1      STATE: IN\n PIDS: 1\n  #0 entry+0\n  #1 ffffffff81008000\n");
	question.guesses = true;
	expect_text(&question,
		    "TASKS: 1      STATE: IN\n PIDS: 1\n  #0 ? entry+0\n  #1 ? ffffffff81008000\n");
	question.folded = true;
	expect_text(&question, ";ffffffff81008000;entry 1\n");
}

static void test_folded(void **state UNUSED)
{
	struct question question = { .folded = true };
	static const typeof(*question.tasks) tasks[] = {
		{ { .pid = 7, .comm = "b" }, "IN", { SCHEDULE, SLEEP, ENTRY } },
		{ { .pid = 3, .comm = "a" }, "IN", { SCHEDULE, SLEEP, ENTRY } },
		{ { .pid = 4, .comm = "a" }, "UN", { SCHEDULE, SLEEP, ENTRY } },
		{ { .pid = 5, .comm = "x;y z\n" }, "ZO", { 0 } },
	};

	question.tasks = tasks;
	question.count = ARRAY_SIZE(tasks);
	expect_text(&question,
		    "a;entry;do_sleep;schedule 2\nb;entry;do_sleep;schedule 1\nx_y_z\\x0a 1\n");
}

static void test_nothing(void **state UNUSED)
{
	struct question question = { 0 };

	expect_text(&question, "");
	question.folded = true;
	expect_text(&question, "");
}

/* What was collected is given back, which the sanitizers see. */
static void test_failures(void **state UNUSED)
{
	struct question question = { .fails = true };
	static const typeof(*question.tasks) tasks[] = {
		{ { .pid = 7 }, "IN", { SCHEDULE, SLEEP } }
	};
	struct failure failure;

	question.tasks = tasks;
	question.count = 1;
	assert_false(protect(print, &question, &failure));
	assert_string_equal(failure.text, "a task that is damaged");
	question.fails = false;
	question.interrupted = true;
	assert_false(protect(print, &question, &failure));
	assert_true(failure.interrupted);
	interrupt_clear();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_ones_together),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_folded),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_failures),
	};

	add_names();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
