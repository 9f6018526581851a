/* shell/savedump.c - writes the pages that this session has read into a small compressed kdump. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file has the dump's notes and vmcoreinfo, so that the same commands give the same answers
 * from it. Pages which the session wanted and the dump leaves out are also marked as left out here.
 *
 * Other programs want some more before their first prompt, which is read here just for that: the
 * kernel's variables, all of every task_struct and struct module, the slab caches' and nodes'
 * descriptions, and the whole of a stack of which a part was read.
 */
#include "shell/savedump.h"

#include "base/fail.h"
#include "base/progress.h"
#include "containers/klist.h"
#include "containers/kpercpu.h"
#include "dump/elfnote.h"
#include "dump/kdumpwrite.h"
#include "dump/touched.h"
#include "kernel.h"
#include "kernel/module.h"
#include "kernel/unwind/orc.h"
#include "memory.h"
#include "shell/session.h"
#include "symbols.h"
#include "task.h"

KTYPE(type_task_struct, "task_struct");
KTYPE(type_mem_section, "mem_section");
KTYPE(type_node, "pglist_data");
KTYPE(type_kmem_cache, "kmem_cache");
KFIELD(cache_name, "kmem_cache.name");
KFIELD(cache_list, "kmem_cache.list");
KTYPE(type_mm_struct, "mm_struct");
KTYPE(type_module, "module");
KSYMBOL(slab_caches, "slab_caches");
KSYMBOL(percpu_start, "__per_cpu_start");
KSYMBOL(mem_section, "mem_section");
KSYMBOL(percpu_end, "__per_cpu_end");

enum {
	STACK_BYTES = 16384,
	SECTION_SHIFT = 27,
	MAX_MODULE_BYTES = 16 << 20,
	MAX_FUNCTION_BYTES = 1 << 16,
	ENTRY_PRESENT = 1,
	ENTRY_LEAF = 0x80
};

#define ENTRY_ADDRESS 0x000ffffffffff000ULL
#define CPU_ENTRY_AREAS 0xfffffe0000000000ULL

/* Strings of the header, which have room for as much as the kernel's. */
struct names {
	char text[6][65];
};

static void read_identity(void *arg)
{
	const struct kernel_identity *identity = kernel_identity();
	struct names *names = arg;

	memcpy(names->text[1], identity->nodename, sizeof(identity->nodename));
	memcpy(names->text[2], identity->release, sizeof(identity->release));
	memcpy(names->text[3], identity->version, sizeof(identity->version));
}

/* What the kernel says of itself, or else the dump's header does. */
static void find_names(struct names *names)
{
	*names = (struct names){ .text = { "Linux", "", "", "", "x86_64", "" } };
	if (protect(read_identity, names, NULL))
		return;
	memcpy(names->text[1], session.dump->utsname_nodename, 65);
	memcpy(names->text[2], session.dump->utsname_release, 65);
	memcpy(names->text[3], session.dump->utsname_version, 65);
}

static void read_cpus_and_time(void *arg)
{
	struct kdump_contents *contents = arg;

	contents->nr_cpus = kernel_nr_cpus();
	contents->time = kernel_wall_seconds();
}

/* Reads for the sake of having been read; what cannot be read is also missing from the new file. */
static void touch(u64 address, u64 bytes)
{
	for (u64 at = align_down(address, PAGE_BYTES); at < address + bytes; at += PAGE_BYTES) {
		u8 byte;

		interrupt_check();
		mem_try_read(at, &byte, 1, NULL);
	}
}

static void touch_between(const char *from, const char *to)
{
	const struct symbol *start = symbol_by_name(from), *end = symbol_by_name(to);

	if (start && end && start->value < end->value)
		touch(start->value, end->value - start->value);
}

static void touch_variables(UNUSED void *arg)
{
	u64 bytes;

	touch_between("_sdata", "_edata");
	touch_between("__start_ro_after_init", "__end_ro_after_init");
	touch_between("__bss_start", "__bss_stop");
	touch_between("orc_lookup", "orc_lookup_end");
	if (!ksymbol_exists(&percpu_start) || !ksymbol_exists(&percpu_end))
		return;
	bytes = ksymbol_address(&percpu_end) - ksymbol_address(&percpu_start);
	for (unsigned cpu = 0; (cpu = cpu_mask_next(cpus_possible(), cpu)) < MAX_CPUS; cpu++)
		touch(percpu_address(ksymbol_address(&percpu_start), cpu), bytes);
}

/* The tables that the table at PADDR points to, and what these point to, LEVELS deep. */
static void touch_tables_below(u64 paddr, unsigned first, unsigned levels)
{
	u64 entries[PAGE_BYTES / 8];

	if (!mem_try_read_in(PHYSICAL_SPACE, paddr, entries, sizeof(entries), NULL))
		return;
	for (unsigned i = first; levels && i < ARRAY_SIZE(entries); i++) {
		if ((entries[i] & (ENTRY_PRESENT | ENTRY_LEAF)) == ENTRY_PRESENT)
			touch_tables_below(entries[i] & ENTRY_ADDRESS, 0, levels - 1);
	}
}

/* The upper page tables of the kernel's half, those of the CPUs' entry areas to the last. */
static void touch_tables(UNUSED void *arg)
{
	const struct kernel_layout *layout = memory_layout();
	struct translation translation = { 0 };
	u64 paddr;

	if (!mem_kernel_to_phys(layout->top_table, &paddr, NULL))
		return;
	touch_tables_below(paddr, PAGE_BYTES / 8 / 2, layout->levels - 3);
	mem_walk_kernel(CPU_ENTRY_AREAS, &translation, NULL);
	for (size_t i = 0; i < translation.nr_steps; i++) {
		if (streq(translation.steps[i].table, "PUD"))
			touch_tables_below(
				align_down(translation.steps[i].entry_address, PAGE_BYTES), 0, 2);
	}
	touch(layout->vmemmap_start, PAGE_BYTES);
}

/* The function that ADDRESS is in, for those who take it apart to find out about its frame. */
static void touch_code(u64 address)
{
	const struct symbol *symbol = address_is_text(address) ? symbol_at(address, NULL) : NULL;

	struct orc_rule rule;

	if (!symbol)
		return;
	touch(symbol->value, min_u64(symbol->size, MAX_FUNCTION_BYTES) + PAGE_BYTES);
	/* A table is searched in steps that differ with the place where the search starts. */
	for (u64 at = symbol->value; at < symbol->value + min_u64(symbol->size, MAX_FUNCTION_BYTES);
	     at += 64)
		orc_lookup(at, &rule);
}

/* A stack, and the code that its words may return to. */
static void touch_stack(u64 stack)
{
	u64 words[STACK_BYTES / 8];

	if (!mem_try_read(stack, words, sizeof(words), NULL))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		touch_code(words[i]);
}

static void touch_tasks(UNUSED void *arg)
{
	for (size_t i = 0; i < task_count(); i++) {
		const struct task *task = task_at(i);
		bool wanted = false;

		touch(task->address, ktype_size(&type_task_struct));
		if (task->mm)
			touch(task->mm, ktype_size(&type_mm_struct));
		for (u64 at = task->stack; at < task->stack + STACK_BYTES && !wanted;
		     at += PAGE_BYTES) {
			u64 paddr, pfn;

			wanted = mem_kernel_to_phys(at, &paddr, NULL) &&
				 touched_next(session.dump->touched, paddr >> PAGE_SHIFT, &pfn) &&
				 pfn == paddr >> PAGE_SHIFT;
		}
		/* Some look for the panic's task by its stack. */
		touch(task->stack, STACK_BYTES);
		if (wanted)
			touch_stack(task->stack);
	}
}

/* Code and tables at which others look to learn how this kernel was built. */
static void touch_known(UNUSED void *arg)
{
	static const char *const names[] = { "schedule",
					     "__schedule",
					     "ret_from_fork",
					     "kernel_clone",
					     "panic",
					     "entry_SYSCALL_64",
					     "asm_exc_page_fault",
					     "__x64_sys_open",
					     "__x64_sys_fork",
					     "do_futex",
					     "sys_open",
					     "vfs_read",
					     "mt_slots",
					     "mt_pivots",
					     "kernel_thread",
					     "linux_banner",
					     "saved_command_line" };

	for (size_t i = 0; i < session.dump->nr_cpu_notes; i++)
		touch_code(session.dump->cpu_notes[i].regs.ip);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct symbol *symbol = symbol_by_name(names[i]);

		if (symbol)
			touch(symbol->value, symbol->size + PAGE_BYTES);
	}
}

/* The table of memory's sections: a pointer to a table of pages of mem_section. */
static void touch_sections(UNUSED void *arg)
{
	unsigned address_bits = memory_layout()->levels == 5 ? 52 : 46;
	u64 a_page = PAGE_BYTES / max_u64(ktype_size(&type_mem_section), 1);
	u64 nr_roots = (1ULL << (address_bits - SECTION_SHIFT)) / max_u64(a_page, 1);
	u64 table = ksymbol_u64(&mem_section, 8);

	for (u64 i = 0; i < nr_roots; i++) {
		u64 root;

		if (mem_try_u64(table + i * 8, &root, NULL) && root)
			touch(root, PAGE_BYTES);
	}
}

static void touch_nodes(UNUSED void *arg)
{
	const struct symbol *table = symbol_by_name("node_data");

	for (u64 i = 0; table && i < max_u64(table->size / 8, 1); i++) {
		u64 node;

		if (mem_try_u64(table->value + i * 8, &node, NULL) && node)
			touch(node, ktype_size(&type_node));
	}
}

static void touch_caches(UNUSED void *arg)
{
	struct klist_iter list;
	u64 cache;

	klist_begin(&list, ksymbol_address(&slab_caches), kfield_offset(&cache_list));
	while (klist_next(&list, &cache)) {
		u64 name;

		touch(cache, ktype_size(&type_kmem_cache));
		if (mem_try_u64(cache + kfield_offset(&cache_name), &name, NULL))
			touch(name, 1);
	}
}

/* A table of names, and the names. */
static void touch_names(const char *name)
{
	const struct symbol *table = symbol_by_name(name);

	for (u64 i = 0; table && i < table->size / 8; i++) {
		u64 text;

		if (mem_try_u64(table->value + i * 8, &text, NULL) && mem_is_kernel_address(text))
			touch(text, 1);
	}
}

/* Symbol tables and variables; where kernel and module are one area, code as well. */
static void touch_module(const struct module *module)
{
	touch(module->address, ktype_size(&type_module));
	for (size_t i = 0; i < module->nr_ranges; i++) {
		const struct address_range *range = &module->ranges[i];

		if (!streq(module->range_kinds[i], "TEXT") &&
		    range->end - range->start < MAX_MODULE_BYTES)
			touch(range->start, range->end - range->start);
	}
}

static void touch_modules(UNUSED void *arg)
{
	touch_names("pageflag_names");
	touch_names("vmaflag_names");
	for (size_t i = 0; i < module_count(); i++)
		touch_module(module_at(i));
}

static u64 count_touched(const struct touched *touched)
{
	u64 count = 0;

	for (u64 pfn = 0; touched_next(touched, pfn, &pfn); pfn++)
		count++;
	return count;
}

/* Returns how many pages were written. */
static u64 write_pages(struct kdump_writer *writer, u64 nr_touched)
{
	struct dump *dump = session.dump;
	u64 nr_pages = 0, done = 0;

	for (u64 pfn = 0; touched_next(dump->touched, pfn, &pfn); pfn++) {
		u8 page[PAGE_BYTES];
		struct fault fault = { 0 };

		progress_at(done++ << PAGE_SHIFT, nr_touched << PAGE_SHIFT);
		if (dump_try_read(dump, pfn << PAGE_SHIFT, page, sizeof(page), &fault))
			nr_pages += kdump_writer_page(writer, pfn, page);
		else if (fault.reason == FAULT_EXCLUDED)
			kdump_writer_excluded(writer, pfn);
		if (interrupt_pending())
			break;
	}
	return nr_pages;
}

void save_dump(const char *path, struct saved *saved)
{
	struct dump *dump = session.dump;
	const struct vmcoreinfo *info = &session.vmcoreinfo;
	struct strbuf *why = scope_strbuf(), notes = { 0 };
	struct kdump_contents contents = {
		.compression = COMPRESSION_ZLIB,
		.max_pfn = dump->max_pfn,
		.phys_base = memory_layout() ? memory_layout()->phys_base : dump->header_phys_base,
		.dump_level = 31,
		.nr_cpus = dump->nr_cpu_notes,
		.vmcoreinfo = info->text,
		.vmcoreinfo_bytes = info->length,
	};
	struct kdump_writer *writer;
	struct names names;
	bool written;

	if (!dump->touched)
		fail("there was no memory to record which pages this session reads");
	progress_scope("saving", PROGRESS_BYTES);
	find_names(&names);
	protect(read_cpus_and_time, &contents, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(contents.utsname); i++)
		contents.utsname[i] = names.text[i];
	protect(touch_variables, NULL, NULL);
	protect(touch_tables, NULL, NULL);
	protect(touch_tasks, NULL, NULL);
	protect(touch_known, NULL, NULL);
	protect(touch_sections, NULL, NULL);
	protect(touch_nodes, NULL, NULL);
	protect(touch_caches, NULL, NULL);
	protect(touch_modules, NULL, NULL);
	contents.max_pages = count_touched(dump->touched);
	dump_copy_notes(dump, &notes);
	contents.notes = notes.text;
	contents.notes_bytes = notes.length;
	writer = kdump_writer_create(path, &contents, why);
	strbuf_free(&notes);
	if (!writer)
		fail("%s: %s", path, strbuf_text(why));
	saved->nr_pages = write_pages(writer, contents.max_pages);
	written = kdump_writer_finish(writer, &saved->bytes, why);
	if (!written)
		fail("%s: %s", path, strbuf_text(why));
	interrupt_check();
}
