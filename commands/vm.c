/* commands/vm.c - the command vm: the address space of a task, its mappings and their pages. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "base/table.h"
#include "dump/dumpfile.h"
#include "kernel/mm/swap.h"
#include "kernel/mm/swapread.h"
#include "kernel/mm/userpages.h"
#include "kernel/mm/vma.h"
#include "kernel/mm/vmaname.h"
#include "kernel/taskcontext.h"
#include "kernel/taskinfo.h"
#include "memory.h"
#include "shell/command.h"
#include "shell/taskwords.h"
#include "show/datashow.h"
#include "show/jsonshow.h"
#include "show/taskrow.h"
#include "show/vmashow.h"

#define SWAP_AREAS 32

/* -R: what is looked for. Hexadecimal digits may be a name as well. */
struct wanted {
	const char *name; /* part of a mapping's; NULL: -R is not given */
	bool is_number;
	u64 number;
};

struct request {
	bool pages;
	bool one; /* -P: only the mapping ONLY */
	u64 only;
	u64 mm; /* -M; 0: the task's own */
	struct wanted wanted;
	unsigned radix;
	const char *swap_names[SWAP_AREAS]; /* NULL: there is none */
};

/* A mapping that is shown. */
struct shown {
	struct vma vma;
	bool pages; /* its pages are, or those that -R looks for */
};

struct space_view {
	const struct request *request;
	const struct task *task;
	u64 mm, pgd; /* 0: none */
	struct shown *mappings;
	size_t count;
	const char *why; /* the walk over them ended early; else NULL */
};

/* ---- pages ---- */

struct page_view {
	const struct space_view *space;
	const struct vma *vma;
	const char *file; /* the mapping's, where pages are told of */
	struct user_pages it;
	size_t at; /* index of the row that IT gives next */
};

static bool is_wanted_page(const struct wanted *wanted, const struct user_page *page)
{
	u64 number = wanted->number;

	if (!wanted->name)
		return true;
	return (number >= page->address && number - page->address < page->nr_pages << PAGE_SHIFT) ||
	       (page->place == USER_FRAME && number >= page->physical &&
		number - page->physical < PAGE_BYTES);
}

static bool next_page(struct page_view *view, struct user_page *page)
{
	while (user_pages_next(&view->it, page)) {
		if (is_wanted_page(&view->space->request->wanted, page))
			return true;
	}
	return false;
}

static void begin_pages(struct page_view *view, const struct space_view *space,
			const struct vma *vma)
{
	const struct wanted *wanted = &space->request->wanted;

	view->space = space;
	view->vma = vma;
	view->at = 0;
	user_pages_begin(&view->it, space->pgd, vma);
	/* Of an address in it only the one page. */
	if (!wanted->name || wanted->number < vma->start || wanted->number >= vma->end)
		return;
	user_pages_seek(&view->it, wanted->number);
	view->it.end = view->it.next + PAGE_BYTES;
}

/* Is there one at all? */
static bool has_page(const struct space_view *space, const struct vma *vma)
{
	struct page_view *view = scope_alloc(sizeof(*view));
	struct user_page page;

	begin_pages(view, space, vma);
	return next_page(view, &page);
}

static const struct column page_columns[] = {
	{ "virtual", "", CELL_ADDRESS, .align = ALIGN_LEFT, .width = 10 },
	{ "physical", "", CELL_ADDRESS, .width = 8, .loose = true },
	{ "page_bytes", NULL, .kind = CELL_SIZE },
	{ "swap", "", CELL_BYTES, .before = "  SWAP: " },
	{ "swap_offset", "", CELL_NUMBER, .before = "  OFFSET: " },
	{ "contents", "", CELL_BYTES, .before = "  CONTENTS: " },
	{ "file", "", CELL_BYTES, .before = "  FILE: " },
	{ "file_offset", "", CELL_NUMBER, .before = "  OFFSET: ", .hex = true },
	{ "problem", "", CELL_TEXT, .before = "  (", .after = ")" },
	{ "pages", "", CELL_NUMBER, .after = " pages" },
	{ 0 },
};

/* NULL: there is no such area, and the entry of the page table says something else. */
static const char *swap_name(const struct request *request, unsigned type)
{
	return type < SWAP_AREAS ? request->swap_names[type] : NULL;
}

static void put_swap(struct row *row, const char *area, u64 offset)
{
	if (area) {
		row_bytes(row, area, strlen(area));
		row_number(row, offset);
	} else {
		row_none(row);
		row_none(row);
	}
}

static void put_file(struct row *row, const char *name, u64 offset)
{
	if (name) {
		row_bytes(row, name, strlen(name));
		row_number(row, offset);
	} else {
		row_none(row);
		row_none(row);
	}
}

static const char *problem_of(const struct user_page *page, const struct swap_place *place)
{
	if (page->place == USER_UNKNOWN)
		return scope_printf("unknown: %s", fault_text(&page->fault));
	return page->place == USER_NOWHERE ||
			       (page->place == USER_SWAP && place->kind == SWAP_PLACE_MARK)
		       ? "not mapped"
		       : NULL;
}

/* A page that is being moved still has its frame. */
static void put_frame(struct row *row, const struct user_page *page, const struct swap_place *place)
{
	bool moving = page->place == USER_SWAP && place->kind == SWAP_PLACE_MOVING;
	u64 physical = moving ? place->physical : page->physical;

	row_address(row, page->address);
	if (page->place == USER_FRAME || moving) {
		row_address(row, physical);
		row_size(row, moving ? PAGE_BYTES : page->mapped_bytes);
	} else {
		row_null(row, "");
		row_none(row);
	}
}

static void put_contents(struct row *row, const struct user_page *page,
			 const struct swap_place *place)
{
	const char *text;

	if (page->place != USER_SWAP) {
		row_none(row);
		return;
	}
	text = swap_place_text(place);
	row_bytes(row, text, strlen(text));
}

static void put_place(struct row *row, struct page_view *view, const struct user_page *page)
{
	const struct request *request = view->space->request;
	const char *swap = page->place == USER_SWAP ? swap_name(request, page->swap_type) : NULL;
	struct swap_place place = { .text = "" };
	const char *problem;

	if (page->place == USER_SWAP)
		swap_read_page(page->swap_type, page->offset, NULL, &place);
	problem = problem_of(page, &place);
	put_frame(row, page, &place);
	put_swap(row, swap, page->offset);
	put_contents(row, page, &place);
	put_file(row, page->place == USER_FILE ? view->file : NULL, page->offset);
	if (problem)
		row_text(row, problem);
	else
		row_none(row);
	if (page->nr_pages > 1)
		row_number(row, page->nr_pages);
	else
		row_none(row);
}

/* Rows are asked for in their order, but a table may ask for any. */
static void put_page(struct row *row, size_t index, void *arg)
{
	struct page_view *view = arg;
	struct user_page page;

	if (index < view->at)
		begin_pages(view, view->space, view->vma);
	do {
		if (!next_page(view, &page)) {
			row_no_more(row);
			return;
		}
	} while (view->at++ < index);
	put_place(row, view, &page);
}

static void tell_pages(struct row *row, const struct space_view *space, const struct vma *vma)
{
	struct page_view *view = scope_alloc(sizeof(*view));
	struct strbuf *file = scope_strbuf();

	vma_file_name(vma, file);
	view->file = strbuf_text(file);
	begin_pages(view, space, vma);
	row_children(row, &(struct table){ .name = "vm",
					   .columns = page_columns,
					   .count = TABLE_OPEN,
					   .put = put_page,
					   .arg = view,
					   .heading_line = "VIRTUAL     PHYSICAL",
					   .key = "pages" });
}

/* ---- mappings ---- */

static const struct column vma_columns[] = {
	VMASHOW_COLUMNS(""),
	{ "name", "", CELL_BYTES, .before = " ", .none = "" },
	{ "permissions", NULL, .kind = CELL_TEXT },
	{ "offset", NULL, .kind = CELL_SIZE },
	{ 0 },
};

struct one_mapping {
	const struct space_view *space;
	const struct vma *vma;
};

static void put_vma(struct row *row, UNUSED size_t index, void *arg)
{
	const struct one_mapping *one = arg;
	struct strbuf *name = scope_strbuf();
	char *permissions = scope_alloc(5);

	vmashow_put(row, one->vma);
	vma_name(one->space->mm, one->vma, name);
	if (name->length)
		row_bytes(row, strbuf_text(name), name->length);
	else
		row_none(row);
	vma_permissions(one->vma, permissions);
	row_text(row, permissions);
	if (one->vma->file)
		row_size(row, one->vma->page_offset << PAGE_SHIFT);
	else
		row_none(row);
}

static const struct column nothing[] = { { 0 } };

/* The titles stand above the first, and again behind pages. */
static void put_mapping(struct row *row, size_t index, void *arg)
{
	const struct space_view *space = arg;
	const struct shown *shown = &space->mappings[index];
	struct one_mapping one = { space, &shown->vma };
	struct table table = ONE_ROW("vm", vma_columns, put_vma, &one, .part = true);

	row_stands_for(row, shown->vma.address);
	if (index == 0 || space->mappings[index - 1].pages) {
		table.headings = HEADINGS_FIRST;
		table.heading_line = VMASHOW_HEADINGS;
	}
	row_children(row, &table);
	if (shown->pages)
		tell_pages(row, space, &shown->vma);
}

/* ---- which mappings ---- */

static bool has_name(const struct space_view *space, const struct vma *vma)
{
	struct strbuf *name = scope_strbuf();

	vma_name(space->mm, vma, name);
	return strstr(strbuf_text(name), space->request->wanted.name);
}

static bool may_be_page(const struct wanted *wanted, const struct vma *vma)
{
	return (wanted->number >= vma->start && wanted->number < vma->end) ||
	       wanted->number >> PAGE_SHIFT < memory_dump()->max_pfn;
}

/* False: it is not shown. */
static bool choose(const struct space_view *space, const struct vma *vma, struct shown *shown)
{
	const struct request *request = space->request;
	const struct wanted *wanted = &request->wanted;

	*shown = (struct shown){ *vma, request->pages };
	if (request->one)
		return vma->address == request->only;
	if (!wanted->name)
		return true;
	shown->pages = wanted->is_number && may_be_page(wanted, vma) && has_page(space, vma);
	return shown->pages || has_name(space, vma) ||
	       (wanted->is_number &&
		(wanted->number == vma->address || wanted->number == vma->flags));
}

struct choice {
	const struct space_view *space;
	const struct vma *vma;
	struct shown *shown;
	bool chosen;
};

/* In a scope of its own: there may be many. */
static void run_choice(void *arg)
{
	struct choice *choice = arg;

	choice->chosen = choose(choice->space, choice->vma, choice->shown);
}

static void add_mapping(struct space_view *space, const struct shown *shown, size_t *room)
{
	if (space->count == *room)
		space->mappings = scope_grow(space->mappings, room, sizeof(*space->mappings));
	space->mappings[space->count++] = *shown;
}

static void find_mappings(struct space_view *space)
{
	struct shown shown;
	struct vma_iter it;
	struct vma vma;
	size_t room = 0;

	if (!space->mm)
		return;
	vma_begin(&it, space->mm);
	while (vma_next(&it, &vma)) {
		struct choice choice = { space, &vma, &shown, false };

		interrupt_check();
		protect_or_pass(run_choice, &choice);
		if (choice.chosen)
			add_mapping(space, &shown, &room);
	}
	if (it.stopped)
		space->why = scope_strdup(vma_why(&it));
}

/* ---- a task ---- */

static const struct column task_columns[] = { TASKROW_COLUMNS(""), { 0 } };

static const struct column space_columns[] = {
	{ "mm", "", CELL_ADDRESS, .align = ALIGN_CENTRE, .width = 16, .zeros = true },
	{ "pgd", "", CELL_ADDRESS, .align = ALIGN_CENTRE, .width = 16, .zeros = true },
	{ "rss", "", CELL_SIZE, .unit = 1024, .after = "k", .align = ALIGN_CENTRE, .width = 6 },
	{ "total_vm", "", CELL_SIZE, .unit = 1024, .after = "k", .align = ALIGN_CENTRE, .width = 8,
	  .filled = true },
	{ 0 },
};

static void put_size(struct row *row, bool known, u64 kb)
{
	if (known)
		row_size(row, kb * 1024);
	else
		row_unknown(row, NULL);
}

static void put_space(struct row *row, UNUSED size_t index, void *arg)
{
	const struct space_view *space = arg;
	struct task_memory usage = { .rss_known = true, .total_vm_known = true };

	if (space->mm) {
		row_address(row, space->mm);
		row_address(row, space->pgd);
		mm_memory(space->mm, &usage);
	} else {
		row_null(row, "0");
		row_null(row, "0");
	}
	put_size(row, usage.rss_known, usage.rss_kb);
	put_size(row, usage.total_vm_known, usage.total_vm_kb);
}

static const struct column broken_columns[] = {
	{ "vmas_error", "", CELL_TEXT, .before = "(the mappings end here: ", .after = ")" },
	{ 0 },
};

static void put_broken(struct row *row, UNUSED size_t index, void *arg)
{
	row_text(row, ((const struct space_view *)arg)->why);
	command_row_failed("vm", NULL);
}

/* Is the address space itself what -R looks for? */
static bool is_wanted_space(const struct space_view *space)
{
	const struct wanted *wanted = &space->request->wanted;

	return space->mm && wanted->is_number &&
	       (wanted->number == space->mm || wanted->number == space->pgd);
}

static void put_task(struct row *row, UNUSED size_t index, void *arg)
{
	struct space_view *space = arg;
	const struct request *request = space->request;
	struct table table = ONE_ROW("vm", space_columns, put_space, space, .part = true);

	table.headings = HEADINGS_FIRST;
	table.heading_line = "       MM               PGD          RSS    TOTAL_VM";
	row_stands_for(row, space->task->address);
	if (space->mm)
		space->pgd = mm_pgd(space->mm);
	find_mappings(space);
	if (request->wanted.name && !space->count && !space->why && !is_wanted_space(space)) {
		row_skip(row);
		return;
	}
	taskrow_put(row, space->task);
	if (!request->one)
		row_children(row, &table);
	row_children(row, &(struct table){ .name = "vm",
					   .columns = nothing,
					   .count = space->count,
					   .put = put_mapping,
					   .arg = space,
					   .headings = HEADINGS_NEVER,
					   .none = request->one ? "(not found)" : NULL,
					   .of = "mapping",
					   .key = "vmas" });
	if (space->why)
		row_children(row, &ONE_ROW("vm", broken_columns, put_broken, space, .part = true));
}

/* ---- the kernel's own objects: -m, -v ---- */

static const char mm_type[] = "struct mm_struct", vma_type[] = "struct vm_area_struct";

static void print_task(const struct space_view *space)
{
	struct strbuf *header = scope_strbuf();

	taskrow_header(space->task, header);
	out("%s\n", strbuf_text(header));
}

static void print_space(void *arg)
{
	const struct space_view *space = arg;

	print_task(space);
	if (space->mm)
		datashow_object(mm_type, space->mm, space->request->radix);
}

static void put_json_space(void *arg)
{
	const struct space_view *space = arg;

	json_object(NULL);
	jsonshow_task(space->task);
	if (space->mm) {
		json_object("mm_struct");
		json_address("address", space->mm);
		jsonshow_members(mm_type, space->mm, NULL, 0, SPACE_KERNEL);
		json_end();
	} else {
		json_null("mm_struct");
	}
	json_end();
}

static void print_mappings(void *arg)
{
	struct space_view *space = arg;

	print_task(space);
	find_mappings(space);
	for (size_t i = 0; i < space->count; i++) {
		interrupt_check();
		datashow_object(vma_type, space->mappings[i].vma.address, space->request->radix);
	}
	if (space->why)
		fail("the mappings end here: %s", space->why);
}

static void put_json_mappings(void *arg)
{
	struct space_view *space = arg;

	find_mappings(space);
	json_object(NULL);
	jsonshow_task(space->task);
	json_list("vm_area_structs");
	for (size_t i = 0; i < space->count; i++) {
		interrupt_check();
		json_object(NULL);
		json_address("address", space->mappings[i].vma.address);
		jsonshow_members(vma_type, space->mappings[i].vma.address, NULL, 0, SPACE_KERNEL);
		json_end();
	}
	json_end();
	if (space->why) {
		json_text("vmas_error", space->why);
		command_row_failed("vm", NULL);
	}
	json_end();
}

/* ---- the command ---- */

struct run {
	const struct args *args;
	struct request request;
	const struct task *task;
};

static void show(void *arg)
{
	static const struct form_writer space_writer = { print_space, put_json_space };
	static const struct form_writer mapping_writer = { print_mappings, put_json_mappings };
	const struct run *run = arg;
	const struct request *request = &run->request;
	struct space_view space = { .request = request, .task = run->task };

	space.mm = request->mm ? request->mm : run->task->mm;
	if (option_given(run->args, "m"))
		form_show(&space_writer, &space);
	else if (option_given(run->args, "v"))
		form_show(&mapping_writer, &space);
	else
		table_show(&ONE_ROW("vm", task_columns, put_task, &space, .of = "task",
				    .blank_after = request->wanted.name != NULL));
}

static void show_protected(struct run *run, const struct task *task)
{
	struct failure failure;

	interrupt_check();
	run->task = task;
	if (!protect_row(show, run, &failure))
		command_problem("vm", failure.text);
}

static void show_tasks(struct run *run)
{
	const struct args *args = run->args;
	const struct task **tasks;
	bool any = false;

	if (!args->nr_words)
		show_protected(run, task_current());
	for (size_t i = 0; i < args->nr_words; i++)
		if (!tasks_numbered(args->words[i], &tasks))
			fail("invalid task or pid value: %s", args->words[i]);
	for (size_t i = 0; i < args->nr_words; i++) {
		size_t count = tasks_numbered(args->words[i], &tasks);

		for (size_t n = 0; n < count; n++) {
			if (any && !run->request.wanted.name)
				table_remark("\n");
			any = true;
			show_protected(run, tasks[n]);
		}
	}
}

static const struct column flag_columns[] = {
	{ "flags", "", .kind = CELL_ADDRESS },
	{ "names", "", CELL_TEXT, .before = ": (", .after = ")", .separator = "|" },
	{ 0 },
};

static void put_flag(void *row, const char *name)
{
	row_text(row, name);
}

static void put_flags(struct row *row, UNUSED size_t index, void *arg)
{
	row_address(row, *(const u64 *)arg);
	row_list(row);
	vma_flag_names(*(const u64 *)arg, put_flag, row);
	row_list_end(row);
}

static void show_flags(const char *word)
{
	u64 flags;

	if (!parse_u64(word, 16, &flags))
		fail("not flags in hexadecimal: %s", word);
	table_show(&ONE_ROW("vm", flag_columns, put_flags, &flags));
}

/* Options of which a line has one. */
static void check_options(const struct args *args)
{
	static const char *const alone[] = { "p", "P", "v", "m", "R", "f" };
	const char *first = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(alone); i++) {
		if (!option_given(args, alone[i]))
			continue;
		if (first)
			usage_problem(args, "-%s and -%s exclude each other", first, alone[i]);
		first = alone[i];
	}
}

static u64 mm_argument(const char *word)
{
	u64 mm, pgd;
	struct fault fault;

	if (!argument_try_address(word, &mm) || !mem_is_kernel_address(mm))
		fail("invalid mm_struct address: %s", word);
	if (!mm_try_pgd(mm, &pgd, &fault))
		fail("invalid mm_struct address: %s: %s", word, fault_text(&fault));
	if (!mem_is_kernel_address(pgd))
		fail("invalid mm_struct address: %s: it has no page table", word);
	return mm;
}

static void find_swap_areas(struct request *request)
{
	for (unsigned type = 0; type < SWAP_AREAS; type++) {
		struct strbuf *name = scope_strbuf();

		if (swap_area_name(type, name))
			request->swap_names[type] = strbuf_text(name);
	}
}

static void run_vm(struct args *args)
{
	struct run *run = scope_alloc(sizeof(*run));
	struct request *request = &run->request;
	struct wanted *wanted = &request->wanted;

	*run = (struct run){ .args = args };
	check_options(args);
	if (option_given(args, "f")) {
		show_flags(option_argument(args, "f"));
		return;
	}
	request->one = option_given(args, "P");
	request->pages = request->one || option_given(args, "p");
	request->radix = datashow_radix(args);
	if (request->one)
		request->only = argument_address(option_argument(args, "P"));
	if (option_given(args, "M"))
		request->mm = mm_argument(option_argument(args, "M"));
	if (option_given(args, "R")) {
		wanted->name = option_argument(args, "R");
		wanted->is_number = parse_u64(wanted->name, 16, &wanted->number);
	}
	if (request->pages || wanted->name)
		find_swap_areas(request);
	show_tasks(run);
}

static const struct option options[] = {
	{ "p", NULL, "where each page is: in memory, in a swap area, in the file" },
	{ "P", "vma", "the same of this mapping alone" },
	{ "R", "reference", "only what has this: a number or a part of a name" },
	{ "m", NULL, "the mm_struct" },
	{ "v", NULL, "the vm_area_struct of each mapping" },
	{ "M", "mm", "this mm_struct, for a task that has none any more" },
	{ "f", "flags", "the names of these flags of a mapping, a number in hexadecimal" },
	{ "x", NULL, "-m and -v: integers in hexadecimal" },
	{ "d", NULL, "-m and -v: integers in decimal" },
	{ NULL, NULL, NULL },
};

COMMAND(vm) = {
	.name = "vm",
	.summary = "address space of a task, its mappings and pages",
	.synopsis = "[-p | -P vma | -R reference | [-m | -v] [-x | -d] | -f flags] [-M mm] "
		    "[pid | task] ...",
	.options = options,
	.description =
		"Shows for each task (without an argument, the current one) its mm_struct, its top "
		"page table, how much of it is in memory (RSS), how much is mapped, and each "
		"mapping: its vm_area_struct, where it begins and ends, its flags, and its name as "
		"/proc/PID/maps has it: the file, or [heap], [stack], [vdso], [anon:NAME] ...\n"
		"\n"
		"-p shows of each page its physical address, or the swap area and the page in it "
		"with, behind CONTENTS, where it is now, as vtop says it, or the file and the "
		"byte in it. \"(not mapped)\" is a page that nothing was written to yet. Where no "
		"page table tells of 512 or more pages in a row, one line stands for all.\n"
		"\n"
		"-R takes a hexadecimal number: the address of an mm_struct, a page table or a "
		"vm_area_struct, the flags of a mapping, a virtual or physical address in one of "
		"its pages. Or a part of a mapping's name. Tasks without it are left out.",
	.example = "crash> vm 1\n"
		   "PID: 1        TASK: ffff88cc01250000  CPU: 0    COMMAND: \"init\"\n"
		   "       MM               PGD          RSS    TOTAL_VM\n"
		   "...\n"
		   "      VMA           START       END     FLAGS FILE\n"
		   "ffff88cc026f2000     400000     401000 8000071 /bin/busybox\n"
		   "...\n"
		   "crash> vm -f 8100073\n"
		   "8100073: (READ|WRITE|MAYREAD|MAYWRITE|MAYEXEC|ACCOUNT|SOFTDIRTY)\n",
	.arguments = "pid|task ...",
	.run = run_vm,
	.each_task = EACH_TASK_OWN_HEADER,
};
