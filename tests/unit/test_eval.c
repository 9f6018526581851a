/* test_eval.c - L6 expression: arithmetic, numbers, symbols and address arguments. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "shell/command.h"
#include "shell/expression.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define JIFFIES 0xffffffff86e079c0ULL
#define VFS_READ 0xffffffff85630990ULL

static void check(const char *text, u64 wanted)
{
	struct strbuf why = { 0 };
	u64 value = 0;

	if (!expression_try(text, &value, &why))
		fail_msg("%s: %s", text, strbuf_text(&why));
	if (value != wanted)
		fail_msg("%s: %llx", text, value);
	strbuf_free(&why);
}

static void check_fails(const char *text, const char *reason)
{
	struct strbuf why = { 0 };
	u64 value;

	assert_false(expression_try(text, &value, &why));
	if (!strstr(strbuf_text(&why), reason))
		fail_msg("%s: %s", text, strbuf_text(&why));
	strbuf_free(&why);
	assert_false(expression_try(text, &value, NULL));
}

static void test_numbers(void **state UNUSED)
{
	check("0", 0);
	check("100", 100);
	check("0x100", 256);
	check("41dc065", 0x41dc065);
	check("abc", 0xabc);
	check("1k", 1024);
	check("128m", 128 << 20);
	check("0x10G", 16ULL << 30);
	check("18446744073709551615", UINT64_MAX);
	check_fails("18446744073709551616", "a number of more than 64 bits");
	check_fails("99999999999g", "invalid number or symbol");
	check_fails("xyzzy", "invalid number or symbol: xyzzy");
	check_fails("k", "invalid number or symbol");
}

static void test_operators(void **state UNUSED)
{
	check("1 + 2 * 3", 7);
	check("(1 + 2) * 3", 9);
	check("1<<27", 1 << 27);
	check("1 << 2 + 1", 8);
	check("1 | 6 & 3 ^ 8", 1 | ((6 & 3) ^ 8));
	check("10 - 3 - 2", 5);
	check("100 / 10 / 5", 2);
	check("10 % 3", 1);
	check("~0", UINT64_MAX);
	check("-1", UINT64_MAX);
	check("- - 1", 1);
	check("1 << 64", 0);
	check("1 >> 200", 0);
	check("128 * 1m", 128 << 20);
	check_fails("1 / 0", "division by zero");
	check_fails("1 % (2 - 2)", "division by zero");
	check_fails("5 5", "unexpected '5'");
	check_fails("(1", "missing ')'");
	check_fails("1 +", "ends too early");
	check_fails("", "ends too early");
	check_fails("1 ? 2", "unexpected '? 2'");
}

static void test_symbols(void **state UNUSED)
{
	check("jiffies_64", JIFFIES);
	check("(jiffies_64 + 8)", JIFFIES + 8);
	check("vfs_read.cold-0x10", VFS_READ - 16);
	/* A symbol goes before a hexadecimal number that looks the same. */
	check("bad", 0x1234);
}

static void test_hostile_depth(void **state UNUSED)
{
	char text[200001];

	memset(text, '(', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	check_fails(text, "nested too deeply");
	memset(text, '~', sizeof(text) - 1);
	check_fails(text, "nested too deeply");
	memset(text, 'a', sizeof(text) - 1);
	check_fails(text, "too long");
}

static void check_address(const char *text, u64 wanted)
{
	u64 address = 0;

	if (!argument_try_address(text, &address))
		fail_msg("%s is no address", text);
	if (address != wanted)
		fail_msg("%s: %llx", text, address);
}

static void test_addresses(void **state UNUSED)
{
	u64 address;

	check_address("ffff888003010000", 0xffff888003010000ULL);
	check_address("0xffff888003010000", 0xffff888003010000ULL);
	check_address("1000", 0x1000);
	check_address("deadbeef", 0xdeadbeef);
	check_address("jiffies_64", JIFFIES);
	check_address("jiffies_64+8", JIFFIES + 8);
	check_address("jiffies_64+0x1a", JIFFIES + 26);
	check_address("vfs_read.cold+31", VFS_READ + 31);
	check_address("(jiffies_64 + 8)", JIFFIES + 8);
	check_address("(1 << 12)", 0x1000);
	assert_false(argument_try_address("nosuch", &address));
	assert_false(argument_try_address("", &address));
	assert_false(argument_try_address("jiffies_64+1x", &address));
	assert_false(argument_try_address("0x", &address));
	assert_false(argument_try_address("-5", &address));
}

static void test_plain_numbers(void **state UNUSED)
{
	u64 number;

	assert_true(argument_try_number("10", &number) && number == 10);
	assert_true(argument_try_number("0x10", &number) && number == 16);
	assert_true(argument_try_number("1f", &number) && number == 31);
	assert_false(argument_try_number("", &number));
	assert_false(argument_try_number("-1", &number));
	assert_false(argument_try_number("10x", &number));
	assert_false(argument_try_number("99999999999999999999", &number));
}

static int add_symbols(void **state UNUSED)
{
	fake_symbol("jiffies_64", JIFFIES);
	fake_symbol("vfs_read.cold", VFS_READ);
	fake_symbol("bad", 0x1234);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),	  cmocka_unit_test(test_operators),
		cmocka_unit_test(test_symbols),	  cmocka_unit_test(test_hostile_depth),
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_plain_numbers),
	};

	return cmocka_run_group_tests(tests, add_symbols, NULL);
}
