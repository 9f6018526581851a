/* test_x86_64.c - L3 x86_64: finding the image, layout, page tables of both depths, PTEs. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dump/elfnote.h"
#include "fake.h"
#include "memory.h"
#include "names/vmlinux.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define MAP 0xffffffff80000000ULL
#define LINK_TEXT 0xffffffff81000000ULL
#define KASLR 0x12000000ULL
#define TEXT (LINK_TEXT + KASLR)
#define PHYS_TEXT 0x200000ULL
#define PHYS_BASE (PHYS_TEXT - (TEXT - MAP))
#define BANNER "Linux version 6.12.0-test (somebody@somewhere) #1 SMP"

/* Where things are in the image, from _text. */
#define AT_BANNER 0x1000ULL
#define AT_TOP 0x2000ULL
#define AT_L3 0x3000ULL
#define AT_L2 0x4000ULL
#define AT_BASES 0x5000ULL
#define AT_MAX_PFN 0x5018ULL
#define AT_INIT 0x6000ULL
#define AT_INIT_END 0x7000ULL
#define AT_L4 0x7000ULL
#define AT_L1 0x8000ULL
#define AT_UTS 0x9000ULL
#define AT_END 0x20000ULL

#define PAGE_OFFSET 0xffff9d0000000000ULL
#define VMALLOC 0xffffb10000000000ULL
#define VMEMMAP 0xffffe10000000000ULL

static struct vmlinux vmlinux;
static struct dump *dump;

static void put(u64 paddr, u64 value)
{
	memcpy(fake_phys(paddr), &value, sizeof(value));
}

static u64 phys(u64 at)
{
	return PHYS_TEXT + at;
}

/*
 * The kernel's tables, LEVELS deep: the image in 2M pages; its init page is not mapped by 4K pages.
 */
static void build_tables(unsigned levels)
{
	u64 image_entry = (TEXT - MAP) >> 21;

	if (levels == 5) {
		put(phys(AT_TOP) + 511 * 8, phys(AT_L4) | 0x63);
		put(phys(AT_L4) + 511 * 8, phys(AT_L3) | 0x63);
	} else {
		put(phys(AT_TOP) + 511 * 8, phys(AT_L3) | 0x63);
	}
	put(phys(AT_L3) + 510 * 8, phys(AT_L2) | 0x63);
	put(phys(AT_L2) + image_entry * 8, PHYS_TEXT | 0x1e3);
}

static void build(unsigned levels)
{
	dump = fake_dump();
	memcpy(fake_phys(phys(AT_BANNER)), BANNER, sizeof(BANNER));
	memcpy(fake_phys(phys(AT_UTS)), "Linux", 6);
	put(phys(AT_BASES), PAGE_OFFSET);
	put(phys(AT_BASES) + 8, VMALLOC);
	put(phys(AT_BASES) + 16, VMEMMAP);
	put(phys(AT_MAX_PFN), FAKE_PAGES);
	build_tables(levels);
}

static struct vmcoreinfo info_of(u64 kaslr, u64 phys_base)
{
	static char text[512];
	struct vmcoreinfo info = { .text = text };

	info.length = (size_t)snprintf(text, sizeof(text),
				       "OSRELEASE=6.12.0-test\nSYMBOL(init_uts_ns)=%llx\n"
				       "OFFSET(uts_namespace.name)=0\nNUMBER(phys_base)=%lld\n"
				       "KERNELOFFSET=%llx\n",
				       (LINK_TEXT + kaslr + AT_UTS), phys_base, kaslr);
	return info;
}

static struct kernel_layout expect_found(const struct vmlinux *image, const struct vmcoreinfo *info)
{
	struct kernel_layout layout = { 0 };
	struct strbuf why = { 0 };

	assert_true(x86_64_ops.find_kaslr(dump, image, info, &layout, &why));
	assert_int_equal(layout.kaslr_offset, KASLR);
	assert_int_equal(layout.phys_base, PHYS_BASE);
	strbuf_free(&why);
	return layout;
}

static void test_kaslr_from_vmcoreinfo(void **state UNUSED)
{
	struct vmcoreinfo info;

	build(4);
	info = info_of(KASLR, PHYS_BASE);
	fake_fail_read(0);
	expect_found(&vmlinux, &info);
	/* No search: a page or two. */
	assert_true(fake_nr_reads() <= 2);
	expect_found(NULL, &info);
	/* The page of the banner is not in the dump: the kernel's word stands. */
	fake_page_fault(phys(AT_BANNER), FAULT_EXCLUDED);
	expect_found(&vmlinux, &info);
}

static void test_kaslr_vmcoreinfo_lies(void **state UNUSED)
{
	struct vmcoreinfo info;

	build(4);
	info = info_of(KASLR, PHYS_BASE + 0x100000);
	expect_found(&vmlinux, &info);
	info = info_of(KASLR + 0x200000, PHYS_BASE - 0x100000);
	expect_found(&vmlinux, &info);
	info = info_of(0x7fffffff12345ULL, PHYS_BASE);
	expect_found(&vmlinux, &info);
}

static void test_kaslr_from_notes(void **state UNUSED)
{
	struct cpu_note note = { .has_control = true };

	build(4);
	/* The image's own table cannot be used: only the one that the CPU had can. */
	memcpy(fake_phys(0x100000), fake_phys(phys(AT_TOP)), PAGE_BYTES);
	memset(fake_phys(phys(AT_TOP)), 0, PAGE_BYTES);
	dump->cpu_notes = &note;
	dump->nr_cpu_notes = 1;
	note.cr3 = 0x100000;
	expect_found(&vmlinux, NULL);
	/* stopped in user space with PTI: PCID bits, and the odd page */
	note.cr3 = 0x101000 | 0x803;
	expect_found(&vmlinux, NULL);
	dump->nr_cpu_notes = 0;
}

static void test_kaslr_from_search(void **state UNUSED)
{
	for (unsigned levels = 4; levels <= 5; levels++) {
		build(levels);
		expect_found(&vmlinux, NULL);
	}
}

static void test_kaslr_nowhere(void **state UNUSED)
{
	struct kernel_layout layout = { 0 };
	struct strbuf why = { 0 };

	build(4);
	fake_phys(phys(AT_BANNER))[20] ^= 1;
	assert_false(x86_64_ops.find_kaslr(dump, &vmlinux, NULL, &layout, &why));
	assert_non_null(strstr(strbuf_text(&why), "do not belong together"));
	strbuf_reset(&why);
	assert_false(x86_64_ops.find_kaslr(dump, NULL, NULL, &layout, &why));
	assert_non_null(strstr(strbuf_text(&why), "VMCOREINFO"));
	strbuf_free(&why);
}

static struct kernel_layout set_up(unsigned levels)
{
	struct vmcoreinfo info = info_of(KASLR, PHYS_BASE);
	struct kernel_layout layout;
	struct strbuf why = { 0 };

	build(levels);
	layout = expect_found(&vmlinux, &info);
	assert_true(x86_64_ops.find_layout(dump, &info, &layout, &why));
	memory_init(dump, &x86_64_ops, &layout);
	return layout;
}

static void test_layout(void **state UNUSED)
{
	struct kernel_layout layout = set_up(4);

	assert_int_equal(layout.levels, 4);
	assert_int_equal(layout.page_offset, PAGE_OFFSET);
	assert_int_equal(layout.direct_map_end, PAGE_OFFSET + FAKE_PAGES * PAGE_BYTES);
	assert_int_equal(layout.vmalloc_start, VMALLOC);
	assert_int_equal(layout.vmemmap_start, VMEMMAP);
	assert_int_equal(layout.modules_start, 0xffffffffc0000000ULL);
	assert_int_equal(layout.task_size, 0x7ffffffff000ULL);

	layout = set_up(5);
	assert_int_equal(layout.levels, 5);
	assert_int_equal(layout.task_size, 0xfffffffffff000ULL);
}

static void expect_no_layout(const char *reason)
{
	struct kernel_layout layout = { .phys_base = PHYS_BASE, .kaslr_offset = KASLR };
	struct strbuf why = { 0 };

	assert_false(x86_64_ops.find_layout(dump, NULL, &layout, &why));
	assert_non_null(strstr(strbuf_text(&why), reason));
	strbuf_free(&why);
}

/* Without the bases every answer would be wrong: no guess is made. */
static void test_layout_not_to_be_found(void **state UNUSED)
{
	build(4);
	put(phys(AT_BASES), 0x1234);
	expect_no_layout("page_offset_base holds 0000000000001234");
	build(4);
	put(phys(AT_BASES) + 16, 0xdead000000000000ULL);
	expect_no_layout("vmemmap_base holds dead000000000000");
	build(4);
	fake_page_fault(phys(AT_BASES), FAULT_NOT_IN_DUMP);
	expect_no_layout("not in the dump");
}

/* Maps [address, address + 4K) for kernel or user through fresh tables from 0x300000 up. */
static u64 next_table;

static void map(u64 top, unsigned levels, u64 address, unsigned leaf_level, u64 entry)
{
	u64 table = top;

	for (unsigned level = levels - 1; level > leaf_level; level--) {
		u64 at = table + (address >> (12 + 9 * level)) % 512 * 8;
		u64 old;

		memcpy(&old, fake_phys(at), 8);
		if (!old) {
			old = next_table | 0x67;
			put(at, old);
			next_table += PAGE_BYTES;
		}
		table = old & 0xffffffffff000ULL;
	}
	put(table + (address >> (12 + 9 * leaf_level)) % 512 * 8, entry);
}

static void test_kernel_reads(void **state UNUSED)
{
	for (unsigned levels = 4; levels <= 5; levels++) {
		struct translation translation;
		struct fault fault;
		u64 value;

		set_up(levels);
		next_table = 0x300000;
		put(0x123458, 42);
		put(0x124000, 43);
		put(0x1ffff8, 44);
		assert_true(mem_try_u64(PAGE_OFFSET + 0x123458, &value, &fault));
		assert_int_equal(value, 42);
		assert_true(mem_try_u64(TEXT + AT_BASES, &value, &fault));
		assert_int_equal(value, PAGE_OFFSET);

		map(phys(AT_TOP), levels, VMALLOC + 0x5000, 0, 0x123000 | 0x8000000000000163ULL);
		map(phys(AT_TOP), levels, VMALLOC + 0x6000, 0, 0x124000 | 0x8000000000000163ULL);
		map(phys(AT_TOP), levels, VMALLOC + 0x200000, 1, 0x0 | 0x1e3);
		for (int again = 0; again < 2; again++) {
			u64 two[2];

			assert_true(mem_try_u64(VMALLOC + 0x5458, &value, &fault));
			assert_int_equal(value, 42);
			assert_true(mem_try_u64(VMALLOC + 0x3ffff8, &value, &fault));
			assert_int_equal(value, 44);
			assert_true(mem_try_read(VMALLOC + 0x5ff8, two, 16, &fault));
			assert_int_equal(two[1], 43);
		}
		assert_true(mem_walk_kernel(VMALLOC + 0x5458, &translation, &fault));
		assert_int_equal(translation.paddr, 0x123458);
		assert_int_equal(translation.page_bytes, PAGE_BYTES);
		assert_int_equal(translation.nr_steps, levels);
		assert_string_equal(translation.steps[0].table, "PGD");
		assert_string_equal(translation.steps[levels - 1].table, "PTE");
		assert_int_equal(translation.steps[0].entry_address,
				 phys(AT_TOP) +
					 (levels == 5 ? VMALLOC >> 48 : VMALLOC >> 39) % 512 * 8);

		assert_false(mem_try_u64(VMALLOC + 0x7000, &value, &fault));
		assert_int_equal(fault.reason, FAULT_NOT_MAPPED);
		assert_string_equal(fault.level, "pte");
		assert_false(mem_try_u64(VMALLOC + 0x400000, &value, &fault));
		assert_string_equal(fault.level, "pmd");
		assert_false(mem_try_u64(VMALLOC + 0x40000000, &value, &fault));
		assert_string_equal(fault.level, "pud");
	}
}

static void test_kernel_faults(void **state UNUSED)
{
	struct fault fault;
	u64 value;

	set_up(4);
	next_table = 0x300000;
	/* The init section was unmapped after boot: arithmetic must not answer. */
	put(phys(AT_L2) + ((TEXT - MAP) >> 21) * 8, 0);
	assert_false(mem_try_u64(TEXT + AT_INIT, &value, &fault));
	assert_int_equal(fault.reason, FAULT_NOT_MAPPED);
	assert_string_equal(fault.level, "pmd");
	assert_true(mem_try_u64(TEXT + AT_BASES, &value, &fault));

	assert_false(mem_try_u64(0x1000, &value, &fault));
	assert_int_equal(fault.reason, FAULT_BAD_ADDRESS);
	assert_false(mem_try_u64(0xdead000000000100ULL, &value, &fault));
	assert_int_equal(fault.reason, FAULT_BAD_ADDRESS);
	assert_false(mem_is_kernel_address(0xdead000000000100ULL));
	assert_true(mem_is_kernel_address(VMALLOC));

	/*
	 * GLOBAL without PRESENT is no mapping in the kernel half, though PROT_NONE in
	 * the user half.
	 */
	map(phys(AT_TOP), 4, VMALLOC, 0, 0x123000 | 0x160);
	assert_false(mem_try_u64(VMALLOC, &value, &fault));
	assert_int_equal(fault.reason, FAULT_NOT_MAPPED);

	/* A table that the dump does not have, and an entry that points outside of memory. */
	fake_page_fault(phys(AT_L3), FAULT_EXCLUDED);
	assert_false(mem_try_u64(0xffffffffc0001000ULL, &value, &fault));
	assert_int_equal(fault.reason, FAULT_EXCLUDED);
	assert_string_equal(fault.level, "pud");
	map(phys(AT_TOP), 4, VMALLOC + 0x1000, 0, 0x7fffff000163ULL);
	assert_false(mem_try_u64(VMALLOC + 0x1000, &value, &fault));
	assert_int_equal(fault.reason, FAULT_NOT_IN_DUMP);
	assert_int_equal(fault.address, VMALLOC + 0x1000);
	assert_int_equal(fault.physical, 0x7fffff000000ULL);
}

static void test_user_pages(void **state UNUSED)
{
	const u64 pgd = PAGE_OFFSET + 0x10000;
	struct translation translation;
	struct fault fault;
	unsigned type;
	u64 value, offset;

	set_up(4);
	next_table = 0x300000;
	put(0x123458, 42);
	map(0x10000, 4, 0x401000, 0, 0x123000 | 0x8000000000000067ULL);
	/* PROT_NONE: not present, frame inverted (L1TF) */
	map(0x10000, 4, 0x402000, 0, (~0x123000ULL & 0xffffffffff000ULL) | 0x8000000000000164ULL);
	/* swap type 1, offset 7 */
	map(0x10000, 4, 0x403000, 0, 1ULL << 59 | (~7ULL << 9 & ((1ULL << 59) - 1) & ~0x1ffULL));
	assert_true(mem_try_read_in(USER_SPACE(pgd), 0x401458, &value, 8, &fault));
	assert_int_equal(value, 42);
	assert_true(mem_try_read_in(USER_SPACE(pgd), 0x402458, &value, 8, &fault));
	assert_int_equal(value, 42);
	assert_false(mem_try_read_in(USER_SPACE(pgd), 0x403458, &value, 8, &fault));
	assert_int_equal(fault.reason, FAULT_SWAPPED_OUT);
	assert_int_equal(fault.space, SPACE_USER);
	assert_int_equal(fault.address, 0x403458);
	assert_false(mem_walk_user(pgd, 0x403458, &translation, &fault));
	assert_int_equal(translation.nr_steps, 4);
	assert_true(x86_64_ops.swap_entry(translation.entry, &type, &offset));
	assert_int_equal(type, 1);
	assert_int_equal(offset, 7);
	assert_true(mem_swap_place(0x403458, translation.entry, &fault, &type, &offset));
	assert_int_equal(type, 1);
	assert_int_equal(offset, 7);
	/* That of a huge page, in the table above: type 30, offset 512 of its first page. */
	map(0x10000, 4, 0x800000, 1, 30ULL << 59 | (~512ULL << 9 & ((1ULL << 59) - 1) & ~0x1ffULL));
	assert_false(mem_walk_user(pgd, 0x803458, &translation, &fault));
	assert_int_equal(fault.reason, FAULT_SWAPPED_OUT);
	assert_string_equal(fault.level, "pmd");
	assert_true(mem_swap_place(0x803458, translation.entry, &fault, &type, &offset));
	assert_int_equal(type, 30);
	assert_int_equal(offset, 512 + 3);
	/* And a marker of all its pages. */
	map(0x10000, 4, 0xa00000, 1, 31ULL << 59 | (~4ULL << 9 & ((1ULL << 59) - 1) & ~0x1ffULL));
	assert_false(mem_walk_user(pgd, 0xa03458, &translation, &fault));
	assert_true(mem_swap_place(0xa03458, translation.entry, &fault, &type, &offset));
	assert_int_equal(type, 31);
	assert_int_equal(offset, 4);
	fault.reason = FAULT_NOT_MAPPED;
	assert_false(mem_swap_place(0x803458, translation.entry, &fault, &type, &offset));
	assert_false(x86_64_ops.swap_entry(0, &type, &offset));
	assert_false(x86_64_ops.swap_entry(0x123067, &type, &offset));
	assert_false(x86_64_ops.swap_entry(0x123164, &type, &offset));
	assert_false(mem_try_read_in(USER_SPACE(pgd), 0x404000, &value, 8, &fault));
	assert_int_equal(fault.reason, FAULT_NOT_MAPPED);
	assert_string_equal(fault.level, "pte");
	assert_false(
		mem_try_read_in(USER_SPACE(0xdead000000000000ULL), 0x401000, &value, 8, &fault));
	assert_string_equal(fault.level, "pgd");
}

/* One after the other as each by itself, but the way down to the table is read once. */
static void test_user_pages_in_a_row(void **state UNUSED)
{
	const u64 pgd = PAGE_OFFSET + 0x10000, first = 0x5ff000, end = 0x803000;
	struct mapped_range alone, on;
	struct fault why_alone, why_on;
	struct last_walk walk = { 0 };
	unsigned long reads;

	set_up(4);
	next_table = 0x300000;
	map(0x10000, 4, 0x5ff000, 0, 0x123000 | 0x67);
	map(0x10000, 4, 0x600000, 0, 0x124000 | 0x67);
	map(0x10000, 4, 0x601000, 0, 1ULL << 59 | (~7ULL << 9 & ((1ULL << 59) - 1) & ~0x1ffULL));
	map(0x10000, 4, 0x802000, 0, 0x125000 | 0x67);
	for (u64 address = first; address < end; address += PAGE_BYTES) {
		bool mapped;

		why_alone = why_on = (struct fault){ 0 };
		mapped = mem_look_up(USER_SPACE(pgd), address, &alone, &why_alone);
		reads = fake_nr_reads();
		assert_int_equal(mem_look_up_on(pgd, address, &walk, &on, &why_on), mapped);
		reads = fake_nr_reads() - reads;
		assert_int_equal(reads, address == first || address % 0x200000 == 0 ? 4 : 1);
		assert_memory_equal(&on, &alone, sizeof(on));
		assert_int_equal(why_on.reason, why_alone.reason);
		assert_int_equal(why_on.address, why_alone.address);
	}
	assert_int_equal(on.paddr, 0x125000);
	assert_false(mem_look_up_on(pgd, 0x40000000, &walk, &on, &why_on)); /* no such table */
	assert_string_equal(why_on.level, "pud");
	assert_false(mem_look_up_on(pgd, 0x40001000, &walk, &on, &why_on));
	assert_string_equal(why_on.level, "pud");
	assert_true(mem_look_up_on(pgd, 0x600000, &walk, &on, &why_on));
	assert_int_equal(on.paddr, 0x124000);
	assert_false(mem_look_up_on(pgd, 0x7ffffffff000ULL, &walk, &on, &why_on));
	assert_int_equal(why_on.reason, FAULT_BAD_ADDRESS);
}

static void test_each_read_failing(void **state UNUSED)
{
	struct fault fault;
	unsigned long reads;
	u64 value;

	set_up(4);
	next_table = 0x300000;
	map(phys(AT_TOP), 4, VMALLOC, 0, 0x123000 | 0x163);
	fake_fail_read(0);
	assert_true(mem_try_u64(VMALLOC, &value, &fault));
	reads = fake_nr_reads();
	assert_int_equal(reads, 5);
	for (unsigned long nth = 1; nth <= reads; nth++) {
		memory_forget_translations();
		fake_fail_read(nth);
		assert_false(mem_try_u64(VMALLOC, &value, &fault));
		assert_int_equal(fault.reason, FAULT_DAMAGED);
		assert_int_equal(fault.address, VMALLOC);
	}
}

static void test_pte_words(void **state UNUSED)
{
	char text[200];

	x86_64_ops.describe_pte(0x8000000000000163ULL, text, sizeof(text));
	assert_string_equal(text, "PRESENT|RW|ACCESSED|DIRTY|GLOBAL|NX");
	x86_64_ops.describe_pte(0x1e1, text, sizeof(text));
	assert_string_equal(text, "PRESENT|ACCESSED|DIRTY|PSE|GLOBAL");
	x86_64_ops.describe_pte(0x164, text, sizeof(text));
	assert_string_equal(text, "USER|ACCESSED|DIRTY|PROTNONE");
	x86_64_ops.describe_pte(0x163, text, 5);
	assert_string_equal(text, "PRES");
}

static int prepare(void **state UNUSED)
{
	static const struct fake_elf_symbol link[] = {
		{ "_text", LINK_TEXT },
		{ "_stext", LINK_TEXT },
		{ "init_top_pgt", LINK_TEXT + AT_TOP },
	};
	char *path = fake_vmlinux(BANNER, LINK_TEXT + AT_BANNER, link, ARRAY_SIZE(link));
	struct strbuf why = { 0 };
	bool opened = vmlinux_open(&vmlinux, path, &why);

	unlink(path);
	free(path);
	if (!opened) {
		print_error("%s\n", strbuf_text(&why));
		return -1;
	}
	fake_symbol("_text", TEXT);
	fake_symbol("_end", TEXT + AT_END);
	fake_symbol("__init_begin", TEXT + AT_INIT);
	fake_symbol("__init_end", TEXT + AT_INIT_END);
	fake_symbol("init_top_pgt", TEXT + AT_TOP);
	fake_symbol("page_offset_base", TEXT + AT_BASES);
	fake_symbol("vmalloc_base", TEXT + AT_BASES + 8);
	fake_symbol("vmemmap_base", TEXT + AT_BASES + 16);
	fake_symbol("max_pfn", TEXT + AT_MAX_PFN);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kaslr_from_vmcoreinfo),
		cmocka_unit_test(test_kaslr_vmcoreinfo_lies),
		cmocka_unit_test(test_kaslr_from_notes),
		cmocka_unit_test(test_kaslr_from_search),
		cmocka_unit_test(test_kaslr_nowhere),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_layout_not_to_be_found),
		cmocka_unit_test(test_kernel_reads),
		cmocka_unit_test(test_kernel_faults),
		cmocka_unit_test(test_user_pages),
		cmocka_unit_test(test_user_pages_in_a_row),
		cmocka_unit_test(test_each_read_failing),
		cmocka_unit_test(test_pte_words),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
