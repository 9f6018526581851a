/* process.c - starts shell commands, and sends a command's output through pipes and pagers. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process.h"

#include "colour.h"
#include "fail.h"
#include "out.h"
#include "screen.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define PATIENCE_MS 120 /* of a reader after Ctrl-C, and again after SIGTERM */
#define STEP_MS 10

/* Where output goes until a scope ends: a file, a program, or the terminal and perhaps a pager. */
struct output {
	struct output *outer;
	FILE *stream, *previous;
	const char *path; /* of a file */
	const char *pager; /* a command, which starts when the screen is full */
	struct strbuf held; /* what came before that */
	struct screen screen;
	bool unpaged; /* no pager will be started */
	pid_t child; /* who reads, or 0 */
	int fd; /* what it reads from, or -1 */
};

static struct output *current;
static struct termios terminal_modes; /* of the terminal while nobody else uses it */

/* Without a terminal to deliver Ctrl-C to the whole group, the child gets a group that we can signal. */
static bool has_controlling_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Starts `sh -c COMMAND` with INPUT as its standard input (-1: ours). 0 when it could not be started. */
static pid_t start_shell(const char *command, int input)
{
	char *with_command[] = { "sh", "-c", (char *)command, NULL };
	char *interactive[] = { "sh", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	short flags = POSIX_SPAWN_SETSIGDEF;
	pid_t child;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGQUIT);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	if (!has_controlling_terminal())
		flags |= POSIX_SPAWN_SETPGROUP;
	posix_spawnattr_setflags(&attributes, flags);
	if (input >= 0)
		posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	else if (!isatty(STDIN_FILENO)) /* what is there are lines for us */
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	fflush(stdout);
	tcgetattr(STDIN_FILENO, &terminal_modes);
	error = posix_spawn(&child, "/bin/sh", &actions, &attributes,
			    command ? with_command : interactive, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	errno = error;
	return error ? 0 : child;
}

/* Waits, and passes Ctrl-C on once: the terminal told the child itself, kill(1) told only us. */
static int wait_for(pid_t child, bool pass_interrupt)
{
	bool passed = false;
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
		if (!pass_interrupt || passed || !interrupt_pending())
			continue;
		kill(getpgid(child) == child ? -child : child, SIGINT);
		passed = true;
	}
	return status;
}

int process_shell(const char *command)
{
	pid_t child = start_shell(command, -1);
	int status;

	if (!child)
		fail("cannot start a shell: %s", strerror(errno));
	status = wait_for(child, true);
	if (interrupt_pending() && session.terminal)
		putchar('\n'); /* behind "^C" */
	interrupt_clear();
	return status;
}

/*
 * A program and all that it started. A pipeline is a shell with children, which Ctrl-C may end before them:
 * they become ours then, because adopt() asked for that.
 */
struct family {
	VECTOR(pid_t) pids;
	pid_t child; /* the shell */
	int status;
	bool waited; /* and it ended */
};

static void adopt(bool on)
{
	prctl(PR_SET_CHILD_SUBREAPER, on, 0, 0, 0);
}

/* Starts COMMAND with a pipe as its standard input; the pipe's other end, or -1. */
static int start_reader(const char *command, pid_t *child)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	/* A reader that does not read must not keep us from noticing Ctrl-C. */
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	adopt(true);
	*child = start_shell(command, fds[0]);
	close(fds[0]);
	if (*child)
		return fds[1];
	close(fds[1]);
	return -1;
}

static void add_family(struct family *family, pid_t pid)
{
	char *path = xasprintf("/proc/%d/task/%d/children", pid, pid);
	FILE *file = fopen(path, "re");
	int child;

	if (pid != getpid())
		*vector_add(&family->pids) = pid;
	while (file && fscanf(file, "%d", &child) == 1)
		add_family(family, child);
	if (file)
		fclose(file);
	free(path);
}

/* Ended; who is left for a parent to wait for has, too. */
static bool is_gone(pid_t pid)
{
	char *path = xasprintf("/proc/%d/stat", pid);
	FILE *file = fopen(path, "re");
	char state = 'Z';

	if (file) {
		if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			state = 'Z';
		fclose(file);
	}
	free(path);
	return state == 'Z' || state == 'X';
}

static bool all_gone(struct family *family)
{
	if (!family->waited)
		family->waited = waitpid(family->child, &family->status, WNOHANG) != 0;
	for (size_t i = 0; i < family->pids.count; i++) {
		if (!is_gone(family->pids.items[i]))
			return false;
	}
	return family->waited;
}

static bool end_in_time(struct family *family, int number)
{
	static const struct timespec step = { .tv_nsec = STEP_MS * 1000000 };

	for (size_t i = 0; number && i < family->pids.count; i++)
		kill(family->pids.items[i], number);
	for (int left = PATIENCE_MS; left > 0; left -= STEP_MS) {
		if (all_gone(family))
			return true;
		nanosleep(&step, NULL);
	}
	return false;
}

static int end_family(const struct output *output)
{
	struct family family = { .child = output->child };

	add_family(&family, getpid());
	/* The terminal told them, a kill(1) only us; a pager would take a second one for its own. */
	if (!end_in_time(&family, output->pager ? 0 : SIGINT) && !end_in_time(&family, SIGTERM))
		end_in_time(&family, SIGKILL);
	if (isatty(STDIN_FILENO)) /* as they are while no pager runs */
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal_modes);
	for (size_t i = 0; i < family.pids.count; i++)
		waitpid(family.pids.items[i], NULL, WNOHANG); /* adopted ones */
	vector_free(&family.pids);
	return family.status;
}

/*
 * Waits for a program that reads our output. Ctrl-C ends the command it belongs to, and so the
 * program, too, even when it takes the key for something else or ignores it.
 */
static int wait_for_reader(const struct output *output)
{
	int status = 0;
	pid_t ended = 0;

	while (!interrupt_pending() && ended != output->child) {
		ended = waitpid(output->child, &status, 0);
		if (ended < 0 && errno != EINTR)
			break;
	}
	if (interrupt_pending())
		status = end_family(output);
	adopt(false);
	return status;
}

/* ---- streams ---- */

/* To the reader; false with errno: it went away, or EINTR: Ctrl-C. */
static bool feed_reader(int fd, const char *data, size_t length)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };

	while (length) {
		ssize_t n = write(fd, data, length);

		if (n > 0) {
			data += n;
			length -= n;
		} else if (errno != EAGAIN && errno != EINTR) {
			return false;
		} else if (interrupt_pending()) {
			errno = EINTR;
			return false;
		} else {
			poll(&room, 1, PATIENCE_MS);
		}
	}
	return true;
}

/* A less that the user named alone shows colours as well, unless the user set it up in another way. */
static bool start_pager(struct output *output)
{
	bool ours = !getenv("LESS") && setenv("LESS", "-R", 0) == 0;

	output->fd = start_reader(output->pager, &output->child);
	if (ours)
		unsetenv("LESS");
	return output->fd >= 0 &&
	       feed_reader(output->fd, strbuf_text(&output->held), output->held.length);
}

/* What was held back goes to the terminal after all. */
static bool show_held(struct output *output)
{
	size_t length = output->held.length;
	bool written = fwrite(strbuf_text(&output->held), 1, length, stdout) == length &&
		       fflush(stdout) == 0;

	strbuf_reset(&output->held);
	if (!written && errno == EINTR) /* Ctrl-C is no error of the stream */
		clearerr(stdout);
	return written;
}

/* Until the screen is full, a pager's text is held back. */
static ssize_t output_write(void *cookie, const char *data, size_t length)
{
	struct output *output = cookie;
	bool worked = true;

	if (output->fd >= 0)
		return feed_reader(output->fd, data, length) ? (ssize_t)length : 0;
	strbuf_add(&output->held, data, length);
	screen_add(&output->screen, data, length);
	if (output->unpaged)
		worked = show_held(output);
	else if (screen_is_full(&output->screen))
		worked = start_pager(output);
	return worked ? (ssize_t)length : 0;
}

static int output_close(void *cookie)
{
	struct output *output = cookie;

	return output->fd < 0 ? 0 : close(output->fd);
}

/* Closed the pipe: what the shell says when it has no such program. */
static bool could_not_run(int status)
{
	return WIFEXITED(status) && (WEXITSTATUS(status) == 127 || WEXITSTATUS(status) == 126);
}

static void end_pager(struct output *output)
{
	if (output->fd < 0) {
		show_held(output);
	} else if (could_not_run(wait_for_reader(output))) {
		session.scroll = false;
		show_held(output);
		warn("the pager \"%s\" does not run: output is not paged from now on (set scroll)",
		     output->pager);
	}
}

/* Ends the redirection: the scope's cleanup. */
static void output_end(void *arg)
{
	struct output *output = arg;
	bool write_failed, told = ferror(output->stream);
	int error;

	if (interrupt_pending() && output->fd >= 0)
		__fpurge(output->stream);
	/* Here and not only in fclose(): a flush that failed leaves it nothing to fail with. */
	write_failed = fflush(output->stream) != 0;
	error = errno;
	out_redirect(output->previous);
	if (output->pager)
		colour_allow(NULL);
	current = output->outer;
	fclose(output->stream);
	if (output->pager)
		end_pager(output);
	else if (output->child)
		wait_for_reader(output);
	if (write_failed && !told && error != EPIPE && error != EINTR) {
		session.some_command_failed = true;
		warn("cannot write %s: %s", output->path ? output->path : "the output",
		     strerror(error));
	}
	strbuf_free(&output->held);
	free(output);
}

static void output_begin(struct output *output)
{
	output->outer = current;
	current = output;
	scope_cleanup(output_end, output);
	output->previous = out_redirect(output->stream);
}

/* A stream for what is fed to a program, now or later. */
static FILE *output_stream(struct output *output)
{
	static const cookie_io_functions_t functions = { .write = output_write,
							 .close = output_close };

	return fopencookie(output, "w", functions);
}

static struct output *output_new(void)
{
	struct output *output = xcalloc(1, sizeof(*output));

	output->fd = -1;
	return output;
}

void process_output_to_pipe(const char *command)
{
	struct output *output = output_new();

	output->fd = start_reader(command, &output->child);
	output->stream = output->fd < 0 ? NULL : output_stream(output);
	if (!output->stream) {
		int error = errno;

		free(output);
		fail("cannot start \"%s\": %s", command, strerror(error));
	}
	output_begin(output);
}

void process_output_to_file(const char *path, bool append)
{
	struct output *output = output_new();

	output->path = path;
	output->stream = fopen(path, append ? "ae" : "we");
	if (!output->stream) {
		int error = errno;

		free(output);
		fail("cannot open %s: %s", path, strerror(error));
	}
	output_begin(output);
}

void process_output_to_pager(const char *pager)
{
	struct output *output = output_new();

	output->pager = pager;
	screen_open(&output->screen);
	output->stream = output_stream(output);
	if (!output->stream) {
		free(output);
		fail("out of memory for the pager's stream");
	}
	colour_allow(output->stream);
	output_begin(output);
}

FILE *process_output(void)
{
	return current ? current->stream : NULL;
}

bool process_output_is_paged(void)
{
	return current && current->pager;
}

bool process_output_is_read(void)
{
	return current && current->child;
}

void process_output_show(void)
{
	out_flush();
	if (current && current->pager && current->fd < 0 && current->held.length &&
	    !current->unpaged)
		start_pager(current);
}

void process_output_unpaged(void)
{
	if (!current || !current->pager || current->fd >= 0)
		return;
	current->unpaged = true;
	out_flush();
	show_held(current);
}
