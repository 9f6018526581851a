/* containers/kpercpuchunk.c - the static per-cpu section and the chunks of alloc_percpu(). */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A chunk is one unit of memory for each CPU, at the same distances in all chunks. Of each 4 bytes
 * two bitmaps say whether they are allocated, and whether an allocation begins there.
 */
#include "containers/kpercpuchunk.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "containers/kpercpu.h"
#include "memory.h"

KSYMBOL(chunk_lists, "pcpu_chunk_lists", "pcpu_slot"); /* v5.14, or backported */
KSYMBOL(nr_slots, "pcpu_nr_slots");
KSYMBOL(reserved_chunk, "pcpu_reserved_chunk");
KSYMBOL(unit_offsets, "pcpu_unit_offsets");
KSYMBOL(per_cpu_start, "__per_cpu_start");
KSYMBOL(per_cpu_end, "__per_cpu_end");
KTYPE(list_head_type, "struct list_head");
KFIELD(chunk_list, "pcpu_chunk.list");
KFIELD(chunk_base, "pcpu_chunk.base_addr");
KFIELD(chunk_nr_pages, "pcpu_chunk.nr_pages");
KFIELD(chunk_alloc_map, "pcpu_chunk.alloc_map");
KFIELD(chunk_bound_map, "pcpu_chunk.bound_map");

#define MAX_SLOTS 256
#define SMALLEST 4 /* bytes that a bit of the maps stands for */
#define MAX_UNIT (1ULL << 30)

/* ---- static variables ---- */

static const struct symbol *last_until(const struct symbol_module *module, u64 value, u64 start)
{
	size_t next = symbols_first_from(module, value + 1);
	const struct symbol *symbol = next ? symbols_get(module, next - 1) : NULL;

	return symbol && symbol->value >= start ? symbol : NULL;
}

static bool is_static(struct percpu_place *place)
{
	u64 start = ksymbol_exists(&per_cpu_start) ? ksymbol_address(&per_cpu_start) : 0;
	const struct symbol_module *module = symbols_first_module();
	bool found = ksymbol_exists(&per_cpu_end) && place->value >= start &&
		     place->value < ksymbol_address(&per_cpu_end);

	if (found) {
		place->symbol = last_until(NULL, place->value, start);
	} else {
		while (module && (place->value < module->percpu ||
				  place->value - module->percpu >= module->percpu_size))
			module = symbols_next_module(module);
		found = module;
		if (found)
			place->symbol = last_until(module, place->value, module->percpu);
	}
	place->offset = place->symbol ? place->value - place->symbol->value : 0;
	return found;
}

/* ---- chunks ---- */

static bool bit_of(u64 map, u64 bit)
{
	return mem_u64(map + bit / 64 * sizeof(u64), "a map of pcpu_chunk") >> (bit % 64) & 1;
}

/* From the bit at which the allocation begins to the next one at which another does. */
static void find_allocation(struct percpu_place *place, u64 unit_at, u64 nr_bits)
{
	u64 bounds = field_u64(place->chunk, &chunk_bound_map);
	u64 bit = unit_at / SMALLEST, first = bit, end = bit + 1;

	if (bit >= nr_bits || !bit_of(field_u64(place->chunk, &chunk_alloc_map), bit))
		return;
	while (first > 0 && !bit_of(bounds, first))
		first--;
	while (end < nr_bits && !bit_of(bounds, end))
		end++;
	place->offset = unit_at - first * SMALLEST;
	place->start = place->value - place->offset;
	place->bytes = (end - first) * SMALLEST;
}

static bool is_in_chunk(u64 address, u64 chunk, const u64 *offsets, struct percpu_place *place)
{
	const struct cpu_mask *possible = cpus_possible();
	u64 base = field_u64(chunk, &chunk_base);
	u64 bytes = field_u64(chunk, &chunk_nr_pages) * PAGE_BYTES;

	if (bytes > MAX_UNIT)
		fail("pcpu_chunk %llx: units of %llu bytes make no sense", chunk, bytes);
	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1)) {
		u64 unit = base + offsets[cpu];

		if (address < unit || address - unit >= bytes)
			continue;
		*place = (struct percpu_place){
			.cpu = cpu,
			.value = address - percpu_offset(cpu),
			.chunk = chunk,
		};
		/* A module's variables lie in a piece of the reserved chunk, and have names. */
		if (!is_static(place))
			find_allocation(place, address - unit, bytes / SMALLEST);
		return true;
	}
	return false;
}

static bool is_in_chunks(u64 address, struct percpu_place *place)
{
	unsigned nr_ids = percpu_nr_cpu_ids();
	u64 *offsets = scope_array(nr_ids, sizeof(*offsets));
	u64 lists = ksymbol_u64(&chunk_lists, 8), nr = ksymbol_u64(&nr_slots, 4), chunk;
	struct klist_iter it;

	if (nr > MAX_SLOTS)
		fail("pcpu_nr_slots of %llu makes no sense", nr);
	mem_read(ksymbol_u64(&unit_offsets, 8), offsets, nr_ids * sizeof(*offsets),
		 "pcpu_unit_offsets");
	chunk = ksymbol_exists(&reserved_chunk) ? ksymbol_u64(&reserved_chunk, 8) : 0;
	if (chunk && is_in_chunk(address, chunk, offsets, place))
		return true;
	for (u64 slot = 0; slot < nr; slot++) {
		klist_begin(&it, lists + slot * ktype_size(&list_head_type),
			    kfield_offset(&chunk_list));
		while (klist_next(&it, &chunk))
			if (is_in_chunk(address, chunk, offsets, place))
				return true;
		if (it.stopped)
			fail("the list of per-cpu chunks: %s", klist_why(&it));
	}
	return false;
}

bool percpu_place_of(u64 address, struct percpu_place *place)
{
	const struct cpu_mask *possible = cpus_possible();

	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1)) {
		*place = (struct percpu_place){ .cpu = cpu, .value = address - percpu_offset(cpu) };
		if (is_static(place))
			return true;
	}
	return ksymbol_exists(&chunk_lists) && ksymbol_exists(&nr_slots) &&
	       ksymbol_exists(&unit_offsets) && is_in_chunks(address, place);
}
