/* shell/alias.c - the table of aliases. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/alias.h"

#include "base/fail.h"
#include "shell/line.h"

#include <stdlib.h>

#define CHAIN_MAX 16
#define NAME_BYTES 256

static const struct alias builtin_aliases[] = {
	{ "man", "help", true },	 { "?", "help", true },
	{ "quit", "q", true },		 { "sf", "set scroll off", true },
	{ "sn", "set scroll on", true }, { "hex", "set radix 16", true },
	{ "dec", "set radix 10", true }, { "g", "gdb", true },
	{ "px", "p -x", true },		 { "pd", "p -d", true },
	{ "for", "foreach", true },	 { "size", "*", true },
	{ "dmesg", "log", true },	 { "lsmod", "mod", true },
	{ "last", "ps -l", true },
};

static VECTOR(struct alias) aliases; /* owns its strings */
static bool ready;

/* A built-in alias may be deleted or replaced, so all of them live in one table. */
static void fill_table(void)
{
	if (ready)
		return;
	ready = true;
	for (size_t i = 0; i < ARRAY_SIZE(builtin_aliases); i++) {
		*vector_add(&aliases) = (struct alias){
			.name = xstrdup(builtin_aliases[i].name),
			.text = xstrdup(builtin_aliases[i].text),
			.builtin = true,
		};
	}
}

size_t alias_count(void)
{
	fill_table();
	return aliases.count;
}

const struct alias *alias_at(size_t index)
{
	fill_table();
	return index < aliases.count ? &aliases.items[index] : NULL;
}

void alias_put(struct row *row, size_t index, UNUSED void *arg)
{
	const struct alias *alias;

	fill_table();
	alias = &aliases.items[index];
	row_text(row, alias->name);
	row_text(row, alias->text);
	row_flag(row, alias->builtin);
	row_shown(row, alias->builtin ? "builtin" : "runtime");
}

const struct alias *alias_find(const char *name)
{
	fill_table();
	for (size_t i = 0; i < aliases.count; i++) {
		if (streq(aliases.items[i].name, name))
			return &aliases.items[i];
	}
	return NULL;
}

bool alias_delete(const char *name)
{
	const struct alias *found = alias_find(name);
	size_t index;

	if (!found)
		return false;
	index = found - aliases.items;
	free((char *)found->name);
	free((char *)found->text);
	aliases.count--;
	memmove(&aliases.items[index], &aliases.items[index + 1],
		(aliases.count - index) * sizeof(*aliases.items));
	return true;
}

void alias_define(const char *name, const char *text)
{
	struct alias alias = { .name = xstrdup(name), .text = xstrdup(text) };

	alias_delete(name);
	*vector_add(&aliases) = alias;
}

/* An alias of an alias counts as well, but no word twice. */
const char *alias_expand(const char *line)
{
	char seen[CHAIN_MAX][NAME_BYTES];

	for (size_t count = 0; count < CHAIN_MAX; count++) {
		const struct alias *alias;
		const char *rest = line_first_word(line, seen[count], sizeof(seen[count]));

		for (size_t i = 0; i < count; i++) {
			if (streq(seen[i], seen[count]))
				return line;
		}
		alias = alias_find(seen[count]);
		if (!alias)
			return line;
		line = *rest ? scope_printf("%s %s", alias->text, rest) : scope_strdup(alias->text);
	}
	return line;
}
