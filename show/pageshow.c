/* show/pageshow.c - struct pages as rows: basic facts, or members by name; page flags in words. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/pageshow.h"

#include "base/fail.h"
#include "kernel/mm/pagewalk.h"
#include "memory.h"

#include <stdio.h>

/* ---- facts ---- */

static const struct column fact_columns[] = {
	{ "page", "", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "physical", "", CELL_ADDRESS, .before = " ", .width = 8 },
	{ "mapping", "", CELL_ADDRESS, .before = " ", .width = 16 },
	{ "index", "", CELL_NUMBER, .before = " ", .width = 8, .hex = true },
	{ "count", "", CELL_SIGNED, .before = " ", .width = 2 },
	{ "flags", "", CELL_ADDRESS, .before = " " },
	{ "flag_names", "", CELL_TEXT, .before = "" },
	{ 0 },
};

/* Readers see a blank in front of them, where there are any. */
void pageshow_put(struct row *row, const struct page_info *page)
{
	struct strbuf *words = scope_strbuf();

	strbuf_putc(words, ' ');
	page_flags_words(page->flags, words);
	row_stands_for(row, page->address);
	row_address(row, page->address);
	row_address(row, page->physical);
	row_address(row, page->mapping);
	row_number(row, page->index);
	row_signed(row, page->count);
	row_address(row, page->flags);
	row_text(row, strbuf_text(words) + 1);
	row_shown(row, words->length > 1 ? strbuf_text(words) : "");
}

/* ---- members ---- */

#define MAX_MEMBERS 32

struct page_member {
	struct member member;
	bool decimal, bit_field, words; /* none: hexadecimal */
};

/* What a listing shows of a page, and the page it is at. */
struct subject {
	struct table table;
	struct table_run run;
	struct column columns[MAX_MEMBERS + 2];
	struct page_member members[MAX_MEMBERS];
	size_t nr_members; /* 0: facts */
	u64 pfn;
	const u8 *copy;
};

/* Counts are read as decimal numbers. */
static bool is_decimal(const char *name)
{
	static const char *const counts[] = { "_refcount", "_mapcount", "_count" };

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (starts_with(name, counts[i]))
			return true;
	return false;
}

static void put_member(struct row *row, const struct subject *subject,
		       const struct page_member *one)
{
	const struct member *member = &one->member;
	const u8 *bytes = subject->copy + member->offset;
	struct strbuf *words;

	if (one->words) {
		words = scope_strbuf();
		row_list(row);
		for (u64 at = 0; at + sizeof(u64) <= member->size; at += sizeof(u64)) {
			row_address(row, load_u64(bytes + at));
			strbuf_printf(words, "%s%016llx", at ? "," : "", load_u64(bytes + at));
		}
		row_list_end(row);
		row_shown(row, strbuf_text(words));
	} else if (one->decimal) {
		row_signed(row, (s64)member_value(member, bytes, true));
	} else {
		u64 value = member_value(member, bytes, false);

		row_address(row, value);
		if (member->size == sizeof(u64) && !one->bit_field)
			row_shown(row, scope_printf("%016llx", value));
	}
}

static void put_page(struct row *row, UNUSED size_t index, void *arg)
{
	const struct subject *subject = arg;
	struct page_info info;

	if (!subject->nr_members) {
		page_info_of_copy(subject->pfn, subject->copy, &info);
		pageshow_put(row, &info);
		return;
	}
	row_stands_for(row, page_of_pfn(subject->pfn));
	row_address(row, page_of_pfn(subject->pfn));
	for (size_t i = 0; i < subject->nr_members; i++)
		put_member(row, subject, &subject->members[i]);
}

static void add_member(struct subject *subject, const char *name)
{
	static const char *const wrappers[] = { "counter", "f" };
	struct page_member *one = &subject->members[subject->nr_members];
	struct member *member = &one->member;
	u64 size = page_struct_bytes();

	if (subject->nr_members == MAX_MEMBERS)
		fail("at most %d members can be shown", MAX_MEMBERS);
	if (!type_member_by_name("struct page", name, member))
		fail("struct page has no member %s", name);
	/* What wraps a number is shown as the number: atomic_t, memdesc_flags_t. */
	for (size_t i = 0; i < ARRAY_SIZE(wrappers); i++)
		type_member_by_name("struct page", scope_printf("%s.%s", name, wrappers[i]),
				    member);
	one->bit_field = member->bit_size != 0;
	one->words = member->size > sizeof(u64);
	one->decimal = is_decimal(name) && !one->words;
	if (!range_fits(member->offset, member->size, size) ||
	    (!one->words && member->size != 1 && member->size != 2 && member->size != 4 &&
	     member->size != 8))
		fail("%s is no number", name);
	subject->nr_members++;
	subject->columns[subject->nr_members] = (struct column){
		.key = name, .heading = name, .kind = CELL_ANY, .align = ALIGN_LEFT
	};
}

static void take_members(struct subject *subject, const char *members)
{
	char *names = scope_strdup(members), *name, *rest = names;

	subject->columns[0] = (struct column){ .key = "page",
					       .heading = "      PAGE     ",
					       .kind = CELL_ADDRESS,
					       .align = ALIGN_LEFT,
					       .width = 16,
					       .zeros = true };
	while ((name = strsep(&rest, ",")))
		if (*name)
			add_member(subject, name);
	if (!subject->nr_members)
		fail("-m needs members of struct page, with commas between");
}

static void take_page(void *arg, u64 pfn, const u8 *page)
{
	struct subject *subject = arg;

	subject->pfn = pfn;
	subject->copy = page;
	table_put(&subject->run, 0);
}

static struct subject *begin(const char *members)
{
	struct subject *subject = scope_alloc(sizeof(*subject));

	page_struct_bytes();
	if (members)
		take_members(subject, members);
	subject->table = (struct table){
		.name = "kmem",
		.columns = members ? subject->columns : fact_columns,
		.put = put_page,
		.arg = subject,
		.heading_line = members ? NULL : PAGESHOW_HEADINGS,
		.of = "page",
	};
	table_begin(&subject->run, &subject->table);
	return subject;
}

void pageshow_all(const char *members)
{
	struct subject *subject = begin(members);
	struct page_walk walk = { .take = take_page, .arg = subject, .name = "struct pages" };

	page_walk(&walk);
	table_end(&subject->run);
	if (walk.nr_unreadable)
		warn("%llu struct pages are missing: they are not in the dump", walk.nr_unreadable);
}

void pageshow_frame(u64 pfn, const char *members)
{
	struct subject *subject = begin(members);
	u8 *page = scope_alloc(page_struct_bytes());

	mem_read(page_of_pfn(pfn), page, page_struct_bytes(), "struct page");
	take_page(subject, pfn, page);
	table_end(&subject->run);
}

/* ---- flags ---- */

static const struct column bit_columns[] = {
	{ "flag", "PAGE-FLAG", CELL_TEXT, .width = 22 },
	{ "bit", "BIT", CELL_NUMBER, .before = " ", .width = 3 },
	{ "value", "VALUE", CELL_ADDRESS, .align = ALIGN_LEFT, .width = 7, .zeros = true },
	{ 0 },
};

/* One a row; those that FLAGS lacks are skipped. */
static void put_bit(struct row *row, size_t index, void *flags)
{
	s64 bit = 0;
	const char *name = enumerator_at("pageflags", (u32)index, &bit);

	if (!name || bit < 0 || bit > 63 || starts_with(name, "__") ||
	    (flags && !(*(u64 *)flags >> bit & 1))) {
		row_skip(row);
		bit = 0;
	}
	row_text(row, name);
	row_number(row, (u64)bit);
	row_address(row, 1ULL << bit);
}

static size_t nr_bits(void)
{
	size_t count = 0;
	s64 value;

	while (enumerator_at("pageflags", (u32)count, &value))
		count++;
	if (!count)
		fail("enum pageflags is not known, which names the bits of a page's flags");
	return count;
}

void pageshow_bits(void)
{
	table_show(&(struct table){
		.name = "kmem", .columns = bit_columns, .count = nr_bits(), .put = put_bit });
}

static const struct column flags_columns[] = {
	{ "flags", "", CELL_ADDRESS, .before = "FLAGS: " },
	{ 0 },
};

static const struct column set_columns[] = {
	{ "flag", "PAGE-FLAG", CELL_TEXT, .before = "  ", .width = 22 },
	{ "bit", "BIT", CELL_NUMBER, .before = " ", .width = 3 },
	{ "value", "VALUE", CELL_ADDRESS, .align = ALIGN_LEFT, .width = 7, .zeros = true },
	{ 0 },
};

static void put_flags(struct row *row, UNUSED size_t index, void *flags)
{
	row_address(row, *(u64 *)flags);
	row_children(row, &(struct table){ .name = "kmem",
					   .columns = set_columns,
					   .count = nr_bits(),
					   .put = put_bit,
					   .arg = flags,
					   .key = "bits" });
}

void pageshow_flags(u64 flags)
{
	table_show(&ONE_ROW("kmem", flags_columns, put_flags, &flags));
}
