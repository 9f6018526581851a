/* names/cfi.c - vmlinux's DWARF call frame information: where a function's caller and its registers are. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Section .debug_frame, DWARF 2 to 5. Two kinds of entries, each behind its
 * length (4 bytes, or ffffffff and 8):
 *	CIE	offset -1, version, augmentation "", [version 4: address and segment sizes],
 *		code factor, data factor, return address column, instructions
 *	FDE	offset of its CIE, first address, length, instructions
 * Instructions change a row of rules; those of the CIE make the first row of each function. An
 * index of all FDEs by address is made on the first lookup.
 */
#include "names/cfi.h"

#include <stdlib.h>

enum {
	MAX_REMEMBERED = 8,
	MAX_INSTRUCTIONS = 100000, /* a function's; the longest have some hundreds */
	ADVANCE = 0x40,
	OFFSET = 0x80,
	RESTORE = 0xc0,
};

/* Names of DW_CFA_*, as the standard has them. */
enum {
	CFA_nop,
	CFA_set_loc,
	CFA_advance_loc1,
	CFA_advance_loc2,
	CFA_advance_loc4,
	CFA_offset_extended,
	CFA_restore_extended,
	CFA_undefined,
	CFA_same_value,
	CFA_register,
	CFA_remember_state,
	CFA_restore_state,
	CFA_def_cfa,
	CFA_def_cfa_register,
	CFA_def_cfa_offset,
	CFA_def_cfa_expression,
	CFA_expression,
	CFA_offset_extended_sf,
	CFA_def_cfa_sf,
	CFA_def_cfa_offset_sf,
	CFA_val_offset,
	CFA_val_offset_sf,
	CFA_val_expression,
	CFA_GNU_args_size = 0x2e,
};

/* Bytes still to read; FAILED once something reached past their end. */
struct cursor {
	const u8 *at, *end;
	bool failed;
};

struct function {
	u64 start, end;
	u64 cie; /* offset in the section */
	u64 instructions, instructions_end;
};

struct cie {
	u64 code_factor;
	s64 data_factor;
	struct cursor instructions;
};

static const struct vmlinux *file;
static const u8 *section;
static u64 section_bytes;
static VECTOR(struct function) functions;
static bool indexed;

static u64 take(struct cursor *cursor, size_t width)
{
	u64 value;

	if ((size_t)(cursor->end - cursor->at) < width) {
		cursor->failed = true;
		cursor->at = cursor->end;
		return 0;
	}
	value = load_uint(cursor->at, width);
	cursor->at += width;
	return value;
}

/* LEB128, unsigned; *SHIFT: how many bits it had, *LAST: its last byte. */
static u64 take_bits(struct cursor *cursor, unsigned *shift, u8 *last)
{
	u64 value = 0;

	*shift = 0;
	do {
		*last = (u8)take(cursor, 1);
		if (*shift < 64)
			value |= (u64)(*last & 0x7f) << *shift;
		*shift += 7;
	} while (*last & 0x80);
	return value;
}

static u64 take_unsigned(struct cursor *cursor)
{
	unsigned shift;
	u8 last;

	return take_bits(cursor, &shift, &last);
}

static s64 take_signed(struct cursor *cursor)
{
	unsigned shift;
	u8 last;
	u64 value = take_bits(cursor, &shift, &last);

	if (shift < 64 && last & 0x40)
		value |= ~0ULL << shift;
	return (s64)value;
}

static void skip_block(struct cursor *cursor)
{
	u64 bytes = take_unsigned(cursor);

	if (bytes > (u64)(cursor->end - cursor->at))
		cursor->failed = true;
	cursor->at = cursor->failed ? cursor->end : cursor->at + bytes;
}

/* An entry at OFFSET: what is behind its length; *WIDE: its offsets have 8 bytes. */
static bool take_entry(u64 offset, struct cursor *entry, bool *wide)
{
	u64 length;

	if (offset >= section_bytes)
		return false;
	*entry = (struct cursor){ section + offset, section + section_bytes, false };
	length = take(entry, 4);
	*wide = length == 0xffffffff;
	if (*wide)
		length = take(entry, 8);
	if (entry->failed || length > (u64)(entry->end - entry->at))
		return false;
	entry->end = entry->at + length;
	return true;
}

static int compare_functions(const void *a, const void *b)
{
	const struct function *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

static void index_entries(void)
{
	u64 offset = 0;
	struct cursor entry;
	bool wide;

	/* A section that begins with anything but a CIE is compressed, or garbage. */
	if (!take_entry(0, &entry, &wide) ||
	    take(&entry, wide ? 8 : 4) != (wide ? ~0ULL : 0xffffffff))
		return;
	while (take_entry(offset, &entry, &wide)) {
		u64 cie = take(&entry, wide ? 8 : 4);

		if (cie != (wide ? ~0ULL : 0xffffffff) && !entry.failed) {
			u64 start = take(&entry, 8), length = take(&entry, 8);

			if (!entry.failed && length && range_fits(start, length, ~0ULL))
				*vector_add(&functions) = (struct function){
					.start = start,
					.end = start + length,
					.cie = cie,
					.instructions = (u64)(entry.at - section),
					.instructions_end = (u64)(entry.end - section),
				};
		}
		offset = (u64)(entry.end - section);
	}
	if (functions.count)
		qsort(functions.items, functions.count, sizeof(*functions.items),
		      compare_functions);
}

static void make_index(void)
{
	u64 address;

	if (indexed)
		return;
	indexed = true;
	if (file && !vmlinux_section(file, ".debug_frame", &section, &section_bytes, &address))
		section = NULL;
	if (section)
		index_entries();
}

void cfi_set_section(const u8 *data, u64 bytes)
{
	file = NULL;
	vector_free(&functions);
	section = data;
	section_bytes = bytes;
	indexed = false;
}

void cfi_set_vmlinux(const struct vmlinux *vmlinux)
{
	cfi_set_section(NULL, 0);
	file = vmlinux;
}

bool cfi_function(size_t index, u64 *start, u64 *end)
{
	make_index();
	if (index >= functions.count)
		return false;
	*start = functions.items[index].start;
	*end = functions.items[index].end;
	return true;
}

static const struct function *find_function(u64 address)
{
	size_t low = 0, high = functions.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (functions.items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < functions.items[low - 1].end ? &functions.items[low - 1] : NULL;
}

static bool read_cie(u64 offset, struct cie *cie)
{
	struct cursor entry;
	bool wide;
	u64 version;

	if (!take_entry(offset, &entry, &wide) ||
	    take(&entry, wide ? 8 : 4) != (wide ? ~0ULL : 0xffffffff))
		return false;
	version = take(&entry, 1);
	/* An augmentation would change what follows. */
	if ((version != 1 && version != 3 && version != 4) || take(&entry, 1) != 0)
		return false;
	if (version == 4 && (take(&entry, 1) != 8 || take(&entry, 1) != 0))
		return false;
	cie->code_factor = take_unsigned(&entry);
	cie->data_factor = take_signed(&entry);
	if ((version == 1 ? take(&entry, 1) : take_unsigned(&entry)) != CFI_RETURN)
		return false;
	cie->instructions = entry;
	return !entry.failed;
}

/* What runs the instructions of one function up to an address. */
struct machine {
	const struct cie *cie;
	struct cfi_row row, first_row;
	struct cfi_row remembered[MAX_REMEMBERED];
	unsigned nr_remembered;
	u64 location, wanted;
};

static void set_rule(struct machine *machine, u64 reg, enum cfi_rule_kind kind, s64 offset)
{
	if (reg < CFI_NR_REGISTERS)
		machine->row.rules[reg] = (struct cfi_rule){ kind, offset };
}

static void restore_rule(struct machine *machine, u64 reg)
{
	if (reg < CFI_NR_REGISTERS)
		machine->row.rules[reg] = machine->first_row.rules[reg];
}

static bool remember(struct machine *machine, bool restore)
{
	if (!restore && machine->nr_remembered < MAX_REMEMBERED) {
		machine->remembered[machine->nr_remembered++] = machine->row;
		return true;
	}
	if (!restore || !machine->nr_remembered)
		return false;
	machine->row = machine->remembered[--machine->nr_remembered];
	return true;
}

/* Wraps, as the numbers of a damaged section may. */
static s64 scaled(u64 value, s64 factor)
{
	return (s64)(value * (u64)factor);
}

static void define_cfa(struct machine *machine, u64 reg, s64 offset)
{
	machine->row.has_cfa = true;
	machine->row.cfa_register = (u32)min_u64(reg, CFI_NR_REGISTERS);
	machine->row.cfa_offset = offset;
}

/* Instructions about where the frame is. False: OP is none of them. */
static bool run_cfa(struct machine *machine, unsigned op, struct cursor *code)
{
	s64 factor = machine->cie->data_factor;
	u64 reg;

	switch (op) {
	case CFA_def_cfa:
		reg = take_unsigned(code);
		define_cfa(machine, reg, (s64)take_unsigned(code));
		return true;
	case CFA_def_cfa_sf:
		reg = take_unsigned(code);
		define_cfa(machine, reg, scaled((u64)take_signed(code), factor));
		return true;
	case CFA_def_cfa_register:
		define_cfa(machine, take_unsigned(code), machine->row.cfa_offset);
		return true;
	case CFA_def_cfa_offset:
		machine->row.cfa_offset = (s64)take_unsigned(code);
		return true;
	case CFA_def_cfa_offset_sf:
		machine->row.cfa_offset = scaled((u64)take_signed(code), factor);
		return true;
	case CFA_def_cfa_expression:
		machine->row.has_cfa = false;
		skip_block(code);
		return true;
	default:
		return false;
	}
}

/* Instructions about registers, and those that mean nothing here. False: unknown. */
static bool run_rule(struct machine *machine, unsigned op, struct cursor *code)
{
	s64 factor = machine->cie->data_factor;
	u64 reg;

	switch (op) {
	case CFA_nop:
		return true;
	case CFA_GNU_args_size:
		take_unsigned(code);
		return true;
	case CFA_remember_state:
	case CFA_restore_state:
		return remember(machine, op == CFA_restore_state);
	case CFA_offset_extended:
	case CFA_offset_extended_sf:
		reg = take_unsigned(code);
		set_rule(machine, reg, CFI_AT_CFA,
			 scaled(op == CFA_offset_extended ? take_unsigned(code)
							  : (u64)take_signed(code),
				factor));
		return true;
	case CFA_restore_extended:
		restore_rule(machine, take_unsigned(code));
		return true;
	case CFA_undefined:
		set_rule(machine, take_unsigned(code), CFI_UNDEFINED, 0);
		return true;
	case CFA_same_value:
		set_rule(machine, take_unsigned(code), CFI_SAME, 0);
		return true;
	case CFA_register:
		reg = take_unsigned(code);
		set_rule(machine, reg, CFI_IN_REGISTER, (s64)take_unsigned(code));
		return true;
	case CFA_val_offset:
	case CFA_val_offset_sf:
		set_rule(machine, take_unsigned(code), CFI_COMPUTED, 0);
		take_unsigned(code);
		return true;
	case CFA_expression:
	case CFA_val_expression:
		set_rule(machine, take_unsigned(code), CFI_COMPUTED, 0);
		skip_block(code);
		return true;
	default:
		return false;
	}
}

/* True when OP moves on to later code; *LOCATION: to where. */
static bool is_advance(const struct machine *machine, unsigned op, struct cursor *code,
		       u64 *location)
{
	u64 factor = machine->cie->code_factor;

	if ((op & 0xc0) == ADVANCE)
		*location = machine->location + (op & 0x3f) * factor;
	else if (op == CFA_set_loc)
		*location = take(code, 8);
	else if (op >= CFA_advance_loc1 && op <= CFA_advance_loc4)
		*location = machine->location + take(code, 1U << (op - CFA_advance_loc1)) * factor;
	else
		return false;
	return true;
}

/* Up to the address that is wanted, or to the end. */
static bool run(struct machine *machine, struct cursor code)
{
	u64 location = 0;

	for (unsigned count = 0; code.at < code.end; count++) {
		unsigned op = (unsigned)take(&code, 1);

		if (count == MAX_INSTRUCTIONS)
			return false;
		if (is_advance(machine, op, &code, &location)) {
			if (code.failed || location > machine->wanted)
				break;
			machine->location = location;
		} else if ((op & 0xc0) == OFFSET) {
			set_rule(machine, op & 0x3f, CFI_AT_CFA,
				 scaled(take_unsigned(&code), machine->cie->data_factor));
		} else if ((op & 0xc0) == RESTORE) {
			restore_rule(machine, op & 0x3f);
		} else if (!run_cfa(machine, op, &code) && !run_rule(machine, op, &code)) {
			return false;
		}
	}
	return !code.failed;
}

bool cfi_lookup(u64 address, struct cfi_row *row)
{
	const struct function *function;
	struct machine machine = { .wanted = address };
	struct cie cie;

	make_index();
	function = find_function(address);
	if (!function || !read_cie(function->cie, &cie))
		return false;
	/* The psABI's registers that a function leaves as they are: rbx, rbp, r12 to r15. */
	for (unsigned reg = 0; reg < CFI_NR_REGISTERS; reg++) {
		if (reg == CFI_RBX || reg == CFI_RBP || (reg >= 12 && reg <= 15))
			machine.row.rules[reg].kind = CFI_SAME;
	}
	machine.cie = &cie;
	machine.location = function->start;
	if (!run(&machine, cie.instructions))
		return false;
	machine.first_row = machine.row;
	if (!run(&machine, (struct cursor){ section + function->instructions,
					    section + function->instructions_end, false }))
		return false;
	*row = machine.row;
	return true;
}
