/* show/sessiondump.c - prints what the session found out: kernel, machine, memory, symbols, tasks, itself. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/sessiondump.h"

#include "base/fail.h"
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

static void put_symbol(const char *name, const char *key_of_name, size_t index)
{
	const struct symbol *symbol = symbols_get(NULL, index);

	dump_line(name, DUMP_ADDRESS(symbol->value),
		  .shown = scope_printf("%llx %s", symbol->value, symbol->name));
	dump_line(NULL, key_of_name, .text = symbol->name);
}

static const struct column module_columns[] = {
	{ "name", "", CELL_TEXT, .align = ALIGN_RIGHT, .width = SYMBOLS_WIDTH },
	{ "count", "", CELL_NUMBER, .before = ": ", .after = " symbols" },
	{ "base", "", CELL_ADDRESS, .before = ", text at " },
	{ 0 },
};

static void put_module(struct row *row, size_t index, void *arg)
{
	const struct symbol_module *module = ((const struct symbol_module *const *)arg)[index];

	row_text(row, module->name);
	row_number(row, symbols_count(module));
	row_address(row, module->base);
}

static void put_modules(void)
{
	const struct symbol_module *module, **modules;
	size_t count = 0;

	for (module = symbols_first_module(); module; module = symbols_next_module(module))
		count++;
	modules = scope_array(count + 1, sizeof(*modules));
	count = 0;
	for (module = symbols_first_module(); module; module = symbols_next_module(module))
		modules[count++] = module;
	dump_rows(&(struct table){ .columns = module_columns,
				   .count = count,
				   .put = put_module,
				   .arg = modules,
				   .headings = HEADINGS_NEVER,
				   .key = "modules" });
}

void session_dump_symbols(void)
{
	size_t count = symbols_count(NULL);

	dump_begin(SYMBOLS_WIDTH);
	dump_line("symcnt", DUMP_NUMBER(count));
	if (count) {
		put_symbol("first_ksymbol", "first_ksymbol_name", 0);
		put_symbol("last_ksymbol", "last_ksymbol_name", count - 1);
	}
	dump_line("kaslr offset", DUMP_NUMBER(symbols_kaslr_offset()),
		  .shown = scope_printf("%llx", symbols_kaslr_offset()));
	put_modules();
	dump_end();
}

static const char *context_text(const struct task *task)
{
	char comm[TASK_COMM_SPACE];

	return scope_printf("%llx  pid %u  cpu %u  \"%s\"", task->address, task->pid, task->cpu,
			    task_comm(task, comm));
}

static void put_panic_message(UNUSED void *arg)
{
	const char *message = kernel_panic_message();

	dump_line("panicmsg", DUMP_BYTES(message), .shown = scope_printf("\"%s\"", message));
}

static void put_current(void)
{
	const struct task *task = task_current();
	char comm[TASK_COMM_SPACE];

	task_comm(task, comm);
	dump_line("current", DUMP_ADDRESS(task->address), .shown = context_text(task));
	dump_line(".pid", DUMP_NUMBER(task->pid));
	dump_line(".comm", DUMP_BYTES(comm), .shown = scope_printf("\"%s\"", comm));
	dump_line(".task", DUMP_ADDRESS(task->address));
	dump_line(".thread_info", DUMP_ADDRESS(task->address));
	dump_line(".processor", DUMP_NUMBER(task->cpu));
	dump_line(".ptask", DUMP_ADDRESS(task->parent));
	dump_line(".mm_struct", DUMP_ADDRESS(task->mm), .null = !task->mm,
		  .shown = task->mm ? NULL : "0");
}

/* Without a panic the task that the session began with is none that panicked. */
static void put_panic(void)
{
	const struct task *task = task_panic();
	char comm[TASK_COMM_SPACE];

	if (task && !task_is_panic_task(task))
		task = NULL;
	dump_line_or_why("panicmsg", put_panic_message);
	if (!task) {
		dump_line("panic_task", .null = true, .shown = "unknown");
		return;
	}
	dump_line("panic_processor", DUMP_NUMBER(task->cpu));
	dump_line("panic_task", DUMP_ADDRESS(task->address), .shown = context_text(task));
	dump_line(NULL, "panic_pid", DUMP_NUMBER(task->pid));
	dump_line(NULL, "panic_comm", DUMP_BYTES(task_comm(task, comm)));
}

static void put_tasks(void)
{
	size_t threads = 0, active = 0;

	for (size_t i = 0; i < task_count(); i++) {
		threads += task_is_kthread(task_at(i));
		active += task_is_active(task_at(i));
	}
	put_current();
	dump_line("running_tasks", DUMP_NUMBER(task_count()));
	dump_line("kernel threads", DUMP_NUMBER(threads));
	dump_line("active", DUMP_NUMBER(active));
	if (!memory_is_live())
		put_panic();
}

void session_dump_tasks(void)
{
	dump_begin(TASKS_WIDTH);
	put_tasks();
	dump_end();
}

static const struct column task_columns[] = {
	{ "index", "", CELL_NUMBER, .width = 7 },
	{ "task", "", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "mm", "", CELL_ADDRESS, .before = " ", .width = 16, .zeros = true },
	{ "stack", "", CELL_ADDRESS, .before = " ", .width = 16, .zeros = true },
	{ "pid", "", CELL_NUMBER, .before = " ", .width = 6 },
	{ "tgid", "", CELL_NUMBER, .before = " ", .width = 6 },
	{ "cpu", "", CELL_NUMBER, .before = " ", .width = 3 },
	{ 0 },
};

/* Of a kernel thread there is no memory, of a task that is dead no stack. */
static void put_address_if_any(struct row *row, u64 address)
{
	if (address)
		row_address(row, address);
	else
		row_null(row, "0000000000000000");
}

static void put_task(struct row *row, size_t index, UNUSED void *arg)
{
	const struct task *task = task_at(index);

	row_number(row, index);
	row_address(row, task->address);
	put_address_if_any(row, task->mm);
	put_address_if_any(row, task->stack);
	row_number(row, task->pid);
	row_number(row, task->tgid);
	row_number(row, task->cpu);
}

void session_dump_each_task(void)
{
	dump_begin(TASKS_WIDTH);
	put_tasks();
	table_remark("\n");
	dump_rows(&(struct table){
		.columns = task_columns,
		.count = task_count(),
		.put = put_task,
		.heading_line = "  INDEX        TASK             MM              STACK          "
				"PID   TGID CPU",
		.key = "tasks" });
	dump_end();
}

static void put_switch(const char *name, bool flag)
{
	dump_line(name, DUMP_FLAG(flag), .shown = on_off(flag));
}

static void put_path(const char *name, const char *path)
{
	dump_line(name, .text = path, .shown = path ? path : "none");
}

void session_dump_session(void)
{
	const char *radix = gdb_settings.radix == 16 ? "hexadecimal" : "decimal";

	dump_begin(SESSION_WIDTH);
	dump_line("program_version", .text = CRASH_VERSION);
	put_path("namelist", session.vmlinux_path);
	put_path("system_map", session.system_map);
	put_path("dumpfile", session.dump_path);
	dump_line("output_radix", DUMP_NUMBER(gdb_settings.radix),
		  .shown = scope_printf("%u (%s)", gdb_settings.radix, radix));
	dump_line("scroll", DUMP_FLAG(pager_settings.scroll),
		  .shown = scope_printf("%s (%s)", on_off(pager_settings.scroll),
					pager_settings.command ? pager_settings.command : "none"));
	dump_line(NULL, "pager", .text = pager_settings.command);
	put_switch("silent", session.silent);
	dump_line("terminal", DUMP_FLAG(session.terminal));
	put_switch("minimal", session.minimal);
	put_switch("modules", !module_is_left_out());
	put_switch("registers", !session.dump->registers_left_out);
	dump_line("gdb_version", .text = gdb_bridge_version(),
		  .shown = scope_printf("%s, %s", gdb_bridge_version(),
					gdb_bridge_started() ? "started" : "not started"));
	dump_line(NULL, "gdb_started", DUMP_FLAG(gdb_bridge_started()));
	dump_line("a command failed", DUMP_FLAG(command_has_failed()));
	dump_end();
}
