/* names/dwarftypes.h - types that BTF lacks, from DWARF through gdb. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DWARFTYPES_H
#define DWARFTYPES_H

#include "base/util.h"

/*
 * For a kernel without BTF: attaches vmlinux's DWARF to gdb and lets types.h ask it from now on;
 * false with *why when there is none. After gdb_bridge_setup(), and before modules' symbols may be
 * looked for: finding those needs types, and gdb asks for symbols while it attaches.
 */
bool dwarf_types_setup(struct strbuf *why);
/*
 * For a kernel with BTF: lets types.h ask whatever DWARF gdb was given for the names
 * that BTF lacks.
 */
void dwarf_types_complete(void);

#endif
