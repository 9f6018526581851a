/* kernel/audit.h - audit records that no audit daemon has taken yet. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AUDIT_H
#define AUDIT_H

#include "base/util.h"

/*
 * Calls EACH for every record in the kernel's queues, oldest queue first; TEXT is NUL-terminated
 * and valid only during the call. An unreadable record costs itself and a warning. Returns how many
 * there were; fail()s when the kernel has no audit.
 */
size_t audit_records(void (*each)(unsigned type, const char *text, size_t length, void *arg),
		     void *arg);

#endif
