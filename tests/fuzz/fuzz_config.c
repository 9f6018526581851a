/* fuzz_config.c - tests: the configuration inside a kernel (IKCONFIG), out of its memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "base/fail.h"
#include "fake.h"
#include "kernel/kernelinfo.h"

#include <zlib.h>

enum { CONFIG_AT = 0x1000, MOST_BYTES = 0x8000 };

void fuzz_setup(void)
{
	fake_dump();
	fake_symbol("kernel_config_data", fake_kva(CONFIG_AT));
	fake_symbol("kernel_config_data_end", fake_kva(CONFIG_AT + MOST_BYTES));
	fake_types_done();
}

static void read_config(void *arg)
{
	kernel_config(arg);
}

void fuzz_one(const u8 *data, size_t size)
{
	struct strbuf text = { 0 };
	struct failure failure;

	fake_dump();
	memcpy(fake_phys(CONFIG_AT), data, min_u64(size, MOST_BYTES));
	if (protect(read_config, &text, &failure))
		fuzz_touch_text(strbuf_text(&text));
	else
		FUZZ_EXPECT(failure.text[0]);
	FUZZ_EXPECT(text.length < 17 << 20);
	strbuf_free(&text);
}

void fuzz_write_seeds(void)
{
	static const char text[] =
		"# Linux/x86 6.12.0 Kernel Configuration\nCONFIG_X86_64=y\nCONFIG_HZ=250\n"
		"# CONFIG_KASAN is not set\nCONFIG_LOCALVERSION=\"-test\"\n";
	u8 packed[1024];

	for (int level = 0; level <= 9; level += 9) {
		z_stream stream = { .next_in = (Bytef *)text,
				    .avail_in = sizeof(text) - 1,
				    .next_out = packed,
				    .avail_out = sizeof(packed) };

		deflateInit2(&stream, level, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
		deflate(&stream, Z_FINISH);
		deflateEnd(&stream);
		fuzz_seed(level ? "packed" : "stored", packed, stream.total_out);
	}
}
