/* test_userpages.c - L5 the pages of a mapping, by page tables that a function makes up. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/mm/userpages.h"
#include "memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define START 0x40000000ULL /* all of it lies in one entry of the uppermost table */
#define MB2 (2ULL << 20)
#define SLOT 1024 /* a huge page's number is aligned */

static unsigned long nr_walks;

/*
 * From START on: a page, one in swap, a hole of a page table's rest; then a huge page; a huge page
 * in swap; a hole of three tables; a table that cannot be read; a page at the end.
 */
static bool walk(UNUSED u64 root, u64 address, struct translation *translation, struct fault *fault)
{
	u64 at = address - START;
	const char *level = "pte";
	u64 entry = 0;

	nr_walks++;
	*translation = (struct translation){ .page_bytes = PAGE_BYTES };
	if (at < PAGE_BYTES || at >= 7 * MB2) {
		translation->paddr = 0x5000 + at % PAGE_BYTES;
		return true;
	}
	if (at >= MB2 && at < 2 * MB2) {
		translation->paddr = 0x200000 + at % MB2;
		translation->page_bytes = MB2;
		return true;
	}
	if (at < 2 * PAGE_BYTES)
		entry = SLOT << 8 | 1;
	else if (at >= 2 * MB2)
		level = "pmd";
	if (at >= 2 * MB2 && at < 3 * MB2)
		entry = 2 * SLOT << 8 | 2;
	translation->entry = entry;
	fault_set(fault,
		  entry				  ? FAULT_SWAPPED_OUT
		  : at >= 6 * MB2 && at < 7 * MB2 ? FAULT_EXCLUDED
						  : FAULT_NOT_MAPPED,
		  SPACE_USER, address);
	if (fault)
		fault->level = level;
	return false;
}

static bool swap_entry(u64 entry, unsigned *type, u64 *offset)
{
	*type = entry & 0xff;
	*offset = entry >> 8;
	return entry != 0;
}

static void set_up(void)
{
	static struct arch_ops arch;
	struct dump *dump = fake_dump();
	static struct kernel_layout layout;

	layout = *memory_layout();
	arch = *memory_arch();
	arch.walk = walk;
	arch.swap_entry = swap_entry;
	memory_init(dump, &arch, &layout);
	nr_walks = 0;
}

struct seen {
	const struct vma *vma;
	u64 from; /* 0: all */
	u64 frames, swapped, in_file, nowhere, unknown, rows;
	u64 next; /* what each page must follow */
};

static void check_swap(const struct user_page *page)
{
	u64 at = page->address - START;

	assert_int_equal(page->swap_type, at < MB2 ? 1 : 2);
	assert_int_equal(page->offset, at < MB2 ? SLOT : 2 * SLOT + (at % MB2 >> PAGE_SHIFT));
	assert_int_equal(page->nr_pages, 1);
}

static void see(void *arg)
{
	struct seen *seen = arg;
	struct user_pages it;
	struct user_page page;

	user_pages_begin(&it, 0x1000, seen->vma);
	if (seen->from)
		user_pages_seek(&it, seen->from);
	seen->next = seen->from ? seen->from : seen->vma->start;
	while (user_pages_next(&it, &page)) {
		assert_int_equal(page.address, seen->next);
		seen->next += page.nr_pages * PAGE_BYTES;
		seen->rows++;
		seen->frames += page.place == USER_FRAME;
		seen->swapped += page.place == USER_SWAP;
		seen->in_file += page.place == USER_FILE ? page.nr_pages : 0;
		seen->nowhere += page.place == USER_NOWHERE ? page.nr_pages : 0;
		seen->unknown += page.place == USER_UNKNOWN ? page.nr_pages : 0;
		if (page.place == USER_SWAP)
			check_swap(&page);
		if (page.place == USER_FRAME && page.mapped_bytes == MB2)
			assert_int_equal(page.physical, 0x200000 + page.address % MB2);
		if (page.place == USER_FILE)
			assert_int_equal(page.offset, (7 << PAGE_SHIFT) + page.address - START);
	}
}

static struct seen seen_of(const struct vma *vma, u64 from)
{
	struct seen seen = { .vma = vma, .from = from };

	set_up();
	assert_true(protect(see, &seen, NULL));
	assert_int_equal(seen.next, vma->end);
	return seen;
}

static void test_anonymous(void **state UNUSED)
{
	struct vma vma = { .start = START, .end = START + 7 * MB2 + PAGE_BYTES };
	struct seen seen = seen_of(&vma, 0);

	assert_int_equal(seen.frames, 1 + 512 + 1);
	assert_int_equal(seen.swapped, 1 + 512);
	assert_int_equal(seen.nowhere, 510 + 3 * 512);
	assert_int_equal(seen.unknown, 512);
	assert_int_equal(seen.in_file, 0);
	/* Holes of a table's size and more are one row: three tables are one, and the last one. */
	assert_int_equal(seen.rows, seen.frames + seen.swapped + 510 + 2);
	assert_true(nr_walks < 2 * seen.rows);
}

static void test_file(void **state UNUSED)
{
	struct vma vma = {
		.start = START, .end = START + 7 * MB2, .file = 0x1234, .page_offset = 7
	};
	struct seen seen = seen_of(&vma, 0);

	assert_int_equal(seen.in_file, 510 + 3 * 512);
	assert_int_equal(seen.nowhere, 0);
}

/* From the middle of a huge page in swap, to the middle of a hole. */
static void test_part(void **state UNUSED)
{
	struct vma vma = { .start = START, .end = START + 3 * MB2 + 5 * PAGE_BYTES };
	struct seen seen = seen_of(&vma, START + 2 * MB2 + 100 * PAGE_BYTES);

	assert_int_equal(seen.swapped, 412);
	assert_int_equal(seen.nowhere, 5);
	/* Nothing lies beyond user space. */
	vma = (struct vma){ .start = 0x7fffffffe000ULL, .end = ~0ULL };
	set_up();
	seen = (struct seen){ .vma = &vma };
	assert_true(protect(see, &seen, NULL));
	assert_int_equal(seen.next, memory_layout()->task_size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_anonymous),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
