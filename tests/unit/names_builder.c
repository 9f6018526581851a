/* names_builder.c - test helper: small vmlinux files and BTF blobs made by hand. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "names_builder.h"

#include "base/fail.h"

#include <stdlib.h>
#include <unistd.h>

static const char section_names[] =
	"\0.text\0.rodata\0.data\0.data..percpu\0.bss\0.notes\0.symtab\0.strtab\0"
	".shstrtab";

static u32 name_offset(const char *name)
{
	u32 at = 1;

	while (at < sizeof(section_names) && !streq(section_names + at, name))
		at += strlen(section_names + at) + 1;
	return at;
}

static void add_section(struct strbuf *file, Elf64_Shdr *section, const char *name, u32 type,
			u64 flags, u64 address, const void *data, u64 size)
{
	static const char zeroes[8];

	if (file->length % 8)
		strbuf_add(file, zeroes, 8 - file->length % 8);
	*section = (Elf64_Shdr){ .sh_name = name_offset(name),
				 .sh_type = type,
				 .sh_flags = flags,
				 .sh_addr = address,
				 .sh_offset = file->length,
				 .sh_size = size };
	if (type != SHT_NOBITS)
		strbuf_add(file, data, size);
}

static void add_symbol(struct strbuf *symtab, struct strbuf *strtab,
		       const struct built_symbol *symbol)
{
	Elf64_Sym entry = { .st_name = strtab->length,
			    .st_info = symbol->info,
			    .st_shndx = symbol->section,
			    .st_value = symbol->value,
			    .st_size = symbol->size };

	strbuf_add(strtab, symbol->name, strlen(symbol->name) + 1);
	strbuf_add(symtab, &entry, sizeof(entry));
}

/* An ELF symbol table has its local symbols first. */
static u32 add_symbols(struct strbuf *symtab, struct strbuf *strtab,
		       const struct built_symbol *symbols, size_t nr_symbols)
{
	static const struct built_symbol own[] = {
		{ "linux_banner", BUILT_RODATA + 16, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
		  SEC_RODATA, 64 },
		{ "_end", BUILT_END, ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), SEC_BSS, 0 },
	};
	static const Elf64_Sym undefined;
	u32 nr_locals;
	size_t i;

	strbuf_putc(strtab, '\0');
	strbuf_add(symtab, &undefined, sizeof(undefined));
	for (i = 0; i < nr_symbols; i++)
		if (ELF64_ST_BIND(symbols[i].info) == STB_LOCAL)
			add_symbol(symtab, strtab, &symbols[i]);
	nr_locals = symtab->length / sizeof(Elf64_Sym);
	for (i = 0; i < nr_symbols; i++)
		if (ELF64_ST_BIND(symbols[i].info) != STB_LOCAL)
			add_symbol(symtab, strtab, &symbols[i]);
	for (i = 0; i < ARRAY_SIZE(own); i++)
		add_symbol(symtab, strtab, &own[i]);
	return nr_locals;
}

void build_vmlinux(struct strbuf *file, const struct built_symbol *symbols, size_t nr_symbols)
{
	static const char note[] = "\4\0\0\0\24\0\0\0\3\0\0\0GNU\0ABCDEFGHIJKLMNOPQRST";
	struct strbuf symtab = { 0 }, strtab = { 0 };
	Elf64_Shdr sections[NR_SECS] = { { 0 } };
	Elf64_Ehdr header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB,
					   EV_CURRENT },
			      .e_type = ET_EXEC,
			      .e_machine = EM_X86_64,
			      .e_version = EV_CURRENT,
			      .e_ehsize = sizeof(header),
			      .e_shentsize = sizeof(Elf64_Shdr),
			      .e_shnum = NR_SECS,
			      .e_shstrndx = SEC_SHSTRTAB };
	char page[4096] = { 0 };
	u32 nr_locals = add_symbols(&symtab, &strtab, symbols, nr_symbols);

	strbuf_reset(file);
	strbuf_add(file, &header, sizeof(header));
	add_section(file, &sections[SEC_TEXT], ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR,
		    BUILT_TEXT, page, sizeof(page));
	strcpy(page + 16, BUILT_BANNER);
	add_section(file, &sections[SEC_RODATA], ".rodata", SHT_PROGBITS, SHF_ALLOC, BUILT_RODATA,
		    page, sizeof(page));
	add_section(file, &sections[SEC_DATA], ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE,
		    BUILT_DATA, page, sizeof(page));
	add_section(file, &sections[SEC_PERCPU], ".data..percpu", SHT_PROGBITS,
		    SHF_ALLOC | SHF_WRITE, 0, page, sizeof(page));
	add_section(file, &sections[SEC_BSS], ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, BUILT_BSS,
		    NULL, BUILT_END - BUILT_BSS);
	add_section(file, &sections[SEC_NOTES], ".notes", SHT_NOTE, SHF_ALLOC, BUILT_RODATA + 0x800,
		    note, sizeof(note) - 1);
	add_section(file, &sections[SEC_SYMTAB], ".symtab", SHT_SYMTAB, 0, 0, symtab.text,
		    symtab.length);
	sections[SEC_SYMTAB].sh_link = SEC_STRTAB;
	sections[SEC_SYMTAB].sh_info = nr_locals;
	sections[SEC_SYMTAB].sh_entsize = sizeof(Elf64_Sym);
	add_section(file, &sections[SEC_STRTAB], ".strtab", SHT_STRTAB, 0, 0, strtab.text,
		    strtab.length);
	add_section(file, &sections[SEC_SHSTRTAB], ".shstrtab", SHT_STRTAB, 0, 0, section_names,
		    sizeof(section_names));
	while (file->length % 8)
		strbuf_putc(file, '\0');
	built_header(file)->e_shoff = file->length;
	strbuf_add(file, sections, sizeof(sections));
	strbuf_free(&symtab);
	strbuf_free(&strtab);
}

Elf64_Ehdr *built_header(struct strbuf *file)
{
	return (Elf64_Ehdr *)file->text;
}

Elf64_Shdr *built_section(struct strbuf *file, u32 index)
{
	return (Elf64_Shdr *)(file->text + built_header(file)->e_shoff) + index;
}

char *write_temporary(const void *data, size_t length)
{
	const char *directory = getenv("TMPDIR");
	char *path = xasprintf("%s/crash-test-XXXXXX", directory ? directory : "/tmp");
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, data, length) != (ssize_t)length || close(fd) != 0)
		BUG("cannot write %s", path);
	return path;
}

void build_btf_start(struct built_btf *built, u32 first_id, u32 first_string)
{
	memset(built, 0, sizeof(*built));
	built->nr_types = first_id - 1;
	built->blob.length = first_string; /* kept here until build_btf_finish() */
	if (!first_string)
		strbuf_putc(&built->strings, '\0');
}

u32 build_btf_text(struct built_btf *built, const char *text)
{
	u32 offset = built->blob.length + built->strings.length;

	if (!text || !*text)
		return 0;
	strbuf_add(&built->strings, text, strlen(text) + 1);
	return offset;
}

void build_btf_word(struct built_btf *built, u32 word)
{
	strbuf_add(&built->types, &word, sizeof(word));
}

u32 build_btf_type(struct built_btf *built, const char *name, enum btf_kind kind, bool kind_flag,
		   u32 nr_items, u32 size_or_type)
{
	build_btf_word(built, build_btf_text(built, name));
	build_btf_word(built, nr_items | (u32)kind << 24 | (u32)kind_flag << 31);
	build_btf_word(built, size_or_type);
	return ++built->nr_types;
}

u32 build_btf_int(struct built_btf *built, const char *name, u32 bytes, bool is_signed)
{
	u32 id = build_btf_type(built, name, BTF_INT, false, 0, bytes);

	build_btf_word(built, bytes * 8 | (u32)is_signed << 24);
	return id;
}

void build_btf_field(struct built_btf *built, const char *name, u32 type, u32 place)
{
	build_btf_word(built, build_btf_text(built, name));
	build_btf_word(built, type);
	build_btf_word(built, place);
}

u32 build_btf_array(struct built_btf *built, u32 element, u32 count)
{
	u32 id = build_btf_type(built, NULL, BTF_ARRAY, false, 0, 0);

	build_btf_word(built, element);
	build_btf_word(built, 1);
	build_btf_word(built, count);
	return id;
}

void build_btf_finish(struct built_btf *built)
{
	u32 header[6] = { 0xeb9f | 1 << 16,	24, 0, built->types.length, built->types.length,
			  built->strings.length };

	strbuf_reset(&built->blob);
	strbuf_add(&built->blob, header, sizeof(header));
	strbuf_add(&built->blob, strbuf_text(&built->types), built->types.length);
	strbuf_add(&built->blob, strbuf_text(&built->strings), built->strings.length);
}

void build_btf_discard(struct built_btf *built)
{
	strbuf_free(&built->types);
	strbuf_free(&built->strings);
	strbuf_free(&built->blob);
}

u32 noise(u64 *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}
