/* commands/set.c - the command set: the current context, and the variables of the session. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/debug.h"
#include "base/fail.h"
#include "base/table.h"
#include "bridge/gdb_bridge.h"
#include "dump/dumpfile.h"
#include "kernel.h"
#include "kernel/taskcontext.h"
#include "kernel/unwind/stack.h"
#include "memory.h"
#include "names/debuginfod.h"
#include "shell/bridge_ops.h"
#include "shell/command.h"
#include "shell/gdb_settings.h"
#include "shell/input.h"
#include "shell/nearest.h"
#include "shell/process.h"
#include "shell/prompt.h"
#include "shell/report.h"
#include "shell/session.h"
#include "shell/shell.h"
#include "shell/taskwords.h"
#include "show/contextshow.h"
#include "show/offline.h"
#include "show/slabshow.h"
#include "symbols.h"
#include "task.h"

#include <errno.h>
#include <stdlib.h>

struct variable {
	const char *name;
	const char *settings; /* for messages: "on | off" */
	bool *flag; /* an on/off variable; else the functions below */
	const char *command; /* the flag is the switch of this command */
	/* False: not a setting of this variable. NULL and no flag: it takes none. */
	bool (*change)(const char *setting);
	/* The value; LISTED: for `set -v`, where crash words some differently. */
	void (*put)(struct row *row, bool listed);
	/* What `set NAME` prints before the value; NULL: the name; "": nothing. */
	const char *label;
	bool unlisted; /* not part of `set -v` */
};

static void put_switch(struct row *row, bool on)
{
	row_flag(row, on);
	row_shown(row, on_off(on));
}

static void put_scroll(struct row *row, UNUSED bool listed)
{
	row_flag(row, pager_settings.scroll);
	row_shown(row, scope_printf("%s (%s)", on_off(pager_settings.scroll),
				    pager_settings.command ? pager_settings.command : "none"));
}

static bool change_scroll(const char *setting)
{
	const char *chosen = getenv("CRASHPAGER");

	if (streq(setting, "on") || streq(setting, "off")) {
		pager_settings.scroll = streq(setting, "on");
		return true;
	}
	if (streq(setting, "less"))
		pager_settings.command = PROCESS_LESS;
	else if (streq(setting, "more"))
		pager_settings.command = "more";
	else if (streq(setting, "CRASHPAGER") && chosen && *chosen)
		pager_settings.command = chosen;
	else
		return false;
	pager_settings.scroll = true;
	return true;
}

static void put_radix(struct row *row, bool listed)
{
	row_number(row, gdb_settings.radix);
	row_shown(row, scope_printf("%u (%s)", gdb_settings.radix,
				    gdb_settings.radix != 16 ? "decimal"
				    : listed		     ? "hexadecimal"
							     : "hex"));
}

static bool change_radix(const char *setting)
{
	if (!streq(setting, "10") && !streq(setting, "16"))
		return false;
	gdb_settings.radix = setting[1] == '0' ? 10 : 16;
	return true;
}

static bool change_unsigned(const char *setting, unsigned *variable)
{
	u64 number;

	if (!argument_try_number(setting, &number) || number > UINT32_MAX)
		return false;
	*variable = number;
	return true;
}

static void put_print_max(struct row *row, UNUSED bool listed)
{
	row_number(row, gdb_settings.print_max);
}

static bool change_print_max(const char *setting)
{
	return change_unsigned(setting, &gdb_settings.print_max);
}

static void put_debug(struct row *row, UNUSED bool listed)
{
	row_number(row, debug_level);
}

static bool change_debug(const char *setting)
{
	return change_unsigned(setting, &debug_level);
}

static void put_console(struct row *row, bool listed)
{
	const char *console = debug_console();

	if (console)
		row_text(row, console);
	else
		row_null(row, listed ? "(not assigned)" : "not set");
}

static bool change_console(const char *setting)
{
	setting = argument_file(setting);
	if (!debug_set_console(setting))
		fail("console device %s: %s", setting, strerror(errno));
	return true;
}

static void put_core(struct row *row, bool listed)
{
	put_switch(row, report_settings.core_dump);
	if (!listed)
		row_shown(row, scope_printf("%s (%s core on error message)",
					    on_off(report_settings.core_dump),
					    report_settings.core_dump ? "drop" : "do NOT drop"));
}

static bool change_core(const char *setting)
{
	report_settings.core_dump = streq(setting, "on");
	return streq(setting, "on") || streq(setting, "off");
}

static void put_edit(struct row *row, UNUSED bool listed)
{
	row_text(row, prompt_has_vi_keys() ? "vi" : "emacs");
}

static bool change_edit(const char *setting)
{
	if (!streq(setting, "vi") && !streq(setting, "emacs"))
		return false;
	prompt_set_vi_keys(streq(setting, "vi"));
	return true;
}

static void put_path(struct row *row, const char *path)
{
	if (path)
		row_text(row, path);
	else
		row_null(row, "(none)");
}

static void put_namelist(struct row *row, UNUSED bool listed)
{
	put_path(row, session.vmlinux_path);
}

static void put_dumpfile(struct row *row, UNUSED bool listed)
{
	put_path(row, session.dump_path);
}

/* Only .crashrc runs before the files are opened, and may run again behind that. */
static bool change_file(const char *setting, char **wanted)
{
	setting = argument_file(setting);
	if (!session.dump) {
		free(*wanted);
		*wanted = xstrdup(setting);
	} else if (!*wanted || !streq(*wanted, setting)) {
		fail("the files of a session cannot be changed: start crash with others, "
		     "or name them in .crashrc");
	}
	return true;
}

static bool change_namelist(const char *setting)
{
	return change_file(setting, &input_files.namelist);
}

static bool change_dumpfile(const char *setting)
{
	return change_file(setting, &input_files.dumpfile);
}

/* Asking is what frees. */
static u64 freed_pages(void)
{
	return session.dump ? dump_free_pages(session.dump) : 0;
}

static void put_free(struct row *row, UNUSED bool listed)
{
	u64 pages = freed_pages();

	row_number(row, pages);
	row_shown(row, scope_printf("%llu pages freed", pages));
}

static void put_zero_excluded(struct row *row, UNUSED bool listed)
{
	put_switch(row, memory_zero_excluded());
}

static bool change_zero_excluded(const char *setting)
{
	if (!streq(setting, "on") && !streq(setting, "off"))
		return false;
	memory_set_zero_excluded(streq(setting, "on"));
	gdb_bridge_changed();
	return true;
}

static void put_unwind(struct row *row, UNUSED bool listed)
{
	put_switch(row, stack_prefers_cfi());
}

static bool change_unwind(const char *setting)
{
	if (!streq(setting, "on") && !streq(setting, "off"))
		return false;
	stack_prefer_cfi(streq(setting, "on"));
	gdb_bridge_changed();
	return true;
}

/* Where the scope is; NULL when that has no name. */
static const char *scope_name(void)
{
	char name[256];

	return symbol_format(bridge_ops_scope(), true, name, sizeof(name)) ? scope_strdup(name)
									   : NULL;
}

static void put_scope(struct row *row, UNUSED bool listed)
{
	static const char none[] = "0 (not set)";
	u64 scope = bridge_ops_scope();
	const char *name = scope ? scope_name() : NULL;

	if (!scope) {
		row_null(row, none);
		return;
	}
	row_address(row, scope);
	row_shown(row, name ? scope_printf("%llx (%s)", scope, name) : none);
}

static bool change_scope(const char *setting)
{
	u64 address;

	if (streq(setting, "0")) {
		bridge_ops_set_scope(0);
		return true;
	}
	if (!argument_try_address(setting, &address))
		return false;
	if (!address_is_text(address))
		fail("invalid text address: %s (the scope is code: a function's name or address)",
		     setting);
	bridge_ops_set_scope(address);
	return true;
}

static void put_offline(struct row *row, UNUSED bool listed)
{
	row_text(row, offline_is_hidden() ? "hide" : "show");
}

static bool change_offline(const char *setting)
{
	if (!streq(setting, "show") && !streq(setting, "hide"))
		return false;
	offline_hide(streq(setting, "hide"));
	return true;
}

static void put_error(struct row *row, UNUSED bool listed)
{
	row_text(row, report_settings.file	 ? report_settings.file
		      : report_settings.redirect ? "redirect"
						 : "default");
}

static bool change_error(const char *setting)
{
	FILE *file;

	report_settings.redirect = streq(setting, "redirect");
	report_settings.file = NULL;
	if (streq(setting, "redirect") || streq(setting, "default"))
		return true;
	setting = argument_file(setting);
	file = fopen(setting, "ae");
	if (!file)
		fail("cannot open %s: %s", setting, strerror(errno));
	fclose(file);
	report_settings.file = xstrdup(setting);
	return true;
}

static void put_debuginfod(struct row *row, UNUSED bool listed)
{
	put_switch(row, debuginfod_allowed());
}

static bool change_debuginfod(const char *setting)
{
	struct strbuf *why = scope_strbuf();

	if (streq(setting, "off"))
		debuginfod_forbid();
	else if (!streq(setting, "on"))
		return false;
	else if (!debuginfod_allow(why))
		fail("debuginfod: %s", strbuf_text(why));
	return true;
}

static const struct variable variables[] = {
	{ .name = "scroll",
	  .settings = "on | off | less | more | CRASHPAGER",
	  .change = change_scroll,
	  .put = put_scroll },
	{ .name = "radix",
	  .settings = "10 | 16",
	  .change = change_radix,
	  .put = put_radix,
	  .label = "output radix" },
	{ .name = "refresh", .flag = &session.refresh },
	{ .name = "print_max",
	  .settings = "number",
	  .change = change_print_max,
	  .put = put_print_max },
	{ .name = "print_array", .flag = &gdb_settings.print_array },
	{ .name = "console", .settings = "device", .change = change_console, .put = put_console },
	{ .name = "debug", .settings = "number", .change = change_debug, .put = put_debug },
	{ .name = "core", .settings = "on | off", .change = change_core, .put = put_core },
	{ .name = "hash", .command = "list" },
	{ .name = "silent", .flag = &session.silent },
	{ .name = "edit", .settings = "vi | emacs", .change = change_edit, .put = put_edit },
	{ .name = "namelist", .settings = "file", .change = change_namelist, .put = put_namelist },
	{ .name = "dumpfile", .settings = "file", .change = change_dumpfile, .put = put_dumpfile },
	{ .name = "unwind", .settings = "on | off", .change = change_unwind, .put = put_unwind },
	{ .name = "zero_excluded",
	  .settings = "on | off",
	  .change = change_zero_excluded,
	  .put = put_zero_excluded },
	{ .name = "null-stop", .flag = &gdb_settings.null_stop },
	{ .name = "gdb", .flag = &gdb_settings.takes_lines },
	{ .name = "scope",
	  .settings = "text address | 0",
	  .change = change_scope,
	  .put = put_scope },
	{ .name = "offline",
	  .settings = "show | hide",
	  .change = change_offline,
	  .put = put_offline },
	{ .name = "redzone", .flag = &slab_settings.redzone },
	{ .name = "error",
	  .settings = "default | redirect | file",
	  .change = change_error,
	  .put = put_error },
	{ .name = "debuginfod",
	  .settings = "on | off",
	  .change = change_debuginfod,
	  .put = put_debuginfod,
	  .unlisted = true },
	{ .name = "data_debug", .flag = &debug_names, .unlisted = true },
	{ .name = "free", .put = put_free, .label = "", .unlisted = true },
};

/* NULL: it is no on/off variable. */
static bool *flag_of(const struct variable *variable)
{
	return variable->command ? command_find(variable->command)->on_off : variable->flag;
}

static const struct variable *variable_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		if (streq(variables[i].name, name))
			return &variables[i];
	}
	return NULL;
}

static const char *nearest_variable(const char *word)
{
	const char *names[ARRAY_SIZE(variables) + 5] = {
		[0] = "hex", [1] = "dec", [2] = "vi", [3] = "emacs"
	};

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		names[i + 4] = variables[i].name;
	return nearest_of(word, names);
}

static const struct column variable_columns[] = {
	{ "variable", "", .kind = CELL_TEXT },
	{ "value", "", CELL_ANY, .before = "" },
	{ "pager", NULL, .kind = CELL_TEXT },
	{ "symbol", NULL, .kind = CELL_TEXT },
	{ 0 },
};

struct listing {
	const struct variable *variables;
	bool listed; /* `set -v` */
};

static const char *label_of(const struct variable *variable, bool listed)
{
	if (listed)
		return scope_printf("%14s: ", variable->name);
	if (!variable->label)
		return scope_printf("%s: ", variable->name);
	return *variable->label ? scope_printf("%s: ", variable->label) : "";
}

static void put_variable(struct row *row, size_t index, void *arg)
{
	const struct listing *listing = arg;
	const struct variable *variable = &listing->variables[index];

	if (listing->listed && variable->unlisted) {
		row_skip(row);
		return;
	}
	row_text(row, variable->name);
	row_shown(row, label_of(variable, listing->listed));
	if (flag_of(variable))
		put_switch(row, *flag_of(variable));
	else
		variable->put(row, listing->listed);
	if (variable->put == put_scroll)
		row_text(row, pager_settings.command);
	else
		row_none(row);
	if (variable->put == put_scope && bridge_ops_scope())
		row_text(row, scope_name());
	else
		row_none(row);
}

static void show_variables(const struct variable *first, size_t count, bool listed)
{
	struct listing listing = { first, listed };

	table_show(&(struct table){ .name = "set",
				    .columns = variable_columns,
				    .count = count,
				    .put = put_variable,
				    .arg = &listing,
				    .headings = HEADINGS_NEVER });
}

static void change_variable(const struct variable *variable, const char *setting)
{
	bool on = streq(setting, "on"), *flag = flag_of(variable);

	if (flag && (on || streq(setting, "off"))) {
		*flag = on;
		return;
	}
	if (flag || !variable->change || !variable->change(setting))
		fail("invalid setting of %s: %s (it takes %s%s)", variable->name, setting,
		     variable->settings && streq(variable->settings, "number") ? "a " : "",
		     variable->settings ? variable->settings : "on | off");
}

/* "set hex", "set vi": a setting that is a word of its own. */
static const struct variable *lone_setting(const char *word, const char **setting)
{
	bool radix = streq(word, "hex") || streq(word, "dec");

	if (!radix && !streq(word, "vi") && !streq(word, "emacs"))
		return NULL;
	*setting = !radix ? word : streq(word, "hex") ? "16" : "10";
	return variable_find(radix ? "radix" : "edit");
}

/* NAME [SETTING] [NAME SETTING] ... */
static void set_variables(char **words, size_t nr_words)
{
	for (size_t i = 0; i < nr_words; i++) {
		const char *setting = NULL;
		const struct variable *variable = lone_setting(words[i], &setting);

		if (!variable) {
			variable = variable_find(words[i]);
			if (!variable)
				fail("no such variable: %s%s", words[i],
				     nearest_variable(words[i]));
			if (i + 1 < nr_words && (flag_of(variable) || variable->change))
				setting = words[++i];
		}
		if (setting)
			change_variable(variable, setting);
		show_variables(variable, 1, false);
	}
}

static void set_context(const struct task *task)
{
	task_set_current(task);
	gdb_bridge_changed();
	contextshow(7);
}

static void set_cpu(const char *word)
{
	const struct task *task;
	u64 cpu;

	if (!argument_try_number(word, &cpu))
		fail("invalid cpu number: %s", word);
	if (cpu >= kernel_nr_cpus())
		fail("invalid cpu number: system has only %u cpus", kernel_nr_cpus());
	task = task_running_on(cpu);
	if (!task)
		fail("the task that ran on cpu %llu is not known", cpu);
	set_context(task);
}

static void set_active(const char *word)
{
	const struct task *task = word ? task_argument(word) : task_current();
	char comm[TASK_COMM_SPACE];

	task_make_active(task);
	gdb_bridge_changed();
	contextshow_in_words(
		task, scope_printf("\"%s\" task %llx has been marked as the active task on cpu %u",
				   task_comm(task, comm), task->address, task->cpu));
}

static void set_context_to(const char *word)
{
	const struct task *task = task_try_argument(word);

	if (!task)
		fail("invalid task or pid value: %s%s", word, nearest_variable(word));
	set_context(task);
}

static bool is_variable(const char *word)
{
	const char *setting;

	return variable_find(word) || lone_setting(word, &setting);
}

static void run_set(struct args *args)
{
	const char *first = args->nr_words ? args->words[0] : NULL;

	/* A minimal session has no current task. */
	if (option_given(args, "v") || (session.minimal && !args->nr_options && !first)) {
		show_variables(variables, ARRAY_SIZE(variables), true);
	} else if (session.minimal && (args->nr_options || !is_variable(first))) {
		fail("tasks are not available in minimal mode");
	} else if (option_given(args, "p")) {
		if (memory_is_live())
			fail("this is a live system: no task has panicked");
		if (!task_panic())
			fail("the panic task is not known (bt -a shows what ran on each CPU)");
		set_context(task_panic());
	} else if (option_given(args, "c")) {
		set_cpu(option_argument(args, "c"));
	} else if (option_given(args, "a")) {
		set_active(first);
	} else if (!first) {
		contextshow(7);
	} else if (is_variable(first)) {
		set_variables(args->words, args->nr_words);
	} else {
		if (args->nr_words > 1)
			fail("no such variable: %s%s", first, nearest_variable(first));
		set_context_to(first);
	}
}

/* For TAB: the settings of the variable before, else the variables. */
static void offer_words(char *const *words, size_t nr_words,
			void (*offer)(void *arg, const char *word), void *arg)
{
	const struct variable *variable = nr_words ? variable_find(words[nr_words - 1]) : NULL;
	const char *settings = variable && variable->settings ? variable->settings : "on | off";

	while (variable && *settings) {
		char *word = scope_printf("%.*s", (int)strcspn(settings, " |"), settings);

		/* Words for what the user thinks of are no settings. */
		if (!streq(word, "number") && !streq(word, "device") && !streq(word, "file") &&
		    !streq(word, "text") && !streq(word, "address"))
			offer(arg, word);
		settings += strlen(word);
		settings += strspn(settings, " |");
	}
	for (size_t i = 0; !variable && i < ARRAY_SIZE(variables); i++)
		offer(arg, variables[i].name);
}

static const struct option options[] = {
	{ "a", NULL, "mark the task (or the current one) as the active task of its cpu" },
	{ "c", "cpu", "the task that was active on this cpu becomes current" },
	{ "p", NULL,
	  "the task that panicked becomes current, or, when none did, the one of cpu 0" },
	{ "v", NULL, "show all variables" },
	{ 0 },
};

COMMAND(set) = {
	.name = "set",
	.summary = "the current task, and variables of the session",
	.synopsis = "[[-a] [pid | taskp] | [-c cpu] | -p] | [variable [setting]] ... | -v",
	.options = options,
	.description =
		"Commands about a task use the current one unless you name another. Without an "
		"argument, set shows the current task; with a pid or the address of a "
		"task_struct, that task becomes current. At the start it is the task that "
		"panicked.\n"
		"\n"
		"With the name of a variable, set shows its value; a setting after the name "
		"changes it. Several pairs may follow each other.\n"
		"\n"
		"  scroll         on | off | less | more | CRASHPAGER: the pager for output\n"
		"  radix          10 | 16: the base of numbers in p, struct and the like\n"
		"  print_max      how many elements of arrays and strings are printed\n"
		"  print_array    on | off: one array element a line\n"
		"  null-stop      on | off: strings in arrays end at their first NUL\n"
		"  error          default | redirect | FILE: where error messages go: to the\n"
		"                 terminal and with the output; only with the output when that\n"
		"                 is redirected; only into FILE\n"
		"  zero_excluded  on | off: pages excluded from the dump read as zeroes\n"
		"  offline        show | hide: cpus that were not online, in bt -a and -c, in\n"
		"                 ps -C and \":cpus\"; ps marks their tasks with - instead of >\n"
		"  scope          text address | 0: data is looked up as this function sees it\n"
		"  gdb            on | off: every line goes to gdb; \"crash CMD\" does not\n"
		"  silent         on | off: no prompt and no echo of an input file's lines\n"
		"  edit           vi | emacs: keys of the command line\n"
		"  unwind         on | off: stacks are followed by vmlinux's DWARF\n"
		"  core           on | off: the next error message ends crash with a core file\n"
		"  debuginfod     on | off: ask the servers in DEBUGINFOD_URLS for debug\n"
		"                 information that is nowhere here\n"
		"  namelist, dumpfile  the open files; can be named in .crashrc only\n"
		"  refresh        on | off: before each command of a live system, what was\n"
		"                 known of tasks and modules is forgotten; off: it stays so\n"
		"  hash           on | off: list remembers every entry, to find loops at once;\n"
		"                 off: it finds them by Brent's method, later, without memory\n"
		"  debug          number: messages about the program's own work. From 1: files\n"
		"                 looked at, the layout of memory, how long commands took; from\n"
		"                 4: members, types and symbols of the kernel, when they are\n"
		"                 first needed; from 8: everything that is read of the dump\n"
		"  data_debug     on | off: only the messages from 4\n"
		"  console        FILE: a terminal or a file, which gets these messages instead\n"
		"                 of standard error\n"
		"  redzone        on | off: kmem shows a slab object by the red zone in front\n"
		"                 of it, which slab_debug makes; off: by where pointers to it\n"
		"                 point\n"
		"  free           (no setting) frees the memory of decompressed pages\n"
		"\n"
		"\"hex\", \"dec\", \"vi\" and \"emacs\" may stand alone: set hex.",
	.example = "crash> set 2\n"
		   "    PID: 2\n"
		   "COMMAND: \"kthreadd\"\n"
		   "   TASK: ffff8ae4c1252100  [THREAD_INFO: ffff8ae4c1252100]\n"
		   "    CPU: 1\n"
		   "  STATE: TASK_INTERRUPTIBLE \n"
		   "crash> set -p\n"
		   "    PID: 300\n"
		   "COMMAND: \"lab-guest\"\n"
		   "   TASK: ffff8ae4c2b84200  [THREAD_INFO: ffff8ae4c2b84200]\n"
		   "    CPU: 1\n"
		   "  STATE: TASK_RUNNING (SYSRQ)\n"
		   "crash> set radix 16 scroll off\n"
		   "output radix: 16 (hex)\n"
		   "scroll: off (less -E -X -R)\n",
	.arguments = "pid|task",
	.offer_words = offer_words,
	.run = run_set,
	.each_task = EACH_TASK_HEADER,
	.flags = COMMAND_MINIMAL,
};
