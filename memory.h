/* memory.h - L3: reads kernel, user and physical memory; members of kernel objects. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MEMORY_H
#define MEMORY_H

#include "arch.h"
#include "base/fault.h"
#include "base/util.h"
#include "dump/dumpfile.h"
#include "names/kfield.h"

/* Ties the layers together; called once by main.c after symbols and types stand. */
void memory_init(struct dump *dump, const struct arch_ops *arch,
		 const struct kernel_layout *layout);
const struct kernel_layout *memory_layout(void);
struct dump *memory_dump(void);
const struct arch_ops *memory_arch(void);
/* Is it the running kernel, whose memory changes while it is read? */
bool memory_is_live(void);
/* Live systems: mappings may have changed since the last command. */
void memory_forget_translations(void);
/* --zero_excluded: excluded pages, and what an incomplete dump lacks, read as zeroes. */
void memory_set_zero_excluded(bool zero);
bool memory_zero_excluded(void);

/*
 * READ copies LENGTH bytes, from IN_PAGE on, of the page in slot OFFSET of swap area TYPE. False
 * when it is not to be had; FAULT, which is set already and may be NULL, can get more. Must not
 * fail(). Until one is set such pages cannot be read.
 */
void memory_set_swap_reader(bool (*read)(unsigned type, u64 offset, u64 in_page, void *buf,
					 size_t length, struct fault *fault));

/* Where an address leads. */
struct space {
	enum address_space kind;
	u64 pgd; /* SPACE_USER: kernel address of the top page table */
};
#define KERNEL_SPACE ((struct space){ SPACE_KERNEL, 0 })
#define PHYSICAL_SPACE ((struct space){ SPACE_PHYSICAL, 0 })
#define USER_SPACE(pgd) ((struct space){ SPACE_USER, pgd })

/* Try form: false and why. A read that fails half-way leaves BUF undefined. FAULT may be NULL. */
bool mem_try_read(u64 kernel_address, void *buf, size_t length, struct fault *fault);
bool mem_try_read_in(struct space space, u64 address, void *buf, size_t length,
		     struct fault *fault);
bool mem_try_u64(u64 kernel_address, u64 *value, struct fault *fault);
bool mem_try_uint(u64 kernel_address, size_t width, u64 *value, struct fault *fault);

/* Failing form: "cannot read WHAT at ADDRESS: WHY". */
void mem_read(u64 kernel_address, void *buf, size_t length, const char *what);
void mem_read_in(struct space space, u64 address, void *buf, size_t length, const char *what);
u64 mem_u64(u64 kernel_address, const char *what);
u32 mem_u32(u64 kernel_address, const char *what);
/*
 * A NUL-terminated string of at most SPACE - 1 bytes; stops at the first unreadable byte after one
 * that was read. Returns its length.
 */
size_t mem_string(u64 kernel_address, char *buf, size_t space, const char *what);
bool mem_try_string(u64 kernel_address, char *buf, size_t space, struct fault *fault);

bool mem_kernel_to_phys(u64 kernel_address, u64 *paddr, struct fault *fault);
bool mem_to_phys_in(struct space space, u64 address, u64 *paddr, struct fault *fault);
bool mem_phys_to_kernel(u64 paddr, u64 *kernel_address); /* direct map; false past its end */
bool mem_is_kernel_address(u64 address);
/* swapper_pg_dir walk with all steps, for vtop. */
bool mem_walk_kernel(u64 address, struct translation *translation, struct fault *fault);
bool mem_walk_user(u64 pgd, u64 address, struct translation *translation, struct fault *fault);

/* Mapped memory in one piece: what one entry of a page table maps. */
struct mapped_range {
	u64 address, bytes;
	u64 paddr;
	u64 entry;
	u64 mapped_bytes; /* by the whole entry: a page, 2 MB, 1 GB */
};

/*
 * What SPACE's tables (kernel or user) say of ADDRESS. RANGE begins there and ends with what the
 * last entry that was looked at stands for, whether it maps something or not: false, and why.
 */
bool mem_look_up(struct space space, u64 address, struct mapped_range *range, struct fault *fault);

/*
 * The same of user memory, address by address: WALK, empty at first and for this PGD only,
 * keeps the way down to the last one. Where the next has the same, its entry alone is read.
 */
struct last_walk {
	u64 address;
	struct translation to;
};
bool mem_look_up_on(u64 pgd, u64 address, struct last_walk *walk, struct mapped_range *range,
		    struct fault *fault);

/*
 * The place in swap of the page at ADDRESS, of which FAULT says that ENTRY does not map it: an
 * entry of a pmd stands for all its pages. False: it was not swapped out.
 */
bool mem_swap_place(u64 address, u64 entry, const struct fault *fault, unsigned *type, u64 *offset);

/*
 * The first of SPACE's (kernel or user) that holds ADDRESS, or lies behind it and begins before
 * LAST has passed; false: there is none. Starts at ADDRESS if that lies inside. What tables that
 * cannot be read would map is passed over. An interrupt fail()s.
 */
bool mem_next_mapped(struct space space, u64 address, u64 last, struct mapped_range *range);

/*
 * Members of the kernel object at ADDRESS. Width, sign and bit-fields come from the
 * kernel's own types.
 */
u64 field_address(u64 object, struct kfield *field);
u64 field_u64(u64 object, struct kfield *field);
s64 field_s64(u64 object, struct kfield *field);
/* The member's first LENGTH bytes; a shorter member fills only what it has. */
void field_read(u64 object, struct kfield *field, void *buf, size_t length);
/* False when the bytes cannot be read; fail()s when this kernel has no such member. */
bool field_try_u64(u64 object, struct kfield *field, u64 *value, struct fault *fault);
void field_string(u64 object, struct kfield *field, char *buf, size_t space);
/* The value of a kernel variable of WIDTH bytes. */
u64 ksymbol_u64(struct ksymbol *symbol, size_t width);

#endif
