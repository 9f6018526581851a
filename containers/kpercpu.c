/* containers/kpercpu.c - per-cpu variables, percpu counters and CPU masks. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A per-cpu variable of CPU c lies at its symbol's value + __per_cpu_offset[c]. Until v6.14 the
 * symbols of the per-cpu section count from 0 and KASLR leaves them alone; since v6.15
 * (9d7de2aa8b41 x86/percpu/64: Use relative percpu offsets) they are ordinary addresses. The
 * offsets hold the difference, so that the sum is right for both. Pointers from alloc_percpu()
 * follow the same rule.
 */
#include "containers/kpercpu.h"

#include "base/fail.h"
#include "memory.h"

#include <stdlib.h>

KSYMBOL(per_cpu_offset, "__per_cpu_offset");
KSYMBOL(per_cpu_start, "__per_cpu_start");
KSYMBOL(per_cpu_end, "__per_cpu_end");
KSYMBOL(nr_cpu_ids, "nr_cpu_ids");
KSYMBOL(possible_mask, "__cpu_possible_mask",
	"cpu_possible_bits"); /* v4.5 5aec01b834fd kernel/cpu.c: eliminate cpu_*_mask */
KSYMBOL(present_mask, "__cpu_present_mask", "cpu_present_bits");
KSYMBOL(online_mask, "__cpu_online_mask", "cpu_online_bits");
KTYPE(cpumask_type, "struct cpumask", "cpumask_t");
KFIELD(percpu_counter_count, "percpu_counter.count");
KFIELD(percpu_counter_counters, "percpu_counter.counters");

/* Read once; the session has one dump. */
static struct {
	const struct dump *dump; /* that these are of: a test opens several */
	bool have_offsets, have_ids;
	unsigned nr_ids;
	u64 offsets[MAX_CPUS];
	bool have_possible, have_present, have_online;
	struct cpu_mask possible, present, online;
} known;

static void forget_other_dump(void)
{
	if (known.dump == memory_dump())
		return;
	memset(&known, 0, sizeof(known));
	known.dump = memory_dump();
}

/* The most CPUs that the kernel's masks have room for (CONFIG_NR_CPUS rounded up). */
static unsigned mask_bits(void)
{
	u64 bits = ktype_exists(&cpumask_type) ? ktype_size(&cpumask_type) * 8 : MAX_CPUS;

	return bits && bits < MAX_CPUS ? (unsigned)bits : MAX_CPUS;
}

unsigned percpu_nr_cpu_ids(void)
{
	u64 nr;

	forget_other_dump();
	if (known.have_ids)
		return known.nr_ids;
	/* A constant in kernels for one CPU or a fixed number of them. */
	nr = ksymbol_exists(&nr_cpu_ids) ? ksymbol_u64(&nr_cpu_ids, 4) : mask_bits();
	if (nr == 0 || nr > mask_bits()) {
		warn("nr_cpu_ids is %llu, but CPU masks have %u bits", nr, mask_bits());
		nr = mask_bits();
	}
	known.nr_ids = (unsigned)nr;
	known.have_ids = true;
	return known.nr_ids;
}

u64 percpu_offset(unsigned cpu)
{
	unsigned nr = percpu_nr_cpu_ids();

	if (cpu >= nr)
		fail("CPU %u is out of range: the kernel has CPUs 0-%u", cpu, nr - 1);
	/* A kernel without SMP has plain variables. */
	if (!ksymbol_exists(&per_cpu_offset))
		return 0;
	if (!known.have_offsets) {
		mem_read(ksymbol_address(&per_cpu_offset), known.offsets, nr * sizeof(u64),
			 "__per_cpu_offset");
		known.have_offsets = true;
	}
	return known.offsets[cpu];
}

u64 percpu_address(u64 percpu_base, unsigned cpu)
{
	return percpu_base + percpu_offset(cpu);
}

static bool is_symbol_value(u64 value)
{
	return ksymbol_exists(&per_cpu_start) && ksymbol_exists(&per_cpu_end) &&
	       value >= ksymbol_address(&per_cpu_start) && value < ksymbol_address(&per_cpu_end);
}

static bool is_module_value(const struct symbol_module *module, u64 value)
{
	return value >= module->percpu && value - module->percpu < module->percpu_size;
}

bool percpu_is_variable(const struct symbol *symbol)
{
	return symbol->module ? is_module_value(symbol->module, symbol->value)
			      : is_symbol_value(symbol->value);
}

const struct symbol *percpu_variable_at(u64 value)
{
	const struct symbol_module *module = NULL;
	const struct symbol *symbol;

	/* Such values are no addresses: symbol_at() does not know them. */
	if (!is_symbol_value(value)) {
		module = symbols_first_module();
		while (module && !is_module_value(module, value))
			module = symbols_next_module(module);
		if (!module)
			return NULL;
	}
	symbol = symbols_get(module, symbols_first_from(module, value));
	return symbol && symbol->value == value ? symbol : NULL;
}

u64 percpu_symbol(struct ksymbol *symbol, unsigned cpu)
{
	u64 value = ksymbol_address(symbol);

	return is_symbol_value(value) ? percpu_address(value, cpu) : value;
}

s64 percpu_counter_sum(u64 counter)
{
	/* Unsigned: damaged counters may add up to anything. */
	u64 sum = (u64)field_s64(counter, &percpu_counter_count);
	u64 counters;
	const struct cpu_mask *possible;

	if (!kfield_exists(&percpu_counter_counters))
		return (s64)sum;
	counters = field_u64(counter, &percpu_counter_counters);
	if (!counters)
		return (s64)sum;
	/* The part of a CPU that went offline was folded into the count and set to 0. */
	possible = cpus_possible();
	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1))
		sum += (u64)(s64)(s32)mem_u32(percpu_address(counters, cpu),
					      "percpu_counter.counters");
	return (s64)sum;
}

/*
 * Masks
 */
unsigned cpu_mask_count(const struct cpu_mask *mask)
{
	unsigned count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(mask->words); i++)
		count += (unsigned)__builtin_popcountll(mask->words[i]);
	return count;
}

unsigned cpu_mask_next(const struct cpu_mask *mask, unsigned cpu)
{
	while (cpu < MAX_CPUS) {
		u64 word = mask->words[cpu / 64] >> (cpu % 64);

		if (word)
			return cpu + (unsigned)__builtin_ctzll(word);
		cpu = (cpu / 64 + 1) * 64;
	}
	return MAX_CPUS;
}

bool cpu_mask_try_read(u64 address, struct cpu_mask *mask, struct fault *fault)
{
	unsigned nr = percpu_nr_cpu_ids();

	memset(mask, 0, sizeof(*mask));
	if (!mem_try_read(address, mask->words, (nr + 63) / 64 * sizeof(u64), fault))
		return false;
	if (nr % 64)
		mask->words[nr / 64] &= (1ULL << (nr % 64)) - 1;
	return true;
}

static const struct cpu_mask *kernel_mask(struct ksymbol *symbol, struct cpu_mask *mask, bool *have)
{
	struct fault fault;
	u64 address;

	if (*have)
		return mask;
	address = ksymbol_address(symbol);
	if (!cpu_mask_try_read(address, mask, &fault))
		fail("cannot read %s at %016llx: %s", symbol->k.spelling, address,
		     fault_text(&fault));
	*have = true;
	return mask;
}

const struct cpu_mask *cpus_possible(void)
{
	forget_other_dump();
	return kernel_mask(&possible_mask, &known.possible, &known.have_possible);
}

const struct cpu_mask *cpus_present(void)
{
	forget_other_dump();
	return kernel_mask(&present_mask, &known.present, &known.have_present);
}

const struct cpu_mask *cpus_online(void)
{
	forget_other_dump();
	return kernel_mask(&online_mask, &known.online, &known.have_online);
}

void cpus_forget(void)
{
	known.dump = NULL;
}

/* Reads decimal digits; false when there are none or the number names no CPU. */
static bool parse_cpu(const char **text, unsigned *cpu)
{
	const char *p = *text;
	u64 value = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		value = value * 10 + (u64)(*p - '0');
		if (value >= MAX_CPUS)
			return false;
	}
	*text = p;
	*cpu = (unsigned)value;
	return true;
}

bool cpu_mask_parse(const char *text, struct cpu_mask *mask, struct strbuf *why)
{
	const char *p = text;
	unsigned nr = percpu_nr_cpu_ids();

	memset(mask, 0, sizeof(*mask));
	if (streq(text, "a") || streq(text, "all")) {
		*mask = *cpus_possible();
		return true;
	}
	for (;;) {
		unsigned first, last;

		if (!parse_cpu(&p, &first))
			break;
		last = first;
		if (*p == '-') {
			p++;
			if (!parse_cpu(&p, &last))
				break;
		}
		if (last < first)
			break;
		if (last >= nr) {
			strbuf_printf(why, "CPU %u is out of range: the kernel has CPUs 0-%u", last,
				      nr - 1);
			return false;
		}
		for (unsigned cpu = first; cpu <= last; cpu++)
			mask->words[cpu / 64] |= 1ULL << (cpu % 64);
		if (*p == '\0')
			return true;
		if (*p++ != ',')
			break;
	}
	strbuf_printf(why, "not a list of CPUs like 0-3,7 or all: %s", text);
	return false;
}

const char *cpu_mask_text(const struct cpu_mask *mask)
{
	struct strbuf *text = scope_strbuf();
	unsigned last;

	for (unsigned cpu = cpu_mask_next(mask, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(mask, last + 1)) {
		for (last = cpu; cpu_mask_has(mask, last + 1); last++)
			;
		strbuf_printf(text, text->length ? ",%u" : "%u", cpu);
		if (last > cpu)
			strbuf_printf(text, "-%u", last);
	}
	return strbuf_text(text);
}
