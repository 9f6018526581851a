/* test_kpercpu.c - L4 per-cpu: addresses, counters, masks and lists of CPUs. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "containers/kpercpu.h"
#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define OFFSETS 0x1000
#define NR_IDS 0x3000
#define POSSIBLE 0x3100
#define PRESENT 0x3200
#define ONLINE 0x3300
#define COUNTER 0x3400
#define NR_CPUS 130

KSYMBOL(old_style_variable, "fake_percpu_variable");
KSYMBOL(plain_variable, "fake_plain_variable");

static u64 area(unsigned cpu)
{
	return fake_kva(0x100000 + cpu * 0x1000ULL);
}

static void build(void)
{
	u32 nr = NR_CPUS;

	fake_dump();
	fake_bytes(fake_kva(NR_IDS), &nr, 4);
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
		fake_u64(fake_kva(OFFSETS) + cpu * 8, area(cpu));
	fake_u64(fake_kva(POSSIBLE), ~0ULL);
	fake_u64(fake_kva(POSSIBLE) + 8, ~0ULL);
	/* Bits past nr_cpu_ids are no CPUs. */
	fake_u64(fake_kva(POSSIBLE) + 16, ~0ULL);
	fake_u64(fake_kva(PRESENT), 0x5);
	fake_u64(fake_kva(ONLINE), 0x1);
	fake_u64(fake_kva(ONLINE) + 16, 0x2);
}

static void test_addresses(void **state UNUSED)
{
	assert_int_equal(percpu_nr_cpu_ids(), NR_CPUS);
	assert_int_equal(percpu_offset(129), area(129));
	assert_int_equal(percpu_address(0x40, 3), area(3) + 0x40);
	assert_int_equal(percpu_symbol(&old_style_variable, 2), area(2) + 0x200);
	assert_int_equal(percpu_symbol(&plain_variable, 2), fake_kva(0x9000));
}

/* A module's own section lies outside of the kernel's; the kernel's values mean nothing there. */
static void test_variables(void **state UNUSED)
{
	static const struct symbol_module with = { .name = "m",
						   .percpu = 0x34000,
						   .percpu_size = 0x40 };
	static const struct symbol_module without = { .name = "n" };
	const struct symbol_module *module;

	assert_true(percpu_is_variable(&(struct symbol){ .value = 0x200 }));
	assert_false(percpu_is_variable(&(struct symbol){ .value = fake_kva(0x9000) }));
	assert_true(percpu_is_variable(&(struct symbol){ .value = 0x34000, .module = &with }));
	assert_true(percpu_is_variable(&(struct symbol){ .value = 0x3403f, .module = &with }));
	assert_false(percpu_is_variable(&(struct symbol){ .value = 0x34040, .module = &with }));
	assert_false(percpu_is_variable(&(struct symbol){ .value = 0x200, .module = &with }));
	assert_false(percpu_is_variable(&(struct symbol){ .value = 0, .module = &without }));
	module = symbols_add_module("percpu", fake_kva(0xa000), 0, 0, NULL, 0);
	symbols_set_percpu(module, 0x34000, 0x40);
	symbols_add(module, "first", 0x34000, 8, 'a');
	symbols_add(module, "last", 0x34038, 8, 'a');
	symbols_add(module, "behind", 0x34040, 8, 'a');
	assert_string_equal(percpu_variable_at(0x34000)->name, "first");
	assert_string_equal(percpu_variable_at(0x34038)->name, "last");
	assert_null(percpu_variable_at(0x3403c));
	assert_null(percpu_variable_at(0x34040));
	assert_null(percpu_variable_at(fake_kva(0x9000)));
	symbols_set_percpu(module, ~0ULL - 4, ~0ULL);
	assert_null(percpu_variable_at(0x34000));
}

static void ask_too_high(void *arg UNUSED)
{
	percpu_offset(NR_CPUS);
}

static void test_cpu_out_of_range(void **state UNUSED)
{
	struct failure failure;

	assert_false(protect(ask_too_high, NULL, &failure));
	assert_non_null(strstr(failure.text, "CPU 130 is out of range"));
}

static void test_masks(void **state UNUSED)
{
	assert_int_equal(cpu_mask_count(cpus_possible()), NR_CPUS);
	assert_int_equal(cpu_mask_count(cpus_present()), 2);
	assert_true(cpu_mask_has(cpus_present(), 2));
	assert_int_equal(cpu_mask_next(cpus_online(), 0), 0);
	assert_int_equal(cpu_mask_next(cpus_online(), 1), 129);
	assert_int_equal(cpu_mask_next(cpus_online(), 130), MAX_CPUS);
	assert_int_equal(cpu_mask_next(cpus_online(), MAX_CPUS), MAX_CPUS);
	assert_false(cpu_mask_has(cpus_online(), MAX_CPUS + 5));
}

static void test_parse(void **state UNUSED)
{
	static const char *const wrong[] = { "",
					     "x",
					     "1,",
					     ",1",
					     "3-1",
					     "1-",
					     "-1",
					     "1 2",
					     "130",
					     "1-130",
					     "99999999999999999999",
					     "1,,2",
					     "allx" };
	struct strbuf why = { 0 };
	struct cpu_mask mask;

	assert_true(cpu_mask_parse("0-3,7", &mask, &why));
	assert_int_equal(mask.words[0], 0x8f);
	assert_int_equal(cpu_mask_count(&mask), 5);
	assert_true(cpu_mask_parse("all", &mask, &why));
	assert_int_equal(cpu_mask_count(&mask), NR_CPUS);
	assert_true(cpu_mask_parse("129", &mask, &why));
	assert_int_equal(cpu_mask_next(&mask, 0), 129);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		strbuf_reset(&why);
		assert_false(cpu_mask_parse(wrong[i], &mask, &why));
		assert_true(why.length > 0);
	}
	strbuf_free(&why);
}

static void test_counter(void **state UNUSED)
{
	fake_u64(fake_kva(COUNTER), 1000);
	fake_u64(fake_kva(COUNTER) + 8, 0x80);
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++) {
		s32 part = cpu == 5 ? -300 : cpu == 129 ? 7 : 0;

		fake_bytes(area(cpu) + 0x80, &part, 4);
	}
	assert_int_equal(percpu_counter_sum(fake_kva(COUNTER)), 707);
}

static int prepare(void **state UNUSED)
{
	static const struct fake_member counter[] = {
		{ .name = "count", .offset = 0, .size = 8, .is_signed = true },
		{ .name = "counters", .offset = 8, .size = 8 },
	};
	static const struct fake_member mask[] = {
		{ .name = "bits", .offset = 0, .size = 8, .count = 4 }
	};

	fake_struct("percpu_counter", 16, counter, ARRAY_SIZE(counter));
	fake_struct("cpumask", 32, mask, ARRAY_SIZE(mask));
	fake_types_done();
	fake_symbol("__per_cpu_offset", fake_kva(OFFSETS));
	fake_symbol("__per_cpu_start", 0);
	fake_symbol("__per_cpu_end", 0x1000);
	fake_symbol("nr_cpu_ids", fake_kva(NR_IDS));
	fake_symbol("__cpu_possible_mask", fake_kva(POSSIBLE));
	fake_symbol("__cpu_present_mask", fake_kva(PRESENT));
	fake_symbol("__cpu_online_mask", fake_kva(ONLINE));
	fake_symbol("fake_percpu_variable", 0x200);
	fake_symbol("fake_plain_variable", fake_kva(0x9000));
	build();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_cpu_out_of_range),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_counter),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
