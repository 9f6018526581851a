/* dump/flattened.h - a makedumpfile -F stream read in place, as the file that it describes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FLATTENED_H
#define FLATTENED_H

#include "base/util.h"
#include "dump/filemap.h"

bool flat_probe(const struct file_map *map);
/*
 * Reads the stream's record headers and turns MAP into a view of the rearranged file. False with
 * *why.
 */
bool flat_open(struct file_map *map, struct strbuf *why);
/* The stream has no end mark, or ends in a record that makes no sense. */
bool flat_is_cut_short(const struct flat_index *flat);
/* Is a byte of the LENGTH bytes at OFFSET in a hole, or past the end? */
bool flat_has_hole(const struct file_map *map, u64 offset, u64 length);

#endif
