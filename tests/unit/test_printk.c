/* test_printk.c - L5 log: wrap-around, record states, damage. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "fake_log.h"
#include "kernel/printk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

struct found {
	size_t count;
	u64 first, last;
	u64 nr_lost;
	char why[160];
	struct strbuf texts; /* each followed by a newline */
};

static void collect(void *arg)
{
	struct found *found = arg;
	struct printk_record record;
	struct printk_iter it;

	printk_begin(&it);
	while (printk_next(&it, &record)) {
		if (found->count++ == 0)
			found->first = record.sequence;
		found->last = record.sequence;
		assert_int_equal(record.text[record.text_bytes], '\0');
		strbuf_add(&found->texts, record.text, record.text_bytes);
		strbuf_putc(&found->texts, '\n');
	}
	found->nr_lost = it.nr_lost;
	snprintf(found->why, sizeof(found->why), "%s", it.why);
}

static struct found read_log(void)
{
	struct found found = { 0 };
	struct failure failure;

	if (!protect(collect, &found, &failure))
		fail_msg("%s", failure.text);
	return found;
}

static size_t message(char *text, size_t space, u64 number)
{
	/* Lengths that hit every alignment, and the ring's end in every way. */
	size_t length = number * 7 % 53;
	int used = snprintf(text, space, "%llu", number);

	if (number % 11 == 0)
		return 0;
	for (; (size_t)used < length; used++)
		text[used] = (char)('a' + (number + (u64)used) % 26);
	text[used] = '\0';
	return (size_t)used;
}

static void check_after(u64 nr_messages)
{
	struct found found = read_log();
	struct strbuf wanted = { 0 };
	u64 oldest = fake_log_oldest();
	char text[128];

	for (u64 i = oldest; i < nr_messages; i++) {
		strbuf_add(&wanted, text, message(text, sizeof(text), i));
		strbuf_putc(&wanted, '\n');
	}
	assert_int_equal(found.count, nr_messages - oldest);
	assert_string_equal(strbuf_text(&found.texts), strbuf_text(&wanted));
	assert_int_equal(found.nr_lost, 0);
	assert_string_equal(found.why, "");
	strbuf_free(&found.texts);
	strbuf_free(&wanted);
}

static void run_many(unsigned count_bits, unsigned size_bits, bool exact_end)
{
	char text[128];

	fake_dump();
	fake_log_start(count_bits, size_bits, exact_end);
	check_after(0);
	for (u64 i = 0; i < 500; i++) {
		fake_log_add(text, message(text, sizeof(text), i), i % 8);
		check_after(i + 1);
	}
	assert_true(fake_log_oldest() > 400);
}

static void test_text_wraps(void **state UNUSED)
{
	run_many(6, 8, false);
	run_many(6, 8, true);
	run_many(6, 9, true);
}

static void test_descriptors_wrap(void **state UNUSED)
{
	run_many(3, 12, false);
	run_many(3, 12, true);
}

static void one_record(void *arg)
{
	struct printk_record *copy = arg;
	struct printk_iter it;

	printk_begin(&it);
	assert_true(printk_next(&it, copy));
	assert_int_equal(copy->dictionary_bytes,
			 sizeof("SUBSYSTEM=pci") + sizeof("DEVICE=+pci:0000:00:1f.2"));
	assert_string_equal(copy->dictionary, "SUBSYSTEM=pci");
	assert_string_equal(copy->dictionary + sizeof("SUBSYSTEM=pci"), "DEVICE=+pci:0000:00:1f.2");
	assert_false(printk_next(&it, copy));
}

static void test_fields(void **state UNUSED)
{
	struct printk_record record = { 0 };
	u64 sequence;

	fake_dump();
	fake_log_start(4, 10, true);
	sequence = fake_log_add("hello", 5, 6);
	memcpy(fake_phys(fake_log_info(sequence) + 24), "pci", 3);
	memcpy(fake_phys(fake_log_info(sequence) + 40), "+pci:0000:00:1f.2", 17);
	*fake_phys(fake_log_info(sequence) + 18) = 3;
	*fake_phys(fake_log_info(sequence) + 19) = 5 << 5 | 2;
	memcpy(fake_phys(fake_log_info(sequence) + 20), "\x07\0\0\x80", 4);
	memcpy(fake_phys(fake_log_info(sequence) + 8), "\x15\xcd\x5b\x07\0\0\0\0", 8);
	assert_true(protect(one_record, &record, NULL));
	assert_int_equal(record.level, 5);
	assert_int_equal(record.flags, 2);
	assert_int_equal(record.facility, 3);
	assert_int_equal(record.caller_id, PRINTK_CALLER_IS_CPU | 7);
	assert_int_equal(record.nanoseconds, 123456789);
	assert_false(record.is_open);
}

static void test_states(void **state UNUSED)
{
	struct found found;

	fake_dump();
	fake_log_start(4, 10, true);
	fake_log_add("zero", 4, 6);
	fake_log_add("one", 3, 6);
	fake_log_add("two", 3, 6);
	fake_log_add("three", 5, 6);
	fake_log_set_state(1, 0); /* still being written */
	fake_log_set_state(3, 1); /* may still be continued */
	found = read_log();
	assert_string_equal(strbuf_text(&found.texts), "zero\ntwo\nthree\n");
	assert_int_equal(found.nr_lost, 0);
	strbuf_free(&found.texts);

	/* What was freed between good records is a loss; what was freed before them is age. */
	fake_log_set_state(0, 3);
	fake_log_set_state(2, 3);
	fake_log_set_state(1, 2);
	found = read_log();
	assert_string_equal(strbuf_text(&found.texts), "one\nthree\n");
	assert_int_equal(found.nr_lost, 1);
	strbuf_free(&found.texts);
}

static void test_longer_than_its_block(void **state UNUSED)
{
	struct found found;

	fake_dump();
	fake_log_start(4, 10, true);
	fake_log_add("12345678", 8, 6);
	fake_log_add("next", 4, 6);
	memcpy(fake_phys(fake_log_info(0) + 16), "\xff\xff", 2);
	found = read_log();
	assert_string_equal(strbuf_text(&found.texts), "12345678\nnext\n");
	strbuf_free(&found.texts);
}

static void test_missing_pages(void **state UNUSED)
{
	struct found found;
	char text[64];

	fake_dump();
	fake_log_start(9, 15, true);
	for (u64 i = 0; i < 400; i++)
		fake_log_add(
			text,
			(size_t)snprintf(text, sizeof(text), "message number %llu, some text", i),
			6);
	/* One page of text holds about a hundred of them, one of infos 46; the others must stay. */
	fake_page_fault(FAKE_LOG_TEXT + PAGE_BYTES, FAULT_EXCLUDED);
	found = read_log();
	assert_int_equal(found.count + found.nr_lost, 400);
	assert_in_range(found.nr_lost, 80, 105);
	assert_int_equal(found.first, 0);
	assert_int_equal(found.last, 399);
	strbuf_free(&found.texts);
	fake_page_fault(FAKE_LOG_INFOS, FAULT_NOT_IN_DUMP);
	found = read_log();
	/* The first ones are gone, and that cannot be told from having been overwritten. */
	assert_int_equal(found.first, 47);
	strbuf_free(&found.texts);
}

static void test_heads_disagree(void **state UNUSED)
{
	struct found found;

	fake_dump();
	fake_log_start(4, 10, true);
	fake_log_add("one", 3, 6);
	fake_log_add("two", 3, 6);
	fake_u64(fake_kva(FAKE_LOG_RING) + 32, 0x1234);
	found = read_log();
	assert_string_equal(strbuf_text(&found.texts), "one\ntwo\n");
	assert_non_null(strstr(found.why, "1234"));
	strbuf_free(&found.texts);
}

static void test_bad_sizes_fail(void **state UNUSED)
{
	static const u32 sizes[] = { 0, 40, 64, 0xffffffff };

	for (size_t i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		struct found found = { 0 };
		struct failure failure;

		fake_dump();
		fake_log_start(4, 10, true);
		fake_log_add("one", 3, 6);
		memcpy(fake_phys(FAKE_LOG_RING + (i % 2 ? 48 : 0)), &sizes[i / 2], 4);
		assert_false(protect(collect, &found, &failure));
		assert_non_null(strstr(failure.text, "damaged"));
		strbuf_free(&found.texts);
	}
}

/* Whatever bytes the buffer has, reading it ends, and inside its bounds. */
static void test_random_damage(void **state UNUSED)
{
	char text[128];

	srandom(20);
	for (unsigned round = 0; round < 300; round++) {
		struct found found = { 0 };

		fake_dump();
		fake_log_start(5, 10, round % 2);
		for (u64 i = 0; i < 60; i++)
			fake_log_add(text, message(text, sizeof(text), i), 6);
		for (unsigned i = 0; i < 1 + round % 20; i++) {
			static const u64 areas[] = { FAKE_LOG_DESCS, FAKE_LOG_INFOS,
						     FAKE_LOG_TEXT };
			static const u64 sizes[] = { 32 * FAKE_DESC_BYTES, 32 * FAKE_INFO_BYTES,
						     1024 };
			unsigned area = (unsigned)random() % 3;

			*fake_phys(areas[area] + (u64)random() % sizes[area]) = (u8)random();
		}
		protect(collect, &found, NULL);
		assert_true(found.count <= 32);
		strbuf_free(&found.texts);
	}
}

/* Each read in turn fails: a message, or fewer records, but never a wrong one. */
static void test_every_read_may_fail(void **state UNUSED)
{
	unsigned long nr_reads;

	fake_dump();
	fake_log_start(5, 10, true);
	fake_log_add("some text", 9, 6);
	fake_log_add("more text", 9, 6);
	fake_fail_read(0);
	{
		struct found all = read_log();

		strbuf_free(&all.texts);
	}
	nr_reads = fake_nr_reads();
	assert_true(nr_reads >= 5);
	for (unsigned long nth = 1; nth <= nr_reads; nth++) {
		struct found found = { 0 };
		struct failure failure;

		fake_fail_read(nth);
		if (!protect(collect, &found, &failure))
			assert_true(strlen(failure.text) > 10);
		else
			assert_true(found.count <= 2 &&
				    (found.count + found.nr_lost == 2 || found.nr_lost == 0));
		strbuf_free(&found.texts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_wraps),
		cmocka_unit_test(test_descriptors_wrap),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_longer_than_its_block),
		cmocka_unit_test(test_missing_pages),
		cmocka_unit_test(test_heads_disagree),
		cmocka_unit_test(test_bad_sizes_fail),
		cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_every_read_may_fail),
	};

	fake_log_types();
	fake_types_done();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
