/* kernel/e820.c - struct e820_table. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/e820.h"

#include "base/fail.h"
#include "memory.h"

KSYMBOL(table_firmware, "e820_table_firmware");
KSYMBOL(table_kernel, "e820_table");
KSYMBOL(table_kexec, "e820_table_kexec");
KFIELD(nr_entries, "e820_table.nr_entries");
KFIELD(entries, "e820_table.entries");
KTYPE(entry_type, "struct e820_entry");
KFIELD(entry_address, "e820_entry.addr");
KFIELD(entry_size, "e820_entry.size");
KFIELD(entry_kind, "e820_entry.type");

static struct ksymbol *symbol_of(enum e820_table table)
{
	return table == E820_FIRMWARE ? &table_firmware
	       : table == E820_KERNEL ? &table_kernel
				      : &table_kexec;
}

const char *e820_table_name(enum e820_table table)
{
	struct ksymbol *symbol = symbol_of(table);

	return symbol->k.spellings[0];
}

bool e820_read(enum e820_table table, struct e820_range **ranges, size_t *count)
{
	struct ksymbol *symbol = symbol_of(table);
	u64 at, nr, most = kfield_size(&entries) / ktype_size(&entry_type);

	if (!ksymbol_exists(symbol))
		return false;
	at = ksymbol_u64(symbol, 8);
	nr = field_u64(at, &nr_entries);
	if (nr > most)
		fail("%s: %llu entries, and there is room for %llu", e820_table_name(table), nr,
		     most);
	*ranges = scope_array(nr + 1, sizeof(**ranges));
	for (u64 i = 0; i < nr; i++) {
		u64 entry = field_address(at, &entries) + i * ktype_size(&entry_type);

		(*ranges)[i] = (struct e820_range){ field_u64(entry, &entry_address),
						    field_u64(entry, &entry_size),
						    (u32)field_u64(entry, &entry_kind) };
	}
	*count = nr;
	return true;
}

const char *e820_type_name(u32 type)
{
	switch (type) {
	case 1:
		return "E820_RAM";
	case 2:
		return "E820_RESERVED";
	case 3:
		return "E820_ACPI";
	case 4:
		return "E820_NVS";
	case 5:
		return "E820_UNUSABLE";
	case 7:
		return "E820_PMEM";
	case 12:
		return "E820_PRAM";
	case 128:
		return "E820_RESERVED_KERN";
	case 0xefffffff:
		return "E820_SOFT_RESERVED";
	default:
		return NULL;
	}
}
