/* commands/help.c - the command help: the table, pages, and what the session knows of its files. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/help.h"

#include "base/fail.h"
#include "base/out.h"
#include "bridge/gdb_bridge.h"
#include "dump/elfnote.h"
#include "names/kfield.h"
#include "shell/alias.h"
#include "shell/command.h"
#include "shell/gdb_command.h"
#include "shell/session.h"
#include "show/btshow.h"
#include "show/kerneldump.h"
#include "show/sessiondump.h"

static void show_aliases(UNUSED const char *option)
{
	for (size_t i = 0; i < alias_count(); i++) {
		const struct alias *alias = alias_at(i);

		out("%s = \"%s\" (%s)\n", alias->name, alias->text,
		    alias->builtin ? "builtin" : "runtime");
	}
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

static void show_names(UNUSED const char *option)
{
	static const char *const kinds[] = {
		[KNAME_FIELD] = "member",
		[KNAME_TYPE] = "type",
		[KNAME_SYMBOL] = "symbol",
		[KNAME_ENUM] = "enumerator",
	};

	for (size_t i = 0; i < kname_count(); i++) {
		struct kname *name = kname_get(i);
		bool found = kname_resolve(name);

		out("%32s  %-10s  ", name->id, kinds[name->kind]);
		if (!found)
			out("not in this kernel (%s)\n", name->spellings[0]);
		else if (name->kind == KNAME_FIELD)
			out("%s: offset %llu, %llu bytes\n", name->spelling, name->member.offset,
			    name->member.size);
		else if (name->kind == KNAME_SYMBOL)
			out("%s: %llx\n", name->spelling, name->value);
		else
			out("%s: %lld\n", name->spelling, name->value);
	}
}

/* Only virtual machine monitors write these. */
static void show_control_registers(const struct cpu_note *note)
{
	out("    CR0: %016llx  CR2: %016llx  CR3: %016llx\n", note->cr0, note->cr2, note->cr3);
	/* VMware's state has the others under names that are not known. */
	if (!session.dump->nr_qemu_notes) {
		out("    CR4: %016llx  IDT base: %016llx\n", note->cr4, note->idt_base);
		return;
	}
	out("    CR4: %016llx  GS base: %016llx  kernel GS base: %016llx\n", note->cr4,
	    note->segments.gs_base, note->kernel_gs_base);
	out("    IDT base: %016llx  GDT base: %016llx\n", note->idt_base, note->gdt_base);
}

static void show_registers(UNUSED const char *option)
{
	const struct dump *dump = session.dump;

	if (!dump || !dump->nr_cpu_notes)
		fail("the dump has no registers");
	for (size_t i = 0; i < dump->nr_cpu_notes; i++) {
		const struct cpu_note *note = &dump->cpu_notes[i];
		const struct x86_regs *r = &note->regs;

		out("CPU %u:\n", note->cpu);
		out("    RIP: %016llx  RSP: %016llx  RFLAGS: %08llx\n", r->ip, r->sp, r->flags);
		btshow_general_registers(r);
		out("    CS: %04llx  SS: %04llx\n", r->cs, r->ss);
		if (note->has_control)
			show_control_registers(note);
	}
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
	{ "r", NULL, "the registers of each cpu that the dump holds" },
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
	{ "L", "\"help -D\" shows the header of every format, LKCD's, too" },
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
