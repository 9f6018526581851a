/* containers/kcopy.h - copies of large kernel arrays, usable when some of their pages are missing. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KCOPY_H
#define KCOPY_H

#include "base/util.h"

/*
 * An array of kernel memory, read in pieces of 64 KB as they are asked for and kept after that. All
 * of it is scope memory. Cheap for any SIZE: only what is asked for is read.
 */
struct kcopy {
	u64 address, size;
	u8 **chunks; /* one a piece; NULL: not read yet */
	u8 *missing; /* a bit a page of the array that could not be read */
};

void kcopy_begin(struct kcopy *copy, u64 address, u64 size);
/* False: outside of the array, or some of it is on a page that cannot be read. */
bool kcopy_read(struct kcopy *copy, u64 offset, void *buf, size_t length);

/*
 * Reads all of [address, address + length) at once; pages that cannot be read become zeroes.
 * Returns how many bytes those were.
 */
size_t kcopy_whole(u64 address, void *buf, size_t length);

#endif
