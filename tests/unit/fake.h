/* fake.h - test helper: a dump, kernel types and symbols made by hand. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FAKE_H
#define FAKE_H

#include "arch.h"
#include "base/util.h"
#include "dump/dumpfile.h"

#ifndef FAKE_PAGES /* the fuzz targets clear all of it for each input, and have less */
#define FAKE_PAGES 1024 /* 4 MB of physical memory */
#endif
#define FAKE_DIRECT_MAP 0xffff888000000000ULL

/* Zeroed memory without faults; ties memory.c to a plain direct map. */
struct dump *fake_dump(void);
u8 *fake_phys(u64 paddr);
/* Kernel address of a physical one. */
u64 fake_kva(u64 paddr);
/* That of a frame's struct page, of 64 bytes: they lie in the last pages of the memory. */
u64 fake_page(u64 pfn);
void fake_u64(u64 kernel_address, u64 value);
void fake_bytes(u64 kernel_address, const void *data, size_t length);
/* How reads of one page end from now on. */
void fake_page_fault(u64 paddr, enum fault_reason reason);
/* The nth read from now on fails as FAULT_DAMAGED; 0: none. */
void fake_fail_read(unsigned long nth);
unsigned long fake_nr_reads(void);

/* A structure for types.h. SIZE of a member is that of one element; COUNT 0: no array. */
struct fake_member {
	const char *name;
	u32 offset, size, count;
	const char *type; /* an earlier fake_struct(), instead of an integer */
	u32 bit_offset, bit_size;
	bool is_signed;
	bool is_pointer; /* to an integer of SIZE bytes, or to TYPE */
};

void fake_struct(const char *name, u32 size, const struct fake_member *members, size_t nr_members);
/* Enumerators with the values 0, 1, 2 ... */
void fake_enum(const char *name, const char *const *enumerators, size_t nr_enumerators);
/* Hands everything that fake_struct() made to types.h. Once a program, before the first lookup. */
void fake_types_done(void);

void fake_symbol(const char *name, u64 value);

/*
 * Writes a minimal vmlinux with these symbols; returns its path, which the caller
 * unlinks and frees.
 */
struct fake_elf_symbol {
	const char *name;
	u64 value;
};
char *fake_vmlinux(const char *banner, u64 banner_address, const struct fake_elf_symbol *symbols,
		   size_t nr_symbols);

#endif
