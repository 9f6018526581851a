/* base/util.h - integers, checked arithmetic, growing text, hash table, number parsing. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UTIL_H
#define UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef long long s64;

#ifdef __cplusplus
extern "C" {
#endif

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define PRINTF_LIKE(which, first) __attribute__((format(printf, which, first)))
#define UNUSED __attribute__((unused))

#define PAGE_BYTES 4096ULL
#define PAGE_SHIFT 12

static inline u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 max_u64(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* ALIGNMENT is a power of two. align_up() wraps to 0 past the top of the address space. */
static inline u64 align_down(u64 value, u64 alignment)
{
	return value & ~(alignment - 1);
}

static inline u64 align_up(u64 value, u64 alignment)
{
	return align_down(value + alignment - 1, alignment);
}

/*
 * Does [offset, offset + length) lie inside [0, size)? Never wraps: for numbers read from a file.
 */
static inline bool range_fits(u64 offset, u64 length, u64 size)
{
	return offset <= size && length <= size - offset;
}

/* Little-endian loads from any alignment. */
static inline u16 load_u16(const void *p)
{
	u16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline u32 load_u32(const void *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline u64 load_u64(const void *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* An unsigned little-endian integer of WIDTH bytes (1, 2, 4 or 8; anything else gives 0). */
u64 load_uint(const void *p, size_t width);
/* VALUE's low WIDTH bytes taken as a signed integer. */
s64 sign_extend(u64 value, size_t width);

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static inline bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool ends_with(const char *text, const char *suffix);

/* Heap memory that outlives a scope. Running out of memory ends in fail(). */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t length);
char *xasprintf(const char *format, ...) PRINTF_LIKE(1, 2);

/* Growing text, always NUL-terminated once something was added. All zero is an empty one. */
struct strbuf {
	char *text; /* NULL while nothing was ever added */
	size_t length; /* without the NUL */
	size_t space;
};

void strbuf_add(struct strbuf *buf, const void *data, size_t length);
void strbuf_puts(struct strbuf *buf, const char *text);
void strbuf_putc(struct strbuf *buf, char c);
/* COUNT times C in front of what stands at AT, which is in the text or at its end. */
void strbuf_insert(struct strbuf *buf, size_t at, char c, size_t count);
void strbuf_printf(struct strbuf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
void strbuf_vprintf(struct strbuf *buf, const char *format, va_list args);
/* Never NULL: "" when nothing was added. */
const char *strbuf_text(const struct strbuf *buf);
void strbuf_reset(struct strbuf *buf); /* empties, keeps the space */
void strbuf_free(struct strbuf *buf);

/* Growing array: VECTOR(struct x) v = {0}; *vector_add(&v) = item; v.items[i], v.count. */
#define VECTOR(type)                                                                               \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t count, space;                                                               \
	}
#define vector_add(v)                                                                              \
	((v)->count < (v)->space                                                                   \
		 ? (void)0                                                                         \
		 : (void)((v)->items = vector_grow((v)->items, &(v)->space, sizeof(*(v)->items))), \
	 &(v)->items[(v)->count++])
#define vector_free(v) (free((v)->items), (v)->items = NULL, (v)->count = (v)->space = 0)
void *vector_grow(void *items, size_t *space, size_t item_size);
/* The same for threads, which must not fail(): NULL, and ITEMS as it was, when memory runs out. */
void *vector_try_grow(void *items, size_t *space, size_t item_size);

/* Hash table from u64 to u64. All zero is an empty one. */
struct u64map {
	struct u64map_slot *slots;
	size_t count, space;
};

void u64map_put(struct u64map *map, u64 key, u64 value); /* replaces */
bool u64map_get(const struct u64map *map, u64 key, u64 *value); /* value may be NULL */
void u64map_free(struct u64map *map);

u32 hash_text(const char *text);

static inline const char *on_off(bool on)
{
	return on ? "on" : "off";
}

/*
 * Length of the valid UTF-8 sequence at TEXT, whose first byte is 0x80 or more; 0: none, or one of
 * the control characters that act on terminals (U+0080 to U+009F).
 */
size_t utf8_length(const char *text, size_t left);

/*
 * The whole of TEXT as an unsigned number in BASE (0: 0x prefix decides; 16: 0x prefix allowed).
 * False when anything is left over, TEXT is empty or the number does not fit.
 */
bool parse_u64(const char *text, int base, u64 *value);

#ifdef __cplusplus
}
#endif
#endif
