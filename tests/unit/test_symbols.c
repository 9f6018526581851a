/* test_symbols.c - L2 symbols: order, letters, KASLR, lookups by name and address, modules. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "names/vmlinux.h"
#include "names_builder.h"
#include "symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SHIFT 0x12000000ULL
#define LOCAL(type) ELF64_ST_INFO(STB_LOCAL, type)
#define GLOBAL(type) ELF64_ST_INFO(STB_GLOBAL, type)
#define WEAK(type) ELF64_ST_INFO(STB_WEAK, type)

static const struct built_symbol symbols[] = {
	{ "file.c", 0, LOCAL(STT_FILE), SHN_ABS, 0 },
	{ "", BUILT_TEXT, LOCAL(STT_SECTION), SEC_TEXT, 0 },
	{ "sp_offset", 5, LOCAL(STT_NOTYPE), SHN_ABS, 0 },
	{ "OFFSETOF_MASK", -80ULL, LOCAL(STT_NOTYPE), SHN_ABS, 0 },
	{ "entry_value", BUILT_END + 0x2000000, GLOBAL(STT_NOTYPE), SHN_ABS, 0 },
	{ "pcpu_hot", 0x40, GLOBAL(STT_OBJECT), SEC_PERCPU, 64 },
	{ "init_per_cpu__x", BUILT_DATA + 0x10, GLOBAL(STT_NOTYPE), SHN_ABS, 0 },
	{ "_text", BUILT_TEXT, GLOBAL(STT_NOTYPE), SEC_TEXT, 0 },
	{ "__start_rodata", BUILT_RODATA, GLOBAL(STT_NOTYPE), SEC_RODATA, 0 },
	/* Aliases, in an order that is not the right one. */
	{ "__end_of_text", BUILT_TEXT + 0x100, GLOBAL(STT_NOTYPE), SEC_TEXT, 0 },
	{ "crc32_weak", BUILT_TEXT + 0x100, WEAK(STT_FUNC), SEC_TEXT, 16 },
	{ "__memcpy", BUILT_TEXT + 0x100, GLOBAL(STT_FUNC), SEC_TEXT, 16 },
	{ "__stop_init", BUILT_TEXT + 0x100, GLOBAL(STT_NOTYPE), SEC_TEXT, 0 },
	{ "memcpy", BUILT_TEXT + 0x100, GLOBAL(STT_FUNC), SEC_TEXT, 16 },
	{ "_memcpy", BUILT_TEXT + 0x100, LOCAL(STT_FUNC), SEC_TEXT, 16 },
	{ "mamcpy", BUILT_TEXT + 0x100, LOCAL(STT_FUNC), SEC_TEXT, 16 },
	{ ".LC3", BUILT_TEXT + 0x100, LOCAL(STT_NOTYPE), SEC_TEXT, 0 },
	/* Hidden between visible ones. */
	{ "jiffies", BUILT_DATA + 0x100, GLOBAL(STT_OBJECT), SEC_DATA, 8 },
	{ "__crc_vfs_read", BUILT_DATA + 0x104, LOCAL(STT_NOTYPE), SEC_DATA, 0 },
	{ "__kstrtab_vfs_read", BUILT_DATA + 0x108, LOCAL(STT_NOTYPE), SEC_DATA, 0 },
	/* Namesakes. */
	{ "__key.0", BUILT_BSS + 0x30, LOCAL(STT_OBJECT), SEC_BSS, 0 },
	{ "__key.0", BUILT_BSS + 0x10, LOCAL(STT_OBJECT), SEC_BSS, 0 },
	{ "__key.0", BUILT_BSS + 0x20, GLOBAL(STT_OBJECT), SEC_BSS, 0 },
	{ "after_end", BUILT_END + 0x1000, LOCAL(STT_NOTYPE), SEC_BSS, 0 },
	{ "weak_object", BUILT_DATA + 0x200, WEAK(STT_OBJECT), SEC_DATA, 8 },
};

static struct vmlinux vmlinux;

static int load(void **state UNUSED)
{
	struct strbuf file = { 0 }, why = { 0 };
	char *path;

	build_vmlinux(&file, symbols, ARRAY_SIZE(symbols));
	path = write_temporary(file.text, file.length);
	if (!vmlinux_open(&vmlinux, path, &why) || !symbols_load_vmlinux(&vmlinux, SHIFT, &why))
		BUG("%s", strbuf_text(&why));
	unlink(path);
	free(path);
	strbuf_free(&file);
	strbuf_free(&why);
	return 0;
}

/* The same with kallsyms_num_syms, a u32 in .data, saying how many symbols kallsyms has. */
static void load_with_count(u32 count)
{
	struct built_symbol more[ARRAY_SIZE(symbols) + 1];
	struct strbuf file = { 0 }, why = { 0 };
	char *path;

	memcpy(more, symbols, sizeof(symbols));
	more[ARRAY_SIZE(symbols)] = (struct built_symbol){ "kallsyms_num_syms", BUILT_DATA + 0x300,
							   GLOBAL(STT_OBJECT), SEC_DATA, 4 };
	build_vmlinux(&file, more, ARRAY_SIZE(more));
	memcpy(file.text + built_section(&file, SEC_DATA)->sh_offset + 0x300, &count,
	       sizeof(count));
	path = write_temporary(file.text, file.length);
	if (!vmlinux_open(&vmlinux, path, &why) || !symbols_load_vmlinux(&vmlinux, SHIFT, &why))
		BUG("%s", strbuf_text(&why));
	unlink(path);
	free(path);
	strbuf_free(&file);
	strbuf_free(&why);
}

static int unload(void **state UNUSED)
{
	symbols_reset();
	vmlinux_close(&vmlinux);
	return 0;
}

static void check_name(u64 address, const char *expected)
{
	char text[80];

	symbol_format(address, false, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_values_and_letters(void **state UNUSED)
{
	static const struct {
		const char *name;
		u64 value;
		char type;
	} expected[] = {
		{ "pcpu_hot", 0x40, 'D' },
		{ "init_per_cpu__x", BUILT_DATA + 0x10 + SHIFT, 'A' },
		{ "_text", BUILT_TEXT + SHIFT, 'T' },
		{ "__start_rodata", BUILT_RODATA + SHIFT, 'R' },
		{ "crc32_weak", BUILT_TEXT + 0x100 + SHIFT, 'W' },
		{ "mamcpy", BUILT_TEXT + 0x100 + SHIFT, 't' },
		{ "jiffies", BUILT_DATA + 0x100 + SHIFT, 'D' },
		{ "__crc_vfs_read", BUILT_DATA + 0x104 + SHIFT, 'd' },
		{ "weak_object", BUILT_DATA + 0x200 + SHIFT, 'V' },
		{ "_end", BUILT_END + SHIFT, 'B' },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		const struct symbol *symbol = symbol_by_name(expected[i].name);

		assert_non_null(symbol);
		assert_int_equal(symbol->value, expected[i].value);
		assert_int_equal(symbol->type, expected[i].type);
		assert_null(symbol->module);
	}
	assert_int_equal(symbol_by_name("weak_object")->size, 8);
	assert_null(symbol_by_name("file.c"));
	assert_null(symbol_by_name("sp_offset"));
	assert_null(symbol_by_name("OFFSETOF_MASK"));
	assert_null(symbol_by_name("entry_value"));
	assert_null(symbol_by_name(""));
	assert_null(symbol_by_name("jiffie"));
	assert_int_equal(symbols_kaslr_offset(), SHIFT);
}

static void test_order_of_aliases(void **state UNUSED)
{
	static const char *const expected[] = { "mamcpy",     "memcpy",	       "_memcpy",
						"__memcpy",   "__end_of_text", "__stop_init",
						"crc32_weak", ".LC3" };
	const struct symbol *symbol = symbol_at(BUILT_TEXT + 0x100 + SHIFT, NULL);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(expected); i++, symbol = symbol_after(symbol)) {
		assert_string_equal(symbol->name, expected[i]);
		assert_int_equal(symbol->value, BUILT_TEXT + 0x100 + SHIFT);
	}
	for (i = 1; i < symbols_count(NULL); i++) {
		assert_true(symbols_get(NULL, i - 1)->value <= symbols_get(NULL, i)->value);
		assert_ptr_equal(symbol_before(symbols_get(NULL, i)), symbols_get(NULL, i - 1));
		assert_ptr_equal(symbol_after(symbols_get(NULL, i - 1)), symbols_get(NULL, i));
	}
	assert_null(symbol_before(symbols_get(NULL, 0)));
	assert_null(symbol_after(symbols_get(NULL, symbols_count(NULL) - 1)));
	assert_null(symbols_get(NULL, symbols_count(NULL)));
}

static void test_by_address(void **state UNUSED)
{
	u64 offset = 99;

	assert_string_equal(symbol_at(BUILT_TEXT + SHIFT + 0xff, &offset)->name, "_text");
	assert_int_equal(offset, 0xff);
	/* What kallsyms does not have does not name an address. */
	check_name(BUILT_DATA + SHIFT + 0x10a, "jiffies+10");
	check_name(BUILT_DATA + SHIFT + 0x10, "linux_banner+4096");
	assert_null(symbol_at(BUILT_TEXT + SHIFT - 1, NULL));
	assert_null(symbol_at(BUILT_TEXT, NULL));
	assert_null(symbol_at(0x40, NULL));
	assert_null(symbol_at(0, NULL));
	assert_null(symbol_at(UINT64_MAX, NULL));
	/* From _end on only the very address of a symbol. */
	check_name(BUILT_END + SHIFT - 1, "__key.0+4047");
	check_name(BUILT_END + SHIFT, "_end");
	assert_null(symbol_at(BUILT_END + SHIFT + 1, NULL));
	check_name(BUILT_END + SHIFT + 0x1000, "after_end");
	assert_true(address_is_text(BUILT_TEXT + SHIFT + 4095));
	assert_false(address_is_text(BUILT_TEXT + SHIFT + 4096));
	assert_false(address_is_text(BUILT_TEXT));
}

static void test_namesakes(void **state UNUSED)
{
	const struct symbol *symbol = symbol_by_name("__key.0");

	assert_int_equal(symbol->value, BUILT_BSS + 0x20 + SHIFT); /* the global one */
	symbol = symbol_next_same_name(symbol);
	assert_int_equal(symbol->value, BUILT_BSS + 0x10 + SHIFT);
	symbol = symbol_next_same_name(symbol);
	assert_int_equal(symbol->value, BUILT_BSS + 0x30 + SHIFT);
	assert_null(symbol_next_same_name(symbol));
}

#define MODULE 0xffffffffc0400000ULL

static unsigned times_loaded;

static void load_two_modules(void)
{
	static const struct address_range ext4[] = { { MODULE, MODULE + 0x1000 },
						     { MODULE + 0x4000, MODULE + 0x5000 } },
					  loop[] = { { MODULE + 0x2000, MODULE + 0x3000 } };
	const struct symbol_module *module = symbols_add_module("ext4", 0xabc, MODULE, 0x2000, ext4,
								2);
	char name[32];
	int i;

	times_loaded++;
	symbols_add(module, "ext4_data", MODULE + 0x4010, 8, 'd');
	symbols_add(module, "ext4_open", MODULE + 0x100, 32, 'T');
	symbols_add(module, "ext4_alias", MODULE + 0x100, 32, 't');
	symbols_add(module, ".LC0", MODULE + 0x180, 0, 'r');
	symbols_add(module, "__key.0", MODULE + 0x4020, 8, 'b');
	module = symbols_add_module("loop", 0xdef, MODULE + 0x2000, 0x1000, loop, 1);
	for (i = 2999; i >= 0; i--) {
		snprintf(name, sizeof(name), "loop_%d", i);
		symbols_add(module, name, MODULE + 0x2000 + (u64)i, 1, 't');
	}
	/* A loader that looks up what it has not added yet must not be called again. */
	assert_null(symbol_by_name("no_such_symbol"));
}

static void test_modules(void **state UNUSED)
{
	const struct symbol_module *ext4, *loop;
	const struct symbol *symbol;
	size_t i;

	symbols_set_module_loader(load_two_modules);
	assert_non_null(symbol_by_name("jiffies"));
	check_name(BUILT_TEXT + SHIFT + 1, "_text+1");
	assert_int_equal(times_loaded, 0);
	check_name(MODULE + 0x104, "ext4_open+4 [ext4]");
	assert_int_equal(times_loaded, 1);
	check_name(MODULE + 0x190, "ext4_open+144 [ext4]");
	check_name(MODULE + 0x4011, "ext4_data+1 [ext4]");
	assert_null(symbol_at(MODULE + 0x50, NULL)); /* before the first of its range */
	assert_null(symbol_at(MODULE + 0x4000, NULL)); /* not "ext4_open+16128" */
	assert_null(symbol_at(MODULE + 0x1800, NULL)); /* between ranges */
	check_name(MODULE + 0x2000 + 1234, "loop_1234 [loop]");
	check_name(MODULE + 0x2fff, "loop_2999+1096 [loop]");

	ext4 = symbol_module_at(MODULE + 0x4fff);
	loop = symbol_module_at(MODULE + 0x2000);
	assert_string_equal(ext4->name, "ext4");
	assert_string_equal(loop->name, "loop");
	assert_null(symbol_module_at(MODULE + 0x5000));
	assert_null(symbol_module_at(BUILT_TEXT + SHIFT));
	assert_ptr_equal(symbols_first_module(), ext4);
	assert_ptr_equal(symbols_next_module(ext4), loop);
	assert_null(symbols_next_module(loop));
	assert_int_equal(symbols_count(ext4), 5);
	assert_string_equal(symbols_get(ext4, 0)->name, "ext4_open");
	assert_string_equal(symbols_get(ext4, 4)->name, "__key.0");
	for (i = 0; i < 3000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "loop_%zu", i);
		assert_string_equal(symbols_get(loop, i)->name, name);
		assert_ptr_equal(symbol_by_name(name), symbols_get(loop, i));
	}
	assert_null(symbols_get(loop, 3000));

	/*
	 * The kernel's namesakes come before a module's; the kernel's last symbol before
	 * a module's first.
	 */
	for (i = 0, symbol = symbol_by_name("__key.0"); symbol;
	     symbol = symbol_next_same_name(symbol))
		i += symbol->module ? 100 : 1;
	assert_int_equal(i, 103);
	symbol = symbols_get(NULL, symbols_count(NULL) - 1);
	assert_string_equal(symbol_after(symbol)->name, "ext4_open");
	assert_ptr_equal(symbol_before(symbol_after(symbol)), symbol);
	assert_string_equal(symbol_after(symbol_by_name("loop_2999"))->name, "ext4_data");
	assert_string_equal(symbol_before(symbol_by_name("ext4_data"))->name, "loop_2999");
	assert_null(symbol_after(symbols_get(ext4, 4)));
	assert_true(address_is_text(MODULE + 0x101));
	assert_false(address_is_text(MODULE + 0x4011));
	assert_int_equal(times_loaded, 1);
}

static void test_added_later(void **state UNUSED)
{
	static const struct address_range range = { MODULE, MODULE + 0x1000 };
	const struct symbol_module *module = symbols_add_module("late", 1, MODULE, 0x1000, &range,
								1);

	symbols_add(module, "first", MODULE + 0x20, 0, 't');
	assert_non_null(symbol_by_name("first"));
	check_name(MODULE + 0x21, "first+1 [late]");
	symbols_add(module, "second", MODULE + 0x10, 0, 't');
	assert_non_null(symbol_by_name("second"));
	check_name(MODULE + 0x11, "second+1 [late]");
	assert_string_equal(symbols_get(module, 0)->name, "second");
}

static void test_format(void **state UNUSED)
{
	char text[16] = "x";

	assert_true(symbol_format(BUILT_TEXT + SHIFT + 0x20, true, text, sizeof(text)));
	assert_string_equal(text, "_text+0x20");
	assert_true(symbol_format(BUILT_BSS + SHIFT + 0x20, true, text, 4));
	assert_string_equal(text, "__k");
	assert_false(symbol_format(0x1000, true, text, sizeof(text)));
	assert_string_equal(text, "");
}

static void test_labels_in_old_kallsyms(void **state UNUSED)
{
	/*
	 * 19 symbols that kallsyms always has, a label and a string, a checksum,
	 * an absolute symbol.
	 */
	load_with_count(19);
	check_name(BUILT_DATA + SHIFT + 0x10a, "jiffies+10");
	assert_true(symbol_by_name(".LC3")->hidden);
	unload(NULL);
	load_with_count(21);
	check_name(BUILT_DATA + SHIFT + 0x10a, "__kstrtab_vfs_read+2");
	check_name(BUILT_DATA + SHIFT + 0x106, "jiffies+6");
	assert_false(symbol_by_name(".LC3")->hidden);
	check_name(BUILT_TEXT + SHIFT + 0x100, ".LC3");
	unload(NULL);
}

static void test_empty(void **state UNUSED)
{
	symbols_reset();
	assert_null(symbol_by_name("jiffies"));
	assert_null(symbol_at(BUILT_TEXT, NULL));
	assert_int_equal(symbols_count(NULL), 0);
	assert_null(symbols_get(NULL, 0));
	assert_null(symbols_first_module());
	assert_false(address_is_text(BUILT_TEXT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values_and_letters, load, unload),
		cmocka_unit_test_setup_teardown(test_order_of_aliases, load, unload),
		cmocka_unit_test_setup_teardown(test_by_address, load, unload),
		cmocka_unit_test_setup_teardown(test_namesakes, load, unload),
		cmocka_unit_test_setup_teardown(test_modules, load, unload),
		cmocka_unit_test_setup_teardown(test_added_later, load, unload),
		cmocka_unit_test_setup_teardown(test_format, load, unload),
		cmocka_unit_test(test_labels_in_old_kallsyms),
		cmocka_unit_test_setup_teardown(test_empty, load, unload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
