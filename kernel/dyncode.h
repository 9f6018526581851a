/* kernel/dyncode.h - code that the kernel wrote while it ran: BPF programs, trampolines, probes' pieces. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DYNCODE_H
#define DYNCODE_H

#include "base/util.h"

/*
 * Makes its names known to symbols.h, under the owners that /proc/kallsyms gives
 * them. Never fail()s.
 */
void dyncode_add_symbols(void);
/* For a live system: is other code there now than dyncode_add_symbols() found? */
bool dyncode_changed(void);
/*
 * ftrace's trampolines are copies of the kernel's own code: the address that ADDRESS was copied
 * from, for the unwind table. False: it lies in none of them.
 */
bool dyncode_copied_from(u64 address, u64 *original);

#endif
