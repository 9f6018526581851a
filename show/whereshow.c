/* show/whereshow.c - what lies at an address of the kernel: each fact in its layout. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What crash has a layout for stands in it, in its order, with blank lines between. What else is
 * known follows behind labels.
 */
#include "show/whereshow.h"

#include "base/fail.h"
#include "base/table.h"
#include "containers/kpercpuchunk.h"
#include "kernel/fs/vfs.h"
#include "kernel/mm/kfence.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/tableowner.h"
#include "kernel/mm/vma.h"
#include "kernel/mm/whatpage.h"
#include "kernel/module.h"
#include "kernel/unwind/stackarea.h"
#include "memory.h"
#include "shell/command.h"
#include "show/contextshow.h"
#include "show/pageshow.h"
#include "show/slabshow.h"
#include "show/symbolshow.h"
#include "show/vmallocshow.h"
#include "show/zoneshow.h"

KTYPE(task_type, "struct task_struct");

/* An address, and what was found out about it. */
struct place {
	u64 address; /* kernel virtual; 0: none is known */
	u64 pfn;
	bool has_page; /* PFN, and WHAT is of it */
	bool whole; /* a struct page was given: all of its slab is meant */
	struct page_what what;
	bool on_stack;
	struct stack_owner stack;
	bool is_percpu;
	struct percpu_place percpu;
	const struct module *module;
	const char *module_memory; /* "TEXT"; NULL or "": that is not told */
	bool in_area; /* of vmalloc, which is AREA */
	struct vmalloc_area area;
	struct table_place table; /* level NULL: it is no page table, or nobody's */
	bool is_guarded; /* KFENCE is of the kernel's memory guard */
	struct kfence_place kfence;
	bool of_device; /* there is no struct page */
	bool any; /* something was shown */
};

/* ---- what an address is ---- */

static void find_module(struct place *place)
{
	if (module_is_left_out())
		return;
	for (size_t i = 0; i < module_count(); i++) {
		const struct module *module = module_at(i);

		for (size_t r = 0; r < module->nr_ranges; r++) {
			if (place->address < module->ranges[r].start ||
			    place->address >= module->ranges[r].end)
				continue;
			place->module = module;
			place->module_memory = module->range_kinds[r];
		}
	}
}

/* Chunks of per-cpu memory say of no page that it is theirs; but their pages name the chunk. */
static bool find_in_chunk(const struct place *place, u64 *mapped)
{
	for (size_t i = 0; i < ARRAY_SIZE(place->what.owner_words); i++)
		if (percpu_address_of(place->what.owner_words[i], place->pfn << PAGE_SHIFT, mapped))
			return true;
	return false;
}

/* Areas of vmalloc do not say where their pages are; but they say which these are. */
static void find_area(struct place *place)
{
	struct vmalloc_area *areas;
	const char *problem;
	size_t count = vmalloc_areas(&areas, &problem);
	const struct vmalloc_area *area;
	u64 direct = 0;

	mem_phys_to_kernel(place->pfn << PAGE_SHIFT, &direct);
	area = place->address ? vmalloc_find(areas, count, place->address) : NULL;
	if (!area && place->has_page && place->what.use == PAGE_OTHER &&
	    align_down(place->address, PAGE_BYTES) == direct) {
		u64 mapped = 0;

		if (!find_in_chunk(place, &mapped))
			mapped = vmalloc_address_of_page(areas, count, place->what.page);
		area = mapped ? vmalloc_find(areas, count, mapped) : NULL;
		if (area)
			place->address = mapped + place->address % PAGE_BYTES;
	}
	place->in_area = area;
	if (area)
		place->area = *area;
	if (problem)
		command_problem("kmem", problem);
}

/* Many tables of the kernel do not say that they are: what has no other owner may be one. */
static void find_table_owner(struct place *place)
{
	enum page_use use = place->what.use;
	bool known = place->on_stack || place->is_percpu || place->module || place->in_area;
	u64 first = place->pfn;

	if (!place->has_page || known ||
	    (use != PAGE_OF_TABLE && use != PAGE_OTHER && use != PAGE_RESERVED))
		return;
	page_to_pfn(place->what.head, &first);
	table_owner_find(place->pfn, first,
			 use == PAGE_OF_TABLE	? TABLE_MARKED
			 : use == PAGE_RESERVED ? TABLE_RESERVED
						: TABLE_MAYBE,
			 &place->table);
}

static void find_kfence(struct place *place)
{
	place->is_guarded = kfence_find(place->address, &place->kfence);
	if (place->is_guarded && place->kfence.problem)
		command_problem("kmem", place->kfence.problem);
}

static void find_stack(struct place *place)
{
	place->on_stack = stack_owner_of(place->address, &place->stack);
}

static void find_percpu(struct place *place)
{
	place->is_percpu = percpu_place_of(place->address, &place->percpu);
}

struct finding {
	struct place *place;
	void (*find)(struct place *place);
};

static void find_body(void *arg)
{
	const struct finding *finding = arg;

	finding->find(finding->place);
}

/* A thing that this dump cannot tell costs only itself. */
static void find(struct place *place, void (*finder)(struct place *place))
{
	struct finding finding = { place, finder };
	struct failure failure;

	if (!protect_row(find_body, &finding, &failure))
		command_problem("kmem", failure.text);
}

/* Its memory may be missing in the dump, which is another thing. */
static bool has_struct_page(u64 pfn)
{
	struct fault fault = { 0 };
	u64 word;

	return mem_try_u64(page_of_pfn(pfn), &word, &fault) || fault.reason != FAULT_NOT_MAPPED;
}

static void find_page(struct place *place)
{
	page_what(place->pfn, &place->what);
	place->has_page = true;
}

/* False: there is no page, and WHY says it. */
static bool resolve(struct place *place, u64 address, bool physical, struct fault *why)
{
	u64 paddr;

	if (!physical && page_to_pfn(address, &place->pfn) && page_of_pfn(place->pfn) == address &&
	    place->pfn < memory_dump()->max_pfn) {
		place->whole = true;
		mem_phys_to_kernel(place->pfn << PAGE_SHIFT, &place->address);
		return true;
	}
	if (!physical && mem_is_kernel_address(address)) {
		place->address = address;
		if (!mem_kernel_to_phys(address, &paddr, why))
			return false;
	} else {
		paddr = address;
		mem_phys_to_kernel(paddr, &place->address);
	}
	place->pfn = paddr >> PAGE_SHIFT;
	return place->pfn < memory_dump()->max_pfn ||
	       fault_set(why, FAULT_NOT_IN_DUMP, SPACE_PHYSICAL, paddr);
}

/* ---- what crash has layouts for ---- */

static void next_part(struct place *place)
{
	if (place->any)
		table_remark("\n");
	place->any = true;
}

static void show_symbol(struct place *place)
{
	struct shown_symbol shown = { .symbol = symbol_at(place->address, NULL),
				      .address = place->address,
				      .with_line = true };

	if (!shown.symbol)
		return;
	next_part(place);
	table_show(&(struct table){ .name = "kmem",
				    .columns = symbol_columns,
				    .count = 1,
				    .put = symbol_table(&shown).put,
				    .arg = &shown,
				    .headings = HEADINGS_NEVER });
}

static void show_slab(struct place *place)
{
	if (!place->has_page || place->what.use != PAGE_OF_SLAB)
		return;
	next_part(place);
	if (!(place->whole ? slabshow_slab : slabshow_object)(place->address))
		command_problem(
			"kmem",
			"the struct page is a slab's, but of no cache that the kernel's list has");
}

/*
 * The task whose task_struct or stack it is. The last member, the registers of the FPU, takes
 * less in memory than its type says.
 */
static const struct task *task_here(const struct place *place)
{
	const struct task *found = NULL;

	if (place->on_stack && place->stack.kind == STACK_TASK)
		return place->stack.task;
	for (size_t i = 0; i < task_count(); i++) {
		const struct task *task = task_at(i);

		if (place->address >= task->address &&
		    place->address - task->address < ktype_size(&task_type) &&
		    (!found || task->address > found->address))
			found = task;
	}
	return found;
}

static void show_task(struct place *place)
{
	const struct task *task = task_here(place);

	if (!task || place->whole)
		return;
	next_part(place);
	contextshow_task("kmem", task, 7);
}

static void show_area(struct place *place)
{
	if (!place->in_area)
		return;
	next_part(place);
	vmallocshow_area(&place->area, false);
}

static void show_page(struct place *place)
{
	if (!place->has_page)
		return;
	if (place->what.use == PAGE_FREE) {
		next_part(place);
		zoneshow_free_block(place->pfn);
	}
	next_part(place);
	pageshow_frame(place->pfn, NULL);
}

/* ---- the rest ---- */

static const struct column fact_columns[] = {
	{ "use", "USE", .kind = CELL_TEXT },
	{ "head", "HEAD", .kind = CELL_ADDRESS },
	{ "order", "", CELL_NUMBER, .before = "  ORDER: ", .same_line = true },
	{ "inode", "INODE", .kind = CELL_ADDRESS },
	{ "file_page", "", CELL_NUMBER, .before = "  PAGE: ", .same_line = true },
	{ "path", "PATH", .kind = CELL_TEXT },
	{ "anon_vma", "ANON", .kind = CELL_ADDRESS },
	{ "memcg", "MEMCG", .kind = CELL_ADDRESS },
	{ "memcg_path", "", CELL_TEXT, .same_line = true },
	{ "mm", "MM", .kind = CELL_ADDRESS },
	{ "mm_pid", "", CELL_NUMBER, .before = "  PID: ", .same_line = true },
	{ "table", "TABLE", .kind = CELL_TEXT },
	{ "table_start", "", CELL_ADDRESS, .before = "  FROM: ", .same_line = true },
	{ "kfence", "KFENCE", .kind = CELL_TEXT },
	{ "kfence_object", "", CELL_ADDRESS, .before = "  OBJECT: ", .same_line = true },
	{ "kfence_size", "", CELL_SIZE, .before = "  SIZE: ", .same_line = true },
	{ "kfence_cache", "", CELL_TEXT, .before = "  CACHE: ", .same_line = true },
	{ "allocated_by", "", CELL_NUMBER, .before = "  ALLOCATED BY: ", .same_line = true },
	{ "freed_by", "", CELL_NUMBER, .before = "  FREED BY: ", .same_line = true },
	{ "module", "MODULE", .kind = CELL_TEXT },
	{ "module_memory", "", CELL_TEXT, .same_line = true },
	{ "stack", "STACK", .kind = CELL_TEXT },
	{ "stack_cpu", "", CELL_NUMBER, .before = "  CPU: ", .same_line = true },
	{ "stack_pid", "", CELL_NUMBER, .before = "  PID: ", .same_line = true },
	{ "stack_start", "", CELL_ADDRESS, .before = "  ", .same_line = true },
	{ "stack_end", "", CELL_ADDRESS, .before = " - ", .same_line = true },
	{ "area", "AREA", .kind = CELL_TEXT },
	{ "area_physical", "", CELL_ADDRESS, .before = "  PHYSICAL: ", .same_line = true },
	{ "caller", "CALLER", .kind = CELL_TEXT },
	{ "percpu", "PERCPU", .kind = CELL_ADDRESS },
	{ "percpu_cpu", "", CELL_NUMBER, .before = "  CPU: ", .same_line = true },
	{ "variable", "", CELL_TEXT, .before = "  VARIABLE: ", .same_line = true },
	{ "variable_offset", "", CELL_NUMBER, .before = "+", .same_line = true },
	{ "chunk", "", CELL_ADDRESS, .before = "  CHUNK: ", .same_line = true },
	{ "allocation", "", CELL_ADDRESS, .before = "  START: ", .same_line = true },
	{ "allocation_size", "", CELL_SIZE, .before = "  SIZE: ", .same_line = true },
	{ 0 },
};

static void none(struct row *row, unsigned count)
{
	while (count-- > 0)
		row_none(row);
}

/* Pages of the image that the kernel gave back after its start are reserved no longer. */
static bool is_image(const struct place *place)
{
	const struct kernel_layout *layout = memory_layout();
	u64 address = layout->kernel_map_start + (place->pfn << PAGE_SHIFT) - layout->phys_base;

	return place->what.use == PAGE_RESERVED && layout->image_found &&
	       symbol_at(address, NULL) && !symbol_module_at(address);
}

static const char *area_use(const struct vmalloc_area *area)
{
	struct strbuf *words = scope_strbuf();

	if (area->freed)
		return "unpurged";
	vmalloc_area_words(area, words);
	return words->length ? strbuf_text(words) : "vmalloc";
}

/* Of pages that say only that the kernel has them the address tells more. */
static const char *use_by_address(const struct place *place)
{
	return place->table.level ? page_use_name(PAGE_OF_TABLE)
	       : place->on_stack  ? "kernel stack"
	       : place->is_percpu ? "per-cpu memory"
	       : place->module	  ? "module"
	       : place->in_area	  ? area_use(&place->area)
	       : is_image(place)  ? "kernel image"
				  : page_use_name(place->what.use);
}

static const char *use_words(const struct place *place)
{
	const struct page_what *what = &place->what;

	if (what->use == PAGE_FREE_OF_CPU)
		return scope_printf("free, at hand of CPU %u", what->cpu);
	if (what->use == PAGE_OTHER || what->use == PAGE_RESERVED)
		return use_by_address(place);
	return what->swap_cache ? scope_printf("%s, in the swap cache", page_use_name(what->use))
				: page_use_name(what->use);
}

static void put_page_facts(struct row *row, const struct place *place)
{
	const struct page_what *what = &place->what;
	struct strbuf *path = scope_strbuf();

	if (!place->has_page) {
		none(row, 9);
		return;
	}
	row_text(row, use_words(place));
	if (what->order) {
		row_address(row, what->head);
		row_number(row, what->order);
	} else {
		none(row, 2);
	}
	if (what->use == PAGE_OF_FILE) {
		row_address(row, what->inode);
		row_number(row, what->index);
	} else {
		none(row, 2);
	}
	if (what->use == PAGE_OF_FILE && vfs_inode_path(what->inode, path))
		row_text(row, strbuf_text(path));
	else
		row_none(row);
	if (what->anon_vma)
		row_address(row, what->anon_vma);
	else
		row_none(row);
	path = scope_strbuf();
	if (!what->memcg) {
		none(row, 2);
		return;
	}
	row_address(row, what->memcg);
	if (memcg_path(what->memcg, path))
		row_text(row, strbuf_text(path));
	else
		row_none(row);
}

static void put_table(struct row *row, const struct place *place)
{
	const struct table_place *table = &place->table;

	if (table->task) {
		row_address(row, table->mm);
		row_number(row, table->task->pid);
	} else {
		none(row, 2);
	}
	if (!table->level) {
		none(row, 2);
		return;
	}
	row_text(row, table->level);
	row_address(row, table->start);
}

static void put_kfence(struct row *row, const struct place *place)
{
	const struct kfence_place *kfence = &place->kfence;
	const struct slab_cache *cache = place->is_guarded && kfence->cache
						 ? slab_cache_at(kfence->cache)
						 : NULL;

	if (!place->is_guarded) {
		none(row, 6);
		return;
	}
	if (kfence->guard || kfence->state)
		row_text(row, kfence->guard ? "guard page" : kfence->state);
	else
		row_unknown(row, NULL);
	if (kfence->bytes) {
		row_address(row, kfence->object);
		row_size(row, kfence->bytes);
	} else {
		none(row, 2);
	}
	if (cache)
		row_text(row, cache->name);
	else
		row_none(row);
	if (kfence->allocated_by)
		row_number(row, kfence->allocated_by);
	else
		row_none(row);
	if (kfence->freed_by)
		row_number(row, kfence->freed_by);
	else
		row_none(row);
}

static void put_area(struct row *row, const struct place *place)
{
	const struct vmalloc_area *area = &place->area;
	char caller[128];

	if (!place->in_area) {
		none(row, 3);
		return;
	}
	row_text(row, area_use(area));
	if (area->physical)
		row_address(row, area->physical);
	else
		row_none(row);
	/* A module gives back the memory of its first function. */
	if (!area->caller)
		row_none(row);
	else if (symbol_format(area->caller, true, caller, sizeof(caller)))
		row_text(row, scope_strdup(caller));
	else
		row_text(row, scope_printf("%llx", area->caller));
}

static void put_stack(struct row *row, const struct place *place)
{
	const struct stack_owner *stack = &place->stack;

	if (!place->on_stack) {
		none(row, 5);
		return;
	}
	row_text(row, stack_kind_name(stack->kind));
	if (stack->kind == STACK_TASK) {
		row_none(row);
		row_number(row, stack->task->pid);
	} else {
		row_number(row, stack->cpu);
		row_none(row);
	}
	row_address(row, stack->range.start);
	row_address(row, stack->range.end);
}

static void put_percpu(struct row *row, const struct place *place)
{
	const struct percpu_place *percpu = &place->percpu;

	if (!place->is_percpu) {
		none(row, 7);
		return;
	}
	row_address(row, percpu->value);
	row_number(row, percpu->cpu);
	if (percpu->symbol) {
		row_text(row, percpu->symbol->name);
		row_number(row, percpu->offset);
		if (!percpu->offset)
			row_shown(row, "");
	} else {
		none(row, 2);
	}
	if (percpu->chunk)
		row_address(row, percpu->chunk);
	else
		row_none(row);
	if (percpu->bytes) {
		row_address(row, percpu->start);
		row_size(row, percpu->bytes);
	} else {
		none(row, 2);
	}
}

static void put_facts(struct row *row, UNUSED size_t index, void *arg)
{
	const struct place *place = arg;

	put_page_facts(row, place);
	put_table(row, place);
	put_kfence(row, place);
	if (place->module)
		row_text(row, place->module->name);
	else
		row_none(row);
	if (place->module && place->module_memory && place->module_memory[0])
		row_text(row, place->module_memory);
	else
		row_none(row);
	put_stack(row, place);
	put_area(row, place);
	put_percpu(row, place);
}

static void show_facts(struct place *place)
{
	if (!place->has_page && !place->module && !place->on_stack && !place->is_percpu &&
	    !place->in_area)
		return;
	next_part(place);
	table_show(&ONE_ROW("kmem", fact_columns, put_facts, place, .labels = 7));
}

void whereshow(const char *word, u64 address, bool physical)
{
	struct place *place = scope_alloc(sizeof(*place));
	struct fault fault = { 0 };
	bool has_page = resolve(place, address, physical, &fault);

	/* What is mapped by ioremap() is a device's. */
	place->of_device = has_page && !has_struct_page(place->pfn);
	has_page = has_page && !place->of_device;
	if (!has_page && !place->of_device && fault.space == SPACE_PHYSICAL)
		fail("%s: there is no such physical address: memory ends at %llx", word,
		     memory_dump()->max_pfn << PAGE_SHIFT);
	if (has_page)
		find(place, find_page);
	find(place, find_area);
	if (place->address) {
		find(place, find_module);
		find(place, find_stack);
		find(place, find_percpu);
		find(place, find_kfence);
	}
	find(place, find_table_owner);
	show_symbol(place);
	show_slab(place);
	show_task(place);
	show_area(place);
	show_page(place);
	show_facts(place);
	if (place->of_device && !place->any)
		fail("%s: physical %llx has no struct page: it is not the kernel's memory", word,
		     place->pfn << PAGE_SHIFT);
	else if (!has_page && !place->of_device && place->any)
		command_problem("kmem", scope_printf("%s: %s", word, fault_text(&fault)));
	else if (!has_page && !place->of_device)
		fail("%s: %s", word, fault_text(&fault));
}
