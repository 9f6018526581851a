/* kernel/mm/vma.c - struct mm_struct and vm_area_struct. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/mm/vma.h"

#include "base/fail.h"
#include "kernel/fs/vfs.h"
#include "memory.h"
#include "task.h"

#include <stdio.h>

KFIELD(mm_tree, "mm_struct.mm_mt"); /* v6.1: a maple tree instead of list and rbtree */
KFIELD(mm_list, "mm_struct.mmap");
KFIELD(mm_pgd_field, "mm_struct.pgd");
KFIELD(vma_vm_start, "vm_area_struct.vm_start");
KFIELD(vma_vm_end, "vm_area_struct.vm_end");
KFIELD(vma_vm_flags, "vm_area_struct.vm_flags");
KFIELD(vma_vm_file, "vm_area_struct.vm_file");
KFIELD(vma_vm_pgoff, "vm_area_struct.vm_pgoff");
KFIELD(vma_vm_next, "vm_area_struct.vm_next");

void vma_begin(struct vma_iter *it, u64 mm)
{
	struct fault fault;

	memset(it, 0, sizeof(*it));
	it->is_list = !kfield_exists(&mm_tree);
	if (!it->is_list) {
		kmaple_begin(&it->tree, field_address(mm, &mm_tree));
		return;
	}
	if (!field_try_u64(mm, &mm_list, &it->next, &fault)) {
		it->stopped = true;
		snprintf(it->why, sizeof(it->why), "cannot read mm_struct.mmap: %s",
			 fault_text(&fault));
	}
}

static bool read_vma(u64 address, struct vma *vma, struct fault *fault)
{
	*vma = (struct vma){ .address = address };
	return field_try_u64(address, &vma_vm_start, &vma->start, fault) &&
	       field_try_u64(address, &vma_vm_end, &vma->end, fault) &&
	       field_try_u64(address, &vma_vm_flags, &vma->flags, fault) &&
	       field_try_u64(address, &vma_vm_file, &vma->file, fault) &&
	       field_try_u64(address, &vma_vm_pgoff, &vma->page_offset, fault);
}

static bool stop(struct vma_iter *it, const char *what, u64 address)
{
	it->stopped = true;
	snprintf(it->why, sizeof(it->why), "broken at vm_area_struct %016llx: %s", address, what);
	return false;
}

bool vma_next(struct vma_iter *it, struct vma *vma)
{
	struct fault fault;
	u64 address, first, last;

	if (it->stopped)
		return false;
	if (!it->is_list) {
		if (!kmaple_next(&it->tree, &first, &last, &address)) {
			if (it->tree.stopped) {
				it->stopped = true;
				snprintf(it->why, sizeof(it->why), "%s", kmaple_why(&it->tree));
			}
			return false;
		}
		return read_vma(address, vma, &fault) || stop(it, fault_text(&fault), address);
	}
	address = it->next;
	if (!address)
		return false;
	if (interrupt_pending())
		return stop(it, "interrupted", address);
	if (!read_vma(address, vma, &fault) ||
	    !field_try_u64(address, &vma_vm_next, &it->next, &fault))
		return stop(it, fault_text(&fault), address);
	/*
	 * Addresses rise along the list: one that does not is the way back of a loop,
	 * or no mapping.
	 */
	if (vma->start < it->last_end || vma->end <= vma->start)
		return stop(it, "its addresses are out of order", address);
	it->last_end = vma->end;
	return true;
}

const char *vma_why(struct vma_iter *it)
{
	return it->stopped ? it->why : "ended properly";
}

bool vma_find(u64 mm, u64 address, struct vma *vma)
{
	struct vma_iter it;

	if (kfield_exists(&mm_tree)) {
		u64 entry;

		return kmaple_load(field_address(mm, &mm_tree), address, &entry, NULL) && entry &&
		       read_vma(entry, vma, NULL);
	}
	vma_begin(&it, mm);
	while (vma_next(&it, vma))
		if (address < vma->end)
			return address >= vma->start;
	return false;
}

void vma_file_name(const struct vma *vma, struct strbuf *text)
{
	if (vma->file && !vfs_file_path(vma->file, text))
		strbuf_puts(text, "(unreadable name)");
}

u64 mm_pgd(u64 mm)
{
	return field_u64(mm, &mm_pgd_field);
}

bool mm_try_pgd(u64 mm, u64 *pgd, struct fault *fault)
{
	return field_try_u64(mm, &mm_pgd_field, pgd, fault);
}
