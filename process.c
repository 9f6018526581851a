/* process.c - starts shell commands, and sends a command's output through pipes and pagers. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process.h"

#include "fail.h"
#include "out.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct output {
	struct output *outer;
	FILE *stream, *previous;
	const char *pager; /* not started yet when child is 0 */
	const char *path;
	pid_t child;
	int pager_fd;
};

static struct output *current;

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
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	if (!has_controlling_terminal())
		flags |= POSIX_SPAWN_SETPGROUP;
	posix_spawnattr_setflags(&attributes, flags);
	if (input >= 0)
		posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	else if (!isatty(STDIN_FILENO)) /* what is there are lines for us */
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	fflush(stdout);
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
	interrupt_clear();
	return status;
}

static int start_reader(const char *command, pid_t *child)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	*child = start_shell(command, fds[0]);
	close(fds[0]);
	if (*child)
		return fds[1];
	close(fds[1]);
	return -1;
}

/* Ends the redirection: the scope's cleanup. */
static void output_end(void *arg)
{
	struct output *output = arg;
	bool write_failed;
	int error;

	/* Here and not only in fclose(): a flush that failed leaves it nothing to fail with. */
	write_failed = fflush(output->stream) != 0;
	error = errno;
	out_redirect(output->previous);
	current = output->outer;
	fclose(output->stream);
	if (output->child)
		wait_for(output->child, !output->pager);
	if (write_failed && error != EPIPE && error != EINTR) {
		session.some_command_failed = true;
		warn("cannot write %s: %s", output->path ? output->path : "the output",
		     strerror(error));
	}
	free(output);
}

static void output_begin(struct output *output)
{
	output->outer = current;
	current = output;
	scope_cleanup(output_end, output);
	output->previous = out_redirect(output->stream);
}

void process_output_to_pipe(const char *command)
{
	struct output *output = xcalloc(1, sizeof(*output));
	int fd = start_reader(command, &output->child);

	output->stream = fd < 0 ? NULL : fdopen(fd, "w");
	if (!output->stream) {
		int error = errno;

		free(output);
		fail("cannot start \"%s\": %s", command, strerror(error));
	}
	output_begin(output);
}

void process_output_to_file(const char *path, bool append)
{
	struct output *output = xcalloc(1, sizeof(*output));

	output->path = path;
	output->stream = fopen(path, append ? "ae" : "we");
	if (!output->stream) {
		int error = errno;

		free(output);
		fail("cannot open %s: %s", path, strerror(error));
	}
	output_begin(output);
}

static ssize_t pager_write(void *cookie, const char *data, size_t length)
{
	struct output *output = cookie;
	size_t written = 0;

	if (output->pager_fd < 0 && !output->child) {
		output->pager_fd = start_reader(output->pager, &output->child);
		if (output->pager_fd < 0)
			return 0;
	}
	while (written < length) {
		ssize_t n = write(output->pager_fd, data + written, length - written);

		if (n < 0 && errno == EINTR && !interrupt_pending())
			continue;
		if (n < 0)
			return 0;
		written += n;
	}
	return written;
}

static int pager_close(void *cookie)
{
	struct output *output = cookie;

	return output->pager_fd < 0 ? 0 : close(output->pager_fd);
}

void process_output_to_pager(const char *pager)
{
	cookie_io_functions_t functions = { .write = pager_write, .close = pager_close };
	struct output *output = xcalloc(1, sizeof(*output));

	output->pager = pager;
	output->pager_fd = -1;
	output->stream = fopencookie(output, "w", functions);
	if (!output->stream) {
		free(output);
		fail("out of memory for the pager's stream");
	}
	output_begin(output);
}

FILE *process_output(void)
{
	return current ? current->stream : NULL;
}

bool process_output_is_read(void)
{
	return current && current->child;
}
