/* test_swapread.c - L5 pages that were swapped out, in fake memory: cache, zswap, zram, zsmalloc, damage. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake_swap.h"
#include "kernel/mm/swapread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

static u8 page[PAGE_BYTES];
static struct swap_place place;

static bool read_slot(unsigned slot)
{
	memset(page, 0xee, sizeof(page));
	return swap_read_page(0, slot, page, &place);
}

/* The words are the same when only the place is asked for. */
static void expect_text(unsigned type, u64 offset, const char *text)
{
	char told[sizeof(place.text)];

	memcpy(told, place.text, sizeof(told));
	assert_string_equal(told, text);
	swap_read_page(type, offset, NULL, &place);
	assert_string_equal(place.text, text);
}

static void expect_content(unsigned slot, const char *text)
{
	u8 content[PAGE_BYTES];

	fake_swap_content(slot, content);
	if (!read_slot(slot))
		fail_msg("slot %u: %s", slot, place.why);
	assert_memory_equal(page, content, PAGE_BYTES);
	assert_non_null(strstr(place.text, text));
	expect_text(0, slot, place.text);
}

static void expect_word(unsigned slot, u64 word, const char *text)
{
	assert_true(read_slot(slot));
	for (size_t at = 0; at < PAGE_BYTES; at += 8)
		assert_int_equal(load_u64(page + at), word);
	expect_text(0, slot, text);
}

static void expect_why(unsigned slot, const char *words)
{
	if (read_slot(slot))
		fail_msg("slot %u was read", slot);
	if (!strstr(place.why, words))
		fail_msg("\"%s\" is not in \"%s\"", words, place.why);
}

static void test_zram(void **state UNUSED)
{
	fake_swap_build();
	expect_word(SLOT_SAME, FAKE_WORD, "zram, one word all over");
	expect_content(SLOT_SMALL, " bytes of lz4");
	expect_content(SLOT_STRADDLES, " bytes of lz4");
	expect_content(SLOT_HUGE, "zram, not compressed");
	assert_false(read_slot(SLOT_WRITTEN_BACK));
	assert_int_equal(place.kind, SWAP_PLACE_DISK);
	expect_text(0, SLOT_WRITTEN_BACK, "zram, written back to its disk: not in the dump");
	expect_why(SLOT_EMPTY, "is empty");
	expect_why(64, "the area has no slot 64");
	fake_u64(fake_kva(ZRAM + 208), 3 * PAGE_BYTES);
	expect_why(SLOT_STRADDLES, "the device has no slot 3");
	fake_u64(fake_kva(ZRAM + 24), fake_kva(BDEV));
	expect_why(SLOT_SMALL, "does not belong to zram0");
}

static void test_other_places(void **state UNUSED)
{
	fake_swap_build();
	expect_content(SLOT_CACHED, "swap cache, frame 15000");
	assert_int_equal(place.kind, SWAP_PLACE_FRAME);
	assert_int_equal(place.physical, CACHED_PAGE);
	/* The struct page is of another slot by now: not it. */
	fake_u64(fake_page(CACHED_PAGE >> PAGE_SHIFT) + 40, SLOT_CACHED + 1);
	expect_why(SLOT_CACHED, "is empty");
	assert_false(swap_read_page(1, 3, page, &place));
	expect_text(1, 3, "on a disk, slot 3: not in the dump");
	fake_page_fault(AREAS, FAULT_EXCLUDED);
	expect_why(SLOT_SMALL, "excluded");
}

static void test_marks(void **state UNUSED)
{
	fake_swap_build();
	fake_bytes(fake_kva(MOVING_PAGE), "moving", 7);
	/* Young and dirty stand above the frame's number. */
	assert_true(swap_read_page(30, MOVING_PAGE >> PAGE_SHIFT | 3ULL << 34, page, &place));
	assert_string_equal((char *)page, "moving");
	assert_int_equal(place.kind, SWAP_PLACE_MOVING);
	expect_text(30, MOVING_PAGE >> PAGE_SHIFT, "being moved, frame 1a000");
	assert_false(swap_read_page(27, BROKEN_PAGE >> PAGE_SHIFT, page, &place));
	assert_int_equal(place.kind, SWAP_PLACE_MARK);
	expect_text(27, BROKEN_PAGE >> PAGE_SHIFT, "broken memory (hwpoison), frame 19000");
	assert_false(swap_read_page(31, 4, page, &place));
	expect_text(31, 4, "no page but a marker: a guard page");
	assert_false(swap_read_page(31, 5, page, &place));
	expect_text(31, 5, "no page but a marker: a guard page, userfaultfd watches writes");
	assert_false(swap_read_page(29, SMALL_PAGE >> PAGE_SHIFT, page, &place));
	expect_text(29, SMALL_PAGE >> PAGE_SHIFT,
		    "no swap area has number 29: a mark of the kernel's");
	assert_false(swap_read_page(29, FAKE_PAGES + 100, page, &place));
	assert_int_equal(place.kind, SWAP_PLACE_MARK);
}

/* What a kernel's handles hold depends on what it was built for: each is understood. */
static void test_encodings(void **state UNUSED)
{
	const u64 pfn = STRADDLED_PAGES >> PAGE_SHIFT, index = STRADDLING_INDEX;
	const u64 words[] = { pfn << 24 | index, pfn << 24 | 1 << 15 | index,
			      pfn << 24 | index << 1 | 1, pfn << 30 | index << 1 | 1 };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		fake_swap_build();
		fake_swap_set_handle(SLOT_STRADDLES, words[i]);
		expect_content(SLOT_STRADDLES, "zram");
	}
}

static void test_damaged_zsmalloc(void **state UNUSED)
{
	const u64 straddled = fake_page(STRADDLED_PAGES >> PAGE_SHIFT);

	fake_swap_build();
	fake_u64(fake_swap_zspage(0), 0); /* no magic */
	expect_why(SLOT_SMALL, "leads to no object");
	fake_swap_build();
	fake_u64(fake_kva(CLASSES + 76), SMALL_INDEX | 1ULL << 32);
	expect_why(SLOT_SMALL, "leads to no object"); /* the index is too large */
	fake_swap_build();
	fake_u64(fake_kva(SMALL_PAGE + SMALL_INDEX * 512), fake_kva(HANDLES));
	expect_why(SLOT_SMALL, "leads to no object"); /* it is another's */
	fake_swap_build();
	fake_swap_set_handle(SLOT_SMALL, ~0ULL);
	expect_why(SLOT_SMALL, "leads to no object");
	fake_swap_build();
	fake_u64(fake_kva(POOL + 8), 0x1234);
	expect_why(SLOT_SMALL, "leads to no object"); /* no class */
	fake_swap_build();
	fake_page_fault(HANDLES, FAULT_EXCLUDED);
	expect_why(SLOT_SMALL, "excluded");
	fake_swap_build();
	fake_u64(straddled + 32, 0x1234);
	expect_why(SLOT_STRADDLES, "goes on in a page that is none");
	fake_swap_build();
	fake_u64(straddled + 32, straddled); /* the chain is a ring */
	expect_why(SLOT_STRADDLES, "is damaged");
	fake_swap_build();
	fake_page_fault(STRADDLED_PAGES + PAGE_BYTES, FAULT_NOT_IN_DUMP);
	expect_why(SLOT_STRADDLES, "not in the dump");
	fake_swap_build();
	fake_u64(fake_page(HUGE_PAGE >> PAGE_SHIFT) + 32, 0);
	expect_why(SLOT_HUGE, "leads to no object");
}

static void test_damaged_zram(void **state UNUSED)
{
	u8 garbage[32];

	memset(garbage, 0xff, sizeof(garbage));
	fake_swap_build();
	fake_bytes(fake_kva(SMALL_PAGE + SMALL_INDEX * 512 + 8), garbage, sizeof(garbage));
	expect_why(SLOT_SMALL, "the packed page is damaged");
	fake_swap_build();
	fake_u64(fake_kva(ZRAM), 0x1234);
	expect_why(SLOT_SMALL, "the device has no slot");
	fake_swap_build();
	fake_page_fault(ZRAM_TABLE, FAULT_DAMAGED);
	expect_why(SLOT_SMALL, "damaged");
	fake_swap_build();
	fake_swap_set_length(SLOT_SMALL, 505);
	expect_why(SLOT_SMALL, "505 bytes in an object of 512");
	fake_swap_set_length(SLOT_SMALL, PAGE_BYTES + 1);
	expect_why(SLOT_SMALL, "4097 bytes for a page");
}

static void test_zswap_new(void **state UNUSED)
{
	fake_swap_build();
	expect_content(SLOT_ZSWAP, " bytes of lz4");
	assert_int_equal(place.kind, SWAP_PLACE_ZSWAP);
	expect_content(SLOT_ZSWAP_RAW, "zswap, not compressed");
	expect_word(SLOT_ZERO, 0, "zeros, which were not written");
	/* zram's dictionary is not what zswap packs with; what was not packed needs none. */
	fake_u64(fake_kva(ZRAM + 256 + 8), 512);
	expect_why(SLOT_SMALL, "packed with a dictionary of 512 bytes");
	expect_content(SLOT_HUGE, "zram, not compressed");
	expect_content(SLOT_ZSWAP, " bytes of lz4");
	/* An entry of another slot is not it: the device has nothing there. */
	fake_u64(fake_kva(ZSWAP_ENTRIES + SLOT_ZSWAP * 128), 3);
	expect_why(SLOT_ZSWAP, "is empty");
	fake_swap_build();
	fake_u64(fake_kva(ZSWAP_ENTRIES + SLOT_ZSWAP * 128 + 8), PAGE_BYTES + 1);
	expect_why(SLOT_ZSWAP, "zswap: 4097 bytes for a page");
	fake_swap_build();
	fake_u64(fake_kva(ZSWAP_ENTRIES + SLOT_ZSWAP * 128 + 8), 0);
	expect_why(SLOT_ZSWAP, "zswap: 0 bytes for a page");
	fake_swap_build();
	fake_u64(fake_kva(NR_ZSWAP_TREES), 0);
	expect_why(SLOT_ZSWAP, "is empty");
	/* The tree's node leads to itself. */
	fake_swap_build();
	fake_u64(fake_kva(TREE_NODE + 40 + SLOT_ZSWAP * 8), fake_kva(TREE_NODE) | 2);
	assert_false(read_slot(SLOT_ZSWAP));
	fake_swap_build();
	fake_u64(fake_kva(TREE + 8), 0xdead000000000002ULL);
	expect_why(SLOT_ZSWAP, "cannot read zswap's tree");
	fake_swap_build();
	fake_bytes(fake_kva(ZSWAP_POOL + 96), "nosuch", 7);
	expect_why(SLOT_ZSWAP, "does not unpack");
}

static void test_zswap_old(void **state UNUSED)
{
	u64 root = ZSWAP_ENTRIES + SLOT_ZSWAP_RAW * 128;

	fake_swap_build();
	expect_content(SLOT_ZSWAP, " bytes of lz4");
	expect_word(SLOT_ZSWAP_RAW, FAKE_WORD, "zswap, one word all over");
	expect_content(SLOT_ZSWAP_Z3FOLD, " bytes of lz4");
	/* Trees with loops, garbage, nothing. */
	fake_u64(fake_kva(root + 16), fake_kva(root));
	expect_why(SLOT_ZSWAP, "has a loop");
	fake_u64(fake_kva(root + 16), 0xdead000000000100ULL);
	assert_false(read_slot(SLOT_ZSWAP));
	fake_u64(fake_kva(TREE), 0);
	expect_why(SLOT_ZSWAP, "is empty");
	/* zbud: the entry before the bytes, the place in the page, the allocator's name. */
	fake_swap_build();
	fake_u64(fake_kva(BUDDY_PAGE + 0x400), 3);
	expect_why(SLOT_ZSWAP, "is of another slot, 3");
	fake_u64(fake_kva(ZSWAP_ENTRIES + SLOT_ZSWAP * 128 + 48), fake_kva(BUDDY_PAGE + 0xff8));
	expect_why(SLOT_ZSWAP, "do not lie in one page");
	fake_bytes(fake_kva(ZPOOLS + 0x60), "other", 6);
	expect_why(SLOT_ZSWAP, "is none that is known");
	/* z3fold: a page of another pool, an object that there is not. */
	fake_u64(fake_kva(Z3FOLD_SLOTS + 24), fake_kva(Z3FOLD_PAGE) | 1);
	expect_why(SLOT_ZSWAP_Z3FOLD, "has no object that");
	fake_u64(fake_kva(Z3FOLD_PAGE + 64), 0);
	expect_why(SLOT_ZSWAP_Z3FOLD, "belongs to another pool");
}

static int make_new(void **state UNUSED)
{
	fake_dump();
	fake_swap_types(FAKE_SWAP_NEW);
	fake_types_done();
	return 0;
}

static int make_old(void **state UNUSED)
{
	fake_dump();
	fake_swap_types(FAKE_SWAP_OLD);
	fake_types_done();
	return 0;
}

#define OF_BOTH                                                                                    \
	cmocka_unit_test(test_zram), cmocka_unit_test(test_other_places),                          \
		cmocka_unit_test(test_marks), cmocka_unit_test(test_encodings),                    \
		cmocka_unit_test(test_damaged_zsmalloc), cmocka_unit_test(test_damaged_zram)

/* A program knows the types of one kernel. */
int main(void)
{
	const struct CMUnitTest new_tests[] = { OF_BOTH, cmocka_unit_test(test_zswap_new) };
	const struct CMUnitTest old_tests[] = { OF_BOTH, cmocka_unit_test(test_zswap_old) };
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(cmocka_run_group_tests(old_tests, make_old, NULL));
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		return 1;
	return cmocka_run_group_tests(new_tests, make_new, NULL);
}
