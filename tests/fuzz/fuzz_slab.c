/* fuzz_slab.c - tests: slab caches, freelists and CPU slabs in damaged memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "base/fail.h"
#include "fake_slab.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/slabuse.h"

static void count_caches(UNUSED void *arg)
{
	const struct slab_cache *cache;
	struct slab_use use;
	size_t count;

	cache = slab_caches(&count);
	if (count)
		slab_use_read(&cache, 1, &use);
}

void fuzz_setup(void)
{
	fuzz_input_is_pieces = true;
	fake_dump();
	fake_slab_types();
	fake_types_done();
	fake_slab_build();
	/* Names of kernel members are looked up once. */
	protect(count_caches, NULL, NULL);
}

static void look_at_slab(const struct slab_cache *cache, const struct slab *slab,
			 const struct slab_use *use)
{
	struct slab_objects objects;
	u32 index;

	slab_objects_read(cache, slab, use, &objects);
	fuzz_touch(objects.states, slab->objects);
	fuzz_touch_text(objects.problem.text);
	FUZZ_EXPECT(objects.nr_free <= slab->objects);
	for (u32 i = 0; i < slab->objects; i++)
		FUZZ_EXPECT((objects.states[i] == OBJECT_HELD) == (objects.held[i] != NULL));
	if (slab->objects)
		FUZZ_EXPECT(slab_object_at(cache, slab, slab->memory, &index) && index == 0);
}

static void look_at_cache(void *arg)
{
	const struct slab_cache *cache = arg;
	struct slab_use *use = scope_alloc(sizeof(*use));

	fuzz_touch_text(cache->name);
	slab_use_read(&cache, 1, use);
	fuzz_touch_text(use->problem.text);
	FUZZ_EXPECT(use->allocated <= use->objects);
	for (size_t i = 0; i < use->placed.count && i < 64; i++)
		look_at_slab(cache, &use->placed.items[i].slab, use);
}

static void look_at_caches(UNUSED void *arg)
{
	size_t count;
	const struct slab_cache *caches = slab_caches(&count), *its;
	struct slab slab;

	for (size_t i = 0; i < count; i++)
		protect(look_at_cache, (void *)&caches[i], NULL);
	for (unsigned number = 0; number < 4; number++)
		if (slab_find(fake_slab_object(number, 3), &its, &slab))
			FUZZ_EXPECT(slab_cache_at(its->address) == its);
}

void fuzz_one(const u8 *data, size_t size)
{
	fuzz_fill_memory(data, size);
	slab_forget();
	protect(look_at_caches, NULL, NULL);
}

void fuzz_write_seeds(void)
{
	struct strbuf input = { 0 };
	u64 pages = fake_page(0) - fake_kva(0);

	fake_slab_build();
	fuzz_add_pieces(&input, 0, fake_phys(0), pages + FAKE_PAGES * 64, 64);
	fuzz_seed("whole", strbuf_text(&input), input.length);
	strbuf_free(&input);
}
