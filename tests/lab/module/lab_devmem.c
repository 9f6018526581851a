/* lab_devmem.c - lab guest: makes a kernel with STRICT_DEVMEM show and take everything in /dev/mem. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <linux/kprobes.h>
#include <linux/module.h>

/* No distribution builds a kernel without CONFIG_STRICT_DEVMEM: its question is answered yes instead. */
static int allow(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	regs->ax = 1;
	return 0;
}

static struct kretprobe question = {
	.handler = allow,
	.kp.symbol_name = "devmem_is_allowed",
};

static int __init lab_devmem_start(void)
{
	return register_kretprobe(&question);
}

static void __exit lab_devmem_end(void)
{
	unregister_kretprobe(&question);
}

module_init(lab_devmem_start);
module_exit(lab_devmem_end);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("lab: opens /dev/mem");
