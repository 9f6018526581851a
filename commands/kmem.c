/* commands/kmem.c - the command kmem: the kernel's memory in totals. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "containers/kpercpu.h"
#include "kernel/mm/hugetlb.h"
#include "kernel/mm/memstat.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slabname.h"
#include "memory.h"
#include "shell/command.h"
#include "show/nodeshow.h"
#include "show/pageshow.h"
#include "show/slabshow.h"
#include "show/vmallocshow.h"
#include "show/vmstatshow.h"
#include "show/whereshow.h"
#include "show/zoneshow.h"

#include <stdio.h>

static u64 used_pages(void)
{
	u64 total = memstat_total(), free_pages = memstat_free();

	return total > free_pages ? total - free_pages : 0;
}

static u64 swap_used_pages(void)
{
	u64 total = memstat_swap_total(), free_pages = memstat_swap_free();

	return total > free_pages ? total - free_pages : 0;
}

/* "212.8 MB", "3 MB", "120 KB": one decimal from MB up, left out when it is 0. */
static void format_size(u64 pages, char *text, size_t space)
{
	double bytes = (double)pages * (double)PAGE_BYTES;
	const char *unit = "MB";
	char number[32];
	size_t length;

	if (!pages) {
		snprintf(text, space, "0");
		return;
	}
	if (bytes < 1024 * 1024) {
		snprintf(text, space, "%llu KB", (pages * PAGE_BYTES / 1024));
		return;
	}
	bytes /= 1024 * 1024;
	if (bytes >= 1024) {
		bytes /= 1024;
		unit = "GB";
	}
	length = (size_t)snprintf(number, sizeof(number), "%.1f", bytes);
	if (ends_with(number, ".0"))
		number[length - 2] = '\0';
	snprintf(text, space, "%s %s", number, unit);
}

enum { WITH_SHARED = 1, WITH_MORE = 2 };

static const struct column total_columns[] = {
	{ "total_mem", "TOTAL MEM", .kind = CELL_SIZE },
	{ "free", "FREE", .kind = CELL_SIZE },
	{ "used", "USED", .kind = CELL_SIZE },
	{ "shared", "SHARED", CELL_SIZE, .when = WITH_SHARED },
	{ "buffers", "BUFFERS", .kind = CELL_SIZE },
	{ "cached", "CACHED", .kind = CELL_SIZE },
	{ "slab", "SLAB", .kind = CELL_SIZE },
	{ "available", "AVAILABLE", CELL_SIZE, .when = WITH_MORE },
	{ "page_tables", "PAGETABLES", CELL_SIZE, .when = WITH_MORE },
	{ "kernel_stacks", "KSTACK", CELL_SIZE, .when = WITH_MORE },
	{ "percpu", "PERCPU", CELL_SIZE, .when = WITH_MORE },
	{ "vmalloc", "VMALLOC", CELL_SIZE, .when = WITH_MORE },
	{ "unaccounted", "UNACCOUNTED", CELL_SIZE, .when = WITH_MORE },
	{ NULL, "", .kind = CELL_TEXT },
	{ "total_huge", "TOTAL HUGE", .kind = CELL_SIZE },
	{ "huge_free", "HUGE FREE", .kind = CELL_SIZE },
	{ NULL, "", .kind = CELL_TEXT },
	{ "total_swap", "TOTAL SWAP", .kind = CELL_SIZE },
	{ "swap_used", "SWAP USED", .kind = CELL_SIZE },
	{ "swap_free", "SWAP FREE", .kind = CELL_SIZE },
	{ NULL, "", .kind = CELL_TEXT },
	{ "commit_limit", "COMMIT LIMIT", .kind = CELL_SIZE },
	{ "committed", "COMMITTED", .kind = CELL_SIZE },
	{ 0 },
};

struct total {
	u64 (*pages)(void); /* NULL: a blank line */
	const char *of_label; /* "TOTAL MEM"; NULL: this is a total itself */
	u64 (*of)(void);
};

/* In the order of the columns. */
static const struct total totals[] = {
	{ memstat_total, NULL, NULL },
	{ memstat_free, "TOTAL MEM", memstat_total },
	{ used_pages, "TOTAL MEM", memstat_total },
	{ memstat_shared, "TOTAL MEM", memstat_total },
	{ memstat_buffers, "TOTAL MEM", memstat_total },
	{ memstat_cached, "TOTAL MEM", memstat_total },
	{ memstat_slab, "TOTAL MEM", memstat_total },
	{ memstat_available, "TOTAL MEM", memstat_total },
	{ memstat_page_tables, "TOTAL MEM", memstat_total },
	{ memstat_kernel_stacks, "TOTAL MEM", memstat_total },
	{ memstat_percpu, "TOTAL MEM", memstat_total },
	{ memstat_vmalloc, "TOTAL MEM", memstat_total },
	{ memstat_unaccounted, "TOTAL MEM", memstat_total },
	{ NULL, NULL, NULL },
	{ memstat_huge_total, NULL, NULL },
	{ memstat_huge_free, "TOTAL HUGE", memstat_huge_total },
	{ NULL, NULL, NULL },
	{ memstat_swap_total, NULL, NULL },
	{ swap_used_pages, "TOTAL SWAP", memstat_swap_total },
	{ memstat_swap_free, "TOTAL SWAP", memstat_swap_total },
	{ NULL, NULL, NULL },
	{ memstat_commit_limit, NULL, NULL },
	{ memstat_committed, "TOTAL LIMIT", memstat_commit_limit },
};

static void put_total(struct row *row, void *arg)
{
	const struct total *total = arg;
	u64 pages = total->pages(), of;
	const char *share = "       ----";
	char size[40];

	format_size(pages, size, sizeof(size));
	if (total->of_label) {
		of = total->of();
		share = scope_printf("%3llu%% of %s", of ? pages * 100 / of : 0, total->of_label);
	}
	row_size(row, pages * PAGE_BYTES);
	row_shown(row, scope_printf("%7llu  %11s  %s", pages, size, share));
}

/*
 * A counter that cannot be read costs its own line only. Counting shared frames takes time: not
 * without being asked.
 */
static void put_totals(struct row *row, UNUSED size_t index, void *wanted)
{
	for (size_t i = 0; i < ARRAY_SIZE(totals); i++) {
		if (!totals[i].pages)
			row_text(row, "");
		else if (total_columns[i].when & ~*(unsigned *)wanted)
			row_none(row);
		else
			row_protect(row, put_total, (void *)&totals[i]);
	}
}

static void show_information(unsigned wanted)
{
	struct table table = ONE_ROW("kmem", total_columns, put_totals, &wanted, .when = wanted,
				     .labels = 13, .between = "  ");

	table.headings = HEADINGS_FIRST;
	table.heading_line = "                 PAGES        TOTAL      PERCENTAGE";
	table_show(&table);
}

/* ---- slab caches ---- */

static void show_slabs(struct args *args, bool slabs, const char *cpus)
{
	struct slab_question question = { .ignored = option_argument(args, "I"),
					  .slabs = slabs,
					  .details = option_given(args, "v") };
	const struct slab_cache *cache;
	const char *word;
	struct cpu_mask *mask = NULL;
	struct strbuf *why = scope_strbuf();
	u64 address;

	if (cpus) {
		mask = scope_alloc(sizeof(*mask));
		if (!cpu_mask_parse(streq(cpus, "a") ? "all" : cpus, mask, why))
			fail("%s", strbuf_text(why));
	}
	question.cpus = mask;
	args_check_words(args, "", 0, 1);
	if (!args->nr_words) {
		slabshow_all(&question);
		return;
	}
	word = args->words[0];
	if (streq(word, "list")) {
		slabshow_names();
		return;
	}
	cache = slab_cache_named(word);
	if (!cache)
		cache = slab_cache_also_named(word);
	if (!cache && argument_try_address(word, &address))
		cache = slab_cache_at(address);
	else if (!cache)
		fail("no slab cache is called %s (kmem -s list has them all)", word);
	if (cache)
		slabshow_cache(cache, &question);
	else if (!slabshow_object(address))
		fail("%s: the address lies in no slab", word);
}

static void run_slab_totals(struct args *args)
{
	show_slabs(args, false, NULL);
}

static void run_slabs(struct args *args)
{
	show_slabs(args, true, option_argument(args, "S"));
}

static void run_information(struct args *args)
{
	const char *more = option_argument(args, "i");

	args_check_words(args, "", 0, 0);
	if (more && !streq(more, "shared"))
		fail("-i takes no word but shared, not %s", more);
	show_information((more ? WITH_SHARED : 0) | (option_given(args, "v") ? WITH_MORE : 0));
}

/* ---- counters, zones ---- */

static void run_counters(struct args *args)
{
	args_check_words(args, "", 0, 0);
	vmstatshow(option_given(args, "V") > 1);
}

static void run_zones(struct args *args)
{
	args_check_words(args, "", 0, 0);
	zoneshow_counters();
}

/* The frame that a word names: by its struct page, or by an address in it; else physical. */
static u64 argument_frame(const struct args *args, const char *word)
{
	u64 address = argument_address(word), paddr, pfn;

	if (!option_given(args, "P") && page_to_pfn(address, &pfn))
		return pfn;
	if (!option_given(args, "P") && mem_is_kernel_address(address)) {
		struct fault fault;

		if (!mem_kernel_to_phys(address, &paddr, &fault))
			fail("%s: %s", word, fault_text(&fault));
		return paddr >> PAGE_SHIFT;
	}
	if (address >> PAGE_SHIFT >= memory_dump()->max_pfn)
		fail("%s: there is no such physical address: memory ends at %llx", word,
		     memory_dump()->max_pfn << PAGE_SHIFT);
	return address >> PAGE_SHIFT;
}

static void show_free(struct args *args, bool pages)
{
	args_check_words(args, "", 0, 1);
	if (!args->nr_words)
		zoneshow_free(pages);
	else if (!zoneshow_free_block(argument_frame(args, args->words[0])))
		fail("%s: the page is in no free block", args->words[0]);
}

static void run_free(struct args *args)
{
	show_free(args, false);
}

static void run_free_pages(struct args *args)
{
	show_free(args, true);
}

static void run_nodes(struct args *args)
{
	args_check_words(args, "", 0, 0);
	nodeshow();
}

/* ---- pages ---- */

static void show_pages(struct args *args, const char *members)
{
	args_check_words(args, "", 0, 1);
	if (args->nr_words)
		pageshow_frame(argument_frame(args, args->words[0]), members);
	else
		pageshow_all(members);
}

static void run_pages(struct args *args)
{
	show_pages(args, NULL);
}

static void run_members(struct args *args)
{
	show_pages(args, option_argument(args, "m"));
}

static void run_flags(struct args *args)
{
	u64 flags;

	args_check_words(args, "", 0, 1);
	if (!args->nr_words)
		pageshow_bits();
	else if (parse_u64(args->words[0], 16, &flags))
		pageshow_flags(flags);
	else
		fail("flags are a hexadecimal number, not %s", args->words[0]);
}

/* ---- areas of vmalloc ---- */

static void run_vmalloc(struct args *args)
{
	bool details = option_given(args, "v") > 1;
	u64 address;

	args_check_words(args, "", 0, 1);
	if (!args->nr_words) {
		vmallocshow_all(details);
		return;
	}
	address = argument_address(args->words[0]);
	if (!vmallocshow_address(address, details))
		fail("%s: the address lies in no area of vmalloc", args->words[0]);
}

/* ---- huge pages, per-cpu offsets ---- */

static const struct column huge_columns[] = {
	{ "hstate", "HSTATE", CELL_ADDRESS, .align = ALIGN_CENTRE_RIGHT, .width = 16,
	  .zeros = true },
	{ "page_size", "SIZE", CELL_SIZE, .before = "  ", .width = 5 },
	{ "free", "FREE", CELL_NUMBER, .width = 6 },
	{ "total", "TOTAL", CELL_NUMBER, .width = 6 },
	{ "name", "NAME", .kind = CELL_TEXT },
	{ "reserved", NULL, .kind = CELL_NUMBER },
	{ "surplus", NULL, .kind = CELL_NUMBER },
	{ 0 },
};

static void put_hstate(struct row *row, size_t index, void *arg)
{
	const struct hstate *state = &((const struct hstate *)arg)[index];
	u64 bytes = PAGE_BYTES << state->order;

	row_stands_for(row, state->address);
	row_address(row, state->address);
	row_size(row, bytes);
	row_shown(row, bytes >> 30 ? scope_printf("%lluGB", bytes >> 30)
				   : scope_printf("%lluMB", bytes >> 20));
	row_number(row, state->free);
	row_number(row, state->total);
	row_text(row, state->name);
	row_number(row, state->reserved);
	row_number(row, state->surplus);
}

static void run_huge(struct args *args)
{
	struct hstate *states;
	size_t count = hugetlb_states(&states);

	args_check_words(args, "", 0, 0);
	table_show(&(struct table){ .name = "kmem",
				    .columns = huge_columns,
				    .count = count,
				    .put = put_hstate,
				    .arg = states,
				    .headings = HEADINGS_WITH_ROWS,
				    .none = "this kernel has no pools of huge pages" });
}

static const struct column offset_columns[] = {
	{ "cpu", "", CELL_NUMBER, .before = "  CPU ", .after = ":" },
	{ "offset", "", CELL_ADDRESS, .before = " ", .width = 16, .zeros = true },
	{ 0 },
};

static void put_offset(struct row *row, size_t index, UNUSED void *arg)
{
	if (!cpu_mask_has(cpus_possible(), (unsigned)index))
		row_skip(row);
	row_number(row, index);
	row_address(row, percpu_offset((unsigned)index));
}

static void run_offsets(struct args *args)
{
	args_check_words(args, "", 0, 0);
	table_show(&(struct table){ .name = "kmem",
				    .columns = offset_columns,
				    .count = percpu_nr_cpu_ids(),
				    .put = put_offset,
				    .heading_line = "PER-CPU OFFSET VALUES:" });
}

/* ---- what no kernel of today has ---- */

static void run_hash(UNUSED struct args *args)
{
	fail("the page cache is a tree for each file since Linux 2.6: there is no hash table");
}

static void run_page_lists(UNUSED struct args *args)
{
	fail("pages wait on lists of their node since Linux 2.6: there are no global lists");
}

static void run_root_caches(UNUSED struct args *args)
{
	fail("memory cgroups share their slab caches since Linux 5.9: there are no child caches");
}

/* ---- addresses ---- */

/* The copies of a per-cpu variable have addresses; its symbol has none. */
static void check_variable(const char *word)
{
	const struct symbol *symbol = symbol_by_name(word);

	if (symbol && percpu_is_variable(symbol))
		fail("%s is a per-cpu variable: each CPU has one (ptov %llx:a lists them)", word,
		     symbol->value);
}

static void run_addresses(struct args *args)
{
	bool physical = option_given(args, "P");

	if (!args->nr_words)
		usage_fail(args);
	for (size_t i = 0; i < args->nr_words; i++) {
		u64 address = argument_address(args->words[i]);

		check_variable(args->words[i]);
		if (i)
			table_remark("\n");
		whereshow(args->words[i], address, physical);
	}
}

/* ---- the command ---- */

/* What is shown: one of these. */
static const struct mode {
	const char *option;
	void (*run)(struct args *args);
	bool with_details; /* -v asks for more of it */
} modes[] = {
	{ "i", run_information, true },	 { "s", run_slab_totals, true },
	{ "S", run_slabs, true },	 { "V", run_counters, false },
	{ "z", run_zones, false },	 { "f", run_free, false },
	{ "F", run_free_pages, false },	 { "n", run_nodes, false },
	{ "p", run_pages, false },	 { "m", run_members, false },
	{ "g", run_flags, false },	 { "v", run_vmalloc, false },
	{ "h", run_huge, false },	 { "o", run_offsets, false },
	{ "r", run_root_caches, false }, { "c", run_hash, false },
	{ "C", run_hash, false },	 { "l", run_page_lists, false },
	{ "L", run_page_lists, false },
};

static void run_kmem(struct args *args)
{
	const struct mode *chosen = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!option_given(args, modes[i].option))
			continue;
		if (chosen && chosen->with_details && streq(modes[i].option, "v"))
			continue;
		if (chosen)
			usage_problem(args, "-%s and -%s do not go together", chosen->option,
				      modes[i].option);
		chosen = &modes[i];
	}
	if (chosen)
		chosen->run(args);
	else
		run_addresses(args);
}

static const struct option kmem_options[] = {
	{ "i", "=shared",
	  "memory in totals; with =shared also the frames that have several users" },
	{ "s", NULL, "slab caches: how many objects each has, and how many are allocated" },
	{ "S", "=cpus", "the same with all slabs and their objects; of some CPUs only" },
	{ "I", "cache[,cache]", "of -s and -S: slab caches to leave out" },
	{ "V", NULL,
	  "the counters of /proc/vmstat; -VV: with each CPU's part, which of pages is not yet "
	  "in them" },
	{ "z", NULL, "zones with their counters" },
	{ "f", NULL, "free pages of each zone, or the free block that a page is in" },
	{ "F", NULL, "the same with all free blocks" },
	{ "n", NULL, "NUMA nodes, their zones, sections and blocks of memory" },
	{ "p", NULL, "struct pages: frame, mapping, index, users, flags" },
	{ "m", "member[,member]", "the same with members of your choice" },
	{ "g", NULL, "the bits of the flags of a page, or those that are set in a word" },
	{ "v", NULL,
	  "areas of vmalloc, vmap and ioremap; -vv: with who asked, pages and kind; behind -i, -s "
	  "or -S: more of each" },
	{ "h", NULL, "pools of huge pages" },
	{ "o", NULL, "what is added to the address of a per-cpu variable for each CPU" },
	{ "P", NULL, "the address behind -f, -F, -p or -m is physical" },
	{ "r", NULL, NULL },
	{ "c", NULL, NULL },
	{ "C", NULL, NULL },
	{ "l", "list", NULL },
	{ "L", "list", NULL },
	{ 0 },
};

COMMAND(kmem) = {
	.name = "kmem",
	.summary = "kernel memory",
	.synopsis = "[-P] address ...\n"
		    "-i[=shared] [-v]\n"
		    "-s | -S[=cpus] [-v] [-I cache[,cache]] [cache | address | list]\n"
		    "-p | -m member[,member] | -f | -F [[-P] address]\n"
		    "-v[v] [address]\n"
		    "-g [flags]\n"
		    "-V[V] | -z | -n | -h | -o",
	.arguments = "symbol",
	.options = kmem_options,
	.description =
		"-i shows the totals of memory that /proc/meminfo would have shown at that moment: "
		"MemTotal, MemFree, Buffers, Cached, Slab, huge pages of all sizes, swap, and how "
		"much memory is committed of what may be. -v adds what could be had without "
		"swapping (MemAvailable), page tables, stacks, per-cpu memory and pages of vmalloc "
		"(the stacks are among those), and what no counter has: pages that drivers and "
		"others took for themselves. Counting shared frames means looking at every struct "
		"page, which takes time on a large machine.\n\n"
		"-s counts as allocated what users have: an object that a CPU keeps at hand, on "
		"its own freelist, in a sheaf, or that lies in a node's barn, is free. -S finds "
		"slabs by the page map, so full ones are among them, and shows who keeps a free "
		"object. An address is that of a cache, or of anything inside an object; "
		"\"list\" shows the names alone. A cache or a slab whose lists are damaged says "
		"what is wrong with them; what cannot be known because of that is a ?. With -v, "
		"ACTIVE is what /proc/slabinfo calls active_objs, and ALIASES are the further "
		"names of a cache that serves several users: each may be asked for.\n\n"
		"-f compares what it finds on the lists with the counter of free pages. -v "
		"marks areas that were freed and still have to be unmapped as unpurged. Of a "
		"page the address may be that of its struct page, a kernel address in it, or a "
		"physical one.\n\n"
		"With addresses it shows what lies at each: the symbol, the object of a "
		"slab with its cache, the task whose task_struct or stack it is, the area "
		"of vmalloc, the free block, the struct page. Behind these stands what "
		"the page is used for (USE) and, where there is one: the first page and "
		"the order of its block, the file and the page in it, who pays for it "
		"(MEMCG), the process whose page table it is (MM), what entries the table "
		"has and the first address that it stands for (TABLE), the object that "
		"KFENCE, the memory guard, gave instead of a slab, the module and its kind "
		"of memory, the stack with its bounds, the kind of area (AREA), a device's "
		"memory in it and who asked for it (CALLER), and the per-cpu variable, or "
		"the allocation of that kind, with its CPU. An address of a struct page "
		"stands for its page. A number that is no kernel address is physical.",
	.example = "crash> kmem -i\n"
		   "                 PAGES        TOTAL      PERCENTAGE\n"
		   "    TOTAL MEM    54471     212.8 MB         ----\n"
		   "         FREE    34134     133.3 MB   62% of TOTAL MEM\n"
		   "         USED    20337      79.4 MB   37% of TOTAL MEM\n"
		   "      BUFFERS       30       120 KB    0% of TOTAL MEM\n"
		   "       CACHED     2758      10.8 MB    5% of TOTAL MEM\n"
		   "         SLAB     5795      22.6 MB   10% of TOTAL MEM\n"
		   "\n"
		   "   TOTAL HUGE     3072        12 MB         ----\n"
		   "    HUGE FREE     2048         8 MB   66% of TOTAL HUGE\n"
		   "\n"
		   "   TOTAL SWAP     8190        32 MB         ----\n"
		   "    SWAP USED       64       256 KB    0% of TOTAL SWAP\n"
		   "    SWAP FREE     8126      31.7 MB   99% of TOTAL SWAP\n"
		   "\n"
		   " COMMIT LIMIT    33889     132.4 MB         ----\n"
		   "    COMMITTED    29298     114.4 MB   86% of TOTAL LIMIT\n"
		   "crash> kmem -s dentry\n"
		   "CACHE             OBJSIZE  ALLOCATED     TOTAL  SLABS  SSIZE  NAME\n"
		   "ffff88cc011efb00      192      12369     12474    594     4k  dentry\n"
		   "crash> kmem init_task\n"
		   "ffffffffb6810940 (D) init_task\n"
		   "\n"
		   "    PID: 0\n"
		   "COMMAND: \"swapper/0\"\n"
		   "   TASK: ffffffffb6810940  (1 of 2)  [THREAD_INFO: ffffffffb6810940]\n"
		   "    CPU: 0\n"
		   "  STATE: TASK_RUNNING (ACTIVE)\n"
		   "\n"
		   "      PAGE       PHYSICAL      MAPPING       INDEX CNT FLAGS\n"
		   "fffff25a40360400  d810000                0        0  1 fffffc0002000 reserved\n"
		   "\n"
		   "    USE: kernel image\n",
	.run = run_kmem,
};
