/* dump/elfnote.h - the ELF notes of a dump: registers of its CPUs, vmcoreinfo. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ELFNOTE_H
#define ELFNOTE_H

#include "base/regs.h"
#include "base/util.h"
#include "dump/filemap.h"

struct dump;

/* Registers of one CPU as the dump's notes have them. */
struct cpu_note {
	u32 cpu; /* by order of the notes, unless the note names it */
	u32 pid; /* NT_PRSTATUS's pid; 0 for QEMU's notes */
	struct x86_regs regs;
	struct x86_segments segments; /* its bases: the CPU's, or its task's in user space */
	bool has_segments;
	bool has_control; /* a hypervisor wrote it: what is below is valid, orig_ax is not */
	u64 cr0, cr2, cr3, cr4, kernel_gs_base, idt_base, gdt_base;
};

/* ELF notes as they stand in the file. */
struct note_range {
	const struct file_map *file;
	u64 offset, size;
	u64 total; /* bytes of FILE's ranges up to this one */
};

/* What a driver left of its device (an NT_VMCOREDD note). */
struct device_dump {
	char name[45];
	u64 offset, bytes; /* of the data in the file */
};

/*
 * Reads the SIZE bytes of notes at OFFSET into DUMP: cpu_notes, and vmcoreinfo unless it
 * is set already. What is damaged is left out with a line in dump->remarks. May be called
 * for several ranges.
 */
void dump_add_notes(struct dump *dump, const struct file_map *file, u64 offset, u64 size);
/* Do the notes there have what only a process has, and nothing of a kernel's dump? */
bool notes_are_of_process(const struct file_map *file, u64 offset, u64 size);
/* Takes SIZE bytes at OFFSET as the vmcoreinfo text. */
void dump_set_vmcoreinfo(struct dump *dump, const struct file_map *file, u64 offset, u64 size);
/*
 * All notes of DUMP as bytes, for a new file; made from cpu_notes where the format has
 * no ELF notes.
 */
void dump_copy_notes(const struct dump *dump, struct strbuf *notes);
/* One line a note, with the registers: for dump_ops.describe. */
void dump_describe_notes(const struct dump *dump, struct strbuf *text);

#endif
