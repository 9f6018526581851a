/* base/regs.h - the x86_64 register set, in the order in which the kernel's pt_regs holds it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGS_H
#define REGS_H

/* Without the path: gdb's side of the bridge is built without ours. */
#include "util.h"

/* struct pt_regs of arch/x86/include/asm/ptrace.h (168 bytes); NT_PRSTATUS starts with the same. */
struct x86_regs {
	u64 r15, r14, r13, r12, bp, bx;
	u64 r11, r10, r9, r8, ax, cx, dx, si, di;
	u64 orig_ax, ip, cs, flags, sp, ss;
};

/* What struct user_regs_struct of asm/user_64.h, NT_PRSTATUS's registers, has behind those. */
struct x86_segments {
	u64 fs_base, gs_base, ds, es, fs, gs;
};

#endif
