/* names/dwarftypes.c - answers types.h's questions by name out of DWARF where BTF has no answer. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "names/dwarftypes.h"

#include "base/util.h"
#include "bridge/gdb_bridge.h"
#include "names/types.h"

#include <stdio.h>

/* A bare name means a struct before a union before a typedef, as with BTF; gdb wants it said. */
static bool each_reading(const char *type_name, bool (*ask)(const char *type, void *arg), void *arg)
{
	static const char *const keywords[] = { "struct ", "union ", "", "enum " };
	char type[192];

	/* Nothing but BTF is known to gdb, or it has not even started. */
	if (!gdb_has_debug_files())
		return false;
	if (strchr(type_name, ' '))
		return ask(type_name, arg);
	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		snprintf(type, sizeof(type), "%s%s", keywords[i], type_name);
		if (ask(type, arg))
			return true;
	}
	return false;
}

static bool ask_size(const char *type, void *size)
{
	return gdb_type_size(type, size, NULL);
}

static bool dwarf_size(const char *type_name, u64 *size)
{
	return each_reading(type_name, ask_size, size);
}

static bool ask_kind(const char *type, void *arg)
{
	static const enum type_kind kinds[] = {
		[GDB_STRUCT] = TYPE_STRUCT,
		[GDB_UNION] = TYPE_UNION,
		[GDB_ENUM] = TYPE_ENUM,
		[GDB_OTHER_TYPE] = TYPE_OTHER,
	};
	enum type_kind *kind = arg;
	enum gdb_type_kind found;

	if (!gdb_type_kind(type, &found))
		return false;
	*kind = kinds[found];
	return true;
}

static bool dwarf_kind(const char *type_name, enum type_kind *kind)
{
	return each_reading(type_name, ask_kind, kind);
}

struct member_question {
	const char *path;
	struct gdb_member found;
};

static bool ask_member(const char *type, void *arg)
{
	struct member_question *question = arg;

	return gdb_type_member(type, question->path, &question->found, NULL);
}

static bool dwarf_member(const char *type_name, const char *path, struct member *member)
{
	struct member_question question = { .path = path };
	const struct gdb_member *found = &question.found;

	if (!each_reading(type_name, ask_member, &question))
		return false;
	*member = (struct member){
		/* The last name of the path; the caller's text lives in the program. */
		.name = strrchr(path, '.') ? strrchr(path, '.') + 1 : path,
		.offset = found->offset,
		.size = found->size,
		.bit_offset = found->bit_offset,
		.bit_size = found->bit_size,
		.is_signed = found->is_signed,
	};
	return true;
}

static bool dwarf_enumerator(const char *name, s64 *value)
{
	return gdb_has_debug_files() && gdb_enumerator(name, value, NULL);
}

void dwarf_types_complete(void)
{
	static const struct types_fallback fallback = {
		.size = dwarf_size,
		.kind = dwarf_kind,
		.member = dwarf_member,
		.enumerator = dwarf_enumerator,
	};

	types_set_fallback(&fallback);
}

bool dwarf_types_setup(struct strbuf *why)
{
	if (!gdb_attach_dwarf(why))
		return false;
	dwarf_types_complete();
	return true;
}
