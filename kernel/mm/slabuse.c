/* kernel/mm/slabuse.c - freelists, CPU slabs, sheaves and barns of a slab cache. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An object is free when it is on its slab's freelist; when a CPU took over that list (up to
 * v6.19); or when it lies in a sheaf, an array of objects that a CPU or a node keeps (v6.18). Lists
 * may be damaged: each pointer has to be an object of the slab, and none may come twice.
 */
#include "kernel/mm/slabuse.h"

#include "base/cores.h"
#include "base/fail.h"
#include "containers/klist.h"
#include "containers/kpercpu.h"
#include "kernel/mm/page.h"
#include "kernel/mm/zone.h"
#include "memory.h"

#include <stdlib.h>

KFIELD(node_partial, "kmem_cache_node.partial");
KFIELD(node_nr_partial, "kmem_cache_node.nr_partial");
KFIELD(node_nr_slabs, "kmem_cache_node.nr_slabs.counter");
KFIELD(node_objects, "kmem_cache_node.total_objects.counter");
KFIELD(slab_list, "slab.slab_list", "page.slab_list");
KFIELD(cpu_freelist, "kmem_cache_cpu.freelist");
KFIELD(cpu_slab, "kmem_cache_cpu.slab", "kmem_cache_cpu.page"); /* v5.17 */
KFIELD(cpu_partial, "kmem_cache_cpu.partial");
KFIELD(sheaves_main, "slub_percpu_sheaves.main");
KFIELD(sheaves_spare, "slub_percpu_sheaves.spare");
KFIELD(sheaves_rcu, "slub_percpu_sheaves.rcu_free");
KFIELD(sheaf_cache, "slab_sheaf.cache");
KFIELD(sheaf_size, "slab_sheaf.size");
KFIELD(sheaf_objects, "slab_sheaf.objects");
KFIELD(sheaf_list, "slab_sheaf.barn_list");
KFIELD(barn_full, "node_barn.sheaves_full");

#define MAX_SHEAF 65536 /* objects: more makes no sense */

/* ---- one freelist ---- */

/*
 * A pointer to the next free object is mixed with the cache's random number and with its own
 * address, whose bytes are back to front (v5.7 1ad53d9fa3f6).
 */
static u64 next_free(const struct slab_cache *cache, u64 pointer_at, u64 stored)
{
	return cache->random ? stored ^ cache->random ^ __builtin_bswap64(pointer_at) : stored;
}

struct free_walk {
	const struct slab_cache *cache;
	const struct slab *slab;
	const u8 *memory; /* of the slab, whole */
	void (*found)(void *arg, u32 index, u64 address);
	void *arg;
	u8 *seen; /* a byte an object; those of an earlier walk stay */
	u32 count;
};

static bool walk_free(struct free_walk *walk, u64 first, struct slab_why *why)
{
	const struct slab_cache *cache = walk->cache;
	const struct slab *slab = walk->slab;

	for (u64 object = first; object;) {
		u64 at = object + cache->free_pointer_at;
		u32 index;

		if (!slab_object_at(cache, slab, object, &index) ||
		    slab_object_address(cache, slab, index) != object)
			return slab_wrong(why, "slab %llx: %llx on its freelist is no object of it",
					  slab->page, object);
		if (walk->seen[index])
			return slab_wrong(why, "slab %llx: its freelist comes to %llx twice",
					  slab->page, object);
		if (!range_fits(at - slab->memory, sizeof(u64), slab->bytes))
			return slab_wrong(why, "slab %llx: free pointers lie outside of it",
					  slab->page);
		walk->seen[index] = 1;
		walk->count++;
		walk->found(walk->arg, index, object);
		object = next_free(cache, at, load_u64(walk->memory + (at - slab->memory)));
	}
	return true;
}

/* Both for one slab; NULL: no memory, or it cannot be read. To be free()d. */
static u8 *slab_memory(const struct slab *slab, struct slab_why *why)
{
	struct fault fault;
	u8 *memory = malloc(slab->bytes + slab->objects + 1);

	if (!memory) {
		slab_wrong(why, "out of memory");
		return NULL;
	}
	memset(memory + slab->bytes, 0, slab->objects + 1);
	if (mem_try_read(slab->memory, memory, slab->bytes, &fault))
		return memory;
	slab_wrong(why, "slab %llx: %s", slab->page, fault_text(&fault));
	free(memory);
	return NULL;
}

/* ---- what a cache has, found on any thread ---- */

struct reading {
	const struct slab_cache *cache;
	struct slab_use *use;
	unsigned number;
};

static void note(struct slab_use *use, const struct slab_why *why)
{
	if (!use->nr_problems++)
		use->problem = *why;
}

/* fail() is for the main thread only, hence no vector_add(). */
static void *room(void *items, size_t count, size_t *space, size_t size)
{
	return count < *space ? items : vector_try_grow(items, space, size);
}

static bool hold(struct slab_use *use, u64 address, enum held_by by, unsigned number)
{
	void *items = room(use->held.items, use->held.count, &use->held.space,
			   sizeof(*use->held.items));

	if (!items) {
		use->no_memory = true;
		return false;
	}
	use->held.items = items;
	use->held.items[use->held.count++] = (struct held_object){ address, by, number };
	return true;
}

static bool place(struct slab_use *use, const struct slab *slab, enum slab_place place,
		  unsigned number)
{
	void *items = room(use->placed.items, use->placed.count, &use->placed.space,
			   sizeof(*use->placed.items));

	if (!items) {
		use->no_memory = true;
		return false;
	}
	use->placed.items = items;
	use->placed.items[use->placed.count++] = (struct placed_slab){ *slab, place, number };
	return true;
}

static void hold_free(void *arg, UNUSED u32 index, u64 address)
{
	struct reading *reading = arg;

	hold(reading->use, address, HELD_CPU_FREELIST, reading->number);
}

/* The freelist that the CPU took from its slab. */
static bool read_cpu_freelist(struct reading *reading, const struct slab *slab, u64 first,
			      struct slab_why *why)
{
	struct free_walk walk = {
		.cache = reading->cache, .slab = slab, .found = hold_free, .arg = reading
	};
	u8 *memory;
	bool good;

	if (!first)
		return true;
	memory = slab_memory(slab, why);
	if (!memory)
		return false;
	walk.memory = memory;
	walk.seen = memory + slab->bytes;
	good = walk_free(&walk, first, why);
	free(memory);
	return good;
}

static bool read_partial_chain(struct reading *reading, u64 page, struct slab_why *why)
{
	struct ring ring;
	struct slab slab;

	ring_begin(&ring);
	for (; page; page = slab.next) {
		if (ring_closes(&ring, page))
			return slab_wrong(why, "CPU %u's partial slabs: a loop at %llx",
					  reading->number, page);
		if (!slab_read(reading->cache, page, &slab, why) ||
		    !place(reading->use, &slab, SLAB_CPU_PARTIAL, reading->number))
			return false;
		if (interrupt_pending())
			return true;
	}
	return true;
}

static void read_cpu_slabs(struct reading *reading, u64 cpu)
{
	struct slab_why why;
	struct fault fault;
	struct slab slab;
	u64 page, first, partial = 0;

	if (!field_try_u64(cpu, &cpu_slab, &page, &fault) ||
	    !field_try_u64(cpu, &cpu_freelist, &first, &fault) ||
	    (kfield_exists(&cpu_partial) && !field_try_u64(cpu, &cpu_partial, &partial, &fault))) {
		slab_wrong(&why, "kmem_cache_cpu of CPU %u: %s", reading->number,
			   fault_text(&fault));
		note(reading->use, &why);
		return;
	}
	if (page && (!slab_read(reading->cache, page, &slab, &why) ||
		     !place(reading->use, &slab, SLAB_OF_CPU, reading->number) ||
		     !read_cpu_freelist(reading, &slab, first, &why)))
		note(reading->use, &why);
	if (!read_partial_chain(reading, partial, &why))
		note(reading->use, &why);
}

static bool read_sheaf(struct reading *reading, u64 sheaf, enum held_by by, struct slab_why *why)
{
	u64 size, owner, objects[64], at;
	struct fault fault;

	if (!field_try_u64(sheaf, &sheaf_size, &size, &fault) ||
	    !field_try_u64(sheaf, &sheaf_cache, &owner, &fault))
		return slab_wrong(why, "sheaf %llx: %s", sheaf, fault_text(&fault));
	if (size == 0)
		return true;
	if (owner != reading->cache->address)
		return slab_wrong(why, "sheaf %llx: its cache is %llx", sheaf, owner);
	if (size > MAX_SHEAF)
		return slab_wrong(why, "sheaf %llx: size %llu makes no sense", sheaf, size);
	at = field_address(sheaf, &sheaf_objects);
	for (u64 done = 0; done < size; done += ARRAY_SIZE(objects)) {
		u64 count = min_u64(size - done, ARRAY_SIZE(objects));

		if (!mem_try_read(at + done * 8, objects, count * 8, &fault))
			return slab_wrong(why, "sheaf %llx: %s", sheaf, fault_text(&fault));
		for (u64 i = 0; i < count; i++)
			if (!hold(reading->use, objects[i], by, reading->number))
				return false;
	}
	return true;
}

static void read_cpu_sheaves(struct reading *reading, u64 cpu)
{
	static const struct {
		struct kfield *field;
		enum held_by by;
	} sheaves[] = { { &sheaves_main, HELD_SHEAF_MAIN },
			{ &sheaves_spare, HELD_SHEAF_SPARE },
			{ &sheaves_rcu, HELD_SHEAF_RCU } };

	for (size_t i = 0; i < ARRAY_SIZE(sheaves); i++) {
		struct slab_why why;
		struct fault fault;
		u64 sheaf;

		if (!field_try_u64(cpu, sheaves[i].field, &sheaf, &fault)) {
			slab_wrong(&why, "sheaves of CPU %u: %s", reading->number,
				   fault_text(&fault));
			note(reading->use, &why);
		} else if (sheaf && !read_sheaf(reading, sheaf, sheaves[i].by, &why)) {
			note(reading->use, &why);
		}
	}
}

static void read_barn(struct reading *reading, u64 barn)
{
	struct klist_iter it;
	struct slab_why why;
	u64 sheaf;

	klist_begin(&it, field_address(barn, &barn_full), kfield_offset(&sheaf_list));
	while (klist_next(&it, &sheaf))
		if (!read_sheaf(reading, sheaf, HELD_BARN, &why))
			note(reading->use, &why);
	if (it.stopped) {
		slab_wrong(&why, "barn of node %u: %s", reading->number, klist_why(&it));
		note(reading->use, &why);
	}
}

static void read_partial_list(struct reading *reading, u64 node, u64 nr_partial)
{
	struct slab_use *use = reading->use;
	struct klist_iter it;
	struct slab_why why;
	struct slab slab;
	u64 page, seen = 0;

	klist_begin(&it, field_address(node, &node_partial), kfield_offset(&slab_list));
	while (klist_next(&it, &page)) {
		seen++;
		if (!slab_read(reading->cache, page, &slab, &why)) {
			note(use, &why);
			continue;
		}
		use->partial_free += slab.objects - slab.inuse;
		if (!place(use, &slab, SLAB_NODE_PARTIAL, reading->number))
			return;
	}
	if (it.stopped) {
		slab_wrong(&why, "partial slabs of node %u: %s", reading->number, klist_why(&it));
		note(use, &why);
	} else if (seen != nr_partial) {
		slab_wrong(&why, "partial slabs of node %u: the list has %llu, nr_partial is %llu",
			   reading->number, seen, nr_partial);
		note(use, &why);
	}
}

bool slab_node_read(u64 address, struct slab_node *node, struct fault *fault)
{
	return field_try_u64(address, &node_nr_slabs, &node->slabs, fault) &&
	       field_try_u64(address, &node_objects, &node->objects, fault) &&
	       field_try_u64(address, &node_nr_partial, &node->partial, fault);
}

static void read_node(struct reading *reading)
{
	struct slab_node counts;
	struct slab_why why;
	u64 node, barn;
	struct fault fault;

	if (!slab_cache_node(reading->cache, reading->number, &node, &barn)) {
		slab_wrong(&why, "node %u cannot be read", reading->number);
		note(reading->use, &why);
		return;
	}
	if (barn)
		read_barn(reading, barn);
	if (!node)
		return;
	if (!slab_node_read(node, &counts, &fault)) {
		slab_wrong(&why, "kmem_cache_node of node %u: %s", reading->number,
			   fault_text(&fault));
		note(reading->use, &why);
		return;
	}
	reading->use->slabs += counts.slabs;
	reading->use->objects += counts.objects;
	read_partial_list(reading, node, counts.partial);
}

static int compare_held(const void *a, const void *b)
{
	const struct held_object *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static void sort_held(struct slab_use *use)
{
	if (use->held.count)
		qsort(use->held.items, use->held.count, sizeof(*use->held.items), compare_held);
}

/* A slab of a CPU counts what its own freelist has: what others freed while the CPU had it. */
static void sum_up(struct slab_use *use)
{
	u64 nr_free = use->partial_free + use->held.count;
	struct slab_why why;

	for (size_t i = 0; i < use->placed.count; i++) {
		const struct placed_slab *placed = &use->placed.items[i];

		if (placed->place != SLAB_NODE_PARTIAL)
			nr_free += placed->slab.objects - placed->slab.inuse;
	}
	sort_held(use);
	for (size_t i = 1; i < use->held.count; i++) {
		if (use->held.items[i].address != use->held.items[i - 1].address)
			continue;
		slab_wrong(&why, "object %llx is free twice", use->held.items[i].address);
		note(use, &why);
	}
	if (nr_free > use->objects) {
		slab_wrong(&why, "%llu objects are free of %llu", nr_free, use->objects);
		note(use, &why);
		nr_free = use->objects;
	}
	use->allocated = use->objects - nr_free;
}

struct job {
	const struct slab_cache *const *caches;
	struct slab_use *uses;
	unsigned nr_nodes;
	const struct cpu_mask *possible;
};

static void read_cpus(struct reading *reading, const struct cpu_mask *possible)
{
	const struct slab_cache *cache = reading->cache;

	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1)) {
		reading->number = cpu;
		if (cache->cpu_slabs)
			read_cpu_slabs(reading, percpu_address(cache->cpu_slabs, cpu));
		if (cache->cpu_sheaves)
			read_cpu_sheaves(reading, percpu_address(cache->cpu_sheaves, cpu));
	}
}

static void read_use(void *arg, size_t index)
{
	const struct job *job = arg;
	struct slab_use *use = &job->uses[index];
	struct reading reading = { job->caches[index], use, 0 };

	read_cpus(&reading, job->possible);
	for (reading.number = 0; reading.number < job->nr_nodes; reading.number++)
		read_node(&reading);
	sum_up(use);
}

/* What threads look up is found before they ask. */
static void prepare(void)
{
	struct kfield *needed[] = { &node_partial, &node_nr_partial, &node_nr_slabs, &node_objects,
				    &slab_list };
	struct kfield *optional[] = { &cpu_freelist,  &cpu_slab,    &cpu_partial, &sheaves_main,
				      &sheaves_spare, &sheaves_rcu, &sheaf_cache, &sheaf_size,
				      &sheaf_objects, &sheaf_list,  &barn_full };

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		kfield_offset(needed[i]);
	for (size_t i = 0; i < ARRAY_SIZE(optional); i++)
		kfield_exists(optional[i]);
	percpu_offset(0);
}

struct owned_uses {
	struct slab_use *uses;
	size_t count;
};

static void free_uses(void *arg)
{
	struct owned_uses *owned = arg;

	for (size_t i = 0; i < owned->count; i++) {
		vector_free(&owned->uses[i].placed);
		vector_free(&owned->uses[i].held);
	}
}

void slab_use_read(const struct slab_cache *const *caches, size_t count, struct slab_use *uses)
{
	struct job job = { caches, uses, nodes_limit(), cpus_possible() };
	struct owned_uses *owned = scope_alloc(sizeof(*owned));

	*owned = (struct owned_uses){ uses, count };
	memset(uses, 0, count * sizeof(*uses));
	scope_cleanup(free_uses, owned);
	prepare();
	cores_run(count, read_use, &job);
	interrupt_check();
	for (size_t i = 0; i < count; i++)
		if (uses[i].no_memory)
			fail("out of memory");
}

void slab_held_read(const struct slab_cache *cache, struct slab_use *use)
{
	struct owned_uses *owned = scope_alloc(sizeof(*owned));
	struct reading reading = { cache, use, 0 };
	u64 node, barn;

	*owned = (struct owned_uses){ use, 1 };
	memset(use, 0, sizeof(*use));
	scope_cleanup(free_uses, owned);
	prepare();
	read_cpus(&reading, cpus_possible());
	for (reading.number = 0; reading.number < nodes_limit(); reading.number++)
		if (slab_cache_node(cache, reading.number, &node, &barn) && barn)
			read_barn(&reading, barn);
	sort_held(use);
	if (use->no_memory)
		fail("out of memory");
}

/* ---- the objects of one slab ---- */

static void mark_free(void *arg, u32 index, UNUSED u64 address)
{
	struct slab_objects *objects = arg;

	objects->states[index] = OBJECT_FREE;
}

static void mark_held(const struct slab_cache *cache, const struct slab *slab,
		      const struct slab_use *use, struct slab_objects *objects)
{
	size_t low = 0, high = use->held.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (use->held.items[middle].address < slab->memory)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < use->held.count; low++) {
		const struct held_object *held = &use->held.items[low];
		u32 index;

		if (!slab_object_at(cache, slab, held->address, &index))
			break;
		if (objects->states[index] == OBJECT_FREE)
			slab_wrong(&objects->problem, "object %llx is free twice", held->address);
		objects->states[index] = OBJECT_HELD;
		objects->held[index] = held;
	}
}

void slab_objects_read(const struct slab_cache *cache, const struct slab *slab,
		       const struct slab_use *use, struct slab_objects *objects)
{
	struct free_walk walk = {
		.cache = cache, .slab = slab, .found = mark_free, .arg = objects
	};
	u8 *memory;

	*objects = (struct slab_objects){
		.states = scope_alloc(slab->objects + 1),
		.held = scope_array(slab->objects + 1ULL, sizeof(*objects->held)),
	};
	memory = slab_memory(slab, &objects->problem);
	if (memory) {
		walk.memory = memory;
		walk.seen = memory + slab->bytes;
		walk_free(&walk, slab->freelist, &objects->problem);
		if (!objects->problem.text[0] && walk.count != slab->objects - slab->inuse)
			slab_wrong(&objects->problem,
				   "slab %llx: %u objects on its freelist, %u of %u in use",
				   slab->page, walk.count, slab->inuse, slab->objects);
		free(memory);
	}
	mark_held(cache, slab, use, objects);
	for (u32 i = 0; i < slab->objects; i++) {
		if (objects->states[i] == OBJECT_ALLOCATED && objects->problem.text[0])
			objects->states[i] = OBJECT_UNKNOWN;
		objects->nr_free += objects->states[i] == OBJECT_FREE ||
				    objects->states[i] == OBJECT_HELD;
	}
}
