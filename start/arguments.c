/* start/arguments.c - the words of the command line: files, options, and what a run refuses. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One table has every option with its help, its effect, or the reason why it has none; usage and
 * manual page are made from it.
 */
#include "start/arguments.h"

#include "arch.h"
#include "base/debug.h"
#include "base/fail.h"
#include "base/out.h"
#include "base/progress.h"
#include "bridge/gdb_bridge.h"
#include "dump/filekind.h"
#include "dump/unpack.h"
#include "kernel/kernelsearch.h"
#include "names/debuginfod.h"
#include "names/systemmap.h"
#include "names/vmlinux.h"
#include "shell/command.h"
#include "shell/gdb_settings.h"
#include "shell/help.h"
#include "shell/input.h"
#include "shell/manpage.h"
#include "shell/modfile.h"
#include "shell/nearest.h"
#include "shell/outcome.h"
#include "shell/process.h"
#include "shell/session.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <sys/mman.h>
#include <unistd.h>

struct known_option {
	struct run_option text; /* no help: not offered */
	const char *refusal; /* why the run cannot go on with it */
	const char *warning; /* why it changes nothing */
	bool *flag; /* gets VALUE */
	bool value;
	const char *variable; /* of `set`, which gets SETTING or the option's argument */
	const char *setting;
	/* ARGUMENT is NULL when the option has none. */
	void (*take)(struct arguments *arguments, const char *argument);
	enum oneshot question;
};

/* The window of the kernel's image ends in a large page, and before the 16 MB of fixed mappings. */
#define LARGE_PAGE (2ULL << 20)
#define LONGEST_IMAGE 0x7f000000ULL

static struct layout_wishes wishes;

static noreturn void usage_error(const char *problem, const char *word)
{
	fprintf(stderr, "crash: %s%s\n", problem, word);
	fputs("Try \"crash --help\".\n", stderr);
	exit(1);
}

/* ---- What options do ---- */

static void be_silent(UNUSED struct arguments *arguments, UNUSED const char *argument)
{
	session.silent = true;
	pager_settings.scroll = false;
	progress_silence();
}

static void take_input_file(UNUSED struct arguments *arguments, const char *argument)
{
	/* Now, not after a session of half an hour's work in front of it. */
	if (access(argument, R_OK) != 0) {
		fprintf(stderr, "crash: -i: cannot read the commands in %s: %m\n", argument);
		exit(1);
	}
	input_add_file(argument);
}

static void take_command(struct arguments *arguments, const char *argument)
{
	input_add_command(argument);
	be_silent(arguments, NULL);
}

static void take_force(struct arguments *arguments, UNUSED const char *argument)
{
	arguments->force = true;
}

/*
 * A file that is written at the end, or after long work: what would be in its way then is told now.
 */
static void check_new_file(const char *option, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? xstrndup(path, slash + 1 - path) : xstrdup(".");

	if (access(path, F_OK) == 0) {
		fprintf(stderr,
			"crash: %s: there is a file of that name: %s (it is not overwritten)\n",
			option, path);
		exit(1);
	}
	if (access(folder, W_OK | X_OK) != 0) {
		fprintf(stderr, "crash: %s: no file can be made in %s: %m\n", option, folder);
		exit(1);
	}
	free(folder);
}

static void take_save_path(struct arguments *arguments, const char *argument)
{
	check_new_file("--save", argument);
	arguments->save_path = argument;
}

static void take_elf_path(struct arguments *arguments, const char *argument)
{
	check_new_file("-o", argument);
	arguments->elf_path = argument;
}

static void take_module_directory(UNUSED struct arguments *arguments, const char *argument)
{
	modfile_set_directory(argument);
}

static void take_source_directory(UNUSED struct arguments *arguments, const char *argument)
{
	gdb_settings.source_directory = argument;
}

static void explain_files(struct arguments *arguments, UNUSED const char *argument)
{
	arguments->explain = session.silent = true;
}

static void allow_debuginfod(UNUSED struct arguments *arguments, UNUSED const char *argument)
{
	struct strbuf why = { 0 };

	if (!debuginfod_allow(&why))
		usage_error("--debuginfod: ", strbuf_text(&why));
}

static void find_system_map(struct arguments *arguments, UNUSED const char *argument)
{
	arguments->find_system_map = true;
}

/* How far the kernel lies from where its vmlinux says: OFFSET higher. */
static void want_offset(struct arguments *arguments, u64 offset)
{
	kernel_want(offset);
	wishes.has_kaslr_offset = true;
	wishes.kaslr_offset = offset;
	arguments->kernel_chosen = true;
}

static void take_kaslr_offset(struct arguments *arguments, const char *word)
{
	u64 offset;

	if (streq(word, "auto"))
		return;
	if (streq(word, "off"))
		word = "0";
	if (!parse_u64(starts_with(word, "0x") ? word + 2 : word, 16, &offset))
		usage_error("--kaslr: not a hexadecimal number: ", word);
	want_offset(arguments, offset);
}

/*
 * As crash reads it: decimal, also with k, m or g behind it, unless 0x or a letter shows that
 * it is hexadecimal.
 */
static bool parse_bytes(const char *word, u64 *number)
{
	static const char units[] = "kmg";
	size_t length = strlen(word), digits = strspn(word, "0123456789");
	const char *unit = digits + 1 == length ? strchr(units, word[digits] | 0x20) : NULL;
	char text[32];

	if (!digits && !*word)
		return false;
	if (starts_with(word, "0x"))
		return parse_u64(word + 2, 16, number);
	if (digits == length)
		return parse_u64(word, 10, number);
	if (!unit)
		return parse_u64(word, 16, number);
	snprintf(text, sizeof(text), "%.*s", (int)digits, word);
	if (!parse_u64(text, 10, number) || *number > UINT64_MAX >> 30)
		return false;
	*number <<= 10 * (unit - units + 1);
	return true;
}

/* --kaslr counts up from vmlinux's addresses, this down: so much lower is the kernel. */
static void take_relocation(struct arguments *arguments, const char *word)
{
	bool negative = *word == '-';
	u64 size;

	if (!parse_bytes(word + negative, &size))
		usage_error("--reloc: not a number: ", word);
	want_offset(arguments, negative ? size : -size);
}

/* The kernel's masks are no guess, and a CPU without its data would be none. */
static void check_cpus(UNUSED struct arguments *arguments, const char *argument)
{
	warn("--cpus %s is ignored: the kernel's own masks say which CPUs there are", argument);
}

/* What other machines and other programs need is found in the kernel itself. */
static void ignore_machine_setting(const char *setting)
{
	static const struct {
		const char *start, *reason;
	} ignored[] = {
		{ "irq_eframe_link",
		  "where an interrupt came from is found by the kernel's own unwind tables" },
		{ "irq_stack_gap",
		  "where an interrupt came from is found by the kernel's own unwind tables" },
		{ "max_physmem_bits", "the kernel's own tables of memory say how large they are" },
		{ "vm=orig", "that layout is of kernels before v2.6.11" },
		{ "vm=2.6.11", "that layout is of kernels before v2.6.27" },
		{ "vm=xen", "kernels that know of Xen when they are compiled are not read" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++) {
		if (starts_with(setting, ignored[i].start)) {
			warn("--machdep %s is ignored: %s", setting, ignored[i].reason);
			return;
		}
	}
	warn("--machdep %s is ignored: it is no setting of x86_64", setting);
}

static u64 machine_number(const char *setting)
{
	u64 number;

	if (!parse_bytes(strchr(setting, '=') + 1, &number))
		usage_error("--machdep: not a number: ", setting);
	return number;
}

static void take_machine_setting(struct arguments *arguments, const char *setting)
{
	if (starts_with(setting, "phys_base=")) {
		arguments->kernel_chosen = wishes.has_phys_base = true;
		wishes.phys_base = machine_number(setting);
	} else if (starts_with(setting, "page_offset=")) {
		wishes.has_page_offset = true;
		wishes.page_offset = machine_number(setting);
	} else if (starts_with(setting, "kernel_image_size=")) {
		wishes.kernel_image_bytes = machine_number(setting);
		if (!wishes.kernel_image_bytes || wishes.kernel_image_bytes % LARGE_PAGE ||
		    wishes.kernel_image_bytes > LONGEST_IMAGE)
			usage_error("--machdep: not the size of a kernel's window: ", setting);
	} else if (streq(setting, "vm=5level")) {
		wishes.levels = 5;
	} else {
		ignore_machine_setting(setting);
	}
}

static void take_machine_settings(struct arguments *arguments, const char *argument)
{
	char *words = xstrdup(argument), *rest = words, *word;

	while ((word = strsep(&rest, ",")))
		take_machine_setting(arguments, word);
	free(words);
}

static void take_page_bytes(UNUSED struct arguments *arguments, const char *argument)
{
	u64 number;

	if (!parse_u64(argument, 0, &number) || number != PAGE_BYTES)
		warn("-p %s is ignored: pages of x86_64 have 4096 bytes", argument);
}

/* Numbers that size tables of crash, which have no such limit here. */
static void check_number(UNUSED struct arguments *arguments, const char *argument)
{
	u64 number;

	if (!parse_u64(argument, 0, &number) || !number)
		warn("the size of a table, %s, is ignored: tables grow as they need", argument);
}

/* Pages as they come to be used: a mapped dump of many gigabytes need not fit. */
static void lock_memory(UNUSED struct arguments *arguments, UNUSED const char *argument)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
		warn("-L: memory cannot be locked: %s", strerror(errno));
}

static void take_active(struct arguments *arguments, UNUSED const char *argument)
{
	arguments->only_active = true;
}

static void leave_out_modules(struct arguments *arguments, UNUSED const char *argument)
{
	arguments->no_modules = true;
}

static void leave_out_panic(struct arguments *arguments, UNUSED const char *argument)
{
	arguments->no_panic = true;
}

static void leave_out_registers(struct arguments *arguments, UNUSED const char *argument)
{
	arguments->no_elf_notes = true;
}

static void take_json(struct arguments *arguments, UNUSED const char *argument)
{
	arguments->json = outcome_settings.exit_status = true;
}

static void ask_debugging_data(struct arguments *arguments, UNUSED const char *argument)
{
	arguments->ask_debugging_data = true;
}

static void print_version(UNUSED struct arguments *arguments, UNUSED const char *argument)
{
	printf("crash %s, with GDB %s\n", CRASH_VERSION, gdb_bridge_version());
	exit(0);
}

/* What a report of a mistake should say of the program. */
static void print_build(UNUSED struct arguments *arguments, UNUSED const char *argument)
{
	printf("  version: %s\n"
	       "      gdb: %s, %s Python\n"
	       "   target: x86_64\n"
	       " compiler: %s\n"
	       "    pages: zlib lzo snappy zstd\n"
	       "    files: gzip bzip2 xz zstd lz4\n",
	       CRASH_VERSION, gdb_bridge_version(), gdb_bridge_has_python() ? "with" : "without",
	       __VERSION__);
	exit(0);
}

static void want_help(struct arguments *arguments, const char *argument);
static void want_manual(struct arguments *arguments, const char *argument);

/* ---- The table ---- */

static bool accepted; /* what options set that need no effect here */

#define ACCEPTED .flag = &accepted, .value = true
#define NO_XEN "Xen's hypervisor and the guests inside its dumps are not read"
#define NO_MODULE "a running kernel is read through /proc/kcore or /dev/mem"
#define NO_SAVEVM "state files of QEMU are not read: dump-guest-memory writes a dump"

/* In the order of the usage text. */
static const struct known_option known_options[] = {
	{ { "-s", NULL, "no banner, no pager, no echo of commands" }, .take = be_silent },
	{ { "-i", "FILE", "run the commands in FILE first; may be given again" },
	  .take = take_input_file },
	{ { "--exec", "COMMAND",
	    "run COMMAND and exit; may be given again, and -i files run in their turn; "
	    "implies -s" },
	  .take = take_command },
	{ { "--fail-fast", NULL, "end at the first command that fails" },
	  .flag = &outcome_settings.fail_fast,
	  .value = true },
	{ { "--exit-status", NULL,
	    "the status is 2 when a command failed, as with --exec, --json and --fail-fast" },
	  .flag = &outcome_settings.exit_status,
	  .value = true },
	{ { "--json", NULL,
	    "every command answers in JSON, an object a line, and a last line with its status" },
	  .take = take_json },
	{ { "-f", NULL, "open a VMLINUX even if it is of another build" }, .take = take_force },
	{ { "-S", NULL, "names come from /boot/System.map-RELEASE or /boot/System.map" },
	  .take = find_system_map },
	{ { "--save", "FILE",
	    "at the end, write the pages that were read into FILE, a small dump" },
	  .take = take_save_path },
	{ { "-o", "FILE", "write the raw memory given as IMAGE@ADDRESS into FILE, an ELF dump" },
	  .take = take_elf_path },
	{ { "--mod", "DIR", "look for object files of modules below DIR (mod -s, mod -S)" },
	  .take = take_module_directory },
	{ { "--debuginfo", NULL,
	    "list every place looked at for the debug information of the kernel and its modules, "
	    "and exit" },
	  .take = explain_files },
	{ { "--debuginfod", NULL,
	    "ask the servers in DEBUGINFOD_URLS, by build-id, "
	    "for what is in none of the usual places" },
	  .take = allow_debuginfod },
	{ { "--readnow", NULL,
	    "gdb reads all debug information when it first needs some, not piece by piece" },
	  .flag = &gdb_settings.read_now,
	  .value = true },
	{ { "--kaslr", "OFFSET",
	    "take the kernel that KASLR moved by OFFSET (hexadecimal), \"off\" or \"auto\"" },
	  .take = take_kaslr_offset },
	{ { "--reloc", "SIZE", "the kernel lies SIZE bytes below the addresses in its vmlinux" },
	  .take = take_relocation },
	{ { "--machdep", "SETTING[,...]",
	    "also -m: phys_base=, page_offset=, kernel_image_size= NUMBER, vm=5level, "
	    "for dumps that do not tell" },
	  .take = take_machine_settings },
	{ { "-m", "SETTING", NULL }, .take = take_machine_settings },
	{ { "--src", "DIR", "look for the kernel's source files below DIR (dis -s)" },
	  .take = take_source_directory },
	{ { "--hex", NULL, "numbers in base 16 at the start" },
	  .variable = "radix",
	  .setting = "16" },
	{ { "--dec", NULL, "numbers in base 10 at the start" },
	  .variable = "radix",
	  .setting = "10" },
	{ { "--offline", "show | hide", "show or hide offline CPUs" }, .variable = "offline" },
	{ { "--active", NULL, "only the active task of each CPU is known" }, .take = take_active },
	{ { "-e", "vi | emacs", "the keys that edit command lines" }, .variable = "edit" },
	{ { "--more", NULL, "the pager is more" }, .variable = "scroll", .setting = "more" },
	{ { "--less", NULL, "the pager is less" }, .variable = "scroll", .setting = "less" },
	{ { "--CRASHPAGER", NULL, "the pager is that of the environment variable CRASHPAGER" },
	  .variable = "scroll",
	  .setting = "CRASHPAGER" },
	{ { "--no_scroll", NULL, "no pager" }, .flag = &pager_settings.scroll, .value = false },
	{ { "-d", "NUMBER", "the variable debug at the start: 1, 4 or 8 (help set)" },
	  .variable = "debug" },
	{ { "-c", "TTY", "the variable console at the start" }, .variable = "console" },
	{ { "-L", NULL, "lock the program's memory, so that it is never swapped out" },
	  .take = lock_memory },
	{ { "--zero_excluded", NULL, "pages excluded from the dump read as zeroes" },
	  .variable = "zero_excluded",
	  .setting = "on" },
	{ { "--minimal", NULL, "only commands like log, rd and sym, for badly damaged dumps" },
	  .flag = &session.minimal,
	  .value = true },
	{ { "--no_modules", NULL, "leave out modules and their symbols" },
	  .take = leave_out_modules },
	{ { "--no_panic", NULL, "do not look for the task that panicked: start at that of CPU 0" },
	  .take = leave_out_panic },
	{ { "--no_elf_notes", NULL, "leave out the registers that the dump's notes have" },
	  .take = leave_out_registers },
	{ { "--kmem_cache_delay", NULL, "accepted: slab caches are read when a command asks" },
	  ACCEPTED },
	{ { "--no_kmem_cache", NULL, "accepted: the same" }, ACCEPTED },
	{ { "--no_data_debug", NULL, "the variable data_debug off at the start" },
	  .flag = &debug_names,
	  .value = false },
	{ { "--no_ikconfig", NULL,
	    "accepted: the kernel's configuration is read by \"sys config\" alone" },
	  ACCEPTED },
	{ { "--no_kallsyms", NULL, "accepted: object files are not read for symbols" }, ACCEPTED },
	{ { "--no_strip", NULL, "accepted: names of functions are shown in full" }, ACCEPTED },
	{ { "--no_crashrc", NULL, "no .crashrc is read" }, ACCEPTED },
	{ { "--smp", NULL, "accepted: the kernel itself says which CPUs it has" }, ACCEPTED },
	{ { "--cpus", "NUMBER", "accepted: the same" }, .take = check_cpus },
	{ { "-x", NULL,
	    "accepted: there are no extension modules, every command is part of the program" },
	  ACCEPTED },
	{ { "--hash", "NUMBER", "accepted: tables grow as they need" }, .take = check_number },
	{ { "--max-malloc-bufs", "NUMBER", "accepted: buffers have no such limit" },
	  .take = check_number },
	{ { "-p", "BYTES", "accepted: pages have 4096 bytes" }, .take = take_page_bytes },
	{ { "--osrelease", "DUMP", "print the kernel release of DUMP and exit" },
	  .question = ONESHOT_OSRELEASE },
	{ { "--build-id", "DUMP", "print the build-id of its kernel and exit" },
	  .question = ONESHOT_BUILD_ID },
	{ { "--log", "DUMP", "print its kernel's messages and exit" }, .question = ONESHOT_LOG },
	{ { "-t", "DUMP", "print the time of its crash and exit" }, .question = ONESHOT_TIME },
	{ { "-g", "VMLINUX", "say which debugging data VMLINUX has and exit" },
	  .take = ask_debugging_data },
	{ { "-h", "[COMMAND]", "this text, or the help of a command; also --help" },
	  .take = want_help },
	{ { "--help", NULL, NULL }, .take = want_help },
	{ { "-v", NULL, "version, and the GDB inside; also --version" }, .take = print_version },
	{ { "--version", NULL, NULL }, .take = print_version },
	{ { "--buildinfo", NULL, "how the program was built" }, .take = print_build },
	{ { "--man", NULL, "the manual page, as man(7) source" }, .take = want_manual },
	/*
	 * Options of crash that have nothing to set here: the session that was asked for begins
	 * all the same.
	 */
	{ { "-k", NULL, NULL },
	  .warning = "kerntypes files of LKCD are not read: types come from BTF or DWARF" },
	{ { "--kvmhost", "BITS", NULL }, .warning = NO_SAVEVM },
	{ { "--kvmio", "BYTES", NULL }, .warning = NO_SAVEVM },
	{ { "--p2m_mfn", "MFN", NULL }, .warning = NO_XEN },
	{ { "--xen_phys_start", "ADDRESS", NULL }, .warning = NO_XEN },
	{ { "--memory_module", "NAME", NULL }, .warning = NO_MODULE },
	{ { "--memory_device", "NAME", NULL }, .warning = NO_MODULE },
	/* The session would be about another program's memory. */
	{ { "--hyper", NULL, NULL }, .refusal = NO_XEN },
};

/* Those that have a help text. */
static void print_with_options(void (*print)(FILE *stream, const struct run_option *options))
{
	struct run_option options[ARRAY_SIZE(known_options) + 1];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(known_options); i++) {
		if (known_options[i].text.help)
			options[count++] = known_options[i].text;
	}
	options[count] = (struct run_option){ 0 };
	print(stdout, options);
	exit(0);
}

static void print_help(void *name)
{
	help_command(name);
}

static void want_help(UNUSED struct arguments *arguments, const char *argument)
{
	struct failure failure;

	if (!argument)
		print_with_options(usage_print);
	/* A reader that had enough has no text. */
	if (protect(print_help, (void *)argument, &failure) || !*failure.text)
		exit(0);
	fprintf(stderr, "crash: %s\n", failure.text);
	exit(1);
}

static void want_manual(UNUSED struct arguments *arguments, UNUSED const char *argument)
{
	print_with_options(manpage_print);
}

/* ---- Files ---- */

/* The ELF header of a file that may be packed; false: it has none. */
static bool read_elf_header(const char *path, Elf64_Ehdr *header)
{
	struct strbuf why = { 0 };
	struct file_map map;
	bool result = false;

	if (file_map_open(&map, path, &why)) {
		const void *start = file_map_at(&map, 0, sizeof(*header));

		if (start)
			memcpy(header, start, sizeof(*header));
		result = (start && !unpack_kind(&map)) ||
			 unpack_start(&map, header, sizeof(*header));
		result = result && memcmp(header->e_ident, ELFMAG, SELFMAG) == 0;
		file_map_close(&map);
	}
	strbuf_free(&why);
	return result;
}

/* A vmlinux is an ELF file that is no core file. What is neither goes to the dump readers. */
static bool looks_like_vmlinux(const char *path)
{
	Elf64_Ehdr header;
	u16 type;

	if (!read_elf_header(path, &header))
		return false;
	type = header.e_type;
	if (header.e_ident[EI_DATA] == ELFDATA2MSB)
		type = __builtin_bswap16(type);
	return type != ET_CORE;
}

/* By its header alone. */
static bool may_be_kernel(const char *path)
{
	Elf64_Ehdr header;

	return read_elf_header(path, &header) && header.e_ident[EI_DATA] == ELFDATA2LSB &&
	       header.e_machine == EM_X86_64 &&
	       (header.e_type == ET_EXEC || header.e_type == ET_DYN);
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

/* Only compressed kdumps come in parts; what makedumpfile -F wrote holds one as well. */
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

/* Two files, none of them a vmlinux: the first was meant as one, and says what it is. */
static void refuse_as_vmlinux(const char *path)
{
	struct strbuf why = { 0 };
	struct vmlinux opened;

	if (describe_packed(path, &why) || !vmlinux_open(&opened, path, &why)) {
		fprintf(stderr, "crash: %s: %s\n", path, strbuf_text(&why));
		exit(1);
	}
	vmlinux_close(&opened);
}

static void sort_files(struct arguments *arguments, char **paths)
{
	for (; *paths; paths++) {
		if (!arguments->vmlinux && looks_like_vmlinux(*paths))
			arguments->vmlinux = *paths;
		else if (!arguments->partner && looks_like_vmlinux(*paths))
			arguments->partner = *paths;
		else if (!arguments->system_map && is_system_map(*paths))
			arguments->system_map = *paths;
		else if (arguments->nr_dumps < ARRAY_SIZE(arguments->dumps))
			arguments->dumps[arguments->nr_dumps++] = *paths;
		else
			usage_error("too many files: ", *paths);
	}
	/*
	 * "crash VMLINUX FILE" of the running kernel has two of its files; any other ELF file was
	 * meant as a dump.
	 */
	if (arguments->partner && !arguments->nr_dumps && !is_kernel(arguments->partner)) {
		arguments->dumps[arguments->nr_dumps++] = arguments->partner;
		arguments->partner = NULL;
	}
	/*
	 * One file alone: with a kernel it is the running one that is asked about, any other was
	 * meant as a dump.
	 */
	if (arguments->vmlinux && !arguments->partner && !arguments->nr_dumps &&
	    !input_files.dumpfile && !may_be_kernel(arguments->vmlinux)) {
		arguments->dumps[arguments->nr_dumps++] = arguments->vmlinux;
		arguments->vmlinux = NULL;
	}
	if (!arguments->vmlinux && arguments->nr_dumps > 1 && !arguments->question &&
	    !looks_like_part(arguments->dumps[0]))
		refuse_as_vmlinux(arguments->dumps[0]);
}

/* ---- Parsing ---- */

static void run_set(void *line)
{
	command_run(command_find("set"), line);
}

static void set_quietly(void *line)
{
	struct strbuf *ignored = scope_strbuf();

	out_capture(run_set, line, ignored);
}

/* As `set VARIABLE SETTING`. One that is no setting changes nothing, which those words say. */
static void set_variable(const struct known_option *option, const char *setting)
{
	char *line = xasprintf("%s %s", option->variable, setting);
	struct failure failure;

	if (!protect(set_quietly, line, &failure))
		warn("%s is ignored: %s", option->text.name, failure.text);
	free(line);
}

static void take_option(struct arguments *arguments, const struct known_option *option,
			const char *argument)
{
	if (option->refusal) {
		fprintf(stderr, "crash: %s is not offered: %s\n", option->text.name,
			option->refusal);
		exit(1);
	}
	if (option->warning)
		warn("%s%s%s is ignored: %s", option->text.name, argument ? " " : "",
		     argument ? argument : "", option->warning);
	if (option->flag)
		*option->flag = option->value;
	if (option->variable)
		set_variable(option, argument ? argument : option->setting);
	if (option->question)
		arguments->question = option->question;
	if (option->take)
		option->take(arguments, argument);
}

/* Questions, -g and -h name their file in the help, but it is a file among the others. */
static bool has_argument(const struct known_option *option)
{
	return option->text.argument && !option->question && option->take != ask_debugging_data &&
	       option->take != want_help;
}

static const struct known_option *option_named(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_options); i++) {
		const char *known = known_options[i].text.name;

		if (strlen(known) == length && memcmp(known, name, length) == 0)
			return &known_options[i];
	}
	return NULL;
}

/*
 * A long option may be cut short, as long as it is the start of no other. NULL: it is of none,
 * or of several.
 */
static const struct known_option *option_abbreviated(const char *start, size_t length)
{
	const struct known_option *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(known_options) && length > strlen("--"); i++) {
		if (strncmp(known_options[i].text.name, start, length) != 0)
			continue;
		if (found)
			return NULL;
		found = &known_options[i];
	}
	return found;
}

static noreturn void unknown_option(const char *word, size_t length)
{
	const char *names[ARRAY_SIZE(known_options) + 1] = { 0 };
	size_t count = 0;

	/* One letter is as near to any other. */
	for (size_t i = 0; i < ARRAY_SIZE(known_options) && starts_with(word, "--"); i++) {
		if (known_options[i].text.help)
			names[count++] = known_options[i].text.name;
	}
	fprintf(stderr, "crash: unknown option: %s%s\nTry \"crash --help\".\n", word,
		nearest_of(scope_printf("%.*s", (int)length, word), names));
	exit(1);
}

static size_t parse_option(struct arguments *arguments, char **words);

/* "-sf": what stands behind -s in its word are options as well. */
static size_t parse_glued_options(struct arguments *arguments, const char *letters, char **words)
{
	size_t taken = letters - words[0] - 1;

	if (*letters == '-') /* "-s-x" would be "--x" */
		usage_error("unknown option: ", words[0]);
	words[0] += taken;
	words[0][0] = '-';
	return parse_option(arguments, words);
}

/*
 * Takes the option that WORDS starts with, with its argument: the next word, or glued to
 * it (-d1, --mod=DIR).
 */
static size_t parse_option(struct arguments *arguments, char **words)
{
	const char *word = words[0], *glued = NULL;
	size_t length = starts_with(word, "--") ? strcspn(word, "=") : 2;
	const struct known_option *option = option_named(word, length);

	if (word[length])
		glued = word + length + (word[1] == '-');
	if (!option && word[1] == '-')
		option = option_abbreviated(word, length);
	if (!option)
		unknown_option(word, length);
	if (glued && word[1] == '-' && !has_argument(option))
		usage_error("unknown option: ", word);
	if (option->take == want_help) {
		want_help(arguments, glued ? glued : words[1]);
	} else if (!has_argument(option)) {
		take_option(arguments, option, NULL);
		return glued ? parse_glued_options(arguments, glued, words) : 1;
	}
	if (!glued && !words[1]) {
		fprintf(stderr, "crash: %s needs an argument: %s\n", option->text.name,
			option->text.argument);
		exit(1);
	}
	take_option(arguments, option, glued ? glued : words[1]);
	return glued ? 1 : 2;
}

void arguments_parse(struct arguments *arguments, char **words)
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
	*vector_add(&files) = NULL;
	sort_files(arguments, files.items);
	vector_free(&files);
	/* .crashrc's, where there are none. */
	if (!arguments->vmlinux)
		arguments->vmlinux = input_files.namelist;
	if (!arguments->nr_dumps && input_files.dumpfile && !arguments->question)
		arguments->dumps[arguments->nr_dumps++] = input_files.dumpfile;
	x86_64_ops.wish(&wishes);
}
