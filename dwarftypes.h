/* dwarftypes.h - L2: types of a kernel without BTF, from its DWARF through gdb. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DWARFTYPES_H
#define DWARFTYPES_H

#include "util.h"

/*
 * Attaches vmlinux's DWARF to gdb and lets types.h ask it from now on; false with *why when there is
 * none. After gdb_bridge_setup(), and before modules' symbols may be looked for: finding those needs
 * types, and gdb asks for symbols while it attaches.
 */
bool dwarf_types_setup(struct strbuf *why);

#endif
