/* main.c - L9: the visible list of what start-up does. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "arch.h"
#include "start/arguments.h"
#include "show/banner.h"
#include "shell/bridge_ops.h"
#include "names/btf.h"
#include "names/cfi.h"
#include "names/coreinfo.h"
#include "names/debuginfod.h"
#include "dump/dumpfile.h"
#include "names/dwarftypes.h"
#include "names/elfdebug.h"
#include "dump/elfwrite.h"
#include "base/fail.h"
#include "bridge/gdb_bridge.h"
#include "shell/input.h"
#include "base/json.h"
#include "kernel/kallsyms.h"
#include "kernel.h"
#include "kernel/kernelsearch.h"
#include "dump/live.h"
#include "memory.h"
#include "kernel/module.h"
#include "kernel/modulebtf.h"
#include "start/oneshot.h"
#include "base/progress.h"
#include "dump/rawmem.h"
#include "names/runningkernel.h"
#include "shell/savedump.h"
#include "shell/session.h"
#include "shell/shell.h"
#include "symbols.h"
#include "names/systemmap.h"
#include "task.h"
#include "names/types.h"
#include "dump/vmcoreinfo.h"
#include "names/vmlinux.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <unistd.h>

#define MAX_BTF_BYTES (256ULL << 20)

static struct vmlinux vmlinux, partner;
static struct kernel_layout layout;
static char *search_problem; /* why no kernel was found in memory; NULL: not searched for */
static struct strbuf places; /* --debuginfo: where files of the kernel were looked for */
static struct vmlinux system_map; /* of a System.map: symbols alone */
static bool differ; /* vmlinux and dump do, and the user knows */

enum { MOST_REMARKS = 40 };

static bool names_file(const struct dump *dump, const char *line)
{
	size_t i = 0;

	while (i < dump->nr_files && !starts_with(line, dump->files[i].path))
		i++;
	return i < dump->nr_files;
}

/*
 * What is wrong with the dump though it opened: a line each. Thousands of damaged headers would say the same, or
 * nearly so: what the line before said is not said again, and MOST_REMARKS lines are enough.
 */
static void warn_of_remarks(const struct dump *dump)
{
	const char *line = strbuf_text(&dump->remarks), *last = "";
	size_t length, last_length = 0, nr_told = 0, nr_left_out = 0;

	for (; *line; line += length + (line[length] == '\n')) {
		length = strcspn(line, "\n");
		if (length == last_length && memcmp(line, last, length) == 0)
			continue;
		last = line;
		last_length = length;
		if (nr_told++ >= MOST_REMARKS)
			nr_left_out++;
		else if (names_file(dump, line))
			warn("%.*s", (int)length, line);
		else
			warn("%s: %.*s", session.dump_path, (int)length, line);
	}
	if (nr_left_out)
		warn("%s: %zu more lines on what is wrong are left out", session.dump_path,
		     nr_left_out);
}

/* Only when no file was named: a dump that does not open is never replaced by the running kernel. */
static void open_live(struct strbuf *why)
{
	session.dump = dump_open_live(why);
	if (!session.dump)
		fail("no dump given (crash VMLINUX DUMP), and the running kernel's memory cannot be read: %s: %s",
		     live_files.kcore, strbuf_text(why));
	session.dump_path = session.dump->path;
	vmcoreinfo_load(session.dump, kernel_runs, &session.vmcoreinfo);
}

/* Puts FOUND in the place of what the session knows of the dump's kernel. */
static void take_record(const struct vmcoreinfo *found)
{
	vmcoreinfo_free(&session.vmcoreinfo);
	session.vmcoreinfo = *found;
}

static bool has_names_given(const struct arguments *arguments)
{
	return arguments->vmlinux || arguments->system_map || arguments->find_system_map;
}

/*
 * What a kernel wrote down about itself: in a note, or found in memory. When it is wrong, or not there, the
 * kernel is looked for; with a vmlinux that is left to find_kernel(), which knows what to look for.
 */
static void find_record(const struct arguments *arguments)
{
	struct strbuf *why = scope_strbuf();
	struct vmcoreinfo found;

	vmcoreinfo_load(session.dump, kernel_runs, &session.vmcoreinfo);
	if (!kernel_is_wanted(&session.vmcoreinfo) ||
	    !x86_64_ops.find_kaslr(session.dump, NULL, &session.vmcoreinfo, &layout, why)) {
		if (session.vmcoreinfo.text && !session.vmcoreinfo.found_in_memory &&
		    !session.vmcoreinfo.searched &&
		    vmcoreinfo_search(session.dump, kernel_runs, &found))
			take_record(&found);
		else if (!has_names_given(arguments) && !session.minimal &&
			 kernel_search(session.dump, &found, why))
			take_record(&found);
		else if (why->length)
			search_problem = xasprintf("; a search for it: %s", strbuf_text(why));
	}
	interrupt_check();
	if (session.dump->vmcoreinfo && session.vmcoreinfo.found_in_memory &&
	    !arguments->question && !arguments->kernel_chosen)
		warn("%s: its VMCOREINFO note leads to no kernel; what memory itself has of one is used",
		     session.dump_path);
	if (!kernel_is_wanted(&session.vmcoreinfo) && has_names_given(arguments)) {
		/* The record is another kernel's; these names find the one that is wanted. */
		vmcoreinfo_free(&session.vmcoreinfo);
		return;
	}
	if (!kernel_is_wanted(&session.vmcoreinfo))
		fail("%s: no kernel is found in it at the offset that --kaslr gives",
		     session.dump_path);
	if (session.vmcoreinfo.remark && !arguments->question && !arguments->kernel_chosen)
		warn("%s: %s", session.dump_path, session.vmcoreinfo.remark);
}

/* -o: raw memory alone has no file that says where it belongs. */
static void write_elf(const struct arguments *arguments)
{
	struct strbuf *why = scope_strbuf();

	if (session.dump->ops != &rawmem_ops)
		fail("-o writes raw memory, given as IMAGE@ADDRESS; %s has a header of its own",
		     session.dump_path);
	if (!elf_write(session.dump, arguments->elf_path, &session.vmcoreinfo, why))
		fail("-o: %s: %s", arguments->elf_path, strbuf_text(why));
}

static void open_dump(struct arguments *arguments, struct strbuf *why)
{
	if (!arguments->nr_dumps && arguments->question)
		fail("no dump given: crash VMLINUX DUMP");
	if (!arguments->nr_dumps) {
		open_live(why);
		return;
	}
	session.dump_path = arguments->dumps[0];
	session.dump = dump_open(arguments->dumps, arguments->nr_dumps, why);
	if (!session.dump && arguments->nr_dumps > 1)
		fail("%s", strbuf_text(why));
	if (!session.dump)
		fail("%s: %s", session.dump_path, strbuf_text(why));
	if (session.dump->incomplete)
		fault_dump_is_incomplete();
	if (!arguments->question)
		warn_of_remarks(session.dump);
	find_record(arguments);
	if (arguments->elf_path)
		write_elf(arguments);
}

/* What no place here has, when the user said that it may be asked for elsewhere. */
static char *ask_debuginfod(const u8 *build_id, u32 bytes, struct strbuf *report)
{
	struct strbuf *why = scope_strbuf();
	char *path;

	if (!debuginfod_allowed())
		return NULL;
	path = debuginfod_get(build_id, bytes, why);
	if (!path)
		warn("debuginfod: the debug information of this kernel: %s", strbuf_text(why));
	if (report)
		strbuf_printf(report, "  debuginfod: %s\n", path ? path : strbuf_text(why));
	return path;
}

/* By the release and the build-id that the dump's kernel wrote down; NULL: none, and all names come from the dump. */
static char *find_dumped_vmlinux(struct strbuf *report)
{
	struct running_kernel kernel = { 0 };
	char build_id[2 * sizeof(kernel.build_id) + 1];
	char *found;

	if (!vmcoreinfo_string(&session.vmcoreinfo, "OSRELEASE", kernel.release,
			       sizeof(kernel.release)) ||
	    !vmcoreinfo_string(&session.vmcoreinfo, "BUILD-ID", build_id, sizeof(build_id)))
		return NULL;
	kernel.build_id_bytes = build_id_from_text(build_id, kernel.build_id,
						   sizeof(kernel.build_id));
	found = dumped_kernel_vmlinux(&kernel, session.dump_path, "", report);
	return found ? found : ask_debuginfod(kernel.build_id, kernel.build_id_bytes, report);
}

/* Names come from the file with a symbol table, and of two the one that has the kernel's image, too. */
static void order_files(void)
{
	struct vmlinux first = vmlinux;

	if (partner.stripped || (!vmlinux.stripped && (vmlinux.banner || !partner.banner)))
		return;
	vmlinux = partner;
	partner = first;
}

/* The two files that debug packages split a kernel into. */
static void open_partner(const char *path, struct strbuf *why)
{
	if (!vmlinux_open_stripped(&partner, path, why))
		fail("%s: %s", path, strbuf_text(why));
	if (partner.build_id_bytes != vmlinux.build_id_bytes ||
	    memcmp(partner.build_id, vmlinux.build_id, vmlinux.build_id_bytes) != 0) {
		elf_debug_add_build_id(why, vmlinux.build_id, vmlinux.build_id_bytes);
		strbuf_puts(why, " and ");
		elf_debug_add_build_id(why, partner.build_id, partner.build_id_bytes);
		fail("%s and %s are of different kernels: build-ids %s", vmlinux.file.path, path,
		     strbuf_text(why));
	}
	if (vmlinux.has_dwarf == partner.has_dwarf && vmlinux.stripped == partner.stripped)
		fail("%s and %s: neither has what the other lacks, symbols or debug information",
		     vmlinux.file.path, path);
	order_files();
}

/* Where .gnu_debuglink and the build-id lead. */
static void find_partner(struct strbuf *why, struct strbuf *report)
{
	struct elf_debug debug;
	char *path;

	if (!elf_debug_read(&vmlinux.file, &debug))
		return;
	path = elf_debug_find(vmlinux.file.path, &debug, "", report);
	if (!path)
		path = ask_debuginfod(debug.build_id, debug.build_id_bytes, report);
	if (path && vmlinux_open_stripped(&partner, path, why))
		order_files();
	strbuf_reset(why);
}

static void open_vmlinux(struct arguments *arguments, struct strbuf *why)
{
	struct strbuf *report = arguments->explain ? &places : NULL;

	if (report && arguments->vmlinux)
		strbuf_printf(report, "  %s: named\n", arguments->vmlinux);
	if (!arguments->vmlinux && session.dump->live) {
		struct running_kernel running;

		running_kernel_identity(&running);
		arguments->vmlinux = running_kernel_vmlinux(&running, "", why, report);
		if (!arguments->vmlinux)
			fail("%s", strbuf_text(why));
	}
	if (!arguments->vmlinux)
		arguments->vmlinux = find_dumped_vmlinux(report);
	if (!arguments->vmlinux)
		return;
	if (!vmlinux_open_stripped(&vmlinux, arguments->vmlinux, why))
		fail("%s: %s", arguments->vmlinux, strbuf_text(why));
	if (arguments->partner)
		open_partner(arguments->partner, why);
	else if (!vmlinux.has_dwarf)
		find_partner(why, report);
	session.vmlinux_path = vmlinux.file.path;
	session.vmlinux = &vmlinux;
	session.debug_vmlinux = vmlinux.has_dwarf ? &vmlinux : partner.has_dwarf ? &partner : NULL;
}

/* A System.map that was named, or that -S finds: the kernel's names come from it. */
static void open_system_map(struct arguments *arguments, struct strbuf *why)
{
	const char *path = arguments->system_map;
	char release[128] = "", *kept;

	if (!path && !arguments->find_system_map)
		return;
	if (!path) {
		vmcoreinfo_string(&session.vmcoreinfo, "OSRELEASE", release, sizeof(release));
		path = scope_printf("/boot/System.map-%s", release);
	}
	if (!arguments->system_map && access(path, F_OK) != 0 &&
	    access("/boot/System.map", F_OK) != 0)
		fail("-S: there is neither %s nor /boot/System.map", path);
	if (!arguments->system_map && access(path, F_OK) != 0)
		path = "/boot/System.map";
	kept = xstrdup(path);
	if (!system_map_open(&system_map, kept, why)) {
		free(kept);
		fail("%s: %s", path, strbuf_text(why));
	}
	if (!system_map_fits(&system_map, &session.vmcoreinfo, why)) {
		if (!arguments->force)
			fail("%s and %s do not match: %s (-f tries all the same)", path,
			     session.dump_path, strbuf_text(why));
		warn("%s and %s do not match: %s", path, session.dump_path, strbuf_text(why));
		strbuf_reset(why);
	}
	session.system_map = system_map.file.path;
}

/* What has no names is no source of any: it was of use for telling that the dump is this kernel's. */
static void leave_stripped_vmlinux(void)
{
	if (!session.vmlinux || !vmlinux.stripped)
		return;
	if (!session.system_map)
		warn("%s has no symbol table and no debug information: names and types come from the dump; "
		     "lines and variables' types need %s",
		     session.vmlinux_path, session_wanted_vmlinux());
	session.vmlinux = NULL;
	session.vmlinux_path = NULL;
	kernel_setup(NULL, &session.vmcoreinfo);
}

/* Copied: a read of one type would otherwise be thousands of reads of the dump. */
static u8 *dumped_btf(u64 *size, struct strbuf *why)
{
	const struct symbol *start = symbol_by_name("__start_BTF");
	const struct symbol *stop = symbol_by_name("__stop_BTF");
	struct fault fault;
	u8 *copy;

	if (!start || !stop || stop->value <= start->value ||
	    stop->value - start->value > MAX_BTF_BYTES) {
		strbuf_puts(why, "this kernel carries no BTF (CONFIG_DEBUG_INFO_BTF)");
		return NULL;
	}
	*size = stop->value - start->value;
	copy = xmalloc(*size);
	if (mem_try_read(start->value, copy, *size, &fault))
		return copy;
	free(copy);
	strbuf_printf(why, "cannot read the kernel's BTF at %016llx: %s", fault.address,
		      fault_text(&fault));
	return NULL;
}

/* False: nothing refers to DATA any more. *why keeps what is to be said where no types are found at all. */
static bool take_btf(const u8 *data, u64 size, struct strbuf *why)
{
	struct btf *btf = btf_open(data, size, NULL, why);

	if (!why->length) {
		types_set_btf(btf);
		return true;
	}
	if (session.debug_vmlinux) {
		warn("%s: %s; structures come from its DWARF", session.vmlinux_path,
		     strbuf_text(why));
		strbuf_reset(why);
		btf_close(btf);
		return false;
	}
	if (!btf)
		return false;
	warn("%s; it and the types after it are missing", strbuf_text(why));
	strbuf_reset(why);
	types_set_btf(btf);
	return true;
}

static void open_types(struct strbuf *why)
{
	const u8 *data;
	u64 size, address;
	u8 *copy = NULL;

	/* A debug-only file has none, though its kernel does. */
	if (!session.vmlinux || !vmlinux_section(&vmlinux, ".BTF", &data, &size, &address))
		data = copy = dumped_btf(&size, why);
	if (!data) {
		if (session.vmlinux)
			strbuf_reset(why);
		return;
	}
	if (!take_btf(data, size, why))
		free(copy);
}

/* What BTF lacks gdb answers for, out of DWARF; without both, symbols and memory remain. */
static void open_types_of_dwarf(struct strbuf *why)
{
	struct strbuf *dwarf_why = scope_strbuf();

	if (types_available()) {
		dwarf_types_complete();
		return;
	}
	if (!session.vmlinux) {
		warn("%s: only names, memory and the log can be shown; all else needs %s",
		     strbuf_text(why), session_wanted_vmlinux());
		coreinfo_types(&session.vmcoreinfo);
		strbuf_reset(why);
		return;
	}
	if (dwarf_types_setup(dwarf_why))
		return;
	warn("%s has no BTF, and no DWARF either: %s%s%s", session.vmlinux_path, strbuf_text(why),
	     why->length ? "; " : "", strbuf_text(dwarf_why));
	strbuf_reset(why);
}

/* MATCHES is one of kernel.h's two. With -f a difference is said once, and the files opened. */
static void check_match(struct arguments *arguments, bool (*matches)(struct strbuf *difference))
{
	struct strbuf *difference = scope_strbuf();

	if (!session.vmlinux || differ || matches(difference))
		return;
	if (!arguments->force)
		fail("%s and %s do not match: %s (-f tries all the same)", session.vmlinux_path,
		     session.dump_path, strbuf_text(difference));
	warn("%s and %s do not match: %s", session.vmlinux_path, session.dump_path,
	     strbuf_text(difference));
	differ = true;
}

/*
 * Names out of the dump: its image can be read before any region is known. With --minimal those few that
 * VMCOREINFO has must do.
 */
static void load_dumped_symbols(bool found, struct strbuf *why)
{
	x86_64_ops.find_bare_layout(session.dump, &session.vmcoreinfo, &layout);
	memory_init(session.dump, &x86_64_ops, &layout);
	if (found && kallsyms_load(&session.vmcoreinfo, layout.kaslr_offset, why))
		return;
	if (!session.minimal)
		fail("%s: no vmlinux, and %s%s; needed is %s%s", session.dump_path,
		     strbuf_text(why), search_problem ? search_problem : "",
		     session.dump->incomplete ? "the whole file, or for what is left of it " : "",
		     session_wanted_vmlinux());
	if (found)
		warn("%s: only the few names in VMCOREINFO are known", strbuf_text(why));
	strbuf_reset(why);
	coreinfo_symbols(&session.vmcoreinfo);
}

/* What is left when the kernel's image is nowhere. */
static void tell_only_physical(const struct vmlinux *names, const char *why)
{
	if (names)
		warn("%s: only physical addresses can be read, and symbols are where %s has them",
		     why, names->file.path);
	else if (session.vmcoreinfo.text)
		warn("%s: its VMCOREINFO leads to no kernel: only physical addresses can be read, and the few names "
		     "that it has are known",
		     session.dump_path);
	else
		warn("%s: it has no VMCOREINFO, and no vmlinux is given: only physical addresses can be read, and no "
		     "names are known",
		     session.dump_path);
}

/*
 * Where the kernel's image, tables and regions are. What cannot be found is told in one line, and what
 * does not need it works.
 */
static void find_kernel(struct strbuf *why)
{
	const struct vmlinux *names = session.system_map ? &system_map : session.vmlinux;
	bool found = x86_64_ops.find_kaslr(session.dump, names, &session.vmcoreinfo, &layout, why);
	struct strbuf *problem = scope_strbuf();

	if (!names)
		load_dumped_symbols(found, why);
	else if (!found && !session.minimal)
		fail("%s with %s: %s (--minimal opens them all the same)", session.dump_path,
		     names->file.path, strbuf_text(why));
	else if (!symbols_load_vmlinux(names, layout.kaslr_offset, problem))
		fail("%s", strbuf_text(problem));
	if (found && x86_64_ops.find_layout(session.dump, &session.vmcoreinfo, &layout, why))
		return;
	/* With another kernel's names nothing but nonsense would follow. */
	if (found && differ)
		fail("%s with %s: %s", session.dump_path, names->file.path, strbuf_text(why));
	if (found)
		warn("%s: only the kernel's image, and what page tables in the dump lead to, can be read",
		     strbuf_text(why));
	else
		tell_only_physical(names, strbuf_text(why));
	strbuf_reset(why);
	x86_64_ops.find_bare_layout(session.dump, &session.vmcoreinfo, &layout);
}

static void set_up_modules(void)
{
	module_setup();
	if (types_btf())
		module_btf_setup(types_btf());
}

static void tell_source_directory(struct strbuf *why)
{
	struct strbuf *output = scope_strbuf();

	if (!gdb_run(scope_printf("directory \"%s\"", session.source_directory), GDB_NO_DWARF,
		     output, why))
		warn("--src: %s", strbuf_text(why));
	strbuf_reset(why);
}

/* What --minimal and --no_... leave of the subsystems. */
static void set_up_subsystems(const struct arguments *arguments, struct strbuf *why)
{
	if (session.minimal) {
		if (!types_available())
			coreinfo_types(&session.vmcoreinfo);
		return;
	}
	bridge_ops_setup();
	cfi_set_vmlinux(session.vmlinux);
	if (session.source_directory)
		tell_source_directory(why);
	open_types_of_dwarf(why);
	if (session.no_modules)
		module_leave_out();
	else
		set_up_modules();
	if (session.no_panic)
		task_leave_out_panic();
	if (arguments->only_active)
		task_only_active();
	if (session.no_elf_notes)
		session.dump->nr_cpu_notes = session.dump->nr_qemu_notes = 0;
}

/* The list that ARCHITECTURE.md describes: each line stands on those above it. */
static void start_up(void *arg)
{
	struct arguments *arguments = arg;
	struct strbuf *why = scope_strbuf();

	progress_scope("opening", NULL);
	if (!session.dump)
		open_dump(arguments, why);
	open_vmlinux(arguments, why);
	kernel_setup(session.vmlinux, &session.vmcoreinfo);
	check_match(arguments, kernel_record_matches_vmlinux);
	open_system_map(arguments, why);
	leave_stripped_vmlinux();
	find_kernel(why);
	memory_init(session.dump, &x86_64_ops, &layout);
	memory_set_zero_excluded(session.zero_excluded);
	open_types(why);
	set_up_subsystems(arguments, why);
	check_match(arguments, kernel_matches_vmlinux);
}

/* -t, --log ...: a vmlinux is not needed, but used when it is there. */
static void answer_question(void *arg)
{
	struct arguments *arguments = arg;
	struct strbuf *why = scope_strbuf();

	if (arguments->vmlinux) {
		start_up(arguments);
		oneshot_answer_with_names(arguments->question);
		return;
	}
	open_dump(arguments, why);
	if (oneshot_needs_names(arguments->question)) {
		start_up(arguments);
		oneshot_answer_with_names(arguments->question);
		return;
	}
	oneshot_answer(arguments->question);
}

static void tell_debugging_data(void *arg)
{
	struct arguments *arguments = arg;

	if (!arguments->vmlinux && !arguments->nr_dumps)
		fail("-g needs a VMLINUX");
	oneshot_debugging_data(arguments->vmlinux ? arguments->vmlinux : arguments->dumps[0]);
}

/* Everything that is no session: 0 when it was answered. */
static int run_question(void (*answer)(void *arg), struct arguments *arguments)
{
	struct failure failure;
	bool answered = protect(answer, arguments, &failure);

	/* A reader that had enough is no failure, and has no text. */
	if (answered && fflush(stdout) != 0 && errno != EPIPE) {
		snprintf(failure.text, sizeof(failure.text), "cannot write the output: %s",
			 strerror(errno));
		answered = false;
	}
	if (answered || (failure.interrupted && !*failure.text))
		return 0;
	fprintf(stderr, "crash: %s\n", failure.text);
	return 1;
}

/* The banner reads much of the kernel; a dump in which that fails still gets its prompt. */
static void show_banner(UNUSED void *arg)
{
	banner_print();
}

static void save_session(void *path)
{
	struct saved saved;

	save_dump(path, &saved);
}

static void explain(UNUSED void *arg)
{
	oneshot_debug_files(strbuf_text(&places));
}

/* Before the other options are looked at. */
static bool is_given(const char *option, char **words)
{
	while (*words && !streq(*words, "--") && !streq(*words, option))
		words++;
	return *words && streq(*words, option);
}

int main(UNUSED int argc, char **argv)
{
	struct arguments arguments = { 0 };
	struct failure failure;
	int status;

	shell_init();
	if (!is_given("--no_crashrc", argv + 1))
		input_read_crashrc();
	arguments_parse(&arguments, argv + 1);
	if (arguments.ask_debugging_data)
		return run_question(tell_debugging_data, &arguments);
	if (arguments.question)
		return run_question(answer_question, &arguments);
	if (!protect(start_up, &arguments, &failure)) {
		fputs(strbuf_text(&places), stdout);
		fprintf(stderr, "crash: %s\n", failure.text);
		return 1;
	}
	if (arguments.explain)
		return run_question(explain, &arguments);
	if (session.json) {
		session.silent = true;
		json_set(true);
	}
	if (!session.silent && !protect(show_banner, NULL, &failure))
		fprintf(stderr, "crash: %s\n", failure.text);
	status = input_main_loop();
	if (arguments.save_path && !protect(save_session, (void *)arguments.save_path, &failure)) {
		fprintf(stderr, "crash: --save: %s\n", failure.text);
		return 1;
	}
	return status;
}
