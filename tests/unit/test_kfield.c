/* test_kfield.c - L2 kfield: the newest spelling found, values out of a copy, messages when missing. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "names/kfield.h"
#include "names_builder.h"
#include "symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdlib.h>

KFIELD(new_name, "thing.fresh", "thing.stale");
KFIELD(old_name, "thing.renamed", "thing.stale");
KFIELD(no_name, "thing.gone", "other.gone", "thing.never");
KFIELD(signed_bits, "thing.low_bits");
KFIELD(signed_number, "thing.balance");
KFIELD(wide, "thing.block");
KTYPE(thing_type, "struct nothing", "struct thing");
KTYPE(no_type, "struct nothing");
KSYMBOL(a_symbol, "first_try", "second_try");
KSYMBOL(no_symbol, "first_try");
KENUM(an_enumerator, "STATE_NEW", "STATE_OLD");
KENUM(no_enumerator, "STATE_NEW");

static struct built_btf built;
static struct btf *btf;

static int make_kernel(void **state UNUSED)
{
	static const struct address_range range = { 0xffffffffc0000000, 0xffffffffc0001000 };
	const struct symbol_module *module;
	u32 number, u64_id, block;
	struct strbuf why = { 0 };

	build_btf_start(&built, 1, 0);
	number = build_btf_int(&built, "int", 4, true);
	u64_id = build_btf_int(&built, "long unsigned int", 8, false);
	block = build_btf_array(&built, u64_id, 3);
	build_btf_type(&built, "thing", BTF_STRUCT, true, 5, 48);
	build_btf_field(&built, "stale", u64_id, 0);
	build_btf_field(&built, "fresh", u64_id, 64);
	build_btf_field(&built, "low_bits", number, 3 << 24 | (16 * 8 + 5));
	build_btf_field(&built, "balance", number, 20 * 8);
	build_btf_field(&built, "block", block, 24 * 8);
	build_btf_type(&built, "state", BTF_ENUM, false, 1, 4);
	build_btf_word(&built, build_btf_text(&built, "STATE_OLD"));
	build_btf_word(&built, (u32)-5);
	build_btf_finish(&built);
	btf = btf_open(built.blob.text, built.blob.length, NULL, &why);
	assert_non_null(btf);
	types_set_btf(btf);
	module = symbols_add_module("m", 0, range.start, 0x1000, &range, 1);
	symbols_add(module, "second_try", range.start + 8, 0, 'd');
	kname_reset_all();
	return 0;
}

static int drop_kernel(void **state UNUSED)
{
	types_set_btf(NULL);
	symbols_reset();
	btf_close(btf);
	build_btf_discard(&built);
	return 0;
}

static void test_spellings(void **state UNUSED)
{
	assert_true(kfield_exists(&new_name));
	assert_string_equal(new_name.k.spelling, "thing.fresh");
	assert_int_equal(kfield_offset(&new_name), 8);
	assert_int_equal(kfield_size(&new_name), 8);
	assert_true(kfield_exists(&old_name));
	assert_string_equal(old_name.k.spelling, "thing.stale");
	assert_int_equal(kfield_offset(&old_name), 0);
	assert_false(kfield_exists(&no_name));
	assert_int_equal(ktype_size(&thing_type), 48);
	assert_false(ktype_exists(&no_type));
	assert_int_equal(ksymbol_address(&a_symbol), 0xffffffffc0000008);
	assert_string_equal(a_symbol.k.spelling, "second_try");
	assert_false(ksymbol_exists(&no_symbol));
	assert_int_equal(kenum_value(&an_enumerator), -5);
	assert_false(kenum_exists(&no_enumerator));
}

static void test_values(void **state UNUSED)
{
	u8 object[48] = { [8] = 0x11, [15] = 0x80, [16] = 0xe0, [20] = 0xfe, 0xff, 0xff, 0xff };

	assert_true(kfield_in(&new_name, object, sizeof(object)) == 0x8000000000000011);
	assert_int_equal(kfield_in_signed(&signed_bits, object, sizeof(object)), -1);
	object[16] = 0x60;
	assert_int_equal(kfield_in(&signed_bits, object, sizeof(object)), 3);
	assert_int_equal(kfield_in_signed(&signed_number, object, sizeof(object)), -2);
	assert_int_equal(kfield_in(&new_name, object, 16) & 0xff, 0x11);
}

struct expectation {
	void (*ask)(void);
	const char *says;
};

static void run_ask(void *arg)
{
	((struct expectation *)arg)->ask();
}

static void ask_field(void)
{
	kfield_offset(&no_name);
}

static void ask_type(void)
{
	ktype_size(&no_type);
}

static void ask_symbol(void)
{
	ksymbol_address(&no_symbol);
}

static void ask_enumerator(void)
{
	kenum_value(&no_enumerator);
}

static void ask_short(void)
{
	static const u8 object[15];

	kfield_in(&new_name, object, sizeof(object));
}

static void ask_wide(void)
{
	static const u8 object[48];

	kfield_in(&wide, object, sizeof(object));
}

static void check_failures(const struct expectation *expectations, size_t count)
{
	struct failure failure;
	size_t i;

	for (i = 0; i < count; i++) {
		struct expectation expectation = expectations[i];

		assert_false(protect(run_ask, &expectation, &failure));
		if (!strstr(failure.text, expectation.says))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, failure.text,
				 expectation.says);
	}
}

static void test_messages(void **state UNUSED)
{
	static const struct expectation expectations[] = {
		{ ask_field, "structure member: thing.gone, other.gone, thing.never" },
		{ ask_type, "type: struct nothing" },
		{ ask_symbol, "symbol: first_try" },
		{ ask_enumerator, "enumerator: STATE_NEW" },
		{ ask_short, "thing.fresh" },
		{ ask_wide, "24 bytes" },
	};

	check_failures(expectations, ARRAY_SIZE(expectations));
}

static void test_without_types(void **state UNUSED)
{
	static const struct expectation expectation = { ask_field, "no type information" };

	types_set_btf(NULL);
	assert_false(kfield_exists(&new_name));
	check_failures(&expectation, 1);
	/* Not remembered as missing: types may come later. */
	types_set_btf(btf);
	assert_true(kfield_exists(&new_name));
}

static void test_records(void **state UNUSED)
{
	size_t i, own = 0;

	/* Other objects of the program may have brought theirs. */
	assert_true(kname_count() >= 12);
	for (i = 0; i < kname_count(); i++)
		own += kname_get(i) == &new_name.k || kname_get(i) == &no_enumerator.k;
	assert_int_equal(own, 2);
	assert_null(kname_get(kname_count()));
	assert_true(kname_resolve(&new_name.k));
	kname_reset_all();
	assert_int_equal(new_name.k.status, KNAME_UNKNOWN);
	assert_null(new_name.k.spelling);
}

#define WITH_KERNEL(test) cmocka_unit_test_setup_teardown(test, make_kernel, drop_kernel)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KERNEL(test_spellings), WITH_KERNEL(test_values),
		WITH_KERNEL(test_messages),  WITH_KERNEL(test_without_types),
		WITH_KERNEL(test_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
