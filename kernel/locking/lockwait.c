/* kernel/locking/lockwait.c - waiters on the stacks of sleeping tasks; owners in the locks' own words. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A task that waits for a lock sleeps in a function whose frame has its waiter: a link, and the
 * task. Up to v7.1 the waiters hang on a list whose head is in the lock. Since then they form a
 * ring without it; the task says itself which lock it is (task_struct.blocked_on, .blocker).
 */
#include "kernel/locking/lockwait.h"

#include "base/fail.h"
#include "containers/kpercpu.h"
#include "kernel/sched/waitqueue.h"
#include "kernel/unwind/stack.h"
#include "memory.h"
#include "symbols.h"

#include <stdio.h>

KFIELD(mutex_owner, "mutex.owner.counter");
KFIELD(mutex_list, "mutex.wait_list"); /* up to v7.1 */
KFIELD(mutex_first, "mutex.first_waiter");
KFIELD(mutex_waiter_task, "mutex_waiter.task");
KFIELD(rwsem_count, "rw_semaphore.count.counter");
KFIELD(rwsem_owner, "rw_semaphore.owner.counter");
KFIELD(rwsem_list, "rw_semaphore.wait_list");
KFIELD(rwsem_first, "rw_semaphore.first_waiter");
KFIELD(rwsem_waiter_task, "rwsem_waiter.task");
KFIELD(semaphore_count, "semaphore.count");
KFIELD(semaphore_list, "semaphore.wait_list");
KFIELD(semaphore_first, "semaphore.first_waiter");
KFIELD(semaphore_holder, "semaphore.last_holder"); /* v6.16 */
KFIELD(semaphore_waiter_task, "semaphore_waiter.task");
KFIELD(rt_owner, "rt_mutex_base.owner", "rt_mutex.owner"); /* v5.15 */
KFIELD(rt_waiter_lock, "rt_mutex_waiter.lock");
KFIELD(task_pi_waiter, "task_struct.pi_blocked_on");
KFIELD(task_blocked_on, "task_struct.blocked_on"); /* v7.0 */
KFIELD(task_blocker, "task_struct.blocker"); /* v6.16, CONFIG_DETECT_HUNG_TASK_BLOCKER */
KFIELD(task_vfork_done, "task_struct.vfork_done");
KFIELD(percpu_writer, "percpu_rw_semaphore.writer.task");
KFIELD(percpu_readers, "percpu_rw_semaphore.read_count");
KFIELD(percpu_waiters, "percpu_rw_semaphore.waiters.head");
KFIELD(queue_entry, "wait_queue_entry.entry");
KFIELD(queue_private, "wait_queue_entry.private");
KFIELD(queue_flags, "wait_queue_entry.flags");
KFIELD(queue_function, "wait_queue_entry.func");
KFIELD(queue_list, "wait_queue_head.head");
KFIELD(simple_task, "swait_queue.task");
KFIELD(simple_link, "swait_queue.task_list");
KFIELD(completion_list, "completion.wait.task_list");

#define OWNER_FLAGS 7 /* of mutexes and rwsems */
#define RT_OWNER_FLAGS 1
#define RWSEM_WRITER 1
#define RWSEM_READER_SHIFT 8
#define BLOCKER_KIND 3 /* low bits of task_struct.blocker */
#define FLAG_EXCLUSIVE 1
#define FRAME_WORDS 512
#define MAX_RING 4096

const char *lock_kind_name(enum lock_kind kind)
{
	static const char *const names[] = {
		[LOCK_MUTEX] = "mutex",		  [LOCK_WW_MUTEX] = "ww_mutex",
		[LOCK_RWSEM] = "rwsem",		  [LOCK_RT_MUTEX] = "rt_mutex",
		[LOCK_SEMAPHORE] = "semaphore",	  [LOCK_PERCPU_RWSEM] = "percpu_rwsem",
		[LOCK_COMPLETION] = "completion", [LOCK_BIT] = "bit",
		[LOCK_FOLIO] = "folio",		  [LOCK_WAIT_QUEUE] = "wait_queue",
	};

	return names[kind];
}

/* Functions in which a task waits, by how their names begin. */
static const struct {
	const char *prefix;
	enum lock_kind kind;
	bool to_write;
} sleepers[] = {
	{ "__ww_mutex_lock", LOCK_WW_MUTEX, false },
	{ "__mutex_lock", LOCK_MUTEX, false },
	{ "rwsem_down_read_", LOCK_RWSEM, false },
	{ "rwsem_down_write_", LOCK_RWSEM, true },
	{ "__down", LOCK_SEMAPHORE, false },
	{ "___down_common", LOCK_SEMAPHORE, false },
	{ "percpu_rwsem_wait", LOCK_PERCPU_RWSEM, false },
	{ "percpu_down_write", LOCK_PERCPU_RWSEM, true },
	{ "__wait_for_common", LOCK_COMPLETION, false },
	{ "wait_for_completion", LOCK_COMPLETION, false },
	{ "do_wait_for_common", LOCK_COMPLETION, false },
	{ "wait_for_common", LOCK_COMPLETION, false },
};

/* ---- the stack ---- */

struct search {
	const struct task *task;
	struct lock_wait *wait;
	/* words from the top of the stack up to the frames that called the one that waits */
	u64 start, count;
	u64 frame; /* number of the first word of that one */
	u64 words[FRAME_WORDS];
};

static bool is_on_stack(const struct task *task, u64 address)
{
	return address >= task->stack && address < stack_end(task);
}

static bool read_words(struct search *search, u64 start, u64 frame, u64 end)
{
	if (!is_on_stack(search->task, start) || frame < start || end <= frame)
		return false;
	search->start = start;
	search->frame = (frame - start) / 8;
	search->count = min_u64((min_u64(end, stack_end(search->task)) - start) / 8, FRAME_WORDS);
	return mem_try_read(start, search->words, search->count * 8, NULL);
}

/* A link at NODE whose neighbours point back, and that is not alone. */
static bool is_linked(u64 node)
{
	u64 pair[2], back;

	return mem_try_read(node, pair, sizeof(pair), NULL) && pair[0] != node &&
	       mem_try_u64(pair[0] + 8, &back, NULL) && back == node &&
	       mem_try_u64(pair[1], &back, NULL) && back == node;
}

/*
 * The entry of the task, which is in the frame: TASK_AT from its start, where its link is at
 * LINK_AT.
 */
static bool find_waiter(const struct search *search, u64 task_at, u64 link_at, u64 *waiter)
{
	for (u64 i = search->frame; i < search->count; i++) {
		*waiter = search->start + i * 8 - task_at;
		if (search->words[i] == search->task->address && is_linked(*waiter + link_at))
			return true;
	}
	return false;
}

/*
 * The head of the ring that WAITER hangs on: the node that is no waiter, for in that the task is
 * one on whose stack it lies. 0: there is none.
 */
static u64 head_of_ring(u64 waiter, u64 task_at, u64 link_at)
{
	u64 link = waiter + link_at, node = link, address;

	for (unsigned i = 0; i < MAX_RING; i++) {
		const struct task *task;

		if (!mem_try_u64(node, &node, NULL) || node == link)
			return 0;
		task = mem_try_u64(node - link_at + task_at, &address, NULL)
			       ? task_by_address(address)
			       : NULL;
		if (!task || !is_on_stack(task, node))
			return node;
	}
	return 0;
}

/* Is WAITER on the ring that begins with FIRST? */
static bool is_on_ring(u64 first, u64 waiter)
{
	u64 node = first;

	for (unsigned i = 0; i < MAX_RING && node; i++) {
		if (node == waiter)
			return true;
		if (!mem_try_u64(node, &node, NULL) || node == first)
			return false;
	}
	return false;
}

/*
 * A ring without a head: the lock whose first waiter is on it. Its address is on the stack,
 * where the function that waits keeps it, or where those that it called saved its registers.
 */
static u64 lock_by_words(const struct search *search, struct kfield *first_waiter, u64 waiter)
{
	for (u64 i = 0; i < search->count; i++) {
		u64 lock = search->words[i], first;

		if (mem_is_kernel_address(lock) &&
		    field_try_u64(lock, first_waiter, &first, NULL) && first &&
		    is_on_ring(first, waiter))
			return lock;
	}
	return 0;
}

/* What the task itself says; KIND: the low bits of .blocker that stand for it. */
static u64 lock_by_task(const struct task *task, enum lock_kind kind)
{
	u64 lock;

	if ((kind == LOCK_MUTEX || kind == LOCK_WW_MUTEX) && kfield_exists(&task_blocked_on) &&
	    field_try_u64(task->address, &task_blocked_on, &lock, NULL) && lock)
		return lock;
	if (kfield_exists(&task_blocker) &&
	    field_try_u64(task->address, &task_blocker, &lock, NULL))
		return lock & ~(u64)BLOCKER_KIND;
	return 0;
}

struct waiter_layout {
	struct kfield *task, *list, *first;
};

static bool find_listed(struct search *search, const struct waiter_layout *layout)
{
	struct lock_wait *wait = search->wait;
	u64 task_at, head;

	if (!kfield_exists(layout->task))
		return false;
	task_at = kfield_offset(layout->task);
	if (find_waiter(search, task_at, 0, &wait->waiter)) {
		head = kfield_exists(layout->list) ? head_of_ring(wait->waiter, task_at, 0) : 0;
		if (head)
			wait->lock = head - kfield_offset(layout->list);
	} else {
		wait->waiter = 0;
	}
	if (!wait->lock)
		wait->lock = lock_by_task(search->task, wait->kind);
	if (!wait->lock && wait->waiter && kfield_exists(layout->first))
		wait->lock = lock_by_words(search, layout->first, wait->waiter);
	return true;
}

static bool find_completion(struct search *search)
{
	struct lock_wait *wait = search->wait;
	u64 task_at = kfield_offset(&simple_task), link_at = kfield_offset(&simple_link), head;

	if (!find_waiter(search, task_at, link_at, &wait->waiter))
		return false;
	head = head_of_ring(wait->waiter, task_at, link_at);
	wait->lock = head ? head - kfield_offset(&completion_list) : 0;
	return true;
}

/* A writer that waits for readers is noted in the lock; others stand in its wait queue. */
static bool find_percpu(struct search *search)
{
	struct lock_wait *wait = search->wait;
	u64 task_at = kfield_offset(&queue_private), link_at = kfield_offset(&queue_entry);
	u64 head, flags, writer;

	if (find_waiter(search, task_at, link_at, &wait->waiter)) {
		head = head_of_ring(wait->waiter, task_at, link_at);
		wait->lock = head ? head - kfield_offset(&percpu_waiters) : 0;
		if (field_try_u64(wait->waiter, &queue_flags, &flags, NULL))
			wait->to_write = flags == FLAG_EXCLUSIVE; /* readers have one more */
		return true;
	}
	wait->waiter = 0;
	for (u64 i = 0; i < search->count && !wait->lock; i++)
		if (mem_is_kernel_address(search->words[i]) &&
		    field_try_u64(search->words[i], &percpu_writer, &writer, NULL) &&
		    writer == search->task->address)
			wait->lock = search->words[i];
	return true;
}

static bool find_lock(struct search *search)
{
	static const struct waiter_layout layouts[] = {
		[LOCK_MUTEX] = { &mutex_waiter_task, &mutex_list, &mutex_first },
		[LOCK_WW_MUTEX] = { &mutex_waiter_task, &mutex_list, &mutex_first },
		[LOCK_RWSEM] = { &rwsem_waiter_task, &rwsem_list, &rwsem_first },
		[LOCK_RT_MUTEX] = { NULL, NULL, NULL },
		[LOCK_SEMAPHORE] = { &semaphore_waiter_task, &semaphore_list, &semaphore_first },
	};

	if (search->wait->kind == LOCK_COMPLETION)
		return find_completion(search);
	if (search->wait->kind == LOCK_PERCPU_RWSEM)
		return find_percpu(search);
	return find_listed(search, &layouts[search->wait->kind]);
}

/* ---- wait queues ---- */

/* The innermost entry on the stack by which somebody can wake the task. */
static bool waits_on_queue(const struct task *task, const struct stack_trace *trace,
			   struct lock_wait *wait)
{
	struct search search = { .task = task, .wait = wait };
	u64 task_at = kfield_offset(&queue_private), link_at = kfield_offset(&queue_entry);
	u64 start = trace->nr_frames ? trace->frames[0].sp : 0, function, head;
	enum wait_key key;

	if (!read_words(&search, start, start, stack_end(task)))
		return false;
	for (u64 i = 0; i < search.count; i++) {
		wait->waiter = search.start + i * 8 - task_at;
		if (search.words[i] != task->address || !is_linked(wait->waiter + link_at) ||
		    !field_try_u64(wait->waiter, &queue_function, &function, NULL) ||
		    !address_is_text(function))
			continue;
		key = wait_entry_key(wait->waiter, function, &wait->lock, &wait->bit);
		wait->kind = key == WAIT_FOR_BIT    ? LOCK_BIT
			     : key == WAIT_FOR_PAGE ? LOCK_FOLIO
						    : LOCK_WAIT_QUEUE;
		if (key != WAIT_FOR_ANYTHING)
			return true;
		head = head_of_ring(wait->waiter, task_at, link_at);
		wait->lock = head ? head - kfield_offset(&queue_list) : 0;
		return true;
	}
	return false;
}

/* ---- a task ---- */

/* Neither may be interrupted, nor counts as one that has nothing to do. */
#define STATE_UNINTERRUPTIBLE 2
#define STATE_NOLOAD 0x400

static bool is_stuck(const struct task *task)
{
	return task->state & STATE_UNINTERRUPTIBLE && !(task->state & STATE_NOLOAD);
}

/* All locks with priority inheritance: those of rt kernels, rt_mutexes, futexes of that kind. */
static bool waits_for_rt_mutex(const struct task *task, struct lock_wait *wait)
{
	u64 waiter, lock;

	if (!kfield_exists(&task_pi_waiter) ||
	    !field_try_u64(task->address, &task_pi_waiter, &waiter, NULL) || !waiter ||
	    !field_try_u64(waiter, &rt_waiter_lock, &lock, NULL))
		return false;
	wait->kind = LOCK_RT_MUTEX;
	wait->waiter = waiter;
	wait->lock = lock;
	return true;
}

static bool sleeps_in(u64 pc, struct lock_wait *wait)
{
	u64 offset;
	const struct symbol *symbol = symbol_at(pc - 1, &offset);

	for (size_t i = 0; symbol && i < ARRAY_SIZE(sleepers); i++) {
		if (!starts_with(symbol->name, sleepers[i].prefix))
			continue;
		wait->kind = sleepers[i].kind;
		wait->to_write = sleepers[i].to_write;
		return true;
	}
	return false;
}

#define FRAMES_ABOVE 2 /* where a lock's address may be kept for a function that was called */
#define DEEPEST 12 /* frames below which nobody waits */

static bool search_frames(const struct task *task, struct lock_wait *wait)
{
	struct stack_trace trace;
	struct search search = { .task = task, .wait = wait };

	stack_unwind_saved(task, &trace);
	for (size_t i = 0; i < trace.nr_frames && i < DEEPEST; i++) {
		size_t last = min_u64(i + 1 + FRAMES_ABOVE, trace.nr_frames - 1);

		if (trace.frames[i].source == FRAME_GUESS)
			break;
		if (!sleeps_in(trace.frames[i].pc, wait))
			continue;
		return last > i &&
		       read_words(&search, trace.frames[0].sp, trace.frames[i].sp + 8,
				  trace.frames[last].sp) &&
		       find_lock(&search);
	}
	return is_stuck(task) && waits_on_queue(task, &trace, wait);
}

bool lock_wait_of(const struct task *task, struct lock_wait *wait)
{
	*wait = (struct lock_wait){ .task = task };
	if (task->on_cpu || !task->stack)
		return false;
	return waits_for_rt_mutex(task, wait) || search_frames(task, wait);
}

/* ---- owners ---- */

static void held_by(struct lock_owner *owner, u64 address)
{
	owner->owner_address = address;
	owner->owner = address ? task_by_address(address) : NULL;
	owner->holding = !address ? LOCK_FREE : owner->owner ? LOCK_HELD : LOCK_LEAKED;
}

static bool read_rwsem(u64 lock, struct lock_owner *owner)
{
	u64 count, word;

	if (!field_try_u64(lock, &rwsem_count, &count, NULL) ||
	    !field_try_u64(lock, &rwsem_owner, &word, NULL))
		return false;
	owner->readers = count >> RWSEM_READER_SHIFT & 0xffffffffffULL;
	if (count & RWSEM_WRITER) {
		held_by(owner, word & ~(u64)OWNER_FLAGS);
		return true;
	}
	owner->holding = owner->readers ? LOCK_READ : LOCK_FREE;
	/* The last that read, or began to: a hint. */
	if (owner->readers)
		owner->owner = task_by_address(word & ~(u64)OWNER_FLAGS);
	return true;
}

static bool read_semaphore(u64 lock, struct lock_owner *owner)
{
	u64 count, holder;

	if (!field_try_u64(lock, &semaphore_count, &count, NULL))
		return false;
	owner->holding = (u32)count ? LOCK_FREE : LOCK_NOT_KEPT;
	if (kfield_exists(&semaphore_holder) &&
	    field_try_u64(lock, &semaphore_holder, &holder, NULL))
		owner->owner = task_by_address(holder);
	return true;
}

/* Readers count on the CPU where they are: the sum tells. */
static bool read_percpu(u64 lock, struct lock_owner *owner)
{
	const struct cpu_mask *possible = cpus_possible();
	u64 counters, writer;
	s32 readers = 0;

	if (!field_try_u64(lock, &percpu_readers, &counters, NULL) ||
	    !field_try_u64(lock, &percpu_writer, &writer, NULL))
		return false;
	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1)) {
		u64 value;

		if (!mem_try_uint(percpu_address(counters, cpu), 4, &value, NULL))
			return false;
		readers += (s32)value;
	}
	owner->readers = readers > 0 ? (u64)readers : 0;
	owner->owner = task_by_address(writer); /* who comes next */
	owner->holding = owner->readers ? LOCK_READ : LOCK_NOT_KEPT;
	return true;
}

/* A parent waits until its vfork()ed child, or a kernel thread, is done. */
static void find_child(u64 lock, struct lock_owner *owner)
{
	u64 done;

	for (size_t i = 0; i < task_count() && kfield_exists(&task_vfork_done); i++)
		if (field_try_u64(task_at(i)->address, &task_vfork_done, &done, NULL) &&
		    done == lock) {
			held_by(owner, task_at(i)->address);
			return;
		}
}

void lock_owner_of(enum lock_kind kind, u64 lock, struct lock_owner *owner)
{
	struct kfield *word = kind == LOCK_RT_MUTEX ? &rt_owner : &mutex_owner;
	u64 flags = kind == LOCK_RT_MUTEX ? RT_OWNER_FLAGS : OWNER_FLAGS, value;
	bool read = false;

	*owner = (struct lock_owner){ .holding = LOCK_NOT_KEPT };
	if (kind == LOCK_COMPLETION) {
		find_child(lock, owner);
		return;
	}
	if (kind == LOCK_BIT || kind == LOCK_FOLIO || kind == LOCK_WAIT_QUEUE)
		return;
	if (kind == LOCK_RWSEM) {
		read = read_rwsem(lock, owner);
	} else if (kind == LOCK_SEMAPHORE) {
		read = read_semaphore(lock, owner);
	} else if (kind == LOCK_PERCPU_RWSEM) {
		read = read_percpu(lock, owner);
	} else if (kfield_exists(word) && field_try_u64(lock, word, &value, NULL)) {
		held_by(owner, value & ~flags);
		read = true;
	}
	if (!read)
		owner->holding = LOCK_UNREADABLE;
}
