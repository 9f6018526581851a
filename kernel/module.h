/* kernel/module.h - loaded modules and their symbols. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MODULE_H
#define MODULE_H

#include "base/util.h"
#include "symbols.h"

#define MODULE_MAX_RANGES 8

struct module {
	u64 address; /* struct module */
	char name[64];
	u64 base; /* core text */
	u64 size; /* as /proc/modules says it */
	u64 init_base, init_size;
	/* where its per-cpu section counts from, as symbols do; 0: it has none */
	u64 percpu, percpu_size;
	s64 refcount;
	u64 taints;
	u8 build_id[20]; /* zeroes when the kernel does not keep it */
	/* All memory of the module: text, data, read-only data, init parts that are still there. */
	struct address_range ranges[MODULE_MAX_RANGES];
	/*
	 * "TEXT", "RODATA", "INIT_DATA" ...; before v6.4 "" and "INIT". Lives as long as the types.
	 */
	const char *range_kinds[MODULE_MAX_RANGES];
	size_t nr_ranges;
	bool is_signed; /* its signature was verified, or the kernel does not check signatures */
	const struct symbol_module *symbols; /* NULL while no symbol was looked up */
};

/* Makes the modules' symbols known to symbols.h: they are read when a lookup first needs them. */
void module_setup(void);
/* --no_modules: nothing of them is read; what asks for them fails with that. */
void module_leave_out(void);
bool module_is_left_out(void);

/* Forgets the list and the symbols, so that they are read again. */
void module_forget(void);
/*
 * For a live system, whose modules come and go: reads the list again if it was read at all. True
 * when other modules are loaded now; the symbols of all of them are forgotten then.
 */
bool module_refresh(void);

/* v6.4 and later: a module is several areas of memory, its base that of the text alone. */
bool module_has_areas(void);

size_t module_count(void);
const struct module *module_at(size_t index); /* in the order of the kernel's list: newest first */
const struct module *module_by_name(const char *name); /* '-' and '_' are the same */

/*
 * The ELF sections of the module and where each was loaded. Scope memory; *SECTIONS has
 * COUNT of them.
 */
struct module_section {
	const char *name;
	u64 address;
};
bool module_has_address(const struct module *module, u64 address); /* in memory that it still has */
size_t module_sections(const struct module *module, struct module_section **sections);

#endif
