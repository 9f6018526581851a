/* show/symbolshow.c - rows of symbols as sym prints them, and what a name that is none may have meant. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/symbolshow.h"

#include "shell/command.h"
#include "base/fail.h"
#include "bridge/gdb_bridge.h"
#include "base/json.h"
#include "shell/nearest.h"
#include "base/out.h"
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

void symbol_json(const struct symbol *symbol, u64 address, bool with_line, const char *section)
{
	struct strbuf *file = scope_strbuf();
	u32 line;

	json_object(NULL);
	put_json_symbol(symbol, address);
	if (section)
		json_text("section", section);
	if (with_line && !section && address_is_text(address) &&
	    gdb_line_at(address, file, &line, NULL)) {
		json_text("file", strbuf_text(file));
		json_number("line", line);
	}
	json_end();
}

void symbol_row(const struct symbol *symbol, const char *indent)
{
	if (json_on()) {
		symbol_json(symbol, symbol->value, false, NULL);
		return;
	}
	out("%s", indent);
	symbol_show(symbol, symbol->value);
	out("\n");
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
	if (!any && !json_on())
		out("%s(none found)\n", indent);
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
