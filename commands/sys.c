/* commands/sys.c - the command sys: the system page, taints, system calls, DMI strings, the configuration. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/banner.h"
#include "shell/command.h"
#include "base/fail.h"
#include "bridge/gdb_bridge.h"
#include "base/json.h"
#include "kernel.h"
#include "kernel/kernelinfo.h"
#include "memory.h"
#include "shell/nearest.h"
#include "base/out.h"
#include "symbols.h"

#include <errno.h>
#include <stdio.h>

static void print_taints(void)
{
	struct strbuf *letters = scope_strbuf();
	u64 flags = kernel_taint_flags();

	kernel_taint_letters(flags, false, letters);
	if (json_on()) {
		json_object(NULL);
		json_address("taint_flags", flags);
		json_text("letters", strbuf_text(letters));
		json_end();
		return;
	}
	out("TAINTED_MASK: %llx  %s\n", flags, strbuf_text(letters));
}

/* "../fs/stat.c: 444", or nothing without line numbers. */
static void add_line(u64 function, struct strbuf *text)
{
	struct strbuf *file = scope_strbuf();
	u32 line;

	if (gdb_line_at(function, file, &line, NULL))
		strbuf_printf(text, "%s: %u", strbuf_text(file), line);
}

/* A word that could be hexadecimal is a number only if there is such a call. */
static bool syscall_wanted(const char *name, u64 number, size_t count, const char *word)
{
	u64 wanted;

	if (word == NULL)
		return true;
	if (argument_try_number(word, &wanted) && wanted < count)
		return number == wanted;
	return strstr(name, word) != NULL;
}

static void put_json_syscall(size_t number, const char *name, u64 function)
{
	struct strbuf *file = scope_strbuf();
	u32 line;

	interrupt_check();
	json_object(NULL);
	json_number("number", number);
	json_text("name", name);
	json_address("function", function);
	if (gdb_line_at(function, file, &line, NULL)) {
		json_text("file", strbuf_text(file));
		json_number("line", line);
	}
	json_end();
}

/* Without what stands before it: "open" for __x64_sys_open. */
static const char *nearest_syscall(const u64 *functions, size_t count, const char *word)
{
	const char **names = scope_array(count + 1, sizeof(*names));
	size_t nr_names = 0;

	for (size_t i = 0; i < count; i++) {
		const struct symbol *function = symbol_at(functions[i], NULL);
		const char *name = function ? strstr(function->name, "sys_") : NULL;

		if (name)
			names[nr_names++] = name + strlen("sys_");
	}
	return nearest_of(word, names);
}

static void print_syscalls(const char *word)
{
	struct strbuf *line = scope_strbuf();
	size_t count, nr_printed = 0;
	const u64 *functions = kernel_syscalls(&count);

	for (size_t i = 0; i < count; i++) {
		const struct symbol *function = symbol_at(functions[i], NULL);
		const char *name;

		if (function != NULL && function->value == functions[i])
			name = function->name;
		else
			name = scope_printf("%llx", functions[i]);
		if (!syscall_wanted(name, i, count, word))
			continue;
		nr_printed++;
		if (json_on()) {
			put_json_syscall(i, name, functions[i]);
			continue;
		}
		if (nr_printed == 1)
			out("NUM  SYSTEM CALL                FILE AND LINE NUMBER\n");
		strbuf_reset(line);
		add_line(functions[i], line);
		out("%3zu  %-26s %s\n", i, name, strbuf_text(line));
		interrupt_check();
	}
	if (nr_printed == 0)
		fail("no system call is named or numbered %s%s", word,
		     nearest_syscall(functions, count, word));
}

static void print_dmi(void)
{
	const char *name, *value;

	if (json_on())
		json_object(NULL);
	for (s64 i = 0; kernel_dmi_string(i, &name, &value); i++) {
		if (value == NULL)
			continue;
		if (json_on())
			json_text(name, value);
		else
			out("%25s: %s\n", name, value);
	}
	if (json_on())
		json_end();
}

/* {"CONFIG_SMP": "y", ...}; what is not set is left out. */
static void put_json_config(char *text)
{
	char *line, *value;

	json_object(NULL);
	while ((line = strsep(&text, "\n"))) {
		value = strchr(line, '=');
		if (!value || !starts_with(line, "CONFIG_"))
			continue;
		*value++ = '\0';
		if (*value == '"' && ends_with(value + 1, "\"")) {
			value++;
			value[strlen(value) - 1] = '\0';
		}
		json_text(line, value);
	}
	json_end();
}

static void print_config(void)
{
	struct strbuf *text = scope_strbuf();

	kernel_config(text);
	if (json_on()) {
		put_json_config(scope_strdup(strbuf_text(text)));
		return;
	}
	out_bytes(strbuf_text(text), text->length);
}

/* The file asks for no setting of kernel.sysrq, only for root. */
static void panic_machine(void)
{
	static const char trigger[] = "/proc/sysrq-trigger";
	FILE *file;

	if (!memory_is_live())
		fail("a dump cannot be made to panic: this needs a live system");
	file = fopen(trigger, "we");
	if (!file)
		fail("%s: %s", trigger, strerror(errno));
	fputc('c', file);
	if (fclose(file) != 0)
		fail("%s: %s", trigger, strerror(errno));
	fail("the kernel took the order to panic, and runs on (see kernel.sysrq)");
}

static void run_sys(struct args *args)
{
	static const char *const words[] = { "config", NULL };

	if (args->nr_options > 1)
		usage_problem(args, "-%s and -%s exclude each other", args->options[0].option->name,
			      args->options[1].option->name);
	args_check_words(args, "", 0, 1);
	if (option_given(args, "panic"))
		panic_machine();
	if (option_given(args, "c")) {
		print_syscalls(args->nr_words > 0 ? args->words[0] : NULL);
		return;
	}
	if (args->nr_words > 0 && (args->nr_options > 0 || !streq(args->words[0], "config")))
		usage_problem(args, "unexpected argument: %s%s", args->words[0],
			      args->nr_options ? "" : nearest_of(args->words[0], words));
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
	{ "panic", NULL,
	  "panic the running system, at once, through /proc/sysrq-trigger; refused for a dump" },
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
	.example = "crash> sys\n"
		   "      KERNEL: vmlinux\n"
		   "    DUMPFILE: vmcore\n"
		   "        CPUS: 2 [OFFLINE: 1]\n"
		   "        DATE: Thu Nov 26 18:09:46 UTC 2026\n"
		   "      UPTIME: 00:00:37\n"
		   "LOAD AVERAGE: 0.80, 0.21, 0.07\n"
		   "       TASKS: 158\n"
		   "    NODENAME: lab-guest\n"
		   "     RELEASE: 6.12.117+deb13-cloud-amd64\n"
		   "     VERSION: #1 SMP PREEMPT_DYNAMIC Debian 6.12.117-1 (2026-11-12)\n"
		   "     MACHINE: x86_64  (2094 Mhz)\n"
		   "      MEMORY: 255.5 MB\n"
		   "       PANIC: \"Kernel panic - not syncing: sysrq triggered crash\"\n"
		   "crash> sys -c readlink\n"
		   "NUM  SYSTEM CALL                FILE AND LINE NUMBER\n"
		   " 89  __x64_sys_readlink         fs/stat.c: 575\n"
		   "267  __x64_sys_readlinkat       fs/stat.c: 569\n"
		   "crash> sys -t\n"
		   "TAINTED_MASK: 0  \n"
		   "crash> sys -i\n"
		   "          DMI_BIOS_VENDOR: SeaBIOS\n"
		   "...\n",
	.arguments = "=config",
	.run = run_sys,
};
