/* x86_64.c - L3: KASLR, kernel address layout and page tables of x86_64. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Understands: four- and five-level page tables with 2M and 1G leaves (Intel SDM vol. 3, 4.5), the
 * kernel's software meaning of non-present entries (PROT_NONE, swap, both with inverted frame
 * numbers since v4.18 6b28baca9b1f "x86/speculation/l1tf: Protect PROT_NONE PTEs"), and the address
 * map of Documentation/arch/x86/x86_64/mm.rst with its three randomised bases.
 *
 * For a kernel image address A:  physical = A - __START_KERNEL_map + phys_base, and A = link-time
 * address + kaslr_offset.
 */
#include "arch.h"

#include "base/fail.h"
#include "dump/elfnote.h"

#include <stdio.h>

#define START_KERNEL_MAP 0xffffffff80000000ULL
#define IMAGE_BYTES_KASLR (1ULL << 30)
#define IMAGE_BYTES_NO_KASLR (512ULL << 20)
#define MODULES_END 0xffffffffff000000ULL
#define IMAGE_ALIGN (2ULL << 20) /* CONFIG_PHYSICAL_ALIGN is a multiple of it */

#define PTE_PRESENT 0x001ULL
#define PTE_RW 0x002ULL
#define PTE_USER 0x004ULL
#define PTE_PWT 0x008ULL
#define PTE_PCD 0x010ULL
#define PTE_ACCESSED 0x020ULL
#define PTE_DIRTY 0x040ULL
#define PTE_PSE 0x080ULL
#define PTE_GLOBAL 0x100ULL /* PROT_NONE when the entry is not present */
#define PTE_NX (1ULL << 63)
#define PTE_FRAME_MASK 0x000ffffffffff000ULL
#define ENTRIES 512

#define NO_ROOT (~0ULL) /* as the place of the top table: nobody knows */

#define CR4_LA57 (1ULL << 12)
#define CR3_FRAME_MASK 0x000ffffffffff000ULL
#define CR3_PTI_USER 0x1000ULL /* the user half of a PTI pair is the odd page */

/* What the address arithmetic below works with once find_layout() has run. */
static struct {
	struct dump *dump;
	struct kernel_layout layout;
	u64 frame_mask; /* physical bits of an entry, without AMD's encryption bit */
	u64 text, end; /* _text and _end of this boot: the image proper */
	u64 init_begin, init_end;
	u64 root; /* physical address of the kernel's top page table */
} x86 = { .frame_mask = PTE_FRAME_MASK };

static bool canonical(u64 address, unsigned levels)
{
	unsigned unused_bits = levels == 5 ? 7 : 16;

	return (u64)((s64)(address << unused_bits) >> unused_bits) == address;
}

/*
 * Page tables
 */
static const char *const step_names[] = { "PTE", "PMD", "PUD", "P4D", "PGD" };
static const char *const fault_names[] = { "pte", "pmd", "pud", "p4d", "pgd" };

/* A level counts from 0 (page table) up; the top one is always called the page directory. */
static unsigned level_name(unsigned level, unsigned levels)
{
	return level == levels - 1 ? 4 : level;
}

static unsigned level_shift(unsigned level)
{
	return PAGE_SHIFT + 9 * level;
}

/*
 * Is ENTRY in use? In the user half a PROT_NONE page has PRESENT clear and bit 8 set, and
 * a huge page under split has only PSE left; in the kernel half bit 8 means GLOBAL and
 * only PRESENT counts.
 */
static bool entry_present(u64 entry, u64 address, unsigned level)
{
	if (entry & PTE_PRESENT)
		return true;
	if (address >> 63 || level > 1)
		return false;
	return entry & PTE_GLOBAL || (level == 1 && entry & PTE_PSE);
}

/* The frame of an entry; a non-zero entry without PRESENT holds it inverted. */
static u64 entry_frame(u64 entry)
{
	if (entry && !(entry & PTE_PRESENT))
		entry = ~entry;
	return entry & x86.frame_mask;
}

static bool walk_fault(struct fault *fault, enum fault_reason reason, u64 address,
		       const char *level, u64 physical)
{
	fault_set(fault, reason, address >> 63 ? SPACE_KERNEL : SPACE_USER, address);
	if (fault) {
		fault->level = level;
		fault->physical = physical;
	}
	return false;
}

/* From the table TABLE of LEVEL on. What is above it stands in *translation. */
static bool walk_down(struct dump *dump, unsigned levels, unsigned level, u64 table, u64 address,
		      struct translation *translation, struct fault *fault)
{
	for (;; level--) {
		unsigned name = level_name(level, levels);
		unsigned shift = level_shift(level);
		u64 at = table + (address >> shift) % ENTRIES * sizeof(u64);
		struct walk_step *step = &translation->steps[translation->nr_steps];
		struct fault inner;
		u64 entry;

		if (!dump_try_read(dump, at, &entry, sizeof(entry), &inner))
			return walk_fault(fault, inner.reason, address, fault_names[name], at);
		*step = (struct walk_step){ step_names[name], at, entry };
		translation->nr_steps++;
		translation->entry = entry;
		if (!entry_present(entry, address, level)) {
			/* Of a huge page that is being moved the pmd has such an entry. */
			bool swapped = entry && level <= 1 && !(address >> 63);

			return walk_fault(fault, swapped ? FAULT_SWAPPED_OUT : FAULT_NOT_MAPPED,
					  address, fault_names[name], 0);
		}
		if (level == 0 || (level <= 2 && entry & PTE_PSE)) {
			u64 page_bytes = 1ULL << shift;

			translation->page_bytes = page_bytes;
			translation->paddr = align_down(entry_frame(entry), page_bytes) +
					     address % page_bytes;
			return true;
		}
		table = entry_frame(entry);
	}
}

/* Steps taken before a failure stay in *translation: vtop shows how far it got. */
static bool walk_tables(struct dump *dump, unsigned levels, u64 root, u64 address,
			struct translation *translation, struct fault *fault)
{
	memset(translation, 0, sizeof(*translation));
	if (!canonical(address, levels))
		return fault_set(fault, FAULT_BAD_ADDRESS, SPACE_KERNEL, address);
	if (root == NO_ROOT)
		return fault_set(fault, FAULT_NO_TABLES, SPACE_KERNEL, address);
	return walk_down(dump, levels, levels - 1, root, address, translation, fault);
}

/*
 * KASLR: where the image is. LOAD is the distance that matters for finding it in memory:
 * physical = link-time address - __START_KERNEL_map + load, so load = phys_base + kaslr_offset.
 */
struct image {
	struct dump *dump;
	const struct vmlinux *vmlinux;
	const struct vmcoreinfo *info;
	u64 banner_link, text_link; /* 0: unknown */
	const char *banner;
	size_t banner_bytes;
};

enum verdict { VERDICT_NO, VERDICT_UNKNOWN, VERDICT_YES };

static void image_init(struct image *image, struct dump *dump, const struct vmlinux *vmlinux,
		       const struct vmcoreinfo *info)
{
	*image = (struct image){ .dump = dump, .vmlinux = vmlinux, .info = info };
	if (!vmlinux)
		return;
	if (!vmlinux_symbol(vmlinux, "_text", &image->text_link))
		image->text_link = 0;
	if (!vmlinux_symbol(vmlinux, "linux_banner", &image->banner_link))
		image->banner_link = 0;
	/* A file of debug information alone has no bytes: then any kernel's banner must do. */
	image->banner = vmlinux->banner ? vmlinux->banner : "Linux version ";
	image->banner_bytes = strlen(image->banner);
}

static bool physical_holds(struct dump *dump, u64 paddr, const char *text, size_t length,
			   bool *readable)
{
	char buf[512];

	if (length > sizeof(buf))
		length = sizeof(buf);
	*readable = dump_try_read(dump, paddr, buf, length, NULL);
	return *readable && memcmp(buf, text, length) == 0;
}

/* Does the banner of vmlinux lie where an image with this LOAD has it? */
static enum verdict banner_verdict(const struct image *image, u64 load)
{
	bool readable;

	if (!image->banner_link)
		return VERDICT_UNKNOWN;
	if (physical_holds(image->dump, image->banner_link - START_KERNEL_MAP + load, image->banner,
			   image->banner_bytes, &readable))
		return VERDICT_YES;
	return readable ? VERDICT_NO : VERDICT_UNKNOWN;
}

/*
 * The kernel's own name for itself at SYMBOL(init_uts_ns) + OFFSET(uts_namespace.name): "Linux".
 * Before v6.1 there is no such OFFSET, and a reference count may stand before the name.
 */
static enum verdict uts_verdict(const struct image *image, u64 phys_base)
{
	u64 uts;
	s64 name_offset;
	struct fault fault;
	char start[16];

	if (!image->info || !vmcoreinfo_hex(image->info, "SYMBOL(init_uts_ns)", &uts))
		return VERDICT_UNKNOWN;
	uts += phys_base - START_KERNEL_MAP;
	if (vmcoreinfo_number(image->info, "OFFSET(uts_namespace.name)", &name_offset))
		uts += (u64)name_offset;
	if (!dump_try_read(image->dump, uts, start, sizeof(start), &fault)) {
		bool whole = !image->dump->filtered && !image->dump->incomplete;

		/* No memory is there: a kernel cannot be. */
		return whole && fault.reason == FAULT_NOT_IN_DUMP ? VERDICT_NO : VERDICT_UNKNOWN;
	}
	return memmem(start, sizeof(start), "Linux", sizeof("Linux")) ? VERDICT_YES : VERDICT_NO;
}

static struct layout_wishes wishes;

static void x86_64_wish(const struct layout_wishes *given)
{
	wishes = *given;
}

/*
 * A page that says something else is evidence against; a missing page is not. Where VMCOREINFO does
 * not tell the place (IS_TOLD is false), a page has to bear it out.
 */
static bool image_plausible(const struct image *image, u64 kaslr_offset, u64 phys_base,
			    bool is_told)
{
	enum verdict banner, uts;

	if ((kaslr_offset & (PAGE_BYTES - 1)) || kaslr_offset >= IMAGE_BYTES_KASLR)
		return false;
	banner = banner_verdict(image, phys_base + kaslr_offset);
	if (banner == VERDICT_YES)
		return true;
	uts = uts_verdict(image, phys_base);
	/* A vmlinux of another build has another banner: the kernel's own word counts more. */
	if (uts == VERDICT_YES)
		return true;
	return is_told && banner == VERDICT_UNKNOWN && uts == VERDICT_UNKNOWN;
}

/*
 * How far the kernel was moved: by its own word, or by a name that vmlinux and
 * VMCOREINFO both place.
 */
static bool told_offset(const struct image *image, u64 *offset)
{
	static const char *const names[] = { "_stext", "init_uts_ns", "swapper_pg_dir",
					     "node_online_map" };

	*offset = 0;
	if (vmcoreinfo_hex(image->info, "KERNELOFFSET", offset))
		return true;
	for (size_t i = 0; image->vmlinux && i < ARRAY_SIZE(names); i++) {
		char key[64];
		u64 link, address;

		snprintf(key, sizeof(key), "SYMBOL(%s)", names[i]);
		if (!vmlinux_symbol(image->vmlinux, names[i], &link) ||
		    !vmcoreinfo_hex(image->info, key, &address))
			continue;
		*offset = address - link;
		return true;
	}
	/* A kernel without KASLR has its names where they were linked. */
	return vmcoreinfo_hex(image->info, "SYMBOL(_stext)", &(u64){ 0 });
}

static bool kaslr_from_vmcoreinfo(const struct image *image, struct kernel_layout *layout)
{
	u64 kaslr_offset, phys_base;
	bool is_told;
	s64 number;

	if (!image->info || !image->info->length)
		return false;
	is_told = told_offset(image, &kaslr_offset);
	phys_base = image->dump->header_phys_base;
	if (vmcoreinfo_number(image->info, "NUMBER(phys_base)", &number))
		phys_base = (u64)number;
	else
		is_told = is_told && (phys_base || wishes.has_phys_base);
	if (wishes.has_kaslr_offset && kaslr_offset != wishes.kaslr_offset)
		return false;
	if (wishes.has_phys_base)
		phys_base = wishes.phys_base;
	if (!image_plausible(image, kaslr_offset, phys_base, is_told))
		return false;
	layout->kaslr_offset = kaslr_offset;
	layout->phys_base = phys_base;
	return true;
}

/*
 * Tries each virtual offset that KASLR can choose in the tables at ROOT; accepts the one where the
 * page found holds vmlinux's banner.
 */
static bool kaslr_from_tables(const struct image *image, unsigned levels, u64 root,
			      struct kernel_layout *layout)
{
	for (u64 offset = 0; offset < IMAGE_BYTES_KASLR; offset += IMAGE_ALIGN) {
		u64 address = image->banner_link + offset;
		struct translation translation;
		u64 phys_base;

		if ((wishes.has_kaslr_offset && offset != wishes.kaslr_offset) ||
		    !walk_tables(image->dump, levels, root, address, &translation, NULL))
			continue;
		phys_base = translation.paddr - (address - START_KERNEL_MAP);
		if (wishes.has_phys_base && phys_base != wishes.phys_base)
			continue;
		if (banner_verdict(image, phys_base + offset) == VERDICT_YES) {
			layout->kaslr_offset = offset;
			layout->phys_base = phys_base;
			return true;
		}
	}
	return false;
}

static bool kaslr_from_notes(const struct image *image, struct kernel_layout *layout)
{
	for (size_t i = 0; i < image->dump->nr_cpu_notes; i++) {
		const struct cpu_note *note = &image->dump->cpu_notes[i];
		unsigned levels = note->cr4 & CR4_LA57 ? 5 : 4;
		u64 root = note->cr3 & CR3_FRAME_MASK;

		if (!note->has_control || !note->cr3)
			continue;
		/*
		 * With PTI the CPU may have stopped on the user half, which maps little
		 * of the kernel.
		 */
		if (kaslr_from_tables(image, levels, root & ~CR3_PTI_USER, layout) ||
		    kaslr_from_tables(image, levels, root, layout))
			return true;
	}
	return false;
}

static const char *const top_table_names[] = { "init_top_pgt", "swapper_pg_dir",
					       "init_level4_pgt" };

/* The image's own top page table, at its link-time distance from the banner. */
static bool kaslr_from_image_tables(const struct image *image, u64 load,
				    struct kernel_layout *layout)
{
	for (size_t i = 0; i < ARRAY_SIZE(top_table_names); i++) {
		u64 link;

		if (!vmlinux_symbol(image->vmlinux, top_table_names[i], &link))
			continue;
		for (unsigned levels = 4; levels <= 5; levels++)
			if (kaslr_from_tables(image, levels, link - START_KERNEL_MAP + load,
					      layout))
				return true;
	}
	return false;
}

/*
 * Without any word from the kernel: look for the banner at every place that the loader can choose.
 */
static bool kaslr_from_search(const struct image *image, struct kernel_layout *layout)
{
	u64 highest = image->dump->max_pfn << PAGE_SHIFT;
	u64 from_text = image->banner_link - image->text_link;

	for (u64 text = 0; text < highest; text += IMAGE_ALIGN) {
		u64 load = text - (image->text_link - START_KERNEL_MAP);
		bool readable;

		if (!physical_holds(image->dump, text + from_text, image->banner,
				    image->banner_bytes, &readable))
			continue;
		if (kaslr_from_image_tables(image, load, layout))
			return true;
	}
	return false;
}

/* Is any page of the image's own top table in the dump? */
static bool has_image_tables(const struct image *image, u64 load)
{
	for (size_t i = 0; i < ARRAY_SIZE(top_table_names); i++) {
		u64 link, entry;

		if (vmlinux_symbol(image->vmlinux, top_table_names[i], &link) &&
		    dump_try_read(image->dump, link - START_KERNEL_MAP + load, &entry,
				  sizeof(entry), NULL))
			return true;
	}
	return false;
}

/*
 * The user says where it is: the banner has to be there, and the image's page tables have to lead
 * there, unless the dump lacks them.
 */
static bool kaslr_from_phys_base(const struct image *image, struct kernel_layout *layout)
{
	if (!wishes.has_phys_base)
		return false;
	for (u64 offset = 0; offset < IMAGE_BYTES_KASLR; offset += IMAGE_ALIGN) {
		u64 load = wishes.phys_base + offset;

		if ((wishes.has_kaslr_offset && offset != wishes.kaslr_offset) ||
		    banner_verdict(image, load) != VERDICT_YES)
			continue;
		if (kaslr_from_image_tables(image, load, layout))
			return true;
		layout->kaslr_offset = offset;
		layout->phys_base = wishes.phys_base;
		return !has_image_tables(image, load);
	}
	return false;
}

/* Where the image is in memory, and by how much it was moved. */
static bool find_image(struct image *image, struct kernel_layout *layout, struct strbuf *why)
{
	if (kaslr_from_vmcoreinfo(image, layout))
		return true;
	if (!image->vmlinux) {
		strbuf_puts(why, "the dump has no usable VMCOREINFO");
		return false;
	}
	if (!image->banner_link || !image->text_link) {
		strbuf_puts(why,
			    "the dump has no usable VMCOREINFO, and vmlinux has no linux_banner "
			    "to search for");
		return false;
	}
	if (kaslr_from_phys_base(image, layout) || kaslr_from_notes(image, layout) ||
	    kaslr_from_search(image, layout))
		return true;
	if (wishes.has_phys_base)
		strbuf_printf(why, "with phys_base=%llx ", wishes.phys_base);
	if (wishes.has_kaslr_offset)
		strbuf_printf(
			why, "moved by %s%llx ", wishes.kaslr_offset >> 63 ? "-" : "",
			(wishes.kaslr_offset >> 63 ? -wishes.kaslr_offset : wishes.kaslr_offset));
	strbuf_printf(why,
		      "the kernel image is nowhere in the dump: vmlinux (\"%.60s...\") and dump do "
		      "not belong together, or the dump lacks the pages of the image",
		      image->banner);
	return false;
}

static bool x86_64_find_kaslr(struct dump *dump, const struct vmlinux *vmlinux,
			      const struct vmcoreinfo *info, struct kernel_layout *layout,
			      struct strbuf *why)
{
	struct image image;
	s64 sme_mask;

	layout->kernel_map_start = START_KERNEL_MAP;
	x86.frame_mask = PTE_FRAME_MASK;
	if (info && vmcoreinfo_number(info, "NUMBER(sme_mask)", &sme_mask))
		x86.frame_mask &= ~(u64)sme_mask;
	image_init(&image, dump, vmlinux, info);
	layout->image_found = find_image(&image, layout, why);
	return layout->image_found;
}

/*
 * Layout
 */
static bool image_read(const struct kernel_layout *layout, u64 address, void *buf, size_t length)
{
	return dump_try_read(x86.dump, address - START_KERNEL_MAP + layout->phys_base, buf, length,
			     NULL);
}

static bool variable_u64(const struct kernel_layout *layout, const char *name, u64 *value)
{
	const struct symbol *symbol = symbol_by_name(name);

	return symbol && symbol->value >= START_KERNEL_MAP &&
	       image_read(layout, symbol->value, value, sizeof(*value));
}

static u64 top_table(const struct vmcoreinfo *info)
{
	u64 address;

	if (info && vmcoreinfo_hex(info, "SYMBOL(swapper_pg_dir)", &address))
		return address;
	for (size_t i = 0; i < ARRAY_SIZE(top_table_names); i++) {
		address = symbol_value(top_table_names[i]);
		if (address)
			return address;
	}
	return 0;
}

/* Do the kernel's tables, read as LEVELS deep, map its text where the image is? */
static bool levels_fit(const struct kernel_layout *layout, unsigned levels)
{
	struct translation translation;

	return x86.text && walk_tables(x86.dump, levels, x86.root, x86.text, &translation, NULL) &&
	       translation.paddr == x86.text - START_KERNEL_MAP + layout->phys_base;
}

static unsigned find_levels(const struct vmcoreinfo *info, const struct kernel_layout *layout)
{
	unsigned claimed = wishes.levels;
	s64 number;

	if (!claimed && info && vmcoreinfo_number(info, "NUMBER(pgtable_l5_enabled)", &number))
		claimed = number ? 5 : 4;
	for (size_t i = 0; !claimed && i < x86.dump->nr_cpu_notes; i++)
		if (x86.dump->cpu_notes[i].has_control && x86.dump->cpu_notes[i].cr4)
			claimed = x86.dump->cpu_notes[i].cr4 & CR4_LA57 ? 5 : 4;
	if (claimed && levels_fit(layout, claimed))
		return claimed;
	/*
	 * What maps the kernel's text is the truth; a claim stands only when the
	 * tables are missing.
	 */
	if (levels_fit(layout, 4))
		return 4;
	if (levels_fit(layout, 5))
		return 5;
	return claimed ? claimed : 4;
}

static bool is_region_base(const struct kernel_layout *layout, u64 base)
{
	return base >> 63 && canonical(base, layout->levels) && base % (1ULL << 30) == 0;
}

/*
 * One of the three randomised bases; a kernel without memory KASLR has no variable but a fixed
 * value. A variable that cannot be read, or holds no such address, leaves nothing to work with: a
 * guess would give wrong answers everywhere.
 */
static bool region_base(const struct kernel_layout *layout, const char *variable, u64 fixed,
			u64 *base, struct strbuf *why)
{
	const struct symbol *symbol = symbol_by_name(variable);
	struct fault fault;
	u64 paddr;

	*base = fixed;
	if (!symbol)
		return true;
	paddr = symbol->value - START_KERNEL_MAP + layout->phys_base;
	if (!dump_try_read(x86.dump, paddr, base, sizeof(*base), &fault)) {
		strbuf_printf(why, "cannot read %s at %016llx: %s", variable, symbol->value,
			      fault_text(&fault));
		return false;
	}
	if (is_region_base(layout, *base))
		return true;
	strbuf_printf(
		why,
		"%s holds %016llx, which is no base of a region: dump and vmlinux do not belong "
		"together, or the dump is damaged",
		variable, *base);
	return false;
}

/* What the user knows counts more than a variable that may be damaged, but not without a word. */
static bool direct_map_base(struct kernel_layout *layout, u64 fixed, struct strbuf *why)
{
	bool known = region_base(layout, "page_offset_base", fixed, &layout->page_offset, why);

	if (!wishes.has_page_offset)
		return known;
	strbuf_reset(why);
	if (!is_region_base(layout, wishes.page_offset)) {
		strbuf_printf(why, "page_offset=%llx is no base of a region", wishes.page_offset);
		return false;
	}
	if (known && layout->page_offset != wishes.page_offset)
		warn("page_offset=%llx: the kernel itself has %llx", wishes.page_offset,
		     layout->page_offset);
	layout->page_offset = wishes.page_offset;
	return true;
}

/*
 * The direct map reaches to the last page frame of memory: the kernel's max_pfn. The dump may know
 * of higher ones (QEMU writes the BIOS below 4 GB too), which the kernel does not map.
 */
static u64 physical_end(const struct kernel_layout *layout)
{
	u64 max_pfn;

	if (!variable_u64(layout, "max_pfn", &max_pfn) || !max_pfn ||
	    max_pfn > PTE_FRAME_MASK >> PAGE_SHIFT)
		max_pfn = x86.dump->max_pfn;
	return max_pfn << PAGE_SHIFT;
}

static bool find_regions(struct kernel_layout *layout, struct strbuf *why)
{
	bool deep = layout->levels == 5;
	u64 vmalloc_bytes = deep ? 12800ULL << 40 : 32ULL << 40;
	u64 vmemmap_bytes = deep ? 1ULL << 49 : 1ULL << 40;

	if (!direct_map_base(layout, deep ? 0xff11000000000000ULL : 0xffff888000000000ULL, why) ||
	    !region_base(layout, "vmalloc_base",
			 deep ? 0xffa0000000000000ULL : 0xffffc90000000000ULL,
			 &layout->vmalloc_start, why) ||
	    !region_base(layout, "vmemmap_base",
			 deep ? 0xffd4000000000000ULL : 0xffffea0000000000ULL,
			 &layout->vmemmap_start, why))
		return false;
	layout->direct_map_end = layout->page_offset + physical_end(layout);
	layout->vmalloc_end = layout->vmalloc_start + vmalloc_bytes;
	layout->vmemmap_end = layout->vmemmap_start + vmemmap_bytes;
	layout->task_size = (1ULL << (deep ? 56 : 47)) - PAGE_BYTES;
	return true;
}

static void find_image_window(const struct vmcoreinfo *info, struct kernel_layout *layout)
{
	s64 image_bytes;

	if (wishes.kernel_image_bytes)
		layout->kernel_image_bytes = wishes.kernel_image_bytes;
	else if (info && vmcoreinfo_number(info, "NUMBER(KERNEL_IMAGE_SIZE)", &image_bytes) &&
		 image_bytes > 0 && (u64)image_bytes < MODULES_END - START_KERNEL_MAP)
		layout->kernel_image_bytes = (u64)image_bytes;
	else /* The offset itself shows KASLR; a kernel built with it keeps the large window. */
		layout->kernel_image_bytes = symbol_value("kaslr_get_random_long") ||
							     layout->kaslr_offset
						     ? IMAGE_BYTES_KASLR
						     : IMAGE_BYTES_NO_KASLR;
	layout->modules_start = START_KERNEL_MAP + layout->kernel_image_bytes;
	layout->modules_end = MODULES_END;
}

static bool x86_64_find_layout(struct dump *dump, const struct vmcoreinfo *info,
			       struct kernel_layout *layout, struct strbuf *why)
{
	u64 root = top_table(info), init_end = symbol_value("__init_end");

	if (!root) {
		strbuf_puts(
			why,
			"neither VMCOREINFO nor the symbols say where the kernel's page tables are "
			"(swapper_pg_dir, init_top_pgt)");
		return false;
	}
	x86.dump = dump;
	x86.text = symbol_value("_text");
	x86.end = symbol_value("_end");
	x86.init_begin = symbol_value("__init_begin");
	x86.init_end = init_end;
	layout->kernel_map_start = START_KERNEL_MAP;
	x86.root = root - START_KERNEL_MAP + layout->phys_base;
	layout->top_table = root;
	layout->levels = find_levels(info, layout);
	if (wishes.levels && layout->levels != wishes.levels)
		warn("vm=%ulevel: the kernel's page tables have %u levels", wishes.levels,
		     layout->levels);

	find_image_window(info, layout);
	if (!find_regions(layout, why))
		return false;
	x86.layout = *layout;
	return true;
}

/*
 * The image by arithmetic. Without symbols, the whole window that the image has to itself counts as
 * it: nothing else is ever mapped there but pages of the init section after their release, where no
 * log and no identity is.
 */
static void place_image(const struct vmcoreinfo *info, struct kernel_layout *layout)
{
	u64 text = symbol_value("_text");

	x86.text = x86.end = x86.init_begin = x86.init_end = 0;
	if (!layout->image_found)
		return;
	if (!text && !vmcoreinfo_hex(info, "SYMBOL(_stext)", &text) &&
	    !vmcoreinfo_hex(info, "SYMBOL(_text)", &text))
		return;
	x86.text = max_u64(text, START_KERNEL_MAP);
	x86.end = symbol_value("_end");
	x86.init_begin = symbol_value("__init_begin");
	x86.init_end = symbol_value("__init_end");
	if (!x86.end) {
		x86.end = layout->modules_start;
		x86.init_begin = x86.init_end = x86.end;
	}
}

static void x86_64_find_bare_layout(struct dump *dump, const struct vmcoreinfo *info,
				    struct kernel_layout *layout)
{
	u64 root = layout->image_found ? top_table(info) : 0;

	x86.dump = dump;
	layout->kernel_map_start = START_KERNEL_MAP;
	find_image_window(info, layout);
	place_image(info, layout);
	x86.root = root ? root - START_KERNEL_MAP + layout->phys_base : NO_ROOT;
	layout->top_table = root;
	layout->levels = find_levels(info, layout);
	layout->task_size = (1ULL << (layout->levels == 5 ? 56 : 47)) - PAGE_BYTES;
	layout->page_offset = layout->direct_map_end = 0;
	layout->vmalloc_start = layout->vmalloc_end = 0;
	layout->vmemmap_start = layout->vmemmap_end = 0;
	x86.layout = *layout;
}

/*
 * Kernel addresses
 */

/*
 * Pages of the init section are unmapped and given away after boot, so that arithmetic would show
 * somebody else's bytes there: these go through the page tables.
 */
static bool image_by_arithmetic(u64 address, u64 *run_bytes)
{
	if (address < x86.text || address >= x86.end)
		return false;
	if (address < x86.init_begin)
		*run_bytes = x86.init_begin - address;
	else if (address >= x86.init_end)
		*run_bytes = x86.end - address;
	else
		return false;
	return true;
}

static bool x86_64_kernel_to_phys(u64 address, u64 *paddr, u64 *run_bytes, struct fault *fault)
{
	const struct kernel_layout *layout = &x86.layout;
	struct translation translation;

	if (address >= layout->page_offset && address < layout->direct_map_end) {
		*paddr = address - layout->page_offset;
		*run_bytes = layout->direct_map_end - address;
		return true;
	}
	if (image_by_arithmetic(address, run_bytes)) {
		*paddr = address - START_KERNEL_MAP + layout->phys_base;
		return true;
	}
	if (!(address >> 63))
		return fault_set(fault, FAULT_BAD_ADDRESS, SPACE_KERNEL, address);
	if (!walk_tables(x86.dump, layout->levels, x86.root, address, &translation, fault))
		return false;
	*paddr = translation.paddr;
	*run_bytes = translation.page_bytes - address % translation.page_bytes;
	return true;
}

static bool x86_64_walk(u64 pgd, u64 address, struct translation *translation, struct fault *fault)
{
	u64 root, run_bytes;

	memset(translation, 0, sizeof(*translation));
	if (!pgd && x86.root == NO_ROOT)
		return fault_set(fault, FAULT_NO_TABLES, SPACE_KERNEL, address);
	if (!x86_64_kernel_to_phys(pgd, &root, &run_bytes, fault)) {
		if (fault)
			fault->level = "pgd";
		return false;
	}
	return walk_tables(x86.dump, x86.layout.levels, root, address, translation, fault);
}

static bool x86_64_walk_on(u64 address, struct translation *translation, struct fault *fault)
{
	u64 last = translation->steps[--translation->nr_steps].entry_address;

	translation->paddr = translation->page_bytes = translation->entry = 0;
	return walk_down(x86.dump, x86.layout.levels, 0, align_down(last, PAGE_BYTES), address,
			 translation, fault);
}

static bool x86_64_is_kernel_address(u64 address)
{
	return address >> 63 && canonical(address, x86.layout.levels);
}

/*
 * Swap entries of arch/x86/include/asm/pgtable_64.h: type in bits 59-63, inverted offset in bits
 * 9-58, PRESENT and PROT_NONE clear.
 */
static bool x86_64_swap_entry(u64 entry, unsigned *type, u64 *offset)
{
	if (!entry || entry & (PTE_PRESENT | PTE_GLOBAL))
		return false;
	*type = (unsigned)(entry >> 59);
	*offset = ~entry << 5 >> 14;
	return true;
}

static void x86_64_describe_pte(u64 entry, char *text, size_t space)
{
	static const struct {
		u64 bit;
		const char *name;
	} bits[] = {
		{ PTE_PRESENT, "PRESENT" }, { PTE_RW, "RW" },	{ PTE_USER, "USER" },
		{ PTE_PWT, "PWT" },	    { PTE_PCD, "PCD" }, { PTE_ACCESSED, "ACCESSED" },
		{ PTE_DIRTY, "DIRTY" },	    { PTE_PSE, "PSE" }, { PTE_GLOBAL, "GLOBAL" },
		{ PTE_NX, "NX" },
	};
	size_t length = 0;

	if (!space)
		return;
	text[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		const char *name = bits[i].name;

		if (!(entry & bits[i].bit))
			continue;
		if (bits[i].bit == PTE_GLOBAL && !(entry & PTE_PRESENT))
			name = "PROTNONE";
		length += (size_t)snprintf(text + length, space - length, "%s%s", length ? "|" : "",
					   name);
		if (length >= space)
			return;
	}
}

const struct arch_ops x86_64_ops = {
	.machine = "x86_64",
	.wish = x86_64_wish,
	.find_kaslr = x86_64_find_kaslr,
	.find_layout = x86_64_find_layout,
	.find_bare_layout = x86_64_find_bare_layout,
	.kernel_to_phys = x86_64_kernel_to_phys,
	.walk = x86_64_walk,
	.walk_on = x86_64_walk_on,
	.is_kernel_address = x86_64_is_kernel_address,
	.pte_frame = entry_frame,
	.swap_entry = x86_64_swap_entry,
	.describe_pte = x86_64_describe_pte,
};
