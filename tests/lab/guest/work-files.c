/* work-files.c - lab guest: processes by what they hold open: pipes, sockets, events, locks. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fs.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "guest.h"
#include "workload.h"

/* Reads on FD until something comes, which nothing ever does. */
static void block_reading(int fd)
{
	char bytes[64];

	settled();
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	for (;;)
		pause();
}

void work_pipes(void)
{
	int empty[2], full[2], filled = 0;
	char page[4096] = { 'p' };

	need(pipe(empty) == 0 && pipe2(full, O_NONBLOCK) == 0, "pipe");
	while (write(full[1], page, sizeof(page)) == sizeof(page))
		filled++;
	fact("pipe_pages", "%d", filled);
	block_reading(empty[0]);
}

static int unix_listener(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);
	size_t length = offsetof(struct sockaddr_un, sun_path) + strlen(path + (path[0] == '@')) +
			1;

	memcpy(address.sun_path, path, strlen(path) + 1);
	if (path[0] == '@') {
		address.sun_path[0] = '\0';
	}
	need(bind(fd, (struct sockaddr *)&address, length) == 0, "unix bind");
	if (type != SOCK_DGRAM)
		need(listen(fd, 5) == 0, "unix listen");
	return fd;
}

void work_unix(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/lab.stream" };
	int pair[2], client, bytes = -1;

	unix_listener("/run/lab.stream", SOCK_STREAM);
	unix_listener("@lab-abstract", SOCK_SEQPACKET);
	unix_listener("/run/lab.dgram", SOCK_DGRAM);
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	need(connect(client, (struct sockaddr *)&address, sizeof(address)) == 0, "unix connect");
	/* Data in flight, and a descriptor with it. */
	bytes = write(pair[0], "in flight", 9);
	need(bytes == 9, "unix write");
}

void work_tcp(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_port = htons(7001),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 there = { .sin6_family = AF_INET6,
				      .sin6_port = htons(7006),
				      .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int four = socket(AF_INET, SOCK_STREAM, 0), six = socket(AF_INET6, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0), client6 = socket(AF_INET6, SOCK_STREAM, 0);

	setsockopt(four, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	need(bind(four, (struct sockaddr *)&here, sizeof(here)) == 0 && listen(four, 9) == 0,
	     "tcp");
	need(bind(six, (struct sockaddr *)&there, sizeof(there)) == 0 && listen(six, 9) == 0,
	     "tcp6");
	need(connect(client, (struct sockaddr *)&here, sizeof(here)) == 0, "tcp connect");
	need(connect(client6, (struct sockaddr *)&there, sizeof(there)) == 0, "tcp6 connect");
	need(accept(four, NULL, NULL) >= 0 && accept(six, NULL, NULL) >= 0, "accept");
	need(write(client, "unread", 6) == 6, "tcp write");
}

void work_udp(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(7002) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), connected = socket(AF_INET, SOCK_DGRAM, 0);

	need(bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0, "udp");
	here.sin_addr.s_addr = inet_addr("10.7.0.2");
	here.sin_port = htons(53);
	need(connect(connected, (struct sockaddr *)&here, sizeof(here)) == 0, "udp connect");
	need(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0, "raw");
}

void work_netlink(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);

	need(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "netlink");
	if (socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ARP)) < 0)
		fact("packet", "none");
	block_reading(fd);
}

void work_epoll(void)
{
	int fd = epoll_create1(0), inner = epoll_create1(0), event = eventfd(0, 0), ends[2];
	struct epoll_event wanted = { .events = EPOLLIN | EPOLLET, .data.u64 = 0x1122334455667788 };

	need(pipe(ends) == 0, "pipe");
	epoll_ctl(fd, EPOLL_CTL_ADD, event, &wanted);
	epoll_ctl(fd, EPOLL_CTL_ADD, ends[0], &wanted);
	epoll_ctl(fd, EPOLL_CTL_ADD, inner, &wanted);
	settled();
	epoll_wait(fd, &wanted, 1, -1);
}

void work_poll(void)
{
	struct pollfd set[2] = { { .fd = eventfd(0, 0), .events = POLLIN },
				 { .fd = eventfd(0, 0), .events = POLLIN } };

	settled();
	poll(set, 2, -1);
}

void work_select(void)
{
	int fd = eventfd(0, 0);
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	settled();
	select(fd + 1, &set, NULL, NULL, NULL);
}

void work_event_fds(void)
{
	struct itimerspec when = { .it_value = { 80000, 0 } };
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	sigset_t set;

	need(eventfd(42, EFD_SEMAPHORE) >= 0, "eventfd");
	timerfd_settime(timer, 0, &when, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	need(signalfd(-1, &set, 0) >= 0, "signalfd");
	if (syscall(SYS_pidfd_open, getppid(), 0) < 0)
		fact("pidfd", "none");
	block_reading(timer);
}

void work_memfd(void)
{
	int fd = memfd_create("lab-memfd", MFD_ALLOW_SEALING);
	char *map;

	need(fd >= 0 && ftruncate(fd, 3 * 4096) == 0, "memfd");
	map = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memset(map, 'm', 3 * 4096);
	fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK);
}

void work_deleted(void)
{
	int fd = open("/tmp/deleted file", O_RDWR | O_CREAT, 0600), disk;

	need(write(fd, "gone", 4) == 4 && unlink("/tmp/deleted file") == 0, "deleted");
	disk = open("/mnt/disk/deleted", O_RDWR | O_CREAT | O_APPEND, 0600);
	need(write(disk, "gone too", 8) == 8, "deleted on disk");
	need(mmap(NULL, 4096, PROT_READ, MAP_SHARED, disk, 0) != MAP_FAILED, "map");
	unlink("/mnt/disk/deleted");
	mkdir("/tmp/a-directory-with-a-long-name", 0700);
	need(open("/tmp/a-directory-with-a-long-name", O_RDONLY | O_DIRECTORY) >= 0, "directory");
	mkdir("/tmp/gone", 0700);
	need(chdir("/tmp/gone") == 0 && rmdir("/tmp/gone") == 0, "cwd");
	need(open("/dev/null", O_RDWR) >= 0 && open("/dev/zero", O_PATH) >= 0, "devices");
	need(dup2(fd, 200) == 200, "dup2");
}

void work_locks(void)
{
	struct flock range = { .l_type = F_WRLCK, .l_start = 10, .l_len = 90 };
	int fd = open("/tmp/locked", O_RDWR | O_CREAT, 0600),
	    other = open("/tmp/flocked", O_RDWR | O_CREAT, 0600);

	need(fcntl(fd, F_SETLK, &range) == 0 && flock(other, LOCK_EX) == 0, "locks");
	if (fork() == 0) {
		prctl(PR_SET_NAME, "w-lockwait");
		settled();
		fcntl(fd, F_SETLKW, &range);
	}
	for (;;)
		pause();
}

void work_open_fifo(void)
{
	need(mkfifo("/tmp/a-fifo", 0600) == 0, "mkfifo");
	settled();
	open("/tmp/a-fifo", O_RDONLY);
}

void work_accept(void)
{
	int fd = unix_listener("@lab-accept", SOCK_STREAM);

	settled();
	accept(fd, NULL, NULL);
}

void work_recv(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(7003) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char byte;

	need(bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0, "udp");
	settled();
	recv(fd, &byte, 1, 0);
}

void work_inotify(void)
{
	int fd = inotify_init1(0);

	need(inotify_add_watch(fd, "/mnt/disk", IN_CREATE) >= 0, "inotify");
	block_reading(fd);
}

void work_tty(void)
{
	char name[64];
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	need(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0, "pty");
	need(ptsname_r(master, name, sizeof(name)) == 0, "ptsname");
	setsid();
	slave = open(name, O_RDWR);
	need(slave >= 0, "pts");
	block_reading(slave);
}

void work_loop_files(void)
{
	int fd = open("/mnt/loop/on-the-loop", O_RDWR | O_CREAT, 0600);
	char page[4096];

	memset(page, 'L', sizeof(page));
	for (int i = 0; i < 5; i++)
		need(write(fd, page, sizeof(page)) == sizeof(page), "loop write");
	fsync(fd);
	need(chdir("/mnt/loop") == 0, "chdir");
	fd = open("/mnt/tmpfs/file", O_RDWR | O_CREAT, 0600);
	need(write(fd, page, sizeof(page)) == sizeof(page), "tmpfs write");
}

void work_bpf(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_HASH,
				.key_size = 4,
				.value_size = 16,
				.max_entries = 64,
				.map_name = "lab_map" };
	struct bpf_insn code[] = { { .code = 0xb7, .imm = 0 }, { .code = 0x95 } };
	union bpf_attr program = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				   .insns = (unsigned long)code,
				   .insn_cnt = 2,
				   .license = (unsigned long)"GPL",
				   .prog_name = "lab_prog" };

	need(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)) >= 0, "bpf map");
	need(syscall(SYS_bpf, BPF_PROG_LOAD, &program, sizeof(program)) >= 0, "bpf program");
}

/* Writes to a file system that is frozen: uninterruptible for good. */
void work_frozen(void)
{
	int top = open("/mnt/frozen", O_RDONLY | O_DIRECTORY);
	int fd = open("/mnt/frozen/file", O_RDWR | O_CREAT, 0600);

	/* Mounted only where the scenario is about this. */
	if (fd < 0)
		return;
	need(ioctl(top, FIFREEZE, 0) == 0, "freeze");
	settled();
	if (write(fd, "never", 5) != 5)
		pause();
}
