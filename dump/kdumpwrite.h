/* dump/kdumpwrite.h - writes a compressed kdump file, header version 6, page by page. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KDUMPWRITE_H
#define KDUMPWRITE_H

#include "base/util.h"
#include "dump/decompress.h"

struct kdump_writer;

/* What stands in the headers. Nothing is kept after kdump_writer_create(). */
struct kdump_contents {
	enum page_compression compression; /* COMPRESSION_NONE: pages as they are */
	u64 max_pfn; /* one past the machine's highest page frame */
	u64 max_pages; /* at least as many as are going to be written */
	u64 phys_base;
	u32 dump_level; /* above 0: pages are missing on purpose */
	u32 nr_cpus;
	u64 time; /* seconds since 1970; 0: not known */
	const char *utsname[6]; /* sysname nodename release version machine domainname; or NULL */
	const void *vmcoreinfo;
	size_t vmcoreinfo_bytes;
	const void *notes; /* ELF notes, one after the other */
	size_t notes_bytes;
};

/* Makes the file PATH, which must not exist yet. NULL with *why. */
struct kdump_writer *kdump_writer_create(const char *path, const struct kdump_contents *contents,
					 struct strbuf *why);
/*
 * Adds a frame; in ascending order, at most max_pages of them. Errors of the file are kept for
 * kdump_writer_finish(). False: not in order, too high or too many.
 */
bool kdump_writer_page(struct kdump_writer *writer, u64 pfn, const void *page);
/* The machine has this frame, but its page is not in the file. In the same order as the pages. */
bool kdump_writer_excluded(struct kdump_writer *writer, u64 pfn);
/*
 * Completes the file and frees WRITER. False with *why when anything could not be written: then
 * there is no file. *BYTES (may be NULL): its size.
 */
bool kdump_writer_finish(struct kdump_writer *writer, u64 *bytes, struct strbuf *why);

#endif
