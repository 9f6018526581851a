/* show/parts.c - answers that follow each other as the parts of one, with a blank line between two. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/parts.h"

#include "base/fail.h"
#include "base/out.h"
#include "base/table.h"

static void put_separated(struct parts *parts, const struct strbuf *text)
{
	size_t length = text->length;

	parts->blank_wanted = ends_with(strbuf_text(text), "\n\n");
	while (length > 0 && text->text[length - 1] == '\n')
		length--;
	if (length == 0)
		return;
	if (parts->something)
		out("\n");
	parts->something = true;
	out_bytes(text->text, length);
	out("\n");
}

struct part {
	struct parts *parts;
	void (*body)(void *arg);
	void *arg;
};

static void catch_part(void *arg)
{
	const struct part *part = arg;
	struct strbuf *text = scope_strbuf();

	out_capture(part->body, part->arg, text);
	put_separated(part->parts, text);
}

static void put_text(void *part)
{
	protect_or_pass(catch_part, part); /* for its scope */
}

static void put_json(void *arg)
{
	const struct part *part = arg;

	part->body(part->arg);
}

void parts_put(struct parts *parts, void (*body)(void *arg), void *arg)
{
	static const struct form_writer writer = { .text = put_text, .json = put_json };

	form_show(&writer, &(struct part){ parts, body, arg });
}

void parts_end(const struct parts *parts)
{
	if (parts->blank_wanted)
		out("\n");
}
