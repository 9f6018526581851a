/* kernel/irq/irqcount.h - interrupts that no descriptor counts: those of the processors themselves. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef IRQCOUNT_H
#define IRQCOUNT_H

#include "base/util.h"

/* Interrupts that have no number: "NMI", "LOC" ... as /proc/interrupts has them. */
struct irq_vector_count {
	const char *name, *description;
	u64 (*value)(const struct irq_vector_count *count, unsigned cpu);
	u64 at; /* of VALUE */
	bool of_machine; /* one number: no CPU has its own */
};
/* Those that this kernel counts; scope memory. */
size_t irq_vector_counts(struct irq_vector_count **counts);

#endif
