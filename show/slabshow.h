/* show/slabshow.h - slab caches as rows, and a cache's slabs and objects below it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SLABSHOW_H
#define SLABSHOW_H

#include "containers/kpercpu.h"
#include "kernel/mm/slab.h"

/* What of a cache is shown. */
struct slab_question {
	const char *ignored; /* names, with commas between; NULL: none */
	bool slabs; /* its slabs and their objects as well */
	bool details; /* objects in use as /proc/slabinfo counts them, further names */
	const struct cpu_mask *cpus; /* of these CPUs only; NULL: all */
};

extern struct slab_settings {
	bool redzone; /* objects are shown by the red zone in front of them */
} slab_settings;

void slabshow_all(const struct slab_question *question);
void slabshow_cache(const struct slab_cache *cache, const struct slab_question *question);
/* The object that ADDRESS lies in, with its slab and cache; false: it is in none. */
bool slabshow_object(u64 address);
/* The same with all objects of the slab. */
bool slabshow_slab(u64 address);
/* Addresses and names alone. */
void slabshow_names(void);

#endif
