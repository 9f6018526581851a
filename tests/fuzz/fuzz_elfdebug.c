/* fuzz_elfdebug.c - tests: what an ELF file says of its debug information: build-id, .gnu_debuglink, sections. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "elfdebug.h"

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
	static const char names[] = "\0.shstrtab\0.gnu_debuglink\0.note.gnu.build-id\0.debug_info";
	static const u32 note[] = { 4, 8, NT_GNU_BUILD_ID, 0x554e47, 0x01020304, 0x05060708 };
	struct {
		Elf64_Ehdr header;
		Elf64_Shdr sections[5];
		char names[64];
		u32 note[6];
		char link[12];
	} file = {
		.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_EXEC,
			    .e_machine = EM_X86_64,
			    .e_shoff = sizeof(Elf64_Ehdr),
			    .e_shentsize = sizeof(Elf64_Shdr),
			    .e_shnum = 5,
			    .e_shstrndx = 1 },
		.link = "a.debug\0\1\2\3\4",
	};
	struct strbuf input = { 0 };
	size_t at = sizeof(file.header) + sizeof(file.sections);

	memcpy(file.names, names, sizeof(names));
	memcpy(file.note, note, sizeof(note));
	file.sections[1] = (Elf64_Shdr){
		.sh_name = 1, .sh_type = SHT_STRTAB, .sh_offset = at, .sh_size = sizeof(file.names)
	};
	at += sizeof(file.names);
	file.sections[2] = (Elf64_Shdr){
		.sh_name = 26, .sh_type = SHT_NOTE, .sh_offset = at, .sh_size = sizeof(file.note)
	};
	at += sizeof(file.note);
	file.sections[3] = (Elf64_Shdr){ .sh_name = 11,
					 .sh_type = SHT_PROGBITS,
					 .sh_offset = at,
					 .sh_size = sizeof(file.link) };
	file.sections[4] = (Elf64_Shdr){ .sh_name = 45, .sh_type = SHT_PROGBITS };
	fuzz_add_pieces(&input, 0, &file, sizeof(file), 1024);
	fuzz_seed("whole", input.text, input.length);
	file.sections[4].sh_type = SHT_NOBITS;
	file.sections[2].sh_name = 0;
	strbuf_reset(&input);
	fuzz_add_pieces(&input, 0, &file, sizeof(file), 1024);
	fuzz_seed("linked", input.text, input.length);
	strbuf_free(&input);
}
