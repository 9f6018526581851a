/* shell/process.c - starts shell commands, and sends a command's output through pipes and pagers. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/process.h"

#include "base/colour.h"
#include "base/fail.h"
#include "base/out.h"
#include "base/progress.h"
#include "base/screen.h"
#include "shell/outcome.h"
#include "shell/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define PATIENCE_MS 120 /* of a reader after Ctrl-C, and again after SIGTERM */
#define STEP_MS 10
#define HELD_BACK_MS 300 /* then a reader wonders; a screen is full sooner, or the command slow */
#define LOOK_EVERY_MS 30
#define WAIT_STEP_MS 60000
#define NAME_SHOWN                                                                                 \
	1000 /* bytes of a file name: longer ones would push the reason out of the message */

/* Where output goes until a scope ends: a file, a program, or the terminal and perhaps a pager. */
struct output {
	struct output *outer;
	FILE *stream, *previous;
	const char *path; /* of a file */
	const char *pager; /* a command, which starts when the screen is full */
	struct strbuf held; /* what came before that */
	size_t shown; /* of it: on the terminal already, as the command is slow */
	unsigned warnings; /* that had been told then */
	s64 held_since; /* ms; what is not shown yet, and 0: all is */
	struct screen screen;
	bool unpaged; /* no pager will be started */
	pid_t child; /* who reads, or 0 */
	int fd; /* what it reads from, or -1 */
};

struct pager_settings pager_settings = { .scroll = true };

static struct output *current;
static struct termios terminal_modes; /* of the terminal while nobody else uses it */

/*
 * Without a terminal to deliver Ctrl-C to the whole group, the child gets a group that
 * we can signal.
 */
static bool has_controlling_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

struct shell_start {
	const char *command; /* NULL: an interactive shell */
	int input; /* its standard input; -1: ours, when that is a terminal */
	bool own_group;
	pid_t parent;
};

/* Runs in a child that shares our memory until it is another program: system calls alone. */
static noreturn void become_shell(const struct shell_start *start, const sigset_t *mask, int *error)
{
	static const int defaults[] = { SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP };
	char *with_command[] = { "sh", "-c", (char *)start->command, NULL };
	char *interactive[] = { "sh", NULL };
	int input = start->input;

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		signal(defaults[i], SIG_DFL);
	/* Killed, we cannot end it; and a pager without us has the user's terminal for nothing. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != start->parent)
		raise(SIGKILL);
	if (start->own_group)
		setpgid(0, 0);
	if (input < 0 && !isatty(STDIN_FILENO)) /* what is there are lines for us */
		input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (input >= 0)
		dup2(input, STDIN_FILENO);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execve("/bin/sh", start->command ? with_command : interactive, environ);
	*error = errno;
	_exit(127);
}

static pid_t spawn_shell(const struct shell_start *start, int *error)
{
	sigset_t all, before;
	volatile pid_t child;

	sigfillset(&all); /* our handlers are not for it */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	/*
	 * Not fork(): a session of gigabytes would copy its page tables for each "| less". The
	 * child makes nothing but system calls and cannot return, which is all that the
	 * warnings are about.
	 */
	child = vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork)
	if (child == 0)
		become_shell(start, &before, error); // NOLINT(clang-analyzer-unix.Vfork)
	if (child < 0)
		*error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return child;
}

/*
 * Starts `sh -c COMMAND` with INPUT as its standard input (-1: ours). 0 when it could
 * not be started.
 */
static pid_t start_shell(const char *command, int input)
{
	struct shell_start start = { command, input, !has_controlling_terminal(), getpid() };
	int error = 0;
	pid_t child;

	fflush(stdout);
	tcgetattr(STDIN_FILENO, &terminal_modes);
	child = spawn_shell(&start, &error);
	if (child > 0 && error)
		waitpid(child, NULL, 0);
	errno = error;
	return error ? 0 : child;
}

/* poll() of one file that also a Ctrl-C ends which came right before it. */
static int poll_or_interrupt(struct pollfd *file, s64 ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };
	sigset_t interrupt, before;
	int result = 0;

	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	pthread_sigmask(SIG_BLOCK, &interrupt, &before);
	if (!interrupt_pending())
		result = ppoll(file, 1, &time, &before);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}

/* Waits, and passes Ctrl-C on once: the terminal told the child itself, kill(1) told only us. */
static int wait_for(pid_t child, bool pass_interrupt)
{
	struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN };
	bool passed = !pass_interrupt;
	int status = 0;

	for (;;) {
		pid_t ended = waitpid(child, &status, passed ? 0 : WNOHANG);

		if (ended == child || (ended < 0 && errno != EINTR))
			break;
		if (!passed && interrupt_pending()) {
			kill(getpgid(child) == child ? -child : child, SIGINT);
			passed = true;
		} else if (!passed) {
			poll_or_interrupt(&end, end.fd < 0 ? PATIENCE_MS : WAIT_STEP_MS);
		}
	}
	if (end.fd >= 0)
		close(end.fd);
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
 * A program and all that it started. A pipeline is a shell with children, which Ctrl-C may end
 * before them: they become ours then, because adopt() asked for that.
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

/* Ended; so has who is left for a parent to wait for. */
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
	/* The terminal told them, a kill(1) only us; a pager would take a second for its own. */
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
 * program as well, even when it takes the key for something else or ignores it.
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

/*
 * Lines that were shown before the screen was full are the pager's to show. False: they stay,
 * because the terminal cannot take them back, or something else was written below them.
 */
static bool take_back_shown(struct output *output)
{
	if (!output->shown)
		return true;
	if (output->warnings != warnings_told() ||
	    !screen_take_back(strbuf_text(&output->held), output->shown))
		return false;
	output->shown = 0;
	return true;
}

/* A less that the user named alone shows colours as well, unless the user set it up otherwise. */
static bool start_pager(struct output *output)
{
	bool ours = !getenv("LESS") && setenv("LESS", "-R", 0) == 0;
	/* Not as a child of the shell: it has to end with us, see become_shell(). */
	bool alone = !strpbrk(output->pager, "|&;<>()$`\\\"'*?[#~=%!{}\n");
	char *command = xasprintf(alone ? "exec %s" : "%s", output->pager);

	progress_suspend(true);
	take_back_shown(output);
	output->fd = start_reader(command, &output->child);
	free(command);
	if (ours)
		unsetenv("LESS");
	if (output->fd < 0)
		progress_suspend(false);
	return output->fd >= 0 &&
	       feed_reader(output->fd, strbuf_text(&output->held) + output->shown,
			   output->held.length - output->shown);
}

/* The first LENGTH bytes of what was held back are on the terminal from now on. */
static bool show_held(struct output *output, size_t length)
{
	size_t more = length - output->shown;
	bool written;

	if (!more)
		return true;
	progress_clear();
	written = fwrite(strbuf_text(&output->held) + output->shown, 1, more, stdout) == more &&
		  fflush(stdout) == 0;
	output->shown = length;
	output->warnings = warnings_told();
	if (!written && errno == EINTR) /* Ctrl-C is no error of the stream */
		clearerr(stdout);
	return written;
}

/* The same for all, when no pager will ask for it again. */
static bool show_all_held(struct output *output)
{
	bool written = show_held(output, output->held.length);

	strbuf_reset(&output->held);
	output->shown = 0;
	return written;
}

static s64 now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	return (s64)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/*
 * Whole lines that have been held back for a while are shown: nothing is there yet to
 * fill the screen.
 */
static void show_held_lines(struct output *output, s64 now)
{
	const char *end;

	fflush(output->stream);
	/* That may have filled the screen. */
	if (output->fd >= 0 || output->held.length == output->shown)
		return;
	if (!output->held_since)
		output->held_since = now;
	if (now - output->held_since < HELD_BACK_MS)
		return;
	output->held_since = 0;
	end = memrchr(output->held.text + output->shown, '\n', output->held.length - output->shown);
	if (end)
		show_held(output, end + 1 - output->held.text);
}

/* Called wherever a command looks for Ctrl-C. */
static void look_now_and_then(void)
{
	static s64 next;
	s64 now = now_ms();
	int error = errno;

	if (now < next)
		return;
	next = now + LOOK_EVERY_MS;
	if (current && current->pager && current->fd < 0 && !current->unpaged)
		show_held_lines(current, now);
	progress_tick();
	errno = error;
}

void process_init(void)
{
	interrupt_set_watch(look_now_and_then);
}

/* Until the screen is full, a pager's text is held back. */
static ssize_t output_write(void *cookie, const char *data, size_t length)
{
	struct output *output = cookie;
	bool worked = true;

	if (output->fd >= 0) {
		worked = feed_reader(output->fd, data, length);
		if (!worked)
			out_failed(output->stream, errno);
		return worked ? (ssize_t)length : 0;
	}
	strbuf_add(&output->held, data, length);
	screen_add(&output->screen, data, length);
	if (output->unpaged)
		worked = show_all_held(output);
	else if (screen_is_full(&output->screen))
		worked = start_pager(output);
	if (!worked)
		out_failed(output->stream, errno);
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
		show_all_held(output);
		return;
	}
	if (could_not_run(wait_for_reader(output))) {
		pager_settings.scroll = false;
		show_all_held(output);
		warn("the pager \"%s\" does not run: output is not paged from now on (set scroll)",
		     output->pager);
	}
	progress_suspend(false);
}

static void end_pipe(struct output *output)
{
	wait_for_reader(output);
	progress_suspend(false);
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
		end_pipe(output);
	if (write_failed && !told && error != EPIPE && error != EINTR) {
		command_partly_failed();
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
	progress_suspend(true); /* it may own the terminal */
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
		fail("cannot open %.*s%s: %s", NAME_SHOWN, path,
		     strlen(path) > NAME_SHOWN ? "..." : "", strerror(error));
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

void process_output_unpaged(void)
{
	if (!current || !current->pager || current->fd >= 0)
		return;
	current->unpaged = true;
	out_flush();
	show_all_held(current);
}

bool process_output_wait(u64 seconds)
{
	/* Nothing is asked for: what is told is that nobody reads, and at once. */
	struct pollfd reader = { .fd = current && current->fd >= 0 ? current->fd : STDOUT_FILENO };
	s64 end = now_ms() + (s64)seconds * 1000, left;
	bool gone;

	do {
		left = end - now_ms();
		gone = poll_or_interrupt(&reader, left > 0 ? (s64)min_u64(left, WAIT_STEP_MS) : 0) >
		       0;
	} while (!gone && left > 0 && !interrupt_pending());
	interrupt_check();
	return !gone;
}
