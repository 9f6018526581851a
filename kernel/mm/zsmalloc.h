/* kernel/mm/zsmalloc.h - the allocator that packs compressed pages densely: from a handle to the bytes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZSMALLOC_H
#define ZSMALLOC_H

#include "base/util.h"
#include "names/modfield.h"

/*
 * Copies the first BYTES of the object that POOL (zs_pool) gave HANDLE for. fail()s and says why.
 */
void zsmalloc_read(u64 pool, u64 handle, void *buf, size_t bytes);

/* A number in a structure of a module's; fail()s. */
u64 modfield_u64(u64 object, const struct modfield *field);

#endif
