/*
 * savedump.c - writes the pages that this session has read into a small compressed kdump.
 *
 * The file has the dump's notes and vmcoreinfo, so that the same commands give the same answers from
 * it. Pages which the session wanted and the dump leaves out are marked as left out here, too.
 */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "savedump.h"

#include "elfnote.h"
#include "fail.h"
#include "kdumpwrite.h"
#include "kernel.h"
#include "memory.h"
#include "session.h"
#include "touched.h"

/* Strings of the header, which have room for as much as the kernel's. */
struct names {
	char text[6][65];
};

static void read_identity(void *arg)
{
	const struct kernel_identity *identity = kernel_identity();
	struct names *names = arg;

	memcpy(names->text[1], identity->nodename, sizeof(identity->nodename));
	memcpy(names->text[2], identity->release, sizeof(identity->release));
	memcpy(names->text[3], identity->version, sizeof(identity->version));
}

/* What the kernel says of itself, or else the dump's header does. */
static void find_names(struct names *names)
{
	*names = (struct names){ .text = { "Linux", "", "", "", "x86_64", "" } };
	if (protect(read_identity, names, NULL))
		return;
	memcpy(names->text[1], session.dump->utsname_nodename, 65);
	memcpy(names->text[2], session.dump->utsname_release, 65);
	memcpy(names->text[3], session.dump->utsname_version, 65);
}

static void read_cpus_and_time(void *arg)
{
	struct kdump_contents *contents = arg;

	contents->nr_cpus = kernel_nr_cpus();
	contents->time = kernel_wall_seconds();
}

static u64 count_touched(const struct touched *touched)
{
	u64 count = 0;

	for (u64 pfn = 0; touched_next(touched, pfn, &pfn); pfn++)
		count++;
	return count;
}

/* Returns how many pages were written. */
static u64 write_pages(struct kdump_writer *writer)
{
	struct dump *dump = session.dump;
	u64 nr_pages = 0;

	for (u64 pfn = 0; touched_next(dump->touched, pfn, &pfn); pfn++) {
		u8 page[PAGE_BYTES];
		struct fault fault = { 0 };

		if (dump_try_read(dump, pfn << PAGE_SHIFT, page, sizeof(page), &fault))
			nr_pages += kdump_writer_page(writer, pfn, page);
		else if (fault.reason == FAULT_EXCLUDED)
			kdump_writer_excluded(writer, pfn);
		if (interrupt_pending())
			break;
	}
	return nr_pages;
}

void save_dump(const char *path, struct saved *saved)
{
	struct dump *dump = session.dump;
	const struct vmcoreinfo *info = &session.vmcoreinfo;
	struct strbuf why = { 0 }, notes = { 0 };
	struct kdump_contents contents = {
		.compression = COMPRESSION_ZLIB,
		.max_pfn = dump->max_pfn,
		.phys_base = memory_layout() ? memory_layout()->phys_base : dump->header_phys_base,
		.dump_level = 31,
		.nr_cpus = dump->nr_cpu_notes,
		.vmcoreinfo = info->text,
		.vmcoreinfo_bytes = info->length,
	};
	struct kdump_writer *writer;
	struct names names;
	bool written;

	if (!dump->touched)
		fail("there was no memory to record which pages this session reads");
	find_names(&names);
	protect(read_cpus_and_time, &contents, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(contents.utsname); i++)
		contents.utsname[i] = names.text[i];
	contents.max_pages = count_touched(dump->touched);
	dump_copy_notes(dump, &notes);
	contents.notes = notes.text;
	contents.notes_bytes = notes.length;
	writer = kdump_writer_create(path, &contents, &why);
	strbuf_free(&notes);
	if (!writer)
		fail("%s: %s", path, strbuf_text(&why));
	saved->nr_pages = write_pages(writer);
	written = kdump_writer_finish(writer, &saved->bytes, &why);
	if (!written)
		fail("%s: %s", path, strbuf_text(&why));
	interrupt_check();
}
