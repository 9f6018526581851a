/* record.c - lab guest: writes the guest's own view of itself as a tar onto a raw disk. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

/*
 * The disk is written with O_DIRECT from one buffer: what is recorded must not change the page
 * cache that is being recorded. Passing no device (fd -1) makes a rehearsal that only warms inodes
 * and dentries.
 */
#define CHUNK (1 << 20)
#define BLOCK 512

struct tar {
	int fd;
	char *chunk;
	size_t used;
	unsigned long entries;
};

static void tar_flush(struct tar *tar)
{
	if (tar->fd >= 0 && write(tar->fd, tar->chunk, CHUNK) != CHUNK) {
		say("LAB: writing the record failed: %s", strerror(errno));
		_exit(1);
	}
	memset(tar->chunk, 0, CHUNK);
	tar->used = 0;
}

static void tar_bytes(struct tar *tar, const char *data, size_t length)
{
	size_t padded = (length + BLOCK - 1) / BLOCK * BLOCK;

	for (size_t at = 0; at < padded;) {
		size_t part = padded - at < CHUNK - tar->used ? padded - at : CHUNK - tar->used;
		size_t real = at < length ? length - at : 0;

		if (data != NULL)
			memcpy(tar->chunk + tar->used, data + at, real < part ? real : part);
		tar->used += part;
		at += part;
		if (tar->used == CHUNK)
			tar_flush(tar);
	}
}

static void tar_header(struct tar *tar, const char *name, char type, size_t size, const char *link)
{
	char head[BLOCK] = { 0 };
	unsigned int sum = 0;

	/* GNU's extension for long names: an entry of type L or K whose content is the name. */
	if (link != NULL && strlen(link) > 100 && type == '2') {
		tar_header(tar, "././@LongLink", 'K', strlen(link) + 1, NULL);
		tar_bytes(tar, link, strlen(link) + 1);
	}
	if (strlen(name) > 100) {
		tar_header(tar, "././@LongLink", 'L', strlen(name) + 1, NULL);
		tar_bytes(tar, name, strlen(name) + 1);
	}
	memcpy(head, name, strnlen(name, 100));
	memcpy(head + 100, "0000644", 7);
	memcpy(head + 108, "0000000", 7);
	memcpy(head + 116, "0000000", 7);
	snprintf(head + 124, 12, "%011zo", size);
	memcpy(head + 136, "00000000000", 11);
	memset(head + 148, ' ', 8);
	head[156] = type;
	if (link != NULL)
		memcpy(head + 157, link, strnlen(link, 100));
	memcpy(head + 257, "ustar", 6);
	memcpy(head + 263, "00", 2);
	for (int i = 0; i < BLOCK; i++)
		sum += (unsigned char)head[i];
	snprintf(head + 148, 8, "%06o", sum);
	tar_bytes(tar, head, BLOCK);
	tar->entries++;
}

static void tar_file(struct tar *tar, const char *name, const char *data, size_t length)
{
	tar_header(tar, name, '0', length, NULL);
	tar_bytes(tar, data, length);
}

/*
 * Reads a whole file of unknown length; NULL when it cannot be read. The memory is mapped, so it
 * is given back.
 */
static char *read_whole(const char *path, size_t *length, size_t *mapped)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t space = 1 << 18, used = 0;
	struct stat status;
	char *data;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) != 0 || S_ISDIR(status.st_mode)) {
		close(fd);
		return NULL;
	}
	data = mmap(NULL, space, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (;;) {
		ssize_t got = read(fd, data + used, space - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		used += got;
		if (space - used < (1 << 16)) {
			data = mremap(data, space, space * 2, MREMAP_MAYMOVE);
			space *= 2;
		}
	}
	close(fd);
	*length = used;
	*mapped = space;
	return data;
}

static void take(struct tar *tar, const char *path)
{
	size_t length, mapped;
	char *data = read_whole(path, &length, &mapped);

	if (data == NULL)
		return;
	tar_file(tar, path + 1, data, length);
	munmap(data, mapped);
}

static void take_link(struct tar *tar, const char *path)
{
	char target[4096];
	ssize_t length = readlink(path, target, sizeof(target) - 1);

	if (length < 0)
		return;
	target[length] = '\0';
	tar_header(tar, path + 1, '2', 0, target);
}

/* Takes every file or link that one of the patterns names; a pattern ending in @ names links. */
static void take_all(struct tar *tar, const char *const *patterns)
{
	for (; *patterns != NULL; patterns++) {
		char pattern[256];
		bool links;
		glob_t found;

		snprintf(pattern, sizeof(pattern), "%s", *patterns);
		links = pattern[strlen(pattern) - 1] == '@';
		if (links)
			pattern[strlen(pattern) - 1] = '\0';
		if (glob(pattern, GLOB_PERIOD | GLOB_NOSORT, NULL, &found) != 0)
			continue;
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *last = strrchr(found.gl_pathv[i], '/') + 1;

			if (strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
				continue;
			if (links)
				take_link(tar, found.gl_pathv[i]);
			else
				take(tar, found.gl_pathv[i]);
		}
		globfree(&found);
	}
}

/*
 * Every user page the kernel knows of: "ADDRESS ENTRY" lines in hexadecimal, ENTRY as in
 * /proc/PID/pagemap.
 */
static void take_pagemap(struct tar *tar, const char *pid)
{
	char path[300], *text = NULL;
	size_t length = 0;
	unsigned long from, to;
	FILE *maps, *out;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	maps = fopen(path, "re");
	snprintf(path, sizeof(path), "/proc/%s/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	out = open_memstream(&text, &length);
	while (maps != NULL && fscanf(maps, "%lx-%lx%*[^\n]", &from, &to) == 2) {
		for (; from < to && from < 1UL << 47; from += 4096) {
			uint64_t entry;

			if (pread(fd, &entry, 8, from / 4096 * 8) == 8 && entry >> 62 != 0)
				fprintf(out, "%lx %lx\n", from, entry);
		}
	}
	fclose(out);
	if (length != 0) {
		snprintf(path, sizeof(path), "proc/%s/pagemap.text", pid);
		tar_file(tar, path, text, length);
	}
	free(text);
	if (maps != NULL)
		fclose(maps);
	if (fd >= 0)
		close(fd);
}

/*
 * The processor time that the timer's ticks counted for a process and its threads, exactly as the
 * kernel keeps it: "ALL USER" in nanoseconds. /proc/PID/stat has it scaled to what the scheduler
 * measured, and the two drift apart where a busy host stops the guest's processors.
 */
static void take_cputime(struct tar *tar, const char *pid)
{
	/* clock_getcpuclockid(3)'s numbers: the process, inverted, and below it which clock. */
	clockid_t clock = (clockid_t)(~(unsigned int)atoi(pid) << 3);
	struct timespec all, user;
	char path[300], text[80];
	int length;

	if (clock_gettime(clock, &all) != 0 || clock_gettime(clock | 1, &user) != 0)
		return;
	snprintf(path, sizeof(path), "proc/%s/cputime", pid);
	length = snprintf(text, sizeof(text), "%lld %lld\n", all.tv_sec * 1000000000LL + all.tv_nsec,
			  user.tv_sec * 1000000000LL + user.tv_nsec);
	tar_file(tar, path, text, length);
}

static void take_processes(struct tar *tar)
{
	static const char *const files[] = { "status",
					     "stat",
					     "statm",
					     "maps",
					     "smaps",
					     "stack",
					     "cmdline",
					     "environ",
					     "wchan",
					     "auxv",
					     "cgroup",
					     "limits",
					     "oom_score_adj",
					     "personality",
					     "schedstat",
					     "sched",
					     "syscall",
					     "timers",
					     "io",
					     "mountinfo",
					     "comm",
					     "uid_map",
					     "loginuid",
					     "fdinfo/*",
					     "fd/*@",
					     "exe@",
					     "cwd@",
					     "root@",
					     "ns/*@",
					     "task/*/status",
					     "task/*/stat",
					     "task/*/stack",
					     "task/*/comm",
					     "task/*/wchan",
					     "task/*/syscall",
					     "task/*/schedstat",
					     "task/*/children",
					     NULL };
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while ((entry = readdir(proc)) != NULL) {
		if (fnmatch("[1-9]*", entry->d_name, 0) != 0)
			continue;
		for (int i = 0; files[i] != NULL; i++) {
			char pattern[300];
			const char *one[] = { pattern, NULL };

			snprintf(pattern, sizeof(pattern), "/proc/%s/%s", entry->d_name, files[i]);
			take_all(tar, one);
		}
		take_pagemap(tar, entry->d_name);
		take_cputime(tar, entry->d_name);
	}
	closedir(proc);
}

/*
 * /dev/kmsg gives one record a read(2); the text of syslog(2) is the kernel's own formatting of
 * the same.
 */
static void take_log(struct tar *tar)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	size_t space = 4 << 20, used = 0;
	char *data = mmap(NULL, space, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	while (used + 8192 < space) {
		ssize_t got = read(fd, data + used, 8192);

		if (got > 0)
			used += got;
		else if (errno != EPIPE)
			break;
	}
	close(fd);
	tar_file(tar, "dmesg.kmsg", data, used);
	used = klogctl(3, data, space);
	tar_file(tar, "dmesg", data, used);
	munmap(data, space);
}

static const char *const still_life[] = { "/run/lab/*",
					  "/proc/version",
					  "/proc/cmdline",
					  "/proc/cpuinfo",
					  "/proc/config.gz",
					  "/proc/kallsyms",
					  "/proc/devices",
					  "/proc/iomem",
					  "/proc/ioports",
					  "/proc/modules",
					  "/proc/filesystems",
					  "/proc/misc",
					  "/proc/fb",
					  "/proc/dma",
					  "/proc/crypto",
					  "/proc/cgroups",
					  "/proc/partitions",
					  "/proc/swaps",
					  "/proc/mounts",
					  "/proc/keys",
					  "/proc/consoles",
					  "/proc/execdomains",
					  "/proc/key-users",
					  "/proc/locks",
					  "/proc/sys/kernel/*",
					  "/proc/sys/kernel/random/boot_id",
					  "/proc/sys/vm/*",
					  "/proc/sys/fs/*",
					  "/proc/net/*",
					  "/proc/net/netfilter/*",
					  "/proc/sysvipc/*",
					  "/proc/tty/drivers",
					  "/proc/bus/pci/devices",
					  "/proc/irq/*/smp_affinity",
					  "/sys/kernel/irq/*/*",
					  "/sys/kernel/vmcoreinfo",
					  "/sys/kernel/notes",
					  "/sys/kernel/kexec_*",
					  "/sys/module/*/sections/*",
					  "/sys/module/*/coresize",
					  "/sys/module/*/initsize",
					  "/sys/module/*/refcnt",
					  "/sys/module/*/taint",
					  "/sys/module/*/srcversion",
					  "/sys/module/*/notes/*",
					  "/sys/class/net/*/address",
					  "/sys/class/net/*/mtu",
					  "/sys/class/net/*/flags",
					  "/sys/class/net/*/ifindex",
					  "/sys/block/*/size",
					  "/sys/block/*/dev",
					  "/sys/devices/system/cpu/*",
					  "/sys/devices/system/node/*/*",
					  "/sys/kernel/mm/hugepages/*/*",
					  "/sys/kernel/mm/transparent_hugepage/*",
					  "/sys/kernel/slab/*@",
					  "/sys/kernel/debug/bdi/*/*",
					  "/sys/kernel/debug/sched/debug",
					  "/proc/sched_debug",
					  "/proc/mdstat",
					  NULL };

/* Reading the rest changes these, so they come last, the most fragile at the very end. */
static const char *const moving[] = { "/proc/timer_list",
				      "/proc/interrupts",
				      "/proc/softirqs",
				      "/proc/stat",
				      "/proc/schedstat",
				      "/proc/loadavg",
				      "/proc/diskstats",
				      "/proc/pressure/*",
				      "/proc/kpagecount",
				      "/proc/kpageflags",
				      "/proc/vmallocinfo",
				      "/proc/pagetypeinfo",
				      "/proc/uptime",
				      "/proc/buddyinfo",
				      "/proc/zoneinfo",
				      "/proc/vmstat",
				      "/proc/meminfo",
				      "/proc/slabinfo",
				      NULL };

static unsigned long walk(int fd, char *chunk)
{
	struct tar tar = { .fd = fd, .chunk = chunk };

	memset(chunk, 0, CHUNK);
	take_all(&tar, still_life);
	take_processes(&tar);
	take_log(&tar);
	take_all(&tar, moving);
	/* Two empty blocks end a tar; the flush pads the rest of the chunk with more. */
	tar_bytes(&tar, NULL, 2 * BLOCK);
	tar_flush(&tar);
	return tar.entries;
}

int record(const char *device)
{
	char *chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open(device, O_WRONLY | O_DIRECT | O_CLOEXEC);
	unsigned long entries;

	if (fd < 0) {
		say("LAB: cannot open %s: %s", device, strerror(errno));
		return -1;
	}
	fact("recorder", "%d", getpid());
	walk(-1, chunk);
	/* Let what the rehearsal set going (writeback, RCU, vmstat updates) come to rest. */
	sleep(2);
	entries = walk(fd, chunk);
	close(fd);
	say("LAB: recorded %lu entries", entries);
	return 0;
}
