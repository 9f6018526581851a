/* fuzz_elfdebug.c - tests: what an ELF file says of its debug information: build-id, links, sections. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "names/elfdebug.h"

#include <elf.h>
#include <stdlib.h>

void fuzz_setup(void)
{
	fuzz_input_is_pieces = true;
}

/* The file itself is a candidate for its own debug information where its link leads to it. */
static void search(const char *path, const struct elf_debug *debug)
{
	struct strbuf report = { 0 };
	char *found = elf_debug_find(path, debug, "/nonexistent", &report);

	if (found)
		FUZZ_EXPECT(debug->link[0] || debug->build_id_bytes);
	fuzz_touch_text(strbuf_text(&report));
	free(found);
	strbuf_free(&report);
}

static void look_at(const char *path, const struct file_map *file)
{
	struct elf_debug debug;
	char *name;

	if (!elf_debug_read(file, &debug))
		return;
	FUZZ_EXPECT(debug.build_id_bytes <= sizeof(debug.build_id));
	FUZZ_EXPECT(memchr(debug.link, '\0', sizeof(debug.link)));
	FUZZ_EXPECT(!strchr(debug.link, '/'));
	FUZZ_EXPECT(elf_debug_same_build(&debug, debug.build_id, debug.build_id_bytes));
	name = elf_debug_build_id_path("", debug.build_id, debug.build_id_bytes);
	FUZZ_EXPECT(strlen(name) ==
		    strlen("/usr/lib/debug/.build-id//.debug") + 2 * debug.build_id_bytes);
	free(name);
	search(path, &debug);
}

void fuzz_one(const u8 *data, size_t size)
{
	struct strbuf why = { 0 };
	struct fuzz_files files;
	struct file_map file;
	const char *path;

	fuzz_take_pieces(data, size, &files);
	path = fuzz_path(0, files.contents[0].text, files.contents[0].length);
	if (file_map_open(&file, path, &why)) {
		look_at(path, &file);
		file_map_close(&file);
	}
	strbuf_free(&why);
	fuzz_free_files(&files);
}

/* A file of debug information that was split off, and the file that it was split off from. */
void fuzz_write_seeds(void)
{
	struct fuzz_section sections[] = {
		{ ".note.gnu.build-id", SHT_NOTE, fuzz_build_id_note, sizeof(fuzz_build_id_note) },
		{ ".gnu_debuglink", SHT_PROGBITS, "a.debug\0\1\2\3\4", 12 },
		{ ".debug_info", SHT_PROGBITS, NULL, 0 },
	};
	struct strbuf input = { 0 };

	fuzz_add_elf(&input, 0, ET_EXEC, sections, ARRAY_SIZE(sections));
	fuzz_seed("whole", input.text, input.length);
	sections[0].name = "";
	sections[2].type = SHT_NOBITS;
	strbuf_reset(&input);
	fuzz_add_elf(&input, 0, ET_EXEC, sections, ARRAY_SIZE(sections));
	fuzz_seed("linked", input.text, input.length);
	strbuf_free(&input);
}
