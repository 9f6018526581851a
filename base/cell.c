/* base/cell.c - a column of a table as data, and one value in it: what it means, as text and as JSON. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/cell.h"

#include "base/fail.h"
#include "base/json.h"

#define NS_PER_MS 1000000ULL
#define NS_PER_SECOND (1000 * NS_PER_MS)
#define NS_PER_DAY (86400 * NS_PER_SECOND)

/*
 * Listings have a million rows: printf() is most of what they would cost, and division the most of
 * what is left.
 */
static void add_hex(struct strbuf *text, u64 number, unsigned least)
{
	char digits[16];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[number % 16];
		number /= 16;
	} while (number > 0);
	while (sizeof(digits) - at < least && at > 0)
		digits[--at] = '0';
	strbuf_add(text, digits + at, sizeof(digits) - at);
}

static void add_decimal(struct strbuf *text, u64 number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	strbuf_add(text, digits + at, sizeof(digits) - at);
}

static void add_signed(struct strbuf *text, s64 number)
{
	if (number < 0)
		strbuf_putc(text, '-');
	add_decimal(text, number < 0 ? -(u64)number : (u64)number);
}

static void add_time(struct strbuf *text, u64 ns)
{
	strbuf_printf(text, "%llu %02u:%02u:%02u.%03u", ns / NS_PER_DAY,
		      (unsigned)(ns / (3600 * NS_PER_SECOND) % 24),
		      (unsigned)(ns / (60 * NS_PER_SECOND) % 60),
		      (unsigned)(ns / NS_PER_SECOND % 60), (unsigned)(ns / NS_PER_MS % 1000));
}

/* What would act on a terminal becomes a dot. */
static void add_bytes(struct strbuf *text, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		strbuf_putc(text, (u8)bytes[i] < ' ' || bytes[i] == 0x7f ? '.' : bytes[i]);
}

static void add_value(const struct column *column, const struct cell *cell, struct strbuf *text)
{
	switch (cell->kind) {
	case CELL_ANY:
		BUG("a value of no kind");
	case CELL_TEXT:
		if (cell->value.text)
			strbuf_puts(text, cell->value.text);
		break;
	case CELL_ADDRESS:
		add_hex(text, cell->value.number, column->zeros ? column->width : 1);
		break;
	case CELL_NUMBER:
		if (column->hex)
			add_hex(text, cell->value.number, 1);
		else
			add_decimal(text, cell->value.number);
		break;
	case CELL_SIGNED:
		add_signed(text, cell->value.negative);
		break;
	case CELL_SIZE:
		add_decimal(text, cell->value.number / (column->unit ? column->unit : 1));
		break;
	case CELL_REAL:
		strbuf_printf(text, "%.*f", column->decimals, cell->value.real);
		break;
	case CELL_TIME:
		add_time(text, cell->value.number);
		break;
	case CELL_FLAG:
		strbuf_puts(text, cell->value.number ? "yes" : "no");
		break;
	case CELL_BYTES:
		add_bytes(text, cell->value.text, cell->length);
		break;
	}
}

static void add_shown(const struct column *column, const struct cell *cell, struct strbuf *text)
{
	if (cell->shown)
		strbuf_puts(text, cell->shown);
	else if (cell->state == CELL_UNKNOWN || cell->state == CELL_FAILED)
		strbuf_putc(text, '?');
	else if (cell->state == CELL_KNOWN)
		add_value(column, cell, text);
	else if (column->none)
		strbuf_puts(text, column->none);
}

static void add_list(const struct column *column, const struct cell *cell, struct strbuf *text)
{
	for (size_t i = 0; i < cell->length; i++) {
		if (i > 0)
			strbuf_puts(text, column->separator ? column->separator : ", ");
		add_shown(column, &cell->value.items[i], text);
	}
}

void cell_add_text(const struct column *column, const struct cell *cell, struct strbuf *text)
{
	if (cell->state == CELL_LIST && !cell->shown)
		add_list(column, cell, text);
	else
		add_shown(column, cell, text);
	if (column->after)
		strbuf_puts(text, column->after);
}

void cell_pad(const struct column *column, size_t from, unsigned width, bool trailing,
	      struct strbuf *text)
{
	bool number = column->kind < CELL_FLAG && column->kind != CELL_TEXT;
	size_t length = text->length - from, spare = length < width ? width - length : 0, left = 0;

	if (column->align == ALIGN_CENTRE)
		left = spare / 2;
	else if (column->align == ALIGN_CENTRE_RIGHT)
		left = (spare + 1) / 2;
	else if (column->align == ALIGN_RIGHT || (column->align == ALIGN_AS_KIND && number))
		left = spare;
	if (left)
		strbuf_insert(text, from, ' ', left);
	if (spare > left && trailing)
		strbuf_insert(text, text->length, ' ', spare - left);
}

static void put_value(const struct column *column, const struct cell *cell, const char *key)
{
	switch (cell->kind) {
	case CELL_ANY:
		BUG("a value of no kind");
	case CELL_TEXT:
		json_text(key, cell->value.text);
		break;
	case CELL_ADDRESS:
		json_address(key, cell->value.number);
		break;
	case CELL_NUMBER:
	case CELL_SIZE:
	case CELL_TIME:
		json_number(key, cell->value.number);
		break;
	case CELL_SIGNED:
		json_signed(key, cell->value.negative);
		break;
	case CELL_REAL:
		json_real(key, cell->value.real, column->decimals);
		break;
	case CELL_FLAG:
		json_bool(key, cell->value.number);
		break;
	case CELL_BYTES:
		json_bytes(key, cell->value.text, cell->length);
		break;
	}
}

static void put_list(const struct column *column, const struct cell *cell)
{
	json_list(column->key);
	for (size_t i = 0; i < cell->length; i++) {
		const struct cell *item = &cell->value.items[i];

		if (item->state == CELL_KNOWN)
			put_value(column, item, NULL);
		else
			json_null(NULL);
	}
	json_end();
}

void cell_put_json(const struct column *column, const struct cell *cell)
{
	const char *key = column->key;

	switch (cell->state) {
	case CELL_NONE:
		return;
	case CELL_KNOWN:
		put_value(column, cell, key);
		return;
	case CELL_LIST:
		put_list(column, cell);
		return;
	case CELL_UNKNOWN:
	case CELL_NULL:
		json_null(key);
		break;
	case CELL_FAILED:
		break;
	}
	if (cell->why)
		json_text(scope_printf("%s_error", key), cell->why);
}
