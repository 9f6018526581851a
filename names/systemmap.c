/* names/systemmap.c - a System.map: a kernel's symbols, for a vmlinux that has none, or for none at all. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nm wrote the file at the end of the kernel's build, sorted by address: "ffffffff81000000 T
 * _text". It becomes an ELF symbol table in heap memory, with sections made up of the linker
 * script's own symbols, so that whatever reads a vmlinux for its symbols reads this.
 */
#include "names/systemmap.h"

#include "base/fail.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define ADDRESS_DIGITS 16
#define NAME_AT (ADDRESS_DIGITS + 3)
#define LONGEST_LINE 1024
#define NO_BYTES (1ULL << 62) /* an offset in no file */

enum { IN_NONE, IN_TEXT, IN_INIT_TEXT, IN_RODATA, IN_DATA, IN_BSS, IN_OTHER, NR_SECTIONS };

struct line {
	u64 address;
	char letter;
	const char *name;
	size_t name_bytes;
	size_t bytes; /* with its newline */
};

/* False: the next line is no symbol's. */
static bool read_line(const char *text, u64 left, struct line *line)
{
	const char *end = memchr(text, '\n', min_u64(left, LONGEST_LINE));
	char digits[ADDRESS_DIGITS + 1] = "";

	if (!end || end - text <= NAME_AT || text[ADDRESS_DIGITS] != ' ' ||
	    text[ADDRESS_DIGITS + 2] != ' ')
		return false;
	memcpy(digits, text, ADDRESS_DIGITS);
	line->letter = text[ADDRESS_DIGITS + 1];
	line->name = text + NAME_AT;
	line->name_bytes = end - line->name;
	line->bytes = end + 1 - text;
	return parse_u64(digits, 16, &line->address) && isxdigit((unsigned char)digits[0]) &&
	       (isalpha((unsigned char)line->letter) || line->letter == '?') &&
	       !memchr(line->name, '\0', line->name_bytes);
}

bool is_system_map(const char *path)
{
	struct strbuf ignored = { 0 };
	struct file_map file;
	struct line line;
	bool result;

	if (!file_map_open(&file, path, &ignored)) {
		strbuf_free(&ignored);
		return false;
	}
	result = file.size && read_line(file_map_at(&file, 0, file.size), file.size, &line);
	file_map_close(&file);
	return result;
}

static void set_section(Elf64_Sym *symbol, char letter)
{
	unsigned binding = isupper((unsigned char)letter) ? STB_GLOBAL : STB_LOCAL;
	unsigned type = STT_NOTYPE;

	switch (tolower((unsigned char)letter)) {
	case 't':
		symbol->st_shndx = IN_TEXT;
		break;
	case 'r':
		symbol->st_shndx = IN_RODATA;
		break;
	case 'd':
	case 'g':
		symbol->st_shndx = IN_DATA;
		break;
	case 'b':
	case 's':
		symbol->st_shndx = IN_BSS;
		break;
	case 'a':
		symbol->st_shndx = SHN_ABS;
		break;
	case 'v':
		type = STT_OBJECT;
		/* fall through */
	case 'w':
		binding = STB_WEAK;
		symbol->st_shndx = IN_OTHER;
		break;
	case 'i':
		type = STT_GNU_IFUNC;
		symbol->st_shndx = IN_TEXT;
		break;
	default:
		symbol->st_shndx = IN_OTHER;
	}
	symbol->st_info = ELF64_ST_INFO(binding, type);
}

/* All lines; the names go to STRINGS, which starts with the empty name. */
static bool read_symbols(struct vmlinux *map, struct strbuf *strings, struct strbuf *why)
{
	const char *text = file_map_at(&map->file, 0, map->file.size);
	VECTOR(Elf64_Sym) symbols = { 0 };
	struct line line;
	u64 at = 0;

	strbuf_putc(strings, '\0');
	for (; at < map->file.size; at += line.bytes) {
		Elf64_Sym symbol = { .st_name = strings->length };

		if (!read_line(text + at, map->file.size - at, &line) ||
		    strings->length > UINT32_MAX - LONGEST_LINE) {
			strbuf_printf(why, "line %zu is no symbol of a System.map",
				      symbols.count + 1);
			vector_free(&symbols);
			return false;
		}
		symbol.st_value = line.address;
		set_section(&symbol, line.letter);
		strbuf_add(strings, line.name, line.name_bytes);
		strbuf_putc(strings, '\0');
		*vector_add(&symbols) = symbol;
	}
	map->symtab = symbols.items;
	map->nr_symtab = symbols.count;
	return true;
}

static void make_section(const struct vmlinux *map, Elf64_Shdr *section, const char *start,
			 const char *end)
{
	u64 first, last;

	section->sh_flags |= SHF_ALLOC;
	section->sh_type = SHT_PROGBITS;
	section->sh_offset = NO_BYTES;
	if (!vmlinux_symbol(map, start, &first) || !vmlinux_symbol(map, end, &last) || last < first)
		return;
	section->sh_addr = first;
	section->sh_size = last - first;
}

static void make_sections(struct vmlinux *map)
{
	Elf64_Shdr *sections = xcalloc(NR_SECTIONS, sizeof(*sections));

	sections[IN_TEXT].sh_flags = sections[IN_INIT_TEXT].sh_flags = SHF_EXECINSTR;
	sections[IN_DATA].sh_flags = sections[IN_BSS].sh_flags = SHF_WRITE;
	make_section(map, &sections[IN_TEXT], "_text", "_etext");
	make_section(map, &sections[IN_INIT_TEXT], "_sinittext", "_einittext");
	make_section(map, &sections[IN_RODATA], "__start_rodata", "__end_rodata");
	make_section(map, &sections[IN_DATA], "_sdata", "_edata");
	make_section(map, &sections[IN_BSS], "__bss_start", "__bss_stop");
	sections[IN_BSS].sh_type = SHT_NOBITS;
	map->shdrs = sections;
	map->nr_sections = NR_SECTIONS;
}

bool system_map_open(struct vmlinux *map, const char *path, struct strbuf *why)
{
	struct strbuf strings = { 0 };
	u64 banner;

	memset(map, 0, sizeof(*map));
	if (!file_map_open(&map->file, path, why))
		return false;
	if (!read_symbols(map, &strings, why)) {
		strbuf_free(&strings);
		file_map_close(&map->file);
		return false;
	}
	map->strtab = strings.text;
	map->strtab_bytes = strings.length;
	map->shstrtab = "";
	map->shstrtab_bytes = 1;
	if (vmlinux_symbol(map, "_text", &map->link_start) && map->link_start >= KERNEL_MAP_START &&
	    vmlinux_symbol(map, "linux_banner", &banner)) {
		make_sections(map);
		return true;
	}
	strbuf_puts(why, "it has no symbols of a kernel's image (_text, linux_banner)");
	system_map_close(map);
	return false;
}

void system_map_close(struct vmlinux *map)
{
	free((void *)map->symtab);
	free((void *)map->strtab);
	free((void *)map->shdrs);
	vmlinux_close(map);
}

/* The name in "SYMBOL(name)=value"; false: another line. */
static bool symbol_line(const char *line, char *name, size_t space, u64 *value)
{
	static const char start[] = "SYMBOL(";
	const char *end = strchr(line, ')');
	char digits[32];
	size_t length;

	if (!starts_with(line, start) || !end || end[1] != '=')
		return false;
	length = end - (line + strlen(start));
	if (length >= space)
		return false;
	memcpy(name, line + strlen(start), length);
	name[length] = '\0';
	snprintf(digits, sizeof(digits), "%.*s", (int)strcspn(end + 2, "\n"), end + 2);
	return parse_u64(digits, 16, value);
}

bool system_map_fits(const struct vmlinux *map, const struct vmcoreinfo *info, struct strbuf *why)
{
	u64 offset = 0, value, link;
	bool known = vmcoreinfo_hex(info, "KERNELOFFSET", &offset);
	const char *line = info->text;
	char name[128];

	for (; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
		if (!symbol_line(line, name, sizeof(name), &value) || value < KERNEL_MAP_START ||
		    !vmlinux_symbol(map, name, &link))
			continue;
		if (!known)
			offset = value - link;
		known = true;
		if (value - link == offset)
			continue;
		strbuf_printf(
			why,
			"it has %s at %llx; moved by %llx that is not where the dump's kernel "
			"has it, %llx",
			name, link, offset, value);
		return false;
	}
	return true;
}
