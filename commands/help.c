/* commands/help.c - the command help: the table, pages, and what the session knows of its files. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/help.h"

#include "base/fail.h"
#include "base/out.h"
#include "base/table.h"
#include "bridge/gdb_bridge.h"
#include "dump/elfnote.h"
#include "names/kfield.h"
#include "shell/alias.h"
#include "shell/command.h"
#include "shell/gdb_command.h"
#include "shell/session.h"
#include "show/kerneldump.h"
#include "show/sessiondump.h"

static const struct column alias_columns[] = {
	{ "alias", "", .kind = CELL_TEXT },
	{ "text", "", CELL_TEXT, .before = " = \"", .after = "\"" },
	{ "builtin", "", CELL_FLAG, .before = " (", .after = ")" },
	{ 0 },
};

static void show_aliases(UNUSED const char *option)
{
	table_show(&(struct table){ .name = "help",
				    .columns = alias_columns,
				    .count = alias_count(),
				    .put = alias_put,
				    .headings = HEADINGS_NEVER });
}

static void show_build(UNUSED const char *option)
{
	out("crash %s, with GDB %s, built with %s\n", CRASH_VERSION, gdb_bridge_version(),
	    __VERSION__);
}

static const struct dump *need_dump(void)
{
	if (!session.dump)
		fail("no dump is open");
	return session.dump;
}

static void show_dump(UNUSED const char *option)
{
	const struct dump *dump = need_dump();
	struct strbuf *text = scope_strbuf();

	dump->ops->describe(dump, text);
	out_text(strbuf_text(text));
}

static void show_notes(UNUSED const char *option)
{
	struct strbuf *text = scope_strbuf();

	dump_describe_notes(need_dump(), text);
	out_text(strbuf_text(text));
	if (session.vmcoreinfo.found_in_memory)
		out("vmcoreinfo, not a note but %s: %zu bytes\n%s",
		    session.vmcoreinfo.made_up ? "found out from memory" : "found in memory",
		    session.vmcoreinfo.length, session.vmcoreinfo.text);
}

static const struct column name_columns[] = {
	{ "name", "", CELL_TEXT, .align = ALIGN_RIGHT, .width = 32 },
	{ "kind", "", CELL_TEXT, .width = 10 },
	{ NULL, "", .kind = CELL_TEXT },
	{ "spelling", NULL, .kind = CELL_TEXT },
	{ "wanted", NULL, .kind = CELL_TEXT },
	{ "address", NULL, .kind = CELL_ADDRESS },
	{ "offset", NULL, .kind = CELL_NUMBER },
	{ "size", NULL, .kind = CELL_NUMBER },
	{ "value", NULL, .kind = CELL_SIGNED },
	{ 0 },
};

static const char *place_text(const struct kname *name, bool found)
{
	if (!found)
		return scope_printf("not in this kernel (%s)", name->spellings[0]);
	if (name->kind == KNAME_FIELD)
		return scope_printf("%s: offset %llu, %llu bytes", name->spelling,
				    name->member.offset, name->member.size);
	if (name->kind == KNAME_SYMBOL)
		return scope_printf("%s: %llx", name->spelling, name->value);
	return scope_printf("%s: %lld", name->spelling, name->value);
}

static void put_name(struct row *row, size_t index, UNUSED void *arg)
{
	static const char *const kinds[] = {
		[KNAME_FIELD] = "member",
		[KNAME_TYPE] = "type",
		[KNAME_SYMBOL] = "symbol",
		[KNAME_ENUM] = "enumerator",
	};
	struct kname *name = kname_get(index);
	bool found = kname_resolve(name);

	row_text(row, name->id);
	row_text(row, kinds[name->kind]);
	row_text(row, place_text(name, found));
	row_text(row, found ? name->spelling : NULL);
	if (found)
		row_none(row);
	else
		row_text(row, name->spellings[0]);
	if (found && name->kind == KNAME_SYMBOL)
		row_address(row, (u64)name->value);
	else
		row_none(row);
	if (found && name->kind == KNAME_FIELD)
		row_number(row, name->member.offset);
	else
		row_none(row);
	if (found && name->kind == KNAME_FIELD)
		row_number(row, name->member.size);
	else if (found && name->kind == KNAME_TYPE)
		row_number(row, (u64)name->value);
	else
		row_none(row);
	if (found && name->kind == KNAME_ENUM)
		row_signed(row, (s64)name->value);
	else
		row_none(row);
}

static void show_names(UNUSED const char *option)
{
	table_show(&(struct table){ .name = "help",
				    .columns = name_columns,
				    .count = kname_count(),
				    .put = put_name,
				    .headings = HEADINGS_NEVER });
}

enum { OF_QEMU = 1, OF_OTHERS = 2 };

#define REGISTER(key, before)                                                                      \
	{                                                                                          \
		key, "", CELL_ADDRESS, .width = 16, .zeros = true, before                          \
	}
#define LINE_BEGINS(name) .before = "    " name ": "
#define LINE_GOES_ON(name) .before = "  " name ": ", .same_line = true
/* No width: those of a note that has none are left out. */
#define CONTROL(key, before)                                                                       \
	{                                                                                          \
		key, "", CELL_ADDRESS, before                                                      \
	}
#define CONTROL_OF(who, key, before)                                                               \
	{                                                                                          \
		key, "", CELL_ADDRESS, .when = (who), before                                       \
	}

static const struct column register_columns[] = {
	{ "cpu", "", CELL_NUMBER, .before = "CPU ", .after = ":" },
	REGISTER("rip", LINE_BEGINS("RIP")),
	REGISTER("rsp", LINE_GOES_ON("RSP")),
	{ "rflags", "", CELL_ADDRESS, .width = 8, .zeros = true, LINE_GOES_ON("RFLAGS") },
	REGISTER("rax", LINE_BEGINS("RAX")),
	REGISTER("rbx", LINE_GOES_ON("RBX")),
	REGISTER("rcx", LINE_GOES_ON("RCX")),
	REGISTER("rdx", LINE_BEGINS("RDX")),
	REGISTER("rsi", LINE_GOES_ON("RSI")),
	REGISTER("rdi", LINE_GOES_ON("RDI")),
	REGISTER("rbp", LINE_BEGINS("RBP")),
	REGISTER("r8", LINE_GOES_ON(" R8")),
	REGISTER("r9", LINE_GOES_ON(" R9")),
	REGISTER("r10", LINE_BEGINS("R10")),
	REGISTER("r11", LINE_GOES_ON("R11")),
	REGISTER("r12", LINE_GOES_ON("R12")),
	REGISTER("r13", LINE_BEGINS("R13")),
	REGISTER("r14", LINE_GOES_ON("R14")),
	REGISTER("r15", LINE_GOES_ON("R15")),
	{ "cs", "", CELL_ADDRESS, .width = 4, .zeros = true, LINE_BEGINS("CS") },
	{ "ss", "", CELL_ADDRESS, .width = 4, .zeros = true, LINE_GOES_ON("SS") },
	CONTROL("cr0", LINE_BEGINS("CR0")),
	CONTROL("cr2", LINE_GOES_ON("CR2")),
	CONTROL("cr3", LINE_GOES_ON("CR3")),
	CONTROL("cr4", LINE_BEGINS("CR4")),
	/* VMware's state has the others under names that are not known. */
	CONTROL_OF(OF_QEMU, "gs_base", LINE_GOES_ON("GS base")),
	CONTROL_OF(OF_QEMU, "kernel_gs_base", LINE_GOES_ON("kernel GS base")),
	CONTROL_OF(OF_QEMU, "idt_base", LINE_BEGINS("IDT base")),
	CONTROL_OF(OF_OTHERS, "idt_base", LINE_GOES_ON("IDT base")),
	CONTROL_OF(OF_QEMU, "gdt_base", LINE_GOES_ON("GDT base")),
	{ 0 },
};

/* Only virtual machine monitors write these. */
static void put_control_register(struct row *row, const struct cpu_note *note, u64 value)
{
	if (!note->has_control) {
		row_none(row);
		return;
	}
	row_address(row, value);
	row_shown(row, scope_printf("%016llx", value));
}

static void put_registers(struct row *row, size_t index, UNUSED void *arg)
{
	const struct cpu_note *note = &session.dump->cpu_notes[index];
	const struct x86_regs *r = &note->regs;
	const u64 plain[] = { r->ip,  r->sp,  r->flags, r->ax,	r->bx, r->cx,  r->dx,
			      r->si,  r->di,  r->bp,	r->r8,	r->r9, r->r10, r->r11,
			      r->r12, r->r13, r->r14,	r->r15, r->cs, r->ss };
	const u64 control[] = { note->cr0,
				note->cr2,
				note->cr3,
				note->cr4,
				note->segments.gs_base,
				note->kernel_gs_base,
				note->idt_base,
				note->idt_base,
				note->gdt_base };

	row_number(row, note->cpu);
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		row_address(row, plain[i]);
	for (size_t i = 0; i < ARRAY_SIZE(control); i++)
		put_control_register(row, note, control[i]);
}

static void show_registers(UNUSED const char *option)
{
	const struct dump *dump = session.dump;

	if (!dump || !dump->nr_cpu_notes)
		fail("the dump has no registers");
	table_show(&(struct table){ .name = "help",
				    .columns = register_columns,
				    .count = dump->nr_cpu_notes,
				    .put = put_registers,
				    .when = dump->nr_qemu_notes ? OF_QEMU : OF_OTHERS,
				    .headings = HEADINGS_NEVER,
				    .labels = 1 });
}

static const struct option options[] = {
	{ "a", NULL, "the aliases" },
	{ "B", NULL, "how this crash was built" },
	{ "D", NULL, "the dump's header and notes" },
	{ "k", NULL, "the kernel: its size, CPUs, times and lists" },
	{ "m", NULL, "the machine: page tables, where its memory is mapped" },
	{ "n", NULL, "the notes alone: registers, vmcoreinfo, and what else is kept in the dump" },
	{ "o", NULL,
	  "every member, type, symbol and enumerator of the kernel that crash looks for, with the "
	  "spelling and place that this kernel has" },
	{ "p", NULL, "the session itself" },
	{ "r", NULL, "the registers that the dump holds of each CPU" },
	{ "s", NULL, "how many symbols there are, of the kernel and of each module" },
	{ "t", NULL, "the tasks: how many, the current one, the one that panicked" },
	{ "T", NULL, "the same, and a row for each task" },
	{ "v", NULL, "the kernel's memory: its size, areas and layout" },
	{ "z", NULL, "these options" },
	/* crash's tables that have no counterpart here */
	{ "b", NULL, NULL },
	{ "c", NULL, NULL },
	{ "d", NULL, NULL },
	{ "e", NULL, NULL },
	{ "f", NULL, NULL },
	{ "g", NULL, NULL },
	{ "h", NULL, NULL },
	{ "H", NULL, NULL },
	{ "K", NULL, NULL },
	{ "L", NULL, NULL },
	{ "M", "number", NULL },
	{ "N", NULL, NULL },
	{ "V", NULL, NULL },
	{ "x", NULL, NULL },
	{ 0 },
};

static void show_options(UNUSED const char *option)
{
	for (const struct option *entry = options; entry->help; entry++)
		out("    -%s - %s\n", entry->name, entry->help);
}

/* Each reads much of the kernel, or of the dump alone. */
static const struct {
	const char *option;
	void (*show)(const char *option);
	void (*dump)(
		void); /* instead: needs an open dump, and with TASKS more than --minimal has */
	bool tasks;
} shows[] = {
	{ "a", show_aliases, NULL, false },
	{ "B", show_build, NULL, false },
	{ "D", show_dump, NULL, false },
	{ "k", NULL, session_dump_kernel, false },
	{ "m", NULL, session_dump_machine, false },
	{ "n", show_notes, NULL, false },
	{ "o", show_names, NULL, false },
	{ "p", NULL, session_dump_session, false },
	{ "r", show_registers, NULL, false },
	{ "s", NULL, session_dump_symbols, false },
	{ "t", NULL, session_dump_tasks, true },
	{ "T", NULL, session_dump_each_task, true },
	{ "v", NULL, session_dump_memory, false },
	{ "z", show_options, NULL, false },
};

static const struct {
	const char *options, *instead;
} elsewhere[] = {
	{ "bcx", "it has no such buffers; \"help -p\" shows the session" },
	{ "d",
	  "devices are read anew by each command that asks; \"help -o\" shows what is looked for" },
	{ "e", "commands are part of the program; \"help\" lists them" },
	{ "f",
	  "open files are read anew by each command that asks; \"help -D\" shows the dump's file" },
	{ "g", "\"help -p\" shows gdb's state, \"gdb info files\" what it knows" },
	{ "hH", "lists are checked for loops without a table; see \"set hash\"" },
	{ "K", "\"help -k\" and \"help -o\" show all that was found out about the kernel" },
	{ "L", "\"help -D\" shows the header of every format, LKCD's among them" },
	{ "M", "\"help -m\" shows what was found out about the machine" },
	{ "N",
	  "sockets are read anew by each command that asks; \"help -o\" shows what is looked for" },
	{ "V", "\"help -v\" and \"kmem -i\" show what was found out about memory" },
};

static void show_data(const char *option)
{
	for (size_t i = 0; i < ARRAY_SIZE(shows); i++) {
		if (!streq(shows[i].option, option))
			continue;
		if (shows[i].show) {
			shows[i].show(option);
			return;
		}
		if (!session.dump)
			fail("no dump is open");
		if (shows[i].tasks && session.minimal)
			fail("tasks are not available in minimal mode");
		shows[i].dump();
	}
	for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++) {
		if (strstr(elsewhere[i].options, option))
			fail("crash keeps nothing to show with -%s: %s", option,
			     elsewhere[i].instead);
	}
}

static void run_help(struct args *args)
{
	for (size_t i = 0; i < args->nr_options; i++)
		show_data(args->options[i].option->name);
	if (!args->nr_options && !args->nr_words)
		help_table();
	for (size_t i = 0; i < args->nr_words; i++) {
		if (help_topic(args->words[i]))
			continue;
		if (session.minimal ||
		    !gdb_command_try_run(scope_printf("help %s", args->words[i])))
			help_command(args->words[i]); /* says that there is none */
	}
}

COMMAND(help) = {
	.name = "help",
	.summary = "help on commands",
	.synopsis = "[command | all | input | output] [-option]",
	.options = options,
	.description =
		"Without an argument, shows the table of commands. With the name of a command or "
		"alias, its page; with \"all\", every page; with \"input\" or \"output\", how to "
		"type lines and where answers go. Other words go to gdb's own help.\n"
		"\n"
		"The options show what crash knows about its files: what a bug report needs. "
		"Lines of -k, -m, -v, -t and -p have the names of crash 9 where they mean the "
		"same; its lines about caches and functions inside the program are left out.",
	.example = "crash> help -m\n"
		   "            machine: x86_64\n"
		   "             kvbase: ffff8ae4c0000000\n"
		   "  identity_map_base: ffff8ae4c0000000\n"
		   "           pagesize: 4096\n"
		   "          pageshift: 12\n"
		   "           pagemask: fffffffffffff000\n"
		   "         pageoffset: fff\n"
		   "          stacksize: 16384\n"
		   "                 hz: 250\n"
		   "...\n"
		   "crash> help -r\n"
		   "CPU 0:\n"
		   "    RIP: ffffffff9864de07  RSP: ffffd2a6c0003fc0  RFLAGS: 00000046\n"
		   "...\n",
	.arguments = "topic ...",
	.run = run_help,
	.flags = COMMAND_MINIMAL,
};
