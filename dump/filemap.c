/* dump/filemap.c - mapped files, read in place however large they are. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dump/filemap.h"

#include "base/debug.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The system maps 64 KB around each touched byte of a file. After so many different windows of that
 * size all of them are given back: what was mapped comes back on the next touch, and a session
 * stays small (128 MB of the file: with all else less than the 200 MB that tests/format allows).
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
	if (map->pieces)
		map->pieces->close(map->flat);
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
	if (!map->pieces)
		return map->data + offset;
	piece = map->pieces->piece(map, offset, &piece_length);
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
	if (map->pieces && map->pieces->is_missing(map, offset, length))
		return false;
	while (length > 0) {
		u64 piece_length = length;
		const u8 *piece = map->pieces ? map->pieces->piece(map, offset, &piece_length)
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
	if (map->pieces) {
		u64 hole_length = map->size - offset;

		return map->pieces->piece(map, offset, &hole_length) ? offset
								     : offset + hole_length;
	}
	data = lseek(map->fd, offset, SEEK_DATA);
	if (data >= 0)
		return min_u64(data, map->size);
	return errno == ENXIO ? map->size : offset;
}
