/* show/kerneldump.c - help -k, -m and -v: the kernel, the machine, its memory, under crash's labels. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/kerneldump.h"

#include "base/fail.h"
#include "base/out.h"
#include "containers/kpercpu.h"
#include "kernel.h"
#include "kernel/kernelinfo.h"
#include "kernel/mm/memstat.h"
#include "kernel/module.h"
#include "kernel/unwind/stack.h"
#include "memory.h"
#include "names/kfield.h"
#include "names/types.h"
#include "shell/gdb_settings.h"
#include "shell/session.h"
#include "show/banner.h"
#include "show/dumplines.h"
#include "symbols.h"
#include "task.h"

#define KERNEL_WIDTH 14
#define MACHINE_WIDTH 19
#define REGIONS_WIDTH 25
#define MEMORY_WIDTH 19
#define OFFSETS_A_LINE 4

KSYMBOL(shown_banner, "linux_banner");
KSYMBOL(shown_modules, "modules");
KSYMBOL(shown_uts, "init_uts_ns");
KFIELD(shown_sysname, "uts_namespace.name.sysname");
KFIELD(shown_domainname, "uts_namespace.name.domainname");
KTYPE(shown_cpumask, "struct cpumask");
KSYMBOL(shown_active_cpus, "__cpu_active_mask");
KSYMBOL(shown_hypervisor, "x86_hyper_type");
/* later kernels keep it to their interrupt code, under another name */
KSYMBOL(shown_nr_irqs, "total_nr_irqs", "nr_irqs");
KTYPE(shown_mem_section, "struct mem_section");
KSYMBOL(shown_sme_mask, "sme_me_mask");
KSYMBOL(shown_orc_blocks, "lookup_num_blocks");
KSYMBOL(shown_high_memory, "high_memory");
KSYMBOL(shown_nr_swapfiles, "nr_swapfiles");
KENUM(shown_nr_zones, "__MAX_NR_ZONES");
KFIELD(shown_free_area, "zone.free_area");
KTYPE(shown_free_area_type, "struct free_area");

/* ---- the kernel ---- */

/* Addresses that crash shows under names of its own. */
struct place {
	const char *name, *symbol;
};

static void put_places(const struct place *places, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct symbol *symbol = symbol_by_name(places[i].symbol);

		if (symbol)
			dump_line(places[i].name, DUMP_ADDRESS(symbol->value));
		else
			dump_line(
				places[i].name, .null = true,
				.shown = scope_printf("(no %s in this kernel)", places[i].symbol));
	}
}

/* A file's name, or what stands for none. */
static void put_path(const char *name, const char *path, const char *none)
{
	dump_line(name, .text = path, .shown = path ? path : none);
}

static void put_files(void)
{
	put_path("vmlinux", session.vmlinux_path, "none");
	put_path("debug information",
		 session.debug_vmlinux ? session.debug_vmlinux->file.path : NULL, "none");
	put_path("types", types_btf() ? "BTF" : types_available() ? "DWARF" : NULL, "none");
	put_path("source_tree", gdb_settings.source_directory, "(not used)");
}

static void put_cpus(UNUSED void *arg)
{
	dump_line("cpus", DUMP_NUMBER(kernel_nr_cpus()));
}

/*
 * The array has an element a CPU that the kernel was built for; without a vmlinux, whole words
 * of a mask.
 */
static void put_nr_cpus(UNUSED void *arg)
{
	const struct symbol *offsets = session.vmlinux ? symbol_by_name("__per_cpu_offset") : NULL;
	u64 nr_cpus = offsets ? offsets->size / sizeof(u64) : 0;

	dump_line("kernel_NR_CPUS",
		  DUMP_NUMBER(nr_cpus ? nr_cpus : ktype_size(&shown_cpumask) * 8));
}

static void put_configuration(UNUSED void *arg)
{
	struct strbuf *text = scope_strbuf();
	size_t count = 0;

	kernel_config(text);
	for (const char *at = strbuf_text(text); (at = strstr(at, "\nCONFIG_")) != NULL; at++)
		count++;
	count += starts_with(strbuf_text(text), "CONFIG_");
	dump_line("ikconfig_ents", DUMP_NUMBER(count));
}

static void put_modules(UNUSED void *arg)
{
	const struct symbol *head = symbol_by_name("modules");

	if (head)
		dump_line("module_list", DUMP_ADDRESS(mem_u64(head->value, "modules")));
	dump_line("kernel_module", DUMP_ADDRESS(ksymbol_address(&shown_modules)));
	dump_line("mods_installed", DUMP_NUMBER(module_count()));
}

static void put_date(const char *name, u64 seconds)
{
	struct strbuf *text = scope_strbuf();

	banner_date(seconds, text);
	dump_line(name, DUMP_NUMBER(seconds), .shown = strbuf_text(text));
}

static void put_dates(UNUSED void *arg)
{
	u64 seconds = kernel_wall_seconds();
	double uptime = kernel_uptime_seconds();

	put_date("date", seconds);
	if (uptime < 0 || uptime > (double)seconds)
		fail("an uptime of %.0f s makes no sense", uptime);
	put_date("boot_date", seconds - (u64)uptime);
}

static void put_clock(UNUSED void *arg)
{
	dump_line("jiffies", DUMP_NUMBER(kernel_jiffies()));
}

static void put_version(UNUSED void *arg)
{
	char banner[512];

	mem_string(ksymbol_address(&shown_banner), banner, sizeof(banner), "linux_banner");
	banner[strcspn(banner, "\n")] = '\0';
	dump_line("proc_version", DUMP_BYTES(banner));
}

static void put_names(UNUSED void *arg)
{
	const struct kernel_identity *identity = kernel_identity();
	u64 uts = ksymbol_address(&shown_uts);
	char name[65];

	dump_heading("new_utsname");
	field_string(uts, &shown_sysname, name, sizeof(name));
	dump_line(".sysname", DUMP_BYTES(name));
	dump_line(".nodename", DUMP_BYTES(identity->nodename));
	dump_line(".release", DUMP_BYTES(identity->release));
	dump_line(".version", DUMP_BYTES(identity->version));
	dump_line(".machine", DUMP_BYTES(identity->machine));
	field_string(uts, &shown_domainname, name, sizeof(name));
	dump_line(".domainname", DUMP_BYTES(name));
	dump_line("kernel_version",
		  .text = scope_printf("%.*s", (int)strspn(identity->release, "0123456789."),
				       identity->release));
}

static void put_taint(UNUSED void *arg)
{
	struct strbuf *letters = scope_strbuf();
	u64 flags = kernel_taint_flags();

	kernel_taint_letters(flags, false, letters);
	dump_line("taint", DUMP_ADDRESS(flags),
		  .shown = scope_printf(letters->length ? "%llx (%s)" : "%llx", flags,
					strbuf_text(letters)));
	dump_line(NULL, "taint_letters", .text = strbuf_text(letters));
}

/* As many as the kernel set up. */
static void list_offsets(struct row *row, UNUSED void *arg)
{
	const struct cpu_mask *possible = cpus_possible();

	row_list(row);
	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1))
		row_address(row, percpu_offset(cpu));
	row_list_end(row);
}

static void put_offsets(UNUSED void *arg)
{
	const struct cpu_mask *possible = cpus_possible();
	struct strbuf *text = scope_strbuf();
	unsigned shown = 0;

	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1))
		strbuf_printf(text, "%s%016llx ", shown++ % OFFSETS_A_LINE ? "" : "\n    ",
			      percpu_offset(cpu));
	dump_line("__per_cpu_offset[NR_CPUS]", .put = list_offsets, .shown = strbuf_text(text));
}

static void list_mask(struct row *row, void *mask)
{
	row_list(row);
	for (unsigned cpu = cpu_mask_next(mask, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(mask, cpu + 1))
		row_number(row, cpu);
	row_list_end(row);
}

static void put_mask(const char *name, const struct cpu_mask *mask)
{
	struct strbuf *text = scope_strbuf();

	for (unsigned cpu = cpu_mask_next(mask, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(mask, cpu + 1))
		strbuf_printf(text, "%u ", cpu);
	dump_line(name, .put = list_mask, .arg = (void *)mask, .shown = strbuf_text(text));
}

static void put_masks(UNUSED void *arg)
{
	struct cpu_mask active;
	struct fault fault;

	put_mask("possible cpus", cpus_possible());
	put_mask("present cpus", cpus_present());
	put_mask("online cpus", cpus_online());
	if (!cpu_mask_try_read(ksymbol_address(&shown_active_cpus), &active, &fault))
		fail("__cpu_active_mask: %s", fault_text(&fault));
	put_mask("active cpus", &active);
}

static void put_hypervisor(UNUSED void *arg)
{
	static const char *const names[] = { "bare hardware", "VMware",	 "Microsoft Hyper-V",
					     "Xen PV",	      "Xen HVM", "KVM",
					     "Jailhouse",     "ACRN" };
	u64 number;

	/* A build without CONFIG_HYPERVISOR_GUEST asks nobody. */
	if (!ksymbol_exists(&shown_hypervisor))
		fail("no x86_hyper_type in this kernel");
	number = mem_u32(ksymbol_address(&shown_hypervisor), "x86_hyper_type");
	if (number >= ARRAY_SIZE(names))
		fail("x86_hyper_type is %llu", number);
	dump_line("hypervisor", .text = names[number]);
}

static void put_relocation(const struct kernel_layout *layout)
{
	u64 offset = layout->kaslr_offset;

	dump_line("kaslr offset", DUMP_NUMBER(offset), .shown = scope_printf("%llx", offset));
	dump_line("relocate", DUMP_ADDRESS(-offset),
		  .shown = scope_printf("%llx  (KASLR offset: %llx / %lluMB)", -offset, offset,
					(offset >> 20)));
}

void session_dump_kernel(void)
{
	static const struct place places[] = {
		{ "stext", "_stext" },
		{ "etext", "_etext" },
		{ "stext_init", "_sinittext" },
		{ "etext_init", "_einittext" },
		{ "init_begin", "__init_begin" },
		{ "init_end", "__init_end" },
		{ "end", "_end" },
	};
	const struct kernel_layout *layout = memory_layout();

	dump_begin(KERNEL_WIDTH);
	put_files();
	dump_line("image", DUMP_FLAG(layout->image_found),
		  .shown = layout->image_found ? "found" : "not found");
	dump_line("kexec", DUMP_FLAG(kernel_was_kexeced()),
		  .shown = kernel_was_kexeced() ? "it started a crash kernel" : "no");
	put_places(places, ARRAY_SIZE(places));
	dump_line_or_why("cpus", put_cpus);
	dump_line_or_why("kernel_NR_CPUS", put_nr_cpus);
	dump_line_or_why("ikconfig_ents", put_configuration);
	dump_line_or_why("mods_installed", put_modules);
	dump_line_or_why("date", put_dates);
	dump_line_or_why("jiffies", put_clock);
	dump_line_or_why("proc_version", put_version);
	dump_line_or_why("new_utsname", put_names);
	put_relocation(layout);
	dump_line_or_why("taint", put_taint);
	dump_line_or_why("__per_cpu_offset[NR_CPUS]", put_offsets);
	dump_line_or_why("possible cpus", put_masks);
	dump_line_or_why("hypervisor", put_hypervisor);
	dump_end();
}

/* ---- the machine ---- */

static void put_hz(UNUSED void *arg)
{
	dump_line("hz", DUMP_NUMBER(kernel_hz()));
}

static void put_mhz(UNUSED void *arg)
{
	unsigned mhz = kernel_cpu_mhz();

	if (!mhz)
		fail("the kernel did not measure it");
	dump_line("mhz", DUMP_NUMBER(mhz));
}

static void put_memory(UNUSED void *arg)
{
	u64 bytes = kernel_memory_bytes();

	dump_line("memsize", DUMP_NUMBER(bytes),
		  .shown = scope_printf("%llu (0x%llx)", bytes, bytes));
}

static void put_stack_size(UNUSED void *arg)
{
	dump_line("stacksize", DUMP_NUMBER(stack_size()));
}

static void put_irqs(UNUSED void *arg)
{
	dump_line("nr_irqs", DUMP_NUMBER(mem_u32(ksymbol_address(&shown_nr_irqs), "nr_irqs")));
}

static void put_pages(const struct kernel_layout *layout)
{
	dump_line("kvbase", DUMP_WIDE(layout->page_offset));
	dump_line("identity_map_base", DUMP_WIDE(layout->page_offset));
	dump_line("pagesize", DUMP_NUMBER(PAGE_BYTES));
	dump_line("pageshift", DUMP_NUMBER((u64)__builtin_ctzll(PAGE_BYTES)));
	dump_line("pagemask", DUMP_WIDE(~(u64)(PAGE_BYTES - 1)));
	dump_line("pageoffset", DUMP_ADDRESS(PAGE_BYTES - 1));
}

static void put_number_of_note(const char *name, const char *key)
{
	s64 value;

	if (vmcoreinfo_number(&session.vmcoreinfo, key, &value))
		dump_line(name, DUMP_SIGNED(value));
	else
		dump_line(name, .null = true,
			  .shown = scope_printf("unknown: no %s in vmcoreinfo", key));
}

static void put_sections(UNUSED void *arg)
{
	dump_line("sections_per_root", DUMP_NUMBER(PAGE_BYTES / ktype_size(&shown_mem_section)));
}

static void put_region(const char *first, const char *last, u64 start, u64 end)
{
	if (!start && !end) {
		dump_line(first, .null = true, .shown = "not found");
		dump_line(last, .null = true, .shown = "not found");
		return;
	}
	dump_line(first, DUMP_WIDE(start));
	dump_line(last, DUMP_WIDE(end));
}

static void put_regions(const struct kernel_layout *layout)
{
	u64 image_end = layout->kernel_map_start + layout->kernel_image_bytes;

	/* The first addresses that a processor refuses. */
	dump_line("userspace_top", DUMP_WIDE(1ULL << (layout->levels == 5 ? 56 : 47)));
	dump_line("user space ends", DUMP_WIDE(layout->task_size));
	dump_line("page_offset", DUMP_WIDE(layout->page_offset));
	dump_line("direct map ends", DUMP_WIDE(layout->direct_map_end));
	put_region("vmalloc_start_addr", "vmalloc_end", layout->vmalloc_start,
		   layout->vmalloc_end - (layout->vmalloc_end != 0));
	put_region("modules_vaddr", "modules_end", layout->modules_start, layout->modules_end);
	put_region("vmemmap_vaddr", "vmemmap_end", layout->vmemmap_start,
		   layout->vmemmap_end - (layout->vmemmap_end != 0));
	dump_line("phys_base", DUMP_ADDRESS(layout->phys_base));
	dump_line("kernel image", "kernel_image_start", DUMP_ADDRESS(layout->kernel_map_start),
		  .shown = scope_printf("%016llx - %016llx", layout->kernel_map_start, image_end));
	dump_line(NULL, "kernel_image_end", DUMP_ADDRESS(image_end));
	dump_line("kernel_image_size", DUMP_NUMBER(layout->kernel_image_bytes),
		  .shown = scope_printf("%llx (%lluMB)", layout->kernel_image_bytes,
					(layout->kernel_image_bytes >> 20)));
}

static void put_encryption(UNUSED void *arg)
{
	s64 mask;

	if (!vmcoreinfo_number(&session.vmcoreinfo, "NUMBER(sme_mask)", &mask))
		mask = (s64)mem_u64(ksymbol_address(&shown_sme_mask), "sme_me_mask");
	dump_line("sme_mask", DUMP_ADDRESS((u64)mask));
}

static void put_unwind_tables(UNUSED void *arg)
{
	static const struct place tables[] = {
		{ "__start_orc_unwind_ip", "__start_orc_unwind_ip" },
		{ "__stop_orc_unwind_ip", "__stop_orc_unwind_ip" },
		{ "__start_orc_unwind", "__start_orc_unwind" },
		{ "__stop_orc_unwind", "__stop_orc_unwind" },
		{ "orc_lookup", "orc_lookup" },
	};

	dump_line("lookup_num_blocks",
		  DUMP_NUMBER(mem_u32(ksymbol_address(&shown_orc_blocks), "lookup_num_blocks")));
	put_places(tables, ARRAY_SIZE(tables));
}

static u64 running_on(unsigned cpu)
{
	const struct task *task = task_running_on(cpu);

	return task ? task->address : 0;
}

static void list_running(struct row *row, UNUSED void *arg)
{
	const struct cpu_mask *present = cpus_present();

	row_list(row);
	for (unsigned cpu = cpu_mask_next(present, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(present, cpu + 1)) {
		if (running_on(cpu))
			row_address(row, running_on(cpu));
		else
			row_null(row, "");
	}
	row_list_end(row);
}

static void put_running(UNUSED void *arg)
{
	struct strbuf *text = scope_strbuf();
	const struct cpu_mask *present = cpus_present();

	for (unsigned cpu = cpu_mask_next(present, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(present, cpu + 1))
		strbuf_printf(text, "%016llx ", running_on(cpu));
	dump_line(scope_printf("current[%u]", kernel_nr_cpus()), .put = list_running, .below = true,
		  .shown = strbuf_text(text));
}

struct special_stack {
	unsigned cpu;
	const char *name; /* of the processor's exception: "NMI" */
	struct address_range range;
};

static const struct column special_columns[] = {
	{ "cpu", NULL, .kind = CELL_NUMBER },
	{ "stack", NULL, .kind = CELL_TEXT },
	{ NULL, "", CELL_TEXT, .align = ALIGN_RIGHT, .width = REGIONS_WIDTH },
	{ "start", "", CELL_ADDRESS, .before = ": ", .width = 16, .zeros = true },
	{ "end", "", CELL_ADDRESS, .before = " - ", .width = 16, .zeros = true },
	{ 0 },
};

static void put_special_stack(struct row *row, size_t index, void *arg)
{
	const struct special_stack *stack = (const struct special_stack *)arg + index;

	row_number(row, stack->cpu);
	row_text(row, stack->name);
	row_text(row, scope_printf("[%u] %s stack", stack->cpu, stack->name));
	row_address(row, stack->range.start);
	row_address(row, stack->range.end);
}

static void put_special_stacks(UNUSED void *arg)
{
	static const enum stack_kind kinds[] = { STACK_IRQ, STACK_DF,  STACK_NMI,
						 STACK_DB,  STACK_MCE, STACK_VC };
	const struct cpu_mask *present = cpus_present();
	struct special_stack *stacks = scope_array(kernel_nr_cpus() * ARRAY_SIZE(kinds) + 1,
						   sizeof(*stacks));
	size_t count = 0;

	for (unsigned cpu = cpu_mask_next(present, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(present, cpu + 1)) {
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			struct special_stack *stack = &stacks[count];
			const char *name = stack_kind_name(kinds[i]);

			if (!stack_special(cpu, kinds[i], &stack->range))
				continue;
			stack->cpu = cpu;
			stack->name = scope_printf("%.*s", (int)strcspn(name, " "), name);
			count++;
		}
	}
	dump_rows(&(struct table){ .columns = special_columns,
				   .count = count,
				   .put = put_special_stack,
				   .arg = stacks,
				   .headings = HEADINGS_NEVER,
				   .key = "special_stacks" });
}

void session_dump_machine(void)
{
	const struct kernel_layout *layout = memory_layout();

	dump_begin(MACHINE_WIDTH);
	dump_line("machine", .text = memory_arch()->machine);
	put_pages(layout);
	dump_line_or_why("stacksize", put_stack_size);
	dump_line_or_why("hz", put_hz);
	dump_line_or_why("mhz", put_mhz);
	dump_line_or_why("memsize", put_memory);
	dump_line("bits", DUMP_NUMBER(64));
	dump_line_or_why("nr_irqs", put_irqs);
	dump_line("page table levels", DUMP_NUMBER(layout->levels));
	dump_line("top page table", DUMP_WIDE(layout->top_table));
	dump_line("ptrs_per_pgd", DUMP_NUMBER(PAGE_BYTES / sizeof(u64)));
	put_number_of_note("section_size_bits", "NUMBER(SECTION_SIZE_BITS)");
	put_number_of_note("max_physmem_bits", "NUMBER(MAX_PHYSMEM_BITS)");
	dump_line_or_why("sections_per_root", put_sections);
	dump_width(REGIONS_WIDTH);
	put_regions(layout);
	dump_line_or_why("sme_mask", put_encryption);
	dump_line("pgdir_shift", DUMP_NUMBER(layout->levels == 5 ? 48 : 39));
	dump_line_or_why("lookup_num_blocks", put_unwind_tables);
	if (!session.minimal)
		dump_line_or_why("current", put_running);
	dump_line_or_why("special stacks", put_special_stacks);
	dump_end();
}

/* ---- its memory ---- */

static void put_totals(UNUSED void *arg)
{
	u64 bytes = kernel_memory_bytes();

	dump_line("memory", DUMP_NUMBER(bytes), .shown = scope_printf("%llu bytes", bytes));
	dump_line("totalram_pages", DUMP_NUMBER(memstat_total()));
}

static void put_free(UNUSED void *arg)
{
	dump_line("free pages", DUMP_NUMBER(memstat_free()));
	dump_line("slab pages", DUMP_NUMBER(memstat_slab()));
}

static void put_swap(UNUSED void *arg)
{
	dump_line("nr_swapfiles",
		  DUMP_NUMBER(mem_u32(ksymbol_address(&shown_nr_swapfiles), "nr_swapfiles")));
	dump_line("swap pages", DUMP_NUMBER(memstat_swap_total()));
}

static void put_high_memory(UNUSED void *arg)
{
	dump_line("high_memory",
		  DUMP_WIDE(mem_u64(ksymbol_address(&shown_high_memory), "high_memory")));
}

static void put_zones(UNUSED void *arg)
{
	dump_line("nr_zones", DUMP_SIGNED(kenum_value(&shown_nr_zones)));
	dump_line("nr_free_areas",
		  DUMP_NUMBER(kfield_size(&shown_free_area) / ktype_size(&shown_free_area_type)));
}

void session_dump_memory(void)
{
	const struct kernel_layout *layout = memory_layout();

	dump_begin(MEMORY_WIDTH);
	dump_line("live", DUMP_FLAG(memory_is_live()));
	dump_line("excluded pages", "zero_excluded", DUMP_FLAG(memory_zero_excluded()),
		  .shown = memory_zero_excluded() ? "read as zeroes" : "are an error");
	dump_line("kernel_pgd[NR_CPUS]", DUMP_ADDRESS(layout->top_table),
		  .shown = scope_printf("%016llx ...", layout->top_table));
	dump_line_or_why("high_memory", put_high_memory);
	dump_line("vmalloc_start", DUMP_WIDE(layout->vmalloc_start));
	dump_line_or_why("totalram_pages", put_totals);
	dump_line_or_why("nr_zones", put_zones);
	dump_line_or_why("free pages", put_free);
	dump_line_or_why("swap pages", put_swap);
	dump_end();
}
