/* fuzz_pagecodec.c - tests: pages that the kernel packed: the first byte says with what, the rest is the page. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "dump/pagecodec.h"

#include <lz4.h>
#include <lzo/lzo1x.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

static const char *const names[] = { "lzo", "lzo-rle", "lz4", "lz4hc", "zstd", "deflate", "842" };
enum { LZO, LZO_RLE, LZ4, LZ4HC, ZSTD, DEFLATE };

void fuzz_setup(void)
{
}

/* In heap blocks of just their size: what is read or written behind their end shows. */
void fuzz_one(const u8 *data, size_t size)
{
	u8 *packed, *page;

	if (!size)
		return;
	packed = xmalloc(size - 1 ? size - 1 : 1);
	page = xmalloc(PAGE_BYTES);
	memcpy(packed, data + 1, size - 1);
	if (!pagecodec_unpack(names[data[0] % ARRAY_SIZE(names)], packed, size - 1, page))
		fuzz_touch(page, PAGE_BYTES);
	free(packed);
	free(page);
}

static void seed(const char *name, u8 codec, u8 *packed, size_t bytes)
{
	packed[0] = codec;
	fuzz_seed(name, packed, bytes + 1);
}

void fuzz_write_seeds(void)
{
	static u8 content[PAGE_BYTES], packed[3 * PAGE_BYTES], work[LZO1X_1_MEM_COMPRESS];
	/* Two literals; runs of zeros, of which the third is full; the end. */
	static u8 runs[] = { 0,	   17,	 1,    19,   'a',  'b', 0x1f, 0xfc, 0xff,
			     0xff, 0x1f, 0xfd, 0xff, 0xff, 'c', 17,   0,    0 };
	uLongf deflated = sizeof(packed) - 1;
	lzo_uint bytes = 0;

	for (size_t i = 0; i < PAGE_BYTES; i++)
		content[i] = (u8)(i % 256 < 200 ? i / 100 : i * i);
	lzo1x_1_compress(content, PAGE_BYTES, packed + 1, &bytes, work);
	seed("lzo", LZO, packed, bytes);
	seed("lzo-rle", LZO_RLE, runs, sizeof(runs) - 1);
	seed("lz4", LZ4, packed,
	     (size_t)LZ4_compress_default((char *)content, (char *)packed + 1, PAGE_BYTES,
					  2 * PAGE_BYTES));
	seed("zstd", ZSTD, packed,
	     ZSTD_compress(packed + 1, 2 * PAGE_BYTES, content, PAGE_BYTES, 1));
	/* Without the header of two bytes and the sum of four. */
	compress2(packed + 1, &deflated, content, PAGE_BYTES, 9);
	memmove(packed + 1, packed + 3, deflated - 6);
	seed("deflate", DEFLATE, packed, deflated - 6);
}
