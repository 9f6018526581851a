/* test_kernel.c - L5 kernel identity: clocks, load, memory, taints, panic message, match with the vmlinux. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "fake_log.h"
#include "kernel.h"
#include "symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define UTS 0x1000
#define CLOCKSOURCE 0x2000
#define TK_CORE 0x2100
#define AVENRUN 0x3000
#define NODE_DATA 0x3100
#define NODES 0x3200
#define TAINTED 0x4000
#define TAINT_FLAGS 0x4100
#define BANNER 0x5000
#define CRASHING_CPU 0x5200
#define JIFFIES 0x5300
#define BUILD_ID "0102030405060708090a0b0c0d0e0f1011121314"

enum { TK_XTIME_SEC = 16, TK_WTM = 24, TK_OFFS_BOOT = 40, TK_BYTES = 48, UTS_WORD = 65 };

static void make_types(void)
{
	fake_struct(
		"new_utsname", 6 * UTS_WORD,
		(struct fake_member[]){
			{ .name = "nodename", .offset = UTS_WORD, .size = 1, .count = UTS_WORD },
			{ .name = "release", .offset = 2 * UTS_WORD, .size = 1, .count = UTS_WORD },
			{ .name = "version", .offset = 3 * UTS_WORD, .size = 1, .count = UTS_WORD },
			{ .name = "machine",
			  .offset = 4 * UTS_WORD,
			  .size = 1,
			  .count = UTS_WORD } },
		4);
	fake_struct(
		"uts_namespace", 8 + 6 * UTS_WORD,
		(struct fake_member[]){ { .name = "name", .offset = 8, .type = "new_utsname" } },
		1);
	fake_struct("clocksource", 16,
		    (struct fake_member[]){ { .name = "mult", .size = 4 },
					    { .name = "shift", .offset = 4, .size = 4 } },
		    2);
	fake_struct("seqcount_raw_spinlock_t", 4,
		    (struct fake_member[]){ { .name = "seqcount", .size = 4 } }, 1);
	fake_struct("tk_read_base", 16,
		    (struct fake_member[]){ { .name = "shift", .size = 4 },
					    { .name = "xtime_nsec", .offset = 8, .size = 8 } },
		    2);
	fake_struct("timespec64", 16,
		    (struct fake_member[]){
			    { .name = "tv_sec", .size = 8, .is_signed = true },
			    { .name = "tv_nsec", .offset = 8, .size = 8, .is_signed = true } },
		    2);
	fake_struct("timekeeper", TK_BYTES,
		    (struct fake_member[]){
			    { .name = "tkr_mono", .type = "tk_read_base" },
			    { .name = "xtime_sec", .offset = TK_XTIME_SEC, .size = 8 },
			    { .name = "wall_to_monotonic", .offset = TK_WTM, .type = "timespec64" },
			    { .name = "offs_boot",
			      .offset = TK_OFFS_BOOT,
			      .size = 8,
			      .is_signed = true } },
		    4);
	fake_struct(
		"pglist_data", 16,
		(struct fake_member[]){ { .name = "node_present_pages", .offset = 8, .size = 8 } },
		1);
	fake_struct("taint_flag", 4,
		    (struct fake_member[]){ { .name = "c_true", .size = 1 },
					    { .name = "c_false", .offset = 1, .size = 1 },
					    { .name = "module", .offset = 2, .size = 1 } },
		    3);
	fake_log_types();
	fake_types_done();
}

static void make_symbols(void)
{
	const struct symbol_module *module = symbols_add_module("kernel", 0, 0, 0, NULL, 0);

	symbols_add(module, "init_uts_ns", fake_kva(UTS), 0, 'D');
	symbols_add(module, "clocksource_jiffies", fake_kva(CLOCKSOURCE), 0, 'd');
	symbols_add(module, "tk_core", fake_kva(TK_CORE), 0, 'b');
	symbols_add(module, "avenrun", fake_kva(AVENRUN), 24, 'B');
	symbols_add(module, "node_data", fake_kva(NODE_DATA), 4 * 8, 'B');
	symbols_add(module, "tainted_mask", fake_kva(TAINTED), 8, 'b');
	symbols_add(module, "taint_flags", fake_kva(TAINT_FLAGS), 3 * 4, 'R');
	symbols_add(module, "linux_banner", fake_kva(BANNER), 0, 'R');
	symbols_add(module, "crashing_cpu", fake_kva(CRASHING_CPU), 4, 'D');
	symbols_add(module, "jiffies_64", fake_kva(JIFFIES), 8, 'D');
}

static void text_at(u64 paddr, const char *text)
{
	fake_bytes(fake_kva(paddr), text, strlen(text) + 1);
}

static void build(void)
{
	u64 timekeeper = fake_kva(TK_CORE) + 8; /* after the sequence counter, aligned */
	u32 clock[2] = { 4000000 << 8, 8 }; /* a tick of 4 ms */
	u32 shift = 8;

	fake_dump();
	text_at(UTS + 8 + UTS_WORD, "node");
	text_at(UTS + 8 + 2 * UTS_WORD, "6.1.0-test");
	text_at(UTS + 8 + 3 * UTS_WORD, "#1 SMP");
	text_at(UTS + 8 + 4 * UTS_WORD, "x86_64");
	fake_bytes(fake_kva(CLOCKSOURCE), clock, sizeof(clock));
	fake_bytes(timekeeper, &shift, 4);
	fake_u64(timekeeper + 8, 250000000ULL << 8);
	fake_u64(timekeeper + TK_XTIME_SEC, 1700000100);
	fake_u64(timekeeper + TK_WTM, (u64)-1700000001LL);
	fake_u64(timekeeper + TK_WTM + 8, 500000000);
	fake_u64(timekeeper + TK_OFFS_BOOT, 3600ULL * 1000000000);
	text_at(BANNER, "Linux version 6.1.0-test (a@b) #1 SMP\n");
	fake_u64(fake_kva(CRASHING_CPU), 0xffffffff);
	fake_log_start(6, 12, true);
}

static void test_identity(void **state UNUSED)
{
	build();
	assert_string_equal(kernel_identity()->nodename, "node");
	assert_string_equal(kernel_identity()->release, "6.1.0-test");
	assert_string_equal(kernel_identity()->version, "#1 SMP");
	assert_string_equal(kernel_identity()->machine, "x86_64");
}

static void test_clocks(void **state UNUSED)
{
	build();
	assert_int_equal(kernel_hz(), 250);
	assert_int_equal(kernel_wall_seconds(), 1700000100);
	/*
	 * 99.25 s by the monotonic clock, half a second of it from wall_to_monotonic, and
	 * an hour asleep.
	 */
	assert_int_equal((u64)(kernel_uptime_seconds() * 100 + 0.5), 369975);
	assert_int_equal(kernel_log_epoch(), 1700000000500000000ULL);
	fake_u64(fake_kva(JIFFIES), 4294892296ULL);
	assert_int_equal(kernel_jiffies(), 4294892296ULL);
}

static void test_load_average(void **state UNUSED)
{
	double load[3];

	build();
	fake_u64(fake_kva(AVENRUN), 2048 + 1024);
	fake_u64(fake_kva(AVENRUN) + 8, 5);
	fake_u64(fake_kva(AVENRUN) + 16, 123 * 2048);
	kernel_load_average(load);
	assert_int_equal((int)(load[0] * 100 + 0.5), 150);
	assert_int_equal((int)(load[1] * 100 + 0.5), 0);
	assert_int_equal((int)(load[2] * 100 + 0.5), 12300);
}

static void test_memory(void **state UNUSED)
{
	build();
	fake_u64(fake_kva(NODE_DATA), fake_kva(NODES));
	fake_u64(fake_kva(NODE_DATA) + 16, fake_kva(NODES + 16));
	fake_u64(fake_kva(NODES) + 8, 1000);
	fake_u64(fake_kva(NODES) + 24, 24);
	assert_int_equal(kernel_memory_bytes(), 1024 * 4096);
}

static void test_taints(void **state UNUSED)
{
	struct strbuf letters = { 0 };

	build();
	fake_bytes(fake_kva(TAINT_FLAGS), "PG\1\0S \0\0O \1\0", 12);
	fake_u64(fake_kva(TAINTED), 0x87);
	assert_int_equal(kernel_taint_flags(), 0x87);
	kernel_taint_letters(0x87, false, &letters);
	assert_string_equal(strbuf_text(&letters), "PSO");
	strbuf_reset(&letters);
	kernel_taint_letters(0x87, true, &letters);
	assert_string_equal(strbuf_text(&letters), "PO");
	strbuf_reset(&letters);
	kernel_taint_letters(0, false, &letters);
	assert_string_equal(strbuf_text(&letters), "");
	strbuf_free(&letters);
}

struct log_case {
	const char *lines[8];
	const char *panic;
};

static void test_panic_messages(void **state UNUSED)
{
	static const struct log_case cases[] = {
		{ { "all is well", "watch out" }, "" },
		{ { "sysrq: Trigger a crash", "Kernel panic - not syncing: sysrq triggered crash" },
		  "Kernel panic - not syncing: sysrq triggered crash" },
		{ { "BUG: kernel NULL pointer dereference, address: 0000000000000010",
		    "#PF: supervisor read access", "Oops: 0000 [#1] PREEMPT SMP",
		    "Kernel panic - not syncing: Fatal exception in interrupt" },
		  "BUG: kernel NULL pointer dereference, address: 0000000000000010" },
		{ { "BUG: something earlier", "much later",
		    "Oops: general protection fault, maybe 0x1: 0000 [#1]",
		    "general protection fault, "
		    "probably for non-canonical address 0x1: 0000 [#1] SMP",
		    "Kernel panic - not syncing: Fatal exception" },
		  "general protection fault, "
		  "probably for non-canonical address 0x1: 0000 [#1] SMP" },
		{ { "Oops: 0002 [#1]", "Kernel panic - not syncing: Fatal exception" },
		  "Oops: 0002 [#1]" },
		{ { "Kernel panic - not syncing: Fatal exception" },
		  "Kernel panic - not syncing: Fatal exception" },
		{ { "Kernel panic - not syncing: first\nof two lines  ",
		    "Kernel panic - not syncing: second",
		    "---[ end Kernel panic - not syncing: first ]---" },
		  "Kernel panic - not syncing: first" },
		{ { "BUG: an oops that the kernel survived", "Oops: 0000 [#1] SMP",
		    "life goes on" },
		  "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		build();
		for (size_t line = 0; line < 8 && cases[i].lines[line] != NULL; line++)
			fake_log_add(cases[i].lines[line], strlen(cases[i].lines[line]), 4);
		assert_string_equal(kernel_panic_message(), cases[i].panic);
	}
}

static void test_kexec(void **state UNUSED)
{
	static const char first[] =
		"BUG: kernel NULL pointer dereference, address: 0000000000000000";

	build();
	fake_log_add(first, strlen(first), 1);
	fake_log_add("Oops: 0000 [#1] SMP", 19, 1);
	assert_false(kernel_was_kexeced());
	assert_string_equal(kernel_panic_message(), "");
	/* With a crash kernel, the oops is the end: panic() never gets to speak. */
	fake_u64(fake_kva(CRASHING_CPU), 1);
	assert_true(kernel_was_kexeced());
	assert_string_equal(kernel_panic_message(), first);
}

static bool matches(const char *banner, const char *info_text, struct strbuf *difference)
{
	static struct vmlinux vmlinux;
	struct vmcoreinfo info = { .text = (char *)info_text, .length = strlen(info_text) };
	bool same;

	vmlinux = (struct vmlinux){ .banner = banner, .build_id_bytes = 20 };
	for (u8 i = 0; i < 20; i++)
		vmlinux.build_id[i] = i + 1;
	strbuf_reset(difference);
	kernel_setup(&vmlinux, &info);
	same = kernel_matches_vmlinux(difference);
	kernel_setup(NULL, NULL);
	return same;
}

static void test_match(void **state UNUSED)
{
	static const char banner[] = "Linux version 6.1.0-test (a@b) #1 SMP\n";
	struct strbuf difference = { 0 };

	build();
	assert_true(kernel_matches_vmlinux(&difference));
	assert_true(matches(banner, "OSRELEASE=6.1.0-test\nBUILD-ID=" BUILD_ID "\n", &difference));
	assert_true(matches(banner, "", &difference));
	assert_int_equal(difference.length, 0);
	assert_false(matches(banner, "OSRELEASE=6.1.1-test\n", &difference));
	assert_non_null(strstr(strbuf_text(&difference), "6.1.1-test"));
	assert_non_null(strstr(strbuf_text(&difference), "6.1.0-test"));
	/* A release that only starts with the other one. */
	assert_false(matches(banner, "OSRELEASE=6.1.0\n", &difference));
	assert_false(matches(banner, "BUILD-ID=ff02030405060708090a0b0c0d0e0f1011121314\n",
			     &difference));
	assert_non_null(strstr(strbuf_text(&difference), "build-id"));
	assert_false(matches("Linux version 6.1.0-test (c@d) #2 SMP\n", "OSRELEASE=6.1.0-test\n",
			     &difference));
	assert_non_null(strstr(strbuf_text(&difference), "#2 SMP"));
	/* The banner's page may be missing: then nothing contradicts. */
	fake_page_fault(BANNER, FAULT_EXCLUDED);
	assert_true(matches("Linux version 6.1.0-test (c@d) #2 SMP\n", "OSRELEASE=6.1.0-test\n",
			    &difference));
	strbuf_free(&difference);
}

static void ask_everything(void *arg UNUSED)
{
	struct strbuf letters = { 0 };
	double load[3];

	kernel_identity();
	kernel_uptime_seconds();
	kernel_load_average(load);
	kernel_memory_bytes();
	kernel_panic_message();
	kernel_taint_letters(kernel_taint_flags(), false, &letters);
	strbuf_free(&letters);
}

static void test_every_read_may_fail(void **state UNUSED)
{
	unsigned long nr_reads;

	build();
	fake_u64(fake_kva(NODE_DATA), fake_kva(NODES));
	fake_log_add("text", 4, 1);
	fake_fail_read(0);
	assert_true(protect(ask_everything, NULL, NULL));
	nr_reads = fake_nr_reads();
	assert_true(nr_reads > 10);
	for (unsigned long nth = 1; nth <= nr_reads; nth++) {
		struct failure failure;

		fake_fail_read(nth);
		if (!protect(ask_everything, NULL, &failure))
			assert_non_null(strstr(failure.text, "damaged"));
	}
	fake_fail_read(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_load_average),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_taints),
		cmocka_unit_test(test_panic_messages),
		cmocka_unit_test(test_kexec),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_every_read_may_fail),
	};

	make_types();
	make_symbols();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
