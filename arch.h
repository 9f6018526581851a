/* arch.h - L3: what a processor architecture tells the rest: translation and layout. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ARCH_H
#define ARCH_H

#include "base/fault.h"
#include "base/util.h"
#include "dump/dumpfile.h"
#include "dump/vmcoreinfo.h"
#include "symbols.h"

/* One level of a page-table walk, for vtop. */
struct walk_step {
	const char *table; /* "PGD", "P4D", "PUD", "PMD", "PTE" */
	u64 entry_address; /* physical */
	u64 entry;
};

struct translation {
	u64 paddr;
	u64 page_bytes; /* 4K, 2M or 1G */
	u64 entry; /* the leaf entry */
	size_t nr_steps;
	struct walk_step steps[5];
};

struct kernel_layout {
	u64 page_offset; /* direct map */
	u64 direct_map_end;
	u64 vmalloc_start, vmalloc_end;
	u64 vmemmap_start, vmemmap_end;
	u64 modules_start, modules_end;
	u64 kernel_map_start; /* __START_KERNEL_map */
	u64 kernel_image_bytes; /* size of the window above it */
	u64 phys_base;
	u64 kaslr_offset;
	bool image_found; /* the two above are known */
	unsigned levels; /* 4 or 5 */
	u64 task_size; /* first address that is not user space */
	u64 top_table; /* swapper_pg_dir: kernel virtual address of the top page table */
};

/* What the user knows of a kernel that does not tell (--kaslr, --machdep). */
struct layout_wishes {
	bool has_phys_base, has_page_offset, has_kaslr_offset;
	u64 phys_base, page_offset, kaslr_offset;
	u64 kernel_image_bytes; /* 0: not known */
	unsigned levels; /* of page tables; 0: not known */
};

struct arch_ops {
	const char *machine; /* "x86_64" */
	/* Before all others; copied. */
	void (*wish)(const struct layout_wishes *wishes);
	/*
	 * Before symbols: from vmcoreinfo, notes and memory; fills layout.kaslr_offset, phys_base.
	 */
	bool (*find_kaslr)(struct dump *dump, const struct vmlinux *vmlinux,
			   const struct vmcoreinfo *info, struct kernel_layout *layout,
			   struct strbuf *why);
	/* After symbols: paging levels, region bases from the kernel's own variables. */
	bool (*find_layout)(struct dump *dump, const struct vmcoreinfo *info,
			    struct kernel_layout *layout, struct strbuf *why);
	/*
	 * Instead of it, when it failed or without symbols: no region is known but the image,
	 * if find_kaslr() found it; what is outside goes through the page tables, as far as
	 * those are there.
	 */
	void (*find_bare_layout)(struct dump *dump, const struct vmcoreinfo *info,
				 struct kernel_layout *layout);
	/*
	 * Kernel address to physical; shortcuts for direct map and kernel image, else page tables.
	 */
	bool (*kernel_to_phys)(u64 address, u64 *paddr, u64 *run_bytes, struct fault *fault);
	/*
	 * Walks the tables below PGD (kernel virtual address of the top table), noting each step.
	 */
	bool (*walk)(u64 pgd, u64 address, struct translation *translation, struct fault *fault);
	/*
	 * TRANSLATION is of a walk that got to a last table, which has ADDRESS as well: only
	 * that entry is read.
	 */
	bool (*walk_on)(u64 address, struct translation *translation, struct fault *fault);
	bool (*is_kernel_address)(u64 address);
	/* Physical address of the page that an entry maps, or would map if it were present. */
	u64 (*pte_frame)(u64 entry);
	/*
	 * A user page-table entry that is not present as a place in swap; false when it is
	 * no such entry.
	 */
	bool (*swap_entry)(u64 entry, unsigned *type, u64 *offset);
	/* "PRESENT|RW|ACCESSED|DIRTY|NX" */
	void (*describe_pte)(u64 entry, char *text, size_t space);
};

extern const struct arch_ops x86_64_ops;

#endif
