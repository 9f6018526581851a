/* kernel/mm/zpool.h - the allocators that zswap's pages may come from: zsmalloc, zbud, z3fold. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZPOOL_H
#define ZPOOL_H

#include "base/util.h"

/*
 * Copies the first BYTES of the object that the struct zpool gave HANDLE for. fail()s and says why.
 */
void zpool_read(u64 zpool, u64 handle, void *buf, size_t bytes);

#endif
