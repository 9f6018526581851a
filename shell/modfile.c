/* shell/modfile.c - finding a module's object file, and telling whether it is the one that was loaded. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/modfile.h"

#include "base/fail.h"
#include "dump/filekind.h"
#include "dump/unpack.h"
#include "kernel.h"
#include "memory.h"
#include "names/debuginfod.h"
#include "names/elfdebug.h"
#include "names/runningkernel.h"
#include "shell/session.h"

#include <fts.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MAX_DEPTH 12
#define MAX_FILES 200000
#define MAX_ENTRIES 1000000 /* looked at: a kernel's module tree has some 10,000 */
#define BUILD_ID_MAX 64
#define NOTE_BYTES 1024 /* read from memory, where their size is not known */
#define MOST_MODULE_BYTES (512ULL << 20)

/* Every file below the directories searched that could be a module's. */
struct object_file {
	char *path;
	size_t name_at; /* where the file's own name starts in path */
};

static VECTOR(struct object_file) files;
static const char *only_directory; /* --mod's, or NULL */
static char *indexed_directory; /* what FILES was made from; "" for the default ones */

void modfile_forget(void)
{
	for (size_t i = 0; i < files.count; i++)
		free(files.items[i].path);
	vector_free(&files);
	free(indexed_directory);
	indexed_directory = NULL;
}

void modfile_set_directory(const char *directory)
{
	only_directory = directory;
}

static void close_fts(void *fts)
{
	fts_close(fts);
}

/* Was the directory there before, by another name? */
static bool seen_before(struct u64map *seen, const FTSENT *entry)
{
	enum { INODE_BITS = 48 };
	u64 key = (u64)entry->fts_statp->st_dev << INODE_BITS ^ entry->fts_statp->st_ino;

	if (u64map_get(seen, key, NULL))
		return true;
	u64map_put(seen, key, 1);
	return false;
}

/*
 * Links are followed, because distributions and labs link module trees together; one to / must not
 * lead to the whole machine again and again.
 */
static void index_directory(const char *directory, short depth)
{
	struct u64map *seen = scope_u64map();
	size_t nr_entries = 0;
	char *roots[] = { scope_strdup(directory), NULL };
	FTS *fts = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	if (fts == NULL)
		return;
	scope_cleanup(close_fts, fts);
	while (files.count < MAX_FILES && (entry = fts_read(fts)) != NULL) {
		interrupt_check();
		if (++nr_entries > MAX_ENTRIES) {
			warn("%s: more than %d files and directories below it: "
			     "the rest was not looked at",
			     directory, MAX_ENTRIES);
			return;
		}
		if (entry->fts_info == FTS_D &&
		    (entry->fts_level > depth || seen_before(seen, entry)))
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

	if (only_directory != NULL) {
		index_directory(only_directory, MAX_DEPTH);
		return;
	}
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

/* Whatever follows ".ko" in the name: ".debug", ".xz"; what the file is, its content says. */
static bool is_of_module(const char *file, const char *module)
{
	for (; *module != '\0'; module++, file++) {
		if (*file != *module &&
		    !((*file == '-' || *file == '_') && (*module == '-' || *module == '_')))
			return false;
	}
	return starts_with(file, ".ko");
}

/* Of a packed file, what it has inside. */
static bool examine(const char *path, struct elf_debug *facts, struct strbuf *why)
{
	struct file_map map;
	bool is_module = false;

	*facts = (struct elf_debug){ 0 };
	if (!file_map_open(&map, path, why))
		return false;
	if (unpack_file(&map, MOST_MODULE_BYTES, why)) {
		is_module = elf_debug_read(&map, facts) && facts->is_module;
		if (!is_module) {
			strbuf_puts(why, "not a kernel module but ");
			file_describe(&map, why);
		}
	}
	file_map_close(&map);
	return is_module;
}

/* The build-id that was loaded into the kernel with the module; 0 bytes when there is none. */
static size_t build_id_in_memory(const struct module *module, u8 *build_id)
{
	struct module_section *sections = NULL;
	size_t count = module_sections(module, &sections);
	u8 notes[NOTE_BYTES];

	for (size_t i = 0; i < count; i++) {
		if (!streq(sections[i].name, ".note.gnu.build-id"))
			continue;
		/*
		 * The section's size is not kept; what follows it does no harm, being read as a
		 * note or not.
		 */
		for (size_t bytes = NOTE_BYTES; bytes >= 32; bytes /= 2) {
			if (mem_try_read(sections[i].address, notes, bytes, NULL))
				return build_id_in_notes(notes, bytes, build_id, BUILD_ID_MAX);
		}
	}
	return 0;
}

static bool same_build(const struct module *module, const struct elf_debug *facts)
{
	u8 build_id[BUILD_ID_MAX];
	size_t bytes = build_id_in_memory(module, build_id);

	if (bytes == 0 || facts->build_id_bytes == 0)
		return true;
	return elf_debug_same_build(facts, build_id, bytes);
}

/* A line of what `mod` tells when it finds nothing, and `--debuginfo` in any case. */
static void tell(struct strbuf *report, const char *path, const char *what)
{
	if (report)
		strbuf_printf(report, "  %s: %s\n", path, what);
}

static const char *other_build(const struct module *module, const struct elf_debug *facts)
{
	struct strbuf *text = scope_strbuf();
	u8 build_id[BUILD_ID_MAX];
	size_t bytes = build_id_in_memory(module, build_id);

	strbuf_printf(text, "another build of %s: build-id ", module->name);
	elf_debug_add_build_id(text, facts->build_id, facts->build_id_bytes);
	strbuf_puts(text, ", the one in memory has ");
	elf_debug_add_build_id(text, build_id, bytes);
	return strbuf_text(text);
}

/* PATH, or the file that has its debug information; heap memory. PATH is taken over. */
static char *with_debug_information(char *path, const struct elf_debug *facts,
				    struct strbuf *report)
{
	char *found = facts->has_dwarf ? NULL : elf_debug_find(path, facts, "", report);

	if (found == NULL)
		return path;
	free(path);
	return found;
}

char *modfile_named(const struct module *module, const char *path, struct strbuf *why)
{
	struct elf_debug facts;

	if (!examine(path, &facts, why))
		return NULL;
	if (same_build(module, &facts))
		return with_debug_information(xstrdup(path), &facts, NULL);
	strbuf_puts(why, other_build(module, &facts));
	return NULL;
}

/* In the directory of build-ids, when the module's files are in no other. */
static char *find_by_build_id(const struct module *module, struct strbuf *report)
{
	struct elf_debug facts = { 0 };
	struct strbuf *why = scope_strbuf();
	char *path;

	facts.build_id_bytes = (u32)build_id_in_memory(module, facts.build_id);
	path = facts.build_id_bytes != 0 ? elf_debug_find("", &facts, "", report) : NULL;
	if (path == NULL && debuginfod_allowed()) {
		path = debuginfod_get(facts.build_id, facts.build_id_bytes, why);
		if (path == NULL)
			tell(report, "debuginfod", strbuf_text(why));
	}
	return path;
}

/* The best of the files of the index that are this module's; its facts in *BEST_FACTS. */
static char *find_in_index(const struct module *module, struct elf_debug *best_facts,
			   struct strbuf *report)
{
	const char *best = NULL;

	for (size_t i = 0; i < files.count; i++) {
		const char *path = files.items[i].path;
		struct strbuf *why = scope_strbuf();
		struct elf_debug facts;

		if (!is_of_module(path + files.items[i].name_at, module->name))
			continue;
		interrupt_check();
		if (!examine(path, &facts, why)) {
			tell(report, path, strbuf_text(why));
		} else if (!same_build(module, &facts)) {
			tell(report, path, other_build(module, &facts));
		} else if (best == NULL || (facts.has_dwarf && !best_facts->has_dwarf)) {
			best = path;
			*best_facts = facts;
		}
	}
	return best ? xstrdup(best) : NULL;
}

char *modfile_find(const struct module *module, const char *directory, struct strbuf *report)
{
	struct elf_debug facts;
	char *path;

	need_index(directory);
	path = find_in_index(module, &facts, report);
	if (path == NULL)
		path = find_by_build_id(module, report);
	else
		path = with_debug_information(path, &facts, report);
	if (path != NULL)
		tell(report, path, "taken");
	else if (report && !report->length)
		strbuf_puts(report, "  no file of its name is in the places of modules\n");
	return path;
}
