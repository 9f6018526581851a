/* kernel/sched/schedclock.c - clocks of the run queues. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/sched/schedclock.h"

#include "base/fail.h"
#include "containers/kpercpu.h"
#include "memory.h"

KSYMBOL(clock_queues, "runqueues");
KFIELD(queue_clock, "rq.clock");
KFIELD(task_exec_start, "task_struct.se.exec_start");

u64 sched_now(void)
{
	const struct cpu_mask *possible = cpus_possible();
	struct fault fault = { 0 };
	u64 now = 0, clock;

	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1))
		if (field_try_u64(percpu_symbol(&clock_queues, cpu), &queue_clock, &clock, &fault))
			now = max_u64(now, clock);
	if (!now)
		fail("clocks of the run queues: %s", fault_text(&fault));
	return now;
}

/* exec_start is set anew when a task leaves its CPU, last_arrival when it gets one. */
bool task_sleep_age(const struct task *task, u64 now, u64 *age)
{
	u64 last = task->last_arrival, left;

	if (field_try_u64(task->address, &task_exec_start, &left, NULL))
		last = max_u64(last, left);
	if (!last)
		return false;
	*age = now > last ? now - last : 0;
	return true;
}
