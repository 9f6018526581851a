/* commands/save.c - the command save: a small dump with the pages that this session has read. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/table.h"
#include "shell/command.h"
#include "shell/savedump.h"

static const struct column columns[] = {
	{ "file", "", .kind = CELL_TEXT },
	{ "pages", "", CELL_NUMBER, .before = ": ", .after = " pages" },
	{ "bytes", "", CELL_SIZE, .before = " in ", .after = " bytes" },
	{ 0 },
};

struct written {
	const char *path;
	struct saved saved;
};

static void put_written(struct row *row, UNUSED size_t index, void *arg)
{
	const struct written *written = arg;

	row_text(row, written->path);
	row_number(row, written->saved.nr_pages);
	row_size(row, written->saved.bytes);
}

static void run_save(struct args *args)
{
	struct written written = { 0 };

	args_check_words(args, "a file's name", 1, 1);
	written.path = argument_file(args->words[0]);
	save_dump(written.path, &written.saved);
	table_show(&ONE_ROW("save", columns, put_written, &written));
}

static const struct option options[] = { { 0 } };

COMMAND(save) = {
	.name = "save",
	.summary = "a small dump with what this session has read",
	.synopsis = "file",
	.options = options,
	.description =
		"Writes a compressed kdump with only the pages that this session has read so far, "
		"and the dump's notes and vmcoreinfo. The commands that you ran can run again on "
		"it, with the same vmlinux and the same answers, here and in other programs that "
		"read kdumps. It lacks everything that no command asked for.\n"
		"\n"
		"The file must not exist yet. The program's option --save does the same at the "
		"end of the session.",
	.example = "crash> bt 2\n"
		   "PID: 2        TASK: ffff8ae4c1252100  CPU: 1    COMMAND: \"kthreadd\"\n"
		   "...\n"
		   "crash> save /tmp/small\n"
		   "/tmp/small: 5254 pages in 3386802 bytes\n",
	.arguments = "file",
	.run = run_save,
	.flags = COMMAND_MINIMAL,
};
