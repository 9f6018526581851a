/* main.c - lab guest: the one static program of the guest, by first argument. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"

int put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t done;

	if (fd < 0)
		return -1;
	done = write(fd, text, strlen(text));
	close(fd);
	return done < 0 ? -1 : 0;
}

void fact(const char *name, const char *format, ...)
{
	char line[512];
	va_list args;
	int fd = open(FACTS_DIR "/facts", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	int length = snprintf(line, sizeof(line), "%s ", name);

	va_start(args, format);
	length += vsnprintf(line + length, sizeof(line) - length - 1, format, args);
	va_end(args);
	line[length++] = '\n';
	if (fd < 0 || write(fd, line, length) != length)
		say("LAB: cannot note the fact %s", name);
	close(fd);
}

void say(const char *format, ...)
{
	va_list args;
	int fd = open("/dev/ttyS0", O_WRONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	va_start(args, format);
	vdprintf(fd, format, args);
	va_end(args);
	dprintf(fd, "\n");
	/* Text of user space and of a panic overtake each other on the wire. */
	tcdrain(fd);
	close(fd);
}

int load_capture_kernel(const char *kernel, const char *initrd, const char *cmdline)
{
	int kernel_fd = open(kernel, O_RDONLY | O_CLOEXEC);
	int initrd_fd = open(initrd, O_RDONLY | O_CLOEXEC);

	if (syscall(SYS_kexec_file_load, kernel_fd, initrd_fd, strlen(cmdline) + 1, cmdline,
		    KEXEC_FILE_ON_CRASH) != 0) {
		perror("kexec_file_load");
		return 1;
	}
	close(kernel_fd);
	close(initrd_fd);
	return 0;
}

static void exhaust_memory(void)
{
	for (;;) {
		char *area = malloc(1 << 20);

		if (area != NULL)
			memset(area, 'o', 1 << 20);
	}
}

/* Panics by itself, or waits for the host to see to it (nmi, serial, stop). */
int trigger(const char *how)
{
	if (strcmp(how, "oom") == 0) {
		put_file("/proc/sys/vm/panic_on_oom", "1");
		put_file("/proc/sys/vm/overcommit_memory", "1");
	}
	say("LAB: trigger %s pid %d", how, getpid());
	usleep(300000);
	if (strcmp(how, "sysrq-c") == 0)
		put_file("/proc/sysrq-trigger", "c");
	if (strcmp(how, "oom") == 0)
		exhaust_memory();
	if (strcmp(how, "init") == 0)
		return 42;
	if (strcmp(how, "hung") == 0)
		put_file("/proc/sys/kernel/hung_task_timeout_secs", "2");
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "workload") == 0)
		return workload(false);
	if (argc == 3 && strcmp(argv[1], "workload") == 0 && strcmp(argv[2], "busy") == 0)
		return workload(true);
	if (argc == 4 && strcmp(argv[1], "record") == 0)
		return record(argv[2]) != 0 ? 1 : trigger(argv[3]);
	if (argc == 5 && strcmp(argv[1], "kexec") == 0)
		return load_capture_kernel(argv[2], argv[3], argv[4]);
	fprintf(stderr, "usage: lab-guest workload [busy] | record DEVICE TRIGGER | "
			"kexec KERNEL INITRD CMDLINE\n");
	return 2;
}
