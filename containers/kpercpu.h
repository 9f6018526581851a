/* containers/kpercpu.h - per-cpu variables, percpu counters, CPU and node masks. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KPERCPU_H
#define KPERCPU_H

#include "base/fault.h"
#include "base/util.h"
#include "names/kfield.h"
#include "symbols.h"

#define MAX_CPUS 8192

struct cpu_mask {
	u64 words[MAX_CPUS / 64];
};

static inline bool cpu_mask_has(const struct cpu_mask *mask, unsigned cpu)
{
	return cpu < MAX_CPUS && (mask->words[cpu / 64] >> (cpu % 64) & 1);
}
unsigned cpu_mask_count(const struct cpu_mask *mask);
/*
 * Lowest set CPU >= cpu; MAX_CPUS when none:
 *	for (c = next(m, 0); c < MAX_CPUS; c = next(m, c + 1))
 */
unsigned cpu_mask_next(const struct cpu_mask *mask, unsigned cpu);
/* "0-3,7" or "all"; false with what is wrong in *why. */
bool cpu_mask_parse(const char *text, struct cpu_mask *mask, struct strbuf *why);

/* "0-3,7", "" when none is set. Scope memory. */
const char *cpu_mask_text(const struct cpu_mask *mask);

const struct cpu_mask *cpus_possible(void); /* read once from the kernel */
const struct cpu_mask *cpus_present(void);
const struct cpu_mask *cpus_online(void);
/* Live systems: CPUs may have come or gone. */
void cpus_forget(void);

/* Address of CPU's copy of what a __percpu pointer or a per-cpu symbol's value points at. */
u64 percpu_address(u64 percpu_base, unsigned cpu);
/* The same for a symbol; a variable that this kernel does not keep per-cpu has one address. */
u64 percpu_symbol(struct ksymbol *symbol, unsigned cpu);
/* Does the symbol's value lie in the per-cpu section of the kernel, or of its module? */
bool percpu_is_variable(const struct symbol *symbol);
/*
 * The per-cpu variable, the kernel's or a module's, whose symbol has just this value; NULL: none.
 */
const struct symbol *percpu_variable_at(u64 value);
/* Number of CPU slots this kernel set up; every CPU number is below it. */
unsigned percpu_nr_cpu_ids(void);
/*
 * struct cpumask or nodemask_t at ADDRESS, its first nr_cpu_ids bits; false and
 * why when unreadable.
 */
bool cpu_mask_try_read(u64 address, struct cpu_mask *mask, struct fault *fault);
/* The kernel's __per_cpu_offset[cpu]. */
u64 percpu_offset(unsigned cpu);
/* struct percpu_counter: count plus every CPU's part. */
s64 percpu_counter_sum(u64 counter);

#endif
