/* bridge_ops.h - L6: what gdb asks of the rest of crash: memory, symbols, types, registers. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BRIDGE_OPS_H
#define BRIDGE_OPS_H

#include "util.h"

/* Tells the bridge where to ask; starts nothing. Once, after the session was opened. */
void bridge_ops_setup(void);

/* Until told otherwise, gdb's addresses are those of the current task's user space (option -u). */
void bridge_ops_user_space(bool user);

#endif
