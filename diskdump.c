/* diskdump.c - L1: compressed kdump files of makedumpfile and QEMU, header versions 1 to 6. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A dump may be split over several files; and diskdump files, the format that it comes from.
 *
 * B is the block size, S the number of sub-header blocks, M the number of bitmap blocks.
 *
 *	0		header:
 *	  0	8	"KDUMP   "
 *	  8	4	header version
 *	  12	6 * 65	utsname: sysname, nodename, release, version, machine, domainname
 *	  408	16	time of the dump (QEMU: zero)
 *	  424	4	status: compression bits, 8 incomplete, 16 vmemmap excluded
 *	  428	4	block size B
 *	  432	4	S
 *	  436	4	M
 *	  440	4	number of page frames, low 32 bits
 *	  460	4	number of CPUs
 *	B		sub-header:
 *	  0	8	phys_base
 *	  8	4	dump level				since version 1
 *	  12	4	split: 1 when this is one file of several	2
 *	  16	8	first page frame of this file		2
 *	  24	8	one past the last			2
 *	  32	16	vmcoreinfo: offset, size		3
 *	  48	16	ELF notes: offset, size			4
 *	  64	16	eraseinfo: offset, size			5
 *	  80	8	first page frame, all bits		6
 *	  88	8	one past the last, all bits		6
 *	  96	8	number of page frames, all bits		6
 *	B * (1 + S)	first bitmap, M / 2 blocks: a bit a frame of memory that the machine has
 *	  + B * M / 2	second bitmap: a bit a frame that is in the dump
 *	B * (1 + S + M)	page descriptors, one a set bit of the second bitmap (in this file's part):
 *	  0	8	file offset of the data (several pages may share it)
 *	  8	4	size of the data
 *	  12	4	compression of this page, 0: stored as it is
 *	  16	8	page flags
 *
 * A frame's descriptor is found by counting the set bits below it. The counts of whole bitmap
 * pieces are kept (1/64 of the bitmap's size) and made as far as a lookup needs them, over holes of
 * a sparse file without reading them.
 */
#include "dump/decompress.h"
#include "dump/elfnote.h"
#include "dump/filekind.h"
#include "dump/flattened.h"
#include "dump/format.h"
#include "dump/kdump.h"
#include "dump/pagecache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	STATUS_INCOMPLETE = 0x8,
	STATUS_EXCLUDED_VMEMMAP = 0x10,
	PIECE_BYTES = 512, /* of the bitmap that one count covers: 8 / 512 = 1 / 64 */
	PIECE_PFNS = PIECE_BYTES * 8,
	HOLE_CHECK_BYTES = 1 << 16, /* how often the system is asked for holes */
	DESCRIPTORS_AT_END = 4096, /* how many are looked at to see whether the file is whole */
	DESCRIPTORS_TO_SEE = 1 << 20, /* at most, of a table whose pages stand in no order */
};

#define CACHE_BYTES (32ULL << 20)
#define MAX_PFN (1ULL << (52 - PAGE_SHIFT))

/* One file of the dump. */
struct kdump_part {
	const struct file_map *file;
	struct kdump_header header;
	struct kdump_sub_header sub; /* what the version does not have is zero */
	u64 start_pfn, end_pfn; /* the frames that this file answers for */
	u64 nr_pfns; /* of the machine */
	u64 bitmap1, bitmap2; /* file offsets; equal when there is one bitmap only */
	u64 bitmap_bytes; /* of one bitmap */
	u64 descriptors; /* file offset */
	bool has_bitmaps; /* false: the file ends before, and only headers and notes are left */

	/*
	 * ranks[i]: descriptors below bitmap piece i, where piece 0 is the one that has start_pfn.
	 * The first nr_ranks are made; the lock is only for making more.
	 */
	u64 *ranks;
	u64 ranks_bytes;
	_Atomic u64 nr_ranks;
	pthread_mutex_t lock;
};

struct diskdump {
	struct kdump_part *parts; /* sorted by start_pfn */
	size_t nr_parts;
	struct decompressor_pool *pool;
};

/* --- headers --- */

static bool broken(struct strbuf *why, const struct kdump_header *header, const char *format, ...)
	PRINTF_LIKE(3, 4);

static bool is_old(const struct kdump_header *header)
{
	return memcmp(header->signature, DISKDUMP_SIGNATURE, sizeof(header->signature)) == 0;
}

static bool broken(struct strbuf *why, const struct kdump_header *header, const char *format, ...)
{
	va_list args;

	strbuf_printf(why,
		      "%s, header version %u: ", is_old(header) ? "diskdump" : "compressed kdump",
		      header->version);
	va_start(args, format);
	strbuf_vprintf(why, format, args);
	va_end(args);
	return false;
}

/*
 * A 32-bit machine's time is 8 bytes long, and padding before it is shorter: the block size
 * is at 416.
 */
static bool has_narrow_layout(const struct kdump_header *header)
{
	u32 block_size = load_u32((const u8 *)header + 416);

	return header->block_size != PAGE_BYTES && block_size == PAGE_BYTES;
}

static bool check_header(const struct kdump_header *header, struct strbuf *why)
{
	/* Other members may have other sizes there; the names are at one place. */
	if (is_another_machine(header->utsname[4]))
		return broken(why, header, "of another machine (%.64s); this program reads x86_64",
			      header->utsname[4]);
	if (has_narrow_layout(header))
		return broken(why, header, "of a 32-bit machine; this program reads x86_64");
	if (header->version < 1 || header->version > KDUMP_NEWEST_VERSION)
		return broken(why, header, "versions 1 to %u are known%s", KDUMP_NEWEST_VERSION,
			      __builtin_bswap32(header->version) <= KDUMP_NEWEST_VERSION
				      ? " (a big-endian machine's dump?)"
				      : "");
	if (header->block_size != PAGE_BYTES)
		return broken(why, header, "block size %u instead of %llu", header->block_size,
			      PAGE_BYTES);
	if (header->sub_header_blocks < 1)
		return broken(why, header, "no sub-header");
	if (header->bitmap_blocks < 1)
		return broken(why, header, "no page bitmap");
	return true;
}

/* The sub-header with only those members that its version has. */
static bool read_sub_header(const struct file_map *file, u32 version, struct kdump_sub_header *sub)
{
	static const size_t bytes_by_version[KDUMP_NEWEST_VERSION + 1] = {
		0,
		offsetof(struct kdump_sub_header, split),
		offsetof(struct kdump_sub_header, vmcoreinfo_offset),
		offsetof(struct kdump_sub_header, notes_offset),
		offsetof(struct kdump_sub_header, eraseinfo_offset),
		offsetof(struct kdump_sub_header, start_pfn_64),
		sizeof(struct kdump_sub_header),
	};

	*sub = (struct kdump_sub_header){ 0 };
	return file_map_read(file, PAGE_BYTES, sub, bytes_by_version[version]);
}

/* Where the bitmaps are, and which frames the file answers for. */
static bool lay_out_part(struct kdump_part *part, struct strbuf *why)
{
	const struct kdump_header *header = &part->header;
	const struct kdump_sub_header *sub = &part->sub;
	bool wide = header->version >= 6 && sub->max_mapnr_64;
	u64 all_bitmaps = header->bitmap_blocks * PAGE_BYTES;
	u64 needed;

	part->nr_pfns = wide ? sub->max_mapnr_64 : header->max_mapnr;
	if (part->nr_pfns == 0 || part->nr_pfns > MAX_PFN)
		return broken(why, header, "%llu page frames are no machine's", part->nr_pfns);
	needed = align_up((part->nr_pfns + 7) / 8, PAGE_BYTES);
	if (needed > all_bitmaps)
		return broken(why, header,
			      "page bitmaps of %llu bytes are too small for %llu page frames",
			      all_bitmaps, part->nr_pfns);
	part->bitmap1 = part->bitmap2 = (1ULL + header->sub_header_blocks) * PAGE_BYTES;
	part->descriptors = part->bitmap1 + all_bitmaps;
	part->bitmap_bytes = all_bitmaps;
	if (needed <= all_bitmaps / 2) {
		part->bitmap_bytes = all_bitmaps / 2;
		part->bitmap2 += part->bitmap_bytes;
	}
	part->end_pfn = part->nr_pfns;
	if (header->version < 2 || !sub->split)
		return true;
	wide = header->version >= 6 && sub->end_pfn_64;
	part->start_pfn = wide ? sub->start_pfn_64 : sub->start_pfn;
	part->end_pfn = min_u64(wide ? sub->end_pfn_64 : sub->end_pfn, part->nr_pfns);
	if (part->start_pfn > part->end_pfn)
		return broken(why, header, "a split file for page frames %llu to %llu",
			      part->start_pfn, part->end_pfn);
	return true;
}

/* Of one bitmap: its blocks may be longer. */
static u64 bitmap_bytes_used(const struct kdump_part *part)
{
	return (part->nr_pfns + 7) / 8;
}

/* Without the whole of bitmap 2 no page can be told from another. */
static bool bitmaps_are_there(const struct kdump_part *part)
{
	const struct file_map *file = part->file;

	return range_fits(0, part->descriptors, file->size) &&
	       (!file->flat || !flat_is_cut_short(file->flat) ||
		!flat_has_hole(file, part->bitmap2, bitmap_bytes_used(part)));
}

static bool read_part(struct kdump_part *part, const struct file_map *file, struct strbuf *why)
{
	part->file = file;
	if (!file_map_read(file, 0, &part->header, sizeof(part->header))) {
		strbuf_puts(why, "compressed kdump: cut short inside its header");
		return false;
	}
	if (!check_header(&part->header, why))
		return false;
	if (!is_old(&part->header) && !read_sub_header(file, part->header.version, &part->sub))
		return broken(why, &part->header, "cut short inside its sub-header");
	if (!lay_out_part(part, why))
		return false;
	part->has_bitmaps = bitmaps_are_there(part);
	return true;
}

static enum probe_result diskdump_probe(const struct file_map *file, struct strbuf *why)
{
	struct kdump_part part = { 0 };
	char signature[8];

	if (!file_map_read(file, 0, signature, sizeof(signature)) ||
	    (memcmp(signature, KDUMP_SIGNATURE, sizeof(signature)) != 0 &&
	     memcmp(signature, DISKDUMP_SIGNATURE, sizeof(signature)) != 0))
		return PROBE_NO;
	return read_part(&part, file, why) ? PROBE_YES : PROBE_BROKEN;
}

/* --- bitmaps and the count index --- */

static bool bit_is_set(const struct kdump_part *part, u64 bitmap, u64 pfn)
{
	u8 byte;

	if (pfn >= part->nr_pfns || !file_map_read(part->file, bitmap + pfn / 8, &byte, 1))
		return false;
	return byte >> (pfn % 8) & 1;
}

/*
 * The words of bitmap 2's piece with frames from PIECE * PIECE_PFNS on; always in the file, which
 * bitmaps_are_there() checked. The last piece ends with the machine's last frame: what
 * is behind it is no part of the bitmap, and not even there in a stream.
 */
static const void *piece_words(const struct kdump_part *part, u64 piece, void *copy)
{
	u64 start = piece * PIECE_BYTES;
	u64 length = min_u64(PIECE_BYTES, bitmap_bytes_used(part) - start);

	if (length == PIECE_BYTES)
		return file_map_view(part->file, part->bitmap2 + start, PIECE_BYTES, copy);
	memset(copy, 0, PIECE_BYTES);
	return file_map_read(part->file, part->bitmap2 + start, copy, length) ? copy : NULL;
}

/*
 * Without a call, which the compiler's own would be on a processor that may lack the instruction.
 */
static u64 bits_set(u64 word)
{
	word -= word >> 1 & 0x5555555555555555;
	word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return word * 0x0101010101010101 >> 56;
}

/* Set bits for frames [from, to) of one piece, counted from the piece's first frame. */
static u64 count_bits(const struct kdump_part *part, u64 piece, u64 from, u64 to)
{
	u8 copy[PIECE_BYTES];
	const u8 *words = piece_words(part, piece, copy);
	u64 count = 0;

	if (!words || from >= to)
		return 0;
	for (u64 i = from / 64; i * 64 < to; i++) {
		u64 word = load_u64(words + i * 8);

		if (i * 64 < from)
			word &= ~0ULL << (from - i * 64);
		if (to - i * 64 < 64)
			word &= ~(~0ULL << (to - i * 64));
		count += bits_set(word);
	}
	return count;
}

/*
 * The next piece from PIECE on that is not in a hole of the file; asks the system only at every
 * HOLE_CHECK_BYTES of bitmap, and also in a stream, where it costs no system call.
 */
static u64 skip_hole(const struct kdump_part *part, u64 piece)
{
	u64 offset = part->bitmap2 + piece * PIECE_BYTES;
	u64 data;

	if (offset % HOLE_CHECK_BYTES)
		return piece;
	data = file_map_next_data(part->file, offset);
	return data <= offset ? piece : piece + (data - offset) / PIECE_BYTES;
}

/* Makes the counts up to and with number INDEX (counted from the part's first piece). */
static void make_ranks(struct kdump_part *part, u64 index)
{
	u64 first_piece = part->start_pfn / PIECE_PFNS;
	u64 made;

	pthread_mutex_lock(&part->lock);
	made = atomic_load(&part->nr_ranks);
	while (made <= index) {
		u64 piece = first_piece + made - 1; /* the one that this count adds */
		u64 after_hole = skip_hole(part, piece) - first_piece + 1;
		u64 from = made == 1 ? part->start_pfn % PIECE_PFNS : 0;

		if (after_hole == made) {
			part->ranks[made] = part->ranks[made - 1] +
					    count_bits(part, piece, from, PIECE_PFNS);
			made++;
		}
		for (; made < after_hole && made <= index; made++)
			part->ranks[made] = part->ranks[made - 1];
	}
	atomic_store_explicit(&part->nr_ranks, made, memory_order_release);
	pthread_mutex_unlock(&part->lock);
}

/* The number of descriptors before PFN's in this file. */
static u64 descriptor_index(struct kdump_part *part, u64 pfn)
{
	u64 first_piece = part->start_pfn / PIECE_PFNS, piece = pfn / PIECE_PFNS;
	u64 from = piece == first_piece ? part->start_pfn % PIECE_PFNS : 0;

	if (atomic_load_explicit(&part->nr_ranks, memory_order_acquire) <= piece - first_piece)
		make_ranks(part, piece - first_piece);
	return part->ranks[piece - first_piece] + count_bits(part, piece, from, pfn % PIECE_PFNS);
}

/* The first frame in [pfn, end of the part) whose bit is set in bitmap 2. */
static bool next_set_bit(const struct kdump_part *part, u64 pfn, u64 *found_pfn)
{
	if (!part->has_bitmaps)
		return false;
	pfn = max_u64(pfn, part->start_pfn);
	while (pfn < part->end_pfn) {
		u64 piece = skip_hole(part, pfn / PIECE_PFNS);
		u8 copy[PIECE_BYTES];
		const u8 *words;

		if (piece > pfn / PIECE_PFNS)
			pfn = piece * PIECE_PFNS;
		if (pfn >= part->end_pfn)
			return false;
		words = piece_words(part, piece, copy);
		for (u64 i = pfn % PIECE_PFNS / 64; words && i < PIECE_BYTES / 8; i++) {
			u64 word = load_u64(words + i * 8);

			if (i == pfn % PIECE_PFNS / 64)
				word &= ~0ULL << (pfn % 64);
			if (!word)
				continue;
			*found_pfn = piece * PIECE_PFNS + i * 64 + __builtin_ctzll(word);
			return *found_pfn < part->end_pfn;
		}
		pfn = (piece + 1) * PIECE_PFNS;
	}
	return false;
}

/* --- opening --- */

static bool create_ranks(struct kdump_part *part, struct strbuf *why)
{
	u64 nr_ranks = part->end_pfn / PIECE_PFNS - part->start_pfn / PIECE_PFNS + 1;
	void *ranks;

	part->ranks_bytes = nr_ranks * sizeof(*part->ranks);
	/*
	 * A stream's offsets may say anything: the index of the bitmap is no larger than
	 * what is there.
	 */
	if (part->ranks_bytes > part->file->mapped_bytes)
		return broken(why, &part->header,
			      "%llu page frames are more than a file of %llu bytes has",
			      part->nr_pfns, part->file->mapped_bytes);
	ranks = mmap(NULL, part->ranks_bytes, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ranks == MAP_FAILED)
		return broken(why, &part->header, "no memory for the index of %llu page frames",
			      part->nr_pfns);
	part->ranks = ranks;
	atomic_init(&part->nr_ranks, 1);
	pthread_mutex_init(&part->lock, NULL);
	return true;
}

/* Does it look like a descriptor, and not like a page's data? */
static bool is_descriptor(const struct kdump_part *part, const struct page_descriptor *descriptor)
{
	return descriptor->offset >= part->descriptors + sizeof(*descriptor) && descriptor->size &&
	       descriptor->size <= PAGE_BYTES && !(descriptor->flags & ~COMPRESSION_MASK);
}

enum table_state { TABLE_UNKNOWN, TABLE_WHOLE, TABLE_CUT };

/* Looks at every STEPth descriptor in [from, to). */
static enum table_state look_at_descriptors(const struct kdump_part *part, u64 from, u64 to,
					    u64 step)
{
	enum table_state state = TABLE_UNKNOWN;
	struct page_descriptor descriptor;

	for (u64 i = from; i < to; i += step) {
		if (!file_map_read(part->file, part->descriptors + i * sizeof(descriptor),
				   &descriptor, sizeof(descriptor)))
			return TABLE_CUT;
		if (!is_descriptor(part, &descriptor))
			continue;
		if (!range_fits(descriptor.offset, descriptor.size, part->file->size))
			return TABLE_CUT;
		state = TABLE_WHOLE;
	}
	return state;
}

/*
 * Is the data of the last pages in the file? The first descriptor's data starts where the table of
 * descriptors ends, which gives their number without counting bits. That holds when data stands in
 * the order of frames: else what is in that place is data, or it is no table's end, and the bits
 * are counted. *NR_DESCRIPTORS is set then.
 */
static bool part_is_cut_short(struct kdump_part *part, u64 *nr_descriptors)
{
	struct page_descriptor first;
	u64 guess, step;

	if (part->start_pfn == part->end_pfn)
		return false;
	if (file_map_read(part->file, part->descriptors, &first, sizeof(first))) {
		if (first.offset < part->descriptors + sizeof(first))
			return false;
		guess = (first.offset - part->descriptors) / sizeof(first);
		if (look_at_descriptors(part,
					guess > DESCRIPTORS_AT_END ? guess - DESCRIPTORS_AT_END : 0,
					min_u64(guess, part->nr_pfns), 1) == TABLE_WHOLE)
			return false;
	}
	*nr_descriptors = descriptor_index(part, part->end_pfn);
	step = max_u64((*nr_descriptors + DESCRIPTORS_TO_SEE - 1) / DESCRIPTORS_TO_SEE, 1);
	return look_at_descriptors(part, 0, *nr_descriptors, step) == TABLE_CUT ||
	       look_at_descriptors(part,
				   *nr_descriptors > DESCRIPTORS_AT_END
					   ? *nr_descriptors - DESCRIPTORS_AT_END
					   : 0,
				   *nr_descriptors, 1) == TABLE_CUT;
}

/* A line on where the file ends. */
static void tell_cut(const struct kdump_part *part, u64 nr_descriptors, struct strbuf *text)
{
	u64 size = part->file->size;
	u64 end = part->descriptors + nr_descriptors * sizeof(struct page_descriptor);

	strbuf_printf(text, "%s: header version %u, cut short", part->file->path,
		      part->header.version);
	if (!part->has_bitmaps) {
		strbuf_printf(text,
			      ": headers and page bitmaps take %llu bytes, "
			      "the file has %llu, and no page\n",
			      part->descriptors, size);
		return;
	}
	strbuf_puts(text, ", pages at its end are missing: ");
	if (part->descriptors + sizeof(struct page_descriptor) > size)
		strbuf_puts(text, "the file ends before its page descriptors\n");
	else if (end > size)
		strbuf_printf(text, "page descriptors should end at byte %llu, the file has %llu\n",
			      end, size);
	else
		strbuf_printf(text, "page descriptors end at %llu %% of the file\n",
			      (end / max_u64(size / 100, 1)));
}

static int compare_parts(const void *a, const void *b)
{
	const struct kdump_part *left = a, *right = b;

	return (left->start_pfn > right->start_pfn) - (left->start_pfn < right->start_pfn);
}

/* Parts of one dump say the same about the machine and share no frame. */
static bool check_parts(const struct diskdump *diskdump, struct dump *dump, struct strbuf *why)
{
	const struct kdump_part *first = &diskdump->parts[0];
	u64 covered = 0;

	for (size_t i = 0; i < diskdump->nr_parts; i++) {
		const struct kdump_part *part = &diskdump->parts[i];

		if (part->nr_pfns != first->nr_pfns ||
		    memcmp(part->header.utsname, first->header.utsname,
			   sizeof(first->header.utsname)) != 0 ||
		    memcmp(part->header.timestamp, first->header.timestamp,
			   sizeof(first->header.timestamp)) != 0) {
			strbuf_printf(why, "%s and %s are not parts of one dump", first->file->path,
				      part->file->path);
			return false;
		}
		if (i > 0 && part->start_pfn < part[-1].end_pfn) {
			strbuf_printf(why, "%s and %s hold the same pages", part[-1].file->path,
				      part->file->path);
			return false;
		}
		if (part->start_pfn > covered)
			break;
		covered = part->end_pfn;
	}
	if (covered < first->nr_pfns) {
		dump->incomplete = true;
		strbuf_printf(&dump->remarks,
			      "part of a split dump: "
			      "the file for page frame %llx is not given (name all of them)\n",
			      covered);
	}
	return true;
}

static void copy_utsname(char *to, const char *from)
{
	memcpy(to, from, 64);
	to[64] = '\0';
}

static void fill_dump(struct dump *dump, const struct kdump_part *part)
{
	copy_utsname(dump->utsname_nodename, part->header.utsname[1]);
	copy_utsname(dump->utsname_release, part->header.utsname[2]);
	copy_utsname(dump->utsname_version, part->header.utsname[3]);
	dump->header_phys_base = part->sub.phys_base;
	dump->dump_level = part->sub.dump_level;
	dump->filtered = dump->is_partial_vmcore = dump->dump_level > 0;
	/*
	 * Without bitmaps the number is what a damaged header says, and nothing is there
	 * to be found.
	 */
	dump->max_pfn = part->has_bitmaps ? part->nr_pfns : 1;
	dump_set_vmcoreinfo(dump, part->file, part->sub.vmcoreinfo_offset,
			    part->sub.vmcoreinfo_size);
	if (part->sub.notes_size)
		dump_add_notes(dump, part->file, part->sub.notes_offset, part->sub.notes_size);
}

static bool diskdump_open(struct dump *dump, struct strbuf *why)
{
	struct diskdump *diskdump = xcalloc(1, sizeof(*diskdump));

	dump->state = diskdump;
	diskdump->parts = xcalloc(dump->nr_files, sizeof(*diskdump->parts));
	for (size_t i = 0; i < dump->nr_files; i++) {
		if (!read_part(&diskdump->parts[i], &dump->files[i], why))
			return false;
		diskdump->nr_parts++;
	}
	qsort(diskdump->parts, diskdump->nr_parts, sizeof(*diskdump->parts), compare_parts);
	if (!check_parts(diskdump, dump, why))
		return false;
	for (size_t i = 0; i < diskdump->nr_parts; i++) {
		struct kdump_part *part = &diskdump->parts[i];
		u64 nr_descriptors = 0;

		if (part->has_bitmaps && !create_ranks(part, why))
			return false;
		if (part->header.status & STATUS_INCOMPLETE) {
			dump->incomplete = true;
			strbuf_printf(&dump->remarks, "%s: marked incomplete by its writer\n",
				      part->file->path);
		} else if (!part->has_bitmaps || part_is_cut_short(part, &nr_descriptors)) {
			dump->incomplete = true;
			tell_cut(part, nr_descriptors, &dump->remarks);
		}
	}
	fill_dump(dump, &diskdump->parts[0]);
	dump->cache = page_cache_create(CACHE_BYTES);
	diskdump->pool = decompressor_pool_create();
	return true;
}

/* --- reading --- */

static struct kdump_part *find_part(const struct diskdump *diskdump, u64 pfn)
{
	for (size_t i = 0; i < diskdump->nr_parts; i++) {
		if (pfn >= diskdump->parts[i].start_pfn && pfn < diskdump->parts[i].end_pfn)
			return &diskdump->parts[i];
	}
	return NULL;
}

/* The data of PFN's page; FAULT_NONE when *descriptor and *data are set. COPY: PAGE_BYTES. */
static enum fault_reason find_data(struct kdump_part *part, u64 pfn,
				   struct page_descriptor *descriptor, const void **data,
				   void *copy)
{
	u64 index;

	if (!part->has_bitmaps)
		return FAULT_NOT_IN_DUMP;
	if (!bit_is_set(part, part->bitmap2, pfn))
		return bit_is_set(part, part->bitmap1, pfn) ? FAULT_EXCLUDED : FAULT_NOT_IN_DUMP;
	index = descriptor_index(part, pfn);
	if (!file_map_read(part->file, part->descriptors + index * sizeof(*descriptor), descriptor,
			   sizeof(*descriptor)))
		return FAULT_NOT_IN_DUMP;
	/* A writer that ran out of space, or a hole in a stream, leaves descriptors of zeroes. */
	if (!descriptor->offset && !descriptor->size)
		return FAULT_NOT_IN_DUMP;
	if (!descriptor->size || descriptor->size > PAGE_BYTES ||
	    descriptor->offset < part->descriptors)
		return FAULT_DAMAGED;
	*data = file_map_view(part->file, descriptor->offset, descriptor->size, copy);
	return *data ? FAULT_NONE : FAULT_NOT_IN_DUMP;
}

static bool diskdump_read_page(struct dump *dump, u64 paddr, void *buf, size_t length,
			       struct fault *fault)
{
	struct diskdump *diskdump = dump->state;
	u64 pfn = paddr >> PAGE_SHIFT;
	size_t offset = paddr & (PAGE_BYTES - 1);
	struct page_descriptor descriptor;
	u8 copy[PAGE_BYTES], page[PAGE_BYTES];
	struct kdump_part *part;
	enum fault_reason reason;
	const void *data;
	u8 *whole;

	if (page_cache_get(dump->cache, pfn, offset, buf, length))
		return true;
	part = find_part(diskdump, pfn);
	if (!part)
		return fault_set(fault, FAULT_NOT_IN_DUMP, SPACE_PHYSICAL, paddr);
	reason = find_data(part, pfn, &descriptor, &data, copy);
	if (reason != FAULT_NONE)
		return fault_set(fault, reason, SPACE_PHYSICAL, paddr);
	if (!(descriptor.flags & COMPRESSION_MASK) && descriptor.size == PAGE_BYTES) {
		memcpy(buf, (const u8 *)data + offset, length);
		return true;
	}
	/* A whole page goes straight to where it is wanted. */
	whole = length == PAGE_BYTES ? buf : page;
	if (!decompress_page(diskdump->pool, descriptor.flags & COMPRESSION_MASK, data,
			     descriptor.size, whole))
		return fault_set(fault, FAULT_DAMAGED, SPACE_PHYSICAL, paddr);
	/*
	 * Who takes whole pages goes over memory once; parts of pages are asked for
	 * again and again.
	 */
	if (whole == page) {
		page_cache_put(dump->cache, pfn, page);
		memcpy(buf, page + offset, length);
	}
	return true;
}

static bool diskdump_next_present(struct dump *dump, u64 pfn, u64 *found_pfn)
{
	struct diskdump *diskdump = dump->state;

	for (size_t i = 0; i < diskdump->nr_parts; i++) {
		if (pfn < diskdump->parts[i].end_pfn &&
		    next_set_bit(&diskdump->parts[i], pfn, found_pfn))
			return true;
	}
	return false;
}

/* Fields are named as crash names them, which is what bug reports and scripts look for. */
static void put_field(struct strbuf *text, const char *name, u64 value)
{
	strbuf_printf(text, "%18s: %llu", name, value);
	if (value >= 10)
		strbuf_printf(text, " (0x%llx)", value);
	strbuf_putc(text, '\n');
}

/* "31 (0x1f) (DUMP_EXCLUDE_ZERO|...)": which pages the filter left out. */
static void put_dump_level(struct strbuf *text, u32 level)
{
	static const char *const names[] = { "ZERO", "CACHE", "CACHE_PRI", "USER_DATA", "FREE" };
	const char *before = " (";

	strbuf_printf(text, "%18s: %u (0x%x)", "dump_level", level, level);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(level >> i & 1))
			continue;
		strbuf_printf(text, "%sDUMP_EXCLUDE_%s", before, names[i]);
		before = "|";
	}
	strbuf_puts(text, *before == '|' ? ")\n" : "\n");
}

static void describe_header(const struct kdump_part *part, struct strbuf *text)
{
	static const char *const names[] = { "sysname", "nodename", "release",
					     "version", "machine",  "domainname" };
	const struct kdump_header *header = &part->header;

	strbuf_printf(text, "%18s: \"%.8s\"\n", "signature", header->signature);
	strbuf_printf(text, "%18s: %u\n", "header_version", header->version);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		strbuf_printf(text, "%18s: %.64s\n", names[i], header->utsname[i]);
	put_field(text, "timestamp.tv_sec", header->timestamp[0]);
	strbuf_printf(text, "%18s: %x (%s%s%s)\n", "status", header->status,
		      compression_name(header->status & COMPRESSION_MASK),
		      header->status & STATUS_INCOMPLETE ? ", incomplete" : "",
		      header->status & STATUS_EXCLUDED_VMEMMAP ? ", vmemmap excluded" : "");
	put_field(text, "block_size", header->block_size);
	put_field(text, "sub_hdr_size", header->sub_header_blocks);
	put_field(text, "bitmap_blocks", header->bitmap_blocks);
	put_field(text, "max_mapnr", part->nr_pfns);
	put_field(text, "nr_cpus", header->nr_cpus);
}

static void describe_part(const struct kdump_part *part, struct strbuf *text)
{
	const struct kdump_sub_header *sub = &part->sub;

	strbuf_printf(text, "%18s: %s%s, %llu bytes\n", "filename", part->file->path,
		      part->file->flat ? " (flattened)" : "", part->file->size);
	describe_header(part, text);
	strbuf_printf(text, "%18s: %llx\n", "phys_base", sub->phys_base);
	put_dump_level(text, sub->dump_level);
	put_field(text, "split", sub->split);
	if (sub->split) {
		put_field(text, "start_pfn", part->start_pfn);
		put_field(text, "end_pfn", part->end_pfn);
	}
	put_field(text, "offset_vmcoreinfo", sub->vmcoreinfo_offset);
	put_field(text, "size_vmcoreinfo", sub->vmcoreinfo_size);
	put_field(text, "offset_note", sub->notes_offset);
	put_field(text, "size_note", sub->notes_size);
	put_field(text, "offset_eraseinfo", sub->eraseinfo_offset);
	put_field(text, "size_eraseinfo", sub->eraseinfo_size);
	put_field(text, "data_offset", part->descriptors);
}

static void diskdump_describe(const struct dump *dump, struct strbuf *text)
{
	const struct diskdump *diskdump = dump->state;

	strbuf_printf(text, "format: %s\n",
		      is_old(&diskdump->parts[0].header) ? "diskdump" : "compressed kdump");
	for (size_t i = 0; i < diskdump->nr_parts; i++)
		describe_part(&diskdump->parts[i], text);
	strbuf_printf(text, "incomplete: %s\n", dump->incomplete ? "yes" : "no");
	strbuf_puts(text, strbuf_text(&dump->remarks));
	dump_describe_notes(dump, text);
}

static void diskdump_close(struct dump *dump)
{
	struct diskdump *diskdump = dump->state;

	for (size_t i = 0; i < diskdump->nr_parts; i++) {
		struct kdump_part *part = &diskdump->parts[i];

		if (!part->ranks)
			continue;
		munmap(part->ranks, part->ranks_bytes);
		pthread_mutex_destroy(&part->lock);
	}
	decompressor_pool_destroy(diskdump->pool);
	free(diskdump->parts);
	free(diskdump);
	dump->state = NULL;
}

const struct dump_ops diskdump_ops = {
	.name = "compressed kdump",
	.probe = diskdump_probe,
	.open = diskdump_open,
	.read_page = diskdump_read_page,
	.next_present = diskdump_next_present,
	.describe = diskdump_describe,
	.close = diskdump_close,
};
