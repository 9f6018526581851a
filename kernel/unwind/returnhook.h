/* kernel/unwind/returnhook.h - return addresses that tracing replaced by its own. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RETURNHOOK_H
#define RETURNHOOK_H

#include "base/util.h"
#include "task.h"

/*
 * Function graph tracing and return probes put the address of their own code where a function's
 * return address was, and keep the real one beside the task. ADDRESS was read from the stack at
 * SLOT: the real return address, which is ADDRESS itself where nobody replaced it; or another
 * hook's, which was there before: ask again. 0: it was replaced, and what by is known, but not the
 * real one (*WHY says whose it is).
 */
u64 returnhook_real(const struct task *task, u64 address, u64 slot, const char **why);

#endif
