/* shell/nearest.c - offers the session's commands, symbols, types and members to suggest.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/nearest.h"

#include "base/fail.h"
#include "base/suggest.h"
#include "bridge/gdb_bridge.h"
#include "kernel/module.h"
#include "names/types.h"
#include "shell/alias.h"
#include "symbols.h"
#include "task.h"

#include <ctype.h>

#define NAME_CHANGES 3 /* of symbols and types there are so many that more would find anything */

static const char *question(const struct suggestion *suggestion, const char *before)
{
	if (!*suggestion->best)
		return "";
	return scope_printf("; did you mean \"%s%s\"?", before, suggestion->best);
}

/* What was meant for a number is no name with a mistake in it: 0x12zz, deadbeef, 1ffe. */
static bool looks_like_number(const char *word)
{
	u64 number;

	return isdigit((unsigned char)*word) ||
	       (parse_u64(word, 16, &number) && (strpbrk(word, "0123456789") || strlen(word) >= 8));
}

/* False: there is nothing to look for. */
static bool start(struct suggestion *suggestion, const char *wanted, unsigned max_changes)
{
	suggest_start(suggestion, wanted, max_changes);
	if (looks_like_number(wanted))
		suggestion->limit = 0;
	return suggestion->limit != 0;
}

const char *nearest_of(const char *word, const char *const *names)
{
	struct suggestion suggestion;

	start(&suggestion, word, NAME_CHANGES);
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

/* Of a name among thousands every letter counts: a quarter of it may be wrong. */
static bool start_symbol(struct suggestion *suggestion, const char *name)
{
	return strlen(name) >= 4 && start(suggestion, name, strlen(name) < 12 ? 1 : NAME_CHANGES);
}

/* "init_task.tasks", "pid_hash[3]": part of a variable, in place of an address or a symbol. */
static const char *part_of_a_variable(const char *name)
{
	size_t length = strcspn(name, ".[");
	const char *variable = scope_printf("%.*s", (int)length, name);

	if (!length || !name[length] || !symbol_by_source_name(variable))
		return "";
	return scope_printf("; \"p &%s\" has the address of this part of a variable", name);
}

const char *nearest_symbol(const char *name)
{
	struct suggestion suggestion;
	const char *part = part_of_a_variable(name);

	if (*part)
		return part;
	if (!start_symbol(&suggestion, name))
		return "";
	offer_all_symbols(&suggestion);
	return question(&suggestion, "");
}

static bool offer_type(struct type type, void *arg)
{
	suggest_offer(arg, type_name(type));
	return true;
}

/* A typedef counts when it is of a structure or a union. */
static bool offer_aggregate(struct type type, void *arg)
{
	enum type_kind kind = type_kind(type);

	if (kind == TYPE_STRUCT || kind == TYPE_UNION)
		suggest_offer(arg, type_name(type));
	return true;
}

static void offer_name(void *arg, const char *name)
{
	suggest_offer(arg, name);
}

static void offer_types(struct suggestion *suggestion, bool (*offer)(struct type type, void *arg))
{
	types_each_named(offer, suggestion);
	if (gdb_has_debug_files())
		gdb_each_aggregate(offer_name, suggestion);
}

const char *nearest_name(const char *name)
{
	static const char *const keywords[] = { "struct ", "union ", "enum " };
	struct suggestion suggestion;

	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		if (starts_with(name, keywords[i]))
			name += strlen(keywords[i]);
	}
	if (!start_symbol(&suggestion, name))
		return "";
	offer_types(&suggestion, offer_type);
	offer_all_symbols(&suggestion);
	return question(&suggestion, "");
}

const char *nearest_task(const char *word)
{
	struct suggestion suggestion;
	char comm[TASK_COMM_SPACE];

	if (!start_symbol(&suggestion, word))
		return "";
	for (size_t i = 0; i < task_count(); i++)
		suggest_offer(&suggestion, task_comm(task_at(i), comm));
	return question(&suggestion, "");
}

const char *nearest_module(const char *name)
{
	struct suggestion suggestion;

	if (!start_symbol(&suggestion, name))
		return "";
	for (size_t i = 0; i < module_count(); i++)
		suggest_offer(&suggestion, module_at(i)->name);
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

/*
 * The name that a line of ptype declares: "int pid;", "char comm[16];", "u32 a :
 * 1;", "void (*func)(int);".
 */
static const char *declared_name(const char *line)
{
	const char *function = strstr(line, "(*"), *end;

	if (function) {
		line = function + 2;
		return scope_printf("%.*s", (int)strcspn(line, ")[("), line);
	}
	end = line + strcspn(line, ":[;");
	while (end > line && end[-1] == ' ')
		end--;
	for (line = end; isalnum((unsigned char)line[-1]) || line[-1] == '_';)
		line--;
	return scope_printf("%.*s", (int)(end - line), line);
}

/*
 * The members that gdb shows of EXPRESSION. Those of what is nested count where that has no name of
 * its own, which stands behind it: so the lines are looked at backwards.
 */
static void offer_gdb_members(struct suggestion *suggestion, const char *expression)
{
	struct strbuf *text = scope_strbuf(), *error = scope_strbuf();
	char *end;
	unsigned depth = 0, hidden = 0; /* HIDDEN: how deep the named one is; 0: none */

	if (!gdb_run(scope_printf("ptype %s", expression), GDB_DWARF_IF_NEEDED, text, error) ||
	    !text->length)
		return;
	end = text->text + strcspn(text->text, "\n");
	for (char *line = text->text + text->length; line > end;) {
		*line = '\0';
		do
			line--;
		while (*line != '\n');
		if (ends_with(line, "{")) {
			hidden = hidden == depth ? 0 : hidden;
			depth--;
		} else if (strchr(line, '}')) {
			depth++;
			if (!hidden && depth > 1 && !strstr(line, "};")) {
				suggest_offer(suggestion, declared_name(line));
				hidden = depth;
			}
		} else if (!hidden && ends_with(line, ";")) {
			suggest_offer(suggestion, declared_name(line));
		}
	}
}

static void offer_members_of(struct suggestion *suggestion, struct type type, const char *name,
			     const char *path)
{
	if (type.btf)
		offer_members(suggestion, type, 0);
	else
		offer_gdb_members(suggestion,
				  *path ? scope_printf("((%s *)0)->%s", name, path) : name);
}

/*
 * The first member of PATH that AGGREGATE, "struct page", has not. BEFORE stands before the path
 * that was meant.
 */
static const char *nearest_member(const char *aggregate, const char *before, const char *path)
{
	const char *piece = path;
	struct type type = { 0 };
	struct suggestion suggestion;
	size_t length;

	type_by_name(aggregate, &type);
	for (;;) {
		struct member member;

		length = strcspn(piece, ".,");
		if (!type_member_by_name(aggregate,
					 scope_printf("%.*s", (int)(piece + length - path), path),
					 &member))
			break;
		if (piece[length] != '.')
			return "";
		type = member.type;
		piece += length + 1;
	}
	if (strcspn(piece, "[") < length)
		length = strcspn(piece, "[");
	suggest_start(&suggestion, scope_printf("%.*s", (int)length, piece), NAME_CHANGES);
	length = piece > path ? (size_t)(piece - path) - 1 : 0;
	offer_members_of(&suggestion, type, aggregate, scope_printf("%.*s", (int)length, path));
	return question(&suggestion, scope_printf("%s%.*s", before, (int)(piece - path), path));
}

const char *nearest_path(const char *name, const char *path)
{
	return types_available() ? nearest_member(scope_printf("struct %s", name), "", path) : "";
}

const char *nearest_reference(const char *reference)
{
	static const char *const keywords[] = { "struct ", "union ", "" };
	size_t length = strcspn(reference, ".");
	const char *name = scope_printf("%.*s", (int)length, reference);
	struct suggestion suggestion;

	if (!types_available())
		return "";
	for (size_t i = 0; reference[length] && i < ARRAY_SIZE(keywords); i++) {
		const char *full = scope_printf("%s%s", keywords[i], name);
		u64 size;

		if (type_size_by_name(full, &size))
			return nearest_member(full, scope_printf("%s.", name),
					      reference + length + 1);
	}
	if (!start_symbol(&suggestion, name))
		return "";
	offer_types(&suggestion, offer_aggregate);
	return question(&suggestion, "");
}

/* gdb's message is that there is no member NAME: of what the expression has before it. */
static const char *gdb_member(const char *expression, const char *name)
{
	struct suggestion suggestion;
	const char *found = strstr(expression, name), *before = expression, *object;
	unsigned open = 0;

	while (found && (found == expression || !strchr(".>", found[-1]) ||
			 isalnum((unsigned char)found[strlen(name)]) || found[strlen(name)] == '_'))
		found = strstr(found + 1, name);
	if (!found)
		return "";
	/*
	 * "&(a.b).c" and "f(a.b": from the parenthesis that is still open, without what & and *
	 * do to it.
	 */
	for (object = found; object > expression; object--) {
		if (object[-1] == ')')
			open++;
		else if (object[-1] == '(' && open-- == 0)
			break;
		else if (!open && strchr(" +-*/%&|^,<=!~", object[-1]) &&
			 !(object[-1] == '-' && *object == '>'))
			break;
	}
	before = scope_printf("%.*s", (int)(found - object), object);
	suggest_start(&suggestion, name, NAME_CHANGES);
	offer_gdb_members(&suggestion,
			  scope_printf("%.*s",
				       (int)strlen(before) - (ends_with(before, ">") ? 2 : 1),
				       before));
	return question(&suggestion, before);
}

/* The name that MESSAGE has between BEFORE and BEHIND; NULL: it is another message. */
static const char *name_in(const char *message, const char *before, const char *behind)
{
	const char *name = message + strlen(before), *end;

	if (!starts_with(message, before))
		return NULL;
	end = strstr(name, behind);
	return end ? scope_printf("%.*s", (int)(end - name), name) : NULL;
}

const char *nearest_for_gdb(const char *text, const char *expression)
{
	const char *asked = "", *name;

	if ((name = name_in(text, "No symbol \"", "\" in ")))
		asked = nearest_symbol(name);
	else if ((name = name_in(text, "No struct type named ", ".")) ||
		 (name = name_in(text, "No union type named ", ".")))
		asked = nearest_reference(name);
	else if ((name = name_in(text, "There is no member named ", ".")))
		asked = gdb_member(expression, name);
	return *asked ? scope_printf("%.*s%s", (int)strcspn(text, ".\n"), text, asked) : text;
}
