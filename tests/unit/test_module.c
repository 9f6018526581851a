/* test_module.c - L5 modules: list, memory areas, symbols, sections; damage. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/module.h"
#include "symbols.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* Physical addresses. */
#define LIST_HEAD 0x1000
#define MODULES 0x2000 /* a struct module every 0x400 */
#define AREAS 0x10000 /* memory of each module: 0x10000 bytes of text, then of data */

enum {
	LIST_AT = 8,
	NAME_AT = 24,
	MEM_AT = 80,
	TAINTS_AT = 104,
	KALLSYMS_AT = 112,
	REFCNT_AT = 120,
	SECTIONS_AT = 128,
	SIG_OK_AT = 136,
	MODULE_BYTES = 144
};
enum { KALLSYMS_BYTES = 32, NR_MODULES = 3, STATE_UNFORMED = 3 };

static u64 module_at_phys(unsigned i)
{
	return MODULES + i * 0x400;
}

static u64 text_of(unsigned i)
{
	return AREAS + i * 0x20000;
}

static u64 data_of(unsigned i)
{
	return text_of(i) + 0x10000;
}

static void make_types(void)
{
	static const char *const kinds[] = { "MOD_TEXT", "MOD_DATA" };
	static const char *const init_kinds[] = { "MOD_INVALID_A", "MOD_INVALID_B",
						  "MOD_INIT_TEXT" };
	static const char *const states[] = { "MODULE_STATE_LIVE", "MODULE_STATE_COMING",
					      "MODULE_STATE_GOING", "MODULE_STATE_UNFORMED" };

	fake_struct("list_head", 16,
		    (struct fake_member[]){ { .name = "next", .size = 8 },
					    { .name = "prev", .offset = 8, .size = 8 } },
		    2);
	fake_struct("atomic", 4,
		    (struct fake_member[]){ { .name = "counter", .size = 4, .is_signed = true } },
		    1);
	fake_struct("module_memory", 12,
		    (struct fake_member[]){ { .name = "base", .size = 8 },
					    { .name = "size", .offset = 8, .size = 4 } },
		    2);
	fake_struct(
		"module", MODULE_BYTES,
		(struct fake_member[]){
			{ .name = "state", .size = 4 },
			{ .name = "list", .offset = LIST_AT, .type = "list_head" },
			{ .name = "name", .offset = NAME_AT, .size = 1, .count = 56 },
			{ .name = "mem", .offset = MEM_AT, .type = "module_memory", .count = 2 },
			{ .name = "taints", .offset = TAINTS_AT, .size = 8 },
			{ .name = "kallsyms", .offset = KALLSYMS_AT, .size = 8 },
			{ .name = "refcnt", .offset = REFCNT_AT, .type = "atomic" },
			{ .name = "sect_attrs", .offset = SECTIONS_AT, .size = 8 },
			{ .name = "sig_ok", .offset = SIG_OK_AT, .size = 1 } },
		9);
	fake_struct("mod_kallsyms", KALLSYMS_BYTES,
		    (struct fake_member[]){ { .name = "symtab", .size = 8 },
					    { .name = "num_symtab", .offset = 8, .size = 4 },
					    { .name = "strtab", .offset = 16, .size = 8 },
					    { .name = "typetab", .offset = 24, .size = 8 } },
		    4);
	fake_struct("attribute", 16, (struct fake_member[]){ { .name = "name", .size = 8 } }, 1);
	fake_struct("bin_attribute", 32,
		    (struct fake_member[]){ { .name = "attr", .type = "attribute" },
					    { .name = "private", .offset = 16, .size = 8 } },
		    2);
	fake_struct("module_sect_attrs", 16,
		    (struct fake_member[]){ { .name = "grp", .size = 8 },
					    { .name = "attrs", .offset = 8, .size = 8 } },
		    2);
	fake_enum("mod_mem_type", kinds, ARRAY_SIZE(kinds));
	fake_enum("more_mod_mem_type", init_kinds, ARRAY_SIZE(init_kinds));
	fake_enum("module_state", states, ARRAY_SIZE(states));
	fake_symbol("modules", fake_kva(LIST_HEAD));
	fake_types_done();
}

static void put(u64 paddr, u64 value, size_t width)
{
	memcpy(fake_phys(paddr), &value, width);
}

static void link_list(void)
{
	u64 nodes[NR_MODULES + 2] = { fake_kva(LIST_HEAD) };

	for (unsigned i = 0; i < NR_MODULES; i++)
		nodes[i + 1] = fake_kva(module_at_phys(i) + LIST_AT);
	nodes[NR_MODULES + 1] = nodes[0];
	for (unsigned i = 0; i <= NR_MODULES; i++) {
		fake_u64(nodes[i], nodes[i + 1]);
		fake_u64(nodes[i + 1] + 8, nodes[i]);
	}
}

/*
 * Two symbols a module: NAME_function (global text) and NAME_data (local data); an
 * undefined one between.
 */
static void put_symbols(unsigned i, const char *name)
{
	char names[64] = "";
	Elf64_Sym symbols[4] = { 0 };
	u64 at = data_of(i);
	size_t used = 1;

	symbols[1] = (Elf64_Sym){ .st_name = (u32)used,
				  .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
				  .st_shndx = 1,
				  .st_value = fake_kva(text_of(i) + 0x10),
				  .st_size = 0x20 };
	used += (size_t)snprintf(names + used, sizeof(names) - used, "%s_function", name) + 1;
	symbols[2] = (Elf64_Sym){ .st_name = 1, .st_shndx = SHN_UNDEF };
	symbols[3] = (Elf64_Sym){ .st_name = (u32)used,
				  .st_info = ELF64_ST_INFO(STB_LOCAL, STT_OBJECT),
				  .st_shndx = 2,
				  .st_value = fake_kva(data_of(i) + 0x900) };
	used += (size_t)snprintf(names + used, sizeof(names) - used, "%s_data", name) + 1;
	fake_bytes(fake_kva(at + 0x100), symbols, sizeof(symbols));
	fake_bytes(fake_kva(at + 0x200), names, used);
	fake_bytes(fake_kva(at + 0x300), "atUd", 4);
	put(at, fake_kva(at + 0x100), 8);
	put(at + 8, ARRAY_SIZE(symbols), 4);
	put(at + 16, fake_kva(at + 0x200), 8);
	put(at + 24, fake_kva(at + 0x300), 8);
	put(module_at_phys(i) + KALLSYMS_AT, fake_kva(at), 8);
}

static void put_sections(unsigned i)
{
	u64 attrs = data_of(i) + 0x400, names = data_of(i) + 0x500;

	put(module_at_phys(i) + SECTIONS_AT, fake_kva(attrs), 8);
	fake_bytes(fake_kva(names), ".text\0.data", 12);
	put(attrs + 8, fake_kva(names), 8);
	put(attrs + 8 + 16, fake_kva(text_of(i)), 8);
	put(attrs + 8 + 32, fake_kva(names + 6), 8);
	put(attrs + 8 + 32 + 16, fake_kva(data_of(i)), 8);
}

static const char *const names[NR_MODULES] = { "alpha", "beta_two", "gamma" };

static void build(void)
{
	fake_dump();
	module_forget();
	for (unsigned i = 0; i < NR_MODULES; i++) {
		u64 module = module_at_phys(i);

		fake_bytes(fake_kva(module + NAME_AT), names[i], strlen(names[i]));
		put(module + MEM_AT, fake_kva(text_of(i)), 8);
		put(module + MEM_AT + 8, 0x10000, 4);
		put(module + MEM_AT + 12, fake_kva(data_of(i)), 8);
		put(module + MEM_AT + 20, 0x1000, 4);
		put(module + REFCNT_AT, 1 + i, 4);
		put(module + SIG_OK_AT, i != 1, 1);
		put_symbols(i, names[i]);
		put_sections(i);
	}
	put(module_at_phys(1) + TAINTS_AT, 1 << 12, 8);
	link_list();
}

static void test_list(void **state UNUSED)
{
	build();
	assert_int_equal(module_count(), NR_MODULES);
	for (unsigned i = 0; i < NR_MODULES; i++) {
		const struct module *module = module_at(i);

		assert_string_equal(module->name, names[i]);
		assert_int_equal(module->address, fake_kva(module_at_phys(i)));
		assert_int_equal(module->base, fake_kva(text_of(i)));
		assert_int_equal(module->size, 0x11000);
		assert_int_equal(module->refcount, i);
		assert_int_equal(module->nr_ranges, 2);
		assert_int_equal(module->is_signed, i != 1);
	}
	assert_int_equal(module_at(1)->taints, 1 << 12);
	assert_null(module_at(NR_MODULES));
	assert_ptr_equal(module_by_name("beta-two"), module_at(1));
	assert_null(module_by_name("beta"));
	assert_null(module_by_name("beta_two_more"));
}

static void test_unformed_is_left_out(void **state UNUSED)
{
	build();
	put(module_at_phys(1), STATE_UNFORMED, 4);
	assert_int_equal(module_count(), NR_MODULES - 1);
	assert_null(module_by_name("beta_two"));
}

static void test_sections(void **state UNUSED)
{
	struct module_section *sections = NULL;

	build();
	assert_int_equal(module_sections(module_at(2), &sections), 2);
	assert_string_equal(sections[0].name, ".text");
	assert_int_equal(sections[0].address, fake_kva(text_of(2)));
	assert_string_equal(sections[1].name, ".data");
	assert_int_equal(sections[1].address, fake_kva(data_of(2)));
}

static void count(void *arg)
{
	*(size_t *)arg = module_count();
}

static void test_broken_list(void **state UNUSED)
{
	size_t found = 0;

	build();
	/* Back to the first module, past the head: each is listed once. */
	fake_u64(fake_kva(module_at_phys(2) + LIST_AT), fake_kva(module_at_phys(0) + LIST_AT));
	assert_true(protect(count, &found, NULL));
	assert_int_equal(found, NR_MODULES);
	build();
	fake_u64(fake_kva(module_at_phys(1) + LIST_AT), 0xdead);
	assert_true(protect(count, &found, NULL));
	assert_int_equal(found, 2);
}

static void test_unreadable_module_costs_one(void **state UNUSED)
{
	build();
	/* The last module moves to a page of its own, which is missing but for its list. */
	fake_u64(fake_kva(module_at_phys(1) + LIST_AT), fake_kva(0x200000 - 8));
	fake_u64(fake_kva(0x200000 - 8), fake_kva(LIST_HEAD));
	fake_page_fault(0x200000, FAULT_EXCLUDED);
	assert_int_equal(module_count(), 2);
}

static void test_absurd_memory_areas(void **state UNUSED)
{
	build();
	put(module_at_phys(0) + MEM_AT + 8, 0xffffffff, 4);
	put(module_at_phys(0) + MEM_AT + 12, ~0ULL, 8);
	assert_int_equal(module_at(0)->nr_ranges, 0);
	assert_int_equal(module_at(0)->size, 0);
}

/*
 * symbols.h forgets its loader once it ran, so this is the one look-up of the program that
 * loads them. The first module's table lies outside of it, the second's names are cut off, the
 * third is whole.
 */
static void test_symbols(void **state UNUSED)
{
	const struct symbol *symbol;
	u64 offset;

	build();
	put(data_of(0) + 8, 0x7fffffff, 4);
	put(data_of(1) + 0x100 + 3 * sizeof(Elf64_Sym), 0xfffffff0, 4);
	module_setup();
	symbol = symbol_by_name("gamma_function");
	assert_non_null(symbol);
	assert_int_equal(symbol->value, fake_kva(text_of(2) + 0x10));
	assert_int_equal(symbol->size, 0x20);
	assert_int_equal(symbol->type, 'T');
	assert_string_equal(symbol->module->name, "gamma");
	assert_int_equal(symbol->module->address, fake_kva(module_at_phys(2)));
	symbol = symbol_by_name("gamma_data");
	assert_non_null(symbol);
	assert_int_equal(symbol->type, 'd');
	assert_non_null(symbol_by_name("beta_two_function"));
	assert_null(symbol_by_name("beta_two_data"));
	assert_null(symbol_by_name("alpha_function"));
	symbol = symbol_at(fake_kva(text_of(2) + 0x18), &offset);
	assert_non_null(symbol);
	assert_string_equal(symbol->name, "gamma_function");
	assert_int_equal(offset, 8);
	assert_ptr_equal(symbol_module_at(fake_kva(data_of(2) + 8)),
			 module_by_name("gamma")->symbols);
	/* The list of later has the symbols of later. */
	module_forget();
	assert_null(module_by_name("gamma")->symbols);
	assert_non_null(symbol_by_name("gamma_function"));
	assert_ptr_equal(symbol_module_at(fake_kva(data_of(2) + 8)),
			 module_by_name("gamma")->symbols);
}

static void count_quietly(void *arg)
{
	size_t *found = arg;

	module_forget();
	*found = module_count();
}

static void test_every_read_may_fail(void **state UNUSED)
{
	unsigned long nr_reads;
	size_t found = 0;

	build();
	fake_fail_read(0);
	assert_true(protect(count_quietly, &found, NULL));
	nr_reads = fake_nr_reads();
	assert_true(nr_reads > NR_MODULES);
	for (unsigned long nth = 1; nth <= nr_reads; nth++) {
		struct failure failure;

		found = 0;
		fake_fail_read(nth);
		if (!protect(count_quietly, &found, &failure))
			assert_true(strlen(failure.text) > 10);
		assert_true(found < NR_MODULES);
	}
	fake_fail_read(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_unformed_is_left_out),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_broken_list),
		cmocka_unit_test(test_unreadable_module_costs_one),
		cmocka_unit_test(test_absurd_memory_areas),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_every_read_may_fail),
	};

	make_types();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
