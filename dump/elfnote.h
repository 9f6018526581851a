/* dump/elfnote.h - the ELF notes of a dump: registers of its CPUs, vmcoreinfo. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ELFNOTE_H
#define ELFNOTE_H

#include "dump/dumpfile.h"
#include "base/util.h"

/*
 * Reads the SIZE bytes of notes at OFFSET into DUMP: cpu_notes, and vmcoreinfo unless it is set
 * already. What is damaged is left out with a line in dump->remarks. May be called for several ranges.
 */
void dump_add_notes(struct dump *dump, const struct file_map *file, u64 offset, u64 size);
/* Do the notes there have what only a process has, and nothing of a kernel's dump? */
bool notes_are_of_process(const struct file_map *file, u64 offset, u64 size);
/* Takes SIZE bytes at OFFSET as the vmcoreinfo text. */
void dump_set_vmcoreinfo(struct dump *dump, const struct file_map *file, u64 offset, u64 size);
/* All notes of DUMP as bytes, for a new file; made from cpu_notes where the format has no ELF notes. */
void dump_copy_notes(const struct dump *dump, struct strbuf *notes);
/* One line a note, with the registers: for dump_ops.describe. */
void dump_describe_notes(const struct dump *dump, struct strbuf *text);

#endif
