/* dump/dumpfile.c - opens a dump of any format and reads physical memory from it; mapped files. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The formats know their files; this file maps them, asks each format whether a file is its own, and
 * cuts reads at page borders.
 */
#include "dump/dumpfile.h"

#include "base/debug.h"
#include "dump/flattened.h"
#include "dump/live.h"
#include "dump/pagecache.h"
#include "dump/rawmem.h"
#include "dump/touched.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the order in which they are asked; no two of them claim the same file. */
static const struct dump_ops *const formats[] = { &diskdump_ops, &netdump_ops, &lkcd_ops,
						  &vmware_ops };

/*
 * The system maps 64 KB around each touched byte of a file. After so many different windows of that
 * size all of them are given back: what was mapped comes back on the next touch, and a session stays
 * small (128 MB of the file: with all else less than the 200 MB that tests/format allows).
 */
enum { WINDOW_SHIFT = 16, MAX_WINDOWS = 2048, WINDOW_SLOTS = 4096 };

struct file_window {
	atomic_ulong last;
	atomic_uint nr_touched;
	/* The window's number + 1 by its low bits: what is in here is counted already. */
	atomic_uint slots[WINDOW_SLOTS];
};

static bool map_whole_file(struct file_map *map, struct strbuf *why)
{
	struct stat status;
	void *data;

	if (fstat(map->fd, &status) != 0) {
		strbuf_puts(why, strerror(errno));
		return false;
	}
	if (S_ISDIR(status.st_mode)) {
		strbuf_puts(why, "is a directory");
		return false;
	}
	if (!S_ISREG(status.st_mode)) {
		strbuf_puts(why, "is not a regular file");
		return false;
	}
	if (status.st_size <= 0) {
		strbuf_puts(why, "is an empty file");
		return false;
	}
	data = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, map->fd, 0);
	if (data == MAP_FAILED) {
		strbuf_printf(why, "cannot be mapped: %s", strerror(errno));
		return false;
	}
	map->data = data;
	map->size = map->mapped_bytes = status.st_size;
	return true;
}

bool file_map_open(struct file_map *map, const char *path, struct strbuf *why)
{
	/* O_NONBLOCK: opening a FIFO without a writer would wait for one. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		strbuf_puts(why, strerror(errno));
		if (debug_on(DEBUG_FILES))
			debug_say("file %s: %s", path, strerror(errno));
		*map = (struct file_map){ .path = path, .fd = -1 };
		return false;
	}
	if (!file_map_take(map, fd, path, why))
		return false;
	if (debug_on(DEBUG_FILES))
		debug_say("file %s: %llu bytes", path, map->size);
	map->nameless = false;
	return true;
}

bool file_map_take(struct file_map *map, int fd, const char *path, struct strbuf *why)
{
	*map = (struct file_map){ .path = path, .fd = fd, .nameless = true };
	if (!map_whole_file(map, why)) {
		close(map->fd);
		*map = (struct file_map){ .path = path, .fd = -1 };
		return false;
	}
	map->window = xcalloc(1, sizeof(*map->window));
	return true;
}

void file_map_close(struct file_map *map)
{
	if (!map->data)
		return;
	flat_close(map->flat);
	munmap((void *)map->data, map->mapped_bytes);
	close(map->fd);
	free(map->window);
	*map = (struct file_map){ .path = map->path, .fd = -1 };
}

const void *file_map_at(const struct file_map *map, u64 offset, u64 length)
{
	const u8 *piece;
	u64 piece_length = length;

	if (!range_fits(offset, length, map->size))
		return NULL;
	if (!map->flat)
		return map->data + offset;
	piece = flat_piece(map, offset, &piece_length);
	return piece_length == length ? piece : NULL;
}

static void count_window(const struct file_map *map, const u8 *data)
{
	struct file_window *window = map->window;
	unsigned long number = (unsigned long)(data - map->data) >> WINDOW_SHIFT;
	atomic_uint *slot;

	/* No mapping, but bytes in memory. */
	if (!map->window)
		return;
	/* Racing threads miscount a little; the bound is not an exact one. */
	if (atomic_load_explicit(&window->last, memory_order_relaxed) == number)
		return;
	atomic_store_explicit(&window->last, number, memory_order_relaxed);
	slot = &window->slots[number % WINDOW_SLOTS];
	if (atomic_load_explicit(slot, memory_order_relaxed) == number + 1)
		return;
	atomic_store_explicit(slot, number + 1, memory_order_relaxed);
	if (atomic_fetch_add_explicit(&window->nr_touched, 1, memory_order_relaxed) < MAX_WINDOWS)
		return;
	for (size_t i = 0; i < WINDOW_SLOTS; i++)
		atomic_store_explicit(&window->slots[i], 0, memory_order_relaxed);
	atomic_store_explicit(&window->nr_touched, 0, memory_order_relaxed);
	madvise((void *)map->data, map->mapped_bytes, MADV_DONTNEED);
}

bool file_map_read(const struct file_map *map, u64 offset, void *buf, u64 length)
{
	u8 *to = buf;

	if (!range_fits(offset, length, map->size))
		return false;
	/* What the writer did not get to is missing; it does not read as zeroes. */
	if (map->flat && flat_is_cut_short(map->flat) && flat_has_hole(map, offset, length))
		return false;
	while (length > 0) {
		u64 piece_length = length;
		const u8 *piece = map->flat ? flat_piece(map, offset, &piece_length)
					    : map->data + offset;

		if (piece) {
			count_window(map, piece);
			memcpy(to, piece, piece_length);
		} else {
			memset(to, 0, piece_length);
		}
		to += piece_length;
		offset += piece_length;
		length -= piece_length;
	}
	return true;
}

const void *file_map_view(const struct file_map *map, u64 offset, u64 length, void *buf)
{
	const u8 *data = file_map_at(map, offset, length);

	if (data) {
		count_window(map, data);
		return data;
	}
	return file_map_read(map, offset, buf, length) ? buf : NULL;
}

u64 file_map_next_data(const struct file_map *map, u64 offset)
{
	off_t data;

	if (offset >= map->size)
		return map->size;
	if (map->flat) {
		u64 hole_length = map->size - offset;

		return flat_piece(map, offset, &hole_length) ? offset : offset + hole_length;
	}
	data = lseek(map->fd, offset, SEEK_DATA);
	if (data >= 0)
		return min_u64(data, map->size);
	return errno == ENXIO ? map->size : offset;
}

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
	return fault_set(fault, FAULT_PAST_END, SPACE_PHYSICAL, offset);
}

bool dump_next_present(struct dump *dump, u64 pfn, u64 *found_pfn)
{
	return dump->ops->next_present(dump, pfn, found_pfn);
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
