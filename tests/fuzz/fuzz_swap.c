/* fuzz_swap.c - tests: swap cache, zswap, zram and zsmalloc in damaged memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "base/fail.h"
#include "fake_swap.h"
#include "kernel/mm/swapread.h"

/* Entries that are none of a swap area's. */
static const struct {
	unsigned type;
	u64 offset;
} marks[] = { { 31, 4 },
	      { 30, MOVING_PAGE >> PAGE_SHIFT },
	      { 27, BROKEN_PAGE >> PAGE_SHIFT },
	      { 30, ~0ULL >> 14 } };

static void read_slot(unsigned type, u64 offset)
{
	struct swap_place place, where;
	u8 page[PAGE_BYTES];

	if (swap_read_page(type, offset, page, &place))
		fuzz_touch(page, sizeof(page));
	fuzz_touch_text(place.text);
	fuzz_touch_text(place.why);
	/* Where it is does not depend on whether it can be unpacked. */
	swap_read_page(type, offset, NULL, &where);
	FUZZ_EXPECT(place.kind == where.kind && streq(place.text, where.text));
}

static void read_all(UNUSED void *arg)
{
	for (unsigned slot = 0; slot < NR_FAKE_SLOTS + 1; slot++)
		read_slot(0, slot);
	read_slot(1, 3);
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		read_slot(marks[i].type, marks[i].offset);
}

void fuzz_setup(void)
{
	fuzz_input_is_pieces = true;
	fake_dump();
	fake_swap_types(FAKE_SWAP_NEW);
	fake_types_done();
	fake_swap_build();
	/* Names of kernel members are looked up once. */
	protect(read_all, NULL, NULL);
}

void fuzz_one(const u8 *data, size_t size)
{
	fuzz_fill_memory(data, size);
	FUZZ_EXPECT(protect(read_all, NULL, NULL));
}

void fuzz_write_seeds(void)
{
	struct strbuf input = { 0 };
	u64 pages = fake_page(0) - fake_kva(0);

	fake_swap_build();
	/* Objects are whole but for pages that are not packed. */
	fuzz_add_pieces(&input, 0, fake_phys(0), pages + FAKE_PAGES * 64, 1200);
	fuzz_seed("whole", strbuf_text(&input), input.length);
	strbuf_free(&input);
}
