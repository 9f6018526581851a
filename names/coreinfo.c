/* names/coreinfo.c - symbols, sizes and offsets out of vmcoreinfo's SYMBOL(), SIZE(), OFFSET() lines. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "names/coreinfo.h"

#include "names/types.h"
#include "symbols.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * vmcoreinfo tells where a member is, never what it is. The kernel's log is what its lines describe
 * well enough; these are the members whose type matters for it: structures inside structures, and
 * numbers that are not eight bytes wide.
 */
static const struct {
	const char *member;
	const char *type; /* of a structure whose own members vmcoreinfo has */
	u64 size;
} known_members[] = {
	{ "printk_ringbuffer.desc_ring", "prb_desc_ring", 0 },
	{ "printk_ringbuffer.text_data_ring", "prb_data_ring", 0 },
	{ "prb_desc_ring.head_id", "atomic_long_t", 0 },
	{ "prb_desc_ring.tail_id", "atomic_long_t", 0 },
	{ "prb_desc_ring.count_bits", NULL, 4 },
	{ "prb_data_ring.size_bits", NULL, 4 },
	{ "prb_desc.state_var", "atomic_long_t", 0 },
	{ "prb_desc.text_blk_lpos", "prb_data_blk_lpos", 0 },
	{ "printk_info.dev_info", "dev_printk_info", 0 },
	{ "printk_info.text_len", NULL, 2 },
	{ "printk_info.caller_id", NULL, 4 },
};

static const struct vmcoreinfo *coreinfo;

/* "struct prb_desc" and "prb_desc" are one in vmcoreinfo. */
static const char *bare_name(const char *type_name)
{
	const char *blank = strrchr(type_name, ' ');

	return blank ? blank + 1 : type_name;
}

static bool number(const char *kind, const char *name, u64 *value)
{
	char key[192];
	s64 found;

	snprintf(key, sizeof(key), "%s(%s)", kind, name);
	if (!vmcoreinfo_number(coreinfo, key, &found) || found < 0)
		return false;
	*value = (u64)found;
	return true;
}

static bool coreinfo_size(const char *type_name, u64 *size)
{
	return number("SIZE", bare_name(type_name), size);
}

/* The width of "TYPE.MEMBER", and in *INNER its structure's name when it is one. */
static u64 member_size(const char *name, const char **inner)
{
	char length_name[128];
	u64 length;

	*inner = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(known_members); i++) {
		if (!streq(known_members[i].member, name))
			continue;
		*inner = known_members[i].type;
		if (*inner && coreinfo_size(*inner, &length))
			return length;
		return known_members[i].size;
	}
	/* LENGTH(printk_info_subsystem) is that of a character array in dev_printk_info. */
	if (starts_with(name, "dev_printk_info.")) {
		snprintf(length_name, sizeof(length_name), "printk_info_%s", strchr(name, '.') + 1);
		if (number("LENGTH", length_name, &length))
			return length;
	}
	return sizeof(u64);
}

static bool coreinfo_member(const char *type_name, const char *path, struct member *member)
{
	const char *type = bare_name(type_name);

	*member = (struct member){ .name = "" };
	while (type && *path) {
		size_t length = strcspn(path, ".");
		char name[160];
		u64 offset;

		snprintf(name, sizeof(name), "%s.%.*s", type, (int)length, path);
		if (!number("OFFSET", name, &offset) || offset > UINT32_MAX)
			return false;
		member->name = path;
		member->offset += offset;
		member->size = member_size(name, &type);
		path += length;
		path += *path == '.';
	}
	return !*path;
}

static bool coreinfo_kind(const char *type_name, enum type_kind *kind)
{
	u64 size;

	*kind = TYPE_STRUCT;
	return coreinfo_size(type_name, &size);
}

static bool coreinfo_enumerator(UNUSED const char *name, UNUSED s64 *value)
{
	return false;
}

/* SYMBOL(name)=address: the names are cut out of COPY, which stays. */
static size_t take_symbols(char *copy, struct symbol *symbols, size_t space)
{
	size_t count = 0;
	char *next;

	for (char *line = copy; line && count < space; line = next) {
		char *end;
		u64 value;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!starts_with(line, "SYMBOL("))
			continue;
		end = strchr(line, ')');
		if (!end || end[1] != '=' || !parse_u64(end + 2, 16, &value))
			continue;
		*end = '\0';
		symbols[count++] = (struct symbol){ .name = line + strlen("SYMBOL("),
						    .value = value,
						    .type = 'D' };
	}
	return count;
}

void coreinfo_types(const struct vmcoreinfo *info)
{
	static const struct types_fallback fallback = {
		.size = coreinfo_size,
		.kind = coreinfo_kind,
		.member = coreinfo_member,
		.enumerator = coreinfo_enumerator,
	};

	coreinfo = info;
	types_set_fallback(&fallback);
}

void coreinfo_symbols(const struct vmcoreinfo *info)
{
	static struct symbol symbols[128];
	static char *names;
	char *old_names = names;

	/* Without a vmcoreinfo there is a list of no names. */
	names = xstrndup(info->text ? info->text : "", info->length);
	symbols_load_list(symbols, take_symbols(names, symbols, ARRAY_SIZE(symbols)));
	free(old_names);
}
