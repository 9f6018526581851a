/* kernel.c - L5: identity, clocks, load, memory size, taints and panic message of the kernel in the dump. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel.h"

#include "base/fail.h"
#include "containers/kpercpu.h"
#include "kernel/printk.h"
#include "memory.h"
#include "names/kfield.h"
#include "symbols.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define NSEC_PER_SEC 1000000000ULL
#define LOAD_SHIFT 11 /* FSHIFT: load averages are fixed-point numbers */
#define NTP_SHIFT 32 /* NTP_SCALE_SHIFT: ntp_tick is nanoseconds << 32 */
#define MAX_NODES 1024

KSYMBOL(init_uts_ns, "init_uts_ns");
KFIELD(uts_nodename, "uts_namespace.name.nodename");
KFIELD(uts_release, "uts_namespace.name.release");
KFIELD(uts_version, "uts_namespace.name.version");
KFIELD(uts_machine, "uts_namespace.name.machine");
KSYMBOL(linux_banner, "linux_banner");
KSYMBOL(jiffies_64, "jiffies_64");
KSYMBOL(clocksource_jiffies, "clocksource_jiffies");
KFIELD(clocksource_mult, "clocksource.mult");
KFIELD(clocksource_shift, "clocksource.shift");
/*
 * v6.17 22c62b9a84b8 timekeeping: Introduce auxiliary timekeepers: an array, the core clock first
 */
KSYMBOL(timekeeper_data, "timekeeper_data", "tk_core");
KENUM(timekeeper_core, "TIMEKEEPER_CORE");
KTYPE(tk_data_type, "struct tk_data");
KFIELD(tk_data_timekeeper, "tk_data.timekeeper");
KTYPE(tk_core_seq, "seqcount_raw_spinlock_t", "seqcount_t");
KFIELD(tk_xtime_sec, "timekeeper.xtime_sec");
KFIELD(tk_xtime_nsec, "timekeeper.tkr_mono.xtime_nsec");
KFIELD(tk_shift, "timekeeper.tkr_mono.shift");
KFIELD(tk_wall_to_monotonic_sec, "timekeeper.wall_to_monotonic.tv_sec");
KFIELD(tk_wall_to_monotonic_nsec, "timekeeper.wall_to_monotonic.tv_nsec");
KFIELD(tk_offs_boot, "timekeeper.offs_boot");
KFIELD(tk_ntp_tick, "timekeeper.ntp_tick");
KSYMBOL(avenrun, "avenrun");
KSYMBOL(node_data, "node_data");
KSYMBOL(contig_page_data, "contig_page_data");
KFIELD(node_present_pages, "pglist_data.node_present_pages");
KSYMBOL(cpu_khz, "cpu_khz");
KSYMBOL(tainted_mask, "tainted_mask");
KSYMBOL(taint_flags, "taint_flags");
KTYPE(taint_flag, "struct taint_flag");
KFIELD(taint_c_true, "taint_flag.c_true");
KFIELD(taint_c_false, "taint_flag.c_false");
KFIELD(taint_module, "taint_flag.module");
KSYMBOL(crashing_cpu, "crashing_cpu");

static const struct vmlinux *kernel_vmlinux;
static const struct vmcoreinfo *kernel_vmcoreinfo;

void kernel_setup(const struct vmlinux *vmlinux, const struct vmcoreinfo *info)
{
	kernel_vmlinux = vmlinux;
	kernel_vmcoreinfo = info;
}

const struct kernel_identity *kernel_identity(void)
{
	static struct kernel_identity identity;
	u64 uts = ksymbol_address(&init_uts_ns);

	field_string(uts, &uts_nodename, identity.nodename, sizeof(identity.nodename));
	field_string(uts, &uts_release, identity.release, sizeof(identity.release));
	field_string(uts, &uts_version, identity.version, sizeof(identity.version));
	field_string(uts, &uts_machine, identity.machine, sizeof(identity.machine));
	return &identity;
}

unsigned kernel_nr_cpus(void)
{
	return cpu_mask_count(cpus_present());
}

unsigned kernel_nr_cpus_online(void)
{
	return cpu_mask_count(cpus_online());
}

/* Address of the struct timekeeper of the ordinary clocks. */
static u64 timekeeper_address(void)
{
	u64 symbol = ksymbol_address(&timekeeper_data);
	u64 index = 0;

	/*
	 * v6.13 gave the structure a name. Before, it is anonymous: a sequence counter,
	 * then the timekeeper.
	 */
	if (!kfield_exists(&tk_data_timekeeper))
		return symbol + align_up(ktype_size(&tk_core_seq), 8);
	if (kenum_exists(&timekeeper_core))
		index = (u64)kenum_value(&timekeeper_core);
	return symbol + index * ktype_size(&tk_data_type) + kfield_offset(&tk_data_timekeeper);
}

/*
 * The jiffies clocksource is a constant of the build: one tick is mult >> shift nanoseconds.
 * ntp_tick is the same length as NTP last adjusted it, which rounding takes out again.
 */
unsigned kernel_hz(void)
{
	static unsigned hz;
	u64 tick_nsec;

	if (hz != 0)
		return hz;
	if (ksymbol_exists(&clocksource_jiffies)) {
		u64 clock = ksymbol_address(&clocksource_jiffies);
		u64 shift = field_u64(clock, &clocksource_shift);

		tick_nsec = shift < 32 ? field_u64(clock, &clocksource_mult) >> shift : 0;
	} else {
		tick_nsec = field_u64(timekeeper_address(), &tk_ntp_tick) >> NTP_SHIFT;
	}
	if (tick_nsec < 10000 || tick_nsec > NSEC_PER_SEC)
		fail("the timekeeper's tick of %llu ns makes no sense", tick_nsec);
	hz = (unsigned)((NSEC_PER_SEC + tick_nsec / 2) / tick_nsec);
	return hz;
}

u64 kernel_jiffies(void)
{
	return ksymbol_u64(&jiffies_64, 8);
}

u64 kernel_wall_seconds(void)
{
	return field_u64(timekeeper_address(), &tk_xtime_sec);
}

u64 kernel_log_epoch(void)
{
	u64 timekeeper = timekeeper_address();

	return -(u64)field_s64(timekeeper, &tk_wall_to_monotonic_sec) * NSEC_PER_SEC -
	       (u64)field_s64(timekeeper, &tk_wall_to_monotonic_nsec);
}

u64 kernel_monotonic(void)
{
	u64 timekeeper = timekeeper_address();
	u64 shift = field_u64(timekeeper, &tk_shift);
	u64 now = field_u64(timekeeper, &tk_xtime_sec) * NSEC_PER_SEC - kernel_log_epoch();

	if (shift < 64)
		now += field_u64(timekeeper, &tk_xtime_nsec) >> shift;
	return now;
}

double kernel_uptime_seconds(void)
{
	u64 timekeeper = timekeeper_address();
	u64 shift = field_u64(timekeeper, &tk_shift);
	s64 sec = (s64)(field_u64(timekeeper, &tk_xtime_sec) +
			(u64)field_s64(timekeeper, &tk_wall_to_monotonic_sec));
	double nsec = (double)field_s64(timekeeper, &tk_wall_to_monotonic_nsec);

	nsec += (double)field_s64(timekeeper, &tk_offs_boot);
	if (shift < 64)
		nsec += (double)(field_u64(timekeeper, &tk_xtime_nsec) >> shift);
	return (double)sec + nsec / (double)NSEC_PER_SEC;
}

void kernel_load_average(double load[3])
{
	u64 raw[3];

	mem_read(ksymbol_address(&avenrun), raw, sizeof(raw), "avenrun");
	for (size_t i = 0; i < 3; i++) {
		/* Rounded at the third decimal, as /proc/loadavg does. */
		u64 value = raw[i] + (1u << LOAD_SHIFT) / 200;
		u64 hundredths = (value & ((1u << LOAD_SHIFT) - 1)) * 100 >> LOAD_SHIFT;

		load[i] = (double)(value >> LOAD_SHIFT) + (double)hundredths / 100;
	}
}

u64 kernel_memory_bytes(void)
{
	u64 nodes[MAX_NODES] = { 0 }, nr_pages = 0, nr_nodes;

	if (ksymbol_exists(&node_data)) {
		const struct symbol *symbol = symbol_by_name("node_data");

		nr_nodes = symbol != NULL ? symbol->size / sizeof(nodes[0]) : 1;
		nr_nodes = min_u64(nr_nodes == 0 ? 1 : nr_nodes, MAX_NODES);
		mem_read(ksymbol_address(&node_data), nodes, nr_nodes * sizeof(nodes[0]),
			 "node_data");
	} else {
		nodes[0] = ksymbol_address(&contig_page_data);
	}
	for (size_t i = 0; i < MAX_NODES; i++) {
		if (nodes[i] != 0)
			nr_pages += field_u64(nodes[i], &node_present_pages);
	}
	return nr_pages * PAGE_BYTES;
}

unsigned kernel_cpu_mhz(void)
{
	if (!ksymbol_exists(&cpu_khz))
		return 0;
	return (unsigned)(ksymbol_u64(&cpu_khz, 4) / 1000);
}

u64 kernel_taint_flags(void)
{
	return ksymbol_u64(&tainted_mask, 8);
}

void kernel_taint_letters(u64 flags, bool module, struct strbuf *letters)
{
	const struct symbol *symbol = symbol_by_name("taint_flags");
	u64 entry_bytes = ktype_size(&taint_flag), count;
	u8 entry[64];

	if (flags == 0)
		return;
	if (entry_bytes == 0 || entry_bytes > sizeof(entry))
		fail("struct taint_flag of %llu bytes makes no sense", entry_bytes);
	count = symbol != NULL && symbol->size != 0 ? symbol->size / entry_bytes : 64;
	for (u64 bit = 0; bit < min_u64(count, 64); bit++) {
		u64 address = ksymbol_address(&taint_flags) + bit * entry_bytes;
		char letter;

		if (!(flags >> bit & 1))
			continue;
		mem_read(address, entry, entry_bytes, "taint_flags");
		letter = (char)kfield_in(&taint_c_true, entry, entry_bytes);
		if (isgraph((unsigned char)letter) &&
		    (!module || kfield_in(&taint_module, entry, entry_bytes)))
			strbuf_putc(letters, letter);
	}
}

bool kernel_was_kexeced(void)
{
	return ksymbol_exists(&crashing_cpu) && (s32)ksymbol_u64(&crashing_cpu, 4) >= 0;
}

/* The start of a log line that tells why the kernel went down. */
static const char *const causes[] = {
	"BUG: ",
	"general protection fault",
	"double fault: ",
	"divide error: ",
	"stack segment: ",
	"invalid opcode: ",
	"int3: ",
	"kernel BUG at ",
	"Kernel BUG at ",
	"Unable to handle kernel ",
	"Oops: ",
	"[Hardware Error]: ",
	"mce: [Hardware Error]: ",
	"watchdog: BUG: ",
	"INFO: task ",
	"sysrq: Trigger a crash",
};

static bool is_cause(const char *text, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		size_t start_bytes = strlen(causes[i]);

		if (length >= start_bytes && memcmp(text, causes[i], start_bytes) == 0)
			return true;
	}
	return false;
}

static void keep_line(char *to, size_t space, const char *text, size_t length)
{
	const char *end = memchr(text, '\n', length);

	if (end != NULL)
		length = (size_t)(end - text);
	while (length > 0 && isspace((unsigned char)text[length - 1]))
		length--;
	snprintf(to, space, "%.*s", (int)min_u64(length, space - 1), text);
}

#define PANIC_START "Kernel panic - not syncing: "
#define PANIC_START_BYTES (sizeof(PANIC_START) - 1)

/* A panic that only says "because of the fault above" names nothing itself. */
static bool panic_has_own_reason(const char *line)
{
	const char *reason = line + PANIC_START_BYTES;

	return !starts_with(reason, "Fatal exception") &&
	       !starts_with(reason, "panic_on_warn set") && !starts_with(reason, "Timeout: ");
}

/* "Oops:" follows the line that names the fault, and a BUG() is an invalid opcode. */
static bool only_names_the_trap(const char *text, const char *cause)
{
	return (starts_with(text, "Oops: ") && cause[0] != '\0') ||
	       (starts_with(text, "invalid opcode: ") &&
		(starts_with(cause, "kernel BUG at ") || starts_with(cause, "Kernel BUG at ")));
}

const char *kernel_panic_message(void)
{
	static char message[512];
	char cause[512] = "", panic[512] = "";
	struct printk_record record;
	struct printk_iter it;

	printk_begin(&it);
	while (printk_next(&it, &record)) {
		if (record.text_bytes >= PANIC_START_BYTES &&
		    memcmp(record.text, PANIC_START, PANIC_START_BYTES) == 0) {
			/* A second panic inside the first one adds nothing. */
			if (panic[0] == '\0')
				keep_line(panic, sizeof(panic), record.text, record.text_bytes);
		} else if (panic[0] == '\0' && is_cause(record.text, record.text_bytes) &&
			   !only_names_the_trap(record.text, cause)) {
			keep_line(cause, sizeof(cause), record.text, record.text_bytes);
		}
	}
	if (panic[0] != '\0' && (panic_has_own_reason(panic) || cause[0] == '\0'))
		snprintf(message, sizeof(message), "%s", panic);
	else if (panic[0] != '\0' || kernel_was_kexeced())
		/* An oops can go to the crash kernel before panic() says anything. */
		snprintf(message, sizeof(message), "%s", cause);
	else
		message[0] = '\0';
	return message;
}

bool kernel_crashed_by_sysrq(void)
{
	const char *message = kernel_panic_message();

	return starts_with(message, PANIC_START "sysrq") ||
	       starts_with(message, "sysrq: Trigger a crash");
}

/*
 * "Linux version 6.1.0 (builder@host) ...": what a kernel says of itself, up to the end
 * of the line.
 */
static bool same_banner(const char *memory, const char *file)
{
	size_t length = strcspn(memory, "\n");

	return length == strcspn(file, "\n") && memcmp(memory, file, length) == 0;
}

/*
 * True when the dump recorded a build-id and the vmlinux has another one; RECORDED is left
 * empty when not.
 */
static bool build_ids_differ(char *recorded, size_t recorded_bytes, char *of_vmlinux)
{
	recorded[0] = of_vmlinux[0] = '\0';
	for (u32 i = 0; i < kernel_vmlinux->build_id_bytes; i++)
		snprintf(of_vmlinux + 2 * i, 3, "%02x", kernel_vmlinux->build_id[i]);
	if (kernel_vmcoreinfo == NULL || of_vmlinux[0] == '\0' ||
	    !vmcoreinfo_string(kernel_vmcoreinfo, "BUILD-ID", recorded, recorded_bytes))
		return false;
	return !streq(recorded, of_vmlinux);
}

/* The release first: it is what a user needs to find the right file. */
static bool releases_differ(struct strbuf *difference)
{
	const char *release;
	char recorded[128];

	if (kernel_vmcoreinfo == NULL || kernel_vmlinux->banner == NULL ||
	    !starts_with(kernel_vmlinux->banner, "Linux version ") ||
	    !vmcoreinfo_string(kernel_vmcoreinfo, "OSRELEASE", recorded, sizeof(recorded)))
		return false;
	release = kernel_vmlinux->banner + strlen("Linux version ");
	if (strlen(recorded) == strcspn(release, " ") && starts_with(release, recorded))
		return false;
	strbuf_printf(difference, "the dump is of kernel %s, the vmlinux of %.*s", recorded,
		      (int)strcspn(release, " "), release);
	return true;
}

bool kernel_record_matches_vmlinux(struct strbuf *difference)
{
	char recorded[128], of_vmlinux[2 * sizeof(kernel_vmlinux->build_id) + 1];
	bool releases = releases_differ(difference);

	if (build_ids_differ(recorded, sizeof(recorded), of_vmlinux)) {
		strbuf_printf(difference, "%sthe dump's kernel has build-id %s, the vmlinux %s",
			      releases ? "; " : "", recorded, of_vmlinux);
		return false;
	}
	return !releases;
}

bool kernel_matches_vmlinux(struct strbuf *difference)
{
	char memory[512];

	if (kernel_vmlinux == NULL)
		return true;
	if (!kernel_record_matches_vmlinux(difference))
		return false;
	if (kernel_vmlinux->banner == NULL || !ksymbol_exists(&linux_banner) ||
	    !mem_try_string(ksymbol_address(&linux_banner), memory, sizeof(memory), NULL))
		return true;
	/* A page that reads as zeroes is no other kernel's. */
	if (memory[0] == '\0')
		return true;
	if (same_banner(memory, kernel_vmlinux->banner))
		return true;
	strbuf_printf(difference,
		      "where the vmlinux has its banner, \"%.*s\", the dump has \"%.*s\"",
		      (int)min_u64(strcspn(kernel_vmlinux->banner, "\n"), 100),
		      kernel_vmlinux->banner, (int)min_u64(strcspn(memory, "\n"), 100), memory);
	return false;
}
