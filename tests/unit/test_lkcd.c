/* test_lkcd.c - tests: LKCD dumps give their bytes back; damaged ones give messages. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dump/dumpfile.h"
#include "dump/elfnote.h"
#include "lkcd_builder.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { FRAMES = 100, END = 4, TRUNCATED = 8 };

static struct dump *open_built(const struct built_dump *built, struct strbuf *why)
{
	static char name[256];
	char *path = built_write(built);
	const char *const paths[] = { name };
	struct dump *dump;

	snprintf(name, sizeof(name), "%s", path);
	dump = dump_open(paths, 1, why);
	/* Mapped: the file is not needed any more. */
	unlink(path);
	free(path);
	return dump;
}

static void check_pages(struct dump *dump)
{
	u64 next;

	for (u64 pfn = 0; pfn < FRAMES; pfn++) {
		u8 page[PAGE_BYTES], expected[PAGE_BYTES];
		struct fault fault = { 0 };

		if (!lkcd_has_page(pfn)) {
			assert_false(dump_try_read(dump, pfn << PAGE_SHIFT, page, 8, &fault));
			assert_int_equal(fault.reason, FAULT_NOT_IN_DUMP);
			continue;
		}
		build_page(pfn, expected);
		assert_true(dump_try_read(dump, pfn << PAGE_SHIFT, page, sizeof(page), &fault));
		assert_memory_equal(page, expected, sizeof(page));
		assert_true(dump_next_present(dump, pfn, &next));
		assert_int_equal(next, pfn);
	}
	assert_false(dump_next_present(dump, FRAMES, &next));
}

static void every_compression_and_order(void **state UNUSED)
{
	for (unsigned i = 0; i < 3 * 3 * 2 * 2; i++) {
		const struct lkcd_description description = { .version = 8 + i / 3 % 3,
							      .compression = i % 3,
							      .nr_pfns = FRAMES,
							      .nr_cpus = 2,
							      .shuffled = i / 9 % 2,
							      .rewritten = i / 18 % 2,
							      .end_flags = END };
		struct built_dump built;
		struct strbuf text = { 0 };
		struct dump *dump;

		build_lkcd(&description, &built);
		dump = open_built(&built, &text);
		if (!dump)
			fail_msg("%s", strbuf_text(&text));
		assert_false(dump->incomplete);
		assert_int_equal(strstr(strbuf_text(&dump->remarks),
					"1 pages are stored more than once") != NULL,
				 description.rewritten);
		assert_int_equal(dump->max_pfn, FRAMES - 1);
		assert_int_equal(dump->nr_cpu_notes, 2);
		assert_int_equal(dump->cpu_notes[1].regs.ip, 0xffffffff81000001ULL);
		assert_string_equal(dump->utsname_release, "9.9.9-test");
		check_pages(dump);
		dump->ops->describe(dump, &text);
		assert_non_null(
			strstr(strbuf_text(&text), "dh_panic_string: lab: panic message\n"));
		dump_close(dump);
		strbuf_free(&text);
		built_free(&built);
	}
}

static void larger_buffer(void **state UNUSED)
{
	const struct lkcd_description description = {
		.version = 9, .nr_pfns = FRAMES, .buffer_bytes = 256 << 10, .end_flags = END
	};
	struct built_dump built;
	struct strbuf why = { 0 };
	struct dump *dump;

	build_lkcd(&description, &built);
	dump = open_built(&built, &why);
	assert_non_null(dump);
	check_pages(dump);
	dump_close(dump);
	built_free(&built);
}

static void marked_as_truncated(void **state UNUSED)
{
	const struct lkcd_description description = { .version = 8,
						      .nr_pfns = FRAMES,
						      .end_flags = END | TRUNCATED };
	struct built_dump built;
	struct strbuf why = { 0 };
	struct dump *dump;

	build_lkcd(&description, &built);
	dump = open_built(&built, &why);
	assert_non_null(dump);
	assert_true(dump->incomplete);
	assert_non_null(strstr(strbuf_text(&dump->remarks), "marked as truncated by its writer"));
	check_pages(dump);
	dump_close(dump);
	built_free(&built);
}

/* How many of the pages are read as they were written; the others say why not. */
static unsigned good_pages(struct dump *dump)
{
	unsigned count = 0;

	for (u64 pfn = 0; pfn < FRAMES; pfn++) {
		u8 page[PAGE_BYTES], expected[PAGE_BYTES];
		struct fault fault = { 0 };

		if (!dump_try_read(dump, pfn << PAGE_SHIFT, page, sizeof(page), &fault)) {
			assert_true(fault.reason == FAULT_NOT_IN_DUMP ||
				    fault.reason == FAULT_DAMAGED);
			continue;
		}
		build_page(pfn, expected);
		assert_memory_equal(page, expected, sizeof(page));
		count++;
	}
	return count;
}

/*
 * A page header that makes no sense costs its page, and at most one beside it: what follows
 * is found again.
 */
static void page_headers_damaged(void **state UNUSED)
{
	static const u32 sizes[] = { 0, 4097, 5000, 8192, 8193, 100000, ~0U };

	for (unsigned i = 0; i < 3 * ARRAY_SIZE(sizes); i++) {
		const struct lkcd_description description = {
			.version = 8, .compression = i % 3, .nr_pfns = FRAMES, .end_flags = END
		};
		struct built_dump built;
		struct strbuf why = { 0 };
		struct dump *dump;
		unsigned seen = 0, good;

		build_lkcd(&description, &built);
		for (size_t f = 0; f < built.fields.count; f++) {
			const struct built_field *field = &built.fields.items[f];

			/* The 10th page's, and the 40th's. */
			if (streq(field->name, "dp_size") && (++seen == 10 || seen == 40))
				memcpy(built.data + field->offset, &sizes[i / 3], 4);
		}
		dump = open_built(&built, &why);
		assert_non_null(dump);
		assert_true(dump->incomplete);
		assert_non_null(
			strstr(strbuf_text(&dump->remarks), "2 page headers make no sense"));
		good = good_pages(dump);
		assert_in_range(good, FRAMES * 4 / 5 - 4, FRAMES * 4 / 5 - 2);
		dump_close(dump);
		built_free(&built);
	}
}

/* Whatever was cut off or changed: a message, or a dump whose pages can be asked for. */
static void try_damaged(const struct built_dump *built, bool expect_remark)
{
	struct strbuf text = { 0 };
	struct dump *dump = open_built(built, &text);
	u8 page[PAGE_BYTES];

	if (!dump) {
		assert_true(text.length > 0);
		strbuf_free(&text);
		return;
	}
	if (expect_remark)
		assert_true(dump->incomplete && dump->remarks.length > 0);
	for (u64 pfn = 0; pfn < FRAMES; pfn++) {
		struct fault fault = { 0 };

		assert_true(dump_try_read(dump, pfn << PAGE_SHIFT, page, sizeof(page), &fault) ||
			    fault.reason != FAULT_NONE);
	}
	dump->ops->describe(dump, &text);
	dump_close(dump);
	strbuf_free(&text);
}

static void cut_at_every_boundary(void **state UNUSED)
{
	const struct lkcd_description description = {
		.version = 8, .compression = 2, .nr_pfns = FRAMES, .end_flags = END
	};
	struct built_dump built;
	u64 size;

	build_lkcd(&description, &built);
	size = built.size;
	for (size_t i = 0; i < built.boundaries.count; i++) {
		for (int more = -1; more <= 1; more++) {
			built.size = min_u64(max_u64(1, built.boundaries.items[i] + (u64)(s64)more),
					     size - 1);
			try_damaged(&built, built.size >= 65536);
		}
	}
	built_free(&built);
}

static void every_field_wrong(void **state UNUSED)
{
	for (u32 compression = 0; compression < 3; compression++) {
		const struct lkcd_description description = { .version = 9,
							      .compression = compression,
							      .nr_pfns = FRAMES,
							      .nr_cpus = 2,
							      .end_flags = END };
		struct built_dump built;

		build_lkcd(&description, &built);
		for (size_t i = 0; i < built.fields.count; i++) {
			const struct built_field *field = &built.fields.items[i];
			const u64 values[] = { 0,	   1,
					       ~0ULL,	   built.size - 1,
					       built.size, built.size + 1 };
			u64 before;

			memcpy(&before, built.data + field->offset, field->width);
			for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
				memcpy(built.data + field->offset, &values[v], field->width);
				try_damaged(&built, false);
			}
			memcpy(built.data + field->offset, &before, field->width);
		}
		built_free(&built);
	}
}

/* Runs that give more or less than a page are damage, and say so. */
static void wrong_lengths(void **state UNUSED)
{
	const struct lkcd_description description = {
		.version = 8, .compression = 1, .nr_pfns = 1, .end_flags = END
	};
	static const u8 runs[][3] = { { 0, 255, 7 }, { 0, 1, 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		struct built_dump built;
		struct strbuf why = { 0 };
		struct fault fault = { 0 };
		struct dump *dump;
		u8 page[PAGE_BYTES];
		u32 bytes = 3 * 20, flags = 2;

		build_lkcd(&description, &built);
		/* The page becomes 20 runs: 5,120 bytes, or 40. */
		assert_true(built.size >= 65536 + 16 + bytes);
		memcpy(built.data + 65536 + 8, &bytes, 4);
		memcpy(built.data + 65536 + 12, &flags, 4);
		for (unsigned run = 0; run < 20; run++)
			memcpy(built.data + 65536 + 16 + run * 3, runs[i], 3);
		dump = open_built(&built, &why);
		assert_non_null(dump);
		assert_false(dump_try_read(dump, 0, page, sizeof(page), &fault));
		assert_int_equal(fault.reason, FAULT_DAMAGED);
		dump_close(dump);
		built_free(&built);
	}
}

static void other_headers(void **state UNUSED)
{
	const struct lkcd_description description = { .version = 7,
						      .nr_pfns = 3,
						      .end_flags = END };
	struct built_dump built;
	struct strbuf why = { 0 };

	build_lkcd(&description, &built);
	assert_null(open_built(&built, &why));
	assert_non_null(strstr(strbuf_text(&why), "header version 7"));
	strbuf_reset(&why);
	for (unsigned i = 0; i < 4; i++) {
		u8 swap = built.data[i];

		built.data[i] = built.data[7 - i];
		built.data[7 - i] = swap;
	}
	assert_null(open_built(&built, &why));
	assert_non_null(strstr(strbuf_text(&why), "big-endian"));
	strbuf_free(&why);
	built_free(&built);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_compression_and_order),
		cmocka_unit_test(larger_buffer),
		cmocka_unit_test(marked_as_truncated),
		cmocka_unit_test(page_headers_damaged),
		cmocka_unit_test(cut_at_every_boundary),
		cmocka_unit_test(every_field_wrong),
		cmocka_unit_test(wrong_lengths),
		cmocka_unit_test(other_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
