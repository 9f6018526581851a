/* vmware.c - L1: a suspended VMware guest (.vmss) or a snapshot (.vmsn), and its memory. */
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
 *	padding, data
 *
 * The group "memory" has regionsCount, and regionPPN[i] (frame of the machine), regionPageNum[i]
 * (page of the memory's image), regionSize[i] (pages): without regions the image starts at frame 0.
 * The image is the block "Memory"[0][0], or the .vmem file.
 */
#include "extents.h"

#include <stdlib.h>

enum {
	GROUP_BYTES = 80,
	GROUPS_AT = 12,
	MAX_GROUPS = 1024,
	MAX_REGIONS = 64,
	MAX_TAGS = 1 << 16,
	BLOCK = 62,
};

struct vmware {
	struct extents extents;
	struct file_map memory; /* the .vmem file; data NULL: none */
	char *memory_path;
	u32 magic, version, nr_groups;
};

struct region {
	u64 frame, page, size;
};

/* What the group "memory" says. */
struct memory_group {
	u64 nr_regions;
	struct region regions[MAX_REGIONS];
	u64 image_at, image_bytes; /* the block in this file; 0 bytes: none */
};

struct tag {
	char name[256];
	u32 indices[3];
	u64 value; /* of at most 8 bytes */
	u64 block_at, block_bytes;
	bool is_block;
};

static bool is_magic(u32 magic)
{
	return magic == 0xbed2bed0 || magic == 0xbed2bed2 || magic == 0xbed3bed3 ||
	       magic == 0xbad1bad1;
}

static enum probe_result vmware_probe(const struct file_map *file, struct strbuf *why)
{
	u8 header[GROUPS_AT];
	u32 nr_groups;

	if (!file_map_read(file, 0, header, sizeof(header)) || !is_magic(load_u32(header)))
		return PROBE_NO;
	nr_groups = load_u32(header + 8);
	if (nr_groups < 1 || nr_groups > MAX_GROUPS ||
	    !range_fits(GROUPS_AT, (u64)nr_groups * GROUP_BYTES, file->size)) {
		strbuf_printf(why,
			      "VMware state file: %u groups do not fit into a file of %llu bytes",
			      nr_groups, (unsigned long long)file->size);
		return PROBE_BROKEN;
	}
	return PROBE_YES;
}

static bool read_block(const struct file_map *file, bool wide, u64 *at, struct tag *tag)
{
	u8 sizes[18];
	size_t width = wide ? 8 : 4;

	if (!file_map_read(file, *at, sizes, 2 * width + 2))
		return false;
	tag->is_block = true;
	tag->block_bytes = load_uint(sizes, width);
	tag->block_at = *at + 2 * width + 2 + load_u16(sizes + 2 * width);
	if (!range_fits(tag->block_at, tag->block_bytes, ~0ULL))
		return false;
	*at = tag->block_at + tag->block_bytes;
	return true;
}

/* Reads the tag at *AT and moves *AT behind it. False: the group ends here. */
static bool next_tag(const struct file_map *file, bool wide, u64 *at, struct tag *tag)
{
	u8 start[2], rest[8] = { 0 };
	unsigned nr_indices, bytes;

	*tag = (struct tag){ 0 };
	if (!file_map_read(file, *at, start, sizeof(start)) || (!start[0] && !start[1]) ||
	    !file_map_read(file, *at + 2, tag->name, start[1]))
		return false;
	nr_indices = start[0] >> 6;
	bytes = start[0] & 0x3f;
	*at += 2 + start[1];
	if (!file_map_read(file, *at, tag->indices, nr_indices * 4))
		return false;
	*at += nr_indices * 4;
	if (bytes >= BLOCK)
		return read_block(file, wide, at, tag);
	if (!file_map_read(file, *at, rest, min_u64(bytes, 8)))
		return false;
	tag->value = load_u64(rest);
	*at += bytes;
	return true;
}

static void use_tag(const struct tag *tag, struct memory_group *group)
{
	struct region *region = tag->indices[0] < MAX_REGIONS ? &group->regions[tag->indices[0]]
							      : NULL;

	if (streq(tag->name, "regionsCount"))
		group->nr_regions = tag->value;
	else if (streq(tag->name, "regionPPN") && region)
		region->frame = tag->value;
	else if (streq(tag->name, "regionPageNum") && region)
		region->page = tag->value;
	else if (streq(tag->name, "regionSize") && region)
		region->size = tag->value;
	else if (streq(tag->name, "Memory") && tag->is_block && !group->image_bytes) {
		group->image_at = tag->block_at;
		group->image_bytes = tag->block_bytes;
	}
}

static bool read_memory_group(const struct file_map *file, const struct vmware *vmware,
			      struct memory_group *group)
{
	for (u32 i = 0; i < vmware->nr_groups; i++) {
		u8 entry[GROUP_BYTES];
		u64 at, nr_tags = 0;
		struct tag tag;

		if (!file_map_read(file, GROUPS_AT + (u64)i * GROUP_BYTES, entry, sizeof(entry)))
			return false;
		if (strncmp((const char *)entry, "memory", 64) != 0)
			continue;
		at = load_u64(entry + 64);
		while (nr_tags++ < MAX_TAGS && next_tag(file, vmware->version & 0xf, &at, &tag))
			use_tag(&tag, group);
		return true;
	}
	return false;
}

/* FILE.vmem for FILE.vmss or FILE.vmsn. */
static bool open_memory_file(struct vmware *vmware, const char *path, struct strbuf *why)
{
	const char *dot = strrchr(path, '.');
	struct strbuf reason = { 0 };
	bool good;

	if (!dot || strchr(dot, '/'))
		dot = path + strlen(path);
	vmware->memory_path = xasprintf("%.*s.vmem", (int)(dot - path), path);
	good = file_map_open(&vmware->memory, vmware->memory_path, &reason);
	if (!good)
		strbuf_printf(why, "VMware state file: the guest's memory should be in %s: %s",
			      vmware->memory_path, strbuf_text(&reason));
	strbuf_free(&reason);
	return good;
}

/* PAGES of the image from page PAGE on are the machine's memory from FRAME on. */
static bool add_region(struct dump *dump, const struct region *region, const struct file_map *image,
		       u64 image_at, u64 image_bytes)
{
	struct vmware *vmware = dump->state;
	const u64 limit = 1ULL << (52 - PAGE_SHIFT);
	struct extent extent = { .file = image };
	u64 bytes;

	if (!region->size || !range_fits(region->frame, region->size, limit) ||
	    region->page >= limit)
		return false;
	bytes = region->page << PAGE_SHIFT < image_bytes
			? image_bytes - (region->page << PAGE_SHIFT)
			: 0;
	if (bytes < region->size << PAGE_SHIFT) {
		dump->incomplete = true;
		strbuf_printf(&dump->remarks, "%s: cut short, the memory at its end is missing\n",
			      image->path);
	}
	bytes = min_u64(bytes, region->size << PAGE_SHIFT);
	extent.start = region->frame << PAGE_SHIFT;
	extent.end = extent.start + bytes;
	extent.offset = image_at + (region->page << PAGE_SHIFT);
	if (bytes)
		extents_add(&vmware->extents, &extent);
	return true;
}

static bool add_regions(struct dump *dump, const struct memory_group *group,
			const struct file_map *image, u64 image_at, u64 image_bytes,
			struct strbuf *why)
{
	const struct region whole = { .size = (image_bytes + PAGE_BYTES - 1) >> PAGE_SHIFT };

	if (group->nr_regions > MAX_REGIONS) {
		strbuf_printf(
			why, "VMware state file: %llu regions of memory are more than there can be",
			(unsigned long long)group->nr_regions);
		return false;
	}
	if (!group->nr_regions)
		return add_region(dump, &whole, image, image_at, image_bytes);
	for (u64 i = 0; i < group->nr_regions; i++) {
		if (add_region(dump, &group->regions[i], image, image_at, image_bytes))
			continue;
		strbuf_printf(
			why,
			"VMware state file: region %llu of memory, %llx frames from %llx on, makes no sense",
			(unsigned long long)i, (unsigned long long)group->regions[i].size,
			(unsigned long long)group->regions[i].frame);
		return false;
	}
	return true;
}

static bool vmware_open(struct dump *dump, struct strbuf *why)
{
	struct vmware *vmware = xcalloc(1, sizeof(*vmware));
	const struct file_map *file = &dump->files[0];
	struct memory_group group = { 0 };
	u8 header[GROUPS_AT];

	dump->state = vmware;
	if (dump->nr_files > 1) {
		strbuf_puts(
			why,
			"VMware state file: only compressed kdumps can be split over several files");
		return false;
	}
	if (!file_map_read(file, 0, header, sizeof(header)))
		return false;
	vmware->magic = load_u32(header);
	vmware->version = load_u32(header + 4);
	vmware->nr_groups = load_u32(header + 8);
	if (!read_memory_group(file, vmware, &group)) {
		strbuf_puts(why, "VMware state file: no group says where the guest's memory is");
		return false;
	}
	if (group.image_bytes) {
		u64 in_file = group.image_at < file->size ? file->size - group.image_at : 0;

		if (!add_regions(dump, &group, file, group.image_at,
				 min_u64(in_file, group.image_bytes), why))
			return false;
	} else if (!open_memory_file(vmware, file->path, why) ||
		   !add_regions(dump, &group, &vmware->memory, 0, vmware->memory.size, why)) {
		return false;
	}
	dump->max_pfn = 0;
	if (!extents_sort(&vmware->extents, why))
		return false;
	dump->max_pfn = extents_max_pfn(&vmware->extents);
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

	strbuf_puts(text, "format: VMware state file\n");
	strbuf_printf(text, "file: %s, %llu bytes\n", dump->files[0].path,
		      (unsigned long long)dump->files[0].size);
	strbuf_printf(text, "magic: %x\nversion: %u\ngroups: %u\n", vmware->magic, vmware->version,
		      vmware->nr_groups);
	extents_describe(&vmware->extents, text);
	strbuf_puts(text, strbuf_text(&dump->remarks));
}

static void vmware_close(struct dump *dump)
{
	struct vmware *vmware = dump->state;

	extents_free(&vmware->extents);
	file_map_close(&vmware->memory);
	free(vmware->memory_path);
	free(vmware);
	dump->state = NULL;
}

const struct dump_ops vmware_ops = {
	.name = "VMware state file",
	.probe = vmware_probe,
	.open = vmware_open,
	.read_page = vmware_read_page,
	.next_present = vmware_next_present,
	.describe = vmware_describe,
	.close = vmware_close,
};
