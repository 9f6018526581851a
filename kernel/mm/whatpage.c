/* kernel/mm/whatpage.c - what a struct page, and the first one of its compound page, say. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A word of struct page means something else for each use. So uses are asked for in an order: free
 * blocks and typed pages first, for only of what remains the mapping is one.
 */
#include "kernel/mm/whatpage.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "containers/kpercpu.h"
#include "kernel/mm/freepages.h"
#include "kernel/mm/kfence.h"
#include "kernel/mm/page.h"
#include "kernel/mm/zone.h"
#include "memory.h"

KFIELD(page_type_word, "page.page_type");
KENUM(offline_type, "PGTY_offline", "PG_offline");
KENUM(table_type, "PGTY_table", "PG_table");
KENUM(guard_type, "PGTY_guard", "PG_guard");
KENUM(hugetlb_type, "PGTY_hugetlb", "PG_hugetlb");
KENUM(zsmalloc_type, "PGTY_zsmalloc", "PG_zsmalloc");
KENUM(unaccepted_type, "PGTY_unaccepted");
KENUM(large_kmalloc_type, "PGTY_large_kmalloc"); /* v6.15 */
KFIELD(page_private, "page.private");
KENUM(reserved_bit, "PG_reserved");
KENUM(head_bit, "PG_head");
KENUM(swapcache_bit, "PG_swapcache");
KENUM(swapbacked_bit, "PG_swapbacked");
/* The second struct page of a compound page has its order. */
KFIELD(page_order, "page.compound_order"); /* up to v6.2 */
KFIELD(folio_order, "folio._folio_order", "folio._flags_1.f", "folio._flags_1"); /* v6.6 */
KFIELD(page_dtor, "page.compound_dtor"); /* up to v6.2 */
KENUM(hugetlb_dtor, "HUGETLB_PAGE_DTOR");
KFIELD(mapping_host, "address_space.host");
KFIELD(inode_mapping, "inode.i_mapping");
KFIELD(inode_data, "inode.i_data");
KFIELD(page_memcg, "page.memcg_data", "page.mem_cgroup"); /* v5.11 */
KFIELD(old_memcg, "page.mem_cgroup");
KFIELD(objcg_memcg, "obj_cgroup.memcg");
KFIELD(memcg_css, "mem_cgroup.css");
KFIELD(css_ss, "cgroup_subsys_state.ss");
KFIELD(css_cgroup, "cgroup_subsys_state.cgroup");
KSYMBOL(memory_subsys, "memory_cgrp_subsys");
KFIELD(cgroup_kn, "cgroup.kn");
KFIELD(kn_parent, "kernfs_node.__parent", "kernfs_node.parent"); /* v6.15 */
KFIELD(kn_name, "kernfs_node.name");

/* Low bits of page.mapping. */
#define MAPPING_ANON 1ULL
#define MAPPING_MOVABLE 2ULL
#define MAPPING_BITS 3ULL
/* Before these were enumerators they were macros. */
#define OLD_OFFLINE_BIT 0x100
#define OLD_TABLE_BIT 0x200
#define OLD_GUARD_BIT 0x400
#define MAX_ORDER 30
#define MAX_CGROUPS 64 /* in one path */

/* Copies of the struct page of the frame, and of the first of its compound page with the second. */
struct copies {
	u8 own[PAGE_BYTES];
	u8 head[2 * PAGE_BYTES];
	size_t bytes; /* of one */
	struct page_info first; /* of HEAD */
	bool compound;
};

static bool has_flag(u64 flags, struct kenum *bit)
{
	return kenum_exists(bit) && flags >> (kenum_value(bit) & 63) & 1;
}

/* TYPE is a number in the top byte (v6.12), a bit that is cleared, or not known by that name. */
static bool has_type(u32 word, struct kenum *type, u32 old_bit)
{
	/* Up to v5.10 one bit more stood before these: of pages that a memory cgroup pays for. */
	bool shifted = kfield_exists(&old_memcg) && old_bit > OLD_OFFLINE_BIT;
	u64 value = kenum_exists(type) ? (u64)kenum_value(type) : (u64)old_bit << shifted;

	/* In between PG_hugetlb was another name of a flag. */
	if (value < 64)
		return false;
	if (kenum_exists(type) && value < 256)
		return word >> 24 == value;
	return (word & (0xf0000000ULL | value)) == 0xf0000000ULL;
}

static bool is_hugetlb(const struct copies *copies, u32 type)
{
	const u8 *second = copies->head + copies->bytes;

	if (has_type(type, &hugetlb_type, 0))
		return true;
	if (!copies->compound)
		return false;
	if (kfield_exists(&page_dtor) && kenum_exists(&hugetlb_dtor))
		return kfield_in(&page_dtor, second, copies->bytes) ==
		       (u64)kenum_value(&hugetlb_dtor);
	/* v6.6 to v6.9: a flag of the second page. */
	if (kenum_exists(&hugetlb_type) && kenum_value(&hugetlb_type) < 64) {
		struct page_info info;

		page_info_of_copy(0, second, &info);
		return has_flag(info.flags, &hugetlb_type);
	}
	return false;
}

static unsigned compound_order(const struct copies *copies)
{
	u64 order = 0;

	if (!copies->compound)
		return 0;
	if (kfield_exists(&page_order))
		order = kfield_in(&page_order, copies->head + copies->bytes, copies->bytes);
	else if (kfield_exists(&folio_order))
		order = kfield_in(&folio_order, copies->head, 2 * copies->bytes) & 0xff;
	return order > MAX_ORDER ? 0 : (unsigned)order;
}

static void read_copies(struct page_what *what, struct copies *copies)
{
	u64 pfn;

	copies->bytes = page_struct_bytes();
	mem_read(what->page, copies->own, copies->bytes, "struct page");
	what->head = page_head(what->page);
	if (!page_to_pfn(what->head, &pfn))
		fail("the page at %llx names %llx as its first one, which is none", what->page,
		     what->head);
	mem_read(what->head, copies->head, copies->bytes, "struct page");
	page_info_of_copy(pfn, copies->head, &copies->first);
	copies->compound = has_flag(copies->first.flags, &head_bit) &&
			   mem_try_read(what->head + copies->bytes, copies->head + copies->bytes,
					copies->bytes, NULL);
	what->order = compound_order(copies);
	what->owner_words[0] = copies->first.index;
	if (kfield_exists(&page_private))
		what->owner_words[1] = kfield_in(&page_private, copies->head, copies->bytes);
}

/* ---- free pages ---- */

static bool is_in_block(struct page_what *what, const struct zone *zones, size_t count)
{
	struct free_block block;

	if (!free_block_find(zones, count, what->pfn, &block))
		return false;
	what->use = PAGE_FREE;
	what->head = page_of_pfn(block.pfn);
	what->order = block.list.order;
	return true;
}

static bool is_on_list(struct page_what *what, u64 list, unsigned order)
{
	struct klist_iter it;
	u64 page, first;

	klist_begin(&it, list, page_list_offset());
	while (klist_next(&it, &page)) {
		if (!page_to_pfn(page, &first) || what->pfn < first ||
		    what->pfn - first >= 1ULL << order)
			continue;
		what->head = page;
		what->order = order;
		return true;
	}
	interrupt_check();
	return false;
}

static bool is_of_cpu(struct page_what *what, const struct zone *zone)
{
	const struct cpu_mask *possible = cpus_possible();

	for (unsigned cpu = cpu_mask_next(possible, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(possible, cpu + 1)) {
		for (unsigned list = 0; list < zone_nr_cpu_lists(); list++) {
			if (!is_on_list(what, zone_cpu_list(zone, cpu, list),
					zone_cpu_list_order(list)))
				continue;
			what->use = PAGE_FREE_OF_CPU;
			what->cpu = cpu;
			return true;
		}
	}
	return false;
}

static bool is_free(struct page_what *what)
{
	struct zone *zones;
	size_t count = zones_all(&zones);

	if (is_in_block(what, zones, count))
		return true;
	for (size_t i = 0; i < count; i++)
		if (zones[i].present && what->pfn >= zones[i].start_pfn &&
		    what->pfn - zones[i].start_pfn < zones[i].spanned && is_of_cpu(what, &zones[i]))
			return true;
	return false;
}

/* ---- the others ---- */

static bool is_of_kfence(u64 pfn)
{
	struct kfence_place place;
	u64 address;

	return mem_phys_to_kernel(pfn << PAGE_SHIFT, &address) && kfence_find(address, &place);
}

static bool by_type(struct page_what *what, const struct copies *copies)
{
	static const struct {
		struct kenum *type;
		u32 old_bit;
		enum page_use use;
	} types[] = {
		{ &table_type, OLD_TABLE_BIT, PAGE_OF_TABLE },
		{ &large_kmalloc_type, 0, PAGE_OF_KMALLOC },
		{ &zsmalloc_type, 0, PAGE_OF_ZSMALLOC },
		{ &offline_type, OLD_OFFLINE_BIT, PAGE_OFFLINE },
		{ &guard_type, OLD_GUARD_BIT, PAGE_GUARD },
		{ &unaccepted_type, 0, PAGE_UNACCEPTED },
	};
	u32 type = (u32)kfield_in(&page_type_word, copies->head, copies->bytes);

	if (is_of_kfence(what->pfn)) {
		what->use = PAGE_OF_KFENCE;
		return true;
	}
	if (page_copy_is_slab(copies->head)) {
		what->use = PAGE_OF_SLAB;
		return true;
	}
	if (is_hugetlb(copies, type)) {
		what->use = PAGE_OF_HUGETLB;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (has_type(type, types[i].type, types[i].old_bit)) {
			what->use = types[i].use;
			return true;
		}
	}
	return false;
}

/* Other users of a page keep words of their own there: a mapping has to be its inode's. */
static bool is_mapping(u64 mapping, u64 *inode)
{
	u64 its;

	return mem_is_kernel_address(mapping) &&
	       field_try_u64(mapping, &mapping_host, inode, NULL) &&
	       mem_is_kernel_address(*inode) && field_try_u64(*inode, &inode_mapping, &its, NULL) &&
	       (its == mapping || field_address(*inode, &inode_data) == mapping);
}

static void by_mapping(struct page_what *what, const struct copies *copies)
{
	const struct page_info *first = &copies->first;
	u64 mapping = first->mapping;
	u64 object = mapping & ~MAPPING_BITS;

	if ((mapping & MAPPING_ANON) && mem_is_kernel_address(object)) {
		what->use = mapping & MAPPING_MOVABLE ? PAGE_OF_KSM : PAGE_ANONYMOUS;
		what->anon_vma = mapping & MAPPING_MOVABLE ? 0 : object;
		what->swap_cache = has_flag(first->flags, &swapcache_bit) &&
				   has_flag(first->flags, &swapbacked_bit);
	} else if ((mapping & MAPPING_BITS) == MAPPING_MOVABLE && mem_is_kernel_address(object)) {
		what->use = PAGE_MOVABLE;
	} else if (is_mapping(mapping, &what->inode)) {
		what->use = PAGE_OF_FILE;
		what->index = first->index + (what->page - what->head) / copies->bytes;
	} else {
		what->use = PAGE_OTHER;
	}
}

/* ---- who pays ---- */

/* A mem_cgroup is the part of a cgroup that belongs to the memory controller. */
static bool is_memcg(u64 address)
{
	u64 css, subsystem;

	if (!mem_is_kernel_address(address) || !kfield_exists(&memcg_css) ||
	    !ksymbol_exists(&memory_subsys))
		return false;
	css = field_address(address, &memcg_css);
	return field_try_u64(css, &css_ss, &subsystem, NULL) &&
	       subsystem == ksymbol_address(&memory_subsys);
}

/*
 * What the word points at depends on the page and the kernel: the mem_cgroup, or an obj_cgroup,
 * which lives on when that goes. Either says what it is.
 */
static void find_memcg(struct page_what *what, const struct copies *copies)
{
	u64 word, through = 0;

	if (!kfield_exists(&page_memcg) || what->use == PAGE_OF_SLAB)
		return;
	word = kfield_in(&page_memcg, copies->head, copies->bytes) & ~7ULL;
	if (is_memcg(word))
		what->memcg = word;
	else if (mem_is_kernel_address(word) && kfield_exists(&objcg_memcg) &&
		 field_try_u64(word, &objcg_memcg, &through, NULL) && is_memcg(through))
		what->memcg = through;
}

bool memcg_path(u64 memcg, struct strbuf *text)
{
	char names[MAX_CGROUPS][128];
	u64 css = field_address(memcg, &memcg_css), cgroup, kn, parent, name;
	size_t count = 0;

	if (!field_try_u64(css, &css_cgroup, &cgroup, NULL) ||
	    !field_try_u64(cgroup, &cgroup_kn, &kn, NULL))
		return false;
	while (field_try_u64(kn, &kn_parent, &parent, NULL)) {
		if (!parent)
			break;
		if (count == MAX_CGROUPS || !field_try_u64(kn, &kn_name, &name, NULL) ||
		    !mem_try_string(name, names[count], sizeof(names[count]), NULL))
			return false;
		count++;
		kn = parent;
	}
	if (!count)
		strbuf_putc(text, '/');
	while (count-- > 0)
		strbuf_printf(text, "/%s", names[count]);
	return true;
}

void page_what(u64 pfn, struct page_what *what)
{
	struct copies *copies = scope_alloc(sizeof(*copies));

	*what = (struct page_what){ .pfn = pfn, .page = page_of_pfn(pfn) };
	read_copies(what, copies);
	/* Nobody holds free pages; but pages of a compound page only its first one counts. */
	if (copies->first.count == 0 && is_free(what))
		return;
	if (!by_type(what, copies)) {
		if (has_flag(copies->first.flags, &reserved_bit))
			what->use = PAGE_RESERVED;
		else if (copies->first.count == 0)
			what->use = PAGE_UNUSED;
		else
			by_mapping(what, copies);
	}
	if (what->use != PAGE_UNUSED && what->use != PAGE_RESERVED)
		find_memcg(what, copies);
}

const char *page_use_name(enum page_use use)
{
	static const char *const names[] = {
		[PAGE_FREE] = "free",
		[PAGE_FREE_OF_CPU] = "free, at hand of a CPU",
		[PAGE_OF_SLAB] = "slab",
		[PAGE_OF_KFENCE] = "kfence",
		[PAGE_OF_KMALLOC] = "large kmalloc",
		[PAGE_OF_TABLE] = "page table",
		[PAGE_OF_HUGETLB] = "huge page",
		[PAGE_OF_ZSMALLOC] = "zsmalloc",
		[PAGE_OFFLINE] = "offline",
		[PAGE_GUARD] = "guard",
		[PAGE_UNACCEPTED] = "unaccepted",
		[PAGE_RESERVED] = "reserved",
		[PAGE_ANONYMOUS] = "anonymous",
		[PAGE_OF_KSM] = "anonymous, shared by KSM",
		[PAGE_OF_FILE] = "page cache",
		[PAGE_MOVABLE] = "movable page of a driver",
		[PAGE_UNUSED] = "unreferenced",
		[PAGE_OTHER] = "kernel",
	};

	return names[use];
}
