/* sym.c - the command sym: symbols to addresses and addresses to symbols. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "colour.h"
#include "command.h"
#include "fail.h"
#include "gdb_bridge.h"
#include "json.h"
#include "module.h"
#include "out.h"
#include "session.h"
#include "symbols.h"
#include "util.h"

#include <stdlib.h>

/* A line about ADDRESS, which may be inside SYMBOL; with its source line if that is known and WITH_LINE. */
static void put_json_symbol(const struct symbol *symbol, u64 address, bool with_line)
{
	struct strbuf *file = scope_strbuf();
	u32 line;

	json_object(NULL);
	json_address("address", address);
	json_printf("type", "%c", symbol->type);
	json_text("name", symbol->name);
	json_number("offset", address - symbol->value);
	json_number("size", symbol->size);
	json_text("module", symbol->module ? symbol->module->name : NULL);
	if (with_line && strchr("TtWw", symbol->type) && gdb_line_at(address, file, &line, NULL)) {
		json_text("file", strbuf_text(file));
		json_number("line", line);
	}
	json_end();
}

/* ADDRESS may be inside SYMBOL. No newline. */
static void print_symbol(const struct symbol *symbol, u64 address)
{
	u64 offset = address - symbol->value;

	out("%llx (%c) %s", (unsigned long long)address, symbol->type,
	    colour_text(COLOUR_SYMBOL, symbol->name));
	if (offset)
		out(session.radix == 16 ? "+0x%llx" : "+%llu", (unsigned long long)offset);
	if (symbol->module)
		out(" [%s]", symbol->module->name);
}

static void print_row(const struct symbol *symbol)
{
	if (json_on()) {
		put_json_symbol(symbol, symbol->value, false);
		return;
	}
	print_symbol(symbol, symbol->value);
	out("\n");
}

/* With the source line of code. Without line numbers the blank before them stays, as crash has it. */
static void print_with_line(const struct symbol *symbol, u64 address)
{
	struct strbuf file = { 0 };
	u32 line;

	if (json_on()) {
		put_json_symbol(symbol, address, true);
		return;
	}
	print_symbol(symbol, address);
	if (strchr("TtWw", symbol->type)) {
		out(" ");
		if (gdb_line_at(address, &file, &line, NULL))
			out("%s: %u", strbuf_text(&file), line);
		strbuf_free(&file);
	}
	out("\n");
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
			print_with_line(other, other->value);
	}
	print_with_line(symbol, address);
	if (option_given(args, "n")) {
		other = neighbour(symbol, symbol_after);
		if (other)
			print_with_line(other, other->value);
	}
}

/* Rows of all symbols whose name has TEXT in it, each after INDENT. */
static void print_containing(const char *text, const char *indent)
{
	const struct symbol *symbol = symbols_count(NULL) ? symbols_get(NULL, 0) : NULL;
	bool any = false;

	for (; symbol; symbol = symbol_after(symbol)) {
		if (!strstr(symbol->name, text))
			continue;
		interrupt_check();
		if (!json_on())
			out("%s", indent);
		print_row(symbol);
		any = true;
	}
	if (!any && !json_on())
		out("%s(none found)\n", indent);
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
	if (argument_try_address(word, &address)) {
		symbol = symbol_at(address, NULL);
		if (symbol) {
			print_found(symbol, address, args);
			return;
		}
		command_problem("sym", scope_printf("invalid address: %s", word));
	} else if (json_on()) {
		command_problem("sym", scope_printf("symbol not found: %s", word));
	} else {
		out("symbol not found: %s\npossible alternatives:\n", word);
		print_containing(word, "  ");
	}
	session.some_command_failed = true;
}

static void print_module_row(const struct symbol *symbol)
{
	if (json_on()) {
		put_json_symbol(symbol, symbol->value, false);
		return;
	}
	out("%llx (%c) %s\n", (unsigned long long)symbol->value, symbol->type, symbol->name);
}

/* Symbols of the module from *NEXT on that are below END. */
static void print_below(const struct symbol_module *symbols, size_t *next, u64 end)
{
	const struct symbol *symbol;

	while ((symbol = symbols_get(symbols, *next)) && symbol->value < end) {
		interrupt_check();
		print_module_row(symbol);
		++*next;
	}
}

static size_t first_at_or_above(const struct symbol_module *symbols, u64 address)
{
	size_t low = 0, high = symbols_count(symbols);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols_get(symbols, middle)->value < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool in_a_range(const struct module *module, u64 address)
{
	for (size_t i = 0; i < module->nr_ranges; i++)
		if (address >= module->ranges[i].start && address < module->ranges[i].end)
			return true;
	return false;
}

/*
 * Each memory range with its symbols, then those in none: offsets of per-cpu variables. A module before v6.4 has one range, whose end was always shown
 * as the first address after it; the newer, named ranges show their last address.
 */
static void print_module(const struct module *module)
{
	for (size_t i = 0; i < module->nr_ranges; i++) {
		const struct address_range *range = &module->ranges[i];
		const char *kind = module->range_kinds[i];
		bool named = kind[0] && !streq(kind, "INIT");
		size_t next = first_at_or_above(module->symbols, range->start);

		if (!json_on())
			out("%llx MODULE %s%sSTART: %s\n", (unsigned long long)range->start, kind,
			    kind[0] ? " " : "", module->name);
		print_below(module->symbols, &next, range->end);
		if (!json_on())
			out("%llx MODULE %s%sEND: %s\n", (unsigned long long)range->end - named,
			    kind, kind[0] ? " " : "", module->name);
	}
	for (size_t i = 0; i < symbols_count(module->symbols); i++)
		if (!in_a_range(module, symbols_get(module->symbols, i)->value))
			print_row(symbols_get(module->symbols, i));
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

/* "bpf" and the others of /proc/kallsyms that are no modules: owners of code that the kernel wrote. */
static bool print_owner(const char *name)
{
	const struct symbol_module *owner = symbols_first_module();

	while (owner && (owner->address || !streq(owner->name, name)))
		owner = symbols_next_module(owner);
	for (size_t i = 0; owner && i < symbols_count(owner); i++)
		print_module_row(symbols_get(owner, i));
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
		fail("%s: not a loaded module", name);
}

static void print_everything(void)
{
	for (size_t i = 0; i < symbols_count(NULL); i++) {
		if (i % 1024 == 0)
			interrupt_check();
		print_row(symbols_get(NULL, i));
	}
	print_all_modules();
}

static void sym_run(struct args *args)
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
			print_containing(given->argument, "");
		else if (args->nr_words == 0)
			usage_fail(args); /* -p and -n want something to stand beside */
	}
	if (!anything && args->nr_words == 0)
		usage_fail(args);
	for (size_t i = 0; i < args->nr_words; i++)
		look_up(args->words[i], args);
}

static const struct option sym_options[] = {
	{ "l", NULL, "every symbol, by address: the kernel's, then each module's" },
	{ "M", NULL, "the symbols of all modules, between the bounds of each memory range" },
	{ "m", "module", "the symbols of one module" },
	{ "p", NULL, "the symbol below the one asked for as well" },
	{ "n", NULL, "the symbol above the one asked for as well" },
	{ "q", "string", "every symbol whose name has this string in it" },
	{ "L", NULL, NULL },
	{ NULL, NULL, NULL },
};

COMMAND(sym) = {
	.name = "sym",
	.summary = "symbols and addresses",
	.synopsis = "[-l] | [-M] | [-m module] | [-q string] | [-p | -n] [symbol | address] ...",
	.options = sym_options,
	.description =
		"Prints address, type and name of a symbol, or of the symbol that covers an address, with\n"
		"the distance from its start. Types are nm's letters: T text, D data, B bss, R read-only,\n"
		"W weak; small for local symbols. A module's name stands in brackets. Code is followed by\n"
		"its source file and line when vmlinux has debug information.\n"
		"\n"
		"A name that several symbols have gives a line for each. Of several names at one address the\n"
		"one is shown that the kernel's own messages use. Per-cpu variables of kernels before 6.15\n"
		"have their offset instead of an address.",
	.example = "crash> sym jiffies\n"
		   "ffffffff96a079c0 (D) jiffies\n"
		   "crash> sym ffffffff95230994\n"
		   "ffffffff95230994 (T) vfs_read+4 fs/read_write.c: 550\n"
		   "crash> sym -q virtblk_pr\n"
		   "ffffffffc046d1f0 (t) __pfx_virtblk_probe [virtio_blk]\n"
		   "ffffffffc046d200 (t) virtblk_probe [virtio_blk]\n",
	.arguments = "symbol|address ...",
	.run = sym_run,
	.flags = COMMAND_MINIMAL,
};
