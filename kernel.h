/* kernel.h - L5: what kernel this is: release, version, time, CPUs, memory, panic message. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KERNEL_H
#define KERNEL_H

#include "util.h"

struct kernel_identity {
	char nodename[65], release[65], version[65], machine[65];
};

const struct kernel_identity *kernel_identity(void);
unsigned kernel_nr_cpus(void);			/* present, as crash counts them */
unsigned kernel_nr_cpus_online(void);
unsigned kernel_hz(void);			/* from the kernel itself, never assumed */
u64 kernel_jiffies(void);
double kernel_uptime_seconds(void);
u64 kernel_wall_seconds(void);			/* seconds since 1970 at the time of the dump */
void kernel_load_average(double load[3]);
u64 kernel_memory_bytes(void);			/* MEMORY of the banner */
const char *kernel_panic_message(void);		/* "" when the kernel did not panic */
u64 kernel_taint_flags(void);
/* NULL when consistent; else what differs between vmlinux and dump (build-id, release, version). */
bool kernel_matches_vmlinux(struct strbuf *difference);

#endif
