/* kernel/module.c - struct module, its memory, and the symbol table that the kernel keeps of each module. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/module.h"

#include "base/fail.h"
#include "containers/kcopy.h"
#include "containers/klist.h"
#include "kernel/dyncode.h"
#include "memory.h"
#include "names/kfield.h"

#include <ctype.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

KSYMBOL(modules_list, "modules");
KTYPE(module_type, "struct module");
KFIELD(module_list, "module.list");
KFIELD(module_state, "module.state");
KFIELD(module_name, "module.name");
KFIELD(module_taints, "module.taints");
KFIELD(module_refcnt, "module.refcnt.counter");
KFIELD(module_sig_ok, "module.sig_ok");
KFIELD(module_build_id, "module.build_id");
KFIELD(module_percpu, "module.percpu");
KFIELD(module_percpu_size, "module.percpu_size");
/* v6.4 ac3b43283923 module: replace module_layout with module_memory */
KFIELD(module_mem, "module.mem");
KTYPE(module_memory, "struct module_memory");
KFIELD(module_memory_base, "module_memory.base");
KFIELD(module_memory_size, "module_memory.size");
KFIELD(module_core_base, "module.core_layout.base");
KFIELD(module_core_size, "module.core_layout.size");
KFIELD(module_init_base, "module.init_layout.base");
KFIELD(module_init_size, "module.init_layout.size");
KENUM(mod_text, "MOD_TEXT");
KENUM(mod_init_text, "MOD_INIT_TEXT");
KENUM(module_state_unformed, "MODULE_STATE_UNFORMED");
KFIELD(module_kallsyms, "module.kallsyms");
KTYPE(mod_kallsyms, "struct mod_kallsyms");
KFIELD(kallsyms_symtab, "mod_kallsyms.symtab");
KFIELD(kallsyms_num_symtab, "mod_kallsyms.num_symtab");
KFIELD(kallsyms_strtab, "mod_kallsyms.strtab");
KFIELD(kallsyms_typetab,
       "mod_kallsyms.typetab"); /* v5.2 1c7651f43777 module: store symtab types apart */
KFIELD(module_sect_attrs, "module.sect_attrs");
KFIELD(sect_attrs_attrs, "module_sect_attrs.attrs");
KFIELD(sect_attrs_nsections, "module_sect_attrs.nsections");
/* v6.14 34f5ec0f8252 module: sysfs: Drop 'struct module_sect_attr' */
KTYPE(module_sect_attr, "struct module_sect_attr", "struct bin_attribute");
KFIELD(sect_attr_name, "module_sect_attr.battr.attr.name", "bin_attribute.attr.name");
KFIELD(sect_attr_address, "module_sect_attr.address", "bin_attribute.private");

/* Far above anything real; a larger number is damage. */
#define MAX_MODULES 65536
#define MAX_MODULE_BYTES (1ULL << 30)
#define MAX_SECTIONS 4096
#define MAX_STRUCT_BYTES 65536

static VECTOR(struct module) modules;
static bool modules_found, modules_left_out;
static bool is_set_up; /* symbols.h asks here for the modules' symbols */
static char list_damage[256]; /* why the kernel's list ended early; "": it did not */

static void add_range(struct module *module, const char *kind, u64 base, u64 size)
{
	if (size == 0 || size > MAX_MODULE_BYTES || base + size < base ||
	    module->nr_ranges == MODULE_MAX_RANGES)
		return;
	module->range_kinds[module->nr_ranges] = kind;
	module->ranges[module->nr_ranges++] = (struct address_range){ base, base + size };
	module->size += size;
}

/* The name of an index of module.mem, as enum mod_mem_type has it. */
static const char *memory_kind(s64 index)
{
	static const char *const kinds[] = { "MOD_TEXT",	  "MOD_DATA",	   "MOD_RODATA",
					     "MOD_RO_AFTER_INIT", "MOD_INIT_TEXT", "MOD_INIT_DATA",
					     "MOD_INIT_RODATA" };
	s64 value;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (types_kernel_enumerator(kinds[i], &value) && value == index)
			return kinds[i] + strlen("MOD_");
	return "";
}

/*
 * v6.4 and later: an array of memory areas by kind (text, data, rodata, ro-after-init, init ...).
 */
static void fill_memory_areas(struct module *module, const u8 *object, size_t object_bytes)
{
	u64 area_bytes = ktype_size(&module_memory), offset = kfield_offset(&module_mem);
	u64 nr_areas = area_bytes == 0 ? 0 : kfield_size(&module_mem) / area_bytes;

	for (u64 i = 0; i < nr_areas && range_fits(offset, area_bytes, object_bytes); i++) {
		u64 base = kfield_in(&module_memory_base, object + offset, area_bytes);
		u64 size = kfield_in(&module_memory_size, object + offset, area_bytes);

		if (i == (u64)kenum_value(&mod_text))
			module->base = base;
		if (i == (u64)kenum_value(&mod_init_text)) {
			module->init_base = base;
			module->init_size = size;
		}
		add_range(module, memory_kind((s64)i), base, size);
		offset += area_bytes;
	}
}

static void fill_layouts(struct module *module, const u8 *object, size_t object_bytes)
{
	module->base = kfield_in(&module_core_base, object, object_bytes);
	module->init_base = kfield_in(&module_init_base, object, object_bytes);
	module->init_size = kfield_in(&module_init_size, object, object_bytes);
	add_range(module, "", module->base, kfield_in(&module_core_size, object, object_bytes));
	add_range(module, "INIT", module->init_base, module->init_size);
}

static void copy_member(struct kfield *field, const u8 *object, size_t object_bytes, void *to,
			size_t space)
{
	u64 offset = kfield_offset(field), size = min_u64(kfield_size(field), space);

	if (range_fits(offset, size, object_bytes))
		memcpy(to, object + offset, size);
}

static void read_module(void *arg)
{
	u64 address = *(u64 *)arg;
	size_t object_bytes = min_u64(ktype_size(&module_type), MAX_STRUCT_BYTES);
	u8 *object = scope_alloc(object_bytes);
	struct module module = { .address = address, .is_signed = true };

	mem_read(address, object, object_bytes, "module");
	if (kenum_exists(&module_state_unformed) &&
	    kfield_in(&module_state, object, object_bytes) ==
		    (u64)kenum_value(&module_state_unformed))
		return;
	copy_member(&module_name, object, object_bytes, module.name, sizeof(module.name) - 1);
	module.taints = kfield_in(&module_taints, object, object_bytes);
	/* The kernel keeps one reference for itself; -1 is a module on its way out. */
	if (kfield_exists(&module_refcnt))
		module.refcount = kfield_in_signed(&module_refcnt, object, object_bytes) - 1;
	if (kfield_exists(&module_sig_ok))
		module.is_signed = kfield_in(&module_sig_ok, object, object_bytes) != 0;
	if (kfield_exists(&module_build_id))
		copy_member(&module_build_id, object, object_bytes, module.build_id,
			    sizeof(module.build_id));
	if (kfield_exists(&module_percpu)) {
		module.percpu = kfield_in(&module_percpu, object, object_bytes);
		module.percpu_size = kfield_in(&module_percpu_size, object, object_bytes);
	}
	if (kfield_exists(&module_mem))
		fill_memory_areas(&module, object, object_bytes);
	else
		fill_layouts(&module, object, object_bytes);
	*vector_add(&modules) = module;
}

static bool is_listed(u64 address)
{
	for (size_t i = 0; i < modules.count; i++) {
		if (modules.items[i].address == address)
			return true;
	}
	return false;
}

static void find_modules(UNUSED void *arg)
{
	struct klist_iter it;
	u64 address, nr_seen = 0;

	klist_begin(&it, ksymbol_address(&modules_list), kfield_offset(&module_list));
	while (nr_seen++ < MAX_MODULES && klist_next(&it, &address)) {
		struct failure failure;

		/* A damaged list may come back to a module before the walk notices. */
		if (is_listed(address))
			continue;
		if (!protect_row(read_module, &address, &failure))
			warn("module at %llx left out: %s", address, failure.text);
	}
	list_damage[0] = '\0';
	if (it.stopped) {
		snprintf(list_damage, sizeof(list_damage), "%s", klist_why(&it));
		warn("the list of modules is incomplete: %s", list_damage);
	}
}

static void need_modules(void)
{
	struct failure failure;

	if (modules_left_out)
		fail("modules are left out (--no_modules)");
	if (modules_found)
		return;
	modules_found = true;
	if (protect(find_modules, NULL, &failure))
		return;
	/* What was found before an interrupt is no answer: look again next time. */
	if (failure.interrupted) {
		modules_found = false;
		modules.count = 0;
	} else {
		/* Later questions get the same reason, not "none". */
		snprintf(list_damage, sizeof(list_damage), "%.*s", (int)strcspn(failure.text, "\n"),
			 failure.text);
	}
	fail_again(&failure);
}

void module_forget(void)
{
	vector_free(&modules);
	modules_found = false;
	if (!is_set_up)
		return;
	/* A list that is read again knows nothing of symbols that were read for this one. */
	symbols_forget_modules();
	module_setup();
}

bool module_has_areas(void)
{
	return kfield_exists(&module_mem);
}

size_t module_count(void)
{
	need_modules();
	/* None at all because the list cannot be read is another answer than none. */
	if (!modules.count && list_damage[0])
		fail("the list of modules cannot be read: %s", list_damage);
	return modules.count;
}

const struct module *module_at(size_t index)
{
	need_modules();
	return index < modules.count ? &modules.items[index] : NULL;
}

static bool same_name(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++) {
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return false;
	}
	return *a == *b;
}

const struct module *module_by_name(const char *name)
{
	need_modules();
	for (size_t i = 0; i < modules.count; i++) {
		if (same_name(modules.items[i].name, name))
			return &modules.items[i];
	}
	return NULL;
}

/*
 * How many bytes there are from ADDRESS to the end of the module's area that holds it;
 * 0: none does.
 */
static u64 bytes_after(const struct module *module, u64 address)
{
	for (size_t i = 0; i < module->nr_ranges; i++) {
		if (address >= module->ranges[i].start && address < module->ranges[i].end)
			return module->ranges[i].end - address;
	}
	return 0;
}

bool module_has_address(const struct module *module, u64 address)
{
	return bytes_after(module, address) > 0;
}

struct symbol_tables {
	Elf64_Sym *symbols;
	u64 nr_symbols;
	char *names; /* ends with a NUL */
	u64 names_bytes;
	char *types;
	u64 nr_missing; /* bytes on pages that cannot be read */
};

static void read_symbol_tables(const struct module *module, struct symbol_tables *tables)
{
	u64 kallsyms = field_u64(module->address, &module_kallsyms);
	size_t object_bytes = min_u64(ktype_size(&mod_kallsyms), MAX_STRUCT_BYTES);
	u8 *object = scope_alloc(object_bytes);
	u64 symtab, strtab, typetab, count;

	mem_read(kallsyms, object, object_bytes, "mod_kallsyms");
	symtab = kfield_in(&kallsyms_symtab, object, object_bytes);
	strtab = kfield_in(&kallsyms_strtab, object, object_bytes);
	count = kfield_in(&kallsyms_num_symtab, object, object_bytes);
	if (count == 0)
		return;
	tables->names_bytes = bytes_after(module, strtab);
	if (count > bytes_after(module, symtab) / sizeof(*tables->symbols) ||
	    tables->names_bytes == 0)
		fail("its symbol table (%llu symbols at %llx) is not inside the module", count,
		     symtab);
	tables->symbols = scope_array(count, sizeof(*tables->symbols));
	tables->names = scope_alloc(tables->names_bytes + 1);
	tables->types = scope_alloc(count);
	tables->nr_symbols = count;
	tables->nr_missing = kcopy_whole(symtab, tables->symbols, count * sizeof(*tables->symbols));
	tables->nr_missing += kcopy_whole(strtab, tables->names, tables->names_bytes);
	typetab = kfield_exists(&kallsyms_typetab)
			  ? kfield_in(&kallsyms_typetab, object, object_bytes)
			  : 0;
	if (typetab != 0 && bytes_after(module, typetab) >= count)
		tables->nr_missing += kcopy_whole(typetab, tables->types, count);
}

/* The kernel's letter tells the section; nm's is a capital one for a global symbol. */
static char symbol_letter(const Elf64_Sym *symbol, char type)
{
	if (!isalpha((unsigned char)type))
		return '?';
	return (char)(ELF64_ST_BIND(symbol->st_info) == STB_LOCAL ? tolower(type) : toupper(type));
}

static void add_symbols(void *arg)
{
	struct module *module = arg;
	struct symbol_tables tables = { 0 };

	module->symbols = symbols_add_module(module->name, module->address, module->base,
					     module->size, module->ranges, module->nr_ranges);
	symbols_set_percpu(module->symbols, module->percpu, module->percpu_size);
	read_symbol_tables(module, &tables);
	for (u64 i = 0; i < tables.nr_symbols; i++) {
		const Elf64_Sym *symbol = &tables.symbols[i];
		const char *name;

		if (symbol->st_name >= tables.names_bytes || symbol->st_shndx == SHN_UNDEF)
			continue;
		name = tables.names + symbol->st_name;
		if (*name == '\0')
			continue;
		symbols_add(module->symbols, name, symbol->st_value,
			    (u32)min_u64(symbol->st_size, UINT32_MAX),
			    symbol_letter(symbol, tables.types[i]));
	}
	if (tables.nr_missing > 0)
		warn("module %s: some symbols are missing: "
		     "%llu bytes of its symbol table cannot be read",
		     module->name, tables.nr_missing);
}

static void call_need_modules(UNUSED void *arg)
{
	need_modules();
}

/* Called from lookups, some of them below gdb's frames: nothing may escape from here. */
static void load_all_symbols(void)
{
	struct failure failure;

	if (!protect(call_need_modules, NULL, &failure))
		warn("no symbols of modules: %s", failure.text);
	for (size_t i = 0; i < modules.count; i++) {
		if (!protect(add_symbols, &modules.items[i], &failure))
			warn("module %s has no symbols: %s", modules.items[i].name, failure.text);
	}
	dyncode_add_symbols();
}

static bool same_place(const struct module *a, const struct module *b)
{
	return a->address == b->address && a->base == b->base && a->size == b->size &&
	       streq(a->name, b->name);
}

bool module_refresh(void)
{
	struct module *old = modules.items;
	size_t nr_old = modules.count;
	bool changed;

	if (!modules_found)
		return false;
	memset(&modules, 0, sizeof(modules));
	modules_found = false;
	/* A list that cannot be read now is told when a command asks for it. */
	changed = !protect(call_need_modules, NULL, NULL) || modules.count != nr_old;
	for (size_t i = 0; i < nr_old && !changed; i++) {
		changed = !same_place(&old[i], &modules.items[i]);
		modules.items[i].symbols = old[i].symbols;
	}
	free(old);
	changed = dyncode_changed() || changed;
	if (!changed)
		return false;
	for (size_t i = 0; i < modules.count; i++)
		modules.items[i].symbols = NULL;
	symbols_forget_modules();
	module_setup();
	return true;
}

void module_setup(void)
{
	is_set_up = true;
	symbols_set_module_loader(load_all_symbols);
}

void module_leave_out(void)
{
	modules_left_out = true;
}

bool module_is_left_out(void)
{
	return modules_left_out;
}

size_t module_sections(const struct module *module, struct module_section **sections)
{
	u64 attrs = field_u64(module->address, &module_sect_attrs);
	u64 entry_bytes = min_u64(ktype_size(&module_sect_attr), MAX_STRUCT_BYTES);
	u64 limit = MAX_SECTIONS;
	size_t count = 0;

	if (attrs == 0 || entry_bytes == 0)
		return 0;
	if (kfield_exists(&sect_attrs_nsections))
		limit = min_u64(field_u64(attrs, &sect_attrs_nsections), limit);
	*sections = scope_array(limit + 1, sizeof(**sections));
	for (u64 i = 0; i < limit; i++) {
		u64 entry = attrs + kfield_offset(&sect_attrs_attrs) + i * entry_bytes;
		u64 name_address, address;
		char name[128];

		if (!field_try_u64(entry, &sect_attr_name, &name_address, NULL) ||
		    !field_try_u64(entry, &sect_attr_address, &address, NULL))
			break;
		/* Kernels that keep no count end the array with an empty entry. */
		if (name_address == 0 || !mem_try_string(name_address, name, sizeof(name), NULL))
			break;
		(*sections)[count++] = (struct module_section){ scope_strdup(name), address };
	}
	return count;
}
