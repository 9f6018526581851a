/* work-tasks.c - lab guest: processes by state, policy, signals, timers and namespaces. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"
#include "workload.h"

void work_nothing(void)
{
}

static pthread_barrier_t threads_up;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void *thread_body(void *argument)
{
	long number = (long)argument;
	char name[16];
	int ends[2];

	snprintf(name, sizeof(name), "thr-%ld", number);
	prctl(PR_SET_NAME, name);
	pthread_barrier_wait(&threads_up);
	if (number == 0)
		pthread_mutex_lock(&held);
	if (number == 1)
		nanosleep(&(struct timespec){ .tv_sec = 100000 }, NULL);
	if (number == 2 && pipe(ends) == 0)
		return (void *)(long)read(ends[0], name, 1);
	for (;;)
		pause();
}

static void start_threads(int count)
{
	pthread_t thread;

	pthread_barrier_init(&threads_up, NULL, count + 1);
	for (long i = 0; i < count; i++)
		need(pthread_create(&thread, NULL, thread_body, (void *)i) == 0, "pthread_create");
	pthread_barrier_wait(&threads_up);
}

void work_threads(void)
{
	pthread_mutex_lock(&held);
	start_threads(5);
}

void work_dead_leader(void)
{
	start_threads(2);
	settled();
	/* Only the leader ends: it stays a zombie while its threads live. */
	syscall(SYS_exit, 0);
}

void work_zombie(void)
{
	pid_t child = fork();
	siginfo_t info;

	if (child == 0) {
		prctl(PR_SET_NAME, "w-undead");
		_exit(7);
	}
	need(waitid(P_PID, child, &info, WEXITED | WNOWAIT) == 0, "waitid");
	fact("zombie", "%d", child);
}

void work_stopped(void)
{
	settled();
	raise(SIGSTOP);
	for (;;)
		pause();
}

void work_traced(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		prctl(PR_SET_NAME, "w-tracee");
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGUSR1);
		for (;;)
			pause();
	}
	need(waitpid(child, &status, 0) == child && WIFSTOPPED(status), "tracee");
	fact("tracee", "%d", child);
}

void work_vfork(void)
{
	/*
	 * The parent sleeps uninterruptibly until the child ends, which it does not; both share
	 * one mm.
	 */
	if (vfork() == 0) {
		prctl(PR_SET_NAME, "w-vforked");
		sleep_for_good();
	}
}

static void *uffd_area;
static int uffd_pipe[2];

static void *uffd_copy(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "thr-uffd");
	/*
	 * The kernel's copy faults on the page that nobody will ever bring: asleep under a page
	 * fault.
	 */
	return (void *)(long)read(uffd_pipe[0], uffd_area, 4096);
}

static void *uffd_touch(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "thr-touch");
	*(volatile char *)((char *)uffd_area + 4096) = 1;
	return NULL;
}

void work_uffd(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	pthread_t thread;

	need(fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0, "userfaultfd");
	uffd_area = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (unsigned long)uffd_area;
	range.range.len = 8192;
	need(ioctl(fd, UFFDIO_REGISTER, &range) == 0, "UFFDIO_REGISTER");
	need(pipe(uffd_pipe) == 0 && write(uffd_pipe[1], "bytes", 5) == 5, "pipe");
	need(pthread_create(&thread, NULL, uffd_copy, NULL) == 0, "thread");
	need(pthread_create(&thread, NULL, uffd_touch, NULL) == 0, "thread");
	fact("uffd_area", "%p", uffd_area);
}

static void set_policy(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	need(sched_setscheduler(0, policy, &param) == 0, "sched_setscheduler");
}

void work_fifo(void)
{
	set_policy(SCHED_FIFO, 42);
}
void work_rr(void)
{
	set_policy(SCHED_RR, 7);
}
void work_batch(void)
{
	set_policy(SCHED_BATCH, 0);
}
void work_idle(void)
{
	set_policy(SCHED_IDLE, 0);
}

static void set_deadline(unsigned long runtime, unsigned long deadline, unsigned long period)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = { .size = 48,
		   .policy = SCHED_DEADLINE,
		   .runtime = runtime,
		   .deadline = deadline,
		   .period = period };

	need(syscall(SYS_sched_setattr, 0, &attr, 0) == 0, "SCHED_DEADLINE");
}

void work_deadline(void)
{
	set_deadline(2000000, 20000000, 100000000);
}

static void hog(const char *name, int cpu, int policy, int priority)
{
	cpu_set_t set;

	if (fork() != 0)
		return;
	prctl(PR_SET_NAME, name);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (policy != SCHED_DEADLINE)
		sched_setaffinity(0, sizeof(set), &set);
	if (policy == SCHED_DEADLINE)
		set_deadline(3000000, 30000000, 300000000);
	else
		set_policy(policy, priority);
	for (volatile unsigned long turns = 0;; turns++)
		;
}

void work_hogs(void)
{
	hog("hog-0a", 0, SCHED_OTHER, 0);
	hog("hog-0b", 0, SCHED_OTHER, 0);
	hog("hog-0batch", 0, SCHED_BATCH, 0);
	hog("hog-1a", 1, SCHED_OTHER, 0);
	hog("hog-1idle", 1, SCHED_IDLE, 0);
	hog("hog-dl", 1, SCHED_DEADLINE, 0);
	hog("hog-1fifo", 1, SCHED_FIFO, 10);
	hog("hog-1fifo-low", 1, SCHED_FIFO, 5);
}

void work_nice(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(1, &one);
	need(sched_setaffinity(0, sizeof(one), &one) == 0, "affinity");
	need(setpriority(PRIO_PROCESS, 0, -11) == 0, "nice");
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 333, 444 });
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, RLIM_INFINITY });
	put_file("/proc/self/oom_score_adj", "-500");
	need(setresgid(1000, 1001, 1002) == 0 && setresuid(1000, 1001, 1002) == 0, "ids");
}

static void on_signal(int number)
{
	(void)number;
}

void work_signals(void)
{
	union sigval value = { .sival_int = 4711 };
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, SIG_IGN);
	sigaction(SIGRTMIN + 1,
		  &(struct sigaction){ .sa_handler = on_signal, .sa_flags = SA_RESTART }, NULL);
	kill(getpid(), SIGUSR1);
	sigqueue(getpid(), SIGRTMIN + 1, value);
	value.sival_int++;
	sigqueue(getpid(), SIGRTMIN + 1, value);
	syscall(SYS_tgkill, getpid(), gettid(), SIGTERM);
}

void work_timers(void)
{
	struct itimerspec when = { .it_value = { 50000, 0 }, .it_interval = { 600, 0 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	timer_t timer;

	need(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0, "timer_create");
	timer_settime(timer, 0, &when, NULL);
	event.sigev_notify = SIGEV_NONE;
	need(timer_create(CLOCK_REALTIME, &event, &timer) == 0, "timer_create");
	timer_settime(timer, 0, &when, NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = { 60000, 0 } }, NULL);
	setitimer(ITIMER_PROF, &(struct itimerval){ .it_value = { 70000, 0 } }, NULL);
}

static void inner_child(void)
{
	need(mount("inner", "/tmp", "tmpfs", 0, "size=1m") == 0, "mount");
	need(open("/tmp/inside", O_RDWR | O_CREAT, 0600) >= 0, "file inside");
}

void work_namespaces(void)
{
	need(unshare(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWIPC |
		     CLONE_NEWCGROUP) == 0,
	     "unshare");
	need(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
	need(sethostname("inner-host", 10) == 0 && setdomainname("inner.example", 13) == 0,
	     "hostname");
	if (fork() == 0) {
		prctl(PR_SET_NAME, "w-inner-1");
		if (fork() == 0) {
			prctl(PR_SET_NAME, "w-inner-2");
			inner_child();
			sleep_for_good();
		}
		for (;;)
			pause();
	}
	for (;;)
		pause();
}

void work_chroot(void)
{
	mkdir("/run/jail", 0755);
	mkdir("/run/jail/etc", 0755);
	need(chroot("/run/jail") == 0 && chdir("/etc") == 0, "chroot");
}

void work_cgroup(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	need(put_file("/sys/fs/cgroup/lab/inner/cgroup.procs", pid) == 0, "cgroup");
}

void work_environment(void)
{
	char *arguments[] = { "w-env",	   "an argument with blanks", "",
			      "tab\there", "--last=\"quoted\"",	      NULL };
	char *environment[] = { "LAB=1", "EMPTY=",
				"LONG="
				"0123456789012345678901234567890123456789"
				"01234567890123456789012345678901234567890123456789",
				"TWO=a\nb", NULL };

	/* What runs now is another program: it sleeps by itself, so this one reports for it. */
	if (fork() == 0) {
		arguments[0] = "/bin/busybox";
		arguments[1] = "sleep";
		arguments[2] = "100000";
		arguments[3] = "100000";
		arguments[4] = NULL;
		execve("/bin/busybox", arguments, environment);
		_exit(1);
	}
	usleep(300000);
}

void work_futex(void)
{
	static int word;

	settled();
	syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

void work_nanosleep(void)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += 100000;
	settled();
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
}

void work_sigwait(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	settled();
	sigwaitinfo(&set, NULL);
}

void work_wait(void)
{
	if (fork() == 0) {
		prctl(PR_SET_NAME, "w-orphan-to-be");
		setsid();
		sleep_for_good();
	}
	waitpid(-1, NULL, 0);
}

void work_many(void)
{
	char name[16];

	for (int i = 0; i < 12; i++) {
		if (fork() == 0) {
			snprintf(name, sizeof(name), "w-many-%d", i);
			prctl(PR_SET_NAME, name);
			setpgid(0, 0);
			for (;;)
				pause();
		}
	}
}
