/* test_kernelsearch.c - L3 kernelsearch: page tables that lead to an image, which kernel runs, none. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dump/elfnote.h"
#include "dump/pagescan.h"
#include "fake.h"
#include "kernel/kernelsearch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define TOP 0x10000ULL
#define L4 0x11000ULL
#define L3 0x12000ULL
#define L2 0x13000ULL
#define BIG_PAGE (2ULL << 20)
#define FIRST 90 /* entry: the image is 180 MB above the start of the map */
#define STEXT (0xffffffff80000000ULL + FIRST * BIG_PAGE)
#define PHYS_STEXT (8 * BIG_PAGE)
#define TEXT_ENTRY 0x1e1ULL
#define TABLE_ENTRY 0x63ULL
#define NX (1ULL << 63)
#define LA57 (1ULL << 12)

static void put(u64 paddr, u64 value)
{
	memcpy(fake_phys(paddr), &value, sizeof(value));
}

static struct dump *build(bool deep, struct cpu_note *note)
{
	struct dump *dump = fake_dump();

	put(TOP + 511 * 8, (deep ? L4 : L3) | TABLE_ENTRY);
	put(L4 + 511 * 8, L3 | TABLE_ENTRY);
	put(L3 + 510 * 8, L2 | TABLE_ENTRY);
	for (u64 i = 0; i < 5; i++)
		put(L2 + (FIRST + i) * 8,
		    (PHYS_STEXT + i * BIG_PAGE) | TEXT_ENTRY | (i > 2 ? NX : 0));
	*note = (struct cpu_note){ .has_control = true, .cr3 = TOP, .cr4 = deep ? LA57 : 0 };
	dump->cpu_notes = note;
	dump->nr_cpu_notes = 1;
	return dump;
}

static bool runs(struct dump *dump, u64 stext, u64 phys_stext)
{
	char text[128];
	struct vmcoreinfo info = { .text = text };

	info.length = (size_t)snprintf(text, sizeof(text),
				       "SYMBOL(_stext)=%llx\nNUMBER(phys_base)=%lld\n", stext,
				       (phys_stext - (stext - 0xffffffff80000000ULL)));
	return kernel_runs(dump, &info);
}

static void test_which_kernel_runs(UNUSED void **state)
{
	struct cpu_note note;

	for (unsigned deep = 0; deep < 2; deep++) {
		struct dump *dump = build(deep, &note);

		assert_true(runs(dump, STEXT, PHYS_STEXT));
		/* _stext may be behind _text, in the same page. */
		assert_true(runs(dump, STEXT + 0x1000, PHYS_STEXT + 0x1000));
		assert_false(runs(dump, STEXT + BIG_PAGE, PHYS_STEXT + BIG_PAGE));
		assert_false(runs(dump, STEXT, PHYS_STEXT + BIG_PAGE));
		/* The user half of a PTI pair maps nothing here. */
		note.cr3 = TOP | 0x1000;
		assert_true(runs(dump, STEXT, PHYS_STEXT));
		note.cr3 = 0x300000;
		assert_false(runs(dump, STEXT, PHYS_STEXT));
		note.cr3 = ~0xfffULL;
		assert_false(runs(dump, STEXT, PHYS_STEXT));
		dump->nr_cpu_notes = 0;
		assert_false(runs(dump, STEXT, PHYS_STEXT));
		dump->cpu_notes = NULL;
	}
}

static void test_what_is_no_image(UNUSED void **state)
{
	static const struct {
		unsigned entry;
		u64 value;
	} changes[] = {
		{ FIRST, PHYS_STEXT | TEXT_ENTRY | NX }, /* the direct map is not executable */
		{ FIRST, PHYS_STEXT | TEXT_ENTRY | 4 }, /* a user's */
		{ FIRST + 1, PHYS_STEXT | TEXT_ENTRY }, /* does not rise */
		{ FIRST + 2, 0 },
		{ 0, PHYS_STEXT | TEXT_ENTRY }, /* an image at the very start */
		{ 1, 0x20000 | TABLE_ENTRY },
	};
	struct cpu_note note;

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct dump *dump = build(false, &note);

		put(L2 + changes[i].entry * 8, changes[i].value);
		assert_false(runs(dump, STEXT, PHYS_STEXT));
		dump->cpu_notes = NULL;
		dump->nr_cpu_notes = 0;
	}
}

static void test_no_kernel(UNUSED void **state)
{
	struct cpu_note note;
	struct vmcoreinfo info;
	struct strbuf why = { 0 };
	struct dump *dump = build(false, &note);

	/* Page tables alone make no kernel: it has a symbol table. */
	assert_false(kernel_search(dump, &info, &why));
	assert_non_null(strstr(strbuf_text(&why), "symbol table"));
	dump->nr_cpu_notes = 0;
	assert_false(kernel_search(dump, &info, &why));
	assert_non_null(strstr(strbuf_text(&why), "symbol table"));
	put(L2 + FIRST * 8, 0);
	assert_false(kernel_search(dump, &info, &why));
	assert_non_null(strstr(strbuf_text(&why), "no page tables"));
	assert_null(info.text);
	dump->cpu_notes = NULL;
	strbuf_free(&why);
}

static bool begins_with_seven(const u8 *page)
{
	return page[0] == 7;
}

static void test_every_page_is_looked_at(UNUSED void **state)
{
	struct dump *dump = fake_dump();
	u64 frames[16];

	for (u64 pfn = 3; pfn < FAKE_PAGES; pfn += 100)
		*fake_phys(pfn * PAGE_BYTES) = 7;
	fake_page_fault(3 * PAGE_BYTES, FAULT_EXCLUDED);
	assert_int_equal(page_scan(dump, "sevens", 8, begins_with_seven, frames, 16), 10);
	for (u64 i = 0; i < 10; i++)
		assert_int_equal(frames[i], 103 + i * 100);
	assert_int_equal(page_scan(dump, "sevens", 8, begins_with_seven, frames, 4), 4);
	assert_int_equal(frames[3], 403);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_kernel_runs),
		cmocka_unit_test(test_what_is_no_image),
		cmocka_unit_test(test_no_kernel),
		cmocka_unit_test(test_every_page_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
