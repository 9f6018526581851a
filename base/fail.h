/* base/fail.h - scopes and the one abort path: fail(), protect(), warn(), cleanups, interrupts. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FAIL_H
#define FAIL_H

#include "base/util.h"

#include <stdnoreturn.h>

struct failure {
	char text[2048]; /* the message and its "while ..." lines, no final newline */
	/*
	 * Ctrl-C, or nowhere to write to: what catches the failure of a single row passes this on.
	 */
	bool interrupted;
};

/*
 * Runs body(arg) in a scope of its own. True when it returned; false when it ended in fail(), with
 * the message in *failure (may be NULL: then the message is dropped). Either way everything that
 * the scope owned is released. Scopes nest. Main thread only: worker threads use try_ functions.
 */
bool protect(void (*body)(void *arg), void *arg, struct failure *failure);

/*
 * For a row of a listing, whose failure costs that row and no other. False, with the message
 * in *failure, which the caller tells; Ctrl-C and an output that broke are passed on, for they
 * end the listing.
 */
bool protect_row(void (*body)(void *arg), void *arg, struct failure *failure);

/* In a scope of its own, whose failure is passed on: for the rows of long listings. */
void protect_or_pass(void (*body)(void *arg), void *arg);

/* Ends the innermost scope with a message (no newline, no full stop). */
noreturn void fail(const char *format, ...) PRINTF_LIKE(1, 2);
/* Fails with TEXT as the message, and frees it. */
noreturn void fail_with(struct strbuf *text);
/* Fails with the text of an inner failure, keeping its interrupted mark. */
noreturn void fail_again(const struct failure *failure);

/* A message to the user that does not end anything: "WARNING: ...". */
void warn(const char *format, ...) PRINTF_LIKE(1, 2);
unsigned warnings_told(void);
/* TAKER gets the text of each warning instead of standard error; NULL: no more. */
void warn_set_taker(void (*taker)(const char *text));
/* Called before each warning: the terminal may have to be made ready for it. */
void warn_set_before(void (*function)(void));

/* What is being done, for the chain under a message. doing() returns a mark for done(). */
unsigned doing(const char *format, ...) PRINTF_LIKE(1, 2);
void done(unsigned mark);

/* Zeroed memory that the innermost scope owns: never freed by hand. */
void *scope_alloc(size_t size);
void *scope_array(size_t count, size_t size);
/*
 * Room for more in an array that the scope owns: a larger copy of ITEMS, of which *SPACE are in
 * use; sets *SPACE.
 */
void *scope_grow(const void *items, size_t *space, size_t size);
char *scope_strdup(const char *text);
char *scope_printf(const char *format, ...) PRINTF_LIKE(1, 2);
/* Growing text that the innermost scope owns. */
struct strbuf *scope_strbuf(void);
struct u64map *scope_u64map(void); /* an empty one, the same */
/* Runs when the innermost scope ends, however it ends; last in, first out. */
void scope_cleanup(void (*function)(void *arg), void *arg);

/* Ctrl-C: a signal handler sets the flag, loops look at it. */
void interrupt_request(void); /* async-signal-safe */
bool interrupt_pending(void);
void interrupt_clear(void);
void interrupt_check(void); /* fail()s with "interrupted" when pending */
/*
 * Where long work looks for Ctrl-C it is also a good moment for what has to be done now and then:
 * WATCH is called by each interrupt_check(). It must not fail(). Loops of the main thread that only
 * ask interrupt_pending() call it as well.
 */
void interrupt_set_watch(void (*watch)(void));
void interrupt_watch(void);

/* Our own mistake, with file and line: prints and aborts the process. */
#define BUG(...) bug(__FILE__, __LINE__, __VA_ARGS__)
noreturn void bug(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
