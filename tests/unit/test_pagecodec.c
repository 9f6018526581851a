/* test_pagecodec.c - L1 pagecodec, lzorle: pages as the kernel packs them, whole, cut and damaged. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dump/lzorle.h"
#include "dump/pagecodec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <lz4.h>
#include <lz4hc.h>
#include <lzo/lzo1x.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

static u8 content[PAGE_BYTES];

/* Text that repeats near and far, then what repeats nothing, then one letter. */
static void fill_content(void)
{
	u32 value = 1;

	for (size_t i = 0; i < PAGE_BYTES; i++) {
		value = value * 1664525 + 1013904223;
		content[i] = i < 3000	? (u8) "the kernel packs a page "[i % 24 + i / 1000 % 2]
			     : i < 3600 ? (u8)(value >> 24)
					: 'z';
	}
}

static size_t pack_lzo(u8 *out)
{
	static u8 work[LZO1X_1_MEM_COMPRESS];
	lzo_uint bytes = 0;

	assert_int_equal(lzo1x_1_compress(content, PAGE_BYTES, out, &bytes, work), LZO_E_OK);
	return bytes;
}

static size_t pack_lzo_best(u8 *out)
{
	void *work = malloc(LZO1X_999_MEM_COMPRESS);
	lzo_uint bytes = 0;

	assert_non_null(work);
	assert_int_equal(lzo1x_999_compress(content, PAGE_BYTES, out, &bytes, work), LZO_E_OK);
	free(work);
	return bytes;
}

static size_t pack_lz4(u8 *out)
{
	return (size_t)LZ4_compress_default((char *)content, (char *)out, PAGE_BYTES, 8192);
}

static size_t pack_lz4hc(u8 *out)
{
	return (size_t)LZ4_compress_HC((char *)content, (char *)out, PAGE_BYTES, 8192, 9);
}

static size_t pack_zstd(u8 *out)
{
	return ZSTD_compress(out, 8192, content, PAGE_BYTES, 3);
}

static size_t pack_deflate(u8 *out)
{
	z_stream zlib = {
		.next_in = content, .avail_in = PAGE_BYTES, .next_out = out, .avail_out = 8192
	};

	/* The smallest windows and the least memory, as the kernel asks for. */
	deflateInit2(&zlib, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -11, 1, Z_DEFAULT_STRATEGY);
	assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
	deflateEnd(&zlib);
	return zlib.total_out;
}

static const struct {
	const char *name;
	size_t (*pack)(u8 *out);
} packers[] = {
	{ "lzo", pack_lzo },	 { "lzo-rle", pack_lzo_best }, { "lz4", pack_lz4 },
	{ "lz4hc", pack_lz4hc }, { "zstd", pack_zstd },	       { "deflate", pack_deflate },
};

static void whole_pages(UNUSED void **state)
{
	u8 packed[8192], page[PAGE_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		size_t bytes = packers[i].pack(packed);

		memset(page, 0xee, sizeof(page));
		assert_null(pagecodec_unpack(packers[i].name, packed, bytes, page));
		assert_memory_equal(page, content, PAGE_BYTES);
	}
}

/* What is cut short is refused, wherever; nothing behind its end is read (sanitizers see that). */
static void cut_pages(UNUSED void **state)
{
	u8 packed[8192], page[PAGE_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		size_t bytes = packers[i].pack(packed);

		for (size_t length = 0; length < bytes; length++) {
			u8 *cut = malloc(length ? length : 1);

			assert_non_null(cut);
			memcpy(cut, packed, length);
			assert_non_null(pagecodec_unpack(packers[i].name, cut, length, page));
			free(cut);
		}
	}
}

static void unknown_compressors(UNUSED void **state)
{
	u8 packed[8192] = { 0 }, page[PAGE_BYTES];

	assert_non_null(strstr(pagecodec_unpack("842", packed, 100, page), "does not unpack"));
	assert_non_null(pagecodec_unpack("", packed, 100, page));
	assert_non_null(pagecodec_unpack("lz4", packed, 3 * PAGE_BYTES, page));
}

struct stream {
	const char *bytes;
	size_t length;
	const char *out; /* NULL: it is refused */
	size_t out_length;
};

#define STREAM(in, result)                                                                         \
	{                                                                                          \
		in, sizeof(in) - 1, result, sizeof(result) - 1                                     \
	}
#define REFUSED(in, space)                                                                         \
	{                                                                                          \
		in, sizeof(in) - 1, NULL, space                                                    \
	}

static void by_hand(UNUSED void **state)
{
	static const struct stream streams[] = {
		/* Four literals; the end. */
		STREAM("\x15"
		       "abcd\x11\0\0",
		       "abcd"),
		/* Version 1: two literals, a run of 4 + 1 zeros that one literal follows. */
		STREAM("\x11\x01\x13"
		       "ab\x19\xfd\xff\0c\x11\0\0",
		       "ab\0\0\0\0\0c"),
		/* The run's length has bits in the instruction and in the byte behind. */
		STREAM("\x11\x01\x13"
		       "ab\x18\xfc\xff\x01\x11\0\0",
		       "ab\0\0\0\0\0\0\0\0\0\0\0\0"),
		/* A block of three that reaches into itself, one literal behind it. */
		STREAM("\x12x\x40\x00\x11\0\0", "xxxx"),
		STREAM("\x12x\x41\x00y\x11\0\0", "xxxxy"),
		/* After one to three literals: two bytes, near. */
		STREAM("\x14"
		       "abc\x08\x00\x11\0\0",
		       "abcab"),
		/* No literals before: a string of 3 + 1. */
		STREAM("\x14"
		       "abc\x40\x00\x01"
		       "wxyz\x11\0\0",
		       "abccccwxyz"),
		/* Version 0 has no runs: that distance is too far. */
		REFUSED("\x13"
			"ab\x19\xfd\xff\0c\x11\0\0",
			8),
		/* Before the first byte; too many bytes; too few; more behind the end. */
		REFUSED("\x12x\x44\x00\x11\0\0", 4),
		REFUSED("\x15"
			"abcd\x11\0\0",
			3),
		REFUSED("\x15"
			"abcd\x11\0\0",
			5),
		REFUSED("\x15"
			"abcd\x11\0\0\0",
			4),
		REFUSED("\x11\x01\x13"
			"ab\x1f\xfd\xff\xff"
			"c\x11\0\0",
			8),
		/* A length that never ends. */
		REFUSED("\x12x\x20\0\0\0\0\0\0\0\0\0\0", 100),
		REFUSED("", 1),
	};
	u8 out[256];

	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		const struct stream *stream = &streams[i];
		bool good = lzorle_unpack((const u8 *)stream->bytes, stream->length, out,
					  stream->out_length);

		if (good != (stream->out != NULL))
			fail_msg("stream %zu: %d", i, good);
		if (good)
			assert_memory_equal(out, stream->out, stream->out_length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_pages),
		cmocka_unit_test(cut_pages),
		cmocka_unit_test(unknown_compressors),
		cmocka_unit_test(by_hand),
	};

	fill_content();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
