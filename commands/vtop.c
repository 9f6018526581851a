/* commands/vtop.c - the command vtop: how a virtual address becomes a physical one, table by table. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "kernel/mm/page.h"
#include "kernel/mm/vma.h"
#include "memory.h"
#include "shell/command.h"
#include "show/jsonshow.h"
#include "task.h"

#include <stdio.h>

struct request {
	const struct task *task; /* whose tables; NULL: the kernel's own for kernel addresses */
	u64 mm; /* 0: the task has no user space */
	bool force_user, force_kernel;
};

/* WORD in the middle of WIDTH columns; an odd space goes to the left or to the right. */
static void put_centred(const char *word, size_t width, bool odd_left)
{
	size_t length = strlen(word), spare = width > length ? width - length : 0;
	size_t left = odd_left ? (spare + 1) / 2 : spare / 2;

	out("%*s%s%*s", (int)left, "", word, (int)(spare - left), "");
}

static void put_steps(const struct translation *translation, bool kernel)
{
	for (size_t i = 0; i < translation->nr_steps; i++) {
		const struct walk_step *step = &translation->steps[i];

		if (kernel && i == 0)
			out("PAGE DIRECTORY: %llx\n", step->entry);
		else
			out("   %s: %llx => %llx\n", step->table, step->entry_address, step->entry);
	}
}

static void put_page_line(const struct translation *translation)
{
	u64 page = align_down(translation->paddr, translation->page_bytes);
	const char *size = translation->page_bytes == 2ULL << 20   ? "  (2MB)"
			   : translation->page_bytes == 1ULL << 30 ? "  (1GB)"
								   : "";

	out("  PAGE: %llx%s\n\n", page, size);
}

static void put_pte_bits(const struct translation *translation)
{
	char entry[20], page[20], bits[200];
	size_t entry_width, page_width;

	snprintf(entry, sizeof(entry), "%llx", translation->entry);
	snprintf(page, sizeof(page), "%llx",
		 align_down(translation->paddr, translation->page_bytes));
	memory_arch()->describe_pte(translation->entry, bits, sizeof(bits));
	entry_width = max_u64(strlen(entry), 3);
	page_width = max_u64(strlen(page), 8);
	put_centred("PTE", entry_width, false);
	out("  ");
	put_centred("PHYSICAL", page_width, false);
	out("  FLAGS\n%*s  ", (int)entry_width, entry);
	put_centred(page, page_width, true);
	out("  (%s)\n\n", bits);
}

static void put_swap_entry(u64 entry, const char *area, u64 offset)
{
	size_t width;
	char text[20];

	snprintf(text, sizeof(text), "%llx", entry);
	width = strlen(text);
	put_centred("PTE", width, false);
	out("  ");
	put_centred("SWAP", max_u64(strlen(area), 4), true);
	out("  OFFSET\n%s  %s  ", text, area);
	snprintf(text, sizeof(text), "%llu", offset);
	put_centred(text, 6, true);
	out("\n\n");
}

/*
 * The struct page of PADDR; memory that has none (devices) or whose page cannot be read:
 * nothing. It is the last line about an address, without the blank line that ends every other
 * part: false then.
 */
static bool put_page(u64 paddr)
{
	struct strbuf *text = scope_strbuf();
	struct page_info info;

	if (paddr >> PAGE_SHIFT >= memory_dump()->max_pfn ||
	    !page_read(page_of_pfn(paddr >> PAGE_SHIFT), &info, NULL))
		return false;
	page_row(&info, text);
	out("%s\n%s\n", page_header, strbuf_text(text));
	return true;
}

static void put_vma(const struct vma *vma)
{
	struct strbuf *text = scope_strbuf();

	vma_row(vma, text);
	out("%s\n%s\n\n", vma_header, strbuf_text(text));
}

/* Where a page of VMA that has no frame is: in a swap area, in the mapped file, or nowhere yet. */
static void put_place(const struct vma *vma, u64 address, const char *area, u64 swap_offset)
{
	struct strbuf *name = scope_strbuf();
	u64 offset;

	if (area) {
		out("SWAP: %s  OFFSET: %llu\n\n", area, swap_offset);
		return;
	}
	if (!vma->file)
		return;
	vma_file_name(vma, name);
	offset = (vma->page_offset << PAGE_SHIFT) + align_down(address - vma->start, PAGE_BYTES);
	out("FILE: %s  OFFSET: %llx\n\n", strbuf_text(name), offset);
}

/* A table that cannot be read leaves open whether the address is mapped. */
static bool is_unknown(const struct fault *fault)
{
	return fault->reason != FAULT_NOT_MAPPED && fault->reason != FAULT_SWAPPED_OUT;
}

static const char *not_translated(const struct fault *fault)
{
	return is_unknown(fault) ? "(unknown)" : "(not mapped)";
}

static void put_fault(const struct fault *fault)
{
	struct fault page = *fault;

	page.level = NULL;
	if (is_unknown(fault) && fault->level)
		out("vtop: the %s table at physical %llx cannot be read: %s\n\n", fault->level,
		    fault->physical, fault_text(&page));
	else if (is_unknown(fault))
		out("vtop: %s\n\n", fault_text(&page));
}

static void put_user_header(u64 address, const char *physical)
{
	out("VIRTUAL     PHYSICAL        \n%-10llx  %s\n\n", address, physical);
}

static void show_unmapped_user(const struct vma *vma, u64 address,
			       const struct translation *translation, const struct fault *fault)
{
	struct strbuf *area = scope_strbuf();
	bool in_swap = false;
	unsigned type = 0;
	u64 offset = 0;

	if (fault->reason == FAULT_SWAPPED_OUT)
		in_swap = memory_arch()->swap_entry(translation->entry, &type, &offset) &&
			  swap_area_name(type, area);
	put_user_header(address, not_translated(fault));
	put_steps(translation, false);
	out("\n");
	put_fault(fault);
	if (in_swap)
		put_swap_entry(translation->entry, strbuf_text(area), offset);
	put_vma(vma);
	if (in_swap || fault->reason == FAULT_NOT_MAPPED)
		put_place(vma, address, in_swap ? strbuf_text(area) : NULL, offset);
}

/* ---- the same for programs ---- */

static void put_json_walk(const struct translation *translation)
{
	json_list("steps");
	for (size_t i = 0; i < translation->nr_steps; i++) {
		json_object(NULL);
		json_text("table", translation->steps[i].table);
		json_address("entry_at", translation->steps[i].entry_address);
		json_address("entry", translation->steps[i].entry);
		json_end();
	}
	json_end();
}

/* The swap area and the offset of a page that is there, or its file's. */
static void put_json_place(const struct vma *vma, u64 address,
			   const struct translation *translation, const struct fault *fault)
{
	struct strbuf *name = scope_strbuf();
	unsigned type;
	u64 offset;

	if (fault->reason == FAULT_SWAPPED_OUT &&
	    memory_arch()->swap_entry(translation->entry, &type, &offset) &&
	    swap_area_name(type, name)) {
		json_text("swap", strbuf_text(name));
		json_number("swap_offset", offset);
	} else if (fault->reason == FAULT_NOT_MAPPED && vma->file) {
		vma_file_name(vma, name);
		json_text("file", strbuf_text(name));
		json_number("file_offset", (vma->page_offset << PAGE_SHIFT) +
						   align_down(address - vma->start, PAGE_BYTES));
	}
}

static void put_json_vma(const struct vma *vma)
{
	struct strbuf *name = scope_strbuf();

	json_address("vma", vma->address);
	json_address("vma_start", vma->start);
	json_address("vma_end", vma->end);
	json_address("vma_flags", vma->flags);
	vma_file_name(vma, name);
	if (name->length)
		json_text("vma_file", strbuf_text(name));
}

static void put_json_page(u64 paddr)
{
	struct strbuf *words = scope_strbuf();
	struct page_info info;

	if (paddr >> PAGE_SHIFT >= memory_dump()->max_pfn ||
	    !page_read(page_of_pfn(paddr >> PAGE_SHIFT), &info, NULL))
		return;
	page_flags_words(info.flags, words);
	json_address("page", info.address);
	json_address("page_mapping", info.mapping);
	json_number("page_index", info.index);
	json_signed("page_count", info.count);
	json_address("page_flags", info.flags);
	json_text("page_flag_names", strbuf_text(words));
}

/* Whose address it is; one of the kernel is of no task unless foreach asked for one. */
static void put_json_subject(const struct request *request, const struct vma *vma)
{
	const struct task *task = request->task ? request->task
				  : vma		? task_current()
						: jsonshow_subject();

	if (task)
		jsonshow_task(task);
}

/* Nothing can be said of ADDRESS: the others of the command still come. */
static void put_json_refused(const struct request *request, u64 address, const char *problem)
{
	json_object(NULL);
	put_json_subject(request, NULL);
	json_address("virtual", address);
	json_null("physical");
	json_text("problem", problem);
	json_list("steps");
	json_end();
	json_end();
}

/* VMA is NULL for kernel addresses; FAULT for those that are mapped. */
static void put_json(const struct request *request, u64 pgd, u64 address, const struct vma *vma,
		     const struct translation *translation, const struct fault *fault)
{
	char bits[200];

	json_object(NULL);
	put_json_subject(request, vma);
	json_address("virtual", address);
	if (fault) {
		json_null("physical");
		json_text("problem", fault_text(fault));
	} else {
		json_address("physical", translation->paddr);
		json_number("page_bytes", translation->page_bytes);
		memory_arch()->describe_pte(translation->entry, bits, sizeof(bits));
		json_text("flags", bits);
	}
	json_address("page_directory", pgd);
	put_json_walk(translation);
	if (vma)
		put_json_vma(vma);
	if (vma && fault)
		put_json_place(vma, address, translation, fault);
	if (!fault)
		put_json_page(translation->paddr);
	json_end();
}

/* True when a blank line is still to come before the next address. */
static bool show_user(const struct request *request, u64 address)
{
	struct translation translation;
	struct fault fault;
	struct vma vma;
	char physical[20];
	u64 pgd;

	if (!request->mm || address >= memory_layout()->task_size ||
	    !vma_find(request->mm, address, &vma)) {
		if (json_on())
			put_json_refused(request, address, "not accessible");
		else
			put_user_header(address, "(not accessible)");
		return false;
	}
	pgd = mm_pgd(request->mm);
	if (!mem_walk_user(pgd, address, &translation, &fault)) {
		if (json_on())
			put_json(request, pgd, address, &vma, &translation, &fault);
		else
			show_unmapped_user(&vma, address, &translation, &fault);
		return false;
	}
	if (json_on()) {
		put_json(request, pgd, address, &vma, &translation, NULL);
		return false;
	}
	snprintf(physical, sizeof(physical), "%llx", translation.paddr);
	put_user_header(address, physical);
	put_steps(&translation, false);
	put_page_line(&translation);
	put_pte_bits(&translation);
	put_vma(&vma);
	return put_page(translation.paddr);
}

/* Kernel addresses need no task: only here the current one is looked for. */
static void show_user_of_current(struct request *request, u64 address)
{
	if (!request->task)
		request->mm = task_current()->mm;
	show_user(request, address);
}

static bool show_kernel(const struct request *request, u64 address)
{
	u64 pgd = request->task && request->mm ? mm_pgd(request->mm) : memory_layout()->top_table;
	struct translation translation;
	struct fault fault;
	char physical[20];
	bool mapped;

	if (json_on()) {
		if (!mem_is_kernel_address(address)) {
			put_json_refused(request, address, "not a kernel virtual address");
			return false;
		}
		mapped = memory_arch()->walk(pgd, address, &translation, &fault);
		put_json(request, pgd, address, NULL, &translation, mapped ? NULL : &fault);
		return false;
	}
	out("VIRTUAL           PHYSICAL        \n");
	if (!mem_is_kernel_address(address)) {
		out("%-8llx  (not a kernel virtual address)\n\n", address);
		return false;
	}
	mapped = memory_arch()->walk(pgd, address, &translation, &fault);
	if (mapped)
		snprintf(physical, sizeof(physical), "%llx", translation.paddr);
	else
		snprintf(physical, sizeof(physical), "%s", not_translated(&fault));
	out("%-16llx  %s\n\nPGD DIRECTORY: %llx\n", address, physical, pgd);
	put_steps(&translation, true);
	if (!mapped) {
		out("\n");
		put_fault(&fault);
		return false;
	}
	put_page_line(&translation);
	put_pte_bits(&translation);
	return put_page(translation.paddr);
}

static void run_vtop(struct args *args)
{
	struct request request = {
		.force_user = option_given(args, "u") > 0,
		.force_kernel = option_given(args, "k") > 0,
	};
	const char *whose = option_argument(args, "c");
	bool blank_wanted = false;
	const struct task *task = whose ? task_argument(whose) : NULL;

	args_check_words(args, "an address", 1, SIZE_MAX);
	if (request.force_user && request.force_kernel)
		usage_problem(args, "-u and -k exclude each other");
	request.task = task;
	request.mm = task ? task->mm : 0;
	for (size_t i = 0; i < args->nr_words; i++) {
		u64 address = argument_address(args->words[i]);

		if (blank_wanted) /* false in JSON */
			out("\n");
		if (request.force_user)
			show_user_of_current(&request, address);
		else if (request.force_kernel || mem_is_kernel_address(address))
			blank_wanted = show_kernel(&request, address);
		else if (address >= memory_layout()->task_size)
			fail("ambiguous address: %llx  (requires -u or -k)", address);
		else
			show_user_of_current(&request, address);
	}
}

static const struct option vtop_options[] = {
	{ "c", "pid|task", "use the page tables of this task instead of the current one's" },
	{ "u", NULL, "the address is a user address" },
	{ "k", NULL, "the address is a kernel address" },
	{ 0 },
};

COMMAND(vtop) = {
	.name = "vtop",
	.summary = "virtual address to physical",
	.synopsis = "[-c pid|task] [-u|-k] address...",
	.options = vtop_options,
	.description =
		"Walks the page tables for each address. Shows every entry on the way, the bits "
		"of the last one, the mapping that covers a user address, and the frame's struct "
		"page. For a page without a frame it shows the place in swap or in the mapped "
		"file.\n"
		"\n"
		"User addresses belong to the current task, or to that of -c. Kernel addresses go "
		"through the kernel's own tables, or with -c through the task's. An address may "
		"be a symbol.",
	.example = "crash> vtop jiffies\n"
		   "VIRTUAL           PHYSICAL        \n"
		   "ffffffff9a2079c0  d0079c0\n"
		   "\n"
		   "PGD DIRECTORY: ffffffff9a222000\n"
		   "PAGE DIRECTORY: d027067\n"
		   "   PUD: d027ff0 => d028063\n"
		   "   PMD: d028688 => 800000000d0001e3\n"
		   "  PAGE: d000000  (2MB)\n"
		   "\n"
		   "      PTE         PHYSICAL  FLAGS\n"
		   "800000000d0001e3   d000000  (PRESENT|RW|ACCESSED|DIRTY|PSE|GLOBAL|NX)\n"
		   "\n"
		   "      PAGE       PHYSICAL      MAPPING       INDEX CNT FLAGS\n"
		   "fffff598003401c0  d007000                0        0  1 fffffc0002000 reserved\n"
		   "crash> bt -e 1\n"
		   "PID: 1        TASK: ffff8ae4c1250000  CPU: 0    COMMAND: \"init\"\n"
		   "\n"
		   "  USER-MODE EXCEPTION FRAME AT: ffffd2a6c0013f58\n"
		   "    RIP: 0000000000460a63  RSP: 00007ffc63e08058  RFLAGS: 00000202\n"
		   "...\n"
		   "crash> vtop -c 1 0000000000460a63\n"
		   "VIRTUAL     PHYSICAL        \n"
		   "460a63      dad6a63\n"
		   "\n"
		   "   PGD: 1d6c000 => 2608067\n"
		   "   PUD: 2608000 => 2609067\n"
		   "   PMD: 2609010 => 273b067\n"
		   "   PTE: 273b300 => dad6025\n"
		   "  PAGE: dad6000\n"
		   "...\n"
		   "      VMA           START       END     FLAGS FILE\n"
		   "ffff8ae4c260dc60     401000     58d000 8000075 /bin/busybox\n"
		   "\n"
		   "...\n",
	.arguments = "address|symbol ...",
	.run = run_vtop,
	.each_task = EACH_TASK_HEADER,
};
