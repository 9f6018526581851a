/* base/util.c - integers, checked arithmetic, growing text, hash table, number parsing. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/util.h"

#include "base/fail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

u64 load_uint(const void *p, size_t width)
{
	switch (width) {
	case 1:
		return *(const u8 *)p;
	case 2:
		return load_u16(p);
	case 4:
		return load_u32(p);
	case 8:
		return load_u64(p);
	}
	return 0;
}

s64 sign_extend(u64 value, size_t width)
{
	unsigned unused_bits;

	if (width == 0 || width >= 8)
		return (s64)value;
	unused_bits = 64 - 8 * (unsigned)width;
	return (s64)(value << unused_bits) >> unused_bits;
}

bool ends_with(const char *text, const char *suffix)
{
	size_t text_length = strlen(text), suffix_length = strlen(suffix);

	return text_length >= suffix_length && streq(text + text_length - suffix_length, suffix);
}

static void *checked(void *memory, size_t size)
{
	if (!memory && size)
		fail("out of memory: %zu bytes asked for", size);
	return memory;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size), size);
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count, size), count && size ? count : 0);
}

void *xrealloc(void *old, size_t size)
{
	return checked(realloc(old, size), size);
}

void *xreallocarray(void *old, size_t count, size_t size)
{
	return checked(reallocarray(old, count, size), count && size ? count : 0);
}

char *xstrdup(const char *text)
{
	return checked(strdup(text), 1);
}

char *xstrndup(const char *text, size_t length)
{
	return checked(strndup(text, length), 1);
}

char *xasprintf(const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	return checked(length < 0 ? NULL : text, 1);
}

static void strbuf_reserve(struct strbuf *buf, size_t more)
{
	size_t needed = buf->length + more + 1;

	if (needed <= buf->space)
		return;
	buf->space = max_u64(needed, buf->space * 2);
	buf->text = xrealloc(buf->text, buf->space);
}

void strbuf_add(struct strbuf *buf, const void *data, size_t length)
{
	strbuf_reserve(buf, length);
	if (length)
		memcpy(buf->text + buf->length, data, length);
	buf->length += length;
	buf->text[buf->length] = '\0';
}

void strbuf_puts(struct strbuf *buf, const char *text)
{
	strbuf_add(buf, text, strlen(text));
}

void strbuf_putc(struct strbuf *buf, char c)
{
	strbuf_reserve(buf, 1);
	buf->text[buf->length++] = c;
	buf->text[buf->length] = '\0';
}

void strbuf_insert(struct strbuf *buf, size_t at, char c, size_t count)
{
	strbuf_reserve(buf, count);
	memmove(buf->text + at + count, buf->text + at, buf->length - at);
	memset(buf->text + at, c, count);
	buf->length += count;
	buf->text[buf->length] = '\0';
}

void strbuf_vprintf(struct strbuf *buf, const char *format, va_list args)
{
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	if (length > 0) {
		strbuf_reserve(buf, length);
		vsnprintf(buf->text + buf->length, (size_t)length + 1, format, again);
		buf->length += length;
	} else {
		strbuf_reserve(buf, 0);
		buf->text[buf->length] = '\0';
	}
	va_end(again);
}

void strbuf_printf(struct strbuf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strbuf_vprintf(buf, format, args);
	va_end(args);
}

const char *strbuf_text(const struct strbuf *buf)
{
	return buf->text ? buf->text : "";
}

void strbuf_reset(struct strbuf *buf)
{
	buf->length = 0;
	if (buf->text)
		buf->text[0] = '\0';
}

void strbuf_free(struct strbuf *buf)
{
	free(buf->text);
	memset(buf, 0, sizeof(*buf));
}

void *vector_try_grow(void *items, size_t *space, size_t item_size)
{
	size_t more = *space ? *space * 2 : 16;
	void *grown = reallocarray(items, more, item_size);

	if (grown)
		*space = more;
	return grown;
}

void *vector_grow(void *items, size_t *space, size_t item_size)
{
	return checked(vector_try_grow(items, space, item_size), *space ? *space * 2 : 16);
}

/* KEY 0 needs no special case: USED says whether a slot holds anything. */
struct u64map_slot {
	u64 key, value;
	bool used;
};

static size_t u64map_start(u64 key, size_t space)
{
	key ^= key >> 33;
	key *= 0xff51afd7ed558ccdULL;
	key ^= key >> 33;
	return key & (space - 1);
}

static struct u64map_slot *u64map_slot(const struct u64map *map, u64 key)
{
	size_t i = u64map_start(key, map->space);

	while (map->slots[i].used && map->slots[i].key != key)
		i = (i + 1) & (map->space - 1);
	return &map->slots[i];
}

static void u64map_grow(struct u64map *map)
{
	struct u64map bigger = { .space = map->space ? map->space * 2 : 64 };
	size_t i;

	bigger.slots = xcalloc(bigger.space, sizeof(*bigger.slots));
	for (i = 0; i < map->space; i++) {
		if (map->slots[i].used)
			*u64map_slot(&bigger, map->slots[i].key) = map->slots[i];
	}
	bigger.count = map->count;
	free(map->slots);
	*map = bigger;
}

void u64map_put(struct u64map *map, u64 key, u64 value)
{
	struct u64map_slot *slot;

	if (2 * (map->count + 1) > map->space)
		u64map_grow(map);
	slot = u64map_slot(map, key);
	map->count += !slot->used;
	*slot = (struct u64map_slot){ key, value, true };
}

bool u64map_get(const struct u64map *map, u64 key, u64 *value)
{
	const struct u64map_slot *slot;

	if (!map->count)
		return false;
	slot = u64map_slot(map, key);
	if (slot->used && value)
		*value = slot->value;
	return slot->used;
}

void u64map_free(struct u64map *map)
{
	free(map->slots);
	memset(map, 0, sizeof(*map));
}

u32 hash_text(const char *text)
{
	size_t left = strlen(text);
	u64 hash = left, word;

	/* Eight bytes a step: whole symbol tables go through here at start-up. */
	for (; left >= 8; left -= 8, text += 8)
		hash = ((hash ^ load_u64(text)) * 0x9e3779b97f4a7c15u) ^ hash >> 29;
	word = 0;
	memcpy(&word, text, left);
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash >> 32 ^ (u32)hash >> 15;
}

bool parse_u64(const char *text, int base, u64 *value)
{
	const char *digits = text;
	char *end;

	if (starts_with(text, "0x") || starts_with(text, "0X")) {
		if (base == 10)
			return false;
		digits = text + 2;
		base = 16;
	} else if (base == 0) {
		base = 10;
	}
	/* strtoull would accept blanks and signs. */
	if (!((*digits >= '0' && *digits <= '9') || (*digits >= 'a' && *digits <= 'f') ||
	      (*digits >= 'A' && *digits <= 'F')))
		return false;
	errno = 0;
	*value = strtoull(digits, &end, base);
	return errno == 0 && *end == '\0';
}

size_t utf8_length(const char *bytes, size_t left)
{
	const u8 *text = (const u8 *)bytes;
	size_t length = text[0] >= 0xc2 && text[0] < 0xe0   ? 2
			: (text[0] & 0xf0) == 0xe0	    ? 3
			: text[0] >= 0xf0 && text[0] < 0xf5 ? 4
							    : 0;

	if (length == 0 || length > left)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	/*
	 * Forms longer than needed, surrogates and what is above U+10FFFF; C1 controls
	 * act on terminals.
	 */
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] >= 0xa0) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] >= 0x90) ||
	    (text[0] == 0xc2 && text[1] < 0xa0))
		return 0;
	return length;
}
