/* fuzz_vmlinux.c - tests: the kernel's ELF file: sections, symbol table, build-id, banner. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "names_builder.h"
#include "symbols.h"
#include "vmlinux.h"

void fuzz_setup(void)
{
	fuzz_input_is_pieces = true;
}

static void read_sections(const struct vmlinux *vmlinux)
{
	static const char *const names[] = {
		".text", ".notes", ".BTF", ".rodata", ".orc_unwind", ""
	};
	const u8 *data;
	u64 size, address;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (vmlinux_section(vmlinux, names[i], &data, &size, &address))
			fuzz_touch(data, size);
	}
	for (u32 i = 0; i < vmlinux->nr_sections && i < 1000; i++) {
		u64 start = vmlinux_section_header(vmlinux, i)->sh_addr;
		const void *bytes = vmlinux_at(vmlinux, start, 64);

		fuzz_touch_text(vmlinux_section_name(vmlinux, i));
		fuzz_touch(bytes, bytes ? 64 : 0);
	}
	fuzz_touch(vmlinux->build_id, vmlinux->build_id_bytes);
	if (vmlinux->banner)
		fuzz_touch_text(vmlinux->banner);
	FUZZ_EXPECT(!vmlinux_section_header(vmlinux, vmlinux->nr_sections));
}

static void read_symbols(const struct vmlinux *vmlinux)
{
	static const u64 places[] = { 0,	 0x1000,    BUILT_TEXT, BUILT_RODATA + 16,
				      BUILT_BSS, BUILT_END, ~0ULL };
	size_t count = symbols_count(NULL);
	char text[128];
	u64 address, offset;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		symbol_at(places[i], &offset);
		symbol_format(places[i], true, text, sizeof(text));
		address_is_text(places[i]);
	}
	for (size_t i = 0; i < count; i++) {
		const struct symbol *symbol = symbols_get(NULL, i), *found;

		found = symbol_by_name(symbol->name);
		FUZZ_EXPECT(found);
		symbol_next_same_name(found);
		symbol_before(symbol);
		symbol_after(symbol);
		found = symbol_at(symbol->value, &offset);
		FUZZ_EXPECT(!found || found->value + offset == symbol->value);
		symbol_format(symbol->value + 1, false, text, sizeof(text));
		vmlinux_symbol(vmlinux, symbol->name, &address);
	}
	symbol_by_name("no_such_symbol");
}

void fuzz_one(const u8 *data, size_t size)
{
	static const u64 offsets[] = { 0, 0x12000000, -0x1000ULL };
	struct strbuf why = { 0 };
	struct fuzz_files files;
	struct vmlinux vmlinux;
	const char *path;

	fuzz_take_pieces(data, size, &files);
	path = fuzz_path(0, files.contents[0].text, files.contents[0].length);
	if (vmlinux_open(&vmlinux, path, &why)) {
		read_sections(&vmlinux);
		for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
			if (symbols_load_vmlinux(&vmlinux, offsets[i], &why))
				read_symbols(&vmlinux);
		}
		symbols_reset();
		vmlinux_close(&vmlinux);
	} else {
		FUZZ_EXPECT(why.length);
	}
	strbuf_free(&why);
	fuzz_free_files(&files);
}

#define SYMBOL(n, v, binding, type, index, bytes)                                                  \
	{                                                                                          \
		.name = n, .value = v, .info = ELF64_ST_INFO(binding, type), .section = index,     \
		.size = bytes                                                                      \
	}

void fuzz_write_seeds(void)
{
	static const struct built_symbol symbols[] = {
		SYMBOL("local_function", BUILT_TEXT + 0x20, STB_LOCAL, STT_FUNC, SEC_TEXT, 16),
		SYMBOL("_stext", BUILT_TEXT, STB_GLOBAL, STT_NOTYPE, SEC_TEXT, 0),
		SYMBOL("vfs_read", BUILT_TEXT, STB_GLOBAL, STT_FUNC, SEC_TEXT, 32),
		SYMBOL("vfs_read_alias", BUILT_TEXT, STB_WEAK, STT_FUNC, SEC_TEXT, 32),
		SYMBOL("_etext", BUILT_TEXT + 0x1000, STB_GLOBAL, STT_NOTYPE, SEC_TEXT, 0),
		SYMBOL("jiffies", BUILT_DATA + 8, STB_GLOBAL, STT_OBJECT, SEC_DATA, 8),
		SYMBOL("current_task", 0x40, STB_GLOBAL, STT_OBJECT, SEC_PERCPU, 8),
		SYMBOL("constant", 0x1234, STB_GLOBAL, STT_NOTYPE, SHN_ABS, 0),
		SYMBOL("__bss_start", BUILT_BSS, STB_GLOBAL, STT_NOTYPE, SEC_BSS, 0),
	};
	struct strbuf file = { 0 }, input = { 0 };

	build_vmlinux(&file, symbols, ARRAY_SIZE(symbols));
	fuzz_add_pieces(&input, 0, file.text, file.length, 1024);
	fuzz_seed("small", input.text, input.length);
	strbuf_free(&input);
	strbuf_free(&file);
}
