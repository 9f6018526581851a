/* test_audit.c - L5 audit queues: records, damage. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define QUEUE 0x1000
#define HOLD_QUEUE 0x1100
#define SKB(i) (0x2000 + 0x100ULL * (i))
#define MESSAGE(i) (0x8000 + 0x1000ULL * (i))

enum { SKB_DATA = 16, SKB_LENGTH = 24, SKB_BYTES = 32 };

static void make_types(void)
{
	fake_struct("list_head", 16,
		    (struct fake_member[]){ { .name = "next", .size = 8 },
					    { .name = "prev", .offset = 8, .size = 8 } },
		    2);
	fake_struct("sk_buff", SKB_BYTES,
		    (struct fake_member[]){ { .name = "next", .size = 8 },
					    { .name = "prev", .offset = 8, .size = 8 },
					    { .name = "data", .offset = SKB_DATA, .size = 8 },
					    { .name = "len", .offset = SKB_LENGTH, .size = 4 } },
		    4);
	fake_types_done();
	fake_symbol("audit_queue", fake_kva(QUEUE));
	fake_symbol("audit_hold_queue", fake_kva(HOLD_QUEUE));
}

static void put_record(u64 i, u16 type, const char *text)
{
	u32 length = 16 + (u32)strlen(text), buffer = length + 4;

	fake_u64(fake_kva(SKB(i) + SKB_DATA), fake_kva(MESSAGE(i)));
	fake_bytes(fake_kva(SKB(i) + SKB_LENGTH), &buffer, 4);
	fake_bytes(fake_kva(MESSAGE(i)), &length, 4);
	fake_bytes(fake_kva(MESSAGE(i) + 4), &type, 2);
	fake_bytes(fake_kva(MESSAGE(i) + 16), text, strlen(text));
	fake_bytes(fake_kva(MESSAGE(i) + length), "junk", 4);
}

/* HEAD with the records FIRST to LAST in a ring. */
static void link_queue(u64 head, u64 first, u64 last)
{
	u64 before = head;

	for (u64 i = first; i <= last; i++) {
		fake_u64(fake_kva(before), fake_kva(SKB(i)));
		fake_u64(fake_kva(SKB(i) + 8), fake_kva(before));
		before = SKB(i);
	}
	fake_u64(fake_kva(before), fake_kva(head));
	fake_u64(fake_kva(head + 8), fake_kva(before));
}

static void build(void)
{
	fake_dump();
	put_record(0, 1400, "audit(1.5:7): avc denied");
	put_record(1, 1300, "audit(1.5:8): syscall");
	put_record(2, 1320, "");
	link_queue(HOLD_QUEUE, 2, 2);
	link_queue(QUEUE, 0, 1);
}

static void add_record(unsigned type, const char *text, size_t length, void *arg)
{
	assert_int_equal(strlen(text), length);
	strbuf_printf(arg, "%u %s\n", type, text);
}

struct reading {
	struct strbuf text;
	size_t count;
};

static void read_records(void *arg)
{
	struct reading *reading = arg;

	reading->count = audit_records(add_record, &reading->text);
}

static void test_records(void **state UNUSED)
{
	struct reading reading = { 0 };

	build();
	assert_true(protect(read_records, &reading, NULL));
	assert_int_equal(reading.count, 3);
	assert_string_equal(strbuf_text(&reading.text),
			    "1320 \n1400 audit(1.5:7): avc denied\n1300 audit(1.5:8): syscall\n");
	strbuf_free(&reading.text);
}

static void test_empty(void **state UNUSED)
{
	struct reading reading = { 0 };

	build();
	link_queue(QUEUE, 1, 0);
	link_queue(HOLD_QUEUE, 1, 0);
	assert_true(protect(read_records, &reading, NULL));
	assert_int_equal(reading.count, 0);
}

static void test_damaged_record_costs_itself(void **state UNUSED)
{
	static const u32 lengths[] = { 0, 15, 0x7fffffff };

	for (size_t i = 0; i <= ARRAY_SIZE(lengths); i++) {
		struct reading reading = { 0 };

		build();
		if (i < ARRAY_SIZE(lengths))
			fake_bytes(fake_kva(SKB(0) + SKB_LENGTH), &lengths[i], 4);
		else
			fake_page_fault(MESSAGE(0), FAULT_EXCLUDED);
		assert_true(protect(read_records, &reading, NULL));
		assert_string_equal(strbuf_text(&reading.text),
				    "1320 \n1300 audit(1.5:8): syscall\n");
		strbuf_free(&reading.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_damaged_record_costs_itself),
	};

	make_types();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
