/* fuzz_unpack.c - tests: packed files and bzImages, as a vmlinux or a module's object file may come. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "base/fail.h"
#include "dump/unpack.h"

#include <bzlib.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <zlib.h>
#include <zstd.h>

#define MOST_BYTES (1U << 20)
#define CONTENT_BYTES 2048

void fuzz_setup(void)
{
}

static void look_at(struct file_map *file)
{
	u8 start[4096] = { 0 };
	struct strbuf why = { 0 };
	const char *kind = unpack_kind(file);
	u64 size = file->size;
	bool has_start = unpack_start(file, start, 64);

	unpack_start(file, start, sizeof(start));
	FUZZ_EXPECT(kind || !has_start);
	if (kind)
		fuzz_touch_text(kind);
	if (!unpack_file(file, MOST_BYTES, &why)) {
		FUZZ_EXPECT(kind && why.length);
		FUZZ_EXPECT(file->size >= size || file->nameless);
	} else if (kind) {
		FUZZ_EXPECT(file->nameless && file->size <= MOST_BYTES && !unpack_kind(file));
		FUZZ_EXPECT(!has_start || file->size >= 64 || unpack_kind(file));
		fuzz_touch(file_map_at(file, 0, file->size), file->size);
	}
	strbuf_free(&why);
}

void fuzz_one(const u8 *data, size_t size)
{
	struct strbuf why = { 0 };
	struct file_map file;

	if (!size || !file_map_open(&file, fuzz_path(0, data, size), &why)) {
		strbuf_free(&why);
		return;
	}
	look_at(&file);
	file_map_close(&file);
	strbuf_free(&why);
}

static u8 content[CONTENT_BYTES], packed[4 * CONTENT_BYTES];

static size_t add_gzip(u8 *out, size_t space)
{
	z_stream zlib = { .next_in = content,
			  .avail_in = CONTENT_BYTES,
			  .next_out = out,
			  .avail_out = (uInt)space };

	deflateInit2(&zlib, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	deflate(&zlib, Z_FINISH);
	deflateEnd(&zlib);
	return zlib.total_out;
}

static size_t add_lzma(u8 *out, size_t space)
{
	lzma_stream lzma = LZMA_STREAM_INIT;
	lzma_options_lzma options;

	lzma_lzma_preset(&options, 0);
	options.dict_size = 4096;
	if (lzma_alone_encoder(&lzma, &options) != LZMA_OK)
		return 0;
	lzma.next_in = content;
	lzma.avail_in = CONTENT_BYTES;
	lzma.next_out = out;
	lzma.avail_out = space;
	if (lzma_code(&lzma, LZMA_FINISH) != LZMA_STREAM_END)
		return 0;
	lzma_end(&lzma);
	return space - lzma.avail_out;
}

static size_t add_lz4_legacy(u8 *out, size_t space)
{
	int bytes = LZ4_compress_default((char *)content, (char *)out + 8, CONTENT_BYTES,
					 (int)space - 8);
	u32 length = (u32)bytes;

	memcpy(out, "\x02\x21\x4c\x18", 4);
	memcpy(out + 4, &length, 4);
	return 8 + length;
}

/* The header with a name of no letters, one block, the end. */
static size_t add_lzop(u8 *out, size_t space UNUSED)
{
	static u8 work[LZO1X_1_MEM_COMPRESS];
	static const u8 header[38] = "\x89LZO\0\r\n\x1a\n\x10\x30\x20\xa0\x09\x40\x01\x05";
	lzo_uint bytes = 0;

	memcpy(out, header, sizeof(header));
	lzo1x_1_compress(content, CONTENT_BYTES, out + sizeof(header) + 8, &bytes, work);
	out[sizeof(header) + 2] = CONTENT_BYTES >> 8;
	out[sizeof(header) + 6] = (u8)(bytes >> 8);
	out[sizeof(header) + 7] = (u8)bytes;
	memset(out + sizeof(header) + 8 + bytes, 0, 16);
	return sizeof(header) + 8 + bytes + 16;
}

static size_t add_others(const char *name, u8 *out, size_t space)
{
	unsigned bzip2_bytes = (unsigned)space;
	size_t bytes = 0;

	if (streq(name, "bzip2")) {
		BZ2_bzBuffToBuffCompress((char *)out, &bzip2_bytes, (char *)content, CONTENT_BYTES,
					 1, 0, 0);
		return bzip2_bytes;
	}
	if (streq(name, "zstd"))
		return ZSTD_compress(out, space, content, CONTENT_BYTES, 1);
	if (streq(name, "lz4"))
		return LZ4F_compressFrame(out, space, content, CONTENT_BYTES, NULL);
	lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, content, CONTENT_BYTES, out, &bytes,
				space);
	return bytes;
}

/* A boot sector that says where the payload is: right behind the setup's five sectors. */
static void seed_bzimage(size_t bytes)
{
	static u8 image[5 * 512 + sizeof(packed)];
	u32 length = (u32)bytes;

	memcpy(image + 0x202, "HdrS\x0f\x02", 6);
	memcpy(image + 0x24c, &length, sizeof(length));
	memcpy(image + 5 * 512, packed, bytes);
	fuzz_seed("bzimage", image, 5 * 512 + bytes);
}

void fuzz_write_seeds(void)
{
	static const char *const others[] = { "bzip2", "xz", "zstd", "lz4" };
	size_t bytes;

	for (size_t i = 0; i < CONTENT_BYTES; i++)
		content[i] = (u8)(i % 256 < 200 ? i / 100 : i * i);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		bytes = add_others(others[i], packed, sizeof(packed));
		fuzz_seed(others[i], packed, bytes);
	}
	fuzz_seed("lzma", packed, add_lzma(packed, sizeof(packed)));
	fuzz_seed("lz4-legacy", packed, add_lz4_legacy(packed, sizeof(packed)));
	fuzz_seed("lzop", packed, add_lzop(packed, sizeof(packed)));
	bytes = add_gzip(packed, sizeof(packed));
	fuzz_seed("gzip", packed, bytes);
	seed_bzimage(bytes);
}
