/* fuzz_notes.c - tests: the ELF notes of a dump: registers, vmcoreinfo, devices' dumps. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "dump/dumpfile.h"
#include "dump/elfnote.h"

#include <elf.h>

enum { NOTES_AT = 0x200 };

void fuzz_setup(void)
{
}

/* An ELF vmcore of one page whose notes are the input. */
static void make_file(const u8 *data, size_t size, struct strbuf *file)
{
	u8 start[NOTES_AT] = { 0 };
	const Elf64_Ehdr header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
	};
	const Elf64_Phdr segments[] = {
		{ .p_type = PT_NOTE, .p_offset = NOTES_AT, .p_filesz = size },
		{ .p_type = PT_LOAD, .p_paddr = 0x1000, .p_filesz = 0x100, .p_memsz = 0x1000 },
	};

	memcpy(start, &header, sizeof(header));
	memcpy(start + sizeof(header), segments, sizeof(segments));
	strbuf_add(file, start, sizeof(start));
	strbuf_add(file, data, size);
}

static void check(const struct dump *dump)
{
	struct strbuf text = { 0 };

	FUZZ_EXPECT(dump->nr_qemu_notes <= dump->nr_cpu_notes);
	for (size_t i = 0; i < dump->nr_qemu_notes; i++)
		FUZZ_EXPECT(dump->cpu_notes[i].has_control);
	for (size_t i = 0; i < dump->nr_device_dumps; i++)
		FUZZ_EXPECT(range_fits(dump->device_dumps[i].offset, dump->device_dumps[i].bytes,
				       dump->files[0].size));
	fuzz_touch(dump->vmcoreinfo, dump->vmcoreinfo ? dump->vmcoreinfo_bytes : 0);
	dump->ops->describe(dump, &text);
	fuzz_touch_text(strbuf_text(&text));
	strbuf_reset(&text);
	dump_copy_notes(dump, &text);
	strbuf_free(&text);
}

void fuzz_one(const u8 *data, size_t size)
{
	struct strbuf file = { 0 }, why = { 0 };
	const char *path;
	struct dump *dump;

	make_file(data, size, &file);
	path = fuzz_path(0, file.text, file.length);
	dump = dump_open(&path, 1, &why);
	FUZZ_EXPECT(dump);
	check(dump);
	dump_close(dump);
	strbuf_free(&file);
	strbuf_free(&why);
}

static void add_note(struct strbuf *notes, const char *name, u32 type, u8 fill, u32 bytes)
{
	const u32 header[3] = { (u32)strlen(name) + 1, bytes, type };

	strbuf_add(notes, header, sizeof(header));
	strbuf_add(notes, name, header[0]);
	while (notes->length % 4)
		strbuf_putc(notes, '\0');
	while (bytes--)
		strbuf_putc(notes, (char)fill);
	while (notes->length % 4)
		strbuf_putc(notes, '\0');
}

void fuzz_write_seeds(void)
{
	struct strbuf notes = { 0 };

	for (u8 i = 0; i < 2; i++)
		add_note(&notes, "CORE", NT_PRSTATUS, i, 336);
	add_note(&notes, "VMCOREINFO", 0, 'A', 30);
	fuzz_seed("kernel", notes.text, notes.length);
	strbuf_reset(&notes);
	add_note(&notes, "CORE", NT_PRSTATUS, 1, 336);
	add_note(&notes, "QEMU", 0, 1, 440);
	add_note(&notes, "QEMU", 0, 1, 432);
	fuzz_seed("qemu", notes.text, notes.length);
	strbuf_reset(&notes);
	add_note(&notes, "LINUX", 0x700, 'd', 50);
	add_note(&notes, "CORE", NT_PRPSINFO, 1, 20);
	fuzz_seed("device", notes.text, notes.length);
	strbuf_free(&notes);
}
