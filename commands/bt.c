/* commands/bt.c - the command bt: stack traces of tasks and CPUs. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/out.h"
#include "base/table.h"
#include "bridge/gdb_bridge.h"
#include "containers/kpercpu.h"
#include "kernel/taskcontext.h"
#include "kernel/taskinfo.h"
#include "kernel/unwind/stack.h"
#include "memory.h"
#include "names/cfi.h"
#include "shell/command.h"
#include "shell/nearest.h"
#include "shell/taskwords.h"
#include "show/btjson.h"
#include "show/btmerge.h"
#include "show/btshow.h"
#include "show/offline.h"
#include "show/taskrow.h"
#include "task.h"

#include <stdio.h>

struct bt_request {
	struct args *args;
	struct bt_style style;
	const struct task *task;
	struct btmerge *merge; /* --merge, --folded: traces are collected; NULL: shown one by one */
	u64 start_ip, start_slot; /* -I, -S; 0: not given */
	bool first; /* no blank line before it */
};

/* -O */
static bool scan_by_default;

/* -R: does any frame of the trace name, or lie at, what was asked for? */
static bool trace_refers_to(const struct stack_trace *trace, const char *reference)
{
	u64 address = 0, offset;
	bool is_address = argument_try_address(reference, &address);
	size_t i;

	for (i = 0; i < trace->nr_frames; i++) {
		const struct frame *frame = &trace->frames[i];
		const struct symbol *symbol = symbol_at(frame->pc - !frame->has_regs, &offset);

		if (symbol && streq(symbol->name, reference))
			return true;
		if (is_address && (frame->pc == address || frame->sp == address))
			return true;
	}
	return false;
}

static void find_trace(const struct bt_request *request, struct stack_trace *trace)
{
	if (request->start_ip || request->start_slot) {
		stack_unwind_from(request->task, request->start_ip, request->start_slot, trace);
	} else if (option_given(request->args, "o") ? !scan_by_default : scan_by_default) {
		stack_scan(request->task, trace);
	} else {
		stack_unwind(request->task, trace);
	}
}

/* A trace, for the writer that is called. */
struct shown_trace {
	struct bt_request *request;
	const struct stack_trace *trace;
};

static void put_trace_as_json(void *arg)
{
	const struct shown_trace *shown = arg;
	const struct args *args = shown->request->args;
	enum btjson_form form = option_given(args, "r")	  ? BTJSON_WORDS
				: option_given(args, "T") ? BTJSON_ALL_TEXT_WORDS
				: option_given(args, "t") ? BTJSON_TEXT_WORDS
				: option_given(args, "e") ? BTJSON_EXCEPTIONS
							  : BTJSON_FRAMES;

	btjson_trace(shown->trace, form, &shown->request->style);
}

static void put_trace_as_text(void *arg)
{
	const struct shown_trace *shown = arg;
	struct bt_request *request = shown->request;
	const struct args *args = request->args;
	struct strbuf *header = scope_strbuf();

	taskrow_header(request->task, header);
	out("%s%s\n", request->first ? "" : "\n", strbuf_text(header));
	request->first = false;
	if (option_given(args, "r"))
		btshow_raw(shown->trace);
	else if (option_given(args, "T") || option_given(args, "t"))
		btshow_text_words(shown->trace, option_given(args, "T"));
	else if (option_given(args, "e"))
		btshow_exception_frames(shown->trace);
	else
		btshow_trace(shown->trace, &request->style);
}

static const struct form_writer trace_writer = { put_trace_as_text, put_trace_as_json };

static void show_task(struct bt_request *request)
{
	const char *reference = option_argument(request->args, "R");
	struct stack_trace trace;

	find_trace(request, &trace);
	if (reference && !trace_refers_to(&trace, reference))
		return;
	if (request->merge) {
		btmerge_add(request->merge, &trace, task_state_text(request->task));
		return;
	}
	form_show(&trace_writer, &(struct shown_trace){ request, &trace });
}

static void show_body(void *arg)
{
	show_task(arg);
}

/* One damaged task costs its own trace only. */
static void show_protected(struct bt_request *request, const struct task *task)
{
	struct failure failure;

	request->task = task;
	if (!protect_row(show_body, request, &failure))
		command_problem("bt", failure.text);
}

static const struct column unknown_columns[] = {
	{ "error", "", .kind = CELL_TEXT },
	{ "command", NULL, .kind = CELL_TEXT },
	{ 0 },
};

static void put_unknown(struct row *row, UNUSED size_t index, void *arg)
{
	row_text(row, scope_printf("CPU %u: its current task is unknown", *(unsigned *)arg));
	row_text(row, "bt");
}

static void show_unknown(const struct bt_request *request, unsigned cpu)
{
	if (!request->first)
		table_remark("\n");
	table_show(&ONE_ROW("bt", unknown_columns, put_unknown, &cpu));
}

static void show_cpus(struct bt_request *request, const struct cpu_mask *cpus)
{
	bool hide_idle = false;
	const char *kind = option_argument(request->args, "n");
	unsigned cpu;

	if (kind) {
		if (!streq(kind, "idle"))
			fail("-n takes the word idle, not %s", kind);
		hide_idle = true;
	}
	for (cpu = cpu_mask_next(cpus, 0); cpu < MAX_CPUS; cpu = cpu_mask_next(cpus, cpu + 1)) {
		const struct task *task = task_running_on(cpu);

		if (offline_hides_cpu(cpu)) {
			table_remark("%sbt: CPU %u is OFFLINE.\n", request->first ? "" : "\n", cpu);
			request->first = false;
			continue;
		}
		if (!task)
			show_unknown(request, cpu);
		else if (!hide_idle || task->pid != 0)
			show_protected(request, task);
	}
}

static void show_thread_group(struct bt_request *request, const struct task *task)
{
	size_t i;

	for (i = 0; i < task_count(); i++) {
		if (task_at(i)->tgid == task->tgid && (task->tgid || task_at(i) == task))
			show_protected(request, task_at(i));
	}
}

static void show_words(struct bt_request *request)
{
	const struct args *args = request->args;
	size_t i, j, count;

	for (i = 0; i < args->nr_words; i++) {
		const struct task **matches;

		count = tasks_matching(args->words[i], &matches);
		if (!count)
			fail("no task is named or has the pid or address %s%s", args->words[i],
			     nearest_task(args->words[i]));
		for (j = 0; j < count; j++) {
			if (option_given(args, "g"))
				show_thread_group(request, matches[j]);
			else
				show_protected(request, matches[j]);
		}
	}
}

struct damaged {
	const struct task *task;
	const char *damage;
};

static const struct column damaged_columns[] = {
	TASKROW_COLUMNS(""),
	{ "damage", "", CELL_TEXT, .before = "\n  " },
	{ 0 },
};

static void put_damaged(struct row *row, UNUSED size_t index, void *arg)
{
	const struct damaged *damaged = arg;

	row_stands_for(row, damaged->task->address);
	taskrow_put(row, damaged->task);
	row_text(row, damaged->damage);
}

/* -v */
static void check_stacks(void)
{
	struct damaged damaged = { 0 };
	const struct table table = ONE_ROW("bt", damaged_columns, put_damaged, &damaged,
					   .none = "No stack overflows detected");
	struct table_run run;

	table_begin(&run, &table);
	for (size_t i = 0; i < task_count(); i++) {
		interrupt_check();
		damaged.task = task_at(i);
		damaged.damage = stack_damage(damaged.task);
		if (!damaged.damage)
			continue;
		if (run.nr_rows)
			table_remark("\n");
		table_put(&run, 0);
	}
	table_end(&run);
}

/* One of a CPU's special stacks, for the writer that is called. */
struct special_stack {
	unsigned cpu;
	enum stack_kind kind;
};

static void put_special_as_text(void *arg)
{
	const struct special_stack *stack = arg;

	btwalk_special_stack(stack->cpu, stack->kind, &btshow_special_stack);
}

static void put_special_as_json(void *arg)
{
	const struct special_stack *stack = arg;

	btwalk_special_stack(stack->cpu, stack->kind, &btjson_special_stack);
}

static void show_special_stack(unsigned cpu, enum stack_kind kind)
{
	static const struct form_writer writer = { put_special_as_text, put_special_as_json };

	form_show(&writer, &(struct special_stack){ cpu, kind });
}

/* -E: of these CPUs, or of all. */
static void show_special_stacks(const char *cpu_words)
{
	struct strbuf why = { 0 };
	struct cpu_mask cpus = *cpus_present();
	unsigned cpu;

	if (cpu_words && !cpu_mask_parse(cpu_words, &cpus, &why))
		fail_with(&why);
	for (cpu = cpu_mask_next(&cpus, 0); cpu < MAX_CPUS; cpu = cpu_mask_next(&cpus, cpu + 1))
		show_special_stack(cpu, STACK_IRQ);
	for (cpu = cpu_mask_next(&cpus, 0); cpu < MAX_CPUS; cpu = cpu_mask_next(&cpus, cpu + 1)) {
		static const enum stack_kind kinds[] = { STACK_DF, STACK_NMI, STACK_DB, STACK_MCE,
							 STACK_VC };

		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			show_special_stack(cpu, kinds[i]);
	}
}

/* -D: crash's words about its own unwinder. Here they say which table is asked first. */
static void set_unwinder(const char *word)
{
	bool dwarf = streq(word, "dwarf") || streq(word, "cfi");
	u64 start, end;

	if (!dwarf && !streq(word, "orc"))
		fail("-D takes orc or dwarf: frames are found through unwind tables, so there "
		     "are no remembered frame sizes to show, check or clear");
	if (dwarf && !cfi_function(0, &start, &end))
		fail("there is no DWARF unwind table: "
		     "it is in a vmlinux with debug information");
	/* As `set unwind` does. */
	stack_prefer_cfi(dwarf);
	gdb_bridge_changed();
}

static const struct column scanning_columns[] = {
	{ "scan_by_default", "", CELL_FLAG, .before = "bt: use ",
	  .after = " bt method by default" },
	{ 0 },
};

static void put_scanning(struct row *row, UNUSED size_t index, UNUSED void *arg)
{
	row_flag(row, scan_by_default);
	row_shown(row, scan_by_default ? "old" : "new");
}

/* -O: from now on, and back. */
static void toggle_scanning(void)
{
	scan_by_default = !scan_by_default;
	table_show(&ONE_ROW("bt", scanning_columns, put_scanning, NULL));
}

static void show_all_tasks(struct bt_request *request)
{
	for (size_t i = 0; i < task_count(); i++) {
		interrupt_check();
		show_protected(request, task_at(i));
	}
}

static const struct task *current_or_fail(void)
{
	const struct task *task = task_current();

	if (!task)
		fail("there is no current task: name one, or choose it with set");
	return task;
}

static u64 address_option(const struct args *args, const char *name)
{
	const char *word = option_argument(args, name);
	u64 address = 0;

	if (word && (!argument_try_address(word, &address) || !address))
		fail("-%s wants an address, not %s%s", name, word, nearest_symbol(word));
	return address;
}

static void read_style(const struct args *args, struct bt_style *style)
{
	struct strbuf *why = scope_strbuf();

	*style = (struct bt_style){
		.offsets = option_given(args, "s"),
		.hex_offsets = option_given(args, "x"),
		.lines = option_given(args, "l"),
		.symbolic = option_given(args, "FF") ? 2 : option_given(args, "F"),
		.sources = option_given(args, "-sources"),
		.arguments = option_given(args, "-args"),
		.locals = option_given(args, "-locals"),
	};
	style->words = option_given(args, "f") || style->symbolic;
	if (option_given(args, "x") && option_given(args, "d"))
		fail("-x and -d exclude each other");
	if ((style->arguments || style->locals) && !gdb_attach_dwarf(why)) {
		warn("bt: no arguments or locals: %s", strbuf_text(why));
		strbuf_reset(why);
		style->arguments = style->locals = false;
	}
	if (style->lines && !gdb_attach_dwarf(why)) {
		warn("bt -l: no lines of source: %s", strbuf_text(why));
		style->lines = false;
	}
}

/* The tasks that the arguments name. */
static void show_requested(struct bt_request *request)
{
	const struct args *args = request->args;
	struct strbuf *why = scope_strbuf();
	struct cpu_mask cpus;

	if (option_given(args, "c")) {
		if (!cpu_mask_parse(option_argument(args, "c"), &cpus, why))
			fail_with(why);
		show_cpus(request, &cpus);
	} else if (option_given(args, "a")) {
		show_cpus(request, cpus_present());
	} else if (option_given(args, "p")) {
		if (memory_is_live())
			fail("this is a live system: no task has panicked");
		if (!task_panic())
			fail("this kernel did not panic, or its panic task cannot be found "
			     "(bt -a shows what ran on each CPU)");
		show_protected(request, task_panic());
	} else if (args->nr_words) {
		show_words(request);
	} else if (option_given(args, "g")) {
		show_thread_group(request, current_or_fail());
	} else if (request->merge) {
		show_all_tasks(request);
	} else {
		show_protected(request, current_or_fail());
	}
}

/* The answer FORM has no place for what these options show. */
static void refuse(const struct args *args, const char *form, const char *const *others)
{
	for (; *others; others++) {
		if (option_given(args, *others))
			fail("-%s does not go with -%s", *others, form);
	}
}

/* An option that would be ignored is a question that was not answered. */
static void check_forms(const struct args *args)
{
	static const char *const merged[] = { "r",  "T",	"t",	 "e",	    "f", "F",
					      "FF", "-sources", "-args", "-locals", NULL };
	static const char *const folded[] = { "-merge", "r",  "T",	  "t",	   "e",	      "f",
					      "F",	"FF", "-sources", "-args", "-locals", "l",
					      "s",	"x",  "d",	  NULL };
	static const char *const words[] = { "-sources", "-args", "-locals", NULL };
	static const char *const word_forms[] = { "r", "T", "t", "e", NULL };

	if (option_given(args, "-folded"))
		refuse(args, "-folded", folded);
	if (option_given(args, "-merge"))
		refuse(args, "-merge", merged);
	for (const char *const *form = word_forms; *form; form++) {
		if (option_given(args, *form))
			refuse(args, *form, words);
	}
}

static void run_bt(struct args *args)
{
	struct bt_request request = { .args = args, .first = true };

	if (option_given(args, "O")) {
		toggle_scanning();
		return;
	}
	if (option_given(args, "D")) {
		set_unwinder(option_argument(args, "D"));
		return;
	}
	if (option_given(args, "v")) {
		check_stacks();
		return;
	}
	if (option_given(args, "E")) {
		show_special_stacks(option_argument(args, "c"));
		return;
	}
	check_forms(args);
	read_style(args, &request.style);
	request.start_ip = address_option(args, "I");
	request.start_slot = address_option(args, "S");
	if (option_given(args, "-merge") || option_given(args, "-folded"))
		request.merge = btmerge_begin();
	show_requested(&request);
	if (option_given(args, "-folded"))
		btmerge_print_folded(request.merge);
	else if (request.merge)
		btmerge_print(request.merge, &(struct btmerge_style){ request.style.lines,
								      request.style.hex_offsets });
}

COMMAND(bt) = {
	.name = "bt",
	.summary = "stack traces of tasks",
	.synopsis = "[-a | -c cpus | -p | -g] [-l] [-f | -F | -FF] [-s [-x | -d]] [-n idle] "
		    "[-t | -T | -e | -r] [-R ref] [-I ip] [-S sp] [-o] [--sources] [--args] "
		    "[--locals] [--merge | --folded] [pid | task | name] ...\n"
		    "-v | -E [-c cpus] | -O | -D orc | -D dwarf",
	.options =
		(const struct option[]){
			{ "a", NULL, "the running task of every CPU" },
			{ "c", "cpus", "the running tasks of these CPUs: 0,2-3 or all" },
			{ "p", NULL, "the task that panicked" },
			{ "g", NULL, "all threads of the task's thread group" },
			{ "l", NULL,
			  "source file and line of each frame, and of the calls that the compiler "
			  "inlined there (needs debug information)" },
			{ "f", NULL, "the words of the stack below each frame" },
			{ "F", NULL,
			  "as -f, but words that are symbols or slab objects are named" },
			{ "FF", NULL, "as -F, with the address of each slab object" },
			{ "s", NULL, "offset of each pc in its function" },
			{ "x", NULL, "offsets in hexadecimal" },
			{ "d", NULL, "offsets in decimal (the default)" },
			{ "n", "idle", "with -a or -c: leave out idle CPUs" },
			{ "t", NULL, "every word from the first frame up that is a text address" },
			{ "T", NULL, "every word of the whole stack that is a text address" },
			{ "e", NULL,
			  "only the register sets saved on the stack, with their addresses" },
			{ "r", NULL,
			  "the whole stack in words, with names for those that are symbols" },
			{ "R", "ref",
			  "only traces with a frame in this function or at this address" },
			{ "I", "ip", "begin at this text address" },
			{ "S", "sp", "begin at the return address in this word of the stack" },
			{ "o", NULL,
			  "every return address on the stack, stale ones too, each with a ?" },
			{ "O", NULL, "makes -o the default, or no longer the default" },
			{ "D", "table",
			  "ask this unwind table first from now on: orc, the kernel's own (the "
			  "default), or dwarf, vmlinux's" },
			{ "v", NULL, "check the end of every task's stack for overflows" },
			{ "E", NULL,
			  "what looks like saved registers on each CPU's special stacks" },
			{ "-sources", NULL,
			  "where each trace began, and how each frame was found" },
			{ "-args", NULL,
			  "each frame's arguments, "
			  "and those of functions inline there (needs debug information)" },
			{ "-locals", NULL, "each frame's local variables, in the same way" },
			{ "-merge", NULL,
			  "each stack once, with all tasks that have it; "
			  "of all tasks when none is named; takes -l, -x and -R" },
			{ "-folded", NULL,
			  "the same, one line for each stack, as flame graph tools read it" },
			{ NULL, NULL, NULL },
		},
	.description =
		"Without a task, shows the trace of the current context (see `set`). Frames come "
		"from the kernel's own unwind tables, never from guessing at words: each line is "
		"a frame that was live, outermost last. Registers that an exception, an interrupt "
		"or a system call saved appear where it interrupted the trace; a trace that came "
		"from user space ends with the registers of user space.\n"
		"\n"
		"The address in brackets is where the return address is stored, or the stack "
		"pointer for the frame that a CPU was executing. When an exception ran on a stack "
		"of its own, the function that it interrupted gets another line below that stack. "
		"In a dump that kexec made, traces of active tasks begin where each CPU ended, if "
		"the walk from there reaches the registers that the kernel saved. When a trace "
		"cannot be followed to its end, the last line says why; frames after it are "
		"guesses, marked with ?.\n"
		"\n"
		"--merge puts the stacks of hundreds of tasks on one page: tasks on a CPU first, "
		"then those in uninterruptible sleep (UN), then the most frequent stacks. "
		"\"foreach UN bt --merge\" limits it to some tasks.",
	.example = "crash> bt 2\n"
		   "PID: 2        TASK: ffff8ae4c1252100  CPU: 1    COMMAND: \"kthreadd\"\n"
		   " #0 [ffffd2a6c001be18] __schedule at ffffffff992c2dfa\n"
		   " #1 [ffffd2a6c001be90] schedule at ffffffff992c3527\n"
		   " #2 [ffffd2a6c001bea0] kthreadd at ffffffff986f1033\n"
		   "...\n"
		   "crash> bt -s -x -l 2\n"
		   "PID: 2        TASK: ffff8ae4c1252100  CPU: 1    COMMAND: \"kthreadd\"\n"
		   " #0 [ffffd2a6c001be18] __schedule+0x4ea at ffffffff992c2dfa\n"
		   "    kernel/sched/core.c: 5363\n"
		   "    (inlined) context_switch at kernel/sched/core.c: 6752\n"
		   "...\n"
		   "crash> bt -e 1\n"
		   "PID: 1        TASK: ffff8ae4c1250000  CPU: 0    COMMAND: \"init\"\n"
		   "\n"
		   "  USER-MODE EXCEPTION FRAME AT: ffffd2a6c0013f58\n"
		   "    RIP: 0000000000460a63  RSP: 00007ffc63e08058  RFLAGS: 00000202\n"
		   "    RAX: ffffffffffffffda  RBX: 000000000499d840  RCX: 0000000000460a63\n"
		   "...\n"
		   "    ORIG_RAX: 000000000000003d  CS: 0033  SS: 002b\n"
		   "crash> bt --merge 1 2\n"
		   "TASKS: 1      STATE: IN\n"
		   " PIDS: 2\n"
		   "  #0 __schedule+1258\n"
		   "  #1 schedule+39\n"
		   "...\n"
		   "crash> bt --sources 2\n"
		   "PID: 2        TASK: ffff8ae4c1252100  CPU: 1    COMMAND: \"kthreadd\"\n"
		   "    start: where the scheduler switched away from the task\n"
		   " #0 [ffffd2a6c001be18] __schedule at ffffffff992c2dfa  <registers>\n"
		   " #1 [ffffd2a6c001be90] schedule at ffffffff992c3527  <ORC>\n"
		   "...\n",
	.arguments = "pid|task|name ... -n =idle",
	.run = run_bt,
	.each_task = EACH_TASK_OWN_HEADER,
};
