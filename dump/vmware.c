/* dump/vmware.c - a suspended VMware guest (.vmss) or a snapshot (.vmsn), and its memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *	0	4	magic
 *	4	4	version; low four bits 0: sizes of blocks are 32 bits wide
 *	8	4	number of groups
 *	12	80 * n	groups: name (64 bytes), file offset of its tags, size
 *
 *	a tag:
 *	0	1	low six bits: bytes of the value, 62 or 63: a block; high two bits: indices
 *	1	1	bytes of the name; flags and this both 0: end of the group
 *	2	...	name, indices (4 bytes each), value
 *
 *	a block: size in the file, size in memory (8 bytes each, or 4), 2 bytes of padding's length,
 *	padding, data; 62: the data are compressed
 *
 * The group "memory" has regionsCount, and regionPPN[i] (frame of the machine), regionPageNum[i]
 * (page of the memory's image), regionSize[i] (pages): without regions the image starts at frame 0.
 * The image is the block "Memory"[0][0], or the .vmem file.
 *
 * The group "cpu" has cpu:numVCPUs, and of CPU i: rax[i] ... r15[i], rip[i], eflags[i], CR64[i][n],
 * and IDTR[i], a block of 10 bytes: limit, base.
 */
#include "dump/elfnote.h"
#include "dump/extents.h"
#include "dump/format.h"

#include <stdlib.h>

enum {
	HEADER_BYTES = 12,
	GROUP_BYTES = 80,
	GROUP_NAME_BYTES = 64,
	MAX_INDICES = 3,
	VALUE_COMPRESSED = 62,
	VALUE_BLOCK = 63,
	MAX_REGIONS = 256,
	MAX_CPUS = 8192,
	IDTR_BYTES = 10,
	NR_CONTROL = 5,
	KERNEL_CS = 0x10,
	KERNEL_SS = 0x18,
	USER_SS = 0x2b,
	USER_CS = 0x33,
};

struct tag {
	char name[256];
	u32 nr_indices, indices[MAX_INDICES];
	bool block, compressed;
	u64 at, bytes; /* of the value or the block's data in the file */
	u64 end; /* where the next tag is */
};

struct region {
	u32 page, frame, pages;
	u8 known; /* a bit for each of the three */
};

/* What the tags say of a CPU. */
struct cpu_state {
	struct x86_regs regs;
	u64 control[NR_CONTROL], idt_base;
	bool has_ip, has_sp;
};

struct vmware {
	u32 magic, version, nr_groups, nr_cpus;
	u64 nr_regions; /* what regionsCount says */
	VECTOR(struct region) regions;
	VECTOR(struct cpu_state) cpus;
	const struct file_map *image; /* of the memory, at IMAGE_AT, IMAGE_BYTES long */
	u64 image_at, image_bytes;
	bool inside; /* the image is in the state's own file */
	bool compressed; /* the image is */
	struct file_map vmem;
	char *vmem_path;
	struct extents extents;
};

static bool is_magic(u32 magic)
{
	return magic == 0xbed2bed0 || magic == 0xbad1bad1 || magic == 0xbed2bed2 ||
	       magic == 0xbed3bed3;
}

static bool broken(struct strbuf *why, const char *format, ...) PRINTF_LIKE(2, 3);

static bool broken(struct strbuf *why, const char *format, ...)
{
	va_list args;

	strbuf_puts(why, "VMware state: ");
	va_start(args, format);
	strbuf_vprintf(why, format, args);
	va_end(args);
	return false;
}

static enum probe_result vmware_probe(const struct file_map *file, struct strbuf *why)
{
	u8 header[HEADER_BYTES];
	u32 nr_groups;

	if (!file_map_read(file, 0, header, 4) || !is_magic(load_u32(header)))
		return PROBE_NO;
	if (!file_map_read(file, 0, header, sizeof(header))) {
		broken(why, "cut short inside the header");
		return PROBE_BROKEN;
	}
	nr_groups = load_u32(header + 8);
	if (range_fits(HEADER_BYTES, (u64)nr_groups * GROUP_BYTES, file->size))
		return PROBE_YES;
	broken(why, "cut short: its %u groups do not fit into %llu bytes", nr_groups, file->size);
	return PROBE_BROKEN;
}

/* --- tags --- */

/* The sizes before a block's data, and where the data are. */
static bool read_block(const struct file_map *file, u64 at, bool wide, struct tag *tag)
{
	u32 width = wide ? 8 : 4;
	u8 head[18];

	if (!file_map_read(file, at, head, 2 * width + 2))
		return false;
	tag->bytes = load_uint(head, width);
	tag->compressed |= tag->bytes != load_uint(head + width, width);
	tag->at = at + 2 * width + 2 + load_u16(head + 2 * width);
	return true;
}

/* The tag at AT. False: the file ends inside it. */
static bool read_tag(const struct file_map *file, u64 at, bool wide, struct tag *tag)
{
	u8 head[2], indices[4 * MAX_INDICES];
	u32 kind;

	if (!file_map_read(file, at, head, sizeof(head)))
		return false;
	kind = head[0] & 0x3f;
	memset(tag, 0, sizeof(*tag));
	tag->nr_indices = head[0] >> 6;
	at += sizeof(head);
	if (!file_map_read(file, at, tag->name, head[1]) ||
	    !file_map_read(file, at + head[1], indices, 4 * tag->nr_indices))
		return false;
	/* Two bits of a byte count them, which gcc 14's analyzer loses sight of. */
	for (u32 i = 0; i < tag->nr_indices && i < MAX_INDICES; i++)
		tag->indices[i] = load_u32(indices + 4 * i);
	tag->at = at + head[1] + 4 * tag->nr_indices;
	tag->bytes = kind;
	tag->block = kind >= VALUE_COMPRESSED;
	tag->compressed = kind == VALUE_COMPRESSED;
	if (tag->block && !read_block(file, tag->at, wide, tag))
		return false;
	/* Of a block that is cut short the start counts, and no tag can follow. */
	tag->end = range_fits(tag->at, tag->bytes, file->size) ? tag->at + tag->bytes : file->size;
	return tag->block || tag->end < file->size || tag->at + tag->bytes == file->size;
}

static bool is_last(const struct tag *tag)
{
	return !tag->name[0] && !tag->nr_indices && !tag->block && !tag->bytes;
}

/* The value of up to 8 bytes. */
static u64 tag_value(const struct file_map *file, const struct tag *tag)
{
	u8 value[8] = { 0 };

	file_map_read(file, tag->at, value, min_u64(tag->bytes, sizeof(value)));
	return load_u64(value);
}

typedef void take_tag_fn(struct vmware *vmware, const struct file_map *file, const struct tag *tag);

/* Where the tags of the group NAME are. False: the state has no such group. */
static bool find_group(const struct dump *dump, const char *name, u64 *at)
{
	const struct vmware *vmware = dump->state;
	u8 group[GROUP_BYTES];

	for (u64 i = 0; i < vmware->nr_groups; i++) {
		if (!file_map_read(&dump->files[0], HEADER_BYTES + i * GROUP_BYTES, group,
				   sizeof(group)))
			return false;
		if (strncmp((const char *)group, name, GROUP_NAME_BYTES) != 0)
			continue;
		*at = load_u64(group + GROUP_NAME_BYTES);
		return true;
	}
	return false;
}

/* Calls TAKE for each tag of the group NAME. False: the state has no such group. */
static bool walk_group(struct dump *dump, const char *name, take_tag_fn *take)
{
	struct vmware *vmware = dump->state;
	const struct file_map *file = &dump->files[0];
	struct tag tag;
	u64 at;

	if (!find_group(dump, name, &at))
		return false;
	for (; read_tag(file, at, vmware->version & 0xf, &tag); at = tag.end) {
		if (is_last(&tag))
			return true;
		take(vmware, file, &tag);
	}
	dump->incomplete = true;
	strbuf_printf(&dump->remarks, "the VMware state ends inside the group \"%s\"\n", name);
	return true;
}

/* --- memory --- */

static void take_memory_tag(struct vmware *vmware, const struct file_map *file,
			    const struct tag *tag)
{
	static const char *const names[] = { "regionPageNum", "regionPPN", "regionSize" };
	u32 index = tag->indices[0];

	if (tag->block && streq(tag->name, "Memory") && tag->nr_indices == 2 && !index &&
	    !tag->indices[1] && !vmware->inside) {
		vmware->inside = true;
		vmware->image = file;
		vmware->image_at = tag->at;
		vmware->image_bytes = tag->bytes;
		vmware->compressed = tag->compressed;
	}
	if (tag->block)
		return;
	if (streq(tag->name, "regionsCount"))
		vmware->nr_regions = tag_value(file, tag);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct region *region;

		if (!streq(tag->name, names[i]) || tag->nr_indices != 1 || index >= MAX_REGIONS)
			continue;
		while (vmware->regions.count <= index)
			*vector_add(&vmware->regions) = (struct region){ 0 };
		region = &vmware->regions.items[index];
		*(i == 0   ? &region->page
		  : i == 1 ? &region->frame
			   : &region->pages) = tag_value(file, tag);
		region->known |= 1 << i;
	}
}

/* The .vmem file beside the state: what VMware writes when the memory is not inside. */
static bool open_vmem(struct vmware *vmware, const char *path, struct strbuf *why)
{
	const char *dot = strrchr(path, '.');
	struct strbuf reason = { 0 };
	bool opened;

	if (!dot || strchr(dot, '/'))
		dot = path + strlen(path);
	vmware->vmem_path = xasprintf("%.*s.vmem", (int)(dot - path), path);
	opened = file_map_open(&vmware->vmem, vmware->vmem_path, &reason);
	if (!opened)
		broken(why, "the guest's memory is not inside, and its file %s: %s",
		       vmware->vmem_path, strbuf_text(&reason));
	strbuf_free(&reason);
	vmware->image = &vmware->vmem;
	vmware->image_at = 0;
	vmware->image_bytes = vmware->vmem.size;
	return opened;
}

/*
 * The part of PAGES pages at PAGE of the image that the file has, as physical memory from FRAME on.
 */
static void add_region(struct dump *dump, u64 page, u64 frame, u64 pages)
{
	struct vmware *vmware = dump->state;
	u64 offset = page << PAGE_SHIFT, bytes = pages << PAGE_SHIFT, there;
	struct extent extent = { .start = frame << PAGE_SHIFT, .file = vmware->image };

	there = offset < vmware->image_bytes ? min_u64(bytes, vmware->image_bytes - offset) : 0;
	extent.offset = vmware->image_at + offset;
	if (!range_fits(extent.offset, there, vmware->image->size))
		there = extent.offset < vmware->image->size ? vmware->image->size - extent.offset
							    : 0;
	if (there < bytes) {
		dump->incomplete = true;
		strbuf_printf(&dump->remarks,
			      "%s is cut short: "
			      "%llu of the %llu bytes at physical address %llx are missing\n",
			      vmware->image->path, (bytes - there), bytes, extent.start);
	}
	extent.end = extent.start + there;
	if (there)
		extents_add(&vmware->extents, &extent);
}

static bool add_regions(struct dump *dump, struct strbuf *why)
{
	struct vmware *vmware = dump->state;

	if (!vmware->nr_regions && vmware->image_at > vmware->image->size)
		return broken(why, "cut short before the guest's memory");
	if (!vmware->nr_regions)
		add_region(dump, 0, 0, align_up(vmware->image_bytes, PAGE_BYTES) >> PAGE_SHIFT);
	if (vmware->nr_regions > vmware->regions.count)
		return broken(why, "%llu regions of memory, %zu of them are described",
			      vmware->nr_regions, vmware->regions.count);
	for (size_t i = 0; i < vmware->nr_regions; i++) {
		const struct region *region = &vmware->regions.items[i];

		if (region->known != 7)
			return broken(why, "region %zu of the memory is not described", i);
		add_region(dump, region->page, region->frame, region->pages);
	}
	if (!vmware->extents.list.count)
		return broken(why, "no memory of the guest is in %s", vmware->image->path);
	return extents_sort(&vmware->extents, why);
}

static bool open_memory(struct dump *dump, struct strbuf *why)
{
	struct vmware *vmware = dump->state;

	if (!walk_group(dump, "memory", take_memory_tag))
		return broken(why, "no group \"memory\"");
	if (vmware->compressed)
		return broken(
			why,
			"the guest's memory is compressed: resume the guest and suspend it without "
			"compression, or convert the file to an ELF core");
	if (!vmware->inside && !open_vmem(vmware, dump->files[0].path, why))
		return false;
	if (!add_regions(dump, why))
		return false;
	dump->max_pfn = extents_max_pfn(&vmware->extents);
	return true;
}

/* --- registers --- */

static const struct {
	const char *name;
	size_t offset;
} registers[] = {
#define AT(member) offsetof(struct x86_regs, member)
	{ "rax", AT(ax) },  { "rbx", AT(bx) },	     { "rcx", AT(cx) },	 { "rdx", AT(dx) },
	{ "rsi", AT(si) },  { "rdi", AT(di) },	     { "rbp", AT(bp) },	 { "rsp", AT(sp) },
	{ "r8", AT(r8) },   { "r9", AT(r9) },	     { "r10", AT(r10) }, { "r11", AT(r11) },
	{ "r12", AT(r12) }, { "r13", AT(r13) },	     { "r14", AT(r14) }, { "r15", AT(r15) },
	{ "rip", AT(ip) },  { "eflags", AT(flags) },
#undef AT
};

static void take_register(struct cpu_state *cpu, const struct file_map *file, const struct tag *tag)
{
	u8 idtr[IDTR_BYTES];

	if (streq(tag->name, "IDTR") && tag->bytes >= sizeof(idtr) && !tag->compressed &&
	    file_map_read(file, tag->at, idtr, sizeof(idtr)))
		cpu->idt_base = load_u64(idtr + 2);
	if (tag->block)
		return;
	if (streq(tag->name, "CR64") && tag->nr_indices >= 2 && tag->indices[1] < NR_CONTROL)
		cpu->control[tag->indices[1]] = tag_value(file, tag);
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
		u64 value = tag_value(file, tag);

		if (streq(tag->name, registers[i].name))
			memcpy((u8 *)&cpu->regs + registers[i].offset, &value, sizeof(value));
	}
	cpu->has_ip |= streq(tag->name, "rip");
	cpu->has_sp |= streq(tag->name, "rsp");
}

static void take_cpu_tag(struct vmware *vmware, const struct file_map *file, const struct tag *tag)
{
	u32 index = tag->indices[0];

	if (streq(tag->name, "cpu:numVCPUs"))
		vmware->nr_cpus = tag_value(file, tag);
	if (!tag->nr_indices || index >= MAX_CPUS)
		return;
	while (vmware->cpus.count <= index)
		*vector_add(&vmware->cpus) = (struct cpu_state){ 0 };
	take_register(&vmware->cpus.items[index], file, tag);
}

static void add_cpu_note(struct dump *dump, u32 number, const struct cpu_state *cpu)
{
	bool in_kernel = cpu->regs.ip >> 63;
	struct cpu_note *note = &dump->cpu_notes[dump->nr_cpu_notes++];

	*note = (struct cpu_note){
		.cpu = number,
		.regs = cpu->regs,
		.has_control = true,
		.cr0 = cpu->control[0],
		.cr2 = cpu->control[2],
		.cr3 = cpu->control[3],
		.cr4 = cpu->control[4],
		.idt_base = cpu->idt_base,
	};
	/* How the state names segments is not known; the two halves of the addresses tell. */
	note->regs.cs = in_kernel ? KERNEL_CS : USER_CS;
	note->regs.ss = in_kernel ? KERNEL_SS : USER_SS;
	note->regs.orig_ax = ~0ULL;
}

static void open_cpus(struct dump *dump)
{
	struct vmware *vmware = dump->state;
	u32 missing = 0;

	if (!walk_group(dump, "cpu", take_cpu_tag))
		return;
	dump->cpu_notes = xcalloc(vmware->cpus.count + 1, sizeof(*dump->cpu_notes));
	for (size_t i = 0; i < vmware->cpus.count; i++) {
		const struct cpu_state *cpu = &vmware->cpus.items[i];

		/* Tags may name CPUs which the guest does not have. */
		if (i >= vmware->nr_cpus)
			break;
		if (cpu->has_ip && cpu->has_sp)
			add_cpu_note(dump, i, cpu);
	}
	missing = vmware->nr_cpus - dump->nr_cpu_notes;
	if (missing)
		strbuf_printf(&dump->remarks,
			      "the VMware state has no registers of %u of its %u CPUs\n", missing,
			      vmware->nr_cpus);
}

/* --- the format --- */

static bool vmware_open(struct dump *dump, struct strbuf *why)
{
	struct vmware *vmware = xcalloc(1, sizeof(*vmware));
	u8 header[HEADER_BYTES];

	dump->state = vmware;
	vmware->vmem.fd = -1;
	if (dump->nr_files > 1)
		return broken(why, "a guest has one file, %zu are given", dump->nr_files);
	if (!file_map_read(&dump->files[0], 0, header, sizeof(header)))
		return broken(why, "cut short inside the header");
	vmware->magic = load_u32(header);
	vmware->version = load_u32(header + 4);
	vmware->nr_groups = load_u32(header + 8);
	if (!open_memory(dump, why))
		return false;
	open_cpus(dump);
	return true;
}

static bool vmware_read_page(struct dump *dump, u64 paddr, void *buf, size_t length,
			     struct fault *fault)
{
	struct vmware *vmware = dump->state;

	return extents_read(&vmware->extents, paddr, buf, length, fault);
}

static bool vmware_next_present(struct dump *dump, u64 pfn, u64 *found_pfn)
{
	struct vmware *vmware = dump->state;

	return extents_next_present(&vmware->extents, pfn, found_pfn);
}

static void vmware_describe(const struct dump *dump, struct strbuf *text)
{
	const struct vmware *vmware = dump->state;

	strbuf_puts(text, "format: VMware state\n");
	strbuf_printf(text, "%20s: %s, %llu bytes\n", "filename", dump->files[0].path,
		      dump->files[0].size);
	strbuf_printf(text, "%20s: %s, %llu bytes at offset %llu\n", "memory", vmware->image->path,
		      vmware->image_bytes, vmware->image_at);
	strbuf_printf(text, "%20s: %x\n", "id", vmware->magic);
	strbuf_printf(text, "%20s: %u (sizes of %u bits)\n", "version", vmware->version,
		      vmware->version & 0xf ? 64 : 32);
	strbuf_printf(text, "%20s: %u\n", "numgroups", vmware->nr_groups);
	strbuf_printf(text, "%20s: %u\n", "numVCPUs", vmware->nr_cpus);
	strbuf_printf(text, "%20s: %llu\n", "regionsCount", vmware->nr_regions);
	extents_describe(&vmware->extents, text);
	dump_describe_notes(dump, text);
}

static void vmware_close(struct dump *dump)
{
	struct vmware *vmware = dump->state;

	extents_free(&vmware->extents);
	vector_free(&vmware->regions);
	vector_free(&vmware->cpus);
	file_map_close(&vmware->vmem);
	free(vmware->vmem_path);
	free(vmware);
	dump->state = NULL;
}

const struct dump_ops vmware_ops = {
	.name = "VMware state",
	.probe = vmware_probe,
	.open = vmware_open,
	.read_page = vmware_read_page,
	.next_present = vmware_next_present,
	.describe = vmware_describe,
	.close = vmware_close,
};
