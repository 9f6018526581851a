/* commands/ptov.c - the command ptov: kernel addresses of physical memory and of per-cpu variables. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "containers/kpercpu.h"
#include "kernel/taskcontext.h"
#include "memory.h"
#include "shell/command.h"
#include "show/parts.h"

static const struct column address_columns[] = {
	{ "virtual", "VIRTUAL", CELL_ADDRESS, .align = ALIGN_LEFT, .width = 16, .filled = true },
	{ "physical", "PHYSICAL", CELL_ADDRESS, .align = ALIGN_LEFT, .width = 16, .filled = true },
	{ 0 },
};

static void put_address(struct row *row, UNUSED size_t index, void *arg)
{
	u64 physical = *(u64 *)arg, address;

	if (!mem_phys_to_kernel(physical, &address))
		fail("%llx lies behind the end of the kernel's direct map", physical);
	row_address(row, address);
	row_address(row, physical);
}

struct per_cpu {
	u64 offset;
	struct cpu_mask cpus;
};

static const struct column offset_columns[] = {
	{ "offset", "", CELL_ADDRESS, .before = "PER-CPU OFFSET: " },
	{ 0 },
};

static const struct column cpu_columns[] = {
	{ "cpu", "", CELL_NUMBER, .before = "  [", .after = "]" },
	{ "virtual", "", CELL_ADDRESS, .width = 16, .zeros = true },
	{ 0 },
};

static void put_cpu(struct row *row, size_t index, void *arg)
{
	const struct per_cpu *per_cpu = arg;

	if (!cpu_mask_has(&per_cpu->cpus, (unsigned)index))
		row_skip(row);
	row_number(row, index);
	row_address(row, percpu_address(per_cpu->offset, (unsigned)index));
}

static void put_offset(struct row *row, UNUSED size_t index, void *arg)
{
	const struct per_cpu *per_cpu = arg;

	row_address(row, per_cpu->offset);
	row_children(row, &(struct table){ .name = "ptov",
					   .columns = cpu_columns,
					   .count = percpu_nr_cpu_ids(),
					   .put = put_cpu,
					   .arg = arg,
					   .heading_line = "  CPU    VIRTUAL         ",
					   .key = "cpus" });
}

static void show_per_cpu(const char *word, const char *cpus)
{
	struct per_cpu per_cpu = { .offset = argument_address(word) };
	struct strbuf *why = scope_strbuf();
	const struct task *task;

	if (!*cpus) {
		task = task_current();
		cpus = scope_printf("%u", task ? task->cpu : 0);
	}
	if (!cpu_mask_parse(streq(cpus, "a") ? "all" : cpus, &per_cpu.cpus, why))
		fail("%s", strbuf_text(why));
	table_show(&ONE_ROW("ptov", offset_columns, put_offset, &per_cpu, .whole = true));
}

static void show_word(void *arg)
{
	char *word = scope_strdup(arg), *colon = strchr(word, ':');
	u64 physical;

	if (colon) {
		*colon = '\0';
		show_per_cpu(word, colon + 1);
		return;
	}
	physical = argument_address(word);
	table_show(&(struct table){ .name = "ptov",
				    .columns = address_columns,
				    .count = 1,
				    .put = put_address,
				    .arg = &physical,
				    .headings = HEADINGS_WITH_ROWS,
				    .whole = true });
}

static void run_ptov(struct args *args)
{
	struct parts parts = { 0 };

	args_check_words(args, "an address", 1, SIZE_MAX);
	for (size_t i = 0; i < args->nr_words; i++)
		parts_put(&parts, show_word, args->words[i]);
	parts_end(&parts);
}

COMMAND(ptov) = {
	.name = "ptov",
	.summary = "physical or per-cpu to virtual address",
	.synopsis = "address | offset:cpus ...",
	.description =
		"Shows the kernel address at which physical memory can be read. For the offset "
		"of a per-cpu variable, or what alloc_percpu() gave, behind which a colon and "
		"CPUs stand, it shows the address of each CPU's copy: \":\" is the CPU of the "
		"current task, \":a\" all, else numbers and ranges of them with commas between.",
	.example = "crash> ptov 56e000\n"
		   "VIRTUAL           PHYSICAL        \n"
		   "ffff88cc0056e000  56e000          \n"
		   "crash> ptov 1a000:a\n"
		   "PER-CPU OFFSET: 1a000\n"
		   "  CPU    VIRTUAL         \n"
		   "  [0]  ffff88cc0ee1a000\n"
		   "  [1]  ffff88cc0ef1a000\n",
	.run = run_ptov,
};
