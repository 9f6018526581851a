/* symbolshow.c - L6: rows of symbols as sym prints them, and what a name that is none may have meant. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "symbolshow.h"

#include "command.h"
#include "fail.h"
#include "out.h"
#include "session.h"

#include <ctype.h>

void symbol_show(const struct symbol *symbol, u64 address)
{
	u64 offset = address - symbol->value;

	out("%llx (%c) %s", (unsigned long long)address, symbol->type, symbol->name);
	if (offset)
		out(session.radix == 16 ? "+0x%llx" : "+%llu", (unsigned long long)offset);
	if (symbol->module)
		out(" [%s]", symbol->module->name);
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
		out("%s", indent);
		symbol_show(symbol, symbol->value);
		out("\n");
		any = true;
	}
	if (!any)
		out("%s(none found)\n", indent);
}

static bool is_name(const char *word)
{
	while (isalnum((unsigned char)*word) || *word == '_' || *word == '.')
		word++;
	return !*word;
}

bool symbol_argument(const char *word, u64 *address)
{
	if (argument_try_address(word, address))
		return true;
	if (!is_name(word)) {
		*address = argument_address(word); /* says what is wrong with it */
		return true;
	}
	out("symbol not found: %s\npossible alternatives:\n", word);
	symbols_show_containing(word, "  ");
	session.some_command_failed = true;
	return false;
}
