/* netdump.c - L1: ELF vmcores: /proc/vmcore, makedumpfile -E, dump-guest-memory of QEMU, netdump. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *	Elf64_Ehdr: ET_CORE for x86_64. e_phnum 0xffff: the real number is in section 0's sh_info.
 *	PT_NOTE: registers, vmcoreinfo (elfnote.c).
 *	PT_LOAD: p_filesz bytes at p_offset are physical memory from p_paddr on. What p_memsz has
 *	beyond them exists in the machine but was left out of the file.
 *
 * Segments come in any order and may overlap: /proc/vmcore of some kernels has the kernel's text
 * both by itself and inside a piece of RAM.
 *
 * The netdump server writes one segment for all of memory, from physical 0 on, whose p_vaddr
 * is where the direct map starts, and stores each page as it arrives: what is no RAM, and
 * what never arrived, is a hole in the file. Both read as zeroes, as do pages of zeroes that
 * a copy made holes of. Its notes are one NT_PRSTATUS, of the task that crashed on whichever
 * CPU, and NT_TASKSTRUCT with its address.
 */
#include "dump/elfnote.h"
#include "dump/extents.h"
#include "dump/filekind.h"
#include "dump/format.h"

#include <elf.h>
#include <stdlib.h>

#define XEN_CORE                                                                                   \
	"a Xen guest's core (xl dump-core), whose pages are numbered by Xen; this program does "   \
	"not read it: let the guest's own kdump make a dump"

struct netdump {
	struct extents backed; /* merged; bytes in the file */
	struct extents excluded; /* the same for memory that was left out (may also be in backed) */
	u32 nr_loads;
	u64 wanted_bytes; /* of the file, if the segments are right */
	bool is_direct_map; /* the last segment is mapped by the kernel from physical 0 on */
	Elf64_Ehdr header;
};

static bool is_32_bit(const Elf64_Ehdr *header)
{
	return header->e_ident[EI_CLASS] == ELFCLASS32;
}

/* The file header; one of class 32, which kexec-tools can also write for x86_64, is made wider. */
static bool read_header(const struct file_map *file, Elf64_Ehdr *header)
{
	Elf32_Ehdr narrow;

	if (!file_map_read(file, 0, &narrow, sizeof(narrow)) ||
	    memcmp(narrow.e_ident, ELFMAG, SELFMAG) != 0)
		return false;
	if (narrow.e_ident[EI_CLASS] != ELFCLASS32)
		return file_map_read(file, 0, header, sizeof(*header));
	*header = (Elf64_Ehdr){
		.e_type = narrow.e_type,
		.e_machine = narrow.e_machine,
		.e_version = narrow.e_version,
		.e_phoff = narrow.e_phoff,
		.e_shoff = narrow.e_shoff,
		.e_phentsize = narrow.e_phentsize,
		.e_phnum = narrow.e_phnum,
	};
	memcpy(header->e_ident, narrow.e_ident, sizeof(header->e_ident));
	return true;
}

static size_t phdr_bytes(const Elf64_Ehdr *header)
{
	return is_32_bit(header) ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
}

static bool read_phdr(const struct file_map *file, const Elf64_Ehdr *header, u64 number,
		      Elf64_Phdr *phdr)
{
	u64 at = header->e_phoff + number * phdr_bytes(header);
	Elf32_Phdr narrow;

	if (!is_32_bit(header))
		return file_map_read(file, at, phdr, sizeof(*phdr));
	if (!file_map_read(file, at, &narrow, sizeof(narrow)))
		return false;
	*phdr = (Elf64_Phdr){
		.p_type = narrow.p_type,
		.p_offset = narrow.p_offset,
		.p_vaddr = narrow.p_vaddr,
		.p_paddr = narrow.p_paddr,
		.p_filesz = narrow.p_filesz,
		.p_memsz = narrow.p_memsz,
	};
	return true;
}

static bool read_section_info(const struct file_map *file, const Elf64_Ehdr *header, u32 *info)
{
	size_t at = is_32_bit(header) ? offsetof(Elf32_Shdr, sh_info)
				      : offsetof(Elf64_Shdr, sh_info);

	return header->e_shoff && range_fits(header->e_shoff, at, file->size) &&
	       file_map_read(file, header->e_shoff + at, info, sizeof(*info));
}

/* The number of program headers, from section 0 when there are more than the header can say. */
static bool read_nr_phdrs(const struct file_map *file, const Elf64_Ehdr *header, u64 *nr_phdrs,
			  struct strbuf *why)
{
	u32 number;

	*nr_phdrs = header->e_phnum;
	if (header->e_phnum != PN_XNUM)
		return true;
	if (!read_section_info(file, header, &number)) {
		strbuf_printf(
			why,
			"ELF vmcore: section header at %llu, which has the number of segments, is "
			"past the end of the file",
			(u64)header->e_shoff);
		return false;
	}
	*nr_phdrs = number;
	return true;
}

/* What the segments have in common. */
enum segments { SEGMENTS_PHYSICAL, SEGMENTS_OF_PROCESS, SEGMENTS_WITHOUT_PLACE };

/*
 * A process's segments have no physical address, and neither has its [vsyscall], though it lies in
 * the kernel's half. Some are user addresses, or the notes say what only a process has.
 */
static enum segments judge_segments(const struct file_map *file, const Elf64_Ehdr *header,
				    u64 nr_phdrs)
{
	u64 nr_loads = 0, nr_of_user = 0;
	bool process_notes = false;

	for (u64 i = 0; i < nr_phdrs; i++) {
		Elf64_Phdr phdr;

		if (!read_phdr(file, header, i, &phdr))
			return SEGMENTS_PHYSICAL;
		if (phdr.p_type == PT_NOTE)
			process_notes |= notes_are_of_process(file, phdr.p_offset, phdr.p_filesz);
		if (phdr.p_type != PT_LOAD || !phdr.p_memsz)
			continue;
		if (phdr.p_paddr != 0)
			return SEGMENTS_PHYSICAL;
		nr_loads++;
		nr_of_user += phdr.p_vaddr >> 63 == 0;
	}
	if (process_notes || (nr_loads > 1 && nr_of_user))
		return SEGMENTS_OF_PROCESS;
	return nr_loads > 1 ? SEGMENTS_WITHOUT_PLACE : SEGMENTS_PHYSICAL;
}

/* xl dump-core: no segments, but sections, of which .xen_pages has the memory. */
static bool is_xen_core(const struct file_map *file, const Elf64_Ehdr *header)
{
	static const char name[] = ".xen_pages";
	const char *names;
	Elf64_Shdr strings;

	if (is_32_bit(header) || header->e_shentsize != sizeof(strings) ||
	    !range_fits(header->e_shoff, header->e_shstrndx * sizeof(strings), file->size) ||
	    !file_map_read(file, header->e_shoff + header->e_shstrndx * sizeof(strings), &strings,
			   sizeof(strings)))
		return false;
	names = file_map_at(file, strings.sh_offset, strings.sh_size);
	return names && memmem(names, strings.sh_size, name, sizeof(name));
}

static bool check_phdrs(const struct file_map *file, const Elf64_Ehdr *header, u64 *nr_phdrs,
			struct strbuf *why)
{
	if (header->e_phnum == 0) {
		strbuf_puts(why, is_xen_core(file, header) ? XEN_CORE
							   : "ELF vmcore: no program headers");
		return false;
	}
	if (header->e_phentsize != phdr_bytes(header)) {
		strbuf_printf(why, "ELF vmcore: program headers of %u bytes instead of %zu",
			      header->e_phentsize, phdr_bytes(header));
		return false;
	}
	if (!read_nr_phdrs(file, header, nr_phdrs, why))
		return false;
	if (*nr_phdrs == 0) {
		strbuf_puts(why, "ELF vmcore: no program headers");
		return false;
	}
	if (range_fits(header->e_phoff, *nr_phdrs * phdr_bytes(header), file->size))
		return true;
	strbuf_printf(
		why,
		"ELF vmcore: cut short or damaged: %llu program headers at %llu do not fit into a "
		"file of %llu bytes",
		*nr_phdrs, (u64)header->e_phoff, file->size);
	return false;
}

/* What keeps a core from being read as a kernel's dump; false: nothing. */
static bool is_no_dump(const struct file_map *file, const Elf64_Ehdr *header, struct strbuf *why)
{
	bool known_class = header->e_ident[EI_CLASS] == ELFCLASS64 || is_32_bit(header);
	bool is_bad = true;
	enum segments segments = SEGMENTS_PHYSICAL;
	struct strbuf broken = { 0 };
	u64 nr_phdrs;

	if (known_class && check_phdrs(file, header, &nr_phdrs, &broken))
		segments = judge_segments(file, header, nr_phdrs);
	if (segments == SEGMENTS_OF_PROCESS) {
		strbuf_puts(why, "ELF core of a process, not of a kernel");
	} else if (header->e_machine != EM_X86_64 || !known_class) {
		strbuf_puts(why, "ELF vmcore: of another machine (");
		elf_describe_machine((const u8 *)header, why);
		strbuf_puts(why, "); this program reads x86_64");
	} else if (segments == SEGMENTS_WITHOUT_PLACE) {
		strbuf_puts(why,
			    "ELF core whose segments have no physical addresses: no kernel's dump");
	} else {
		strbuf_puts(why, strbuf_text(&broken));
		is_bad = broken.length != 0;
	}
	strbuf_free(&broken);
	return is_bad;
}

static enum probe_result netdump_probe(const struct file_map *file, struct strbuf *why)
{
	Elf64_Ehdr header;

	/* A big-endian machine's is described like other files. */
	if (!read_header(file, &header) || header.e_type != ET_CORE ||
	    header.e_ident[EI_DATA] != ELFDATA2LSB)
		return PROBE_NO;
	return is_no_dump(file, &header, why) ? PROBE_BROKEN : PROBE_YES;
}

static void add_load(struct dump *dump, const Elf64_Phdr *phdr)
{
	struct netdump *netdump = dump->state;
	const struct file_map *file = &dump->files[0];
	u64 memory_bytes = max_u64(phdr->p_memsz, phdr->p_filesz);
	u64 file_bytes = phdr->p_filesz;

	netdump->nr_loads++;
	netdump->is_direct_map = phdr->p_paddr == 0 && phdr->p_vaddr >> 63;
	/* -1: mapped by the kernel, but not memory (vmalloc in /proc/kcore). */
	if (phdr->p_paddr == ~0ULL)
		return;
	if (!range_fits(phdr->p_paddr, memory_bytes, 1ULL << 52)) {
		strbuf_printf(&dump->remarks,
			      "segment at physical %llx of %llx bytes is no memory\n",
			      (u64)phdr->p_paddr, memory_bytes);
		return;
	}
	if (!range_fits(phdr->p_offset, file_bytes, file->size)) {
		dump->incomplete = true;
		if (range_fits(phdr->p_offset, file_bytes, ~0ULL))
			netdump->wanted_bytes = max_u64(netdump->wanted_bytes,
							phdr->p_offset + file_bytes);
		file_bytes = phdr->p_offset < file->size ? file->size - phdr->p_offset : 0;
	}
	if (file_bytes)
		extents_add(&netdump->backed, &(struct extent){ .start = phdr->p_paddr,
								.end = phdr->p_paddr + file_bytes,
								.offset = phdr->p_offset,
								.file = file });
	/*
	 * What the file should have and has not is not excluded: only p_memsz beyond p_filesz is.
	 */
	if (phdr->p_memsz > phdr->p_filesz) {
		dump->filtered = true;
		extents_add(&netdump->excluded,
			    &(struct extent){ .start = phdr->p_paddr + phdr->p_filesz,
					      .end = phdr->p_paddr + phdr->p_memsz });
	}
	dump->max_pfn = max_u64(dump->max_pfn,
				align_up(phdr->p_paddr + memory_bytes, PAGE_BYTES) >> PAGE_SHIFT);
}

/* By its only segment and its only CPU; kdump has a segment for the kernel's image as well. */
static bool is_netdump(const struct dump *dump)
{
	const struct netdump *netdump = dump->state;

	return netdump->nr_loads == 1 && netdump->is_direct_map && dump->nr_cpu_notes == 1 &&
	       !dump->nr_qemu_notes;
}

/* A line on how much of the file is there; nothing is said of a size that no file can have. */
static void tell_cut(struct dump *dump)
{
	const struct netdump *netdump = dump->state;
	u64 percent = dump->files[0].size / max_u64(netdump->wanted_bytes / 100, 1);

	strbuf_puts(&dump->remarks, "cut short: the file ends before its segments do");
	if (netdump->wanted_bytes && percent < 100)
		strbuf_printf(&dump->remarks, ", at %llu %% of them", percent);
	strbuf_putc(&dump->remarks, '\n');
}

static bool netdump_open(struct dump *dump, struct strbuf *why)
{
	struct netdump *netdump = xcalloc(1, sizeof(*netdump));
	const struct file_map *file = &dump->files[0];
	u64 nr_phdrs;

	dump->state = netdump;
	if (dump->nr_files > 1) {
		strbuf_printf(
			why,
			"%s and %s: ELF vmcore: only compressed kdumps can be split over several "
			"files",
			dump->files[0].path, dump->files[1].path);
		return false;
	}
	if (!read_header(file, &netdump->header) ||
	    !read_nr_phdrs(file, &netdump->header, &nr_phdrs, why))
		return false;
	for (u64 i = 0; i < nr_phdrs; i++) {
		Elf64_Phdr phdr;

		if (!read_phdr(file, &netdump->header, i, &phdr)) {
			strbuf_printf(why, "ELF vmcore: cut short, program header %llu is missing",
				      i);
			return false;
		}
		if (phdr.p_type == PT_NOTE)
			dump_add_notes(dump, file, phdr.p_offset, phdr.p_filesz);
		else if (phdr.p_type == PT_LOAD)
			add_load(dump, &phdr);
	}
	extents_merge(&netdump->backed);
	extents_merge(&netdump->excluded);
	if (!netdump->backed.list.count && !dump->incomplete) {
		strbuf_puts(why, "ELF vmcore: no segment has memory in the file");
		return false;
	}
	dump->only_crashed_task |= is_netdump(dump);
	if (dump->incomplete)
		tell_cut(dump);
	return true;
}

static bool netdump_read_page(struct dump *dump, u64 paddr, void *buf, size_t length,
			      struct fault *fault)
{
	struct netdump *netdump = dump->state;
	const struct extent *excluded;

	if (extents_read(&netdump->backed, paddr, buf, length, fault))
		return true;
	excluded = extents_find(&netdump->excluded, fault->address);
	if (excluded && excluded->start <= fault->address)
		fault->reason = FAULT_EXCLUDED;
	return false;
}

/* Moves *PFN behind a hole of the file. False: nothing is behind it. */
static bool skip_hole(const struct dump *dump, const struct extent *extent, u64 *pfn)
{
	u64 paddr = max_u64(*pfn << PAGE_SHIFT, extent->start);
	u64 offset = extent->offset + (paddr - extent->start);
	u64 skipped = file_map_next_data(&dump->files[0], offset) - offset;

	*pfn = (paddr + skipped) >> PAGE_SHIFT;
	return skipped < extent->end - paddr;
}

static bool netdump_next_present(struct dump *dump, u64 pfn, u64 *found_pfn)
{
	struct netdump *netdump = dump->state;

	if (!extents_next_present(&netdump->backed, pfn, found_pfn))
		return false;
	return !is_netdump(dump) || skip_hole(dump, &netdump->backed.list.items[0], found_pfn);
}

static void netdump_describe(const struct dump *dump, struct strbuf *text)
{
	const struct netdump *netdump = dump->state;
	const struct file_map *file = &dump->files[0];

	strbuf_printf(text, "format: ELF vmcore%s%s\n", is_netdump(dump) ? " of netdump" : "",
		      file->flat ? ", flattened" : "");
	strbuf_printf(text, "%20s: %s, %llu bytes\n", "filename", file->path, file->size);
	strbuf_printf(text, "%20s: %u\n", "e_phnum", netdump->header.e_phnum);
	strbuf_printf(text, "%20s: %llx\n", "e_phoff", (u64)netdump->header.e_phoff);
	strbuf_printf(text, "%20s: %u\n", "num_pt_load_segments", netdump->nr_loads);
	strbuf_printf(text, "%20s: %llx\n", "max_mapnr", dump->max_pfn);
	strbuf_printf(text, "%20s: %s\n", "incomplete", dump->incomplete ? "yes" : "no");
	strbuf_puts(text, "physical memory in the file, of all segments:\n");
	for (size_t i = 0; i < netdump->backed.list.count; i++) {
		const struct extent *extent = &netdump->backed.list.items[i];

		strbuf_printf(text, "    phys_start: %llx  phys_end: %llx  file_offset: %llx\n",
			      extent->start, extent->end, extent->offset);
	}
	if (netdump->excluded.list.count)
		strbuf_puts(text, "physical memory left out of the file:\n");
	for (size_t i = 0; i < netdump->excluded.list.count; i++) {
		const struct extent *extent = &netdump->excluded.list.items[i];

		strbuf_printf(text, "    %016llx - %016llx\n", extent->start, extent->end);
	}
	strbuf_puts(text, strbuf_text(&dump->remarks));
	dump_describe_notes(dump, text);
}

static void netdump_close(struct dump *dump)
{
	struct netdump *netdump = dump->state;

	extents_free(&netdump->backed);
	extents_free(&netdump->excluded);
	free(netdump);
	dump->state = NULL;
}

const struct dump_ops netdump_ops = {
	.name = "ELF vmcore",
	.probe = netdump_probe,
	.open = netdump_open,
	.read_page = netdump_read_page,
	.next_present = netdump_next_present,
	.describe = netdump_describe,
	.close = netdump_close,
};
