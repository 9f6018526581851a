/* shell/completion.h - what TAB offers: the words that may stand at the end of a half-typed line. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMPLETION_H
#define COMPLETION_H

#include "shell/command.h"
#include "shell/offer.h"

/* Empty: all zero, or as completion_free() leaves it. LINE ends at the cursor. May fail(). */
void completion_find(const char *line, struct completion *completion);

/*
 * A word in COMMAND's `arguments`, or behind one of its options, that is no kind of words known
 * here, and no free text; NULL: there is none.
 */
const char *completion_unknown(const struct command *command);

#endif
