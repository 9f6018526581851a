/* oneshot.h - L6: single questions to a dump, without a session: release, build-id, time, log. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ONESHOT_H
#define ONESHOT_H

#include <stdbool.h>

enum oneshot {
	ONESHOT_NONE,
	ONESHOT_OSRELEASE, /* --osrelease */
	ONESHOT_BUILD_ID, /* --build-id */
	ONESHOT_LOG, /* --log */
	ONESHOT_TIME, /* -t */
};

/*
 * Prints the answer and nothing else, from session.dump and session.vmcoreinfo alone; fail()s with what
 * the dump lacks.
 */
void oneshot_answer(enum oneshot question);
/* The same after a whole start-up with vmlinux: for dumps whose vmcoreinfo does not suffice. */
void oneshot_answer_with_vmlinux(enum oneshot question);

/* -g: says which debugging data the file has; fail()s when there is none. */
void oneshot_debugging_data(const char *path);

#endif
