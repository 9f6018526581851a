/* kernel/irq/irqdesc.h - interrupts: their descriptors, handlers, counts and CPUs. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef IRQDESC_H
#define IRQDESC_H

#include "base/util.h"
#include "containers/kpercpu.h"

struct irq_place {
	u64 number;
	u64 descriptor; /* irq_desc; 0: the number has none */
};

/*
 * Every number that the kernel has room for, rising; scope memory. What is wrong with the tree
 * ends the list of descriptors with a warning.
 */
size_t irq_places(struct irq_place **places);

struct irq_action {
	u64 address; /* irqaction */
	u64 handler;
	const char *name; /* "" when it has none */
};

struct irq {
	struct irq_action *actions;
	size_t nr_actions;
	const char *chip; /* "IO-APIC"; "" when there is none */
	const char *flow; /* "edge", "fasteoi"; "" likewise */
	u64 hwirq;
	u64 counts; /* per-cpu pointer, for irq_count() */
};

/* What DESCRIPTOR says; scope memory, fail()s. */
void irq_read(u64 descriptor, struct irq *irq);
u64 irq_count(const struct irq *irq, unsigned cpu);
/* Where it may be sent, and where it is (empty where the kernel does not keep that). */
void irq_affinity(u64 descriptor, struct cpu_mask *allowed, struct cpu_mask *effective);

/* Handler of a vector of the interrupt descriptor table; 0: the gate is not set. */
#define NR_IRQ_VECTORS 256
u64 irq_gate(unsigned vector);

/* Actions of the soft interrupts by number, up to NR; 0: there is none. */
u64 softirq_action(unsigned number);
unsigned softirq_nr(void);
const char *softirq_name(unsigned number); /* "TIMER"; scope memory */

struct tasklet {
	u64 address, function, data;
	bool high; /* of tasklet_hi_vec */
	unsigned cpu;
};
/* Those that wait to be run; scope memory. A list that is damaged ends with a warning. */
size_t tasklets_read(struct tasklet **tasklets);

#endif
