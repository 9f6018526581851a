/* kernel/unwind/orc.h - the kernel's own unwind tables (ORC), of vmlinux and of modules, in all layouts. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ORC_H
#define ORC_H

#include "base/util.h"

/* Where a value is computed from. The kernel's numbers changed in v7.1; these are ours. */
enum orc_reg {
	ORC_UNDEFINED,
	ORC_PREV_SP,
	ORC_AX,
	ORC_DX,
	ORC_DI,
	ORC_BP,
	ORC_SP,
	ORC_R10,
	ORC_R13,
	ORC_BP_INDIRECT, /* *(bp + offset) */
	ORC_SP_INDIRECT, /* *(sp) + offset: v5.12 aa5cacdc29d7, unused before */
	ORC_BAD,
};

enum orc_type {
	ORC_NOTHING, /* no rule: unwinding must not go on here */
	ORC_END, /* the outermost frame */
	ORC_CALL, /* a return address sits below the previous sp */
	ORC_REGS, /* a whole pt_regs sits at the previous sp */
	ORC_REGS_PARTIAL, /* only its last five words (an iret frame) */
};

struct orc_rule {
	enum orc_type type;
	enum orc_reg sp_reg, bp_reg;
	s16 sp_offset, bp_offset;
	bool signal; /* the frame above was interrupted: its ip is exact, no return address */
};

/* The rule in force at ADDRESS; false when no table covers it. Tables are read on first use. */
bool orc_lookup(u64 address, struct orc_rule *rule);
/* Live systems: other modules are loaded now. */
void orc_forget_modules(void);
/* Why there is no table at all ("" when there is one). */
const char *orc_problem(void);

#endif
