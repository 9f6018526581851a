/* dump/decompress.c - one compressed page of a dump back into its bytes: zlib, LZO1X, snappy, zstd. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * zlib and zstd need a context that costs more to set up than a page costs to inflate, so contexts
 * are kept on a list and taken from it for one page at a time.
 */
#include "dump/decompress.h"

#include <lzo/lzo1x.h>
#include <pthread.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

struct decompressor {
	struct decompressor *next;
	z_stream zlib;
	bool zlib_ready;
	ZSTD_DCtx *zstd;
};

struct decompressor_pool {
	pthread_mutex_t lock;
	struct decompressor *idle;
};

struct decompressor_pool *decompressor_pool_create(void)
{
	struct decompressor_pool *pool = xcalloc(1, sizeof(*pool));

	pthread_mutex_init(&pool->lock, NULL);
	return pool;
}

void decompressor_pool_destroy(struct decompressor_pool *pool)
{
	struct decompressor *next;

	if (!pool)
		return;
	for (struct decompressor *each = pool->idle; each; each = next) {
		next = each->next;
		if (each->zlib_ready)
			inflateEnd(&each->zlib);
		ZSTD_freeDCtx(each->zstd);
		free(each);
	}
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static struct decompressor *take(struct decompressor_pool *pool)
{
	struct decompressor *taken;

	pthread_mutex_lock(&pool->lock);
	taken = pool->idle;
	if (taken)
		pool->idle = taken->next;
	pthread_mutex_unlock(&pool->lock);
	return taken ? taken : xcalloc(1, sizeof(*taken));
}

static void give_back(struct decompressor_pool *pool, struct decompressor *taken)
{
	pthread_mutex_lock(&pool->lock);
	taken->next = pool->idle;
	pool->idle = taken;
	pthread_mutex_unlock(&pool->lock);
}

static bool inflate_zlib(struct decompressor *with, const void *data, size_t size, void *page)
{
	z_stream *zlib = &with->zlib;

	if (!with->zlib_ready && inflateInit(zlib) != Z_OK)
		return false;
	with->zlib_ready = true;
	if (inflateReset(zlib) != Z_OK)
		return false;
	zlib->next_in = (Bytef *)data;
	zlib->avail_in = size;
	zlib->next_out = page;
	zlib->avail_out = PAGE_BYTES;
	return inflate(zlib, Z_FINISH) == Z_STREAM_END && zlib->avail_out == 0;
}

static bool inflate_zstd(struct decompressor *with, const void *data, size_t size, void *page)
{
	if (!with->zstd)
		with->zstd = ZSTD_createDCtx();
	return with->zstd &&
	       ZSTD_decompressDCtx(with->zstd, page, PAGE_BYTES, data, size) == PAGE_BYTES;
}

static bool inflate_lzo(const void *data, size_t size, void *page)
{
	lzo_uint out_bytes = PAGE_BYTES;

	return lzo1x_decompress_safe(data, size, page, &out_bytes, NULL) == LZO_E_OK &&
	       out_bytes == PAGE_BYTES;
}

static bool inflate_snappy(const void *data, size_t size, void *page)
{
	size_t out_bytes;

	if (snappy_uncompressed_length(data, size, &out_bytes) != SNAPPY_OK ||
	    out_bytes != PAGE_BYTES)
		return false;
	return snappy_uncompress(data, size, page, &out_bytes) == SNAPPY_OK &&
	       out_bytes == PAGE_BYTES;
}

bool decompress_page(struct decompressor_pool *pool, u32 compression, const void *data, size_t size,
		     void *page)
{
	struct decompressor *with;
	bool good;

	switch (compression) {
	case COMPRESSION_NONE:
		if (size != PAGE_BYTES)
			return false;
		memcpy(page, data, PAGE_BYTES);
		return true;
	case COMPRESSION_LZO:
		return inflate_lzo(data, size, page);
	case COMPRESSION_SNAPPY:
		return inflate_snappy(data, size, page);
	case COMPRESSION_ZLIB:
	case COMPRESSION_ZSTD:
		break;
	default:
		return false;
	}
	with = take(pool);
	good = compression == COMPRESSION_ZLIB ? inflate_zlib(with, data, size, page)
					       : inflate_zstd(with, data, size, page);
	give_back(pool, with);
	return good;
}

const char *compression_name(u32 compression)
{
	switch (compression) {
	case COMPRESSION_NONE:
		return "none";
	case COMPRESSION_ZLIB:
		return "zlib";
	case COMPRESSION_LZO:
		return "lzo";
	case COMPRESSION_SNAPPY:
		return "snappy";
	case COMPRESSION_ZSTD:
		return "zstd";
	default:
		return "unknown";
	}
}
