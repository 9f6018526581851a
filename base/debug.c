/* base/debug.c - what the program tells of its own work. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/debug.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

unsigned debug_level;
bool debug_names;

static int console_fd = STDERR_FILENO;
static char *console_path;

void debug_say(const char *format, ...)
{
	struct strbuf line = { 0 };
	va_list args;
	ssize_t written;

	strbuf_puts(&line, "debug: ");
	va_start(args, format);
	strbuf_vprintf(&line, format, args);
	va_end(args);
	strbuf_putc(&line, '\n');
	/*
	 * One write: lines of several threads do not mix. A console that went away is no
	 * reason to stop.
	 */
	written = write(console_fd, strbuf_text(&line), line.length);
	(void)written;
	strbuf_free(&line);
}

bool debug_set_console(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (console_fd != STDERR_FILENO)
		close(console_fd);
	console_fd = fd;
	free(console_path);
	console_path = xstrdup(path);
	return true;
}

const char *debug_console(void)
{
	return console_path;
}
