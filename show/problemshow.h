/* show/problemshow.h - a line below a row: what is wrong with the lists that it was made from. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PROBLEMSHOW_H
#define PROBLEMSHOW_H

#include "base/table.h"

/* "  PROBLEM: TEXT", in JSON lists_error, and the command has partly failed; nothing for "". */
void problemshow(struct row *row, const char *text);

#endif
