/* show/banner.c - what start-up says: the notice, the system page and the current task. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/banner.h"

#include "base/fail.h"
#include "base/out.h"
#include "base/table.h"
#include "dump/dumpfile.h"
#include "kernel.h"
#include "shell/command.h"
#include "shell/session.h"
#include "show/contextshow.h"
#include "task.h"

#include <stdio.h>
#include <time.h>

#define LABEL_WIDTH 12

enum { ONE_FILE = 1, SPLIT = 2, MAPPED = 4 };

/* In the order of JSON; .place has that of the page. */
static const struct column columns[] = {
	{ "kernel", "KERNEL", CELL_TEXT, .place = 2 },
	{ "system_map", "SYSTEM MAP", CELL_TEXT, .place = 1, .when = MAPPED },
	{ "taint_flags", "", CELL_ADDRESS, .before = "  [", .after = "]", .same_line = true,
	  .place = 3 },
	{ NULL, "DUMPFILE", CELL_TEXT, .place = 4, .when = ONE_FILE },
	{ NULL, "DUMPFILES", CELL_TEXT, .place = 5, .when = SPLIT },
	/* The parts of a split dump stand under each other. */
	{ "dumpfiles", "", CELL_TEXT, .before = "", .separator = "\n              ",
	  .same_line = true, .place = 6 },
	{ "partial", NULL, .kind = CELL_FLAG },
	{ "incomplete", NULL, .kind = CELL_FLAG },
	{ "live", NULL, .kind = CELL_FLAG },
	{ "cpus", "CPUS", CELL_NUMBER, .place = 7 },
	{ "cpus_online", "", CELL_NUMBER, .before = " [OFFLINE: ", .after = "]", .same_line = true,
	  .place = 8 },
	{ "time", "DATE", CELL_NUMBER, .place = 9 },
	{ "uptime_seconds", "UPTIME", CELL_REAL, .decimals = 3, .place = 10 },
	{ "load_average", "LOAD AVERAGE", CELL_REAL, .decimals = 2, .place = 11 },
	{ "tasks", "TASKS", CELL_NUMBER, .place = 12 },
	{ "release", "RELEASE", CELL_TEXT, .place = 14 },
	{ "nodename", "NODENAME", CELL_TEXT, .place = 13 },
	{ "version", "VERSION", CELL_TEXT, .place = 15 },
	{ "machine", "MACHINE", CELL_TEXT, .place = 16 },
	{ "mhz", "", CELL_NUMBER, .before = "  (", .after = " Mhz)", .same_line = true,
	  .place = 17 },
	{ "memory", "MEMORY", CELL_SIZE, .place = 18 },
	{ "panic", "PANIC", CELL_TEXT, .place = 19 },
	{ 0 },
};

/* Unlike other values a failing one is told in parentheses, by its first line. */
static bool put_protected(struct row *row, void (*put)(struct row *row, void *arg))
{
	const char *why = row_protect(row, put, NULL);

	if (why)
		row_shown(row, scope_printf("(%.*s)", (int)strcspn(why, "\n"), why));
	return !why;
}

static void put_taint(struct row *row, UNUSED void *arg)
{
	u64 taint = kernel_taint_flags();

	row_address(row, taint);
	row_shown(row, taint ? "TAINTED" : "");
}

static void put_kernel(struct row *row)
{
	if (session.vmlinux_path)
		row_text(row, session.vmlinux_path);
	else
		row_null(row, "(no vmlinux: from the dump)");
	row_text(row, session.system_map);
	if (row_protect(row, put_taint, NULL))
		row_shown(row, "taint flags unreadable");
}

static void put_dumpfiles(struct row *row)
{
	const struct dump *dump = session.dump;
	const char *partial = dump->is_partial_vmcore ? "  [PARTIAL DUMP]" : "";
	const char *incomplete = dump->incomplete ? "  [INCOMPLETE]" : "";

	row_text(row, "");
	row_text(row, "");
	row_list(row);
	for (size_t i = 0; i < dump->nr_files || i == 0; i++) {
		const char *path = i == 0 ? session.dump_path : dump->files[i].path;

		row_text(row, path);
		row_shown(row, scope_printf("%s%s%s", path, partial, incomplete));
	}
	row_list_end(row);
	row_flag(row, dump->is_partial_vmcore);
	row_flag(row, dump->incomplete);
	row_flag(row, dump->live);
}

void banner_put_cpus(struct row *row, UNUSED void *arg)
{
	row_number(row, kernel_nr_cpus());
}

void banner_put_online(struct row *row, UNUSED void *arg)
{
	unsigned present = kernel_nr_cpus(), online = kernel_nr_cpus_online();

	row_number(row, online);
	row_shown(row, online < present ? scope_printf("%u", present - online) : "");
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

static void put_date(struct row *row, UNUSED void *arg)
{
	struct strbuf *text = scope_strbuf();
	u64 seconds = kernel_wall_seconds();

	banner_date(seconds, text);
	row_number(row, seconds);
	row_shown(row, strbuf_text(text));
}

static void put_uptime(struct row *row, UNUSED void *arg)
{
	double uptime = kernel_uptime_seconds();
	unsigned long long seconds = uptime > 0 && uptime < 1e15 ? uptime : 0;
	const char *days = seconds >= 86400 ? scope_printf("%llu days, ", seconds / 86400) : "";

	row_real(row, uptime);
	row_shown(row, scope_printf("%s%02llu:%02llu:%02llu", days, seconds / 3600 % 24,
				    seconds / 60 % 60, seconds % 60));
}

static void put_load_average(struct row *row, UNUSED void *arg)
{
	double load[3];

	kernel_load_average(load);
	row_list(row);
	for (size_t i = 0; i < ARRAY_SIZE(load); i++)
		row_real(row, load[i]);
	row_list_end(row);
}

static void put_tasks(struct row *row, UNUSED void *arg)
{
	row_number(row, task_count());
}

static void put_nodename(struct row *row, UNUSED void *arg)
{
	row_text(row, kernel_identity()->nodename);
}

static void read_identity(void *identity)
{
	*(struct kernel_identity *)identity = *kernel_identity();
}

/* What the dump's own header says is as good, where the kernel's memory is missing. */
static void put_release(struct row *row, UNUSED void *arg)
{
	struct kernel_identity identity;
	struct failure failure;
	char release[65];

	if (protect(read_identity, &identity, &failure))
		row_text(row, scope_strdup(identity.release));
	else if (vmcoreinfo_string(&session.vmcoreinfo, "OSRELEASE", release, sizeof(release)))
		row_text(row, scope_strdup(release));
	else
		fail_again(&failure);
}

static void put_version(struct row *row, UNUSED void *arg)
{
	row_text(row, kernel_identity()->version);
}

void banner_put_machine(struct row *row, UNUSED void *arg)
{
	row_text(row, kernel_identity()->machine);
}

void banner_put_mhz(struct row *row, UNUSED void *arg)
{
	unsigned mhz = kernel_cpu_mhz();

	if (mhz)
		row_number(row, mhz);
	else
		row_null(row, "unknown");
}

const char *banner_size(u64 bytes)
{
	double megabytes = (double)bytes / (1 << 20);
	bool in_gigabytes = megabytes >= 1024;
	char number[64];

	snprintf(number, sizeof(number), "%.1f", in_gigabytes ? megabytes / 1024 : megabytes);
	if (ends_with(number, ".0"))
		number[strlen(number) - 2] = '\0';
	return scope_printf("%s %s", number, in_gigabytes ? "GB" : "MB");
}

static void put_memory(struct row *row, UNUSED void *arg)
{
	u64 bytes = kernel_memory_bytes();

	row_size(row, bytes);
	row_shown(row, banner_size(bytes));
}

static void put_panic(struct row *row, UNUSED void *arg)
{
	const char *message = kernel_panic_message();

	row_text(row, *message ? message : NULL);
	row_shown(row, scope_printf("\"%s\"", message));
	row_line_colour(row, COLOUR_PANIC);
}

/* What cannot be read costs its line, and a part of a line only itself. */
static void put_system(struct row *row, UNUSED size_t index, UNUSED void *arg)
{
	put_kernel(row);
	put_dumpfiles(row);
	row_flush(row);
	if (put_protected(row, banner_put_cpus))
		put_protected(row, banner_put_online);
	else
		row_none(row);
	row_flush(row);
	put_protected(row, put_date);
	put_protected(row, put_uptime);
	put_protected(row, put_load_average);
	row_flush(row);
	put_protected(row, put_tasks);
	put_protected(row, put_release);
	put_protected(row, put_nodename);
	put_protected(row, put_version);
	if (put_protected(row, banner_put_machine)) {
		put_protected(row, banner_put_mhz);
	} else {
		put_protected(row, banner_put_mhz);
		row_shown(row, "");
	}
	put_protected(row, put_memory);
	row_flush(row);
	put_protected(row, put_panic);
	if (session.dump->live) /* what runs has not panicked */
		row_shown(row, "");
}

void banner_system(void)
{
	table_show(&ONE_ROW(NULL, columns, put_system, NULL, .labels = LABEL_WIDTH,
			    .when = (session.dump->nr_files > 1 ? SPLIT : ONE_FILE) |
				    (session.system_map ? MAPPED : 0)));
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
