/* commands/rcu.c - the command rcu: grace periods, who holds them up, who waits for them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/locking/rcustate.h"

#include "base/fail.h"
#include "base/table.h"
#include "kernel.h"
#include "kernel/sched/schedclock.h"
#include "kernel/taskinfo.h"
#include "shell/command.h"
#include "show/problemshow.h"

static void put_jiffies(struct row *row, u64 jiffies)
{
	u64 hz = kernel_hz();

	row_time(row, jiffies / hz * 1000000000ULL + jiffies % hz * 1000000000ULL / hz);
	row_shown(row, scope_printf("%.2f s", (double)jiffies / (double)hz));
}

static void put_comm(struct row *row, const struct task *task)
{
	row_text(row, task_comm(task, scope_alloc(TASK_COMM_SPACE)));
}

static void put_name(struct row *row, const char *name)
{
	if (name)
		row_bytes(row, name, strlen(name));
	else
		row_unknown(row, NULL);
}

/* clang-format off */
#define DRIVER_COLUMNS(before_pid) \
	{ "pid", "", CELL_NUMBER, .before = before_pid }, \
	{ "task", NULL, .kind = CELL_ADDRESS }, \
	{ "state", "", CELL_TEXT, .before = "  " }, \
	{ "cpu", "", CELL_NUMBER, .before = "  CPU " }
/* clang-format on */

static void put_driver(struct row *row, const struct rcu_driver *driver)
{
	const struct task *task = driver->task;

	if (!driver->address) {
		for (int i = 0; i < 4; i++)
			row_none(row);
		return;
	}
	if (!task)
		fail("%llx, its thread, is no task that the kernel's lists have", driver->address);
	row_number(row, task->pid);
	row_address(row, task->address);
	row_text(row, task->on_cpu ? "running" : task_state_text(task));
	row_number(row, task->cpu);
}

/* ---- CPUs ---- */

static const struct column cpu_columns[] = {
	{ "cpu", "CPU", CELL_NUMBER, .before = "  ", .width = 3 },
	{ "callbacks", "CALLBACKS", CELL_NUMBER, .width = 9 },
	{ "lazy", "LAZY", CELL_NUMBER, .width = 6 },
	{ "holds", "HOLDS UP", CELL_FLAG, .width = 8 },
	{ "holds_expedited", "EXPEDITED", .kind = CELL_FLAG },
	{ 0 },
};

static void put_held(struct row *row, const struct rcu_holder *holder)
{
	row_flag(row, holder->holds);
	row_shown(row, holder->holds ? "yes" : "-");
	row_flag(row, holder->holds_expedited);
	row_shown(row, holder->holds_expedited ? "yes" : "-");
}

static void put_cpu(struct row *row, size_t index, void *arg)
{
	const struct rcu_holder *holder = &((const struct rcu_holders *)arg)->cpus[index];
	u64 callbacks, lazy;

	row_number(row, holder->cpu);
	if (rcu_callbacks(holder->cpu, &callbacks, &lazy)) {
		row_number(row, callbacks);
		row_number(row, lazy);
	} else {
		row_unknown(row, NULL);
		row_unknown(row, NULL);
	}
	put_held(row, holder);
}

/* ---- readers that were preempted, and waiters ---- */

static const struct column reader_columns[] = {
	{ "pid", "READER", CELL_NUMBER, .before = "  ", .width = 7 },
	{ "task", "TASK", CELL_ADDRESS, .align = ALIGN_CENTRE, .width = 16, .zeros = true },
	{ "cpu", "CPU", CELL_NUMBER, .width = 3 },
	{ "holds", "HOLDS UP", CELL_FLAG, .width = 8 },
	{ "holds_expedited", "EXPEDITED", CELL_FLAG, .width = 9 },
	{ "comm", "COMMAND", .kind = CELL_TEXT },
	{ 0 },
};

static void put_reader(struct row *row, size_t index, void *arg)
{
	const struct rcu_holder *reader = &((const struct rcu_holders *)arg)->readers[index];

	row_stands_for(row, reader->task->address);
	row_number(row, reader->task->pid);
	row_address(row, reader->task->address);
	row_number(row, reader->cpu);
	put_held(row, reader);
	put_comm(row, reader->task);
}

static const struct column waiter_columns[] = {
	{ "pid", "WAITER", CELL_NUMBER, .before = "  ", .width = 7 },
	{ "task", "TASK", CELL_ADDRESS, .align = ALIGN_CENTRE, .width = 16, .zeros = true },
	{ "waits", "WAITS FOR", CELL_TIME, .align = ALIGN_RIGHT, .width = 10 },
	{ "comm", "COMMAND", CELL_TEXT, .width = 15 },
	{ "function", "IN", .kind = CELL_TEXT },
	{ 0 },
};

struct waiters {
	struct rcu_waiter *items;
	u64 now;
};

static void put_waiter(struct row *row, size_t index, void *arg)
{
	const struct waiters *waiters = arg;
	const struct rcu_waiter *waiter = &waiters->items[index];
	u64 age;

	row_stands_for(row, waiter->task->address);
	row_number(row, waiter->task->pid);
	row_address(row, waiter->task->address);
	if (task_sleep_age(waiter->task, waiters->now, &age)) {
		row_time(row, age);
		row_shown(row, scope_printf("%.2f s", (double)age / 1e9));
	} else {
		row_unknown(row, NULL);
	}
	put_comm(row, waiter->task);
	row_text(row, waiter->function);
}

static void tell_lists(struct row *row)
{
	struct rcu_holders *holders = scope_alloc(sizeof(*holders));
	struct waiters *waiters = scope_alloc(sizeof(*waiters));
	size_t count;

	rcu_holders_read(holders);
	count = rcu_waiters(&waiters->items);
	waiters->now = sched_now();
	problemshow(row, holders->problem ? holders->problem : "");
	row_children(row, &(struct table){ .name = "rcu",
					   .columns = cpu_columns,
					   .count = holders->nr_cpus,
					   .put = put_cpu,
					   .arg = holders,
					   .headings = HEADINGS_FIRST,
					   .key = "cpus" });
	row_children(row, &(struct table){ .name = "rcu",
					   .columns = reader_columns,
					   .count = holders->nr_readers,
					   .put = put_reader,
					   .arg = holders,
					   .headings = HEADINGS_WITH_ROWS,
					   .of = "task",
					   .key = "readers" });
	row_children(row, &(struct table){ .name = "rcu",
					   .columns = waiter_columns,
					   .count = count,
					   .put = put_waiter,
					   .arg = waiters,
					   .headings = HEADINGS_WITH_ROWS,
					   .of = "task",
					   .key = "waiters" });
}

/* ---- the grace period ---- */

static const struct column state_columns[] = {
	{ "name", "", CELL_BYTES, .before = "RCU: " },
	{ "rcu_state", "", .kind = CELL_ADDRESS },
	{ "gp_seq", "", CELL_NUMBER, .before = "\n  GRACE PERIOD: " },
	{ "in_progress", "", CELL_FLAG, .before = " " },
	{ "since", "", CELL_TIME, .before = " " },
	{ "expedited_seq", "", CELL_NUMBER, .before = "\n  EXPEDITED: " },
	{ "expedited", "", CELL_FLAG, .before = " " },
	DRIVER_COLUMNS("\n  THREAD: PID "),
	{ "step", "", .kind = CELL_BYTES },
	{ "flags", "", CELL_NUMBER, .before = "  FLAGS ", .hex = true },
	{ "idle", "", CELL_TIME, .before = "  IDLE FOR " },
	{ "starved", "", CELL_FLAG, .before = " " },
	{ 0 },
};

static void put_state(struct row *row, UNUSED size_t index, UNUSED void *arg)
{
	struct rcu_state state;

	rcu_state_read(&state);
	put_name(row, state.name);
	row_address(row, state.address);
	row_number(row, state.sequence);
	row_flag(row, state.in_progress);
	row_shown(row, state.in_progress ? "in progress, it began" : "ended, it began");
	put_jiffies(row, state.since);
	row_shown(row, scope_printf("%.2f s ago", (double)state.since / kernel_hz()));
	row_number(row, state.expedited_sequence);
	row_flag(row, state.expedited);
	row_shown(row, state.expedited ? "in progress" : "ended");
	put_driver(row, &state.driver);
	put_name(row, state.step);
	row_number(row, state.flags);
	put_jiffies(row, state.idle);
	row_flag(row, state.starved);
	row_shown(row, state.starved ? "STARVED" : "");
	tell_lists(row);
}

/* ---- RCU for tasks ---- */

static const struct column kind_columns[] = {
	{ "name", "", CELL_BYTES, .before = "RCU: " },
	{ "rcu_tasks", "", .kind = CELL_ADDRESS },
	DRIVER_COLUMNS("\n  THREAD: PID "),
	{ "step", "", .kind = CELL_BYTES },
	{ "since", "", CELL_TIME, .before = "  FOR " },
	{ 0 },
};

static void put_kind(struct row *row, size_t index, void *arg)
{
	const struct rcu_tasks *kind = &((const struct rcu_tasks *)arg)[index];

	put_name(row, kind->name);
	row_address(row, kind->address);
	put_driver(row, &kind->driver);
	put_name(row, kind->step);
	put_jiffies(row, kind->since);
}

static void run_rcu(struct args *args)
{
	struct rcu_tasks *kinds;
	size_t count;

	args_check_words(args, "", 0, 0);
	count = rcu_tasks_read(&kinds);
	table_show(&ONE_ROW("rcu", state_columns, put_state, NULL));
	table_show(&(struct table){ .name = "rcu",
				    .columns = kind_columns,
				    .count = count,
				    .put = put_kind,
				    .arg = kinds,
				    .headings = HEADINGS_NEVER });
}

COMMAND(rcu) = {
	.name = "rcu",
	.summary = "RCU: grace periods, who holds them up, who waits",
	.synopsis = "",
	.description =
		"Shows RCU's grace periods, normal and expedited: number, whether one is in "
		"progress, and since when; the thread that drives them, its state and the CPU "
		"that it is on, what it does, and how long ago it last did something. STARVED: "
		"a grace period is in progress, and for 2 seconds the thread did nothing.\n\n"
		"HOLDS UP and EXPEDITED mark the CPUs, and the readers that were preempted, for "
		"which the grace period waits. LAZY are the callbacks that may wait for long. A "
		"WAITER sleeps until a grace period ends, in the function at the end of its "
		"line. The kinds of RCU for tasks that the kernel has, each with a thread of "
		"its own, come last.",
	.example = "crash> rcu\n"
		   "RCU: rcu_preempt  ffffffffa96ce280\n"
		   "  GRACE PERIOD: 2640 ended, it began 0.02 s ago\n"
		   "  EXPEDITED: 60 ended\n"
		   "  THREAD: PID 18  ID  CPU 1  RCU_GP_WAIT_GPS  FLAGS 0  IDLE FOR 0.00 s\n"
		   "  CPU  CALLBACKS    LAZY  HOLDS UP  EXPEDITED\n"
		   "    0          3       0  -         -\n"
		   "...\n",
	.run = run_rcu,
};
