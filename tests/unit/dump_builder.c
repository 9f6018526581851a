/* dump_builder.c - tests: makes a dump file of any format from a description. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dump_builder.h"

#include <elf.h>
#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { NOTE_REGS = 112, PRSTATUS_BYTES = 336, QEMU_BYTES = 440 };

static void put(struct built_dump *built, u64 offset, const void *data, u64 length)
{
	if (offset + length > built->size) {
		if (offset + length > built->space) {
			built->space = 2 * (offset + length);
			built->data = xrealloc(built->data, built->space);
		}
		memset(built->data + built->size, 0, offset + length - built->size);
		built->size = offset + length;
	}
	memcpy(built->data + offset, data, length);
}

static void put_number(struct built_dump *built, const char *name, u64 offset, size_t width,
		       u64 value)
{
	put(built, offset, &value, width);
	*vector_add(&built->fields) = (struct built_field){ name, offset, width };
}

static void boundary(struct built_dump *built, u64 offset)
{
	*vector_add(&built->boundaries) = offset;
}

void build_page(u64 pfn, void *page)
{
	u64 state = pfn * 0x9e3779b97f4a7c15 + 1;
	u8 *bytes = page;

	memset(page, 0, PAGE_BYTES);
	if (pfn % 7 == 3)
		return;
	for (size_t i = 0; i < PAGE_BYTES; i++) {
		state = state * 6364136223846793005 + 1442695040888963407;
		/* Every fifth page cannot be compressed. */
		bytes[i] = pfn % 5 == 0 ? (u8)(state >> 56)
					: (u8) "kernel memory "[(state >> 60) % 14];
	}
	memcpy(bytes, &pfn, sizeof(pfn));
}

static u64 put_note_of(struct built_dump *built, u64 at, const char *name, u32 name_bytes, u32 type,
		       const void *data, u32 bytes)
{
	put_number(built, "n_namesz", at, 4, name_bytes);
	put_number(built, "n_descsz", at + 4, 4, bytes);
	put_number(built, "n_type", at + 8, 4, type);
	put(built, at + 12, name, name_bytes);
	at += 12 + align_up(name_bytes, 4);
	boundary(built, at);
	put(built, at, data, bytes);
	put(built, at + bytes, "\0\0\0", align_up(bytes, 4) - bytes);
	boundary(built, at + align_up(bytes, 4));
	return at + align_up(bytes, 4);
}

/* Register number i of CPU c is c << 16 | i, so a test can tell each. */
static u64 put_note(struct built_dump *built, u64 at, const char *name, u32 type, const void *data,
		    u32 bytes)
{
	return put_note_of(built, at, name, strlen(name) + 1, type, data, bytes);
}

static u64 put_notes(const struct dump_description *description, struct built_dump *built, u64 at)
{
	for (unsigned cpu = 0; cpu < description->nr_cpus; cpu++) {
		u8 prstatus[PRSTATUS_BYTES] = { 0 };
		u32 pid = 100 + cpu;

		memcpy(prstatus + 32, &pid, sizeof(pid));
		for (u64 i = 0; i < 27; i++)
			memcpy(prstatus + NOTE_REGS + i * 8, &(u64){ (u64)cpu << 16 | i }, 8);
		at = put_note_of(built, at, "CORE", description->netdump ? 4 : 5, NT_PRSTATUS,
				 prstatus,
				 description->prstatus_bytes ? description->prstatus_bytes
							     : sizeof(prstatus));
	}
	if (description->crashed_task)
		at = put_note_of(built, at, "CORE", 4, NT_TASKSTRUCT, &description->crashed_task,
				 sizeof(description->crashed_task));
	for (unsigned cpu = 0; description->qemu_notes && cpu < description->nr_cpus; cpu++) {
		u8 state[QEMU_BYTES] = { 0 };

		memcpy(state, &(u32){ 1 }, 4);
		memcpy(state + 4, &(u32){ QEMU_BYTES }, 4);
		for (u64 i = 8; i < QEMU_BYTES; i += 8)
			memcpy(state + i, &(u64){ (u64)cpu << 16 | i }, 8);
		at = put_note(built, at, "QEMU", 0, state, sizeof(state));
	}
	if (description->vmcoreinfo)
		at = put_note(built, at, "VMCOREINFO", 0, description->vmcoreinfo,
			      strlen(description->vmcoreinfo));
	return at;
}

/* --- compressed kdump --- */

static size_t compress_page(enum build_compression method, const u8 *page, u8 *to, size_t space,
			    u32 *flags)
{
	static u8 lzo_memory[LZO1X_1_MEM_COMPRESS];
	uLongf zlib_bytes = space;
	lzo_uint lzo_bytes = space;
	size_t bytes = space;

	switch (method) {
	case BUILD_RAW:
		bytes = PAGE_BYTES;
		break;
	case BUILD_ZLIB:
		*flags = 1;
		compress2(to, &zlib_bytes, page, PAGE_BYTES, 1);
		bytes = zlib_bytes;
		break;
	case BUILD_LZO:
		*flags = 2;
		lzo1x_1_compress(page, PAGE_BYTES, to, &lzo_bytes, lzo_memory);
		bytes = lzo_bytes;
		break;
	case BUILD_SNAPPY:
		*flags = 4;
		snappy_compress((const char *)page, PAGE_BYTES, (char *)to, &bytes);
		break;
	case BUILD_ZSTD:
		*flags = 0x20;
		bytes = ZSTD_compress(to, space, page, PAGE_BYTES, 1);
		break;
	}
	if (bytes < PAGE_BYTES)
		return bytes;
	*flags = 0;
	memcpy(to, page, PAGE_BYTES);
	return PAGE_BYTES;
}

static void put_kdump_header(const struct dump_description *description, struct built_dump *built,
			     u32 bitmap_blocks)
{
	static const char *const utsname[] = { "Linux",	 "testnode", "9.9.9-test",
					       "#1 SMP", "x86_64",   "(none)" };
	static const u32 status[] = { 0, 1, 2, 4, 0x20 };

	put(built, 0, "KDUMP   ", 8);
	put_number(built, "header_version", 8, 4, description->version);
	for (size_t i = 0; i < ARRAY_SIZE(utsname); i++)
		put(built, 12 + i * 65, utsname[i], strlen(utsname[i]) + 1);
	put_number(built, "status", 424, 4,
		   status[description->compression] | (description->incomplete ? 8 : 0));
	put_number(built, "block_size", 428, 4, PAGE_BYTES);
	put_number(built, "sub_hdr_size", 432, 4, 2);
	put_number(built, "bitmap_blocks", 436, 4, bitmap_blocks);
	put_number(built, "max_mapnr", 440, 4, description->nr_pfns);
	put_number(built, "nr_cpus", 460, 4, description->nr_cpus);
	boundary(built, 464);
}

static void put_kdump_sub_header(const struct dump_description *description,
				 struct built_dump *built)
{
	static const char *const names[] = { "offset_vmcoreinfo", "size_vmcoreinfo",
					     "offset_note",	  "size_note",
					     "offset_eraseinfo",  "size_eraseinfo" };
	const u64 sub = PAGE_BYTES, notes = sub + 104;
	u64 values[ARRAY_SIZE(names)] = { 0 };
	u64 end = put_notes(description, built, notes);

	put_number(built, "phys_base", sub, 8, 0x12345000);
	put_number(built, "dump_level", sub + 8, 4, 31);
	if (description->version >= 2) {
		put_number(built, "split", sub + 12, 4, description->split);
		put_number(built, "start_pfn", sub + 16, 8, description->start_pfn);
		put_number(built, "end_pfn", sub + 24, 8, description->end_pfn);
	}
	if (description->vmcoreinfo) {
		values[0] = end - align_up(strlen(description->vmcoreinfo), 4);
		values[1] = strlen(description->vmcoreinfo);
	}
	values[2] = notes;
	values[3] = end - notes;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (description->version >= 3 + i / 2)
			put_number(built, names[i], sub + 32 + i * 8, 8, values[i]);
	}
	if (description->version >= 6) {
		put_number(built, "start_pfn_64", sub + 80, 8, description->start_pfn);
		put_number(built, "end_pfn_64", sub + 88, 8, description->end_pfn);
		put_number(built, "max_mapnr_64", sub + 96, 8, description->nr_pfns);
	}
	boundary(built, sub);
	boundary(built, sub + 104);
}

static void build_kdump(const struct dump_description *description, struct built_dump *built)
{
	u64 bitmap_bytes = align_up((description->nr_pfns + 7) / 8, PAGE_BYTES);
	u64 bitmap1 = 3 * PAGE_BYTES, bitmap2 = bitmap1 + bitmap_bytes;
	u64 descriptors = bitmap2 + bitmap_bytes, descriptor = descriptors, data;
	u64 first = description->split ? description->start_pfn : 0;
	u64 last = description->split ? description->end_pfn : description->nr_pfns;

	put_kdump_header(description, built, 2 * bitmap_bytes / PAGE_BYTES);
	put_kdump_sub_header(description, built);
	put(built, descriptors - 1, "", 1);
	data = descriptors;
	for (u64 pfn = 0; pfn < description->nr_pfns; pfn++) {
		u8 bit = 1 << pfn % 8;

		if (description->kinds[pfn] != PAGE_ABSENT)
			built->data[bitmap1 + pfn / 8] |= bit;
		if (description->kinds[pfn] != PAGE_PRESENT)
			continue;
		built->data[bitmap2 + pfn / 8] |= bit;
		if (pfn >= first && pfn < last)
			data += 24;
	}
	boundary(built, bitmap1);
	boundary(built, bitmap2);
	boundary(built, descriptors);
	boundary(built, data);
	if (description->data_reversed)
		descriptor = data - 24;
	for (u64 i = first; i < last; i++) {
		u64 pfn = description->data_reversed ? last - 1 - (i - first) : i;
		u8 page[PAGE_BYTES], compressed[2 * PAGE_BYTES];
		u32 flags = 0;
		size_t bytes;

		if (description->kinds[pfn] != PAGE_PRESENT)
			continue;
		build_page(pfn, page);
		bytes = compress_page(description->compression, page, compressed,
				      sizeof(compressed), &flags);
		put_number(built, "pd.offset", descriptor, 8, data);
		put_number(built, "pd.size", descriptor + 8, 4, bytes);
		put_number(built, "pd.flags", descriptor + 12, 4, flags);
		put(built, descriptor + 16, &(u64){ 0 }, 8);
		put(built, data, compressed, bytes);
		descriptor += description->data_reversed ? -24 : 24;
		data += bytes;
		boundary(built, data);
	}
}

/* --- ELF vmcore --- */

struct segment {
	u64 first_pfn, nr_present, nr_excluded; /* the excluded ones behind the present ones */
};

typedef VECTOR(struct segment) segment_list;

static void collect_segments(const struct dump_description *description, segment_list *segments)
{
	u64 pfn = 0;

	if (description->netdump) {
		*vector_add(segments) = (struct segment){ 0, description->nr_pfns, 0 };
		return;
	}
	if (description->overlapping)
		*vector_add(segments) = (struct segment){ 0, 16, 0 };
	while (pfn < description->nr_pfns) {
		struct segment segment = { .first_pfn = pfn };
		u64 limit = description->pages_a_segment ? description->pages_a_segment : ~0ULL;

		while (pfn < description->nr_pfns && description->kinds[pfn] == PAGE_PRESENT &&
		       segment.nr_present < limit) {
			segment.nr_present++;
			pfn++;
		}
		while (pfn < description->nr_pfns && description->kinds[pfn] == PAGE_EXCLUDED) {
			segment.nr_excluded++;
			pfn++;
		}
		if (segment.nr_present || segment.nr_excluded)
			*vector_add(segments) = segment;
		else
			pfn++;
	}
	for (size_t i = 0; description->shuffled && i < segments->count / 2; i++) {
		struct segment swap = segments->items[i];

		segments->items[i] = segments->items[segments->count - 1 - i];
		segments->items[segments->count - 1 - i] = swap;
	}
}

/* Where the numbers stand in headers of each class. */
struct elf_class {
	u8 ident;
	u8 word; /* bytes of an offset or an address */
	u8 ehdr_bytes, phdr_bytes, shdr_bytes;
	u8 e_phoff, e_shoff, e_ehsize; /* e_phentsize and e_phnum follow the last one */
	u8 p_offset, sh_info;
};

static const struct elf_class classes[] = {
	{ ELFCLASS64, 8, 64, 56, 64, 32, 40, 52, 8, 44 },
	{ ELFCLASS32, 4, 52, 32, 40, 28, 32, 40, 4, 28 },
};

static void put_phdr(struct built_dump *built, const struct elf_class *class, u64 at, u32 type,
		     const u64 numbers[5])
{
	static const char *const names[] = { "p_offset", "p_vaddr", "p_paddr", "p_filesz",
					     "p_memsz" };

	put(built, at + class->phdr_bytes - 1, "", 1);
	put_number(built, "p_type", at, 4, type);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		put_number(built, names[i], at + class->p_offset + i * class->word, class->word,
			   numbers[i]);
	boundary(built, at + class->phdr_bytes);
}

static void put_ehdr(struct built_dump *built, const struct elf_class *class, u64 nr_phdrs,
		     u64 phoff, u64 shoff)
{
	const u8 ident[16] = { 0x7f, 'E', 'L', 'F', class->ident, ELFDATA2LSB, EV_CURRENT };

	put(built, 0, ident, sizeof(ident));
	put_number(built, "e_type", 16, 2, ET_CORE);
	put_number(built, "e_machine", 18, 2, EM_X86_64);
	put_number(built, "e_version", 20, 4, EV_CURRENT);
	put_number(built, "e_phoff", class->e_phoff, class->word, phoff);
	put_number(built, "e_shoff", class->e_shoff, class->word, shoff);
	put_number(built, "e_ehsize", class->e_ehsize, 2, class->ehdr_bytes);
	put_number(built, "e_phentsize", class->e_ehsize + 2, 2, class->phdr_bytes);
	put_number(built, "e_phnum", class->e_ehsize + 4, 2, shoff ? PN_XNUM : nr_phdrs);
	put(built, class->e_ehsize + 6, "\0\0\0\0\0", 6);
	boundary(built, class->ehdr_bytes);
}

static void build_elf(const struct dump_description *description, struct built_dump *built)
{
	segment_list segments = { 0 };
	const struct elf_class *class = &classes[description->narrow];
	u64 nr_phdrs, shoff = description->many_segments ? class->ehdr_bytes : 0;
	u64 phoff = class->ehdr_bytes + (shoff ? class->shdr_bytes : 0), at, notes;

	collect_segments(description, &segments);
	nr_phdrs = segments.count + 1;
	put_ehdr(built, class, nr_phdrs, phoff, shoff);
	if (shoff) {
		put(built, phoff - 1, "", 1);
		put_number(built, "sh_info", shoff + class->sh_info, 4, nr_phdrs);
	}
	notes = phoff + nr_phdrs * class->phdr_bytes;
	put(built, notes - 1, "", 1);
	at = put_notes(description, built, notes);
	put_phdr(built, class, phoff, PT_NOTE, (u64[]){ notes, 0, 0, at - notes, at - notes });
	if (description->netdump)
		at = align_up(at, PAGE_BYTES);
	for (size_t i = 0; i < segments.count; i++) {
		const struct segment *segment = &segments.items[i];
		u64 bytes = segment->nr_present * PAGE_BYTES;
		u64 paddr = segment->first_pfn * PAGE_BYTES;

		put_phdr(built, class, phoff + (i + 1) * class->phdr_bytes, PT_LOAD,
			 (u64[]){ at, 0xffff888000000000 + paddr, paddr, bytes,
				  bytes + segment->nr_excluded * PAGE_BYTES });
		for (u64 pfn = 0; pfn < segment->nr_present; pfn++) {
			u8 page[PAGE_BYTES];

			if (!description->netdump ||
			    description->kinds[segment->first_pfn + pfn] == PAGE_PRESENT)
				build_page(segment->first_pfn + pfn, page);
			else
				memset(page, 0, sizeof(page));
			put(built, at, page, sizeof(page));
			at += PAGE_BYTES;
		}
		boundary(built, at);
	}
	vector_free(&segments);
}

/* --- any --- */

void build_dump(const struct dump_description *description, struct built_dump *built)
{
	*built = (struct built_dump){ 0 };
	if (description->version)
		build_kdump(description, built);
	else
		build_elf(description, built);
}

static u64 put_record(struct built_dump *built, u64 at, u64 offset, const u8 *data, u64 length)
{
	boundary(built, at);
	put_number(built, "record.offset", at, 8, __builtin_bswap64(offset));
	put_number(built, "record.size", at + 8, 8, __builtin_bswap64(length));
	if (data)
		put(built, at + 16, data, length);
	return at + 16 + (data ? length : 0);
}

void build_flattened(const struct built_dump *dump, u64 chunk, bool shuffled, bool rewritten,
		     struct built_dump *built)
{
	u64 at = 4096, nr_chunks = (dump->size + chunk - 1) / chunk;
	u8 *wrong = xcalloc(1, chunk);

	*built = (struct built_dump){ 0 };
	put(built, 0, "makedumpfile", 12);
	put(built, 16, &(u64){ __builtin_bswap64(1) }, 8);
	put(built, 24, &(u64){ __builtin_bswap64(1) }, 8);
	put(built, 4095, "", 1);
	/* What is written again later must lose, also where it reaches over two records. */
	if (rewritten) {
		u64 length = min_u64(chunk, dump->size);

		at = put_record(built, at, 0, wrong, length);
		at = put_record(built, at, length / 2, wrong, length / 2);
	}
	for (u64 i = 0; i < nr_chunks; i++) {
		u64 which = shuffled ? (i ^ 1) < nr_chunks ? i ^ 1 : i : i;
		u64 offset = which * chunk, length = min_u64(chunk, dump->size - offset);

		/*
		 * A writer seeks over the rest of a block: a hole, of which the reader
		 * must want nothing.
		 */
		while (shuffled && length > 8 && load_u64(dump->data + offset + length - 8) == 0)
			length -= 8;
		at = put_record(built, at, offset, dump->data + offset, length);
	}
	put_record(built, at, ~0ULL, NULL, ~0ULL);
	free(wrong);
}

void built_free(struct built_dump *built)
{
	free(built->data);
	vector_free(&built->fields);
	vector_free(&built->boundaries);
	*built = (struct built_dump){ 0 };
}

char *built_write(const struct built_dump *built)
{
	const char *directory = getenv("TMPDIR");
	char *path = xasprintf("%s/dump-test-XXXXXX", directory ? directory : "/tmp");
	int fd = mkstemp(path);
	u64 written = 0;

	while (fd >= 0 && written < built->size) {
		ssize_t piece = write(fd, built->data + written, built->size - written);

		if (piece <= 0) {
			perror(path);
			exit(1);
		}
		written += piece;
	}
	if (fd < 0 || close(fd) != 0) {
		perror(path);
		exit(1);
	}
	return path;
}
