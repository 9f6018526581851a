/* workload.c - lab guest: starts one sleeping process for each thing a debugger is asked about. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"
#include "workload.h"

static int ready_pipe[2];

/*
 * Called by a process of the workload when everything it leaves is in place; blocks until it may
 * sleep for good.
 */
void settled(void)
{
	if (write(ready_pipe[1], "r", 1) != 1)
		_exit(1);
}

void sleep_for_good(void)
{
	settled();
	for (;;)
		pause();
}

void need(bool good, const char *what)
{
	if (!good) {
		say("LAB: workload: %s: %s", what, strerror(errno));
		settled();
		_exit(1);
	}
}

pid_t start(const char *name, void (*body)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		say("LAB: fork for %s: %s", name, strerror(errno));
	if (pid != 0)
		return pid;
	prctl(PR_SET_NAME, name);
	body();
	sleep_for_good();
	return 0;
}

static const struct {
	const char *name;
	void (*body)(void);
} cast[] = {
	{ "w-threads", work_threads },
	{ "w-zombie", work_zombie },
	{ "w-deadlead", work_dead_leader },
	{ "w-stopped", work_stopped },
	{ "w-traced", work_traced },
	{ "w-vfork", work_vfork },
	{ "w-uffd", work_uffd },
	{ "w-fifo", work_fifo },
	{ "w-rr", work_rr },
	{ "w-dl", work_deadline },
	{ "w-batch", work_batch },
	{ "w-idle", work_idle },
	{ "w-nice", work_nice },
	{ "w-signals", work_signals },
	{ "w-timers", work_timers },
	{ "w-names", work_namespaces },
	{ "w-chroot", work_chroot },
	{ "w-cgroup", work_cgroup },
	{ "w-env", work_environment },
	{ "full-length-nam", work_nothing },
	{ "odd )(% \t\"\n\\x", work_nothing },
	{ "w-pipes", work_pipes },
	{ "w-unix", work_unix },
	{ "w-tcp", work_tcp },
	{ "w-udp", work_udp },
	{ "w-netlink", work_netlink },
	{ "w-epoll", work_epoll },
	{ "w-poll", work_poll },
	{ "w-select", work_select },
	{ "w-events", work_event_fds },
	{ "w-memfd", work_memfd },
	{ "w-deleted", work_deleted },
	{ "w-locks", work_locks },
	{ "w-openfifo", work_open_fifo },
	{ "w-accept", work_accept },
	{ "w-recv", work_recv },
	{ "w-inotify", work_inotify },
	{ "w-tty", work_tty },
	{ "w-shm", work_shm },
	{ "w-sem", work_sem },
	{ "w-msg", work_msg },
	{ "w-mqueue", work_mqueue },
	{ "w-futex", work_futex },
	{ "w-nanosleep", work_nanosleep },
	{ "w-sigwait", work_sigwait },
	{ "w-wait", work_wait },
	{ "w-maps", work_maps },
	{ "w-huge", work_huge },
	{ "w-thp", work_thp },
	{ "w-swap", work_swap },
	{ "w-pattern", work_pattern },
	{ "w-loopfs", work_loop_files },
	{ "w-many", work_many },
	{ "w-bpf", work_bpf },
	{ "w-frozen", work_frozen },
};

/*
 * True when no task but this one can run: what is recorded from now on will still be so in the
 * dump.
 */
static bool everything_sleeps(bool tell)
{
	char line[512], *state;
	glob_t tasks;
	int running = 0;

	if (glob("/proc/[0-9]*/task/[0-9]*/stat", GLOB_NOSORT, NULL, &tasks) != 0)
		return false;
	for (size_t i = 0; i < tasks.gl_pathc; i++) {
		FILE *file = fopen(tasks.gl_pathv[i], "re");

		if (file == NULL)
			continue;
		line[fread(line, 1, sizeof(line) - 1, file)] = '\0';
		fclose(file);
		state = strrchr(line, ')');
		if (state == NULL || strncmp(state, ") R", 3) != 0 || atoi(line) == getpid())
			continue;
		running++;
		if (tell)
			say("LAB: still running: %.60s", line);
	}
	globfree(&tasks);
	return running == 0;
}

int workload(bool busy)
{
	char token;

	signal(SIGPIPE, SIG_IGN);
	if (pipe2(ready_pipe, O_CLOEXEC) != 0)
		return 1;
	for (size_t i = 0; i < sizeof(cast) / sizeof(cast[0]); i++) {
		start(cast[i].name, cast[i].body);
		/* One at a time, so that pids are the same from run to run. */
		if (read(ready_pipe[0], &token, 1) != 1)
			return 1;
	}
	if (busy) {
		/* They never rest, so there is nothing to wait for. */
		work_hogs();
		fact("busy", "1");
	}
	for (int tries = 0; !busy && !everything_sleeps(tries == 29); tries++) {
		if (tries == 30) {
			say("LAB: the workload does not come to rest");
			return 1;
		}
		sleep(1);
	}
	fact("workload", "%zu", sizeof(cast) / sizeof(cast[0]));
	say("LAB: workload ready");
	return 0;
}
