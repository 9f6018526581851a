/* base/fail.c - scopes and the one abort path: fail(), protect(), warn(), cleanups, interrupts. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DOING_MAX 16 /* deeper chains are counted but not shown */
#define DOING_TEXT 160

struct cleanup {
	struct cleanup *older;
	void (*function)(void *arg);
	void *arg;
};

struct block {
	struct block *older;
	max_align_t data[];
};

/*
 * A scope owns memory blocks and cleanups. The outermost one (root) is never left: what is
 * allocated outside any protect() lives as long as the process.
 */
struct scope {
	struct scope *outer;
	struct cleanup *cleanups;
	struct block *blocks;
	unsigned doing_depth; /* when the scope began */
	jmp_buf target;
	struct failure *failure;
};

static struct scope root;
static struct scope *innermost = &root;
static char doing_texts[DOING_MAX][DOING_TEXT];
static unsigned doing_depth;
static volatile sig_atomic_t interrupt_flag;
static void (*watch)(void);
static unsigned warnings;
static void (*warning_taker)(const char *text);
static void (*before_warning)(void);

static void scope_release(struct scope *scope)
{
	while (scope->cleanups) {
		struct cleanup *cleanup = scope->cleanups;

		scope->cleanups = cleanup->older;
		cleanup->function(cleanup->arg);
		free(cleanup);
	}
	while (scope->blocks) {
		struct block *block = scope->blocks;

		scope->blocks = block->older;
		free(block);
	}
}

bool protect(void (*body)(void *arg), void *arg, struct failure *failure)
{
	struct scope scope = { .outer = innermost, .doing_depth = doing_depth, .failure = failure };
	bool failed;

	if (failure) { /* not all of it: 2 KB for each row of a table */
		failure->text[0] = '\0';
		failure->interrupted = false;
	}
	failed = setjmp(scope.target) != 0;
	if (!failed) {
		innermost = &scope;
		body(arg);
	}
	/* A cleanup that fails ends the scope outside: this one is already being left. */
	innermost = scope.outer;
	doing_depth = scope.doing_depth;
	scope_release(&scope);
	return !failed;
}

bool protect_row(void (*body)(void *arg), void *arg, struct failure *failure)
{
	if (protect(body, arg, failure))
		return true;
	if (failure->interrupted)
		fail_again(failure);
	return false;
}

void protect_or_pass(void (*body)(void *arg), void *arg)
{
	struct failure failure;

	if (!protect(body, arg, &failure))
		fail_again(&failure);
}

static noreturn void scope_abort(void)
{
	if (innermost == &root)
		exit(1);
	longjmp(innermost->target, 1);
}

/*
 * "    while walking the task list", innermost first, for what began inside this scope or outside.
 */
static void add_doing(char *text, size_t space)
{
	size_t used = strlen(text);
	unsigned i = doing_depth < DOING_MAX ? doing_depth : DOING_MAX;

	while (i-- > 0 && used < space) {
		int more = snprintf(text + used, space - used, "\n    while %s", doing_texts[i]);

		used += more > 0 ? (size_t)more : 0;
	}
}

/*
 * Names out of a dump stand in messages as well: what would act on a terminal becomes a dot.
 */
static void make_harmless(char *text)
{
	for (; *text; text++)
		if (((u8)*text < ' ' && *text != '\n' && *text != '\t') || *text == 0x7f)
			*text = '.';
}

void fail(const char *format, ...)
{
	struct failure *failure = innermost->failure;
	struct failure local = { 0 };
	va_list args;

	if (!failure)
		failure = &local;
	va_start(args, format);
	vsnprintf(failure->text, sizeof(failure->text), format, args);
	va_end(args);
	failure->interrupted = false;
	add_doing(failure->text, sizeof(failure->text));
	make_harmless(failure->text);
	if (innermost == &root)
		fprintf(stderr, "crash: %s\n", failure->text);
	scope_abort();
}

void fail_with(struct strbuf *text)
{
	char message[sizeof(((struct failure *)0)->text)];

	snprintf(message, sizeof(message), "%s", strbuf_text(text));
	strbuf_free(text);
	fail("%s", message);
}

void fail_again(const struct failure *failure)
{
	if (innermost->failure)
		*innermost->failure = *failure;
	if (innermost == &root)
		fprintf(stderr, "crash: %s\n", failure->text);
	scope_abort();
}

/* A terminal breaks long lines in the middle of a word: blanks are better. */
static void put_wrapped(const char *text, size_t columns)
{
	while (strcspn(text, "\n") > columns) {
		size_t length = columns;

		while (length && text[length] != ' ')
			length--;
		if (!length) /* a long path */
			length = strcspn(text, " \n");
		fprintf(stderr, "%.*s\n", (int)length, text);
		text += length + (text[length] != '\0');
	}
	fputs(text, stderr);
}

static void put_warning(const char *text)
{
	struct strbuf line = { 0 };
	struct winsize size;

	fflush(stdout);
	strbuf_printf(&line, "WARNING: %s\n", text);
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		put_wrapped(strbuf_text(&line), size.ws_col);
	else
		fputs(strbuf_text(&line), stderr);
	strbuf_free(&line);
}

void warn(const char *format, ...)
{
	struct strbuf text = { 0 };
	va_list args;

	warnings++;
	if (before_warning)
		before_warning();
	va_start(args, format);
	strbuf_vprintf(&text, format, args);
	va_end(args);
	if (text.length)
		make_harmless(text.text);
	if (warning_taker)
		warning_taker(strbuf_text(&text));
	else
		put_warning(strbuf_text(&text));
	strbuf_free(&text);
}

void warn_set_taker(void (*taker)(const char *text))
{
	warning_taker = taker;
}

void warn_set_before(void (*function)(void))
{
	before_warning = function;
}

unsigned warnings_told(void)
{
	return warnings;
}

unsigned doing(const char *format, ...)
{
	unsigned mark = doing_depth;
	va_list args;

	if (doing_depth < DOING_MAX) {
		va_start(args, format);
		vsnprintf(doing_texts[doing_depth], DOING_TEXT, format, args);
		va_end(args);
	}
	doing_depth++;
	return mark;
}

void done(unsigned mark)
{
	doing_depth = mark;
}

void *scope_alloc(size_t size)
{
	struct block *block = calloc(1, sizeof(*block) + size);

	if (!block || size > SIZE_MAX - sizeof(*block)) {
		free(block);
		fail("out of memory: %zu bytes asked for", size);
	}
	block->older = innermost->blocks;
	innermost->blocks = block;
	return block->data;
}

void *scope_array(size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		fail("out of memory: %zu items of %zu bytes asked for", count, size);
	return scope_alloc(bytes);
}

void *scope_grow(const void *items, size_t *space, size_t size)
{
	size_t used = *space;
	void *more = scope_array(2 * used + 16, size);

	if (used)
		memcpy(more, items, used * size);
	*space = 2 * used + 16;
	return more;
}

char *scope_strdup(const char *text)
{
	size_t bytes = strlen(text) + 1;

	return memcpy(scope_alloc(bytes), text, bytes);
}

char *scope_printf(const char *format, ...)
{
	va_list args;
	int length;
	char *text;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = scope_alloc((size_t)(length > 0 ? length : 0) + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)(length > 0 ? length : 0) + 1, format, args);
	va_end(args);
	return text;
}

void scope_cleanup(void (*function)(void *arg), void *arg)
{
	struct cleanup *cleanup = xmalloc(sizeof(*cleanup));

	*cleanup = (struct cleanup){ innermost->cleanups, function, arg };
	innermost->cleanups = cleanup;
}

static void free_strbuf(void *text)
{
	strbuf_free(text);
}

struct strbuf *scope_strbuf(void)
{
	struct strbuf *text = scope_alloc(sizeof(*text));

	scope_cleanup(free_strbuf, text);
	return text;
}

static void free_u64map(void *map)
{
	u64map_free(map);
}

struct u64map *scope_u64map(void)
{
	struct u64map *map = scope_alloc(sizeof(*map));

	scope_cleanup(free_u64map, map);
	return map;
}

void interrupt_request(void)
{
	interrupt_flag = 1;
}

bool interrupt_pending(void)
{
	return interrupt_flag != 0;
}

void interrupt_clear(void)
{
	interrupt_flag = 0;
}

void interrupt_set_watch(void (*new_watch)(void))
{
	watch = new_watch;
}

void interrupt_watch(void)
{
	if (watch)
		watch();
}

void interrupt_check(void)
{
	static const struct failure failure = { .text = "interrupted", .interrupted = true };

	interrupt_watch();
	if (interrupt_flag)
		fail_again(&failure);
}

void bug(const char *file, int line, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "crash: internal error at %s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\nPlease report this with the command that led to it.\n", stderr);
	abort();
}
