/* commands/search.c - the command search: where in memory a number or text stands. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/progress.h"
#include "kernel/mm/memscan.h"
#include "kernel/taskcontext.h"
#include "kernel/unwind/stack.h"
#include "memory.h"
#include "shell/command.h"
#include "shell/nearest.h"
#include "show/taskrow.h"
#include "symbols.h"

#define TEXT_SHOWN 56

struct search {
	struct args *args;
	struct space space;
	bool stacks; /* of the kernel's space the tasks' stacks only */
	struct scan scan;
	char **words; /* as the user wrote the needles */
	bool *named; /* a symbol or an expression: shown beside what was found */
	u64 context; /* -x */
	const struct task *task; /* whose stack is searched */
	bool task_shown;
	size_t nr_tasks_shown;
	const struct scan_match *match; /* the one being told */
	struct table_run run;
};

static void walk(struct search *search);

/* How much there is costs a walk of its own: only a long search tells it. */
static void show_progress(void *arg)
{
	struct search *search = arg;
	struct scan *scan = &search->scan;

	if (!scan->bytes_all && progress_is_wanted()) {
		scan->counting = true;
		walk(search);
		scan->counting = false;
	}
	progress_at(scan->bytes_done, scan->bytes_all);
}

enum { TEXTS = 1, VALUES = 2, AROUND = 4, ALONE = 8 };

static const struct column columns[] = {
	TASKROW_KEYS,
	{ "address", "", CELL_ADDRESS, .after = ": ", .when = TEXTS | ALONE },
	{ "address", "", CELL_ADDRESS, .width = 16, .after = ":  ", .when = AROUND },
	{ "text", NULL, CELL_BYTES, .when = TEXTS },
	{ "bytes", "", CELL_TEXT, .before = "", .when = TEXTS },
	{ "value", "", CELL_ADDRESS, .before = "", .after = " ", .when = VALUES },
	{ "wanted", NULL, .kind = CELL_TEXT },
	{ NULL, "", CELL_TEXT, .before = "", .when = VALUES },
	{ "before", NULL, CELL_ADDRESS, .when = AROUND },
	{ "after", NULL, CELL_ADDRESS, .when = AROUND },
	{ 0 },
};

static size_t context_bytes(const struct search *search)
{
	return search->context * search->scan.needles.width;
}

static u64 context_start(const struct search *search, bool before)
{
	return before ? search->match->address - context_bytes(search)
		      : search->match->address + search->scan.needles.width;
}

/* The numbers around a match. False where they cannot all be read. */
static bool read_context(const struct search *search, bool before, u8 **numbers)
{
	size_t bytes = context_bytes(search);

	*numbers = scope_alloc(bytes);
	return mem_try_read_in(search->space, context_start(search, before), *numbers, bytes, NULL);
}

static void put_context(struct row *row, const struct search *search, bool before)
{
	size_t width = search->scan.needles.width;
	u8 *numbers;

	row_list(row);
	if (search->context && row_wants(row) && read_context(search, before, &numbers)) {
		for (size_t i = 0; i < context_bytes(search); i += width)
			row_address(row, load_uint(numbers + i, width));
	}
	row_list_end(row);
}

/* Readers see them as rd shows them. */
static void show_context(const struct search *search, bool before)
{
	static const char *const spaces[] = { "", "-u ", "-p " };
	u8 *numbers;

	if (!read_context(search, before, &numbers))
		return;
	command_run(command_find("rd"),
		    scope_printf("%s-%zu %llx %llu", spaces[search->space.kind],
				 search->scan.needles.width * 8, context_start(search, before),
				 search->context));
}

static void show_before(void *search)
{
	show_context(search, true);
}

static void show_after(void *search)
{
	show_context(search, false);
}

static const struct form_writer lines_before = { .text = show_before },
				lines_after = { .text = show_after };

/*
 * The text where the match is: for programs up to what cannot be printed, and all bytes; for
 * readers with dots.
 */
static void put_text(struct row *row, const struct search *search)
{
	char *text = scope_alloc(TEXT_SHOWN + 1), *dotted = scope_alloc(TEXT_SHOWN + 1);
	struct strbuf *bytes = scope_strbuf();
	size_t length = 0, printable = TEXT_SHOWN;

	while (length < TEXT_SHOWN &&
	       mem_try_read_in(search->space, search->match->address + length, &text[length], 1,
			       NULL))
		length++;
	for (size_t i = 0; i < length; i++) {
		bool plain = text[i] >= ' ' && text[i] <= '~';

		dotted[i] = plain ? text[i] : '.';
		strbuf_printf(bytes, i ? " %02x" : "%02x", (u8)text[i]);
		if (!plain && printable > i)
			printable = i;
	}
	dotted[length] = '\0';
	row_bytes(row, text, min_u64(printable, length));
	row_text(row, strbuf_text(bytes));
	row_shown(row, dotted);
}

static void put_match(struct row *row, UNUSED size_t index, void *arg)
{
	struct search *search = arg;
	const struct scan_match *match = search->match;
	const char *word = search->words[match->needle];
	bool named = search->named[match->needle] && !search->scan.needles.mask;

	if (search->context)
		row_form(row, &lines_before, search);
	taskrow_put_keys(row, search->task);
	row_address(row, match->address);
	row_address(row, match->address);
	if (search->scan.needles.texts) {
		put_text(row, search);
	} else {
		row_none(row);
		row_none(row);
	}
	row_address(row, match->value);
	row_text(row, word);
	row_text(row, !named ? "" : word[0] == '(' ? word : scope_printf("(%s)", word));
	put_context(row, search, true);
	put_context(row, search, false);
	if (search->context)
		row_form(row, &lines_after, search);
}

/* The line of the task whose stack it is stands above the first of its matches. */
static void show_task(struct search *search)
{
	struct strbuf *header;

	if (!search->task || search->task_shown)
		return;
	header = scope_strbuf();
	taskrow_header(search->task, header);
	table_remark(search->nr_tasks_shown++ ? "\n%s\n" : "%s\n", strbuf_text(header));
	search->task_shown = true;
}

static void found(void *arg, const struct scan_match *match)
{
	struct search *search = arg;

	show_task(search);
	search->match = match;
	table_put(&search->run, 0);
}

static void begin_table(struct search *search)
{
	struct table *table = scope_alloc(sizeof(*table));

	*table = ONE_ROW("search", columns, put_match, search, .blank_after = search->context,
			 .when = (search->scan.needles.texts ? TEXTS : VALUES) |
				 (search->context	       ? AROUND
				  : search->scan.needles.texts ? 0
							       : ALONE));
	table_begin(&search->run, table);
}

static void search_stacks(struct search *search, bool active_only)
{
	for (size_t i = 0; i < task_count(); i++) {
		const struct task *task = task_at(i);

		interrupt_check();
		if (!task->stack || (active_only && !task_is_active(task)))
			continue;
		if (!search->scan.counting) {
			search->task = task;
			search->task_shown = false;
		}
		scan_kernel_range(&search->scan, task->stack, stack_size());
		if (!search->scan.counting)
			scan_end(&search->scan);
	}
}

/* A symbol in parentheses, an expression as it is. */
static const char *name_of(const char *word)
{
	return scope_printf(word[0] == '(' ? " %s" : " (%s)", word);
}

static void parse_values(struct search *search, u64 *values)
{
	struct scan_needles *needles = &search->scan.needles;
	const struct args *args = search->args;
	const char *option = needles->width == 2 ? "h" : "w";

	for (size_t i = 0; i < args->nr_words; i++) {
		const char *word = args->words[i];

		if (!argument_try_address(word, &values[i]))
			fail("invalid input: \"%s\"%s (text is looked for with -c)", word,
			     nearest_symbol(word));
		search->named[i] = word[0] == '(' || symbol_by_name(word);
		if (needles->width < 8 && values[i] >> (needles->width * 8))
			fail("value too large for -%s option: %llx%s", option, values[i],
			     search->named[i] ? name_of(word) : "");
	}
	needles->values = values;
}

static void parse_needles(struct search *search)
{
	struct scan_needles *needles = &search->scan.needles;
	const struct args *args = search->args;
	const char *mask = option_argument(args, "m"), *context = option_argument(args, "x");

	args_check_words(args, "what to look for", 1, SIZE_MAX);
	search->words = args->words;
	search->named = scope_array(args->nr_words, sizeof(*search->named));
	needles->count = args->nr_words;
	needles->width = option_given(args, "h") ? 2 : option_given(args, "w") ? 4 : 8;
	if (option_given(args, "c") && needles->width < 8)
		fail("-c looks for text, -w and -h for numbers");
	if (mask && option_given(args, "c"))
		warn("mask ignored on string search");
	else if (mask)
		needles->mask = argument_address(mask);
	if (context && option_given(args, "c"))
		fail("-x option is not allowed with -c");
	if (context)
		search->context = argument_number(context);
	if (context && (!search->context || search->context > 1 << 16))
		fail("invalid count argument: %s (1 to %d)", context, 1 << 16);
	if (option_given(args, "c"))
		needles->texts = (const char *const *)args->words;
	else
		parse_values(search, scope_array(args->nr_words, sizeof(u64)));
}

static bool right_space(const struct search *search, u64 address)
{
	if (search->space.kind == SPACE_PHYSICAL)
		return true;
	if (search->space.kind == SPACE_USER)
		return address < memory_layout()->task_size;
	return mem_is_kernel_address(address);
}

static u64 bound(const struct search *search, const char *text)
{
	static const char *const names[] = { "kernel virtual", "user virtual", "physical" };
	u64 address = argument_address(text);

	if (!right_space(search, address))
		usage_problem(search->args, "invalid %s address: %llx", names[search->space.kind],
			      address);
	return address;
}

static void parse_range(struct search *search)
{
	const struct args *args = search->args;
	const char *start = option_argument(args, "s"), *end = option_argument(args, "e"),
		   *length = option_argument(args, "l");
	u64 last;

	search->scan.last = ~0ULL;
	if (search->stacks && (start || end || length))
		fail("-t and -T cannot be used with -s, -e or -l");
	if (end && length)
		fail("-e and -l exclude each other");
	if (start)
		search->scan.first = bound(search, start);
	if (end) {
		last = bound(search, end);
		if (last <= search->scan.first)
			fail("the end of the search, %llx, is not above its start", last);
		search->scan.last = last - 1;
	}
	if (length) {
		last = argument_number(length);
		if (!start)
			fail("-l needs a start: -s");
		if (!last || last - 1 > ~0ULL - search->scan.first)
			fail("invalid length: %s", length);
		search->scan.last = search->scan.first + last - 1;
	}
}

static void parse_space(struct search *search)
{
	static const char *const options[] = { "k", "K", "V", "u", "p", "t", "T" };
	const char *chosen = "k";
	unsigned nr_given = 0;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (!option_given(search->args, options[i]))
			continue;
		chosen = options[i];
		nr_given++;
	}
	if (nr_given > 1)
		fail("only one of -k, -K, -V, -u, -p, -t and -T can be searched at a time");
	search->space.kind = *chosen == 'u'   ? SPACE_USER
			     : *chosen == 'p' ? SPACE_PHYSICAL
					      : SPACE_KERNEL;
	search->stacks = *chosen == 't' || *chosen == 'T';
}

static void search_user(struct search *search)
{
	search->space = current_space(SPACE_USER);
	scan_user(&search->scan, task_current()->mm);
}

/* All memory that is to be searched. */
static void walk(struct search *search)
{
	struct scan *scan = &search->scan;
	unsigned parts = SCAN_DIRECT_MAP | SCAN_VMALLOC | SCAN_VMEMMAP | SCAN_IMAGE | SCAN_MODULES;

	if (option_given(search->args, "K"))
		parts = SCAN_DIRECT_MAP | SCAN_IMAGE;
	if (option_given(search->args, "V"))
		parts = SCAN_VMALLOC | SCAN_VMEMMAP | SCAN_MODULES;
	if (search->stacks)
		search_stacks(search, option_given(search->args, "T"));
	else if (search->space.kind == SPACE_PHYSICAL)
		scan_physical(scan);
	else if (search->space.kind == SPACE_USER)
		search_user(search);
	else
		scan_kernel(scan, parts);
}

static void run_search(struct args *args)
{
	struct search *search = scope_alloc(sizeof(*search));
	struct scan *scan = &search->scan;

	search->args = args;
	parse_space(search);
	parse_needles(search);
	parse_range(search);
	progress_scope("searched", PROGRESS_BYTES);
	begin_table(search);
	scan->found = found;
	scan->progress = show_progress;
	scan->arg = search;
	scan_begin(scan);
	walk(search);
	scan_end(scan);
	if (scan->nr_unread)
		warn("%llu page%s that %s swapped out cannot be searched: %s", scan->nr_unread,
		     scan->nr_unread == 1 ? "" : "s", scan->nr_unread == 1 ? "was" : "were",
		     scan->why_unread);
}

static const struct option search_options[] = {
	{ "k", NULL, "kernel memory (default)" },
	{ "K", NULL, "only the direct map and the kernel image" },
	{ "V", NULL, "only vmalloc areas, the memory map and modules" },
	{ "u", NULL, "the current task's user space" },
	{ "p", NULL, "physical memory" },
	{ "t", NULL, "every task's kernel stack" },
	{ "T", NULL, "the kernel stacks of the tasks on a CPU" },
	{ "s", "start", "begin at this address or symbol" },
	{ "e", "end", "stop before this address or symbol" },
	{ "l", "length", "stop after this many bytes" },
	{ "m", "mask", "bits that do not matter, in hexadecimal" },
	{ "c", NULL, "look for text" },
	{ "w", NULL, "values are 32 bits wide" },
	{ "h", NULL, "values are 16 bits wide" },
	{ "x", "count", "show this many values before and after each one found" },
	{ NULL, NULL, NULL },
};

COMMAND(search) = {
	.name = "search",
	.summary = "find values or text in memory",
	.synopsis = "[-k | -K | -V | -u | -p | -t | -T] [-s start] [-e end | -l length] [-m mask] "
		    "[-x count] [-c | -w | -h] value|(expression)|symbol|string ...",
	.options = search_options,
	.description =
		"Shows each place in memory that holds one of the values, aligned to its size: 64 "
		"bits unless -w or -h says otherwise. Values are hexadecimal; a symbol stands for "
		"its address, and its name appears beside each hit. With -c the words are text, "
		"which may begin at any byte; text with blanks needs double quotes.\n"
		"\n"
		"Pages that are not in the dump are skipped. -u looks at pages that were swapped "
		"out as well, in the swap cache, zswap and zram; how many of them cannot be read "
		"is said at the end. Memory that is mapped twice is found twice: the kernel's "
		"image and vmalloc areas are also in the direct map. With -t the hits are listed "
		"by task.\n"
		"\n"
		"On a terminal, when the search takes more than a second, a line shows how much "
		"is done and how long the rest will take, until a pager has something to show. "
		"Ctrl-C ends the search.",
	.example = "crash> search -s init_uts_ns -l 100 -c Linux\n"
		   "ffffffff9a4219c0: Linux...................................................\n"
		   "crash> search -s sys_call_table -l 100 __x64_sys_open\n"
		   "ffffffff996003b0: ffffffff98a31890 (__x64_sys_open)\n"
		   "crash> search -t init_task\n"
		   "PID: 0        TASK: ffffffff9a210940  CPU: 0    COMMAND: \"swapper/0\"\n"
		   "ffffffff9a203df8: ffffffff9a210940 (init_task)\n"
		   "...\n"
		   "crash> search -s linux_banner -l 100 -w -m ff00 756e004c\n"
		   "ffffffff99751580: 756e694c \n",
	.arguments = "value ...",
	.run = run_search,
};
