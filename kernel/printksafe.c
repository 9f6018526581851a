/* kernel/printksafe.c - per-cpu buffers of messages printed in NMIs, and by printk itself, before v5.15. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where printk could not take the log's lock it wrote into a buffer of the CPU (struct
 * printk_safe_seq_buf), which an interrupt emptied into the log later. v5.15 (93d102f094be printk:
 * remove safe buffers) made the log lockless.
 */
#include "kernel/printksafe.h"

#include "base/fail.h"
#include "containers/kpercpu.h"
#include "memory.h"
#include "names/kfield.h"

KSYMBOL(nmi_print_seq, "nmi_print_seq");
KSYMBOL(safe_print_seq, "safe_print_seq");
KFIELD(safe_length, "printk_safe_seq_buf.len.counter");
KFIELD(safe_lost, "printk_safe_seq_buf.message_lost.counter");
KFIELD(safe_buffer, "printk_safe_seq_buf.buffer");

struct visit {
	struct printk_safe buffer;
	struct ksymbol *symbol;
	void (*each)(const struct printk_safe *buffer, void *arg);
	void *arg;
};

static void visit_buffer(void *arg)
{
	struct visit *visit = arg;
	struct printk_safe *buffer = &visit->buffer;
	u64 space = kfield_size(&safe_buffer);
	struct fault fault;
	char *text;

	buffer->address = percpu_symbol(visit->symbol, buffer->cpu);
	buffer->length = min_u64(field_u64(buffer->address, &safe_length), space);
	buffer->lost = field_u64(buffer->address, &safe_lost);
	text = scope_alloc(buffer->length + 1);
	if (mem_try_read(field_address(buffer->address, &safe_buffer), text, buffer->length,
			 &fault))
		buffer->text = text;
	else
		buffer->why = fault_text(&fault);
	visit->each(buffer, visit->arg);
}

static void visit_cpus(struct ksymbol *symbol, const char *name, struct visit *visit)
{
	const struct cpu_mask *possible = cpus_possible();

	bool first = true;

	visit->symbol = symbol;
	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1)) {
		struct failure failure;

		visit->buffer = (struct printk_safe){ .name = name, .first = first, .cpu = cpu };
		first = false;
		if (!protect_row(visit_buffer, visit, &failure))
			warn("%s of CPU %u: %s", name, cpu, failure.text);
	}
}

void printk_safe_buffers(void (*each)(const struct printk_safe *buffer, void *arg), void *arg)
{
	struct visit visit = { .each = each, .arg = arg };

	if (!ksymbol_exists(&safe_print_seq))
		fail("this kernel's messages go straight into its log: "
		     "it has no printk_safe buffers");
	visit_cpus(&nmi_print_seq, "nmi_print_seq", &visit);
	visit_cpus(&safe_print_seq, "safe_print_seq", &visit);
}
