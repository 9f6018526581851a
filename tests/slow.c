/* slow.c - tests: makes a machine slow, and stops the program where it says what it does. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/*
 * Preloaded by tests/slow.py, which has the other end of this page. The program reads one clock,
 * CLOCK_MONOTONIC_COARSE, wherever it looks for Ctrl-C and measures how long a work takes: while
 * a test has armed the page, each look makes that clock run by STEP. The program tells of long
 * work in one line on standard error: when a line begins with what the test waits for, or after
 * so many looks, the program waits at this gate until the test opens it. Signals arrive meanwhile.
 */
enum { OFF, ARMED, WAITING };

struct page {
	volatile uint32_t state;
	uint32_t unused;
	uint64_t step; /* ns */
	volatile uint64_t looks_left; /* 0: only a line stops it */
	volatile uint64_t looks, lines, looks_before; /* the first line */
	char wanted[64]; /* "": no line stops it */
	char also[64]; /* somewhere in the line */
	char line[256]; /* the last one */
};

static struct page nothing, *page = &nothing;
static uint64_t ahead; /* ns */

__attribute__((constructor)) static void open_page(void)
{
	const char *path = getenv("SLOW_PAGE");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *memory = fd < 0 ? MAP_FAILED
			      : mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				     0);

	if (memory != MAP_FAILED)
		page = memory;
	if (fd >= 0)
		close(fd);
	/* Not for the programs that this one starts. */
	unsetenv("LD_PRELOAD");
	unsetenv("SLOW_PAGE");
}

static void wait_at_the_gate(void)
{
	struct timespec moment = { .tv_nsec = 1000000 };

	page->state = WAITING;
	while (page->state == WAITING)
		nanosleep(&moment, NULL);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	static int (*real)(clockid_t, struct timespec *);
	int result;

	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	if (clock == CLOCK_MONOTONIC_COARSE && page->state == ARMED) {
		page->looks++;
		ahead += page->step;
		if (page->looks_left && !--page->looks_left)
			wait_at_the_gate();
	}
	result = real(clock, time);
	if (clock == CLOCK_MONOTONIC_COARSE && result == 0) {
		uint64_t ns = time->tv_nsec + ahead;

		time->tv_sec += ns / 1000000000;
		time->tv_nsec = ns % 1000000000;
	}
	return result;
}

static int say(FILE *file, const char *format, va_list args)
{
	char text[sizeof(page->line)];
	va_list again;
	int result;

	va_copy(again, args);
	result = vfprintf(file, format, args);
	if (file == stderr && page->state == ARMED && format[0] == '\r' && strstr(format, ".*s")) {
		vsnprintf(text, sizeof(text), format, again);
		memcpy(page->line, text + 1, sizeof(text) - 1);
		if (!page->lines++)
			page->looks_before = page->looks;
		if (page->wanted[0] && strstr(page->line, page->also) &&
		    strncmp(page->line, page->wanted, strlen(page->wanted)) == 0)
			wait_at_the_gate();
	}
	va_end(again);
	return result;
}

int fprintf(FILE *file, const char *format, ...)
{
	va_list args;
	int result;

	va_start(args, format);
	result = say(file, format, args);
	va_end(args);
	return result;
}

int __fprintf_chk(FILE *file, int flag, const char *format, ...);
int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
	va_list args;
	int result;

	(void)flag;
	va_start(args, format);
	result = say(file, format, args);
	va_end(args);
	return result;
}
