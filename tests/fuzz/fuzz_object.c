/* fuzz_object.c - tests: a module's object file (.ko), which `mod -s` examines before it is loaded. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "fail.h"
#include "fake.h"
#include "modfile.h"

#include <elf.h>
#include <stdlib.h>

struct question {
	const char *path;
	bool is_module;
	struct strbuf why;
};

void fuzz_setup(void)
{
	fuzz_input_is_pieces = true;
	fake_dump();
	fake_struct("module", 8, (struct fake_member[]){ { .name = "sect_attrs", .size = 8 } }, 1);
	fake_struct("bin_attribute", 8, (struct fake_member[]){ { .name = "private", .size = 8 } },
		    1);
	fake_types_done();
}

static void check_file(void *arg)
{
	const struct module module = { .address = fake_kva(0x1000), .name = "alpha" };
	struct question *question = arg;
	char *path = modfile_named(&module, question->path, &question->why);

	question->is_module = path != NULL;
	free(path);
}

void fuzz_one(const u8 *data, size_t size)
{
	struct question question = { 0 };
	struct fuzz_files files;
	struct failure failure = { 0 };

	fuzz_take_pieces(data, size, &files);
	question.path = fuzz_path(0, files.contents[0].text, files.contents[0].length);
	if (!protect(check_file, &question, &failure))
		FUZZ_EXPECT(failure.text[0]);
	else
		FUZZ_EXPECT(question.is_module || question.why.length);
	strbuf_free(&question.why);
	fuzz_free_files(&files);
}

/* Section headers, then the names of sections, then a note. */
void fuzz_write_seeds(void)
{
	static const char names[] =
		"\0.shstrtab\0.gnu.linkonce.this_module\0.note.gnu.build-id\0.debug_info";
	static const u32 note[] = { 4, 8, NT_GNU_BUILD_ID, 0x554e47, 0x01020304, 0x05060708 };
	struct {
		Elf64_Ehdr header;
		Elf64_Shdr sections[5];
		char names[72];
		u32 note[6];
	} file = {
		.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_REL,
			    .e_machine = EM_X86_64,
			    .e_shoff = sizeof(Elf64_Ehdr),
			    .e_shentsize = sizeof(Elf64_Shdr),
			    .e_shnum = 5,
			    .e_shstrndx = 1 },
	};
	struct strbuf input = { 0 };
	size_t at = sizeof(file.header) + sizeof(file.sections);

	memcpy(file.names, names, sizeof(names));
	memcpy(file.note, note, sizeof(note));
	file.sections[1] = (Elf64_Shdr){
		.sh_name = 1, .sh_type = SHT_STRTAB, .sh_offset = at, .sh_size = sizeof(file.names)
	};
	file.sections[2] = (Elf64_Shdr){ .sh_name = 11, .sh_type = SHT_PROGBITS };
	file.sections[3] = (Elf64_Shdr){ .sh_name = 37,
					 .sh_type = SHT_NOTE,
					 .sh_offset = at + sizeof(file.names),
					 .sh_size = sizeof(file.note) };
	file.sections[4] = (Elf64_Shdr){ .sh_name = 56, .sh_type = SHT_PROGBITS };
	fuzz_add_pieces(&input, 0, &file, sizeof(file), 1024);
	fuzz_seed("module", input.text, input.length);
	strbuf_free(&input);
}
