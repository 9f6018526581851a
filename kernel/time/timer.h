/* kernel/time/timer.h - timers of the timer wheel, and high-resolution timers. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TIMER_H
#define TIMER_H

#include "base/util.h"

struct timer {
	u64 address; /* timer_list, or hrtimer */
	u64 expires; /* in jiffies; of an hrtimer ns of its clock */
	u64 soft_expires; /* hrtimer: not before */
	u64 function;
	size_t number; /* in the order in which they were found */
	u64 work; /* function of the work that it will queue; 0: it queues none */
};

/* Those of one base, in the order in which they expire. */
struct timers {
	struct timer *items;
	size_t count;
	const char *problem; /* why some are missing; NULL: none are */
};

struct timer_base {
	unsigned cpu;
	u64 address;
	const char *name; /* "BASE_LOCAL" */
	u64 clock, next_expiry; /* in jiffies */
};

/* How many timer bases each CPU has, 2, or 3 since v6.9. */
unsigned timer_nr_bases(void);
/* fail()s. */
void timer_base_read(unsigned cpu, unsigned index, struct timer_base *base);
/* Scope memory. */
struct timers timers_of(const struct timer_base *base);

struct hrtimer_clock {
	u64 address; /* hrtimer_clock_base */
	unsigned index;
	const char *name; /* function that reads it: "ktime_get_real" */
	u64 now; /* of that clock, in ns */
};

u64 hrtimer_cpu_base(unsigned cpu);
unsigned hrtimer_nr_clocks(void);
void hrtimer_clock_read(unsigned cpu, unsigned index, struct hrtimer_clock *clock);
struct timers hrtimers_of(const struct hrtimer_clock *clock);

#endif
