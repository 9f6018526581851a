/* commands/whatis.c - the command whatis: the definition of a type, or the declaration of a symbol. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "bridge/gdb_bridge.h"
#include "names/types.h"
#include "shell/command.h"
#include "shell/nearest.h"
#include "shell/session.h"
#include "show/datashow.h"
#include "show/jsonshow.h"
#include "show/typesearch.h"
#include "symbols.h"

#include <ctype.h>
#include <stdlib.h>

/* "enum pid_type ": a line whose list of enumerators the caller fills and ends. */
static void begin_json_enum(const char *name)
{
	size_t length = strlen(name);

	json_object(NULL);
	json_printf("type", "%.*s", (int)(length && name[length - 1] == ' ' ? length - 1 : length),
		    name);
	json_list("enumerators");
}

static void put_json_enumerator(const char *name, s64 value)
{
	json_object(NULL);
	json_text("name", name);
	json_signed("value", value);
	json_end();
}

/* One line of KEY: NAME and its type; SIZE is left out when 0. */
static void put_json_type(const char *key, const char *name, const char *type, u64 size)
{
	json_object(NULL);
	if (key)
		json_text(key, name);
	json_text("type", type);
	if (size)
		json_number("size", size);
	json_end();
}

/*
 * "enum pid_type {PIDTYPE_PID, PIDTYPE_MAX = 4}": gdb writes a value only where counting does
 * not give it.
 */
static void show_enum(char *text)
{
	char *open = strchr(text, '{'), *close = strrchr(text, '}'), *rest;
	s64 value = 0;

	if (!open || !close || open > close) {
		out("%s\n", text);
		return;
	}
	*open++ = *close++ = '\0';
	if (json_on())
		begin_json_enum(text);
	else
		out("%s{\n", text);
	for (char *name = strtok_r(open, ",", &rest); name;
	     name = strtok_r(NULL, ",", &rest), value++) {
		char *equals = strchr(name, '=');

		while (*name == ' ')
			name++;
		if (equals) {
			value = strtoll(equals + 1, NULL, 0);
			equals[equals > name && equals[-1] == ' ' ? -1 : 0] = '\0';
		}
		if (json_on())
			put_json_enumerator(name, value);
		else
			out("  %s = %lld\n", name, value);
	}
	if (json_on()) {
		json_end();
		json_end();
	} else {
		out("}%s;\n", close);
	}
}

/*
 * "struct page", "union sigval": whichever NAME is, even if it says the other; NULL when
 * it is neither.
 */
static const char *aggregate_of(const char *name)
{
	static const char *const keywords[] = { "struct ", "union " };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keywords); i++) {
		if (!starts_with(name, keywords[i]))
			continue;
		if (type_exists(name))
			return name;
		name += strlen(keywords[i]);
	}
	for (i = 0; i < ARRAY_SIZE(keywords); i++) {
		const char *full = scope_printf("%s%s", keywords[i], name);

		if (type_exists(full))
			return full;
	}
	return NULL;
}

static bool show_symbol(const char *name)
{
	struct strbuf *type = scope_strbuf(), *error = scope_strbuf();
	const struct symbol *symbol = symbol_by_name(name);
	bool worked;
	char *text;

	if (!symbol)
		return false;
	worked = gdb_symbol_type(name, GDB_DWARF_IF_NEEDED, type, error);
	text = scope_strdup(strbuf_text(worked ? type : error));
	if (!worked && symbol->module)
		fail("%s; \"mod -s %s\" reads the module's", text, symbol->module->name);
	if (!worked)
		fail("%s", text);
	if (json_on())
		put_json_type("symbol", name, text, 0);
	else
		out("%s;\n", datashow_declaration(text, name));
	return true;
}

/* The type of an expression, with gdb's reason when it has none. */
static void show_expression(const char *expression)
{
	struct strbuf *type = scope_strbuf(), *error = scope_strbuf();
	bool worked = gdb_symbol_type(expression, GDB_DWARF_IF_NEEDED, type, error);
	char *text = scope_strdup(strbuf_text(worked ? type : error));

	if (!worked)
		fail("cannot resolve: %s: %s", expression, nearest_for_gdb(text, expression));
	if (json_on())
		put_json_type("expression", expression, text, 0);
	else
		out("%s\n", text);
}

/* What gdb says behind "type = "; NULL: it does not know the name. */
static char *ask_gdb(const char *command, const char *name)
{
	struct strbuf output = { 0 }, error = { 0 };
	bool known = gdb_run(scope_printf("%s %s", command, name), GDB_DWARF_IF_NEEDED, &output,
			     &error);
	char *text = scope_strdup(strbuf_text(&output));

	strbuf_free(&output);
	strbuf_free(&error);
	if (!known || !starts_with(text, "type = "))
		return NULL;
	text += strlen("type = ");
	if (ends_with(text, "\n"))
		text[strlen(text) - 1] = '\0';
	return text;
}

/* "enum pid_type = 0": the enum that it is of, and its value. */
static bool show_enumerator(const char *name)
{
	struct type type;
	char *text;
	s64 value;

	if (type_by_name(name, &type) || !enumerator_value(name, &value))
		return false;
	text = ask_gdb("whatis", name);
	if (!text)
		return false;
	if (!json_on()) {
		out("%s = %lld\n", text, value);
		return true;
	}
	json_object(NULL);
	json_text("enumerator", name);
	json_text("type", text);
	json_signed("value", value);
	json_end();
	return true;
}

/* A typedef, an enum or a type of the language. */
static bool show_other_type(const char *name, bool offsets, unsigned radix)
{
	char *text = ask_gdb("ptype", name);

	if (!text)
		return false;
	if (streq(text, "void")) {
		if (json_on())
			put_json_type(NULL, NULL, text, 0);
		else
			out("%s\n", text);
		return true;
	}
	if (starts_with(text, "enum ") && ends_with(text, "}")) {
		show_enum(text);
		return true;
	}
	if (offsets && !json_on() && ends_with(text, "}")) {
		datashow_offsets(name, NULL, radix);
		return true;
	}
	if (type_exists(name) && !streq(text, name)) {
		/* A function that returns an enum, say: its enumerators are not what was asked for. */
		if (starts_with(text, "enum ") && strchr(text, '{'))
			text = ask_gdb("whatis", name);
		if (!json_on())
			out("typedef %s;\n", datashow_declaration(text ? text : "?", name));
	}
	if (json_on()) {
		put_json_type("name", name, text, datashow_type_size(name));
		return true;
	}
	out(radix == 16 ? "SIZE: 0x%llx\n" : "SIZE: %llu\n", datashow_type_size(name));
	return true;
}

/* The words and stars of a type, rather than an expression. */
static bool is_type_text(const char *text)
{
	static const char words[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ";
	const char *rest = text + strspn(text, words);

	return *text != '*' && !isdigit((unsigned char)*text) && rest[strspn(rest, "* ")] == '\0';
}

/*
 * A pointer to a structure or to what a typedef names is shown as what it points to; to a type of
 * the language, as it is.
 */
static const char *pointed_to(const char *name)
{
	const char *star = is_type_text(name) ? strchr(name, '*') : NULL;
	size_t length = star ? (size_t)(star - name) : 0;
	const char *target, *text;

	while (length && name[length - 1] == ' ')
		length--;
	if (!length)
		return name;
	target = scope_printf("%.*s", (int)length, name);
	if (aggregate_of(target))
		return target;
	text = ask_gdb("whatis", target);
	return text && !streq(text, target) ? target : name;
}

/* "task_struct.comm[3]", also of a variable: words with dots between them. */
static bool is_reference(const char *text)
{
	static const char characters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ .[],";

	return !isdigit((unsigned char)*text) && strchr(text, '.') &&
	       text[strspn(text, characters)] == '\0';
}

static void show_member(const char *reference, unsigned radix)
{
	const char *dot = strchr(reference, '.');
	const char *name = scope_printf("%.*s", (int)(dot - reference), reference);
	const char *aggregate = aggregate_of(name);

	if (!aggregate) {
		show_expression(reference);
		return;
	}
	if (!datashow_has_member(aggregate, dot + 1))
		fail("cannot resolve: %s%s", reference, nearest_reference(reference));
	datashow_member_place(aggregate, dot + 1, NULL, radix);
}

/* "64" or "1000-1016", both ends included. */
static void parse_range(const char *text, struct typesearch_wish *wish)
{
	const char *dash = strchr(text, '-');
	const char *low = dash ? scope_printf("%.*s", (int)(dash - text), text) : text;

	if (!argument_try_number(low, &wish->smallest) ||
	    !argument_try_number(dash ? dash + 1 : text, &wish->largest) ||
	    wish->smallest > wish->largest)
		fail("-r wants a size or a range of sizes such as 64-128, not %s", text);
}

static void search(const struct args *args)
{
	struct typesearch_wish wish = { .largest = ~0ULL, .member = option_argument(args, "m") };

	args_check_words(args, "", 0, 0);
	if (option_given(args, "r"))
		parse_range(option_argument(args, "r"), &wish);
	if (!types_btf())
		fail("-r and -m go over all types: this kernel has no BTF to find them in");
	typesearch_print(&wish);
}

/* A structure or union, or one of its members. */
static bool show_json(const char *name)
{
	const char *dot = strchr(name, '.');
	const char *aggregate = aggregate_of(dot ? scope_printf("%.*s", (int)(dot - name), name)
						 : name);
	char *member = dot ? scope_strdup(dot + 1) : NULL;

	if (!aggregate || (dot && !datashow_has_member(aggregate, member)))
		return false;
	jsonshow_definition(aggregate, &member, dot != NULL, NULL);
	return true;
}

static void run_whatis(struct args *args)
{
	bool offsets = option_given(args, "o");
	unsigned radix = datashow_radix(args);
	struct strbuf *joined = scope_strbuf();
	const char *name, *aggregate;
	size_t i;

	if (option_given(args, "r") || option_given(args, "m")) {
		search(args);
		return;
	}
	args_check_words(args, "a name", 1, SIZE_MAX);
	for (i = 0; i < args->nr_words; i++)
		strbuf_printf(joined, "%s%s", i ? " " : "", args->words[i]);
	name = pointed_to(scope_strdup(strbuf_text(joined)));
	if (json_on() && show_json(name))
		return;
	if (is_reference(name)) {
		show_member(name, radix);
		return;
	}
	aggregate = aggregate_of(name);
	if (aggregate && offsets) {
		datashow_offsets(aggregate, NULL, radix);
	} else if (aggregate) {
		datashow_definition(aggregate, radix);
	} else if (!is_type_text(name)) {
		show_expression(name);
	} else if (!show_symbol(name) && !show_enumerator(name) &&
		   !show_other_type(name, offsets, radix) &&
		   !show_other_type(scope_printf("enum %s", name), false, radix)) {
		fail("cannot resolve: %s%s", name, nearest_name(name));
	}
}

COMMAND(whatis) = {
	.name = "whatis",
	.summary = "definition of a type or declaration of a symbol",
	.synopsis =
		"[-o] [-x | -d] struct | union | typedef | enum | type.member | symbol | expression\n"
		"[-r size | -r low-high] [-m member]",
	.options =
		(const struct option[]){
			{ "o", NULL, "offsets of a structure's or union's members" },
			{ "r", "size", "structures and unions of this size, or of low-high" },
			{ "m", "member", "those with a member whose type has this in its name" },
			{ "x", NULL, "sizes and offsets in hexadecimal" },
			{ "d", NULL, "sizes and offsets in decimal" },
			{ NULL, NULL, NULL },
		},
	.description =
		"Looks for structures and unions first, then symbols, then typedefs, enums and "
		"the types of the language. An enumerator is shown with its value, an expression "
		"(init_task.pid, &modules) with its type, a type of pointers with what it points "
		"to. Only the debug information knows the types of symbols.\n"
		"\n"
		"-r and -m, alone or together, list the structures and unions that fit, those of "
		"modules among them, by size. For -m a part of the member's type is enough: "
		"list_head, or \"mm_struct *\"; members of embedded structures count.",
	.example = "crash> whatis jiffies\n"
		   "volatile unsigned long jiffies;\n"
		   "crash> whatis vfs_read\n"
		   "ssize_t vfs_read(struct file *, char *, size_t, loff_t *);\n"
		   "crash> whatis -o list_head\n"
		   "struct list_head {\n"
		   "   [0] struct list_head *next;\n"
		   "   [8] struct list_head *prev;\n"
		   "}\n"
		   "SIZE: 16\n"
		   "crash> whatis pid_t\n"
		   "typedef int pid_t;\n"
		   "SIZE: 4\n"
		   "crash> whatis PIDTYPE_TGID\n"
		   "enum pid_type = 1\n"
		   "crash> whatis task_struct.pid\n"
		   "struct task_struct {\n"
		   "  [2432] pid_t pid;\n"
		   "}\n"
		   "crash> whatis -r 16 -m list_head\n"
		   "SIZE  TYPE\n"
		   "  16  aa_buffer\n"
		   "...\n"
		   "  16  list_head\n"
		   "...\n",
	.arguments = "type.member|symbol",
	.run = run_whatis,
};
