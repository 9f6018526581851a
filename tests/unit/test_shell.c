/* test_shell.c - L6 shell: lines taken apart, aliases, files, pipes, errors, history and interrupts. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/gdb_settings.h"
#include "shell/process.h"
#include "shell/shell.h"

#include "base/fail.h"
#include "base/out.h"
#include "shell/alias.h"
#include "shell/gdb_command.h"
#include "shell/line.h"
#include "shell/outcome.h"
#include "shell/prompt.h"
#include "shell/report.h"
#include "shell/session.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

struct cut {
	const char *line;
	struct strbuf text; /* "command<input>output>>append|pipeline" */
};

static void cut_body(void *arg)
{
	struct cut *cut = arg;
	struct line_parts parsed;

	line_parse(cut->line, &parsed);
	strbuf_puts(&cut->text, parsed.command);
	if (parsed.input)
		strbuf_printf(&cut->text, "<%s", parsed.input);
	if (parsed.output)
		strbuf_printf(&cut->text, "%s%s", parsed.append ? ">>" : ">", parsed.output);
	if (parsed.pipeline)
		strbuf_printf(&cut->text, "|%s", parsed.pipeline);
}

static void check_cut(const char *line, const char *wanted)
{
	struct cut cut = { .line = line };
	struct failure failure;

	if (!protect(cut_body, &cut, &failure))
		strbuf_printf(&cut.text, "FAILED: %s", failure.text);
	assert_string_equal(strbuf_text(&cut.text), wanted);
	strbuf_free(&cut.text);
}

static void test_cutting(void **state UNUSED)
{
	check_cut("ps -p", "ps -p");
	check_cut("ps | grep x > y | wc", "ps|grep x > y | wc");
	check_cut("ps > out", "ps>out");
	check_cut("ps>>out", "ps>>out");
	check_cut("ps > \"a b\"", "ps>a b");
	check_cut("ps < in > out", "ps<in>out");
	check_cut("< in", "<in");
	check_cut("<in|cat", "<in|cat");
	check_cut("log ! head -2", "log|head -2");
	check_cut("p a->b.c", "p a->b.c");
	check_cut("p (a > b)", "p (a > b)");
	check_cut("p (a | (b)) | cat", "p (a | (b))|cat");
	check_cut("eval 1 << 4", "eval 1 << 4");
	check_cut("p a != b", "p a != b");
	check_cut("search -c \"a|b>c\"", "search -c \"a|b>c\"");
	check_cut("ps 'a|b' | wc", "ps 'a|b'|wc");
	check_cut("ps \"a | b", "ps \"a|b");
	check_cut("ps >", "FAILED: a file name is missing after the redirection");
	check_cut("ps |", "FAILED: a command is missing after \"|\"");
	check_cut("ps > ''", "FAILED: a file name is missing after the redirection");
	check_cut("ps > a b ", "ps>a b");
	check_cut("ps > 'a b'", "ps>a b");
	check_cut("ps > ' a '", "ps> a ");
	check_cut("sys >> d/'1 - System data (sys)'", "sys>>d/1 - System data (sys)");
	check_cut("sys >> \"d e\"/'f|g>h'.txt | cat", "sys>>d e/f|g>h.txt|cat");
	check_cut("ps > it's | cat", "ps>it's|cat");
	check_cut("ps > 'it\"s'", "ps>it\"s");
	check_cut("ps < 'a b' > c", "ps<a b>c");
}

static void check_first(const char *line, const char *wanted)
{
	assert_int_equal(line_command_length(line), strlen(wanted));
	assert_memory_equal(line, wanted, strlen(wanted));
}

static void test_semicolons(void **state UNUSED)
{
	check_first("ps", "ps");
	check_first("ps;bt", "ps");
	check_first("ps > a; bt", "ps > a");
	check_first("ps < a ;bt", "ps < a ");
	check_first("; bt", "");
	check_first("ascii \"a;b\"; x", "ascii \"a;b\"");
	check_first("eval (1;2); x", "eval (1;2)");
	check_first("ps | wc; bt", "ps | wc; bt");
	check_first("ps ! wc; bt", "ps ! wc; bt");
	check_first("p a != b; bt", "p a != b");
	check_first("eval 1 << 2; bt", "eval 1 << 2");
	check_first("p a->b; bt", "p a->b");
}

struct run {
	const char *line;
	bool worked;
};

static void run_body(void *arg)
{
	struct run *run = arg;

	run->worked = shell_execute(run->line);
}

/* What LINE prints, errors included. */
static char *run(const char *line, bool should_work)
{
	struct run command = { .line = line };
	struct strbuf text = { 0 };
	char *copy;

	report_settings.file = "shell-test.errors";
	command_set_failed(false);
	unlink(report_settings.file);
	out_capture(run_body, &command, &text);
	if (command.worked != should_work || command_has_failed() == should_work)
		fail_msg("\"%s\" %s: %s", line, command.worked ? "worked" : "failed",
			 strbuf_text(&text));
	copy = strdup(strbuf_text(&text));
	strbuf_free(&text);
	return copy;
}

static char *file_text(const char *path)
{
	static char text[65536];
	FILE *file = fopen(path, "r");
	size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[length] = '\0';
	if (file)
		fclose(file);
	return text;
}

static void check_run(const char *line, const char *wanted)
{
	char *text = run(line, true);

	assert_string_equal(text, wanted);
	free(text);
}

static void check_error(const char *line, const char *wanted)
{
	free(run(line, false));
	assert_string_equal(file_text("shell-test.errors"), wanted);
}

#define A_41 "0000000000000041: A<NUL><NUL><NUL><NUL><NUL><NUL><NUL>\n"
#define B_42 "0000000000000042: B<NUL><NUL><NUL><NUL><NUL><NUL><NUL>\n"

static void test_commands(void **state UNUSED)
{
	check_run("ascii 41", A_41);
	check_run("   ascii 41   ", A_41);
	check_run("", "");
	check_run("# ascii 41", "");
	check_run("// ascii 41", "");
	check_run("\\ascii 41", A_41);
	check_error("ascii xyz",
		    "ascii: invalid input: \"xyz\" (a number in hexadecimal is wanted)\n");
	check_error("set -z",
		    "set: invalid option -- 'z'\nUsage:\n"
		    "  set [[-a] [pid | taskp] | [-c cpu] | -p] | [variable [setting]] ... | -v\n"
		    "Enter \"help set\" for details.\n");
	check_error("eval", "Usage:\n  eval [-b][-l] (expression) | value\n"
			    "Enter \"help eval\" for details.\n");
	check_error("ascii 41 <", "crash: a file name is missing after the redirection\n");
	check_error("> x", "crash: there is no command before the redirection\n");
}

static void test_aliases(void **state UNUSED)
{
	check_run("alias letter ascii 41",
		  "ORIGIN   ALIAS    COMMAND\nruntime  letter   ascii 41\n");
	check_run("letter", A_41);
	check_run("letter 42", A_41 B_42);
	check_run("alias quiet \"ascii 41 > shell-test.out\"",
		  "ORIGIN   ALIAS    COMMAND\nruntime  quiet    ascii 41 > shell-test.out\n");
	check_run("quiet", "");
	assert_string_equal(file_text("shell-test.out"), A_41);
	/* An alias of itself ends; an alias of an alias works. */
	free(run("alias a1 a2", true));
	free(run("alias a2 letter", true));
	check_run("a1", A_41);
	alias_define("loop", "pool");
	alias_define("pool", "loop");
	check_run("alias letter \"\"", "alias deleted: letter\n");
	check_error("alias letter", "alias: alias does not exist: letter\n");
	check_error("alias ascii x", "alias: cannot alias existing command name: ascii\n");
	assert_string_equal(alias_find("dmesg")->text, "log");
	assert_true(alias_find("dmesg")->builtin);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
}

static void test_files(void **state UNUSED)
{
	check_run("ascii 41 > shell-test.out", "");
	check_run("ascii 42 >> shell-test.out", "");
	assert_string_equal(file_text("shell-test.out"), A_41 B_42);
	check_error("ascii 41 > /nonexistent/file",
		    "crash: cannot open /nonexistent/file: No such file or directory\n");
	write_file("shell-test.in", "ascii 41\n\nascii xyz\n# comment\nascii 42\n");
	session.silent = true;
	free(run("< shell-test.in > shell-test.out", false));
	assert_string_equal(file_text("shell-test.out"), A_41 B_42);
	session.silent = false;
	write_file("shell-test.in", "41\nxyz\n42\n");
	free(run("ascii < shell-test.in > shell-test.out", false));
	assert_string_equal(file_text("shell-test.out"), A_41 B_42);
	assert_string_equal(file_text("shell-test.errors"),
			    "ascii: invalid input: \"xyz\" (a number in hexadecimal is wanted)\n");
	check_error("< nosuch-file",
		    "crash: cannot read the commands in nosuch-file: No such file or directory\n");
}

/* A file that reads itself ends with a message and not with the stack. */
static void test_file_loop(void **state UNUSED)
{
	write_file("shell-test.in", "< shell-test.in\n");
	session.silent = true;
	free(run("< shell-test.in", false));
	session.silent = false;
	assert_non_null(strstr(file_text("shell-test.errors"), "nested more than"));
}

static void test_pipes(void **state UNUSED)
{
	check_run("ascii 41 | cat > shell-test.out", "");
	assert_string_equal(file_text("shell-test.out"), A_41);
	check_run("ascii 41 ! cat > shell-test.out", "");
	assert_string_equal(file_text("shell-test.out"), A_41);
	/* A reader that goes away is no error, however much is still to come. */
	check_run("help all | head -n 1 > shell-test.out", "");
	check_run("repeat ascii 41 | head -n 2 > shell-test.out", "");
	assert_string_equal(file_text("shell-test.out"), A_41 A_41);
	check_run("!echo hi > shell-test.out", "");
	assert_string_equal(file_text("shell-test.out"), "hi\n");
	check_run("echo there > shell-test.out", "");
	assert_string_equal(file_text("shell-test.out"), "there\n");
}

static double seconds_of(const char *line, bool should_work)
{
	struct timespec start, end;

	clock_gettime(CLOCK_MONOTONIC, &start);
	free(run(line, should_work));
	clock_gettime(CLOCK_MONOTONIC, &end);
	return end.tv_sec - start.tv_sec + (end.tv_nsec - start.tv_nsec) / 1e9;
}

static void forward_alarm(UNUSED int signal)
{
	raise(SIGINT);
}

/* Ctrl-C ends a command, and a program that it started, at once; the session goes on. */
static void test_interrupt(void **state UNUSED)
{
	struct sigaction on_alarm = { .sa_handler = forward_alarm };
	struct itimerval soon = { .it_value = { .tv_usec = 200000 } };

	sigaction(SIGALRM, &on_alarm, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_true(seconds_of("repeat -60 ascii 41", false) < 1);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_true(seconds_of("!sleep 60", true) < 1);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_true(seconds_of("repeat eval 1 > /dev/null", false) < 1);
	check_run("ascii 41", A_41);
}

struct recalled {
	const char *line;
	struct strbuf text;
};

static void recall_body(void *arg)
{
	struct recalled *recalled = arg;

	strbuf_puts(&recalled->text, prompt_recall(recalled->line));
}

static void check_recall(const char *line, const char *wanted)
{
	struct recalled recalled = { .line = line };
	struct failure failure;

	if (!protect(recall_body, &recalled, &failure))
		strbuf_puts(&recalled.text, failure.text);
	assert_string_equal(strbuf_text(&recalled.text), wanted);
	strbuf_free(&recalled.text);
}

static void test_history(void **state UNUSED)
{
	check_recall("!!", "the history is empty");
	prompt_remember("ps", false);
	prompt_remember("bt -a", false);
	prompt_remember("bt -a", false);
	prompt_remember("log", false);
	check_recall("!!", "log");
	check_recall("r", "log");
	check_recall("!2", "bt -a");
	check_recall("r 1", "ps");
	check_recall("r b", "bt -a");
	check_recall("r x", "the history has no line that starts with \"x\"");
	check_recall("!77", "the history has no line 77");
	check_recall("rd x", "rd x");
	check_recall("!ls", "!ls");
	check_run("h", "[1] ps\n[2] bt -a\n[3] log\n");
}

static void test_gdb_refusals(void **state UNUSED)
{
	static const char *const refused[] = {
		"run",
		"r",
		"break main",
		"b",
		"tbreak",
		"hbreak",
		"thbreak",
		"rbreak x",
		"watch x",
		"rwatch",
		"awatch",
		"attach 1",
		"continue",
		"c",
		"fg",
		"detach",
		"finish",
		"handle",
		"interrupt",
		"jump",
		"kill",
		"next",
		"nexti",
		"signal",
		"step",
		"s",
		"stepi",
		"target core",
		"until",
		"delete",
		"clear",
		"disable",
		"enable",
		"condition",
		"ignore",
		"catch",
		"tcatch",
		"return",
		"file x",
		"exec-file",
		"core-file",
		"symbol-file",
		"load",
		"si",
		"ni",
		"shell ls",
		"sy",
		"define x",
		"document x",
		"while 1",
		"if 1",
		"!ls",
		"  run",
		"quit",
		"python",
		"cont",
		"unt",
		"targ x",
		"wat x",
		"tbre x",
		"with print pretty off -- run",
	};
	static const char *const allowed[] = {
		"print 1",
		"info line vfs_read",
		"bt",
		"ptype struct page",
		"x/4x 0",
		"set print pretty on",
		"python print(1)",
		"rungs",
		"disassemble 1",
		"disable pretty-printer",
		"with print pretty off -- print 1",
		"info breakpoints",
		"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		if (!gdb_command_refused(refused[i]))
			fail_msg("\"%s\" is not refused", refused[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		if (gdb_command_refused(allowed[i]))
			fail_msg("\"%s\" is refused", allowed[i]);
	}
}

static void test_variables(void **state UNUSED)
{
	check_run("set radix 16 print_max 10", "output radix: 16 (hex)\nprint_max: 10\n");
	assert_int_equal(gdb_settings.radix, 16);
	assert_int_equal(gdb_settings.print_max, 10);
	check_run("dec", "output radix: 10 (decimal)\n");
	check_run("set null-stop on", "null-stop: on\n");
	assert_true(gdb_settings.null_stop);
	check_run("set null-stop", "null-stop: on\n");
	check_run("set gdb", "gdb: off\n");
	check_error("set radix 8", "set: invalid setting of radix: 8 (it takes 10 | 16)\n");
	check_error("set null-stop maybe",
		    "set: invalid setting of null-stop: maybe (it takes on | off)\n");
	check_error("set radix 10 bogus 3", "set: no such variable: bogus\n");
	check_run("set error default", "error: default\n");
}

static int enter_folder(void **state)
{
	char template[] = "/tmp/crash-shell-XXXXXX";
	char *folder = mkdtemp(template);

	*state = folder ? strdup(folder) : NULL;
	shell_init();
	pager_settings.scroll = false;
	return folder ? chdir(folder) : -1;
}

static int leave_folder(void **state)
{
	unlink("shell-test.in");
	unlink("shell-test.out");
	unlink("shell-test.errors");
	if (chdir("/") != 0 || rmdir(*state) != 0)
		return -1;
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cutting),	  cmocka_unit_test(test_semicolons),
		cmocka_unit_test(test_history),	  cmocka_unit_test(test_commands),
		cmocka_unit_test(test_aliases),	  cmocka_unit_test(test_files),
		cmocka_unit_test(test_file_loop), cmocka_unit_test(test_pipes),
		cmocka_unit_test(test_interrupt), cmocka_unit_test(test_gdb_refusals),
		cmocka_unit_test(test_variables),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
