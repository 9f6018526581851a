/* bridge/gdb_start.cc - starts GDB, gives it debug information, runs commands. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gdb_internal.hh"

#include <cli-out.h>
#include <cli/cli-cmds.h>
#include <cli/cli-decode.h>
#include <cli/cli-option.h>
#include <completer.h>
#include <crash-embed.h>
#include <dwarf2/index-cache.h>
#include <event-top.h>
#include <extension.h>
#include <frame.h>
#include <bt-utils.h>
#include <build-id.h>
#include <gdb_bfd.h>
#include <gdbsupport/cleanups.h>
#include <gdbsupport/pathstuff.h>
#include <gdbsupport/thread-pool.h>
#include <inferior.h>
#include <interps.h>
#include <main.h>
#include <maint.h>
#include <objfiles.h>
#include <regcache.h>
#include <run-on-main-thread.h>
#include <symfile.h>
#include <target.h>
#include <target-dcache.h>
#include <top.h>
#include <ui.h>
#include <valprint.h>
#include <value.h>

#include <readline/readline.h>
#include <signal.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

using namespace bridge;

static const struct gdb_bridge_ops no_ops = {};
const struct gdb_bridge_ops *bridge::ops = &no_ops;
static bool started, start_failed;
static std::string start_problem;
static bool dwarf_attached;
static bool may_attach; /* while a command runs that may have debug information read */
#define NO_DEBUG_INFO "no debug info>"
static void attach_dwarf();

/* ---- What GDB asks of us ---- */

static bool embed_symbol(const struct gdb_symbol &found, crash_symbol *answer)
{
	*answer = { found.address, found.size, found.name, found.type };
	return true;
}

static bool embed_symbol_by_name(const char *name, crash_symbol *answer)
{
	struct gdb_symbol found;

	return ops->symbol_by_name && ops->symbol_by_name(ops->arg, name, &found) &&
	       embed_symbol(found, answer);
}

static bool embed_symbol_at(CORE_ADDR address, crash_symbol *answer)
{
	struct gdb_symbol found;

	return ops->symbol_at && ops->symbol_at(ops->arg, address, &found) &&
	       embed_symbol(found, answer);
}

static bool embed_btf(size_t index, crash_blob *answer)
{
	struct gdb_btf found;

	if (!ops->btf || !ops->btf(ops->arg, index, &found))
		return false;
	*answer = { found.name, (const gdb_byte *)found.data, (size_t)found.size };
	return true;
}

static const crash_embed_ops embed_ops = { embed_symbol_by_name, embed_symbol_at, embed_btf };

static bool told_work; /* that the user waits for the index */

static void tell_work(bool working)
{
	if (working != told_work && ops->working)
		ops->working(ops->arg,
			     working ? "reading the kernel's debug information" : nullptr);
	told_work = working;
}

/* Runs wherever GDB looks for an interrupt, also while it waits for its threads. */
static void quit_when_interrupted()
{
	tell_work(dwarf_attached && crash_index_work() == CRASH_INDEX_READING);
	if (ops->interrupted && ops->interrupted(ops->arg))
		quit();
}

/* ---- Starting ---- */

/*
 * GDB's start sets signal handlers and readline's hooks as if it were alone in its process. Both
 * are put back, so that Ctrl-C and the prompt stay ours.
 */
class our_process_state {
public:
	our_process_state()
	{
		for (int number = 1; number < NSIG; number++)
			m_saved[number] = sigaction(number, nullptr, &m_actions[number]) == 0;
	}

	~our_process_state()
	{
		for (int number = 1; number < NSIG; number++) {
			if (m_saved[number])
				sigaction(number, &m_actions[number], nullptr);
		}
		rl_completion_display_matches_hook = m_display;
		rl_readline_name = m_name;
		rl_deprep_term_function = m_deprep;
		rl_prep_term_function = m_prep;
		rl_completion_word_break_hook = m_break_hook;
		rl_attempted_completion_function = m_attempt;
		rl_completer_word_break_characters = m_break_characters;
		rl_completer_quote_characters = m_quotes;
		rl_completion_entry_function = m_entry;
		rl_startup_hook = m_startup;
		rl_getc_function = m_getc;
		rl_instream = m_in;
		rl_outstream = m_out;
		rl_bind_key(CTRL_O, m_ctrl_o);
	}

private:
	static constexpr int CTRL_O = 15; /* GDB gives this key a function of its own */

	struct sigaction m_actions[NSIG];
	bool m_saved[NSIG] = {};
	rl_compdisp_func_t *m_display = rl_completion_display_matches_hook;
	const char *m_name = rl_readline_name;
	rl_voidfunc_t *m_deprep = rl_deprep_term_function;
	rl_vintfunc_t *m_prep = rl_prep_term_function;
	rl_cpvfunc_t *m_break_hook = rl_completion_word_break_hook;
	rl_completion_func_t *m_attempt = rl_attempted_completion_function;
	decltype(rl_completer_word_break_characters) m_break_characters =
		rl_completer_word_break_characters;
	decltype(rl_completer_quote_characters) m_quotes = rl_completer_quote_characters;
	rl_compentry_func_t *m_entry = rl_completion_entry_function;
	rl_hook_func_t *m_startup = rl_startup_hook;
	rl_getc_func_t *m_getc = rl_getc_function;
	FILE *m_in = rl_instream, *m_out = rl_outstream;
	rl_command_func_t *m_ctrl_o = rl_function_of_keyseq("\017", nullptr, nullptr);
};

/* Where GDB's own Python modules and system call tables are: installed beside us, or as built. */
static std::string data_directory()
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length > 0) {
		std::string own(path, length);
		std::string beside = own.substr(0, own.rfind('/')) + "/../share/crash/gdb";

		if (access(beside.c_str(), R_OK) == 0)
			return beside;
	}
	return CRASH_GDB_DATA;
}

/* The part of GDB's own start that comes before it reads init files and files to debug. */
static void start_gdb_core()
{
	FILE *nothing = fopen("/dev/null", "r");

	if (nothing == nullptr)
		error("cannot open /dev/null");
	(void)is_main_thread();
	batch_flag = 1;
	main_ui = new ui(nothing, stderr, stderr);
	gdb_internal_backtrace_init_str();
	current_ui = main_ui;
	gdb_stdtarg = gdb_stderr;
	gdb_stdtargin = gdb_stdin;

	static cli_ui_out early_output(gdb_stdout);
	current_uiout = &early_output;
	gdb_bfd_init();
	warning_pre_print = "warning: ";
	current_directory = getcwd(nullptr, 0);
	if (current_directory == nullptr)
		current_directory = strdup("/");
	gdb_sysroot = "";
	debug_file_directory = "/usr/lib/debug";
	gdb_datadir = data_directory();
	gdb_init();
	update_thread_pool_size();
	set_top_level_interpreter(INTERP_CONSOLE, false);
	quit_handler = quit_when_interrupted;
}

/*
 * Python sets the buffering of C's standard streams: it gets others, and ours keep what
 * they have read.
 */
class other_streams {
public:
	explicit other_streams(FILE *others) : m_in(stdin), m_out(stdout), m_err(stderr)
	{
		stdin = stdout = stderr = others;
	}

	~other_streams()
	{
		stdin = m_in;
		stdout = m_out;
		stderr = m_err;
	}

private:
	FILE *m_in, *m_out, *m_err;
};

static void run_quietly(const char *command)
{
	std::string ignored;

	execute_command_to_string(ignored, command, 0, false);
}

/*
 * Python takes longer to start than all the rest of GDB: it waits for a command that may need it.
 */
static void start_languages(const char *command)
{
	static bool languages_started;
	static const char *const users[] = {
		"py",		"pi",		"source",      "so ",	       "help",
		"apropos",	"info pretty",	"info type-p", "info frame-f", "info unwinder",
		"info xmethod", "info missing", "enable",      "disable",
	};

	if (languages_started)
		return;
	command += strspn(command, " \t");
	for (const char *user : users) {
		FILE *nothing;

		if (strncmp(command, user, strlen(user)) != 0 ||
		    (nothing = fopen("/dev/null", "r+")) == nullptr)
			continue;
		languages_started = true;
		our_process_state keep;
		other_streams aside(nothing);
		ext_lang_initialization();
		/* Python adds a setting of its own to these. */
		run_quietly("set auto-load no");
		return;
	}
}

static void apply_settings()
{
	static const char *const settings[] = {
		"set confirm off",
		"set width 0",
		"set height 0",
		"set pagination off",
		"set style enabled off",
		"set history save off",
		"set history expansion off",
		"set auto-load no",
		"set print pretty on",
		"set print elements 256",
		"set print repeats unlimited",
		"set max-value-size 268435456",
		"set osabi none",
		"set architecture i386:x86-64",
		"set language c",
		/* An internal error of GDB ends the command, not the session. */
		"maintenance set internal-error quit no",
		"maintenance set internal-error corefile no",
		"maintenance set internal-warning quit no",
		"maintenance set internal-warning corefile no",
		"maintenance set internal-error backtrace off",
		"set startup-with-shell off",
		/* Nobody can interrupt the wait for an index but where it is first needed. */
		"maintenance set dwarf synchronous off",
	};

	for (const char *setting : settings)
		run_quietly(setting);
}

/*
 * The array that begins at FIRST, a pointer to its first element: so GDB passes one. nullptr: no
 * variable is it.
 */
static value *array_from(value *first)
{
	type *element = check_typedef(first->type())->target_type();
	CORE_ADDR address = value_as_address(first);
	struct gdb_symbol symbol;
	value *array = nullptr;

	if (!ops->percpu_variable_at || !ops->percpu_variable_at(ops->arg, address, &symbol))
		return nullptr;
	try {
		array = parse_expression(symbol.name)->evaluate();
	} catch (const gdb_exception_error &) {
		return nullptr;
	}
	if (array->lval() != lval_memory || array->address() != address ||
	    check_typedef(array->type())->code() != TYPE_CODE_ARRAY ||
	    !types_deeply_equal(check_typedef(array->type())->target_type(), element))
		return nullptr;
	return array;
}

/*
 * $percpu(VARIABLE, CPU): the copy of a per-cpu variable that belongs to CPU, or to the current
 * task's. $percpu(&VARIABLE, CPU): a pointer to it.
 */
static value *percpu_function(gdbarch *, const language_defn *, void *, int count,
			      value **arguments)
{
	value *variable = arguments[0];
	bool is_pointer = false;
	u64 address;

	if (count < 1 || count > 2)
		error("$percpu(VARIABLE [, CPU]) takes one or two arguments");
	int cpu = count == 2 ? (int)value_as_long(arguments[1]) : -1;
	if (count == 2 && cpu < 0)
		error("$percpu: no CPU %d", cpu);
	if (variable->lval() != lval_memory) {
		if (check_typedef(variable->type())->code() != TYPE_CODE_PTR)
			error("$percpu wants a variable or a pointer to one, not its value");
		value *array = array_from(variable);
		is_pointer = array == nullptr;
		variable = is_pointer ? variable : array;
	}
	if (!ops->percpu_address ||
	    !ops->percpu_address(ops->arg,
				 is_pointer ? value_as_address(variable) : variable->address(), cpu,
				 &address))
		error("$percpu: no copy of this variable for CPU %d", cpu);
	return is_pointer ? value_from_pointer(variable->type(), address)
			  : value_at_lazy(variable->type(), address);
}

/* ---- Commands of ours in GDB ---- */

/* "crash ps", as scripts have it. Its answer is text like any other that GDB prints. */
static void crash_command(const char *line, int)
{
	struct strbuf answer = {}, problem = {};
	std::string text, why;
	bool worked;

	if (!ops->command || line == nullptr)
		error("crash COMMAND ...: a command of crash is missing");
	worked = ops->command(ops->arg, line, &answer, &problem);
	text = strbuf_text(&answer);
	why = strbuf_text(&problem);
	strbuf_free(&answer);
	strbuf_free(&problem);
	/* "crash set 1", "crash mod -s" */
	follow_current_task(false);
	gdb_puts(text.c_str());
	QUIT;
	if (!worked)
		error("%s", why.c_str());
}

/*
 * GDB prints what has no type as far as it knows as "<data variable, no debug info>", and each
 * print has its number in the history of values. So debug information comes before the print that
 * needs it: a second print would have the number that programs expect of the next.
 */
static void read_types_for(const char *arguments)
{
	value_print_options options;
	std::string problem;

	if (dwarf_attached || !may_attach || arguments == nullptr)
		return;
	/* What is wrong with it print itself will say. */
	guarded(&problem, [&]() {
		auto group = make_value_print_options_def_group(&options);

		get_user_print_options(&options);
		gdb::option::process_options(&arguments,
					     gdb::option::PROCESS_OPTIONS_REQUIRE_DELIMITER, group);
		print_command_parse_format(&arguments, "print", &options);
		if (arguments == nullptr || *arguments == '\0')
			return;
		type *found = parse_expression(arguments)->evaluate_type()->type();
		if (type_to_string(found).find(NO_DEBUG_INFO) != std::string::npos)
			attach_dwarf();
	});
	QUIT;
}

static cmd_simple_func_ftype *print_itself;

static void print_once(const char *arguments, int from_terminal)
{
	read_types_for(arguments);
	print_itself(arguments, from_terminal);
}

static void add_commands()
{
	for (cmd_list_element *each = cmdlist; each != nullptr; each = each->next) {
		if (each->is_alias() || strcmp(each->name, "print") != 0)
			continue;
		print_itself = each->function.simple_func;
		each->function.simple_func = print_once;
	}
	set_cmd_completer(add_com("crash", class_support, crash_command,
				  "A command of crash: \"crash ps\"."),
			  noop_completer);
}

static void refuse_command(const char *, int, cmd_list_element *command)
{
	while (command->prefix != nullptr)
		command = command->prefix;
	const char *reason = ops->refused ? ops->refused(ops->arg, command->name) : nullptr;

	error("\"%s\" is refused: %s", command->name, reason ? reason : "not here");
}

/*
 * A kernel's scripts read all symbols anew before they add those of modules: what is there stays.
 */
static void keep_symbols(const char *, int, cmd_list_element *)
{
}

/*
 * GDB puts sections of an object file that have no place one behind the other from address 0 on,
 * and NULL then has the name of what lies first there. Those that are nowhere in memory go where no
 * address can be.
 */
static void place_others(bfd *file, section_addr_info &places)
{
	static CORE_ADDR nowhere = 0x6f1d3c0000000000;
	std::multiset<std::string> given;

	for (const other_sections &place : places)
		given.insert(place.name);
	for (asection *section : gdb_bfd_sections(file)) {
		auto found = given.find(bfd_section_name(section));

		if ((bfd_section_flags(section) & SEC_ALLOC) == 0)
			continue;
		if (found != given.end()) {
			given.erase(found);
			continue;
		}
		nowhere = align_up(nowhere, 4096);
		places.emplace_back(nowhere, bfd_section_name(section), 0);
		nowhere += bfd_section_size(section) + 1;
	}
}

static cmd_func_ftype *gdb_adds_file;

/*
 * The file of add-symbol-file's line ARGS, and the sections that it has a place for. False: all of
 * them, by -o.
 */
static bool parse_file_line(const char *args, std::string *path, section_addr_info *places)
{
	places->emplace_back(0, ".text", 0);
	for (;;) {
		std::string word = extract_string_maybe_quoted(&args);

		if (word.empty() || word == "-o")
			return word.empty() && !path->empty();
		if (word == "-s") {
			places->emplace_back(0, extract_string_maybe_quoted(&args), 0);
			extract_string_maybe_quoted(&args);
		} else if (word[0] != '-' && path->empty()) {
			*path = word;
		}
	}
}

/* Without the lines that name a place of ours: nobody gave those. */
static void print_without(const std::string &text, const std::set<std::string> &sections)
{
	std::istringstream lines(text);

	for (std::string line; std::getline(lines, line);) {
		size_t end = line.find("_addr = ");

		if (line[0] != '\t' || end == std::string::npos ||
		    sections.count(line.substr(1, end - 1)) == 0)
			gdb_printf("%s\n", line.c_str());
	}
}

/*
 * add-symbol-file, of a user or a script: a module's sections that it gives no place get one here.
 */
static void add_symbol_file(const char *args, int from_tty, cmd_list_element *command)
{
	std::string path, line = args ? args : "", output;
	std::set<std::string> ours;
	section_addr_info places;

	if (args == nullptr || !parse_file_line(args, &path, &places)) {
		gdb_adds_file(args, from_tty, command);
		return;
	}
	gdb_bfd_ref_ptr opened = symfile_bfd_open(path.c_str());
	if ((bfd_get_file_flags(opened.get()) & (EXEC_P | DYNAMIC)) != 0) {
		gdb_adds_file(args, from_tty, command);
		return;
	}
	size_t given = places.size();
	place_others(opened.get(), places);
	for (size_t i = given; i < places.size(); i++) {
		line += " -s " + places[i].name + " " + hex_string(places[i].addr);
		ours.insert(places[i].name);
	}
	scoped_restore no_names = make_scoped_restore(&crash_skip_elf_minimal_symbols, true);
	execute_fn_to_string(
		output, [&]() { gdb_adds_file(line.c_str(), from_tty, command); }, false);
	print_without(output, ours);
}

static void refuse_list(cmd_list_element *list)
{
	for (cmd_list_element *each = list; each != nullptr; each = each->next) {
		each->func = refuse_command;
		if (each->is_prefix() && !each->is_alias())
			refuse_list(*each->subcommands);
	}
}

/*
 * A line that the user types is refused before it comes here; what scripts run is not
 * seen by anybody.
 */
static void refuse_commands()
{
	for (cmd_list_element *each = cmdlist; each != nullptr; each = each->next) {
		if (strcmp(each->name, "add-symbol-file") == 0) {
			gdb_adds_file = each->func;
			each->func = add_symbol_file;
		}
		if (each->is_alias() || !ops->refused || !ops->refused(ops->arg, each->name))
			continue;
		each->func = strcmp(each->name, "symbol-file") == 0 ? keep_symbols : refuse_command;
		if (each->is_prefix())
			refuse_list(*each->subcommands);
	}
}

/* False: Ctrl-C. */
static bool wait_for_stored_index()
{
	static const struct timespec step = { 0, 10 * 1000000 };
	bool interrupted = false;

	if (ops->working)
		ops->working(ops->arg, "keeping the index of debug information");
	while (!interrupted && crash_index_work() == CRASH_INDEX_STORING) {
		interrupted = ops->interrupted && ops->interrupted(ops->arg);
		nanosleep(&step, nullptr);
	}
	if (ops->working)
		ops->working(ops->arg, nullptr);
	return !interrupted;
}

/*
 * GDB's threads may still be at an index. What will be kept is waited for; what nobody wanted to
 * wait for is left as it is, and nothing of it is on the disk.
 */
static void finish_gdb(int status, void *)
{
	if (!wait_for_stored_index() || crash_index_work() == CRASH_INDEX_READING) {
		fflush(nullptr);
		_exit(status);
	}
	try {
		do_final_cleanups();
	} catch (...) {
		/* The process ends; there is nobody to tell. */
	}
	gdb::thread_pool::g_thread_pool->set_thread_count(0);
}

static void start_gdb()
{
	our_process_state keep;

	start_gdb_core();
	apply_settings();
	add_internal_function("percpu",
			      "$percpu (VARIABLE [, CPU]): that CPU's copy of a per-cpu variable.\n"
			      "$percpu (&VARIABLE [, CPU]): a pointer to that copy.",
			      percpu_function, nullptr);
	refuse_commands();
	add_commands();
	push_target();
	crash_symbols_install(&embed_ops);
	on_exit(finish_gdb, nullptr);
	started = true;
}

/* ---- Guarding ---- */

/* GDB says that memory cannot be read; the reader below us knows why. */
static std::string with_memory_reason(const gdb_exception &problem)
{
	std::string text = problem.what();
	static const char marker[] = "address 0x";
	size_t at = text.find(marker);
	char why[256] = "";

	if (problem.error != MEMORY_ERROR || at == std::string::npos || !ops->why_unreadable)
		return text;
	u64 address = strtoull(text.c_str() + at + sizeof(marker) - 3, nullptr, 16);
	if (ops->why_unreadable(ops->arg, address, why, sizeof(why)) && *why)
		text += std::string(": ") + why;
	return text;
}

/* GDB keeps much until the process ends, out of the leak checker's sight: its own is not looked at.
 */
class no_leak_check {
#ifdef __SANITIZE_ADDRESS__
	__lsan::ScopedDisabler m_disabler;
#endif
public:
	no_leak_check() {}
};

bool bridge::guarded(std::string *problem, gdb::function_view<void()> work)
{
	no_leak_check pause;
	SCOPE_EXIT { tell_work(false); };

	try {
		work();
		return true;
	} catch (const gdb_exception_quit &) {
		*problem = "interrupted";
	} catch (const gdb_exception &e) {
		*problem = with_memory_reason(e);
	} catch (const std::exception &e) {
		*problem = std::string("gdb ran into ") + e.what();
	} catch (...) {
		*problem = "gdb ended in an unknown exception";
	}
	while (!problem->empty() && problem->back() == '\n')
		problem->pop_back();
	return false;
}

bool bridge::ensure_started(std::string *problem)
{
	if (started)
		return true;
	if (!start_failed) {
		start_failed = !guarded(&start_problem, start_gdb);
		if (!start_failed)
			return true;
	}
	*problem = "gdb does not start: " + start_problem;
	return false;
}

void bridge::add_text(struct strbuf *buf, const std::string &text)
{
	if (buf && !text.empty())
		strbuf_add(buf, text.data(), text.size());
}

/* ---- DWARF ---- */

/* Little-endian, as the index is. */
static u32 index_word(const std::string &bytes, size_t at)
{
	u32 word;

	memcpy(&word, bytes.data() + at, sizeof(word));
	return word;
}

/* GDB believes every offset of an index that it kept, in mapped memory: one of a cut file ends the
 * program. The header is a version and the offsets of the parts, in order; the last part holds the
 * lists of units and the names that the slots of the table before it point to. */
static bool index_is_whole(const std::string &bytes)
{
	const size_t header = 7 * sizeof(u32);
	size_t pool, slots;

	/* Another version has another header: GDB does not take it. */
	if (bytes.size() <= header || index_word(bytes, 0) != 9 || bytes.back() != '\0')
		return false;
	for (size_t at = sizeof(u32); at + sizeof(u32) < header; at += sizeof(u32)) {
		if (index_word(bytes, at) > index_word(bytes, at + sizeof(u32)))
			return false;
	}
	slots = index_word(bytes, 4 * sizeof(u32));
	pool = index_word(bytes, 6 * sizeof(u32));
	if (index_word(bytes, sizeof(u32)) < header || pool >= bytes.size())
		return false;
	for (size_t at = slots, end = index_word(bytes, 5 * sizeof(u32)); at + 8 <= end; at += 8) {
		u64 name = pool + (u64)index_word(bytes, at);
		u64 units = pool + (u64)index_word(bytes, at + 4);

		if (name >= bytes.size() || units + 4 > bytes.size() ||
		    units + 4 + 4 * (u64)index_word(bytes, units) > bytes.size())
			return false;
	}
	return true;
}

/* Removes what a full disk or a killed session left of an index; GDB then writes it again. */
static void drop_damaged_index(const std::string &directory, bfd *abfd)
{
	const bfd_build_id *id = build_id_bfd_get(abfd);
	std::string name;

	if (id == nullptr)
		return;
	name = directory + "/" + build_id_to_string(id) + ".gdb-index";
	std::ifstream file(name, std::ios::binary);
	if (!file)
		return;
	std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
	if (!index_is_whole(bytes))
		unlink(name.c_str());
}

static void enable_index_cache(bfd *abfd)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	std::string directory;

	if (cache != nullptr && *cache == '/')
		directory = std::string(cache) + "/crash";
	else if (home != nullptr && *home == '/')
		directory = std::string(home) + "/.cache/crash";
	else
		return;
	directory += "/gdb-index";
	drop_damaged_index(directory, abfd);
	run_quietly(("set index-cache directory " + directory).c_str());
	run_quietly("set index-cache enabled on");
}

/*
 * Every section moves by the KASLR offset, except the per-cpu one: its addresses are
 * offsets from 0.
 */
static void move_sections(objfile *file, u64 offset)
{
	section_offsets offsets(file->section_offsets.size(), offset);

	for (obj_section *section : file->sections()) {
		if (strcmp(bfd_section_name(section->the_bfd_section), ".data..percpu") == 0)
			offsets[gdb_bfd_section_index(file->obfd.get(),
						      section->the_bfd_section)] = 0;
	}
	objfile_relocate(file, offsets);
}

static void never_quit()
{
	if (ops->interrupted)
		ops->interrupted(ops->arg); /* what has to be done meanwhile */
}

/*
 * What takes its time, the index, is made by other threads, and Ctrl-C ends the wait for it.
 * This is short, and must not end half way: the file would be there, and be added again by
 * the next question.
 */
static void attach_dwarf_file(const struct gdb_debug_file &given)
{
	scoped_restore whole = make_scoped_restore(&quit_handler, never_quit);
	std::string output;
	objfile *file = nullptr;

	crash_skip_elf_minimal_symbols = true;
	/* An index is no good for modules: in their files every section begins at 0. */
	SCOPE_EXIT
	{
		crash_skip_elf_minimal_symbols = false;
		global_index_cache.disable(); /* a command would wait for the index */
	};
	execute_fn_to_string(
		output,
		[&]() {
			gdb_bfd_ref_ptr opened = symfile_bfd_open(given.path);

			enable_index_cache(opened.get());
			file = symbol_file_add_from_bfd(
				opened, given.path, 0, nullptr,
				OBJF_USERLOADED | (given.read_now ? OBJF_READNOW : objfile_flag()),
				nullptr);
		},
		false);
	if (!objfile_has_symbols(file)) {
		file->unlink();
		error("%s has no debug information", given.path);
	}
	move_sections(file, given.kaslr_offset);
	crash_symbols_dwarf_attached();
	reinit_frame_cache();
	dwarf_attached = true;
}

/*
 * The address that a linker script may leave in a section's header means nothing in an object file;
 * GDB would take all variables of such a file for parts of its code section. The names of addresses
 * are ours to tell, as with vmlinux: the file has some of what was never loaded.
 */
static void add_object_file(const char *path, section_addr_info &places, bool read_now)
{
	scoped_restore ours = make_scoped_restore(&crash_skip_elf_minimal_symbols, true);
	gdb_bfd_ref_ptr opened = symfile_bfd_open(path);

	for (asection *section : gdb_bfd_sections(opened.get()))
		bfd_set_section_vma(section, 0);
	place_others(opened.get(), places);
	current_program_space->add_target_sections(symbol_file_add_from_bfd(
		opened, path, 0, &places,
		OBJF_USERLOADED | OBJF_SHARED | (read_now ? OBJF_READNOW : objfile_flag()),
		nullptr));
	reinit_frame_cache();
}

/* GDB indexes in the background until a lookup. */
static void attach_dwarf()
{
	struct gdb_debug_file given = {};
	char why[512] = "";

	if (dwarf_attached)
		return;
	if (!ops->debug_file || !ops->debug_file(ops->arg, &given, why, sizeof(why)))
		error("%s", *why ? why : "there is no debug information for this kernel");
	attach_dwarf_file(given);
}

/* Texts by which GDB says that it lacks debug information, as an error or as an answer. */
static bool wants_dwarf(const std::string &text)
{
	static const char *const signs[] = {
		"has unknown type",	  "has unknown return type",
		"No symbol \"",		  "No struct type named",
		"No union type named",	  "No enum type named",
		NO_DEBUG_INFO,		  "No line number information",
		"No symbol table",	  "not defined.",
		"No function contains",	  "No source file named",
		"No default source file", "No frame selected",
		"No type named",	  "does not have line number",
		"contains no locals",
	};

	for (const char *sign : signs) {
		if (text.find(sign) != std::string::npos)
			return true;
	}
	return false;
}

bool bridge::with_effort(enum gdb_effort effort, std::string *answer, std::string *problem,
			 gdb::function_view<void()> work)
{
	std::string no_dwarf;
	bool worked;

	if (effort == GDB_DWARF && !guarded(problem, [&]() { attach_dwarf(); }))
		return false;
	scoped_restore attach = make_scoped_restore(&may_attach, effort == GDB_DWARF_IF_NEEDED);
	worked = guarded(problem, work);
	if (effort != GDB_DWARF_IF_NEEDED || dwarf_attached ||
	    !wants_dwarf(worked ? *answer : *problem))
		return worked;
	if (!guarded(&no_dwarf, [&]() { attach_dwarf(); })) {
		*problem = worked ? no_dwarf : *problem + " (" + no_dwarf + ")";
		return worked;
	}
	answer->clear();
	problem->clear();
	return guarded(problem, work);
}

/* Once per text: what is wrong with the BTF that was read so far. */
static void report_btf_complaints()
{
	static std::string reported;
	std::string now = crash_btf_complaints();

	if (now.empty() || now == reported || !ops->message)
		return;
	reported = now;
	ops->message(ops->arg, now.c_str());
}

/* ---- Entry points: settings and commands ---- */

void gdb_bridge_setup(const struct gdb_bridge_ops *given)
{
	ops = given ? given : &no_ops;
}

bool gdb_bridge_started(void)
{
	return started;
}

void gdb_bridge_changed(void)
{
	std::string problem;

	if (!started)
		return;
	forget_registers();
	guarded(&problem, []() {
		registers_changed();
		reinit_frame_cache();
		target_dcache_invalidate(current_program_space->aspace);
	});
}

void gdb_bridge_symbols_changed(void)
{
	std::string problem;

	if (started && !guarded(&problem, crash_symbols_forget) && ops->message)
		ops->message(ops->arg, problem.c_str());
}

const char *gdb_bridge_version(void)
{
	return "16.3";
}

bool gdb_bridge_has_python(void)
{
#ifdef HAVE_PYTHON
	return true;
#else
	return false;
#endif
}

/*
 * Commands that do something without DWARF, but not what is meant: stacks are unwound
 * with its tables.
 */
static bool is_about_frames(const char *command)
{
	static const char *const commands[] = {
		"bt",
		"backtrace",
		"where",
		"frame",
		"f",
		"up",
		"down",
		"info frame",
		"info locals",
		"info args",
		"info stack",
		"info s",
		"thread apply",
		"list",
		"l",
		"disassemble /s",
		"disassemble /m",
	};

	command += strspn(command, " \t");
	for (const char *name : commands) {
		size_t length = strlen(name);

		if (strncmp(command, name, length) == 0 && !isalnum((unsigned char)command[length]))
			return true;
	}
	return false;
}

/* Commands that name threads by number: GDB itself makes the list only for some of them. */
static bool is_about_threads(const char *command)
{
	command += strspn(command, " \t");
	return strncmp(command, "thread", 6) == 0 || strncmp(command, "info thread", 11) == 0 ||
	       strncmp(command, "taas", 4) == 0 || strncmp(command, "tfaas", 5) == 0 ||
	       strncmp(command, "python", 6) == 0 || strncmp(command, "source", 6) == 0 ||
	       strncmp(command, "py ", 3) == 0;
}

static std::string whole_name(const cmd_list_element *found)
{
	std::string name = found->name;

	for (found = found->prefix; found != nullptr; found = found->prefix)
		name = std::string(found->name) + " " + name;
	return name;
}

bool gdb_command_name(const char *line, char *name, size_t space)
{
	std::string problem, whole;

	if (!ensure_started(&problem) || !guarded(&problem, [&]() {
		    const char *rest = line;
		    const cmd_list_element *found =
			    lookup_cmd_1(&rest, cmdlist, nullptr, nullptr, 1, true);

		    if (found != nullptr && found != CMD_LIST_AMBIGUOUS)
			    whole = whole_name(found);
	    }))
		return false;
	snprintf(name, space, "%s", whole.c_str());
	return !whole.empty();
}

bool gdb_is_command(const char *word)
{
	std::string problem;
	bool found = false;

	return ensure_started(&problem) && guarded(&problem, [&]() {
		       for (cmd_list_element *each = cmdlist; each != nullptr; each = each->next) {
			       const cmd_list_element *meant = each->is_alias() ? each->alias_target
										: each;

			       found = found || (strcmp(each->name, word) == 0 &&
						 !meant->is_command_class_help());
		       }
	       }) &&
	       found;
}

bool gdb_run(const char *command, enum gdb_effort effort, struct strbuf *output,
	     struct strbuf *error)
{
	bool worked;
	std::string answer, problem, no_dwarf;

	/* Without any, an unwound stack is still better than none: no reason to stop. */
	if (effort == GDB_DWARF_IF_NEEDED && is_about_frames(command) && ensure_started(&problem))
		guarded(&no_dwarf, [&]() { attach_dwarf(); });
	problem.clear();
	worked = ensure_started(&problem) && with_effort(effort, &answer, &problem, [&]() {
			 bool threads = is_about_threads(command);

			 start_languages(command);
			 follow_current_task(threads);
			 if (threads)
				 update_thread_list();
			 about_to_list_threads(threads);
			 SCOPE_EXIT { about_to_list_threads(false); };
			 execute_command_to_string(answer, command, 0, false);
			 lead_current_task();
		 });
	report_btf_complaints();
	if (worked && problem.empty())
		problem = no_dwarf;
	add_text(output, answer);
	add_text(error, problem);
	return worked;
}

bool gdb_evaluate(const char *expression, enum gdb_effort effort, u64 *result, struct strbuf *error)
{
	bool worked;
	std::string answer, problem;

	worked = ensure_started(&problem) && with_effort(effort, &answer, &problem, [&]() {
			 value *found = parse_and_eval(expression);
			 enum type_code code = check_typedef(found->type())->code();

			 if (code == TYPE_CODE_STRUCT || code == TYPE_CODE_UNION ||
			     code == TYPE_CODE_FLT)
				 ::error("%s is neither a number nor an address", expression);
			 if (code == TYPE_CODE_ARRAY || code == TYPE_CODE_FUNC)
				 *result = value_as_address(value_addr(found));
			 else
				 *result = (u64)value_as_long(found);
		 });
	add_text(error, problem);
	return worked;
}

bool gdb_attach_dwarf(struct strbuf *error)
{
	bool worked;
	std::string problem;

	worked = ensure_started(&problem) && guarded(&problem, [&]() { attach_dwarf(); });
	add_text(error, problem);
	return worked;
}

bool gdb_has_dwarf(void)
{
	return dwarf_attached;
}

bool gdb_add_object_file(const char *path, const struct gdb_section *sections, size_t nr_sections,
			 bool read_now, struct strbuf *error)
{
	section_addr_info places;
	std::string problem, output;

	for (size_t i = 0; i < nr_sections; i++)
		places.emplace_back(sections[i].address, sections[i].name, 0);
	auto add = [&]() { add_object_file(path, places, read_now); };
	bool worked = ensure_started(&problem) &&
		      guarded(&problem, [&]() { execute_fn_to_string(output, add, false); });
	add_text(error, problem);
	return worked;
}
