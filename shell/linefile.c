/* shell/linefile.c - the command lines of a file, one after another. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/linefile.h"

#include "base/fail.h"
#include "shell/line.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct file_lines {
	FILE *file;
	const char *path;
	char *line;
	size_t space, number;
};

static void file_lines_close(void *arg)
{
	struct file_lines *lines = arg;

	fclose(lines->file);
	free(lines->line);
}

struct file_lines *file_lines_open(const char *path)
{
	struct file_lines *lines = scope_alloc(sizeof(*lines));

	lines->file = fopen(path, "re");
	if (!lines->file)
		fail("cannot read the commands in %s: %s", path, strerror(errno));
	lines->path = path;
	scope_cleanup(file_lines_close, lines);
	return lines;
}

const char *file_lines_next(struct file_lines *lines)
{
	ssize_t length;

	clearerr(lines->file); /* a command of the file may have added lines to it */
	length = getline(&lines->line, &lines->space, lines->file);
	if (length < 0) {
		if (ferror(lines->file))
			fail("cannot read the commands in %s: %s", lines->path, strerror(errno));
		return NULL;
	}
	while (length && isspace((unsigned char)lines->line[length - 1]))
		lines->line[--length] = '\0';
	lines->number++;
	return line_skip_blanks(lines->line);
}

size_t file_lines_number(const struct file_lines *lines)
{
	return lines->number;
}
