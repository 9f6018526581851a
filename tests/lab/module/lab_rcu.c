/* lab_rcu.c - lab guest: a reader that never lets go, who waits for it, and callbacks; a line in the log about each. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Key y of sysrq begins. "lab_rcu: KIND PID CPU NUMBER". The reader sleeps, which is forbidden and gives one
 * warning; the kernel takes it for one that was preempted. It panics when it finds the stall.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sysrq.h>

#define CALLBACKS 500
#define READER_CPU 1

static char *crash = "rcu"; /* the kernel does, on the stall */
module_param(crash, charp, 0444);

static struct task_struct *others[4]; /* the reader, which wakes the others */
static struct rcu_head lab_heads[CALLBACKS];

static void tell(const char *what, int number)
{
	pr_info("lab_rcu: %s %d %d %d\n", what, current->pid, raw_smp_processor_id(), number);
}

static int reader(void *unused)
{
	int i;

	rcu_read_lock();
	tell("reader", 0);
	for (i = 1; i < ARRAY_SIZE(others); i++)
		wake_up_process(others[i]);
	for (;;) {
		set_current_state(TASK_IDLE);
		schedule();
	}
	return 0;
}

static int waiter(void *unused)
{
	tell("waiter", 0);
	synchronize_rcu();
	return 0;
}

static int fast_waiter(void *unused)
{
	tell("expedited", 0);
	synchronize_rcu_expedited();
	return 0;
}

static void called(struct rcu_head *head)
{
}

static int caller(void *unused)
{
	int i;

	for (i = 0; i < CALLBACKS; i++)
		call_rcu(&lab_heads[i], called);
	tell("callbacks", CALLBACKS);
	for (;;) {
		set_current_state(TASK_IDLE);
		schedule();
	}
	return 0;
}

static struct task_struct *make(int (*function)(void *), const char *name, int cpu)
{
	struct task_struct *task = kthread_create(function, NULL, "%s", name);

	if (IS_ERR(task))
		return NULL;
	kthread_bind(task, cpu);
	return task;
}

static void key_pressed(int key)
{
	wake_up_process(others[0]);
}

static const struct sysrq_key_op key = { .handler = key_pressed, .help_msg = "lab-rcu(y)", .action_msg = "lab_rcu" };

static int __init lab_rcu_init(void)
{
	others[0] = make(reader, "lab-rcu-reader", READER_CPU);
	others[1] = make(waiter, "lab-rcu-wait", 0);
	others[2] = make(fast_waiter, "lab-rcu-fast", 0);
	others[3] = make(caller, "lab-rcu-call", 0);
	if (!others[0] || !others[1] || !others[2] || !others[3])
		return -ENOMEM;
	return register_sysrq_key('y', &key);
}

module_init(lab_rcu_init);
MODULE_DESCRIPTION("a grace period that does not end");
MODULE_LICENSE("GPL");
