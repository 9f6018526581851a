/* kernel/mm/zpool.c - struct zpool, up to v6.17; pages of zbud and z3fold. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Both have a page for two or three objects, with a header at its start, and count in chunks of
 * 64 bytes. A handle of zbud's is the object's address. One of z3fold's is the address of a word,
 * which has the page's address and, below it, which object of the page it is.
 */
#include "kernel/mm/zpool.h"

#include "base/fail.h"
#include "kernel/mm/zsmalloc.h"
#include "memory.h"

#include <stdio.h>

KFIELD(zpool_driver, "zpool.driver");
KFIELD(zpool_pool, "zpool.pool");
KFIELD(zpool_driver_type, "zpool_driver.type");

static const struct modfield header_pool = { "z3fold_header", { "pool" }, 64, 8, 0, 0 };
static const struct modfield header_first = { "z3fold_header", { "first_chunks" }, 74, 2, 0, 0 };
static const struct modfield header_middle = { "z3fold_header", { "middle_chunks" }, 76, 2, 0, 0 };
static const struct modfield header_start = { "z3fold_header", { "start_middle" }, 80, 2, 0, 0 };
static const struct modfield header_number = { "z3fold_header", { "first_num" }, 82, 2, 0, 2 };
#define Z3FOLD_HEADER_BYTES_5_10 88

/* Macros of the kernel. */
#define CHUNK_BYTES 64ULL
#define ALONE 1ULL /* in a handle of z3fold's: the object has the page, which has no header */
#define WHICH_MASK 3ULL /* in the word that a handle leads to: which object */
#define CHUNKS_SHIFT 2 /* above that, for the last one: its size */

enum { Z3FOLD_FIRST = 1, Z3FOLD_MIDDLE, Z3FOLD_LAST };

/* BYTES at AT, which lie in one page behind the SKIPPED bytes at its start. */
static void read_in_page(u64 at, u64 skipped, void *buf, size_t bytes)
{
	u64 in_page = at % PAGE_BYTES;

	if (!mem_is_kernel_address(at) || in_page < skipped || bytes > PAGE_BYTES - in_page)
		fail("%zu bytes at %llx do not lie in one page", bytes, at);
	mem_read(at, buf, bytes, "a compressed page");
}

static u64 z3fold_place(u64 pool, u64 header, u64 word)
{
	u64 in_header = align_up(modtype_size("z3fold_header", Z3FOLD_HEADER_BYTES_5_10),
				 CHUNK_BYTES);
	u64 chunks = word % PAGE_BYTES >> CHUNKS_SHIFT;

	if (modfield_u64(header, &header_pool) != pool)
		fail("z3fold: the page at %llx belongs to another pool", header);
	switch ((word - modfield_u64(header, &header_number)) & WHICH_MASK) {
	case Z3FOLD_FIRST:
		if (modfield_u64(header, &header_first))
			return header + in_header;
		break;
	case Z3FOLD_MIDDLE:
		if (modfield_u64(header, &header_middle))
			return header + modfield_u64(header, &header_start) * CHUNK_BYTES;
		break;
	case Z3FOLD_LAST:
		if (chunks && chunks < PAGE_BYTES / CHUNK_BYTES)
			return header + PAGE_BYTES - chunks * CHUNK_BYTES;
		break;
	}
	fail("z3fold: the page at %llx has no object that %llx names", header, word);
}

static void z3fold_read(u64 pool, u64 handle, void *buf, size_t bytes)
{
	u64 word, header;

	if (handle & ALONE) {
		read_in_page(align_down(handle, PAGE_BYTES), 0, buf, bytes);
		return;
	}
	word = mem_u64(handle, "z3fold handle");
	header = align_down(word, PAGE_BYTES);
	read_in_page(z3fold_place(pool, header, word), CHUNK_BYTES, buf, bytes);
}

void zpool_read(u64 zpool, u64 handle, void *buf, size_t bytes)
{
	u64 driver = field_u64(zpool, &zpool_driver), pool = field_u64(zpool, &zpool_pool);
	char type[16] = "";

	mem_string(field_u64(driver, &zpool_driver_type), type, sizeof(type), "zpool_driver.type");
	if (streq(type, "zsmalloc"))
		zsmalloc_read(pool, handle, buf, bytes);
	else if (streq(type, "zbud"))
		read_in_page(handle, CHUNK_BYTES, buf, bytes);
	else if (streq(type, "z3fold"))
		z3fold_read(pool, handle, buf, bytes);
	else
		fail("the allocator of this zpool, at %llx, is none that is known", driver);
}
