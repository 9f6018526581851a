/* commands/pte.c - the command pte: what the entry of a page table says. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "kernel/mm/swap.h"
#include "kernel/mm/swapread.h"
#include "memory.h"
#include "shell/command.h"

/* A word of the command line. */
struct entry {
	u64 value;
	bool in_swap, area_known;
	struct swap_area area;
	struct swap_place place; /* where there is no such area */
	unsigned type;
	u64 slot;
};

static const struct column mapped_columns[] = {
	{ "pte", "PTE", CELL_ADDRESS, .fit = true },
	{ "physical", "PHYSICAL", CELL_ADDRESS, .align = ALIGN_CENTRE_RIGHT, .fit = true },
	{ "flags", "FLAGS", .kind = CELL_TEXT },
	{ 0 },
};

static void put_mapped(struct row *row, UNUSED size_t index, void *arg)
{
	const struct entry *entry = arg;
	char bits[200];

	row_address(row, entry->value);
	row_address(row, memory_arch()->pte_frame(entry->value));
	if (!entry->value) {
		row_null(row, "(no mapping)");
		return;
	}
	memory_arch()->describe_pte(entry->value, bits, sizeof(bits));
	row_text(row, scope_strdup(bits));
	row_shown(row, scope_printf("(%s)", bits));
}

static const struct column swap_columns[] = {
	{ "pte", "PTE", CELL_ADDRESS, .fit = true },
	{ "swap", "SWAP", CELL_BYTES, .align = ALIGN_CENTRE_RIGHT, .fit = true },
	{ "swap_offset", "OFFSET", CELL_NUMBER, .align = ALIGN_CENTRE_RIGHT, .fit = true,
	  .filled = true },
	{ "problem", "", .kind = CELL_TEXT },
	{ 0 },
};

/*
 * Numbers of areas that there are not stand for other things: a page that moves, one with broken
 * memory, one of a device, or a mark of the kernel's.
 */
static const char *swap_problem(const struct entry *entry)
{
	if (!entry->area_known)
		return swap_place_text(&entry->place);
	if (entry->slot > entry->area.pages)
		return scope_printf("beyond the end of the area, which has %llu pages",
				    entry->area.pages);
	return NULL;
}

static void put_swap(struct row *row, UNUSED size_t index, void *arg)
{
	const struct entry *entry = arg;
	const char *problem = swap_problem(entry);

	row_address(row, entry->value);
	if (entry->area_known && entry->area.name)
		row_bytes(row, entry->area.name, strlen(entry->area.name));
	else
		row_unknown(row, NULL);
	row_number(row, entry->slot);
	if (problem) {
		row_text(row, problem);
		row_shown(row, scope_printf("(%s)", problem));
	} else {
		row_none(row);
	}
}

static void show_entry(const char *word)
{
	struct entry entry = { 0 };

	if (!parse_u64(word, 16, &entry.value))
		fail("%s is no hexadecimal number of at most 16 digits", word);
	entry.in_swap = memory_arch()->swap_entry(entry.value, &entry.type, &entry.slot);
	entry.area_known = entry.in_swap && swap_area_of(entry.type, &entry.area);
	if (entry.in_swap && !entry.area_known)
		swap_read_page(entry.type, entry.slot, NULL, &entry.place);
	table_show(&(struct table){ .name = "pte",
				    .columns = entry.in_swap ? swap_columns : mapped_columns,
				    .count = 1,
				    .put = entry.in_swap ? put_swap : put_mapped,
				    .arg = &entry });
}

static void run_pte(struct args *args)
{
	args_check_words(args, "an entry", 1, SIZE_MAX);
	for (size_t i = 0; i < args->nr_words; i++)
		show_entry(args->words[i]);
}

COMMAND(pte) = {
	.name = "pte",
	.summary = "what a page-table entry says",
	.synopsis = "contents ...",
	.description =
		"Shows the page that an entry of a page table maps, and the entry's bits. For a "
		"page that was swapped out, the swap area and the slot in it, counted in pages. "
		"Entries that look so and say something else are named: of a page that is being "
		"moved, which still has its frame, of broken memory, of a device's memory, and "
		"the kernel's markers. vtop shows the entries of an address.",
	.example = "crash> pte 123e067\n"
		   "  PTE    PHYSICAL  FLAGS\n"
		   "123e067   123e000  (PRESENT|RW|USER|ACCESSED|DIRTY)\n"
		   "crash> pte 0\n"
		   "PTE  PHYSICAL  FLAGS\n"
		   "  0      0     (no mapping)\n",
	.run = run_pte,
};
