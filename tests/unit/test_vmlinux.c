/* test_vmlinux.c - L2 vmlinux: what a good file gives, and the cause named for each bad one. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "names/vmlinux.h"
#include "names_builder.h"
#include "symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

static const struct built_symbol symbols[] = {
	{ "local_variable", BUILT_DATA + 8, ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), SEC_DATA, 8 },
	{ "_text", BUILT_TEXT, ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), SEC_TEXT, 0 },
	{ "vfs_read", BUILT_TEXT + 0x40, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), SEC_TEXT, 32 },
};

static bool open_bytes(struct vmlinux *vmlinux, const void *data, size_t length, struct strbuf *why)
{
	char *path = write_temporary(data, length);
	bool opened;

	strbuf_reset(why);
	opened = vmlinux_open(vmlinux, path, why);
	unlink(path);
	free(path);
	return opened;
}

static void test_good_file(void **state UNUSED)
{
	struct strbuf file = { 0 }, why = { 0 };
	struct vmlinux vmlinux;
	const u8 *data;
	u64 size, address;

	build_vmlinux(&file, symbols, ARRAY_SIZE(symbols));
	assert_true(open_bytes(&vmlinux, file.text, file.length, &why));
	assert_string_equal(vmlinux.banner, BUILT_BANNER);
	assert_int_equal(vmlinux.build_id_bytes, 20);
	assert_memory_equal(vmlinux.build_id, "ABCDEFGHIJKLMNOPQRST", 20);
	assert_false(vmlinux.has_dwarf);
	assert_int_equal(vmlinux.link_start, BUILT_TEXT);
	assert_true(vmlinux_symbol(&vmlinux, "vfs_read", &address));
	assert_int_equal(address, BUILT_TEXT + 0x40);
	assert_true(vmlinux_symbol(&vmlinux, "local_variable", &address));
	assert_int_equal(address, BUILT_DATA + 8);
	assert_false(vmlinux_symbol(&vmlinux, "vfs_rea", &address));
	assert_true(vmlinux_section(&vmlinux, ".rodata", &data, &size, &address));
	assert_int_equal(size, 4096);
	assert_int_equal(address, BUILT_RODATA);
	assert_memory_equal(data + 16, BUILT_BANNER, sizeof(BUILT_BANNER));
	assert_false(vmlinux_section(&vmlinux, ".bss", &data, &size, &address));
	assert_false(vmlinux_section(&vmlinux, ".nosuch", &data, &size, &address));
	assert_ptr_equal(vmlinux_at(&vmlinux, BUILT_RODATA + 16, 8), vmlinux.banner);
	assert_non_null(vmlinux_at(&vmlinux, BUILT_DATA + 4088, 8));
	assert_null(vmlinux_at(&vmlinux, BUILT_DATA + 4089, 8));
	assert_null(vmlinux_at(&vmlinux, BUILT_BSS, 1));
	assert_null(vmlinux_at(&vmlinux, UINT64_MAX, 2));
	vmlinux_close(&vmlinux);
	strbuf_free(&file);
	strbuf_free(&why);
}

/* Changes one thing of a good file. */
static void make_object(struct strbuf *file)
{
	built_header(file)->e_type = ET_REL;
}

static void make_core(struct strbuf *file)
{
	built_header(file)->e_type = ET_CORE;
}

static void make_arm(struct strbuf *file)
{
	built_header(file)->e_machine = EM_AARCH64;
}

static void make_stripped(struct strbuf *file)
{
	built_section(file, SEC_SYMTAB)->sh_type = SHT_PROGBITS;
}

static void drop_headers(struct strbuf *file)
{
	built_header(file)->e_shoff = 0;
}

static void headers_outside(struct strbuf *file)
{
	built_header(file)->e_shoff = file->length + 4096;
}

static void strings_outside(struct strbuf *file)
{
	built_section(file, SEC_STRTAB)->sh_size = UINT64_MAX;
}

static void names_nowhere(struct strbuf *file)
{
	built_header(file)->e_shstrndx = 200;
}

static void make_program(struct strbuf *file)
{
	char *banner = memmem(file->text, file->length, "linux_banner", 12);

	assert_non_null(banner);
	banner[0] = 'L';
}

static void make_gzip(struct strbuf *file)
{
	memcpy(file->text, "\x1f\x8b\x08\0", 4);
}

static void make_bzimage(struct strbuf *file)
{
	memset(file->text, 0, 4096);
	memcpy(file->text + 0x202, "HdrS", 4);
}

static void test_bad_files(void **state UNUSED)
{
	static const struct {
		void (*change)(struct strbuf *file);
		const char *says;
	} cases[] = {
		{ make_object, "kernel module" },
		{ make_core, "core or dump" },
		{ make_arm, "arm64" },
		{ make_stripped, "stripped" },
		{ drop_headers, "without section headers" },
		{ headers_outside, "cut short" },
		{ strings_outside, "symbol table is not inside" },
		{ names_nowhere, "section names" },
		{ make_program, "not a Linux kernel" },
		{ make_gzip, "gzip" },
		{ make_bzimage, "bzImage" },
	};
	struct strbuf file = { 0 }, why = { 0 };
	struct vmlinux vmlinux;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		build_vmlinux(&file, symbols, ARRAY_SIZE(symbols));
		cases[i].change(&file);
		assert_false(open_bytes(&vmlinux, file.text, file.length, &why));
		if (!strstr(strbuf_text(&why), cases[i].says))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, strbuf_text(&why),
				 cases[i].says);
	}
	assert_false(open_bytes(&vmlinux, "", 0, &why));
	assert_true(why.length > 0);
	strbuf_reset(&why);
	assert_false(vmlinux_open(&vmlinux, "/nonexistent/vmlinux", &why));
	assert_non_null(strstr(strbuf_text(&why), "No such file"));
	strbuf_reset(&why);
	assert_false(vmlinux_open(&vmlinux, "/", &why));
	assert_non_null(strstr(strbuf_text(&why), "directory"));
	strbuf_free(&file);
	strbuf_free(&why);
}

/* Whatever the bytes are, opening and all lookups stay inside the file. */
static void use_everything(struct vmlinux *vmlinux)
{
	struct strbuf why = { 0 };
	const u8 *data;
	u64 size, address, sum = 0;
	size_t i;

	vmlinux_symbol(vmlinux, "vfs_read", &address);
	if (vmlinux_section(vmlinux, ".rodata", &data, &size, &address) && size)
		sum += data[0] + data[size - 1];
	if (symbols_load_vmlinux(vmlinux, 0x1000000, &why)) {
		for (i = 0; i < symbols_count(NULL); i++) {
			const struct symbol *symbol = symbols_get(NULL, i);

			sum += strlen(symbol->name);
			assert_non_null(symbol_by_name(symbol->name));
			symbol_at(symbol->value, NULL);
		}
	} else {
		assert_true(why.length > 0);
	}
	assert_true(sum < 1 << 20);
	symbols_reset();
	strbuf_free(&why);
}

static void test_truncated(void **state UNUSED)
{
	struct strbuf file = { 0 }, why = { 0 };
	struct vmlinux vmlinux;
	size_t length, end;

	build_vmlinux(&file, symbols, ARRAY_SIZE(symbols));
	end = file.length;
	for (length = 1; length < end; length += length < 200 || length > end - 1500 ? 1 : 97) {
		if (open_bytes(&vmlinux, file.text, length, &why)) {
			fail_msg("opened with %zu of %zu bytes", length, end);
			vmlinux_close(&vmlinux);
		}
		assert_true(why.length > 0);
	}
	strbuf_free(&file);
	strbuf_free(&why);
}

static void test_flipped(void **state UNUSED)
{
	struct strbuf file = { 0 }, why = { 0 };
	u64 seed = 1;
	unsigned round, flips, opened = 0;
	struct vmlinux vmlinux;

	build_vmlinux(&file, symbols, ARRAY_SIZE(symbols));
	for (round = 0; round < 1500; round++) {
		char *copy = malloc(file.length);
		u64 tables = built_section(&file, SEC_SYMTAB)->sh_offset;

		memcpy(copy, file.text, file.length);
		/* The header, or the tables behind the pages of the image. */
		for (flips = 1 + noise(&seed) % 3; flips; flips--) {
			u64 at = noise(&seed) % 3 ? tables + noise(&seed) % (file.length - tables)
						  : noise(&seed) % 64;

			copy[at] ^= 1 << noise(&seed) % 8;
		}
		if (open_bytes(&vmlinux, copy, file.length, &why)) {
			use_everything(&vmlinux);
			vmlinux_close(&vmlinux);
			opened++;
		} else {
			assert_true(why.length > 0);
		}
		free(copy);
	}
	/* Both ways were taken. */
	assert_true(opened > 50 && opened < 1500);
	strbuf_free(&file);
	strbuf_free(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_file),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_flipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
