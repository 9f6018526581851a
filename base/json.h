/* base/json.h - answers for programs: one JSON object a line, built up and then written at once. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef JSON_H
#define JSON_H

#include "base/util.h"

/*
 * While json_on(), commands describe what they found with the calls below instead of laying out
 * text; what they still print with out() becomes {"text": "..."} objects, a line each, so that the
 * answer is JSON whatever happens. The shell switches it, for a command (`ps --json`) or for a run
 * (`crash --json`).
 */
bool json_on(void);
/* Returns what it was. */
bool json_set(bool on);

/*
 * Objects and lists nest; json_end() closes the innermost. KEY is NULL at the top and
 * inside a list. The end of an outermost object writes its line. What a failure leaves
 * unfinished is dropped.
 */
void json_object(const char *key);
void json_list(const char *key);
void json_end(void);

void json_text(const char *key, const char *text); /* NULL text: null */
void json_bytes(const char *key, const void *text,
		size_t length); /* no UTF-8: U+FFFD; see json.md */
void json_printf(const char *key, const char *format, ...) PRINTF_LIKE(2, 3);
void json_address(const char *key, u64 address); /* "0xffff888003e5c000" */
void json_number(const char *key, u64 number);
void json_signed(const char *key, s64 number);
/*
 * JSON has no word for what is infinite or not a number: null. DECIMALS -1: as many as
 * the number needs.
 */
void json_real(const char *key, double number, int decimals);
void json_bool(const char *key, bool value);
void json_null(const char *key);

/* {"error": TEXT, "command": COMMAND}, on a line of its own, before that of an open object. */
void json_error(const char *command, const char *text);
/* {"warning": TEXT}, in the same way. */
void json_warning(const char *text);

/* What out() was given while json_on(). */
void json_plain_text(const char *text, size_t length);
/* The last line of it, though no newline came. */
void json_plain_end(void);

/*
 * protect()s a part of an object: what BODY left open or had begun to say when it failed is
 * taken back, and "KEY_error": the message takes its place; in a list, where KEY is NULL,
 * {"error": the message}.
 */
bool json_protect(const char *key, void (*body)(void *arg), void *arg);

#endif
