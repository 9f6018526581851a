/* modfile.c - L6: finding a module's object file, and telling whether it is the one that was loaded. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modfile.h"

#include "dumpfile.h"
#include "fail.h"
#include "kernel.h"
#include "memory.h"
#include "session.h"

#include <elf.h>
#include <fts.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_DEPTH 12
#define MAX_FILES 200000
#define BUILD_ID_MAX 64
#define NOTE_BYTES 1024 /* read from memory, where their size is not known */
#define MOST_NOTE_BYTES 65536 /* of a section: damaged headers may all claim the whole file */

/* Every file below the directories searched that could be a module's. */
struct object_file {
	char *path;
	size_t name_at; /* where the file's own name starts in path */
};

static VECTOR(struct object_file) files;
static char *indexed_directory; /* what FILES was made from; "" for the default ones */

struct object_facts {
	bool is_module;
	bool has_dwarf;
	u8 build_id[BUILD_ID_MAX];
	size_t build_id_bytes;
};

void modfile_forget(void)
{
	for (size_t i = 0; i < files.count; i++)
		free(files.items[i].path);
	vector_free(&files);
	free(indexed_directory);
	indexed_directory = NULL;
}

static void close_fts(void *fts)
{
	fts_close(fts);
}

/* Links are followed: distributions and labs link module trees together; fts notices cycles. */
static void index_directory(const char *directory, short depth)
{
	char *roots[] = { scope_strdup(directory), NULL };
	FTS *fts = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	if (fts == NULL)
		return;
	scope_cleanup(close_fts, fts);
	while (files.count < MAX_FILES && (entry = fts_read(fts)) != NULL) {
		interrupt_check();
		if (entry->fts_info == FTS_D && entry->fts_level > depth)
			fts_set(fts, entry, FTS_SKIP);
		if (entry->fts_info != FTS_F || strstr(entry->fts_name, ".ko") == NULL)
			continue;
		*vector_add(&files) = (struct object_file){
			xstrdup(entry->fts_path), (size_t)(entry->fts_pathlen - entry->fts_namelen)
		};
	}
}

static void index_default_directories(void)
{
	const char *release = kernel_identity()->release;
	const char *environment = getenv("CRASH_MODULE_PATH");
	const char *beside = session.vmlinux_path ? session.vmlinux_path : session.dump_path;
	char real[PATH_MAX];

	if (environment != NULL)
		index_directory(environment, MAX_DEPTH);
	index_directory(scope_printf("/usr/lib/debug/lib/modules/%s", release), MAX_DEPTH);
	index_directory(scope_printf("/usr/lib/debug/usr/lib/modules/%s", release), MAX_DEPTH);
	index_directory(scope_printf("/lib/modules/%s", release), MAX_DEPTH);
	/* Beside the vmlinux: not deep, that directory may be anybody's home. */
	index_directory(dirname(scope_strdup(beside)), 3);
	if (realpath(beside, real) != NULL && !streq(real, beside))
		index_directory(dirname(real), 3);
}

static void need_index(const char *directory)
{
	const char *wanted = directory != NULL ? directory : "";

	if (indexed_directory != NULL && streq(indexed_directory, wanted))
		return;
	modfile_forget();
	if (directory != NULL)
		index_directory(directory, MAX_DEPTH);
	else
		index_default_directories();
	indexed_directory = xstrdup(wanted);
}

/* What follows the module's name in a file's name: ".ko", ".ko.debug", ".ko.xz"; NULL: another module. */
static const char *suffix_after(const char *file, const char *module)
{
	for (; *module != '\0'; module++, file++) {
		if (*file != *module &&
		    !((*file == '-' || *file == '_') && (*module == '-' || *module == '_')))
			return NULL;
	}
	return starts_with(file, ".ko") ? file : NULL;
}

/* The build-id in an area of ELF notes. */
static size_t build_id_in_notes(const u8 *notes, size_t bytes, u8 *build_id)
{
	size_t at = 0;

	while (range_fits(at, sizeof(Elf64_Nhdr), bytes)) {
		u64 name_bytes = align_up(load_u32(notes + at), 4);
		u64 value_bytes = load_u32(notes + at + 4);
		u32 type = load_u32(notes + at + 8);
		u64 value = at + sizeof(Elf64_Nhdr) + name_bytes;

		if (!range_fits(value, value_bytes, bytes))
			return 0;
		if (type == NT_GNU_BUILD_ID && name_bytes == 4 && value_bytes <= BUILD_ID_MAX &&
		    memcmp(notes + at + sizeof(Elf64_Nhdr), "GNU", 4) == 0) {
			memcpy(build_id, notes + value, value_bytes);
			return value_bytes;
		}
		at = value + align_up(value_bytes, 4);
	}
	return 0;
}

static void note_section(const struct file_map *map, const Elf64_Shdr *section, const char *name,
			 struct object_facts *facts)
{
	const u8 *data;

	if (starts_with(name, ".debug_info") || starts_with(name, ".zdebug_info"))
		facts->has_dwarf = true;
	if (streq(name, ".gnu.linkonce.this_module"))
		facts->is_module = true;
	if (section->sh_type != SHT_NOTE || section->sh_size > MOST_NOTE_BYTES ||
	    facts->build_id_bytes != 0)
		return;
	data = file_map_at(map, section->sh_offset, section->sh_size);
	if (data != NULL)
		facts->build_id_bytes = build_id_in_notes(data, section->sh_size, facts->build_id);
}

static bool examine_elf(const struct file_map *map, struct object_facts *facts)
{
	const Elf64_Ehdr *header = file_map_at(map, 0, sizeof(*header));
	const Elf64_Shdr *sections;
	const char *names;

	if (header == NULL || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
	    header->e_type != ET_REL || header->e_machine != EM_X86_64 ||
	    header->e_shentsize != sizeof(*sections) || header->e_shoff % 8 != 0 ||
	    header->e_shstrndx >= header->e_shnum)
		return false;
	sections = file_map_at(map, header->e_shoff, (u64)header->e_shnum * sizeof(*sections));
	if (sections == NULL)
		return false;
	names = file_map_at(map, sections[header->e_shstrndx].sh_offset,
			    sections[header->e_shstrndx].sh_size);
	if (names == NULL || sections[header->e_shstrndx].sh_size == 0 ||
	    names[sections[header->e_shstrndx].sh_size - 1] != '\0')
		return false;
	for (size_t i = 0; i < header->e_shnum; i++) {
		if (sections[i].sh_name < sections[header->e_shstrndx].sh_size)
			note_section(map, &sections[i], names + sections[i].sh_name, facts);
	}
	return true;
}

static bool examine(const char *path, struct object_facts *facts, struct strbuf *why)
{
	struct file_map map;
	bool is_object;

	memset(facts, 0, sizeof(*facts));
	if (!file_map_open(&map, path, why))
		return false;
	is_object = examine_elf(&map, facts) && facts->is_module;
	if (!is_object) {
		strbuf_puts(why, "not a kernel module but ");
		file_describe(&map, why);
	}
	file_map_close(&map);
	return is_object;
}

/* The build-id that was loaded into the kernel with the module; 0 bytes when it is not to be had. */
static size_t build_id_in_memory(const struct module *module, u8 *build_id)
{
	struct module_section *sections = NULL;
	size_t count = module_sections(module, &sections);
	u8 notes[NOTE_BYTES];

	for (size_t i = 0; i < count; i++) {
		if (!streq(sections[i].name, ".note.gnu.build-id"))
			continue;
		/* The section's size is not kept; what follows it does no harm, being read as a note or not. */
		for (size_t bytes = NOTE_BYTES; bytes >= 32; bytes /= 2) {
			if (mem_try_read(sections[i].address, notes, bytes, NULL))
				return build_id_in_notes(notes, bytes, build_id);
		}
	}
	return 0;
}

static bool same_build(const struct module *module, const struct object_facts *facts)
{
	u8 build_id[BUILD_ID_MAX];
	size_t bytes = build_id_in_memory(module, build_id);

	if (bytes == 0 || facts->build_id_bytes == 0)
		return true;
	return bytes == facts->build_id_bytes && memcmp(build_id, facts->build_id, bytes) == 0;
}

bool modfile_check(const struct module *module, const char *path, struct strbuf *why)
{
	struct object_facts facts;

	if (!examine(path, &facts, why))
		return false;
	if (same_build(module, &facts))
		return true;
	strbuf_printf(why, "another build of %s: its build-id is not that of the module in memory",
		      module->name);
	return false;
}

char *modfile_find(const struct module *module, const char *directory, struct strbuf *why)
{
	const char *best = NULL, *compressed = NULL, *other_build = NULL;

	need_index(directory);
	for (size_t i = 0; i < files.count; i++) {
		const char *path = files.items[i].path;
		const char *suffix = suffix_after(path + files.items[i].name_at, module->name);
		struct strbuf ignored = { 0 };
		struct object_facts facts;
		bool is_object;

		if (suffix == NULL)
			continue;
		if (!streq(suffix, ".ko") && !streq(suffix, ".ko.debug")) {
			compressed = path;
			continue;
		}
		is_object = examine(path, &facts, &ignored);
		strbuf_free(&ignored);
		if (!is_object)
			continue;
		if (!same_build(module, &facts)) {
			other_build = path;
			continue;
		}
		if (facts.has_dwarf)
			return xstrdup(path);
		if (best == NULL)
			best = path;
	}
	if (best != NULL)
		return xstrdup(best);
	if (other_build != NULL)
		strbuf_printf(why, "%s is of another build", other_build);
	else if (compressed != NULL)
		strbuf_printf(why, "%s is compressed: unpack it first", compressed);
	else
		strbuf_puts(why, "no such file");
	return NULL;
}
