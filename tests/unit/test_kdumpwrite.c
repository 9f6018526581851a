/* test_kdumpwrite.c - tests: what the kdump writer wrote reads back; raw and VMware memory, damaged. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dump/dumpfile.h"
#include "dump/elfnote.h"
#include "dump/kdumpwrite.h"
#include "dump/touched.h"
#include "dump_builder.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char *new_path(const char *ending)
{
	struct built_dump nothing = { 0 };
	char *path = built_write(&nothing), *named = xasprintf("%s%s", path, ending);

	unlink(path);
	free(path);
	return named;
}

static struct kdump_contents contents_of(u64 max_pfn, u64 max_pages,
					 enum page_compression compression)
{
	return (struct kdump_contents){
		.compression = compression,
		.max_pfn = max_pfn,
		.max_pages = max_pages,
		.phys_base = 0x1234000,
		.dump_level = 31,
		.nr_cpus = 3,
		.utsname = { "Linux", "node", "9.9.9-test" },
		.vmcoreinfo = "OSRELEASE=9.9.9-test\n",
		.vmcoreinfo_bytes = 21,
	};
}

static struct dump *open_path(const char *path)
{
	struct strbuf why = { 0 };
	struct dump *dump = dump_open(&path, 1, &why);

	if (!dump)
		fail_msg("%s", strbuf_text(&why));
	strbuf_free(&why);
	return dump;
}

static void check_frame(struct dump *dump, u64 pfn)
{
	u8 page[PAGE_BYTES], expected[PAGE_BYTES];

	build_page(pfn, expected);
	assert_true(dump_try_read(dump, pfn << PAGE_SHIFT, page, sizeof(page), NULL));
	assert_memory_equal(page, expected, sizeof(page));
}

/* Writes the frames of PFNS, the next one after each marked as excluded, and reads them back. */
static void write_and_read(const u64 *pfns, size_t count, u64 max_pfn,
			   enum page_compression compression)
{
	struct kdump_contents contents = contents_of(max_pfn, count, compression);
	struct strbuf why = { 0 };
	char *path = new_path(".kdump");
	struct kdump_writer *writer = kdump_writer_create(path, &contents, &why);
	struct dump *dump;
	struct stat status;
	u64 bytes, found = 0;

	assert_non_null(writer);
	for (size_t i = 0; i < count; i++) {
		u8 page[PAGE_BYTES];

		build_page(pfns[i], page);
		assert_true(kdump_writer_page(writer, pfns[i], page));
		assert_true(kdump_writer_excluded(writer, pfns[i] + 1));
		assert_false(kdump_writer_page(writer, pfns[i], page));
	}
	assert_true(kdump_writer_finish(writer, &bytes, &why));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_size, bytes);
	dump = open_path(path);
	assert_false(dump->incomplete);
	assert_string_equal(strbuf_text(&dump->remarks), "");
	assert_int_equal(dump->max_pfn, max_pfn);
	assert_string_equal(dump->utsname_release, "9.9.9-test");
	assert_int_equal(dump->header_phys_base, 0x1234000);
	assert_int_equal(dump->vmcoreinfo_bytes, 21);
	for (size_t i = 0; i < count; i++) {
		struct fault fault = { 0 };
		u8 byte;

		check_frame(dump, pfns[i]);
		assert_false(dump_try_read(dump, (pfns[i] + 1) << PAGE_SHIFT, &byte, 1, &fault));
		assert_int_equal(fault.reason, FAULT_EXCLUDED);
		assert_true(touched_next(dump->touched, pfns[i], &found));
		assert_int_equal(found, pfns[i]);
	}
	dump_close(dump);
	unlink(path);
	free(path);
}

static void every_compression(void **state UNUSED)
{
	static const enum page_compression methods[] = { COMPRESSION_NONE, COMPRESSION_ZLIB,
							 COMPRESSION_LZO, COMPRESSION_SNAPPY,
							 COMPRESSION_ZSTD };
	u64 pfns[300];

	for (size_t i = 0; i < ARRAY_SIZE(pfns); i++)
		pfns[i] = 10 + i * 2 + (i > 100) * 40000;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		write_and_read(pfns, ARRAY_SIZE(pfns), 60000, methods[i]);
}

static void four_terabytes(void **state UNUSED)
{
	u64 pfns[2000];

	for (size_t i = 0; i < ARRAY_SIZE(pfns); i++)
		pfns[i] = i * 536870 + 1;
	write_and_read(pfns, ARRAY_SIZE(pfns), 1ULL << 30, COMPRESSION_ZSTD);
}

static void refusals(void **state UNUSED)
{
	struct kdump_contents contents = contents_of(100, 1, COMPRESSION_ZLIB);
	struct strbuf why = { 0 };
	char *path = new_path("");
	struct kdump_writer *writer = kdump_writer_create(path, &contents, &why);
	u8 page[PAGE_BYTES] = { 1 };

	assert_non_null(writer);
	assert_null(kdump_writer_create(path, &contents, &why));
	assert_string_equal(strbuf_text(&why), "File exists");
	assert_false(kdump_writer_page(writer, 100, page));
	assert_true(kdump_writer_page(writer, 5, page));
	assert_false(kdump_writer_page(writer, 6, page)); /* more than max_pages */
	assert_false(kdump_writer_excluded(writer, 5));
	assert_true(kdump_writer_finish(writer, NULL, &why));
	unlink(path);
	free(path);
	strbuf_reset(&why);
	assert_null(kdump_writer_create("/nonexistent/file", &contents, &why));
	assert_string_equal(strbuf_text(&why), "No such file or directory");
	strbuf_free(&why);
}

/* A driver's dump of its device is listed, and copied with the other notes. */
static void device_dump(void **state UNUSED)
{
	struct kdump_contents contents = contents_of(100, 0, COMPRESSION_ZLIB);
	struct strbuf why = { 0 }, text = { 0 }, copy = { 0 };
	u8 notes[12 + 8 + 44 + 16 + 12 + 8 + 4] = { 0 };
	char *path = new_path("");
	struct kdump_writer *writer;
	struct dump *dump;

	memcpy(notes, (u32[]){ 6, 44 + 16, 0x700 }, 12);
	memcpy(notes + 12, "LINUX", 6);
	memcpy(notes + 20, "net0_firmware", 13);
	/* And one that is too short for a name. */
	memcpy(notes + 80, (u32[]){ 6, 4, 0x700 }, 12);
	memcpy(notes + 92, "LINUX", 6);
	contents.notes = notes;
	contents.notes_bytes = sizeof(notes);
	writer = kdump_writer_create(path, &contents, &why);
	assert_non_null(writer);
	assert_true(kdump_writer_finish(writer, NULL, &why));
	dump = open_path(path);
	assert_int_equal(dump->nr_device_dumps, 1);
	assert_string_equal(dump->device_dumps[0].name, "net0_firmware");
	assert_int_equal(dump->device_dumps[0].bytes, 16);
	assert_non_null(strstr(strbuf_text(&dump->remarks), "too short for its name"));
	dump->ops->describe(dump, &text);
	assert_non_null(strstr(strbuf_text(&text), "device dump \"net0_firmware\": 16 bytes"));
	dump_copy_notes(dump, &copy);
	assert_int_equal(copy.length, sizeof(notes));
	assert_memory_equal(copy.text, notes, sizeof(notes));
	strbuf_free(&text);
	strbuf_free(&copy);
	dump_close(dump);
	unlink(path);
	free(path);
}

/* --- VMware --- */

enum { STATE_BYTES = 512, NR_FRAMES = 24 };

static size_t put_tag(u8 *at, const char *name, s32 index, u32 value)
{
	size_t length = strlen(name), used = 2 + length;

	at[0] = 4 | (index >= 0) << 6;
	at[1] = length;
	memcpy(at + 2, name, length);
	if (index >= 0) {
		memcpy(at + used, &index, 4);
		used += 4;
	}
	memcpy(at + used, &value, 4);
	return used + 4;
}

/* Frames 0-15 and 32-39; the second region comes first in the image. */
static void build_state(u8 *state)
{
	size_t at = 12 + 80;

	memset(state, 0, STATE_BYTES);
	memcpy(state, (u32[]){ 0xbed2bed2, 8, 1 }, 12);
	memcpy(state + 12, "memory", 6);
	memcpy(state + 12 + 64, &(u64){ at }, 8);
	at += put_tag(state + at, "regionsCount", -1, 2);
	at += put_tag(state + at, "regionPageNum", 0, 8);
	at += put_tag(state + at, "regionPPN", 0, 0);
	at += put_tag(state + at, "regionSize", 0, 16);
	at += put_tag(state + at, "regionPageNum", 1, 0);
	at += put_tag(state + at, "regionPPN", 1, 32);
	at += put_tag(state + at, "regionSize", 1, 8);
}

static void write_file(const char *path, const void *data, size_t bytes)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, bytes, file), bytes);
	assert_int_equal(fclose(file), 0);
}

static void write_image(const char *path)
{
	u8 *image = xmalloc(NR_FRAMES * PAGE_BYTES);

	for (u64 i = 0; i < NR_FRAMES; i++)
		build_page(i < 8 ? 32 + i : i - 8, image + i * PAGE_BYTES);
	write_file(path, image, NR_FRAMES * PAGE_BYTES);
	free(image);
}

static void vmware_regions(void **state UNUSED)
{
	char *base = new_path(""), *path = xasprintf("%s.vmss", base),
	     *image = xasprintf("%s.vmem", base);
	u8 bytes[STATE_BYTES];
	struct dump *dump;
	struct fault fault = { 0 };
	u64 pfn;

	build_state(bytes);
	write_file(path, bytes, sizeof(bytes));
	write_image(image);
	dump = open_path(path);
	assert_int_equal(dump->max_pfn, 40);
	for (pfn = 0; pfn < 40; pfn = pfn == 15 ? 32 : pfn + 1)
		check_frame(dump, pfn);
	assert_false(dump_try_read(dump, 16 * PAGE_BYTES, bytes, 1, &fault));
	assert_int_equal(fault.reason, FAULT_NOT_IN_DUMP);
	assert_true(dump_next_present(dump, 16, &pfn));
	assert_int_equal(pfn, 32);
	dump_close(dump);
	/* The image lost its end, which is the middle of region 0. */
	assert_int_equal(truncate(image, 12 * PAGE_BYTES), 0);
	dump = open_path(path);
	assert_true(dump->incomplete);
	check_frame(dump, 3);
	check_frame(dump, 33);
	assert_false(dump_try_read(dump, 5 * PAGE_BYTES, bytes, 1, &fault));
	dump_close(dump);
	unlink(path);
	unlink(image);
	free(path);
	free(image);
	free(base);
}

static void survive(const char *path, const void *data, size_t bytes)
{
	struct strbuf why = { 0 }, text = { 0 };
	struct dump *dump;

	write_file(path, data, bytes);
	dump = dump_open(&path, 1, &why);
	if (!dump) {
		assert_true(strlen(strbuf_text(&why)) > 5);
	} else {
		u8 page[PAGE_BYTES];
		u64 pfn = 0;

		for (unsigned i = 0; i < 100 && dump_next_present(dump, pfn, &pfn); i++, pfn++)
			dump_try_read(dump, pfn << PAGE_SHIFT, page, sizeof(page), NULL);
		dump->ops->describe(dump, &text);
		dump_close(dump);
	}
	strbuf_free(&why);
	strbuf_free(&text);
}

static void vmware_damaged(void **state UNUSED)
{
	static const u64 wrong[] = {
		0, 1, ~0ULL, 1ULL << 31, STATE_BYTES - 1, STATE_BYTES, STATE_BYTES + 1
	};
	char *base = new_path(""), *path = xasprintf("%s.vmss", base),
	     *image = xasprintf("%s.vmem", base);
	u8 bytes[STATE_BYTES];

	write_image(image);
	build_state(bytes);
	for (size_t length = 1; length < STATE_BYTES; length += 3)
		survive(path, bytes, length);
	for (size_t at = 4; at < 300; at++) {
		for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
			build_state(bytes);
			memcpy(bytes + at, &wrong[i], 4 + at % 2 * 4);
			survive(path, bytes, sizeof(bytes));
		}
	}
	unlink(path);
	unlink(image);
	free(path);
	free(image);
	free(base);
}

/* --- raw memory --- */

static void raw_memory(void **state UNUSED)
{
	static const char *const bad[] = { "", "@fffffffffffff000", "@zz", "@0,", "@0" };
	char *path = new_path(""), *argument;
	struct strbuf why = { 0 };
	struct dump *dump;
	u8 page[PAGE_BYTES];

	build_page(5, page);
	write_file(path, page, sizeof(page));
	argument = xasprintf("%s@5000", path);
	dump = open_path(argument);
	check_frame(dump, 5);
	assert_int_equal(dump->max_pfn, 6);
	dump_close(dump);
	free(argument);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (i == 0)
			argument = xasprintf("%s@0,%s@800", path, path);
		else
			argument = xasprintf("%s%s", i == 4 ? "" : path, bad[i]);
		assert_null(dump_open((const char *const *)&argument, 1, &why));
		assert_true(strlen(strbuf_text(&why)) > 5);
		strbuf_reset(&why);
		free(argument);
	}
	strbuf_free(&why);
	unlink(path);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_compression), cmocka_unit_test(four_terabytes),
		cmocka_unit_test(refusals),	     cmocka_unit_test(device_dump),
		cmocka_unit_test(vmware_regions),    cmocka_unit_test(vmware_damaged),
		cmocka_unit_test(raw_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
