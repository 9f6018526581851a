/* show/dumplines.c - "    name: value" lines of help -k and its siblings. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/dumplines.h"

#include "base/fail.h"
#include "base/out.h"

#define USUAL_WIDTH 18

static int name_width = USUAL_WIDTH;

void dump_width(int width)
{
	name_width = width;
}

void dump_line(const char *name, const char *format, ...)
{
	struct strbuf *text = scope_strbuf();
	va_list args;

	va_start(args, format);
	strbuf_vprintf(text, format, args);
	va_end(args);
	out("%*s: %s\n", name_width, name, strbuf_text(text));
}

void dump_line_or_why(const char *name, void (*body)(void *arg))
{
	struct failure failure;

	if (!protect_row(body, NULL, &failure))
		dump_line(name, "unknown: %s", failure.text);
}
