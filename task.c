/* task.c - L5: the task table, from the pid IDR and the task lists; current and panicking task. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Understands task_struct (identity, state, links), signal_struct.thread_head, struct pid,
 * init_pid_ns' IDR, the run queues' idle tasks, the per-cpu current task, panic_cpu and
 * crashing_cpu, and the kernel's own task_state_array.
 *
 * A task is on two roads: init_task.tasks links thread group leaders, each leader's signal_struct
 * links its threads; and init_pid_ns.idr maps every pid to a struct pid whose tasks[PIDTYPE_PID]
 * holds the task. Damage to one road leaves the other, so both are walked. Idle tasks of other CPUs
 * than the first are on neither: the run queues know them. A task that is dying for good may
 * already be on no road and still run: the per-cpu current task finds it.
 */
#include "task.h"

#include "base/fail.h"
#include "containers/kcopy.h"
#include "containers/klist.h"
#include "containers/kpercpu.h"
#include "containers/kxarray.h"
#include "kernel.h"
#include "memory.h"
#include "names/kfield.h"

#include <stdio.h>
#include <stdlib.h>

KTYPE(task_struct_type, "struct task_struct");
KFIELD(task_state_field,
       "task_struct.__state", /* v5.14 2f064a59a11f sched: Change task_struct::state */
       "task_struct.state");
KFIELD(task_exit_state, "task_struct.exit_state");
KFIELD(task_flags, "task_struct.flags");
KFIELD(task_pid, "task_struct.pid");
KFIELD(task_tgid, "task_struct.tgid");
KFIELD(task_comm_field, "task_struct.comm");
KFIELD(task_mm, "task_struct.mm");
KFIELD(task_stack, "task_struct.stack");
KFIELD(task_real_parent, "task_struct.real_parent");
KFIELD(task_group_leader, "task_struct.group_leader");
KFIELD(task_signal, "task_struct.signal");
KFIELD(task_cpu,
       /* v5.16 bcf9033e5449 sched: move CPU field back into thread_info */
       "task_struct.thread_info.cpu", "task_struct.cpu");
KFIELD(task_on_cpu, "task_struct.on_cpu");
KFIELD(task_last_arrival, "task_struct.sched_info.last_arrival");
KFIELD(task_start, "task_struct.start_time");
KFIELD(task_tasks, "task_struct.tasks");
KFIELD(task_thread_node, "task_struct.thread_node");
KFIELD(task_pid_links, "task_struct.pid_links[0]"); /* PIDTYPE_PID is 0 */
/*
 * Each thread's own part of the counters; gone in v6.2 f1a7941243c1 (mm: convert
 * rss_stat to percpu_counter).
 */
KFIELD(task_rss_count, "task_struct.rss_stat.count");
KFIELD(signal_thread_head, "signal_struct.thread_head");
KFIELD(pid_tasks, "pid.tasks[0]");
KFIELD(pid_namespace_idr, "pid_namespace.idr.idr_rt");
KFIELD(rq_idle, "rq.idle");
KFIELD(pcpu_hot_current, "pcpu_hot.current_task");

KSYMBOL(init_task_symbol, "init_task");
KSYMBOL(init_pid_ns_symbol, "init_pid_ns");
KSYMBOL(runqueues_symbol, "runqueues");
KSYMBOL(idle_threads_symbol, "idle_threads");
KSYMBOL(pcpu_hot_symbol, "pcpu_hot"); /* v6.2 e57ef2ed97c1 to v6.14 */
KSYMBOL(current_task_symbol, "current_task");

KENUM(mm_filepages, "MM_FILEPAGES");
KENUM(mm_anonpages, "MM_ANONPAGES");
KENUM(mm_shmempages, "MM_SHMEMPAGES");

#define PF_KTHREAD 0x00200000u
/* Damage of one kind, told in one line: the first, and how many more. */
struct damage {
	unsigned count;
	char first[256];
};

static void PRINTF_LIKE(2, 3) note_damage(struct damage *damage, const char *format, ...)
{
	va_list arguments;

	if (damage->count++ > 0)
		return;
	va_start(arguments, format);
	vsnprintf(damage->first, sizeof(damage->first), format, arguments);
	va_end(arguments);
}

static void tell_damage(const struct damage *damage, const char *what)
{
	if (damage->count > 1)
		warn("%s: %s; and %u more", what, damage->first, damage->count - 1);
	else if (damage->count == 1)
		warn("%s: %s", what, damage->first);
}

enum road {
	ROAD_LISTS = 1,
	ROAD_PIDS = 2,
	ROAD_IDLE = 4,
	ROAD_CURRENT = 8,
};

struct found {
	u64 address;
	unsigned roads;
};

static struct {
	bool built;
	char *why_none; /* the message of a build that failed */
	struct task *tasks;
	size_t count, space;
	struct u64map by_address; /* task_struct -> index */
	struct u64map by_pid; /* pid -> index; 0 is CPU 0's idle task */
	struct u64map rss_deltas; /* mm_struct -> sum of its threads' rss_delta */
	s64 running[MAX_CPUS]; /* index of the CPU's current task, -1 unknown */
	struct damage left_out; /* tasks that were found but cannot be read */
	struct damage one_road; /* tasks found by one road only */
} table;

/* ---- finding ---- */

struct finder {
	VECTOR(struct found) found;
	struct u64map index;
	bool lists_whole, pids_whole;
	struct damage roads; /* lists and tables that end early */
};

static void found_add(struct finder *finder, u64 address, enum road road)
{
	u64 slot;

	if (address == 0)
		return;
	if (u64map_get(&finder->index, address, &slot)) {
		finder->found.items[slot].roads |= road;
		return;
	}
	u64map_put(&finder->index, address, finder->found.count);
	*vector_add(&finder->found) = (struct found){ address, road };
}

static void finder_release(void *arg)
{
	struct finder *finder = arg;

	vector_free(&finder->found);
	u64map_free(&finder->index);
}

static void find_threads(struct finder *finder, u64 leader)
{
	struct klist_iter it;
	struct fault fault;
	u64 signal, thread;

	if (!field_try_u64(leader, &task_signal, &signal, &fault)) {
		note_damage(&finder->roads, "threads of task %llx: %s", leader, fault_text(&fault));
		finder->lists_whole = false;
		return;
	}
	if (signal == 0)
		return;
	klist_begin(&it, field_address(signal, &signal_thread_head),
		    kfield_offset(&task_thread_node));
	while (klist_next(&it, &thread))
		found_add(finder, thread, ROAD_LISTS);
	if (it.stopped) {
		note_damage(&finder->roads, "threads of task %llx: %s", leader, klist_why(&it));
		finder->lists_whole = false;
	}
}

static void find_by_lists(void *arg)
{
	struct finder *finder = arg;
	u64 init_task = ksymbol_address(&init_task_symbol);
	struct klist_iter it;
	u64 leader;

	finder->lists_whole = true;
	klist_begin(&it, field_address(init_task, &task_tasks), kfield_offset(&task_tasks));
	while (klist_next(&it, &leader)) {
		found_add(finder, leader, ROAD_LISTS);
		find_threads(finder, leader);
	}
	if (it.stopped) {
		note_damage(&finder->roads, "task list: %s", klist_why(&it));
		finder->lists_whole = false;
	}
}

static void find_by_pids(void *arg)
{
	struct finder *finder = arg;
	u64 idr = field_address(ksymbol_address(&init_pid_ns_symbol), &pid_namespace_idr);
	struct kxarray_iter it;
	u64 number, pid, task;

	finder->pids_whole = true;
	kxarray_begin(&it, idr);
	while (kxarray_next(&it, &number, &pid)) {
		struct klist_iter users;

		if (!mem_is_kernel_address(pid))
			continue;
		khlist_begin(&users, field_address(pid, &pid_tasks),
			     kfield_offset(&task_pid_links));
		while (klist_next(&users, &task))
			found_add(finder, task, ROAD_PIDS);
		if (users.stopped) {
			note_damage(&finder->roads, "struct pid %llx: %s", pid, klist_why(&users));
			finder->pids_whole = false;
		}
	}
	if (it.stopped) {
		note_damage(&finder->roads, "pid table: %s", kxarray_why(&it));
		finder->pids_whole = false;
	}
}

/* Bounded by what exists: a damaged cpumask must not cost thousands of warnings. */
static void find_idle(void *arg)
{
	struct finder *finder = arg;
	const struct cpu_mask *present;
	struct fault fault;
	unsigned cpu;
	u64 idle;

	/* CPU 0's is a variable: it is there even when CPU 0's run queue is not. */
	found_add(finder, ksymbol_address(&init_task_symbol), ROAD_IDLE);
	present = cpus_present();
	for (cpu = cpu_mask_next(present, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(present, cpu + 1)) {
		u64 at;

		if (kfield_exists(&rq_idle) && ksymbol_exists(&runqueues_symbol))
			at = field_address(percpu_symbol(&runqueues_symbol, cpu), &rq_idle);
		else
			at = percpu_symbol(&idle_threads_symbol, cpu);
		if (!mem_try_u64(at, &idle, &fault)) {
			note_damage(&finder->roads, "idle task of CPU %u: %s", cpu,
				    fault_text(&fault));
			continue;
		}
		found_add(finder, idle, ROAD_IDLE);
	}
}

static bool current_of_cpu(unsigned cpu, u64 *task, struct fault *fault)
{
	u64 at;

	if (ksymbol_exists(&pcpu_hot_symbol) && kfield_exists(&pcpu_hot_current))
		at = field_address(percpu_symbol(&pcpu_hot_symbol, cpu), &pcpu_hot_current);
	else
		at = percpu_symbol(&current_task_symbol, cpu);
	return mem_try_u64(at, task, fault);
}

/* Not only online CPUs: a panic takes the others offline when it stops them. */
static void find_current(void *arg)
{
	struct finder *finder = arg;
	const struct cpu_mask *present = cpus_present();
	struct fault fault;
	unsigned cpu;
	u64 task;

	for (cpu = cpu_mask_next(present, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(present, cpu + 1)) {
		if (!current_of_cpu(cpu, &task, &fault))
			note_damage(&finder->roads, "current task of CPU %u: %s", cpu,
				    fault_text(&fault));
		else
			found_add(finder, task, ROAD_CURRENT);
	}
}

/* ---- reading ---- */

static s64 rss_delta_in(const u8 *object, size_t size)
{
	struct kenum *kinds[] = { &mm_filepages, &mm_anonpages, &mm_shmempages };
	u64 offset;
	s64 sum = 0;

	if (!kfield_exists(&task_rss_count))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!kenum_exists(kinds[i]))
			continue;
		offset = kfield_offset(&task_rss_count) + (u64)kenum_value(kinds[i]) * 4;
		if (range_fits(offset, 4, size))
			sum += (s32)load_u32(object + offset);
	}
	return sum;
}

static void task_fill(struct task *task, const u8 *object, size_t size)
{
	u64 comm = kfield_offset(&task_comm_field);
	size_t length = min_u64(kfield_size(&task_comm_field), sizeof(task->comm) - 1);

	task->state = kfield_in(&task_state_field, object, size);
	task->exit_state = (u32)kfield_in(&task_exit_state, object, size);
	task->flags = (u32)kfield_in(&task_flags, object, size);
	task->pid = (u32)kfield_in(&task_pid, object, size);
	task->tgid = (u32)kfield_in(&task_tgid, object, size);
	task->mm = kfield_in(&task_mm, object, size);
	task->stack = kfield_in(&task_stack, object, size);
	task->parent = kfield_in(&task_real_parent, object, size);
	task->group_leader = kfield_in(&task_group_leader, object, size);
	task->signal = kfield_in(&task_signal, object, size);
	task->cpu = kfield_exists(&task_cpu) ? (u32)kfield_in(&task_cpu, object, size) : 0;
	if (kfield_exists(&task_last_arrival))
		task->last_arrival = kfield_in(&task_last_arrival, object, size);
	task->says_on_cpu = kfield_exists(&task_on_cpu) &&
			    kfield_in(&task_on_cpu, object, size) != 0;
	if (kfield_exists(&task_start))
		task->start_time = kfield_in(&task_start, object, size);
	task->rss_delta = rss_delta_in(object, size);
	if (range_fits(comm, length, size))
		memcpy(task->comm, object + comm, length);
}

static void damaged(u64 address, const char *why)
{
	note_damage(&table.left_out, "task %llx: %s", address, why);
}

static bool has_essentials(u64 address, struct fault *fault)
{
	struct kfield *fields[] = { &task_pid,	 &task_tgid, &task_state_field, &task_exit_state,
				    &task_flags, &task_mm,   &task_signal };
	char comm[16];
	u64 value;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!field_try_u64(address, fields[i], &value, fault))
			return false;
	}
	return mem_try_read(field_address(address, &task_comm_field), comm, sizeof(comm), fault);
}

static bool task_read(const struct found *found, u8 *buffer, size_t size, struct task *task)
{
	struct fault fault;

	*task = (struct task){ .address = found->address,
			       .is_idle = (found->roads & ROAD_IDLE) != 0 };
	/*
	 * A dump without zero pages lacks the middle of many a task_struct: the unused part of its
	 * FPU state. Only the pages that its own members are on must be there.
	 */
	if (kcopy_whole(found->address, buffer, size) != 0 &&
	    !has_essentials(found->address, &fault)) {
		damaged(found->address, fault_text(&fault));
		return false;
	}
	task_fill(task, buffer, size);
	if (task->pid > TASK_PID_LIMIT || task->tgid > TASK_PID_LIMIT) {
		damaged(found->address, "its pid makes no sense");
		return false;
	}
	if (task->stack != 0 && !mem_is_kernel_address(task->stack))
		task->stack = 0;
	return true;
}

/* One road alone is worth a word only when the other was walked to its end. */
static void note_one_road(const struct finder *finder, const struct found *found)
{
	if ((found->roads & (ROAD_IDLE | ROAD_CURRENT)) != 0)
		return;
	/* Between the two walks of a running kernel, tasks come and go. */
	if (memory_is_live())
		return;
	if (found->roads == ROAD_LISTS && finder->pids_whole)
		note_damage(&table.one_road,
			    "task %llx is on the task list and not in the pid table",
			    found->address);
	if (found->roads == ROAD_PIDS && finder->lists_whole)
		note_damage(&table.one_road,
			    "task %llx is in the pid table and not on the task list",
			    found->address);
}

static int compare_tasks(const void *a, const void *b)
{
	const struct task *left = a, *right = b;

	if (left->is_idle != right->is_idle)
		return left->is_idle ? -1 : 1;
	if (left->is_idle && left->cpu != right->cpu)
		return left->cpu < right->cpu ? -1 : 1;
	if (left->pid != right->pid)
		return left->pid < right->pid ? -1 : 1;
	return left->address < right->address ? -1 : left->address > right->address;
}

static void index_tasks(void)
{
	for (size_t i = 0; i < table.count; i++) {
		struct task *task = &table.tasks[i];

		u64map_put(&table.by_address, task->address, i);
		if (!u64map_get(&table.by_pid, task->pid, NULL))
			u64map_put(&table.by_pid, task->pid, i);
		if (task->rss_delta != 0)
			u64map_put(&table.rss_deltas, task->mm,
				   (u64)(task_rss_delta(task->mm) + task->rss_delta));
	}
}

s64 task_rss_delta(u64 mm)
{
	u64 sum;

	return u64map_get(&table.rss_deltas, mm, &sum) ? (s64)sum : 0;
}

static void fill_parents(void)
{
	for (size_t i = 0; i < table.count; i++) {
		struct task *task = &table.tasks[i];
		u64 slot, tgid;

		/* Whoever forked it at boot: it has no parent. */
		if (task->is_idle) {
			task->parent = ksymbol_address(&init_task_symbol);
			continue;
		}
		if (u64map_get(&table.by_address, task->parent, &slot))
			task->parent_pid = table.tasks[slot].tgid;
		else if (task->parent != 0 &&
			 field_try_u64(task->parent, &task_tgid, &tgid, NULL) &&
			 tgid <= TASK_PID_LIMIT)
			task->parent_pid = (u32)tgid;
	}
}

static void set_running(unsigned cpu, size_t slot)
{
	table.running[cpu] = (s64)slot;
	table.tasks[slot].on_cpu = true;
}

static void fill_running(void *arg UNUSED)
{
	const struct cpu_mask *present = cpus_present();
	unsigned cpu;
	u64 address, slot;

	for (cpu = cpu_mask_next(present, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(present, cpu + 1)) {
		if (current_of_cpu(cpu, &address, NULL) &&
		    u64map_get(&table.by_address, address, &slot))
			set_running(cpu, slot);
	}
}

/* A CPU whose per-cpu data is missing: the scheduler marks the task itself as well. */
static void fill_running_by_mark(void)
{
	for (size_t i = 0; i < table.count; i++) {
		const struct task *task = &table.tasks[i];

		if (task->says_on_cpu && task->cpu < MAX_CPUS && table.running[task->cpu] < 0)
			set_running(task->cpu, i);
	}
}

/* One road that cannot be walked at all (no such symbol, no such member) leaves the others. */
static void try_road(void (*road)(void *arg), void *arg, struct damage *damage, const char *what)
{
	struct failure failure;

	if (!protect_row(road, arg, &failure))
		note_damage(damage, "%s: %s", what, failure.text);
}

static bool only_active;

void task_only_active(void)
{
	only_active = true;
}

static noreturn void fail_without_tasks(const struct finder *finder, const char *what)
{
	const struct damage *damage = table.left_out.count ? &table.left_out : &finder->roads;

	if (damage->count)
		fail("%s: %s", what, damage->first);
	fail("%s", what);
}

static void table_build(void)
{
	struct finder *finder = scope_alloc(sizeof(*finder));
	size_t size = ktype_size(&task_struct_type);
	u8 *buffer = scope_alloc(size);
	struct damage unused = { 0 };

	task_reset();
	scope_cleanup(finder_release, finder);
	if (!only_active) {
		try_road(find_by_lists, finder, &finder->roads, "task list");
		try_road(find_by_pids, finder, &finder->roads, "pid table");
	}
	try_road(find_idle, finder, &finder->roads, "idle tasks");
	try_road(find_current, finder, &finder->roads, "current tasks");
	if (finder->found.count == 0)
		fail_without_tasks(finder, "no task can be found");
	table.tasks = xcalloc(finder->found.count, sizeof(*table.tasks));
	for (size_t i = 0; i < finder->found.count; i++) {
		interrupt_check();
		/* Which of those on a CPU are idle tasks had to be known. */
		if (only_active && !(finder->found.items[i].roads & ROAD_CURRENT))
			continue;
		if (!task_read(&finder->found.items[i], buffer, size, &table.tasks[table.count]))
			continue;
		note_one_road(finder, &finder->found.items[i]);
		table.count++;
	}
	if (table.count == 0)
		fail_without_tasks(finder, "no task can be read");
	tell_damage(&finder->roads, "tasks may be missing");
	tell_damage(&table.left_out, "tasks left out");
	tell_damage(&table.one_road, "the lists of tasks do not agree");
	qsort(table.tasks, table.count, sizeof(*table.tasks), compare_tasks);
	index_tasks();
	fill_parents();
	/* What it cannot read is told by find_current() already. */
	try_road(fill_running, NULL, &unused, "current tasks");
	fill_running_by_mark();
	table.built = true;
}

static void build_body(void *arg UNUSED)
{
	table_build();
}

static void need_table(void)
{
	struct failure failure;

	if (table.built)
		return;
	if (table.why_none)
		fail("%s", table.why_none);
	if (protect(build_body, NULL, &failure))
		return;
	task_reset();
	/* What went wrong was said; every further command says only this. */
	if (!failure.interrupted)
		table.why_none = xstrdup(failure.text);
	fail_again(&failure);
}

void task_reset(void)
{
	free(table.tasks);
	free(table.why_none);
	u64map_free(&table.by_address);
	u64map_free(&table.by_pid);
	u64map_free(&table.rss_deltas);
	memset(&table, 0, sizeof(table));
	for (size_t i = 0; i < MAX_CPUS; i++)
		table.running[i] = -1;
}

/* ---- asking ---- */

size_t task_count(void)
{
	need_table();
	return table.count;
}

const struct task *task_at(size_t index)
{
	need_table();
	return index < table.count ? &table.tasks[index] : NULL;
}

size_t task_index(const struct task *task)
{
	return (size_t)(task - table.tasks);
}

const struct task *task_by_address(u64 address)
{
	u64 slot;

	need_table();
	return u64map_get(&table.by_address, address, &slot) ? &table.tasks[slot] : NULL;
}

const struct task *task_by_pid(u32 pid)
{
	u64 slot;

	need_table();
	return u64map_get(&table.by_pid, pid, &slot) ? &table.tasks[slot] : NULL;
}

const struct task *task_running_on(unsigned cpu)
{
	need_table();
	if (cpu >= MAX_CPUS || table.running[cpu] < 0)
		return NULL;
	return &table.tasks[table.running[cpu]];
}

bool task_is_kthread(const struct task *task)
{
	return task->is_idle || (task->flags & PF_KTHREAD) != 0;
}

bool task_is_active(const struct task *task)
{
	return task->on_cpu;
}

bool task_is_group_leader(const struct task *task)
{
	return task->pid == task->tgid;
}

void task_make_active(const struct task *task)
{
	struct task *chosen = &table.tasks[task_index(task)];

	if (chosen->cpu >= MAX_CPUS)
		fail("task %llx has no valid CPU", task->address);
	if (table.running[chosen->cpu] >= 0)
		table.tasks[table.running[chosen->cpu]].on_cpu = false;
	table.running[chosen->cpu] = (s64)task_index(task);
	chosen->on_cpu = true;
}

/* Bytes at TEXT that may go to a terminal as they are; 0: none. */
static size_t printable_length(const char *text)
{
	u8 first = (u8)text[0];

	if (first < 0x80)
		return first >= 0x20 && first != 0x7f;
	return utf8_length(text, strlen(text));
}

char *task_comm(const struct task *task, char text[TASK_COMM_SPACE])
{
	char *to = text;

	for (const char *from = task->comm; *from != '\0';) {
		size_t length = printable_length(from);

		if (length == 0)
			to += snprintf(to, 5, "\\x%02x", (u8)*from++);
		while (length-- > 0)
			*to++ = *from++;
	}
	*to = '\0';
	return text;
}
