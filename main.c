/* main.c - L9: the visible list of what start-up does. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "arch.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/progress.h"
#include "bridge/gdb_bridge.h"
#include "dump/dumpfile.h"
#include "kernel/mm/swapread.h"
#include "kernel.h"
#include "kernel/module.h"
#include "kernel/modulebtf.h"
#include "kernel/taskcontext.h"
#include "memory.h"
#include "names/cfi.h"
#include "names/coreinfo.h"
#include "names/types.h"
#include "shell/bridge_ops.h"
#include "shell/gdb_command.h"
#include "shell/gdb_settings.h"
#include "shell/input.h"
#include "shell/savedump.h"
#include "shell/session.h"
#include "shell/shell.h"
#include "show/banner.h"
#include "start/arguments.h"
#include "start/findkernel.h"
#include "start/oneshot.h"
#include "start/opening.h"
#include "task.h"

#include <errno.h>
#include <stdio.h>

static struct opening opening;

static void set_up_modules(void)
{
	module_setup();
	if (types_btf())
		module_btf_setup(types_btf());
}

static void tell_source_directory(struct strbuf *why)
{
	struct strbuf *output = scope_strbuf();

	if (!gdb_run(scope_printf("directory \"%s\"", gdb_settings.source_directory), GDB_NO_DWARF,
		     output, why))
		warn("--src: %s", strbuf_text(why));
	strbuf_reset(why);
}

/* What --minimal and --no_... leave of the subsystems. */
static void set_up_subsystems(const struct arguments *arguments, struct strbuf *why)
{
	static const struct bridge_shell shell = { .execute = shell_execute_inside,
						   .never_runs = gdb_command_never_runs };

	if (arguments->no_modules)
		module_leave_out();
	if (arguments->no_elf_notes)
		dump_leave_out_registers(session.dump);
	if (session.minimal) {
		if (!types_available())
			coreinfo_types(&session.vmcoreinfo);
		return;
	}
	swapread_setup();
	bridge_ops_setup(&shell);
	cfi_set_vmlinux(session.vmlinux);
	if (gdb_settings.source_directory)
		tell_source_directory(why);
	findkernel_types_of_dwarf(why);
	if (!arguments->no_modules)
		set_up_modules();
	if (arguments->no_panic)
		task_leave_out_panic();
	if (arguments->only_active)
		task_only_active();
}

/* The list that ARCHITECTURE.md describes: each line stands on those above it. */
static void start_up(void *arg)
{
	struct arguments *arguments = arg;
	struct strbuf *why = scope_strbuf();

	progress_scope("opening", NULL);
	if (!session.dump)
		opening_dump(&opening, arguments, why);
	opening_vmlinux(&opening, arguments, why);
	kernel_setup(session.vmlinux, &session.vmcoreinfo);
	findkernel_check_match(&opening, arguments, kernel_record_matches_vmlinux);
	opening_system_map(&opening, arguments, why);
	opening_leave_stripped_vmlinux(&opening);
	findkernel_locate(&opening, why);
	memory_init(session.dump, &x86_64_ops, &opening.layout);
	findkernel_types(&opening, why);
	set_up_subsystems(arguments, why);
	findkernel_check_match(&opening, arguments, kernel_matches_vmlinux);
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
	opening_dump(&opening, arguments, why);
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
	oneshot_debug_files(strbuf_text(&opening.places));
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
		fputs(strbuf_text(&opening.places), stdout);
		fprintf(stderr, "crash: %s\n", failure.text);
		return 1;
	}
	if (arguments.explain)
		return run_question(explain, &arguments);
	if (arguments.json) {
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
