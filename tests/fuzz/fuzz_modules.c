/* fuzz_modules.c - tests: the list of modules, their symbol tables and sections in damaged memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "base/fail.h"
#include "fake.h"
#include "kernel/module.h"
#include "symbols.h"

#include <elf.h>

enum {
	LIST_HEAD = 0x1000,
	MODULES = 0x2000, /* a struct module every 0x400 bytes */
	TABLES =
		0x3000, /* mod_kallsyms, symbols, strings, types, sections: 0x1000 bytes a module */
	USED_BYTES = 0x6000,
};

/* In struct module. */
enum {
	LIST_AT = 8,
	NAME_AT = 24,
	MEM_AT = 80,
	KALLSYMS_AT = 112,
	REFCNT_AT = 120,
	SECTIONS_AT = 128
};

static void make_types(void)
{
	static const char *const kinds[] = { "MOD_TEXT", "MOD_DATA" };

#define MEMBER(n, at, bytes) { .name = n, .offset = at, .size = bytes }
	fake_struct("list_head", 16,
		    (struct fake_member[]){ MEMBER("next", 0, 8), MEMBER("prev", 8, 8) }, 2);
	fake_struct("atomic", 4, (struct fake_member[]){ MEMBER("counter", 0, 4) }, 1);
	fake_struct("module_memory", 12,
		    (struct fake_member[]){ MEMBER("base", 0, 8), MEMBER("size", 8, 4) }, 2);
	fake_struct(
		"module", 144,
		(struct fake_member[]){
			MEMBER("state", 0, 4),
			{ .name = "list", .offset = LIST_AT, .type = "list_head" },
			{ .name = "name", .offset = NAME_AT, .size = 1, .count = 56 },
			{ .name = "mem", .offset = MEM_AT, .type = "module_memory", .count = 2 },
			MEMBER("taints", 104, 8),
			MEMBER("kallsyms", KALLSYMS_AT, 8),
			{ .name = "refcnt", .offset = REFCNT_AT, .type = "atomic" },
			MEMBER("sect_attrs", SECTIONS_AT, 8),
		},
		8);
	fake_struct("mod_kallsyms", 32,
		    (struct fake_member[]){ MEMBER("symtab", 0, 8), MEMBER("num_symtab", 8, 4),
					    MEMBER("strtab", 16, 8), MEMBER("typetab", 24, 8) },
		    4);
	fake_struct("attribute", 16, (struct fake_member[]){ MEMBER("name", 0, 8) }, 1);
	fake_struct("bin_attribute", 32,
		    (struct fake_member[]){ { .name = "attr", .type = "attribute" },
					    MEMBER("private", 16, 8) },
		    2);
	fake_struct("module_sect_attrs", 16,
		    (struct fake_member[]){ MEMBER("grp", 0, 8), MEMBER("attrs", 8, 8) }, 2);
	fake_enum("mod_mem_type", kinds, ARRAY_SIZE(kinds));
#undef MEMBER
}

static void count_modules(UNUSED void *arg)
{
	module_count();
}

void fuzz_setup(void)
{
	fuzz_input_is_pieces = true;
	fake_dump();
	make_types();
	fake_symbol("modules", fake_kva(LIST_HEAD));
	fake_types_done();
	/* Names of kernel members are looked up once: symbols_reset() below does not reach them. */
	protect(count_modules, NULL, NULL);
}

static void look_at_module(void *arg)
{
	const struct module *module = arg;
	struct module_section *sections;
	size_t count = module_sections(module, &sections);

	fuzz_touch_text(module->name);
	FUZZ_EXPECT(module->nr_ranges <= MODULE_MAX_RANGES);
	for (size_t i = 0; i < count; i++)
		fuzz_touch_text(sections[i].name);
	module_by_name(module->name);
	symbol_at(module->base + 0x10, NULL);
}

static void look_at_modules(UNUSED void *arg)
{
	symbol_by_name("alpha_function");
	for (size_t i = 0; i < module_count(); i++)
		protect(look_at_module, (void *)module_at(i), NULL);
	for (const struct symbol_module *each = symbols_first_module(); each;
	     each = symbols_next_module(each)) {
		for (size_t i = 0; i < symbols_count(each); i++)
			fuzz_touch_text(symbols_get(each, i)->name);
	}
}

void fuzz_one(const u8 *data, size_t size)
{
	fuzz_fill_memory(data, size);
	symbols_reset();
	module_forget();
	module_setup();
	protect(look_at_modules, NULL, NULL);
}

static void put(u64 paddr, u64 value, size_t width)
{
	memcpy(fake_phys(paddr), &value, width);
}

static void put_module(u64 number, const char *name)
{
	static const char strings[] = "\0alpha_function\0alpha_data";
	const Elf64_Sym symbols[] = {
		{ 0 },
		{ .st_name = 1,
		  .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
		  .st_shndx = 1,
		  .st_value = fake_kva(0x100010),
		  .st_size = 32 },
		{ .st_name = 16, .st_shndx = 2, .st_value = fake_kva(0x100800) },
	};
	u64 module = MODULES + number * 0x400, tables = TABLES + number * 0x1000;

	memcpy(fake_phys(module + NAME_AT), name, strlen(name));
	put(module + MEM_AT, fake_kva(0x100000 + number * 0x10000), 8);
	put(module + MEM_AT + 8, 0x1000, 4);
	put(module + MEM_AT + 12, fake_kva(tables), 8);
	put(module + MEM_AT + 20, 0x1000, 4);
	put(module + REFCNT_AT, 2, 4);
	put(module + KALLSYMS_AT, fake_kva(tables), 8);
	put(module + SECTIONS_AT, fake_kva(tables + 0x400), 8);
	put(tables, fake_kva(tables + 0x100), 8);
	put(tables + 8, ARRAY_SIZE(symbols), 4);
	put(tables + 16, fake_kva(tables + 0x200), 8);
	put(tables + 24, fake_kva(tables + 0x300), 8);
	memcpy(fake_phys(tables + 0x100), symbols, sizeof(symbols));
	memcpy(fake_phys(tables + 0x200), strings, sizeof(strings));
	memcpy(fake_phys(tables + 0x300), "atd", 3);
	put(tables + 0x408, fake_kva(tables + 0x500), 8);
	put(tables + 0x418, fake_kva(0x100000), 8);
	memcpy(fake_phys(tables + 0x500), ".text", 5);
}

void fuzz_write_seeds(void)
{
	static const char *const names[] = { "alpha", "beta_two" };
	u64 nodes[] = { fake_kva(LIST_HEAD), fake_kva(MODULES + LIST_AT),
			fake_kva(MODULES + 0x400 + LIST_AT), fake_kva(LIST_HEAD) };
	struct strbuf input = { 0 };

	fake_dump();
	for (u64 i = 0; i < ARRAY_SIZE(names); i++)
		put_module(i, names[i]);
	for (size_t i = 0; i < 3; i++) {
		fake_u64(nodes[i], nodes[i + 1]);
		fake_u64(nodes[i + 1] + 8, nodes[i]);
	}
	fuzz_add_pieces(&input, 0, fake_phys(0), USED_BYTES, 1024);
	fuzz_seed("two", input.text, input.length);
	strbuf_free(&input);
}
