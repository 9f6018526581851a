/* kernel/mm/kfence.h - objects that the kernel's sampling memory guard gave instead of a slab. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KFENCE_H
#define KFENCE_H

#include "base/util.h"

struct kfence_place {
	bool guard; /* between objects: nothing is there */
	const char *state; /* "allocated"; NULL: no state that this kernel has a name for */
	u64 object, bytes; /* the last one that was here; BYTES 0: there was none yet */
	u64 cache; /* kmem_cache that it was asked of; 0: none */
	u64 metadata; /* kfence_metadata */
	s64 allocated_by, freed_by; /* pids; 0: unknown */
	const char *problem; /* what the metadata say that makes no sense; NULL: nothing */
};

/* Looks up names; threads may ask kfence_has() afterwards. */
void kfence_prepare(void);
/* Does the page at this direct-map ADDRESS hold an object of the guard's, or did it once? */
bool kfence_has(u64 address);
/* What is at ADDRESS; false: it is not the guard's. May fail(). */
bool kfence_find(u64 address, struct kfence_place *place);

#endif
