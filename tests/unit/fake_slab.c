/* fake_slab.c - test helper: a slab cache in fake memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake_slab.h"

void fake_slab_types(void)
{
#define MEMBER(n, at, bytes) { .name = n, .offset = at, .size = bytes }
	fake_struct("list_head", 16,
		    (struct fake_member[]){ MEMBER("next", 0, 8), MEMBER("prev", 8, 8) }, 2);
	fake_struct("counter_long", 8, (struct fake_member[]){ MEMBER("counter", 0, 8) }, 1);
	fake_struct("order_objects", 4, (struct fake_member[]){ MEMBER("x", 0, 4) }, 1);
	fake_struct("page", 64,
		    (struct fake_member[]){ MEMBER("flags", 0, 8), MEMBER("compound_head", 8, 8),
					    MEMBER("private", 40, 8), MEMBER("page_type", 48, 4) },
		    4);
	fake_struct("slab", 64,
		    (struct fake_member[]){
			    MEMBER("__page_flags", 0, 8),
			    MEMBER("slab_cache", 8, 8),
			    { .name = "slab_list", .offset = 16, .type = "list_head" },
			    MEMBER("next", 16, 8),
			    MEMBER("freelist", 32, 8),
			    { .name = "inuse", .offset = 40, .size = 4, .bit_size = 16 },
			    { .name = "objects",
			      .offset = 40,
			      .size = 4,
			      .bit_offset = 16,
			      .bit_size = 15 },
			    { .name = "frozen",
			      .offset = 40,
			      .size = 4,
			      .bit_offset = 31,
			      .bit_size = 1 },
		    },
		    8);
	fake_struct("kmem_cache_cpu", 32,
		    (struct fake_member[]){ MEMBER("freelist", 0, 8), MEMBER("slab", 16, 8),
					    MEMBER("partial", 24, 8) },
		    3);
	fake_struct("kmem_cache_node", 64,
		    (struct fake_member[]){
			    MEMBER("nr_partial", 8, 8),
			    { .name = "partial", .offset = 16, .type = "list_head" },
			    { .name = "nr_slabs", .offset = 32, .type = "counter_long" },
			    { .name = "total_objects", .offset = 40, .type = "counter_long" },
		    },
		    4);
	fake_struct("kmem_cache", 160,
		    (struct fake_member[]){
			    MEMBER("cpu_slab", 0, 8),
			    MEMBER("size", 24, 4),
			    MEMBER("object_size", 28, 4),
			    MEMBER("offset", 40, 4),
			    { .name = "oo", .offset = 48, .type = "order_objects" },
			    { .name = "min", .offset = 52, .type = "order_objects" },
			    MEMBER("red_left_pad", 88, 4),
			    MEMBER("name", 96, 8),
			    { .name = "list", .offset = 104, .type = "list_head" },
			    MEMBER("random", 120, 8),
			    { .name = "node", .offset = 128, .size = 8, .count = 4 },
		    },
		    11);
	fake_symbol("slab_caches", fake_kva(CACHES));
	fake_symbol("nr_cpu_ids", fake_kva(NR_CPUS));
	fake_symbol("__cpu_possible_mask", fake_kva(POSSIBLE));
	fake_enum("pageflags", (const char *const[]){ "PG_locked", "PG_slab" }, 2);
#undef MEMBER
}

u64 fake_slab_page(unsigned number)
{
	return fake_page((SLABS >> PAGE_SHIFT) + number);
}

u64 fake_slab_object(unsigned slab, unsigned index)
{
	return fake_kva(SLABS + slab * PAGE_BYTES + index * OBJECT_BYTES);
}

static u64 mixed(u64 at, u64 value)
{
	return value ^ RANDOM ^ __builtin_bswap64(at);
}

void fake_slab_link(u64 from, u64 to)
{
	fake_u64(from + FREE_AT, mixed(from + FREE_AT, to));
}

void fake_slab_list(u64 at, u64 next, u64 prev)
{
	fake_u64(at, next);
	fake_u64(at + 8, prev);
}

/* FREELIST: objects, ended by -1. */
static void set_slab(unsigned number, unsigned inuse, bool frozen, const int *freelist)
{
	u64 page = fake_slab_page(number), counters = inuse | OBJECTS << 16 | (u64)frozen << 31;

	fake_u64(page, 1 << 1);
	fake_u64(page + 8, fake_kva(CACHE));
	fake_u64(page + 32, freelist[0] < 0 ? 0 : fake_slab_object(number, (unsigned)freelist[0]));
	fake_u64(page + 40, counters);
	for (; *freelist >= 0; freelist++)
		fake_slab_link(fake_slab_object(number, (unsigned)freelist[0]),
			       freelist[1] < 0 ? 0
					       : fake_slab_object(number, (unsigned)freelist[1]));
}

void fake_slab_build(void)
{
	u64 node = fake_kva(NODE), cache = fake_kva(CACHE), cpu = fake_kva(CPU);

	fake_dump();
	fake_slab_list(fake_kva(CACHES), cache + 104, cache + 104);
	fake_slab_list(cache + 104, fake_kva(CACHES), fake_kva(CACHES));
	fake_u64(fake_kva(NR_CPUS), 1);
	fake_u64(fake_kva(POSSIBLE), 1);
	fake_u64(cache, cpu);
	fake_u64(cache + 24, (u64)OBJECT_BYTES << 32 | OBJECT_BYTES);
	fake_u64(cache + 40, FREE_AT);
	fake_u64(cache + 48, (u64)OBJECTS << 32 | OBJECTS);
	fake_u64(cache + 96, fake_kva(NAME));
	fake_bytes(fake_kva(NAME), "thing", 6);
	fake_u64(cache + 120, RANDOM);
	fake_u64(cache + 128, node);
	fake_u64(node + 8, 1);
	fake_slab_list(node + 16, fake_slab_page(1) + 16, fake_slab_page(1) + 16);
	fake_slab_list(fake_slab_page(1) + 16, node + 16, node + 16);
	fake_u64(node + 32, 3);
	fake_u64(node + 40, 3 * OBJECTS);
	set_slab(0, OBJECTS - 1, true, (const int[]){ 5, -1 });
	set_slab(1, OBJECTS - 2, false, (const int[]){ 0, 3, -1 });
	set_slab(2, OBJECTS, false, (const int[]){ -1 });
	fake_u64(cpu, fake_slab_object(0, 6));
	fake_u64(cpu + 16, fake_slab_page(0));
	fake_slab_link(fake_slab_object(0, 6), fake_slab_object(0, 7));
	fake_slab_link(fake_slab_object(0, 7), 0);
}
