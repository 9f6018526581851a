/* kernel.h - L5: what kernel this is: release, version, time, CPUs, memory, panic message. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KERNEL_H
#define KERNEL_H

#include "base/util.h"
#include "dump/vmcoreinfo.h"
#include "names/vmlinux.h"

struct kernel_identity {
	char nodename[65], release[65], version[65], machine[65];
};

/*
 * What kernel_matches_vmlinux() compares the memory with. Both are kept, not copied; INFO
 * may be NULL.
 */
void kernel_setup(const struct vmlinux *vmlinux, const struct vmcoreinfo *info);

const struct kernel_identity *kernel_identity(void);
unsigned kernel_nr_cpus(void); /* present, as crash counts them */
unsigned kernel_nr_cpus_online(void);
unsigned kernel_hz(void); /* from the kernel itself, never assumed */
u64 kernel_jiffies(void);
/*
 * Since boot, time asleep included, as /proc/uptime counts; as of the kernel's
 * last timekeeping update.
 */
double kernel_uptime_seconds(void);
u64 kernel_wall_seconds(void); /* seconds since 1970 at the time of the dump */
/* CLOCK_MONOTONIC in nanoseconds, as of the last time that the kernel brought it up to date. */
u64 kernel_monotonic(void);
/* Nanoseconds since 1970 when CLOCK_MONOTONIC, which the log's stamps follow, was zero. */
u64 kernel_log_epoch(void);
void kernel_load_average(double load[3]); /* two decimals, cut off as /proc/loadavg has them */
u64 kernel_memory_bytes(void); /* MEMORY of the banner: pages present in all nodes */
unsigned kernel_cpu_mhz(void); /* of the time stamp counter; 0 when unknown */
const char *kernel_panic_message(void); /* "" when the kernel did not panic */
bool kernel_crashed_by_sysrq(void); /* by echo c > /proc/sysrq-trigger, or the keys */
bool kernel_was_kexeced(void); /* it handed over to a crash kernel: the dump is a kdump */

u64 kernel_taint_flags(void);
/*
 * The letters of FLAGS ("OE"), from the kernel's own table. MODULE: only those a module can carry.
 */
void kernel_taint_letters(u64 flags, bool module, struct strbuf *letters);

/*
 * True when consistent or nothing could be compared; else *DIFFERENCE says what differs between
 * vmlinux and dump (build-id, version banner).
 */
bool kernel_matches_vmlinux(struct strbuf *difference);
/*
 * The same of what the dump's vmcoreinfo says alone, before memory can be read. Needs
 * kernel_setup() with a vmlinux.
 */
bool kernel_record_matches_vmlinux(struct strbuf *difference);

#endif
