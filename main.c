/* main.c - L7: arguments, then the visible list of what start-up does. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "arch.h"
#include "banner.h"
#include "bridge_ops.h"
#include "btf.h"
#include "cfi.h"
#include "coreinfo.h"
#include "debuginfod.h"
#include "dumpfile.h"
#include "dwarftypes.h"
#include "elfdebug.h"
#include "fail.h"
#include "gdb_bridge.h"
#include "help.h"
#include "json.h"
#include "kallsyms.h"
#include "kernel.h"
#include "kernelsearch.h"
#include "live.h"
#include "manpage.h"
#include "memory.h"
#include "module.h"
#include "modulebtf.h"
#include "oneshot.h"
#include "runningkernel.h"
#include "savedump.h"
#include "session.h"
#include "shell.h"
#include "symbols.h"
#include "task.h"
#include "types.h"
#include "unpack.h"
#include "vmcoreinfo.h"
#include "vmlinux.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <unistd.h>

struct arguments {
	const char *vmlinux;
	const char *
		partner; /* a second file of the same kernel: one of the two has the debug information */
	const char *dumps[64];
	size_t nr_dumps;
	bool force;
	enum oneshot question;
	bool ask_debugging_data; /* -g */
	bool explain; /* --debuginfo */
	bool kernel_chosen; /* --kaslr */
	bool differ; /* vmlinux and dump do, and the user knows */
};

#define MAX_BTF_BYTES (256ULL << 20)

static struct vmlinux vmlinux, partner;
static struct kernel_layout layout;
static char *search_problem; /* why no kernel was found in memory; NULL: not searched for */
static struct strbuf places; /* --debuginfo: where files of the kernel were looked for */
static const char *save_path; /* --save: written when the session ends */

/* What parse_option() understands: for usage and the man page. */
static const struct run_option run_options[] = {
	{ "-s", NULL, "no banner, no pager, no echo of commands" },
	{ "-i", "FILE", "run the commands in FILE first" },
	{ "--json", NULL,
	  "every command answers in JSON, an object a line, and a last line with its status" },
	{ "-f", NULL, "open a VMLINUX of another build all the same" },
	{ "--save", "FILE", "at the end, write the pages that were read into FILE, a small dump" },
	{ "--mod", "DIR", "look for object files of modules below DIR (mod -s, mod -S)" },
	{ "--debuginfo", NULL,
	  "list every place looked at for the debug information of the kernel and its modules, and exit" },
	{ "--debuginfod", NULL,
	  "what is in none of the usual places is asked for by build-id at the servers of DEBUGINFOD_URLS" },
	{ "--readnow", NULL,
	  "gdb reads all debug information when it first needs some, not piece by piece" },
	{ "--kaslr", "OFFSET",
	  "of several kernels in memory the one that KASLR moved by OFFSET (hexadecimal), \"off\" or \"auto\"" },
	{ "--src", "DIR", "look for the kernel's source files below DIR (dis -s)" },
	{ "--hex", NULL, "numbers in base 16 at the start" },
	{ "--dec", NULL, "numbers in base 10 at the start" },
	{ "--zero_excluded", NULL, "pages excluded from the dump read as zeroes" },
	{ "--no_scroll", NULL, "no pager" },
	{ "--minimal", NULL, "only commands like log, rd and sym, for badly damaged dumps" },
	{ "--no_modules", NULL, "leave out modules and their symbols" },
	{ "--no_panic", NULL, "do not look for the task that panicked: start at that of CPU 0" },
	{ "--no_elf_notes", NULL, "leave out the registers that the dump's notes have" },
	{ "--kmem_cache_delay", NULL, "accepted: slab caches are read when a command asks" },
	{ "--no_kmem_cache", NULL, "accepted: the same" },
	{ "--no_data_debug", NULL, "accepted: members are looked up when needed" },
	{ "--no_ikconfig", NULL,
	  "accepted: the kernel's configuration is read by \"sys config\" alone" },
	{ "--no_kallsyms", NULL, "accepted: object files are not read for symbols" },
	{ "--no_strip", NULL, "accepted: names of functions are shown in full" },
	{ "--no_crashrc", NULL, "accepted: no .crashrc is read" },
	{ "--osrelease", "DUMP", "print the kernel release of DUMP and exit" },
	{ "--build-id", "DUMP", "print the build-id of its kernel and exit" },
	{ "--log", "DUMP", "print its kernel's messages and exit" },
	{ "-t", "DUMP", "print the time of its crash and exit" },
	{ "-g", "VMLINUX", "say which debugging data VMLINUX has and exit" },
	{ "-h", "[COMMAND]", "this text, or the help of a command; also --help" },
	{ "-v", NULL, "version, and the GDB inside; also --version" },
	{ "--man", NULL, "the manual page, as man(7) source" },
	{ NULL, NULL, NULL },
};

static const struct {
	const char *option;
	enum oneshot question;
} oneshots[] = {
	{ "--osrelease", ONESHOT_OSRELEASE },
	{ "--build-id", ONESHOT_BUILD_ID },
	{ "--log", ONESHOT_LOG },
	{ "-t", ONESHOT_TIME },
};

static bool accepted; /* what options set that need no effect here */

static const struct {
	const char *option;
	bool *flag, value;
} switches[] = {
	{ "--zero_excluded", &session.zero_excluded, true },
	{ "--readnow", &session.read_now, true },
	{ "--no_scroll", &session.scroll, false },
	{ "--minimal", &session.minimal, true },
	{ "--json", &session.json, true },
	{ "--no_modules", &session.no_modules, true },
	{ "--no_panic", &session.no_panic, true },
	{ "--no_elf_notes", &session.no_elf_notes, true },
	{ "--kmem_cache_delay", &accepted, true },
	{ "--no_kmem_cache", &accepted, true },
	{ "--no_data_debug", &session.data_debug, false },
	{ "--no_ikconfig", &accepted, true },
	{ "--no_kallsyms", &accepted, true },
	{ "--no_strip", &accepted, true },
	{ "--no_crashrc", &accepted, true },
};

/* Options of crash that have nothing to set here. */
static const struct {
	const char *option, *reason;
} refused[] = {
	{ "-S", "names come from vmlinux or the dump itself: no System.map is read" },
	{ "--reloc",
	  "the kernel's offset is found in the dump; --kaslr chooses among several kernels" },
	{ "-m", "addresses and limits of the machine are found in the dump" },
	{ "--machdep", "addresses and limits of the machine are found in the dump" },
	{ "--cpus", "the kernel's own masks say which CPUs there are" },
	{ "--hyper", "Xen's hypervisor is not read" },
	{ "--p2m_mfn", "guests inside a dump of Xen are not read" },
	{ "--xen_phys_start", "Xen's hypervisor is not read" },
	{ "--memory_module", "a running kernel is read through /proc/kcore or /dev/mem" },
	{ "--memory_device", "a running kernel is read through /proc/kcore or /dev/mem" },
};

static noreturn void usage_error(const char *problem, const char *word)
{
	fprintf(stderr, "crash: %s%s\n", problem, word);
	fputs("Try \"crash --help\".\n", stderr);
	exit(1);
}

/*
 * A vmlinux is an ELF file that is no core file, and may be packed. What is neither goes to the dump
 * readers.
 */
static bool looks_like_vmlinux(const char *path)
{
	struct strbuf why = { 0 };
	struct file_map map;
	Elf64_Ehdr header;
	bool result = false;

	if (file_map_open(&map, path, &why)) {
		const void *start = file_map_at(&map, 0, sizeof(header));

		if (start)
			memcpy(&header, start, sizeof(header));
		result = (start && !unpack_kind(&map)) ||
			 unpack_start(&map, &header, sizeof(header));
		result = result && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
			 header.e_type != ET_CORE;
		file_map_close(&map);
	}
	strbuf_free(&why);
	return result;
}

/* A packed file that has no vmlinux inside is not unpacked to say what it is. */
static bool describe_packed(const char *path, struct strbuf *why)
{
	struct strbuf ignored = { 0 };
	struct file_map map;
	bool packed = false;

	if (file_map_open(&map, path, &ignored)) {
		packed = unpack_kind(&map) != NULL;
		if (packed) {
			strbuf_puts(why, "not a vmlinux but ");
			file_describe(&map, why);
		}
		file_map_close(&map);
	}
	strbuf_free(&ignored);
	return packed;
}

/* Only compressed kdumps come in parts; what makedumpfile -F wrote holds one, too. */
static bool looks_like_part(const char *path)
{
	struct strbuf why = { 0 };
	struct file_map map;
	const char *start;
	bool result = false;

	if (file_map_open(&map, path, &why)) {
		start = file_map_at(&map, 0, 12);
		result = start && (memcmp(start, "KDUMP   ", 8) == 0 ||
				   memcmp(start, "makedumpfile", 12) == 0);
		file_map_close(&map);
	}
	strbuf_free(&why);
	return result;
}

static bool is_kernel(const char *path)
{
	struct strbuf why = { 0 };
	struct vmlinux opened;
	bool result = vmlinux_open_stripped(&opened, path, &why);

	if (result)
		vmlinux_close(&opened);
	strbuf_free(&why);
	return result;
}

static void sort_files(struct arguments *arguments, char **paths, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		if (!arguments->vmlinux && looks_like_vmlinux(paths[i]))
			arguments->vmlinux = paths[i];
		else if (!arguments->partner && looks_like_vmlinux(paths[i]))
			arguments->partner = paths[i];
		else if (arguments->nr_dumps < ARRAY_SIZE(arguments->dumps))
			arguments->dumps[arguments->nr_dumps++] = paths[i];
		else
			usage_error("too many files: ", paths[i]);
	}
	/* "crash VMLINUX FILE" of the running kernel has two of its files; any other ELF file was meant as a dump. */
	if (arguments->partner && !arguments->nr_dumps && !is_kernel(arguments->partner)) {
		arguments->dumps[arguments->nr_dumps++] = arguments->partner;
		arguments->partner = NULL;
	}
	/* Two files, none of them a vmlinux: the first was meant as one, and says below what it is. */
	if (!arguments->vmlinux && arguments->nr_dumps > 1 && !arguments->question &&
	    !looks_like_part(arguments->dumps[0])) {
		struct strbuf why = { 0 };

		if (describe_packed(arguments->dumps[0], &why) ||
		    !vmlinux_open(&vmlinux, arguments->dumps[0], &why)) {
			fprintf(stderr, "crash: %s: %s\n", arguments->dumps[0], strbuf_text(&why));
			exit(1);
		}
	}
}

static void want_help(const char *command)
{
	if (command)
		help_command(command);
	else
		usage_print(stdout, run_options);
	exit(0);
}

static bool is_question(struct arguments *arguments, const char *option)
{
	for (size_t i = 0; i < ARRAY_SIZE(oneshots); i++) {
		if (streq(oneshots[i].option, option)) {
			arguments->question = oneshots[i].question;
			return true;
		}
	}
	return false;
}

static bool is_switch(const char *option)
{
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		if (streq(switches[i].option, option)) {
			*switches[i].flag = switches[i].value;
			return true;
		}
	}
	return false;
}

static void take_kaslr_offset(struct arguments *arguments, const char *word)
{
	u64 offset;

	if (!word)
		usage_error("--kaslr needs an offset, or \"auto\"", "");
	if (streq(word, "auto"))
		return;
	if (streq(word, "off"))
		word = "0";
	if (!parse_u64(starts_with(word, "0x") ? word + 2 : word, 16, &offset))
		usage_error("--kaslr: not a hexadecimal number: ", word);
	kernel_want(offset);
	arguments->kernel_chosen = true;
}

static void allow_debuginfod(void)
{
	struct strbuf why = { 0 };

	if (!debuginfod_allow(&why))
		usage_error("--debuginfod: ", strbuf_text(&why));
}

static noreturn void refuse_option(const char *option)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		if (streq(refused[i].option, option)) {
			fprintf(stderr, "crash: %s is not offered: %s\n", option,
				refused[i].reason);
			exit(1);
		}
	}
	usage_error("unknown option: ", option);
}

static const char *argument_of(char **words, const char *kind)
{
	if (!words[1])
		usage_error(words[0], kind);
	return words[1];
}

/* Options may stand anywhere among the files; "--" ends them. Returns how many words OPTION took. */
static int parse_option(struct arguments *arguments, char **words)
{
	const char *option = words[0];

	if (is_question(arguments, option) || is_switch(option))
		return 1;
	if (streq(option, "-s")) {
		session.silent = true;
		session.scroll = false;
	} else if (streq(option, "-i")) {
		if (!words[1])
			usage_error("-i needs a file", "");
		session.input_file = words[1];
		return 2;
	} else if (streq(option, "-g")) {
		arguments->ask_debugging_data = true;
	} else if (streq(option, "-f")) {
		arguments->force = true;
	} else if (streq(option, "--save")) {
		if (!words[1])
			usage_error("--save needs a file", "");
		if (access(words[1], F_OK) == 0)
			usage_error("--save: there is a file of that name: ", words[1]);
		save_path = words[1];
		return 2;
	} else if (streq(option, "--kaslr")) {
		take_kaslr_offset(arguments, words[1]);
		return 2;
	} else if (streq(option, "--debuginfo")) {
		arguments->explain = session.silent = true;
	} else if (streq(option, "--debuginfod")) {
		allow_debuginfod();
	} else if (streq(option, "--mod")) {
		session.module_directory = argument_of(words, " needs a directory");
		return 2;
	} else if (streq(option, "--src")) {
		session.source_directory = argument_of(words, " needs a directory");
		return 2;
	} else if (streq(option, "--hex")) {
		session.radix = 16;
	} else if (streq(option, "--dec")) {
		session.radix = 10;
	} else if (streq(option, "-h") || streq(option, "--help")) {
		want_help(words[1]);
	} else if (streq(option, "-v") || streq(option, "--version")) {
		printf("crash %s, with GDB %s\n", CRASH_VERSION, gdb_bridge_version());
		exit(0);
	} else if (streq(option, "--man")) {
		manpage_print(stdout, run_options);
		exit(0);
	} else {
		refuse_option(option);
	}
	return 1;
}

static void parse_arguments(struct arguments *arguments, char **words)
{
	VECTOR(char *) files = { 0 };
	bool options_ended = false;

	while (*words) {
		if (!options_ended && streq(*words, "--")) {
			options_ended = true;
			words++;
		} else if (!options_ended && words[0][0] == '-' && words[0][1]) {
			words += parse_option(arguments, words);
		} else {
			*vector_add(&files) = *words++;
		}
	}
	sort_files(arguments, files.items, (int)files.count);
	vector_free(&files);
}

/* What is wrong with the dump though it opened: a line each. */
static void warn_of_remarks(const struct dump *dump)
{
	const char *line = strbuf_text(&dump->remarks);

	while (*line) {
		size_t length = strcspn(line, "\n");

		warn("%.*s", (int)length, line);
		line += length + (line[length] == '\n');
	}
}

/* Only when no file was named: a dump that does not open is never replaced by the running kernel. */
static void open_live(struct strbuf *why)
{
	session.dump = dump_open_live(why);
	if (!session.dump)
		fail("no dump given, and the running kernel's memory cannot be read: %s: %s",
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
		    vmcoreinfo_search(session.dump, kernel_runs, &found))
			take_record(&found);
		else if (!arguments->vmlinux && !session.minimal &&
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
	if (!kernel_is_wanted(&session.vmcoreinfo))
		fail("%s: no kernel is found in it that KASLR moved so far (--kaslr)",
		     session.dump_path);
	if (session.vmcoreinfo.remark && !arguments->question && !arguments->kernel_chosen)
		warn("%s: %s", session.dump_path, session.vmcoreinfo.remark);
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
	if (!arguments->question)
		warn_of_remarks(session.dump);
	find_record(arguments);
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
		fail("%s and %s: neither has what the other lacks", vmlinux.file.path, path);
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

/* What has no names is no source of any: it was of use for telling that the dump is this kernel's. */
static void leave_stripped_vmlinux(void)
{
	if (!session.vmlinux || !vmlinux.stripped)
		return;
	warn("%s has no symbol table and no debug information: names and types come from the dump; "
	     "lines and variables' types need %s",
	     session.vmlinux_path, session_wanted_vmlinux());
	session.vmlinux = NULL;
	session.vmlinux_path = NULL;
	kernel_setup(NULL, &session.vmcoreinfo);
}

/* Copied: a read of one type would otherwise be thousands of reads of the dump. */
static bool dumped_btf(const u8 **data, u64 *size, struct strbuf *why)
{
	const struct symbol *start = symbol_by_name("__start_BTF");
	const struct symbol *stop = symbol_by_name("__stop_BTF");
	struct fault fault;
	u8 *copy;

	if (!start || !stop || stop->value <= start->value ||
	    stop->value - start->value > MAX_BTF_BYTES) {
		strbuf_puts(why, "this kernel carries no BTF (CONFIG_DEBUG_INFO_BTF)");
		return false;
	}
	*size = stop->value - start->value;
	copy = xmalloc(*size);
	if (mem_try_read(start->value, copy, *size, &fault)) {
		*data = copy;
		return true;
	}
	free(copy);
	strbuf_printf(why, "cannot read the kernel's BTF at %016llx: %s",
		      (unsigned long long)fault.address, fault_text(&fault));
	return false;
}

static void open_types(struct strbuf *why)
{
	const u8 *data;
	u64 size, address;
	const struct btf *btf;

	/* A debug-only file has none, though its kernel does. */
	if (!(session.vmlinux && vmlinux_section(&vmlinux, ".BTF", &data, &size, &address)) &&
	    !dumped_btf(&data, &size, why)) {
		if (session.vmlinux)
			strbuf_reset(why);
		return;
	}
	btf = btf_open(data, size, NULL, why);
	if (!btf && session.vmlinux) {
		warn("%s: %s; structures come from its DWARF", session.vmlinux_path,
		     strbuf_text(why));
		strbuf_reset(why);
	}
	if (btf)
		types_set_btf(btf);
}

/* Without BTF gdb answers for structures, out of DWARF; without both, symbols and memory remain. */
static void open_types_of_dwarf(struct strbuf *why)
{
	if (types_available())
		return;
	if (!session.vmlinux) {
		warn("%s: without types there are names, memory and the log; needed is %s",
		     strbuf_text(why), session_wanted_vmlinux());
		coreinfo_types(&session.vmcoreinfo);
		strbuf_reset(why);
		return;
	}
	if (dwarf_types_setup(why))
		return;
	warn("%s has no BTF, and no DWARF either: %s", session.vmlinux_path, strbuf_text(why));
	strbuf_reset(why);
}

/* MATCHES is one of kernel.h's two. With -f a difference is said once, and the files opened. */
static void check_match(struct arguments *arguments, bool (*matches)(struct strbuf *difference))
{
	struct strbuf *difference = scope_strbuf();

	if (!session.vmlinux || arguments->differ || matches(difference))
		return;
	if (!arguments->force)
		fail("%s and %s do not match: %s (-f tries all the same)", session.vmlinux_path,
		     session.dump_path, strbuf_text(difference));
	warn("%s and %s do not match: %s", session.vmlinux_path, session.dump_path,
	     strbuf_text(difference));
	arguments->differ = true;
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
		fail("%s: no vmlinux, and %s%s; needed is %s", session.dump_path, strbuf_text(why),
		     search_problem ? search_problem : "", session_wanted_vmlinux());
	warn("%s: of the kernel's names there are those in VMCOREINFO", strbuf_text(why));
	strbuf_reset(why);
	coreinfo_symbols(&session.vmcoreinfo);
}

/*
 * Where the kernel's image, tables and regions are. What cannot be found is told in one line, and what
 * does not need it works.
 */
static void find_kernel(const struct arguments *arguments, struct strbuf *why)
{
	bool found = x86_64_ops.find_kaslr(session.dump, session.vmlinux, &session.vmcoreinfo,
					   &layout, why);
	struct strbuf *problem = scope_strbuf();

	if (!session.vmlinux)
		load_dumped_symbols(found, why);
	else if (!found && !session.minimal)
		fail("%s with %s: %s (--minimal opens them all the same)", session.dump_path,
		     session.vmlinux_path, strbuf_text(why));
	else if (!symbols_load_vmlinux(&vmlinux, layout.kaslr_offset, problem))
		fail("%s", strbuf_text(problem));
	if (found && x86_64_ops.find_layout(session.dump, &session.vmcoreinfo, &layout, why))
		return;
	/* With another kernel's names nothing but nonsense would follow. */
	if (found && arguments->differ)
		fail("%s with %s: %s", session.dump_path, session.vmlinux_path, strbuf_text(why));
	if (found)
		warn("%s: of the kernel's memory there is its image, and what page tables in the "
		     "dump lead to",
		     strbuf_text(why));
	else
		warn("%s: of its memory there are physical addresses, and symbols are at vmlinux's own",
		     strbuf_text(why));
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
static void set_up_subsystems(struct strbuf *why)
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
	if (session.no_elf_notes)
		session.dump->nr_cpu_notes = session.dump->nr_qemu_notes = 0;
}

/* The list that ARCHITECTURE.md describes: each line stands on those above it. */
static void start_up(void *arg)
{
	struct arguments *arguments = arg;
	struct strbuf *why = scope_strbuf();

	if (!session.dump)
		open_dump(arguments, why);
	open_vmlinux(arguments, why);
	kernel_setup(session.vmlinux, &session.vmcoreinfo);
	check_match(arguments, kernel_record_matches_vmlinux);
	leave_stripped_vmlinux();
	find_kernel(arguments, why);
	memory_init(session.dump, &x86_64_ops, &layout);
	memory_set_zero_excluded(session.zero_excluded);
	open_types(why);
	set_up_subsystems(why);
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

	if (!answered)
		fprintf(stderr, "crash: %s\n", failure.text);
	return fflush(stdout) || !answered;
}

/* The banner reads much of the kernel; a dump in which that fails still gets its prompt. */
static void show_banner(UNUSED void *arg)
{
	banner_print();
}

static void save_session(UNUSED void *arg)
{
	struct saved saved;

	save_dump(save_path, &saved);
}

static void explain(UNUSED void *arg)
{
	oneshot_debug_files(strbuf_text(&places));
}

int main(UNUSED int argc, char **argv)
{
	struct arguments arguments = { 0 };
	struct failure failure;
	int status;

	shell_init();
	parse_arguments(&arguments, argv + 1);
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
	status = shell_main_loop();
	if (save_path && !protect(save_session, NULL, &failure)) {
		fprintf(stderr, "crash: --save: %s\n", failure.text);
		return 1;
	}
	return status;
}
