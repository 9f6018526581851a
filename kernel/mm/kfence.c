/* kernel/mm/kfence.c - the pool of KFENCE, and struct kfence_metadata. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pool begins with two pages that nobody may touch; then each object has a page, and a page
 * that nobody may touch behind it. Pages of objects look like slabs of the cache that was asked,
 * but have no freelist. How many there are is nowhere in memory: the metadata of an object say
 * where it lies, and that has to be its page.
 */
#include "kernel/mm/kfence.h"

#include "base/fail.h"
#include "memory.h"

KSYMBOL(pool, "__kfence_pool"); /* v5.12 */
KSYMBOL(metadata, "kfence_metadata");
KTYPE(metadata_type, "struct kfence_metadata");
KFIELD(metadata_state, "kfence_metadata.state");
KFIELD(metadata_addr, "kfence_metadata.addr");
KFIELD(metadata_size, "kfence_metadata.size");
KFIELD(metadata_cache, "kfence_metadata.cache");
KFIELD(alloc_pid, "kfence_metadata.alloc_track.pid");
KFIELD(free_pid, "kfence_metadata.free_track.pid");
KENUM(state_unused, "KFENCE_OBJECT_UNUSED");
KENUM(state_allocated, "KFENCE_OBJECT_ALLOCATED");
KENUM(state_freeing, "KFENCE_OBJECT_RCU_FREEING"); /* v6.12 */
KENUM(state_freed, "KFENCE_OBJECT_FREED");

#define MAX_OBJECTS 65535

static struct {
	u64 start; /* 0: there is none */
	u64 metadata, stride, addr_at;
} guard;

static bool is_at(u64 object, u64 number)
{
	u64 addr;

	return mem_try_u64(object + guard.addr_at, &addr, NULL) &&
	       (addr - guard.start) >> PAGE_SHIFT == (number + 1) * 2;
}

/* An array until v6.5, then a pointer to one: the first object tells which. */
static bool find_metadata(void)
{
	u64 at = ksymbol_address(&metadata), pointer;

	if (mem_try_u64(at, &pointer, NULL) && mem_is_kernel_address(pointer) && is_at(pointer, 0))
		guard.metadata = pointer;
	else
		guard.metadata = at;
	return is_at(guard.metadata, 0);
}

void kfence_prepare(void)
{
	memset(&guard, 0, sizeof(guard));
	if (!ksymbol_exists(&pool) || !ksymbol_exists(&metadata) || !kfield_exists(&metadata_addr))
		return;
	guard.stride = ktype_size(&metadata_type);
	guard.addr_at = kfield_offset(&metadata_addr);
	/* Without a sampling interval there is no pool. */
	if (!mem_try_u64(ksymbol_address(&pool), &guard.start, NULL) || !guard.start ||
	    !find_metadata())
		guard.start = 0;
}

/* The metadata of the object whose page, or the guard page behind it, ADDRESS lies in. */
static bool metadata_of(u64 address, u64 *found, bool *is_guard)
{
	u64 page = (address - guard.start) >> PAGE_SHIFT;
	u64 number = page < 2 ? 0 : page / 2 - 1;

	if (!guard.start || address < guard.start || number >= MAX_OBJECTS)
		return false;
	*is_guard = page < 2 || page % 2;
	*found = guard.metadata + number * guard.stride;
	return is_at(*found, number);
}

bool kfence_has(u64 address)
{
	bool is_guard;
	u64 found;

	return metadata_of(address, &found, &is_guard) && !is_guard;
}

static const char *state_name(u64 state)
{
	static const struct {
		struct kenum *state;
		const char *name;
	} names[] = {
		{ &state_unused, "unused" },
		{ &state_allocated, "allocated" },
		{ &state_freeing, "being freed" },
		{ &state_freed, "free" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (kenum_exists(names[i].state) && (u64)kenum_value(names[i].state) == state)
			return names[i].name;
	return NULL;
}

/* An object ends in its page. */
static void check(struct kfence_place *place, u64 state)
{
	if (!place->state)
		place->problem = scope_printf("the metadata of KFENCE at %llx have state %llu, "
					      "for which this kernel has no name",
					      place->metadata, state);
	if (place->bytes <= PAGE_BYTES - place->object % PAGE_BYTES)
		return;
	place->problem = scope_printf("the metadata of KFENCE at %llx give %llu bytes to the "
				      "object at %llx, more than its page has",
				      place->metadata, place->bytes, place->object);
	place->bytes = 0;
}

bool kfence_find(u64 address, struct kfence_place *place)
{
	u64 state;

	kfence_prepare();
	*place = (struct kfence_place){ 0 };
	if (!metadata_of(address, &place->metadata, &place->guard))
		return false;
	if (place->guard)
		return true;
	state = field_u64(place->metadata, &metadata_state);
	place->state = state_name(state);
	place->object = field_u64(place->metadata, &metadata_addr);
	place->bytes = field_u64(place->metadata, &metadata_size);
	place->cache = field_u64(place->metadata, &metadata_cache);
	place->allocated_by = field_s64(place->metadata, &alloc_pid);
	check(place, state);
	/* While it is allocated this is of the one before it. */
	if (!kenum_exists(&state_allocated) || state != (u64)kenum_value(&state_allocated))
		place->freed_by = field_s64(place->metadata, &free_pid);
	return true;
}
