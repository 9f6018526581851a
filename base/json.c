/* base/json.c - answers for programs: one JSON object a line, built up and then written at once. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"

#include "base/fail.h"
#include "base/out.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#define DEPTH_MAX 64

static bool on;
static struct strbuf line; /* the outermost object so far */
static struct strbuf plain; /* of out(): a line so far */
static struct {
	char close; /* '}' or ']' */
	bool filled; /* the next value needs a comma */
} levels[DEPTH_MAX];
static unsigned depth;
static unsigned long serial; /* of the outermost object: tells whether a cleanup comes too late */

bool json_on(void)
{
	return on;
}

bool json_set(bool value)
{
	bool old = on;

	if (value != old)
		json_plain_end();
	on = value;
	out_set_taker(value ? json_plain_text : NULL);
	warn_set_taker(value ? json_warning : NULL);
	return old;
}

static void add_escaped(struct strbuf *text, const char *data, size_t length)
{
	strbuf_putc(text, '"');
	for (size_t i = 0; i < length;) {
		u8 byte = (u8)data[i];
		size_t sequence = byte < 0x80 ? 1 : utf8_length(data + i, length - i);

		if (sequence == 0)
			strbuf_puts(text, "\\ufffd");
		else if (byte == '"' || byte == '\\')
			strbuf_printf(text, "\\%c", byte);
		else if (byte == '\n')
			strbuf_puts(text, "\\n");
		else if (byte == '\t')
			strbuf_puts(text, "\\t");
		else if (byte < 0x20 || byte == 0x7f)
			strbuf_printf(text, "\\u%04x", byte);
		else
			strbuf_add(text, data + i, sequence);
		i += sequence ? sequence : 1;
	}
	strbuf_putc(text, '"');
}

/* The comma and the key before a value. */
static void begin_value(const char *key)
{
	if (depth == 0)
		BUG("a JSON value outside of every object");
	if (levels[depth - 1].filled)
		strbuf_puts(&line, ", ");
	levels[depth - 1].filled = true;
	if ((key != NULL) != (levels[depth - 1].close == '}'))
		BUG("a JSON key in a list, or none in an object");
	if (!key)
		return;
	add_escaped(&line, key, strlen(key));
	strbuf_puts(&line, ": ");
}

static void abandon(void *arg)
{
	if ((unsigned long)(uintptr_t)arg != serial)
		return;
	depth = 0;
	strbuf_reset(&line);
}

static void open_level(const char *key, char open, char close)
{
	if (depth == DEPTH_MAX)
		fail("more than %d JSON objects inside each other", DEPTH_MAX);
	if (depth == 0) {
		strbuf_reset(&line);
		serial++;
		scope_cleanup(abandon, (void *)(uintptr_t)serial);
	} else {
		begin_value(key);
	}
	strbuf_putc(&line, open);
	levels[depth].close = close;
	levels[depth++].filled = false;
}

void json_object(const char *key)
{
	open_level(key, '{', '}');
}

void json_list(const char *key)
{
	open_level(key, '[', ']');
}

/* Why it failed is known only now; the next out_check() fails with it. */
static void write_text(const struct strbuf *text)
{
	if (fwrite(text->text, 1, text->length, out_stream()) != text->length)
		out_failed(out_stream(), errno);
}

static void write_line(struct strbuf *text)
{
	strbuf_putc(text, '\n');
	/* Emptied first: out_check() may fail(). */
	write_text(text);
	strbuf_reset(text);
	out_check();
}

void json_end(void)
{
	if (depth == 0)
		BUG("no JSON object to end");
	strbuf_putc(&line, levels[--depth].close);
	if (depth > 0)
		return;
	serial++;
	json_plain_end();
	write_line(&line);
}

void json_bytes(const char *key, const void *text, size_t length)
{
	begin_value(key);
	add_escaped(&line, text, length);
}

void json_text(const char *key, const char *text)
{
	if (text)
		json_bytes(key, text, strlen(text));
	else
		json_null(key);
}

void json_printf(const char *key, const char *format, ...)
{
	struct strbuf text = { 0 };
	va_list args;

	va_start(args, format);
	strbuf_vprintf(&text, format, args);
	va_end(args);
	json_text(key, strbuf_text(&text));
	strbuf_free(&text);
}

void json_address(const char *key, u64 address)
{
	begin_value(key);
	strbuf_printf(&line, "\"0x%llx\"", address);
}

void json_number(const char *key, u64 number)
{
	begin_value(key);
	strbuf_printf(&line, "%llu", number);
}

void json_signed(const char *key, s64 number)
{
	begin_value(key);
	strbuf_printf(&line, "%lld", number);
}

void json_real(const char *key, double number, int decimals)
{
	begin_value(key);
	if (!isfinite(number))
		strbuf_puts(&line, "null");
	else if (decimals < 0)
		strbuf_printf(&line, "%.17g", number);
	else
		strbuf_printf(&line, "%.*f", decimals, number);
}

void json_bool(const char *key, bool value)
{
	begin_value(key);
	strbuf_puts(&line, value ? "true" : "false");
}

void json_null(const char *key)
{
	begin_value(key);
	strbuf_puts(&line, "null");
}

/*
 * {KEY: TEXT} on a line of its own, also while an object is built up; COMMAND: NULL or
 * one more string.
 */
static void put_apart(const char *key, const char *text, size_t length, const char *command)
{
	struct strbuf object = { 0 };

	strbuf_printf(&object, "{\"%s\": ", key);
	add_escaped(&object, text, length);
	if (command) {
		strbuf_puts(&object, ", \"command\": ");
		add_escaped(&object, command, strlen(command));
	}
	strbuf_puts(&object, "}\n");
	write_text(&object);
	strbuf_free(&object);
	out_check();
}

void json_error(const char *command, const char *text)
{
	json_plain_end();
	put_apart("error", text, strlen(text), command);
}

void json_warning(const char *text)
{
	json_plain_end();
	put_apart("warning", text, strlen(text), NULL);
}

void json_plain_text(const char *text, size_t length)
{
	const char *newline;

	while ((newline = memchr(text, '\n', length)) != NULL) {
		strbuf_add(&plain, text, (size_t)(newline - text));
		length -= (size_t)(newline + 1 - text);
		text = newline + 1;
		if (plain.length > 0) /* blank lines are layout */
			put_apart("text", plain.text, plain.length, NULL);
		strbuf_reset(&plain);
	}
	strbuf_add(&plain, text, length);
}

void json_plain_end(void)
{
	if (plain.length > 0)
		json_plain_text("\n", 1);
}

bool json_protect(const char *key, void (*body)(void *arg), void *arg)
{
	size_t length = line.length;
	unsigned old_depth = depth;
	bool filled = depth > 0 && levels[depth - 1].filled;
	struct failure failure;

	if (protect(body, arg, &failure))
		return true;
	if (failure.interrupted || old_depth == 0)
		fail_again(&failure);
	line.length = length;
	line.text[length] = '\0';
	depth = old_depth;
	levels[depth - 1].filled = filled;
	if (key) {
		json_text(scope_printf("%s_error", key), failure.text);
		return false;
	}
	json_object(NULL);
	json_text("error", failure.text);
	json_end();
	return false;
}
