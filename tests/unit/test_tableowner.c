/* test_tableowner.c - L5 whose page table a page is, in fake memory: tables that loop or lead outside. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/mm/tableowner.h"
#include "memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Physical addresses of the kernel's tables, and of a page that is none. */
enum {
	TOP = 0x1000,
	UPPER = 0x2000,
	MIDDLE = 0x3000,
	LAST = 0x4000,
	OTHER = 0x5000,
	PRESENT = 0x63,
	HUGE_PAGE = 0xe3,
};

#define START 0xffffc00000000000ULL /* entry 384 of the top table */
#define OUTSIDE (FAKE_PAGES * PAGE_BYTES + 0x7000ULL)

static void put_entry(u64 table, unsigned number, u64 to)
{
	fake_u64(fake_kva(table) + number * 8, to);
}

/* As a processor with four levels goes: huge pages (bit 7) in the third. */
static bool walk(u64 pgd, u64 address, struct translation *translation, struct fault *fault)
{
	static const char *const names[] = { "PGD", "PUD", "PMD", "PTE" };
	u64 table = pgd - FAKE_DIRECT_MAP, entry;

	*translation = (struct translation){ .page_bytes = PAGE_BYTES };
	for (unsigned i = 0; i < 4; i++) {
		u64 at = table + (address >> (39 - 9 * i)) % 512 * 8;

		if (!dump_try_read(memory_dump(), at, &entry, sizeof(entry), fault))
			return false;
		translation->steps[translation->nr_steps++] = (struct walk_step){ names[i], at,
										  entry };
		if (!(entry & 1))
			return fault_set(fault, FAULT_NOT_MAPPED, SPACE_KERNEL, address);
		table = entry & 0xffffffffff000ULL;
		if (i == 2 && (entry & 0x80))
			break;
	}
	translation->paddr = table + address % PAGE_BYTES;
	return true;
}

/* One way down; nothing here knows of tasks. */
static void build(void)
{
	static struct arch_ops arch;
	static struct kernel_layout layout;
	struct dump *dump = fake_dump();

	layout = *memory_layout();
	layout.top_table = fake_kva(TOP);
	arch = *memory_arch();
	arch.walk = walk;
	memory_init(dump, &arch, &layout);
	put_entry(TOP, 384, UPPER | PRESENT);
	put_entry(UPPER, 3, MIDDLE | PRESENT);
	put_entry(MIDDLE, 5, LAST | PRESENT);
	put_entry(LAST, 7, OTHER | PRESENT);
}

struct question {
	u64 table;
	bool found;
	struct table_place place;
};

static void ask(void *arg)
{
	struct question *question = arg;
	u64 pfn = question->table >> PAGE_SHIFT;

	question->found = table_owner_find(pfn, pfn, TABLE_RESERVED, &question->place);
}

static bool find(u64 table, struct table_place *place)
{
	struct question question = { .table = table };

	assert_true(protect(ask, &question, NULL));
	*place = question.place;
	return question.found;
}

static void expect_table(u64 table, const char *level, u64 start)
{
	struct table_place place;

	assert_true(find(table, &place));
	assert_string_equal(place.level, level);
	assert_int_equal(place.start, start);
	assert_null(place.task);
}

static void expect_none(u64 table)
{
	struct table_place place;

	fake_fail_read(0);
	assert_false(find(table, &place));
	assert_null(place.level);
	/* Each table once a level: five of them. */
	assert_true(fake_nr_reads() < 5 * 4 * 512 * 4);
}

static void expect_all(void)
{
	expect_table(TOP, "PGD", 0);
	expect_table(UPPER, "PUD", START);
	expect_table(MIDDLE, "PMD", START + 3 * (1ULL << 30));
	expect_table(LAST, "PTE", START + 3 * (1ULL << 30) + 5 * (2ULL << 20));
	expect_none(OTHER);
}

static void test_found(void **state UNUSED)
{
	build();
	expect_all();
	/* What a huge page's entry says is no table. */
	put_entry(MIDDLE, 6, OTHER | HUGE_PAGE);
	expect_none(OTHER);
}

/* Behind the way down all entries of a table lead to the table itself, or to the one above. */
static void test_loops(void **state UNUSED)
{
	build();
	for (unsigned i = 385; i < 512; i++)
		put_entry(TOP, i, TOP | PRESENT);
	expect_all();
	build();
	for (unsigned i = 4; i < 512; i++)
		put_entry(UPPER, i, UPPER | PRESENT);
	for (unsigned i = 6; i < 512; i++)
		put_entry(MIDDLE, i, (i % 2 ? UPPER : MIDDLE) | PRESENT);
	expect_all();
}

static void test_outside(void **state UNUSED)
{
	build();
	put_entry(TOP, 300, OUTSIDE | PRESENT);
	put_entry(UPPER, 1, 0xffffffffff000ULL | PRESENT);
	put_entry(MIDDLE, 2, OUTSIDE | PRESENT);
	put_entry(MIDDLE, 1, ~0ULL);
	expect_all();
	expect_none(OUTSIDE);
	/* A table that is not in the dump leaves out what is below it. */
	fake_page_fault(MIDDLE, FAULT_EXCLUDED);
	expect_table(UPPER, "PUD", START);
	expect_none(LAST);
	fake_page_fault(TOP, FAULT_DAMAGED);
	expect_none(UPPER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
