/* dump/pagecodec.h - what the kernel's compressors make of a page of memory, back into the page. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PAGECODEC_H
#define PAGECODEC_H

#include "base/util.h"

/*
 * Fills PAGE (PAGE_BYTES) from the BYTES at DATA, which the compressor that the kernel calls NAME
 * packed ("lzo", "lzo-rle", "lz4", "lz4hc", "zstd", "deflate"). NULL, or why it cannot.
 */
const char *pagecodec_unpack(const char *name, const u8 *data, size_t bytes, u8 *page);

#endif
