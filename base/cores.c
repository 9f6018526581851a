/* base/cores.c - threads that take parts of a work until none is left. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/cores.h"

#include "base/fail.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#define MAX_THREADS 32

struct job {
	void (*work)(void *arg, size_t part);
	void *arg;
	size_t count;
	atomic_size_t next;
};

static void *take_parts(void *arg)
{
	struct job *job = arg;
	size_t part;

	while (!interrupt_pending() && (part = atomic_fetch_add(&job->next, 1)) < job->count)
		job->work(job->arg, part);
	return NULL;
}

/* Those that this process may use, of all that there are. */
static long count_cores(void)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
		return CPU_COUNT(&allowed);
	return sysconf(_SC_NPROCESSORS_ONLN); /* more than the set has room for */
}

/* This thread works as well; when no other can be made, alone. */
void cores_run(size_t count, void (*work)(void *arg, size_t part), void *arg)
{
	struct job job = { .work = work, .arg = arg, .count = count };
	long nr_cores = count_cores();
	pthread_t threads[MAX_THREADS];
	size_t nr_threads = 0;

	while (nr_threads < MAX_THREADS && nr_threads + 1 < count &&
	       (long)nr_threads + 1 < nr_cores &&
	       pthread_create(&threads[nr_threads], NULL, take_parts, &job) == 0)
		nr_threads++;
	take_parts(&job);
	while (nr_threads)
		pthread_join(threads[--nr_threads], NULL);
}
