/* lkcd_v8.c - L1: dumps of LKCD ("Linux Kernel Crash Dumps"), header versions 8 to 10. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All by the kernel patches' own headers. Little-endian, packed.
 *
 *	0	dump header:
 *	  0	8	magic
 *	  8	4	version
 *	  12	4	size of this header
 *	  16	4	dump level
 *	  20	4	page size
 *	  24	8 * 3	memory: size, start, end
 *	  48	4	number of pages in the dump
 *	  52	256	panic message
 *	  308	8 + 8	time: seconds, microseconds
 *	  324	6 * 65	utsname: sysname, nodename, release, version, machine, domainname
 *	  714	8	address of the current task
 *	  722	4	compression: 0 none, 1 RLE, 2 gzip
 *	  726	4 + 4	flags (version 9: polling), device
 *	  734	8	size of the dump buffer			since version 9
 *	right behind it, the architecture's header:
 *	  0	8	magic
 *	  8	4 + 4	version, size of this header
 *	  16	168	registers at the crash
 *	  184	4 + 4	number of CPUs; which of them dumped
 *	  192	168 * N	registers of each CPU, N by the size of this header
 *	  ...	24 * N	current task, stack's copy and stack of each CPU
 *	64 KB (version 9: the size of the dump buffer): pages, one after the other
 *	  0	8	physical address
 *	  8	4	bytes of data that follow
 *	  12	4	flags: 1 as it is, 2 compressed, 4 end of the dump, 8 truncated
 *
 * Pages stand in any order and nothing says where, so opening such a dump goes over all page
 * headers once: what it costs follows the file's size. Of a run of pages only the first one's place
 * is kept, at most GROUP_PAGES to a run: a byte a page, and 16 bytes where pages come twice or in
 * no order.
 *
 * The headers of versions before 8 differ, and none of them could be
 * found that is a kernel's for x86_64.
 */
#include "base/fail.h"
#include "dump/decompress.h"
#include "dump/elfnote.h"
#include "dump/filekind.h"
#include "dump/format.h"
#include "dump/pagecache.h"

#include <stdlib.h>

enum {
	/*
	 * Version 10 differs in nothing that is read here: crash 9 takes one that is made like 9.
	 */
	OLDEST_VERSION = 8,
	NEWEST_VERSION = 10,
	HEADER_BYTES = 734,
	PANIC_BYTES = 256,
	NAME_BYTES = 65,
	ARCH_HEADER_BYTES = 192,
	MOST_CPUS = 256,
	BUFFER_BYTES = 64 << 10,
	MOST_BUFFER_BYTES = 16 << 20,
	PAGE_HEADER_BYTES = 16,
	GROUP_PAGES = 16,
	/* A run-length coded page may be longer than the page itself. */
	MOST_DATA_BYTES = 2 * PAGE_BYTES,
	/*
	 * Behind a damaged page header: how many bytes are looked at, how many headers in a row
	 * have to be good.
	 */
	SEARCH_BYTES = MOST_DATA_BYTES + PAGE_HEADER_BYTES,
	HEADERS_IN_A_ROW = 4,
	MOST_GAPS = 1024,
	CACHE_BYTES = 8 << 20,
};

#define LKCD_MAGIC 0xa8190173618f23edULL
#define LKCD_MAGIC_LIVE 0xa8190173618f23cdULL
#define ARCH_MAGIC 0xdeaddeadULL
#define MAX_PFN (1ULL << (52 - PAGE_SHIFT))

enum { COMPRESS_NONE, COMPRESS_RLE, COMPRESS_GZIP };
enum { PAGE_RAW = 1, PAGE_COMPRESSED = 2, PAGE_END = 4, PAGE_TRUNCATED = 8 };

/* NR_PAGES pages from frame PFN on, whose page headers follow each other from OFFSET on. */
struct page_group {
	u64 pfn;
	u64 offset : 56, nr_pages : 8;
};

typedef VECTOR(struct page_group) group_list;

struct lkcd {
	u8 header[HEADER_BYTES];
	u8 arch_header[ARCH_HEADER_BYTES]; /* zeroes: there is none */
	u32 version, compression;
	u64 buffer_bytes; /* where pages begin */
	group_list groups; /* sorted by pfn, none overlaps another */
	u64 nr_pages;
	u64 nr_doubles; /* pages that came again: the last one counts */
	u64 nr_gaps, first_gap; /* damaged page headers; the place of the first */
	bool new_group; /* what is found next does not follow the page before it */
	struct decompressor_pool *pool;
};

static bool is_magic(u64 magic)
{
	return magic == LKCD_MAGIC || magic == LKCD_MAGIC_LIVE;
}

static enum probe_result lkcd_probe(const struct file_map *file, struct strbuf *why)
{
	char machine[NAME_BYTES] = "";
	u8 header[HEADER_BYTES];
	u64 magic;
	u32 version, page_bytes;

	if (!file_map_read(file, 0, header, sizeof(magic)))
		return PROBE_NO;
	magic = load_u64(header);
	if (is_magic(__builtin_bswap64(magic))) {
		strbuf_puts(why, "LKCD dump of a big-endian machine; this program reads x86_64");
		return PROBE_BROKEN;
	}
	if (!is_magic(magic))
		return PROBE_NO;
	if (!file_map_read(file, 0, header, sizeof(header)) || file->size < BUFFER_BYTES) {
		strbuf_printf(why, "LKCD dump, cut short: headers take %u bytes, the file has %llu",
			      BUFFER_BYTES, file->size);
		return PROBE_BROKEN;
	}
	version = load_u32(header + 8);
	page_bytes = load_u32(header + 20);
	if (version < OLDEST_VERSION || version > NEWEST_VERSION) {
		strbuf_printf(why, "LKCD dump, header version %u: versions %u to %u are known",
			      version, OLDEST_VERSION, NEWEST_VERSION);
		return PROBE_BROKEN;
	}
	memcpy(machine, header + 324 + 4 * NAME_BYTES, NAME_BYTES - 1);
	if (is_another_machine(machine)) {
		strbuf_printf(why, "LKCD dump of another machine (%s); this program reads x86_64",
			      machine);
		return PROBE_BROKEN;
	}
	if (page_bytes != PAGE_BYTES) {
		strbuf_printf(why, "LKCD dump, header version %u: page size %u instead of %llu",
			      version, page_bytes, PAGE_BYTES);
		return PROBE_BROKEN;
	}
	return PROBE_YES;
}

/* --- the index --- */

struct page_header {
	u64 pfn;
	u32 bytes, flags;
};

static bool read_page_header(const struct file_map *file, u64 offset, struct page_header *page)
{
	u8 copy[PAGE_HEADER_BYTES];
	const u8 *header = file_map_view(file, offset, sizeof(copy), copy);

	if (!header)
		return false;
	page->pfn = load_u64(header) >> PAGE_SHIFT;
	page->bytes = load_u32(header + 8);
	page->flags = load_u32(header + 12);
	return true;
}

static int compare_groups(const void *a, const void *b)
{
	const struct page_group *left = a, *right = b;

	if (left->pfn != right->pfn)
		return left->pfn < right->pfn ? -1 : 1;
	return (left->offset > right->offset) - (left->offset < right->offset);
}

static void add_page(struct lkcd *lkcd, u64 pfn, u64 offset)
{
	lkcd->nr_pages++;
	if (lkcd->groups.count && !lkcd->new_group) {
		struct page_group *last = &lkcd->groups.items[lkcd->groups.count - 1];

		if (last->nr_pages < GROUP_PAGES && pfn == last->pfn + last->nr_pages) {
			last->nr_pages++;
			return;
		}
	}
	*vector_add(
		&lkcd->groups) = (struct page_group){ .pfn = pfn, .offset = offset, .nr_pages = 1 };
	lkcd->new_group = false;
}

static void tell_end(struct dump *dump, u64 offset, const char *what)
{
	const struct file_map *file = &dump->files[0];
	const struct lkcd *lkcd = dump->state;

	dump->incomplete = true;
	strbuf_printf(&dump->remarks, "LKCD dump, %s at %llu %% of the file", what,
		      (min_u64(offset, file->size) * 100 / file->size));
	strbuf_printf(&dump->remarks, ", %llu pages before that; its header says %u\n",
		      lkcd->nr_pages, load_u32(lkcd->header + 48));
}

/* The header of PFN's page in GROUP; *OFFSET is where its data starts. */
static bool find_page_header(const struct file_map *file, const struct page_group *group, u64 pfn,
			     struct page_header *page, u64 *offset)
{
	*offset = group->offset;
	for (u64 i = group->pfn;; i++) {
		if (!read_page_header(file, *offset, page) || page->bytes > MOST_DATA_BYTES)
			return false;
		*offset += PAGE_HEADER_BYTES;
		if (i == pfn)
			return true;
		*offset += page->bytes;
	}
}

static void sort_groups(group_list *groups)
{
	if (groups->count)
		qsort(groups->items, groups->count, sizeof(*groups->items), compare_groups);
}

static bool have_overlaps(const group_list *groups)
{
	for (size_t i = 1; i < groups->count; i++) {
		const struct page_group *group = &groups->items[i];

		if (group[-1].pfn + group[-1].nr_pages > group->pfn)
			return true;
	}
	return false;
}

/* Groups of one page each: of a page that was written several times, the last one counts. */
static void split_groups(struct lkcd *lkcd, const struct file_map *file)
{
	group_list pages = { 0 };
	size_t nr_kept = 0;

	for (size_t i = 0; i < lkcd->groups.count; i++) {
		const struct page_group *group = &lkcd->groups.items[i];
		u64 offset = group->offset;
		struct page_header page;

		for (u64 k = 0; k < group->nr_pages; k++) {
			if (!read_page_header(file, offset, &page))
				break;
			*vector_add(&pages) = (struct page_group){ .pfn = group->pfn + k,
								   .offset = offset,
								   .nr_pages = 1 };
			offset += PAGE_HEADER_BYTES + page.bytes;
		}
	}
	sort_groups(&pages);
	for (size_t i = 0; i < pages.count; i++) {
		if (i + 1 == pages.count || pages.items[i].pfn != pages.items[i + 1].pfn)
			pages.items[nr_kept++] = pages.items[i];
	}
	lkcd->nr_doubles = pages.count - nr_kept;
	pages.count = nr_kept;
	vector_free(&lkcd->groups);
	lkcd->groups = pages;
}

static bool is_page_header(const struct page_header *page)
{
	return page->pfn < MAX_PFN && page->bytes && page->bytes <= MOST_DATA_BYTES &&
	       (page->flags & (PAGE_RAW | PAGE_COMPRESSED));
}

/* Do page headers follow each other from OFFSET on, so that this is no chance? */
static bool headers_follow(const struct file_map *file, u64 offset)
{
	struct page_header page;

	for (unsigned i = 0; i < HEADERS_IN_A_ROW; i++) {
		if (!read_page_header(file, offset, &page))
			return false;
		if (page.flags & PAGE_END)
			return i > 0;
		if (!is_page_header(&page) || page.flags & ~(PAGE_RAW | PAGE_COMPRESSED))
			return false;
		offset += PAGE_HEADER_BYTES + page.bytes;
	}
	return true;
}

/*
 * The page header at *OFFSET is damaged: moves to the next that is one. False: there is none near.
 */
static bool skip_damage(struct dump *dump, u64 *offset, const struct page_header *page)
{
	const struct file_map *file = &dump->files[0];
	struct lkcd *lkcd = dump->state;
	u64 next = *offset + PAGE_HEADER_BYTES + page->bytes, end = *offset + SEARCH_BYTES;

	if (lkcd->nr_gaps >= MOST_GAPS)
		return false;
	/* What it says of its length may be right, and the rest wrong. */
	if (!headers_follow(file, next)) {
		next = *offset + PAGE_HEADER_BYTES;
		while (next < end && !headers_follow(file, next))
			next++;
		if (next == end)
			return false;
	}
	if (!lkcd->nr_gaps++)
		lkcd->first_gap = *offset;
	lkcd->new_group = true;
	*offset = next;
	return true;
}

/* What is wrong with pages that are not at the end. */
static void tell_pages(struct dump *dump)
{
	const struct lkcd *lkcd = dump->state;

	if (lkcd->nr_gaps) {
		dump->incomplete = true;
		strbuf_printf(
			&dump->remarks,
			"LKCD dump, damaged: %llu page headers make no sense, the first at byte "
			"%llu: their pages are missing\n",
			lkcd->nr_gaps, lkcd->first_gap);
	}
	if (lkcd->nr_doubles)
		strbuf_printf(&dump->remarks,
			      "LKCD dump: %llu pages are stored more than once: "
			      "the last of each counts\n",
			      lkcd->nr_doubles);
}

/* Goes over all page headers. What is wrong is left out with a remark. */
static bool find_pages(struct dump *dump, struct strbuf *why)
{
	struct lkcd *lkcd = dump->state;
	u64 offset = lkcd->buffer_bytes;
	struct page_header page;

	for (;;) {
		if (interrupt_pending()) {
			strbuf_puts(why, "LKCD dump: interrupted while its pages were counted");
			return false;
		}
		if (!read_page_header(&dump->files[0], offset, &page)) {
			tell_end(dump, offset, "cut short: page headers end");
			break;
		}
		if (page.flags & PAGE_END) {
			if (page.flags & PAGE_TRUNCATED)
				tell_end(dump, offset,
					 "marked as truncated by its writer: it ends");
			break;
		}
		/* No page needs more than its own size, but for a coding that makes it longer. */
		if (!is_page_header(&page) ||
		    (page.bytes > PAGE_BYTES &&
		     !headers_follow(&dump->files[0], offset + PAGE_HEADER_BYTES + page.bytes))) {
			if (skip_damage(dump, &offset, &page))
				continue;
			tell_end(dump, offset, "damaged: no page header");
			break;
		}
		add_page(lkcd, page.pfn, offset);
		dump->max_pfn = max_u64(dump->max_pfn, page.pfn + 1);
		offset += PAGE_HEADER_BYTES + page.bytes;
	}
	sort_groups(&lkcd->groups);
	if (have_overlaps(&lkcd->groups))
		split_groups(lkcd, &dump->files[0]);
	tell_pages(dump);
	return true;
}

/* --- opening --- */

static void copy_name(char *to, const u8 *header, unsigned number)
{
	memcpy(to, header + 324 + NAME_BYTES * number, NAME_BYTES);
	to[NAME_BYTES - 1] = '\0';
}

static void add_cpus(struct dump *dump, u64 at)
{
	const struct file_map *file = &dump->files[0];
	struct lkcd *lkcd = dump->state;
	u8 *header = lkcd->arch_header;
	u64 header_bytes, nr_slots, nr_cpus, dumping_cpu;

	if (!file_map_read(file, at, header, ARCH_HEADER_BYTES) || load_u64(header) != ARCH_MAGIC) {
		memset(header, 0, ARCH_HEADER_BYTES);
		strbuf_puts(&dump->remarks,
			    "LKCD dump: no architecture's header, and so no CPU's registers\n");
		return;
	}
	header_bytes = load_u32(header + 12);
	if (header_bytes < ARCH_HEADER_BYTES || header_bytes > MOST_BUFFER_BYTES)
		return;
	nr_slots = (header_bytes - ARCH_HEADER_BYTES) / (sizeof(struct x86_regs) + 24);
	nr_cpus = min_u64(min_u64(load_u32(header + 184), nr_slots), MOST_CPUS);
	dumping_cpu = load_u32(header + 188);
	dump->cpu_notes = xcalloc(nr_cpus + 1, sizeof(*dump->cpu_notes));
	for (u64 cpu = 0; cpu < nr_cpus; cpu++) {
		struct cpu_note *note = &dump->cpu_notes[dump->nr_cpu_notes];

		if (!file_map_read(file, at + ARCH_HEADER_BYTES + cpu * sizeof(note->regs),
				   &note->regs, sizeof(note->regs)))
			return;
		if (!note->regs.ip && cpu == dumping_cpu)
			memcpy(&note->regs, header + 16, sizeof(note->regs));
		note->cpu = (u32)cpu;
		dump->nr_cpu_notes += note->regs.ip != 0;
	}
}

static bool lkcd_open(struct dump *dump, struct strbuf *why)
{
	struct lkcd *lkcd = xcalloc(1, sizeof(*lkcd));
	const struct file_map *file = &dump->files[0];
	u8 bytes[8];

	dump->state = lkcd;
	if (dump->nr_files > 1) {
		strbuf_printf(
			why,
			"%s and %s: LKCD dump: only compressed kdumps can be split over several "
			"files",
			dump->files[0].path, dump->files[1].path);
		return false;
	}
	if (!file_map_read(file, 0, lkcd->header, sizeof(lkcd->header)))
		return false;
	lkcd->version = load_u32(lkcd->header + 8);
	lkcd->compression = load_u32(lkcd->header + 722);
	lkcd->buffer_bytes = BUFFER_BYTES;
	if (lkcd->version >= 9 && file_map_read(file, HEADER_BYTES, bytes, sizeof(bytes)) &&
	    load_u64(bytes) >= BUFFER_BYTES && load_u64(bytes) <= MOST_BUFFER_BYTES)
		lkcd->buffer_bytes = load_u64(bytes);
	copy_name(dump->utsname_nodename, lkcd->header, 1);
	copy_name(dump->utsname_release, lkcd->header, 2);
	copy_name(dump->utsname_version, lkcd->header, 3);
	dump->crashed_task = load_u64(lkcd->header + 714);
	add_cpus(dump, load_u32(lkcd->header + 12));
	lkcd->pool = decompressor_pool_create();
	dump->cache = page_cache_create(CACHE_BYTES);
	if (!find_pages(dump, why))
		return false;
	if (!lkcd->groups.count) {
		strbuf_printf(why, "LKCD dump, header version %u: there are no pages in it",
			      lkcd->version);
		return false;
	}
	/* A page that is not there may have been left out by the dump level. */
	dump->filtered = true;
	return true;
}

/* --- reading --- */

/* The index of the first group that starts above PFN. */
static size_t first_above(const struct lkcd *lkcd, u64 pfn)
{
	size_t low = 0, high = lkcd->groups.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (lkcd->groups.items[middle].pfn <= pfn)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct page_group *find_group(const struct lkcd *lkcd, u64 pfn)
{
	size_t above = first_above(lkcd, pfn);
	const struct page_group *group;

	if (!above)
		return NULL;
	group = &lkcd->groups.items[above - 1];
	return pfn - group->pfn < group->nr_pages ? group : NULL;
}

/*
 * A zero byte introduces a run: its length less one and the byte that is repeated; another zero
 * byte stands for itself. All other bytes stand for themselves.
 */
static bool expand_rle(const u8 *data, size_t size, u8 *page)
{
	size_t filled = 0, at = 0;

	while (at < size) {
		u8 value = data[at++];
		size_t count = 1;

		if (value == 0 && at < size && data[at] == 0) {
			at++;
		} else if (value == 0) {
			if (size - at < 2)
				return false;
			count = data[at] + 1U;
			value = data[at + 1];
			at += 2;
		}
		if (count > PAGE_BYTES - filled)
			return false;
		memset(page + filled, value, count);
		filled += count;
	}
	return filled == PAGE_BYTES;
}

static bool expand(const struct lkcd *lkcd, const struct page_header *header, const u8 *data,
		   u8 *page)
{
	if (!(header->flags & PAGE_COMPRESSED)) {
		if (header->bytes != PAGE_BYTES)
			return false;
		memcpy(page, data, PAGE_BYTES);
		return true;
	}
	if (lkcd->compression == COMPRESS_RLE)
		return expand_rle(data, header->bytes, page);
	return lkcd->compression == COMPRESS_GZIP &&
	       decompress_page(lkcd->pool, COMPRESSION_ZLIB, data, header->bytes, page);
}

static bool lkcd_read_page(struct dump *dump, u64 paddr, void *buf, size_t length,
			   struct fault *fault)
{
	struct lkcd *lkcd = dump->state;
	const struct file_map *file = &dump->files[0];
	u64 pfn = paddr >> PAGE_SHIFT, offset;
	const struct page_group *group;
	struct page_header header;
	u8 copy[MOST_DATA_BYTES], page[PAGE_BYTES];
	const u8 *data;

	if (page_cache_get(dump->cache, pfn, paddr % PAGE_BYTES, buf, length))
		return true;
	group = find_group(lkcd, pfn);
	if (!group || !find_page_header(file, group, pfn, &header, &offset))
		return fault_set(fault, FAULT_NOT_IN_DUMP, SPACE_PHYSICAL, paddr);
	data = file_map_view(file, offset, header.bytes, copy);
	if (!data)
		return fault_set(fault, FAULT_NOT_IN_DUMP, SPACE_PHYSICAL, paddr);
	if (!expand(lkcd, &header, data, page))
		return fault_set(fault, FAULT_DAMAGED, SPACE_PHYSICAL, paddr);
	page_cache_put(dump->cache, pfn, page);
	memcpy(buf, page + paddr % PAGE_BYTES, length);
	return true;
}

static bool lkcd_next_present(struct dump *dump, u64 pfn, u64 *found_pfn)
{
	const struct lkcd *lkcd = dump->state;
	size_t above;

	if (find_group(lkcd, pfn)) {
		*found_pfn = pfn;
		return true;
	}
	above = first_above(lkcd, pfn);
	if (above == lkcd->groups.count)
		return false;
	*found_pfn = lkcd->groups.items[above].pfn;
	return true;
}

static void put_text(struct strbuf *text, const char *name, const u8 *from, size_t space)
{
	char copy[PANIC_BYTES + 1];

	memcpy(copy, from, space);
	copy[space] = '\0';
	for (char *p = copy; *p; p++) {
		if ((u8)*p < ' ' || *p == 127)
			*p = ' ';
	}
	strbuf_printf(text, "%19s: %s\n", name, copy);
}

static void put_number(struct strbuf *text, const char *name, u64 value)
{
	strbuf_printf(text, "%19s: %llu (0x%llx)\n", name, value, value);
}

static void describe_header(const struct lkcd *lkcd, struct strbuf *text)
{
	static const char *const names[] = { "sysname", "nodename", "release",
					     "version", "machine",  "domainname" };
	static const char *const compressions[] = { "none", "RLE", "gzip" };
	const u8 *header = lkcd->header;

	strbuf_printf(text, "%19s: %llx\n", "dh_magic_number", load_u64(header));
	put_number(text, "dh_version", lkcd->version);
	put_number(text, "dh_header_size", load_u32(header + 12));
	put_number(text, "dh_dump_level", load_u32(header + 16));
	put_number(text, "dh_page_size", load_u32(header + 20));
	put_number(text, "dh_memory_size", load_u64(header + 24));
	put_number(text, "dh_memory_start", load_u64(header + 32));
	put_number(text, "dh_memory_end", load_u64(header + 40));
	put_number(text, "dh_num_dump_pages", load_u32(header + 48));
	put_text(text, "dh_panic_string", header + 52, PANIC_BYTES);
	put_number(text, "dh_time.tv_sec", load_u64(header + 308));
	put_number(text, "dh_time.tv_usec", load_u64(header + 316));
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		put_text(text, names[i], header + 324 + NAME_BYTES * i, NAME_BYTES - 1);
	strbuf_printf(text, "%19s: %llx\n", "dh_current_task", load_u64(header + 714));
	strbuf_printf(text, "%19s: %u (%s)\n", "dh_dump_compress", lkcd->compression,
		      lkcd->compression < ARRAY_SIZE(compressions) ? compressions[lkcd->compression]
								   : "unknown");
	put_number(text, lkcd->version >= 9 ? "dh_dump_polling" : "dh_dump_flags",
		   load_u32(header + 726));
	put_number(text, "dh_dump_device", load_u32(header + 730));
	if (lkcd->version >= 9)
		put_number(text, "dh_dump_buffer_size", lkcd->buffer_bytes);
}

static void describe_arch_header(const u8 *header, struct strbuf *text)
{
	if (!load_u64(header))
		return;
	strbuf_printf(text, "%19s: %llx\n", "dha_magic_number", load_u64(header));
	put_number(text, "dha_version", load_u32(header + 8));
	put_number(text, "dha_header_size", load_u32(header + 12));
	put_number(text, "dha_smp_num_cpus", load_u32(header + 184));
	put_number(text, "dha_dumping_cpu", load_u32(header + 188));
}

static void lkcd_describe(const struct dump *dump, struct strbuf *text)
{
	const struct lkcd *lkcd = dump->state;

	strbuf_puts(text, "format: LKCD dump\n");
	strbuf_printf(text, "%19s: %s, %llu bytes\n", "filename", dump->files[0].path,
		      dump->files[0].size);
	describe_header(lkcd, text);
	describe_arch_header(lkcd->arch_header, text);
	put_number(text, "pages found", lkcd->nr_pages);
	strbuf_printf(text, "incomplete: %s\n", dump->incomplete ? "yes" : "no");
	strbuf_puts(text, strbuf_text(&dump->remarks));
	dump_describe_notes(dump, text);
}

static void lkcd_close(struct dump *dump)
{
	struct lkcd *lkcd = dump->state;

	vector_free(&lkcd->groups);
	decompressor_pool_destroy(lkcd->pool);
	free(lkcd);
	dump->state = NULL;
}

const struct dump_ops lkcd_ops = {
	.name = "LKCD dump",
	.probe = lkcd_probe,
	.open = lkcd_open,
	.read_page = lkcd_read_page,
	.next_present = lkcd_next_present,
	.describe = lkcd_describe,
	.close = lkcd_close,
};
