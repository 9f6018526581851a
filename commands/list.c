/* commands/list.c - the command list: the entries of a linked list, and what is in them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "memory.h"
#include "shell/command.h"
#include "shell/nearest.h"
#include "show/entryshow.h"
#include "show/freenote.h"

/*
 * Every shape of list is walked the same way: NODE is what an entry's link points to, and
 * MEMBER_OFFSET bytes above the entry's start; its own link is at NODE + LINK_OFFSET.
 */
struct walk {
	struct entry_show show;
	u64 start; /* as given */
	u64 end; /* -e */
	bool has_end;
	bool circular; /* -h and -H: a list_head ring, which ends where it began */
	bool brent;
	u64 first_node; /* of the ring's head, or the first entry */
	bool head_is_entry; /* the first node stands in an entry of its own */
	u64 member_offset, link_offset;
	u64 view_offset; /* -l */
	/* where the walk is */
	u64 nr_shown, entry;
	struct table_run run;
	struct free_note freed;
	u64 second_node; /* what the first one points to */
	struct u64map *seen;
	u64 brent_node, brent_power, brent_lambda;
};

/* `set hash`: every entry is remembered to find loops, rather than by Brent's method. */
static bool remembers_entries = true;

/* The end of any list that is not broken. */
static bool ends_at(const struct walk *walk, u64 entry, u64 node)
{
	if (walk->has_end && (node == walk->end || node - walk->member_offset == walk->end))
		return true;
	if (walk->circular)
		return node == walk->first_node;
	return node == 0 || node == walk->start || node == entry ||
	       (walk->nr_shown > 1 && node == walk->second_node);
}

/* The node that a walk from NODE meets first again after LENGTH steps. */
static bool loop_start(const struct walk *walk, u64 length, u64 *start)
{
	u64 slow = walk->first_node, fast = slow;

	for (u64 i = 0; i < length; i++)
		if (!mem_try_u64(fast + walk->link_offset, &fast, NULL))
			return false;
	while (slow != fast) {
		interrupt_check();
		if (!mem_try_u64(slow + walk->link_offset, &slow, NULL) ||
		    !mem_try_u64(fast + walk->link_offset, &fast, NULL))
			return false;
	}
	*start = slow;
	return true;
}

/* fail()s when NODE was there before; -B needs no memory for that, but sees it later. */
static void check_loop(struct walk *walk, u64 node)
{
	u64 start;

	if (!walk->brent) {
		if (u64map_get(walk->seen, node, NULL))
			fail("duplicate list entry: %llx", (node - walk->member_offset));
		u64map_put(walk->seen, node, 1);
		return;
	}
	if (!walk->nr_shown || !walk->brent_power) {
		walk->brent_node = node;
		walk->brent_power = 1;
		walk->brent_lambda = 0;
		return;
	}
	walk->brent_lambda++;
	if (node == walk->brent_node) {
		u64 length = walk->brent_lambda;

		if (loop_start(walk, length, &start))
			fail("loop detected, loop length: %llu, loop start: %llx, "
			     "first duplicate: %llx",
			     length, (start - walk->member_offset), (node - walk->member_offset));
		fail("loop detected, loop length: %llu, first duplicate: %llx", length,
		     (node - walk->member_offset));
	}
	if (walk->brent_lambda == walk->brent_power) {
		walk->brent_node = node;
		walk->brent_power *= 2;
		walk->brent_lambda = 0;
	}
}

static const struct column columns[] = { { "address", "", .kind = CELL_ADDRESS }, { 0 } };

static void put_entry(struct row *row, UNUSED size_t index, void *arg)
{
	const struct walk *walk = arg;

	row_stands_for(row, walk->entry);
	row_address(row, walk->entry);
	entry_row_views(row, &walk->show, walk->entry - walk->view_offset);
}

static void show_entry(struct walk *walk, u64 entry)
{
	walk->nr_shown++;
	walk->entry = entry;
	table_put(&walk->run, 0);
	free_note_look(&walk->freed, entry);
}

static u64 next_of(const struct walk *walk, u64 node)
{
	struct fault fault;
	u64 next;

	if (mem_try_u64(node + walk->link_offset, &next, &fault))
		return next;
	interrupt_check();
	fail("the list is broken after %llu %s: cannot read the link at %llx: %s", walk->nr_shown,
	     walk->nr_shown == 1 ? "entry" : "entries", (node + walk->link_offset),
	     fault_text(&fault));
}

static void do_walk(struct walk *walk)
{
	u64 node = walk->first_node;

	walk->seen = scope_u64map();
	if (!walk->head_is_entry) {
		node = next_of(walk, node);
		if (node == walk->first_node)
			table_remark("(empty)\n");
		if (ends_at(walk, walk->first_node, node))
			return;
	}
	for (;;) {
		u64 entry = node - walk->member_offset, next;

		interrupt_check();
		check_loop(walk, node);
		if (!node)
			fail("the list is broken after %llu %s: a NULL link", walk->nr_shown,
			     walk->nr_shown == 1 ? "entry" : "entries");
		next = next_of(walk, node);
		show_entry(walk, entry);
		if (ends_at(walk, entry, next))
			return;
		if (walk->nr_shown == 1)
			walk->second_node = next;
		node = next;
	}
}

/* Positional words: a start, and before or behind it an offset when -o did not give one. */
static void parse_words(const struct args *args, u64 *offset, u64 *start)
{
	bool have_offset = option_given(args, "o"), have_start = false;
	u64 second;

	*offset = entry_offset(args, "o");
	for (size_t i = 0; i < args->nr_words; i++) {
		const char *word = args->words[i];
		bool last_chance = i + 1 == args->nr_words && !have_start;

		if (!have_offset && !last_chance && entry_try_offset(word, offset) &&
		    (strchr(word, '.') || !mem_is_kernel_address(*offset))) {
			have_offset = true;
			continue;
		}
		if (have_start && have_offset)
			usage_problem(args, "unexpected argument: %s", word);
		if (!have_start && argument_try_address(word, start)) {
			have_start = true;
			continue;
		}
		if (have_offset && entry_try_offset(word, &second))
			usage_problem(args, "%s is a second offset, and no start", word);
		/* "list struct.member -H head": the order is free. */
		if (have_offset || !entry_try_offset(word, offset)) {
			const char *meant = nearest_symbol(word);

			fail("invalid argument: %s%s", word,
			     *meant ? meant : nearest_reference(word));
		}
		have_offset = true;
	}
	if (!have_start)
		usage_problem(args, "starting address required");
}

static void run_list(struct args *args)
{
	bool head_given = option_given(args, "H"), in_entry = option_given(args, "h");
	const char *end = option_argument(args, "e");
	struct walk *walk = scope_alloc(sizeof(*walk));
	const struct table table = ONE_ROW("list", columns, put_entry, walk, .whole = true);
	u64 offset = 0;

	if (head_given && in_entry)
		fail("-h and -H exclude each other");
	if (option_given(args, "O") && !in_entry)
		fail("-O is for -h only");
	if (option_given(args, "l") && !option_given(args, "s") && !option_given(args, "S"))
		fail("-l is for -s and -S only");
	parse_words(args, &offset, &walk->start);
	if (!mem_is_kernel_address(walk->start))
		fail("invalid kernel virtual address: %llx", walk->start);
	entry_show_parse(args, &walk->show);
	walk->view_offset = entry_offset(args, "l");
	walk->brent = option_given(args, "B") || !remembers_entries;
	walk->has_end = end != NULL;
	if (end)
		walk->end = argument_address(end);
	walk->circular = head_given || in_entry;
	walk->head_is_entry = !head_given && !option_given(args, "O");
	walk->first_node = walk->start;
	if (walk->circular) {
		walk->member_offset = offset;
		if (in_entry)
			walk->first_node += option_given(args, "O") ? entry_offset(args, "O")
								    : offset;
	} else {
		walk->link_offset = offset;
	}
	/* list_head.prev is the word behind .next. */
	if (option_given(args, "r"))
		walk->link_offset += sizeof(u64);
	table_begin(&walk->run, &table);
	do_walk(walk);
	table_end(&walk->run);
	free_note_end(&walk->freed);
}

static const struct option list_options[] = {
	{ "H", NULL, "start is a list_head that stands alone and is not an entry" },
	{ "h", NULL, "start is an entry with a list_head in it" },
	{ "o", "offset", "bytes from an entry's start to its link, or struct.member" },
	{ "O", "head_offset",
	  "with -h: start is another structure, which has the list's head there" },
	{ "e", "end", "stop before the entry at this address" },
	{ "r", NULL, "backwards: follow prev instead of next" },
	{ "B", NULL,
	  "find loops with Brent's method, which needs no memory, as with \"set hash off\"" },
	{ "s", "struct[.member[,member]]",
	  "show each entry as this structure, or these members of it" },
	{ "S", "struct[.member[,member]]",
	  "the same, but faster: "
	  "text and members that have the size of a number are read without gdb" },
	{ "l", "offset", "with -s: the addresses are of a member, this far into the structure" },
	{ "x", NULL, "numbers in hexadecimal" },
	{ "d", NULL, "numbers in decimal" },
	{ NULL, NULL, NULL },
};

COMMAND(list) = {
	.name = "list",
	.summary = "linked lists",
	.synopsis = "[[-o] offset] [-e end] [-s|-S struct[.member[,member]] [-l offset]] [-x|-d] "
		    "[-r|-B] [-h [-O head_offset] | -H] start",
	.options = list_options,
	.description =
		"Prints the address of each entry. Without -h and -H, start is the first entry "
		"itself; its link, offset bytes further, holds the address of the next, and the "
		"list ends at NULL, at an entry that points to itself, or where it comes back to "
		"its beginning.\n"
		"\n"
		"The kernel's own lists are rings of struct list_head, which point to each other "
		"and not to the structures that they are in. With -H, start is the ring's head. "
		"With -h, it is one of the structures, and is shown as well; a head that stands "
		"alone among them then looks like an entry. The offset says where in the "
		"structures the list_head is; it may come before or after start, and without -o.\n"
		"\n"
		"A list that leads to memory which the dump lacks, or back into itself, ends with "
		"a message after the entries found so far. Of entries that lie in free slab "
		"objects a warning tells. Start may be an address, a symbol or "
		"an (expression).",
	.example =
		"crash> list task_struct.tasks -h init_task\n"
		"ffffffff9a210940\n"
		"ffff8ae4c1250000\n"
		"ffff8ae4c1252100\n"
		"...\n"
		"crash> list -H super_blocks super_block.s_list -S super_block.s_id,s_magic\n"
		"ffff8ae4c105a000\n"
		"  s_id = \"tmpfs\"\n"
		"  s_magic = 16914836\n"
		"...\n"
		"crash> list -h init_task task_struct.sibling -O task_struct.children -s task_struct.pid\n"
		"ffff8ae4c1250000\n"
		"  pid = 1,\n"
		"ffff8ae4c1252100\n"
		"  pid = 2,\n",
	.arguments = "symbol|struct.member ...",
	.run = run_list,
	.on_off = &remembers_entries,
};
