/* dump/dumpfile.c - opens a dump of any format and reads physical memory from it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The formats know their files; this file opens them, asks each format whether a file is its own,
 * and cuts reads at page borders.
 */
#include "dump/dumpfile.h"

#include "base/debug.h"
#include "dump/filekind.h"
#include "dump/filemap.h"
#include "dump/flattened.h"
#include "dump/live.h"
#include "dump/pagecache.h"
#include "dump/rawmem.h"
#include "dump/touched.h"

#include <stdlib.h>

/* In the order in which they are asked; no two of them claim the same file. */
static const struct dump_ops *const formats[] = { &diskdump_ops, &netdump_ops, &lkcd_ops,
						  &vmware_ops };

/* Asks the formats whether FILE is theirs; all files of a dump must have the same. */
static bool open_one_file(struct dump *dump, struct file_map *file, struct strbuf *why)
{
	enum probe_result result = PROBE_NO;

	if (flat_probe(file) && !flat_open(file, why))
		return false;
	if (file->flat && flat_is_cut_short(file->flat)) {
		dump->incomplete = true;
		strbuf_puts(&dump->remarks,
			    "cut short: the flattened stream ends without its end mark\n");
	}
	for (size_t i = 0; i < ARRAY_SIZE(formats) && result == PROBE_NO; i++) {
		result = formats[i]->probe(file, why);
		if (result != PROBE_YES)
			continue;
		if (dump->ops && dump->ops != formats[i]) {
			strbuf_printf(why, "is of another format (%s) than the file before it",
				      formats[i]->name);
			return false;
		}
		dump->ops = formats[i];
	}
	if (result == PROBE_NO) {
		strbuf_puts(why, "not a dump file: it is ");
		file_describe(file, why);
	}
	return result == PROBE_YES;
}

static bool open_files(struct dump *dump, const char *const *paths, size_t nr_paths,
		       struct strbuf *why)
{
	struct strbuf reason = { 0 };
	bool opened = true;

	dump->files = xcalloc(nr_paths, sizeof(*dump->files));
	for (size_t i = 0; i < nr_paths && opened; i++) {
		opened = file_map_open(&dump->files[i], paths[i], &reason);
		dump->nr_files += opened;
		opened = opened && open_one_file(dump, &dump->files[i], &reason);
		/* With several files the message says which one it is about. */
		if (!opened && nr_paths > 1)
			strbuf_printf(why, "%s: ", paths[i]);
	}
	if (!opened)
		strbuf_puts(why, strbuf_text(&reason));
	strbuf_free(&reason);
	return opened;
}

static void dump_free(struct dump *dump)
{
	touched_destroy(dump->touched);
	free(dump->note_ranges);
	free(dump->device_dumps);
	for (size_t i = 0; i < dump->nr_files; i++)
		file_map_close(&dump->files[i]);
	page_cache_destroy(dump->cache);
	strbuf_free(&dump->remarks);
	free((char *)dump->vmcoreinfo);
	free(dump->cpu_notes);
	free(dump->files);
	free(dump);
}

static void touch(struct dump *dump, u64 paddr)
{
	if (!dump->touch_nothing)
		touched_set(dump->touched, paddr >> PAGE_SHIFT);
}

static struct dump *open_live(const char *path, struct strbuf *why)
{
	struct dump *dump = xcalloc(1, sizeof(*dump));

	dump->path = path;
	dump->dump_level = -1;
	dump->live = true;
	dump->ops = &live_ops;
	if (live_ops.open(dump, why)) {
		dump->touched = touched_create(dump->max_pfn);
		return dump;
	}
	live_ops.close(dump);
	dump_free(dump);
	return NULL;
}

struct dump *dump_open_live(struct strbuf *why)
{
	struct strbuf why_mem = { 0 };
	struct dump *dump = open_live(live_files.kcore, why);

	if (!dump)
		dump = open_live(live_files.mem, &why_mem);
	/* Both are said: which of them could be made to work is the user's choice. */
	if (!dump)
		strbuf_printf(why, "; %s: %s", live_files.mem, strbuf_text(&why_mem));
	strbuf_free(&why_mem);
	return dump;
}

struct dump *dump_open(const char *const *paths, size_t nr_paths, struct strbuf *why)
{
	struct dump *dump;
	bool opened;

	if (nr_paths == 1 && live_is_path(paths[0]))
		return open_live(paths[0], why);
	dump = xcalloc(1, sizeof(*dump));
	dump->path = paths[0];
	dump->dump_level = -1;
	if (nr_paths == 1 && rawmem_is_argument(paths[0]))
		opened = rawmem_open(dump, paths[0], why);
	else
		opened = open_files(dump, paths, nr_paths, why) && dump->ops->open(dump, why);
	if (opened) {
		dump->touched = touched_create(dump->max_pfn);
		return dump;
	}
	if (dump->state)
		dump->ops->close(dump);
	dump_free(dump);
	return NULL;
}

void dump_close(struct dump *dump)
{
	if (!dump)
		return;
	dump->ops->close(dump);
	dump_free(dump);
}

static void tell_read(u64 paddr, size_t length, bool worked)
{
	if (debug_on(DEBUG_READS))
		debug_say("read %zu bytes at physical address %llx%s", length, paddr,
			  worked ? "" : ": failed");
}

bool dump_try_read(struct dump *dump, u64 paddr, void *buf, size_t length, struct fault *fault)
{
	u8 *to = buf;
	struct fault reason = { 0 };

	if (!range_fits(paddr, length, ~0ULL))
		return fault_set(fault, FAULT_BAD_ADDRESS, SPACE_PHYSICAL, paddr);
	while (length > 0) {
		size_t piece = min_u64(length, PAGE_BYTES - (paddr & (PAGE_BYTES - 1)));

		if (!dump->ops->read_page(dump, paddr, to, piece, &reason)) {
			if (reason.reason == FAULT_EXCLUDED)
				touch(dump, paddr);
			tell_read(paddr, piece, false);
			if (fault)
				*fault = reason;
			return false;
		}
		touch(dump, paddr);
		tell_read(paddr, piece, true);
		to += piece;
		paddr += piece;
		length -= piece;
	}
	return true;
}

bool dump_try_read_file(struct dump *dump, u64 offset, void *buf, size_t length,
			struct fault *fault)
{
	if (dump->nr_files && file_map_read(&dump->files[0], offset, buf, length))
		return true;
	return fault_set(fault, FAULT_PAST_END, SPACE_FILE, offset);
}

bool dump_next_present(struct dump *dump, u64 pfn, u64 *found_pfn)
{
	return dump->ops->next_present(dump, pfn, found_pfn);
}

void dump_leave_out_registers(struct dump *dump)
{
	dump->nr_cpu_notes = dump->nr_qemu_notes = 0;
	dump->registers_left_out = true;
}

u64 dump_free_pages(struct dump *dump)
{
	return dump->cache ? page_cache_empty(dump->cache) : 0;
}

void dump_refresh(struct dump *dump)
{
	if (dump->ops->refresh)
		dump->ops->refresh(dump);
}

bool dump_write(struct dump *dump, u64 paddr, const void *buf, size_t length, struct strbuf *why)
{
	if (!dump->ops->write) {
		strbuf_puts(why,
			    "a dump is a record of the past: only a live system's memory can be "
			    "written to");
		return false;
	}
	if (!range_fits(paddr % PAGE_BYTES, length, PAGE_BYTES)) {
		strbuf_puts(why, "the value would cross a page");
		return false;
	}
	return dump->ops->write(dump, paddr, buf, length, why);
}
