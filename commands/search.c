/* commands/search.c - the command search: where in memory a number or text stands. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "base/progress.h"
#include "kernel/mm/memscan.h"
#include "kernel/mm/vma.h"
#include "kernel/unwind/stack.h"
#include "memory.h"
#include "shell/command.h"
#include "shell/nearest.h"
#include "show/jsonshow.h"
#include "symbols.h"
#include "task.h"

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

/* The NUMBERS around what was found, as rd shows them; nothing where they cannot be read. */
static void show_context(const struct search *search, u64 address)
{
	static const char *const spaces[] = { "", "-u ", "-p " };
	size_t bytes = search->context * search->scan.needles.width;
	u8 *probe = scope_alloc(bytes);

	if (!mem_try_read_in(search->space, address, probe, bytes, NULL))
		return;
	command_run(command_find("rd"),
		    scope_printf("%s-%zu %llx %llu", spaces[search->space.kind],
				 search->scan.needles.width * 8, address, search->context));
}

static void show_text(const struct search *search, const struct scan_match *match)
{
	char text[TEXT_SHOWN + 1];
	size_t i;

	for (i = 0; i < TEXT_SHOWN &&
		    mem_try_read_in(search->space, match->address + i, &text[i], 1, NULL);
	     i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '.';
	text[i] = '\0';
	out("%llx: %s\n", match->address, text);
}

static void show_value(const struct search *search, const struct scan_match *match)
{
	size_t bytes = search->context * search->scan.needles.width;
	const char *word = search->words[match->needle];

	if (search->context)
		show_context(search, match->address - bytes);
	out(search->context ? "%16llx:  %llx " : "%llx: %llx ", match->address, match->value);
	if (search->named[match->needle] && !search->scan.needles.mask)
		out(word[0] == '(' ? "%s" : "(%s)", word);
	out("\n");
	if (search->context) {
		show_context(search, match->address + search->scan.needles.width);
		out("\n");
	}
}

/* The numbers around a match; none where they cannot all be read. */
static void put_json_context(const struct search *search, const char *key, u64 address)
{
	size_t width = search->scan.needles.width, bytes = search->context * width;
	u8 *numbers = scope_alloc(bytes);

	json_list(key);
	if (mem_try_read_in(search->space, address, numbers, bytes, NULL)) {
		for (size_t i = 0; i < bytes; i += width)
			json_address(NULL, load_uint(numbers + i, width));
	}
	json_end();
}

static void put_json_match(const struct search *search, const struct scan_match *match)
{
	const char *word = search->words[match->needle];
	char text[TEXT_SHOWN];
	size_t length = 0;

	json_object(NULL);
	if (search->task)
		jsonshow_task(search->task);
	json_address("address", match->address);
	if (search->scan.needles.texts) {
		while (length < sizeof(text) &&
		       mem_try_read_in(search->space, match->address + length, &text[length], 1,
				       NULL) &&
		       text[length] >= ' ' && text[length] <= '~')
			length++;
		json_bytes("text", text, length);
	} else {
		json_address("value", match->value);
	}
	json_text("wanted", word);
	if (search->context) {
		put_json_context(search, "before",
				 match->address - search->context * search->scan.needles.width);
		put_json_context(search, "after", match->address + search->scan.needles.width);
	}
	json_end();
}

struct one_match {
	struct search *search;
	const struct scan_match *match;
};

static void show_match(void *arg)
{
	struct one_match *one = arg;

	if (json_on())
		put_json_match(one->search, one->match);
	else if (one->search->scan.needles.texts)
		show_text(one->search, one->match);
	else
		show_value(one->search, one->match);
}

static void found(void *arg, const struct scan_match *match)
{
	struct search *search = arg;
	struct one_match one = { search, match };
	struct strbuf *header;

	interrupt_check();
	if (search->task && !search->task_shown && !json_on()) {
		header = scope_strbuf();
		task_header(search->task, header);
		out(search->nr_tasks_shown++ ? "\n%s\n" : "%s\n", strbuf_text(header));
		search->task_shown = true;
	}
	/* In a scope of its own: there may be millions. */
	protect_or_pass(show_match, &one);
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
	scan->found = found;
	scan->progress = show_progress;
	scan->arg = search;
	scan_begin(scan);
	walk(search);
	scan_end(scan);
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
	{ "x", "count", "show so many values before and after each one found" },
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
		"Pages that are not in the dump are skipped. Memory that is mapped twice is found "
		"twice: the kernel's image and vmalloc areas are also in the direct map. With -t "
		"the hits are listed by task.\n"
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
