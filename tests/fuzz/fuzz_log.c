/* fuzz_log.c - tests: the kernel's log buffer in damaged memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "base/fail.h"
#include "fake.h"
#include "fake_log.h"
#include "kernel/printk.h"

enum { USED_BYTES = 0x41000, MOST_RECORDS = 4096 };

void fuzz_setup(void)
{
	fuzz_input_is_pieces = true;
	fake_dump();
	fake_log_types();
	fake_types_done();
}

static void read_log(UNUSED void *arg)
{
	struct printk_record record;
	struct printk_iter it;
	size_t count = 0;

	printk_begin(&it);
	while (count++ < MOST_RECORDS && printk_next(&it, &record)) {
		fuzz_touch(record.text, record.text_bytes + 1);
		fuzz_touch(record.dictionary, record.dictionary_bytes);
	}
}

void fuzz_one(const u8 *data, size_t size)
{
	struct failure failure;

	fuzz_fill_memory(data, size);
	if (!protect(read_log, NULL, &failure))
		FUZZ_EXPECT(failure.text[0]);
}

static void seed(const char *name, unsigned nr_lines, bool exact_end)
{
	struct strbuf input = { 0 };

	fake_dump();
	fake_log_start(3, 9, exact_end);
	for (unsigned i = 0; i < nr_lines; i++)
		fake_log_add("Linux version 6.12.0-test", 8 + 3 * i % 17, i % 8);
	fuzz_add_pieces(&input, 0, fake_phys(0), USED_BYTES, 1024);
	fuzz_seed(name, input.text, input.length);
	strbuf_free(&input);
}

void fuzz_write_seeds(void)
{
	seed("short", 3, false);
	seed("wrapped", 20, false);
	seed("wrapped-exact", 20, true);
}
