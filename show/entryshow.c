/* show/entryshow.c - what -s and -S of list and tree show of each entry; offsets as both take them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/entryshow.h"

#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "bridge/gdb_bridge.h"
#include "memory.h"
#include "names/types.h"
#include "shell/nearest.h"
#include "shell/outcome.h"
#include "shell/session.h"
#include "show/datashow.h"
#include "show/jsonshow.h"
#include "symbols.h"

#include <stdio.h>

/* Text members longer than this are left to gdb. */
#define MAX_TEXT 4096

/* "struct NAME", "union NAME", or NAME itself when it is a typedef of one. NULL: none of them. */
static const char *aggregate_of(const char *name)
{
	static const char *const keywords[] = { "struct ", "union ", "" };
	u64 size;

	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		const char *full = scope_printf("%s%s", keywords[i], name);

		if (types_available() ? type_exists(full) : gdb_type_size(full, &size, NULL))
			return full;
	}
	return NULL;
}

static void parse_view(struct entry_view *view, const char *word)
{
	char *name = scope_strdup(word), *dot = strchr(name, '.'), *rest = NULL;

	if (dot)
		*dot++ = '\0';
	view->name = name;
	view->aggregate = *name ? aggregate_of(name) : NULL;
	if (!view->aggregate || (dot && !*dot))
		fail("invalid data structure reference: %s%s", word,
		     view->aggregate ? "" : nearest_reference(name));
	if (!dot)
		return;
	view->members = scope_array(strlen(dot) / 2 + 1, sizeof(*view->members));
	for (char *m = strtok_r(dot, ",", &rest); m; m = strtok_r(NULL, ",", &rest)) {
		if (!datashow_has_member(view->aggregate, m))
			fail("invalid data structure member reference: %s.%s%s", name, m,
			     nearest_reference(scope_printf("%s.%s", name, m)));
		view->members[view->nr_members++] = m;
	}
	if (!view->nr_members)
		fail("invalid data structure reference: %s", word);
}

void entry_show_parse(const struct args *args, struct entry_show *show)
{
	*show = (struct entry_show){ .radix = datashow_radix(args) };
	show->views = scope_array(args->nr_options + 1, sizeof(*show->views));
	for (size_t i = 0; i < args->nr_options; i++) {
		const struct given_option *given = &args->options[i];
		struct entry_view *view = &show->views[show->nr_views];

		if (!streq(given->option->name, "s") && !streq(given->option->name, "S"))
			continue;
		view->direct = streq(given->option->name, "S");
		parse_view(view, given->argument);
		show->nr_views++;
	}
}

static bool is_text(const struct member *member)
{
	return member->type.btf && type_kind(member->type) == TYPE_ARRAY &&
	       type_size(type_target(member->type)) == 1 && member->size &&
	       member->size <= MAX_TEXT;
}

static void put_quoted(const char *text)
{
	out("\"");
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			out("\\%c", *c);
		else if (*c >= ' ' && *c < 0x7f)
			out("%c", *c);
		else
			out("\\%03o", (u8)*c);
	}
	out("\"");
}

static void show_text(const struct member *member, u64 address, const char *path)
{
	char *text = scope_alloc(member->size + 1);

	mem_read(address, text, member->size, path);
	out("  %s = ", path);
	put_quoted(text);
	out("\n");
}

/* " <vfs_read>" behind a number that is a symbol's address. */
static void put_symbol(u64 value)
{
	u64 offset;
	const struct symbol *symbol = symbol_at(value, &offset);

	if (symbol && !offset)
		out(" <%s>", symbol->name);
}

/* Pointers are addresses in any radix; one to characters has them beside it. */
static void show_pointer(const struct member *member, u64 value, const char *path)
{
	struct type target = type_target(member->type);
	char text[256];

	out("  %s = 0x%llx", path, value);
	if (value && type_kind(target) == TYPE_INT && type_size(target) == 1 &&
	    mem_try_string(value, text, sizeof(text), NULL)) {
		out("  ");
		put_quoted(text);
	} else {
		put_symbol(value);
	}
	out("\n");
}

static void show_number(u64 value, size_t size, const char *path, unsigned radix)
{
	out(radix == 16 ? "  %s = 0x%llx" : "  %s = %llu", path, value);
	if (size == 8)
		put_symbol(value);
	out("\n");
}

/* Read as one number: a structure of such a size too, as an atomic_t. */
static bool is_number(enum type_kind kind, u64 size)
{
	bool scalar = kind == TYPE_INT || kind == TYPE_ENUM || kind == TYPE_POINTER ||
		      kind == TYPE_STRUCT || kind == TYPE_UNION;

	return scalar && (size == 1 || size == 2 || size == 4 || size == 8);
}

/* False: a kind of member that only gdb can lay out. */
static bool show_directly(const struct entry_view *view, u64 object, const char *path,
			  unsigned radix)
{
	struct member member;
	enum type_kind kind;
	u64 value;

	if (!type_member_by_name(view->aggregate, path, &member))
		return false;
	if (is_text(&member)) {
		show_text(&member, object + member.offset, path);
		return true;
	}
	kind = member.type.btf ? type_kind(member.type) : TYPE_INT;
	if (member.bit_size || !is_number(kind, member.size))
		return false;
	if (!mem_try_uint(object + member.offset, member.size, &value, NULL)) {
		u8 bytes[8];

		mem_read(object + member.offset, bytes, member.size,
			 path); /* ends with the reason */
	}
	if (kind == TYPE_POINTER)
		show_pointer(&member, value, path);
	else
		show_number(value, member.size, path, radix);
	return true;
}

struct one_view {
	const struct entry_view *view;
	u64 address;
	unsigned radix;
};

static void show_view(void *arg)
{
	const struct one_view *one = arg;
	const struct entry_view *view = one->view;

	if (!view->nr_members)
		datashow_object(view->aggregate, one->address, one->radix);
	for (size_t i = 0; i < view->nr_members; i++) {
		interrupt_check();
		if (!view->direct ||
		    !show_directly(view, one->address, view->members[i], one->radix))
			datashow_member(view->aggregate, one->address, view->members[i],
					one->radix);
	}
}

static void put_json_view(void *arg)
{
	const struct one_view *one = arg;

	json_object(NULL);
	json_text("type", one->view->aggregate);
	jsonshow_members(one->view->aggregate, one->address, one->view->members,
			 one->view->nr_members, SPACE_KERNEL);
	json_end();
}

struct views {
	const struct entry_show *show;
	u64 address;
};

static void put_json_views(void *arg)
{
	const struct views *views = arg;

	json_list("views");
	for (size_t i = 0; i < views->show->nr_views; i++) {
		struct one_view one = { &views->show->views[i], views->address,
					views->show->radix };

		if (!json_protect(NULL, put_json_view, &one))
			command_partly_failed();
	}
	json_end();
}

static void show_views(void *arg)
{
	const struct views *views = arg;

	for (size_t i = 0; i < views->show->nr_views; i++) {
		struct one_view one = { &views->show->views[i], views->address,
					views->show->radix };
		struct failure failure;

		if (protect_row(show_view, &one, &failure))
			continue;
		warn("%s", failure.text);
		command_partly_failed();
	}
}

void entry_row_views(struct row *row, const struct entry_show *show, u64 address)
{
	static const struct form_writer writer = { show_views, put_json_views };
	struct views views = { show, address };

	if (show->nr_views)
		row_form(row, &writer, &views);
}

bool entry_try_offset(const char *text, u64 *offset)
{
	const char *dot = strchr(text, '.');
	const char *aggregate;

	if (!dot)
		return argument_try_number(text, offset);
	aggregate = aggregate_of(scope_printf("%.*s", (int)(dot - text), text));
	if (!aggregate || !datashow_has_member(aggregate, dot + 1))
		return false;
	*offset = datashow_member_offset(aggregate, dot + 1, NULL);
	return true;
}

u64 entry_offset(const struct args *args, const char *option)
{
	const char *text = option_argument(args, option);
	u64 offset = 0;

	if (text && !entry_try_offset(text, &offset))
		fail("invalid -%s argument: %s%s", option, text,
		     strchr(text, '.') ? nearest_reference(text) : "");
	return offset;
}
