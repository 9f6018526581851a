/* test_unpack.c - L1 unpack: every packing back into its bytes, in a file and a bzImage; damage. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "dump/unpack.h"
#include "names_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <bzlib.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define CONTENT_BYTES (9U << 20) /* more than one block of legacy lz4 */

static u8 *content;

static size_t pack_gzip(u8 *out, size_t space)
{
	z_stream zlib = { .next_in = content,
			  .avail_in = CONTENT_BYTES,
			  .next_out = out,
			  .avail_out = (uInt)space };

	deflateInit2(&zlib, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
	deflateEnd(&zlib);
	return zlib.total_out;
}

static size_t pack_bzip2(u8 *out, size_t space)
{
	unsigned bytes = (unsigned)space;

	assert_int_equal(BZ2_bzBuffToBuffCompress((char *)out, &bytes, (char *)content,
						  CONTENT_BYTES, 1, 0, 0),
			 BZ_OK);
	return bytes;
}

static size_t pack_xz(u8 *out, size_t space)
{
	size_t bytes = 0;

	assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, content, CONTENT_BYTES,
						 out, &bytes, space),
			 LZMA_OK);
	return bytes;
}

static size_t pack_lzma_of(size_t length, u8 *out, size_t space)
{
	lzma_stream lzma = LZMA_STREAM_INIT;
	lzma_options_lzma options;

	lzma_lzma_preset(&options, 0);
	assert_int_equal(lzma_alone_encoder(&lzma, &options), LZMA_OK);
	lzma.next_in = content;
	lzma.avail_in = length;
	lzma.next_out = out;
	lzma.avail_out = space;
	assert_int_equal(lzma_code(&lzma, LZMA_FINISH), LZMA_STREAM_END);
	lzma_end(&lzma);
	return space - lzma.avail_out;
}

static size_t pack_lzma(u8 *out, size_t space)
{
	return pack_lzma_of(CONTENT_BYTES, out, space);
}

static size_t pack_zstd(u8 *out, size_t space)
{
	size_t bytes = ZSTD_compress(out, space, content, CONTENT_BYTES, 1);

	assert_false(ZSTD_isError(bytes));
	return bytes;
}

static size_t pack_lz4(u8 *out, size_t space)
{
	size_t bytes = LZ4F_compressFrame(out, space, content, CONTENT_BYTES, NULL);

	assert_false(LZ4F_isError(bytes));
	return bytes;
}

static size_t pack_lz4_legacy(u8 *out, size_t space)
{
	size_t at = 4;

	memcpy(out, "\x02\x21\x4c\x18", 4);
	for (size_t from = 0; from < CONTENT_BYTES; from += 8 << 20) {
		int bytes = LZ4_compress_default((char *)content + from, (char *)out + at + 4,
						 (int)min_u64(CONTENT_BYTES - from, 8 << 20),
						 (int)(space - at - 4));
		u32 length = (u32)bytes;

		assert_true(bytes > 0);
		memcpy(out + at, &length, 4);
		at += 4 + length;
	}
	return at;
}

static u8 *put_be32(u8 *to, u32 value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (u8)(value >> (24 - 8 * i));
	return to + 4;
}

/* The header as lzop writes it, and blocks of 256 KB with a sum of what is unpacked. */
static size_t pack_lzop(u8 *out, size_t space UNUSED)
{
	static u8 work[LZO1X_1_MEM_COMPRESS];
	const size_t block = 256 << 10;
	u8 *to = out;

	memcpy(to, "\x89LZO\0\r\n\x1a\n\x10\x30\x20\xa0\x09\x40\x01\x05\x00\x00\x00\x01", 21);
	to = put_be32(to + 21, 0100644);
	to = put_be32(put_be32(to, 0), 0);
	*to++ = 7;
	memcpy(to, "vmlinux", 7);
	to = put_be32(to + 7, 0);
	for (size_t from = 0; from < CONTENT_BYTES; from += block) {
		lzo_uint bytes;

		lzo1x_1_compress(content + from, block, to + 12, &bytes, work);
		put_be32(put_be32(put_be32(to, block), bytes < block ? (u32)bytes : block), 0);
		if (bytes >= block)
			memcpy(to + 12, content + from, block);
		to += 12 + (bytes < block ? bytes : block);
	}
	return put_be32(to, 0) - out;
}

static const struct {
	const char *kind;
	size_t (*pack)(u8 *out, size_t space);
} packers[] = {
	{ "gzip data", pack_gzip },	 { "bzip2 data", pack_bzip2 }, { "xz data", pack_xz },
	{ "lzma data", pack_lzma },	 { "zstd data", pack_zstd },   { "lz4 data", pack_lz4 },
	{ "lz4 data", pack_lz4_legacy }, { "lzop data", pack_lzop },
};

/* Half of it repeats, a block of 256 KB in it does not: lzop keeps that as it is. */
static int make_content(void **state UNUSED)
{
	u32 value = 1;

	content = xmalloc(CONTENT_BYTES);
	for (size_t i = 0; i < CONTENT_BYTES; i++) {
		if (i < 512 << 10 || i % 7 == 0)
			value = value * 1103515245 + 12345;
		content[i] = i < 512 << 10 ? (u8)(value >> 16) : (u8)(value >> 28);
	}
	memcpy(content,
	       "\x7f"
	       "ELF",
	       4);
	return 0;
}

static char *packed_path; /* of the file that is open: a file_map keeps no copy */

static int free_content(void **state UNUSED)
{
	free(packed_path);
	free(content);
	return 0;
}

static bool open_packed(struct file_map *file, const u8 *data, size_t bytes)
{
	struct strbuf why = { 0 };
	bool opened;

	free(packed_path);
	packed_path = write_temporary(data, bytes);
	opened = file_map_open(file, packed_path, &why);
	unlink(packed_path);
	strbuf_free(&why);
	return opened;
}

static void expect_content(struct file_map *file)
{
	struct strbuf why = { 0 };
	u8 start[100];
	char path[32];

	assert_true(unpack_start(file, start, sizeof(start)));
	assert_memory_equal(start, content, sizeof(start));
	if (!unpack_file(file, UNPACK_MOST_BYTES, &why))
		fail_msg("%s", strbuf_text(&why));
	assert_int_equal(file->size, CONTENT_BYTES);
	assert_memory_equal(file_map_at(file, 0, CONTENT_BYTES), content, CONTENT_BYTES);
	/* Whoever wants a name opens it by this one. */
	assert_true(starts_with(unpack_path(file, path, sizeof(path)), "/proc/self/fd/"));
	assert_int_equal(access(path, R_OK), 0);
	assert_null(unpack_kind(file));
}

static void test_every_packing(void **state UNUSED)
{
	size_t space = 2 * CONTENT_BYTES;
	u8 *packed = xmalloc(space);
	struct file_map file;

	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		size_t bytes = packers[i].pack(packed, space);

		assert_true(open_packed(&file, packed, bytes));
		assert_string_equal(unpack_kind(&file), packers[i].kind);
		expect_content(&file);
		file_map_close(&file);
	}
	free(packed);
}

/* Setup sectors, then the payload, the length of what is in it behind it. */
static void test_bzimage(void **state UNUSED)
{
	const size_t payload_at = 1024 + 0x3f;
	size_t space = 2 * CONTENT_BYTES;
	u8 *image = xmalloc(space);
	u32 offset = payload_at - 1024, length, unpacked = CONTENT_BYTES;
	struct file_map file;

	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		memset(image, 0, payload_at);
		image[0x1f1] = 1;
		memcpy(image + 0x202, "HdrS\x0f\x02", 6);
		length = (u32)packers[i].pack(image + payload_at, space - payload_at - 64);
		memcpy(image + payload_at + length, &unpacked, 4);
		length += 4;
		memcpy(image + 0x248, &offset, 4);
		memcpy(image + 0x24c, &length, 4);
		assert_true(open_packed(&file, image, payload_at + length + 60));
		assert_string_equal(unpack_kind(&file), "a bzImage");
		expect_content(&file);
		file_map_close(&file);
	}
	free(image);
}

static void expect_refused(const u8 *data, size_t bytes, u64 most, const char *message)
{
	struct strbuf why = { 0 };
	struct file_map file;
	const u8 *before;

	assert_true(open_packed(&file, data, bytes));
	before = file.data;
	if (unpack_file(&file, most, &why))
		fail_msg("%zu bytes of %s are taken", bytes, unpack_kind(&file));
	assert_non_null(strstr(strbuf_text(&why), message));
	assert_ptr_equal(file.data, before);
	file_map_close(&file);
	strbuf_free(&why);
}

static void test_damage(void **state UNUSED)
{
	size_t space = 2 * CONTENT_BYTES;
	u8 *packed = xmalloc(space);

	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		size_t bytes = packers[i].pack(packed, space);

		for (size_t cut = 16; cut < bytes; cut = cut * 5 + 3)
			expect_refused(packed, cut, UNPACK_MOST_BYTES, "are damaged or cut short");
		expect_refused(packed, bytes - 3, UNPACK_MOST_BYTES, "are damaged or cut short");
	}
	free(packed);
}

static void test_bomb(void **state UNUSED)
{
	size_t space = 2 * CONTENT_BYTES;
	u8 *packed = xmalloc(space);

	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		size_t bytes = packers[i].pack(packed, space);

		expect_refused(packed, bytes, CONTENT_BYTES - 1, "more than 9437183 bytes");
	}
	free(packed);
}

static void test_interrupt(void **state UNUSED)
{
	u8 *packed = xmalloc(2 * CONTENT_BYTES);
	size_t bytes = pack_gzip(packed, 2 * CONTENT_BYTES);

	interrupt_request();
	expect_refused(packed, bytes, UNPACK_MOST_BYTES, "interrupted");
	interrupt_clear();
	free(packed);
}

static void test_what_is_not_packed(void **state UNUSED)
{
	struct strbuf why = { 0 };
	struct file_map file;
	char path[32];
	u8 start[4];

	assert_true(open_packed(&file, content, 4096));
	assert_null(unpack_kind(&file));
	assert_false(unpack_start(&file, start, sizeof(start)));
	assert_true(unpack_file(&file, UNPACK_MOST_BYTES, &why));
	assert_int_equal(file.size, 4096);
	assert_ptr_equal(unpack_path(&file, path, sizeof(path)), file.path);
	file_map_close(&file);
}

/* --- what a header says of memory --- */

#define SMALL_BYTES 2048
/* Address space for buffers and a mapped file, and for no lying header's wish. */
#ifdef __SANITIZE_ADDRESS__
#define ROOM_BYTES (1ULL << 30)
#else
#define ROOM_BYTES (48ULL << 20)
#endif

/* A dictionary of 4 GB: more than a small file can fill, and so without effect. */
static size_t lie_of_lzma(u8 *out, size_t space)
{
	size_t bytes = pack_lzma_of(SMALL_BYTES, out, space);

	memset(out + 1, 0xff, 4);
	return bytes;
}

/* A dictionary of 2 GB in the first block's header, whose sum is right. */
static size_t lie_of_xz(u8 *out, size_t space)
{
	size_t bytes = pack_xz(out, space), header_bytes = (out[12] + 1) * 4;
	u8 *header = out + 12, *filter = memmem(header, header_bytes, "\x21\x01", 2);
	u32 sum;

	assert_non_null(filter);
	filter[2] = 38;
	sum = lzma_crc32(header, header_bytes - 4, 0);
	memcpy(header + header_bytes - 4, &sum, sizeof(sum));
	return bytes;
}

/* A window of 1 GB: a frame's header without the size of what is inside, then a block. */
static size_t lie_of_zstd(u8 *out, size_t space UNUSED)
{
	static const u8 frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, 20 << 3, 1, 0, 0, 0, 0 };

	memcpy(out, frame, sizeof(frame));
	return sizeof(frame);
}

/* A block of 63 MB out of 100 bytes. */
static size_t lie_of_lzop(u8 *out, size_t space)
{
	size_t bytes = pack_lzop(out, space);

	put_be32(put_be32(out + 45, 63 << 20), 100);
	return bytes;
}

static const struct lie {
	size_t (*pack)(u8 *out, size_t space);
	const char *message; /* NULL: it is unpacked all the same */
} lies[] = {
	{ lie_of_lzma, NULL },
	{ lie_of_xz, "its xz data ask for more memory than any kernel's" },
	{ lie_of_zstd, "its zstd data ask for more memory than any kernel's" },
	{ lie_of_lzop, "its lzop data are damaged or cut short" },
};

static u64 address_space(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu", &pages), 1);
	fclose(file);
	return pages * PAGE_BYTES;
}

/* In little memory, again and again: what was taken is given back. */
static void unpack_lie(const struct lie *lie, const u8 *packed, size_t bytes)
{
	struct rlimit all, little;
	struct file_map file;

	for (int round = 0; round < 8; round++) {
		struct strbuf why = { 0 };
		u8 start[64];
		bool good;

		assert_true(open_packed(&file, packed, bytes));
		assert_int_equal(getrlimit(RLIMIT_AS, &all), 0);
		little = all;
		little.rlim_cur = min_u64(address_space() + ROOM_BYTES, all.rlim_max);
		assert_int_equal(setrlimit(RLIMIT_AS, &little), 0);
		unpack_start(&file, start, sizeof(start));
		good = unpack_file(&file, UNPACK_MOST_BYTES, &why);
		assert_int_equal(setrlimit(RLIMIT_AS, &all), 0);
		if (lie->message)
			assert_string_equal(strbuf_text(&why), lie->message);
		else
			assert_string_equal(strbuf_text(&why), "");
		assert_int_equal(good, lie->message == NULL);
		file_map_close(&file);
		strbuf_free(&why);
	}
}

static void test_what_a_header_asks_for(void **state UNUSED)
{
	size_t space = 2 * CONTENT_BYTES;
	u8 *packed = xmalloc(space);

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++)
		unpack_lie(&lies[i], packed, lies[i].pack(packed, space));
	free(packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_packing),
		cmocka_unit_test(test_bzimage),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_what_is_not_packed),
		cmocka_unit_test(test_what_a_header_asks_for),
	};

	return cmocka_run_group_tests(tests, make_content, free_content);
}
