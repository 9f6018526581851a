/* commands/kmem.c - the command kmem: the kernel's memory in totals. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/command.h"
#include "base/fail.h"
#include "base/json.h"
#include "kernel/mm/memstat.h"
#include "base/out.h"
#include "shell/outcome.h"
#include "shell/session.h"

#include <ctype.h>
#include <stdio.h>

struct total {
	const char *label;
	u64 (*pages)(void);
	const char *of_label; /* "TOTAL MEM"; NULL: this is a total itself */
	u64 (*of)(void);
};

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

/* "TOTAL MEM": "total_mem". */
static const char *json_key(const char *label)
{
	char *key = scope_strdup(label);

	for (char *p = key; *p; p++)
		*p = *p == ' ' ? '_' : (char)tolower((unsigned char)*p);
	return key;
}

static void put_total(void *arg)
{
	const struct total *total = arg;
	u64 pages = total->pages(), of;
	char size[40];

	if (json_on()) {
		json_number(json_key(total->label), pages * PAGE_BYTES);
		return;
	}
	format_size(pages, size, sizeof(size));
	if (!total->of_label) {
		out("%13s  %7llu  %11s         ----\n", total->label, pages, size);
		return;
	}
	of = total->of();
	out("%13s  %7llu  %11s  %3llu%% of %s\n", total->label, pages, size,
	    (of ? pages * 100 / of : 0), total->of_label);
}

/* A counter that cannot be read costs its own line only. */
static void put_totals(const struct total *totals, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct total total = totals[i];
		struct failure failure;

		if (json_on()) {
			if (!json_protect(json_key(total.label), put_total, &total))
				command_partly_failed();
			continue;
		}
		if (protect_row(put_total, &total, &failure))
			continue;
		out("%13s  %s\n", total.label, failure.text);
		command_partly_failed();
	}
}

/* Headings and blank lines. */
static void put_line(const char *text)
{
	if (!json_on())
		out_text(text);
}

static void show_information(bool shared)
{
	static const struct total memory[] = {
		{ "TOTAL MEM", memstat_total, NULL, NULL },
		{ "FREE", memstat_free, "TOTAL MEM", memstat_total },
		{ "USED", used_pages, "TOTAL MEM", memstat_total },
	};
	static const struct total shared_memory[] = {
		{ "SHARED", memstat_shared, "TOTAL MEM", memstat_total },
	};
	static const struct total caches[] = {
		{ "BUFFERS", memstat_buffers, "TOTAL MEM", memstat_total },
		{ "CACHED", memstat_cached, "TOTAL MEM", memstat_total },
		{ "SLAB", memstat_slab, "TOTAL MEM", memstat_total },
	};
	static const struct total huge[] = {
		{ "TOTAL HUGE", memstat_huge_total, NULL, NULL },
		{ "HUGE FREE", memstat_huge_free, "TOTAL HUGE", memstat_huge_total },
	};
	static const struct total swap[] = {
		{ "TOTAL SWAP", memstat_swap_total, NULL, NULL },
		{ "SWAP USED", swap_used_pages, "TOTAL SWAP", memstat_swap_total },
		{ "SWAP FREE", memstat_swap_free, "TOTAL SWAP", memstat_swap_total },
	};
	static const struct total commit[] = {
		{ "COMMIT LIMIT", memstat_commit_limit, NULL, NULL },
		{ "COMMITTED", memstat_committed, "TOTAL LIMIT", memstat_commit_limit },
	};

	if (json_on())
		json_object(NULL);
	put_line("                 PAGES        TOTAL      PERCENTAGE\n");
	put_totals(memory, ARRAY_SIZE(memory));
	if (shared)
		put_totals(shared_memory, ARRAY_SIZE(shared_memory));
	put_totals(caches, ARRAY_SIZE(caches));
	put_line("\n");
	put_totals(huge, ARRAY_SIZE(huge));
	put_line("\n");
	put_totals(swap, ARRAY_SIZE(swap));
	put_line("\n");
	put_totals(commit, ARRAY_SIZE(commit));
	if (json_on())
		json_end();
}

static void run_kmem(struct args *args)
{
	const char *more = option_argument(args, "i");

	args_check_words(args, "", 0, 0);
	if (!option_given(args, "i"))
		usage_fail(args);
	if (more && !streq(more, "shared"))
		fail("-i takes no word but shared, not %s", more);
	show_information(more != NULL);
}

static const struct option kmem_options[] = {
	{ "i", "=shared",
	  "memory in totals; with =shared also the frames that have several users" },
	{ 0 },
};

COMMAND(kmem) = {
	.name = "kmem",
	.summary = "kernel memory",
	.synopsis = "-i[=shared]",
	.options = kmem_options,
	.description =
		"Totals of memory as /proc/meminfo of that moment would have shown them:\n"
		"MemTotal, MemFree, Buffers, Cached, Slab, huge pages of all sizes, swap, and\n"
		"how much of what may be promised to processes is promised. Counting shared\n"
		"frames looks at every struct page, which takes time on a large machine.",
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
		   "    COMMITTED    29298     114.4 MB   86% of TOTAL LIMIT\n",
	.run = run_kmem,
};
