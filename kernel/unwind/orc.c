/* kernel/unwind/orc.c - the kernel's own unwind tables: __start_orc_unwind*, module.arch.orc_unwind*. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A table is two arrays of the same length, sorted by address when the kernel was linked or the
 * module loaded:
 *	s32 ip[n]	an address, relative to the array element itself
 *	entry[n]	s16 sp_offset, s16 bp_offset, u16 bits: sp_reg:4 bp_reg:4 and, from
 *			bit 8 up,
 *		v4.14	type:2 end:1
 *		v6.3	type:2 signal:1 end:1			ffb1b4a41016
 *		v6.4	type:3 signal:1				fb799447ae29
 * v7.1 gave the registers other numbers. Nothing in the table says which layout it has,
 * and the version number says little (distributions backport): it is told by what the
 * entries hold. Most code is plain calls with the stack pointer as base, so the commonest
 * type and base register name the layout.
 */
#include "kernel/unwind/orc.h"

#include "base/fail.h"
#include "kernel/dyncode.h"
#include "kernel/module.h"
#include "memory.h"
#include "names/kfield.h"
#include "symbols.h"

#include <stdio.h>
#include <stdlib.h>

#define ORC_ENTRY_BYTES 6
#define ORC_MAX_ENTRIES (16u << 20) /* a kernel has some 200,000 */

KSYMBOL(orc_ip_start, "__start_orc_unwind_ip");
KSYMBOL(orc_ip_stop, "__stop_orc_unwind_ip");
KSYMBOL(orc_start, "__start_orc_unwind");
KSYMBOL(orc_stop, "__stop_orc_unwind");
KFIELD(module_orc_count, "module.arch.num_orcs");
KFIELD(module_orc_ip, "module.arch.orc_unwind_ip");
KFIELD(module_orc_entries, "module.arch.orc_unwind");

struct orc_table {
	u64 ip_address; /* of ip[0], which its values are relative to */
	u32 nr_entries;
	s32 *ips;
	u8 *entries;
};

struct orc_format {
	bool known;
	bool new_types; /* type:3 */
	bool has_signal; /* v6.3 and later */
	bool new_registers; /* v7.1 */
};

static struct orc_table kernel_table;
static struct orc_table *module_tables; /* by module_at() index */
static bool *module_tables_read;
static size_t nr_module_tables;
static struct orc_format format;
static bool kernel_table_read;
static char problem[256];

static bool read_table(u64 ip_address, u64 entries_address, u64 nr_entries, struct orc_table *table)
{
	struct fault fault = { 0 };

	if (!nr_entries || nr_entries > ORC_MAX_ENTRIES) {
		snprintf(problem, sizeof(problem), "the unwind table has %llu entries", nr_entries);
		return false;
	}
	table->ip_address = ip_address;
	table->ips = xmalloc(nr_entries * sizeof(*table->ips));
	table->entries = xmalloc(nr_entries * ORC_ENTRY_BYTES);
	if (mem_try_read(ip_address, table->ips, nr_entries * sizeof(*table->ips), &fault) &&
	    mem_try_read(entries_address, table->entries, nr_entries * ORC_ENTRY_BYTES, &fault)) {
		table->nr_entries = (u32)nr_entries;
		return true;
	}
	snprintf(problem, sizeof(problem), "cannot read the unwind table at %llx: %s",
		 fault.address, fault_text(&fault));
	free(table->ips);
	free(table->entries);
	memset(table, 0, sizeof(*table));
	return false;
}

static unsigned entry_bits(const struct orc_table *table, u32 index)
{
	return load_u16(table->entries + (size_t)index * ORC_ENTRY_BYTES + 4);
}

/*
 * See the top of this file. In old numbers SP is 5 and BP 4; in new ones 3 and 4; DI was 3
 * and is 5.
 */
static void recognise_format(const struct orc_table *table)
{
	u32 types[8] = { 0 }, bases[16] = { 0 }, with_bit_11 = 0, i;

	for (i = 0; i < table->nr_entries; i++) {
		unsigned bits = entry_bits(table, i);

		types[bits >> 8 & 7]++;
		bases[bits & 15]++;
		with_bit_11 += bits >> 11 & 1;
	}
	format.known = true;
	format.new_types = types[2] > types[0];
	/* Old: bit 11 is v6.3's `end` and unused before. Entry code always has some of either. */
	format.has_signal = format.new_types || with_bit_11;
	format.new_registers = bases[3] > bases[5];
}

static const struct orc_table *the_kernel_table(void)
{
	u64 start, stop;

	if (kernel_table_read)
		return &kernel_table;
	kernel_table_read = true;
	if (!ksymbol_exists(&orc_ip_start) || !ksymbol_exists(&orc_ip_stop) ||
	    !ksymbol_exists(&orc_start)) {
		snprintf(problem, sizeof(problem), "this kernel has no ORC unwind table");
		return &kernel_table;
	}
	start = ksymbol_address(&orc_ip_start);
	stop = ksymbol_address(&orc_ip_stop);
	if (read_table(start, ksymbol_address(&orc_start), (stop - start) / sizeof(s32),
		       &kernel_table))
		recognise_format(&kernel_table);
	return &kernel_table;
}

struct module_question {
	size_t index;
};

static void read_module_table(void *arg)
{
	struct module_question *question = arg;
	u64 module = module_at(question->index)->address;
	u64 nr_entries = field_u64(module, &module_orc_count);

	if (nr_entries)
		read_table(field_u64(module, &module_orc_ip),
			   field_u64(module, &module_orc_entries), nr_entries,
			   &module_tables[question->index]);
}

void orc_forget_modules(void)
{
	for (size_t i = 0; i < nr_module_tables; i++) {
		free(module_tables[i].ips);
		free(module_tables[i].entries);
	}
	free(module_tables);
	free(module_tables_read);
	module_tables = NULL;
	module_tables_read = NULL;
	nr_module_tables = 0;
}

static const struct orc_table *module_table(u64 address)
{
	const struct symbol_module *owner = symbol_module_at(address);
	struct module_question question;

	if (!owner || !kfield_exists(&module_orc_count))
		return NULL;
	if (!module_tables) {
		nr_module_tables = module_count();
		module_tables = xcalloc(module_count() + 1, sizeof(*module_tables));
		module_tables_read = xcalloc(module_count() + 1, sizeof(*module_tables_read));
	}
	for (question.index = 0; question.index < module_count(); question.index++) {
		if (module_at(question.index)->address != owner->address)
			continue;
		if (!module_tables_read[question.index]) {
			module_tables_read[question.index] = true;
			protect(read_module_table, &question, NULL);
		}
		return &module_tables[question.index];
	}
	return NULL;
}

static u64 entry_address(const struct orc_table *table, u32 index)
{
	return table->ip_address + (u64)index * sizeof(s32) + (u64)(s64)table->ips[index];
}

/* The last entry at or below ADDRESS; false when all are above it. */
static bool find_entry(const struct orc_table *table, u64 address, u32 *index)
{
	u32 low = 0, high = table->nr_entries;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (entry_address(table, middle) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	*index = low - 1;
	return low > 0;
}

static enum orc_reg register_of(unsigned number)
{
	static const enum orc_reg before[] = {
		ORC_UNDEFINED, ORC_PREV_SP, ORC_DX,  ORC_DI,	      ORC_BP,
		ORC_SP,	       ORC_R10,	    ORC_R13, ORC_BP_INDIRECT, ORC_SP_INDIRECT,
	};
	static const enum orc_reg since_v7_1[] = {
		ORC_UNDEFINED, ORC_AX,	ORC_DX,	     ORC_SP,	      ORC_BP,	       ORC_DI,
		ORC_R10,       ORC_R13, ORC_PREV_SP, ORC_SP_INDIRECT, ORC_BP_INDIRECT,
	};

	if (format.new_registers)
		return number < ARRAY_SIZE(since_v7_1) ? since_v7_1[number] : ORC_BAD;
	return number < ARRAY_SIZE(before) ? before[number] : ORC_BAD;
}

static void decode(const u8 *entry, struct orc_rule *rule)
{
	static const enum orc_type new_types[8] = { ORC_NOTHING, ORC_END, ORC_CALL, ORC_REGS,
						    ORC_REGS_PARTIAL };
	static const enum orc_type old_types[4] = { ORC_CALL, ORC_REGS, ORC_REGS_PARTIAL };
	unsigned bits = load_u16(entry + 4);
	bool end;

	*rule = (struct orc_rule){
		.sp_offset = (s16)load_u16(entry),
		.bp_offset = (s16)load_u16(entry + 2),
		.sp_reg = register_of(bits & 15),
		.bp_reg = register_of(bits >> 4 & 15),
	};
	if (format.new_types) {
		rule->type = new_types[bits >> 8 & 7];
		rule->signal = bits >> 11 & 1;
		return;
	}
	rule->type = old_types[bits >> 8 & 3];
	rule->signal = format.has_signal ? bits >> 10 & 1
					 : rule->type == ORC_REGS || rule->type == ORC_REGS_PARTIAL;
	end = bits >> (format.has_signal ? 11 : 10) & 1;
	if (end)
		rule->type = ORC_END;
	else if (rule->sp_reg == ORC_UNDEFINED)
		rule->type = ORC_NOTHING;
}

bool orc_lookup(u64 address, struct orc_rule *rule)
{
	const struct orc_table *table = the_kernel_table();
	u32 index;

	if (!format.known)
		return false;
	/* Looking up the owner reads the lists that know of copies. */
	if (symbol_module_at(address) && dyncode_copied_from(address, &address) &&
	    !address_is_text(address))
		return false;
	if (symbol_module_at(address))
		table = module_table(address);
	else if (!address_is_text(address))
		return false;
	if (!table || !table->nr_entries || !find_entry(table, address, &index))
		return false;
	decode(table->entries + (size_t)index * ORC_ENTRY_BYTES, rule);
	return true;
}

const char *orc_problem(void)
{
	the_kernel_table();
	return problem;
}
