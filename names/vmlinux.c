/* names/vmlinux.c - opens a kernel's ELF file and says precisely why when it is not one. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file is mapped and only the few pages that answer a question are touched: ELF header, section
 * headers, symbol table with its strings, .notes and .rodata's banner. Debug sections, nine tenths
 * of the file, are never read here. Everything that vmlinux_open() leaves in struct vmlinux was
 * checked against the file's length once, so that later code needs no checks of its own.
 */
#include "names/vmlinux.h"

#include "base/fail.h"
#include "dump/filekind.h"
#include "dump/unpack.h"

/* A section of notes has some hundred bytes; damaged headers may all claim the whole file. */
#define MOST_NOTE_BYTES 65536

const Elf64_Shdr *vmlinux_section_header(const struct vmlinux *vmlinux, u32 index)
{
	return index < vmlinux->nr_sections ? (const Elf64_Shdr *)vmlinux->shdrs + index : NULL;
}

const char *vmlinux_section_name(const struct vmlinux *vmlinux, u32 index)
{
	const Elf64_Shdr *section = vmlinux_section_header(vmlinux, index);

	if (!section || section->sh_name >= vmlinux->shstrtab_bytes)
		return "";
	return vmlinux->shstrtab + section->sh_name;
}

const char *vmlinux_symbol_name(const struct vmlinux *vmlinux, const Elf64_Sym *entry)
{
	return entry->st_name < vmlinux->strtab_bytes ? vmlinux->strtab + entry->st_name : "";
}

/* A string section's bytes up to its last NUL, so that every offset below *size ends inside. */
static const char *string_table(const struct vmlinux *vmlinux, u32 index, u64 *size)
{
	const Elf64_Shdr *section = vmlinux_section_header(vmlinux, index);
	const char *text, *last;

	*size = 0;
	if (!section || section->sh_type != SHT_STRTAB || !section->sh_size)
		return NULL;
	text = file_map_at(&vmlinux->file, section->sh_offset, section->sh_size);
	last = text ? memrchr(text, '\0', section->sh_size) : NULL;
	if (!last)
		return NULL;
	*size = last - text + 1;
	return text;
}

/* The ELF header; NULL with *why when this cannot be an x86_64 kernel. */
static const Elf64_Ehdr *check_header(const struct vmlinux *vmlinux, struct strbuf *why)
{
	const Elf64_Ehdr *header = file_map_at(&vmlinux->file, 0, sizeof(*header));
	const u8 *ident = file_map_at(&vmlinux->file, 0, EI_NIDENT + 4);
	u16 machine;

	if (!ident || memcmp(ident, ELFMAG, SELFMAG) != 0) {
		strbuf_puts(why, "not an ELF file but ");
		file_describe(&vmlinux->file, why);
		return NULL;
	}
	machine = load_u16(ident + offsetof(Elf64_Ehdr, e_machine));
	if (ident[EI_DATA] != ELFDATA2LSB || ident[EI_CLASS] != ELFCLASS64 ||
	    machine != EM_X86_64) {
		strbuf_puts(why, "an ELF file for ");
		elf_describe_machine(ident, why);
		strbuf_puts(why, "; only x86_64 kernels can be read");
		return NULL;
	}
	if (!header) {
		strbuf_puts(why, "cut short inside its ELF header");
		return NULL;
	}
	if (header->e_type == ET_REL) {
		strbuf_puts(why, "a kernel module or another object file (.ko, .o), not a vmlinux");
		return NULL;
	}
	if (header->e_type == ET_CORE) {
		strbuf_puts(why, "an ELF core or dump file, not a vmlinux");
		return NULL;
	}
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN) {
		strbuf_printf(why, "an ELF file of unknown type %u, not a vmlinux", header->e_type);
		return NULL;
	}
	return header;
}

static bool find_sections(struct vmlinux *vmlinux, const Elf64_Ehdr *header, struct strbuf *why)
{
	const Elf64_Shdr *first;
	u64 nr_sections = header->e_shnum;
	u32 names = header->e_shstrndx;

	if (!header->e_shoff) {
		strbuf_puts(why, "an ELF file without section headers: stripped, or not a vmlinux");
		return false;
	}
	if (header->e_shentsize != sizeof(*first) || header->e_shoff % 8) {
		strbuf_printf(why, "damaged: section headers of %u bytes at offset %#llx",
			      header->e_shentsize, (u64)header->e_shoff);
		return false;
	}
	first = file_map_at(&vmlinux->file, header->e_shoff, sizeof(*first));
	/* More than 65,279 sections: the count and the index of names moved to section 0. */
	if (first && !nr_sections)
		nr_sections = first->sh_size;
	if (first && names == SHN_XINDEX)
		names = first->sh_link;
	if (!first || nr_sections > vmlinux->file.size / sizeof(*first) ||
	    !file_map_at(&vmlinux->file, header->e_shoff, nr_sections * sizeof(*first))) {
		strbuf_printf(why,
			      "cut short or damaged: its %llu section headers are at offset %llu "
			      "but the file has %llu bytes",
			      nr_sections, (u64)header->e_shoff, vmlinux->file.size);
		return false;
	}
	vmlinux->shdrs = first;
	vmlinux->nr_sections = nr_sections;
	vmlinux->shstrtab = string_table(vmlinux, names, &vmlinux->shstrtab_bytes);
	if (!vmlinux->shstrtab) {
		strbuf_puts(why, "damaged: its section names cannot be found");
		return false;
	}
	return true;
}

static bool find_symtab(struct vmlinux *vmlinux, struct strbuf *why)
{
	const Elf64_Shdr *section = vmlinux->shdrs;
	u32 i;

	for (i = 0; i < vmlinux->nr_sections; i++, section++) {
		if (section->sh_type == SHT_SYMTAB)
			break;
	}
	if (i == vmlinux->nr_sections) {
		vmlinux->stripped = true;
		return true;
	}
	vmlinux->symtab = file_map_at(&vmlinux->file, section->sh_offset, section->sh_size);
	vmlinux->strtab = string_table(vmlinux, section->sh_link, &vmlinux->strtab_bytes);
	if (!vmlinux->symtab || !vmlinux->strtab) {
		strbuf_puts(why, "cut short or damaged: its symbol table is not inside the file");
		return false;
	}
	if (section->sh_offset % 8 || section->sh_size / sizeof(Elf64_Sym) > UINT32_MAX) {
		strbuf_puts(why, "damaged: its symbol table is misplaced");
		return false;
	}
	vmlinux->nr_symtab = section->sh_size / sizeof(Elf64_Sym);
	vmlinux->first_global = min_u64(section->sh_info, vmlinux->nr_symtab);
	return true;
}

static bool find_symbol_between(const struct vmlinux *vmlinux, u32 first, u32 end, const char *name,
				u64 *link_address)
{
	u32 i;

	for (i = first; i < end; i++) {
		const Elf64_Sym *entry = &vmlinux->symtab[i];
		unsigned type = ELF64_ST_TYPE(entry->st_info);

		if (entry->st_name >= vmlinux->strtab_bytes ||
		    vmlinux->strtab[entry->st_name] != name[0])
			continue;
		if (entry->st_shndx == SHN_UNDEF || type == STT_SECTION || type == STT_FILE)
			continue;
		if (streq(vmlinux->strtab + entry->st_name, name)) {
			*link_address = entry->st_value;
			return true;
		}
	}
	return false;
}

bool vmlinux_symbol(const struct vmlinux *vmlinux, const char *name, u64 *link_address)
{
	/* Globals are the smaller part and the likelier one. */
	return find_symbol_between(vmlinux, vmlinux->first_global, vmlinux->nr_symtab, name,
				   link_address) ||
	       find_symbol_between(vmlinux, 0, vmlinux->first_global, name, link_address);
}

/* True when NOTES held a build-id. Note: name size, description size, type, name, description. */
static bool take_build_id(struct vmlinux *vmlinux, const u8 *notes, u64 size)
{
	u64 at = 0;

	while (range_fits(at, 12, size)) {
		u64 name_bytes = load_u32(notes + at), desc_bytes = load_u32(notes + at + 4);
		u32 type = load_u32(notes + at + 8);
		u64 name = at + 12, desc = name + align_up(name_bytes, 4);

		if (!range_fits(name, name_bytes, size) || !range_fits(desc, desc_bytes, size))
			return false;
		if (type == NT_GNU_BUILD_ID && name_bytes == 4 &&
		    memcmp(notes + name, "GNU", 4) == 0) {
			vmlinux->build_id_bytes = min_u64(desc_bytes, sizeof(vmlinux->build_id));
			memcpy(vmlinux->build_id, notes + desc, vmlinux->build_id_bytes);
			return true;
		}
		at = desc + align_up(desc_bytes, 4);
	}
	return false;
}

static void look_at_sections(struct vmlinux *vmlinux)
{
	u32 i;

	vmlinux->link_start = UINT64_MAX;
	for (i = 0; i < vmlinux->nr_sections; i++) {
		const Elf64_Shdr *section = (const Elf64_Shdr *)vmlinux->shdrs + i;
		const char *name = vmlinux_section_name(vmlinux, i);
		const u8 *notes;

		if (section->sh_type == SHT_NOTE && section->sh_size <= MOST_NOTE_BYTES &&
		    !vmlinux->build_id_bytes) {
			notes = file_map_at(&vmlinux->file, section->sh_offset, section->sh_size);
			if (notes)
				take_build_id(vmlinux, notes, section->sh_size);
		}
		if (streq(name, ".debug_info") || streq(name, ".zdebug_info"))
			vmlinux->has_dwarf = true;
		if ((section->sh_flags & SHF_ALLOC) && section->sh_addr >= KERNEL_MAP_START)
			vmlinux->link_start = min_u64(vmlinux->link_start, section->sh_addr);
	}
}

static const char banner_start[] = "Linux version ";

/* In a file without symbols: at the start of what is read-only, where the kernel keeps it. */
static const char *search_banner(const struct vmlinux *vmlinux)
{
	const u8 *data, *found, *end;
	u64 size;

	if (!vmlinux_section(vmlinux, ".rodata", &data, &size, NULL))
		return NULL;
	end = data + size;
	for (; (found = memmem(data, end - data, banner_start, sizeof(banner_start) - 1));
	     data = found + 1) {
		/* What a digit follows is no format string. */
		if (end - found > 64 && found[sizeof(banner_start) - 1] >= '0' &&
		    found[sizeof(banner_start) - 1] <= '9' && memchr(found, '\0', end - found))
			return (const char *)found;
	}
	return NULL;
}

/* The text of linux_banner: a debug-only file has the symbol but not the bytes. */
static const char *find_banner(const struct vmlinux *vmlinux, u64 address)
{
	const u32 longest = 512;
	const char *text;
	u32 length;

	for (length = longest; length >= sizeof(banner_start); length /= 2) {
		text = vmlinux_at(vmlinux, address, length);
		if (text)
			return memcmp(text, banner_start, sizeof(banner_start) - 1) == 0 &&
					       memchr(text, '\0', length)
				       ? text
				       : NULL;
	}
	return NULL;
}

static bool open_checked(struct vmlinux *vmlinux, struct strbuf *why)
{
	const Elf64_Ehdr *header = check_header(vmlinux, why);
	u64 banner_address = 0;

	if (!header || !find_sections(vmlinux, header, why) || !find_symtab(vmlinux, why))
		return false;
	look_at_sections(vmlinux);
	if (vmlinux->stripped)
		vmlinux->banner = search_banner(vmlinux);
	if (vmlinux->link_start == UINT64_MAX ||
	    (vmlinux->stripped ? !vmlinux->banner
			       : !vmlinux_symbol(vmlinux, "linux_banner", &banner_address))) {
		strbuf_puts(
			why,
			"an ELF program or library, not a Linux kernel (it has no linux_banner)");
		return false;
	}
	if (!vmlinux->stripped)
		vmlinux->banner = find_banner(vmlinux, banner_address);
	return true;
}

bool vmlinux_open_stripped(struct vmlinux *vmlinux, const char *path, struct strbuf *why)
{
	memset(vmlinux, 0, sizeof(*vmlinux));
	if (!file_map_open(&vmlinux->file, path, why))
		return false;
	if (unpack_file(&vmlinux->file, UNPACK_MOST_BYTES, why) && open_checked(vmlinux, why))
		return true;
	vmlinux_close(vmlinux);
	return false;
}

bool vmlinux_open(struct vmlinux *vmlinux, const char *path, struct strbuf *why)
{
	if (!vmlinux_open_stripped(vmlinux, path, why))
		return false;
	if (!vmlinux->stripped)
		return true;
	strbuf_puts(why, "without a symbol table (stripped): use the vmlinux of the kernel's debug "
			 "package or of its build directory");
	vmlinux_close(vmlinux);
	return false;
}

void vmlinux_close(struct vmlinux *vmlinux)
{
	file_map_close(&vmlinux->file);
	memset(vmlinux, 0, sizeof(*vmlinux));
}

bool vmlinux_section(const struct vmlinux *vmlinux, const char *name, const u8 **data, u64 *size,
		     u64 *address)
{
	u32 i;

	for (i = 0; i < vmlinux->nr_sections; i++) {
		const Elf64_Shdr *section = (const Elf64_Shdr *)vmlinux->shdrs + i;

		if (section->sh_type == SHT_NOBITS ||
		    !streq(vmlinux_section_name(vmlinux, i), name))
			continue;
		*data = file_map_at(&vmlinux->file, section->sh_offset, section->sh_size);
		*size = section->sh_size;
		if (address)
			*address = section->sh_addr;
		return *data != NULL;
	}
	return false;
}

const void *vmlinux_at(const struct vmlinux *vmlinux, u64 address, u64 length)
{
	const u8 *bytes;
	u32 i;

	for (i = 0; i < vmlinux->nr_sections; i++) {
		const Elf64_Shdr *section = (const Elf64_Shdr *)vmlinux->shdrs + i;

		if (!(section->sh_flags & SHF_ALLOC) || section->sh_type == SHT_NOBITS ||
		    address < section->sh_addr ||
		    !range_fits(address - section->sh_addr, length, section->sh_size))
			continue;
		bytes = file_map_at(&vmlinux->file, section->sh_offset, section->sh_size);
		if (bytes)
			return bytes + (address - section->sh_addr);
	}
	return NULL;
}
