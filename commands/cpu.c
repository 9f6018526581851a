/* commands/cpu.c - the command cpu: what each CPU was doing. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/sched/cpustate.h"

#include "base/fail.h"
#include "base/table.h"
#include "containers/kpercpu.h"
#include "kernel/irq/irqdesc.h"
#include "kernel/sched/schedclock.h"
#include "shell/command.h"
#include "show/offline.h"
#include "show/problemshow.h"

#define TOO_LONG (5 * 1000000000ULL) /* ns: marked */

struct shown_cpus {
	const unsigned *cpus;
	u64 now;
};

static const struct column columns[] = {
	{ "cpu", "CPU", CELL_NUMBER, .width = 3 },
	{ "state", "STATE", CELL_TEXT, .width = 8 },
	{ "pid", "PID", CELL_NUMBER, .width = 7 },
	{ "task", NULL, .kind = CELL_ADDRESS },
	{ "priority", "PRIO", CELL_SIGNED, .width = 4 },
	{ "comm", "COMMAND", CELL_TEXT, .width = 15 },
	{ "age", "RUNS FOR", CELL_TIME, .align = ALIGN_RIGHT, .width = 10, .none = "-" },
	{ "context", "CONTEXT", CELL_TEXT, .width = 10, .fit = true, .separator = " < " },
	{ "interrupts", "IRQS", CELL_FLAG, .width = 4 },
	{ "need_resched", "RESCHED", CELL_FLAG, .width = 7 },
	{ "preempt_count", NULL, .kind = CELL_NUMBER },
	{ "lag", "CLOCK LAG", CELL_TIME, .align = ALIGN_RIGHT, .width = 10 },
	{ "late", NULL, .kind = CELL_FLAG },
	{ "queued", "QUEUED", CELL_NUMBER, .width = 6 },
	{ "waits", "OLDEST FOR", CELL_TIME, .align = ALIGN_RIGHT, .width = 10, .none = "-" },
	{ "waiter", "OLDEST", CELL_NUMBER, .width = 7, .none = "-" },
	{ "softirqs", "PENDING", CELL_TEXT, .separator = "," },
	{ 0 },
};

/* Seconds; marked when it is too long. */
static void put_seconds(struct row *row, u64 ns, bool marked)
{
	row_time(row, ns);
	row_shown(row, scope_printf("%.2f%s", (double)ns / 1e9, marked ? "!" : ""));
}

static const char *condition_text(enum cpu_condition condition)
{
	static const char *const texts[] = {
		[CPU_ONLINE] = "online",
		[CPU_OFFLINE] = "offline",
		[CPU_STOPPED] = "stopped",
		[CPU_PANICKED] = "panicked",
	};

	return texts[condition];
}

static void put_contexts(struct row *row, const struct cpu_state *state)
{
	static const char *const texts[] = {
		[CONTEXT_USER] = "user",	   [CONTEXT_TASK] = "task",
		[CONTEXT_IDLE] = "idle",	   [CONTEXT_SOFTIRQ] = "softirq",
		[CONTEXT_HARDIRQ] = "hardirq",	   [CONTEXT_NMI] = "nmi",
		[CONTEXT_EXCEPTION] = "exception",
	};

	if (!state->nr_contexts) {
		row_unknown(row, NULL);
		return;
	}
	row_list(row);
	for (size_t i = 0; i < state->nr_contexts; i++)
		if (state->contexts[i] == CONTEXT_UNKNOWN)
			row_unknown(row, NULL);
		else
			row_text(row, texts[state->contexts[i]]);
	row_list_end(row);
}

static void put_task(struct row *row, const struct cpu_state *state)
{
	char *comm = scope_alloc(TASK_COMM_SPACE);

	if (!state->task) {
		for (int i = 0; i < 5; i++)
			row_unknown(row, NULL);
		return;
	}
	row_number(row, state->task->pid);
	row_address(row, state->task->address);
	row_signed(row, state->priority);
	row_text(row, task_comm(state->task, comm));
	if (state->has_age)
		put_seconds(row, state->age, false);
	else
		row_none(row);
}

static void put_flag(struct row *row, bool known, bool flag, const char *const texts[2])
{
	if (!known) {
		row_unknown(row, NULL);
		return;
	}
	row_flag(row, flag);
	row_shown(row, texts[flag]);
}

static void put_queue(struct row *row, const struct cpu_state *state)
{
	row_number(row, state->queued);
	if (!state->oldest) {
		row_none(row);
		row_none(row);
		return;
	}
	put_seconds(row, state->oldest_wait, state->oldest_wait > TOO_LONG);
	row_number(row, state->oldest->pid);
}

static void put_softirqs(struct row *row, const struct cpu_state *state)
{
	if (!state->softirqs_known) {
		row_unknown(row, NULL);
		return;
	}
	row_list(row);
	for (unsigned i = 0; i < 64; i++)
		if (state->softirqs >> i & 1)
			row_text(row, i < softirq_nr() ? softirq_name(i) : scope_printf("%u", i));
	row_list_end(row);
	if (!state->softirqs)
		row_shown(row, "-");
}

static void put_cpu(struct row *row, size_t index, void *arg)
{
	static const char *const on_off[] = { "off", "on" }, *const yes[] = { "-", "yes" };
	const struct shown_cpus *shown = arg;
	struct cpu_state state;
	bool late;

	cpu_state_read(shown->cpus[index], shown->now, &state);
	if (state.task)
		row_stands_for(row, state.task->address);
	row_number(row, state.cpu);
	row_text(row, condition_text(state.condition));
	put_task(row, &state);
	put_contexts(row, &state);
	put_flag(row, state.interrupts_known, state.interrupts_on, on_off);
	put_flag(row, state.preempt_known, state.need_resched, yes);
	if (state.preempt_known)
		row_number(row, state.preempt);
	else
		row_unknown(row, NULL);
	/* An idle CPU has no tick that would move its clock on. */
	late = state.lag > TOO_LONG && state.condition != CPU_OFFLINE && state.task &&
	       !state.task->is_idle;
	put_seconds(row, state.lag, late);
	row_flag(row, late);
	put_queue(row, &state);
	put_softirqs(row, &state);
	problemshow(row, state.problem ? state.problem : "");
}

static void run_cpu(struct args *args)
{
	struct cpu_mask cpus = *cpus_present();
	struct strbuf *why = scope_strbuf();
	struct shown_cpus shown = { .now = sched_now() };
	size_t count = 0;
	unsigned *list;

	args_check_words(args, "cpus", 0, 1);
	if (args->nr_words && !cpu_mask_parse(args->words[0], &cpus, why))
		fail_with(why);
	list = scope_array(cpu_mask_count(&cpus) + 1, sizeof(*list));
	for (unsigned cpu = cpu_mask_next(&cpus, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(&cpus, cpu + 1))
		if (!offline_hides_cpu(cpu))
			list[count++] = cpu;
	shown.cpus = list;
	table_show(&(struct table){ .name = "cpu",
				    .columns = columns,
				    .count = count,
				    .put = put_cpu,
				    .arg = &shown,
				    .of = "task",
				    .headings = HEADINGS_FIRST });
}

COMMAND(cpu) = {
	.name = "cpu",
	.summary = "what each CPU was doing",
	.synopsis = "[cpus]",
	.description =
		"Shows for each CPU, or for those given (0,2-5), which task it ran and for how "
		"long, in what it was interrupted, and what waited for it.\n\n"
		"STATE is online, offline, panicked (the kernel crashed there), or stopped (the "
		"kernel that crashed stopped it). CONTEXT says what the CPU did before that, "
		"from the innermost on: hardirq < softirq < user is a hard interrupt that came "
		"while soft interrupts were run on the way back to a program. It comes from the "
		"frames that bt shows; ? where no registers were saved. IRQS says whether "
		"interrupts were on there; ? on a CPU that turned them off itself when it "
		"panicked. RESCHED: the CPU has been told to run another task, and has not done "
		"so yet. CLOCK LAG is how far the clock of its run queue is behind the latest; "
		"that of an idle CPU does not move. QUEUED are the tasks that could run but do "
		"not, OLDEST the one of them that waits longest, and how long. PENDING are soft "
		"interrupts that were not yet run.\n\n"
		"Times are in seconds. A wait or, unless the CPU is idle, a lag of more than 5 "
		"seconds is marked by !.",
	.example = "crash> cpu 0\n"
		   "CPU  STATE         PID  PRIO  COMMAND            RUNS FOR  CONTEXT     IRQS  "
		   "RESCHED   CLOCK LAG  QUEUED  OLDEST FOR   OLDEST  PENDING\n"
		   "  0  stopped         0   120  swapper/0                 -  idle        on    "
		   "-              0.00       0           -        -  -\n",
	.run = run_cpu,
};
