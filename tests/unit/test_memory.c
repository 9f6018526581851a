/* test_memory.c - L3 reads: page borders, faults, strings, members of every width. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

KFIELD(thing_u8, "thing.u8_");
KFIELD(thing_s16, "thing.s16_");
KFIELD(thing_u32, "thing.u32_");
KFIELD(thing_u64, "thing.u64_");
KFIELD(thing_bits, "thing.bits");
KFIELD(thing_high_bits, "thing.high_bits");
KFIELD(thing_all_bits, "thing.all_bits");
KFIELD(thing_name, "thing.name");
KFIELD(thing_none, "thing.newer_name", "thing.older_name");

static void test_page_borders(void **state UNUSED)
{
	struct fault fault;
	u8 bytes[3 * PAGE_BYTES];

	fake_dump();
	memset(fake_phys(0x1000), 0x11, PAGE_BYTES);
	memset(fake_phys(0x2000), 0x22, PAGE_BYTES);
	memset(fake_phys(0x3000), 0x33, PAGE_BYTES);
	assert_true(mem_try_read(fake_kva(0x1ffe), bytes, PAGE_BYTES + 4, &fault));
	assert_int_equal(bytes[1], 0x11);
	assert_int_equal(bytes[2], 0x22);
	assert_int_equal(bytes[PAGE_BYTES + 1], 0x22);
	assert_int_equal(bytes[PAGE_BYTES + 2], 0x33);
	assert_true(mem_try_read(fake_kva(0x1000), bytes, 0, &fault));

	fake_page_fault(0x3000, FAULT_EXCLUDED);
	assert_false(mem_try_read(fake_kva(0x1ffe), bytes, PAGE_BYTES + 4, &fault));
	assert_int_equal(fault.reason, FAULT_EXCLUDED);
	assert_int_equal(fault.space, SPACE_KERNEL);
	assert_int_equal(fault.address, fake_kva(0x3000));
	assert_int_equal(fault.physical, 0x3000);

	assert_false(mem_try_read_in(PHYSICAL_SPACE, 0x2fff, bytes, 2, &fault));
	assert_int_equal(fault.space, SPACE_PHYSICAL);
	assert_int_equal(fault.address, 0x3000);
}

static void test_bad_ranges(void **state UNUSED)
{
	struct fault fault;
	u8 bytes[16];

	fake_dump();
	assert_false(mem_try_read(~7ULL, bytes, 16, &fault));
	assert_int_equal(fault.reason, FAULT_BAD_ADDRESS);
	assert_false(mem_try_read_in(PHYSICAL_SPACE, ~7ULL, bytes, 16, &fault));
	assert_int_equal(fault.reason, FAULT_BAD_ADDRESS);
	assert_false(mem_try_read(0, bytes, 8, &fault));
	assert_int_equal(fault.reason, FAULT_NOT_MAPPED);
	assert_false(mem_try_read(0, bytes, 8, NULL));
	assert_false(mem_try_read_in(PHYSICAL_SPACE, FAKE_PAGES * PAGE_BYTES, bytes, 8, &fault));
	assert_int_equal(fault.reason, FAULT_NOT_IN_DUMP);
	assert_false(mem_try_read_in(USER_SPACE(fake_kva(0)), 0x7ffffffff000ULL, bytes, 8, &fault));
	assert_int_equal(fault.reason, FAULT_BAD_ADDRESS);
	assert_int_equal(fault.space, SPACE_USER);
}

/*
 * User page 0x400000 + N is physical page 0x4000 - N: what is next to each other there is not
 * so in memory.
 */
#define USER_PAGES 0x400000

static bool backwards_walk(u64 table, u64 address, struct translation *translation,
			   struct fault *fault)
{
	u64 page = (address - USER_PAGES) / PAGE_BYTES;

	assert_int_equal(table, fake_kva(0));
	memset(translation, 0, sizeof(*translation));
	if (page > 2)
		return fault_set(fault, FAULT_NOT_MAPPED, SPACE_USER, address);
	translation->paddr = 0x4000 - page * PAGE_BYTES + address % PAGE_BYTES;
	return true;
}

static struct file_map file; /* of dump_of_spaces() */

/*
 * A dump with memory 2222 3333 4444, which a user has the other way round, and
 * the file "012345...".
 */
static void dump_of_spaces(void)
{
	static struct arch_ops arch;
	struct kernel_layout layout;
	struct dump *dump = fake_dump();
	char path[] = "/tmp/test_memory.XXXXXX";
	struct strbuf why = { 0 };
	int fd = mkstemp(path);

	memset(fake_phys(0x2000), 0x22, PAGE_BYTES);
	memset(fake_phys(0x3000), 0x33, PAGE_BYTES);
	memset(fake_phys(0x4000), 0x44, PAGE_BYTES);
	arch = *memory_arch();
	arch.walk = backwards_walk;
	layout = *memory_layout();
	memory_init(dump, &arch, &layout);
	assert_int_equal(write(fd, "0123456789", 10), 10);
	close(fd);
	assert_true(file_map_open(&file, path, &why));
	unlink(path);
	dump->files = &file;
	dump->nr_files = 1;
}

static void test_spaces(void **state UNUSED)
{
	const struct space in_file = { .kind = SPACE_FILE }, user = USER_SPACE(fake_kva(0));
	static const u8 rising[] = { 0x22, 0x33 }, falling[] = { 0x44, 0x33 };
	struct fault fault;
	u8 bytes[2 * PAGE_BYTES];
	u64 paddr;

	dump_of_spaces();
	assert_true(mem_try_read_in(KERNEL_SPACE, fake_kva(0x2fff), bytes, 2, &fault));
	assert_memory_equal(bytes, rising, 2);
	assert_true(mem_try_read_in(PHYSICAL_SPACE, 0x2fff, bytes, 2, &fault));
	assert_memory_equal(bytes, rising, 2);
	assert_true(mem_try_read_in(user, USER_PAGES + 0xfff, bytes, 2, &fault));
	assert_memory_equal(bytes, falling, 2);
	assert_true(mem_try_read_in(in_file, 8, bytes, 2, &fault));
	assert_memory_equal(bytes, "89", 2);

	assert_true(mem_to_phys_in(KERNEL_SPACE, fake_kva(0x2fff), &paddr, &fault));
	assert_int_equal(paddr, 0x2fff);
	assert_true(mem_to_phys_in(PHYSICAL_SPACE, 0x2fff, &paddr, &fault));
	assert_int_equal(paddr, 0x2fff);
	assert_true(mem_to_phys_in(user, USER_PAGES + 0x1fff, &paddr, &fault));
	assert_int_equal(paddr, 0x3fff);

	/* The first bad byte, as the caller counts. */
	assert_false(mem_try_read_in(user, USER_PAGES + 0x2fff, bytes, 2, &fault));
	assert_int_equal(fault.reason, FAULT_NOT_MAPPED);
	assert_int_equal(fault.address, USER_PAGES + 0x3000);
	fake_page_fault(0x3000, FAULT_EXCLUDED);
	assert_false(mem_try_read_in(user, USER_PAGES + 0xfff, bytes, 2, &fault));
	assert_int_equal(fault.reason, FAULT_EXCLUDED);
	assert_int_equal(fault.space, SPACE_USER);
	assert_int_equal(fault.address, USER_PAGES + 0x1000);
	assert_int_equal(fault.physical, 0x3000);
	assert_false(mem_try_read_in(in_file, 9, bytes, 2, &fault));
	assert_int_equal(fault.reason, FAULT_PAST_END);
	assert_int_equal(fault.space, SPACE_FILE);
	assert_false(mem_try_read_in(user, ~7ULL, bytes, 16, &fault));
	assert_int_equal(fault.reason, FAULT_BAD_ADDRESS);
	assert_false(mem_try_read_in(in_file, ~7ULL, bytes, 16, &fault));
	assert_int_equal(fault.reason, FAULT_PAST_END);
	interrupt_request();
	for (enum address_space kind = SPACE_KERNEL; kind <= SPACE_FILE; kind++) {
		assert_false(mem_try_read_in((struct space){ kind, 0 }, 0, bytes, 1, &fault));
		assert_int_equal(fault.reason, FAULT_INTERRUPTED);
	}
	interrupt_clear();
	file_map_close(&file);
}

struct reading {
	struct space space;
	u64 address;
	const char *failure;
};

static void read_in(void *arg)
{
	const struct reading *reading = arg;
	u8 bytes[2];

	mem_read_in(reading->space, reading->address, bytes, sizeof(bytes), "a pair");
}

static void test_messages_of_spaces(void **state UNUSED)
{
	struct reading readings[] = {
		{ KERNEL_SPACE, fake_kva(0x1fff),
		  "cannot read a pair at ffff888000001fff: page excluded from the dump "
		  "(at ffff888000002000)" },
		{ PHYSICAL_SPACE, 0x2000,
		  "cannot read a pair at physical address 2000: page excluded from the dump" },
		{ USER_SPACE(fake_kva(0)), USER_PAGES - 1,
		  "cannot read a pair at user address 3fffff: not mapped" },
		{ { SPACE_FILE, 0 }, 9, "the dump file ends before offset b" },
	};
	struct failure failure;

	dump_of_spaces();
	fake_page_fault(0x2000, FAULT_EXCLUDED);
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++) {
		assert_false(protect(read_in, &readings[i], &failure));
		assert_string_equal(failure.text, readings[i].failure);
		interrupt_request();
		assert_false(protect(read_in, &readings[i], &failure));
		interrupt_clear();
		assert_true(failure.interrupted);
	}
}

static void test_zero_excluded(void **state UNUSED)
{
	struct fault fault;
	u64 value = 1;

	fake_dump();
	fake_page_fault(0x3000, FAULT_EXCLUDED);
	fake_page_fault(0x4000, FAULT_DAMAGED);
	memory_set_zero_excluded(true);
	assert_true(mem_try_u64(fake_kva(0x3000), &value, &fault));
	assert_int_equal(value, 0);
	/* Only what was left out on purpose: damage stays an error. */
	assert_false(mem_try_u64(fake_kva(0x4000), &value, &fault));
	memory_set_zero_excluded(false);
	assert_false(mem_try_u64(fake_kva(0x3000), &value, &fault));
}

static void test_strings(void **state UNUSED)
{
	struct fault fault;
	char text[16];

	fake_dump();
	fake_bytes(fake_kva(0x1ffd), "abcdefg", 8);
	assert_int_equal(mem_string(fake_kva(0x1ffd), text, sizeof(text), "name"), 7);
	assert_string_equal(text, "abcdefg");
	assert_int_equal(mem_string(fake_kva(0x1ffd), text, 4, "name"), 3);
	assert_string_equal(text, "abc");
	/* The rest of a string on a missing page: what there is. */
	fake_page_fault(0x2000, FAULT_NOT_IN_DUMP);
	assert_true(mem_try_string(fake_kva(0x1ffd), text, sizeof(text), &fault));
	assert_string_equal(text, "abc");
	assert_false(mem_try_string(fake_kva(0x2000), text, sizeof(text), &fault));
	assert_int_equal(fault.reason, FAULT_NOT_IN_DUMP);
}

static u64 thing(void)
{
	return fake_kva(0x1ff0);
}

static void test_fields(void **state UNUSED)
{
	char name[8];

	fake_dump();
	fake_bytes(thing() + 1, "\xfe", 1);
	fake_bytes(thing() + 2, "\xfd\xff", 2);
	fake_bytes(thing() + 4, "\x78\x56\x34\x92", 4);
	fake_u64(thing() + 12, 0xfedcba9876543210ULL); /* over the page border */
	fake_bytes(thing() + 20, "\xb8\xff\xff\xff", 4);
	fake_bytes(thing() + 24, "four", 4);
	assert_int_equal(field_u64(thing(), &thing_u8), 0xfe);
	assert_int_equal(field_s64(thing(), &thing_u8), -2);
	assert_int_equal(field_s64(thing(), &thing_s16), -3);
	assert_int_equal(field_u64(thing(), &thing_s16), 0xfffd);
	assert_int_equal(field_u64(thing(), &thing_u32), 0x92345678);
	assert_int_equal(field_u64(thing(), &thing_u64), 0xfedcba9876543210ULL);
	assert_int_equal(field_u64(thing(), &thing_bits), 0x17); /* 10111 above three other bits */
	assert_int_equal(field_s64(thing(), &thing_bits), -9);
	/* The upper 4 of 32 bits, and all 64 of a field that is one by name only. */
	assert_int_equal(field_u64(thing(), &thing_high_bits), 9);
	assert_int_equal(field_s64(thing(), &thing_high_bits), -7);
	assert_int_equal(field_u64(thing(), &thing_all_bits), 0xfedcba9876543210ULL);
	assert_int_equal(field_s64(thing(), &thing_all_bits), (s64)0xfedcba9876543210ULL);
	field_string(thing(), &thing_name, name, sizeof(name));
	assert_string_equal(name, "four");
	assert_int_equal(field_address(thing(), &thing_u64), thing() + 12);
}

static void read_excluded(void *arg UNUSED)
{
	field_u64(fake_kva(0x3000), &thing_u32);
}

static void read_missing_member(void *arg UNUSED)
{
	field_u64(fake_kva(0x1000), &thing_none);
}

static void read_interrupted(void *arg UNUSED)
{
	mem_u64(fake_kva(0x1000), "a word");
}

static void test_messages(void **state UNUSED)
{
	struct failure failure;

	fake_dump();
	fake_page_fault(0x3000, FAULT_EXCLUDED);
	assert_false(protect(read_excluded, NULL, &failure));
	assert_string_equal(failure.text, "cannot read thing.u32_ at ffff888000003004: "
					  "page excluded from the dump");
	assert_false(protect(read_missing_member, NULL, &failure));
	assert_non_null(strstr(failure.text, "newer_name"));
	assert_non_null(strstr(failure.text, "older_name"));
	interrupt_request();
	assert_false(protect(read_interrupted, NULL, &failure));
	interrupt_clear();
	assert_true(failure.interrupted);
}

static void test_phys_to_kernel(void **state UNUSED)
{
	u64 address, paddr;

	fake_dump();
	assert_true(mem_phys_to_kernel(0x1234, &address));
	assert_int_equal(address, fake_kva(0x1234));
	assert_true(mem_kernel_to_phys(address, &paddr, NULL));
	assert_int_equal(paddr, 0x1234);
	assert_false(mem_phys_to_kernel(FAKE_PAGES * PAGE_BYTES, &address));
}

static int make_types(void **state UNUSED)
{
	static const struct fake_member members[] = {
		{ .name = "u8_", .offset = 1, .size = 1 },
		{ .name = "s16_", .offset = 2, .size = 2, .is_signed = true },
		{ .name = "u32_", .offset = 4, .size = 4 },
		{ .name = "u64_", .offset = 12, .size = 8 },
		{ .name = "bits", .offset = 20, .size = 4, .bit_offset = 3, .bit_size = 5 },
		{ .name = "high_bits", .offset = 4, .size = 4, .bit_offset = 28, .bit_size = 4 },
		{ .name = "all_bits", .offset = 12, .size = 8, .bit_size = 64 },
		{ .name = "name", .offset = 24, .size = 1, .count = 4 },
	};

	fake_struct("thing", 28, members, ARRAY_SIZE(members));
	fake_types_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_borders),
		cmocka_unit_test(test_bad_ranges),
		cmocka_unit_test(test_zero_excluded),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_phys_to_kernel),
		cmocka_unit_test(test_spaces),
		cmocka_unit_test(test_messages_of_spaces),
	};

	return cmocka_run_group_tests(tests, make_types, NULL);
}
