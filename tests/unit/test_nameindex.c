/* test_nameindex.c - L0 nameindex: names by their start, each once and in order. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/nameindex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static void put(const char *name, void *arg)
{
	strbuf_printf(arg, "%s ", name);
}

static void check(struct name_index *index, const char *start, const char *wanted)
{
	struct strbuf text = { 0 };

	name_index_each(index, start, put, &text);
	assert_string_equal(strbuf_text(&text), wanted);
	strbuf_free(&text);
}

static void test_starts(void **state UNUSED)
{
	static const char *const names[] = { "vfs_write", "vfs", "b", "vfs_read", "a", "vfs_read",
					     "",	  "v",	 "w", "\xc3\xa4", "va" };
	struct name_index index = { 0 };

	check(&index, "", "");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		name_index_add(&index, names[i]);
	check(&index, "", " a b v va vfs vfs_read vfs_write w \xc3\xa4 ");
	check(&index, "v", "v va vfs vfs_read vfs_write ");
	check(&index, "vf", "vfs vfs_read vfs_write ");
	check(&index, "vfs_", "vfs_read vfs_write ");
	check(&index, "vfs_read", "vfs_read ");
	check(&index, "vfs_readx", "");
	check(&index, "x", "");
	check(&index, "\xc3", "\xc3\xa4 ");
	name_index_add(&index, "vfs_open");
	check(&index, "vfs_", "vfs_open vfs_read vfs_write ");
	name_index_free(&index);
}

struct seen {
	size_t count;
	const char *last;
};

static void see(const char *name, void *arg)
{
	struct seen *seen = arg;

	if (seen->last)
		assert_true(strcmp(seen->last, name) < 0);
	seen->last = name;
	seen->count++;
}

/* Names with long starts in common, in no order, many of them twice. */
static void test_many(void **state UNUSED)
{
	enum { NAMES = 20000 };
	struct name_index index = { 0 };
	struct seen all = { 0 }, some = { 0 };
	static char names[NAMES][24];
	u32 number = 1;

	for (size_t i = 0; i < NAMES; i++) {
		number = number * 1103515245 + 12345;
		snprintf(names[i], sizeof(names[i]), "__pfx_function_%u", (number >> 8) % 10000);
		name_index_add(&index, names[i]);
	}
	name_index_each(&index, "__pfx_function_77", see, &some);
	name_index_each(&index, "", see, &all);
	assert_in_range(all.count, 8000, 9999);
	assert_in_range(some.count, 80, 111);
	name_index_free(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starts),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
