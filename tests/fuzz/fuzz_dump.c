/* fuzz_dump.c - tests: every dump reader through dump_open() and dump_try_read(), also of split dumps. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "dump/dumpfile.h"
#include "dump/elfnote.h"
#include "dump/vmcoreinfo.h"
#include "dump_builder.h"
#include "lkcd_builder.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_FRAMES = 32 };

static const char vmcoreinfo_text[] =
	"OSRELEASE=9.9.9-test\nBUILD-ID=0123456789abcdef\nPAGESIZE=4096\n"
	"SYMBOL(init_uts_ns)=ffffffff82a0b2c0\nOFFSET(uts_namespace.name)=0\n"
	"SYMBOL(_stext)=ffffffff81000000\nNUMBER(phys_base)=-4096\n"
	"KERNELOFFSET=1000000\nSIZE(list_head)=16\n";

void fuzz_setup(void)
{
	fuzz_input_is_pieces = true;
}

static void read_frame(struct dump *dump, u64 pfn)
{
	u8 page[PAGE_BYTES];
	struct fault fault = { 0 };

	if (pfn >> (64 - PAGE_SHIFT))
		return;
	if (dump_try_read(dump, pfn << PAGE_SHIFT, page, sizeof(page), &fault))
		fuzz_touch(page, sizeof(page));
	else
		FUZZ_EXPECT(fault.reason != FAULT_NONE);
	/* The same over a border of pages. */
	dump_try_read(dump, (pfn << PAGE_SHIFT) + 4090, page, 12, &fault);
}

static void read_frames(struct dump *dump)
{
	u64 pfn = 0, found, count = 0;

	while (count++ < MOST_FRAMES && dump_next_present(dump, pfn, &found)) {
		FUZZ_EXPECT(found >= pfn);
		read_frame(dump, found);
		pfn = found + 1;
	}
	for (pfn = 0; pfn < 16; pfn++) {
		read_frame(dump, pfn);
		read_frame(dump, dump->max_pfn - pfn);
		read_frame(dump, 1ULL << (4 * pfn));
	}
	/* A search over all of a big machine takes its time. */
	if (count < MOST_FRAMES) {
		struct vmcoreinfo info;

		if (vmcoreinfo_load(dump, NULL, &info))
			fuzz_touch_text(info.text);
		vmcoreinfo_free(&info);
	}
}

void fuzz_one(const u8 *data, size_t size)
{
	const char *paths[FUZZ_MAX_FILES];
	struct strbuf text = { 0 };
	struct fuzz_files files;
	struct dump *dump;

	fuzz_take_pieces(data, size, &files);
	for (size_t i = 0; i < files.count; i++)
		paths[i] = fuzz_path(i, files.contents[i].text, files.contents[i].length);
	dump = files.count ? dump_open(paths, files.count, &text) : NULL;
	FUZZ_EXPECT(dump || !files.count || text.length);
	if (dump) {
		read_frames(dump);
		dump->ops->describe(dump, &text);
		fuzz_touch_text(strbuf_text(&text));
		strbuf_reset(&text);
		dump_copy_notes(dump, &text);
		dump_close(dump);
	}
	strbuf_free(&text);
	fuzz_free_files(&files);
}

/* --- seeds --- */

/* Frames that compress well: the inputs stay small. */
static struct dump_description *small_machine(u64 nr_pfns)
{
	struct dump_description *made = xcalloc(1, sizeof(*made));

	made->nr_pfns = nr_pfns;
	made->nr_cpus = 2;
	made->vmcoreinfo = vmcoreinfo_text;
	for (u64 pfn = 1; pfn < nr_pfns; pfn++)
		made->kinds[pfn] = pfn % 7 == 3	  ? PAGE_PRESENT
				   : pfn % 7 == 5 ? PAGE_EXCLUDED
						  : PAGE_ABSENT;
	return made;
}

static void seed(const char *name, const struct built_dump *built, size_t max_run)
{
	struct strbuf input = { 0 };

	fuzz_add_pieces(&input, 0, built->data, built->size, max_run);
	fuzz_seed(name, input.text, input.length);
	strbuf_free(&input);
}

static void seed_kdumps(void)
{
	static const char *const names[] = { "raw", "zlib", "lzo", "snappy", "zstd" };
	struct dump_description *machine = small_machine(26);
	struct built_dump built;
	char name[32];

	for (u32 version = 1; version <= 6; version++) {
		machine->version = version;
		machine->compression = (enum build_compression)((version + 3) % 5);
		machine->qemu_notes = version == 6;
		build_dump(machine, &built);
		snprintf(name, sizeof(name), "kdump-v%u-%s", version, names[machine->compression]);
		seed(name, &built, 512);
		built_free(&built);
	}
	free(machine);
}

static void seed_split(void)
{
	struct dump_description *machine = small_machine(26);
	struct strbuf input = { 0 };
	struct built_dump built;

	machine->version = 6;
	machine->compression = BUILD_ZSTD;
	machine->split = true;
	for (unsigned i = 0; i < 2; i++) {
		machine->start_pfn = i * 13;
		machine->end_pfn = i * 13 + 13;
		build_dump(machine, &built);
		fuzz_add_pieces(&input, i, built.data, built.size, 512);
		built_free(&built);
	}
	fuzz_seed("kdump-split", input.text, input.length);
	strbuf_free(&input);
	free(machine);
}

static void seed_elf(void)
{
	struct dump_description *machine = small_machine(12);
	struct built_dump built, stream;

	for (unsigned i = 0; i < 6; i++) {
		char name[32];

		machine->narrow = i == 4;
		machine->netdump = i == 5;
		machine->crashed_task = i == 5 ? 0xffff888012345678 : 0;
		machine->qemu_notes = i & 1 && i != 5;
		machine->shuffled = i & 2;
		machine->overlapping = i == 1;
		machine->many_segments = i == 3;
		build_dump(machine, &built);
		snprintf(name, sizeof(name), "elf-%u", i);
		seed(name, &built, 512);
		build_flattened(&built, 900, i & 1, i & 2, &stream);
		snprintf(name, sizeof(name), "flattened-elf-%u", i);
		seed(name, &stream, 512);
		built_free(&stream);
		built_free(&built);
	}
	machine->netdump = false;
	machine->crashed_task = 0;
	machine->version = 6;
	machine->compression = BUILD_ZLIB;
	build_dump(machine, &built);
	build_flattened(&built, 4096, true, true, &stream);
	seed("flattened-kdump", &stream, 512);
	built_free(&stream);
	built_free(&built);
	free(machine);
}

static void seed_lkcd(void)
{
	for (u32 i = 0; i < 3; i++) {
		const struct lkcd_description description = { .version = 8 + i,
							      .compression = i,
							      .nr_pfns = 4,
							      .nr_cpus = i,
							      .shuffled = i == 1,
							      .rewritten = i == 2,
							      .end_flags = 4 };
		struct built_dump built;
		char name[32];

		build_lkcd(&description, &built);
		snprintf(name, sizeof(name), "lkcd-%u", i);
		seed(name, &built, 512);
		built_free(&built);
	}
}

void fuzz_write_seeds(void)
{
	seed_lkcd();
	seed_kdumps();
	seed_split();
	seed_elf();
}
