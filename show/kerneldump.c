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
			dump_line(places[i].name, "%llx", symbol->value);
		else
			dump_line(places[i].name, "(no %s in this kernel)", places[i].symbol);
	}
}

static void put_files(void)
{
	dump_line("vmlinux", "%s", session.vmlinux_path ? session.vmlinux_path : "none");
	dump_line("debug information", "%s",
		  session.debug_vmlinux ? session.debug_vmlinux->file.path : "none");
	dump_line("types", "%s", types_btf() ? "BTF" : types_available() ? "DWARF" : "none");
	dump_line("source_tree", "%s",
		  gdb_settings.source_directory ? gdb_settings.source_directory : "(not used)");
}

static void put_cpus(UNUSED void *arg)
{
	dump_line("cpus", "%u", kernel_nr_cpus());
}

/*
 * The array has an element a CPU that the kernel was built for; without a vmlinux, whole words
 * of a mask.
 */
static void put_nr_cpus(UNUSED void *arg)
{
	const struct symbol *offsets = session.vmlinux ? symbol_by_name("__per_cpu_offset") : NULL;
	u64 nr_cpus = offsets ? offsets->size / sizeof(u64) : 0;

	dump_line("kernel_NR_CPUS", "%llu", (nr_cpus ? nr_cpus : ktype_size(&shown_cpumask) * 8));
}

static void put_configuration(UNUSED void *arg)
{
	struct strbuf *text = scope_strbuf();
	size_t count = 0;

	kernel_config(text);
	for (const char *at = strbuf_text(text); (at = strstr(at, "\nCONFIG_")) != NULL; at++)
		count++;
	count += starts_with(strbuf_text(text), "CONFIG_");
	dump_line("ikconfig_ents", "%zu", count);
}

static void put_modules(UNUSED void *arg)
{
	const struct symbol *head = symbol_by_name("modules");

	if (head)
		dump_line("module_list", "%llx", mem_u64(head->value, "modules"));
	dump_line("kernel_module", "%llx", ksymbol_address(&shown_modules));
	dump_line("mods_installed", "%zu", module_count());
}

static void put_dates(UNUSED void *arg)
{
	struct strbuf *now = scope_strbuf(), *boot = scope_strbuf();
	u64 seconds = kernel_wall_seconds();
	double uptime = kernel_uptime_seconds();

	banner_date(seconds, now);
	dump_line("date", "%s", strbuf_text(now));
	if (uptime < 0 || uptime > (double)seconds)
		fail("an uptime of %.0f s makes no sense", uptime);
	banner_date(seconds - (u64)uptime, boot);
	dump_line("boot_date", "%s", strbuf_text(boot));
}

static void put_clock(UNUSED void *arg)
{
	dump_line("jiffies", "%llu", kernel_jiffies());
}

static void put_version(UNUSED void *arg)
{
	char banner[512];

	mem_string(ksymbol_address(&shown_banner), banner, sizeof(banner), "linux_banner");
	banner[strcspn(banner, "\n")] = '\0';
	dump_line("proc_version", "%s", banner);
}

static void put_names(UNUSED void *arg)
{
	const struct kernel_identity *identity = kernel_identity();
	u64 uts = ksymbol_address(&shown_uts);
	char name[65];

	dump_line("new_utsname", "%s", "");
	field_string(uts, &shown_sysname, name, sizeof(name));
	dump_line(".sysname", "%s", name);
	dump_line(".nodename", "%s", identity->nodename);
	dump_line(".release", "%s", identity->release);
	dump_line(".version", "%s", identity->version);
	dump_line(".machine", "%s", identity->machine);
	field_string(uts, &shown_domainname, name, sizeof(name));
	dump_line(".domainname", "%s", name);
	dump_line("kernel_version", "%.*s", (int)strspn(identity->release, "0123456789."),
		  identity->release);
}

static void put_taint(UNUSED void *arg)
{
	struct strbuf *letters = scope_strbuf();
	u64 flags = kernel_taint_flags();

	kernel_taint_letters(flags, false, letters);
	dump_line("taint", "%llx%s%s%s", flags, letters->length ? " (" : "", strbuf_text(letters),
		  letters->length ? ")" : "");
}

/* As many as the kernel set up. */
static void put_offsets(UNUSED void *arg)
{
	const struct cpu_mask *possible = cpus_possible();
	unsigned shown = 0;

	dump_line("__per_cpu_offset[NR_CPUS]", "%s", "");
	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1)) {
		out("%s%016llx ", shown % OFFSETS_A_LINE ? "" : "    ", percpu_offset(cpu));
		if (++shown % OFFSETS_A_LINE == 0)
			out("\n");
	}
	if (shown % OFFSETS_A_LINE)
		out("\n");
}

static void put_mask(const char *name, const struct cpu_mask *mask)
{
	struct strbuf *text = scope_strbuf();

	for (unsigned cpu = cpu_mask_next(mask, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(mask, cpu + 1))
		strbuf_printf(text, "%u ", cpu);
	dump_line(name, "%s", strbuf_text(text));
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
	dump_line("hypervisor", "%s", names[number]);
}

static void put_relocation(const struct kernel_layout *layout)
{
	u64 offset = layout->kaslr_offset;

	dump_line("kaslr offset", "%llx", offset);
	dump_line("relocate", "%llx  (KASLR offset: %llx / %lluMB)", -offset, offset,
		  (offset >> 20));
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

	dump_width(KERNEL_WIDTH);
	put_files();
	dump_line("image", "%s", layout->image_found ? "found" : "not found");
	dump_line("kexec", "%s", kernel_was_kexeced() ? "it started a crash kernel" : "no");
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
}

/* ---- the machine ---- */

static void put_hz(UNUSED void *arg)
{
	dump_line("hz", "%u", kernel_hz());
}

static void put_mhz(UNUSED void *arg)
{
	unsigned mhz = kernel_cpu_mhz();

	if (!mhz)
		fail("the kernel did not measure it");
	dump_line("mhz", "%u", mhz);
}

static void put_memory(UNUSED void *arg)
{
	u64 bytes = kernel_memory_bytes();

	dump_line("memsize", "%llu (0x%llx)", bytes, bytes);
}

static void put_stack_size(UNUSED void *arg)
{
	dump_line("stacksize", "%llu", stack_size());
}

static void put_irqs(UNUSED void *arg)
{
	dump_line("nr_irqs", "%u", mem_u32(ksymbol_address(&shown_nr_irqs), "nr_irqs"));
}

static void put_pages(const struct kernel_layout *layout)
{
	dump_line("kvbase", "%016llx", layout->page_offset);
	dump_line("identity_map_base", "%016llx", layout->page_offset);
	dump_line("pagesize", "%llu", PAGE_BYTES);
	dump_line("pageshift", "%d", __builtin_ctzll(PAGE_BYTES));
	dump_line("pagemask", "%016llx", ~(u64)(PAGE_BYTES - 1));
	dump_line("pageoffset", "%llx", (PAGE_BYTES - 1));
}

static void put_number_of_note(const char *name, const char *key)
{
	s64 value;

	if (vmcoreinfo_number(&session.vmcoreinfo, key, &value))
		dump_line(name, "%lld", value);
	else
		dump_line(name, "unknown: no %s in vmcoreinfo", key);
}

static void put_sections(UNUSED void *arg)
{
	dump_line("sections_per_root", "%llu", (PAGE_BYTES / ktype_size(&shown_mem_section)));
}

static void put_region(const char *first, const char *last, u64 start, u64 end)
{
	if (!start && !end) {
		dump_line(first, "not found");
		dump_line(last, "not found");
		return;
	}
	dump_line(first, "%016llx", start);
	dump_line(last, "%016llx", end);
}

static void put_regions(const struct kernel_layout *layout)
{
	/* The first addresses that a processor refuses. */
	dump_line("userspace_top", "%016llx", 1ULL << (layout->levels == 5 ? 56 : 47));
	dump_line("user space ends", "%016llx", layout->task_size);
	dump_line("page_offset", "%016llx", layout->page_offset);
	dump_line("direct map ends", "%016llx", layout->direct_map_end);
	put_region("vmalloc_start_addr", "vmalloc_end", layout->vmalloc_start,
		   layout->vmalloc_end - (layout->vmalloc_end != 0));
	put_region("modules_vaddr", "modules_end", layout->modules_start, layout->modules_end);
	put_region("vmemmap_vaddr", "vmemmap_end", layout->vmemmap_start,
		   layout->vmemmap_end - (layout->vmemmap_end != 0));
	dump_line("phys_base", "%llx", layout->phys_base);
	dump_line("kernel image", "%016llx - %016llx", layout->kernel_map_start,
		  (layout->kernel_map_start + layout->kernel_image_bytes));
	dump_line("kernel_image_size", "%llx (%lluMB)", layout->kernel_image_bytes,
		  (layout->kernel_image_bytes >> 20));
}

static void put_encryption(UNUSED void *arg)
{
	s64 mask;

	if (!vmcoreinfo_number(&session.vmcoreinfo, "NUMBER(sme_mask)", &mask))
		mask = (s64)mem_u64(ksymbol_address(&shown_sme_mask), "sme_me_mask");
	dump_line("sme_mask", "%llx", mask);
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

	dump_line("lookup_num_blocks", "%u",
		  mem_u32(ksymbol_address(&shown_orc_blocks), "lookup_num_blocks"));
	put_places(tables, ARRAY_SIZE(tables));
}

static void put_running(UNUSED void *arg)
{
	struct strbuf *text = scope_strbuf();
	const struct cpu_mask *present = cpus_present();

	for (unsigned cpu = cpu_mask_next(present, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(present, cpu + 1)) {
		const struct task *task = task_running_on(cpu);

		strbuf_printf(text, "%016llx ", (task ? task->address : 0));
	}
	out("%*s:\n   %s\n", REGIONS_WIDTH, scope_printf("current[%u]", kernel_nr_cpus()),
	    strbuf_text(text));
}

static void put_special_stacks(UNUSED void *arg)
{
	static const enum stack_kind kinds[] = { STACK_IRQ, STACK_DF,  STACK_NMI,
						 STACK_DB,  STACK_MCE, STACK_VC };
	const struct cpu_mask *present = cpus_present();

	for (unsigned cpu = cpu_mask_next(present, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(present, cpu + 1)) {
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			struct address_range range;
			const char *name = stack_kind_name(kinds[i]);

			if (stack_special(cpu, kinds[i], &range))
				dump_line(scope_printf("[%u] %.*s stack", cpu,
						       (int)strcspn(name, " "), name),
					  "%016llx - %016llx", range.start, range.end);
		}
	}
}

void session_dump_machine(void)
{
	const struct kernel_layout *layout = memory_layout();

	dump_width(MACHINE_WIDTH);
	dump_line("machine", "%s", memory_arch()->machine);
	put_pages(layout);
	dump_line_or_why("stacksize", put_stack_size);
	dump_line_or_why("hz", put_hz);
	dump_line_or_why("mhz", put_mhz);
	dump_line_or_why("memsize", put_memory);
	dump_line("bits", "64");
	dump_line_or_why("nr_irqs", put_irqs);
	dump_line("page table levels", "%u", layout->levels);
	dump_line("top page table", "%016llx", layout->top_table);
	dump_line("ptrs_per_pgd", "%llu", (PAGE_BYTES / sizeof(u64)));
	put_number_of_note("section_size_bits", "NUMBER(SECTION_SIZE_BITS)");
	put_number_of_note("max_physmem_bits", "NUMBER(MAX_PHYSMEM_BITS)");
	dump_line_or_why("sections_per_root", put_sections);
	dump_width(REGIONS_WIDTH);
	put_regions(layout);
	dump_line_or_why("sme_mask", put_encryption);
	dump_line("pgdir_shift", "%d", layout->levels == 5 ? 48 : 39);
	dump_line_or_why("lookup_num_blocks", put_unwind_tables);
	if (!session.minimal)
		dump_line_or_why("current", put_running);
	dump_line_or_why("special stacks", put_special_stacks);
}

/* ---- its memory ---- */

static void put_totals(UNUSED void *arg)
{
	dump_line("memory", "%llu bytes", kernel_memory_bytes());
	dump_line("totalram_pages", "%llu", memstat_total());
}

static void put_free(UNUSED void *arg)
{
	dump_line("free pages", "%llu", memstat_free());
	dump_line("slab pages", "%llu", memstat_slab());
}

static void put_swap(UNUSED void *arg)
{
	dump_line("nr_swapfiles", "%u",
		  mem_u32(ksymbol_address(&shown_nr_swapfiles), "nr_swapfiles"));
	dump_line("swap pages", "%llu", memstat_swap_total());
}

static void put_high_memory(UNUSED void *arg)
{
	dump_line("high_memory", "%016llx",
		  mem_u64(ksymbol_address(&shown_high_memory), "high_memory"));
}

static void put_zones(UNUSED void *arg)
{
	dump_line("nr_zones", "%lld", kenum_value(&shown_nr_zones));
	dump_line("nr_free_areas", "%llu",
		  (kfield_size(&shown_free_area) / ktype_size(&shown_free_area_type)));
}

void session_dump_memory(void)
{
	const struct kernel_layout *layout = memory_layout();

	dump_width(MEMORY_WIDTH);
	dump_line("live", "%s", memory_is_live() ? "yes" : "no");
	dump_line("excluded pages", "%s",
		  memory_zero_excluded() ? "read as zeroes" : "are an error");
	dump_line("kernel_pgd[NR_CPUS]", "%016llx ...", layout->top_table);
	dump_line_or_why("high_memory", put_high_memory);
	dump_line("vmalloc_start", "%016llx", layout->vmalloc_start);
	dump_line_or_why("totalram_pages", put_totals);
	dump_line_or_why("nr_zones", put_zones);
	dump_line_or_why("free pages", put_free);
	dump_line_or_why("swap pages", put_swap);
}
