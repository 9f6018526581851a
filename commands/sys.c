/* sys.c - L6: the sys command: the system page, taints, system calls, DMI strings, the configuration. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../banner.h"
#include "../command.h"
#include "../fail.h"
#include "../gdb_bridge.h"
#include "../kernel.h"
#include "../kfield.h"
#include "../memory.h"
#include "../out.h"
#include "../symbols.h"

#include <zlib.h>

KSYMBOL(sys_call_table, "sys_call_table");
KSYMBOL(dmi_ident, "dmi_ident");
KSYMBOL(kernel_config_data, "kernel_config_data");
KSYMBOL(kernel_config_data_end, "kernel_config_data_end");

#define MAX_SYSCALLS 4096
#define MAX_DMI_FIELDS 256
#define MAX_CONFIG_BYTES (16ULL << 20)

static void print_taints(void)
{
	struct strbuf *letters = scope_strbuf();
	u64 flags = kernel_taint_flags();

	kernel_taint_letters(flags, false, letters);
	out("TAINTED_MASK: %llx  %s\n", (unsigned long long)flags, strbuf_text(letters));
}

/* "../fs/stat.c: 444", or nothing without line numbers. */
static void add_line(u64 function, struct strbuf *text)
{
	struct strbuf *file = scope_strbuf();
	u32 line;

	if (gdb_line_at(function, file, &line, NULL))
		strbuf_printf(text, "%s: %u", strbuf_text(file), line);
}

static bool syscall_wanted(const char *name, u64 number, const char *word)
{
	u64 wanted;

	if (word == NULL)
		return true;
	if (argument_try_number(word, &wanted) && wanted < MAX_SYSCALLS)
		return number == wanted;
	return strstr(name, word) != NULL;
}

static void print_syscalls(const char *word)
{
	u64 table = ksymbol_address(&sys_call_table);
	const struct symbol *symbol = symbol_at(table, NULL);
	u64 count = symbol != NULL ? min_u64(symbol->size / sizeof(u64), MAX_SYSCALLS) : 0;
	u64 *entries = scope_array(count + 1, sizeof(*entries));
	struct strbuf *line = scope_strbuf();
	size_t nr_printed = 0;

	mem_read(table, entries, count * sizeof(*entries), "sys_call_table");
	for (u64 i = 0; i < count; i++) {
		const struct symbol *function = symbol_at(entries[i], NULL);
		char address[24];
		const char *name = address;

		snprintf(address, sizeof(address), "%llx", (unsigned long long)entries[i]);
		if (function != NULL && function->value == entries[i])
			name = function->name;
		if (!syscall_wanted(name, i, word))
			continue;
		if (nr_printed++ == 0)
			out("NUM  SYSTEM CALL                FILE AND LINE NUMBER\n");
		strbuf_reset(line);
		add_line(entries[i], line);
		out("%3llu  %-26s %s\n", (unsigned long long)i, name, strbuf_text(line));
		interrupt_check();
	}
	if (nr_printed == 0 && count == 0)
		fail("the size of sys_call_table is not known");
	if (nr_printed == 0)
		fail("no system call is named or numbered %s", word);
}

/* Firmware strings: an array of pointers, indexed by enum dmi_field. */
static void print_dmi(void)
{
	u64 table = ksymbol_address(&dmi_ident);

	for (s64 i = 0; i < MAX_DMI_FIELDS; i++) {
		const char *name = enumerator_name("dmi_field", i);
		char text[256];
		u64 string;

		if (name == NULL || streq(name, "DMI_STRING_MAX"))
			break;
		string = mem_u64(table + (u64)i * sizeof(u64), "dmi_ident");
		if (string == 0)
			continue;
		mem_string(string, text, sizeof(text), "dmi_ident");
		out("%25s: %s\n", name, text);
	}
}

static void end_inflate(void *stream)
{
	inflateEnd(stream);
}

/* The build configuration: a gzip stream, with a marker of eight letters before and after it in old kernels. */
static void print_config(void)
{
	u64 start, size;
	z_stream *stream = scope_alloc(sizeof(*stream));
	u8 *packed;
	char text[65536];
	int status;

	if (!ksymbol_exists(&kernel_config_data) || !ksymbol_exists(&kernel_config_data_end))
		fail("this kernel was built without its configuration inside (CONFIG_IKCONFIG)");
	start = ksymbol_address(&kernel_config_data);
	size = ksymbol_address(&kernel_config_data_end) - start;
	if (size > MAX_CONFIG_BYTES)
		fail("a configuration of %llu bytes makes no sense", (unsigned long long)size);
	packed = scope_alloc(size + 1);
	mem_read(start, packed, size, "kernel_config_data");
	if (inflateInit2(stream, 16 + MAX_WBITS) != Z_OK)
		fail("zlib cannot start");
	scope_cleanup(end_inflate, stream);
	stream->next_in = packed;
	stream->avail_in = (uInt)size;
	do {
		stream->next_out = (Bytef *)text;
		stream->avail_out = sizeof(text);
		status = inflate(stream, Z_NO_FLUSH);
		if (status != Z_OK && status != Z_STREAM_END)
			fail("the configuration is damaged: %s", stream->msg != NULL ? stream->msg : "cut short");
		out_bytes(text, sizeof(text) - stream->avail_out);
	} while (status != Z_STREAM_END);
}

static void sys_run(struct args *args)
{
	if (args->nr_options > 1 || args->nr_words > 1)
		usage_fail(args);
	if (option_given(args, "panic"))
		fail("a dump cannot be made to panic: this needs a live system");
	if (option_given(args, "c")) {
		print_syscalls(args->nr_words > 0 ? args->words[0] : NULL);
		return;
	}
	if (args->nr_words > 0 && (args->nr_options > 0 || !streq(args->words[0], "config")))
		usage_fail(args);
	if (option_given(args, "t"))
		print_taints();
	else if (option_given(args, "i"))
		print_dmi();
	else if (args->nr_words > 0)
		print_config();
	else
		banner_system();
}

static const struct option sys_options[] = {
	{ "t", NULL, "the kernel's taint mask in hexadecimal, and its letters" },
	{ "c", NULL, "the system call table with the source line of each; or the calls named" },
	{ "i", NULL, "what the firmware says of the machine (DMI)" },
	{ "panic", NULL, "on a live system, make it panic; refused for a dump" },
	{ NULL, NULL, NULL },
};

COMMAND(sys) = {
	.name = "sys",
	.summary = "the machine, its kernel and why it went down",
	.synopsis = "[-t | -c [name | number] | -i | config | -panic]",
	.options = sys_options,
	.description =
		"Without an option: the page that start-up shows. CPUS counts those present; UPTIME is the time\n"
		"since boot, time asleep included. PANIC is the log line that names the cause: of an oops its\n"
		"first line, of any other panic the panic's own text.\n"
		"\n"
		"config prints the configuration that the kernel was built with, if it carries it. After -c, a\n"
		"number names one system call and any other word all whose function contains it. Line numbers\n"
		"need a vmlinux with debug information; the column stays empty without.",
	.example =
		"crash> sys\n"
		"      KERNEL: vmlinux\n"
		"    DUMPFILE: vmcore\n"
		"        CPUS: 2 [OFFLINE: 1]\n"
		"        DATE: Mon Nov 23 02:13:21 UTC 2026\n"
		"      UPTIME: 00:00:12\n"
		"LOAD AVERAGE: 0.23, 0.05, 0.02\n"
		"       TASKS: 142\n"
		"    NODENAME: lab-guest\n"
		"     RELEASE: 5.10.0-32-cloud-amd64\n"
		"     VERSION: #1 SMP Debian 5.10.223-1 (2024-08-10)\n"
		"     MACHINE: x86_64  (2596 Mhz)\n"
		"      MEMORY: 255.5 MB\n"
		"       PANIC: \"Kernel panic - not syncing: sysrq triggered crash\"\n"
		"crash> sys -c readlink\n"
		"NUM  SYSTEM CALL                FILE AND LINE NUMBER\n"
		" 89  __x64_sys_readlink         ../fs/stat.c: 498\n"
		"267  __x64_sys_readlinkat       ../fs/stat.c: 492\n",
	.run = sys_run,
};
