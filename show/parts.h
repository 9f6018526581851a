/* show/parts.h - answers that follow each other as the parts of one, with a blank line between two. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PARTS_H
#define PARTS_H

#include <stdbool.h>

/* What readers saw so far. Zero: nothing. */
struct parts {
	bool something, blank_wanted;
};

/*
 * BODY prints a part. Whether or not it ends with blank lines, one goes between two parts; a part
 * that prints nothing is none. Programs get each object as it comes.
 */
void parts_put(struct parts *parts, void (*body)(void *arg), void *arg);
/* The last part ends with a blank line if BODY ended it so. */
void parts_end(const struct parts *parts);

#endif
