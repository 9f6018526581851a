/* commands/whatis.c - the command whatis: the definition of a type, or the declaration of a symbol. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "bridge/gdb_bridge.h"
#include "names/types.h"
#include "shell/command.h"
#include "shell/nearest.h"
#include "shell/session.h"
#include "show/datashow.h"
#include "show/typesearch.h"
#include "show/typeshow.h"
#include "symbols.h"

#include <ctype.h>
#include <stdlib.h>

/* What is found behind a name that is no structure: the keys of programs say what it is. */
struct answer {
	const char *symbol, *expression, *enumerator, *name; /* NULL: it is none */
	const char *type;
	const char *shown; /* to readers, for the type; "": nothing */
	const s64 *value;
	const u64 *size;
	unsigned radix; /* of the size */
};

static const struct column answer_columns[] = {
	{ "symbol", NULL, .kind = CELL_TEXT },
	{ "expression", NULL, .kind = CELL_TEXT },
	{ "enumerator", NULL, .kind = CELL_TEXT },
	{ "name", NULL, .kind = CELL_TEXT },
	{ "type", "", .kind = CELL_TEXT },
	{ "value", NULL, .kind = CELL_SIGNED },
	{ "size", "SIZE", CELL_SIZE, .align = ALIGN_LEFT },
	{ 0 },
};

static void put_text_or_none(struct row *row, const char *text)
{
	if (text)
		row_text(row, text);
	else
		row_none(row);
}

static void put_answer(struct row *row, UNUSED size_t index, void *arg)
{
	const struct answer *answer = arg;

	put_text_or_none(row, answer->symbol);
	put_text_or_none(row, answer->expression);
	put_text_or_none(row, answer->enumerator);
	put_text_or_none(row, answer->name);
	row_text(row, answer->type);
	row_shown(row, answer->shown);
	if (answer->value)
		row_signed(row, *answer->value);
	else
		row_none(row);
	if (!answer->size) {
		row_none(row);
		return;
	}
	row_size(row, *answer->size);
	if (answer->radix == 16)
		row_shown(row, scope_printf("0x%llx", *answer->size));
}

static void show_answer(struct answer answer)
{
	table_show(&ONE_ROW("whatis", answer_columns, put_answer, &answer, .labels = 1));
}

/* "enum pid_type {": its enumerators follow, and "};". */
struct enumeration {
	const char *type, *opening, *closing;
	struct {
		const char *name;
		s64 value;
	} * enumerators;
	size_t count;
};

static const struct column enumeration_columns[] = {
	{ "type", "", .kind = CELL_TEXT },
	{ NULL, "", CELL_TEXT, .before = "" },
	{ 0 },
};

static const struct column enumerator_columns[] = {
	{ "name", "", CELL_TEXT, .before = "  " },
	{ "value", "", CELL_SIGNED, .before = " = " },
	{ 0 },
};

static void put_enumerator(struct row *row, size_t index, void *arg)
{
	const struct enumeration *enumeration = arg;

	row_text(row, enumeration->enumerators[index].name);
	row_signed(row, enumeration->enumerators[index].value);
}

static void put_enumeration(struct row *row, UNUSED size_t index, void *arg)
{
	struct enumeration *enumeration = arg;
	const struct table enumerators = { .name = "whatis",
					   .columns = enumerator_columns,
					   .count = enumeration->count,
					   .put = put_enumerator,
					   .arg = enumeration,
					   .headings = HEADINGS_NEVER,
					   .key = "enumerators" };

	row_text(row, enumeration->type);
	row_shown(row, enumeration->opening);
	row_children(row, &enumerators);
	row_text(row, enumeration->closing);
}

/* The names and values of LIST, which ends with its closing brace. */
static void read_enumerators(struct enumeration *enumeration, char *list)
{
	size_t most = 1;
	s64 value = 0;
	char *rest;

	for (const char *c = list; *c; c++)
		most += *c == ',';
	enumeration->enumerators = scope_array(most, sizeof(*enumeration->enumerators));
	for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(name, '=');

		while (*name == ' ')
			name++;
		/* gdb writes a value only where counting does not give it. */
		if (equals) {
			value = strtoll(equals + 1, NULL, 0);
			equals[equals > name && equals[-1] == ' ' ? -1 : 0] = '\0';
		}
		enumeration->enumerators[enumeration->count].name = name;
		enumeration->enumerators[enumeration->count++].value = value++;
	}
}

/* "enum pid_type {PIDTYPE_PID, PIDTYPE_MAX = 4}". False: TEXT is something else. */
static bool show_enum(const char *text)
{
	struct enumeration enumeration = { 0 };
	const char *open = strchr(text, '{'), *close = strrchr(text, '}');
	size_t length = open ? (size_t)(open - text) : 0;

	if (!starts_with(text, "enum ") || !open || !close || close < open || close[1])
		return false;
	enumeration.opening = scope_printf("%.*s{", (int)length, text);
	while (length && text[length - 1] == ' ')
		length--;
	enumeration.type = scope_printf("%.*s", (int)length, text);
	enumeration.closing = "};";
	read_enumerators(&enumeration, scope_printf("%.*s", (int)(close - open - 1), open + 1));
	table_show(&ONE_ROW("whatis", enumeration_columns, put_enumeration, &enumeration));
	return true;
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
	show_answer(
		(struct answer){ .symbol = name,
				 .type = text,
				 .shown = scope_printf("%s;", datashow_declaration(text, name)) });
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
	show_answer((struct answer){ .expression = expression, .type = text });
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
	show_answer((struct answer){ .enumerator = name,
				     .type = text,
				     .shown = scope_printf("%s = %lld", text, value),
				     .value = &value });
	return true;
}

/* A typedef, an enum or a type of the language. */
static bool show_other_type(const char *name, bool offsets, unsigned radix)
{
	char *text = ask_gdb("ptype", name);
	const char *shown = "";
	u64 size;

	if (!text)
		return false;
	if (streq(text, "void")) {
		show_answer((struct answer){ .type = text });
		return true;
	}
	if (show_enum(text))
		return true;
	if (offsets && ends_with(text, "}")) {
		typeshow(&(struct shown_type){ name, .offsets = true, .radix = radix });
		return true;
	}
	if (type_exists(name) && !streq(text, name)) {
		/* A function that returns an enum, say: nobody asked for its enumerators. */
		if (starts_with(text, "enum ") && strchr(text, '{'))
			text = ask_gdb("whatis", name);
		shown = scope_printf("typedef %s;", datashow_declaration(text ? text : "?", name));
	}
	size = datashow_type_size(name);
	show_answer((struct answer){
		.name = name, .type = text, .shown = shown, .size = &size, .radix = radix });
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
	char *member;

	if (!aggregate) {
		show_expression(reference);
		return;
	}
	if (!datashow_has_member(aggregate, dot + 1))
		fail("cannot resolve: %s%s", reference, nearest_reference(reference));
	member = scope_strdup(dot + 1);
	typeshow(&(struct shown_type){
		.aggregate = aggregate, .members = &member, .nr_members = 1, .radix = radix });
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
	if (is_reference(name)) {
		show_member(name, radix);
		return;
	}
	aggregate = aggregate_of(name);
	if (aggregate) {
		typeshow(&(struct shown_type){ aggregate, .offsets = offsets, .radix = radix });
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
	.synopsis = "[-o] [-x | -d] struct | union | typedef | enum | type.member | "
		    "symbol | expression\n"
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
		"(init_task.pid, &modules) with its type, a pointer type with what it points to. "
		"Only the debug information knows the types of symbols.\n"
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
