/* names/systemmap.h - a System.map: a kernel's symbols, for a vmlinux that has none, or for none at all. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SYSTEMMAP_H
#define SYSTEMMAP_H

#include "dump/vmcoreinfo.h"
#include "names/vmlinux.h"

/* Does the file's first line look like one: an address, a letter, a name? */
bool is_system_map(const char *path);
/*
 * The file as a vmlinux that has a symbol table and nothing else: no bytes of the image, no
 * build-id, no types. False with *why: it has no symbols of a kernel's image, or a line
 * that is none.
 */
bool system_map_open(struct vmlinux *map, const char *path, struct strbuf *why);
void system_map_close(struct vmlinux *map); /* symbols.h must not know its names any more */
/*
 * Are the symbols that INFO tells where MAP has them, all moved by one offset? False
 * with what differs.
 */
bool system_map_fits(const struct vmlinux *map, const struct vmcoreinfo *info, struct strbuf *why);

#endif
