/* commands/vtop.c - the command vtop: how a virtual address becomes a physical one, table by table. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "kernel/mm/page.h"
#include "kernel/mm/swap.h"
#include "kernel/mm/swapread.h"
#include "kernel/mm/vma.h"
#include "kernel/taskcontext.h"
#include "memory.h"
#include "shell/command.h"
#include "shell/taskwords.h"
#include "show/jsonshow.h"
#include "show/pageshow.h"
#include "show/taskrow.h"
#include "show/vmashow.h"

struct request {
	const struct task *task; /* whose tables; NULL: the kernel's own for kernel addresses */
	u64 mm; /* 0: the task has no user space */
	bool force_user, force_kernel;
};

/* What is known of an address. */
struct answer {
	const struct task *task; /* whose address it is; NULL: it is of none */
	u64 address, pgd;
	bool kernel;
	const char *refused; /* why nothing can be said of it; else NULL */
	bool mapped;
	struct fault fault; /* of one that is not */
	struct translation translation;
	struct vma vma; /* of user addresses */
	bool has_page;
	struct page_info page;
	bool swapped; /* the last entry has a place in swap, or a mark of the kernel's */
	const char *swap; /* that area's name; NULL: it is none, or has none that can be read */
	u64 swap_offset;
	struct swap_place place; /* of the page there */
};

/* ---- finding out ---- */

static const char *not_translated(const struct fault *fault)
{
	return fault_is_unknown(fault) ? "(unknown)" : "(not mapped)";
}

/*
 * The struct page of a frame. Memory that has none (devices) or whose page cannot be read has
 * nothing.
 */
static void find_page(struct answer *answer, u64 physical)
{
	u64 pfn = physical >> PAGE_SHIFT;

	answer->has_page = pfn < memory_dump()->max_pfn &&
			   page_read(page_of_pfn(pfn), &answer->page, NULL);
}

/* A page that is being moved still has its frame. */
static void find_swap(struct answer *answer)
{
	struct strbuf *area = scope_strbuf();
	unsigned type;

	answer->swapped = mem_swap_place(answer->address, answer->translation.entry, &answer->fault,
					 &type, &answer->swap_offset);
	if (!answer->swapped)
		return;
	if (swap_area_name(type, area))
		answer->swap = strbuf_text(area);
	swap_read_page(type, answer->swap_offset, scope_alloc(PAGE_BYTES), &answer->place);
	if (answer->place.kind == SWAP_PLACE_MOVING || answer->place.kind == SWAP_PLACE_MARK)
		answer->fault.reason = FAULT_NOT_MAPPED;
	if (answer->place.kind == SWAP_PLACE_MOVING)
		find_page(answer, answer->place.physical);
}

static void find_user(const struct request *request, struct answer *answer)
{
	if (!request->mm || answer->address >= memory_layout()->task_size ||
	    !vma_find(request->mm, answer->address, &answer->vma)) {
		answer->refused = "not accessible";
		return;
	}
	if (!answer->task)
		answer->task = task_current();
	answer->pgd = mm_pgd(request->mm);
	answer->mapped = mem_walk_user(answer->pgd, answer->address, &answer->translation,
				       &answer->fault);
	if (!answer->mapped)
		find_swap(answer);
}

static void find_kernel(const struct request *request, struct answer *answer)
{
	if (!mem_is_kernel_address(answer->address)) {
		answer->refused = "not a kernel virtual address";
		return;
	}
	answer->pgd = request->task && request->mm ? mm_pgd(request->mm)
						   : memory_layout()->top_table;
	answer->mapped = memory_arch()->walk(answer->pgd, answer->address, &answer->translation,
					     &answer->fault);
}

/* An address of the kernel is of no task unless foreach asked for one. */
static void find(const struct request *request, struct answer *answer)
{
	answer->task = request->task;
	if (answer->kernel)
		find_kernel(request, answer);
	else
		find_user(request, answer);
	if (!answer->task)
		answer->task = jsonshow_subject();
	if (!answer->refused && answer->mapped)
		find_page(answer, answer->translation.paddr);
}

/* ---- telling it, a part after the other ---- */

static const struct column address_columns[] = {
	TASKROW_KEYS,
	{ "virtual", "", .kind = CELL_ADDRESS },
	{ "physical", "", .kind = CELL_ADDRESS },
	{ "problem", NULL, .kind = CELL_TEXT },
	{ "page_bytes", NULL, .kind = CELL_SIZE },
	{ "flags", NULL, .kind = CELL_TEXT },
	{ 0 },
};

/* Scope memory. */
static const char *pte_bits(const struct answer *answer)
{
	char bits[200];

	memory_arch()->describe_pte(answer->translation.entry, bits, sizeof(bits));
	return scope_strdup(bits);
}

static void put_address(struct row *row, UNUSED size_t index, void *arg)
{
	const struct answer *answer = arg;
	int width = !answer->kernel ? 10 : answer->refused ? 8 : 16;

	taskrow_put_keys(row, answer->task);
	row_address(row, answer->address);
	row_shown(row, scope_printf("%-*llx", width, answer->address));
	if (answer->mapped) {
		row_address(row, answer->translation.paddr);
		row_none(row);
		row_size(row, answer->translation.page_bytes);
		row_text(row, pte_bits(answer));
		return;
	}
	if (answer->refused) {
		row_null(row, scope_printf("(%s)", answer->refused));
		row_text(row, answer->refused);
	} else {
		row_null(row, not_translated(&answer->fault));
		row_text(row, fault_text(&answer->fault));
	}
	row_none(row);
	row_none(row);
}

static const struct column directory_columns[] = {
	{ "page_directory", "", CELL_ADDRESS, .before = "PGD DIRECTORY: " },
	{ 0 },
};

/* Of user addresses it is that of the mm_struct, and the first step has it. */
static void put_directory(struct row *row, UNUSED size_t index, void *arg)
{
	const struct answer *answer = arg;

	row_address(row, answer->pgd);
	if (!answer->kernel)
		row_shown(row, "");
}

static const struct column step_columns[] = {
	{ "table", "", CELL_TEXT, .after = ": " },
	{ "entry_at", "", CELL_ADDRESS, .before = "", .after = " => " },
	{ "entry", "", CELL_ADDRESS, .before = "" },
	{ 0 },
};

static void put_step(struct row *row, size_t index, void *arg)
{
	const struct answer *answer = arg;
	const struct walk_step *step = &answer->translation.steps[index];
	bool of_kernel = answer->kernel && index == 0;

	row_text(row, step->table);
	row_shown(row, of_kernel ? "PAGE DIRECTORY" : scope_printf("   %s", step->table));
	row_address(row, step->entry_address);
	if (of_kernel)
		row_shown(row, "");
	row_address(row, step->entry);
}

static const struct column frame_columns[] = {
	{ NULL, "", CELL_ADDRESS, .before = "  PAGE: " },
	{ NULL, "", CELL_TEXT, .before = "" },
	{ 0 },
};

static u64 frame_of(const struct answer *answer)
{
	return align_down(answer->translation.paddr, answer->translation.page_bytes);
}

static void put_frame(struct row *row, UNUSED size_t index, void *arg)
{
	const struct answer *answer = arg;
	u64 bytes = answer->translation.page_bytes;

	row_address(row, frame_of(answer));
	row_text(row, bytes == 2ULL << 20 ? "  (2MB)" : bytes == 1ULL << 30 ? "  (1GB)" : "");
}

static const struct column entry_columns[] = {
	{ NULL, "PTE", CELL_ADDRESS, .fit = true },
	{ NULL, "PHYSICAL", CELL_ADDRESS, .align = ALIGN_CENTRE_RIGHT, .fit = true },
	{ NULL, "FLAGS", .kind = CELL_TEXT },
	{ 0 },
};

static void put_entry(struct row *row, UNUSED size_t index, void *arg)
{
	const struct answer *answer = arg;

	row_address(row, answer->translation.entry);
	row_address(row, frame_of(answer));
	row_text(row, scope_printf("(%s)", pte_bits(answer)));
}

static const struct column swap_entry_columns[] = {
	{ NULL, "PTE", CELL_ADDRESS, .fit = true },
	{ NULL, "SWAP", CELL_BYTES, .align = ALIGN_CENTRE_RIGHT, .fit = true },
	{ NULL, "OFFSET", CELL_NUMBER, .align = ALIGN_CENTRE_RIGHT, .width = 6, .filled = true },
	{ 0 },
};

static void put_swap_entry(struct row *row, UNUSED size_t index, void *arg)
{
	const struct answer *answer = arg;

	row_address(row, answer->translation.entry);
	row_bytes(row, answer->swap, strlen(answer->swap));
	row_number(row, answer->swap_offset);
}

static const struct column vma_columns[] = {
	VMASHOW_COLUMNS("vma_"),
	{ "vma_file", "", CELL_BYTES, .before = " ", .none = "" },
	{ 0 },
};

static void put_vma(struct row *row, UNUSED size_t index, void *arg)
{
	const struct answer *answer = arg;
	struct strbuf *name = scope_strbuf();

	vmashow_put(row, &answer->vma);
	vma_file_name(&answer->vma, name);
	if (name->length)
		row_bytes(row, strbuf_text(name), name->length);
	else
		row_none(row);
}

static const struct column swap_columns[] = {
	{ "swap", "", CELL_BYTES, .before = "SWAP: " },
	{ "swap_offset", "", CELL_NUMBER, .before = "  OFFSET: " },
	{ 0 },
};

static void put_swap(struct row *row, UNUSED size_t index, void *arg)
{
	const struct answer *answer = arg;

	row_bytes(row, answer->swap, strlen(answer->swap));
	row_number(row, answer->swap_offset);
}

static const struct column contents_columns[] = {
	{ "contents", "", CELL_BYTES, .before = "CONTENTS: " },
	{ 0 },
};

static void put_contents(struct row *row, UNUSED size_t index, void *arg)
{
	const char *text = swap_place_text(&((const struct answer *)arg)->place);

	row_bytes(row, text, strlen(text));
}

static const struct column file_columns[] = {
	{ "file", "", CELL_BYTES, .before = "FILE: " },
	{ "file_offset", "", CELL_NUMBER, .before = "  OFFSET: " },
	{ 0 },
};

static void put_file(struct row *row, UNUSED size_t index, void *arg)
{
	const struct answer *answer = arg;
	const struct vma *vma = &answer->vma;
	u64 offset = (vma->page_offset << PAGE_SHIFT) +
		     align_down(answer->address - vma->start, PAGE_BYTES);
	struct strbuf *name = scope_strbuf();

	vma_file_name(vma, name);
	row_bytes(row, strbuf_text(name), name->length);
	row_number(row, offset);
	row_shown(row, scope_printf("%llx", offset));
}

static const struct column page_columns[] = {
	{ "page", "", CELL_ADDRESS, .width = 16, .zeros = true },
	{ NULL, "", CELL_ADDRESS, .before = " ", .width = 8 },
	{ "page_mapping", "", CELL_ADDRESS, .before = " ", .width = 16 },
	{ "page_index", "", CELL_NUMBER, .before = " ", .width = 8 },
	{ "page_count", "", CELL_SIGNED, .before = " ", .width = 2 },
	{ "page_flags", "", CELL_ADDRESS, .before = " " },
	{ "page_flag_names", "", CELL_TEXT, .before = "" },
	{ 0 },
};

static void put_page(struct row *row, UNUSED size_t index, void *arg)
{
	pageshow_put(row, &((const struct answer *)arg)->page);
}

struct layout {
	const struct column *columns;
	void (*put)(struct row *row, size_t index, void *arg);
	const char *heading_line;
	enum table_headings headings;
	bool no_blank; /* behind it */
};

static void tell(struct row *row, const struct layout *layout, const struct answer *answer)
{
	struct table table = ONE_ROW("vtop", layout->columns, layout->put, (void *)answer,
				     .blank_after = !layout->no_blank, .part = true);

	table.headings = layout->headings;
	table.heading_line = layout->heading_line;
	row_children(row, &table);
}

static void tell_steps(struct row *row, const struct answer *answer)
{
	row_children(row, &(struct table){ .name = "vtop",
					   .columns = step_columns,
					   .count = answer->translation.nr_steps,
					   .put = put_step,
					   .arg = (void *)answer,
					   .headings = HEADINGS_NEVER,
					   .key = "steps" });
}

/* Readers get a line of its own for a table that cannot be read. */
static void tell_fault(struct row *row, const struct fault *fault)
{
	struct fault page = *fault;

	page.level = NULL;
	row_remark(row, "\n");
	if (fault_is_unknown(fault) && fault->level)
		row_remark(row, "vtop: the %s table at physical %llx cannot be read: %s\n\n",
			   fault->level, fault->physical, fault_text(&page));
	else if (fault_is_unknown(fault))
		row_remark(row, "vtop: %s\n\n", fault_text(&page));
}

/* Of a page that has no frame: where it is, in a swap area, in the mapped file, or nowhere yet. */
static void tell_place(struct row *row, const struct answer *answer)
{
	static const struct layout swap = { .columns = swap_columns,
					    .put = put_swap,
					    .headings = HEADINGS_NEVER,
					    .no_blank = true };
	static const struct layout contents = { .columns = contents_columns,
						.put = put_contents,
						.headings = HEADINGS_NEVER };
	static const struct layout file = { .columns = file_columns,
					    .put = put_file,
					    .headings = HEADINGS_NEVER };

	if (answer->swapped) {
		if (answer->swap)
			tell(row, &swap, answer);
		tell(row, &contents, answer);
	} else if (answer->fault.reason == FAULT_NOT_MAPPED && answer->vma.file) {
		tell(row, &file, answer);
	}
}

static void tell_translation(struct row *row, const struct answer *answer)
{
	static const struct layout directory = { .columns = directory_columns,
						 .put = put_directory,
						 .headings = HEADINGS_NEVER,
						 .no_blank = true };
	static const struct layout frame = { .columns = frame_columns,
					     .put = put_frame,
					     .headings = HEADINGS_NEVER };
	static const struct layout entry = { .columns = entry_columns, .put = put_entry };
	static const struct layout swap_entry = { .columns = swap_entry_columns,
						  .put = put_swap_entry };

	tell(row, &directory, answer);
	tell_steps(row, answer);
	if (answer->mapped) {
		tell(row, &frame, answer);
		tell(row, &entry, answer);
		return;
	}
	tell_fault(row, &answer->fault);
	if (answer->swap)
		tell(row, &swap_entry, answer);
}

static const struct column answer_columns[] = { { 0 } };

static void put_answer(struct row *row, UNUSED size_t index, void *arg)
{
	static const struct layout user = { .columns = address_columns,
					    .put = put_address,
					    .heading_line = "VIRTUAL     PHYSICAL        " };
	static const struct layout kernel = {
		.columns = address_columns,
		.put = put_address,
		.heading_line = "VIRTUAL           PHYSICAL        "
	};
	static const struct layout vma = { .columns = vma_columns,
					   .put = put_vma,
					   .heading_line = VMASHOW_HEADINGS };
	static const struct layout page = { .columns = page_columns,
					    .put = put_page,
					    .heading_line = PAGESHOW_HEADINGS,
					    .no_blank = true };
	const struct answer *answer = arg;

	tell(row, answer->kernel ? &kernel : &user, answer);
	if (answer->refused) {
		tell_steps(row, answer); /* none */
		return;
	}
	tell_translation(row, answer);
	if (!answer->kernel) {
		tell(row, &vma, answer);
		if (!answer->mapped)
			tell_place(row, answer);
	}
	if (answer->has_page)
		tell(row, &page, answer);
}

static bool is_kernel(const struct request *request, u64 address)
{
	if (request->force_user || request->force_kernel)
		return !request->force_user;
	if (!mem_is_kernel_address(address) && address >= memory_layout()->task_size)
		fail("ambiguous address: %llx  (requires -u or -k)", address);
	return mem_is_kernel_address(address);
}

/* Kernel addresses need no task: only for others the current one is looked for. */
static bool show(const struct request *request, u64 address)
{
	struct answer answer = { .address = address, .kernel = is_kernel(request, address) };
	struct request of_current = *request;

	if (!request->task && !answer.kernel)
		of_current.mm = task_current()->mm;
	find(&of_current, &answer);
	table_show(&ONE_ROW("vtop", answer_columns, put_answer, &answer));
	return answer.has_page;
}

static void run_vtop(struct args *args)
{
	struct request request = {
		.force_user = option_given(args, "u") > 0,
		.force_kernel = option_given(args, "k") > 0,
	};
	const char *whose = option_argument(args, "c");
	/* The struct page ends an answer, without the blank line that ends every other part. */
	bool blank_wanted = false;
	const struct task *task = whose ? task_argument(whose) : NULL;

	args_check_words(args, "an address", 1, SIZE_MAX);
	if (request.force_user && request.force_kernel)
		usage_problem(args, "-u and -k exclude each other");
	request.task = task;
	request.mm = task ? task->mm : 0;
	for (size_t i = 0; i < args->nr_words; i++) {
		u64 address = argument_address(args->words[i]);

		if (blank_wanted)
			table_remark("\n");
		blank_wanted = show(&request, address);
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
		"file. CONTENTS says where a page is that was swapped out: still in memory, in "
		"the swap cache or compressed in zswap or zram, where rd -u, struct -u, p -u and "
		"ps -a read it as well; or on a disk, which no dump has. Entries that look so and "
		"say something else are named: of a page that is being moved, which still has its "
		"frame, of broken memory, of a device's memory, and the kernel's markers.\n"
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
