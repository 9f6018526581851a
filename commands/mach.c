/* commands/mach.c - the command mach: the machine: processors, memory map, where the kernel keeps what. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "containers/kpercpu.h"
#include "kernel.h"
#include "kernel/e820.h"
#include "kernel/unwind/stackarea.h"
#include "memory.h"
#include "shell/command.h"
#include "show/banner.h"
#include "show/datashow.h"
#include "show/jsonshow.h"
#include "show/offline.h"

KSYMBOL(cpu_info, "cpu_info");
KSYMBOL(hypervisor, "x86_hyper_type");

/* ---- the machine ---- */

static const struct column machine_columns[] = {
	{ "machine", "MACHINE TYPE", .kind = CELL_TEXT },
	{ "memory", "MEMORY SIZE", .kind = CELL_SIZE },
	{ "cpus", "CPUS", .kind = CELL_NUMBER },
	{ "cpus_online", "", CELL_NUMBER, .before = " [OFFLINE: ", .after = "]",
	  .same_line = true },
	{ "hypervisor", "HYPERVISOR", .kind = CELL_TEXT },
	{ "mhz", "PROCESSOR SPEED", CELL_NUMBER, .after = " Mhz" },
	{ "hz", "HZ", .kind = CELL_NUMBER },
	{ "page_size", "PAGE SIZE", .kind = CELL_SIZE },
	{ "direct_map", "KERNEL VIRTUAL BASE", .kind = CELL_ADDRESS },
	{ "vmalloc", "KERNEL VMALLOC BASE", .kind = CELL_ADDRESS },
	{ "vmemmap", "KERNEL VMEMMAP BASE", .kind = CELL_ADDRESS },
	{ "kernel_map", "KERNEL START MAP", .kind = CELL_ADDRESS },
	{ "modules", "KERNEL MODULES BASE", .kind = CELL_ADDRESS },
	{ "stack_size", "KERNEL STACK SIZE", .kind = CELL_SIZE },
	{ 0 },
};

static void put_memory(struct row *row, UNUSED void *arg)
{
	u64 bytes = kernel_memory_bytes();

	row_size(row, bytes);
	row_shown(row, banner_size(bytes));
}

/* "KVM" of X86_HYPER_KVM. */
static void put_hypervisor(struct row *row, UNUSED void *arg)
{
	static const char prefix[] = "X86_HYPER_";
	u64 type = ksymbol_exists(&hypervisor) ? ksymbol_u64(&hypervisor, 4) : 0;
	const char *name = type ? enumerator_name("x86_hypervisor_type", (s64)type) : NULL;

	if (!type)
		row_none(row);
	else if (name && starts_with(name, prefix))
		row_text(row, scope_strdup(name + strlen(prefix)));
	else
		row_unknown(row, NULL);
}

static void put_hz(struct row *row, UNUSED void *arg)
{
	row_number(row, kernel_hz());
}

static void put_stack_size(struct row *row, UNUSED void *arg)
{
	row_size(row, stack_size());
}

/* ---- the processors' own stacks ---- */

static const struct column stack_columns[] = {
	{ "cpu", "", CELL_NUMBER, .before = "                 CPU " },
	{ "address", "", CELL_ADDRESS, .before = ": " },
	{ "bytes", NULL, .kind = CELL_SIZE },
	{ "mapped", NULL, .kind = CELL_FLAG },
	{ 0 },
};

/* The room for a stack may have no memory behind it: #VC's, of guests without encryption. */
static void put_stack(struct row *row, size_t index, void *arg)
{
	const enum stack_kind *kind = arg;
	struct address_range range;
	bool mapped;
	u64 paddr;

	if (!cpu_mask_has(cpus_present(), (unsigned)index))
		row_skip(row);
	row_number(row, index);
	if (!stack_special((unsigned)index, *kind, &range)) {
		row_null(row, "[unavailable]");
		row_none(row);
		row_none(row);
		return;
	}
	mapped = mem_kernel_to_phys(range.start, &paddr, NULL);
	row_address(row, range.start);
	if (!mapped)
		row_shown(row, scope_printf("%llx [unavailable]", range.start));
	row_size(row, range.end - range.start);
	row_flag(row, mapped);
}

/* Size of the stack of the first CPU that has one. */
static bool size_of(enum stack_kind kind, u64 *bytes)
{
	const struct cpu_mask *present = cpus_present();
	struct address_range range;

	for (unsigned cpu = cpu_mask_next(present, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(present, cpu + 1)) {
		if (!stack_special(cpu, kind, &range))
			continue;
		*bytes = range.end - range.start;
		return true;
	}
	return false;
}

static const char *size_line(const char *name, u64 bytes)
{
	return scope_printf("%22s: %llu\n%22s:", scope_printf("%s STACK SIZE", name), bytes,
			    scope_printf("%s STACKS", name));
}

static void tell_stacks(struct row *row)
{
	static const struct {
		enum stack_kind kind;
		const char *name, *key;
	} kinds[] = { { STACK_IRQ, "IRQ", "irq_stacks" },
		      { STACK_DF, "DOUBLEFAULT", "double_fault_stacks" },
		      { STACK_NMI, "NMI", "nmi_stacks" },
		      { STACK_DB, "DEBUG", "debug_stacks" },
		      { STACK_MCE, "MCE", "mce_stacks" },
		      { STACK_VC, "VC", "vc_stacks" } };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		u64 bytes;

		if (!size_of(kinds[i].kind, &bytes))
			continue;
		row_children(row, &(struct table){ .name = "mach",
						   .columns = stack_columns,
						   .count = percpu_nr_cpu_ids(),
						   .put = put_stack,
						   .arg = (void *)&kinds[i].kind,
						   .heading_line = size_line(kinds[i].name, bytes),
						   .key = kinds[i].key });
	}
}

/* A value that cannot be read costs its own line. */
static void put_all(struct row *row, UNUSED size_t index, UNUSED void *arg)
{
	static void (*const puts[])(struct row * row, void *arg) = {
		banner_put_machine, put_memory,	    banner_put_cpus, banner_put_online,
		put_hypervisor,	    banner_put_mhz, put_hz,
	};
	const struct kernel_layout *layout = memory_layout();

	for (size_t i = 0; i < ARRAY_SIZE(puts); i++)
		row_protect(row, puts[i], NULL);
	row_size(row, PAGE_BYTES);
	row_address(row, layout->page_offset);
	row_address(row, layout->vmalloc_start);
	row_address(row, layout->vmemmap_start);
	row_address(row, layout->kernel_map_start);
	row_address(row, layout->modules_start);
	row_protect(row, put_stack_size, NULL);
	tell_stacks(row);
}

/* ---- the map of memory ---- */

static const struct column range_columns[] = {
	{ "start", "", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "end", "", CELL_ADDRESS, .before = " - ", .width = 16, .zeros = true },
	{ "type", "", .kind = CELL_TEXT },
	{ "table", NULL, .kind = CELL_TEXT },
	{ 0 },
};

struct shown_table {
	struct e820_range *ranges;
	const char *name;
};

static void put_range(struct row *row, size_t index, void *arg)
{
	const struct shown_table *table = arg;
	const struct e820_range *range = &table->ranges[index];
	const char *type = e820_type_name(range->type);

	row_address(row, range->start);
	row_address(row, range->start + range->bytes);
	row_text(row, type ? type : scope_printf("type %u", range->type));
	row_text(row, table->name);
}

static void show_map(enum e820_table which)
{
	struct shown_table shown = { .name = e820_table_name(which) };
	size_t count;

	if (!e820_read(which, &shown.ranges, &count))
		fail("this kernel has no %s", shown.name);
	table_show(&(struct table){ .name = "mach",
				    .columns = range_columns,
				    .count = count,
				    .put = put_range,
				    .arg = &shown,
				    .heading_line = "      PHYSICAL ADDRESS RANGE         TYPE" });
}

static void show_maps(bool all)
{
	static const enum e820_table others[] = { E820_FIRMWARE, E820_KEXEC };

	show_map(E820_KERNEL);
	for (size_t i = 0; all && i < ARRAY_SIZE(others); i++) {
		table_remark("\n%s:\n", e820_table_name(others[i]));
		show_map(others[i]);
	}
}

/* ---- what the kernel found out about each processor ---- */

struct shown_cpu {
	unsigned cpu, radix;
};

static void show_processor(void *arg)
{
	const struct shown_cpu *shown = arg;

	datashow_object("struct cpuinfo_x86", percpu_symbol(&cpu_info, shown->cpu), shown->radix);
}

static void put_json_processor(void *arg)
{
	const struct shown_cpu *shown = arg;

	jsonshow_members("struct cpuinfo_x86", percpu_symbol(&cpu_info, shown->cpu), NULL, 0,
			 SPACE_KERNEL);
}

static const struct column processor_columns[] = {
	{ "cpu", "", CELL_NUMBER, .before = "CPU ", .after = ":" },
	{ "address", NULL, .kind = CELL_ADDRESS },
	{ 0 },
};

static void put_processor(struct row *row, UNUSED size_t index, void *arg)
{
	static const struct form_writer writer = { show_processor, put_json_processor };
	struct shown_cpu *shown = arg;

	row_number(row, shown->cpu);
	row_address(row, percpu_symbol(&cpu_info, shown->cpu));
	row_form(row, &writer, shown);
}

static void show_processors(unsigned radix)
{
	const struct cpu_mask *present = cpus_present();
	bool first = true;

	for (unsigned cpu = cpu_mask_next(present, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(present, cpu + 1)) {
		struct shown_cpu shown = { cpu, radix };

		if (!first)
			table_remark("\n");
		first = false;
		interrupt_check();
		if (offline_hides_cpu(cpu))
			datashow_offline_cpu(cpu);
		else
			table_show(&ONE_ROW("mach", processor_columns, put_processor, &shown));
	}
}

/* ---- the command ---- */

static void run_mach(struct args *args)
{
	unsigned radix = datashow_radix(args);

	args_check_words(args, "", 0, 0);
	if (option_given(args, "m") && option_given(args, "c"))
		usage_problem(args, "-m and -c do not go together");
	if ((option_given(args, "x") || option_given(args, "d")) && !option_given(args, "c"))
		usage_problem(args, "-x and -d are for -c");
	if (option_given(args, "m"))
		show_maps(option_given(args, "m") > 1);
	else if (option_given(args, "c"))
		show_processors(radix);
	else
		table_show(&ONE_ROW("mach", machine_columns, put_all, NULL, .labels = 22));
}

static const struct option mach_options[] = {
	{ "m", NULL,
	  "the map of physical memory that the kernel goes by; -mm: also what the firmware said, "
	  "and what a kernel that kexec starts is given" },
	{ "c", NULL, "each processor's struct cpuinfo_x86" },
	{ "x", NULL, "with -c: numbers in hexadecimal" },
	{ "d", NULL, "with -c: numbers in decimal" },
	{ 0 },
};

COMMAND(mach) = {
	.name = "mach",
	.summary = "the machine",
	.synopsis = "[-m[m] | -c [-x | -d]]",
	.options = mach_options,
	.description =
		"Shows the machine's processors and memory, where the kernel has its parts of the "
		"address space, and the stacks that each processor has for interrupts and "
		"exceptions.",
	.example = "crash> mach -m\n"
		   "      PHYSICAL ADDRESS RANGE         TYPE\n"
		   "0000000000000000 - 0000000000001000  E820_RESERVED\n"
		   "0000000000001000 - 000000000009fc00  E820_RAM\n"
		   "...\n",
	.run = run_mach,
};
