/* test_vmaname.c - L5 names of mappings: those that processes give, and of flags. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/mm/vmaname.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define MM fake_kva(0x1000)
#define AREA fake_kva(0x2000)
#define NAME fake_kva(0x3000)
#define TABLE fake_kva(0x4000)

static void expect_name(const struct vma *vma, const char *wanted)
{
	struct strbuf text = { 0 };

	vma_name(MM, vma, &text);
	assert_string_equal(strbuf_text(&text), wanted);
	strbuf_free(&text);
}

/* The heap is 0x10000 to 0x20000, the stack begins at 0x7000. */
static void build(void)
{
	fake_dump();
	fake_u64(MM, 0x10000);
	fake_u64(MM + 8, 0x20000);
	fake_u64(MM + 16, 0x7000);
}

static void names_of_mappings(UNUSED void *arg)
{
	struct vma heap = { .address = AREA, .start = 0x10000, .end = 0x20000 };
	struct vma before = { .address = AREA, .start = 0x8000, .end = 0x10000 };
	struct vma stack = { .address = AREA, .start = 0x6000, .end = 0x8000 };

	build();
	expect_name(&heap, "[heap]");
	expect_name(&before, "");
	expect_name(&stack, "[stack]");
	/* The name that a process gave. */
	fake_u64(AREA, NAME);
	fake_bytes(NAME + 4, "pool", 5);
	expect_name(&before, "[anon:pool]");
	expect_name(&heap, "[heap]");
	fake_page_fault(0x3000, FAULT_EXCLUDED);
	expect_name(&before, "[anon:(unreadable name)]");
}

static void test_names(UNUSED void **state)
{
	assert_true(protect(names_of_mappings, NULL, NULL));
}

static void add_name(void *arg, const char *name)
{
	strbuf_printf(arg, "%s|", name);
}

static void set_flag(unsigned i, u64 mask, const char *name)
{
	u64 text = fake_kva(0x5000 + i * 32ULL);

	fake_bytes(text, name, strlen(name) + 1);
	fake_u64(TABLE + i * 16ULL, mask);
	fake_u64(TABLE + i * 16ULL + 8, text);
}

static void names_of_flags(void *arg)
{
	strbuf_reset(arg);
	vma_flag_names(0x8000000000008003ULL, add_name, arg);
}

static void test_flags(UNUSED void **state)
{
	struct strbuf text = { 0 };

	build();
	set_flag(0, 1, "read");
	set_flag(1, 0x8000, "seqread");
	set_flag(2, 2, "\033[31m"); /* no name */
	assert_true(protect(names_of_flags, &text, NULL));
	assert_string_equal(strbuf_text(&text), "READ|SEQ_READ|0x8000000000000002|");
	/* No end, and no table. */
	for (unsigned i = 0; i < 250; i++) {
		fake_u64(TABLE + i * 16ULL, 1);
		fake_u64(TABLE + i * 16ULL + 8, fake_kva(0x5000));
	}
	assert_false(protect(names_of_flags, &text, NULL));
	fake_page_fault(0x4000, FAULT_EXCLUDED);
	assert_false(protect(names_of_flags, &text, NULL));
	strbuf_free(&text);
}

static int make_types(UNUSED void **state)
{
	static const struct fake_member mm[] = {
		{ .name = "start_brk", .offset = 0, .size = 8 },
		{ .name = "brk", .offset = 8, .size = 8 },
		{ .name = "start_stack", .offset = 16, .size = 8 },
	};
	static const struct fake_member area[] = {
		{ .name = "anon_name", .offset = 0, .size = 8 },
	};
	static const struct fake_member name[] = {
		{ .name = "name", .offset = 4, .size = 1, .count = 4 },
	};
	static const struct fake_member flag[] = {
		{ .name = "mask", .offset = 0, .size = 8 },
		{ .name = "name", .offset = 8, .size = 8 },
	};

	fake_struct("mm_struct", 24, mm, ARRAY_SIZE(mm));
	fake_struct("vm_area_struct", 64, area, ARRAY_SIZE(area));
	fake_struct("anon_vma_name", 8, name, ARRAY_SIZE(name));
	fake_struct("trace_print_flags", 16, flag, ARRAY_SIZE(flag));
	fake_types_done();
	fake_symbol("vmaflag_names", TABLE);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_flags),
	};

	return cmocka_run_group_tests(tests, make_types, NULL);
}
