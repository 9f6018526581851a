/* show/sessiondump.c - prints what the session found out: kernel, machine, memory, symbols, tasks, itself. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/sessiondump.h"

#include "base/fail.h"
#include "base/out.h"
#include "bridge/gdb_bridge.h"
#include "kernel.h"
#include "kernel/module.h"
#include "kernel/taskcontext.h"
#include "memory.h"
#include "shell/gdb_settings.h"
#include "shell/outcome.h"
#include "shell/process.h"
#include "shell/session.h"
#include "show/dumplines.h"
#include "symbols.h"
#include "task.h"

#define SESSION_WIDTH 18
#define SYMBOLS_WIDTH 20
#define TASKS_WIDTH 18

static const char *on_off(bool flag)
{
	return flag ? "on" : "off";
}

void session_dump_symbols(void)
{
	const struct symbol_module *module = symbols_first_module();
	size_t count = symbols_count(NULL);

	dump_width(SYMBOLS_WIDTH);
	dump_line("symcnt", "%zu", count);
	if (count) {
		dump_line("first_ksymbol", "%llx %s", symbols_get(NULL, 0)->value,
			  symbols_get(NULL, 0)->name);
		dump_line("last_ksymbol", "%llx %s", symbols_get(NULL, count - 1)->value,
			  symbols_get(NULL, count - 1)->name);
	}
	dump_line("kaslr offset", "%llx", symbols_kaslr_offset());
	for (; module; module = symbols_next_module(module))
		dump_line(module->name, "%zu symbols, text at %llx", symbols_count(module),
			  module->base);
}

static void put_context(const char *name, const struct task *task)
{
	char comm[TASK_COMM_SPACE];

	if (!task)
		dump_line(name, "unknown");
	else
		dump_line(name, "%llx  pid %u  cpu %u  \"%s\"", task->address, task->pid, task->cpu,
			  task_comm(task, comm));
}

static void put_panic_message(UNUSED void *arg)
{
	dump_line("panicmsg", "\"%s\"", kernel_panic_message());
}

static void put_current(void)
{
	const struct task *task = task_current();
	char comm[TASK_COMM_SPACE];

	put_context("current", task);
	dump_line(".pid", "%u", task->pid);
	dump_line(".comm", "\"%s\"", task_comm(task, comm));
	dump_line(".task", "%llx", task->address);
	dump_line(".thread_info", "%llx", task->address);
	dump_line(".processor", "%u", task->cpu);
	dump_line(".ptask", "%llx", task->parent);
	dump_line(".mm_struct", "%llx", task->mm);
}

/* Without a panic the task that the session began with is none that panicked. */
static void put_panic(void)
{
	const struct task *task = task_panic();

	if (task && !task_is_panic_task(task))
		task = NULL;
	dump_line_or_why("panicmsg", put_panic_message);
	if (task)
		dump_line("panic_processor", "%u", task->cpu);
	put_context("panic_task", task);
}

void session_dump_tasks(void)
{
	size_t threads = 0, active = 0;

	for (size_t i = 0; i < task_count(); i++) {
		threads += task_is_kthread(task_at(i));
		active += task_is_active(task_at(i));
	}
	dump_width(TASKS_WIDTH);
	put_current();
	dump_line("running_tasks", "%zu", task_count());
	dump_line("kernel threads", "%zu", threads);
	dump_line("active", "%zu", active);
	if (!memory_is_live())
		put_panic();
}

void session_dump_each_task(void)
{
	session_dump_tasks();
	out("\n  INDEX        TASK             MM              STACK          PID   TGID CPU\n");
	for (size_t i = 0; i < task_count(); i++) {
		const struct task *task = task_at(i);

		out("%7zu  %016llx %016llx %016llx %6u %6u %3u\n", i, task->address, task->mm,
		    task->stack, task->pid, task->tgid, task->cpu);
	}
}

void session_dump_session(void)
{
	dump_width(SESSION_WIDTH);
	dump_line("program_version", "%s", CRASH_VERSION);
	dump_line("namelist", "%s", session.vmlinux_path ? session.vmlinux_path : "none");
	dump_line("system_map", "%s", session.system_map ? session.system_map : "none");
	dump_line("dumpfile", "%s", session.dump_path ? session.dump_path : "none");
	dump_line("output_radix", "%u (%s)", gdb_settings.radix,
		  gdb_settings.radix == 16 ? "hexadecimal" : "decimal");
	dump_line("scroll", "%s (%s)", on_off(pager_settings.scroll),
		  pager_settings.command ? pager_settings.command : "none");
	dump_line("silent", "%s", on_off(session.silent));
	dump_line("terminal", "%s", session.terminal ? "yes" : "no");
	dump_line("minimal", "%s", on_off(session.minimal));
	dump_line("modules", "%s", on_off(!module_is_left_out()));
	dump_line("registers", "%s", on_off(!session.dump->registers_left_out));
	dump_line("gdb_version", "%s, %s", gdb_bridge_version(),
		  gdb_bridge_started() ? "started" : "not started");
	dump_line("a command failed", "%s", command_has_failed() ? "yes" : "no");
}
