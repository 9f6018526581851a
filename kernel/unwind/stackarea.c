/* kernel/unwind/stackarea.c - where the kernel's stacks lie: those of tasks, and each CPU's own. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/unwind/stackarea.h"

#include "base/fail.h"
#include "containers/kpercpu.h"
#include "memory.h"
#include "names/kfield.h"

#include <stdlib.h>

KFIELD(tss_ist, "tss_struct.x86_tss.ist");
KSYMBOL(cpu_tss, "cpu_tss_rw");
KSYMBOL(irq_stack_pointer, "hardirq_stack_ptr"); /* v6.15 and before v6.2 */
KSYMBOL(pcpu_hot, "pcpu_hot"); /* v6.2 d7b6d709a76a ... v6.14 */
KFIELD(pcpu_hot_irq_stack, "pcpu_hot.hardirq_stack_ptr");
KTYPE(irq_stack, "struct irq_stack");
KFIELD(ist_df_stack, "exception_stacks.DF_stack");
/* The first task's stack lies between two symbols of the linker script. */
KSYMBOL(init_stack_start, "__start_init_stack", "__start_init_task"); /* v6.10 */
KSYMBOL(init_stack_end, "__end_init_stack", "__end_init_task");

u64 stack_size(void)
{
	static u64 size;

	if (!size)
		size = ksymbol_address(&init_stack_end) - ksymbol_address(&init_stack_start);
	if (size < PAGE_BYTES || size > 64 * PAGE_BYTES)
		fail("the size of a kernel stack is unknown: init's has %llu bytes", size);
	return size;
}

u64 stack_end(const struct task *task)
{
	return task->stack + stack_size();
}

/* The special stacks of one CPU: [low, high) by stack_kind; both 0 when the CPU has none. */
struct special_stacks {
	bool read;
	struct address_range ranges[STACK_VC + 1];
};

static struct special_stacks *all_special;
static unsigned nr_all_special;

static void read_irq_stack(unsigned cpu, struct special_stacks *stacks)
{
	u64 top, bytes = ktype_exists(&irq_stack) ? ktype_size(&irq_stack) : 4 * PAGE_BYTES;

	if (ksymbol_exists(&pcpu_hot) && kfield_exists(&pcpu_hot_irq_stack))
		top = field_u64(percpu_symbol(&pcpu_hot, cpu), &pcpu_hot_irq_stack);
	else if (ksymbol_exists(&irq_stack_pointer))
		top = mem_u64(percpu_symbol(&irq_stack_pointer, cpu), "hardirq_stack_ptr");
	else
		return;
	/* Since v5.8 the pointer names the last word, 8 below the end. */
	top = align_up(top, PAGE_BYTES);
	stacks->ranges[STACK_IRQ] = (struct address_range){ top - bytes, top };
}

static void read_exception_stacks(unsigned cpu, struct special_stacks *stacks)
{
	/* IST_INDEX_* of the kernel: the order of the interrupt stack table's entries. */
	static const enum stack_kind order[] = { STACK_DF, STACK_NMI, STACK_DB, STACK_MCE,
						 STACK_VC };
	u64 bytes = kfield_exists(&ist_df_stack) ? kfield_size(&ist_df_stack) : PAGE_BYTES;
	u64 ist = field_address(percpu_symbol(&cpu_tss, cpu), &tss_ist);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		u64 top = mem_u64(ist + 8 * i, "tss_struct.x86_tss.ist");

		if (top)
			stacks->ranges[order[i]] = (struct address_range){ top - bytes, top };
	}
}

struct special_question {
	unsigned cpu;
	struct special_stacks *stacks;
};

static void read_irq_body(void *arg)
{
	struct special_question *question = arg;

	read_irq_stack(question->cpu, question->stacks);
}

static void read_exception_body(void *arg)
{
	struct special_question *question = arg;

	read_exception_stacks(question->cpu, question->stacks);
}

static const struct special_stacks *special_stacks(unsigned cpu)
{
	struct special_question question = { .cpu = cpu };

	if (cpu >= nr_all_special) {
		unsigned count = cpu + 1;

		if (cpu >= MAX_CPUS)
			return NULL;
		all_special = xreallocarray(all_special, count, sizeof(*all_special));
		memset(all_special + nr_all_special, 0,
		       (count - nr_all_special) * sizeof(*all_special));
		nr_all_special = count;
	}
	question.stacks = &all_special[cpu];
	if (!question.stacks->read) {
		/* Either may be unreadable in a damaged dump: the other still helps. */
		question.stacks->read = true;
		protect(read_irq_body, &question, NULL);
		protect(read_exception_body, &question, NULL);
	}
	return question.stacks;
}

enum stack_kind stack_kind_at(unsigned cpu, u64 address)
{
	const struct special_stacks *stacks = special_stacks(cpu);
	int kind;

	for (kind = STACK_TASK + 1; stacks && kind <= STACK_VC; kind++) {
		const struct address_range *range = &stacks->ranges[kind];

		if (address >= range->start && address < range->end)
			return kind;
	}
	return STACK_TASK;
}

const char *stack_kind_name(enum stack_kind kind)
{
	static const char *const names[] = {
		[STACK_TASK] = "task",		[STACK_IRQ] = "IRQ",
		[STACK_NMI] = "NMI exception",	[STACK_DF] = "DOUBLEFAULT exception",
		[STACK_DB] = "DEBUG exception", [STACK_MCE] = "MCE exception",
		[STACK_VC] = "VC exception",
	};

	return names[kind];
}

bool stack_special(unsigned cpu, enum stack_kind kind, struct address_range *range)
{
	const struct special_stacks *stacks = special_stacks(cpu);

	if (!stacks || kind == STACK_TASK || stacks->ranges[kind].start >= stacks->ranges[kind].end)
		return false;
	*range = stacks->ranges[kind];
	return true;
}

static bool is_on(u64 address, const struct address_range *range)
{
	return address >= range->start && address < range->end;
}

bool stack_owner_of(u64 address, struct stack_owner *owner)
{
	const struct cpu_mask *possible = cpus_possible();
	u64 bytes = stack_size();

	*owner = (struct stack_owner){ .kind = STACK_TASK };
	for (size_t i = 0; i < task_count(); i++) {
		owner->task = task_at(i);
		owner->range = (struct address_range){ owner->task->stack,
						       owner->task->stack + bytes };
		if (owner->task->stack && is_on(address, &owner->range))
			return true;
	}
	owner->task = NULL;
	for (owner->cpu = cpu_mask_next(possible, 0); owner->cpu < MAX_CPUS;
	     owner->cpu = cpu_mask_next(possible, owner->cpu + 1)) {
		owner->kind = stack_kind_at(owner->cpu, address);
		if (owner->kind != STACK_TASK)
			return stack_special(owner->cpu, owner->kind, &owner->range);
	}
	return false;
}
