/* kernel/sched/cpustate.c - contexts of a CPU from its stacks, what is queued and pending there. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A trace consists of parts. Each ends where the registers of something interrupted lie, and the
 * function that saved them says by what. The way by which a crashing kernel stopped the CPU is
 * such a part as well; it is left out, because it says nothing of what the CPU was doing.
 */
#include "kernel/sched/cpustate.h"

#include "base/fail.h"
#include "containers/kpercpu.h"
#include "kernel/sched/runqueue.h"
#include "kernel/taskcontext.h"
#include "kernel/unwind/stack.h"
#include "memory.h"

KFIELD(state_prio, "task_struct.prio");
KFIELD(state_last_queued, "task_struct.sched_info.last_queued");
KSYMBOL(cpu_hot, "pcpu_hot"); /* v6.2 ... v6.14 */
KFIELD(hot_softirqs, "pcpu_hot.softirq_pending"); /* v6.2 ... v6.14 */
KFIELD(hot_preempt, "pcpu_hot.preempt_count");
KSYMBOL(softirqs_alone, "__softirq_pending"); /* v6.15 */
KSYMBOL(irq_statistics, "irq_stat");
KFIELD(statistics_softirqs, "irq_cpustat_t.__softirq_pending"); /* up to v6.1 */
KSYMBOL(preempt_alone, "__preempt_count");

#define FLAG_INTERRUPTS (1u << 9) /* RFLAGS.IF */
/*
 * The highest bit of the count of preemption, of 32 bits or since v7.3 of 64: upside down, so
 * that a count of 0 means that nothing forbids to reschedule, and that it is wanted.
 */
#define NO_RESCHED_32 (1ULL << 31)
#define NO_RESCHED_64 (1ULL << 63)

/* ---- contexts ---- */

/* NAME without what a compiler put behind it. */
static bool is_function(const char *name, const char *wanted)
{
	size_t length = strlen(wanted);

	return !strncmp(name, wanted, length) && (!name[length] || name[length] == '.');
}

static const char *function_of(const struct frame *frame)
{
	u64 offset;
	const struct symbol *symbol = symbol_at(frame->pc - !frame->has_regs, &offset);

	return symbol ? symbol->name : "";
}

/* A part of a trace: frames [start, end), the innermost first. */
struct part {
	const struct stack_trace *trace;
	size_t start, end;
};

static bool calls_any(const struct part *part, const char *const *names, size_t count)
{
	for (size_t i = part->start; i < part->end; i++)
		for (size_t k = 0; k < count; k++)
			if (is_function(function_of(&part->trace->frames[i]), names[k]))
				return true;
	return false;
}

/* Where a CPU ends that another one, which crashed, stopped. */
static bool stops_cpu(const struct part *part)
{
	static const char *const names[] = { "stop_this_cpu", "crash_nmi_callback",
					     "kdump_nmi_callback", "nmi_panic_self_stop",
					     "panic_smp_self_stop" };

	return calls_any(part, names, ARRAY_SIZE(names));
}

static bool runs_softirqs(const struct part *part)
{
	static const char *const names[] = { "handle_softirqs", "__do_softirq",
					     "__softirqentry_text_start" };

	return calls_any(part, names, ARRAY_SIZE(names));
}

/* The interrupt is over; on its way back the task that it interrupted works for itself. */
static bool is_on_way_back(const struct part *part)
{
	static const char *const names[] = { "irqentry_exit",
					     "irqentry_exit_to_user_mode",
					     "exit_to_user_mode_loop",
					     "exit_to_user_mode_prepare",
					     "prepare_exit_to_usermode",
					     "preempt_schedule_irq" };

	return calls_any(part, names, ARRAY_SIZE(names));
}

/* By what the entry code at FRAME came into the kernel. */
static enum cpu_context context_of_entry(const struct frame *frame)
{
	const char *name = function_of(frame);

	if (frame->stack == STACK_NMI || strstr(name, "nmi"))
		return CONTEXT_NMI;
	if (frame->stack > STACK_IRQ || starts_with(name, "asm_exc_"))
		return CONTEXT_EXCEPTION;
	if (strstr(name, "sysvec") || strstr(name, "interrupt") || strstr(name, "irq_entries"))
		return CONTEXT_HARDIRQ;
	if (starts_with(name, "entry_") || strstr(name, "int80") ||
	    starts_with(name, "ret_from_fork"))
		return CONTEXT_TASK;
	return CONTEXT_UNKNOWN;
}

static void add_context(struct cpu_state *state, enum cpu_context context)
{
	if (state->nr_contexts < MAX_CONTEXTS)
		state->contexts[state->nr_contexts++] = context;
}

/* A part that ends with the registers that its entry code saved. */
static void add_entered(struct cpu_state *state, const struct part *part)
{
	enum cpu_context context = context_of_entry(&part->trace->frames[part->end - 1]);

	if (runs_softirqs(part)) {
		add_context(state, CONTEXT_SOFTIRQ);
		/* They run when the interrupt itself is over. */
		if (context == CONTEXT_HARDIRQ)
			return;
	}
	if (context == CONTEXT_HARDIRQ && is_on_way_back(part)) {
		/* On the way to user space the kernel works for the task, else it changes tasks. */
		if (part->trace->frames[part->end].from_user)
			add_context(state, CONTEXT_TASK);
		return;
	}
	add_context(state, context);
}

/* The outermost: it was not entered but is where the task itself goes on. */
static void add_outermost(struct cpu_state *state, const struct part *part)
{
	if (runs_softirqs(part))
		add_context(state, CONTEXT_SOFTIRQ);
	if (!part->trace->complete)
		add_context(state, CONTEXT_UNKNOWN);
	else
		add_context(state, state->task->is_idle ? CONTEXT_IDLE : CONTEXT_TASK);
}

/*
 * The end of the part that begins at START: the registers that it interrupted, or the trace's
 * end.
 */
static size_t part_end(const struct stack_trace *trace, size_t start)
{
	size_t end = start;

	do
		end++;
	while (end < trace->nr_frames && !trace->frames[end].has_regs);
	return end < trace->nr_frames ? end : trace->nr_frames;
}

/* Frames from the one on that was stopped; 0: nothing stopped the CPU. */
static size_t skip_stopping(const struct stack_trace *trace)
{
	size_t first = 0, end;

	for (size_t start = 0; start < trace->nr_frames; start = end) {
		struct part part = { trace, start, 0 };

		part.end = end = part_end(trace, start);
		if (stops_cpu(&part))
			first = end;
	}
	return first;
}

static void read_interrupts(struct cpu_state *state, const struct stack_trace *trace, size_t first)
{
	const struct frame *frame = &trace->frames[first];
	enum cpu_context by;

	if (first >= trace->nr_frames)
		return;
	/* A crashing kernel turns them off itself; what it was called from may have saved them. */
	if (state->condition == CPU_PANICKED) {
		size_t end = part_end(trace, first);

		if (end >= trace->nr_frames)
			return;
		by = context_of_entry(&trace->frames[end - 1]);
		if (by != CONTEXT_NMI && by != CONTEXT_EXCEPTION)
			return;
		frame = &trace->frames[end];
	} else if (!first && trace->start != START_DUMP_NOTES &&
		   trace->start != START_CRASH_NOTES) {
		return;
	}
	state->interrupts_known = frame->has_regs;
	state->interrupts_on = frame->regs.flags & FLAG_INTERRUPTS;
}

static void read_contexts(struct cpu_state *state, const struct stack_trace *trace)
{
	size_t first = skip_stopping(trace), end;

	if (first)
		state->condition = CPU_STOPPED;
	for (size_t start = first; start < trace->nr_frames; start = end) {
		struct part part = { trace, start, 0 };

		if (trace->frames[start].from_user) {
			add_context(state, CONTEXT_USER);
			break;
		}
		part.end = end = part_end(trace, start);
		if (end < trace->nr_frames)
			add_entered(state, &part);
		else
			add_outermost(state, &part);
	}
	/* What a system call came from says nothing more. */
	if (state->nr_contexts > 1 && state->contexts[state->nr_contexts - 1] == CONTEXT_USER &&
	    state->contexts[state->nr_contexts - 2] == CONTEXT_TASK)
		state->nr_contexts--;
	if (!trace->complete)
		state->problem = trace->problem;
	read_interrupts(state, trace, first);
}

/* ---- the rest ---- */

static void read_queue(struct cpu_state *state, const struct runqueue *queue, u64 now)
{
	for (size_t i = 0; i < queue->count; i++) {
		const struct queued_task *queued = &queue->tasks[i];
		u64 since;

		if (queued->current || queued->delayed || queued->throttled)
			continue;
		state->queued++;
		if (!field_try_u64(queued->address, &state_last_queued, &since, NULL) || !since)
			continue;
		since = now > since ? now - since : 0;
		if (!state->oldest || since > state->oldest_wait) {
			state->oldest = task_by_address(queued->address);
			state->oldest_wait = since;
		}
	}
}

static bool read_softirqs(unsigned cpu, u64 *pending)
{
	if (ksymbol_exists(&cpu_hot) && kfield_exists(&hot_softirqs))
		return field_try_u64(percpu_symbol(&cpu_hot, cpu), &hot_softirqs, pending, NULL);
	if (ksymbol_exists(&softirqs_alone)) {
		u16 word;

		if (!mem_try_read(percpu_symbol(&softirqs_alone, cpu), &word, sizeof(word), NULL))
			return false;
		*pending = word;
		return true;
	}
	return ksymbol_exists(&irq_statistics) && kfield_exists(&statistics_softirqs) &&
	       field_try_u64(percpu_symbol(&irq_statistics, cpu), &statistics_softirqs, pending,
			     NULL);
}

/*
 * Which of the two bits the variable has, as the CPUs show that do not want to reschedule; 0: none
 * shows it. No count gets near the bits below it.
 */
static u64 no_resched_bit(void)
{
	static u64 bit;
	const struct cpu_mask *possible = cpus_possible();
	u64 all = 0, count;

	for (unsigned cpu = cpu_mask_next(possible, 0); !bit && cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1))
		if (mem_try_u64(percpu_symbol(&preempt_alone, cpu), &count, NULL))
			all |= count;
	if (!bit)
		bit = all & NO_RESCHED_32 ? NO_RESCHED_32 : all & NO_RESCHED_64;
	return bit;
}

static void read_preempt(struct cpu_state *state)
{
	u64 bit, count;

	if (ksymbol_exists(&cpu_hot) && kfield_exists(&hot_preempt)) {
		bit = NO_RESCHED_32;
		if (!field_try_u64(percpu_symbol(&cpu_hot, state->cpu), &hot_preempt, &count, NULL))
			return;
	} else {
		if (!ksymbol_exists(&preempt_alone) ||
		    !mem_try_u64(percpu_symbol(&preempt_alone, state->cpu), &count, NULL))
			return;
		bit = no_resched_bit();
	}
	state->preempt_known = bit;
	state->need_resched = !(count & bit);
	state->preempt = count & (bit - 1);
}

void cpu_state_read(unsigned cpu, u64 now, struct cpu_state *state)
{
	struct stack_trace trace;
	struct runqueue queue;
	u64 priority;

	*state = (struct cpu_state){ .cpu = cpu, .condition = CPU_ONLINE };
	runqueue_read(cpu, &queue);
	state->task = task_by_address(queue.current);
	state->lag = now > queue.clock ? now - queue.clock : 0;
	state->problem = queue.problem;
	state->softirqs_known = read_softirqs(cpu, &state->softirqs);
	read_preempt(state);
	read_queue(state, &queue, now);
	if (!cpu_mask_has(cpus_online(), cpu))
		state->condition = CPU_OFFLINE;
	if (!state->task) {
		state->problem = scope_printf("%llx, which it runs, is no task that the kernel's "
					      "lists have",
					      queue.current);
		return;
	}
	if (field_try_u64(state->task->address, &state_prio, &priority, NULL))
		state->priority = (s32)priority;
	state->has_age = state->task->last_arrival && !state->task->is_idle;
	state->age = now > state->task->last_arrival ? now - state->task->last_arrival : 0;
	if (task_is_panic_task(state->task))
		state->condition = CPU_PANICKED;
	stack_unwind(state->task, &trace);
	read_contexts(state, &trace);
}
