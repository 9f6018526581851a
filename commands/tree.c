/* commands/tree.c - the command tree: entries of red-black trees, radix trees, xarrays and maple trees. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "containers/kmaple.h"
#include "containers/krbtree.h"
#include "containers/kxarray.h"
#include "memory.h"
#include "names/kfield.h"
#include "shell/command.h"
#include "shell/outcome.h"
#include "shell/session.h"
#include "show/entryshow.h"

KFIELD(maple_flags, "maple_tree.ma_flags");

/* A red-black tree of this height would have more nodes than there are addresses. */
#define MAX_HEIGHT 128

enum tree_type { TREE_RBTREE, TREE_RADIX, TREE_XARRAY, TREE_MAPLE };

struct tree {
	const struct args *args;
	enum tree_type type;
	struct entry_show show;
	u64 root; /* the tree's root structure, or with -N a node */
	bool is_node, positions, linear;
	u64 node_offset; /* -o */
	struct u64map *seen;
	char path[2 * MAX_HEIGHT + 1]; /* "/l/r" */
	struct strbuf *position; /* of an entry, as text */
	u64 nr_shown; /* the entry that is shown is counted */
	/* that entry: what it stands under, NULL if nothing, and the way to it: "/0/63" */
	u64 entry;
	const u64 *index;
	const char *way;
	struct table_run run;
};

/* What a position counts from. A maple tree's node is named, as crash has it. */
static const char *top_of(const struct tree *tree)
{
	return tree->type == TREE_MAPLE && tree->is_node ? "direct" : "root";
}

static const char *position_of(const struct tree *tree, const char *way)
{
	return scope_printf("%s%s", top_of(tree), way);
}

/* With -p a second line says where an entry is; what it stands under is always told to programs. */
static const struct column entry_columns[] = {
	{ "address", "", .kind = CELL_ADDRESS },
	{ "index", "", CELL_NUMBER, .before = "\n  index: " },
	{ "number", "", CELL_NUMBER, .before = "\n  index: " },
	{ "position", "", CELL_TEXT, .before = "  position: " },
	{ 0 },
};

static const struct column node_entry_columns[] = {
	{ "address", "", .kind = CELL_ADDRESS },
	{ "position", "", CELL_TEXT, .before = "\n  position: " },
	{ 0 },
};

/* Of a maple tree readers see how many entries there were so far, as crash has it. */
static void put_index(struct row *row, const struct tree *tree)
{
	bool counted = tree->positions && tree->type == TREE_MAPLE;

	row_number(row, *tree->index);
	if (!tree->positions || counted)
		row_shown(row, "");
	if (counted)
		row_number(row, tree->nr_shown);
	else
		row_none(row);
}

static void put_entry(struct row *row, UNUSED size_t index, void *arg)
{
	const struct tree *tree = arg;

	row_stands_for(row, tree->entry);
	row_address(row, tree->entry);
	if (tree->index)
		put_index(row, tree);
	if (tree->positions)
		row_text(row, position_of(tree, tree->way));
	else
		row_none(row);
	entry_row_views(row, &tree->show, tree->entry);
}

static void show_entry(struct tree *tree, u64 entry, const char *way, const u64 *index)
{
	tree->nr_shown++;
	tree->entry = entry;
	tree->way = way;
	tree->index = index;
	table_put(&tree->run, 0);
}

static void broken(const char *why)
{
	interrupt_check();
	warn("the tree is %s", why);
	command_partly_failed();
}

static void show_node(struct tree *tree, u64 node)
{
	u64 entry = node - tree->node_offset;

	show_entry(tree, entry, tree->path, NULL);
}

static void walk_rbtree(struct tree *tree, u64 node, unsigned depth)
{
	struct fault fault;
	u64 left, right;

	interrupt_check();
	if (depth == MAX_HEIGHT || u64map_get(tree->seen, node, NULL)) {
		broken(scope_printf("damaged: node %llx at root%s was there before", node,
				    tree->path));
		return;
	}
	u64map_put(tree->seen, node, 1);
	if (!krbtree_children(node, &left, &right, &fault)) {
		broken(scope_printf("broken: cannot read node %llx: %s", node, fault_text(&fault)));
		return;
	}
	if (!tree->linear)
		show_node(tree, node);
	memcpy(tree->path + 2 * depth, "/l", 3);
	if (left)
		walk_rbtree(tree, left, depth + 1);
	tree->path[2 * depth] = '\0';
	if (tree->linear)
		show_node(tree, node);
	memcpy(tree->path + 2 * depth, "/r", 3);
	if (right)
		walk_rbtree(tree, right, depth + 1);
	tree->path[2 * depth] = '\0';
}

static void run_rbtree(struct tree *tree)
{
	struct fault fault;
	u64 top = tree->root;

	tree->seen = scope_u64map();
	if (!tree->is_node && !krbtree_top(tree->root, &top, &fault))
		fail("cannot read the tree's root at %llx: %s", tree->root, fault_text(&fault));
	if (top)
		walk_rbtree(tree, top, 0);
}

/* Radix trees and xarrays have been one structure since v4.20. */
static void run_xarray(struct tree *tree)
{
	unsigned slots[KXARRAY_MAX_HEIGHT], height;
	struct kxarray_iter it;
	u64 index, entry;

	if (tree->is_node)
		kxarray_begin_node(&it, tree->root);
	else
		kxarray_begin(&it, tree->root);
	while (kxarray_next(&it, &index, &entry)) {
		strbuf_reset(tree->position);
		height = tree->positions ? kxarray_path(&it, index, slots) : 0;
		for (unsigned i = 0; i < height; i++)
			strbuf_printf(tree->position, "/%u", slots[i]);
		show_entry(tree, entry, strbuf_text(tree->position), &index);
	}
	if (it.stopped)
		broken(kxarray_why(&it));
}

/* "/0/3": the slot in each node down to this one. Until the next call. */
static const char *maple_path(const struct tree *tree, const struct kmaple_slot *slot)
{
	strbuf_reset(tree->position);
	for (unsigned i = 0; tree->positions && slot->node && i <= slot->depth; i++)
		strbuf_printf(tree->position, "/%u", slot->path[i]);
	return strbuf_text(tree->position);
}

/* Low bits 10 are the tree's own marks. */
static bool is_entry(const struct kmaple_slot *slot)
{
	return slot->entry && (slot->entry & 3) != 2;
}

static bool show_maple_slot(void *arg, const struct kmaple_slot *slot)
{
	struct tree *tree = arg;

	if (!slot->is_node && is_entry(slot))
		show_entry(tree, slot->entry, maple_path(tree, slot), &slot->first);
	return true;
}

/* Indices follow the radix; entries are addresses in any. */
static void add_range(const struct tree *tree, unsigned indent, u64 first, u64 last,
		      struct strbuf *text)
{
	bool hexadecimal = tree->show.radix == 16;

	strbuf_printf(text, hexadecimal ? "%*s%llx" : "%*s%llu", (int)indent, "", first);
	if (first != last)
		strbuf_printf(text, hexadecimal ? "-%llx" : "-%llu", last);
	strbuf_puts(text, ": ");
}

/* -v */
struct maple_row {
	const struct tree *tree;
	const struct kmaple_slot *slot;
};

static void show_maple_row(const struct tree *tree, const struct column *columns,
			   void (*put)(struct row *row, size_t index, void *arg),
			   const struct kmaple_slot *slot)
{
	struct maple_row shown = { tree, slot };

	table_show(&ONE_ROW("tree", columns, put, &shown, .whole = true));
}

static const struct column node_columns[] = {
	{ NULL, "", .kind = CELL_TEXT },
	{ "node", NULL, .kind = CELL_ADDRESS },
	{ "parent", NULL, .kind = CELL_ADDRESS },
	{ "depth", NULL, .kind = CELL_NUMBER },
	{ "type", NULL, .kind = CELL_NUMBER },
	{ "first", NULL, .kind = CELL_ADDRESS },
	{ "last", NULL, .kind = CELL_ADDRESS },
	{ "slots", NULL, .kind = CELL_ADDRESS },
	{ "pivots", NULL, .kind = CELL_ADDRESS },
	{ "gaps", NULL, .kind = CELL_ADDRESS },
	{ "last_slot", NULL, .kind = CELL_NUMBER },
	{ "gap_slot", NULL, .kind = CELL_NUMBER },
	{ 0 },
};

/* "0-7: node 0x... depth 0 type 3 parent 0x... contents: ", and slots with pivots between. */
static const char *node_text(const struct tree *tree, const struct kmaple_slot *slot)
{
	struct strbuf *text = scope_strbuf();

	add_range(tree, slot->depth * 2, slot->node_first, slot->node_last, text);
	strbuf_printf(text, "node 0x%llx depth %u type %u parent 0x%llx contents: ", slot->node,
		      slot->depth, slot->type, slot->parent);
	for (unsigned i = 0; i < slot->nr_gaps; i++)
		strbuf_printf(text, tree->show.radix == 16 ? "%llx " : "%llu ", slot->gaps[i]);
	if (slot->nr_gaps)
		strbuf_printf(text, "| %02X %02X| ", slot->last_slot, slot->gap_slot);
	for (unsigned i = 0; i < slot->nr_slots; i++) {
		if (slot->slots[i])
			strbuf_printf(text, "0x%llx ", slot->slots[i]);
		else
			strbuf_puts(text, "(nil) ");
		if (i < slot->nr_pivots)
			strbuf_printf(text, tree->show.radix == 16 ? "%llx " : "%llu ",
				      slot->pivots[i]);
	}
	return strbuf_text(text);
}

/* Readers see them in the node's line. */
static void put_contents(struct row *row, const u64 *values, size_t count)
{
	row_list(row);
	for (size_t i = 0; i < count; i++)
		row_address(row, values[i]);
	row_list_end(row);
}

static void put_node(struct row *row, UNUSED size_t index, void *arg)
{
	const struct maple_row *shown = arg;
	const struct kmaple_slot *slot = shown->slot;

	row_stands_for(row, slot->node);
	row_text(row, node_text(shown->tree, slot));
	row_address(row, slot->node);
	row_address(row, slot->parent);
	row_number(row, slot->depth);
	row_number(row, slot->type);
	row_address(row, slot->node_first);
	row_address(row, slot->node_last);
	put_contents(row, slot->slots, slot->nr_slots);
	put_contents(row, slot->pivots, min_u64(slot->nr_pivots, slot->nr_slots));
	if (!slot->nr_gaps) {
		row_none(row);
		row_none(row);
		row_none(row);
		return;
	}
	put_contents(row, slot->gaps, slot->nr_gaps);
	row_number(row, slot->last_slot);
	row_number(row, slot->gap_slot);
}

static const struct column slot_columns[] = {
	{ NULL, "", .kind = CELL_TEXT },
	{ "entry", "", CELL_ADDRESS, .before = "0x" },
	{ "first", NULL, .kind = CELL_ADDRESS },
	{ "last", NULL, .kind = CELL_ADDRESS },
	{ "number", "", CELL_NUMBER, .before = "\n  index: " },
	{ "position", "", CELL_TEXT, .before = "  position: " },
	{ 0 },
};

static void put_slot(struct row *row, UNUSED size_t index, void *arg)
{
	const struct maple_row *shown = arg;
	const struct tree *tree = shown->tree;
	const struct kmaple_slot *slot = shown->slot;
	struct strbuf *range = scope_strbuf();

	add_range(tree, slot->node ? slot->depth * 2 + 2 : 0, slot->first, slot->last, range);
	row_stands_for(row, slot->entry);
	row_text(row, strbuf_text(range));
	row_address(row, slot->entry);
	row_address(row, slot->first);
	row_address(row, slot->last);
	if (!tree->positions || !is_entry(slot)) {
		row_none(row);
		row_none(row);
		return;
	}
	row_number(row, tree->nr_shown);
	row_text(row, position_of(tree, maple_path(tree, slot)));
}

static bool show_maple_node(void *arg, const struct kmaple_slot *slot)
{
	struct tree *tree = arg;

	if (slot->node && !slot->slot)
		show_maple_row(tree, node_columns, put_node, slot);
	if (slot->is_node)
		return true;
	tree->nr_shown += is_entry(slot);
	show_maple_row(tree, slot_columns, put_slot, slot);
	return true;
}

static const struct column maple_columns[] = {
	{ "maple_tree", "", CELL_ADDRESS, .before = "maple_tree(", .after = ")" },
	{ "flags", "", CELL_ADDRESS, .before = " flags " },
	{ "height", "", CELL_NUMBER, .before = ", height " },
	{ "root", "", CELL_ADDRESS, .before = " root 0x" },
	{ 0 },
};

struct maple_top {
	u64 tree, root;
};

static void put_maple_tree(struct row *row, UNUSED size_t index, void *arg)
{
	const struct maple_top *top = arg;
	u64 flags = field_u64(top->tree, &maple_flags);

	row_stands_for(row, top->tree);
	row_address(row, top->tree);
	row_address(row, flags);
	row_shown(row, scope_printf("%llX", flags));
	/* MT_FLAGS_HEIGHT_MASK: 5 bits from the second on. */
	row_number(row, flags >> 2 & 31);
	row_address(row, top->root);
}

static void run_maple(struct tree *tree)
{
	bool whole = option_given(tree->args, "v");
	struct kmaple_iter it;
	struct maple_top top;

	if (tree->is_node)
		kmaple_begin_node(&it, tree->root);
	else
		kmaple_begin(&it, tree->root);
	top = (struct maple_top){ tree->root, it.root };
	if (whole && !tree->is_node && !it.stopped)
		table_show(&ONE_ROW("tree", maple_columns, put_maple_tree, &top,
				    .blank_after = true, .whole = true));
	kmaple_visit(&it, whole ? show_maple_node : show_maple_slot, tree);
	if (it.stopped)
		broken(kmaple_why(&it));
}

static enum tree_type parse_type(const struct args *args)
{
	static const struct {
		const char *name;
		size_t shortest;
		enum tree_type type;
	} names[] = { { "rbtree", 2, TREE_RBTREE },
		      { "radix", 2, TREE_RADIX },
		      { "xarray", 1, TREE_XARRAY },
		      { "maple", 1, TREE_MAPLE } };
	const char *word = option_argument(args, "t");

	for (size_t i = 0; word && i < ARRAY_SIZE(names); i++)
		if (strlen(word) >= names[i].shortest && starts_with(names[i].name, word))
			return names[i].type;
	if (word)
		usage_problem(args, "invalid tree type: %s", word);
	return TREE_RBTREE;
}

static void check_options(const struct tree *tree)
{
	static const char *const plurals[] = { "red-black trees", "radix trees", "Xarrays",
					       "maple trees" };
	const char *wrong = NULL;

	if (tree->type != TREE_RBTREE)
		wrong = option_given(tree->args, "l")	? "l"
			: option_given(tree->args, "o") ? "o"
							: NULL;
	if (tree->type != TREE_MAPLE && option_given(tree->args, "v"))
		wrong = "v";
	if (wrong)
		fail("-%s option is not applicable to %s", wrong, plurals[tree->type]);
	if (tree->is_node && option_given(tree->args, "r"))
		fail("-N and -r exclude each other");
}

static void run_tree(struct args *args)
{
	struct tree *tree = scope_alloc(sizeof(*tree));
	struct table table = ONE_ROW("tree", entry_columns, put_entry, tree, .whole = true);

	tree->args = args;
	tree->position = scope_strbuf();
	tree->type = parse_type(args);
	tree->is_node = option_given(args, "N");
	tree->positions = option_given(args, "p");
	tree->linear = option_given(args, "l");
	if (!args->nr_words)
		usage_problem(args, "a starting address is required");
	args_check_words(args, "", 1, 1);
	check_options(tree);
	tree->root = argument_address(args->words[0]);
	if (!mem_is_kernel_address(tree->root))
		fail("invalid start argument: %s is no kernel address", args->words[0]);
	tree->node_offset = entry_offset(args, "o");
	tree->root += entry_offset(args, "r");
	entry_show_parse(args, &tree->show);
	if (tree->type == TREE_RBTREE)
		table.columns = node_entry_columns;
	table_begin(&tree->run, &table);
	if (tree->type == TREE_RBTREE)
		run_rbtree(tree);
	else if (tree->type == TREE_MAPLE)
		run_maple(tree);
	else
		run_xarray(tree);
	table_end(&tree->run);
}

static const struct option tree_options[] = {
	{ "t", "type", "rbtree (default), radix, xarray or maple; or rb, ra, x, m" },
	{ "r", "offset",
	  "start is a structure with the tree's root there: bytes, or struct.member" },
	{ "o", "offset", "rbtree: where in the entries the rb_node is" },
	{ "N", NULL, "start is a node of the tree, whose subtree is shown" },
	{ "s", "struct[.member[,member]]",
	  "show each entry as this structure, or these members of it" },
	{ "S", "struct[.member[,member]]",
	  "the same, but faster: "
	  "text and members that have the size of a number are read without gdb" },
	{ "l", NULL, "rbtree: in sorted order, not from the top down" },
	{ "p", NULL, "where each entry is: the way to it from the root, and its index" },
	{ "v", NULL, "maple: every node with its contents" },
	{ "x", NULL, "numbers in hexadecimal" },
	{ "d", NULL, "numbers in decimal" },
	{ NULL, NULL, NULL },
};

COMMAND(tree) = {
	.name = "tree",
	.summary = "red-black, radix and maple trees, xarrays",
	.synopsis = "[-t rbtree|radix|xarray|maple] [-r offset] [-o offset] "
		    "[-s|-S struct[.member[,member]]] [-x|-d] [-l] [-p] [-v] [-N] start",
	.options = tree_options,
	.description =
		"Prints the address of each entry of a tree. Start is the tree's root structure "
		"(rb_root, radix_tree_root, xarray, maple_tree), or with -r the structure that it "
		"is a member of. An IDR is a radix tree at the beginning of its structure.\n"
		"\n"
		"Entries of a red-black tree come from the top down, the left side first; "
		"position root/l/r is the right child of the root's left child. Entries of the "
		"other kinds come in order of their index; there a position is the slot number in "
		"each node. The index of a maple tree's entry is its place in the order.\n"
		"\n"
		"Where a node is damaged or missing, a message says so, and what is below it is "
		"left out.",
	.example =
		"crash> tree -t xarray -r pid_namespace.idr init_pid_ns -p -S pid.level\n"
		"ffff8ae4c1237680\n"
		"  index: 1  position: root/0/1\n"
		"  level = 0\n"
		"...\n"
		"crash> tree -l -o backing_dev_info.rb_node bdi_tree -s backing_dev_info.id,ra_pages\n"
		"ffff8ae4c266c800\n"
		"  id = 1,\n"
		"  ra_pages = 32,\n"
		"...\n"
		"crash> tree -p -o backing_dev_info.rb_node bdi_tree\n"
		"ffff8ae4c26fa000\n"
		"  position: root\n"
		"ffff8ae4cf8c8000\n"
		"  position: root/l\n"
		"...\n",
	.arguments = "start|struct.member -t =rbtree|=radix|=xarray|=maple",
	.run = run_tree,
};
