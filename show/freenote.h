/* show/freenote.h - says when what a user looks at was freed: a slab object that nobody has. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FREENOTE_H
#define FREENOTE_H

#include "base/util.h"

/* All zero at first. */
struct free_note {
	struct slab_free *known;
	bool unavailable; /* slab caches cannot be read here, or change while we look */
	u64 count;
};

/*
 * Warns of the first ADDRESS that lies in a free object, counts further ones. For dumps: a live
 * kernel goes on. Not in a row: what was read belongs to the innermost scope.
 */
void free_note_look(struct free_note *note, u64 address);
/* Warns of how many there were, if more than one. */
void free_note_end(const struct free_note *note);

#endif
