/* lab_objects.c - lab guest: an object of every kind and state of kernel memory, and a line in the log about each. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "lab_objects: KIND ADDRESS NAME=VALUE...": what the test asks about, and what it then compares.
 * All numbers are hexadecimal. What is planted stays as it is until the crash: nobody else uses
 * these caches, and all work on them is bound to a processor.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#if __has_include(<linux/kfence.h>)
#include <linux/kfence.h>
#else
#define is_kfence_address(address) false /* before v5.12 */
#endif

#define TELL(kind, address, format, ...) \
	pr_info("lab_objects: %s %px" format "\n", kind, (void *)(address), ##__VA_ARGS__)

struct lab_object {
	char text[192];
};

#define FEW 5

#define MANY 300

static struct kmem_cache *shrunk, *at_hand, *pooled, *guarded, *in_bulk;
static mempool_t *pool;
static struct lab_object *first[FEW], *second[FEW];

static DEFINE_PER_CPU(int[4], lab_objects_percpu);
static int lab_objects_data[64] = { 1 };
static int lab_objects_bss[64];
static const int lab_objects_rodata[64] = { 2 };

/* A cache with a constructor is not merged with others of its size. */
static void construct(void *memory)
{
	strcpy(memory, "lab");
}

static struct kmem_cache *cache(const char *name)
{
	return kmem_cache_create(name, sizeof(struct lab_object), 0, 0, construct);
}

/* None that kfence gave: these are a kind of their own. */
static void *plain_object(struct kmem_cache *from)
{
	for (;;) {
		void *object = kmem_cache_alloc(from, GFP_KERNEL);

		if (!object || !is_kfence_address(object))
			return object;
	}
}

static bool fill(struct kmem_cache *from, struct lab_object **objects)
{
	for (int i = 0; i < FEW; i++) {
		objects[i] = plain_object(from);
		if (!objects[i])
			return false;
	}
	return true;
}

/* Shrinking leaves free objects on the freelist of a slab that is on its node's list. */
static bool plant_shrunk(void)
{
	struct lab_object *objects[FEW];

	if (!fill(shrunk, objects))
		return false;
	kmem_cache_free(shrunk, objects[1]);
	kmem_cache_free(shrunk, objects[3]);
	kmem_cache_shrink(shrunk);
	TELL("slab-allocated", objects[0], " cache=lab_shrunk");
	TELL("slab-allocated", objects[4], " cache=lab_shrunk");
	TELL("slab-free-listed", objects[1], " cache=lab_shrunk");
	TELL("slab-free-listed", objects[3], " cache=lab_shrunk");
	return true;
}

/* Runs on the processor that then has the free one at hand. */
static long plant_at_hand(void *arg)
{
	struct lab_object **objects = arg;
	int cpu = raw_smp_processor_id();

	if (!fill(at_hand, objects))
		return -ENOMEM;
	kmem_cache_free(at_hand, objects[2]);
	TELL("slab-allocated", objects[1], " cache=lab_at_hand");
	TELL("slab-free-at-hand", objects[2], " cache=lab_at_hand cpu=%x", cpu);
	return 0;
}

/* Of the slab that another processor allocates from. */
static long free_of_other(void *arg)
{
	struct lab_object *object = arg;

	kmem_cache_free(at_hand, object);
	TELL("slab-free-by-other", object, " cache=lab_at_hand cpu=%x", raw_smp_processor_id());
	return 0;
}

/* Every other one is free, so that all slabs stay; these are more than a processor keeps at hand. */
static long plant_in_bulk(void *arg)
{
	static struct lab_object *objects[MANY];

	for (int i = 0; i < MANY; i++) {
		objects[i] = plain_object(in_bulk);
		if (!objects[i])
			return -ENOMEM;
	}
	for (int i = 1; i < MANY; i += 2)
		kmem_cache_free(in_bulk, objects[i]);
	TELL("slab-allocated", objects[0], " cache=lab_in_bulk");
	for (int i = 1; i < MANY; i += 38)
		TELL("slab-free-in-bulk", objects[i], " cache=lab_in_bulk");
	return 0;
}

static bool plant_guarded(void)
{
	struct lab_object *found[2] = { NULL, NULL };
	int count = 0;

	/* Where the kernel has kfence, the command line has it take one of the next allocations every 10 ms. */
	for (int i = 0; IS_ENABLED(CONFIG_KFENCE) && i < 400 && count < 2; i++) {
		struct lab_object *object = kmem_cache_alloc(guarded, GFP_KERNEL);

		if (!object)
			return false;
		if (is_kfence_address(object))
			found[count++] = object;
		else
			kmem_cache_free(guarded, object);
		msleep(5);
	}
	if (count == 2) {
		kmem_cache_free(guarded, found[1]);
		TELL("kfence-allocated", found[0], " cache=lab_guarded pid=%x", current->pid);
		TELL("kfence-free", found[1], " cache=lab_guarded pid=%x", current->pid);
	}
	return true;
}

static bool plant_slabs(void)
{
	shrunk = cache("lab_shrunk");
	at_hand = cache("lab_at_hand");
	pooled = cache("lab_pooled");
	guarded = cache("lab_guarded");
	in_bulk = cache("lab_in_bulk");
	if (!shrunk || !at_hand || !pooled || !guarded || !in_bulk || !plant_shrunk())
		return false;
	if (work_on_cpu(0, plant_at_hand, first) || work_on_cpu(1, plant_at_hand, second) ||
	    work_on_cpu(1, free_of_other, first[4]) || work_on_cpu(0, plant_in_bulk, NULL))
		return false;
	pool = mempool_create_slab_pool(3, pooled);
	if (!pool)
		return false;
	TELL("slab-allocated", pool->elements[1], " cache=lab_pooled");
	return plant_guarded();
}

static void *plain_kmalloc(size_t bytes)
{
	for (;;) {
		void *object = kmalloc(bytes, GFP_KERNEL);

		if (!object || !is_kfence_address(object))
			return object;
	}
}

static bool plant_kmalloc(void)
{
	void *small = plain_kmalloc(100), *page = plain_kmalloc(3000);
	void *large = kmalloc(3 * PAGE_SIZE, GFP_KERNEL);

	if (!small || !page || !large)
		return false;
	TELL("kmalloc", small, " size=%x", 128);
	TELL("kmalloc", page, " size=%x", 4096);
	TELL("kmalloc-large", large, " order=%x page=%px", 2, virt_to_page(large));
	return true;
}

static bool plant_vmalloc(void)
{
	static struct page *pages[3];
	char *area = vmalloc(5 * PAGE_SIZE), *mapped, *ram, *device;

	for (int i = 0; i < 3; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		if (!pages[i])
			return false;
	}
	mapped = vmap(pages, 3, VM_MAP, PAGE_KERNEL);
	ram = vm_map_ram(pages, 2, -1);
	device = (char *)ioremap(0xfed00000, PAGE_SIZE);
	if (!area || !mapped || !ram || !device)
		return false;
	TELL("vmalloc", area, " pages=%x page=%lx", 5, page_to_pfn(vmalloc_to_page(area + 2 * PAGE_SIZE)));
	TELL("vmap", mapped, " pages=%x page=%lx", 3, page_to_pfn(pages[2]));
	TELL("vm_map_ram", ram, " pages=%x page=%lx", 2, page_to_pfn(pages[1]));
	TELL("ioremap", device, " physical=%x", 0xfed00000);
	return true;
}

static bool plant_percpu(void)
{
	void __percpu *of_all = __alloc_percpu(40, 8);

	if (!of_all)
		return false;
	for (int cpu = 0; cpu < 2; cpu++)
		TELL("percpu", per_cpu_ptr(of_all, cpu), " cpu=%x pointer=%px size=%x", cpu,
		     (void *)(__force unsigned long)of_all, 40);
	for (int cpu = 0; cpu < 2; cpu++)
		TELL("percpu-variable", &per_cpu(lab_objects_percpu, cpu)[2], " cpu=%x symbol=lab_objects_percpu", cpu);
	return true;
}

static bool plant_pages(void)
{
	struct page *one = alloc_page(GFP_KERNEL), *eight = alloc_pages(GFP_KERNEL, 3);
	struct page *compound = alloc_pages(GFP_KERNEL | __GFP_COMP, 3);

	if (!one || !eight || !compound)
		return false;
	TELL("page", page_address(one), " order=0 page=%px pfn=%lx", one, page_to_pfn(one));
	TELL("pages", page_address(eight), " order=3 page=%px pfn=%lx", eight, page_to_pfn(eight));
	TELL("compound", page_address(compound), " order=3 page=%px pfn=%lx", compound, page_to_pfn(compound));
	return true;
}

static int sleeper(void *what)
{
	char here[64] = "a word on the stack of lab-sleeper";

	TELL("task", current, " pid=%x", current->pid);
	TELL("stack", here, " pid=%x start=%px", current->pid, current->stack);
	*(int *)what = here[0];
	for (;;) {
		set_current_state(TASK_IDLE);
		schedule();
	}
	return 0;
}

static int __init lab_init(void)
{
	struct task_struct *task;

	if (!plant_slabs() || !plant_kmalloc() || !plant_vmalloc() || !plant_percpu() || !plant_pages())
		return -ENOMEM;
	task = kthread_run(sleeper, lab_objects_bss, "lab-sleeper");
	if (IS_ERR(task))
		return PTR_ERR(task);
	TELL("module", plant_pages, " symbol=plant_pages memory=text");
	TELL("module", &lab_objects_data[3], " symbol=lab_objects_data memory=data");
	TELL("module", &lab_objects_bss[3], " symbol=lab_objects_bss memory=data");
	TELL("module", &lab_objects_rodata[3], " symbol=lab_objects_rodata memory=rodata");
	return 0;
}
module_init(lab_init);

MODULE_DESCRIPTION("an object of every kind of memory for tests");
MODULE_LICENSE("GPL");
