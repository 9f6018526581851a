/* fuzz_object.c - tests: a module's object file (.ko), which `mod -s` examines before it is loaded. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "base/fail.h"
#include "fake.h"
#include "shell/modfile.h"

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

void fuzz_write_seeds(void)
{
	static const struct fuzz_section sections[] = {
		{ ".gnu.linkonce.this_module", SHT_PROGBITS, NULL, 0 },
		{ ".note.gnu.build-id", SHT_NOTE, fuzz_build_id_note, sizeof(fuzz_build_id_note) },
		{ ".debug_info", SHT_PROGBITS, NULL, 0 },
	};
	struct strbuf input = { 0 };

	fuzz_add_elf(&input, 0, ET_REL, sections, ARRAY_SIZE(sections));
	fuzz_seed("module", input.text, input.length);
	strbuf_free(&input);
}
