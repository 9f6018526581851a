/* nearest.c - offers the session's commands, symbols, types and members to suggest.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nearest.h"

#include "alias.h"
#include "command.h"
#include "fail.h"
#include "suggest.h"
#include "symbols.h"
#include "types.h"

#define NAME_CHANGES 3 /* of symbols and types there are so many that more would find anything */

static const char *question(const struct suggestion *suggestion, const char *before)
{
	if (!*suggestion->best)
		return "";
	return scope_printf("; did you mean \"%s%s\"?", before, suggestion->best);
}

const char *nearest_of(const char *word, const char *const *names)
{
	struct suggestion suggestion;

	suggest_start(&suggestion, word, NAME_CHANGES);
	while (*names)
		suggest_offer(&suggestion, *names++);
	return question(&suggestion, "");
}

static void offer_symbols(struct suggestion *suggestion, const struct symbol_module *module)
{
	size_t count = symbols_count(module);

	for (size_t i = 0; i < count; i++) {
		const struct symbol *symbol = symbols_get(module, i);

		if (symbol)
			suggest_offer(suggestion, symbol->name);
	}
}

static void offer_all_symbols(struct suggestion *suggestion)
{
	const struct symbol_module *module = symbols_first_module();

	offer_symbols(suggestion, NULL);
	for (; module; module = symbols_next_module(module))
		offer_symbols(suggestion, module);
}

/* Of a symbol every letter counts: a quarter of the name may be wrong. */
static void start_symbol(struct suggestion *suggestion, const char *name)
{
	suggest_start(suggestion, name, strlen(name) < 12 ? 1 : NAME_CHANGES);
	if (strlen(name) < 4)
		suggestion->limit = 0;
}

const char *nearest_symbol(const char *name)
{
	struct suggestion suggestion;

	start_symbol(&suggestion, name);
	if (suggestion.limit)
		offer_all_symbols(&suggestion);
	return question(&suggestion, "");
}

static bool offer_type(struct type type, void *arg)
{
	suggest_offer(arg, type_name(type));
	return true;
}

const char *nearest_command(const char *word)
{
	struct suggestion suggestion;

	suggest_start(&suggestion, word, NAME_CHANGES);
	for (size_t i = 0; command_table[i]; i++)
		suggest_offer(&suggestion, command_table[i]->name);
	for (size_t i = 0; i < alias_count(); i++)
		suggest_offer(&suggestion, alias_at(i)->name);
	if (*suggestion.best)
		return question(&suggestion, "");
	start_symbol(&suggestion, word);
	if (suggestion.limit && types_available())
		types_each_struct(offer_type, &suggestion);
	if (suggestion.limit)
		offer_all_symbols(&suggestion);
	return question(&suggestion, "");
}

static void offer_members(struct suggestion *suggestion, struct type type, unsigned depth)
{
	size_t count = type_nr_members(type);
	struct member member;

	for (size_t i = 0; i < count && depth < 8; i++) {
		if (!type_member_at(type, i, &member))
			continue;
		if (member.name && *member.name)
			suggest_offer(suggestion, member.name);
		else
			offer_members(suggestion, member.type, depth + 1);
	}
}

/* PATH is behind NAME and a dot: the first of its members that is not there. */
static const char *nearest_member(struct type type, const char *name, const char *path)
{
	struct suggestion suggestion;
	struct strbuf *before = scope_strbuf();
	struct member member;
	const char *piece;

	strbuf_printf(before, "%s.", name);
	for (;;) {
		size_t length = strcspn(path, ".,");

		piece = scope_printf("%.*s", (int)length, path);
		if (!type_member(type, piece, &member))
			break;
		if (path[length] != '.')
			return "";
		strbuf_printf(before, "%s.", piece);
		type = member.type;
		path += length + 1;
	}
	piece = scope_printf("%.*s", (int)strcspn(piece, "["), piece);
	suggest_start(&suggestion, piece, NAME_CHANGES);
	offer_members(&suggestion, type, 0);
	return question(&suggestion, strbuf_text(before));
}

const char *nearest_reference(const char *reference)
{
	size_t length = strcspn(reference, ".");
	const char *name = scope_printf("%.*s", (int)length, reference);
	struct suggestion suggestion;
	struct type type;

	if (!types_available() || !types_btf())
		return "";
	if (reference[length] &&
	    (type_by_name(scope_printf("struct %s", name), &type) ||
	     type_by_name(scope_printf("union %s", name), &type) || type_by_name(name, &type)))
		return nearest_member(type, name, reference + length + 1);
	start_symbol(&suggestion, name);
	if (suggestion.limit)
		types_each_struct(offer_type, &suggestion);
	return question(&suggestion, "");
}

const char *nearest_for_gdb(const char *text)
{
	static const struct {
		const char *before, *behind;
		bool is_type;
	} messages[] = {
		{ "No symbol \"", "\" in ", false },
		{ "No struct type named ", ".", true },
		{ "No union type named ", ".", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		const char *name = text + strlen(messages[i].before), *end, *question;

		if (!starts_with(text, messages[i].before))
			continue;
		end = strstr(name, messages[i].behind);
		if (!end)
			continue;
		name = scope_printf("%.*s", (int)(end - name), name);
		question = messages[i].is_type ? nearest_reference(name) : nearest_symbol(name);
		if (*question)
			return scope_printf("%.*s%s", (int)strcspn(text, ".\n"), text, question);
	}
	return text;
}
