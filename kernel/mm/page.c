/* kernel/mm/page.c - struct page in vmemmap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * x86_64 keeps all of struct page in one virtual array, vmemmap, indexed by page frame number. Low
 * bits of page.flags are enum pageflags, the high ones hold node and zone.
 */
#include "kernel/mm/page.h"

#include "base/fail.h"
#include "memory.h"

KTYPE(page_type, "struct page");
KFIELD(page_flags, "page.flags.f", "page.flags"); /* v6.18 wraps it: memdesc_flags_t */
KFIELD(page_refcount, "page._refcount.counter");
KFIELD(page_mapping, "page.mapping");
KFIELD(page_index, "page.__folio_index", "page.index"); /* v6.16 */
/*
 * A tail page's word with bit 0 set: the head's address; or, where the tail pages of huge pages
 * share their memory, the mask that makes the head's address of the tail's (mm: rework
 * compound_head() for power-of-2 sizeof(struct page)).
 */
KFIELD(page_compound, "page.compound_info", "page.compound_head");
KFIELD(page_type_word, "page.page_type");
KENUM(slab_page_type, "PGTY_slab"); /* v6.12: a number in page_type's top byte */
KENUM(buddy_page_type, "PGTY_buddy");
KENUM(buddy_bit, "PG_buddy"); /* v6.10 and v6.11; before it a macro */
#define OLD_BUDDY_BIT 0x80
#define MAX_ORDER 30
KFIELD(page_private, "page.private");
KENUM(slab_bit, "PG_slab"); /* before it a bit of page.flags, or in v6.10 and v6.11 of page_type */
KENUM(nr_pageflags, "__NR_PAGEFLAGS");
KENUM(nr_zone_types, "__MAX_NR_ZONES");
KFIELD(cache_per_node, "kmem_cache.per_node");
KTYPE(per_node_type, "struct kmem_cache_per_node_ptrs");
KFIELD(cache_node, "kmem_cache.node");

u64 page_of_pfn(u64 pfn)
{
	return memory_layout()->vmemmap_start + pfn * ktype_size(&page_type);
}

bool page_to_pfn(u64 page, u64 *pfn)
{
	const struct kernel_layout *layout = memory_layout();

	if (page < layout->vmemmap_start || page >= layout->vmemmap_end)
		return false;
	*pfn = (page - layout->vmemmap_start) / ktype_size(&page_type);
	return true;
}

bool page_of_address(u64 kernel_address, u64 *page)
{
	u64 paddr;

	if (!mem_kernel_to_phys(kernel_address, &paddr, NULL) ||
	    paddr >> PAGE_SHIFT >= memory_dump()->max_pfn)
		return false;
	*page = page_of_pfn(paddr >> PAGE_SHIFT);
	return true;
}

u64 page_head(u64 page)
{
	u64 word = field_u64(page, &page_compound), pfn;

	if (!(word & 1))
		return page;
	word &= ~1ULL;
	return page_to_pfn(word, &pfn) ? word : page & word;
}

/* Where a copy has what the functions for copies look at. */
static struct {
	u64 size, flags_at, compound_at, type_at;
	enum { SLAB_TYPE_BYTE, SLAB_FLAG, SLAB_TYPE_BIT, SLAB_NOT_KNOWN } slab_by;
	u64 slab_value; /* the byte, or the bit as a mask */
	u64 private_at;
	bool buddy_is_byte;
	u32 buddy_value; /* the same */
} layout;

static void prepare_copies(void)
{
	layout.size = ktype_size(&page_type);
	layout.flags_at = kfield_offset(&page_flags);
	layout.compound_at = kfield_offset(&page_compound);
	layout.type_at = kfield_exists(&page_type_word) ? kfield_offset(&page_type_word) : 0;
	layout.private_at = kfield_offset(&page_private);
	layout.buddy_is_byte = kenum_exists(&buddy_page_type);
	layout.buddy_value = layout.buddy_is_byte	? (u32)kenum_value(&buddy_page_type)
			     : kenum_exists(&buddy_bit) ? (u32)kenum_value(&buddy_bit)
							: OLD_BUDDY_BIT;
	if (layout.size > PAGE_BYTES || !range_fits(layout.flags_at, 8, layout.size) ||
	    !range_fits(layout.compound_at, 8, layout.size) ||
	    !range_fits(layout.private_at, 8, layout.size) ||
	    !range_fits(layout.type_at, 4, layout.size))
		fail("struct page of %llu bytes makes no sense", layout.size);
	if (kenum_exists(&slab_page_type)) {
		layout.slab_by = SLAB_TYPE_BYTE;
		layout.slab_value = (u64)kenum_value(&slab_page_type);
	} else if (!kenum_exists(&slab_bit)) {
		layout.slab_by = SLAB_NOT_KNOWN;
	} else if (kenum_value(&slab_bit) < 64) {
		layout.slab_by = SLAB_FLAG;
		layout.slab_value = 1ULL << kenum_value(&slab_bit);
	} else {
		layout.slab_by = SLAB_TYPE_BIT;
		layout.slab_value = (u64)kenum_value(&slab_bit);
	}
}

size_t page_struct_bytes(void)
{
	prepare_copies();
	return (size_t)layout.size;
}

bool page_copy_is_tail(const u8 *page)
{
	return load_u64(page + layout.compound_at) & 1;
}

bool page_copy_is_slab(const u8 *page)
{
	u64 flags = load_u64(page + layout.flags_at);
	u32 type = load_u32(page + layout.type_at);

	switch (layout.slab_by) {
	case SLAB_TYPE_BYTE:
		return type >> 24 == layout.slab_value;
	case SLAB_FLAG:
		return flags & layout.slab_value;
	case SLAB_TYPE_BIT:
		/* Typed pages have 0xf at the top, and the bit of their type cleared. */
		return (type & (0xf0000000ULL | layout.slab_value)) == 0xf0000000ULL;
	default:
		return false;
	}
}

bool page_copy_is_buddy(const u8 *page, unsigned *order)
{
	u32 type = load_u32(page + layout.type_at);

	*order = (unsigned)load_u64(page + layout.private_at);
	if (*order > MAX_ORDER)
		return false;
	return layout.buddy_is_byte ? type >> 24 == layout.buddy_value
				    : (type & (0xf0000000 | layout.buddy_value)) == 0xf0000000;
}

bool page_is_buddy(u64 page, unsigned *order)
{
	u8 copy[PAGE_BYTES];

	mem_read(page, copy, page_struct_bytes(), "struct page");
	return page_copy_is_buddy(copy, order);
}

bool page_is_slab(u64 head_page)
{
	u8 page[PAGE_BYTES];

	mem_read(head_page, page, page_struct_bytes(), "struct page");
	return page_copy_is_slab(page);
}

static unsigned bits_for(u64 count)
{
	unsigned width = 0;

	while (width < 16 && 1ULL << width < count)
		width++;
	return width;
}

/* The highest bits; as many as number the nodes of arrays that have one entry each. */
static unsigned node_bits(void)
{
	return bits_for(kfield_exists(&cache_per_node)
				? kfield_size(&cache_per_node) / ktype_size(&per_node_type)
			: kfield_exists(&cache_node) ? kfield_size(&cache_node) / sizeof(u64)
						     : 1);
}

unsigned page_node(u64 flags)
{
	unsigned width = node_bits();

	return width ? (unsigned)(flags >> (64 - width)) : 0;
}

unsigned page_zone(u64 flags)
{
	s64 count = kenum_exists(&nr_zone_types) ? kenum_value(&nr_zone_types) : 1;
	unsigned width = bits_for(count > 0 ? (u64)count : 1);

	return width ? (unsigned)(flags << node_bits() >> (64 - width)) : 0;
}

void page_info_of_copy(u64 pfn, const u8 *page, struct page_info *info)
{
	*info = (struct page_info){
		.address = page_of_pfn(pfn),
		.physical = pfn << PAGE_SHIFT,
		.mapping = kfield_in(&page_mapping, page, layout.size),
		.index = kfield_in(&page_index, page, layout.size),
		.flags = load_u64(page + layout.flags_at),
		.count = (s32)kfield_in(&page_refcount, page, layout.size),
	};
}

bool page_read(u64 page, struct page_info *info, struct fault *fault)
{
	u8 copy[PAGE_BYTES];
	u64 pfn;

	*info = (struct page_info){ .address = page };
	if (!page_to_pfn(page, &pfn))
		return fault_set(fault, FAULT_BAD_ADDRESS, SPACE_KERNEL, page);
	if (!mem_try_read(page, copy, page_struct_bytes(), fault))
		return false;
	page_info_of_copy(pfn, copy, info);
	return true;
}

/* Listings ask for each page: a name that was found is kept. */
static const char *flag_name(s64 bit)
{
	static const char *names[64];
	const char *name;

	if (!names[bit]) {
		name = enumerator_name("pageflags", bit);
		names[bit] = name && starts_with(name, "PG_") ? name + 3 : name;
	}
	return names[bit];
}

void page_flags_words(u64 flags, struct strbuf *text)
{
	s64 nr = kenum_exists(&nr_pageflags) ? kenum_value(&nr_pageflags) : 0;
	size_t start = text->length;

	for (s64 bit = 0; bit < nr && bit < 64; bit++) {
		const char *name;

		if (!(flags >> bit & 1))
			continue;
		name = flag_name(bit);
		if (text->length > start)
			strbuf_putc(text, ',');
		if (name)
			strbuf_puts(text, name);
		else
			strbuf_printf(text, "bit %lld", bit);
	}
}
