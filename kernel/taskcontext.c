/* kernel/taskcontext.c - the task that panicked, and the current one. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/taskcontext.h"

#include "base/fail.h"
#include "containers/kpercpu.h"
#include "kernel.h"
#include "kernel/mm/vma.h"
#include "kernel/printk.h"
#include "memory.h"
#include "names/kfield.h"

#include <stdio.h>
#include <unistd.h>

KSYMBOL(panic_cpu_symbol, "panic_cpu");
KSYMBOL(crashing_cpu_symbol, "crashing_cpu");

/* task_structs; 0: none */
static u64 panic, current;
static bool panic_known, panic_left_out;

void task_context_reset(void)
{
	panic = current = 0;
	panic_known = panic_left_out = false;
}

/* panic_cpu and crashing_cpu hold the CPU's number, -1 while all is well. */
static bool cpu_variable(struct ksymbol *symbol, unsigned *cpu)
{
	u64 value;

	if (!ksymbol_exists(symbol) || !mem_try_uint(ksymbol_address(symbol), 4, &value, NULL))
		return false;
	if (value >= MAX_CPUS)
		return false;
	*cpu = (unsigned)value;
	return true;
}

/*
 * The log's last "CPU: 1 PID: 245 Comm: ..." line, when the log also says that the kernel panicked:
 * for dumps whose panic_cpu cannot be read.
 */
static void panic_pid_from_log(void *arg)
{
	s64 *pid = arg;
	bool panicked = false;
	struct printk_record record;
	struct printk_iter it;
	s64 last = -1;

	printk_begin(&it);
	while (printk_next(&it, &record)) {
		char line[256];
		unsigned cpu, number;
		size_t length = min_u64(record.text_bytes, sizeof(line) - 1);

		memcpy(line, record.text, length);
		line[length] = '\0';
		if (starts_with(line, "Kernel panic - not syncing"))
			panicked = true;
		if (sscanf(line, "CPU: %u PID: %u Comm:", &cpu, &number) == 2 ||
		    sscanf(line, "CPU: %u UID: %*u PID: %u Comm:", &cpu, &number) == 2)
			last = number;
	}
	*pid = panicked ? last : -1;
}

static const struct task *find_panic_task(void)
{
	const struct task *task = NULL;
	unsigned cpu;
	s64 pid = -1;

	if (cpu_variable(&panic_cpu_symbol, &cpu) || cpu_variable(&crashing_cpu_symbol, &cpu))
		task = task_running_on(cpu);
	if (!task && memory_dump()->crashed_task)
		task = task_by_address(memory_dump()->crashed_task);
	if (!task && protect(panic_pid_from_log, &pid, NULL) && pid > 0)
		task = task_by_pid((u32)pid);
	return task;
}

void task_leave_out_panic(void)
{
	panic_left_out = true;
}

static const struct task *panic_task_or_none(void)
{
	if (memory_is_live() || panic_left_out)
		return NULL;
	if (!panic_known) {
		const struct task *task = find_panic_task();

		panic = task ? task->address : 0;
		panic_known = true;
	}
	return panic ? task_by_address(panic) : NULL;
}

bool task_is_panic_task(const struct task *task)
{
	return task == panic_task_or_none();
}

const struct task *task_panic(void)
{
	const struct task *task = panic_task_or_none();

	if (panic_left_out)
		task = task_by_pid(0);
	for (unsigned cpu = 0; !task && cpu < MAX_CPUS; cpu++)
		task = task_running_on(cpu);
	if (!task)
		task = task_at(0);
	if (!task)
		fail("this dump has no readable task");
	return task;
}

/* This program, by the number that the kernel's first pid namespace has for it. */
static const struct task *task_of_this_program(void)
{
	char link[32] = "";
	u64 pid;

	/* A container may be shown the host's /proc: then this is the host's number. */
	if (readlink("/proc/self", link, sizeof(link) - 1) < 0 || !parse_u64(link, 10, &pid))
		pid = (u64)getpid();
	return pid <= TASK_PID_LIMIT ? task_by_pid((u32)pid) : NULL;
}

const struct task *task_current(void)
{
	const struct task *task = NULL;

	if (current != 0)
		task = task_by_address(current);
	if (!task && memory_is_live())
		task = task_of_this_program();
	return task ? task : task_panic();
}

void task_set_current(const struct task *task)
{
	current = task->address;
}

bool current_try_space(enum address_space kind, struct space *space, struct fault *fault)
{
	const struct task *task;

	*space = (struct space){ .kind = kind };
	if (kind != SPACE_USER)
		return true;
	task = task_current();
	if (!task || !task->mm)
		return fault_set(fault, FAULT_NO_USER_SPACE, SPACE_USER, 0);
	return mm_try_pgd(task->mm, &space->pgd, fault);
}

struct space current_space(enum address_space kind)
{
	struct fault fault;
	struct space space;

	if (current_try_space(kind, &space, &fault))
		return space;
	if (fault.reason == FAULT_NO_USER_SPACE)
		fail("%s", fault_text(&fault));
	return USER_SPACE(mm_pgd(task_current()->mm)); /* its failure names the member */
}
