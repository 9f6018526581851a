/* start/oneshot.c - single questions to a dump, answered from what its kernel left for dump readers. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "start/oneshot.h"

#include "arch.h"
#include "base/fail.h"
#include "base/out.h"
#include "kernel.h"
#include "kernel/module.h"
#include "memory.h"
#include "names/coreinfo.h"
#include "shell/command.h"
#include "shell/modfile.h"
#include "shell/session.h"

#include <stdlib.h>
#include <time.h>

static void print_time(u64 seconds)
{
	time_t when = (time_t)seconds;
	struct tm parts;
	char text[64];

	/* %Z would be empty for a damaged number of seconds, which localtime_r() refuses. */
	if (!localtime_r(&when, &parts) ||
	    !strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Z %Y", &parts))
		fail("the time of the crash, %llu seconds after 1970, makes no sense", seconds);
	out("%s\n", text);
}

static noreturn void fail_without_info(void)
{
	fail("%s: no VMCOREINFO, neither as a note in the file nor in the memory that it holds, "
	     "where no kernel is found%s",
	     session.dump_path, session.dump->incomplete ? " (the dump is incomplete)" : "");
}

static void print_line(const char *key, const char *since)
{
	char value[128];

	if (!vmcoreinfo_string(&session.vmcoreinfo, key, value, sizeof(value)))
		fail("%s: its VMCOREINFO has no %s%s", session.dump_path, key, since);
	out("%s\n", value);
}

static void print_release(void)
{
	if (session.vmcoreinfo.text)
		print_line("OSRELEASE", "");
	else if (session.dump->utsname_release[0])
		out("%s\n", session.dump->utsname_release);
	else
		fail_without_info();
}

static void print_recorded_time(void)
{
	s64 seconds;

	if (!vmcoreinfo_number(&session.vmcoreinfo, "CRASHTIME", &seconds))
		fail("%s: its VMCOREINFO has no CRASHTIME", session.dump_path);
	print_time((u64)seconds);
}

static void run_log(void)
{
	command_run(command_find("log"), "");
}

static void print_log_without_vmlinux(void)
{
	static struct kernel_layout layout;
	struct strbuf *why = scope_strbuf();

	if (!x86_64_ops.find_kaslr(session.dump, NULL, &session.vmcoreinfo, &layout, why))
		fail("%s: %s", session.dump_path, strbuf_text(why));
	x86_64_ops.find_bare_layout(session.dump, &session.vmcoreinfo, &layout);
	coreinfo_symbols(&session.vmcoreinfo);
	coreinfo_types(&session.vmcoreinfo);
	memory_init(session.dump, &x86_64_ops, &layout);
	run_log();
}

void oneshot_answer(enum oneshot question)
{
	if (question == ONESHOT_OSRELEASE) {
		print_release();
		return;
	}
	if (!session.vmcoreinfo.text)
		fail_without_info();
	if (question == ONESHOT_BUILD_ID)
		print_line("BUILD-ID", ", as kernels before v5.9 have none");
	else if (question == ONESHOT_TIME)
		print_recorded_time();
	else
		print_log_without_vmlinux();
}

bool oneshot_needs_names(enum oneshot question)
{
	s64 seconds;

	/* The kernel adds CRASHTIME on its way to kdump; its clock has the time in any case. */
	if (question == ONESHOT_TIME)
		return session.vmcoreinfo.text &&
		       !vmcoreinfo_number(&session.vmcoreinfo, "CRASHTIME", &seconds);
	return question == ONESHOT_LOG && session.vmcoreinfo.made_up;
}

/* check_match() at start-up has seen that dump and vmlinux are of one build. */
static void print_build_id(void)
{
	if (!session.vmlinux->build_id_bytes)
		fail("%s: no build-id", session.vmlinux_path);
	for (u32 i = 0; i < session.vmlinux->build_id_bytes; i++)
		out("%02x", session.vmlinux->build_id[i]);
	out("\n");
}

void oneshot_answer_with_names(enum oneshot question)
{
	switch (question) {
	case ONESHOT_OSRELEASE:
		out("%s\n", kernel_identity()->release);
		break;
	case ONESHOT_BUILD_ID:
		print_build_id();
		break;
	case ONESHOT_TIME:
		print_time(kernel_wall_seconds());
		break;
	default:
		run_log();
		break;
	}
}

void oneshot_debugging_data(const char *path)
{
	static const struct {
		const char *section, *name;
	} kinds[] = { { ".debug_info", "DWARF" }, { ".zdebug_info", "DWARF" }, { ".BTF", "BTF" } };
	struct strbuf *why = scope_strbuf(), *found = scope_strbuf();
	struct vmlinux file = { 0 };
	const u8 *data;
	u64 size, address;

	if (!vmlinux_open(&file, path, why))
		fail("%s: %s", path, strbuf_text(why));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (vmlinux_section(&file, kinds[i].section, &data, &size, &address) && size)
			strbuf_printf(found, "%s%s", found->length ? ", " : "", kinds[i].name);
	}
	vmlinux_close(&file);
	if (!found->length)
		fail("%s: no debugging data available", path);
	out("%s: debugging data available (%s)\n", path, strbuf_text(found));
}

static void print_module_places(void *arg)
{
	const struct module *module = arg;
	struct strbuf *report = scope_strbuf();
	char *path = modfile_find(module, NULL, report);

	free(path);
	out("module %s:\n%s", module->name, strbuf_text(report));
}

void oneshot_debug_files(const char *kernel_places)
{
	struct failure failure;

	out("kernel %s:\n%s", kernel_identity()->release, kernel_places);
	if (!session.debug_vmlinux)
		out("  debug information needs %s\n", session_wanted_vmlinux());
	if (session.minimal || module_is_left_out())
		return;
	for (size_t i = 0; i < module_count(); i++) {
		if (!protect_row(print_module_places, (void *)module_at(i), &failure))
			out("module %s: %s\n", module_at(i)->name, failure.text);
	}
}
