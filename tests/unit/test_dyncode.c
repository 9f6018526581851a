/* test_dyncode.c - L5 code that the kernel wrote: names, ftrace's copies, changes, damaged lists. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/dyncode.h"
#include "symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define BPF_HEAD 0x1000
#define FTRACE_HEAD 0x1100
#define SLOTS 0x1200
#define DETOURS 0x1300
#define KSYMS 0x2000 /* two, a page each */
#define OPS 0x6000 /* two */
#define PAGES 0x8000
#define CALLER 0xffffffff81001000ULL
#define REGS_CALLER 0xffffffff81002000ULL
#define CODE 0xffffffffc0100000ULL
#define SAVES_REGS 2

enum { START = 0, END = 8, KSYM_LINK = 16, NAME = 32, NAME_BYTES = 32 };
enum { OPS_LINK = 0, FLAGS = 16, TRAMPOLINE = 24, TRAMPOLINE_BYTES = 32 };
enum { CACHE_PAGES = 8 };
enum { PAGE_LINK = 8, INSNS = 24 };

static void link_ring(u64 head, u64 first, u64 second)
{
	fake_u64(head, first);
	fake_u64(first, second ? second : head);
	if (second)
		fake_u64(second, head);
}

static u64 ksym(unsigned n)
{
	return fake_kva(KSYMS + n * PAGE_BYTES);
}

static void put_ksym(unsigned n, u64 start, u64 end, const char *name)
{
	fake_u64(ksym(n) + START, start);
	fake_u64(ksym(n) + END, end);
	fake_bytes(ksym(n) + NAME, name, strlen(name) + 1);
}

static u64 ops(unsigned n)
{
	return fake_kva(OPS + n * 256);
}

static void put_ops(unsigned n, u64 flags, u64 start, u64 bytes)
{
	fake_u64(ops(n) + FLAGS, flags);
	fake_u64(ops(n) + TRAMPOLINE, start);
	fake_u64(ops(n) + TRAMPOLINE_BYTES, bytes);
}

static void build(void)
{
	fake_dump();
	put_ksym(0, CODE, CODE + 0x100, "bpf_prog_0123_one");
	put_ksym(1, CODE + 0x1000, CODE + 0x1080, "bpf_trampoline_7");
	link_ring(fake_kva(BPF_HEAD), ksym(0) + KSYM_LINK, ksym(1) + KSYM_LINK);
	put_ops(0, 0, CODE + 0x2000, 0x200);
	put_ops(1, SAVES_REGS | 1, CODE + 0x3000, 0x300);
	link_ring(fake_kva(FTRACE_HEAD), ops(0) + OPS_LINK, ops(1) + OPS_LINK);
	link_ring(fake_kva(SLOTS) + CACHE_PAGES, fake_kva(PAGES) + PAGE_LINK, 0);
	fake_u64(fake_kva(PAGES) + INSNS, CODE + 0x4000);
	link_ring(fake_kva(DETOURS) + CACHE_PAGES, fake_kva(PAGES) + 256 + PAGE_LINK, 0);
	fake_u64(fake_kva(PAGES) + 256 + INSNS, CODE + 0x6000);
	symbols_forget_modules();
}

/* What lies at ADDRESS: its owner and name, "" for nothing. */
static const char *named(u64 address)
{
	const struct symbol *symbol = symbol_at(address, NULL);

	return symbol && symbol->module ? scope_printf("%s %s", symbol->module->name, symbol->name)
					: "";
}

static const struct {
	u64 address;
	const char *name;
} wanted[] = {
	{ CODE, "bpf bpf_prog_0123_one" },
	{ CODE + 0xff, "bpf bpf_prog_0123_one" },
	{ CODE + 0x1000, "bpf bpf_trampoline_7" },
	{ CODE + 0x2010, "__builtin__ftrace ftrace_trampoline" },
	{ CODE + 0x3010, "__builtin__ftrace ftrace_trampoline" },
	{ CODE + 0x4ff8, "__builtin__kprobes kprobe_insn_page" },
	{ CODE + 0x6000, "__builtin__kprobes kprobe_optinsn_page" },
};

static void test_names(void **state UNUSED)
{
	static const u64 outside[] = { CODE - 1, CODE + 0x100, CODE + 0x5000, CODE + 0x7000 };

	build();
	dyncode_add_symbols();
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		assert_string_equal(named(wanted[i].address), wanted[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
		assert_string_equal(named(outside[i]), "");
	assert_true(address_is_text(CODE + 0x10));
}

static void test_copies(void **state UNUSED)
{
	u64 original = 0;

	build();
	dyncode_add_symbols();
	assert_true(dyncode_copied_from(CODE + 0x2012, &original));
	assert_int_equal(original, CALLER + 0x12);
	assert_true(dyncode_copied_from(CODE + 0x32ff, &original));
	assert_int_equal(original, REGS_CALLER + 0x2ff);
	assert_false(dyncode_copied_from(CODE + 0x3300, &original));
	assert_false(dyncode_copied_from(CODE, &original));
}

static void test_changes(void **state UNUSED)
{
	build();
	dyncode_add_symbols();
	assert_false(dyncode_changed());
	put_ksym(1, CODE + 0x1000, CODE + 0x10c0, "bpf_trampoline_7");
	assert_true(dyncode_changed());
	assert_false(dyncode_changed());
	link_ring(fake_kva(FTRACE_HEAD), ops(0) + OPS_LINK, 0);
	assert_true(dyncode_changed());
}

/* Names from a dump reach a terminal; ranges that make no sense name nothing. */
static void test_nonsense(void **state UNUSED)
{
	build();
	put_ksym(0, CODE, CODE + 0x100, "bpf\033[31m x");
	put_ksym(1, 0x1000, 0x2000, "user_space");
	put_ops(0, 0, CODE + 0x2000, ~0ULL);
	put_ops(1, 0, CODE + 0x3000, 0);
	dyncode_add_symbols();
	assert_string_equal(named(CODE), "bpf bpf?[31m?x");
	assert_string_equal(named(0x1000), "");
	assert_string_equal(named(CODE + 0x2000), "");
	assert_string_equal(named(CODE + 0x3000), "");
	build();
	put_ksym(0, CODE + 0x100, CODE, "backwards");
	put_ksym(1, CODE, CODE + (1ULL << 40), "whole_kernel");
	dyncode_add_symbols();
	assert_string_equal(named(CODE + 0x10), "");
	build();
	put_ksym(0, CODE, CODE + 0x100, "");
	dyncode_add_symbols();
	assert_string_equal(named(CODE), "");
}

static void test_broken_lists(void **state UNUSED)
{
	/* A ring that misses its head: each piece once. */
	build();
	fake_u64(ksym(1) + KSYM_LINK, ksym(1) + KSYM_LINK);
	dyncode_add_symbols();
	assert_string_equal(named(CODE), "bpf bpf_prog_0123_one");
	assert_string_equal(named(CODE + 0x1000), "bpf bpf_trampoline_7");
	/* One list leads nowhere: the others have their names. */
	build();
	fake_u64(fake_kva(BPF_HEAD), 0);
	fake_u64(fake_kva(SLOTS) + CACHE_PAGES, 0xffffc90000000000ULL);
	dyncode_add_symbols();
	assert_string_equal(named(CODE), "");
	assert_string_equal(named(CODE + 0x2010), "__builtin__ftrace ftrace_trampoline");
	assert_string_equal(named(CODE + 0x6000), "__builtin__kprobes kprobe_optinsn_page");
	/* A program whose page is missing. */
	build();
	fake_page_fault(KSYMS + PAGE_BYTES, FAULT_EXCLUDED);
	dyncode_add_symbols();
	assert_string_equal(named(CODE), "bpf bpf_prog_0123_one");
	assert_string_equal(named(CODE + 0x1000), "");
}

/* Each read fails once: a piece has its own name or none. */
static void test_each_read_fails(void **state UNUSED)
{
	unsigned long nr_reads, nr_missed = 0;

	build();
	fake_fail_read(0);
	dyncode_add_symbols();
	nr_reads = fake_nr_reads();
	assert_true(nr_reads > 10);
	for (unsigned long n = 1; n <= nr_reads; n++) {
		build();
		fake_fail_read(n);
		dyncode_add_symbols();
		for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
			const char *name = named(wanted[i].address);

			assert_true(!*name || streq(name, wanted[i].name));
			nr_missed += !*name;
		}
	}
	assert_true(nr_missed >= nr_reads / 2);
}

static void make_types(void)
{
	static const struct fake_member bpf_ksym[] = {
		{ .name = "start", .offset = START, .size = 8 },
		{ .name = "end", .offset = END, .size = 8 },
		{ .name = "lnode", .offset = KSYM_LINK, .size = 8 },
		{ .name = "name", .offset = NAME, .size = 1, .count = NAME_BYTES },
	};
	static const struct fake_member ftrace_ops[] = {
		{ .name = "list", .offset = OPS_LINK, .size = 8 },
		{ .name = "flags", .offset = FLAGS, .size = 8 },
		{ .name = "trampoline", .offset = TRAMPOLINE, .size = 8 },
		{ .name = "trampoline_size", .offset = TRAMPOLINE_BYTES, .size = 8 },
	};
	static const struct fake_member cache[] = {
		{ .name = "pages", .offset = CACHE_PAGES, .size = 8 }
	};
	static const struct fake_member page[] = {
		{ .name = "list", .offset = PAGE_LINK, .size = 8 },
		{ .name = "insns", .offset = INSNS, .size = 8 }
	};
	static const char *const flags[] = { "FTRACE_OPS_FL_ENABLED", "FTRACE_OPS_FL_DYNAMIC",
					     "FTRACE_OPS_FL_SAVE_REGS" };

	fake_struct("bpf_ksym", 128, bpf_ksym, ARRAY_SIZE(bpf_ksym));
	fake_struct("ftrace_ops", 128, ftrace_ops, ARRAY_SIZE(ftrace_ops));
	fake_struct("kprobe_insn_cache", 64, cache, ARRAY_SIZE(cache));
	fake_struct("kprobe_insn_page", 64, page, ARRAY_SIZE(page));
	fake_enum("ftrace_ops_flags", flags, ARRAY_SIZE(flags));
	fake_types_done();
}

int main(void)
{
	const struct symbol kernel[] = {
		{ .value = fake_kva(BPF_HEAD), .name = "bpf_kallsyms", .type = 'd' },
		{ .value = fake_kva(FTRACE_HEAD),
		  .name = "ftrace_ops_trampoline_list",
		  .type = 'd' },
		{ .value = fake_kva(SLOTS), .name = "kprobe_insn_slots", .type = 'd' },
		{ .value = fake_kva(DETOURS), .name = "kprobe_optinsn_slots", .type = 'd' },
		{ .value = CALLER, .name = "ftrace_caller", .type = 'T' },
		{ .value = REGS_CALLER, .name = "ftrace_regs_caller", .type = 'T' },
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	     cmocka_unit_test(test_copies),
		cmocka_unit_test(test_changes),	     cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_broken_lists), cmocka_unit_test(test_each_read_fails),
	};

	make_types();
	symbols_load_list(kernel, ARRAY_SIZE(kernel));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
