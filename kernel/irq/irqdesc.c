/* kernel/irq/irqdesc.c - struct irq_desc and irqaction; the interrupt descriptor table; soft interrupts. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/irq/irqdesc.h"

#include "base/fail.h"
#include "containers/kmaple.h"
#include "containers/kxarray.h"
#include "containers/ring.h"
#include "memory.h"
#include "names/types.h"

#include <stdio.h>

KSYMBOL(sparse_irqs, "sparse_irqs"); /* v6.5 */
KSYMBOL(desc_tree, "irq_desc_tree"); /* before: a radix tree */
KSYMBOL(nr_irqs, "total_nr_irqs", "nr_irqs"); /* v7.2 */
KFIELD(desc_action, "irq_desc.action");
KFIELD(desc_flow, "irq_desc.name");
KFIELD(desc_chip, "irq_desc.irq_data.chip");
KFIELD(desc_hwirq, "irq_desc.irq_data.hwirq");
KFIELD(desc_counts, "irq_desc.kstat_irqs");
KFIELD(desc_affinity, "irq_desc.irq_common_data.affinity");
KFIELD(desc_effective, "irq_desc.irq_common_data.effective_affinity");
KFIELD(count_width, "irqstat.cnt"); /* v6.10; before: an unsigned int */
KFIELD(chip_name, "irq_chip.name");
KFIELD(action_next, "irqaction.next");
KFIELD(action_name, "irqaction.name");
KFIELD(action_handler, "irqaction.handler");
KSYMBOL(idt, "idt_table");
KTYPE(gate, "struct gate_struct");
KFIELD(gate_low, "gate_struct.offset_low");
KFIELD(gate_middle, "gate_struct.offset_middle");
KFIELD(gate_high, "gate_struct.offset_high");
KSYMBOL(softirq_vector, "softirq_vec");
KENUM(nr_softirqs, "NR_SOFTIRQS");
KSYMBOL(softirq_names, "softirq_to_name");
KSYMBOL(tasklets, "tasklet_vec");
KSYMBOL(high_tasklets, "tasklet_hi_vec");
KFIELD(tasklet_next, "tasklet_struct.next");
KFIELD(tasklet_func, "tasklet_struct.func");
KFIELD(tasklet_data, "tasklet_struct.data");

#define MAX_IRQS (1u << 22)
#define MAX_ACTIONS 256
#define MAX_SOFTIRQS 64

/* ---- descriptors ---- */

/* ENTRY is a descriptor of numbers up to LAST, one in practice. */
static void place(struct irq_place *places, size_t count, u64 first, u64 last, u64 entry)
{
	for (u64 i = first; i <= last && i < count; i++)
		places[i].descriptor = entry;
}

static void read_maple(struct irq_place *places, size_t count)
{
	struct kmaple_iter it;
	u64 first, last, entry;

	kmaple_begin(&it, ksymbol_address(&sparse_irqs));
	while (kmaple_next(&it, &first, &last, &entry))
		place(places, count, first, last, entry);
	if (it.stopped)
		warn("interrupt descriptors: %s", kmaple_why(&it));
}

static void read_radix(struct irq_place *places, size_t count)
{
	struct kxarray_iter it;
	u64 index, entry;

	kxarray_begin(&it, ksymbol_address(&desc_tree));
	while (kxarray_next(&it, &index, &entry))
		place(places, count, index, index, entry);
	if (it.stopped)
		warn("interrupt descriptors: %s", kxarray_why(&it));
}

size_t irq_places(struct irq_place **places)
{
	u64 count = ksymbol_u64(&nr_irqs, 4);

	if (count > MAX_IRQS)
		fail("%s of %llu makes no sense", nr_irqs.k.spelling, count);
	*places = scope_array(count + 1, sizeof(**places));
	for (u64 i = 0; i < count; i++)
		(*places)[i].number = i;
	if (ksymbol_exists(&sparse_irqs))
		read_maple(*places, count);
	else
		read_radix(*places, count);
	return count;
}

static const char *text_at(u64 address)
{
	char text[128];

	if (!address || !mem_try_string(address, text, sizeof(text), NULL))
		return "";
	return scope_strdup(text);
}

static void read_actions(u64 first, struct irq *irq)
{
	size_t space = 0;
	struct ring ring;

	ring_begin(&ring);
	for (u64 at = first; at; at = field_u64(at, &action_next)) {
		if (ring_closes(&ring, at) || irq->nr_actions == MAX_ACTIONS)
			fail("the list of actions comes to %llx twice", at);
		if (irq->nr_actions == space)
			irq->actions = scope_grow(irq->actions, &space, sizeof(*irq->actions));
		irq->actions[irq->nr_actions++] = (struct irq_action){
			at, field_u64(at, &action_handler), text_at(field_u64(at, &action_name))
		};
	}
}

void irq_read(u64 descriptor, struct irq *irq)
{
	u64 chip = field_u64(descriptor, &desc_chip);

	*irq = (struct irq){
		.chip = chip ? text_at(field_u64(chip, &chip_name)) : "",
		.flow = text_at(field_u64(descriptor, &desc_flow)),
		.hwirq = field_u64(descriptor, &desc_hwirq),
		.counts = field_u64(descriptor, &desc_counts),
	};
	read_actions(field_u64(descriptor, &desc_action), irq);
}

u64 irq_count(const struct irq *irq, unsigned cpu)
{
	u64 at;

	if (!irq->counts)
		return 0;
	at = percpu_address(irq->counts, cpu);
	return kfield_exists(&count_width) ? field_u64(at, &count_width)
					   : mem_u32(at, "irq_desc.kstat_irqs");
}

/* A cpumask_var_t is the mask, or a pointer to it (CONFIG_CPUMASK_OFFSTACK). */
static void read_mask(u64 descriptor, struct kfield *field, struct cpu_mask *mask)
{
	bool pointer = type_kind(kfield_member(field)->type) == TYPE_POINTER;
	struct fault fault;
	u64 at = pointer ? field_u64(descriptor, field) : field_address(descriptor, field);

	if (!cpu_mask_try_read(at, mask, &fault))
		fail("%s: %s", field->k.spelling, fault_text(&fault));
}

void irq_affinity(u64 descriptor, struct cpu_mask *allowed, struct cpu_mask *effective)
{
	read_mask(descriptor, &desc_affinity, allowed);
	memset(effective, 0, sizeof(*effective));
	if (kfield_exists(&desc_effective))
		read_mask(descriptor, &desc_effective, effective);
}

/* ---- vectors ---- */

u64 irq_gate(unsigned vector)
{
	u64 at = ksymbol_address(&idt) + vector * ktype_size(&gate);

	return field_u64(at, &gate_low) | field_u64(at, &gate_middle) << 16 |
	       field_u64(at, &gate_high) << 32;
}

unsigned softirq_nr(void)
{
	s64 count = kenum_value(&nr_softirqs);

	if (count < 0 || count > MAX_SOFTIRQS)
		fail("NR_SOFTIRQS of %lld makes no sense", count);
	return (unsigned)count;
}

u64 softirq_action(unsigned number)
{
	return mem_u64(ksymbol_address(&softirq_vector) + number * sizeof(u64), "softirq_vec");
}

const char *softirq_name(unsigned number)
{
	if (!ksymbol_exists(&softirq_names))
		return "";
	return text_at(
		mem_u64(ksymbol_address(&softirq_names) + number * sizeof(u64), "softirq_to_name"));
}

struct tasklet_list {
	struct tasklet *items;
	size_t count, space;
};

static const char *read_tasklets(struct tasklet_list *list, u64 head, unsigned cpu, bool high)
{
	struct fault fault;
	struct ring ring;
	u64 at;

	if (!mem_try_u64(head, &at, &fault))
		return fault_text(&fault);
	ring_begin(&ring);
	while (at) {
		struct tasklet tasklet = { .address = at, .high = high, .cpu = cpu };

		if (ring_closes(&ring, at))
			return scope_printf("a loop at %llx", at);
		if (!field_try_u64(tasklet.address, &tasklet_func, &tasklet.function, &fault) ||
		    !field_try_u64(tasklet.address, &tasklet_data, &tasklet.data, &fault) ||
		    !field_try_u64(tasklet.address, &tasklet_next, &at, &fault))
			return fault_text(&fault);
		if (list->count == list->space)
			list->items = scope_grow(list->items, &list->space, sizeof(tasklet));
		list->items[list->count++] = tasklet;
	}
	return NULL;
}

size_t tasklets_read(struct tasklet **tasklets_read)
{
	const struct cpu_mask *possible = cpus_possible();
	struct tasklet_list list = { 0 };

	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1)) {
		for (unsigned high = 0; high < 2; high++) {
			struct ksymbol *symbol = high ? &high_tasklets : &tasklets;
			const char *why = read_tasklets(&list, percpu_symbol(symbol, cpu), cpu,
							high);

			if (why)
				warn("%s of CPU %u: %s", symbol->k.spelling, cpu, why);
		}
	}
	*tasklets_read = list.items;
	return list.count;
}
