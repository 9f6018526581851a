/* bridge_ops.h - L6: what gdb asks of the rest of crash: memory, symbols, types, registers. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BRIDGE_OPS_H
#define BRIDGE_OPS_H

#include "util.h"

/* Tells the bridge where to ask; starts nothing. Once, after the session was opened. */
void bridge_ops_setup(void);

enum bridge_space {
	BRIDGE_KERNEL,
	BRIDGE_USER, /* the current task's (option -u) */
	BRIDGE_FILE, /* offsets in the dump file (option -f) */
};

/* What gdb's addresses are of, until the scope that this is called in ends. */
void bridge_ops_use_space(enum bridge_space used);

#endif
