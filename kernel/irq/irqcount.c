/* kernel/irq/irqcount.c - interrupts that no descriptor counts: those of the processors themselves. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Up to v7.1 each has a member of irq_cpustat_t. Since then these are an array, and there is
 * a table of their names.
 */
#include "kernel/irq/irqcount.h"

#include "base/fail.h"
#include "kernel/irq/irqdesc.h"
#include "memory.h"

KSYMBOL(irq_stat, "irq_stat");
KSYMBOL(stat_names, "irq_stat_info"); /* v7.2 */
KTYPE(stat_info, "struct irq_stat_info");
KFIELD(info_vector, "irq_stat_info.skip_vector");
KFIELD(info_symbol, "irq_stat_info.symbol");
KFIELD(info_text, "irq_stat_info.text");
KFIELD(stat_array, "irq_cpustat_t.counts");
KSYMBOL(system_vectors, "system_vectors");
KSYMBOL(platform_callback, "x86_platform_ipi_callback");
KSYMBOL(error_count, "irq_err_count"); /* up to v7.1 */
KSYMBOL(missed_count, "irq_mis_count");
KSYMBOL(mce_exceptions, "mce_exception_count");
KSYMBOL(mce_polls, "mce_poll_count");
KFIELD(stat_nmi, "irq_cpustat_t.__nmi_count");
KFIELD(stat_timer, "irq_cpustat_t.apic_timer_irqs");
KFIELD(stat_spurious, "irq_cpustat_t.irq_spurious_count");
KFIELD(stat_perf, "irq_cpustat_t.apic_perf_irqs");
KFIELD(stat_work, "irq_cpustat_t.apic_irq_work_irqs");
KFIELD(stat_retry, "irq_cpustat_t.icr_read_retry_count");
KFIELD(stat_platform, "irq_cpustat_t.x86_platform_ipis");
KFIELD(stat_resched, "irq_cpustat_t.irq_resched_count");
KFIELD(stat_call, "irq_cpustat_t.irq_call_count");
KFIELD(stat_tlb, "irq_cpustat_t.irq_tlb_count");
KFIELD(stat_thermal, "irq_cpustat_t.irq_thermal_count");
KFIELD(stat_threshold, "irq_cpustat_t.irq_threshold_count");
KFIELD(stat_deferred, "irq_cpustat_t.irq_deferred_error_count");
KFIELD(stat_hyperv, "irq_cpustat_t.irq_hv_callback_count");
KFIELD(stat_hyperv_again, "irq_cpustat_t.irq_hv_reenlightenment_count");
KFIELD(stat_hyperv_timer, "irq_cpustat_t.hyperv_stimer0_count");
KFIELD(stat_posted, "irq_cpustat_t.kvm_posted_intr_ipis");
KFIELD(stat_posted_nested, "irq_cpustat_t.kvm_posted_intr_nested_ipis");
KFIELD(stat_posted_wakeup, "irq_cpustat_t.kvm_posted_intr_wakeup_ipis");

#define ALWAYS_SKIPPED 0xffffffff
#define MAX_COUNTS 256

static u64 of_cpu(const struct irq_vector_count *count, unsigned cpu)
{
	return mem_u32(percpu_symbol(&irq_stat, cpu) + count->at, count->name);
}

static u64 of_variable(const struct irq_vector_count *count, unsigned cpu)
{
	return mem_u32(count->of_machine ? count->at : percpu_address(count->at, cpu), count->name);
}

/* Is a gate set for it? */
static bool has_vector(unsigned vector)
{
	u64 word = ksymbol_exists(&system_vectors)
			   ? mem_u64(ksymbol_address(&system_vectors) + vector / 64 * sizeof(u64),
				     "system_vectors")
			   : 0;

	return word >> (vector % 64) & 1;
}

/* Without the blanks and the line end around it. */
static const char *string_of(u64 info, struct kfield *field)
{
	char text[80];
	size_t start, length;

	mem_string(field_u64(info, field), text, sizeof(text), field->k.spelling);
	start = strspn(text, " \n");
	for (length = strlen(text); length > start && strchr(" \n", text[length - 1]); length--)
		;
	text[length] = '\0';
	return scope_strdup(text + start);
}

/* Its vector is always set up: it counts when somebody asked for such interrupts. */
static bool has_platform_callback(void)
{
	return ksymbol_exists(&platform_callback) && ksymbol_u64(&platform_callback, 8);
}

static size_t read_named(struct irq_vector_count *counts)
{
	u64 nr = kfield_size(&stat_array) / sizeof(u32);
	size_t count = 0;

	for (u64 i = 0; i < nr && i < MAX_COUNTS; i++) {
		u64 info = ksymbol_address(&stat_names) + i * ktype_size(&stat_info);
		u64 vector = field_u64(info, &info_vector);

		if (vector == ALWAYS_SKIPPED ||
		    (vector && (vector >= NR_IRQ_VECTORS || !has_vector((unsigned)vector))))
			continue;
		counts[count++] = (struct irq_vector_count){
			string_of(info, &info_symbol), string_of(info, &info_text), of_cpu,
			kfield_offset(&stat_array) + i * sizeof(u32), false
		};
		if (streq(counts[count - 1].name, "PLT") && !has_platform_callback())
			count--;
	}
	return count;
}

static const struct old_count {
	const char *name, *description;
	struct kfield *field;
	struct ksymbol *variable;
	unsigned vector; /* shown only when the kernel has set it up; 0: always */
	bool of_machine;
} old_counts[] = {
	{ "NMI", "Non-maskable interrupts", &stat_nmi, NULL, 0, false },
	{ "LOC", "Local timer interrupts", &stat_timer, NULL, 0, false },
	{ "SPU", "Spurious interrupts", &stat_spurious, NULL, 0, false },
	{ "PMI", "Performance monitoring interrupts", &stat_perf, NULL, 0, false },
	{ "IWI", "IRQ work interrupts", &stat_work, NULL, 0, false },
	{ "RTR", "APIC ICR read retries", &stat_retry, NULL, 0, false },
	{ "PLT", "Platform interrupts", &stat_platform, NULL, 0, false },
	{ "RES", "Rescheduling interrupts", &stat_resched, NULL, 0, false },
	{ "CAL", "Function call interrupts", &stat_call, NULL, 0, false },
	{ "TLB", "TLB shootdowns", &stat_tlb, NULL, 0, false },
	{ "TRM", "Thermal event interrupts", &stat_thermal, NULL, 0, false },
	{ "THR", "Threshold APIC interrupts", &stat_threshold, NULL, 0, false },
	{ "DFR", "Deferred Error APIC interrupts", &stat_deferred, NULL, 0, false },
	{ "MCE", "Machine check exceptions", NULL, &mce_exceptions, 0, false },
	{ "MCP", "Machine check polls", NULL, &mce_polls, 0, false },
	{ "HYP", "Hypervisor callback interrupts", &stat_hyperv, NULL, 0xf3, false },
	{ "HRE", "Hyper-V reenlightenment interrupts", &stat_hyperv_again, NULL, 0xee, false },
	{ "HVS", "Hyper-V stimer0 interrupts", &stat_hyperv_timer, NULL, 0xed, false },
	{ "ERR", "", NULL, &error_count, 0, true },
	{ "MIS", "", NULL, &missed_count, 0, true },
	{ "PIN", "Posted-interrupt notification event", &stat_posted, NULL, 0, false },
	{ "NPI", "Nested posted-interrupt event", &stat_posted_nested, NULL, 0, false },
	{ "PIW", "Posted-interrupt wakeup event", &stat_posted_wakeup, NULL, 0, false },
};

static bool is_counted(const struct old_count *old)
{
	if (old->vector && !has_vector(old->vector))
		return false;
	if (old->field == &stat_platform && !has_platform_callback())
		return false;
	return old->field ? kfield_exists(old->field) : ksymbol_exists(old->variable);
}

size_t irq_vector_counts(struct irq_vector_count **counts)
{
	size_t count = 0;

	*counts = scope_array(MAX_COUNTS, sizeof(**counts));
	if (ksymbol_exists(&stat_names))
		return read_named(*counts);
	for (size_t i = 0; i < ARRAY_SIZE(old_counts); i++) {
		const struct old_count *old = &old_counts[i];

		if (is_counted(old))
			(*counts)[count++] = (struct irq_vector_count){
				old->name, old->description, old->field ? of_cpu : of_variable,
				old->field ? kfield_offset(old->field)
					   : ksymbol_address(old->variable),
				old->of_machine
			};
	}
	return count;
}
