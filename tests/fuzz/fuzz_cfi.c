/* fuzz_cfi.c - tests: sections of DWARF call frame information. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "names/cfi.h"

enum { MOST_FUNCTIONS = 64, MOST_ROWS = 16 };

void fuzz_setup(void)
{
}

void fuzz_one(const u8 *data, size_t size)
{
	u64 start, end;

	cfi_set_section(data, size);
	for (size_t i = 0; i < MOST_FUNCTIONS && cfi_function(i, &start, &end); i++) {
		FUZZ_EXPECT(start < end);
		for (u64 row = 0; row < MOST_ROWS; row++) {
			struct cfi_row found;

			if (cfi_lookup(start + (end - start) / MOST_ROWS * row, &found))
				fuzz_touch(&found, sizeof(found));
		}
	}
	cfi_set_section(NULL, 0);
}

void fuzz_write_seeds(void)
{
	static const u8 small[] = {
		16,   0,    0,	  0,	0xff, 0xff, 0xff, 0xff, 1,    0, 1,    0x78, 16, 0x0c, 7,
		8,    0x90, 1,	  0,	0,    36,   0,	  0,	0,    0, 0,    0,    0,	 0,    0,
		0,    0x81, 0xff, 0xff, 0xff, 0xff, 0,	  1,	0,    0, 0,    0,    0,	 0,    0x41,
		0x0e, 16,   0x86, 2,	0x0a, 0x42, 0x0e, 24,	0x83, 3, 0x41, 0x0b, 0,	 0,    0,
	};

	fuzz_seed("small", small, sizeof(small));
}
