/* test_cfi.c - tests: rows of DWARF's call frame information; damaged sections give none. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "names/cfi.h"

#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

#define START 0xffffffff81000000ULL

/*
 * One CIE, and a function that pushes rbp and rbx, returns, and has a cold part with a copy
 * of its row.
 */
static const u8 cie_body[] = { 0xff, 0xff, 0xff, 0xff, 1, 0, 1,
			       0x78, 16, /* version, "", code 1, data -8, return 16 */
			       0x0c, 7,	   8,	 0x90, 1, 0, 0 };
static const u8 fde_code[] = {
	0x41, 0x0e, 16,	  0x86, 2, /* after 1 byte: CFA rsp+16, rbp at CFA-16 */
	0x42, 0x0e, 24,	  0x83, 3, /* after 2 more: CFA rsp+24, rbx at CFA-24 */
	0x50, 0x0a, 0xc3, 0x0e, 16, /* after 16: remember; rbx back, CFA rsp+16 */
	0x41, 0xc6, 0x0e, 8, /* after 1: rbp back */
	0x41, 0x0b, /* after 1: as remembered */
	0x02, 100,  0x0d, 6, /* after 100: CFA rbp+24 */
	0x04, 0,    1,	  0,	0,  0x0f, 1, 0x30, /* after 256: CFA by an expression */
};

static void put(struct strbuf *section, const void *data, size_t bytes)
{
	strbuf_add(section, data, bytes);
}

static void build(struct strbuf *section, u64 code_bytes)
{
	u32 length = sizeof(cie_body), fde_length = (u32)(4 + 8 + 8 + code_bytes), cie = 0;
	u64 start = START, bytes = 1000;

	put(section, &length, 4);
	put(section, cie_body, sizeof(cie_body));
	put(section, &fde_length, 4);
	put(section, &cie, 4);
	put(section, &start, 8);
	put(section, &bytes, 8);
	put(section, fde_code, code_bytes);
}

static void expect_row(u64 offset, u32 reg, s64 cfa, enum cfi_rule_kind rbp, enum cfi_rule_kind rbx)
{
	struct cfi_row row;

	assert_true(cfi_lookup(START + offset, &row));
	assert_true(row.has_cfa);
	assert_int_equal(row.cfa_register, reg);
	assert_int_equal(row.cfa_offset, cfa);
	assert_int_equal(row.rules[CFI_RBP].kind, rbp);
	assert_int_equal(row.rules[CFI_RBX].kind, rbx);
	assert_int_equal(row.rules[CFI_RETURN].kind, CFI_AT_CFA);
	assert_int_equal(row.rules[CFI_RETURN].offset, -8);
	if (rbp == CFI_AT_CFA)
		assert_int_equal(row.rules[CFI_RBP].offset, -16);
}

static void rows_of_a_function(void **state UNUSED)
{
	struct strbuf section = { 0 };
	struct cfi_row row;
	u64 start, end;

	build(&section, sizeof(fde_code));
	cfi_set_section((const u8 *)section.text, section.length);
	assert_true(cfi_function(0, &start, &end));
	assert_int_equal(start, START);
	assert_int_equal(end, START + 1000);
	assert_false(cfi_function(1, &start, &end));
	expect_row(0, CFI_RSP, 8, CFI_SAME, CFI_SAME);
	expect_row(1, CFI_RSP, 16, CFI_AT_CFA, CFI_SAME);
	expect_row(2, CFI_RSP, 16, CFI_AT_CFA, CFI_SAME);
	expect_row(3, CFI_RSP, 24, CFI_AT_CFA, CFI_AT_CFA);
	expect_row(19, CFI_RSP, 16, CFI_AT_CFA, CFI_SAME);
	expect_row(20, CFI_RSP, 8, CFI_SAME, CFI_SAME);
	expect_row(21, CFI_RSP, 24, CFI_AT_CFA, CFI_AT_CFA);
	expect_row(121, CFI_RBP, 24, CFI_AT_CFA, CFI_AT_CFA);
	assert_true(cfi_lookup(START + 377, &row));
	assert_false(row.has_cfa);
	assert_false(cfi_lookup(START - 1, &row));
	assert_false(cfi_lookup(START + 1000, &row));
	cfi_set_vmlinux(NULL);
	assert_false(cfi_lookup(START, &row));
	strbuf_free(&section);
}

/* Cut anywhere, and each byte wrong: a row or none, and nothing outside the section is read. */
static void damaged_sections(void **state UNUSED)
{
	struct strbuf section = { 0 };
	struct cfi_row row;

	build(&section, sizeof(fde_code));
	for (size_t bytes = 0; bytes < section.length; bytes++) {
		u8 *copy = malloc(bytes ? bytes : 1);

		memcpy(copy, section.text, bytes);
		cfi_set_section(copy, bytes);
		assert_false(cfi_lookup(START + 377, &row));
		free(copy);
	}
	for (size_t at = 0; at < section.length; at++) {
		static const u8 values[] = { 0, 1, 0x7f, 0x80, 0xff };
		char before = section.text[at];

		for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
			section.text[at] = (char)values[v];
			cfi_set_section((const u8 *)section.text, section.length);
			for (u64 offset = 0; offset < 1000; offset += 7)
				cfi_lookup(START + offset, &row);
		}
		section.text[at] = before;
	}
	cfi_set_vmlinux(NULL);
	strbuf_free(&section);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_a_function),
		cmocka_unit_test(damaged_sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
