/* dump/decompress.h - one compressed page of a dump back into its bytes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DECOMPRESS_H
#define DECOMPRESS_H

#include "base/util.h"

/* The compression bits of a kdump page descriptor's flags (and of the header's status word). */
enum page_compression {
	COMPRESSION_NONE = 0,
	COMPRESSION_ZLIB = 0x01,
	COMPRESSION_LZO = 0x02,
	COMPRESSION_SNAPPY = 0x04,
	COMPRESSION_ZSTD = 0x20,
	COMPRESSION_MASK = 0x27,
};

struct decompressor_pool;

struct decompressor_pool *decompressor_pool_create(void);
void decompressor_pool_destroy(struct decompressor_pool *pool);
/*
 * Fills PAGE (PAGE_BYTES) from the SIZE bytes at DATA. False when the data is damaged or does not
 * give exactly one page. Any thread.
 */
bool decompress_page(struct decompressor_pool *pool, u32 compression, const void *data, size_t size,
		     void *page);
/* "zlib"; "none" for 0; "unknown" for anything else, several methods at once included. */
const char *compression_name(u32 compression);

#endif
