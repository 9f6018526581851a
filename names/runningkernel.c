/* names/runningkernel.c - who the running kernel is, and where its vmlinux may lie. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * /sys/kernel/notes has the kernel's own ELF notes; the one of "GNU", type 3, is the build-id, by
 * which a vmlinux of just this build is told from one of the same release. Only a file with that
 * build-id is taken; a kernel without one is known by its release alone.
 */
#include "names/runningkernel.h"

#include "names/elfdebug.h"
#include "names/vmlinux.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Where distributions and builders put it: before and after the release. */
static const struct {
	const char *before, *after;
} places[] = {
	{ "/usr/lib/debug/boot/vmlinux-", "" }, /* Debian, Ubuntu */
	{ "/usr/lib/debug/lib/modules/", "/vmlinux" }, /* Fedora, RHEL */
	{ "/usr/lib/debug/usr/lib/modules/", "/vmlinux" },
	{ "/usr/lib/debug/boot/vmlinux-", ".debug" }, /* SUSE */
	{ "/usr/lib/debug/usr/lib/modules/", "/vmlinux.debug" },
	{ "/lib/modules/", "/build/vmlinux" }, /* built here */
	{ "/lib/modules/", "/vmlinux" },
	{ "/boot/vmlinux-", "" },
	{ "/usr/lib/modules/", "/vmlinux" },
	{ "/usr/lib/modules/", "/build/vmlinux" },
	{ "/usr/src/linux-", "/vmlinux" },
	{ "/boot/vmlinux-", ".gz" }, /* SUSE packs it */
	{ "/boot/vmlinux-", ".xz" },
	{ "/boot/vmlinux-", ".zst" },
	{ "/lib/modules/", "/vmlinux.gz" },
	{ "/lib/modules/", "/vmlinux.xz" },
	{ "/lib/modules/", "/vmlinux.zst" },
};

/* Beside a dump: VMLINUX alone and with the release behind it, each with these endings. */
static const char *const endings[] = { "", ".debug", ".gz", ".xz", ".zst", ".bz2", ".lz4" };

/* One search, and what it came upon. */
struct search {
	const struct running_kernel *kernel;
	const char *root;
	struct strbuf rejected; /* why files that are there were not taken */
	struct strbuf *report; /* a line a place; may be NULL */
};

/* By the words of ID and ID_LIKE in os-release: the package with the vmlinux. */
struct package {
	const char *word;
	const char *before, *after; /* the release */
};

static const struct package packages[] = {
	{ "ubuntu", "linux-image-", "-dbgsym (in the ddebs archive)" },
	{ "debian", "linux-image-", "-dbg" },
	{ "fedora", "kernel-debuginfo-", "" },
	{ "rhel", "kernel-debuginfo-", "" },
	{ "suse", "kernel-default-debuginfo of ", "" },
	{ "arch", "linux-debug of ", "" },
};

u32 build_id_in_notes(const u8 *notes, size_t size, u8 *build_id, u32 space)
{
	u64 at = 0;

	while (range_fits(at, sizeof(Elf64_Nhdr), size)) {
		u32 name_bytes = load_u32(notes + at), bytes = load_u32(notes + at + 4);
		u32 type = load_u32(notes + at + 8);
		u64 name = at + sizeof(Elf64_Nhdr), data = name + align_up(name_bytes, 4);

		if (!range_fits(name, align_up(name_bytes, 4), size) ||
		    !range_fits(data, bytes, size))
			return 0;
		if (type == NT_GNU_BUILD_ID && name_bytes == 4 && bytes <= space &&
		    memcmp(notes + name, "GNU", 4) == 0) {
			memcpy(build_id, notes + data, bytes);
			return bytes;
		}
		at = data + align_up(bytes, 4);
	}
	return 0;
}

void running_kernel_identity(struct running_kernel *kernel)
{
	struct utsname names;
	u8 notes[4096];
	FILE *file;
	size_t bytes;

	*kernel = (struct running_kernel){ .release = "" };
	if (uname(&names) == 0)
		snprintf(kernel->release, sizeof(kernel->release), "%s", names.release);
	file = fopen("/sys/kernel/notes", "re");
	if (!file)
		return;
	bytes = fread(notes, 1, sizeof(notes), file);
	fclose(file);
	kernel->build_id_bytes = build_id_in_notes(notes, bytes, kernel->build_id,
						   sizeof(kernel->build_id));
}

static void tell(struct search *search, const char *path, const char *what)
{
	if (search->report)
		strbuf_printf(search->report, "  %s: %s\n", path, what);
}

static bool reject(struct search *search, const char *path, struct strbuf *why)
{
	tell(search, path, strbuf_text(why));
	strbuf_printf(&search->rejected, "; %s: %s", path, strbuf_text(why));
	strbuf_free(why);
	return false;
}

/* Why the file at PATH is not the one is kept, unless there is no such file. */
static bool is_the_one(struct search *search, const char *path)
{
	const struct running_kernel *kernel = search->kernel;
	struct strbuf why = { 0 };
	struct vmlinux vmlinux;
	bool matches;

	if (access(path, F_OK) != 0) {
		tell(search, path, "not there");
		return false;
	}
	if (!vmlinux_open(&vmlinux, path, &why))
		return reject(search, path, &why);
	/* A kernel that tells none is taken by its place. */
	matches = !kernel->build_id_bytes ||
		  (vmlinux.build_id_bytes == kernel->build_id_bytes &&
		   memcmp(vmlinux.build_id, kernel->build_id, kernel->build_id_bytes) == 0);
	if (!matches) {
		strbuf_puts(&why, "of another build (");
		elf_debug_add_build_id(&why, vmlinux.build_id, vmlinux.build_id_bytes);
		strbuf_puts(&why, ")");
	}
	vmlinux_close(&vmlinux);
	if (!matches)
		return reject(search, path, &why);
	tell(search, path, "taken");
	strbuf_free(&why);
	return true;
}

/* Is WORD one of the blank-separated words after KEY= in the os-release file's LINE? */
static bool has_word(const char *line, const char *key, const char *word)
{
	size_t length = strlen(word);
	const char *found = line + strlen(key);

	if (!starts_with(line, key))
		return false;
	while ((found = strstr(found, word)) != NULL) {
		if (strchr("=\" ", found[-1]) && strchr("\" \n", found[length]))
			return true;
		found += length;
	}
	return false;
}

void kernel_debug_package(const char *release, char *name, size_t space)
{
	static const struct {
		const char *sign, *distribution;
	} forms[] = {
		{ "-amd64", "debian" }, { ".fc", "fedora" },	  { ".el", "rhel" },
		{ "-default", "suse" }, { "-generic", "ubuntu" },
	};

	name[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (!strstr(release, forms[i].sign))
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(packages); j++) {
			if (streq(packages[j].word, forms[i].distribution))
				snprintf(name, space, "%s%s%s", packages[j].before, release,
					 packages[j].after);
		}
		return;
	}
}

void kernel_package(const char *release, struct strbuf *text)
{
	char name[192];

	kernel_debug_package(release, name, sizeof(name));
	if (name[0])
		strbuf_printf(text, "package %s", name);
	else
		strbuf_puts(text, "the distribution's package of debug information, or the build "
				  "directory");
}

static const struct package *package_of(const char *root)
{
	char *path = xasprintf("%s/etc/os-release", root);
	size_t best = ARRAY_SIZE(packages);
	FILE *file = fopen(path, "re");
	char line[256];

	free(path);
	while (file && fgets(line, sizeof(line), file)) {
		for (size_t i = 0; i < best; i++) {
			if (has_word(line, "ID=", packages[i].word) ||
			    has_word(line, "ID_LIKE=", packages[i].word))
				best = i;
		}
	}
	if (file)
		fclose(file);
	return best < ARRAY_SIZE(packages) ? &packages[best] : NULL;
}

static void explain(const struct running_kernel *kernel, const char *root,
		    const struct strbuf *rejected, struct strbuf *why)
{
	const struct package *package = package_of(root);

	strbuf_printf(why, "the vmlinux of the running kernel %s", kernel->release);
	if (kernel->build_id_bytes) {
		strbuf_puts(why, ", build-id ");
		elf_debug_add_build_id(why, kernel->build_id, kernel->build_id_bytes);
		strbuf_puts(why, ",");
	}
	strbuf_puts(why,
		    " is in none of its usual places (/usr/lib/debug, /lib/modules/RELEASE/build, "
		    "/boot)");
	strbuf_puts(why, strbuf_text(rejected));
	strbuf_puts(why, "; ");
	if (package)
		strbuf_printf(why, "the package that has it: %s%s%s", package->before,
			      kernel->release, package->after);
	else
		strbuf_puts(why, "your distribution has it in a package of debug information");
	strbuf_puts(why, "; one that lies elsewhere is named as: crash VMLINUX");
}

/* PATH when it is the one, else NULL; either way it is taken over. */
static char *keep_if_it_is(struct search *search, char *path)
{
	if (is_the_one(search, path))
		return path;
	free(path);
	return NULL;
}

static char *in_usual_places(struct search *search)
{
	const struct running_kernel *kernel = search->kernel;
	char *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(places) && !found; i++)
		found = keep_if_it_is(search, xasprintf("%s%s%s%s", search->root, places[i].before,
							kernel->release, places[i].after));
	if (!found && kernel->build_id_bytes > 1)
		found = keep_if_it_is(search,
				      elf_debug_build_id_path(search->root, kernel->build_id,
							      kernel->build_id_bytes));
	return found;
}

char *running_kernel_vmlinux(const struct running_kernel *kernel, const char *root,
			     struct strbuf *why, struct strbuf *report)
{
	struct search search = { .kernel = kernel, .root = root, .report = report };
	char *found = in_usual_places(&search);

	if (!found)
		explain(kernel, root, &search.rejected, why);
	strbuf_free(&search.rejected);
	return found;
}

u32 build_id_from_text(const char *text, u8 *build_id, u32 space)
{
	u32 bytes = 0;
	unsigned value;

	while (isxdigit((unsigned char)text[0]) && isxdigit((unsigned char)text[1]) &&
	       bytes < space) {
		sscanf(text, "%2x", &value);
		build_id[bytes++] = (u8)value;
		text += 2;
	}
	return *text ? 0 : bytes;
}

char *dumped_kernel_vmlinux(const struct running_kernel *kernel, const char *dump_path,
			    const char *root, struct strbuf *report)
{
	struct search search = { .kernel = kernel, .root = root, .report = report };
	const char *slash = strrchr(dump_path, '/');
	int folder_bytes = slash ? (int)(slash + 1 - dump_path) : 0;
	char *found = NULL;

	/* Without one, any file of that name would do: too little to go by. */
	if (!kernel->build_id_bytes) {
		if (report)
			strbuf_puts(report,
				    "  the dump does not tell its kernel's build-id: no file "
				    "is looked for\n");
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(endings) && !found; i++) {
		found = keep_if_it_is(
			&search, xasprintf("%.*svmlinux%s", folder_bytes, dump_path, endings[i]));
		if (!found)
			found = keep_if_it_is(&search,
					      xasprintf("%.*svmlinux-%s%s", folder_bytes, dump_path,
							kernel->release, endings[i]));
	}
	if (!found)
		found = in_usual_places(&search);
	strbuf_free(&search.rejected);
	return found;
}
