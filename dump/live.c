/* dump/live.c - the memory of the running kernel: /proc/kcore, or /dev/mem. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *	/proc/kcore is an ELF core file whose PT_LOADs are areas of kernel addresses: one for each
 *	range of RAM in the direct map, one for the kernel's image (also RAM), one each for vmalloc,
 *	modules and vmemmap. Only those of the direct map are used, for what is read here is
 *	physical memory. Their p_paddr is right since v4.11 (464920104bf7 /proc/kcore: update
 *	physical address for kcore ram and text); older kernels have 0 in all of them, and the
 *	lowest area of kernel addresses is where the direct map starts, but for less than its
 *	alignment.
 *	The header is made anew at each open: file offsets move when memory is plugged in.
 *
 *	/dev/mem is physical memory, of which CONFIG_STRICT_DEVMEM hides all RAM above 1 MB. Reads
 *	stay inside RAM: a device's registers may change by being read.
 */
#include "dump/live.h"
#include "dump/elfnote.h"
#include "dump/extents.h"
#include "dump/format.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KERNEL_MAP 0xffffffff80000000ULL
#define DIRECT_MAP_ALIGNMENT (1ULL << 30)
/* No direct map is as large; the vmalloc area is, and ends what comes before it. */
#define VMALLOC_BYTES_MIN (1ULL << 44)
#define LOW_MEMORY (1ULL << 20)

enum {
	MAX_SEGMENTS = 65534, /* e_phnum has 16 bits, and its last value means something else */
	MAX_NOTE_BYTES = 1 << 20,
	VMCOREINFO_BYTES_MAX = 1 << 16,
};

struct live_files live_files = {
	.kcore = "/proc/kcore",
	.mem = "/dev/mem",
	.iomem = "/proc/iomem",
	.vmcoreinfo = "/sys/kernel/vmcoreinfo",
};

struct live {
	bool is_kcore;
	int fd;
	int write_fd; /* /dev/mem; -1 until the first write */
	struct extents extents; /* without their file, which is read by FD */
	u32 nr_segments;
	struct file_map notes; /* the bytes of the kernel's notes, in memory */
};

bool live_is_path(const char *path)
{
	return streq(path, live_files.kcore) || streq(path, live_files.mem);
}

/* How many of LENGTH bytes were read; less only with errno set, or at the end of the file (0). */
static size_t read_at(int fd, u64 offset, void *buf, size_t length)
{
	size_t got = 0;

	errno = 0;
	while (got < length) {
		ssize_t bytes = pread(fd, (u8 *)buf + got, length - got, (off_t)(offset + got));

		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes <= 0)
			break;
		got += (size_t)bytes;
	}
	return got;
}

/* Both files want more than their mode says, so the error alone would puzzle. */
static void explain_open(const char *path, int error, struct strbuf *why)
{
	strbuf_puts(why, strerror(error));
	if (error == EACCES)
		strbuf_puts(why, " (only root may read the running kernel's memory)");
	else if (error == EPERM)
		strbuf_puts(why,
			    " (CAP_SYS_RAWIO is needed, and the kernel must not be locked down: "
			    "see /sys/kernel/security/lockdown)");
	else if (error == ENOENT)
		strbuf_printf(why, " (the kernel was built without %s)",
			      streq(path, live_files.mem) ? "CONFIG_DEVMEM" : "CONFIG_PROC_KCORE");
}

/*
 * /proc/kcore
 */
static bool has_paddr(const Elf64_Phdr *phdr)
{
	return phdr->p_paddr != 0 && phdr->p_paddr != ~0ULL;
}

static bool is_area(const Elf64_Phdr *phdr)
{
	return phdr->p_type == PT_LOAD && phdr->p_vaddr >> 63 && phdr->p_vaddr < KERNEL_MAP &&
	       phdr->p_memsz && phdr->p_memsz < VMALLOC_BYTES_MIN;
}

/* Where the direct map is for a kernel that leaves p_paddr 0: [*start, *end) by kernel address. */
static void find_direct_map(const Elf64_Phdr *phdrs, size_t count, u64 *start, u64 *end)
{
	*start = *end = ~0ULL;
	for (size_t i = 0; i < count; i++) {
		if (is_area(&phdrs[i]))
			*start = min_u64(*start, phdrs[i].p_vaddr);
		else if (phdrs[i].p_type == PT_LOAD && phdrs[i].p_vaddr >> 63)
			*end = min_u64(*end, phdrs[i].p_vaddr);
	}
	*start = align_down(*start, DIRECT_MAP_ALIGNMENT);
}

static void add_segments(struct dump *dump, struct extents *extents, const Elf64_Phdr *phdrs,
			 size_t count)
{
	bool any_paddr = false;
	u64 direct_start, direct_end;

	for (size_t i = 0; i < count; i++)
		any_paddr |= is_area(&phdrs[i]) && has_paddr(&phdrs[i]);
	find_direct_map(phdrs, count, &direct_start, &direct_end);
	for (size_t i = 0; i < count; i++) {
		const Elf64_Phdr *phdr = &phdrs[i];
		u64 start = any_paddr ? phdr->p_paddr : phdr->p_vaddr - direct_start;

		if (!is_area(phdr) || (any_paddr && start == ~0ULL) ||
		    (!any_paddr && phdr->p_vaddr >= direct_end) ||
		    !range_fits(start, phdr->p_memsz, 1ULL << 52))
			continue;
		extents_add(extents, &(struct extent){ .start = start,
						       .end = start + phdr->p_memsz,
						       .offset = phdr->p_offset });
	}
	extents_merge(extents);
	dump->max_pfn = extents_max_pfn(extents);
}

/* Keeps of the notes what the kernel says of itself: its "registers" are those of no CPU. */
static void take_notes(struct dump *dump, int fd, u64 offset, u64 size)
{
	struct live *live = dump->state;
	u8 *bytes;

	if (live->notes.data || !size || size > MAX_NOTE_BYTES)
		return;
	bytes = xcalloc(1, size);
	live->notes = (struct file_map){ .path = dump->path, .data = bytes, .fd = -1 };
	live->notes.size = live->notes.mapped_bytes = read_at(fd, offset, bytes, size);
	dump_add_notes(dump, &live->notes, 0, live->notes.size);
	free(dump->cpu_notes);
	free(dump->note_ranges);
	dump->cpu_notes = NULL;
	dump->note_ranges = NULL;
	dump->nr_cpu_notes = dump->nr_qemu_notes = dump->nr_note_ranges = 0;
	dump->cpu_notes_space = dump->note_ranges_space = 0;
}

static bool read_segments(struct dump *dump, int fd, struct extents *extents, struct strbuf *why)
{
	struct live *live = dump->state;
	Elf64_Ehdr header;
	Elf64_Phdr *phdrs;
	size_t bytes;

	if (read_at(fd, 0, &header, sizeof(header)) < sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64 ||
	    header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > MAX_SEGMENTS) {
		strbuf_puts(why, "its start is not the ELF header of an x86_64 kernel");
		return false;
	}
	bytes = header.e_phnum * sizeof(*phdrs);
	phdrs = xcalloc(header.e_phnum + 1, sizeof(*phdrs));
	errno = 0;
	if (read_at(fd, header.e_phoff, phdrs, bytes) < bytes) {
		strbuf_printf(why, "its program headers cannot be read: %s",
			      errno ? strerror(errno) : "it ends before them");
		free(phdrs);
		return false;
	}
	live->nr_segments = header.e_phnum;
	add_segments(dump, extents, phdrs, header.e_phnum);
	for (size_t i = 0; i < header.e_phnum; i++) {
		if (phdrs[i].p_type == PT_NOTE)
			take_notes(dump, fd, phdrs[i].p_offset, phdrs[i].p_filesz);
	}
	free(phdrs);
	if (!extents->list.count)
		strbuf_puts(why, "none of its segments is physical memory");
	return extents->list.count > 0;
}

/*
 * /dev/mem
 */
static bool read_ram_ranges(struct dump *dump, struct extents *extents, struct strbuf *why)
{
	FILE *file = fopen(live_files.iomem, "re");
	char line[256];

	if (!file) {
		strbuf_printf(why, "%s, which says where RAM is: %s", live_files.iomem,
			      strerror(errno));
		return false;
	}
	while (fgets(line, sizeof(line), file)) {
		u64 first, last;

		if (ends_with(line, " : System RAM\n") &&
		    sscanf(line, "%llx-%llx", &first, &last) == 2 && last > first &&
		    last >> 52 == 0)
			extents_add(extents, &(struct extent){ .start = first,
							       .end = last + 1,
							       .offset = first });
	}
	fclose(file);
	extents_merge(extents);
	dump->max_pfn = extents_max_pfn(extents);
	if (!extents->list.count)
		strbuf_printf(why,
			      "%s does not say where RAM is (to a user without CAP_SYS_ADMIN it "
			      "shows only zeroes)",
			      live_files.iomem);
	return extents->list.count > 0;
}

/* Without a note in the file: the kernel says where in RAM it keeps it. */
static void read_vmcoreinfo_file(struct dump *dump)
{
	struct live *live = dump->state;
	FILE *file = fopen(live_files.vmcoreinfo, "re");
	const struct extent *extent;
	u64 address, bytes;

	if (!file)
		return;
	if (fscanf(file, "%llx %llx", &address, &bytes) == 2 && bytes <= VMCOREINFO_BYTES_MAX) {
		extent = extents_find(&live->extents, address);
		if (extent && extent->start <= address)
			take_notes(dump, live->fd, extent->offset + (address - extent->start),
				   bytes);
	}
	fclose(file);
}

/* CONFIG_STRICT_DEVMEM lets the file be opened and shows the first megabyte, as zeroes. */
static bool ram_is_shown(const struct live *live, struct strbuf *why)
{
	const struct extent *extent = extents_find(&live->extents, LOW_MEMORY);
	u64 word, address;

	if (!extent)
		extent = &live->extents.list.items[0];
	address = max_u64(extent->start, LOW_MEMORY);
	if (read_at(live->fd, address, &word, sizeof(word)) == sizeof(word))
		return true;
	if (errno == EPERM)
		strbuf_puts(why, "the kernel shows nothing of its RAM there (it was built with "
				 "CONFIG_STRICT_DEVMEM)");
	else
		strbuf_printf(why, "RAM at %llx cannot be read: %s", address,
			      errno ? strerror(errno) : "the file ends before it");
	return false;
}

/*
 * Both
 */
static bool live_open(struct dump *dump, struct strbuf *why)
{
	struct live *live = xcalloc(1, sizeof(*live));

	live->write_fd = -1;
	live->is_kcore = streq(dump->path, live_files.kcore);
	live->fd = open(dump->path, O_RDONLY | O_CLOEXEC);
	dump->state = live;
	if (live->fd < 0) {
		explain_open(dump->path, errno, why);
		return false;
	}
	if (live->is_kcore) {
		if (!read_segments(dump, live->fd, &live->extents, why))
			return false;
	} else if (!read_ram_ranges(dump, &live->extents, why) || !ram_is_shown(live, why)) {
		return false;
	}
	if (!dump->vmcoreinfo)
		read_vmcoreinfo_file(dump);
	return true;
}

/* A new header, since RAM may have come or gone. What cannot be read now leaves the old one. */
static void live_refresh(struct dump *dump)
{
	struct live *live = dump->state;
	u64 old_max_pfn = dump->max_pfn;
	struct strbuf why = { 0 };
	struct extents extents = { 0 };
	bool worked;

	worked = live->is_kcore ? read_segments(dump, live->fd, &extents, &why)
				: read_ram_ranges(dump, &extents, &why);
	if (worked) {
		extents_free(&live->extents);
		live->extents = extents;
	} else {
		extents_free(&extents);
		dump->max_pfn = old_max_pfn;
	}
	strbuf_free(&why);
}

static bool live_read_page(struct dump *dump, u64 paddr, void *buf, size_t length,
			   struct fault *fault)
{
	struct live *live = dump->state;
	const struct extent *extent = extents_find(&live->extents, paddr);

	if (!extent || paddr < extent->start || length > extent->end - paddr)
		return fault_set(fault, FAULT_NO_MEMORY, SPACE_PHYSICAL, paddr);
	if (read_at(live->fd, extent->offset + (paddr - extent->start), buf, length) == length)
		return true;
	return fault_set(fault,
			 errno == EPERM || errno == EACCES ? FAULT_REFUSED : FAULT_UNREADABLE,
			 SPACE_PHYSICAL, paddr);
}

static bool live_next_present(struct dump *dump, u64 pfn, u64 *found_pfn)
{
	struct live *live = dump->state;
	const struct extent *extent;

	if (pfn >= 1ULL << (64 - PAGE_SHIFT))
		return false;
	extent = extents_find(&live->extents, pfn << PAGE_SHIFT);
	if (!extent)
		return false;
	*found_pfn = max_u64(pfn, extent->start >> PAGE_SHIFT);
	return true;
}

static bool open_for_writing(struct live *live, struct strbuf *why)
{
	if (live->write_fd >= 0)
		return true;
	live->write_fd = open(live_files.mem, O_RDWR | O_CLOEXEC);
	if (live->write_fd >= 0)
		return true;
	strbuf_printf(why, "%s: ", live_files.mem);
	explain_open(live_files.mem, errno, why);
	return false;
}

static bool live_write(struct dump *dump, u64 paddr, const void *buf, size_t length,
		       struct strbuf *why)
{
	struct live *live = dump->state;
	u8 now[PAGE_BYTES];
	ssize_t written;

	if (!open_for_writing(live, why))
		return false;
	written = pwrite(live->write_fd, buf, length, (off_t)paddr);
	if (written < 0 && errno == EPERM) {
		strbuf_printf(why,
			      "%s: the kernel lets nobody write to this memory (it was built with "
			      "CONFIG_STRICT_DEVMEM)",
			      live_files.mem);
		return false;
	}
	if (written < 0 || (size_t)written < length) {
		strbuf_printf(why, "%s: %s", live_files.mem,
			      written < 0 ? strerror(errno) : "only a part was written");
		return false;
	}
	/* Memory that is none, or of a device, takes a write and forgets it. */
	if (read_at(live->write_fd, paddr, now, length) == length && memcmp(now, buf, length) == 0)
		return true;
	strbuf_puts(why, "it was written, but reads back differently");
	return false;
}

static void live_describe(const struct dump *dump, struct strbuf *text)
{
	const struct live *live = dump->state;

	strbuf_printf(text, "format: the running kernel's memory\nfile: %s\n", dump->path);
	if (live->is_kcore)
		strbuf_printf(text, "program headers: %u\n", live->nr_segments);
	strbuf_printf(text, "highest page frame: %llx\n", dump->max_pfn);
	strbuf_puts(text, "physical memory:\n");
	for (size_t i = 0; i < live->extents.list.count; i++) {
		const struct extent *extent = &live->extents.list.items[i];

		strbuf_printf(text, "    %016llx - %016llx  file offset %llx\n", extent->start,
			      extent->end, extent->offset);
	}
	strbuf_puts(text, strbuf_text(&dump->remarks));
	dump_describe_notes(dump, text);
}

static void live_close(struct dump *dump)
{
	struct live *live = dump->state;

	extents_free(&live->extents);
	free((void *)live->notes.data);
	if (live->fd >= 0)
		close(live->fd);
	if (live->write_fd >= 0)
		close(live->write_fd);
	free(live);
	dump->state = NULL;
}

const struct dump_ops live_ops = {
	.name = "live kernel",
	.open = live_open,
	.read_page = live_read_page,
	.next_present = live_next_present,
	.refresh = live_refresh,
	.write = live_write,
	.describe = live_describe,
	.close = live_close,
};
