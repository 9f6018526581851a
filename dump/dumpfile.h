/* dump/dumpfile.h - opens a dump of any format and reads physical memory from it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DUMPFILE_H
#define DUMPFILE_H

#include "base/fault.h"
#include "base/regs.h"
#include "base/util.h"

struct flat_index;
struct file_window;
struct touched;

/*
 * A mapped file. A makedumpfile -F stream opened with flat_open() looks like the file that it would
 * be rearranged into: SIZE and all offsets are those of that file, and DATA is only the stream.
 */
struct file_map {
	const char *path; /* the caller's */
	const u8 *data; /* MAPPED_BYTES of the file as it is on disk */
	u64 size; /* bytes that the functions below can reach */
	int fd;
	bool nameless; /* DATA is not of PATH but of FD alone */
	u64 mapped_bytes;
	struct flat_index *flat; /* NULL: not a stream, DATA is what OFFSET counts in */
	struct file_window *window; /* bounds how much of the mapping is resident */
};

/* False with *why: "No such file or directory", "a directory", "an empty file" ... */
bool file_map_open(struct file_map *map, const char *path, struct strbuf *why);
/* The same for an open file, which is closed with it (and when this fails). PATH is for messages. */
bool file_map_take(struct file_map *map, int fd, const char *path, struct strbuf *why);
void file_map_close(struct file_map *map);
/* The LENGTH bytes at OFFSET, or NULL when the file is shorter, or a stream has them in pieces. */
const void *file_map_at(const struct file_map *map, u64 offset, u64 length);
/*
 * The same for bulk data, in place or copied to BUF. The pages may be dropped from memory (and come
 * back on the next touch), so that a walk over a large dump stays small. NULL (false) past the end,
 * and where a stream that was cut short has a hole.
 */
const void *file_map_view(const struct file_map *map, u64 offset, u64 length, void *buf);
bool file_map_read(const struct file_map *map, u64 offset, void *buf, u64 length);
/* The first offset at or above OFFSET that is not known to be in a hole of zeroes; size: none. */
u64 file_map_next_data(const struct file_map *map, u64 offset);

enum probe_result {
	PROBE_NO, /* another format */
	PROBE_YES,
	PROBE_BROKEN, /* this format, but unusable: *why says what is wrong */
};

/* Registers of one CPU as the dump's notes have them. */
struct cpu_note {
	u32 cpu; /* by order of the notes, unless the note names it */
	u32 pid; /* NT_PRSTATUS's pid; 0 for QEMU's notes */
	struct x86_regs regs;
	struct x86_segments segments; /* its bases: the CPU's, or its task's in user space */
	bool has_segments;
	bool has_control; /* a hypervisor wrote it: what is below is valid, orig_ax is not */
	u64 cr0, cr2, cr3, cr4, kernel_gs_base, idt_base, gdt_base;
};

/* ELF notes as they stand in the file. */
struct note_range {
	const struct file_map *file;
	u64 offset, size;
	u64 total; /* bytes of FILE's ranges up to this one */
};

/* What a driver left of its device (an NT_VMCOREDD note). */
struct device_dump {
	char name[45];
	u64 offset, bytes; /* of the data in the file */
};

struct dump;

/* One a format; the table of all of them is in dumpfile.c. */
struct dump_ops {
	const char *name; /* "compressed kdump", "ELF vmcore" */
	enum probe_result (*probe)(const struct file_map *file, struct strbuf *why);
	/* Fills the public members of DUMP and sets dump->state. False with *why. */
	bool (*open)(struct dump *dump, struct strbuf *why);
	/* Reads [paddr, paddr + length), which never crosses a page. */
	bool (*read_page)(struct dump *dump, u64 paddr, void *buf, size_t length,
			  struct fault *fault);
	/* The next present page at or above pfn (in memory order); false: no more. */
	bool (*next_present)(struct dump *dump, u64 pfn, u64 *found_pfn);
	/* A live kernel's only: its memory map may have changed since the last command. */
	void (*refresh)(struct dump *dump);
	/* The same: writes a few bytes inside a page. False with *why. */
	bool (*write)(struct dump *dump, u64 paddr, const void *buf, size_t length,
		      struct strbuf *why);
	/* Header and notes in words, for `help -D` and `help -n`. */
	void (*describe)(const struct dump *dump, struct strbuf *text);
	void (*close)(struct dump *dump);
};

struct dump {
	const struct dump_ops *ops;
	const char *path; /* of the first file */
	struct file_map *files; /* all files of a split dump, in order given */
	size_t nr_files;

	const char *vmcoreinfo; /* text inside the file, not NUL-terminated; NULL when absent */
	size_t vmcoreinfo_bytes;
	struct cpu_note *cpu_notes;
	size_t nr_cpu_notes, cpu_notes_space;
	size_t nr_qemu_notes; /* the first so many of cpu_notes are from QEMUCPUStates */
	u64 crashed_task; /* a task_struct's address, from netdump's note or LKCD's header; 0: none */
	bool only_crashed_task; /* cpu_notes[0] is that task's, on whichever CPU; there are no others */
	struct note_range *note_ranges; /* all of the above, and what no one here reads */
	size_t nr_note_ranges, note_ranges_space;
	u64 nr_notes; /* looked at so far */
	struct device_dump *device_dumps;
	size_t nr_device_dumps, device_dumps_space;
	bool of_xen_host; /* a hypervisor left notes, too */
	u64 max_pfn; /* one past the highest page frame of the machine */
	bool live; /* no file: the memory of the running kernel, which changes while it is read */
	bool filtered; /* pages may be missing on purpose (makedumpfile -d) */
	bool incomplete; /* the writer, or the file's length, says that it was cut short */
	char utsname_release[65]; /* from a kdump header; "" when the format has none */
	char utsname_nodename[65];
	char utsname_version[65];
	u64 header_phys_base; /* kdump sub-header; 0 when the format has none */
	int dump_level; /* kdump sub-header's -d level; -1 unknown */
	bool is_partial_vmcore; /* PARTIAL DUMP in the banner: filtered with level > 0 */
	struct touched *touched; /* frames that were read; those excluded from the dump, too */
	bool touch_nothing; /* while memory is searched for something */
	struct strbuf remarks; /* a line each: what is wrong with the file though it opened */

	void *state; /* the format's own */
	struct page_cache *cache; /* decompressed pages, for formats that need it */
};

extern const struct dump_ops netdump_ops, diskdump_ops, lkcd_ops, vmware_ops, live_ops;

/*
 * Opens the dump in PATHS (several: one split dump). NULL with *why ("is a directory",
 * "compressed kdump, header version 6, cut short: ...") when nothing can read it.
 */
struct dump *dump_open(const char *const *paths, size_t nr_paths, struct strbuf *why);
/* The running kernel: /proc/kcore, or /dev/mem where that is missing. NULL with *why. */
struct dump *dump_open_live(struct strbuf *why);
void dump_close(struct dump *dump);
/* What of a live kernel may have changed is looked at again; a dump stays as it is. */
void dump_refresh(struct dump *dump);
/* Gives the memory of decompressed pages back; how many there were. */
u64 dump_free_pages(struct dump *dump);
/* Writes into a live kernel's memory, inside one page. False with *why; always so for a dump. */
bool dump_write(struct dump *dump, u64 paddr, const void *buf, size_t length, struct strbuf *why);

/* Any range; partial pages and page crossings allowed. fault->address is physical. */
bool dump_try_read(struct dump *dump, u64 paddr, void *buf, size_t length, struct fault *fault);
/* The bytes of the file itself, as they would be without a makedumpfile -F stream around them. */
bool dump_try_read_file(struct dump *dump, u64 offset, void *buf, size_t length,
			struct fault *fault);
bool dump_next_present(struct dump *dump, u64 pfn, u64 *found_pfn);
/* What a file is when no reader takes it: "an ELF executable (a vmlinux?)", "a bzImage kernel image",
 * "gzip-compressed data: unpack it first" ... Used for messages and to tell argument kinds apart. */
void file_describe(const struct file_map *file, struct strbuf *text);
/* By the machine's name in utsname, "i686"; an empty or damaged one says nothing. */
bool is_another_machine(const char *utsname);
/* "arm64", "ppc64, big-endian", "machine 4711" for the first 20 bytes of an ELF HEADER. */
void elf_describe_machine(const u8 *header, struct strbuf *text);

#endif
