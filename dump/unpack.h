/* dump/unpack.h - compressed files, and the kernel inside a bzImage, unpacked into a file without a name. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UNPACK_H
#define UNPACK_H

#include "dump/filemap.h"

/* No kernel with its debug information has half of it; what does not end there is no kernel. */
#define UNPACK_MOST_BYTES (4ULL << 30)

/* What FILE is packed as, by its first bytes: "gzip data", "a bzImage"; NULL: it is not packed. */
const char *unpack_kind(const struct file_map *file);
/* The first LENGTH bytes of what a packed FILE has inside; false: damaged, or shorter. */
bool unpack_start(const struct file_map *file, void *buf, size_t length);
/*
 * Replaces a packed FILE by what it has inside, as often as that is packed again; another file
 * stays as it is. False with *why when the data is damaged, more than MOST bytes come out, there is
 * no room for them, or Ctrl-C was pressed; FILE is then as it was.
 */
bool unpack_file(struct file_map *file, u64 most, struct strbuf *why);
/*
 * A path by which FILE can be opened again while it is open here: its own, or that of what
 * it has inside.
 */
const char *unpack_path(const struct file_map *file, char *buf, size_t space);

#endif
