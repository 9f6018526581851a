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

/* The units of a chunk: one for each CPU. */
struct units {
	u64 chunk, base, bytes; /* BYTES of each */
	u64 *offsets; /* of the CPUs, from BASE */
};

static void read_units(struct units *units, u64 chunk)
{
	units->chunk = chunk;
	units->base = field_u64(chunk, &chunk_base);
	units->bytes = field_u64(chunk, &chunk_nr_pages) * PAGE_BYTES;
	if (units->bytes > MAX_UNIT)
		fail("pcpu_chunk %llx: units of %llu bytes make no sense", chunk, units->bytes);
}

/* What is asked of each chunk; true: no further one is wanted. */
struct question {
	bool (*look)(const struct units *units, struct question *question);
	u64 address; /* of is_in_units() */
	struct percpu_place *place;
	u64 chunk, paddr, found; /* of is_mapped_in() */
};

static bool is_in_units(const struct units *units, struct question *question)
{
	const struct cpu_mask *possible = cpus_possible();

	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1)) {
		u64 unit = units->base + units->offsets[cpu];

		if (question->address < unit || question->address - unit >= units->bytes)
			continue;
		*question->place = (struct percpu_place){
			.cpu = cpu,
			.value = question->address - percpu_offset(cpu),
			.chunk = units->chunk,
		};
		/* A module's variables lie in a piece of the reserved chunk, and have names. */
		if (!is_static(question->place))
			find_allocation(question->place, question->address - unit,
					units->bytes / SMALLEST);
		return true;
	}
	return false;
}

static bool is_mapped_in(const struct units *units, struct question *question)
{
	const struct cpu_mask *possible = cpus_possible();
	u64 frame = align_down(question->paddr, PAGE_BYTES);

	if (units->chunk != question->chunk)
		return false;
	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1)) {
		u64 unit = units->base + units->offsets[cpu];

		for (u64 at = 0; at < units->bytes; at += PAGE_BYTES) {
			u64 paddr;

			if (!mem_kernel_to_phys(unit + at, &paddr, NULL) || paddr != frame)
				continue;
			question->found = unit + at + question->paddr % PAGE_BYTES;
			return true;
		}
	}
	return true;
}

static bool ask(struct units *units, u64 chunk, struct question *question)
{
	read_units(units, chunk);
	return question->look(units, question);
}

static bool ask_chunks(struct question *question)
{
	unsigned nr_ids = percpu_nr_cpu_ids();
	struct units units = { .offsets = scope_array(nr_ids, sizeof(*units.offsets)) };
	u64 lists, nr, chunk;
	struct klist_iter it;

	if (!ksymbol_exists(&chunk_lists) || !ksymbol_exists(&nr_slots) ||
	    !ksymbol_exists(&unit_offsets))
		return false;
	lists = ksymbol_u64(&chunk_lists, 8);
	nr = ksymbol_u64(&nr_slots, 4);
	if (nr > MAX_SLOTS)
		fail("pcpu_nr_slots of %llu makes no sense", nr);
	mem_read(ksymbol_u64(&unit_offsets, 8), units.offsets, nr_ids * sizeof(*units.offsets),
		 "pcpu_unit_offsets");
	chunk = ksymbol_exists(&reserved_chunk) ? ksymbol_u64(&reserved_chunk, 8) : 0;
	if (chunk && ask(&units, chunk, question))
		return true;
	for (u64 slot = 0; slot < nr; slot++) {
		klist_begin(&it, lists + slot * ktype_size(&list_head_type),
			    kfield_offset(&chunk_list));
		while (klist_next(&it, &chunk))
			if (ask(&units, chunk, question))
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
	return ask_chunks(
		&(struct question){ .look = is_in_units, .address = address, .place = place });
}

bool percpu_address_of(u64 chunk, u64 paddr, u64 *address)
{
	struct question question = { .look = is_mapped_in, .chunk = chunk, .paddr = paddr };

	if (!mem_is_kernel_address(chunk) || !ask_chunks(&question) || !question.found)
		return false;
	*address = question.found;
	return true;
}
