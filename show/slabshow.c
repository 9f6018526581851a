/* show/slabshow.c - slab caches as rows, and a cache's slabs and objects below it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/slabshow.h"

#include "base/fail.h"
#include "base/table.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slabmap.h"
#include "kernel/mm/slabname.h"
#include "kernel/mm/slabuse.h"
#include "kernel/mm/zone.h"
#include "memory.h"
#include "show/problemshow.h"

#include <stdlib.h>

struct slab_settings slab_settings;

struct listing {
	const struct slab_question *question;
	const struct slab_cache *const *caches;
	struct slab_use *uses;
	struct slab_names names; /* read where they are wanted */
	u64 only; /* the object asked for; 0: all */
	const struct slab *slab; /* its slab */
};

/* A cache in a listing. */
struct subject {
	const struct listing *listing;
	const struct slab_cache *cache;
	const struct slab_use *use;
	unsigned number; /* of the CPU or node that is told of */
};

/* A slab of it. */
struct slab_row {
	const struct subject *subject;
	const struct slab *slab;
	struct slab_objects objects;
	u32 first, count; /* of the objects shown */
};

/* ---- objects ---- */

static const struct column object_columns[] = {
	{ NULL, "", CELL_TEXT, .before = "" },	   { "object", "", CELL_ADDRESS, .before = "" },
	{ NULL, "", CELL_TEXT, .before = "" },	   { "state", NULL, .kind = CELL_TEXT },
	{ "cpu", NULL, .kind = CELL_NUMBER },	   { "node", NULL, .kind = CELL_NUMBER },
	{ "holder", "", CELL_TEXT, .before = "" }, { 0 },
};

static const char *const holder_names[] = {
	[HELD_CPU_FREELIST] = "cache",
	[HELD_SHEAF_MAIN] = "sheaf",
	[HELD_SHEAF_SPARE] = "spare sheaf",
	[HELD_SHEAF_RCU] = "rcu sheaf",
	[HELD_BARN] = "barn",
};

static void put_held(struct row *row, const struct held_object *held)
{
	bool of_node = held->by == HELD_BARN;

	if (of_node)
		row_none(row);
	row_number(row, held->number);
	if (!of_node)
		row_none(row);
	row_text(row, holder_names[held->by]);
	row_shown(row, scope_printf("  (%s %u %s)", of_node ? "node" : "cpu", held->number,
				    holder_names[held->by]));
}

static void put_object(struct row *row, size_t index, void *arg)
{
	static const struct {
		const char *name, *before, *after;
	} states[] = {
		[OBJECT_ALLOCATED] = { "allocated", "  [", "]" },
		[OBJECT_FREE] = { "free", "   ", "  " },
		[OBJECT_HELD] = { "free", "   ", "" },
		[OBJECT_UNKNOWN] = { NULL, "  ?", "?" },
	};
	const struct slab_row *slab = arg;
	u32 number = slab->first + (u32)index;
	const struct slab_cache *cache = slab->subject->cache;
	u64 address = slab_object_address(cache, slab->slab, number) -
		      (slab_settings.redzone ? cache->left_pad : 0);
	u8 state = slab->objects.states[number];

	row_stands_for(row, address);
	if (state == OBJECT_FREE || state == OBJECT_HELD)
		row_colour(row, COLOUR_FREE);
	row_text(row, states[state].before);
	row_address(row, address);
	row_text(row, states[state].after);
	row_text(row, states[state].name);
	if (state == OBJECT_HELD) {
		put_held(row, slab->objects.held[number]);
		return;
	}
	row_none(row);
	row_none(row);
	row_none(row);
}

/* ---- slabs ---- */

#define SLAB_HEADINGS "  SLAB              MEMORY            NODE  TOTAL  ALLOCATED  FREE\n"

/* Each stands below headings of its own: its objects come between. */
static const struct column slab_columns[] = {
	{ "slab", "", CELL_ADDRESS, .before = SLAB_HEADINGS "  ", .width = 16, .zeros = true },
	{ "memory", "", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "node", "", CELL_NUMBER, .width = 4 },
	{ "total", "", CELL_NUMBER, .width = 5 },
	{ "allocated", "", CELL_NUMBER, .width = 9 },
	{ "free", "", CELL_NUMBER, .width = 4 },
	{ 0 },
};

/* Slabs of one place. */
struct slab_list {
	const struct subject *subject;
	const struct slab **items;
	size_t count;
};

static void put_slab(struct row *row, size_t index, void *arg)
{
	const struct slab_list *list = arg;
	const struct subject *subject = list->subject;
	const struct slab *slab = list->items[index];
	struct slab_row *told = scope_alloc(sizeof(*told));
	u64 only = subject->listing->only;

	*told = (struct slab_row){ .subject = subject, .slab = slab };
	row_stands_for(row, slab->page);
	slab_objects_read(subject->cache, slab, subject->use, &told->objects);
	told->count = slab->objects;
	if (only && slab_object_at(subject->cache, slab, only, &told->first))
		told->count = 1;
	row_address(row, slab->page);
	row_address(row, slab->memory);
	row_number(row, slab->node);
	row_number(row, slab->objects);
	row_number(row, slab->objects - told->objects.nr_free);
	row_number(row, told->objects.nr_free);
	problemshow(row, told->objects.problem.text);
	row_children(row, &(struct table){ .name = "kmem",
					   .columns = object_columns,
					   .count = told->count,
					   .put = put_object,
					   .arg = told,
					   .heading_line = "  FREE / [ALLOCATED]",
					   .key = "objects" });
}

static void tell_slabs(struct row *row, const struct slab_list *list, const char *heading,
		       const char *key)
{
	row_children(row, &(struct table){ .name = "kmem",
					   .columns = slab_columns,
					   .count = list->count,
					   .put = put_slab,
					   .arg = (void *)list,
					   .heading_line = heading,
					   .headings = heading ? HEADINGS_FIRST : HEADINGS_NEVER,
					   .none = "  (empty)",
					   .of = "slab",
					   .key = key });
}

/* Those on the lists of one CPU or node. */
static struct slab_list placed_slabs(const struct subject *subject, enum slab_place place)
{
	const struct slab_use *use = subject->use;
	struct slab_list list = { subject, scope_array(use->placed.count + 1, sizeof(*list.items)),
				  0 };

	for (size_t i = 0; i < use->placed.count; i++) {
		const struct placed_slab *placed = &use->placed.items[i];

		if (placed->place == place && placed->number == subject->number)
			list.items[list.count++] = &placed->slab;
	}
	return list;
}

/* ---- what a CPU has ---- */

static const struct column cpu_columns[] = {
	{ "cpu", "", CELL_NUMBER, .before = "CPU " },
	{ "kmem_cache_cpu", "", CELL_ADDRESS, .before = " KMEM_CACHE_CPU:\n  " },
	{ "sheaves", "", CELL_ADDRESS, .before = " SLUB_PERCPU_SHEAVES:\n  " },
	{ "main", "", CELL_NUMBER, .before = "  MAIN: " },
	{ "spare", "", CELL_NUMBER, .before = "  SPARE: " },
	{ "rcu", "", CELL_NUMBER, .before = "  RCU: " },
	{ 0 },
};

static u64 held_by(const struct subject *subject, enum held_by by)
{
	u64 count = 0;

	for (size_t i = 0; i < subject->use->held.count; i++)
		count += subject->use->held.items[i].by == by &&
			 subject->use->held.items[i].number == subject->number;
	return count;
}

static void put_sheaves(struct row *row, const struct subject *subject)
{
	static const enum held_by kinds[] = { HELD_SHEAF_MAIN, HELD_SHEAF_SPARE, HELD_SHEAF_RCU };
	const struct slab_cache *cache = subject->cache;

	if (cache->cpu_sheaves)
		row_address(row, percpu_address(cache->cpu_sheaves, subject->number));
	else
		row_none(row);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (cache->cpu_sheaves)
			row_number(row, held_by(subject, kinds[i]));
		else
			row_none(row);
	}
}

static void put_cpu(struct row *row, size_t index, void *arg)
{
	struct subject *subject = &((struct subject *)arg)[index];
	struct slab_list slab = placed_slabs(subject, SLAB_OF_CPU);
	struct slab_list partial = placed_slabs(subject, SLAB_CPU_PARTIAL);
	u64 cpu_slabs = subject->cache->cpu_slabs;

	row_number(row, subject->number);
	if (cpu_slabs)
		row_address(row, percpu_address(cpu_slabs, subject->number));
	else
		row_none(row);
	put_sheaves(row, subject);
	if (!cpu_slabs)
		return;
	tell_slabs(row, &slab, scope_printf("CPU %u SLAB:", subject->number), "slab");
	tell_slabs(row, &partial, scope_printf("CPU %u PARTIAL:", subject->number), "partial");
}

/* The same subject once for each CPU that is asked for. */
static struct subject *subjects_of_cpus(const struct subject *subject, size_t *count)
{
	const struct cpu_mask *wanted = subject->listing->question->cpus;
	const struct cpu_mask *possible = cpus_possible();
	struct subject *all = scope_array(cpu_mask_count(possible) + 1, sizeof(*all));

	*count = 0;
	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1)) {
		if (wanted && !cpu_mask_has(wanted, cpu))
			continue;
		all[*count] = *subject;
		all[(*count)++].number = cpu;
	}
	return all;
}

/* ---- what a node has ---- */

static const struct column node_columns[] = {
	{ "kmem_cache_node", "KMEM_CACHE_NODE", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "node", "NODE", CELL_NUMBER, .width = 4 },
	{ "slabs", "SLABS", CELL_NUMBER, .width = 5 },
	{ "partial", "PARTIAL", CELL_NUMBER, .width = 7 },
	{ "per_cpu", "PER-CPU", CELL_NUMBER, .width = 7 },
	{ "barn", NULL, .kind = CELL_NUMBER },
	{ 0 },
};

struct node_subject {
	struct subject subject;
	u64 address; /* kmem_cache_node */
};

static int compare_pages(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

/* Slabs of the page map on that node that are on no list: full ones. */
static struct slab_list unlisted_slabs(const struct subject *subject)
{
	const struct slab_use *use = subject->use;
	u64 *listed = scope_array(use->placed.count + 1, sizeof(*listed)), page;
	size_t count;
	const struct mapped_slab *mapped = slab_map(subject->cache, &count);
	struct slab_list list = { subject, scope_array(count + 1, sizeof(*list.items)), 0 };

	for (size_t i = 0; i < use->placed.count; i++)
		listed[i] = use->placed.items[i].slab.page;
	qsort(listed, use->placed.count, sizeof(*listed), compare_pages);
	for (size_t i = 0; i < count; i++) {
		struct slab_why why;
		struct slab *slab;

		page = page_of_pfn(mapped[i].frame);
		if (mapped[i].node != subject->number ||
		    bsearch(&page, listed, use->placed.count, sizeof(*listed), compare_pages))
			continue;
		slab = scope_alloc(sizeof(*slab));
		if (!slab_read(subject->cache, page, slab, &why))
			fail("%s", why.text);
		list.items[list.count++] = slab;
	}
	return list;
}

static void put_node(struct row *row, size_t index, void *arg)
{
	struct node_subject *told = &((struct node_subject *)arg)[index];
	const struct slab_use *use = told->subject.use;
	unsigned node = told->subject.number;
	struct slab_list partial = placed_slabs(&told->subject, SLAB_NODE_PARTIAL), full;
	struct slab_node counts;
	struct fault fault;
	u64 of_cpus = 0;

	if (!slab_node_read(told->address, &counts, &fault))
		fail("kmem_cache_node %llx: %s", told->address, fault_text(&fault));

	for (size_t i = 0; i < use->placed.count; i++)
		of_cpus += use->placed.items[i].place == SLAB_OF_CPU &&
			   use->placed.items[i].slab.node == node;
	row_stands_for(row, told->address);
	row_address(row, told->address);
	row_number(row, node);
	row_number(row, counts.slabs);
	row_number(row, counts.partial);
	row_number(row, of_cpus);
	if (told->subject.cache->cpu_sheaves)
		row_number(row, held_by(&told->subject, HELD_BARN));
	else
		row_none(row);
	tell_slabs(row, &partial, scope_printf("NODE %u PARTIAL:", node), "partial_list");
	full = unlisted_slabs(&told->subject);
	tell_slabs(row, &full, scope_printf("NODE %u FULL:", node), "full_list");
}

static struct node_subject *subjects_of_nodes(const struct subject *subject, size_t *count)
{
	unsigned nr = nodes_limit();
	struct node_subject *all = scope_array(nr, sizeof(*all));
	u64 address, barn;

	*count = 0;
	for (unsigned node = 0; node < nr; node++) {
		if (!slab_cache_node(subject->cache, node, &address, &barn) || !address)
			continue;
		all[*count] = (struct node_subject){ *subject, address };
		all[(*count)++].subject.number = node;
	}
	return all;
}

static void tell_cache_slabs(struct row *row, struct subject *subject)
{
	size_t count;
	void *subjects = subjects_of_cpus(subject, &count);

	row_children(row, &(struct table){ .name = "kmem",
					   .columns = cpu_columns,
					   .count = count,
					   .put = put_cpu,
					   .arg = subjects,
					   .headings = HEADINGS_NEVER,
					   .key = "cpus" });
	subjects = subjects_of_nodes(subject, &count);
	row_children(row, &(struct table){ .name = "kmem",
					   .columns = node_columns,
					   .count = count,
					   .put = put_node,
					   .arg = subjects,
					   .key = "nodes" });
}

/* ---- caches ---- */

enum { WITH_DETAILS = 1 };

static const struct column cache_columns[] = {
	{ "cache", "CACHE", CELL_ADDRESS, .align = ALIGN_LEFT, .width = 16, .zeros = true },
	{ "object_size", "OBJSIZE", CELL_NUMBER, .before = " ", .width = 8 },
	{ "stride", NULL, .kind = CELL_NUMBER },
	{ "allocated", "ALLOCATED", CELL_NUMBER, .width = 9 },
	{ "active", "ACTIVE", CELL_NUMBER, .width = 8, .when = WITH_DETAILS },
	{ "total", "TOTAL", CELL_NUMBER, .width = 8 },
	{ "slabs", "SLABS", CELL_NUMBER, .width = 5 },
	{ "slab_size", "SSIZE", CELL_SIZE, .unit = 1024, .width = 5 },
	{ "name", "NAME", CELL_TEXT, .width = 20 },
	{ "aliases", "ALIASES", CELL_TEXT, .when = WITH_DETAILS },
	{ "ignored", NULL, .kind = CELL_FLAG },
	{ 0 },
};

static bool is_ignored(const char *name, const char *ignored)
{
	size_t length = strlen(name);

	while (ignored && *ignored) {
		size_t word = strcspn(ignored, ",");

		if (word == length && strncmp(ignored, name, word) == 0)
			return true;
		ignored += word + (ignored[word] == ',');
	}
	return false;
}

static void put_ignored(struct row *row, const struct slab_cache *cache)
{
	row_null(row, "[IGNORED]");
	for (int i = 0; i < 6; i++)
		row_none(row);
	row_text(row, cache->name);
	row_none(row);
	row_flag(row, true);
}

/* The further names of a cache. */
static void put_aliases(struct row *row, const struct listing *listing,
			const struct slab_cache *cache)
{
	const struct slab_names *names = &listing->names;
	u64 directory = row_wants(row) ? slab_directory(cache) : 0;
	bool any = false;

	for (size_t i = 0; i < names->count && directory; i++) {
		if (names->links[i].directory != directory ||
		    streq(names->links[i].name, cache->name))
			continue;
		if (!any)
			row_list(row);
		row_text(row, names->links[i].name);
		any = true;
	}
	if (any)
		row_list_end(row);
	else
		row_none(row);
}

static void put_cache(struct row *row, size_t index, void *arg)
{
	const struct listing *listing = arg;
	const struct slab_use *use = &listing->uses[index];
	struct subject *subject = scope_alloc(sizeof(*subject));

	*subject = (struct subject){ listing, listing->caches[index], use, 0 };
	row_stands_for(row, subject->cache->address);
	row_address(row, subject->cache->address);
	if (is_ignored(subject->cache->name, listing->question->ignored)) {
		put_ignored(row, subject->cache);
		return;
	}
	row_number(row, subject->cache->object_bytes);
	row_number(row, subject->cache->stride);
	if (use->nr_problems)
		row_unknown(row, NULL);
	else
		row_number(row, use->allocated);
	if (use->nr_problems || use->partial_free > use->objects)
		row_unknown(row, NULL);
	else
		row_number(row, use->objects - use->partial_free);
	row_number(row, use->objects);
	row_number(row, use->slabs);
	row_size(row, subject->cache->slab_bytes);
	row_shown(row, scope_printf("%lluk", subject->cache->slab_bytes / 1024));
	row_text(row, subject->cache->name);
	put_aliases(row, listing, subject->cache);
	row_none(row);
	problemshow(row, !use->nr_problems ? ""
			 : use->nr_problems == 1
				 ? use->problem.text
				 : scope_printf("%s (and %u more)", use->problem.text,
						use->nr_problems - 1));
	if (listing->slab)
		tell_slabs(row,
			   &(struct slab_list){ subject, (const struct slab **)&listing->slab, 1 },
			   NULL, "slab");
	else if (listing->question->slabs)
		tell_cache_slabs(row, subject);
}

static void show(struct listing *listing, size_t count)
{
	bool deep = listing->question->slabs && !listing->slab;

	listing->uses = scope_array(count + 1, sizeof(*listing->uses));
	slab_use_read(listing->caches, count, listing->uses);
	if (listing->question->details)
		listing->names = slab_names_read();
	if (listing->names.problem)
		warn("%s", listing->names.problem);
	table_show(&(struct table){ .name = "kmem",
				    .columns = cache_columns,
				    .count = count,
				    .put = put_cache,
				    .arg = listing,
				    .when = listing->question->details ? WITH_DETAILS : 0,
				    .blank_after = deep,
				    .of = "slab cache" });
}

void slabshow_all(const struct slab_question *question)
{
	size_t count;
	const struct slab_cache *all = slab_caches(&count);
	const struct slab_cache **caches = scope_array(count + 1, sizeof(*caches));

	for (size_t i = 0; i < count; i++)
		caches[i] = &all[i];
	show(&(struct listing){ .question = question, .caches = caches }, count);
}

void slabshow_cache(const struct slab_cache *cache, const struct slab_question *question)
{
	show(&(struct listing){ .question = question, .caches = &cache }, 1);
}

static bool show_slab(u64 address, u64 only)
{
	static const struct slab_question plain = { 0 };
	const struct slab_cache *cache;
	struct slab slab;
	struct listing listing = { .question = &plain, .only = only, .slab = &slab };

	if (!slab_find(address, &cache, &slab))
		return false;
	listing.caches = &cache;
	show(&listing, 1);
	return true;
}

bool slabshow_object(u64 address)
{
	return show_slab(address, address);
}

bool slabshow_slab(u64 address)
{
	return show_slab(address, 0);
}

static const struct column name_columns[] = {
	{ "cache", "", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "name", "", CELL_TEXT, .before = " " },
	{ 0 },
};

static void put_name(struct row *row, size_t index, void *arg)
{
	const struct slab_cache *cache = &((const struct slab_cache *)arg)[index];

	row_stands_for(row, cache->address);
	row_address(row, cache->address);
	row_text(row, cache->name);
}

void slabshow_names(void)
{
	size_t count;
	const struct slab_cache *all = slab_caches(&count);

	table_show(&(struct table){ .name = "kmem",
				    .columns = name_columns,
				    .count = count,
				    .put = put_name,
				    .arg = (void *)all,
				    .headings = HEADINGS_NEVER });
}
