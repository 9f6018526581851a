/* show/symbolshow.c - rows of symbols as sym prints them, and what a name that is none may have meant. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/symbolshow.h"

#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "bridge/gdb_bridge.h"
#include "shell/command.h"
#include "shell/nearest.h"
#include "shell/outcome.h"
#include "shell/session.h"

#include <ctype.h>

void symbol_show(const struct symbol *symbol, u64 address)
{
	u64 offset = address - symbol->value;

	out("%llx (%c) %s", address, symbol->type, symbol->name);
	if (offset)
		out(session.radix == 16 ? "+0x%llx" : "+%llu", offset);
	if (symbol->module)
		out(" [%s]", symbol->module->name);
}

static void put_json_symbol(const struct symbol *symbol, u64 address)
{
	json_address("address", address);
	json_printf("type", "%c", symbol->type);
	json_text("name", symbol->name);
	json_number("offset", address - symbol->value);
	json_number("size", symbol->size);
	json_text("module", symbol->module ? symbol->module->name : NULL);
}

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
	else if (session.radix == 16)
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
	return (struct table){ .name = "sym",
			       .columns = symbol_columns,
			       .count = 1,
			       .put = put_symbol,
			       .arg = shown,
			       .headings = HEADINGS_NEVER };
}

void symbol_row(const struct symbol *symbol, const char *indent)
{
	struct shown_symbol shown = { .symbol = symbol, .address = symbol->value };
	struct table table = symbol_table(&shown);
	struct column columns[ARRAY_SIZE(symbol_columns)];

	memcpy(columns, symbol_columns, sizeof(columns));
	columns[0].before = indent;
	table.columns = columns;
	table_show(&table);
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

void symbols_show_containing(const char *text, const char *indent)
{
	const struct symbol *symbol = NULL;
	bool any = false;

	while ((symbol = symbols_next_containing(symbol, text))) {
		interrupt_check();
		symbol_row(symbol, indent);
		any = true;
	}
	if (!any)
		table_remark("%s(none found)\n", indent);
}

static bool is_name(const char *word)
{
	while (isalnum((unsigned char)*word) || *word == '_' || *word == '.')
		word++;
	return !*word;
}

void symbols_json_error(const char *command, const char *text)
{
	json_object(NULL);
	json_text("error", text);
	json_text("command", command);
	json_list("alternatives");
	command_partly_failed();
}

void symbols_json_alternative(const struct symbol *symbol)
{
	json_object(NULL);
	put_json_symbol(symbol, symbol->value);
	json_end();
}

void symbols_json_error_end(void)
{
	json_end();
	json_end();
}

static void put_json_alternatives(const char *command, const char *word, const char *meant)
{
	const struct symbol *symbol = NULL;

	symbols_json_error(command, scope_printf("symbol not found: %s%s", word, meant));
	while ((symbol = symbols_next_containing(symbol, word))) {
		interrupt_check();
		symbols_json_alternative(symbol);
	}
	symbols_json_error_end();
}

bool symbol_argument(const char *command, const char *word, u64 *address)
{
	const char *meant;

	if (argument_try_address(word, address))
		return true;
	if (!is_name(word)) {
		*address = argument_address(word); /* says what is wrong with it */
		return true;
	}
	/* Names with the word in them are listed: then there is nothing to ask. */
	meant = symbols_next_containing(NULL, word) ? "" : nearest_symbol(word);
	if (json_on()) {
		put_json_alternatives(command, word, meant);
		return false;
	}
	out("symbol not found: %s%s\npossible alternatives:\n", word, meant);
	symbols_show_containing(word, "  ");
	command_partly_failed();
	return false;
}
