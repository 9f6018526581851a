/* names/coreinfo.h - the few symbols and types that vmcoreinfo has, for questions without a vmlinux. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COREINFO_H
#define COREINFO_H

#include "dump/vmcoreinfo.h"

/* Makes them what types.h (symbols.h) answers from. INFO is kept. */
void coreinfo_types(const struct vmcoreinfo *info);
void coreinfo_symbols(const struct vmcoreinfo *info);

#endif
