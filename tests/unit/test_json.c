/* test_json.c - objects, lists and texts as JSON; what a failure leaves; text printed all the same. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#undef fail /* ours is meant */

/* What BODY printed while json_on(), and whether it failed. Heap. */
static char *caught(void (*body)(void *arg), bool *failed)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	FILE *old = out_redirect(memory);

	assert_false(json_set(true));
	*failed = !protect(body, NULL, NULL);
	assert_true(json_set(false));
	out_redirect(old);
	fclose(memory);
	return text;
}

static void check(void (*body)(void *arg), bool fails, const char *wanted)
{
	bool failed;
	char *text = caught(body, &failed);

	assert_string_equal(text, wanted);
	assert_int_equal(failed, fails);
	free(text);
}

static void put_kinds(UNUSED void *arg)
{
	json_object(NULL);
	json_text("text", "a \"b\" \\ \t\n\x01");
	json_text("none", NULL);
	json_bytes("no utf8", "\xc3\xa9 \xff\xe2\x82 \xc2\x85", 9);
	json_printf("printed", "%d", 7);
	json_address("address", 0xffff888003e5c000);
	json_number("number", ~0ULL);
	json_signed("signed", -1);
	json_real("real", 1.5, 2);
	json_bool("yes", true);
	json_null("null");
	json_list("list");
	json_number(NULL, 1);
	json_object(NULL);
	json_end();
	json_list(NULL);
	json_end();
	json_end();
	json_end();
}

static void test_kinds(UNUSED void **state)
{
	check(put_kinds, false,
	      "{\"text\": \"a \\\"b\\\" \\\\ \\t\\n\\u0001\", \"none\": null, "
	      "\"no utf8\": \"\xc3\xa9 \\ufffd\\ufffd\\ufffd \\ufffd\\ufffd\", \"printed\": \"7\", "
	      "\"address\": \"0xffff888003e5c000\", \"number\": 18446744073709551615, "
	      "\"signed\": -1, "
	      "\"real\": 1.50, \"yes\": true, \"null\": null, \"list\": [1, {}, []]}\n");
}

static void fail_inside(UNUSED void *arg)
{
	json_object(NULL);
	json_list("lost");
	fail("broken");
}

static void put_after_failure(UNUSED void *arg)
{
	assert_false(protect(fail_inside, NULL, NULL));
	json_object(NULL);
	json_number("kept", 1);
	json_end();
}

static void test_failure_drops_its_object(UNUSED void **state)
{
	check(fail_inside, true, "");
	check(put_after_failure, false, "{\"kept\": 1}\n");
}

static void put_half(UNUSED void *arg)
{
	json_number("half", 1);
	json_object("open");
	fail("no \"page\"");
}

static void put_part(UNUSED void *arg)
{
	json_object(NULL);
	json_number("first", 1);
	assert_false(json_protect("part", put_half, NULL));
	json_list("rows");
	assert_false(json_protect(NULL, fail_inside, NULL));
	json_end();
	json_number("last", 2);
	json_end();
}

static void test_protected_parts(UNUSED void **state)
{
	check(put_part, false,
	      "{\"first\": 1, \"part_error\": \"no \\\"page\\\"\", "
	      "\"rows\": [{\"error\": \"broken\"}], "
	      "\"last\": 2}\n");
}

static void put_interrupted(UNUSED void *arg)
{
	interrupt_request();
	interrupt_check();
}

static void put_interrupted_part(UNUSED void *arg)
{
	json_object(NULL);
	json_protect("part", put_interrupted, NULL);
	json_end();
}

static void test_interrupts_pass(UNUSED void **state)
{
	check(put_interrupted_part, true, "");
	interrupt_clear();
}

static void put_text(UNUSED void *arg)
{
	out("one");
	out(" line\n\nanother\n");
	json_object(NULL);
	out_text("inside\n");
	json_number("number", 1);
	json_end();
	out_bytes("no newline", 10);
	json_error("ps", "gone");
}

static void test_plain_text(UNUSED void **state)
{
	check(put_text, false,
	      "{\"text\": \"one line\"}\n{\"text\": \"another\"}\n{\"text\": \"inside\"}\n"
	      "{\"number\": 1}\n"
	      "{\"text\": \"no newline\"}\n{\"error\": \"gone\", \"command\": \"ps\"}\n");
}

static void put_apart(UNUSED void *arg)
{
	json_object(NULL);
	json_real("whole", 1e300 * 0 + 3, -1);
	json_error("ps", "\"gone\"");
	json_real("infinite", HUGE_VAL, -1);
	warn("%d is odd", 3);
	json_real("no number", NAN, 2);
	json_real("third", 1.0 / 3, -1);
	json_end();
}

/* Errors and warnings while an object is built up stand before it, and leave it as it is. */
static void test_lines_apart(UNUSED void **state)
{
	check(put_apart, false,
	      "{\"error\": \"\\\"gone\\\"\", \"command\": \"ps\"}\n{\"warning\": \"3 is odd\"}\n"
	      "{\"whole\": 3, \"infinite\": null, \"no number\": null, "
	      "\"third\": 0.33333333333333331}\n");
}

static void print_name(UNUSED void *arg)
{
	out("a name");
}

static void put_captured(UNUSED void *arg)
{
	struct strbuf *text = scope_strbuf();

	out_capture(print_name, NULL, text);
	json_object(NULL);
	json_text("name", strbuf_text(text));
	json_end();
}

static void test_caught_text_stays_text(UNUSED void **state)
{
	check(put_captured, false, "{\"name\": \"a name\"}\n");
}

static void put_deep(UNUSED void *arg)
{
	json_object(NULL);
	for (int i = 0; i < 100; i++)
		json_object("in");
}

static void test_depth_is_bounded(UNUSED void **state)
{
	check(put_deep, true, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_failure_drops_its_object),
		cmocka_unit_test(test_protected_parts),
		cmocka_unit_test(test_interrupts_pass),
		cmocka_unit_test(test_plain_text),
		cmocka_unit_test(test_lines_apart),
		cmocka_unit_test(test_caught_text_stays_text),
		cmocka_unit_test(test_depth_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
