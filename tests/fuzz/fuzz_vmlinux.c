/* fuzz_vmlinux.c - tests: the kernel's ELF file: sections, symbol table, build-id, banner. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "names/vmlinux.h"
#include "names_builder.h"
#include "symbols.h"

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

#define INFO(binding, type) ELF64_ST_INFO(STB_##binding, STT_##type)

void fuzz_write_seeds(void)
{
	static const struct built_symbol symbols[] = {
		{ "local_function", BUILT_TEXT + 0x20, INFO(LOCAL, FUNC), SEC_TEXT, 16 },
		{ "_stext", BUILT_TEXT, INFO(GLOBAL, NOTYPE), SEC_TEXT, 0 },
		{ "vfs_read", BUILT_TEXT, INFO(GLOBAL, FUNC), SEC_TEXT, 32 },
		{ "vfs_read_alias", BUILT_TEXT, INFO(WEAK, FUNC), SEC_TEXT, 32 },
		{ "_etext", BUILT_TEXT + 0x1000, INFO(GLOBAL, NOTYPE), SEC_TEXT, 0 },
		{ "jiffies", BUILT_DATA + 8, INFO(GLOBAL, OBJECT), SEC_DATA, 8 },
		{ "current_task", 0x40, INFO(GLOBAL, OBJECT), SEC_PERCPU, 8 },
		{ "constant", 0x1234, INFO(GLOBAL, NOTYPE), SHN_ABS, 0 },
		{ "__bss_start", BUILT_BSS, INFO(GLOBAL, NOTYPE), SEC_BSS, 0 },
	};
	struct strbuf file = { 0 }, input = { 0 };

	build_vmlinux(&file, symbols, ARRAY_SIZE(symbols));
	fuzz_add_pieces(&input, 0, file.text, file.length, 1024);
	fuzz_seed("small", input.text, input.length);
	strbuf_free(&input);
	strbuf_free(&file);
}
