/* containers/kpercpuchunk.h - which CPU's copy of which per-cpu variable an address is. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KPERCPUCHUNK_H
#define KPERCPUCHUNK_H

#include "base/util.h"
#include "symbols.h"

/* Memory of which every CPU has a copy, cut into pieces for variables and alloc_percpu(). */
struct percpu_place {
	unsigned cpu;
	u64 value; /* the __percpu pointer that leads to the address for that CPU */
	const struct symbol *symbol; /* the static variable; NULL: none is known there */
	u64 offset; /* of the address in it, or in the allocation */
	u64 chunk; /* pcpu_chunk; 0: of static variables */
	u64 start; /* of the allocation: its __percpu pointer */
	u64 bytes; /* of it; 0: there is none */
};

/* False: ADDRESS is no per-cpu memory. May fail(). */
bool percpu_place_of(u64 address, struct percpu_place *place);
/*
 * Of a chunk that lies in vmalloc space: *ADDRESS is where PADDR is mapped there. CHUNK is what the
 * struct page of that frame says; false: it is no chunk, or has no such frame. May fail().
 */
bool percpu_address_of(u64 chunk, u64 paddr, u64 *address);

#endif
