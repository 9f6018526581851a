/* sessiondump.c - prints what the session found out: kernel, machine, memory, symbols, tasks, itself. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sessiondump.h"

#include "fail.h"
#include "gdb_bridge.h"
#include "kernel.h"
#include "memory.h"
#include "memstat.h"
#include "module.h"
#include "out.h"
#include "session.h"
#include "symbols.h"
#include "task.h"
#include "types.h"

#define NAME_WIDTH 18

static void put(const char *name, const char *format, ...) PRINTF_LIKE(2, 3);

static void put(const char *name, const char *format, ...)
{
	struct strbuf *text = scope_strbuf();
	va_list args;

	va_start(args, format);
	strbuf_vprintf(text, format, args);
	va_end(args);
	out("%*s: %s\n", NAME_WIDTH, name, strbuf_text(text));
}

static void put_address(const char *name, u64 address)
{
	put(name, "%016llx", (unsigned long long)address);
}

static void put_range(const char *name, u64 start, u64 end)
{
	if (start || end)
		put(name, "%016llx - %016llx", (unsigned long long)start, (unsigned long long)end);
	else
		put(name, "not found");
}

/* A line that needs damaged memory says so; the others are printed all the same. */
static void put_or_why(const char *name, void (*body)(void *arg))
{
	struct failure failure;

	if (protect(body, NULL, &failure))
		return;
	if (failure.interrupted)
		fail_again(&failure);
	put(name, "unknown: %s", failure.text);
}

static const char *on_off(bool flag)
{
	return flag ? "on" : "off";
}

static void put_cpus(UNUSED void *arg)
{
	put("cpus", "%u present, %u online", kernel_nr_cpus(), kernel_nr_cpus_online());
}

static void put_clock(UNUSED void *arg)
{
	put("hz", "%u", kernel_hz());
	put("jiffies", "%llu", (unsigned long long)kernel_jiffies());
}

static void put_modules(UNUSED void *arg)
{
	put("modules", "%zu", module_count());
}

static void put_taint(UNUSED void *arg)
{
	struct strbuf *letters = scope_strbuf();
	u64 flags = kernel_taint_flags();

	kernel_taint_letters(flags, false, letters);
	put("taint", "%llx%s%s%s", (unsigned long long)flags, letters->length ? " (" : "",
	    strbuf_text(letters), letters->length ? ")" : "");
}

void session_dump_kernel(void)
{
	const struct kernel_layout *layout = memory_layout();

	put("vmlinux", "%s", session.vmlinux_path ? session.vmlinux_path : "none");
	put("debug information", "%s",
	    session.debug_vmlinux ? session.debug_vmlinux->file.path : "none");
	put("types", "%s", types_btf() ? "BTF" : types_available() ? "DWARF" : "none");
	put("kaslr offset", "%llx", (unsigned long long)layout->kaslr_offset);
	put("image", "%s", layout->image_found ? "found" : "not found");
	put("kexec", "%s", kernel_was_kexeced() ? "it started a crash kernel" : "no");
	put_or_why("cpus", put_cpus);
	put_or_why("hz", put_clock);
	put_or_why("modules", put_modules);
	put_or_why("taint", put_taint);
}

void session_dump_machine(void)
{
	const struct kernel_layout *layout = memory_layout();

	put("machine", "%s", memory_arch()->machine);
	put("page size", "%llu", (unsigned long long)PAGE_BYTES);
	put("page table levels", "%u", layout->levels);
	put_address("top page table", layout->top_table);
	put("phys_base", "%llx", (unsigned long long)layout->phys_base);
	put_range("direct map", layout->page_offset, layout->direct_map_end);
	put_range("vmalloc", layout->vmalloc_start, layout->vmalloc_end);
	put_range("vmemmap", layout->vmemmap_start, layout->vmemmap_end);
	put_range("modules", layout->modules_start, layout->modules_end);
	put_range("kernel image", layout->kernel_map_start,
		  layout->kernel_map_start + layout->kernel_image_bytes);
	put("user space ends", "%llx", (unsigned long long)layout->task_size);
}

static void put_totals(UNUSED void *arg)
{
	put("memory", "%llu bytes", (unsigned long long)kernel_memory_bytes());
	put("managed pages", "%llu", (unsigned long long)memstat_total());
}

static void put_free(UNUSED void *arg)
{
	put("free pages", "%llu", (unsigned long long)memstat_free());
	put("slab pages", "%llu", (unsigned long long)memstat_slab());
}

static void put_swap(UNUSED void *arg)
{
	put("swap pages", "%llu", (unsigned long long)memstat_swap_total());
}

void session_dump_memory(void)
{
	const struct kernel_layout *layout = memory_layout();

	put("live", "%s", memory_is_live() ? "yes" : "no");
	put("excluded pages", "%s", session.zero_excluded ? "read as zeroes" : "are an error");
	put_range("vmemmap", layout->vmemmap_start, layout->vmemmap_end);
	put_or_why("memory", put_totals);
	put_or_why("free pages", put_free);
	put_or_why("swap pages", put_swap);
}

void session_dump_symbols(void)
{
	const struct symbol_module *module = symbols_first_module();
	size_t count = symbols_count(NULL);

	put("kernel symbols", "%zu", count);
	if (count) {
		put("first", "%llx %s", (unsigned long long)symbols_get(NULL, 0)->value,
		    symbols_get(NULL, 0)->name);
		put("last", "%llx %s", (unsigned long long)symbols_get(NULL, count - 1)->value,
		    symbols_get(NULL, count - 1)->name);
	}
	put("kaslr offset", "%llx", (unsigned long long)symbols_kaslr_offset());
	for (; module; module = symbols_next_module(module))
		put(module->name, "%zu symbols, text at %llx", symbols_count(module),
		    (unsigned long long)module->base);
}

static void put_context(const char *name, const struct task *task)
{
	char comm[TASK_COMM_SPACE];

	if (!task)
		put(name, "unknown");
	else
		put(name, "%llx  pid %u  cpu %u  \"%s\"", (unsigned long long)task->address,
		    task->pid, task->cpu, task_comm(task, comm));
}

void session_dump_tasks(void)
{
	size_t threads = 0, active = 0;

	for (size_t i = 0; i < task_count(); i++) {
		threads += task_is_kthread(task_at(i));
		active += task_is_active(task_at(i));
	}
	put("tasks", "%zu", task_count());
	put("kernel threads", "%zu", threads);
	put("active", "%zu", active);
	put_context("current", task_current());
	if (!memory_is_live())
		put_context("panic task", session.no_panic ? NULL : task_panic());
}

void session_dump_each_task(void)
{
	session_dump_tasks();
	out("\n  INDEX        TASK             MM              STACK          PID   TGID CPU\n");
	for (size_t i = 0; i < task_count(); i++) {
		const struct task *task = task_at(i);

		out("%7zu  %016llx %016llx %016llx %6u %6u %3u\n", i,
		    (unsigned long long)task->address, (unsigned long long)task->mm,
		    (unsigned long long)task->stack, task->pid, task->tgid, task->cpu);
	}
}

void session_dump_session(void)
{
	put("dump", "%s", session.dump_path ? session.dump_path : "none");
	put("radix", "%u", session.radix);
	put("scroll", "%s (%s)", on_off(session.scroll), session.pager ? session.pager : "none");
	put("silent", "%s", on_off(session.silent));
	put("terminal", "%s", session.terminal ? "yes" : "no");
	put("minimal", "%s", on_off(session.minimal));
	put("modules", "%s", on_off(!session.no_modules));
	put("registers", "%s", on_off(!session.no_elf_notes));
	put("gdb", "%s, %s", gdb_bridge_version(),
	    gdb_bridge_started() ? "started" : "not started");
	put("a command failed", "%s", session.some_command_failed ? "yes" : "no");
}
