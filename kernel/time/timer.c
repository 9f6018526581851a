/* kernel/time/timer.c - struct timer_base and struct hrtimer_clock_base of each CPU. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/time/timer.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "containers/kpercpu.h"
#include "containers/krbtree.h"
#include "kernel.h"
#include "memory.h"
#include "symbols.h"

#include <stdlib.h>

KSYMBOL(timer_bases, "timer_bases");
KTYPE(timer_base_type, "struct timer_base");
KFIELD(base_clk, "timer_base.clk");
KFIELD(base_next_expiry, "timer_base.next_expiry");
KFIELD(base_vectors, "timer_base.vectors");
KFIELD(timer_entry, "timer_list.entry");
KFIELD(timer_expires, "timer_list.expires");
KFIELD(timer_function, "timer_list.function");
KSYMBOL(delayed_work_function, "delayed_work_timer_fn");
KFIELD(delayed_work_timer, "delayed_work.timer");
KFIELD(delayed_work_func, "delayed_work.work.func");
KSYMBOL(hrtimer_bases, "hrtimer_bases");
KTYPE(clock_base_type, "struct hrtimer_clock_base");
KFIELD(cpu_clocks, "hrtimer_cpu_base.clock_base");
KFIELD(clock_active, "hrtimer_clock_base.active");
KFIELD(clock_id, "hrtimer_clock_base.clockid");
KFIELD(clock_offset, "hrtimer_clock_base.offset");
KFIELD(hrtimer_node, "hrtimer.node");
KFIELD(hrtimer_expires, "hrtimer.node.expires");
KFIELD(hrtimer_soft, "hrtimer._softexpires");
KFIELD(hrtimer_function, "hrtimer.function");

#define MAX_VECTORS 4096
#define MAX_CLOCKS 64
#define MAX_TIMERS (1u << 20) /* of one base */

static bool add_timer(struct timers *timers, size_t *space, const struct timer *timer)
{
	if (timers->count == MAX_TIMERS)
		return false;
	if (timers->count == *space)
		timers->items = scope_grow(timers->items, space, sizeof(*timer));
	timers->items[timers->count] = *timer;
	timers->items[timers->count].number = timers->count;
	timers->count++;
	return true;
}

static int compare_timers(const void *a, const void *b)
{
	const struct timer *x = a, *y = b;
	s64 after = (s64)(x->expires - y->expires);

	if (!after) /* as they were found */
		return (x->number > y->number) - (x->number < y->number);
	return after > 0 ? 1 : -1;
}

/* ---- the timer wheel ---- */

/* The variable is an array, of which only its end tells how long it is. */
unsigned timer_nr_bases(void)
{
	const struct symbol *symbol = symbol_by_name("timer_bases");
	const struct symbol *next = symbol ? symbol_after(symbol) : NULL;
	u64 size = ktype_size(&timer_base_type);

	while (next && next->value == symbol->value)
		next = symbol_after(next);
	return next && size && (next->value - symbol->value) / size >= 3 ? 3 : 2;
}

void timer_base_read(unsigned cpu, unsigned index, struct timer_base *base)
{
	static const char *const names[2][3] = { { "BASE_STD", "BASE_DEF" },
						 { "BASE_LOCAL", "BASE_GLOBAL", "BASE_DEF" } };
	u64 address = percpu_symbol(&timer_bases, cpu) + index * ktype_size(&timer_base_type);

	*base = (struct timer_base){
		.cpu = cpu,
		.address = address,
		.name = names[timer_nr_bases() == 3][index],
		.clock = field_u64(address, &base_clk),
		.next_expiry = field_u64(address, &base_next_expiry),
	};
}

static u64 work_of(const struct timer *timer)
{
	u64 work = 0;

	if (!ksymbol_exists(&delayed_work_function) ||
	    timer->function != ksymbol_address(&delayed_work_function))
		return 0;
	field_try_u64(timer->address - kfield_offset(&delayed_work_timer), &delayed_work_func,
		      &work, NULL);
	return work;
}

static const char *read_vector(struct timers *timers, size_t *space, u64 vector)
{
	struct klist_iter it;
	struct timer timer = { 0 };
	struct fault fault;

	khlist_begin(&it, vector, kfield_offset(&timer_entry));
	while (klist_next(&it, &timer.address)) {
		if (!field_try_u64(timer.address, &timer_expires, &timer.expires, &fault) ||
		    !field_try_u64(timer.address, &timer_function, &timer.function, &fault))
			return scope_printf("timer %llx: %s", timer.address, fault_text(&fault));
		timer.work = work_of(&timer);
		if (!add_timer(timers, space, &timer))
			return "there are too many";
	}
	return it.stopped ? scope_strdup(klist_why(&it)) : NULL;
}

struct timers timers_of(const struct timer_base *base)
{
	struct timers timers = { 0 };
	u64 vectors = field_address(base->address, &base_vectors), heads[MAX_VECTORS];
	size_t bytes = (size_t)kfield_size(&base_vectors), space = 0;
	struct fault fault;

	if (bytes > sizeof(heads))
		fail("timer_base.vectors of %zu bytes makes no sense", bytes);
	if (!mem_try_read(vectors, heads, bytes, &fault)) {
		timers.problem = scope_strdup(fault_text(&fault));
		return timers;
	}
	for (size_t i = 0; i < bytes / sizeof(u64); i++) {
		const char *why = heads[i] ? read_vector(&timers, &space, vectors + i * sizeof(u64))
					   : NULL;

		if (why && !timers.problem)
			timers.problem = why;
	}
	interrupt_check();
	if (timers.count)
		qsort(timers.items, timers.count, sizeof(*timers.items), compare_timers);
	return timers;
}

/* ---- high-resolution timers ---- */

u64 hrtimer_cpu_base(unsigned cpu)
{
	return percpu_symbol(&hrtimer_bases, cpu);
}

unsigned hrtimer_nr_clocks(void)
{
	u64 count = kfield_size(&cpu_clocks) / ktype_size(&clock_base_type);

	if (count > MAX_CLOCKS)
		fail("hrtimer_cpu_base.clock_base of %llu clocks makes no sense", count);
	return (unsigned)count;
}

/* By the number that clock_gettime() takes. */
static const char *clock_name(u64 id)
{
	static const char *const names[] = {
		[0] = "ktime_get_real",
		[1] = "ktime_get",
		[7] = "ktime_get_boottime",
		[11] = "ktime_get_clocktai",
	};

	return id < ARRAY_SIZE(names) && names[id] ? names[id] : "?";
}

void hrtimer_clock_read(unsigned cpu, unsigned index, struct hrtimer_clock *clock)
{
	u64 address = field_address(hrtimer_cpu_base(cpu), &cpu_clocks) +
		      index * ktype_size(&clock_base_type);

	*clock = (struct hrtimer_clock){
		.address = address,
		.index = index,
		.name = clock_name(field_u64(address, &clock_id)),
		.now = kernel_monotonic() + field_u64(address, &clock_offset),
	};
}

struct timers hrtimers_of(const struct hrtimer_clock *clock)
{
	struct timers timers = { 0 };
	struct timer timer = { 0 };
	struct krbtree_iter it;
	struct fault fault;
	size_t space = 0;

	krbtree_begin(&it, field_address(clock->address, &clock_active),
		      kfield_offset(&hrtimer_node));
	while (!timers.problem && krbtree_next(&it, &timer.address)) {
		if (!field_try_u64(timer.address, &hrtimer_expires, &timer.expires, &fault) ||
		    !field_try_u64(timer.address, &hrtimer_soft, &timer.soft_expires, &fault) ||
		    !field_try_u64(timer.address, &hrtimer_function, &timer.function, &fault))
			timers.problem = scope_printf("hrtimer %llx: %s", timer.address,
						      fault_text(&fault));
		else if (!add_timer(&timers, &space, &timer))
			timers.problem = "there are too many";
	}
	if (it.stopped && !timers.problem)
		timers.problem = scope_strdup(krbtree_why(&it));
	return timers;
}
