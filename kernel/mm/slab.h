/* kernel/mm/slab.h - which slab cache an address belongs to. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SLAB_H
#define SLAB_H

#include "base/util.h"

/* The name of the cache whose slab holds ADDRESS; false when it is in none, or cannot be read. */
bool slab_cache_of(u64 address, char *name, size_t space);

/* Live systems: caches may have come or gone. */
void slab_forget(void);

#endif
