/* shell/report.h - where messages about what went wrong go. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REPORT_H
#define REPORT_H

#include "base/util.h"

/* What `set error` and `set core` say. */
struct report_settings {
	bool redirect; /* not on the terminal when the output goes elsewhere */
	const char *file; /* nowhere else than there; NULL: none */
	bool core_dump; /* the next message leaves a core file */
};
extern struct report_settings report_settings;

/*
 * A message about something that went wrong, where `set error` says: with the command's output, on
 * the terminal, or in a file. TEXT gets "NAME: " before it, and a newline.
 */
void report_error(const char *name, const char *text);
/*
 * Until the innermost scope ends they are added to ERROR instead, a line each but for
 * the last newline.
 */
void report_catch(struct strbuf *error);

#endif
