/* dump/pagecodec.c - pages that the kernel packed in its own memory: lzo, lzo-rle, lz4, zstd, deflate. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dump/pagecodec.h"

#include "dump/lzorle.h"

#include <lz4.h>
#include <zlib.h>
#include <zstd.h>

static bool unpack_lzo(const u8 *data, size_t bytes, u8 *page)
{
	return lzorle_unpack(data, bytes, page, PAGE_BYTES);
}

static bool unpack_lz4(const u8 *data, size_t bytes, u8 *page)
{
	return LZ4_decompress_safe((const char *)data, (char *)page, (int)bytes, PAGE_BYTES) ==
	       PAGE_BYTES;
}

static bool unpack_zstd(const u8 *data, size_t bytes, u8 *page)
{
	return ZSTD_decompress(page, PAGE_BYTES, data, bytes) == PAGE_BYTES;
}

/* Without a header; the window may be as large as there is. */
static bool unpack_deflate(const u8 *data, size_t bytes, u8 *page)
{
	z_stream zlib = { .next_in = (Bytef *)data,
			  .avail_in = (uInt)bytes,
			  .next_out = page,
			  .avail_out = PAGE_BYTES };
	bool good;

	if (inflateInit2(&zlib, -MAX_WBITS) != Z_OK)
		return false;
	good = inflate(&zlib, Z_FINISH) == Z_STREAM_END && zlib.avail_out == 0;
	inflateEnd(&zlib);
	return good;
}

static const struct {
	const char *name;
	bool (*unpack)(const u8 *data, size_t bytes, u8 *page);
} codecs[] = {
	{ "lzo", unpack_lzo },	 { "lzo-rle", unpack_lzo }, { "lz4", unpack_lz4 },
	{ "lz4hc", unpack_lz4 }, { "zstd", unpack_zstd },   { "deflate", unpack_deflate },
};

const char *pagecodec_unpack(const char *name, const u8 *data, size_t bytes, u8 *page)
{
	if (bytes > 2 * PAGE_BYTES)
		return "more bytes than a page can have been packed into";
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++)
		if (streq(name, codecs[i].name))
			return codecs[i].unpack(data, bytes, page) ? NULL
								   : "the packed page is damaged";
	return "this program does not unpack what that compressor packs";
}
