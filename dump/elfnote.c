/* dump/elfnote.c - the ELF notes of a dump, the same in an ELF vmcore and in a compressed kdump. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *	a note (all parts padded to 4 bytes):
 *	0	4	bytes of the name, with its NUL
 *	4	4	bytes of the descriptor
 *	8	4	type
 *	12	...	name, descriptor
 *
 *	name		type	descriptor
 *	CORE		1	struct elf_prstatus (336 bytes): pid at 32, registers at 112, 8 more
 *	CORE		4	netdump's: the address of the task that crashed, more for nobody
 *	VMCOREINFO	0	text
 *	QEMU		0	QEMUCPUState, see below
 *	LINUX		0x700	a driver's own dump: 44 bytes of name, then its data
 *	Xen		0x100000x	a Xen host's: what its hypervisor knows
 *	VMCOREINFO_XEN	0	the text of that hypervisor
 *	CORE		6, ...	a process's: its auxiliary vector, signal, mapped files
 *
 *	netdump's names have no NUL: "CORE" is 4 bytes.
 *
 *	QEMUCPUState, version 1 (440 bytes; 432 without the last member):
 *	0	4	version
 *	4	4	size
 *	8	18 * 8	rax rbx rcx rdx rsi rdi rsp rbp r8-r15 rip rflags
 *	152	10 * 24	cs ds es fs gs ss ldt tr gdt idt, each: selector, limit, flags, pad, base
 *	392	5 * 8	cr0-cr4
 *	432	8	kernel_gs_base
 */
#include "dump/elfnote.h"

#include "dump/format.h"

#include <elf.h>
#include <stdlib.h>

enum {
	PRSTATUS_BYTES = 336,
	PRSTATUS_PID = 32,
	PRSTATUS_REGS = 112,
	PRSTATUS_SEGMENTS = PRSTATUS_REGS + sizeof(struct x86_regs),
	/* Some writers leave out what is behind the registers. */
	LEAST_PRSTATUS_BYTES = PRSTATUS_SEGMENTS + sizeof(struct x86_segments),
	QEMU_STATE_BYTES = 432,
	QEMU_KERNEL_GS = 432,
	QEMU_NR_SEGMENTS = 10,
	QEMU_SEGMENT_BYTES = 24,
	/* The kernel's text has one page; more than this is not vmcoreinfo. */
	MAX_VMCOREINFO_BYTES = 1 << 20,
	MAX_NAME_BYTES = 64,
	/*
	 * 8192 CPUs with a note of 400 bytes, and as much room left empty, read as notes
	 * of 12 bytes.
	 */
	MAX_NOTES = 1 << 20,
	NT_DEVICE_DUMP = 0x700,
	NT_XEN_CRASH_INFO = 0x1000001,
	NT_XEN_CRASH_REGS = 0x1000002,
	/* A process's notes begin with those of one thread and of the process. */
	NOTES_THAT_TELL = 64,
	DEVICE_NAME_BYTES = 44,
};

struct note {
	u32 type;
	char name[MAX_NAME_BYTES];
	u64 at; /* of the descriptor */
	u32 bytes; /* of the descriptor */
};

static struct cpu_note *add_cpu_note(struct dump *dump)
{
	struct cpu_note *note;

	if (!dump->cpu_notes || dump->nr_cpu_notes == dump->cpu_notes_space)
		dump->cpu_notes = vector_grow(dump->cpu_notes, &dump->cpu_notes_space,
					      sizeof(*dump->cpu_notes));
	note = &dump->cpu_notes[dump->nr_cpu_notes];
	*note = (struct cpu_note){ .cpu = dump->nr_cpu_notes };
	dump->nr_cpu_notes++;
	return note;
}

static void add_prstatus(struct dump *dump, const struct file_map *file, const struct note *note)
{
	u8 prstatus[LEAST_PRSTATUS_BYTES];
	struct cpu_note *cpu;

	if (note->bytes < LEAST_PRSTATUS_BYTES ||
	    !file_map_read(file, note->at, prstatus, LEAST_PRSTATUS_BYTES)) {
		strbuf_printf(&dump->remarks, "a CPU's register note has %u bytes instead of %u\n",
			      note->bytes, PRSTATUS_BYTES);
		return;
	}
	cpu = add_cpu_note(dump);
	cpu->pid = load_u32(prstatus + PRSTATUS_PID);
	memcpy(&cpu->regs, prstatus + PRSTATUS_REGS, sizeof(cpu->regs));
	memcpy(&cpu->segments, prstatus + PRSTATUS_SEGMENTS, sizeof(cpu->segments));
	cpu->has_segments = true;
}

/*
 * The task that the machine ran as it began to send its memory: the kernel told its address
 * to the netdump server, and the registers of that task, but neither its CPU nor the
 * registers of other CPUs.
 */
static void add_crashed_task(struct dump *dump, const struct file_map *file,
			     const struct note *note)
{
	u64 address;

	if (note->bytes < sizeof(address) ||
	    !file_map_read(file, note->at, &address, sizeof(address)))
		return;
	dump->crashed_task = address;
	dump->only_crashed_task = true;
}

static void take_qemu_segments(struct cpu_note *cpu, const u8 *segments)
{
	enum { CS, DS, ES, FS, GS, SS, LDT, TR, GDT, IDT };
	enum { BASE = 16 };

#define SEGMENT(number) (segments + QEMU_SEGMENT_BYTES * (number))
	cpu->regs.cs = load_u32(SEGMENT(CS));
	cpu->regs.ss = load_u32(SEGMENT(SS));
	cpu->segments = (struct x86_segments){
		.fs_base = load_u64(SEGMENT(FS) + BASE),
		.gs_base = load_u64(SEGMENT(GS) + BASE),
		.ds = load_u32(SEGMENT(DS)),
		.es = load_u32(SEGMENT(ES)),
		.fs = load_u32(SEGMENT(FS)),
		.gs = load_u32(SEGMENT(GS)),
	};
	cpu->has_segments = true;
	cpu->gdt_base = load_u64(SEGMENT(GDT) + BASE);
	cpu->idt_base = load_u64(SEGMENT(IDT) + BASE);
#undef SEGMENT
}

/* QEMU writes one PRSTATUS note a CPU, then one note of its own a CPU: both make one cpu_note. */
static void add_qemu_state(struct dump *dump, const struct file_map *file, const struct note *note)
{
	enum { RAX, RBX, RCX, RDX, RSI, RDI, RSP, RBP, R8, RIP = R8 + 8, RFLAGS };
	u8 state[QEMU_STATE_BYTES + 8] = { 0 };
	const u8 *registers = state + 8, *segments = registers + 18 * 8;
	const u8 *control = segments + QEMU_NR_SEGMENTS * QEMU_SEGMENT_BYTES;
	struct cpu_note *cpu;

	if (note->bytes < QEMU_STATE_BYTES ||
	    !file_map_read(file, note->at, state, min_u64(note->bytes, sizeof(state)))) {
		strbuf_printf(&dump->remarks, "a QEMU note has %u bytes instead of %u\n",
			      note->bytes, QEMU_STATE_BYTES);
		return;
	}
	cpu = dump->nr_qemu_notes < dump->nr_cpu_notes ? &dump->cpu_notes[dump->nr_qemu_notes]
						       : add_cpu_note(dump);
	dump->nr_qemu_notes++;
	cpu->has_control = true;
	cpu->pid = 0;
#define REGISTER(number) load_u64(registers + 8 * (number))
	cpu->regs = (struct x86_regs){
		.ax = REGISTER(RAX),
		.bx = REGISTER(RBX),
		.cx = REGISTER(RCX),
		.dx = REGISTER(RDX),
		.si = REGISTER(RSI),
		.di = REGISTER(RDI),
		.sp = REGISTER(RSP),
		.bp = REGISTER(RBP),
		.r8 = REGISTER(R8),
		.r9 = REGISTER(R8 + 1),
		.r10 = REGISTER(R8 + 2),
		.r11 = REGISTER(R8 + 3),
		.r12 = REGISTER(R8 + 4),
		.r13 = REGISTER(R8 + 5),
		.r14 = REGISTER(R8 + 6),
		.r15 = REGISTER(R8 + 7),
		.ip = REGISTER(RIP),
		.flags = REGISTER(RFLAGS),
		.orig_ax = ~0ULL,
	};
#undef REGISTER
	take_qemu_segments(cpu, segments);
	cpu->cr0 = load_u64(control);
	cpu->cr2 = load_u64(control + 16);
	cpu->cr3 = load_u64(control + 24);
	cpu->cr4 = load_u64(control + 32);
	cpu->kernel_gs_base = load_u64(state + QEMU_KERNEL_GS);
}

void dump_set_vmcoreinfo(struct dump *dump, const struct file_map *file, u64 offset, u64 size)
{
	char *text;

	if (!size || dump->vmcoreinfo)
		return;
	if (size > MAX_VMCOREINFO_BYTES || !range_fits(offset, size, file->size)) {
		strbuf_printf(&dump->remarks,
			      "vmcoreinfo of %llu bytes at file offset %llu is not in the file\n",
			      size, offset);
		return;
	}
	text = xmalloc(size);
	if (!file_map_read(file, offset, text, size)) {
		strbuf_puts(&dump->remarks, "vmcoreinfo is missing from the stream\n");
		free(text);
		return;
	}
	dump->vmcoreinfo = text;
	dump->vmcoreinfo_bytes = size;
}

static void add_device_dump(struct dump *dump, const struct file_map *file, const struct note *note)
{
	struct device_dump *device;

	if (!dump->device_dumps || dump->nr_device_dumps == dump->device_dumps_space)
		dump->device_dumps = vector_grow(dump->device_dumps, &dump->device_dumps_space,
						 sizeof(*dump->device_dumps));
	device = &dump->device_dumps[dump->nr_device_dumps];
	*device = (struct device_dump){ .offset = note->at + DEVICE_NAME_BYTES };
	if (note->bytes < DEVICE_NAME_BYTES ||
	    !file_map_read(file, note->at, device->name, DEVICE_NAME_BYTES)) {
		strbuf_printf(&dump->remarks,
			      "a device's dump of %u bytes is too short for its name\n",
			      note->bytes);
		return;
	}
	device->bytes = note->bytes - DEVICE_NAME_BYTES;
	dump->nr_device_dumps++;
}

/*
 * Ranges are copied as they are. Many program headers may lead to the same notes: all together they
 * are no more than their file has, or copies would be as long as a small file likes.
 */
static void add_range(struct dump *dump, const struct file_map *file, u64 offset, u64 size)
{
	const struct note_range *last = dump->nr_note_ranges
						? &dump->note_ranges[dump->nr_note_ranges - 1]
						: NULL;
	u64 total = last && last->file == file ? last->total + size : size;

	if (total > file->mapped_bytes) {
		strbuf_printf(
			&dump->remarks,
			"notes of %llu bytes at file offset %llu are left out: with those before "
			"them they are more than the file has\n",
			size, offset);
		return;
	}
	if (!dump->note_ranges || dump->nr_note_ranges == dump->note_ranges_space)
		dump->note_ranges = vector_grow(dump->note_ranges, &dump->note_ranges_space,
						sizeof(*dump->note_ranges));
	dump->note_ranges[dump->nr_note_ranges++] = (struct note_range){ file, offset, size,
									 total };
}

/* Reads the note at *AT and moves *AT behind it. */
static bool next_note(const struct file_map *file, u64 *at, u64 end, struct note *note)
{
	Elf64_Nhdr header;
	u64 name_at = *at + sizeof(header);

	if (!range_fits(*at, sizeof(header), end) ||
	    !file_map_read(file, *at, &header, sizeof(header)))
		return false;
	note->type = header.n_type;
	note->bytes = header.n_descsz;
	note->at = name_at + align_up(header.n_namesz, 4);
	if (!range_fits(note->at, note->bytes, end))
		return false;
	memset(note->name, 0, sizeof(note->name));
	if (header.n_namesz < sizeof(note->name) &&
	    !file_map_read(file, name_at, note->name, header.n_namesz))
		return false;
	*at = min_u64(note->at + align_up(note->bytes, 4), end);
	return true;
}

static void add_xen(struct dump *dump)
{
	if (!dump->of_xen_host)
		strbuf_puts(
			&dump->remarks,
			"dump of a Xen host: a paravirtual kernel's pages do not stand where that "
			"kernel says, and the hypervisor's tables are not read\n");
	dump->of_xen_host = true;
}

static bool is_xen(const struct note *note)
{
	return streq(note->name, "VMCOREINFO_XEN") ||
	       (streq(note->name, "Xen") &&
		(note->type == NT_XEN_CRASH_INFO || note->type == NT_XEN_CRASH_REGS));
}

bool notes_are_of_process(const struct file_map *file, u64 offset, u64 size)
{
	u64 at = offset, end = offset + size;
	struct note note;

	if (!range_fits(offset, size, file->size))
		return false;
	for (unsigned i = 0; i < NOTES_THAT_TELL && next_note(file, &at, end, &note); i++) {
		if (streq(note.name, "VMCOREINFO") || streq(note.name, "QEMU"))
			return false;
		if (streq(note.name, "CORE") &&
		    (note.type == NT_AUXV || note.type == NT_FILE || note.type == NT_SIGINFO))
			return true;
	}
	return false;
}

static void add_note(struct dump *dump, const struct file_map *file, const struct note *note)
{
	if (streq(note->name, "CORE") && note->type == NT_PRSTATUS)
		add_prstatus(dump, file, note);
	else if (streq(note->name, "CORE") && note->type == NT_TASKSTRUCT)
		add_crashed_task(dump, file, note);
	else if (streq(note->name, "QEMU") && note->type == 0)
		add_qemu_state(dump, file, note);
	else if (streq(note->name, "VMCOREINFO"))
		dump_set_vmcoreinfo(dump, file, note->at, note->bytes);
	else if (streq(note->name, "LINUX") && note->type == NT_DEVICE_DUMP)
		add_device_dump(dump, file, note);
	else if (is_xen(note))
		add_xen(dump);
}

void dump_add_notes(struct dump *dump, const struct file_map *file, u64 offset, u64 size)
{
	u64 at = offset, end = offset + size;

	if (!range_fits(offset, size, file->size)) {
		strbuf_printf(&dump->remarks,
			      "notes of %llu bytes at file offset %llu are not all in the file\n",
			      size, offset);
		if (offset >= file->size)
			return;
		end = file->size;
	}
	while (at < end) {
		struct note note;
		u64 start = at;

		/* A damaged size may take in the whole dump. */
		if (dump->nr_notes >= MAX_NOTES) {
			strbuf_printf(&dump->remarks,
				      "more than %u ELF notes: the rest is left out\n", MAX_NOTES);
			break;
		}
		dump->nr_notes++;
		if (!next_note(file, &at, end, &note)) {
			/* Padding behind the last note is no damage. */
			if (end - start >= sizeof(Elf64_Nhdr))
				strbuf_printf(&dump->remarks,
					      "damaged ELF note at file offset %llu\n", start);
			break;
		}
		/* The kernel leaves room for CPUs that wrote no note: all zero. */
		add_note(dump, file, &note);
	}
	if (at > offset)
		add_range(dump, file, offset, at - offset);
}

static void put_note(struct strbuf *notes, const char *name, u32 type, const void *data, u32 bytes)
{
	static const u8 padding[4];
	const u32 header[3] = { strlen(name) + 1, bytes, type };

	strbuf_add(notes, header, sizeof(header));
	strbuf_add(notes, name, header[0]);
	strbuf_add(notes, padding, align_up(header[0], 4) - header[0]);
	strbuf_add(notes, data, bytes);
	strbuf_add(notes, padding, align_up(bytes, 4) - bytes);
}

/* Piece by piece, because the ranges of one file may lie anywhere. */
static void copy_range(const struct note_range *range, struct strbuf *notes)
{
	u8 piece[PAGE_BYTES];
	u64 length;

	for (u64 at = 0; at < range->size; at += length) {
		length = min_u64(range->size - at, sizeof(piece));
		if (!file_map_read(range->file, range->offset + at, piece, length))
			return;
		strbuf_add(notes, piece, length);
	}
}

void dump_copy_notes(const struct dump *dump, struct strbuf *notes)
{
	for (size_t i = 0; i < dump->nr_note_ranges; i++)
		copy_range(&dump->note_ranges[i], notes);
	for (size_t i = 0; !dump->nr_note_ranges && i < dump->nr_cpu_notes; i++) {
		u8 prstatus[PRSTATUS_BYTES] = { 0 };

		memcpy(prstatus + PRSTATUS_PID, &dump->cpu_notes[i].pid, sizeof(u32));
		memcpy(prstatus + PRSTATUS_REGS, &dump->cpu_notes[i].regs, sizeof(struct x86_regs));
		memcpy(prstatus + PRSTATUS_SEGMENTS, &dump->cpu_notes[i].segments,
		       sizeof(struct x86_segments));
		put_note(notes, "CORE", NT_PRSTATUS, prstatus, sizeof(prstatus));
	}
}

static void describe_cpu_note(const struct dump *dump, const struct cpu_note *cpu,
			      struct strbuf *text)
{
	const char *writer = dump->nr_qemu_notes ? "QEMU" : "VMware";
	const struct x86_regs *regs = &cpu->regs;

	strbuf_printf(text, "cpu note %u: %s", cpu->cpu, cpu->has_control ? writer : "NT_PRSTATUS");
	if (!cpu->has_control)
		strbuf_printf(text, ", pid %u", cpu->pid);
	strbuf_printf(text, "\n    rip %016llx  rsp %016llx  rflags %08llx  cs %04llx\n", regs->ip,
		      regs->sp, regs->flags, regs->cs);
	strbuf_printf(text, "    rax %016llx  rbx %016llx  rcx %016llx\n", regs->ax, regs->bx,
		      regs->cx);
	strbuf_printf(text, "    rdx %016llx  rsi %016llx  rdi %016llx\n", regs->dx, regs->si,
		      regs->di);
	strbuf_printf(text, "    rbp %016llx  r8  %016llx  r9  %016llx\n", regs->bp, regs->r8,
		      regs->r9);
	strbuf_printf(text, "    r10 %016llx  r11 %016llx  r12 %016llx\n", regs->r10, regs->r11,
		      regs->r12);
	strbuf_printf(text, "    r13 %016llx  r14 %016llx  r15 %016llx\n", regs->r13, regs->r14,
		      regs->r15);
	if (!cpu->has_control)
		return;
	strbuf_printf(text, "    cr0 %016llx  cr2 %016llx  cr3 %016llx\n", cpu->cr0, cpu->cr2,
		      cpu->cr3);
	if (!dump->nr_qemu_notes) {
		strbuf_printf(text, "    cr4 %016llx  idt %016llx\n", cpu->cr4, cpu->idt_base);
		return;
	}
	strbuf_printf(text, "    cr4 %016llx  gs_base %016llx  kernel_gs_base %016llx\n", cpu->cr4,
		      cpu->segments.gs_base, cpu->kernel_gs_base);
	strbuf_printf(text, "    idt %016llx  gdt %016llx\n", cpu->idt_base, cpu->gdt_base);
}

void dump_describe_notes(const struct dump *dump, struct strbuf *text)
{
	for (size_t i = 0; i < dump->nr_cpu_notes; i++)
		describe_cpu_note(dump, &dump->cpu_notes[i], text);
	if (dump->crashed_task)
		strbuf_printf(text, "task_struct: %llx\n", dump->crashed_task);
	for (size_t i = 0; i < dump->nr_device_dumps; i++)
		strbuf_printf(text, "device dump \"%s\": %llu bytes at file offset %llu\n",
			      dump->device_dumps[i].name, dump->device_dumps[i].bytes,
			      dump->device_dumps[i].offset);
	if (dump->vmcoreinfo) {
		size_t length = strnlen(dump->vmcoreinfo, dump->vmcoreinfo_bytes);

		strbuf_printf(text, "vmcoreinfo: %zu bytes\n", dump->vmcoreinfo_bytes);
		strbuf_add(text, dump->vmcoreinfo, length);
		if (length && dump->vmcoreinfo[length - 1] != '\n')
			strbuf_putc(text, '\n');
	} else {
		strbuf_puts(text, "vmcoreinfo: no note in the file\n");
	}
}
