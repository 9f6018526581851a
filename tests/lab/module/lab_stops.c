/* lab_stops.c - lab guest: panics on stacks that a processor goes to by itself, and a processor deaf to NMIs. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <linux/delay.h>
#include <linux/hw_breakpoint.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/perf_event.h>
#include <linux/sysrq.h>
#include <asm/apic.h>
#include <asm/nmi.h>

#define DEAF_CPU 1

static struct task_struct *stops_thread;
static char *crash = "debug";
module_param(crash, charp, 0444);

/* Until this returns, the processor takes no other NMI: the crashing kernel's is never answered. */
static noinline void spin_for_ever(void)
{
	for (;;)
		cpu_relax();
}

static int nmi_arrives(unsigned int type, struct pt_regs *regs)
{
	if (smp_processor_id() != DEAF_CPU)
		return NMI_DONE;
	spin_for_ever();
	return NMI_HANDLED;
}

static noinline void deafen_other_processor(void)
{
	if (register_nmi_handler(NMI_LOCAL, nmi_arrives, 0, "lab"))
		return;
	apic->send_IPI_mask(cpumask_of(DEAF_CPU), NMI_VECTOR);
	mdelay(200);
}

static volatile int watched;

static void watched_is_written(struct perf_event *event, struct perf_sample_data *data,
			       struct pt_regs *regs)
{
	panic("lab: the watched word was written");
}

static noinline void write_watched(void)
{
	watched = 1;
	/* Not a tail call of what comes before: the trap is reported behind the store, and still here. */
	barrier();
}

static noinline void watch_and_write(void)
{
	struct perf_event_attr attr;

	hw_breakpoint_init(&attr);
	attr.bp_addr = (unsigned long)&watched;
	attr.bp_len = HW_BREAKPOINT_LEN_4;
	attr.bp_type = HW_BREAKPOINT_W;
	if (IS_ERR((void __force *)register_wide_hw_breakpoint(&attr, watched_is_written, NULL)))
		return;
	write_watched();
	barrier();
}

static int stops_thread_runs(void *what)
{
	if (strcmp(crash, "debug") == 0)
		watch_and_write();
	if (strcmp(crash, "nmideaf") == 0)
		deafen_other_processor();
	BUG();
}

/* The host asks by break and y on the serial line. */
static void start_crash(int key)
{
	wake_up_process(stops_thread);
}

static const struct sysrq_key_op key = {
	.handler = start_crash,
	.help_msg = "lab(y)",
	.action_msg = "The lab's own crash",
	.enable_mask = SYSRQ_ENABLE_DUMP,
};

static int __init stops_init(void)
{
	stops_thread = kthread_create(stops_thread_runs, NULL, "lab-stops");
	if (IS_ERR(stops_thread))
		return PTR_ERR(stops_thread);
	kthread_bind(stops_thread, 0);
	return register_sysrq_key('y', &key);
}
module_init(stops_init);

MODULE_DESCRIPTION("crashes on a processor's special stacks");
MODULE_LICENSE("GPL");
