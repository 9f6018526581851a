/* lab_works.c - lab guest: workqueues with works in every state, and a line in the log about each. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "lab_works: running WORK FUNCTION QUEUE PID" from a work that stays as it is until the crash,
 * "lab_works: inactive WORK FUNCTION QUEUE" of one for which its queue's limit leaves no place,
 * "lab_works: pending ..." of one that its pool does not begin, "lab_works: delayed WORK FUNCTION QUEUE
 * EXPIRES", "lab_works: barrier WORK PID" of a task that waits until WORK has ended.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define PER_CPU WQ_PERCPU
#else
#define PER_CPU 0
#endif

/* Longer than a pool may stand still: the kernel's own watchdog takes 30 seconds. */
#define STALL_SECONDS 31
#define DELAY_SECONDS 3600

struct lab_work {
	struct work_struct work;
	const char *queue;
	struct completion begun;
};

/* Where nothing else runs (isolcpus=): disks need the pool that will stand still. */
#define STALL_CPU 2

#define NR_WORKS 24
static struct lab_work lab_work[NR_WORKS];
static unsigned nr_works;
static struct delayed_work lab_delayed;

static void tell_running(struct lab_work *work, const char *function)
{
	pr_info("lab_works: running %px %s %s %d\n", &work->work, function, work->queue, current->pid);
	complete(&work->begun);
}

static void stay(void)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		schedule();
	}
}

static void lab_stay(struct work_struct *work)
{
	tell_running(container_of(work, struct lab_work, work), "lab_stay");
	stay();
}

static void lab_describe(struct work_struct *work)
{
	set_worker_desc("beside %s", "nothing");
	tell_running(container_of(work, struct lab_work, work), "lab_describe");
	stay();
}

/* A worker that sleeps and does not tell its pool: the pool waits for it before it begins another work. */
static void lab_stall(struct work_struct *work)
{
	tell_running(container_of(work, struct lab_work, work), "lab_stall");
	current->flags &= ~PF_WQ_WORKER;
	stay();
}

static void lab_never(struct work_struct *work)
{
	pr_info("lab_works: %px runs\n", work);
}

static bool put(struct workqueue_struct *queue, const char *name, int cpu, work_func_t function)
{
	struct lab_work *work = &lab_work[nr_works++];

	INIT_WORK(&work->work, function);
	init_completion(&work->begun);
	work->queue = name;
	if (cpu < 0)
		queue_work(queue, &work->work);
	else
		queue_work_on(cpu, queue, &work->work);
	return function == lab_never || wait_for_completion_timeout(&work->begun, 30 * HZ);
}

/* RUNNING works that stay, and BEHIND more, which are in state WHAT. */
static bool fill(struct workqueue_struct *queue, const char *name, int cpu, work_func_t function,
		 unsigned running, const char *what, unsigned behind)
{
	if (!queue)
		return false;
	for (unsigned i = 0; i < running; i++)
		if (!put(queue, name, cpu, function))
			return false;
	for (unsigned i = 0; i < behind; i++) {
		put(queue, name, cpu, lab_never);
		pr_info("lab_works: %s %px lab_never %s\n", what, &lab_work[nr_works - 1].work, name);
	}
	return true;
}

static int flush(void *work)
{
	pr_info("lab_works: barrier %px %d\n", work, current->pid);
	flush_work(work);
	return 0;
}

static bool wait_behind(struct work_struct *work)
{
	struct task_struct *task = kthread_run(flush, work, "lw-flush");

	if (IS_ERR(task))
		return false;
	for (int i = 0; i < 3000; i++) {
		if (task_state_to_char(task) == 'D')
			return true;
		msleep(10);
	}
	return false;
}

static int __init lab_works_init(void)
{
	struct workqueue_struct *bound = alloc_workqueue("lab_bound", PER_CPU, 0), *stalled;

	if (!fill(alloc_ordered_workqueue("lab_ordered", 0), "lab_ordered", -1, lab_stay, 1, "inactive", 3) ||
	    !fill(alloc_workqueue("lab_narrow", PER_CPU, 2), "lab_narrow", 0, lab_stay, 2, "inactive", 4) ||
	    !fill(bound, "lab_bound", 0, lab_stay, 1, NULL, 0) ||
	    !wait_behind(&lab_work[nr_works - 1].work) ||
	    !fill(alloc_workqueue("lab_unbound", WQ_UNBOUND, 0), "lab_unbound", -1, lab_describe, 1, NULL, 0) ||
	    !fill(alloc_workqueue("lab_rescued", PER_CPU | WQ_MEM_RECLAIM, 0), "lab_rescued", 1, lab_stay, 1, NULL, 0))
		return -EIO;
	INIT_DELAYED_WORK(&lab_delayed, lab_never);
	queue_delayed_work_on(1, bound, &lab_delayed, DELAY_SECONDS * HZ);
	pr_info("lab_works: delayed %px lab_never lab_bound %lu\n", &lab_delayed.work, lab_delayed.timer.expires);
	stalled = alloc_workqueue("lab_stalled", PER_CPU | WQ_HIGHPRI, 0);
	if (!fill(stalled, "lab_stalled", STALL_CPU, lab_stall, 1, "pending", 2))
		return -EIO;
	msleep(STALL_SECONDS * 1000);
	pr_info("lab_works: done\n");
	return 0;
}

module_init(lab_works_init);
MODULE_DESCRIPTION("workqueues with works in every state");
MODULE_LICENSE("GPL");
