/* commands/star.c - the command "*": struct or union, whichever the name is. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "names/types.h"
#include "shell/command.h"
#include "shell/line.h"
#include "shell/nearest.h"

static const struct command *command_of(const char *name)
{
	enum type_kind kind;
	const char *command = NULL;

	if (type_exists(scope_printf("struct %s", name)))
		command = "struct";
	else if (type_exists(scope_printf("union %s", name)))
		command = "union";
	else if (type_kind_by_name(name, &kind))
		command = kind == TYPE_UNION ? "union" : "struct";
	return command ? command_find(command) : NULL;
}

static void run_star(struct args *args)
{
	const struct command *command;
	const char *name = args->line;
	size_t length;

	/*
	 * Options may stand before the name: the first word that is none, and no argument of
	 * one, is it.
	 */
	while (*name == '-') {
		length = strcspn(name, " \t");
		if (option_takes_next(command_find("struct"),
				      scope_printf("%.*s", (int)length - 1, name + 1))) {
			length += strspn(name + length, " \t");
			length += strcspn(name + length, " \t");
		}
		name = line_skip_blanks(name + length);
	}
	length = strcspn(name, " \t.");
	if (!length)
		usage_fail(args);
	command = command_of(scope_printf("%.*s", (int)length, name));
	if (!command)
		fail("invalid data structure reference: %.*s%s", (int)length, name,
		     nearest_reference(scope_printf("%.*s", (int)length, name)));
	command_run(command, args->line);
}

COMMAND(star) = {
	.name = "*",
	.summary = "struct or union, for short",
	.synopsis = "(struct or union command arguments)",
	.description =
		"Short for \"struct\" and \"union\"; needs no blank before the name. Their help "
		"pages describe the arguments.",
	.example = "crash> *list_head\n"
		   "struct list_head {\n"
		   "    struct list_head *next;\n"
		   "    struct list_head *prev;\n"
		   "}\n"
		   "SIZE: 16\n"
		   "crash> *task_struct.pid,comm init_task\n"
		   "  pid = 0,\n"
		   "  comm = \"swapper/0\\000\\000\\000\\000\\000\\000\",\n",
	.arguments = "struct.member|union.member address|symbol count",
	.run = run_star,
	.flags = COMMAND_RAW_LINE,
};
