/* lab_mod.c - lab guest: a module with data of known contents, and panics only a kernel can cause. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/sysrq.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#define ITEMS 37

struct lab_item {
	int number;
	char name[20];
	struct list_head link;
	struct hlist_node hash;
	struct rb_node node;
};

/* What a test finds: items 0 to 36 named item-0 to item-36, in each of these. */
LIST_HEAD(lab_list);
struct hlist_head lab_hash[4];
struct rb_root lab_tree = RB_ROOT;
DEFINE_XARRAY(lab_xarray);
DEFINE_PER_CPU(int, lab_percpu);
struct kmem_cache *lab_cache;

/* Types that no kernel has: only this module's own debug information tells of them. */
enum lab_colour { LAB_RED = 3, LAB_GREEN = 70, LAB_BLUE };

union lab_word {
	unsigned int number;
	unsigned char bytes[4];
};

struct lab_counts {
	long events;
	union lab_word word;
	enum lab_colour colour;
};

/* Of CPU n: 1000 * n + the index; 500 + n events, the word 0x01020300 + n, blue. */
static DEFINE_PER_CPU(int[5], lab_percpu_array);
DEFINE_PER_CPU(struct lab_counts, lab_percpu_counts);
EXPORT_PER_CPU_SYMBOL_GPL(lab_percpu_counts);
static struct lab_counts lab_total = { 4242, { 0x0a0b0c0d }, LAB_GREEN };

static struct task_struct *lab_thread;
static char *crash = "work";
module_param(crash, charp, 0444);

/* A cache with a constructor is not merged with others of its size. */
static void construct(void *memory)
{
	memset(memory, 0, sizeof(struct lab_item));
}

static void insert(struct lab_item *item)
{
	struct rb_node **link = &lab_tree.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		if (item->number < rb_entry(parent, struct lab_item, node)->number)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&item->node, parent, link);
	rb_insert_color(&item->node, &lab_tree);
}

static void fill_percpu(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
	{
		per_cpu(lab_percpu, cpu) = 100 + cpu;
		for (int i = 0; i < 5; i++)
			per_cpu(lab_percpu_array, cpu)[i] = 1000 * cpu + i;
		per_cpu(lab_percpu_counts,
			cpu) = (struct lab_counts){ 500 + cpu, { 0x01020300 + cpu }, LAB_BLUE };
	}
	lab_total.events++;
}

static int make_items(void)
{

	lab_cache = kmem_cache_create("lab_items", sizeof(struct lab_item), 0, 0, construct);
	if (!lab_cache)
		return -ENOMEM;
	for (int i = 0; i < ITEMS; i++) {
		/* 17 and 37 have no common divisor: every number comes once, in no order. */
		int number = i * 17 % ITEMS;
		struct lab_item *item = kmem_cache_alloc(lab_cache, GFP_KERNEL);

		if (!item)
			return -ENOMEM;
		item->number = number;
		snprintf(item->name, sizeof(item->name), "item-%d", number);
		list_add_tail(&item->link, &lab_list);
		hlist_add_head(&item->hash, &lab_hash[number % 4]);
		insert(item);
		xa_store(&lab_xarray, number * 100, item, GFP_KERNEL);
	}
	xa_store(&lab_xarray, 5, xa_mk_value(4711), GFP_KERNEL);
	fill_percpu();
	return 0;
}

/* A store: the compiler drops a load whose value nobody uses. */
static noinline void store_to_null(void)
{
	*(volatile int *)8 = 1;
}

static noinline int recurse(int depth)
{
	volatile char room[1000];

	memset((char *)room, depth, sizeof(room));
	return depth < 0 ? 0 : recurse(depth + 1) + room[depth % 1000];
}

static void soft_timer_fires(struct timer_list *timer)
{
	store_to_null();
}

static enum hrtimer_restart hard_timer_fires(struct hrtimer *timer)
{
	store_to_null();
	return HRTIMER_NORESTART;
}

static void work_runs(struct work_struct *work)
{
	store_to_null();
}

static void (*volatile bad_function)(void);

/* An address in vmalloc space that no area has: its first pages stay free on a machine this small. */
static noinline void call_nothing(bool wild)
{
	bad_function = wild ? (void (*)(void))(VMALLOC_END - PAGE_SIZE + 0x123) : NULL;
	bad_function();
	/* Not a tail call, or this function would have no frame. */
	barrier();
}

static noinline void keep_processor(void)
{
	for (;;)
		cpu_relax();
}

static int deaf_runs(void *what)
{
	local_irq_disable();
	keep_processor();
	return 0;
}

static void deafen_other_processor(void)
{
	struct task_struct *deaf = kthread_create(deaf_runs, NULL, "lab-deaf");

	if (IS_ERR(deaf))
		return;
	kthread_bind(deaf, 1);
	wake_up_process(deaf);
	mdelay(200);
}

static int thread_runs(void *what)
{
	if (strcmp(crash, "overflow") == 0)
		return recurse(0);
	if (strcmp(crash, "process") == 0)
		store_to_null();
	if (strcmp(crash, "null") == 0 || strcmp(crash, "wild") == 0)
		call_nothing(crash[0] == 'w');
	if (strcmp(crash, "lockup") == 0) {
		preempt_disable();
		keep_processor();
	}
	if (strcmp(crash, "deaf") == 0)
		deafen_other_processor();
	BUG();
}

static DEFINE_TIMER(soft_timer, soft_timer_fires);
static struct hrtimer hard_timer;
static DECLARE_WORK(work, work_runs);

/* The host asks by break and y on the serial line; this, in its interrupt, sets the rest going. */
static void start_crash(int key)
{
	if (strcmp(crash, "softirq") == 0)
		mod_timer(&soft_timer, jiffies + 2);
	else if (strcmp(crash, "hardirq") == 0)
		hrtimer_start(&hard_timer, ms_to_ktime(5), HRTIMER_MODE_REL_HARD);
	else if (strcmp(crash, "work") == 0)
		schedule_work(&work);
	else
		wake_up_process(lab_thread);
}

static const struct sysrq_key_op key = {
	.handler = start_crash,
	.help_msg = "lab(y)",
	.action_msg = "The lab's own crash",
	.enable_mask = SYSRQ_ENABLE_DUMP,
};

static int __init lab_init(void)
{
	int error = make_items();

	if (error)
		return error;
	hrtimer_init(&hard_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	hard_timer.function = hard_timer_fires;
	lab_thread = kthread_create(thread_runs, NULL, "lab-thread");
	if (IS_ERR(lab_thread))
		return PTR_ERR(lab_thread);
	if (strcmp(crash, "deaf") == 0)
		kthread_bind(lab_thread, 0);
	return register_sysrq_key('y', &key);
}
module_init(lab_init);

MODULE_DESCRIPTION("data and crashes for tests");
MODULE_LICENSE("GPL");
