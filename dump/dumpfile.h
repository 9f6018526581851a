/* dump/dumpfile.h - opens a dump of any format and reads physical memory from it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DUMPFILE_H
#define DUMPFILE_H

#include "dump/format.h"

/*
 * Opens the dump in PATHS (several: one split dump). NULL with *why ("is a directory",
 * "compressed kdump, header version 6, cut short: ...") when nothing can read it.
 */
struct dump *dump_open(const char *const *paths, size_t nr_paths, struct strbuf *why);
/* The running kernel: /proc/kcore, or /dev/mem where that is missing. NULL with *why. */
struct dump *dump_open_live(struct strbuf *why);
void dump_close(struct dump *dump);
/* What of a live kernel may have changed is looked at again; a dump stays as it is. */
void dump_refresh(struct dump *dump);
/* --no_elf_notes: as if the dump had no notes with registers. */
void dump_leave_out_registers(struct dump *dump);
/* Gives the memory of decompressed pages back; how many there were. */
u64 dump_free_pages(struct dump *dump);
/* Writes into a live kernel's memory, inside one page. False with *why; always so for a dump. */
bool dump_write(struct dump *dump, u64 paddr, const void *buf, size_t length, struct strbuf *why);

/* Any range; partial pages and page crossings allowed. fault->address is physical. */
bool dump_try_read(struct dump *dump, u64 paddr, void *buf, size_t length, struct fault *fault);
/* The bytes of the file itself, as they would be without a makedumpfile -F stream around them. */
bool dump_try_read_file(struct dump *dump, u64 offset, void *buf, size_t length,
			struct fault *fault);
bool dump_next_present(struct dump *dump, u64 pfn, u64 *found_pfn);

#endif
