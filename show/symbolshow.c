/* show/symbolshow.c - rows of symbols as sym prints them, and what a name that is none may have meant. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/symbolshow.h"

#include "base/fail.h"
#include "bridge/gdb_bridge.h"
#include "shell/command.h"
#include "shell/gdb_settings.h"
#include "shell/nearest.h"
#include "shell/outcome.h"

#include <ctype.h>
#include <stdlib.h>

const struct column symbol_columns[] = {
	{ "address", "", .kind = CELL_ADDRESS },
	{ "type", "", CELL_TEXT, .before = " (", .after = ")" },
	{ "name", "", CELL_TEXT, .before = " " },
	{ "offset", "", CELL_NUMBER, .before = "+" },
	{ "size", NULL, .kind = CELL_SIZE },
	{ "module", "", CELL_TEXT, .before = " [", .after = "]" },
	{ "section", "", CELL_TEXT, .before = " [", .after = "]" },
	{ NULL, "", CELL_TEXT, .before = "" },
	{ "file", "", CELL_TEXT, .before = "" },
	{ "line", "", CELL_NUMBER, .before = ": " },
	{ 0 },
};

static const char *letter(char type)
{
	static char letters[256][2];

	letters[(u8)type][0] = type;
	return letters[(u8)type];
}

/* Without line numbers the blank before them stays, as crash has it. */
static void put_place(struct row *row, const struct shown_symbol *shown)
{
	struct strbuf *file;
	u32 line;

	if (shown->section)
		row_text(row, shown->section);
	else
		row_none(row);
	if (!shown->with_line || shown->section || !address_is_text(shown->address)) {
		row_none(row);
		row_none(row);
		row_none(row);
		return;
	}
	row_text(row, " ");
	file = scope_strbuf();
	if (gdb_line_at(shown->address, file, &line, NULL)) {
		row_text(row, strbuf_text(file));
		row_number(row, line);
	} else {
		row_none(row);
		row_none(row);
	}
}

static void put_symbol(struct row *row, UNUSED size_t index, void *arg)
{
	const struct shown_symbol *shown = arg;
	const struct symbol *symbol = shown->symbol;
	u64 offset = shown->address - symbol->value;

	row_address(row, shown->address);
	row_text(row, letter(symbol->type));
	row_text(row, symbol->name);
	row_number(row, offset);
	if (!offset)
		row_shown(row, "");
	else if (gdb_settings.radix == 16)
		row_shown(row, scope_printf("0x%llx", offset));
	row_size(row, symbol->size);
	if (symbol->module)
		row_text(row, symbol->module->name);
	else
		row_null(row, NULL);
	if (shown->without_module)
		row_shown(row, "");
	put_place(row, shown);
}

struct table symbol_table(struct shown_symbol *shown)
{
	return ONE_ROW("sym", symbol_columns, put_symbol, shown);
}

const struct symbol *symbols_next_containing(const struct symbol *symbol, const char *text)
{
	if (symbol)
		symbol = symbol_after(symbol);
	else
		symbol = symbols_count(NULL) ? symbols_get(NULL, 0) : NULL;
	while (symbol && !strstr(symbol->name, text))
		symbol = symbol_after(symbol);
	return symbol;
}

/* Rows of one table: symbols of a list. */
struct symbol_list {
	VECTOR(const struct symbol *) symbols;
	struct column columns[ARRAY_SIZE(symbol_columns)];
};

static void release_list(void *arg)
{
	struct symbol_list *list = arg;

	vector_free(&list->symbols);
}

static struct symbol_list *new_list(void)
{
	struct symbol_list *list = scope_alloc(sizeof(*list));

	scope_cleanup(release_list, list);
	return list;
}

static struct symbol_list *symbols_containing(const char *text)
{
	struct symbol_list *list = new_list();
	const struct symbol *symbol = NULL;

	while ((symbol = symbols_next_containing(symbol, text))) {
		interrupt_check();
		*vector_add(&list->symbols) = symbol;
	}
	return list;
}

static void put_listed(struct row *row, size_t index, void *arg)
{
	const struct symbol_list *list = arg;
	const struct symbol *symbol = list->symbols.items[index];
	struct shown_symbol shown = { .symbol = symbol, .address = symbol->value };

	put_symbol(row, 0, &shown);
}

/* Each row behind INDENT; NONE when the list is empty. */
static struct table list_table(struct symbol_list *list, const char *indent, const char *none)
{
	memcpy(list->columns, symbol_columns, sizeof(list->columns));
	list->columns[0].before = indent;
	return (struct table){ .name = "sym",
			       .columns = list->columns,
			       .count = list->symbols.count,
			       .put = put_listed,
			       .arg = list,
			       .headings = HEADINGS_NEVER,
			       .none = none };
}

void symbols_show_containing(const char *text)
{
	const struct table table = list_table(symbols_containing(text), "", "(none found)");

	table_show(&table);
}

static const struct column error_columns[] = {
	{ "error", "", .kind = CELL_TEXT },
	{ "command", NULL, .kind = CELL_TEXT },
	{ 0 },
};

struct symbol_error {
	const char *command, *text, *shown;
	struct table alternatives;
};

static void put_error(struct row *row, UNUSED size_t index, void *arg)
{
	const struct symbol_error *error = arg;

	row_text(row, error->text);
	row_shown(row, error->shown);
	row_text(row, error->command);
	row_children(row, &error->alternatives);
}

static void tell_error(struct symbol_error *error)
{
	error->alternatives.key = "alternatives";
	table_show(&ONE_ROW(error->command, error_columns, put_error, error));
	command_partly_failed();
}

static bool is_name(const char *word)
{
	while (isalnum((unsigned char)*word) || *word == '_' || *word == '.')
		word++;
	return !*word;
}

bool symbols_refuse_namesakes(const char *command, const char *word)
{
	struct symbol_list *list = new_list();
	struct symbol_error error = { .command = command };
	const struct symbol *symbol;
	unsigned nr_functions = 0;

	for (symbol = symbol_by_name(word); symbol; symbol = symbol_next_same_name(symbol)) {
		nr_functions += address_is_text(symbol->value);
		*vector_add(&list->symbols) = symbol;
	}
	if (nr_functions < 2)
		return false;
	error.text = scope_printf("%s: %u functions have that name", word, nr_functions);
	error.shown = scope_printf("%s: %s: duplicate text symbols found:", command, word);
	error.alternatives = list_table(list, "", NULL);
	tell_error(&error);
	return true;
}

bool symbol_argument(const char *command, const char *word, u64 *address)
{
	struct symbol_error error = { .command = command };
	struct symbol_list *list;

	if (argument_try_address(word, address))
		return true;
	if (!is_name(word)) {
		*address = argument_address(word); /* says what is wrong with it */
		return true;
	}
	list = symbols_containing(word);
	/* Names with the word in them are listed: then there is nothing to ask. */
	error.text = scope_printf("symbol not found: %s%s", word,
				  list->symbols.count ? "" : nearest_symbol(word));
	error.shown = scope_printf("%s\npossible alternatives:", error.text);
	error.alternatives = list_table(list, "  ", "  (none found)");
	tell_error(&error);
	return false;
}
