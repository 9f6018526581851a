/* kernel/kernelsearch.c - finds a kernel in memory that nothing tells of: page tables, symbol table. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table that maps the image (level2_kernel_pgt in the sources, one for 1 GB from
 * __START_KERNEL_map on) is like no other: its entries rise by 2 MB each, its first ones lead to
 * executable pages, and what lies outside the image is empty. Its place in the table says which
 * address the image has, the entry where that is in memory. Parts may be split into tables of 4 KB
 * pages; the text is not.
 */
#include "kernel/kernelsearch.h"

#include "arch.h"
#include "base/fail.h"
#include "dump/elfnote.h"
#include "dump/pagescan.h"
#include "kernel/kallsyms.h"
#include "memory.h"

#include <elf.h>
#include <stdlib.h>

#define MAP_START 0xffffffff80000000ULL
#define MAP_BYTES (1ULL << 30)
#define BIG_PAGE (2ULL << 20)
#define ENTRIES 512
#define FRAME_MASK 0x000ffffffffff000ULL
#define PRESENT 0x001ULL
#define USER 0x004ULL
#define PSE 0x080ULL
#define NX (1ULL << 63)
#define CR4_LA57 (1ULL << 12)
#define CR3_PTI_USER 0x1000ULL
#define TOP_ENTRY 511 /* of the tables that lead to the image's: the last 512 GB ... */
#define MAP_ENTRY 510 /* ... and in these the last GB but one */

#define LEAST_TEXT_ENTRIES 3 /* the text of a kernel has 6 MB at least */
#define MAX_IMAGES 32

/* From setup_header of Documentation/arch/x86/boot.rst: where in struct boot_params these are. */
#define HEADER_MAGIC_AT 0x202
#define PREF_ADDRESS_AT 0x258

static bool wants_offset;
static u64 wanted_offset;

struct image {
	u64 start; /* virtual address of its first byte */
	u64 phys_base;
};

static bool leads_to_text(u64 entry)
{
	return (entry & (PRESENT | PSE | USER | NX)) == (PRESENT | PSE) &&
	       (entry & FRAME_MASK) % BIG_PAGE == 0;
}

static bool find_in_table(const u8 *page, struct image *image)
{
	size_t first = 0, i;
	u64 entry = 0;

	while (first < ENTRIES && !(entry = load_u64(page + first * sizeof(u64))))
		first++;
	/*
	 * The kernel is not linked to the very start: 16 MB above it unless configured otherwise.
	 */
	if (first == 0 || first + LEAST_TEXT_ENTRIES > ENTRIES)
		return false;
	for (i = 0; i < LEAST_TEXT_ENTRIES; i++) {
		u64 next = load_u64(page + (first + i) * sizeof(u64));

		if (!leads_to_text(next) ||
		    (next & FRAME_MASK) != (entry & FRAME_MASK) + i * BIG_PAGE)
			return false;
	}
	image->start = MAP_START + first * BIG_PAGE;
	image->phys_base = (entry & FRAME_MASK) - first * BIG_PAGE;
	return true;
}

static bool looks_like_image_table(const u8 *page)
{
	struct image image;

	return find_in_table(page, &image);
}

/* Follows entry INDEX of the table at *TABLE to the next one. */
static bool step(struct dump *dump, u64 *table, unsigned index)
{
	u64 entry;

	if (!dump_try_read(dump, *table + index * sizeof(u64), &entry, sizeof(entry), NULL) ||
	    (entry & (PRESENT | PSE)) != PRESENT)
		return false;
	*table = entry & FRAME_MASK;
	return true;
}

static bool find_below_root(struct dump *dump, u64 root, bool five_levels, struct image *image)
{
	u8 page[PAGE_BYTES];
	u64 table = root;

	return (!five_levels || step(dump, &table, TOP_ENTRY)) && step(dump, &table, TOP_ENTRY) &&
	       step(dump, &table, MAP_ENTRY) &&
	       dump_try_read(dump, table, page, sizeof(page), NULL) && find_in_table(page, image);
}

/* The image that CPU NUMBER of QEMU's notes has mapped. */
static bool find_of_cpu(struct dump *dump, size_t number, struct image *image)
{
	const struct cpu_note *note = &dump->cpu_notes[number];
	u64 root = note->cr3 & FRAME_MASK;
	bool deep = note->cr4 & CR4_LA57;

	if (!note->has_control || !note->cr3)
		return false;
	/* With PTI the CPU may have stopped on the user half, which maps little of the kernel. */
	return find_below_root(dump, root & ~CR3_PTI_USER, deep, image) ||
	       find_below_root(dump, root, deep, image);
}

void kernel_want(u64 offset)
{
	wants_offset = true;
	wanted_offset = offset;
}

bool kernel_is_wanted(const struct vmcoreinfo *info)
{
	u64 offset = 0;

	if (!wants_offset)
		return true;
	/* A kernel without KASLR writes no such line. */
	vmcoreinfo_hex(info, "KERNELOFFSET", &offset);
	return info->text && offset == wanted_offset;
}

bool kernel_runs(struct dump *dump, const struct vmcoreinfo *info)
{
	u64 stext;
	s64 phys_base;

	if (wants_offset)
		return kernel_is_wanted(info);
	if (!vmcoreinfo_hex(info, "SYMBOL(_stext)", &stext) ||
	    !vmcoreinfo_number(info, "NUMBER(phys_base)", &phys_base))
		return false;
	for (size_t i = 0; i < dump->nr_cpu_notes; i++) {
		struct image image;

		if (find_of_cpu(dump, i, &image) && stext - image.start < BIG_PAGE &&
		    image.phys_base == (u64)phys_base)
			return true;
	}
	return false;
}

static size_t add_image(struct image *images, size_t count, const struct image *image)
{
	for (size_t i = 0; i < count; i++) {
		if (images[i].start == image->start && images[i].phys_base == image->phys_base)
			return count;
	}
	images[count] = *image;
	return count + 1;
}

static size_t find_of_cpus(struct dump *dump, struct image *images)
{
	struct image image;
	size_t count = 0;

	for (size_t i = 0; i < dump->nr_cpu_notes && count < MAX_IMAGES; i++) {
		if (find_of_cpu(dump, i, &image))
			count = add_image(images, count, &image);
	}
	return count;
}

static size_t find_anywhere(struct dump *dump, struct image *images)
{
	u64 frames[MAX_IMAGES];
	size_t count = 0, nr_frames;

	nr_frames = page_scan(dump, "a kernel's page tables", PAGE_BYTES, looks_like_image_table,
			      frames, MAX_IMAGES);
	for (size_t i = 0; i < nr_frames; i++) {
		u8 page[PAGE_BYTES];
		struct image image;

		if (dump_try_read(dump, frames[i] << PAGE_SHIFT, page, sizeof(page), NULL) &&
		    find_in_table(page, &image))
			count = add_image(images, count, &image);
	}
	return count;
}

/* ---- What is known of a kernel whose symbols are loaded ---- */

static void add_release(struct strbuf *text)
{
	static const char start[] = "Linux version ";
	char banner[256];

	if (mem_try_string(symbol_value("linux_banner"), banner, sizeof(banner), NULL) &&
	    starts_with(banner, start))
		strbuf_printf(text, "OSRELEASE=%.*s\n", (int)strcspn(banner + strlen(start), " \n"),
			      banner + strlen(start));
}

/* From the ELF notes in the image, which /sys/kernel/notes shows. */
static void add_build_id(struct strbuf *text)
{
	u64 at = symbol_value("__start_notes"), end = symbol_value("__stop_notes");
	Elf64_Nhdr header;
	char owner[sizeof("GNU")];
	u8 id[64];

	while (at && at + sizeof(header) <= end &&
	       mem_try_read(at, &header, sizeof(header), NULL)) {
		u64 data = at + sizeof(header) + align_up(header.n_namesz, 4);

		if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == sizeof(owner) &&
		    mem_try_read(at + sizeof(header), owner, sizeof(owner), NULL) &&
		    memcmp(owner, "GNU", sizeof(owner)) == 0 && header.n_descsz <= sizeof(id) &&
		    mem_try_read(data, id, header.n_descsz, NULL)) {
			strbuf_puts(text, "BUILD-ID=");
			for (u32 i = 0; i < header.n_descsz; i++)
				strbuf_printf(text, "%02x", id[i]);
			strbuf_putc(text, '\n');
			return;
		}
		at = data + align_up(header.n_descsz, 4);
	}
}

static void add_symbol(struct strbuf *text, const char *key, const char *name)
{
	if (symbol_value(name))
		strbuf_printf(text, "SYMBOL(%s)=%llx\n", key, symbol_value(name));
}

/*
 * How far KASLR moved the image: the boot loader's header, which the kernel keeps, has where it
 * was linked to.
 */
static void add_kaslr_offset(struct strbuf *text)
{
	u64 params = symbol_value("boot_params"), moved_from;
	char magic[4];

	if (params && mem_try_read(params + HEADER_MAGIC_AT, magic, sizeof(magic), NULL) &&
	    memcmp(magic, "HdrS", sizeof(magic)) == 0 &&
	    mem_try_u64(params + PREF_ADDRESS_AT, &moved_from, NULL) &&
	    moved_from <= symbol_value("_text") - MAP_START)
		strbuf_printf(text, "KERNELOFFSET=%llx\n",
			      (symbol_value("_text") - MAP_START - moved_from));
}

/* As kernel/vmcore_info.c would have it. */
static void write_record(const struct image *image, struct strbuf *text)
{
	strbuf_reset(text);
	add_release(text);
	add_build_id(text);
	strbuf_puts(text, "PAGESIZE=4096\n");
	add_symbol(text, "init_uts_ns", "init_uts_ns");
	add_symbol(text, "_stext", "_stext");
	add_symbol(text, "swapper_pg_dir", "swapper_pg_dir");
	if (!symbol_value("swapper_pg_dir"))
		add_symbol(text, "swapper_pg_dir", "init_top_pgt");
	add_kaslr_offset(text);
	strbuf_printf(text, "NUMBER(phys_base)=%lld\n", image->phys_base);
	kallsyms_describe(text);
}

/* Loads the symbols of what may be a kernel: nothing else proves that it is one. */
static bool try_image(struct dump *dump, const struct image *image, struct strbuf *text,
		      struct strbuf *why)
{
	static struct kernel_layout layout; /* memory.h keeps hold of it */
	struct vmcoreinfo info = { 0 };
	bool loaded;

	strbuf_reset(text);
	strbuf_printf(
		text,
		"SYMBOL(_text)=%llx\nNUMBER(phys_base)=%lld\nNUMBER(KERNEL_IMAGE_SIZE)=%llu\n",
		image->start, image->phys_base, MAP_BYTES);
	info.text = text->text;
	info.length = text->length;
	layout = (struct kernel_layout){ .phys_base = image->phys_base, .image_found = true };
	x86_64_ops.find_bare_layout(dump, &info, &layout);
	memory_init(dump, &x86_64_ops, &layout);
	strbuf_reset(why);
	loaded = kallsyms_load(&info, 0, why);
	if (loaded)
		write_record(image, text);
	symbols_reset();
	if (!loaded)
		return false;
	if (strstr(strbuf_text(text), "OSRELEASE="))
		return true;
	strbuf_puts(why,
		    "what looks like a kernel's symbol table leads to no banner (linux_banner)");
	return false;
}

/* Adds what was found to LIST, which names all kernels to the user. */
static void list_kernel(struct strbuf *list, const struct vmcoreinfo *info)
{
	char release[128] = "?", offset[32] = "0";

	vmcoreinfo_string(info, "OSRELEASE", release, sizeof(release));
	vmcoreinfo_string(info, "KERNELOFFSET", offset, sizeof(offset));
	strbuf_printf(list, "%s%s at KASLR offset %s", list->length ? ", " : "", release, offset);
}

/* Takes the first of the IMAGES that is a kernel, and that is wanted; LIST gets all that are. */
static size_t take_kernel(struct dump *dump, const struct image *images, size_t count,
			  struct vmcoreinfo *info, struct strbuf *list, struct strbuf *why)
{
	struct strbuf text = { 0 };
	size_t nr_kernels = 0;

	for (size_t i = 0; i < count && !interrupt_pending(); i++) {
		struct vmcoreinfo found = { .found_in_memory = true, .made_up = true };

		if (!try_image(dump, &images[i], &text, why))
			continue;
		found.text = xstrdup(strbuf_text(&text));
		found.length = text.length;
		list_kernel(list, &found);
		nr_kernels++;
		if (!info->text && kernel_is_wanted(&found))
			*info = found;
		else
			vmcoreinfo_free(&found);
	}
	strbuf_free(&text);
	return nr_kernels;
}

bool kernel_search(struct dump *dump, struct vmcoreinfo *info, struct strbuf *why)
{
	struct strbuf list = { 0 };
	struct image images[MAX_IMAGES];
	size_t count = wants_offset ? 0 : find_of_cpus(dump, images), nr_kernels;

	*info = (struct vmcoreinfo){ 0 };
	if (!count)
		count = find_anywhere(dump, images);
	strbuf_reset(why);
	if (!count)
		strbuf_puts(why, "no page tables of a kernel are in it");
	nr_kernels = take_kernel(dump, images, count, info, &list, why);
	if (info->text)
		strbuf_reset(why);
	if (info->text && nr_kernels > 1 && !wants_offset)
		info->remark = xasprintf("memory has several kernels: %s; the first is taken, "
					 "--kaslr OFFSET takes another one",
					 strbuf_text(&list));
	strbuf_free(&list);
	return info->text != NULL;
}
