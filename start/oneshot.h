/* start/oneshot.h - single questions to a dump, without a session: release, build-id, time, log. */
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
 * Prints the answer and nothing else, from session.dump and session.vmcoreinfo alone; fail()s with
 * what the dump lacks.
 */
void oneshot_answer(enum oneshot question);
/*
 * Does the vmcoreinfo not suffice, so that a whole start-up is needed, with a vmlinux or out
 * of the dump?
 */
bool oneshot_needs_names(enum oneshot question);
void oneshot_answer_with_names(enum oneshot question); /* after that */

/* -g: says which debugging data the file has; fail()s when there is none. */
void oneshot_debugging_data(const char *path);

/*
 * --debuginfo: the places looked at for the kernel's files (KERNEL_PLACES), and for those
 * of each module.
 */
void oneshot_debug_files(const char *kernel_places);

#endif
