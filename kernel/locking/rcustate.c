/* kernel/locking/rcustate.c - struct rcu_state, its leaves, each CPU's rcu_data, struct rcu_tasks. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/locking/rcustate.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "kernel.h"
#include "kernel/unwind/stack.h"
#include "memory.h"

KSYMBOL(rcu_state_symbol, "rcu_state");
KSYMBOL(rcu_levels, "rcu_num_lvls");
KSYMBOL(rcu_nodes, "rcu_num_nodes");
KSYMBOL(rcu_cpu_data, "rcu_data");
KSYMBOL(rcu_steps, "gp_state_names");
KSYMBOL(rcu_tasks_steps, "rcu_tasks_gp_state_names");
KTYPE(rcu_node_type, "struct rcu_node");
KFIELD(rcu_node, "rcu_state.node");
KFIELD(rcu_level, "rcu_state.level");
KFIELD(rcu_gp_seq, "rcu_state.gp_seq");
KFIELD(rcu_gp_start, "rcu_state.gp_start");
KFIELD(rcu_gp_activity, "rcu_state.gp_activity");
KFIELD(rcu_gp_state, "rcu_state.gp_state");
KFIELD(rcu_gp_flags, "rcu_state.gp_flags");
KFIELD(rcu_gp_kthread, "rcu_state.gp_kthread");
KFIELD(rcu_expedited_sequence, "rcu_state.expedited_sequence");
KFIELD(rcu_name, "rcu_state.name");
KFIELD(node_qsmask, "rcu_node.qsmask");
KFIELD(node_expmask, "rcu_node.expmask");
KFIELD(node_grplo, "rcu_node.grplo");
KFIELD(node_grphi, "rcu_node.grphi");
KFIELD(node_blocked, "rcu_node.blkd_tasks");
KFIELD(node_gp_tasks, "rcu_node.gp_tasks");
KFIELD(node_exp_tasks, "rcu_node.exp_tasks");
KFIELD(task_rcu_entry, "task_struct.rcu_node_entry"); /* CONFIG_PREEMPT_RCU */
KFIELD(data_callbacks, "rcu_data.cblist.len.counter", "rcu_data.cblist.len");
KFIELD(data_lazy, "rcu_data.lazy_len"); /* v6.2 */
KFIELD(tasks_name, "rcu_tasks.name");
KFIELD(tasks_step, "rcu_tasks.gp_state");
KFIELD(tasks_since, "rcu_tasks.gp_jiffies");
KFIELD(tasks_kthread, "rcu_tasks.kthread_ptr");

#define SEQUENCE_STATE 3 /* bits of a sequence number: 0 when no grace period is in progress */
#define NAME_BYTES 64
#define MAX_STEP 63
#define MAX_NODES 1024

/* ---- names ---- */

static const char *string_at(u64 address)
{
	char text[NAME_BYTES];

	return address && mem_try_string(address, text, sizeof(text), NULL) ? scope_strdup(text)
									    : NULL;
}

/* Of an array of names. */
static const char *step_name(struct ksymbol *names, u64 step)
{
	u64 address;

	if (step > MAX_STEP || !ksymbol_exists(names) ||
	    !mem_try_u64(ksymbol_address(names) + step * sizeof(u64), &address, NULL))
		return NULL;
	return string_at(address);
}

static u64 jiffies_since(u64 then)
{
	u64 now = kernel_jiffies();

	return now > then ? now - then : 0;
}

static struct rcu_driver driver_at(u64 object, struct kfield *field)
{
	struct rcu_driver driver = { 0 };

	if (field_try_u64(object, field, &driver.address, NULL) && driver.address)
		driver.task = task_by_address(driver.address);
	return driver;
}

/* ---- the grace period ---- */

void rcu_state_read(struct rcu_state *state)
{
	u64 at = ksymbol_address(&rcu_state_symbol);

	*state = (struct rcu_state){ .address = at,
				     .sequence = field_u64(at, &rcu_gp_seq),
				     .expedited_sequence = field_u64(at, &rcu_expedited_sequence),
				     .since = jiffies_since(field_u64(at, &rcu_gp_start)),
				     .idle = jiffies_since(field_u64(at, &rcu_gp_activity)),
				     .flags = field_u64(at, &rcu_gp_flags),
				     .step = step_name(&rcu_steps, field_u64(at, &rcu_gp_state)),
				     .name = string_at(field_u64(at, &rcu_name)),
				     .driver = driver_at(at, &rcu_gp_kthread) };
	state->in_progress = state->sequence & SEQUENCE_STATE;
	state->expedited = state->expedited_sequence & SEQUENCE_STATE;
	/* As the kernel itself has it: two seconds. */
	state->starved = state->in_progress && state->idle > 2ULL * kernel_hz();
}

/* ---- who holds it up ---- */

struct collecting {
	struct rcu_holders *holders;
	size_t cpu_space, reader_space;
};

static void add_holder(struct rcu_holder **list, size_t *count, size_t *space,
		       struct rcu_holder holder)
{
	if (*count == *space)
		*list = scope_grow(*list, space, sizeof(**list));
	(*list)[(*count)++] = holder;
}

/* The tasks from the one that the node points to on are those that hold up. */
static void read_readers(struct collecting *all, u64 node)
{
	struct rcu_holders *holders = all->holders;
	u64 first = 0, first_expedited = 0, address, entry;
	bool holds = false, holds_expedited = false;
	struct klist_iter it;

	if (!kfield_exists(&task_rcu_entry))
		return;
	field_try_u64(node, &node_gp_tasks, &first, NULL);
	field_try_u64(node, &node_exp_tasks, &first_expedited, NULL);
	klist_begin(&it, field_address(node, &node_blocked), kfield_offset(&task_rcu_entry));
	while (klist_next(&it, &address)) {
		struct rcu_holder reader = { .task = task_by_address(address) };

		entry = address + kfield_offset(&task_rcu_entry);
		holds |= entry == first;
		holds_expedited |= entry == first_expedited;
		reader.holds = holds;
		reader.holds_expedited = holds_expedited;
		if (!reader.task) {
			holders->problem = scope_printf("%llx among the preempted readers is no "
							"task that the kernel's lists have",
							address);
			continue;
		}
		reader.cpu = reader.task->cpu;
		add_holder(&holders->readers, &holders->nr_readers, &all->reader_space, reader);
	}
	if (it.stopped)
		holders->problem = scope_printf("preempted readers: %s", klist_why(&it));
}

static void read_leaf(struct collecting *all, u64 node)
{
	struct rcu_holders *holders = all->holders;
	u64 mask, expedited, low, high;
	struct fault fault;

	if (!field_try_u64(node, &node_qsmask, &mask, &fault) ||
	    !field_try_u64(node, &node_expmask, &expedited, &fault) ||
	    !field_try_u64(node, &node_grplo, &low, &fault) ||
	    !field_try_u64(node, &node_grphi, &high, &fault)) {
		holders->problem = scope_printf("rcu_node: %s", fault_text(&fault));
		return;
	}
	for (u64 cpu = low; cpu <= high && cpu - low < 64 && cpu < MAX_CPUS; cpu++)
		if (cpu_mask_has(cpus_present(), (unsigned)cpu))
			add_holder(&holders->cpus, &holders->nr_cpus, &all->cpu_space,
				   (struct rcu_holder){
					   .cpu = (unsigned)cpu,
					   .holds = mask >> (cpu - low) & 1,
					   .holds_expedited = expedited >> (cpu - low) & 1 });
	read_readers(all, node);
}

void rcu_holders_read(struct rcu_holders *holders)
{
	struct collecting all = { .holders = holders };
	u64 state = ksymbol_address(&rcu_state_symbol);
	u32 levels = mem_u32(ksymbol_address(&rcu_levels), "rcu_num_lvls"),
	    count = mem_u32(ksymbol_address(&rcu_nodes), "rcu_num_nodes");
	u64 bytes = ktype_size(&rcu_node_type), leaf,
	    end = field_address(state, &rcu_node) + (u64)count * bytes;

	*holders = (struct rcu_holders){ 0 };
	if (!levels || levels > kfield_size(&rcu_level) / sizeof(u64) || !count ||
	    count > MAX_NODES)
		fail("the tree of rcu_state has %u levels and %u nodes", levels, count);
	leaf = mem_u64(field_address(state, &rcu_level) + (levels - 1) * sizeof(u64),
		       "rcu_state.level");
	if (leaf < field_address(state, &rcu_node) || leaf >= end)
		fail("the leaves of rcu_state are at %llx, outside of it", leaf);
	for (; leaf < end; leaf += bytes) {
		interrupt_check();
		read_leaf(&all, leaf);
	}
}

bool rcu_callbacks(unsigned cpu, u64 *count, u64 *lazy)
{
	u64 data = percpu_symbol(&rcu_cpu_data, cpu);

	*lazy = 0;
	return field_try_u64(data, &data_callbacks, count, NULL) &&
	       (!kfield_exists(&data_lazy) || field_try_u64(data, &data_lazy, lazy, NULL));
}

/* ---- who waits ---- */

#define DEEPEST 16 /* frames below which nobody waits */

static const char *waits_in(const struct task *task)
{
	static const char *const prefixes[] = { "synchronize_rcu",	"synchronize_srcu",
						"__synchronize_srcu",	"rcu_barrier",
						"cond_synchronize_rcu", "__wait_rcu_gp" };
	struct stack_trace trace;
	const char *found = NULL;
	u64 offset;

	stack_unwind_saved(task, &trace);
	for (size_t i = 0; i < trace.nr_frames && i < DEEPEST; i++) {
		const struct frame *frame = &trace.frames[i];
		const struct symbol *symbol = symbol_at(frame->pc - 1, &offset);

		if (frame->source == FRAME_GUESS)
			break;
		for (size_t k = 0; symbol && k < ARRAY_SIZE(prefixes); k++)
			if (starts_with(symbol->name, prefixes[k]))
				found = symbol->name; /* the outermost: what was called */
	}
	/* Who drives an expedited grace period waits for CPUs, not for its end. */
	return found && starts_with(found, "synchronize_rcu_expedited_wait") ? NULL : found;
}

struct waiter_question {
	const struct task *task;
	const char *function;
};

static void ask_waiter(void *arg)
{
	struct waiter_question *question = arg;

	question->function = waits_in(question->task);
}

size_t rcu_waiters(struct rcu_waiter **waiters)
{
	size_t count = 0, space = 0;

	*waiters = NULL;
	for (size_t i = 0; i < task_count(); i++) {
		struct waiter_question question = { .task = task_at(i) };

		interrupt_check();
		if (question.task->on_cpu || !question.task->stack)
			continue;
		/* The frames are given back at once; the name is the symbol's. */
		protect(ask_waiter, &question, NULL);
		if (!question.function)
			continue;
		if (count == space)
			*waiters = scope_grow(*waiters, &space, sizeof(**waiters));
		(*waiters)[count++] = (struct rcu_waiter){ question.task, question.function };
	}
	return count;
}

/* ---- RCU for tasks ---- */

KSYMBOL(rcu_tasks_plain, "rcu_tasks");
KSYMBOL(rcu_tasks_rude, "rcu_tasks_rude"); /* up to v6.12 with callbacks */
KSYMBOL(rcu_tasks_trace, "rcu_tasks_trace"); /* up to v6.19: now SRCU */

size_t rcu_tasks_read(struct rcu_tasks **kinds)
{
	struct ksymbol *const symbols[] = { &rcu_tasks_plain, &rcu_tasks_rude, &rcu_tasks_trace };
	struct rcu_tasks *list = scope_array(ARRAY_SIZE(symbols), sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		u64 at, name, step, since;

		if (!ksymbol_exists(symbols[i]))
			continue;
		at = ksymbol_address(symbols[i]);
		if (!field_try_u64(at, &tasks_name, &name, NULL) ||
		    !field_try_u64(at, &tasks_step, &step, NULL) ||
		    !field_try_u64(at, &tasks_since, &since, NULL))
			continue;
		list[count++] = (struct rcu_tasks){ .address = at,
						    .name = string_at(name),
						    .step = step_name(&rcu_tasks_steps, step),
						    .since = jiffies_since(since),
						    .driver = driver_at(at, &tasks_kthread) };
	}
	*kinds = list;
	return count;
}
