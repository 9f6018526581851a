/* test_kallsyms.c - L3 kallsyms: every layout of the kernel's own symbol table, made by hand; damage. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/kallsyms.h"
#include "memory.h"
#include "symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define IMAGE 0xffffffff81000000ULL
#define IMAGE_BYTES (FAKE_PAGES * PAGE_BYTES)
#define TABLE_AT (IMAGE + 0x200000)
#define NR_PERCPU 2
#define NR_SYMBOLS 700 /* three markers */
#define LONG_NAME 300 /* more bytes than one byte of length can say */

enum form { FORM_PERCPU_ABSOLUTE, FORM_FROM_BASE, FORM_FROM_PLACE };

static struct {
	u64 offsets, relative_base, num_syms, names, markers, token_table, token_index, end;
} at;
static u64 first_at = TABLE_AT, alignment = 8, number_bytes;
static char info_text[1024];
static struct vmcoreinfo info;
static char long_name[LONG_NAME + 1];

static bool image_to_phys(u64 address, u64 *paddr, u64 *run_bytes, struct fault *fault)
{
	if (address < IMAGE || address - IMAGE >= IMAGE_BYTES)
		return fault_set(fault, FAULT_NOT_MAPPED, SPACE_KERNEL, address);
	*paddr = address - IMAGE;
	*run_bytes = IMAGE_BYTES - *paddr;
	return true;
}

static const struct arch_ops image_arch = { .machine = "fake", .kernel_to_phys = image_to_phys };

static void put(u64 *address, const void *data, size_t bytes)
{
	memcpy(fake_phys(*address - IMAGE), data, bytes);
	*address += bytes;
}

static void put_u32(u64 *address, u32 value)
{
	put(address, &value, sizeof(value));
}

/* What symbol INDEX is; the first ones are per-cpu offsets where the form has those. */
static u64 value_of(enum form form, unsigned index)
{
	if (form == FORM_PERCPU_ABSOLUTE && index < NR_PERCPU)
		return index * 0x40;
	if (index <= NR_PERCPU)
		return IMAGE;
	return IMAGE + 0x100 + index * 0x10 - (index % 50 == 7 ? 0x10 : 0);
}

static const char *name_of(unsigned index, char *text, size_t space)
{
	if (index == NR_PERCPU)
		return "_stext";
	if (index == NR_SYMBOLS - 3)
		return "_etext";
	if (index == NR_SYMBOLS - 1)
		return "_end";
	if (index == 5)
		return long_name;
	snprintf(text, space, "vfs_%u_read", index);
	return text;
}

static char letter_of(enum form form, unsigned index)
{
	return form == FORM_PERCPU_ABSOLUTE && index < NR_PERCPU ? 'A' : index % 2 ? 't' : 'T';
}

static const char *token(unsigned number, char *text, size_t space)
{
	if (number == 1)
		return "vfs_";
	if (number == 2)
		return "_read";
	snprintf(text, space, number > ' ' && number < 127 ? "%c" : "q%u", number);
	return text;
}

static void put_name(u64 *address, char letter, const char *name)
{
	u8 bytes[LONG_NAME + 8], length[2];
	size_t count = 0;

	bytes[count++] = (u8)letter;
	while (*name) {
		if (starts_with(name, "vfs_") || starts_with(name, "_read")) {
			bytes[count++] = *name == 'v' ? 1 : 2;
			name += *name == 'v' ? 4 : 5;
		} else {
			bytes[count++] = (u8)*name++;
		}
	}
	length[0] = (u8)(count > 127 ? (count & 0x7f) | 0x80 : count);
	length[1] = (u8)(count >> 7);
	put(address, length, count > 127 ? 2 : 1);
	put(address, bytes, count);
}

static void put_offsets(u64 *to, enum form form, u64 base)
{
	at.offsets = *to;
	for (unsigned i = 0; i < NR_SYMBOLS; i++) {
		u64 value = value_of(form, i);

		if (form == FORM_FROM_PLACE)
			value -= *to;
		else if (form == FORM_FROM_BASE)
			value -= base;
		else if (i >= NR_PERCPU)
			value = base - 1 - value;
		put_u32(to, (u32)value);
	}
}

static void put_base(u64 *to, u64 base)
{
	*to = align_up(*to, 8);
	at.relative_base = *to;
	put(to, &base, sizeof(base));
}

static void put_names(u64 *to, enum form form)
{
	u32 markers[NR_SYMBOLS / 256 + 1];

	at.num_syms = *to;
	put_u32(to, NR_SYMBOLS);
	at.names = *to = align_up(*to, alignment);
	for (unsigned i = 0; i < NR_SYMBOLS; i++) {
		char text[64];

		if (i % 256 == 0)
			markers[i / 256] = (u32)(*to - at.names);
		put_name(to, letter_of(form, i), name_of(i, text, sizeof(text)));
	}
	at.markers = *to = align_up(*to, alignment);
	put(to, markers, sizeof(markers));
	*to = align_up(*to, alignment);
	for (unsigned i = 0; i < NR_SYMBOLS; i++)
		put(to, &i, number_bytes);
}

static void put_tokens(u64 *to)
{
	u16 index[256];

	at.token_table = *to = align_up(*to, alignment);
	for (unsigned i = 0; i < 256; i++) {
		char text[16];
		const char *this = token(i, text, sizeof(text));

		index[i] = (u16)(*to - at.token_table);
		put(to, this, strlen(this) + 1);
	}
	at.token_index = *to = align_up(*to, alignment);
	put(to, index, sizeof(index));
}

/* Up to v6.3 the addresses stand before the names, later behind the tokens. */
static void make(enum form form, bool addresses_first, bool told)
{
	u64 to = first_at;
	static struct kernel_layout layout;

	memory_init(fake_dump(), &image_arch, &layout);
	memset(long_name, 'x', LONG_NAME);
	if (addresses_first) {
		put_offsets(&to, form, IMAGE);
		put_base(&to, IMAGE);
	}
	put_names(&to, form);
	put_tokens(&to);
	if (!addresses_first) {
		put_offsets(&to, form, IMAGE);
		put_base(&to, IMAGE);
	}
	at.end = to;
	info.length = (size_t)snprintf(info_text, sizeof(info_text), "SYMBOL(_stext)=%llx\n",
				       IMAGE);
	info.text = info_text;
	if (!told)
		return;
	info.length += (size_t)snprintf(
		info_text + info.length, sizeof(info_text) - info.length,
		"SYMBOL(kallsyms_names)=%llx\nSYMBOL(kallsyms_num_syms)=%llx\n"
		"SYMBOL(kallsyms_token_table)=%llx\nSYMBOL(kallsyms_token_index)=%llx\n"
		"SYMBOL(kallsyms_offsets)=%llx\n",
		at.names, at.num_syms, at.token_table, at.token_index, at.offsets);
	if (form != FORM_FROM_PLACE)
		info.length += (size_t)snprintf(
			info_text + info.length, sizeof(info_text) - info.length,
			"SYMBOL(kallsyms_relative_base)=%llx\n", at.relative_base);
}

static bool load(char *message, size_t space)
{
	struct strbuf why = { 0 };
	bool loaded = kallsyms_load(&info, 0x1000000, &why);

	snprintf(message, space, "%s", strbuf_text(&why));
	strbuf_free(&why);
	return loaded;
}

static void check_all(enum form form)
{
	char message[256], text[64];

	if (!load(message, sizeof(message)))
		fail_msg("%s", message);
	assert_int_equal(symbols_count(NULL), NR_SYMBOLS);
	assert_int_equal(symbols_kaslr_offset(), 0x1000000);
	for (unsigned i = 0; i < NR_SYMBOLS; i++) {
		const char *name = name_of(i, text, sizeof(text));
		const struct symbol *symbol = symbol_by_name(name);

		assert_non_null(symbol);
		assert_string_equal(symbol->name, name);
		assert_int_equal(symbol->value, value_of(form, i));
		assert_int_equal(symbol->type,
				 letter_of(form, i) == 'A' ? 'D' : letter_of(form, i));
		assert_false(symbol->hidden);
	}
	assert_true(address_is_text(IMAGE + 4));
	assert_false(address_is_text(value_of(form, NR_SYMBOLS - 3)));
	/* Two names at one address: the first in the table is its name, and they share a size. */
	assert_string_equal(symbol_at(value_of(form, 57) + 1, NULL)->name, "vfs_56_read");
	assert_int_equal(symbol_by_name("vfs_56_read")->size, 0x20);
	assert_int_equal(symbol_by_name("vfs_57_read")->size, 0x20);
	symbols_reset();
}

static void test_each_form(UNUSED void **state)
{
	for (enum form form = FORM_PERCPU_ABSOLUTE; form <= FORM_FROM_PLACE; form++) {
		make(form, true, true);
		check_all(form);
		make(form, false, true);
		check_all(form);
	}
}

static void test_found_by_search(UNUSED void **state)
{
	make(FORM_PERCPU_ABSOLUTE, true, false);
	check_all(FORM_PERCPU_ABSOLUTE);
	make(FORM_FROM_BASE, true, false);
	check_all(FORM_FROM_BASE);
	for (enum form form = FORM_PERCPU_ABSOLUTE; form <= FORM_FROM_PLACE; form++) {
		make(form, false, false);
		check_all(form);
	}
}

/* v6.2 has numbers of four bytes between markers and tokens, v6.3 of three; v7 aligns to 4. */
static void test_found_in_later_layouts(UNUSED void **state)
{
	for (number_bytes = 3; number_bytes <= 4; number_bytes++) {
		make(FORM_PERCPU_ABSOLUTE, true, false);
		check_all(FORM_PERCPU_ABSOLUTE);
	}
	number_bytes = 0;
	for (first_at = TABLE_AT; first_at < TABLE_AT + 16; first_at += 4) {
		alignment = 4;
		make(FORM_FROM_PLACE, false, false);
		check_all(FORM_FROM_PLACE);
	}
	first_at = TABLE_AT;
	alignment = 8;
}

static void refuses(const char *words)
{
	char message[256];

	assert_false(load(message, sizeof(message)));
	if (!strstr(message, words))
		fail_msg("says \"%s\", wanted \"%s\"", message, words);
	assert_int_equal(symbols_count(NULL), 0);
}

static void poke_u32(u64 address, u32 value)
{
	put_u32(&address, value);
}

static void test_nothing_there(UNUSED void **state)
{
	make(FORM_FROM_BASE, true, false);
	memset(fake_phys(TABLE_AT - IMAGE), 0, at.end - TABLE_AT);
	refuses("was not found in its image");
	info.length = 0;
	info_text[0] = '\0';
	refuses("does not say where the kernel is");
}

static void test_parts_that_make_no_sense(UNUSED void **state)
{
	make(FORM_FROM_BASE, true, true);
	poke_u32(at.num_syms, 0);
	refuses("no number of symbols");
	poke_u32(at.num_syms, 0xffffffff);
	refuses("no number of symbols");
	poke_u32(at.num_syms, NR_SYMBOLS * 100);
	refuses("do not fit");
	make(FORM_FROM_BASE, true, true);
	poke_u32(at.token_index + 4, 0xffffffff);
	refuses("do not agree");
	make(FORM_FROM_BASE, true, true);
	poke_u32(at.names, 0);
	refuses("do not fit");
	make(FORM_FROM_BASE, true, true);
	for (u64 i = at.offsets; i < at.relative_base - 8; i += 8)
		poke_u32(i, (u32)i * 2654435761u);
	refuses("in no order");
	make(FORM_FROM_BASE, true, true);
	poke_u32(at.relative_base, (u32)IMAGE + 0x1000);
	refuses("_stext is not where");
	make(FORM_FROM_BASE, true, true);
	fake_page_fault(at.names - IMAGE, FAULT_EXCLUDED);
	refuses("page excluded from the dump");
}

/* A damaged table gives a message or symbols, whatever is in it. */
static void test_every_byte_damaged(UNUSED void **state)
{
	for (unsigned told = 0; told < 2; told++) {
		make(FORM_PERCPU_ABSOLUTE, true, told);
		for (u64 i = TABLE_AT; i < at.end; i += told ? 1 : 97) {
			u8 *byte = fake_phys(i - IMAGE), kept = *byte;
			char message[256];

			*byte ^= 0xff;
			if (!load(message, sizeof(message)))
				assert_true(message[0] != '\0');
			else
				assert_int_equal(symbols_count(NULL) > 0, true);
			symbols_reset();
			*byte = kept;
		}
	}
}

static void test_every_read_fails_once(UNUSED void **state)
{
	char message[256];

	make(FORM_FROM_PLACE, false, true);
	assert_true(load(message, sizeof(message)));
	symbols_reset();
	for (unsigned long nth = 1, total = fake_nr_reads(); nth <= total; nth++) {
		fake_fail_read(nth);
		assert_false(load(message, sizeof(message)));
		assert_non_null(strstr(message, "cannot read kallsyms_"));
	}
	fake_fail_read(0);
	symbols_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_form),
		cmocka_unit_test(test_found_by_search),
		cmocka_unit_test(test_found_in_later_layouts),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_parts_that_make_no_sense),
		cmocka_unit_test(test_every_byte_damaged),
		cmocka_unit_test(test_every_read_fails_once),
	};

	return cmocka_run_group_tests_name("kallsyms", tests, NULL, NULL);
}
