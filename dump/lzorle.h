/* dump/lzorle.h - LZO1X as the kernel packs pages: plain, or with runs of zeros (lzo-rle). */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LZORLE_H
#define LZORLE_H

#include "base/util.h"

/*
 * Unpacks the BYTES at DATA into exactly SPACE bytes at OUT. False when they are damaged, end
 * early, go on behind their end, or give another number of bytes; OUT then means nothing.
 */
bool lzorle_unpack(const u8 *data, size_t bytes, u8 *out, size_t space);

#endif
