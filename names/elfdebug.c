/* names/elfdebug.c - an ELF file's debug information: in itself, by .gnu_debuglink, by build-id. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "names/elfdebug.h"

#include "dump/unpack.h"

#include <elf.h>
#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

/* A section of notes has some hundred bytes; damaged headers may all claim the whole file. */
#define MOST_NOTE_BYTES 65536

void elf_debug_add_build_id(struct strbuf *text, const u8 *build_id, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		strbuf_printf(text, "%02x", build_id[i]);
}

/* Note: size of its name, of its value, type, name, value. */
static void read_notes(const u8 *notes, u64 bytes, struct elf_debug *debug)
{
	u64 at = 0;

	while (range_fits(at, sizeof(Elf64_Nhdr), bytes)) {
		u64 name_bytes = align_up(load_u32(notes + at), 4);
		u64 value_bytes = load_u32(notes + at + 4);
		u32 type = load_u32(notes + at + 8);
		u64 value = at + sizeof(Elf64_Nhdr) + name_bytes;

		if (!range_fits(value, value_bytes, bytes))
			return;
		if (type == NT_GNU_BUILD_ID && name_bytes == 4 &&
		    value_bytes <= sizeof(debug->build_id) &&
		    memcmp(notes + at + sizeof(Elf64_Nhdr), "GNU", 4) == 0) {
			memcpy(debug->build_id, notes + value, value_bytes);
			debug->build_id_bytes = value_bytes;
			return;
		}
		at = value + align_up(value_bytes, 4);
	}
}

/* A file name, zeroes up to a multiple of four, the sum. */
static void read_link(const u8 *data, u64 bytes, struct elf_debug *debug)
{
	const u8 *end = memchr(data, '\0', bytes);
	u64 sum_at;

	if (!end || (u64)(end - data) >= sizeof(debug->link) || memchr(data, '/', end - data))
		return;
	sum_at = align_up(end - data + 1, 4);
	if (!range_fits(sum_at, 4, bytes))
		return;
	memcpy(debug->link, data, end - data + 1);
	debug->link_sum = load_u32(data + sum_at);
}

static void read_section(const struct file_map *file, const Elf64_Shdr *section, const char *name,
			 struct elf_debug *debug)
{
	const u8 *data;

	if (streq(name, ".debug_info") || streq(name, ".zdebug_info"))
		debug->has_dwarf = section->sh_type != SHT_NOBITS;
	if (streq(name, ".gnu.linkonce.this_module"))
		debug->is_module = true;
	if (section->sh_type == SHT_NOBITS || section->sh_size > MOST_NOTE_BYTES)
		return;
	data = file_map_at(file, section->sh_offset, section->sh_size);
	if (!data)
		return;
	if (section->sh_type == SHT_NOTE && !debug->build_id_bytes)
		read_notes(data, section->sh_size, debug);
	if (streq(name, ".gnu_debuglink") && section->sh_size)
		read_link(data, section->sh_size, debug);
}

/* The section headers, when all of them and their names are in the file. */
static const Elf64_Shdr *section_headers(const struct file_map *file, u64 *count,
					 const char **names, u64 *names_bytes)
{
	const Elf64_Ehdr *header = file_map_at(file, 0, sizeof(*header));
	const Elf64_Shdr *sections;
	u64 named;

	if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
	    header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64 ||
	    header->e_shentsize != sizeof(*sections) || header->e_shoff % 8 != 0 ||
	    !file_map_at(file, header->e_shoff, sizeof(*sections)))
		return NULL;
	/* More than 65,279 sections: the count and the index of names are in section 0. */
	sections = file_map_at(file, header->e_shoff, sizeof(*sections));
	*count = header->e_shnum ? header->e_shnum : sections->sh_size;
	named = header->e_shstrndx == SHN_XINDEX ? sections->sh_link : header->e_shstrndx;
	if (named >= *count || *count > file->size / sizeof(*sections) ||
	    !file_map_at(file, header->e_shoff, *count * sizeof(*sections)))
		return NULL;
	*names_bytes = sections[named].sh_size;
	*names = file_map_at(file, sections[named].sh_offset, *names_bytes);
	if (!*names || !*names_bytes || (*names)[*names_bytes - 1])
		return NULL;
	return sections;
}

bool elf_debug_read(const struct file_map *file, struct elf_debug *debug)
{
	const Elf64_Shdr *sections;
	const char *names;
	u64 count, names_bytes;
	bool is_object;

	*debug = (struct elf_debug){ 0 };
	sections = section_headers(file, &count, &names, &names_bytes);
	if (!sections)
		return false;
	for (u64 i = 0; i < count; i++) {
		if (sections[i].sh_name < names_bytes)
			read_section(file, &sections[i], names + sections[i].sh_name, debug);
	}
	is_object = ((const Elf64_Ehdr *)file->data)->e_type == ET_REL;
	debug->is_module = debug->is_module && is_object;
	return true;
}

bool elf_debug_same_build(const struct elf_debug *debug, const u8 *build_id, u32 bytes)
{
	return debug->build_id_bytes == bytes && memcmp(debug->build_id, build_id, bytes) == 0;
}

char *elf_debug_build_id_path(const char *root, const u8 *build_id, u32 bytes)
{
	struct strbuf text = { 0 };
	char *path;

	elf_debug_add_build_id(&text, build_id, bytes);
	path = xasprintf("%s/usr/lib/debug/.build-id/%.2s/%s.debug", root, strbuf_text(&text),
			 bytes ? strbuf_text(&text) + 2 : "");
	strbuf_free(&text);
	return path;
}

static u32 sum_of(const struct file_map *file)
{
	uLong sum = crc32(0, NULL, 0);

	for (u64 at = 0; at < file->size; at += 1 << 20) {
		u64 bytes = min_u64(file->size - at, 1 << 20);

		sum = crc32(sum, file_map_at(file, at, bytes), bytes);
	}
	return (u32)sum;
}

/* NULL: it is the one. */
static const char *why_not(const struct file_map *file, const struct elf_debug *debug,
			   struct strbuf *text)
{
	struct elf_debug found;

	if (!elf_debug_read(file, &found))
		return "no ELF file, or a damaged one";
	if (!found.has_dwarf)
		return "has no debug information";
	if (!debug->build_id_bytes || !found.build_id_bytes)
		return sum_of(file) == debug->link_sum ? NULL
						       : "not the file of .gnu_debuglink's sum";
	if (elf_debug_same_build(&found, debug->build_id, debug->build_id_bytes))
		return NULL;
	strbuf_puts(text, "of another build, ");
	elf_debug_add_build_id(text, found.build_id, found.build_id_bytes);
	return strbuf_text(text);
}

/* PATH when it is the one, else NULL; either way it is taken over. */
static char *keep_if_it_is(char *path, const struct elf_debug *debug, struct strbuf *report)
{
	struct strbuf text = { 0 };
	struct file_map file;
	const char *problem;

	if (access(path, F_OK) != 0) {
		problem = "not there";
	} else if (!file_map_open(&file, path, &text)) {
		problem = strbuf_text(&text);
	} else {
		problem = unpack_file(&file, UNPACK_MOST_BYTES, &text)
				  ? why_not(&file, debug, &text)
				  : strbuf_text(&text);
		file_map_close(&file);
	}
	if (report)
		strbuf_printf(report, "  %s: %s\n", path, problem ? problem : "taken");
	strbuf_free(&text);
	if (!problem)
		return path;
	free(path);
	return NULL;
}

char *elf_debug_find(const char *path, const struct elf_debug *debug, const char *root,
		     struct strbuf *report)
{
	char *copy = xstrdup(path), *real = NULL, *folder, *found = NULL;

	if (debug->build_id_bytes)
		found = keep_if_it_is(
			elf_debug_build_id_path(root, debug->build_id, debug->build_id_bytes),
			debug, report);
	if (!found && debug->link[0]) {
		folder = dirname(copy);
		real = realpath(folder, NULL);
		found = keep_if_it_is(xasprintf("%s/%s", folder, debug->link), debug, report);
		if (!found)
			found = keep_if_it_is(xasprintf("%s/.debug/%s", folder, debug->link), debug,
					      report);
		if (!found && real)
			found = keep_if_it_is(
				xasprintf("%s/usr/lib/debug%s/%s", root, real, debug->link), debug,
				report);
	}
	free(real);
	free(copy);
	return found;
}
