/* dump/format.h - what a dump is to who reads it, and what the reader of a format gives for that. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FORMAT_H
#define FORMAT_H

#include "base/fault.h"
#include "base/util.h"

struct cpu_note;
struct device_dump;
struct file_map;
struct note_range;
struct page_cache;
struct touched;

enum probe_result {
	PROBE_NO, /* another format */
	PROBE_YES,
	PROBE_BROKEN, /* this format, but unusable: *why says what is wrong */
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
	bool registers_left_out; /* of them none is used */
	size_t nr_qemu_notes; /* the first so many of cpu_notes are from QEMUCPUStates */
	/* a task_struct's address, from netdump's note or LKCD's header; 0: none */
	u64 crashed_task;
	/* cpu_notes[0] is that task's, on whichever CPU; there are no others */
	bool only_crashed_task;
	struct note_range *note_ranges; /* all of the above, and what no one here reads */
	size_t nr_note_ranges, note_ranges_space;
	u64 nr_notes; /* looked at so far */
	struct device_dump *device_dumps;
	size_t nr_device_dumps, device_dumps_space;
	bool of_xen_host; /* a hypervisor left notes as well */
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
	struct touched *touched; /* frames that were read; those excluded from the dump as well */
	bool touch_nothing; /* while memory is searched for something */
	struct strbuf remarks; /* a line each: what is wrong with the file though it opened */

	void *state; /* the format's own */
	struct page_cache *cache; /* decompressed pages, for formats that need it */
};

extern const struct dump_ops netdump_ops, diskdump_ops, lkcd_ops, vmware_ops, live_ops;

#endif
