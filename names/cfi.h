/* names/cfi.h - vmlinux's DWARF call frame information: where a function's caller and its registers are. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CFI_H
#define CFI_H

#include "names/vmlinux.h"

/* DWARF's numbers of the registers on x86_64. */
enum cfi_register { CFI_RBX = 3, CFI_RBP = 6, CFI_RSP = 7, CFI_RETURN = 16, CFI_NR_REGISTERS = 17 };

enum cfi_rule_kind {
	/* lost; of a register that the caller need not find unchanged: no rule at all */
	CFI_UNDEFINED,
	CFI_SAME, /* as it is in this frame */
	CFI_AT_CFA, /* saved at the frame's address plus OFFSET */
	CFI_IN_REGISTER, /* OFFSET is that register's number */
	CFI_COMPUTED, /* by an expression, which nothing here evaluates */
};

struct cfi_rule {
	enum cfi_rule_kind kind;
	s64 offset;
};

/* The rules in force at one address. The canonical frame address is the caller's stack pointer. */
struct cfi_row {
	bool has_cfa; /* false: computed by an expression */
	u32 cfa_register;
	s64 cfa_offset;
	struct cfi_rule rules[CFI_NR_REGISTERS];
};

/* The file to read from, kept; NULL: none. Nothing is read before the first lookup. */
void cfi_set_vmlinux(const struct vmlinux *vmlinux);
/* The same with the BYTES of a .debug_frame section at DATA, which stay the caller's. */
void cfi_set_section(const u8 *data, u64 bytes);
/*
 * The functions that have rules, by address: the first byte of number INDEX and the first behind
 * it; false: no more.
 */
bool cfi_function(size_t index, u64 *start, u64 *end);
/*
 * The row for a link-time ADDRESS; false when no function there has one, or what it has is damaged.
 */
bool cfi_lookup(u64 address, struct cfi_row *row);

#endif
