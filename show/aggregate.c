/* show/aggregate.c - what the commands struct and union do alike. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/aggregate.h"

#include "base/fail.h"
#include "base/out.h"
#include "base/table.h"
#include "bridge/gdb_bridge.h"
#include "containers/kpercpu.h"
#include "kernel/taskcontext.h"
#include "memory.h"
#include "names/types.h"
#include "shell/bridge_ops.h"
#include "shell/nearest.h"
#include "show/datashow.h"
#include "show/freenote.h"
#include "show/jsonshow.h"
#include "show/offline.h"
#include "show/typeshow.h"
#include "symbols.h"
#include "task.h"

#include <stdlib.h>

const char aggregate_synopsis[] =
	"name[.member[,member]...] [-o] [-l offset] [-p] [-r] [-u | -f] [-x | -d] "
	"[address | symbol][:cpus] [count | -c count]";

const struct option aggregate_options[] = {
	{ "o", NULL, "offsets of the members; with an address, their addresses" },
	{ "l", "offset", "the address is of a member: its offset, or struct.member" },
	{ "p", NULL, "show what pointer members point to" },
	{ "r", NULL, "the bytes of the object, or of the one member named, as rd shows them" },
	{ "u", NULL, "the address is in the current task's user space" },
	{ "f", NULL, "the address is an offset in the dump file" },
	{ "x", NULL, "numbers in hexadecimal" },
	{ "d", NULL, "numbers in decimal" },
	{ "c", "count", "this many objects of an array; negative: ending at the address" },
	{ "h", NULL, NULL },
	{ NULL, NULL, NULL },
};

struct request {
	const struct args *args;
	const char *aggregate; /* "struct page" */
	const char *name;
	char **members;
	size_t nr_members;
	unsigned radix;
	u64 size, address;
	s64 count;
	struct free_note freed;
	bool per_cpu; /* it is the copy of a per-cpu variable that CPU has */
	unsigned cpu;
};

static noreturn void fail_reference(const char *reference)
{
	fail("invalid data structure reference: %s%s", reference, nearest_reference(reference));
}

/* "page.flags,_refcount" into the name and its members. */
static void parse_reference(struct request *request, const char *word, const char *keyword)
{
	char *name = scope_strdup(word), *dot = strchr(name, '.'), *rest;
	enum type_kind kind;
	size_t i;

	if (dot) {
		*dot++ = '\0';
		request->members = scope_array(strlen(dot) / 2 + 1, sizeof(*request->members));
		for (char *m = strtok_r(dot, ",", &rest); m; m = strtok_r(NULL, ",", &rest))
			request->members[request->nr_members++] = m;
		if (!request->nr_members)
			fail_reference(word);
	}
	if (!*name ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")])
		fail_reference(word);
	request->name = name;
	request->aggregate = scope_printf("%s %s", keyword, name);
	if (types_available() && !type_exists(request->aggregate)) {
		enum type_kind wanted = streq(keyword, "struct") ? TYPE_STRUCT : TYPE_UNION;

		/* A typedef of one will do. */
		if (!type_kind_by_name(name, &kind))
			fail_reference(word);
		if (kind != wanted)
			fail("data type mismatch: %s is not a %s", name, keyword);
		request->aggregate = name;
	}
	for (i = 0; i < request->nr_members; i++) {
		if (!datashow_has_member(request->aggregate, request->members[i]))
			fail_reference(scope_printf("%s.%s", name, request->members[i]));
	}
}

/* -l: bytes from the object's start to the address given. */
static u64 embedded_offset(const struct request *request)
{
	const char *text = option_argument(request->args, "l");
	char *name, *dot;

	if (!text)
		return 0;
	dot = strchr(text, '.');
	if (!dot)
		return argument_number(text);
	name = scope_printf("struct %.*s", (int)(dot - text), text);
	return datashow_member_offset(name, dot + 1, NULL);
}

/* "console" of what gdb writes as 0xffff... "console". */
static bool put_string(const char *expression)
{
	const char *value = datashow_gdb(scope_printf("output %s", expression), 10);
	const char *quote = strchr(value, '"');

	if (quote)
		out("%s\n", quote);
	return quote != NULL;
}

/* -p: "  struct task_struct *parent = 0x..." and the object it points to below. */
static void show_pointer_target(const struct request *request, const char *path)
{
	const char *expression = scope_printf("((%s *)0x%llx)->%s", request->aggregate,
					      request->address, path);
	char *type = datashow_gdb(scope_printf("whatis %s", expression), 10) + strlen("type = ");
	u64 target = 0, offset;
	const struct symbol *symbol;

	if (!ends_with(type, "*") ||
	    !gdb_evaluate(expression, GDB_DWARF_IF_NEEDED, &target, NULL)) {
		datashow_member(request->aggregate, request->address, path, request->radix);
		return;
	}
	out("  %s = 0x%llx\n  -> ", datashow_declaration(type, path), target);
	if (!target) {
		out("NULL\n");
		return;
	}
	if (streq(type, "void *") || streq(type, "const void *")) {
		out("(unknown target type)\n");
		return;
	}
	if (put_string(expression))
		return;
	symbol = symbol_at(target, &offset);
	if (symbol && !offset && !address_is_text(target))
		out("<%s> ", symbol->name);
	datashow_value(scope_printf("*%s", expression), true, "     ", request->radix);
	out("\n");
}

struct followed {
	const struct request *request;
	const char *name;
};

static void follow(void *arg)
{
	const struct followed *followed = arg;

	show_pointer_target(followed->request, followed->name);
}

/* -p of a whole object: the lines of it, but for those of its own pointers, which are followed. */
static void show_following_pointers(const struct request *request)
{
	char *rest, *text = datashow_gdb(scope_printf("output *(%s *)0x%llx", request->aggregate,
						      request->address),
					 request->radix);

	out("%s ", datashow_object_head(request->aggregate));
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		size_t length = starts_with(line, "  ") ? strcspn(line + 2, " ") : 0;
		const char *name = scope_printf("%.*s", (int)length, line + (length ? 2 : 0));

		struct followed followed = { request, name };
		struct failure failure;

		interrupt_check();
		if (!length || !starts_with(line + 2 + length, " = 0x") ||
		    !datashow_has_member(request->aggregate, name)) {
			out("%s\n", line);
			continue;
		}
		/* A pointer to nowhere costs no more than what it points to. */
		if (!protect_row(follow, &followed, &failure))
			out("(%s)\n", failure.text);
	}
}

/* In the largest units that SIZE is a multiple of, so that nothing behind the object is shown. */
static void show_raw(const struct request *request)
{
	u64 address = request->address, size = request->size, unit = 8;

	if (request->nr_members > 1)
		fail("-r shows one member only, or the whole object");
	if (request->nr_members)
		address += datashow_member_offset(request->aggregate, request->members[0], &size);
	if (!size)
		fail("%s has no bytes",
		     request->nr_members ? request->members[0] : request->aggregate);
	while (size % unit)
		unit /= 2;
	command_run(command_find("rd"), scope_printf("%s-%llu %llx %llu",
						     option_given(request->args, "u")	? "-u "
						     : option_given(request->args, "f") ? "-f "
											: "",
						     unit * 8, address, (size / unit)));
}

static void put_json_members(void *arg)
{
	const struct request *request = arg;
	enum address_space space = option_given(request->args, "u")   ? SPACE_USER
				   : option_given(request->args, "f") ? SPACE_FILE
								      : SPACE_KERNEL;

	jsonshow_members(request->aggregate, request->address, request->members,
			 request->nr_members, space);
	if (option_given(request->args, "p"))
		jsonshow_targets(request->aggregate, request->address, request->members,
				 request->nr_members, space);
}

static void show_members(void *arg)
{
	const struct request *request = arg;
	bool follow_pointers = option_given(request->args, "p");

	if (!request->nr_members && follow_pointers)
		show_following_pointers(request);
	else if (!request->nr_members)
		datashow_object(request->aggregate, request->address, request->radix);
	for (size_t i = 0; i < request->nr_members; i++) {
		interrupt_check();
		if (follow_pointers)
			show_pointer_target(request, request->members[i]);
		else
			datashow_member(request->aggregate, request->address, request->members[i],
					request->radix);
	}
}

static const struct column object_columns[] = {
	{ "type", NULL, .kind = CELL_TEXT },
	{ "address", NULL, .kind = CELL_ADDRESS },
	{ "cpu", NULL, .kind = CELL_NUMBER },
	{ 0 },
};

static void put_object(struct row *row, UNUSED size_t index, void *arg)
{
	static const struct form_writer writer = { show_members, put_json_members };
	struct request *request = arg;

	row_text(row, request->aggregate);
	row_address(row, request->address);
	if (request->per_cpu)
		row_number(row, request->cpu);
	else
		row_none(row);
	row_form(row, &writer, request);
}

static void show_definition(const struct request *request, const u64 *address)
{
	typeshow(&(struct shown_type){ .aggregate = request->aggregate,
				       .members = request->members,
				       .nr_members = request->nr_members,
				       .offsets = option_given(request->args, "o"),
				       .address = address,
				       .radix = request->radix });
}

/* Not of an address that is no kernel's. */
static void look_if_free(struct request *request)
{
	if (!option_given(request->args, "u") && !option_given(request->args, "f"))
		free_note_look(&request->freed, request->address);
}

static void show_object(struct request *request)
{
	if (option_given(request->args, "r"))
		show_raw(request);
	else if (option_given(request->args, "o"))
		show_definition(request, &request->address);
	else
		table_show(&ONE_ROW("struct", object_columns, put_object, request, .whole = true));
}

static void show_array(struct request *request)
{
	u64 nr = request->count < 0 ? -(u64)request->count : (u64)request->count;
	u64 i;

	if (request->count < 0)
		request->address -= (nr - 1) * request->size;
	for (i = 0; i < nr; i++, request->address += request->size) {
		interrupt_check();
		if (i)
			table_remark("\n");
		show_object(request);
		look_if_free(request);
	}
	free_note_end(&request->freed);
}

static void show_per_cpu(struct request *request, const char *cpus)
{
	const struct task *task = task_current();
	u64 base = request->address;
	struct cpu_mask mask = { 0 };
	struct strbuf *why = scope_strbuf();
	unsigned cpu;

	if (!*cpus)
		cpu_mask_parse(scope_printf("%u", task ? task->cpu : 0), &mask, why);
	else if (!cpu_mask_parse(streq(cpus, "a") ? "all" : cpus, &mask, why))
		fail_with(why);
	for (cpu = cpu_mask_next(&mask, 0); cpu < MAX_CPUS; cpu = cpu_mask_next(&mask, cpu + 1)) {
		if (offline_hides_cpu(cpu)) {
			datashow_offline_cpu(cpu);
			continue;
		}
		request->address = percpu_address(base, cpu);
		request->per_cpu = true;
		request->cpu = cpu;
		table_remark("[%u]: %llx\n", cpu, request->address);
		show_array(request);
	}
}

static s64 parse_count(const struct args *args)
{
	const char *text = option_argument(args, "c");
	char *end;
	s64 count;

	if (!text && args->nr_words > 2)
		text = args->words[2];
	if (!text)
		return 1;
	count = strtoll(text, &end, 0);
	if (*end || !count || count > 1 << 20 || count < -(1 << 20))
		fail("not a count of objects: %s (1 to %d, or negative)", text, 1 << 20);
	return count;
}

/* A number may be anything: an offset into the CPUs' areas, as in a pointer from alloc_percpu(). */
static bool is_plain_variable(const char *word)
{
	const struct symbol *symbol = symbol_by_name(word);

	return symbol && !percpu_is_variable(symbol);
}

void aggregate_run(struct args *args, const char *keyword)
{
	struct request request = { .args = args, .radix = datashow_radix(args) };
	char *where, *cpus;

	args_check_words(args, scope_printf("the name of a %s", keyword), 1, 3);
	parse_reference(&request, args->words[0], keyword);
	if (args->nr_words == 1) {
		show_definition(&request, NULL);
		return;
	}
	where = scope_strdup(args->words[1]);
	cpus = strchr(where, ':');
	if (cpus)
		*cpus++ = '\0';
	if (cpus && is_plain_variable(where)) {
		warn("%s is no per-cpu variable; :%s is ignored", where, cpus);
		cpus = NULL;
	}
	request.address = argument_address(where) - embedded_offset(&request);
	request.size = datashow_type_size(request.aggregate);
	request.count = parse_count(args);
	if (option_given(args, "u") && option_given(args, "f"))
		fail("-u and -f exclude each other");
	if (option_given(args, "u"))
		bridge_ops_use_space(SPACE_USER);
	else if (option_given(args, "f"))
		bridge_ops_use_space(SPACE_FILE);
	if (cpus)
		show_per_cpu(&request, cpus);
	else
		show_array(&request);
}
