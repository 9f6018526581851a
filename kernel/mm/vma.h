/* kernel/mm/vma.h - user mappings of an address space. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VMA_H
#define VMA_H

#include "base/util.h"
#include "containers/kmaple.h"
#include "memory.h"

struct vma {
	u64 address; /* vm_area_struct */
	u64 start, end; /* END is exclusive */
	u64 flags; /* VM_* */
	u64 file; /* struct file; 0: anonymous */
	u64 page_offset; /* of START in the file, in pages */
};

/* By rising address. The tree (v6.1) or the list before it; damage ends the walk with a reason. */
struct vma_iter {
	struct kmaple_iter tree;
	bool is_list;
	u64 next; /* list: vm_area_struct; 0: no more */
	u64 last_end; /* a list that does not rise is damaged */
	bool stopped;
	char why[200];
};

void vma_begin(struct vma_iter *it, u64 mm);
bool vma_next(struct vma_iter *it, struct vma *vma);
const char *vma_why(struct vma_iter *it);

/* The mapping that covers ADDRESS; false when there is none, or the walk to it broke. */
bool vma_find(u64 mm, u64 address, struct vma *vma);
/* Path of the mapped file; appends nothing for anonymous memory. */
void vma_file_name(const struct vma *vma, struct strbuf *text);

/* Kernel address of the top page table of MM. */
u64 mm_pgd(u64 mm);
bool mm_try_pgd(u64 mm, u64 *pgd, struct fault *fault);

#endif
