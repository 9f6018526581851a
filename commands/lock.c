/* commands/lock.c - the command lock: who waits for which lock, who has it, and who blocks them all. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/locking/lockgraph.h"
#include "kernel/locking/lockname.h"

#include "base/fail.h"
#include "base/table.h"
#include "kernel/taskcontext.h"
#include "shell/command.h"
#include "shell/taskwords.h"
#include "show/taskrow.h"

/* ---- the tasks that wait for a lock ---- */

static const struct column waiter_columns[] = {
	{ "age", "", CELL_TIME, .before = "  [", .after = "]", .align = ALIGN_RIGHT, .width = 15 },
	TASKROW_COLUMNS("  "),
	{ "mode", "", CELL_TEXT, .before = "  (to ", .after = ")" },
	{ "bit", "", CELL_NUMBER, .before = "  (bit ", .after = ")" },
	{ "waiter", NULL, .kind = CELL_ADDRESS },
	{ 0 },
};

static bool has_modes(enum lock_kind kind)
{
	return kind == LOCK_RWSEM || kind == LOCK_PERCPU_RWSEM;
}

static void put_waiting(struct row *row, const struct waiting_task *task)
{
	const struct lock_wait *wait = &task->wait;

	row_stands_for(row, wait->task->address);
	if (task->age)
		row_time(row, task->age);
	else
		row_unknown(row, NULL);
	taskrow_put(row, wait->task);
	if (has_modes(wait->kind))
		row_text(row, wait->to_write ? "write" : "read");
	else
		row_none(row);
	if (wait->kind == LOCK_BIT || wait->kind == LOCK_FOLIO)
		row_number(row, wait->bit);
	else
		row_none(row);
	if (wait->waiter)
		row_address(row, wait->waiter);
	else
		row_none(row);
}

static void put_waiter(struct row *row, size_t index, void *arg)
{
	put_waiting(row, &((const struct waiting_task *)arg)[index]);
}

/* ---- locks ---- */

static const struct column lock_columns[] = {
	{ "lock", "", CELL_ADDRESS, .before = "LOCK: ", .width = 16, .zeros = true },
	{ "kind", "", .kind = CELL_TEXT },
	{ "name", "", .kind = CELL_BYTES },
	{ NULL, "", CELL_TEXT, .before = "\n  OWNER: " },
	{ "owner", NULL, .kind = CELL_TEXT },
	{ "owner_address", NULL, .kind = CELL_ADDRESS },
	{ "readers", NULL, .kind = CELL_NUMBER },
	{ "hint", NULL,
	  .kind = CELL_NUMBER }, /* pid of the last reader, or holder, or the next writer */
	TASKROW_KEYS,
	{ "blocked", NULL, .kind = CELL_NUMBER },
	{ 0 },
};

static const char *task_text(const struct task *task)
{
	struct strbuf *text = scope_strbuf();

	taskrow_header(task, text);
	return strbuf_text(text);
}

/* What stands behind OWNER. What is a hint only has a ? behind it. */
static const char *owner_text(const struct lock_owner *owner, enum lock_kind kind)
{
	const char *hint = owner->owner ? task_text(owner->owner) : NULL;

	switch (owner->holding) {
	case LOCK_HELD:
		return task_text(owner->owner);
	case LOCK_LEAKED:
		return scope_printf("%llx: no task any more, it ended without giving it back",
				    owner->owner_address);
	case LOCK_FREE:
		return "nobody";
	case LOCK_READ:
		if (kind == LOCK_PERCPU_RWSEM)
			return scope_printf("%llu %s", owner->readers,
					    owner->readers == 1 ? "reader" : "readers");
		return scope_printf(
			"%llu %s%s%s%s", owner->readers, owner->readers == 1 ? "reader" : "readers",
			hint ? ", the last of them " : "", hint ? hint : "", hint ? " ?" : "");
	case LOCK_UNREADABLE:
		return "cannot be read";
	case LOCK_NOT_KEPT:
		break;
	}
	if (kind == LOCK_PERCPU_RWSEM && hint)
		return scope_printf("a writer comes first: %s", hint);
	return hint ? scope_printf("%s ?", hint) : "not kept by the kernel";
}

static const char *holding_word(const struct lock_owner *owner)
{
	static const char *const words[] = {
		[LOCK_FREE] = "nobody",	      [LOCK_HELD] = "held",
		[LOCK_LEAKED] = "leaked",     [LOCK_READ] = "readers",
		[LOCK_NOT_KEPT] = "not kept", [LOCK_UNREADABLE] = "unreadable",
	};

	return words[owner->holding];
}

static void put_owner(struct row *row, const struct waited_lock *lock)
{
	const struct lock_owner *owner = &lock->owner;

	row_text(row, owner_text(owner, lock->kind));
	row_text(row, holding_word(owner));
	if (owner->owner_address)
		row_address(row, owner->owner_address);
	else
		row_none(row);
	if (owner->holding == LOCK_READ)
		row_number(row, owner->readers);
	else
		row_none(row);
	if (owner->holding != LOCK_HELD && owner->owner)
		row_number(row, owner->owner->pid);
	else
		row_none(row);
	taskrow_put_keys(row, owner->holding == LOCK_HELD ? owner->owner : NULL);
}

static void put_lock(struct row *row, size_t index, void *arg)
{
	const struct lock_graph *graph = arg;
	const struct waited_lock *lock = &graph->locks[index];
	const char *name = lock_name(lock->address, lock->kind);

	row_stands_for(row, lock->address);
	row_address(row, lock->address);
	row_text(row, lock_kind_name(lock->kind));
	if (*name)
		row_bytes(row, name, strlen(name));
	else
		row_null(row, "?");
	put_owner(row, lock);
	row_number(row, lock->nr_blocked);
	row_children(row, &(struct table){ .name = "lock",
					   .columns = waiter_columns,
					   .count = lock->count,
					   .put = put_waiter,
					   .arg = &graph->tasks[lock->first],
					   .headings = HEADINGS_NEVER,
					   .of = "task_struct",
					   .key = "waiters" });
}

static void show_locks(struct lock_graph *graph)
{
	table_show(&(struct table){ .name = "lock",
				    .columns = lock_columns,
				    .count = graph->nr_locks,
				    .put = put_lock,
				    .arg = graph,
				    .headings = HEADINGS_NEVER,
				    .none = "no task waits for a lock",
				    .blank_after = true,
				    .of = "lock" });
}

/* Those of whom the stack says that they wait, and neither it nor the task for which lock. */
static void put_lost(struct row *row, size_t index, void *arg)
{
	const struct lock_graph *graph = arg;

	if (graph->tasks[index].lock != NO_LOCK)
		row_skip(row);
	put_waiting(row, &graph->tasks[index]);
}

static void show_lost(struct lock_graph *graph)
{
	bool any = false;

	for (size_t i = 0; i < graph->nr_tasks; i++)
		any |= graph->tasks[i].lock == NO_LOCK;
	if (!any)
		return;
	table_show(&(struct table){ .name = "lock",
				    .columns = waiter_columns,
				    .count = graph->nr_tasks,
				    .put = put_lost,
				    .arg = graph,
				    .heading_line = "WAIT FOR A LOCK THAT WAS NOT FOUND:",
				    .of = "task_struct" });
	table_remark("\n");
}

/* ---- rings ---- */

static const struct column member_columns[] = {
	TASKROW_COLUMNS("  "),
	{ "lock", "", CELL_ADDRESS, .before = "\n    waits for " },
	{ "kind", "", CELL_TEXT, .before = " " },
	{ "name", "", CELL_BYTES, .before = " " },
	{ 0 },
};

struct ring {
	const struct lock_graph *graph;
	const struct waiting_task **members;
	size_t count;
};

static void put_wait(struct row *row, const struct lock_graph *graph,
		     const struct waiting_task *task)
{
	const struct lock_wait *wait = &task->wait;
	const char *name = "";

	(void)graph;
	row_stands_for(row, wait->task->address);
	taskrow_put(row, wait->task);
	if (wait->lock) {
		row_address(row, wait->lock);
		name = lock_name(wait->lock, wait->kind);
	} else {
		row_unknown(row, NULL);
	}
	row_text(row, lock_kind_name(wait->kind));
	if (*name)
		row_bytes(row, name, strlen(name));
	else
		row_null(row, "");
}

static void put_member(struct row *row, size_t index, void *arg)
{
	const struct ring *ring = arg;

	put_wait(row, ring->graph, ring->members[index]);
}

static const struct column ring_columns[] = {
	{ "deadlock", "", CELL_NUMBER, .before = "DEADLOCK: " },
	{ 0 },
};

/* From the task with the lowest number on, each followed by the one that has what it waits for. */
static void put_ring(struct row *row, size_t index, void *arg)
{
	const struct lock_graph *graph = arg;
	struct ring *ring = scope_alloc(sizeof(*ring));
	size_t first = NO_TASK, at;

	ring->graph = graph;
	ring->members = scope_array(graph->nr_tasks + 1, sizeof(*ring->members));
	for (size_t i = 0; i < graph->nr_tasks; i++)
		if (graph->tasks[i].ring == index + 1 &&
		    (first == NO_TASK ||
		     graph->tasks[i].wait.task->pid < graph->tasks[first].wait.task->pid))
			first = i;
	at = first;
	do {
		ring->members[ring->count++] = &graph->tasks[at];
		at = graph->tasks[at].next;
	} while (at != first);
	row_number(row, ring->count);
	row_shown(row, ring->count == 1 ? "1 task, which waits for itself"
					: scope_printf("%zu tasks", ring->count));
	row_children(row, &(struct table){ .name = "lock",
					   .columns = member_columns,
					   .count = ring->count,
					   .put = put_member,
					   .arg = ring,
					   .headings = HEADINGS_NEVER,
					   .of = "task_struct",
					   .key = "tasks" });
}

static void show_rings(struct lock_graph *graph)
{
	if (graph->nr_rings)
		table_show(&(struct table){ .name = "lock",
					    .columns = ring_columns,
					    .count = graph->nr_rings,
					    .put = put_ring,
					    .arg = graph,
					    .headings = HEADINGS_NEVER,
					    .blank_after = true });
}

/* ---- who blocks the others ---- */

static const struct column blocker_columns[] = {
	{ "blocks", "", CELL_NUMBER, .before = "  ", .after = "  ", .align = ALIGN_RIGHT,
	  .width = 7 },
	TASKROW_COLUMNS(""),
	{ 0 },
};

static void put_blocker(struct row *row, size_t index, void *arg)
{
	const struct root_blocker *blocker = &((const struct lock_graph *)arg)->blockers[index];

	row_stands_for(row, blocker->task->address);
	row_number(row, blocker->nr_blocked);
	taskrow_put(row, blocker->task);
}

static void show_blockers(struct lock_graph *graph)
{
	if (graph->nr_blockers)
		table_show(&(struct table){
			.name = "lock",
			.columns = blocker_columns,
			.count = graph->nr_blockers,
			.put = put_blocker,
			.arg = graph,
			.heading_line = " BLOCKS  BY A TASK THAT WAITS FOR NO LOCK ITSELF",
			.of = "task_struct" });
}

/* ---- one lock, one task ---- */

static void show_lock_at(struct lock_graph *graph, const char *word)
{
	u64 address = argument_address(word);

	for (size_t i = 0; i < graph->nr_locks; i++) {
		struct lock_graph one = *graph;

		if (graph->locks[i].address != address)
			continue;
		one.locks = &graph->locks[i];
		one.nr_locks = 1;
		show_locks(&one);
		return;
	}
	fail("no task waits for a lock at %llx", address);
}

/* The task, then whoever has what it waits for, and so on. */
static void show_chain(struct lock_graph *graph, const struct task *task)
{
	struct ring chain = { graph, scope_array(graph->nr_tasks + 1, sizeof(*chain.members)), 0 };
	const struct waiting_task *last;
	size_t at = 0;

	while (at < graph->nr_tasks && graph->tasks[at].wait.task != task)
		at++;
	if (at == graph->nr_tasks)
		fail("PID %u waits for no lock", task->pid);
	while (at != NO_TASK && chain.count < graph->nr_tasks) {
		bool again = false;

		for (size_t i = 0; i < chain.count; i++)
			again |= chain.members[i] == &graph->tasks[at];
		if (again)
			break;
		chain.members[chain.count++] = &graph->tasks[at];
		at = graph->tasks[at].next;
	}
	table_show(&(struct table){ .name = "lock",
				    .columns = member_columns,
				    .count = chain.count,
				    .put = put_member,
				    .arg = &chain,
				    .headings = HEADINGS_NEVER,
				    .of = "task_struct" });
	last = chain.members[chain.count - 1];
	if (at != NO_TASK)
		table_remark("  which PID %u has: a deadlock\n", graph->tasks[at].wait.task->pid);
	else if (last->lock != NO_LOCK)
		table_remark("  which has: %s\n",
			     owner_text(&graph->locks[last->lock].owner, last->wait.kind));
}

/* ---- the command ---- */

static void run_lock(struct args *args)
{
	const char *who = option_argument(args, "t");
	struct lock_graph graph;

	args_check_words(args, "", 0, 1);
	if (who && args->nr_words)
		usage_problem(args, "-t and an address do not go together");
	lock_graph_read(&graph);
	if (who) {
		show_chain(&graph, task_argument(who));
		return;
	}
	if (args->nr_words) {
		show_lock_at(&graph, args->words[0]);
		return;
	}
	show_locks(&graph);
	show_lost(&graph);
	show_rings(&graph);
	show_blockers(&graph);
}

static const struct option lock_options[] = {
	{ "t", "pid|task", "what this task waits for, who has that, and what he waits for" },
	{ 0 },
};

COMMAND(lock) = {
	.name = "lock",
	.summary = "who waits for whom",
	.synopsis = "[address | -t pid|task]",
	.options = lock_options,
	.description =
		"Shows every sleeping lock that tasks wait for: mutexes, ww_mutexes, rwsems, "
		"rt_mutexes, semaphores, percpu_rwsems and completions; and what tasks that "
		"cannot be interrupted wait for otherwise: a bit of a word, a page, a wait queue. "
		"Of each: what it is (a variable, or the object that it is in), who has it, and "
		"the tasks that wait, "
		"the oldest first, with the time since they last ran. The lock for which most "
		"tasks wait, directly or behind another, comes first.\n\n"
		"Tasks that wait for each other in a ring are a DEADLOCK. At the end stand those "
		"who wait for no lock themselves, and how many tasks wait because of them.\n\n"
		"The kernel does not keep who reads a rwsem, or who took a semaphore: what it has "
		"as a hint stands there with a ? behind it.",
	.example =
		"crash> lock\n"
		"LOCK: ffffcb638052fa48  completion  stack of PID 220\n"
		"  OWNER: PID: 221      TASK: ffff88cc026e2100  CPU: 1    COMMAND: \"w-vforked\"\n"
		"  [0 00:00:14.377]  PID: 220      TASK: ffff88cc026c0000  CPU: 0    COMMAND: "
		"\"w-vfork\"\n"
		"\n"
		" BLOCKS  BY A TASK THAT WAITS FOR NO LOCK ITSELF\n"
		"      1  PID: 221      TASK: ffff88cc026e2100  CPU: 1    COMMAND: \"w-vforked\"\n",
	.run = run_lock,
};
