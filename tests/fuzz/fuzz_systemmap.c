/* fuzz_systemmap.c - tests: a System.map, and what a kernel wrote down about itself beside it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "names/systemmap.h"
#include "symbols.h"

#include <stdlib.h>

void fuzz_setup(void)
{
}

static void look_at(struct vmlinux *map, const struct vmcoreinfo *info)
{
	struct strbuf why = { 0 };
	u64 address;

	system_map_fits(map, info, &why);
	fuzz_touch_text(strbuf_text(&why));
	FUZZ_EXPECT(vmlinux_symbol(map, "_text", &address) && address == map->link_start);
	FUZZ_EXPECT(!vmlinux_at(map, map->link_start, 8));
	if (symbols_load_vmlinux(map, 0x1000000, &why)) {
		for (size_t i = 0; i < symbols_count(NULL); i++) {
			const struct symbol *symbol = symbols_get(NULL, i);

			fuzz_touch_text(symbol->name);
			FUZZ_EXPECT(symbol_by_name(symbol->name));
			symbol_at(symbol->value, NULL);
		}
	}
	symbols_reset();
	strbuf_free(&why);
}

/* The map, then a NUL, then the text of VMCOREINFO. */
void fuzz_one(const u8 *data, size_t size)
{
	const u8 *end = memchr(data, '\0', size);
	size_t bytes = end ? (size_t)(end - data) : size;
	struct vmcoreinfo info = { 0 };
	struct strbuf why = { 0 };
	struct vmlinux map;
	const char *path;

	if (!bytes)
		return;
	info.text = xstrndup(end ? (const char *)end + 1 : "", end ? size - bytes - 1 : 0);
	info.length = strlen(info.text);
	path = fuzz_path(0, data, bytes);
	is_system_map(path);
	if (system_map_open(&map, path, &why)) {
		look_at(&map, &info);
		system_map_close(&map);
	} else {
		FUZZ_EXPECT(why.length);
	}
	strbuf_free(&why);
	free(info.text);
}

void fuzz_write_seeds(void)
{
	static const char text[] = "0000000000000000 A fixed_percpu_data\n"
				   "ffffffff81000000 T _text\n"
				   "ffffffff81000000 T _stext\n"
				   "ffffffff81000100 t local\n"
				   "ffffffff81001000 T _etext\n"
				   "ffffffff81002000 R linux_banner\n"
				   "ffffffff81003000 D init_uts_ns\n"
				   "ffffffff81004000 W weak\n"
				   "ffffffff81005000 B _end\n"
				   "\0"
				   "KERNELOFFSET=1000000\nSYMBOL(init_uts_ns)=ffffffff82003000\n"
				   "SYMBOL(_stext)=ffffffff82000000\n";

	fuzz_seed("whole", text, sizeof(text) - 1);
	fuzz_seed("no-offset", text, strlen(text) + 1 + 0);
}
