/* shell/bridge_ops.h - what gdb asks of the rest of crash: memory, symbols, types, registers. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BRIDGE_OPS_H
#define BRIDGE_OPS_H

#include "base/fault.h"
#include "base/util.h"
#include "bridge/gdb_bridge.h"
#include "kernel/unwind/stack.h"

/* What scripts of gdb's do with our commands, and with gdb's own. */
struct bridge_shell {
	/* Runs LINE; messages are added to ERROR. False: there were some. */
	bool (*execute)(const char *line, struct strbuf *error);
	/* Why gdb's command NAME must not be run, or NULL. */
	const char *(*never_runs)(const char *name);
};

/* Tells the bridge where to ask; starts nothing. Once, after the session was opened. */
void bridge_ops_setup(const struct bridge_shell *used);

/*
 * What gdb's addresses are of, until the scope that this is called in ends: the kernel's, the
 * current task's (option -u), offsets in the dump file (-f).
 */
void bridge_ops_use_space(enum address_space used);
/* The kernel's, and the current task's below them. */
void bridge_ops_use_both(void);

/*
 * gdb's frames of a CPU begin with the registers that were saved of it. Until the scope that
 * this is called in ends, they begin where stack_unwind() begins: a crashing kernel went on
 * below these registers.
 */
void bridge_ops_start_below(void);
/* `set scope`: the text address as whose function sees them gdb looks names up, or 0. */
u64 bridge_ops_scope(void);
void bridge_ops_set_scope(u64 address);
/* FRAME of TRACE as gdb has it. */
struct gdb_frame_place bridge_frame_place(const struct stack_trace *trace,
					  const struct frame *frame);

#endif
