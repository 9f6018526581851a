/* show/banner.c - what start-up says: the notice, the system page and the current task. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/banner.h"

#include "base/colour.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "dump/dumpfile.h"
#include "kernel.h"
#include "shell/command.h"
#include "shell/session.h"
#include "show/contextshow.h"
#include "task.h"

#include <stdio.h>
#include <time.h>

#define LABEL_WIDTH 12

/* One line of the page. TEXT gets the value; what it fails with is shown in its place. */
struct row {
	const char *label;
	void (*value)(struct strbuf *text);
};

static void read_taint(void *flags)
{
	*(u64 *)flags = kernel_taint_flags();
}

static void value_kernel(struct strbuf *text)
{
	u64 taint = 0;

	strbuf_puts(text, session.vmlinux_path != NULL ? session.vmlinux_path
						       : "(no vmlinux: from the dump)");
	if (!protect(read_taint, &taint, NULL))
		strbuf_puts(text, "  [taint flags unreadable]");
	else if (taint != 0)
		strbuf_puts(text, "  [TAINTED]");
}

static void value_system_map(struct strbuf *text)
{
	strbuf_puts(text, session.system_map);
}

static void add_dump_marks(struct strbuf *text, const struct dump *dump)
{
	if (dump->is_partial_vmcore)
		strbuf_puts(text, "  [PARTIAL DUMP]");
	if (dump->incomplete)
		strbuf_puts(text, "  [INCOMPLETE]");
}

/* The parts of a split dump stand under each other. */
static void value_dumpfile(struct strbuf *text)
{
	const struct dump *dump = session.dump;

	for (size_t i = 0; i < dump->nr_files || i == 0; i++) {
		if (i > 0)
			strbuf_puts(text, "\n              ");
		strbuf_puts(text, i == 0 ? session.dump_path : dump->files[i].path);
		add_dump_marks(text, dump);
	}
}

static void value_cpus(struct strbuf *text)
{
	unsigned present = kernel_nr_cpus(), online = kernel_nr_cpus_online();

	if (online >= present)
		strbuf_printf(text, "%u", present);
	else
		strbuf_printf(text, "%u [OFFLINE: %u]", present, present - online);
}

void banner_date(u64 seconds, struct strbuf *text)
{
	time_t time = (time_t)seconds;
	struct tm parts;
	char line[64];

	if (localtime_r(&time, &parts) == NULL ||
	    strftime(line, sizeof(line), "%a %b %e %H:%M:%S %Z %Y", &parts) == 0)
		strbuf_printf(text, "%llu seconds after 1970", seconds);
	else
		strbuf_puts(text, line);
}

static void value_date(struct strbuf *text)
{
	banner_date(kernel_wall_seconds(), text);
}

static void value_uptime(struct strbuf *text)
{
	double uptime = kernel_uptime_seconds();
	unsigned long long seconds = uptime > 0 && uptime < 1e15 ? uptime : 0;

	if (seconds >= 86400)
		strbuf_printf(text, "%llu days, ", seconds / 86400);
	strbuf_printf(text, "%02llu:%02llu:%02llu", seconds / 3600 % 24, seconds / 60 % 60,
		      seconds % 60);
}

static void value_load_average(struct strbuf *text)
{
	double load[3];

	kernel_load_average(load);
	strbuf_printf(text, "%.2f, %.2f, %.2f", load[0], load[1], load[2]);
}

static void value_tasks(struct strbuf *text)
{
	strbuf_printf(text, "%zu", task_count());
}

static void value_nodename(struct strbuf *text)
{
	strbuf_puts(text, kernel_identity()->nodename);
}

static void read_release(void *text)
{
	strbuf_puts(text, kernel_identity()->release);
}

/* What the dump's own header says is as good, where the kernel's memory is missing. */
static void value_release(struct strbuf *text)
{
	struct failure failure;
	char release[65];

	if (protect(read_release, text, &failure))
		return;
	if (vmcoreinfo_string(&session.vmcoreinfo, "OSRELEASE", release, sizeof(release)))
		strbuf_puts(text, release);
	else
		fail_again(&failure);
}

static void value_version(struct strbuf *text)
{
	strbuf_puts(text, kernel_identity()->version);
}

static void value_machine(struct strbuf *text)
{
	unsigned mhz = kernel_cpu_mhz();

	strbuf_puts(text, kernel_identity()->machine);
	if (mhz != 0)
		strbuf_printf(text, "  (%u Mhz)", mhz);
	else
		strbuf_puts(text, "  (unknown Mhz)");
}

/* "255.5 MB", "4 GB": one decimal, none when it is zero. */
static void value_memory(struct strbuf *text)
{
	double megabytes = (double)kernel_memory_bytes() / (1 << 20);
	bool in_gigabytes = megabytes >= 1024;
	char number[64];

	snprintf(number, sizeof(number), "%.1f", in_gigabytes ? megabytes / 1024 : megabytes);
	if (ends_with(number, ".0"))
		number[strlen(number) - 2] = '\0';
	strbuf_printf(text, "%s %s", number, in_gigabytes ? "GB" : "MB");
}

static void value_panic(struct strbuf *text)
{
	strbuf_printf(text, "\"%s\"", kernel_panic_message());
}

static const struct row system_rows[] = {
	{ "KERNEL", value_kernel },   { "DUMPFILE", value_dumpfile },
	{ "CPUS", value_cpus },	      { "DATE", value_date },
	{ "UPTIME", value_uptime },   { "LOAD AVERAGE", value_load_average },
	{ "TASKS", value_tasks },     { "NODENAME", value_nodename },
	{ "RELEASE", value_release }, { "VERSION", value_version },
	{ "MACHINE", value_machine }, { "MEMORY", value_memory },
	{ "PANIC", value_panic },
};

static const struct row map_row = { "SYSTEM MAP", value_system_map };

/* ---- the same for programs: numbers in plain units ---- */

static void json_kernel(UNUSED void *arg)
{
	json_text("kernel", session.vmlinux_path);
	if (session.system_map != NULL)
		json_text("system_map", session.system_map);
}

static void json_tainted(UNUSED void *arg)
{
	json_address("taint_flags", kernel_taint_flags());
}

static void json_dumpfiles(UNUSED void *arg)
{
	const struct dump *dump = session.dump;

	json_list("dumpfiles");
	for (size_t i = 0; i < dump->nr_files || i == 0; i++)
		json_text(NULL, i == 0 ? session.dump_path : dump->files[i].path);
	json_end();
	json_bool("partial", dump->is_partial_vmcore);
	json_bool("incomplete", dump->incomplete);
	json_bool("live", dump->live);
}

static void json_cpus(UNUSED void *arg)
{
	json_number("cpus", kernel_nr_cpus());
	json_number("cpus_online", kernel_nr_cpus_online());
}

static void json_time(UNUSED void *arg)
{
	json_number("time", kernel_wall_seconds());
}

static void json_uptime(UNUSED void *arg)
{
	json_real("uptime_seconds", kernel_uptime_seconds(), 3);
}

static void json_load(UNUSED void *arg)
{
	double load[3];

	kernel_load_average(load);
	json_list("load_average");
	for (size_t i = 0; i < ARRAY_SIZE(load); i++)
		json_real(NULL, load[i], 2);
	json_end();
}

static void json_tasks(UNUSED void *arg)
{
	json_number("tasks", task_count());
}

static void json_release(UNUSED void *arg)
{
	struct strbuf *text = scope_strbuf();

	value_release(text);
	json_text("release", strbuf_text(text));
}

static void json_identity(UNUSED void *arg)
{
	const struct kernel_identity *identity = kernel_identity();

	json_text("nodename", identity->nodename);
	json_text("version", identity->version);
	json_text("machine", identity->machine);
}

static void json_mhz(UNUSED void *arg)
{
	unsigned mhz = kernel_cpu_mhz();

	if (mhz)
		json_number("mhz", mhz);
	else
		json_null("mhz");
}

static void json_memory(UNUSED void *arg)
{
	json_number("memory", kernel_memory_bytes());
}

static void json_panic(UNUSED void *arg)
{
	const char *message = kernel_panic_message();

	json_text("panic", *message ? message : NULL);
}

static void print_json(void)
{
	static const struct {
		const char *key;
		void (*put)(void *arg);
	} parts[] = {
		{ "kernel", json_kernel },
		{ "taint_flags", json_tainted },
		{ "dumpfiles", json_dumpfiles },
		{ "cpus", json_cpus },
		{ "time", json_time },
		{ "uptime_seconds", json_uptime },
		{ "load_average", json_load },
		{ "tasks", json_tasks },
		{ "release", json_release },
		{ "nodename", json_identity },
		{ "mhz", json_mhz },
		{ "memory", json_memory },
		{ "panic", json_panic },
	};

	json_object(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		json_protect(parts[i].key, parts[i].put, NULL);
	json_end();
}

static void print_row(void *arg)
{
	const struct row *row = arg;
	struct strbuf *text = scope_strbuf();
	bool is_split = streq(row->label, "DUMPFILE") && session.dump->nr_files > 1;
	const char *line;

	row->value(text);
	line = scope_printf("%*s: %s", LABEL_WIDTH, is_split ? "DUMPFILES" : row->label,
			    strbuf_text(text));
	if (streq(row->label, "PANIC"))
		line = colour_line(COLOUR_PANIC, line);
	out("%s\n", line);
}

static void print_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct failure failure;
		struct row row = rows[i];

		if (protect_row(print_row, &row, &failure))
			continue;
		failure.text[strcspn(failure.text, "\n")] = '\0';
		out("%*s: (%s)\n", LABEL_WIDTH, row.label, failure.text);
	}
}

void banner_system(void)
{
	if (json_on()) {
		print_json();
		return;
	}
	if (session.system_map != NULL)
		print_rows(&map_row, 1);
	/* The last row is PANIC: what runs has not panicked. */
	print_rows(system_rows, ARRAY_SIZE(system_rows) - session.dump->live);
}

static void show_context(UNUSED void *arg)
{
	contextshow(LABEL_WIDTH);
}

static void print_minimal(void)
{
	struct strbuf *names = scope_strbuf();

	command_minimal_names(names);
	out("%s\n\n", strbuf_text(names));
}

void banner_print(void)
{
	struct failure failure;

	out("\ncrash %s: a debugger for the memory of Linux kernels.\n"
	    "Free software under the GNU General Public License, version 3 or later: you may\n"
	    "share and change it on its terms (file COPYING). It comes without any warranty.\n\n",
	    CRASH_VERSION);
	if (session.minimal) {
		print_minimal();
		return;
	}
	banner_system();
	if (!protect_row(show_context, NULL, &failure))
		out("%*s: (%s)\n", LABEL_WIDTH, "PID", failure.text);
	out("\n");
}
