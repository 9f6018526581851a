/* lab_locks.c - lab guest: locks of every kind with owners and waiters, and a line in the log about each. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "lab_locks: owner KIND ADDRESS PID NAME" when a thread has a lock, "lab_locks: waiter ..." before it
 * asks for one that it will not get, "lab_locks: leaked ..." before it ends without giving it back.
 * All threads stay as they are until the crash. Owners sleep in a state that is no wait for anything.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/percpu-rwsem.h>
#include <linux/rtmutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>
#include <linux/ww_mutex.h>

#define LAB_BIT 3

#define TELL(what, kind, lock) \
	pr_info("lab_locks: %s %s %px %d %s\n", what, kind, (void *)(lock), current->pid, current->comm)

static DEFINE_MUTEX(lab_mutex);
static DECLARE_RWSEM(lab_rwsem_written);
static DECLARE_RWSEM(lab_rwsem_read);
static DEFINE_RT_MUTEX(lab_rt_mutex);
static struct semaphore lab_semaphore;
static DEFINE_WW_CLASS(lab_class);
static struct ww_mutex lab_ww_mutex;
DEFINE_STATIC_PERCPU_RWSEM(lab_percpu_rwsem);
static DECLARE_COMPLETION(lab_completion);
static unsigned long lab_word = 1 << LAB_BIT;
static DECLARE_WAIT_QUEUE_HEAD(lab_queue);
static int lab_never;
static struct page *lab_page;
static DEFINE_MUTEX(lab_self);
static DEFINE_MUTEX(lab_leaked);
static struct mutex *lab_a, *lab_b; /* in memory of a slab cache */
static DECLARE_COMPLETION(a_is_held);
static DECLARE_COMPLETION(b_is_held);
#define LINKS 5
static struct mutex lab_chain[LINKS];
#define RING 3
static struct mutex lab_ring[RING];
static struct completion ring_is_held[RING];

static void stay(void)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		schedule();
	}
}

#define OWNER(name, kind, lock, take)    \
	static int name(void *unused)    \
	{                                \
		take;                    \
		TELL("owner", kind, lock); \
		stay();                  \
		return 0;                \
	}

#define WAITER(name, kind, lock, take)    \
	static int name(void *unused)     \
	{                                 \
		TELL("waiter", kind, lock); \
		take;                     \
		stay();                   \
		return 0;                 \
	}

OWNER(own_mutex, "mutex", &lab_mutex, mutex_lock(&lab_mutex))
WAITER(wait_mutex, "mutex", &lab_mutex, mutex_lock(&lab_mutex))
OWNER(own_written, "rwsem-write", &lab_rwsem_written, down_write(&lab_rwsem_written))
WAITER(read_written, "rwsem-read", &lab_rwsem_written, down_read(&lab_rwsem_written))
WAITER(write_written, "rwsem-write", &lab_rwsem_written, down_write(&lab_rwsem_written))
OWNER(own_read, "rwsem-read", &lab_rwsem_read, down_read(&lab_rwsem_read))
WAITER(write_read, "rwsem-write", &lab_rwsem_read, down_write(&lab_rwsem_read))
OWNER(own_rt, "rt_mutex", &lab_rt_mutex, rt_mutex_lock(&lab_rt_mutex))
WAITER(wait_rt, "rt_mutex", &lab_rt_mutex, rt_mutex_lock(&lab_rt_mutex))
OWNER(own_semaphore, "semaphore", &lab_semaphore, down(&lab_semaphore))
WAITER(wait_semaphore, "semaphore", &lab_semaphore, down(&lab_semaphore))
OWNER(own_ww, "ww_mutex", &lab_ww_mutex, (void)ww_mutex_lock(&lab_ww_mutex, NULL))
WAITER(wait_ww, "ww_mutex", &lab_ww_mutex, (void)ww_mutex_lock(&lab_ww_mutex, NULL))
OWNER(own_percpu, "percpu_rwsem-read", &lab_percpu_rwsem, percpu_down_read(&lab_percpu_rwsem))
WAITER(write_percpu, "percpu_rwsem-write", &lab_percpu_rwsem, percpu_down_write(&lab_percpu_rwsem))
WAITER(wait_completion_of_ours, "completion", &lab_completion, wait_for_completion(&lab_completion))

WAITER(wait_bit, "bit", &lab_word, wait_on_bit(&lab_word, LAB_BIT, TASK_UNINTERRUPTIBLE))
WAITER(wait_queue_of_ours, "wait_queue", &lab_queue, wait_event(lab_queue, READ_ONCE(lab_never)))

static void lock_lab_page(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 16, 0)
	folio_lock(page_folio(lab_page));
#else
	lock_page(lab_page);
#endif
}

OWNER(own_page, "folio", lab_page, lock_lab_page())
WAITER(wait_page, "folio", lab_page, lock_lab_page())

/* A writer first waits for all processors to notice, and only then keeps new readers out. */
static int read_percpu(void *unused)
{
	while (!atomic_read(&lab_percpu_rwsem.block))
		msleep_interruptible(10);
	TELL("waiter", "percpu_rwsem-read", &lab_percpu_rwsem);
	percpu_down_read(&lab_percpu_rwsem);
	stay();
	return 0;
}

static int lock_itself(void *unused)
{
	mutex_lock(&lab_self);
	TELL("owner", "mutex", &lab_self);
	TELL("waiter", "mutex", &lab_self);
	mutex_lock(&lab_self);
	stay();
	return 0;
}

static int leak(void *unused)
{
	mutex_lock(&lab_leaked);
	TELL("leaked", "mutex", &lab_leaked);
	return 0;
}

WAITER(wait_leaked, "mutex", &lab_leaked, mutex_lock(&lab_leaked))

static int first_a(void *unused)
{
	mutex_lock(lab_a);
	TELL("owner", "mutex", lab_a);
	complete(&a_is_held);
	wait_for_completion(&b_is_held);
	TELL("waiter", "mutex", lab_b);
	mutex_lock(lab_b);
	stay();
	return 0;
}

static int first_b(void *unused)
{
	mutex_lock(lab_b);
	TELL("owner", "mutex", lab_b);
	complete(&b_is_held);
	wait_for_completion(&a_is_held);
	TELL("waiter", "mutex", lab_a);
	mutex_lock(lab_a);
	stay();
	return 0;
}

/* Thread N of the chain has lock N, and waits for the one before. */
static int link_chain(void *arg)
{
	long n = (long)arg;

	mutex_lock(&lab_chain[n]);
	TELL("owner", "mutex", &lab_chain[n]);
	if (n) {
		TELL("waiter", "mutex", &lab_chain[n - 1]);
		mutex_lock(&lab_chain[n - 1]);
	}
	stay();
	return 0;
}

/* Each has its own, and waits for the next one's. */
static int join_ring(void *arg)
{
	long n = (long)arg, next = (n + 1) % RING;

	mutex_lock(&lab_ring[n]);
	TELL("owner", "mutex", &lab_ring[n]);
	complete_all(&ring_is_held[n]);
	wait_for_completion(&ring_is_held[next]);
	TELL("waiter", "mutex", &lab_ring[next]);
	mutex_lock(&lab_ring[next]);
	stay();
	return 0;
}

/* Until it sleeps as uninterruptible, or as an owner does, or has ended. */
static bool settled(struct task_struct *task, bool ends)
{
	for (int i = 0; i < 3000; i++) {
		char state = task_state_to_char(task);

		if (ends ? state == 'X' || state == 'Z' : state == 'D' || state == 'I')
			return true;
		msleep(10);
	}
	return false;
}

static struct task_struct *start(int (*body)(void *arg), void *arg, const char *name)
{
	struct task_struct *task = kthread_run(body, arg, "lk-%s", name);

	if (IS_ERR(task))
		return NULL;
	get_task_struct(task);
	return task;
}

static const struct {
	int (*body)(void *arg);
	long arg;
	const char *name;
	bool beside; /* the next one is needed before this one settles */
} cast[] = {
	{ own_mutex, 0, "mutex-own" },
	{ wait_mutex, 0, "mutex-1" },
	{ wait_mutex, 0, "mutex-2" },
	{ own_written, 0, "written-own" },
	{ read_written, 0, "written-read" },
	{ write_written, 0, "written-write" },
	{ own_read, 0, "read-own" },
	{ write_read, 0, "read-write" },
	{ own_rt, 0, "rt-own" },
	{ wait_rt, 0, "rt-wait" },
	{ own_semaphore, 0, "sem-own" },
	{ wait_semaphore, 0, "sem-1" },
	{ wait_semaphore, 0, "sem-2" },
	{ own_ww, 0, "ww-own" },
	{ wait_ww, 0, "ww-wait" },
	{ own_percpu, 0, "percpu-own" },
	{ write_percpu, 0, "percpu-write" },
	{ read_percpu, 0, "percpu-read" },
	{ wait_completion_of_ours, 0, "completion" },
	{ wait_bit, 0, "bit" },
	{ wait_queue_of_ours, 0, "queue" },
	{ own_page, 0, "page-own" },
	{ wait_page, 0, "page-1" },
	{ wait_page, 0, "page-2" },
	{ lock_itself, 0, "self" },
	{ first_a, 0, "ab-a", true },
	{ first_b, 0, "ab-b" },
	{ link_chain, 0, "chain-0" },
	{ link_chain, 1, "chain-1" },
	{ link_chain, 2, "chain-2" },
	{ link_chain, 3, "chain-3" },
	{ link_chain, 4, "chain-4" },
	{ join_ring, 0, "ring-0", true },
	{ join_ring, 1, "ring-1", true },
	{ join_ring, 2, "ring-2" },
	{ wait_leaked, 0, "leak-wait", true },
};

static int prepare(void)
{
	sema_init(&lab_semaphore, 1);
	ww_mutex_init(&lab_ww_mutex, &lab_class);
	lab_a = kzalloc(sizeof(*lab_a), GFP_KERNEL);
	lab_b = kzalloc(sizeof(*lab_b), GFP_KERNEL);
	lab_page = alloc_page(GFP_KERNEL);
	if (!lab_a || !lab_b || !lab_page)
		return -ENOMEM;
	mutex_init(lab_a);
	mutex_init(lab_b);
	for (int i = 0; i < LINKS; i++)
		mutex_init(&lab_chain[i]);
	for (int i = 0; i < RING; i++) {
		mutex_init(&lab_ring[i]);
		init_completion(&ring_is_held[i]);
	}
	return 0;
}

static int __init lab_locks_init(void)
{
	struct task_struct *task;

	if (prepare())
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(cast); i++) {
		/* The one that leaks comes last but one: a task made later could take its place. */
		if (cast[i].body == wait_leaked) {
			task = start(leak, NULL, "leak");
			if (!task || !settled(task, true))
				return -EIO;
		}
		task = start(cast[i].body, (void *)cast[i].arg, cast[i].name);
		if (!task || (!cast[i].beside && !settled(task, false)))
			return -EIO;
	}
	if (!settled(task, false))
		return -EIO;
	pr_info("lab_locks: done\n");
	return 0;
}

module_init(lab_locks_init);
MODULE_DESCRIPTION("locks with owners and waiters");
MODULE_LICENSE("GPL");
