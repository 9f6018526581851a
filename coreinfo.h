/* coreinfo.h - L2: the few symbols and types that vmcoreinfo tells, for questions asked without a vmlinux. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COREINFO_H
#define COREINFO_H

#include "vmcoreinfo.h"

/* Makes them what symbols.h and types.h answer from. False: INFO names no symbol at all. */
bool coreinfo_setup(const struct vmcoreinfo *info);

#endif
