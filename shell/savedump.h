/* shell/savedump.h - writes the pages that this session has read into a small compressed kdump. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SAVEDUMP_H
#define SAVEDUMP_H

#include "base/util.h"

struct saved {
	u64 nr_pages;
	u64 bytes; /* of the file */
};

/* Makes the file PATH, which must not exist. fail()s when that is not possible. */
void save_dump(const char *path, struct saved *saved);

#endif
