/* commands/sys.c - the command sys: the system page, taints, system calls, DMI strings, the configuration. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "bridge/gdb_bridge.h"
#include "kernel.h"
#include "kernel/kernelinfo.h"
#include "memory.h"
#include "shell/command.h"
#include "shell/nearest.h"
#include "show/banner.h"
#include "symbols.h"

#include <errno.h>
#include <stdio.h>

static const struct column taint_columns[] = {
	{ "taint_flags", "", CELL_ADDRESS, .before = "TAINTED_MASK: " },
	{ "letters", "", .kind = CELL_TEXT },
	{ 0 },
};

static void put_taints(struct row *row, UNUSED size_t index, UNUSED void *arg)
{
	struct strbuf *letters = scope_strbuf();
	u64 flags = kernel_taint_flags();

	kernel_taint_letters(flags, false, letters);
	row_address(row, flags);
	row_text(row, strbuf_text(letters));
}

static void print_taints(void)
{
	table_show(&ONE_ROW("sys", taint_columns, put_taints, NULL));
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

static const struct column syscall_columns[] = {
	{ "number", "NUM", CELL_NUMBER, .width = 3 },
	{ "name", "SYSTEM CALL", CELL_TEXT, .width = 26 },
	{ "function", NULL, .kind = CELL_ADDRESS },
	{ NULL, "FILE AND LINE NUMBER", CELL_TEXT, .before = " " },
	{ "file", NULL, .kind = CELL_TEXT },
	{ "line", NULL, .kind = CELL_NUMBER },
	{ 0 },
};

struct calls {
	const u64 *functions;
	size_t count;
	const char *word; /* which are wanted; NULL: all */
};

static void put_syscall(struct row *row, size_t index, void *arg)
{
	const struct calls *calls = arg;
	u64 address = calls->functions[index];
	const struct symbol *function = symbol_at(address, NULL);
	struct strbuf *file = scope_strbuf();
	const char *name;
	u32 line;

	if (function != NULL && function->value == address)
		name = function->name;
	else
		name = scope_printf("%llx", address);
	if (!syscall_wanted(name, index, calls->count, calls->word)) {
		row_skip(row);
		return;
	}
	row_number(row, index);
	row_text(row, name);
	row_address(row, address);
	if (gdb_line_at(address, file, &line, NULL)) {
		row_text(row, scope_printf("%s: %u", strbuf_text(file), line));
		row_text(row, strbuf_text(file));
		row_number(row, line);
		return;
	}
	row_text(row, "");
	row_none(row);
	row_none(row);
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
	struct calls calls = { .word = word };
	size_t nr_shown;

	calls.functions = kernel_syscalls(&calls.count);
	nr_shown = table_show(&(struct table){ .name = "sys",
					       .columns = syscall_columns,
					       .count = calls.count,
					       .put = put_syscall,
					       .arg = &calls,
					       .headings = HEADINGS_WITH_ROWS });
	if (nr_shown == 0)
		fail("no system call is named or numbered %s%s", word,
		     nearest_syscall(calls.functions, calls.count, word));
}

struct dmi_field {
	s64 index;
	const char *name, *value; /* no value: the machine has none */
	bool exists;
};

static void read_dmi(void *arg)
{
	struct dmi_field *field = arg;

	field->exists = kernel_dmi_string(field->index, &field->name, &field->value);
}

static void put_dmi_field(struct row *row, void *arg)
{
	struct dmi_field field = { .index = *(const s64 *)arg };

	read_dmi(&field);
	if (field.value)
		row_text(row, field.value);
	else
		row_none(row);
}

static void put_dmi(struct row *row, UNUSED size_t index, void *count)
{
	for (s64 i = 0; i < *(s64 *)count; i++)
		row_protect(row, put_dmi_field, &i);
}

/* A string that cannot be read costs its own line. The kernel says which there are: 24 today. */
static void print_dmi(void)
{
	struct column columns[TABLE_COLUMNS_MAX + 1] = { 0 };
	struct failure failure;
	s64 count = 0;

	for (; count < TABLE_COLUMNS_MAX; count++) {
		struct dmi_field field = { .index = count };

		bool worked = protect_row(read_dmi, &field, &failure);

		if (!worked && count == 0)
			fail_again(&failure); /* then all are out of reach */
		if (worked ? !field.exists : !field.name)
			break;
		columns[count].key = columns[count].heading = field.name;
	}
	table_show(&ONE_ROW("sys", columns, put_dmi, &count, .labels = 25));
}

/* {"CONFIG_SMP": "y", ...}: programs do not get what is not set. */
static const struct column config_columns[] = {
	{ NULL, "", .kind = CELL_TEXT },
	{ "name", NULL, .kind = CELL_TEXT },
	{ "value", NULL, .kind = CELL_TEXT },
	{ 0 },
};

static void put_setting(struct row *row, size_t index, void *arg)
{
	const char *line = ((const char *const *)arg)[index], *value = strchr(line, '=');
	size_t length;

	row_text(row, line);
	if (!value || !starts_with(line, "CONFIG_")) {
		row_none(row);
		row_none(row);
		return;
	}
	row_text(row, scope_printf("%.*s", (int)(value - line), line));
	value++;
	length = strlen(value);
	if (length > 1 && *value == '"' && value[length - 1] == '"')
		value = scope_printf("%.*s", (int)length - 2, value + 1);
	row_text(row, value);
}

static void print_config(void)
{
	struct strbuf *text = scope_strbuf();
	char *rest, *line;
	const char **lines;
	size_t count = 0;

	kernel_config(text);
	lines = scope_array(text->length + 1, sizeof(*lines));
	rest = scope_strdup(strbuf_text(text));
	while ((line = strsep(&rest, "\n")) && (rest || *line))
		lines[count++] = line;
	table_show(&(struct table){ .name = "sys",
				    .columns = config_columns,
				    .count = count,
				    .put = put_setting,
				    .arg = lines,
				    .headings = HEADINGS_NEVER,
				    .pairs = true });
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
	fail("the kernel accepted the order to panic, but runs on (see kernel.sysrq)");
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
	{ "i", NULL, "what the firmware says about the machine (DMI)" },
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
		"Without an option, shows what a session shows at its start. CPUS counts the CPUs "
		"present; UPTIME is the time since boot, sleep included. PANIC is the log line "
		"that names the cause: the first line of an oops, or the text of any other "
		"panic.\n"
		"\n"
		"config prints the configuration that the kernel was built with, if the kernel "
		"carries it. After -c, a number names one system call; any other word all those "
		"whose function's name contains it. Line numbers need a vmlinux with debug "
		"information; without one the column is empty.",
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
