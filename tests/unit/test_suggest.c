/* test_suggest.c - L0 suggest: the nearest of many names. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char *nearest(const char *wanted, const char *names)
{
	static struct suggestion suggestion;
	char *copy = strdup(names), *rest = NULL;

	suggest_start(&suggestion, wanted, 3);
	for (char *name = strtok_r(copy, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
		suggest_offer(&suggestion, name);
	free(copy);
	return suggestion.best;
}

static void test_nearest(void **state UNUSED)
{
	assert_string_equal(nearest("sp", "bt log ps p"), "ps"); /* two neighbours */
	assert_string_equal(nearest("fils", "files"), "files"); /* one is missing */
	assert_string_equal(nearest("strcut", "union struct"), "struct");
	assert_string_equal(nearest("runqueue", "rq runqueues rt"), "runqueues");
	assert_string_equal(nearest("vfs_raed", "vfs_write vfs_read"), "vfs_read");
	assert_string_equal(nearest("init_tasks_x", "init_task"),
			    "init_task"); /* three of twelve */
	assert_string_equal(nearest("LOG", "ps log"), "log");
	/* The nearest, and of equals the first. */
	assert_string_equal(nearest("abcdef", "abcdxy abcdex abcdez"), "abcdex");
	/* What is far off was not meant; of a short name less is enough for that. */
	assert_string_equal(nearest("nosuchcommand", "ps struct search"), "");
	assert_string_equal(nearest("xy", "ps bt log"), "");
	assert_string_equal(nearest("x", "p q"), "");
	assert_string_equal(nearest("", "p q"), "");
	assert_string_equal(nearest("ps", ""), "");
}

static void test_long_names(void **state UNUSED)
{
	char name[100], other[100];

	memset(name, 'a', sizeof(name));
	name[63] = '\0';
	memcpy(other, name, sizeof(other));
	other[30] = 'b';
	assert_string_equal(nearest(name, other), other);
	name[63] = 'a';
	name[99] = '\0';
	assert_string_equal(nearest(name, other), "");
	assert_string_equal(nearest(other, name), "");
}

/* As long as a kernel has symbols, and as alike. */
static void test_many_names(void **state UNUSED)
{
	static char names[200000][40];
	struct suggestion suggestion;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		snprintf(names[i], sizeof(names[i]), "%s_%s_%zu",
			 i % 3	 ? "ext4"
			 : i % 5 ? "__x64_sys"
				 : "netdev",
			 i % 7 ? "read_inode" : "get_queue", i);
	suggest_start(&suggestion, "ext4_raed_inode_1999XY", 3);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		suggest_offer(&suggestion, names[i]);
	assert_true(starts_with(suggestion.best, "ext4_read_inode_1999"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_many_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
