/* fuzz_kallsyms.c - tests: the kernel's own symbol table in damaged memory: named, searched, or unknown. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "dump/elfnote.h"
#include "fake.h"
#include "kernel/kallsyms.h"
#include "kernel/kernelsearch.h"
#include "memory.h"
#include "symbols.h"

#include <stdlib.h>

enum { TOP_AT = 0x1000, L3_AT = 0x2000, L2_AT = 0x3000 };
enum { IMAGE_BYTES = 64 << 10, TABLE_AT = 0x8000, NR_SYMBOLS = 40, NR_TOKENS = 256 };

#define IMAGE 0xffffffff81000000ULL

static bool image_to_phys(u64 address, u64 *paddr, u64 *run_bytes, struct fault *fault)
{
	if (address < IMAGE || address - IMAGE >= IMAGE_BYTES)
		return fault_set(fault, FAULT_NOT_MAPPED, SPACE_KERNEL, address);
	*paddr = address - IMAGE;
	*run_bytes = IMAGE_BYTES - *paddr;
	return true;
}

static const struct arch_ops image_arch = { .machine = "fake", .kernel_to_phys = image_to_phys };

void fuzz_setup(void)
{
	fuzz_input_is_pieces = true;
}

static void look_at_symbols(void)
{
	for (size_t i = 0; i < symbols_count(NULL) && i < 1000; i++) {
		const struct symbol *symbol = symbols_get(NULL, i);

		fuzz_touch_text(symbol->name);
		symbol_at(symbol->value, NULL);
		symbol_by_name(symbol->name);
	}
}

/* No vmcoreinfo: page tables lead to the image. */
static void search(struct dump *dump, struct strbuf *why)
{
	struct cpu_note note = { .has_control = true, .cr3 = TOP_AT };
	struct vmcoreinfo found;
	char release[64];

	dump->cpu_notes = &note;
	dump->nr_cpu_notes = 1;
	for (unsigned i = 0; i < 2; i++) {
		if (kernel_search(dump, &found, why)) {
			FUZZ_EXPECT(vmcoreinfo_string(&found, "OSRELEASE", release, 64) ||
				    strlen(found.text) > 64);
			kernel_runs(dump, &found);
		} else {
			FUZZ_EXPECT(why->length);
		}
		vmcoreinfo_free(&found);
		note.cr3 = 0;
	}
	dump->cpu_notes = NULL;
	dump->nr_cpu_notes = 0;
}

/* File 0: the image from IMAGE on. File 1: vmcoreinfo. */
void fuzz_one(const u8 *data, size_t size)
{
	static const struct kernel_layout layout;
	struct vmcoreinfo info;
	struct strbuf why = { 0 };
	struct fuzz_files files;
	struct dump *dump;

	fuzz_take_pieces(data, size, &files);
	dump = fake_dump();
	memory_init(dump, &image_arch, &layout);
	memcpy(fake_phys(0), strbuf_text(&files.contents[0]),
	       min_u64(files.contents[0].length, IMAGE_BYTES));
	/* There is no more memory to be searched than the image. */
	for (u64 paddr = IMAGE_BYTES; paddr < FAKE_PAGES * PAGE_BYTES; paddr += PAGE_BYTES)
		fake_page_fault(paddr, FAULT_NOT_IN_DUMP);
	info.text = xstrdup(strbuf_text(&files.contents[1]));
	info.length = strlen(info.text);
	if (!info.length)
		search(dump, &why);
	else if (kallsyms_load(&info, 0x1000000, &why))
		look_at_symbols();
	else
		FUZZ_EXPECT(why.length && !symbols_count(NULL));
	symbols_reset();
	free(info.text);
	strbuf_free(&why);
	fuzz_free_files(&files);
}

/* --- seeds: 40 symbols in the layout of v6.0, found by search as well as told --- */

static u64 put(u64 paddr, const void *data, size_t bytes)
{
	memcpy(fake_phys(paddr), data, bytes);
	return paddr + bytes;
}

static u64 put_number(u64 paddr, u64 value, size_t bytes)
{
	return put(paddr, &value, bytes);
}

static u64 put_names(u64 at)
{
	for (unsigned i = 0; i < NR_SYMBOLS; i++) {
		char *name = i ? xasprintf("Tname\1%c", 'a' + i % 26) : xstrdup("T_stext");

		at = put_number(at, strlen(name), 1);
		at = put(at, name, strlen(name));
		free(name);
	}
	return align_up(at, 8);
}

static u64 put_tokens(u64 at, u64 *token_index)
{
	u16 index[NR_TOKENS];
	u64 start = at;

	for (unsigned i = 0; i < NR_TOKENS; i++) {
		const char text[] = { i ? (char)i : '?', i == 1 ? '_' : '\0', '\0' };

		index[i] = (u16)(at - start);
		at = put(at, text, strlen(text) + 1);
	}
	*token_index = align_up(at, 8);
	return put(*token_index, index, sizeof(index));
}

static void put_tables(void)
{
	put_number(TOP_AT + 511 * 8, L3_AT | 0x63, 8);
	put_number(L3_AT + 510 * 8, L2_AT | 0x63, 8);
	for (u64 i = 0; i < 4; i++)
		put_number(L2_AT + (8 + i) * 8, i << 21 | 0x1e3, 8);
}

void fuzz_write_seeds(void)
{
	u64 at = TABLE_AT, base, names, markers, tokens, index, end;
	struct strbuf input = { 0 };
	char *text;

	fake_dump();
	for (unsigned i = 0; i < NR_SYMBOLS; i++)
		at = put_number(at, i * 0x10, 4);
	base = align_up(at, 8);
	names = put_number(base, IMAGE, 8) + 8;
	put_number(names - 8, NR_SYMBOLS, 4);
	markers = put_names(names);
	tokens = markers + 8;
	end = put_tokens(tokens, &index);
	put_tables();
	fuzz_add_pieces(&input, 0, fake_phys(0), end, 2048);
	fuzz_seed("bare", input.text, input.length);
	strbuf_reset(&input);
	fuzz_add_pieces(&input, 0, fake_phys(0), end, 2048);
	text = xasprintf("SYMBOL(_stext)=%llx\n", IMAGE);
	fuzz_add_pieces(&input, 1, text, strlen(text), 1024);
	fuzz_seed("searched", input.text, input.length);
	free(text);
	text = xasprintf(
		"SYMBOL(_stext)=%llx\nSYMBOL(kallsyms_names)=%llx\nSYMBOL(kallsyms_num_syms)=%llx\n"
		"SYMBOL(kallsyms_token_table)=%llx\nSYMBOL(kallsyms_token_index)=%llx\n"
		"SYMBOL(kallsyms_offsets)=%llx\nSYMBOL(kallsyms_relative_base)=%llx\n",
		IMAGE, IMAGE + names, IMAGE + names - 8, IMAGE + tokens, IMAGE + index,
		IMAGE + TABLE_AT, IMAGE + base);
	fuzz_add_pieces(&input, 1, text, strlen(text), 1024);
	fuzz_seed("told", input.text, input.length);
	free(text);
	strbuf_free(&input);
}
