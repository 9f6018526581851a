/* lab-many.c - lab guest: COUNT sleeping threads in processes of 50, at stacks of several shapes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { GROUP = 50, SHAPES = 4 };

static int pipe_ends[2];

static void *sleeper(void *arg)
{
	struct pollfd wait = { .fd = pipe_ends[0], .events = POLLIN };
	struct epoll_event event;
	char byte;

	switch ((uintptr_t)arg % SHAPES) {
	case 0:
		poll(&wait, 1, -1);
		break;
	case 1:
		epoll_wait(epoll_create1(0), &event, 1, -1);
		break;
	case 2:
		(void)!read(pipe_ends[0], &byte, 1);
		break;
	}
	while (pause())
		;
	return NULL;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 0;
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 16384);
	for (; count > 0; count -= GROUP) {
		if (fork() != 0)
			continue;
		if (pipe(pipe_ends) != 0)
			return 1;
		for (uintptr_t i = 1; i < GROUP; i++) {
			pthread_t thread;

			if (pthread_create(&thread, &small, sleeper, (void *)i) != 0)
				return 1;
		}
		sleeper(NULL);
	}
	sleep(2);
	return 0;
}
