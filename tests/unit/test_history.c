/* test_history.c - L6 history: lines kept between sessions, cut, shared, and never another user's. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char home[64];

static const char *below(const char *path)
{
	static char texts[2][256];
	static unsigned turn;
	char *text = texts[turn++ % 2];

	snprintf(text, sizeof(texts[0]), "%s/%s", home, path);
	return text;
}

static int set_up(void **state UNUSED)
{
	strcpy(home, "/tmp/crash-history-XXXXXX");
	setenv("HOME", mkdtemp(home) ? home : "", 1);
	unsetenv("XDG_STATE_HOME");
	return 0;
}

static int tear_down(void **state UNUSED)
{
	char command[128];

	history_close();
	snprintf(command, sizeof(command), "rm -rf '%s'", home);
	return system(command);
}

static void open_it(void)
{
	struct strbuf why = { 0 };

	if (!history_open(&why))
		fail_msg("%s", strbuf_text(&why));
}

static void check_refused(const char *wanted)
{
	struct strbuf why = { 0 };

	assert_false(history_open(&why));
	if (!strstr(strbuf_text(&why), wanted))
		fail_msg("got \"%s\", wanted \"%s\"", strbuf_text(&why), wanted);
	assert_false(history_is_open());
	strbuf_free(&why);
}

static void append(const char *line)
{
	struct strbuf why = { 0 };

	assert_true(history_append(line, &why));
	assert_string_equal(strbuf_text(&why), "");
}

struct lines {
	size_t count;
	char first[64], last[64];
};

static void take_line(const char *line, void *arg)
{
	struct lines *lines = arg;

	snprintf(lines->count++ ? lines->last : lines->first, sizeof(lines->last), "%s", line);
}

static struct lines read_it(void)
{
	struct lines lines = { 0 };

	history_read(take_line, &lines);
	return lines;
}

static unsigned mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(stat(below(path), &status), 0);
	return status.st_mode & 07777;
}

static void test_kept_between_sessions(void **state UNUSED)
{
	struct lines lines;

	umask(0);
	open_it();
	assert_int_equal(read_it().count, 0);
	append("ps -a");
	append("bt | grep x");
	history_close();
	open_it();
	lines = read_it();
	assert_int_equal(lines.count, 2);
	assert_string_equal(lines.first, "ps -a");
	assert_string_equal(lines.last, "bt | grep x");
	assert_int_equal(mode_of(".local/state/crash"), 0700);
	assert_int_equal(mode_of(".local/state/crash/history"), 0600);
}

static void test_state_directory_of_the_environment(void **state UNUSED)
{
	setenv("XDG_STATE_HOME", below("else/where"), 1);
	open_it();
	append("ps");
	assert_int_equal(mode_of("else/where/crash/history"), 0600);
	/* A relative path does not count. */
	setenv("XDG_STATE_HOME", "else", 1);
	open_it();
	assert_int_equal(mode_of(".local/state/crash/history"), 0600);
}

static void test_open_modes_are_closed(void **state UNUSED)
{
	open_it();
	assert_int_equal(chmod(below(".local/state/crash/history"), 0644), 0);
	append("ps");
	assert_int_equal(mode_of(".local/state/crash/history"), 0600);
	assert_int_equal(chmod(below(".local/state/crash"), 0777), 0);
	check_refused("other users can write to it");
}

static void test_only_a_plain_file(void **state UNUSED)
{
	open_it();
	assert_int_equal(unlink(below(".local/state/crash/history")), 0);
	assert_int_equal(symlink("/dev/null", below(".local/state/crash/history")), 0);
	check_refused("a symbolic link");
	assert_int_equal(unlink(below(".local/state/crash/history")), 0);
	assert_int_equal(mkfifo(below(".local/state/crash/history"), 0600), 0);
	check_refused("not a file");
}

/* Files can be given away by root alone, and in some containers by nobody. */
static void test_other_users(void **state UNUSED)
{
	open_it();
	append("ps");
	if (chown(below(".local/state/crash/history"), 1, 1) != 0)
		skip();
	check_refused("belongs to another user");
	assert_int_equal(chown(below(".local/state/crash/history"), 0, 0), 0);
	assert_int_equal(chown(below(".local/state/crash"), 1, 1), 0);
	check_refused("belongs to another user");
	assert_int_equal(chown(below(".local/state/crash"), 0, 0), 0);
	open_it();
	/* A link of another user to a folder of ours. */
	assert_int_equal(mkdir(below("tmp"), 0777), 0);
	assert_int_equal(symlink(below(".local/state/crash"), below("tmp/crash")), 0);
	assert_int_equal(lchown(below("tmp/crash"), 1, 1), 0);
	setenv("XDG_STATE_HOME", below("tmp"), 1);
	check_refused("another user's symbolic link");
	assert_int_equal(lchown(below("tmp/crash"), 0, 0), 0);
	open_it();
	assert_int_equal(read_it().count, 1);
}

static void test_no_home(void **state UNUSED)
{
	unsetenv("HOME");
	check_refused("HOME: not set");
}

static void test_cut_to_the_newest(void **state UNUSED)
{
	struct lines lines;
	FILE *file;

	open_it();
	file = fopen(below(".local/state/crash/history"), "w");
	for (int i = 1; i <= 7000; i++)
		fprintf(file, "line %d\n", i);
	fclose(file);
	lines = read_it();
	assert_int_equal(lines.count, 5000);
	assert_string_equal(lines.first, "line 2001");
	append("one more");
	lines = read_it();
	assert_int_equal(lines.count, 5001);
	assert_string_equal(lines.first, "line 2001");
	assert_string_equal(lines.last, "one more");
	assert_int_equal(mode_of(".local/state/crash/history"), 0600);
}

/* A file of few but endless lines is bounded, too. */
static void test_bytes_are_bounded(void **state UNUSED)
{
	struct stat status;
	FILE *file;

	open_it();
	file = fopen(below(".local/state/crash/history"), "w");
	for (int i = 0; i < 90; i++)
		fprintf(file, "%0100000d\n", i);
	fclose(file);
	assert_int_equal(read_it().count, 41);
	assert_int_equal(stat(below(".local/state/crash/history"), &status), 0);
	assert_int_equal(status.st_size, 41 * 100001);
}

/* Many sessions at once, and a cut in the middle of it: every line is there, and whole. */
static void test_sessions_at_once(void **state UNUSED)
{
	enum { SESSIONS = 4, LINES = 100 };
	char line[64];
	struct lines lines;
	int status;

	open_it();
	for (int s = 0; s < SESSIONS; s++) {
		if (fork() == 0) {
			struct strbuf why = { 0 };

			for (int i = 0; i < LINES; i++) {
				snprintf(line, sizeof(line), "session %d line %03d", s, i);
				if (!history_append(line, &why))
					_exit(1);
				if (i == LINES / 2)
					read_it();
			}
			_exit(0);
		}
	}
	for (int s = 0; s < SESSIONS; s++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	lines = read_it();
	assert_int_equal(lines.count, SESSIONS * LINES);
	assert_int_equal(strlen(lines.last), strlen("session 0 line 000"));
}

/* What cannot be written is told once. */
static void test_problems_are_told_once(void **state UNUSED)
{
	struct strbuf why = { 0 };

	open_it();
	assert_int_equal(unlink(below(".local/state/crash/history")), 0);
	assert_int_equal(mkdir(below(".local/state/crash/history"), 0700), 0);
	assert_false(history_append("ps", &why));
	assert_true(why.length > 0);
	assert_true(history_append("ps", &why));
	strbuf_free(&why);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kept_between_sessions), TEST(test_state_directory_of_the_environment),
		TEST(test_open_modes_are_closed), TEST(test_only_a_plain_file),
		TEST(test_other_users),		  TEST(test_no_home),
		TEST(test_cut_to_the_newest),	  TEST(test_bytes_are_bounded),
		TEST(test_sessions_at_once),	  TEST(test_problems_are_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
