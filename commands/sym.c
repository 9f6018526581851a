/* commands/sym.c - the command sym: symbols to addresses and addresses to symbols. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/util.h"
#include "bridge/gdb_bridge.h"
#include "kernel/module.h"
#include "shell/command.h"
#include "shell/nearest.h"
#include "shell/session.h"
#include "show/symbolshow.h"

#include <stdlib.h>

/* The section of vmlinux that a symbol of the kernel is in; NULL: not known without that file. */
static const char *kernel_section(const struct symbol *symbol)
{
	const struct vmlinux *vmlinux = session.vmlinux;

	for (u32 i = 0; vmlinux && i < vmlinux->nr_symtab; i++) {
		const Elf64_Sym *entry = &vmlinux->symtab[i];

		if (vmlinux_symbol_name(vmlinux, entry) != symbol->name ||
		    (entry->st_value != symbol->value &&
		     entry->st_value + symbols_kaslr_offset() != symbol->value))
			continue;
		if (entry->st_shndx == SHN_ABS)
			return "*ABS*";
		return vmlinux_section_name(vmlinux, entry->st_shndx);
	}
	return NULL;
}

/*
 * The kernel keeps where each section begins: the one below is it, unless it is
 * another memory range's.
 */
static const char *module_section_of(const struct symbol *symbol)
{
	const struct module *module = module_by_name(symbol->module->name);
	struct module_section *sections = NULL;
	const char *name = NULL;
	size_t count;
	u64 best = 0;

	for (size_t i = 0; module && i < module->nr_ranges; i++) {
		if (symbol->value >= module->ranges[i].start &&
		    symbol->value < module->ranges[i].end)
			best = module->ranges[i].start;
	}
	if (!best)
		return NULL;
	count = module_sections(module, &sections);
	for (size_t i = 0; i < count; i++) {
		if (sections[i].address > symbol->value || sections[i].address < best)
			continue;
		best = sections[i].address;
		name = sections[i].name;
	}
	return name;
}

static const char *section_of(const struct symbol *symbol)
{
	const char *name = symbol->module ? module_section_of(symbol) : kernel_section(symbol);

	if (!name && !symbol->module && !session.vmlinux)
		fail("the sections of the kernel are in its vmlinux: %s", session_wanted_vmlinux());
	return name ? name : "?";
}

static void show_one(struct shown_symbol shown)
{
	const struct table table = symbol_table(&shown);

	table_show(&table);
}

/* With the source line of code, or with -s the section. */
static void print_with_place(const struct symbol *symbol, u64 address, const struct args *args)
{
	show_one((struct shown_symbol){
		.symbol = symbol,
		.address = address,
		.with_line = true,
		.section = option_given(args, "s") ? section_of(symbol) : NULL,
	});
}

/* The nearest symbol in that direction with another address; of several, the one that names it. */
static const struct symbol *neighbour(const struct symbol *symbol,
				      const struct symbol *(*step)(const struct symbol *))
{
	const struct symbol *other = step(symbol), *first;

	while (other && other->value == symbol->value)
		other = step(other);
	for (first = other; first && first->value == other->value; first = symbol_before(first))
		other = first;
	return other;
}

static void print_found(const struct symbol *symbol, u64 address, const struct args *args)
{
	const struct symbol *other;

	if (option_given(args, "p")) {
		other = neighbour(symbol, symbol_before);
		if (other)
			print_with_place(other, other->value, args);
	}
	print_with_place(symbol, address, args);
	if (option_given(args, "n")) {
		other = neighbour(symbol, symbol_after);
		if (other)
			print_with_place(other, other->value, args);
	}
}

static const struct column found_columns[] = {
	{ "found", "", CELL_NUMBER, .after = " found" },
	{ "last", "", CELL_TEXT, .before = " (", .after = ")" },
	{ 0 },
};

struct found {
	size_t count;
	const struct symbol *last;
};

static void put_found(struct row *row, UNUSED size_t index, void *arg)
{
	const struct found *found = arg;

	row_number(row, found->count);
	if (found->last)
		row_text(row, found->last->name);
	else
		row_null(row, NULL);
}

/* -Q: how many those are, and the last of them. */
static void count_containing(const char *text)
{
	const struct symbol *symbol = NULL, *last = NULL;
	struct found found;
	size_t count = 0;

	while ((symbol = symbols_next_containing(symbol, text))) {
		interrupt_check();
		last = symbol;
		count++;
	}
	found = (struct found){ count, last };
	table_show(&ONE_ROW("sym", found_columns, put_found, &found));
}

/* An address in a module's memory, below each of its symbols there: how far into which part. */
static bool print_in_module(u64 address)
{
	for (size_t i = 0; i < module_count(); i++) {
		const struct module *module = module_at(i);

		for (size_t r = 0; r < module->nr_ranges; r++) {
			const struct address_range *range = &module->ranges[r];
			const char *kind = module->range_kinds[r];
			struct symbol start;

			if (address < range->start || address >= range->end)
				continue;
			start = (struct symbol){ range->start,
						 scope_printf("_MODULE_%s%sSTART_%s", kind,
							      kind[0] ? "_" : "", module->name),
						 module->symbols, .type = 'm' };
			show_one((struct shown_symbol){ .symbol = &start, .address = address });
			return true;
		}
	}
	return false;
}

static void look_up(const char *word, const struct args *args)
{
	const struct symbol *symbol = symbol_by_name(word);
	u64 address;

	if (symbol) {
		for (; symbol; symbol = symbol_next_same_name(symbol))
			print_found(symbol, symbol->value, args);
		return;
	}
	if (!symbol_argument("sym", word, &address))
		return;
	symbol = symbol_at(address, NULL);
	if (symbol) {
		print_found(symbol, address, args);
	} else if (session.minimal || !symbol_module_at(address) || !print_in_module(address)) {
		command_problem("sym",
				scope_printf("invalid address: %s (no symbol covers it)", word));
	}
}

/* Rows of one table; those of a module's listing do not say its name again. */
static void print_rows(const struct symbol_module *symbols, size_t from, u64 end,
		       bool (*wanted)(const struct module *module, u64 address),
		       const struct module *module)
{
	struct shown_symbol shown = { .without_module = symbols && !wanted };
	const struct table table = symbol_table(&shown);
	struct table_run run;

	table_begin(&run, &table);
	for (size_t i = from; i < symbols_count(symbols); i++) {
		shown.symbol = symbols_get(symbols, i);
		shown.address = shown.symbol->value;
		if (shown.address >= end)
			break;
		if (!wanted || wanted(module, shown.address))
			table_put(&run, 0);
	}
	table_end(&run);
}

static bool in_no_range(const struct module *module, u64 address)
{
	for (size_t i = 0; i < module->nr_ranges; i++)
		if (address >= module->ranges[i].start && address < module->ranges[i].end)
			return false;
	return true;
}

static const struct column range_columns[] = {
	{ "module", NULL, .kind = CELL_TEXT },	       { "range", NULL, .kind = CELL_TEXT },
	{ "start", "", .kind = CELL_ADDRESS },	       { "end", NULL, .kind = CELL_ADDRESS },
	{ NULL, "", CELL_TEXT, .before = " MODULE " }, { 0 },
};

static void put_range(struct row *row, size_t index, void *arg)
{
	const struct module *module = arg;
	const char *kind = module->range_kinds[index];

	row_text(row, module->name);
	row_text(row, kind[0] ? kind : NULL);
	row_address(row, module->ranges[index].start);
	row_address(row, module->ranges[index].end);
	row_text(row, scope_printf("%s%sSTART: %s", kind, kind[0] ? " " : "", module->name));
}

/*
 * Each memory range with its symbols, then those in none: offsets of per-cpu variables. A module
 * before v6.4 has one range, whose end was always shown as the first address after it; the newer,
 * named ranges show their last address.
 */
static void print_module(const struct module *module)
{
	const struct table ranges = { .name = "sym",
				      .columns = range_columns,
				      .count = module->nr_ranges,
				      .put = put_range,
				      .arg = (void *)module,
				      .headings = HEADINGS_NEVER };
	struct table_run run;

	table_begin(&run, &ranges);
	for (size_t i = 0; i < module->nr_ranges; i++) {
		const struct address_range *range = &module->ranges[i];
		const char *kind = module->range_kinds[i];
		bool named = kind[0] && !streq(kind, "INIT");

		table_put(&run, i);
		print_rows(module->symbols, symbols_first_from(module->symbols, range->start),
			   range->end, NULL, NULL);
		table_remark("%llx MODULE %s%sEND: %s\n", range->end - named, kind,
			     kind[0] ? " " : "", module->name);
	}
	table_end(&run);
	print_rows(module->symbols, 0, ~0ULL, in_no_range, module);
}

static int compare_bases(const void *a, const void *b)
{
	const struct module *const *x = a, *const *y = b;

	return ((*x)->base > (*y)->base) - ((*x)->base < (*y)->base);
}

static void print_all_modules(void)
{
	const struct module **sorted;
	size_t count;

	symbols_first_module(); /* loads them, and with them the list */
	count = module_count();
	sorted = scope_array(count + 1, sizeof(*sorted));
	for (size_t i = 0; i < count; i++)
		sorted[i] = module_at(i);
	qsort(sorted, count, sizeof(*sorted), compare_bases);
	for (size_t i = 0; i < count; i++)
		print_module(sorted[i]);
}

/* "bpf" and others in /proc/kallsyms that are no modules own code that the kernel wrote. */
static bool print_owner(const char *name)
{
	const struct symbol_module *owner = symbols_first_module();

	while (owner && (owner->address || !streq(owner->name, name)))
		owner = symbols_next_module(owner);
	if (owner)
		print_rows(owner, 0, ~0ULL, NULL, NULL);
	return owner;
}

static void print_named_module(const char *name)
{
	const struct module *module;

	symbols_first_module();
	module = module_by_name(name);
	if (module)
		print_module(module);
	else if (!print_owner(name))
		fail("%s: not a loaded module%s", name, nearest_module(name));
}

static void print_everything(void)
{
	print_rows(NULL, 0, ~0ULL, NULL, NULL);
	print_all_modules();
}

static void run_sym(struct args *args)
{
	bool anything = false;

	for (size_t i = 0; i < args->nr_options; i++) {
		const struct given_option *given = &args->options[i];

		anything = true;
		if (streq(given->option->name, "l") || streq(given->option->name, "L"))
			print_everything();
		else if (streq(given->option->name, "M"))
			print_all_modules();
		else if (streq(given->option->name, "m"))
			print_named_module(given->argument);
		else if (streq(given->option->name, "q"))
			symbols_show_containing(given->argument);
		else if (streq(given->option->name, "Q"))
			count_containing(given->argument);
		else if (args->nr_words == 0)
			usage_problem(args, "-%s wants an address or symbol", given->option->name);
	}
	if (!anything && args->nr_words == 0)
		usage_fail(args);
	for (size_t i = 0; i < args->nr_words; i++)
		look_up(args->words[i], args);
}

static const struct option sym_options[] = {
	{ "l", NULL, "all symbols by address: the kernel's, then each module's" },
	{ "M", NULL, "the symbols of all modules, between the bounds of each memory range" },
	{ "m", "module", "the symbols of one module" },
	{ "p", NULL, "the symbol below the one asked for as well" },
	{ "n", NULL, "the symbol above the one asked for as well" },
	{ "s", NULL, "the section that the symbol is in, instead of file and line" },
	{ "q", "string", "every symbol whose name has this string in it" },
	{ "Q", "string", "how many there are, and the last one" },
	{ "L", NULL, NULL },
	{ NULL, NULL, NULL },
};

COMMAND(sym) = {
	.name = "sym",
	.summary = "symbols and addresses",
	.synopsis = "[-l] | [-M] | [-m module] | [-q | -Q string] | [-p | -n] [-s] "
		    "[symbol | address] ...",
	.options = sym_options,
	.description =
		"Prints the address, type and name of a symbol, or of the symbol that covers an "
		"address, with the distance from its start. Types are nm's letters: T text, D "
		"data, B bss, R read-only, W weak; lower case for local symbols. A module's name "
		"is in brackets. When vmlinux has debug information, source file and line follow "
		"a code address.\n"
		"\n"
		"A name that several symbols share gives a line for each. Of several names at one "
		"address, sym shows the one that the kernel's own messages use. Per-cpu variables "
		"of kernels before 6.15 show their offset instead of an address.",
	.example = "crash> sym vfs_read\n"
		   "ffffffff98a34a10 (T) vfs_read fs/read_write.c: 550\n"
		   "crash> sym vfs_read+4\n"
		   "ffffffff98a34a14 (T) vfs_read+4 fs/read_write.c: 550\n"
		   "crash> sym -q virtblk_fop\n"
		   "ffffffffc05cb6a0 (r) virtblk_fops [virtio_blk]\n"
		   "crash> sym -Q virtblk_fop\n"
		   "1 found (virtblk_fops)\n"
		   "crash> sym -s vfs_read\n"
		   "ffffffff98a34a10 (T) vfs_read [.text]\n",
	.arguments = "symbol|address ...",
	.run = run_sym,
	.flags = COMMAND_MINIMAL,
};
