/* dump/elfwrite.c - writes a dump's memory as an ELF dump, as /proc/vmcore has it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dump/elfwrite.h"

#include "base/fail.h"
#include "base/progress.h"
#include "dump/elfnote.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Of runs of memory that follow each other; the number of program headers has 16 bits. */
#define MOST_RUNS 65000

struct run {
	u64 start, end; /* physical */
};

struct runs {
	VECTOR(struct run) list;
};

static bool find_runs(struct dump *dump, struct runs *runs, struct strbuf *why)
{
	struct run *last = NULL;
	u64 pfn = 0;

	for (; dump_next_present(dump, pfn, &pfn); pfn++) {
		u64 at = pfn << PAGE_SHIFT;

		if (last && last->end == at) {
			last->end += PAGE_BYTES;
			continue;
		}
		if (runs->list.count == MOST_RUNS) {
			strbuf_printf(why, "its memory is in more than %u pieces", MOST_RUNS);
			return false;
		}
		last = vector_add(&runs->list);
		*last = (struct run){ at, at + PAGE_BYTES };
	}
	return true;
}

static void add_note(struct strbuf *notes, const char *name, const char *text, size_t bytes)
{
	Elf64_Nhdr header = { .n_namesz = strlen(name) + 1, .n_descsz = bytes };

	strbuf_add(notes, &header, sizeof(header));
	strbuf_add(notes, name, header.n_namesz);
	while (notes->length % 4)
		strbuf_putc(notes, '\0');
	strbuf_add(notes, text, bytes);
	while (notes->length % 4)
		strbuf_putc(notes, '\0');
}

static void add_header(struct strbuf *text, const struct runs *runs, u64 notes_bytes, u64 data_at)
{
	Elf64_Ehdr header = { .e_ident = ELFMAG,
			      .e_type = ET_CORE,
			      .e_machine = EM_X86_64,
			      .e_version = EV_CURRENT,
			      .e_phoff = sizeof(header),
			      .e_ehsize = sizeof(header),
			      .e_phentsize = sizeof(Elf64_Phdr),
			      .e_phnum = runs->list.count + 1 };
	Elf64_Phdr note = { .p_type = PT_NOTE,
			    .p_offset = sizeof(header) + header.e_phnum * sizeof(note),
			    .p_filesz = notes_bytes,
			    .p_memsz = notes_bytes };

	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	strbuf_add(text, &header, sizeof(header));
	strbuf_add(text, &note, sizeof(note));
	for (size_t i = 0; i < runs->list.count; i++) {
		const struct run *run = &runs->list.items[i];
		Elf64_Phdr load = { .p_type = PT_LOAD,
				    .p_flags = PF_R | PF_W | PF_X,
				    .p_offset = data_at,
				    .p_paddr = run->start,
				    .p_filesz = run->end - run->start,
				    .p_memsz = run->end - run->start };

		strbuf_add(text, &load, sizeof(load));
		data_at += load.p_filesz;
	}
}

static bool write_all(int fd, const char *data, size_t bytes)
{
	while (bytes) {
		ssize_t done = write(fd, data, bytes);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		data += done;
		bytes -= done;
	}
	return true;
}

static bool copy_run(struct dump *dump, const struct run *run, int fd, u64 *done, u64 all,
		     struct strbuf *why)
{
	static char chunk[1 << 20];

	for (u64 at = run->start; at < run->end; at += sizeof(chunk)) {
		u64 bytes = min_u64(run->end - at, sizeof(chunk));
		struct fault fault;

		if (interrupt_pending()) {
			strbuf_puts(why, "interrupted");
			return false;
		}
		if (!dump_try_read(dump, at, chunk, bytes, &fault)) {
			strbuf_printf(why, "memory at %llx cannot be read: %s", fault.address,
				      fault_text(&fault));
			return false;
		}
		if (!write_all(fd, chunk, bytes)) {
			strbuf_puts(why, strerror(errno));
			return false;
		}
		*done += bytes;
		progress_at(*done, all);
	}
	return true;
}

static bool copy_runs(struct dump *dump, const struct runs *runs, int fd, struct strbuf *why)
{
	u64 done = 0, all = 0;
	bool good = true;

	for (size_t i = 0; i < runs->list.count; i++)
		all += runs->list.items[i].end - runs->list.items[i].start;
	progress_begin("writing", PROGRESS_BYTES);
	for (size_t i = 0; good && i < runs->list.count; i++)
		good = copy_run(dump, &runs->list.items[i], fd, &done, all, why);
	progress_end();
	return good;
}

/* What stands before the memory, up to a page's end. */
static void make_start(const struct dump *dump, const struct runs *runs,
		       const struct vmcoreinfo *info, struct strbuf *start)
{
	struct strbuf notes = { 0 };
	u64 bytes;

	dump_copy_notes(dump, &notes);
	if (info->text && !info->made_up && !dump->vmcoreinfo)
		add_note(&notes, "VMCOREINFO", info->text, info->length);
	bytes = sizeof(Elf64_Ehdr) + (runs->list.count + 1) * sizeof(Elf64_Phdr) + notes.length;
	add_header(start, runs, notes.length, align_up(bytes, PAGE_BYTES));
	strbuf_add(start, strbuf_text(&notes), notes.length);
	while (start->length % PAGE_BYTES)
		strbuf_putc(start, '\0');
	strbuf_free(&notes);
}

bool elf_write(struct dump *dump, const char *path, const struct vmcoreinfo *info,
	       struct strbuf *why)
{
	struct runs runs = { 0 };
	struct strbuf start = { 0 };
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool good = fd >= 0;

	if (!good)
		strbuf_puts(why, strerror(errno));
	good = good && find_runs(dump, &runs, why);
	if (good) {
		make_start(dump, &runs, info, &start);
		good = write_all(fd, strbuf_text(&start), start.length);
		if (!good)
			strbuf_puts(why, strerror(errno));
	}
	good = good && copy_runs(dump, &runs, fd, why);
	if (fd >= 0 && close(fd) != 0 && good) {
		strbuf_puts(why, strerror(errno));
		good = false;
	}
	if (fd >= 0 && !good)
		unlink(path);
	strbuf_free(&start);
	vector_free(&runs.list);
	return good;
}
