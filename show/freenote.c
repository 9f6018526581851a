/* show/freenote.c - says when what a user looks at was freed: a slab object that nobody has. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/freenote.h"

#include "base/fail.h"
#include "kernel/mm/slabfree.h"
#include "kernel/mm/slabuse.h"
#include "memory.h"

/* Whatever may be missing for it is missed here: who asked for something else is not told. */
static void try_first(UNUSED void *arg)
{
	size_t count;
	const struct slab_cache *caches = slab_caches(&count);
	struct slab_use use;

	if (!count)
		fail("no slab caches");
	slab_held_read(caches, &use);
}

void free_note_look(struct free_note *note, u64 address)
{
	const struct slab_cache *cache;

	if (note->unavailable || !mem_is_kernel_address(address))
		return;
	if (!note->known) {
		struct failure failure;

		note->unavailable = memory_is_live() || !protect_row(try_first, NULL, &failure);
		if (note->unavailable)
			return;
		note->known = slab_free_begin();
	}
	if (slab_free_has(note->known, address, &cache) && !note->count++)
		warn("%llx lies in a free object of the slab cache %s", address, cache->name);
}

void free_note_end(const struct free_note *note)
{
	if (note->count > 1)
		warn("%llu of them lie in free slab objects", note->count);
}
