/* commands/mod.c - the command mod: loaded modules, their taints, and their object files for gdb. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/progress.h"
#include "base/table.h"
#include "bridge/gdb_bridge.h"
#include "dump/unpack.h"
#include "kernel.h"
#include "kernel/module.h"
#include "kernel/unwind/orc.h"
#include "names/runningkernel.h"
#include "shell/command.h"
#include "shell/gdb_settings.h"
#include "shell/modfile.h"
#include "shell/nearest.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The object file that gdb was given for a module. Lasts as long as the session. */
struct attached {
	u64 module; /* address of struct module */
	char *path;
	struct file_map file; /* open as long as it is attached: gdb has a packed one from here */
};

static VECTOR(struct attached) attached;

static struct attached *attached_to(const struct module *module)
{
	for (size_t i = 0; i < attached.count; i++) {
		if (attached.items[i].module == module->address)
			return &attached.items[i];
	}
	return NULL;
}

static int compare_bases(const void *a, const void *b)
{
	u64 first = (*(const struct module *const *)a)->base,
	    second = (*(const struct module *const *)b)->base;

	return first < second ? -1 : first > second;
}

/* All modules by address, as the table has them. Scope memory. */
static const struct module **sorted_modules(void)
{
	size_t count = module_count();
	const struct module **sorted = scope_array(count + 1, sizeof(*sorted));

	if (count == 0)
		fail("no modules are loaded in this kernel");
	for (size_t i = 0; i < count; i++)
		sorted[i] = module_at(i);
	qsort(sorted, count, sizeof(*sorted), compare_bases);
	return sorted;
}

enum { BASE = 2 };

/* The columns fit every module, also when only one of them is shown. */
static const struct column list_columns[] = {
	{ "name", "NAME", CELL_TEXT, .fit = true, .place = 2 },
	{ "module", "MODULE", CELL_ADDRESS, .width = 16, .place = 1 },
	{ "base", "BASE", CELL_ADDRESS, .width = 16, .place = 3 },
	{ "size", "SIZE", CELL_SIZE, .fit = true, .place = 4 },
	{ "refcount", NULL, .kind = CELL_SIGNED },
	{ "taints", NULL, .kind = CELL_TEXT },
	{ "signed", NULL, .kind = CELL_FLAG },
	{ "object_file", "OBJECT FILE", CELL_TEXT, .place = 5 },
	{ 0 },
};

static const struct column taint_columns[] = {
	{ "name", "NAME", .kind = CELL_TEXT },
	{ "module", NULL, .kind = CELL_ADDRESS },
	{ "base", NULL, .kind = CELL_ADDRESS },
	{ "size", NULL, .kind = CELL_SIZE },
	{ "refcount", NULL, .kind = CELL_SIGNED },
	{ "taints", "TAINTS", .kind = CELL_TEXT },
	{ "signed", NULL, .kind = CELL_FLAG },
	{ "object_file", NULL, .kind = CELL_TEXT },
	{ 0 },
};

static const struct column section_columns[] = {
	{ "name", "", CELL_TEXT, .before = "    ", .place = 2 },
	{ "address", "", CELL_ADDRESS, .width = 16, .place = 1 },
	{ 0 },
};

struct listing {
	const struct module **modules;
	bool with_sections, tainted_only;
};

static void put_section(struct row *row, size_t index, void *arg)
{
	const struct module_section *sections = arg;

	row_text(row, sections[index].name);
	row_address(row, sections[index].address);
}

/* Where each section of the module is, as `mod -g` shows it below the module's line. */
static void put_sections(struct row *row, const struct module *module)
{
	struct module_section *sections = NULL;
	size_t count = module_sections(module, &sections);

	row_children(row, &(struct table){ .name = "mod",
					   .columns = section_columns,
					   .count = count,
					   .put = put_section,
					   .arg = sections,
					   .headings = HEADINGS_NEVER,
					   .key = "sections" });
}

static void put_module(struct row *row, size_t index, void *arg)
{
	const struct listing *listing = arg;
	const struct module *module = listing->modules[index];
	const struct attached *object = attached_to(module);
	struct strbuf *letters = scope_strbuf();
	/* Kernels with the E flag say this themselves. */
	bool no_sign;

	kernel_taint_letters(module->taints, true, letters);
	no_sign = !module->is_signed && strchr(strbuf_text(letters), 'E') == NULL;
	if (listing->tainted_only && !no_sign && letters->length == 0)
		row_skip(row);
	row_stands_for(row, module->address);
	row_text(row, module->name);
	row_address(row, module->address);
	row_address(row, module->base);
	row_size(row, module->size);
	row_signed(row, module->refcount);
	row_text(row, strbuf_text(letters));
	row_shown(row, scope_printf("%s%s", strbuf_text(letters), no_sign ? "(U)" : ""));
	row_flag(row, module->is_signed);
	if (object)
		row_text(row, object->path);
	else
		row_null(row, "(not loaded)  [CONFIG_KALLSYMS]");
	if (listing->with_sections)
		put_sections(row, module);
}

/* All of them, or only THIS one. */
static void print_modules(const struct module *this, bool with_sections)
{
	struct column columns[ARRAY_SIZE(list_columns)];
	struct listing listing = { sorted_modules(), with_sections, false };
	const struct table table = { .name = "mod",
				     .columns = columns,
				     .count = module_count(),
				     .put = put_module,
				     .arg = &listing,
				     .of = "module" };
	struct table_run run;

	memcpy(columns, list_columns, sizeof(columns));
	/* v6.4 and later: a module's text is apart from the rest, so BASE says less than it did. */
	if (module_has_areas())
		columns[BASE].heading = "TEXT_BASE";
	table_begin(&run, &table);
	for (size_t i = 0; i < table.count; i++) {
		if (!this || listing.modules[i] == this)
			table_put(&run, i);
	}
	table_end(&run);
}

static void print_all(bool with_sections)
{
	print_modules(NULL, with_sections);
}

static void print_taints(void)
{
	struct column columns[ARRAY_SIZE(taint_columns)];
	struct listing listing = { sorted_modules(), false, true };

	memcpy(columns, taint_columns, sizeof(columns));
	/* As wide as in the list, where all of them are. */
	columns[0].width = strlen(columns[0].heading);
	for (size_t i = 0; i < module_count(); i++)
		columns[0].width = max_u64(columns[0].width, strlen(module_at(i)->name));
	table_show(&(struct table){ .name = "mod",
				    .columns = columns,
				    .count = module_count(),
				    .put = put_module,
				    .arg = &listing,
				    .headings = HEADINGS_WITH_ROWS,
				    .none = "no tainted modules" });
}

static void detach(const struct module *module)
{
	struct attached *object = attached_to(module);
	struct strbuf *output = scope_strbuf(), *error = scope_strbuf();
	char path[32];
	bool removed;

	if (object == NULL)
		return;
	removed = gdb_run(scope_printf("remove-symbol-file \"%s\"",
				       unpack_path(&object->file, path, sizeof(path))),
			  GDB_NO_DWARF, output, error);
	gdb_bridge_changed();
	file_map_close(&object->file);
	free(object->path);
	*object = attached.items[--attached.count];
	if (!removed)
		warn("%s: gdb keeps its symbols: %s", module->name, strbuf_text(error));
}

static void close_file(void *file)
{
	file_map_close(file);
	free(file);
}

/*
 * gdb is told the address of each section that is in memory; ".text" must be among them. The
 * kernel's list still has those of the module's start, whose memory others may have by now, and
 * lacks the per-cpu one.
 */
static void add_symbol_file(const struct module *module, const char *path, bool read_now)
{
	struct module_section *sections = NULL;
	size_t count = module_sections(module, &sections), nr = 0;
	struct gdb_section *places = scope_array(count + 2, sizeof(*places));
	struct strbuf *error = scope_strbuf();

	places[nr++] = (struct gdb_section){ ".text", module->base };
	if (module->percpu_size)
		places[nr++] = (struct gdb_section){ ".data..percpu", module->percpu };
	for (size_t i = 0; i < count; i++) {
		if (!streq(sections[i].name, ".text") &&
		    module_has_address(module, sections[i].address))
			places[nr++] = (struct gdb_section){ sections[i].name,
							     sections[i].address };
	}
	if (!gdb_add_object_file(path, places, nr, read_now, error))
		fail("%s: %s", path, strbuf_text(error));
	gdb_bridge_changed();
}

static void attach(const struct module *module, const char *path, const struct args *args)
{
	struct file_map *file = xcalloc(1, sizeof(*file));
	struct strbuf *why = scope_strbuf();
	char real[PATH_MAX], number[32];
	struct attached *added;

	scope_cleanup(close_file, file);
	/* gdb knows the file by its real path, and detach() must name it like that. */
	if (realpath(path, real) != NULL)
		path = real;
	detach(module);
	if (!file_map_open(file, path, why) || !unpack_file(file, UNPACK_MOST_BYTES, why))
		fail("%s: %s", path, strbuf_text(why));
	add_symbol_file(module, unpack_path(file, number, sizeof(number)),
			option_given(args, "r") || gdb_settings.read_now);
	added = vector_add(&attached);
	*added = (struct attached){ module->address, xstrdup(path), *file };
	added->file.path = added->path;
	*file = (struct file_map){ .fd = -1 };
}

static const char *who_has_file(const struct module *module)
{
	struct strbuf *letters = scope_strbuf(), *package = scope_strbuf();

	kernel_taint_letters(module->taints, true, letters);
	if (strchr(strbuf_text(letters), 'O') != NULL)
		return "built outside of the kernel's source: "
		       "no package of the kernel has it, who built it does";
	kernel_package(kernel_identity()->release, package);
	return scope_printf("%s has it", strbuf_text(package));
}

static void find_and_attach(const struct module *module, const char *directory,
			    const struct args *args)
{
	struct strbuf *report = scope_strbuf();
	char *path = modfile_find(module, directory, report);

	if (path == NULL)
		fail("cannot find or load object file for %s module (%s):\n%.*s", module->name,
		     who_has_file(module), (int)report->length - 1, strbuf_text(report));
	scope_cleanup(free, path);
	attach(module, path, args);
}

static const struct module *named_module(const char *name)
{
	const struct module *module = module_by_name(name);

	if (module == NULL)
		fail("no module named %s is loaded%s", name, nearest_module(name));
	return module;
}

static void attach_one(const struct args *args)
{
	const struct module *module = named_module(option_argument(args, "s"));
	struct strbuf *why = scope_strbuf();

	modfile_forget();
	if (args->nr_words == 0) {
		find_and_attach(module, NULL, args);
	} else {
		const char *file = argument_file(args->words[0]);
		char *path = modfile_named(module, file, why);

		if (path == NULL)
			fail("%s: %s", file, strbuf_text(why));
		scope_cleanup(free, path);
		attach(module, path, args);
	}
	print_modules(module, option_given(args, "g"));
}

struct request {
	const struct module *module;
	const char *directory;
	const struct args *args;
};

static void attach_request(void *arg)
{
	struct request *request = arg;

	find_and_attach(request->module, request->directory, request->args);
}

static void attach_all(const char *directory, const struct args *args)
{
	const struct module **sorted = sorted_modules();
	struct stat facts;

	if (directory && stat(directory, &facts) != 0)
		fail("%s: %s", directory, strerror(errno));
	if (directory && !S_ISDIR(facts.st_mode))
		fail("%s is not a directory", directory);
	modfile_forget();
	progress_scope("looking for modules' files", "modules");
	for (size_t i = 0; i < module_count(); i++) {
		struct request request = { sorted[i], directory, args };
		struct failure failure;

		progress_at(i, module_count());
		if (!protect_row(attach_request, &request, &failure))
			command_problem("mod", failure.text);
	}
	print_all(option_given(args, "g"));
}

static void detach_all(void)
{
	while (attached.count > 0) {
		const struct module *module = NULL;

		for (size_t i = 0; i < module_count() && module == NULL; i++) {
			if (module_at(i)->address == attached.items[0].module)
				module = module_at(i);
		}
		if (module == NULL)
			break;
		detach(module);
	}
}

static void run_mod(struct args *args)
{
	bool takes_word = option_given(args, "s") || option_given(args, "S");
	size_t nr_actions = args->nr_options - option_given(args, "r") - option_given(args, "g");

	if (option_given(args, "o"))
		fail("-o is not offered: files of modules are read in one way only, by gdb");
	if (nr_actions > 1)
		usage_problem(args, "-t, -s, -S, -d, -D and -R exclude each other");
	args_check_words(args, "", 0, takes_word);
	if (option_given(args, "t")) {
		print_taints();
	} else if (option_given(args, "s")) {
		attach_one(args);
	} else if (option_given(args, "S")) {
		attach_all(args->nr_words > 0 ? argument_file(args->words[0]) : NULL, args);
	} else if (option_given(args, "d")) {
		detach(named_module(option_argument(args, "d")));
	} else if (option_given(args, "D")) {
		detach_all();
	} else {
		if (option_given(args, "R")) {
			detach_all();
			module_forget();
			orc_forget_modules();
			modfile_forget();
		}
		print_all(option_given(args, "g"));
	}
}

static const struct option mod_options[] = {
	{ "s", "module",
	  "give gdb a module's object file: the one named, or the one that crash finds" },
	{ "S", NULL, "the same for every module, below the directory if one is given" },
	{ "d", "module", "take a module's object file away from gdb" },
	{ "D", NULL, "the same for every module" },
	{ "r", NULL, "with -s or -S: gdb reads all of the file now, not when a question needs it" },
	{ "g", NULL,
	  "with the list, -s or -S: below each module its sections' names and addresses" },
	{ "R", NULL, "forget all object files and the list of modules, and read the list again" },
	{ "o", NULL, NULL }, /* crash's other loader: run() says why there is none */
	{ "t", NULL, "only tainted modules, with their taint letters; (U): not signed" },
	{ NULL, NULL, NULL },
};

COMMAND(mod) = {
	.name = "mod",
	.summary = "loaded modules and their object files",
	.synopsis = "[-t | -s module [file] | -S [directory] | -d module | -D | -R] [-r] [-g]",
	.options = mod_options,
	.description =
		"Without an option, lists every loaded module by address. BASE (TEXT_BASE since "
		"v6.4) is where its code starts, SIZE all the memory it takes, as in "
		"/proc/modules. Function and variable names of modules come from the kernel's own "
		"tables and need no file; an object file adds types, lines and locals.\n"
		"\n"
		"crash looks for NAME.ko and NAME.ko.debug, packed (.xz, .zst, .gz) or not, below "
		"the directory that --mod named at the start, or else below $CRASH_MODULE_PATH, "
		"/usr/lib/debug/lib/modules/RELEASE, /lib/modules/RELEASE and beside the vmlinux. "
		"When a file has no debug information, its .gnu_debuglink and its build-id lead "
		"to the file that has it. crash prefers files with debug information, and refuses "
		"one with another build-id.",
	.example =
		"crash> mod -t\n"
		"no tainted modules\n"
		"crash> mod -s virtio_blk\n"
		"     MODULE       NAME               TEXT_BASE         SIZE  OBJECT FILE\n"
		"ffffffffc05c85c0  virtio_blk      ffffffffc05c4000    32768  modules/virtio_blk.ko.debug\n",
	.arguments = "file",
	.run = run_mod,
};
