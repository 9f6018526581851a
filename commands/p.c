/* commands/p.c - the command p: the value of an expression, or of a per-cpu variable. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/json.h"
#include "base/table.h"
#include "bridge/gdb_bridge.h"
#include "containers/kpercpu.h"
#include "kernel/taskcontext.h"
#include "memory.h"
#include "shell/bridge_ops.h"
#include "shell/command.h"
#include "shell/gdb_settings.h"
#include "show/datashow.h"
#include "show/jsonshow.h"
#include "show/offline.h"
#include "symbols.h"
#include "task.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

struct request {
	unsigned radix;
	bool user;
	const char *expression;
};

static bool is_word(const char *text, size_t length)
{
	size_t i;

	if (!length || isdigit((unsigned char)text[0]))
		return false;
	for (i = 0; i < length; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '_')
			return false;
	}
	return true;
}

/*
 * "(struct page *) 0xffffea0000000000", "{int (void)} 0xffffffff81000000
 * <f>", "0xffffffff82000000 \"text\"".
 */
static bool is_address(const char *text, u64 *address)
{
	const char *digits = *text == '('		       ? strstr(text, ") 0x")
			     : *text == '{' && text[1] != '\n' ? strstr(text, "} 0x")
							       : NULL;
	char *end;

	if (digits)
		digits += 2;
	else if (starts_with(text, "0x") && strchr(text, ' '))
		digits = text;
	else
		return false;
	*address = strtoull(digits, &end, 16);
	return !*end || *end == ' ';
}

/* Does END, behind a number, end it? gdb writes a char as 65 'A'. */
static bool ends_number(const char *text, const char *end)
{
	return end != text && errno == 0 && (!*end || starts_with(end, " '"));
}

/* What TEXT, as gdb writes it, says when it is one word. */
static void put_word(struct row *row, const char *text)
{
	bool is_name = isalpha((unsigned char)*text) || *text == '_';
	char *end;
	u64 address;
	s64 number;
	double real;

	errno = 0;
	number = *text == '-' ? strtoll(text, &end, 0) : (s64)strtoull(text, &end, 0);
	if (ends_number(text, end)) {
		if (*text == '-')
			row_signed(row, number);
		else
			row_number(row, (u64)number);
		return;
	}
	errno = 0;
	real = strtod(text, &end); /* "inf" and "nan(0x8000)" as well: null in JSON */
	if (ends_number(text, end))
		row_real(row, real);
	else if (is_address(text, &address))
		row_address(row, address);
	else if (streq(text, "true") || streq(text, "false"))
		row_flag(row, streq(text, "true"));
	else if (is_name && is_word(text, strlen(text))) /* of an enum */
		row_text(row, text);
	else
		row_none(row);
}

struct shown_value {
	const struct request *request;
	const char *expression;
	const char *label; /* what the user calls it */
	bool labelled; /* for readers */
	const char *text; /* gdb's, "$3 = ..." */
	const unsigned *cpu; /* whose copy; NULL: it is none */
};

/* Behind "$3 = ". */
static const char *value_of(const char *text)
{
	const char *value = strstr(text, " = ");

	return value ? value + strlen(" = ") : text;
}

/*
 * "$3 = {..." of a variable is labelled; an array or a function on one line begins a line
 * of its own.
 */
static const char *labelled(const struct shown_value *shown)
{
	const char *text = shown->text, *value = value_of(text);

	if (!shown->labelled)
		return text;
	if (*value == '{' && value[1] != '\n')
		return scope_printf("%s = %.*s\n %s", shown->label, (int)(value - text), text,
				    value);
	return scope_printf("%s = %s", shown->label, text);
}

struct in_memory {
	struct type type;
	u64 address;
	enum address_space space;
};

static void put_in_memory(void *arg)
{
	const struct in_memory *object = arg;

	jsonshow_value("value", object->type, object->address, object->space);
}

static void put_json_object(void *arg)
{
	json_protect("value", put_in_memory, arg);
}

/*
 * Of a structure, a union or a string, whose text only a reader can take apart. False: it
 * is none, or nowhere in memory.
 */
static bool put_object(struct row *row, const struct shown_value *shown, const char *type)
{
	static const struct form_writer writer = { .json = put_json_object };
	struct in_memory object = { .space = shown->request->user ? SPACE_USER : SPACE_KERNEL };
	char text[4096];

	while (starts_with(type, "const ") || starts_with(type, "volatile "))
		type = strchr(type, ' ') + 1;
	if (starts_with(type, "char [") && !shown->request->user) {
		if (!gdb_evaluate(shown->expression, GDB_DWARF_IF_NEEDED, &object.address, NULL) ||
		    !mem_try_string(object.address, text, sizeof(text), NULL))
			return false;
		row_none(row);
		row_text(row, scope_strdup(text));
		return true;
	}
	if (!type_by_name(type, &object.type) ||
	    (type_kind(object.type) != TYPE_STRUCT && type_kind(object.type) != TYPE_UNION) ||
	    !gdb_evaluate(scope_printf("&(%s)", shown->expression), GDB_DWARF_IF_NEEDED,
			  &object.address, NULL))
		return false;
	row_address(row, object.address);
	row_form(row, &writer, &object);
	row_none(row);
	return true;
}

static const struct column value_columns[] = {
	{ "expression", NULL, .kind = CELL_TEXT },
	{ "cpu", NULL, .kind = CELL_NUMBER },
	{ "type", NULL, .kind = CELL_TEXT },
	{ "text", "", .kind = CELL_TEXT },
	{ "address", NULL, .kind = CELL_ADDRESS },
	{ "value", NULL, .kind = CELL_ANY, .decimals = -1 },
	{ 0 },
};

/* Readers do without: it may take the debug information. */
static const char *type_of(const struct row *row, const char *expression)
{
	struct strbuf *type = scope_strbuf();

	return row_wants(row) && gdb_symbol_type(expression, GDB_DWARF_IF_NEEDED, type, NULL)
		       ? strbuf_text(type)
		       : NULL;
}

static void put_shown_value(struct row *row, UNUSED size_t index, void *arg)
{
	const struct shown_value *shown = arg;
	const char *type;

	row_text(row, shown->label);
	if (shown->cpu)
		row_number(row, *shown->cpu);
	else
		row_none(row);
	type = type_of(row, shown->expression);
	if (type)
		row_text(row, type);
	else
		row_none(row);
	row_text(row, value_of(shown->text));
	row_shown(row, labelled(shown));
	if (!row_wants(row)) {
		row_none(row);
		row_none(row);
	} else if (!type || !put_object(row, shown, type)) {
		row_none(row);
		put_word(row, value_of(shown->text));
	}
}

static void show_value(struct shown_value shown)
{
	shown.text = datashow_gdb(scope_printf("print %s", shown.expression), shown.request->radix);
	table_show(&ONE_ROW("p", value_columns, put_shown_value, &shown, .whole = true));
}

/* What gdb cannot say of a module's symbol, the module's own debug information may. */
static char *typeof_symbol(const struct symbol *symbol)
{
	struct strbuf *type = scope_strbuf(), *error = scope_strbuf();
	bool worked = gdb_symbol_type(symbol->name, GDB_DWARF_IF_NEEDED, type, error);
	char *text = scope_strdup(strbuf_text(worked ? type : error));

	if (!worked && symbol->module)
		fail("%s; \"mod -s %s\" reads the module's", text, symbol->module->name);
	if (!worked)
		fail("%s", text);
	return text;
}

static const struct column places_columns[] = {
	{ "symbol", NULL, .kind = CELL_TEXT },
	{ "type", "", .kind = CELL_TEXT },
	{ 0 },
};

static const struct column place_columns[] = {
	{ "cpu", "", CELL_NUMBER, .before = "  [", .after = "]: " },
	{ "address", "", CELL_ADDRESS, .before = "" },
	{ 0 },
};

struct places {
	const struct symbol *symbol;
	const char *type;
	unsigned nr_cpus, cpus[MAX_CPUS];
};

static void put_place(struct row *row, size_t index, void *arg)
{
	const struct places *places = arg;
	unsigned cpu = places->cpus[index];

	row_number(row, cpu);
	row_address(row, percpu_address(places->symbol->value, cpu));
}

static void put_places(struct row *row, UNUSED size_t index, void *arg)
{
	struct places *places = arg;
	const struct table addresses = { .name = "p",
					 .columns = place_columns,
					 .count = places->nr_cpus,
					 .put = put_place,
					 .arg = places,
					 .headings = HEADINGS_NEVER,
					 .key = "addresses" };

	row_text(row, places->symbol->name);
	row_text(row, places->type);
	row_shown(row, scope_printf("PER-CPU DATA TYPE:\n  %s;\nPER-CPU ADDRESSES:",
				    datashow_declaration(places->type, places->symbol->name)));
	row_children(row, &addresses);
}

static void show_percpu_places(const struct symbol *symbol)
{
	const struct cpu_mask *possible = cpus_possible();
	struct places *places = scope_alloc(sizeof(*places));

	places->symbol = symbol;
	places->type = typeof_symbol(symbol);
	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1))
		places->cpus[places->nr_cpus++] = cpu;
	table_show(&ONE_ROW("p", places_columns, put_places, places));
}

/* PATH: "" for the whole variable, or ".nr_running". */
static void show_percpu_values(const struct request *request, const struct symbol *symbol,
			       const char *path, const char *spec)
{
	const struct task *task = task_current();
	struct cpu_mask mask = { 0 };
	struct strbuf *why = scope_strbuf();
	char *type = typeof_symbol(symbol);
	unsigned cpu;

	if (!*spec)
		spec = scope_printf("%u", task ? task->cpu : 0);
	if (!cpu_mask_parse(streq(spec, "a") ? "all" : spec, &mask, why))
		fail_with(why);
	for (cpu = cpu_mask_next(&mask, 0); cpu < MAX_CPUS; cpu = cpu_mask_next(&mask, cpu + 1)) {
		struct shown_value shown = { .request = request, .labelled = true, .cpu = &cpu };

		interrupt_check();
		if (offline_hides_cpu(cpu)) {
			datashow_offline_cpu(cpu);
			continue;
		}
		shown.expression = scope_printf(*path ? "({%s} 0x%llx)%s" : "{%s} 0x%llx%s", type,
						percpu_address(symbol->value, cpu), path);
		shown.label = scope_printf("per_cpu(%s, %u)%s", symbol->name, cpu, path);
		show_value(shown);
	}
}

/* The expression is what follows the options, as typed: it may have dashes and quotes. */
static void parse(struct args *args, struct request *request)
{
	const char *text = args->line;

	*request = (struct request){ .radix = gdb_settings.radix, .expression = text };
	for (size_t i = 0; i < args->nr_options; i++) {
		const char *name = args->options[i].option->name;

		if (streq(name, "u"))
			request->user = true;
		else
			request->radix = streq(name, "d") ? 10 : 16;
	}
	if (!*text)
		usage_fail(args);
}

/* The symbol that the expression begins with; PATH becomes what follows it. NULL: none. */
static const struct symbol *first_symbol(const char *expression, const char **path)
{
	size_t length = 0;

	while (isalnum((unsigned char)expression[length]) || expression[length] == '_')
		length++;
	*path = expression + length;
	if (!is_word(expression, length))
		return NULL;
	return symbol_by_name(scope_printf("%.*s", (int)length, expression));
}

/* "runqueues", "runqueues:a", "runqueues.nr_running:0". False: an expression like any other. */
static bool show_percpu(const struct request *request, const struct symbol *symbol,
			const char *path)
{
	static const char characters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.[]";
	size_t length = strspn(path, characters);
	const char *member = scope_printf("%.*s", (int)length, path);

	if (path[length] == ':')
		show_percpu_values(request, symbol, member, path + length + 1);
	else if (path[length])
		return false;
	else if (*member)
		fail("%s is a per-cpu variable: \"p %s%s:a\" shows every CPU's", symbol->name,
		     symbol->name, member);
	else
		show_percpu_places(symbol);
	return true;
}

static void run_p(struct args *args)
{
	struct request request;
	const struct symbol *symbol;
	const char *path;

	parse(args, &request);
	symbol = first_symbol(request.expression, &path);
	if (symbol && percpu_is_variable(symbol) && show_percpu(&request, symbol, path))
		return;
	if (symbol && *path == ':') {
		warn("%s is no per-cpu variable; %s is ignored", symbol->name, path);
		request.expression = symbol->name;
		path = "";
	}
	if (symbol && symbol->module)
		typeof_symbol(symbol);
	if (request.user)
		bridge_ops_use_space(SPACE_USER);
	show_value((struct shown_value){ .request = &request,
					 .expression = request.expression,
					 .label = request.expression,
					 .labelled = symbol && !*path });
}

COMMAND(p) = {
	.name = "p",
	.summary = "print the value of an expression",
	.synopsis = "[-x | -d] [-u] expression | symbol[.member]:[cpus]",
	.options =
		(const struct option[]){
			{ "x", NULL, "numbers in hexadecimal" },
			{ "d", NULL, "numbers in decimal" },
			{ "u", NULL,
			  "addresses in the expression are in the current task's user space" },
			{ "h", NULL, NULL },
			{ NULL, NULL, NULL },
		},
	.description =
		"The expression is a C expression with the kernel's symbols and types; gdb's "
		"print evaluates it. Only the debug information knows the types of plain "
		"variables; it is read when the first of them is needed. Casts (`p *(struct "
		"list_head *)&modules`) do not need it.\n"
		"\n"
		"A per-cpu variable alone shows its type and where each CPU's copy is. \":cpus\" "
		"shows the values: \":\" that of the current CPU, \":a\" all, \":0,2-3\" those of "
		"these CPUs. A member may come between: `p runqueues.nr_running:a`.",
	.example = "crash> p jiffies\n"
		   "jiffies = $1 = 4294901746\n"
		   "crash> p -x init_task.flags\n"
		   "$2 = 0x4200002\n"
		   "crash> p ((struct list_head *)&modules)->next\n"
		   "$3 = (struct list_head *) 0xffffffffc0965f48 <__this_module+8>\n"
		   "crash> p runqueues\n"
		   "PER-CPU DATA TYPE:\n"
		   "  struct rq runqueues;\n"
		   "PER-CPU ADDRESSES:\n"
		   "  [0]: ffff8ae4cee35e80\n"
		   "  [1]: ffff8ae4cef35e80\n"
		   "crash> p runqueues.nr_running:a\n"
		   "per_cpu(runqueues, 0).nr_running = $4 = 0\n"
		   "per_cpu(runqueues, 1).nr_running = $5 = 1\n",
	.arguments = "expression ...",
	.run = run_p,
	.flags = COMMAND_RAW_LINE | COMMAND_OPTIONS_ANYWHERE,
};
