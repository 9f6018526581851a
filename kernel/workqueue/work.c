/* kernel/workqueue/work.c - struct work_struct, on lists and behind timers. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/workqueue/work.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "containers/kpercpu.h"
#include "kernel/time/timer.h"
#include "memory.h"
#include "symbols.h"

#include <stdlib.h>

KFIELD(work_data, "work_struct.data");
KFIELD(work_entry, "work_struct.entry");
KFIELD(work_func, "work_struct.func");
KENUM(work_has_part, "WORK_STRUCT_PWQ");
KENUM(work_part_shift, "WORK_STRUCT_PWQ_SHIFT", "WORK_STRUCT_FLAG_BITS"); /* v6.9 */
KENUM(work_pool_shift, "WORK_OFFQ_POOL_SHIFT");
KENUM(work_pool_bits, "WORK_OFFQ_POOL_BITS");
KSYMBOL(barrier_function, "wq_barrier_func");
KFIELD(barrier_work, "wq_barrier.work");
KFIELD(barrier_waiter, "wq_barrier.task");
KFIELD(delayed_timer, "delayed_work.timer");
KFIELD(delayed_work, "delayed_work.work");
KFIELD(delayed_queue, "delayed_work.wq");
KFIELD(delayed_cpu, "delayed_work.cpu");

#define MAX_WORKS (1u << 20) /* of one list */

void works_add(struct works *works, const struct work *work)
{
	if (works->count == works->space)
		works->items = scope_grow(works->items, &works->space, sizeof(*work));
	works->items[works->count++] = *work;
}

/* ---- one work ---- */

static u64 part_in(u64 data)
{
	u64 shift = (u64)kenum_value(&work_part_shift);

	if (!(data & (u64)kenum_value(&work_has_part)) || shift > 32)
		return 0;
	return data >> shift << shift;
}

/* In front of a work that a task waits for stands the barrier, which lies on the task's stack. */
static void read_barrier(struct work *work)
{
	if (ksymbol_exists(&barrier_function) &&
	    work->function == ksymbol_address(&barrier_function) && kfield_exists(&barrier_waiter))
		field_try_u64(work->address - kfield_offset(&barrier_work), &barrier_waiter,
			      &work->barrier_task, NULL);
}

static bool fill_work(u64 address, struct work *work, struct fault *fault)
{
	u64 data;

	work->address = address;
	if (!field_try_u64(address, &work_data, &data, fault) ||
	    !field_try_u64(address, &work_func, &work->function, fault))
		return false;
	work->part = part_in(data);
	read_barrier(work);
	return true;
}

bool work_read(u64 address, struct work *work)
{
	*work = (struct work){ .cpu = -1, .description = "" };
	return fill_work(address, work, NULL) && address_is_text(work->function);
}

int work_last_pool(u64 address)
{
	u64 data, shift = (u64)kenum_value(&work_pool_shift), bits = 31, id;

	if (kenum_exists(&work_pool_bits))
		bits = (u64)kenum_value(&work_pool_bits);
	if (shift > 63 || !bits || bits > 31 || !field_try_u64(address, &work_data, &data, NULL) ||
	    part_in(data))
		return -1;
	id = data >> shift & ((1ull << bits) - 1);
	return id == (1ull << bits) - 1 ? -1 : (int)id;
}

/* ---- lists ---- */

const char *works_add_list(struct works *works, u64 list, struct work base, size_t *count)
{
	struct klist_iter it;
	struct fault fault;
	size_t found = 0;
	u64 address;

	klist_begin(&it, list, kfield_offset(&work_entry));
	while (klist_next(&it, &address)) {
		struct work work = base;

		if (!fill_work(address, &work, &fault))
			return scope_printf("work %llx: %s", address, fault_text(&fault));
		if (++found > MAX_WORKS)
			return "there are too many works";
		if (count)
			*count = found;
		works_add(works, &work);
	}
	return it.stopped ? scope_printf("works: %s", klist_why(&it)) : NULL;
}

/* ---- delayed works ---- */

static void add_delayed(struct works *works, const struct timer *timer)
{
	u64 container = timer->address - kfield_offset(&delayed_timer), cpu;
	struct work work = {
		.state = WORK_DELAYED, .expires = timer->expires, .cpu = -1, .description = ""
	};

	if (!timer->work || !fill_work(container + kfield_offset(&delayed_work), &work, NULL))
		return;
	field_try_u64(container, &delayed_queue, &work.queue, NULL);
	if (field_try_u64(container, &delayed_cpu, &cpu, NULL) && (u32)cpu < percpu_nr_cpu_ids())
		work.cpu = (int)cpu;
	works_add(works, &work);
}

static int compare_expiry(const void *a, const void *b)
{
	const struct work *x = a, *y = b;
	s64 after = (s64)(x->expires - y->expires);

	if (!after)
		return (x->address > y->address) - (x->address < y->address);
	return after > 0 ? 1 : -1;
}

struct works delayed_works(void)
{
	const struct cpu_mask *cpus = cpus_possible();
	unsigned nr_bases = timer_nr_bases();
	struct works works = { 0 };

	for (unsigned cpu = cpu_mask_next(cpus, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(cpus, cpu + 1))
		for (unsigned i = 0; i < nr_bases; i++) {
			struct timer_base base;
			struct timers timers;

			timer_base_read(cpu, i, &base);
			timers = timers_of(&base);
			if (timers.problem)
				warn("timers of CPU %u: %s", cpu, timers.problem);
			for (size_t n = 0; n < timers.count; n++)
				add_delayed(&works, &timers.items[n]);
		}
	if (works.count)
		qsort(works.items, works.count, sizeof(*works.items), compare_expiry);
	return works;
}
