/* commands/alias.c - the command alias: lists, defines and deletes words that stand for command lines. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/alias.h"

#include "base/fail.h"
#include "base/table.h"
#include "shell/command.h"
#include "shell/nearest.h"

#include <ctype.h>

static const struct column columns[] = {
	{ "alias", "ALIAS", CELL_TEXT, .width = 7, .place = 2 },
	{ "text", "COMMAND", CELL_TEXT, .place = 3 },
	{ "builtin", "ORIGIN", CELL_FLAG, .width = 7, .place = 1 },
	{ 0 },
};

static struct table aliases(void)
{
	return (struct table){
		.name = "alias", .columns = columns, .count = alias_count(), .put = alias_put
	};
}

static void list_aliases(void)
{
	const struct table table = aliases();

	table_show(&table);
}

static const char *nearest_alias(const char *name)
{
	const char **names = scope_array(alias_count() + 1, sizeof(*names));

	for (size_t i = 0; i < alias_count(); i++)
		names[i] = alias_at(i)->name;
	return nearest_of(name, names);
}

static void show_alias(const char *name)
{
	const struct alias *alias = alias_find(name);
	const struct table table = aliases();
	struct table_run run;

	if (!alias)
		fail("alias does not exist: %s%s", name, nearest_alias(name));
	table_begin(&run, &table);
	for (size_t i = 0; i < table.count; i++) {
		if (alias_at(i) == alias)
			table_put(&run, i);
	}
	table_end(&run);
}

static const struct column deleted[] = {
	{ "deleted", "", CELL_TEXT, .before = "alias deleted: " },
	{ 0 },
};

static void put_deleted(struct row *row, UNUSED size_t index, void *name)
{
	row_text(row, name);
}

static void define_alias(const char *name, const char *text)
{
	size_t length = strlen(text);

	/* One pair of quotes around all of it protects '|' and '>' from this line. */
	if (length >= 2 && *text == '"' && strchr(text + 1, '"') == text + length - 1)
		text = scope_printf("%.*s", (int)(length - 2), text + 1);
	if (command_find(name))
		fail("cannot alias existing command name: %s", name);
	if (*text) {
		alias_define(name, text);
		show_alias(name);
		return;
	}
	if (!alias_delete(name))
		fail("alias does not exist: %s%s", name, nearest_alias(name));
	table_show(&ONE_ROW("alias", deleted, put_deleted, (void *)name));
}

static void run_alias(struct args *args)
{
	size_t length = strcspn(args->line, " \t");
	const char *name = scope_printf("%.*s", (int)length, args->line);
	const char *text = args->line + length;
	size_t end;

	while (isspace((unsigned char)*text))
		text++;
	end = strlen(text);
	while (end && isspace((unsigned char)text[end - 1]))
		end--;
	if (!*name)
		list_aliases();
	else if (!end)
		show_alias(name);
	else
		define_alias(name, scope_printf("%.*s", (int)end, text));
}

COMMAND(alias) = {
	.name = "alias",
	.summary = "words that stand for command lines",
	.synopsis = "[alias] [command string]",
	.description =
		"Without an argument, lists all aliases; with one, shows that alias; with more, "
		"makes the first word an alias for the rest. An alias is replaced when it is the "
		"first word of a line; the rest of the line follows what it stands for.\n"
		"\n"
		"Put a command string with a pipe or a redirection in double quotes. An empty "
		"string (\"\") deletes the alias. An alias cannot have the name of a command. "
		"\\WORD is never expanded.",
	.example =
		"crash> alias zombies \"foreach ZO ps\"\n"
		"ORIGIN   ALIAS    COMMAND\n"
		"runtime  zombies  foreach ZO ps\n"
		"crash> zombies\n"
		"      PID    PPID  CPU       TASK        ST  %MEM      VSZ      RSS  COMM\n"
		"      221     220   1  ffff8ae4cfab8000  ZO   0.0        0        0  w-undead\n"
		"      222       1   0  ffff8ae4c1da2100  ZO   0.0        0        0  w-deadlead\n"
		"crash> alias zombies \"\"\n"
		"alias deleted: zombies\n",
	.arguments = "alias command",
	.run = run_alias,
	.flags = COMMAND_RAW_LINE | COMMAND_MINIMAL,
};
