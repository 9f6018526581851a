/* dump/filemap.h - mapped files, read in place however large they are. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FILEMAP_H
#define FILEMAP_H

#include "base/util.h"

struct flat_index;
struct file_window;
struct file_map;

/* How the pieces of a stream are found: flat_open() gives a map these. */
struct file_pieces {
	/*
	 * A piece in place; *length is cut to what follows OFFSET in one piece. NULL: OFFSET is in
	 * a hole of *length bytes.
	 */
	const u8 *(*piece)(const struct file_map *map, u64 offset, u64 *length);
	/* Is a byte of these in what the writer did not get to? All other holes read as zeroes. */
	bool (*is_missing)(const struct file_map *map, u64 offset, u64 length);
	void (*close)(struct flat_index *flat);
};

/*
 * A mapped file. A makedumpfile -F stream opened with flat_open() looks like the file that it would
 * be rearranged into: SIZE and all offsets are those of that file, and DATA is only the stream.
 */
struct file_map {
	const char *path; /* the caller's */
	const u8 *data; /* MAPPED_BYTES of the file as it is on disk */
	u64 size; /* bytes that the functions below can reach */
	int fd;
	bool nameless; /* DATA is not of PATH but of FD alone */
	u64 mapped_bytes;
	struct flat_index *flat; /* NULL: not a stream, DATA is what OFFSET counts in */
	const struct file_pieces *pieces; /* of FLAT */
	struct file_window *window; /* bounds how much of the mapping is resident */
};

/* False with *why: "No such file or directory", "a directory", "an empty file" ... */
bool file_map_open(struct file_map *map, const char *path, struct strbuf *why);
/*
 * The same for an open file, which is closed with it (and when this fails). PATH is for messages.
 */
bool file_map_take(struct file_map *map, int fd, const char *path, struct strbuf *why);
void file_map_close(struct file_map *map);
/* The LENGTH bytes at OFFSET, or NULL when the file is shorter, or a stream has them in pieces. */
const void *file_map_at(const struct file_map *map, u64 offset, u64 length);
/*
 * The same for bulk data, in place or copied to BUF. The pages may be dropped from memory (and come
 * back on the next touch), so that a walk over a large dump stays small. NULL (false) past the end,
 * and where a stream that was cut short has a hole.
 */
const void *file_map_view(const struct file_map *map, u64 offset, u64 length, void *buf);
bool file_map_read(const struct file_map *map, u64 offset, void *buf, u64 length);
/* The first offset at or above OFFSET that is not known to be in a hole of zeroes; size: none. */
u64 file_map_next_data(const struct file_map *map, u64 offset);

#endif
