/* test_irqdesc.c - L5 interrupts with fake memory: actions and tasklets on lists, whole and damaged. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/irq/irqdesc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* Physical addresses. */
#define DESC 0x1000
#define CHIP 0x2000
#define ACTIONS 0x3000
#define NAMES 0x4000
#define TASKLETS 0x5000
#define LOW 0x6000
#define HIGH 0x6100
#define NR_CPUS 0x6200
#define POSSIBLE 0x6300

static u64 action(unsigned number)
{
	return fake_kva(ACTIONS + number * 64);
}

static u64 tasklet(unsigned number)
{
	return fake_kva(TASKLETS + number * 64);
}

static void put_name(unsigned number, const char *name)
{
	fake_bytes(fake_kva(NAMES + number * 32), name, strlen(name) + 1);
}

static void put_action(unsigned number, u64 next)
{
	fake_u64(action(number), fake_kva(0x9000 + number));
	fake_u64(action(number) + 8, next);
	fake_u64(action(number) + 16, fake_kva(NAMES + number * 32));
}

static void put_tasklet(unsigned number, u64 next)
{
	fake_u64(tasklet(number), next);
	fake_u64(tasklet(number) + 8, fake_kva(0xa000 + number));
	fake_u64(tasklet(number) + 16, number);
}

/* An interrupt with three actions; two tasklets on one list, one on the other. */
static void build(void)
{
	const u32 one = 1;

	fake_dump();
	put_name(0, "first");
	put_name(1, "second");
	put_name(2, "third");
	put_name(3, "IO-APIC");
	put_name(4, "edge");
	fake_u64(fake_kva(DESC), fake_kva(CHIP));
	fake_u64(fake_kva(DESC) + 8, 42);
	fake_u64(fake_kva(DESC) + 16, action(0));
	fake_u64(fake_kva(DESC) + 24, fake_kva(NAMES + 4 * 32));
	fake_u64(fake_kva(CHIP), fake_kva(NAMES + 3 * 32));
	put_action(0, action(1));
	put_action(1, action(2));
	put_action(2, 0);
	fake_bytes(fake_kva(NR_CPUS), &one, 4);
	fake_u64(fake_kva(POSSIBLE), 1);
	fake_u64(fake_kva(LOW), tasklet(0));
	put_tasklet(0, tasklet(1));
	put_tasklet(1, 0);
	fake_u64(fake_kva(HIGH), tasklet(2));
	put_tasklet(2, 0);
}

struct answer {
	char names[64];
	struct irq irq;
};

static void ask(void *arg)
{
	struct answer *answer = arg;

	irq_read(fake_kva(DESC), &answer->irq);
	for (size_t i = 0; i < answer->irq.nr_actions; i++)
		snprintf(answer->names + strlen(answer->names),
			 sizeof(answer->names) - strlen(answer->names), "%s,",
			 answer->irq.actions[i].name);
	assert_string_equal(answer->irq.chip, "IO-APIC");
	assert_string_equal(answer->irq.flow, "edge");
}

static void test_actions(void **state UNUSED)
{
	struct answer answer = { 0 };
	struct failure failure;

	build();
	assert_true(protect(ask, &answer, &failure));
	assert_string_equal(answer.names, "first,second,third,");
	assert_int_equal(answer.irq.hwirq, 42);
}

static void expect_failure(const char *words)
{
	struct answer answer = { 0 };
	struct failure failure;

	assert_false(protect(ask, &answer, &failure));
	if (!strstr(failure.text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, failure.text);
}

static void test_damaged_actions(void **state UNUSED)
{
	build();
	put_action(2, action(1));
	expect_failure("twice");
	build();
	put_action(1, action(1));
	expect_failure("twice");
	build();
	put_action(1, 0xdead000000000100ULL);
	expect_failure("irqaction.");
	/* A name that is not to be had is none. */
	build();
	fake_u64(action(0) + 16, 0xdead000000000100ULL);
	struct answer answer = { 0 };
	struct failure failure;

	assert_true(protect(ask, &answer, &failure));
	assert_string_equal(answer.names, ",second,third,");
}

struct found {
	size_t count;
	struct tasklet items[8];
};

static void ask_tasklets(void *arg)
{
	struct found *found = arg;
	struct tasklet *items;

	found->count = tasklets_read(&items);
	assert_true(found->count <= ARRAY_SIZE(found->items));
	if (found->count)
		memcpy(found->items, items, found->count * sizeof(*items));
}

static struct found tasklets_found(void)
{
	struct found found = { 0 };
	struct failure failure;

	assert_true(protect(ask_tasklets, &found, &failure));
	return found;
}

static void test_tasklets(void **state UNUSED)
{
	struct found found;

	build();
	found = tasklets_found();
	assert_int_equal(found.count, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(found.items[i].address, tasklet(i));
		assert_int_equal(found.items[i].function, fake_kva(0xa000 + i));
		assert_int_equal(found.items[i].data, i);
		assert_int_equal(found.items[i].high, i == 2);
	}
	fake_u64(fake_kva(LOW), 0);
	fake_u64(fake_kva(HIGH), 0);
	assert_int_equal(tasklets_found().count, 0);
}

/* What stands before the damage is found, and the other list. */
static void test_damaged_tasklets(void **state UNUSED)
{
	build();
	put_tasklet(1, tasklet(0));
	assert_int_equal(tasklets_found().count, 3);
	build();
	put_tasklet(0, 0xdead000000000100ULL);
	assert_int_equal(tasklets_found().count, 2);
	build();
	fake_page_fault(TASKLETS, FAULT_EXCLUDED);
	assert_int_equal(tasklets_found().count, 0);
}

static int make_all(void **state UNUSED)
{
#define MEMBER(n, at) { .name = n, .offset = at, .size = 8 }
	fake_dump();
	fake_struct("irq_data", 16, (struct fake_member[]){ MEMBER("chip", 0), MEMBER("hwirq", 8) },
		    2);
	fake_struct("irq_desc", 40,
		    (struct fake_member[]){
			    { .name = "irq_data", .offset = 0, .type = "irq_data" },
			    MEMBER("action", 16),
			    MEMBER("name", 24),
			    MEMBER("kstat_irqs", 32),
		    },
		    4);
	fake_struct("irq_chip", 8, (struct fake_member[]){ MEMBER("name", 0) }, 1);
	fake_struct("irqaction", 24,
		    (struct fake_member[]){ MEMBER("handler", 0), MEMBER("next", 8),
					    MEMBER("name", 16) },
		    3);
	fake_struct(
		"tasklet_struct", 24,
		(struct fake_member[]){ MEMBER("next", 0), MEMBER("func", 8), MEMBER("data", 16) },
		3);
	fake_symbol("tasklet_vec", fake_kva(LOW));
	fake_symbol("tasklet_hi_vec", fake_kva(HIGH));
	fake_symbol("nr_cpu_ids", fake_kva(NR_CPUS));
	fake_symbol("__cpu_possible_mask", fake_kva(POSSIBLE));
	fake_types_done();
#undef MEMBER
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_damaged_actions),
		cmocka_unit_test(test_tasklets),
		cmocka_unit_test(test_damaged_tasklets),
	};

	return cmocka_run_group_tests(tests, make_all, NULL);
}
