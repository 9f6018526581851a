/* fake.c - test helper: a dump over a byte array, BTF, symbols and a small vmlinux. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake.h"

#include "base/fail.h"
#include "memory.h"
#include "names/btf.h"
#include "names/types.h"
#include "symbols.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static u8 physical[FAKE_PAGES * PAGE_BYTES];
static u8 page_reason[FAKE_PAGES];
static unsigned long nr_reads, failing_read;

static bool fake_read_page(struct dump *dump UNUSED, u64 paddr, void *buf, size_t length,
			   struct fault *fault)
{
	u64 pfn = paddr >> PAGE_SHIFT;

	nr_reads++;
	if (failing_read && nr_reads == failing_read)
		return fault_set(fault, FAULT_DAMAGED, SPACE_PHYSICAL, paddr);
	if (pfn >= FAKE_PAGES)
		return fault_set(fault, FAULT_NOT_IN_DUMP, SPACE_PHYSICAL, paddr);
	if (page_reason[pfn])
		return fault_set(fault, (enum fault_reason)page_reason[pfn], SPACE_PHYSICAL, paddr);
	memcpy(buf, physical + paddr, length);
	return true;
}

static bool fake_next_present(struct dump *dump UNUSED, u64 pfn, u64 *found_pfn)
{
	for (; pfn < FAKE_PAGES; pfn++) {
		if (page_reason[pfn])
			continue;
		*found_pfn = pfn;
		return true;
	}
	return false;
}

static void fake_describe(const struct dump *dump UNUSED, struct strbuf *text)
{
	strbuf_puts(text, "fake dump\n");
}

static void fake_close(struct dump *dump UNUSED)
{
}

static const struct dump_ops fake_ops = {
	.name = "fake",
	.read_page = fake_read_page,
	.next_present = fake_next_present,
	.describe = fake_describe,
	.close = fake_close,
};

static bool plain_to_phys(u64 address, u64 *paddr, u64 *run_bytes, struct fault *fault)
{
	if (address < FAKE_DIRECT_MAP || address - FAKE_DIRECT_MAP >= sizeof(physical))
		return fault_set(fault, FAULT_NOT_MAPPED, SPACE_KERNEL, address);
	*paddr = address - FAKE_DIRECT_MAP;
	*run_bytes = sizeof(physical) - *paddr;
	return true;
}

static bool plain_is_kernel_address(u64 address)
{
	return address >> 63;
}

static const struct arch_ops plain_arch = {
	.machine = "fake",
	.kernel_to_phys = plain_to_phys,
	.is_kernel_address = plain_is_kernel_address,
};

struct dump *fake_dump(void)
{
	static struct dump dump;
	static const struct kernel_layout layout = {
		.page_offset = FAKE_DIRECT_MAP,
		.direct_map_end = FAKE_DIRECT_MAP + sizeof(physical),
		.vmemmap_start = FAKE_DIRECT_MAP + sizeof(physical) - FAKE_PAGES * 64,
		.vmemmap_end = FAKE_DIRECT_MAP + sizeof(physical),
		.levels = 4,
		.task_size = 0x7ffffffff000ULL,
	};

	memset(physical, 0, sizeof(physical));
	memset(page_reason, 0, sizeof(page_reason));
	nr_reads = failing_read = 0;
	dump = (struct dump){
		.ops = &fake_ops, .path = "fake", .max_pfn = FAKE_PAGES, .dump_level = -1
	};
	memory_init(&dump, &plain_arch, &layout);
	return &dump;
}

u8 *fake_phys(u64 paddr)
{
	return physical + paddr;
}

u64 fake_kva(u64 paddr)
{
	return FAKE_DIRECT_MAP + paddr;
}

u64 fake_page(u64 pfn)
{
	return memory_layout()->vmemmap_start + pfn * 64;
}

void fake_bytes(u64 kernel_address, const void *data, size_t length)
{
	memcpy(physical + (kernel_address - FAKE_DIRECT_MAP), data, length);
}

void fake_u64(u64 kernel_address, u64 value)
{
	fake_bytes(kernel_address, &value, sizeof(value));
}

void fake_page_fault(u64 paddr, enum fault_reason reason)
{
	page_reason[paddr >> PAGE_SHIFT] = (u8)reason;
}

void fake_fail_read(unsigned long nth)
{
	nr_reads = 0;
	failing_read = nth;
}

unsigned long fake_nr_reads(void)
{
	return nr_reads;
}

/*
 * BTF: a header of six words, then type records, then strings.
 */

enum { RECORD_INT = 1, RECORD_POINTER = 2, RECORD_ARRAY = 3, RECORD_STRUCT = 4, RECORD_ENUM = 6 };

static struct {
	struct strbuf types, strings;
	u32 nr_types;
	struct {
		const char *name;
		u32 id;
	} structs[128];
	size_t nr_structs;
	u32 ints[2][9]; /* by sign and size; 0: not made yet */
} made;

static u32 put_string(const char *text)
{
	u32 at;

	if (!made.strings.length)
		strbuf_putc(&made.strings, '\0');
	at = (u32)made.strings.length;
	strbuf_add(&made.strings, text, strlen(text) + 1);
	return at;
}

static void put_word(u32 word)
{
	strbuf_add(&made.types, &word, sizeof(word));
}

static u32 put_record(u32 name, u32 kind, u32 nr, bool kind_flag, u32 size)
{
	put_word(name);
	put_word(kind << 24 | nr | (kind_flag ? 1u << 31 : 0));
	put_word(size);
	return ++made.nr_types;
}

static u32 put_int(u32 size, bool is_signed)
{
	u32 *id = &made.ints[is_signed][size];
	char name[32];

	if (*id)
		return *id;
	snprintf(name, sizeof(name), "%c%u", is_signed ? 's' : 'u', size * 8);
	*id = put_record(put_string(name), RECORD_INT, 0, false, size);
	put_word((is_signed ? 1u << 24 : 0) | size * 8);
	return *id;
}

static u32 put_member_type(const struct fake_member *member)
{
	u32 id = 0, index_type;

	for (size_t i = 0; member->type && i < made.nr_structs; i++)
		if (streq(made.structs[i].name, member->type))
			id = made.structs[i].id;
	if (member->type && !id)
		fail("fake_struct: %s comes after its use", member->type);
	if (!id)
		id = put_int(member->size, member->is_signed);
	if (member->is_pointer)
		id = put_record(0, RECORD_POINTER, 0, false, id);
	if (!member->count)
		return id;
	index_type = put_int(4, false);
	put_record(0, RECORD_ARRAY, 0, false, 0);
	put_word(id);
	put_word(index_type);
	put_word(member->count);
	return made.nr_types;
}

void fake_struct(const char *name, u32 size, const struct fake_member *members, size_t nr_members)
{
	u32 types[64];
	bool bit_fields = false;

	if (nr_members > ARRAY_SIZE(types) || made.nr_structs == ARRAY_SIZE(made.structs))
		fail("fake_struct: too much");
	for (size_t i = 0; i < nr_members; i++) {
		types[i] = put_member_type(&members[i]);
		bit_fields |= members[i].bit_size != 0;
	}
	made.structs[made.nr_structs].name = name;
	made.structs[made.nr_structs++].id = put_record(put_string(name), RECORD_STRUCT,
							(u32)nr_members, bit_fields, size);
	for (size_t i = 0; i < nr_members; i++) {
		const struct fake_member *member = &members[i];

		put_word(put_string(member->name));
		put_word(types[i]);
		put_word((member->offset * 8 + member->bit_offset) | member->bit_size << 24);
	}
}

void fake_enum(const char *name, const char *const *enumerators, size_t nr_enumerators)
{
	put_record(put_string(name), RECORD_ENUM, (u32)nr_enumerators, false, 4);
	for (size_t i = 0; i < nr_enumerators; i++) {
		put_word(put_string(enumerators[i]));
		put_word((u32)i);
	}
}

void fake_types_done(void)
{
	struct strbuf blob = { 0 }, why = { 0 };
	u32 header[6] = { 0x0001eb9f,
			  24,
			  0,
			  (u32)made.types.length,
			  (u32)made.types.length,
			  (u32)made.strings.length };
	struct btf *opened;

	strbuf_add(&blob, header, sizeof(header));
	strbuf_add(&blob, made.types.text, made.types.length);
	strbuf_add(&blob, made.strings.text, made.strings.length);
	opened = btf_open(blob.text, blob.length, NULL, &why);
	if (!opened)
		fail("fake BTF: %s", strbuf_text(&why));
	types_set_btf(opened);
}

void fake_symbol(const char *name, u64 value)
{
	static const struct symbol_module *module;

	if (!module)
		module = symbols_add_module("fake", 0, 0, 0, NULL, 0);
	symbols_add(module, name, value, 8, 'D');
}

/*
 * A vmlinux: ELF header, .rodata with the banner, .symtab, .strtab, .shstrtab, section headers.
 */
static u32 elf_string(struct strbuf *table, const char *text)
{
	u32 at;

	if (!table->length)
		strbuf_putc(table, '\0');
	at = (u32)table->length;
	strbuf_add(table, text, strlen(text) + 1);
	return at;
}

static void elf_section(Elf64_Shdr *section, struct strbuf *file, u32 name, u32 type,
			const void *data, size_t length)
{
	while (file->length % 8)
		strbuf_putc(file, '\0');
	section->sh_name = name;
	section->sh_type = type;
	section->sh_offset = file->length;
	section->sh_size = length;
	section->sh_addralign = 8;
	strbuf_add(file, data, length);
}

char *fake_vmlinux(const char *banner, u64 banner_address, const struct fake_elf_symbol *symbols,
		   size_t nr_symbols)
{
	Elf64_Ehdr header = { .e_type = ET_EXEC,
			      .e_machine = EM_X86_64,
			      .e_version = EV_CURRENT,
			      .e_ehsize = sizeof(header),
			      .e_shentsize = sizeof(Elf64_Shdr),
			      .e_shnum = 5,
			      .e_shstrndx = 4 };
	static const char *const names[] = { ".rodata", ".symtab", ".strtab", ".shstrtab" };
	struct strbuf file = { 0 }, table = { 0 }, strings = { 0 }, section_names = { 0 };
	Elf64_Shdr sections[5] = { 0 };
	Elf64_Sym symbol = { 0 };
	char *path = xstrdup("/tmp/fake-vmlinux-XXXXXX");
	char rodata[512] = { 0 };
	u32 name_at[4];
	int fd;

	memcpy(rodata, banner, min_u64(strlen(banner), sizeof(rodata) - 1));
	for (size_t i = 0; i < 4; i++)
		name_at[i] = elf_string(&section_names, names[i]);
	strbuf_add(&table, &symbol, sizeof(symbol));
	for (size_t i = 0; i <= nr_symbols; i++) {
		bool last = i == nr_symbols;

		symbol.st_name = elf_string(&strings, last ? "linux_banner" : symbols[i].name);
		symbol.st_value = last ? banner_address : symbols[i].value;
		symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
		symbol.st_shndx = 1;
		strbuf_add(&table, &symbol, sizeof(symbol));
	}
	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	strbuf_add(&file, &header, sizeof(header));
	elf_section(&sections[1], &file, name_at[0], SHT_PROGBITS, rodata, sizeof(rodata));
	sections[1].sh_flags = SHF_ALLOC;
	sections[1].sh_addr = banner_address;
	elf_section(&sections[2], &file, name_at[1], SHT_SYMTAB, table.text, table.length);
	sections[2].sh_link = 3;
	sections[2].sh_info = 1;
	sections[2].sh_entsize = sizeof(Elf64_Sym);
	elf_section(&sections[3], &file, name_at[2], SHT_STRTAB, strings.text, strings.length);
	elf_section(&sections[4], &file, name_at[3], SHT_STRTAB, section_names.text,
		    section_names.length);
	while (file.length % 8)
		strbuf_putc(&file, '\0');
	header.e_shoff = file.length;
	memcpy(file.text, &header, sizeof(header));
	strbuf_add(&file, sections, sizeof(sections));

	fd = mkstemp(path);
	if (fd < 0 || write(fd, file.text, file.length) != (ssize_t)file.length)
		fail("cannot write %s", path);
	close(fd);
	strbuf_free(&file);
	strbuf_free(&table);
	strbuf_free(&strings);
	strbuf_free(&section_names);
	return path;
}
