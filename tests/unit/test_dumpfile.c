/* test_dumpfile.c - tests: every dump format gives its bytes back; damaged ones give messages. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dump/dumpfile.h"
#include "dump/elfnote.h"
#include "dump/pagecache.h"
#include "dump/vmcoreinfo.h"
#include "dump_builder.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

static const char vmcoreinfo_text[] =
	"OSRELEASE=9.9.9-test\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff80003000\n"
	"OFFSET(uts_namespace.name)=0\nSYMBOL(_stext)=ffffffff80000000\nNUMBER(phys_base)=65536\n"
	"SIZE(page)=64\nNUMBER(VMALLOC_START)=0xffffc90000000000\nNUMBER(negative)=-4096\n"
	"KERNELOFFSET=1a000000\nNUMBER(PG_lru)=5\n";

/* 300 frames: RAM with a hole at 100-119, every fourth frame above 200 excluded. */
static void describe_small(struct dump_description *description)
{
	*description = (struct dump_description){ .nr_pfns = 300,
						  .nr_cpus = 2,
						  .vmcoreinfo = vmcoreinfo_text };
	for (u64 pfn = 0; pfn < description->nr_pfns; pfn++) {
		enum page_kind kind = pfn >= 200 && pfn % 4 == 0 ? PAGE_EXCLUDED : PAGE_PRESENT;

		description->kinds[pfn] = pfn >= 100 && pfn < 120 ? PAGE_ABSENT : kind;
	}
}

static struct dump *open_built(const struct built_dump *built, char **path, struct strbuf *why)
{
	*path = built_write(built);
	return dump_open((const char *const *)path, 1, why);
}

static void close_built(struct dump *dump, char *path)
{
	dump_close(dump);
	unlink(path);
	free(path);
}

/* Each frame of the dump is what the description says. */
static void check_pages(struct dump *dump, const struct dump_description *description, u64 first,
			u64 last)
{
	static const enum fault_reason reasons[] = {
		[PAGE_ABSENT] = FAULT_NOT_IN_DUMP,
		[PAGE_EXCLUDED] = FAULT_EXCLUDED,
	};
	u64 next = 0;
	bool more = dump_next_present(dump, 0, &next);

	for (u64 pfn = 0; pfn < description->nr_pfns + 3; pfn++) {
		enum page_kind kind = pfn < description->nr_pfns ? description->kinds[pfn]
								 : PAGE_ABSENT;
		u8 page[PAGE_BYTES], expected[PAGE_BYTES];
		struct fault fault = { 0 };

		if (pfn < first || pfn >= last)
			kind = PAGE_ABSENT;
		if (kind == PAGE_PRESENT) {
			build_page(pfn, expected);
			assert_true(
				dump_try_read(dump, pfn * PAGE_BYTES, page, sizeof(page), &fault));
			assert_memory_equal(page, expected, sizeof(page));
			assert_true(more);
			assert_int_equal(next, pfn);
			more = dump_next_present(dump, pfn + 1, &next);
			continue;
		}
		assert_false(dump_try_read(dump, pfn * PAGE_BYTES + 8, page, 8, &fault));
		assert_int_equal(fault.reason, reasons[kind]);
		assert_int_equal(fault.space, SPACE_PHYSICAL);
		assert_int_equal(fault.address, pfn * PAGE_BYTES + 8);
	}
	assert_false(more);
}

static void check_whole(const struct dump_description *description, const struct built_dump *built)
{
	struct strbuf why = { 0 };
	char *path;
	struct dump *dump = open_built(built, &path, &why);

	if (!dump)
		fail_msg("%s", strbuf_text(&why));
	assert_false(dump->incomplete);
	assert_string_equal(strbuf_text(&dump->remarks), "");
	assert_int_equal(dump->max_pfn, description->nr_pfns);
	check_pages(dump, description, 0, description->nr_pfns);
	close_built(dump, path);
}

/* --- whole dumps --- */

static void kdump_every_version_and_compression(void **state UNUSED)
{
	struct dump_description description;
	struct built_dump built;

	describe_small(&description);
	for (u32 version = 1; version <= 6; version++) {
		for (enum build_compression method = BUILD_RAW; method <= BUILD_ZSTD; method++) {
			description.version = version;
			description.compression = method;
			build_dump(&description, &built);
			check_whole(&description, &built);
			built_free(&built);
		}
	}
}

static void kdump_header_members(void **state UNUSED)
{
	struct dump_description description;
	struct built_dump built;
	struct strbuf why = { 0 }, text = { 0 };
	char *path;

	describe_small(&description);
	for (u32 version = 1; version <= 6; version++) {
		struct dump *dump;

		description.version = version;
		build_dump(&description, &built);
		dump = open_built(&built, &path, &why);
		assert_non_null(dump);
		assert_string_equal(dump->ops->name, "compressed kdump");
		assert_string_equal(dump->utsname_release, "9.9.9-test");
		assert_string_equal(dump->utsname_nodename, "testnode");
		assert_int_equal(dump->header_phys_base, 0x12345000);
		assert_int_equal(dump->dump_level, 31);
		assert_true(dump->filtered);
		/* Notes came with version 4, vmcoreinfo with version 3. */
		assert_int_equal(dump->nr_cpu_notes, version >= 4 ? 2 : 0);
		if (version < 3) {
			assert_null(dump->vmcoreinfo);
		} else {
			assert_int_equal(dump->vmcoreinfo_bytes, strlen(vmcoreinfo_text));
			assert_memory_equal(dump->vmcoreinfo, vmcoreinfo_text,
					    dump->vmcoreinfo_bytes);
		}
		strbuf_reset(&text);
		dump->ops->describe(dump, &text);
		assert_non_null(strstr(strbuf_text(&text), "release: 9.9.9-test\n"));
		assert_non_null(strstr(strbuf_text(&text), "dump_level: 31 (0x1f)"));
		close_built(dump, path);
		built_free(&built);
	}
	strbuf_free(&text);
}

static void elf_segments_in_any_shape(void **state UNUSED)
{
	struct dump_description description;
	struct built_dump built;

	describe_small(&description);
	for (unsigned shape = 0; shape < 32; shape++) {
		description.shuffled = shape & 1;
		description.overlapping = shape & 2;
		description.many_segments = shape & 4;
		description.pages_a_segment = shape & 8 ? 7 : 0;
		description.narrow = shape & 16;
		build_dump(&description, &built);
		check_whole(&description, &built);
		built_free(&built);
	}
}

static void notes_have_registers(void **state UNUSED)
{
	for (unsigned variant = 0; variant < 4; variant++) {
		struct dump_description description;
		struct built_dump built;
		struct strbuf why = { 0 };
		struct dump *dump;
		char *path;

		describe_small(&description);
		description.nr_cpus = 3;
		description.version = variant & 1 ? 6 : 0;
		description.qemu_notes = variant & 2;
		build_dump(&description, &built);
		dump = open_built(&built, &path, &why);
		assert_non_null(dump);
		assert_int_equal(dump->nr_cpu_notes, 3);
		for (u64 cpu = 0; cpu < 3; cpu++) {
			const struct cpu_note *note = &dump->cpu_notes[cpu];

			assert_int_equal(note->cpu, cpu);
			assert_int_equal(note->has_control, description.qemu_notes);
			if (!description.qemu_notes) {
				assert_int_equal(note->pid, 100 + cpu);
				assert_int_equal(note->regs.r15, cpu << 16);
				assert_int_equal(note->regs.ip, cpu << 16 | 16);
				assert_int_equal(note->regs.sp, cpu << 16 | 19);
				assert_int_equal(note->segments.fs_base, cpu << 16 | 21);
				assert_int_equal(note->segments.gs, cpu << 16 | 26);
				continue;
			}
			/* The builder's value of each 8 bytes is their own offset. */
			assert_int_equal(note->regs.ax, cpu << 16 | 8);
			assert_int_equal(note->regs.sp, cpu << 16 | 56);
			assert_int_equal(note->regs.ip, cpu << 16 | 136);
			assert_int_equal(note->cr3, cpu << 16 | 416);
			assert_int_equal(note->segments.gs_base, cpu << 16 | 264);
			assert_int_equal(note->segments.fs_base, cpu << 16 | 240);
			assert_int_equal(note->kernel_gs_base, cpu << 16 | 432);
		}
		close_built(dump, path);
		built_free(&built);
	}
}

/* Every register is in the first 328 bytes; what has fewer is left out, and that is said. */
static void short_notes_have_registers(void **state UNUSED)
{
	for (unsigned bytes = 327; bytes <= 336; bytes++) {
		struct dump_description description;
		struct built_dump built;
		struct strbuf why = { 0 };
		struct dump *dump;
		char *path;

		describe_small(&description);
		description.nr_cpus = 3;
		description.version = bytes & 1 ? 6 : 0;
		description.prstatus_bytes = bytes;
		build_dump(&description, &built);
		dump = open_built(&built, &path, &why);
		assert_non_null(dump);
		assert_int_equal(dump->nr_cpu_notes, bytes < 328 ? 0 : 3);
		assert_int_equal(dump->remarks.length > 0, bytes < 328);
		for (u64 cpu = 0; cpu < dump->nr_cpu_notes; cpu++) {
			assert_int_equal(dump->cpu_notes[cpu].pid, 100 + cpu);
			assert_int_equal(dump->cpu_notes[cpu].regs.r15, cpu << 16);
			assert_int_equal(dump->cpu_notes[cpu].regs.sp, cpu << 16 | 19);
			assert_int_equal(dump->cpu_notes[cpu].regs.ss, cpu << 16 | 20);
			assert_int_equal(dump->cpu_notes[cpu].segments.gs, cpu << 16 | 26);
		}
		close_built(dump, path);
		built_free(&built);
	}
}

/* One segment for all of memory; what is a hole of the file is passed over, and reads as zeroes. */
static void netdump_layout(void **state UNUSED)
{
	static const u8 zeroes[PAGE_BYTES];
	struct dump_description description;
	struct strbuf text = { 0 };
	struct built_dump built;
	struct fault fault = { 0 };
	struct dump *dump;
	u8 page[PAGE_BYTES];
	char *path;
	u64 next;
	int fd;

	describe_small(&description);
	description.nr_cpus = 1;
	description.netdump = true;
	description.crashed_task = 0xffff888012345678;
	build_dump(&description, &built);
	dump = open_built(&built, &path, &text);
	assert_non_null(dump);
	fd = open(path, O_RDWR);
	assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   built.size - 200 * PAGE_BYTES, 20 * PAGE_BYTES),
			 0);
	close(fd);
	assert_int_equal(dump->crashed_task, description.crashed_task);
	assert_true(dump->only_crashed_task);
	assert_int_equal(dump->cpu_notes[0].regs.ip, 16);
	dump->ops->describe(dump, &text);
	assert_non_null(strstr(strbuf_text(&text), "format: ELF vmcore of netdump\n"));
	assert_non_null(strstr(strbuf_text(&text), "task_struct: ffff888012345678\n"));
	assert_true(dump_try_read(dump, 110 * PAGE_BYTES, page, sizeof(page), &fault));
	assert_memory_equal(page, zeroes, sizeof(page));
	assert_true(dump_next_present(dump, 99, &next));
	assert_int_equal(next, 99);
	assert_true(dump_next_present(dump, 100, &next));
	assert_int_equal(next, 120);
	assert_false(dump_next_present(dump, 300, &next));
	close_built(dump, path);
	strbuf_free(&text);
	/* With registers of several CPUs each is its own CPU's. */
	description.nr_cpus = 2;
	built_free(&built);
	build_dump(&description, &built);
	dump = open_built(&built, &path, &text);
	assert_non_null(dump);
	assert_int_equal(dump->nr_cpu_notes, 2);
	close_built(dump, path);
	built_free(&built);
}

static void flattened_streams(void **state UNUSED)
{
	static const u64 chunks[] = { 64, 1000, 4096, 65536, 1 << 30 };

	for (unsigned variant = 0; variant < ARRAY_SIZE(chunks) * 4; variant++) {
		struct dump_description description;
		struct built_dump plain, built;

		describe_small(&description);
		description.version = variant & 1 ? 6 : 0;
		description.compression = BUILD_ZLIB;
		build_dump(&description, &plain);
		build_flattened(&plain, chunks[variant / 4], variant & 2, true, &built);
		check_whole(&description, &built);
		built_free(&built);
		built_free(&plain);
	}
}

/* The first part of a large dump's file: what its kernel wrote down is there, and no page. */
static void cut_short_before_pages(void **state UNUSED)
{
	for (unsigned flat = 0; flat < 2; flat++) {
		struct dump_description description;
		struct built_dump plain, built;
		struct strbuf why = { 0 };
		struct fault fault = { 0 };
		struct dump *dump;
		char *path, bytes[8];
		u64 next;

		describe_small(&description);
		description.version = 6;
		description.nr_cpus = 3;
		build_dump(&description, &plain);
		/* Header, sub-header, and all of the first bitmap but a byte. */
		plain.size = (1 + 2) * PAGE_BYTES + PAGE_BYTES - 1;
		build_flattened(&plain, 1 << 16, false, false, &built);
		dump = open_built(flat ? &built : &plain, &path, &why);
		if (!dump)
			fail_msg("%s", strbuf_text(&why));
		assert_true(dump->incomplete);
		assert_non_null(
			strstr(strbuf_text(&dump->remarks), "headers and page bitmaps take"));
		assert_non_null(dump->vmcoreinfo);
		assert_string_equal(dump->utsname_release, "9.9.9-test");
		assert_false(dump_try_read(dump, PAGE_BYTES, bytes, sizeof(bytes), &fault));
		assert_int_equal(fault.reason, FAULT_NOT_IN_DUMP);
		assert_false(dump_next_present(dump, 0, &next));
		close_built(dump, path);
		built_free(&built);
		built_free(&plain);
	}
}

/* Where the first frame's data is not the first data, the table does not end there. */
static void data_in_no_order(void **state UNUSED)
{
	for (enum build_compression method = BUILD_RAW; method <= BUILD_ZSTD; method++) {
		struct dump_description description;
		struct built_dump plain, built;
		struct strbuf why = { 0 };
		struct dump *dump;
		char *path;

		describe_small(&description);
		description.version = 6;
		description.compression = method;
		description.data_reversed = true;
		build_dump(&description, &plain);
		check_whole(&description, &plain);
		build_flattened(&plain, 3000, true, true, &built);
		check_whole(&description, &built);
		built_free(&built);
		plain.size -= PAGE_BYTES / 8;
		dump = open_built(&plain, &path, &why);
		assert_non_null(dump);
		assert_true(dump->incomplete);
		assert_non_null(strstr(strbuf_text(&dump->remarks), "cut short, pages at its end"));
		close_built(dump, path);
		built_free(&plain);
	}
}

static void split_over_three_files(void **state UNUSED)
{
	static const u64 borders[] = { 0, 5000, 20481, BUILD_MAX_PFN };
	static struct dump_description description;
	static const unsigned orders[][3] = { { 0, 1, 2 }, { 2, 0, 1 } };
	/* The second file's data stands in another order. */
	struct strbuf why = { 0 };
	char *paths[3];
	struct dump *dump;

	description = (struct dump_description){ .nr_pfns = BUILD_MAX_PFN,
						 .version = 6,
						 .split = true,
						 .compression = BUILD_LZO,
						 .vmcoreinfo = vmcoreinfo_text };
	for (u64 pfn = 0; pfn < BUILD_MAX_PFN; pfn++)
		description.kinds[pfn] = pfn % 97 == 0 || (pfn / 300) % 20 == 3 ? PAGE_PRESENT
										: PAGE_ABSENT;
	for (unsigned i = 0; i < 3; i++) {
		struct built_dump built;

		description.data_reversed = i == 1;
		description.start_pfn = borders[i];
		description.end_pfn = borders[i + 1];
		build_dump(&description, &built);
		paths[i] = built_write(&built);
		built_free(&built);
	}
	for (unsigned i = 0; i < 2; i++) {
		const char *ordered[] = { paths[orders[i][0]], paths[orders[i][1]],
					  paths[orders[i][2]] };

		dump = dump_open(ordered, 3, &why);
		assert_non_null(dump);
		assert_false(dump->incomplete);
		check_pages(dump, &description, 0, BUILD_MAX_PFN);
		dump_close(dump);
	}
	dump = dump_open((const char *const *)&paths[1], 1, &why);
	assert_non_null(dump);
	assert_true(dump->incomplete);
	check_pages(dump, &description, borders[1], borders[2]);
	dump_close(dump);
	assert_null(dump_open((const char *const[]){ paths[0], paths[1], paths[1] }, 3, &why));
	assert_non_null(strstr(strbuf_text(&why), "hold the same pages"));
	strbuf_free(&why);
	for (unsigned i = 0; i < 3; i++) {
		unlink(paths[i]);
		free(paths[i]);
	}
}

static void reads_of_any_size(void **state UNUSED)
{
	for (unsigned variant = 0; variant < 2; variant++) {
		struct dump_description description;
		struct built_dump built;
		struct strbuf why = { 0 };
		u8 expected[3 * PAGE_BYTES], buf[3 * PAGE_BYTES];
		struct fault fault;
		struct dump *dump;
		char *path;

		describe_small(&description);
		description.version = variant ? 6 : 0;
		description.compression = BUILD_ZSTD;
		build_dump(&description, &built);
		dump = open_built(&built, &path, &why);
		assert_non_null(dump);
		for (u64 pfn = 0; pfn < 3; pfn++)
			build_page(pfn, expected + pfn * PAGE_BYTES);
		for (u64 start = 0; start < 2 * PAGE_BYTES; start += 511) {
			for (size_t length = 0; length < PAGE_BYTES; length += 1023) {
				assert_true(dump_try_read(dump, start, buf, length, &fault));
				assert_memory_equal(buf, expected + start, length);
			}
		}
		/* Into the hole at frame 100: the fault is at its first byte. */
		assert_false(dump_try_read(dump, 99 * PAGE_BYTES + 100, buf, PAGE_BYTES, &fault));
		assert_int_equal(fault.reason, FAULT_NOT_IN_DUMP);
		assert_int_equal(fault.address, 100 * PAGE_BYTES);
		assert_false(dump_try_read(dump, ~0ULL - 4, buf, 16, &fault));
		assert_int_equal(fault.reason, FAULT_BAD_ADDRESS);
		assert_false(dump_try_read(dump, 1ULL << 62, buf, 16, &fault));
		assert_int_equal(fault.reason, FAULT_NOT_IN_DUMP);
		close_built(dump, path);
		built_free(&built);
	}
}

struct reader {
	struct dump *dump;
	const struct dump_description *description;
	u64 first, step, nr_wrong;
};

static void *read_as_thread(void *arg)
{
	struct reader *reader = arg;

	for (u64 i = 0; i < reader->description->nr_pfns; i++) {
		u64 pfn = (reader->first + i * reader->step) % reader->description->nr_pfns;
		u8 page[PAGE_BYTES], expected[PAGE_BYTES];
		bool present = reader->description->kinds[pfn] == PAGE_PRESENT;

		if (dump_try_read(reader->dump, pfn * PAGE_BYTES, page, sizeof(page), NULL) !=
		    present) {
			reader->nr_wrong++;
			continue;
		}
		build_page(pfn, expected);
		reader->nr_wrong += present && memcmp(page, expected, sizeof(page)) != 0;
	}
	return NULL;
}

static void several_threads(void **state UNUSED)
{
	for (unsigned variant = 0; variant < 4; variant++) {
		static struct dump_description description;
		struct built_dump built;
		struct strbuf why = { 0 };
		struct reader readers[4];
		pthread_t threads[4];
		struct dump *dump;
		char *path;

		description = (struct dump_description){ .nr_pfns = 20001,
							 .version = variant ? 6 : 0 };
		description.compression = variant & 1 ? BUILD_ZLIB : BUILD_ZSTD;
		for (u64 pfn = 0; pfn < description.nr_pfns; pfn++)
			description.kinds[pfn] = pfn % 31 == 0 || pfn > 19900 ? PAGE_PRESENT
									      : PAGE_EXCLUDED;
		build_dump(&description, &built);
		dump = open_built(&built, &path, &why);
		assert_non_null(dump);
		for (unsigned i = 0; i < 4; i++) {
			readers[i] = (struct reader){ dump, &description, i * 5000,
						      i % 2 ? 1 : 20000, 0 };
			assert_int_equal(
				pthread_create(&threads[i], NULL, read_as_thread, &readers[i]), 0);
		}
		for (unsigned i = 0; i < 4; i++) {
			pthread_join(threads[i], NULL);
			assert_int_equal(readers[i].nr_wrong, 0);
		}
		close_built(dump, path);
		built_free(&built);
	}
}

/* The cache keeps what is used, within its budget. */
static void page_cache_keeps_what_is_used(void **state UNUSED)
{
	struct page_cache *cache = page_cache_create(64 * PAGE_BYTES);
	u8 page[PAGE_BYTES], buf[16];
	unsigned nr_kept = 0;

	assert_false(page_cache_get(cache, 0, 0, buf, sizeof(buf)));
	for (u64 pfn = 0; pfn < 1000; pfn++) {
		build_page(pfn, page);
		page_cache_put(cache, pfn, page);
		assert_true(page_cache_get(cache, pfn, 100, buf, sizeof(buf)));
		assert_memory_equal(buf, page + 100, sizeof(buf));
		/* Used after every other page: never gives way. */
		assert_true(page_cache_get(cache, 0, 0, buf, sizeof(buf)));
	}
	for (u64 pfn = 0; pfn < 1000; pfn++)
		nr_kept += page_cache_get(cache, pfn, 0, buf, sizeof(buf));
	assert_in_range(nr_kept, 48, 64);
	page_cache_destroy(cache);
}

/* --- damage --- */

/* Opens and reads everything; with EXACT each page is right or a fault. True when it opened. */
static bool survive(const struct built_dump *built, const struct dump_description *description,
		    bool exact)
{
	struct strbuf why = { 0 }, text = { 0 };
	char *path;
	struct dump *dump = open_built(built, &path, &why);
	u64 pfn = 0, nr_present = 0;

	if (!dump) {
		/* One line that says something. */
		assert_true(strlen(strbuf_text(&why)) > 5);
		assert_null(strchr(strbuf_text(&why), '\n'));
		strbuf_free(&why);
		unlink(path);
		free(path);
		return false;
	}
	for (u64 frame = 0; frame < description->nr_pfns + 2; frame++) {
		u8 page[PAGE_BYTES], expected[PAGE_BYTES];
		struct fault fault = { 0 };

		if (!dump_try_read(dump, frame * PAGE_BYTES, page, sizeof(page), &fault)) {
			assert_int_not_equal(fault.reason, FAULT_NONE);
			continue;
		}
		build_page(frame, expected);
		if (exact)
			assert_memory_equal(page, expected, sizeof(page));
	}
	while (nr_present < 1000 && dump_next_present(dump, pfn, &pfn)) {
		nr_present++;
		pfn++;
	}
	dump->ops->describe(dump, &text);
	strbuf_free(&text);
	strbuf_free(&why);
	close_built(dump, path);
	return true;
}

enum { NETDUMP_VARIANT = 10, NR_VARIANTS };

static void build_variant(unsigned variant, struct dump_description *description,
			  struct built_dump *built)
{
	struct built_dump plain;

	*description = (struct dump_description){ .nr_pfns = 40,
						  .nr_cpus = 1,
						  .vmcoreinfo = vmcoreinfo_text };
	for (u64 pfn = 0; pfn < 40; pfn++)
		description->kinds[pfn] = pfn % 9 == 8 ? PAGE_EXCLUDED : PAGE_PRESENT;
	description->version = variant & 1 ? 6 : 0;
	description->compression = variant & 2 ? BUILD_RAW : BUILD_ZLIB;
	description->many_segments = variant & 2;
	description->qemu_notes = variant & 2;
	description->narrow = variant == 8;
	if (variant == NETDUMP_VARIANT) {
		description->netdump = true;
		description->qemu_notes = false;
		description->crashed_task = 0xffff888012345678;
		for (u64 pfn = 0; pfn < 40; pfn++)
			description->kinds[pfn] = PAGE_PRESENT;
	}
	build_dump(description, built);
	if (variant & 4) {
		plain = *built;
		/* In odd order, so that a cut leaves holes. */
		build_flattened(&plain, 3000, true, false, built);
		built_free(&plain);
	}
}

static void cut_short_anywhere(void **state UNUSED)
{
	for (unsigned variant = 0; variant < NR_VARIANTS; variant++) {
		struct dump_description description;
		struct built_dump built;
		u64 size;

		build_variant(variant, &description, &built);
		size = built.size;
		for (size_t i = 0; i < built.boundaries.count; i++) {
			for (int around = -1; around <= 1; around++) {
				built.size = min_u64(built.boundaries.items[i] + around, size);
				if ((s64)built.size > 0)
					survive(&built, &description, true);
			}
		}
		for (built.size = 1; built.size < size; built.size += 5009)
			survive(&built, &description, true);
		built.size = size;
		assert_true(survive(&built, &description, true));
		built_free(&built);
	}
}

/* A dump that lost its end opens, says so, and still has its beginning. */
static void cut_short_is_said(void **state UNUSED)
{
	for (unsigned variant = 0; variant < NR_VARIANTS; variant++) {
		struct dump_description description;
		struct built_dump built;
		struct strbuf why = { 0 };
		u8 page[PAGE_BYTES], expected[PAGE_BYTES];
		struct fault fault;
		struct dump *dump;
		char *path;

		build_variant(variant, &description, &built);
		built.size -= built.size / 8;
		dump = open_built(&built, &path, &why);
		if (!dump)
			fail_msg("variant %u: %s", variant, strbuf_text(&why));
		assert_true(dump->incomplete);
		assert_true(dump->remarks.length > 0);
		if ((variant & 5) == 1)
			assert_non_null(
				strstr(strbuf_text(&dump->remarks), "page descriptors end at "));
		build_page(1, expected);
		assert_true(dump_try_read(dump, PAGE_BYTES, page, sizeof(page), &fault));
		assert_memory_equal(page, expected, sizeof(page));
		assert_false(dump_try_read(dump, 39 * PAGE_BYTES, page, sizeof(page), &fault));
		assert_int_equal(fault.reason, FAULT_NOT_IN_DUMP);
		close_built(dump, path);
		built_free(&built);
	}
}

static void every_number_made_wrong(void **state UNUSED)
{
	for (unsigned variant = 0; variant < NR_VARIANTS; variant++) {
		struct dump_description description;
		struct built_dump built;

		build_variant(variant, &description, &built);
		for (size_t i = 0; i < built.fields.count; i++) {
			const struct built_field *field = &built.fields.items[i];
			/* Of the many page descriptors and records a few will do. */
			bool one_of_many = starts_with(field->name, "pd.") ||
					   starts_with(field->name, "record.");
			const u64 wrong[] = { 0,
					      1,
					      ~0ULL,
					      ~0ULL >> 1,
					      1ULL << 31,
					      built.size,
					      built.size - 1,
					      built.size + 1,
					      0x100000000 - 8 };
			u8 saved[8];

			if (one_of_many && i % 23 > 2)
				continue;
			memcpy(saved, built.data + field->offset, field->width);
			for (size_t w = 0; w < ARRAY_SIZE(wrong); w++) {
				u64 value = wrong[w];

				if (starts_with(field->name, "record.")) /* big-endian */
					value = __builtin_bswap64(value) >> (64 - field->width * 8);
				memcpy(built.data + field->offset, &value, field->width);
				survive(&built, &description, false);
			}
			memcpy(built.data + field->offset, saved, field->width);
		}
		built_free(&built);
	}
}

#ifndef NR_RANDOM
#define NR_RANDOM 40
#endif

/* Up to eight bytes anywhere, most of them where the headers are. */
static void random_damage(void **state UNUSED)
{
	u64 random = 88172645463325252;

	for (unsigned variant = 0; variant < NR_VARIANTS; variant++) {
		struct dump_description description;
		struct built_dump built;

		build_variant(variant, &description, &built);
		for (unsigned turn = 0; turn < NR_RANDOM; turn++) {
			u64 at[8];
			u8 saved[8];

			for (unsigned i = 0; i < 8; i++) {
				random ^= random << 13;
				random ^= random >> 7;
				random ^= random << 17;
				at[i] = (random >> 16) %
					(i < 6 ? min_u64(built.size, 24576) : built.size);
				saved[i] = built.data[at[i]];
				built.data[at[i]] = random >> 8;
			}
			survive(&built, &description, false);
			for (unsigned i = 8; i-- > 0;)
				built.data[at[i]] = saved[i];
		}
		built_free(&built);
	}
}

static const struct built_field *find_field(const struct built_dump *built, const char *name,
					    unsigned which)
{
	for (size_t i = 0; i < built->fields.count; i++) {
		if (streq(built->fields.items[i].name, name) && which-- == 0)
			return &built->fields.items[i];
	}
	fail_msg("no field %s", name);
	return NULL;
}

/* Frame 1's data replaced by DATA under FLAGS: the reason of the read's fault. */
static enum fault_reason read_replaced(const void *data, u32 bytes, u32 flags)
{
	struct dump_description description;
	struct built_dump built;
	struct strbuf why = { 0 };
	struct fault fault = { 0 };
	struct dump *dump;
	u8 page[PAGE_BYTES];
	char *path;

	describe_small(&description);
	description.version = 6;
	build_dump(&description, &built);
	memcpy(built.data + load_u64(built.data + find_field(&built, "pd.offset", 1)->offset), data,
	       bytes);
	memcpy(built.data + find_field(&built, "pd.size", 1)->offset, &bytes, 4);
	memcpy(built.data + find_field(&built, "pd.flags", 1)->offset, &flags, 4);
	dump = open_built(&built, &path, &why);
	assert_non_null(dump);
	dump_try_read(dump, PAGE_BYTES, page, sizeof(page), &fault);
	close_built(dump, path);
	built_free(&built);
	return fault.reason;
}

/* LENGTH zero bytes, packed as a page descriptor's flag METHOD says. */
static u64 pack(u32 method, u64 length, u8 *to, size_t space)
{
	static const u8 from[4 * PAGE_BYTES];
	static u64 memory[LZO1X_1_MEM_COMPRESS / sizeof(u64)];
	lzo_uint lzo_bytes = space;
	uLongf zlib_bytes = space;
	size_t bytes = space;

	switch (method) {
	case 1:
		assert_int_equal(compress(to, &zlib_bytes, from, length), Z_OK);
		return zlib_bytes;
	case 2:
		assert_int_equal(lzo1x_1_compress(from, length, to, &lzo_bytes, memory), LZO_E_OK);
		return lzo_bytes;
	case 4:
		assert_int_equal(snappy_compress((const char *)from, length, (char *)to, &bytes),
				 SNAPPY_OK);
		return bytes;
	default:
		bytes = ZSTD_compress(to, space, from, length, 1);
		assert_false(ZSTD_isError(bytes));
		return bytes;
	}
}

static void pages_of_wrong_length(void **state UNUSED)
{
	static const u32 methods[] = { 1, 2, 4, 0x20 };
	static const u64 wrong[] = {
		1, PAGE_BYTES / 2, PAGE_BYTES - 1, PAGE_BYTES + 1, 2 * PAGE_BYTES, 4 * PAGE_BYTES
	};
	u8 packed[6 * PAGE_BYTES]; /* snappy asks for room that it does not need */

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		u64 bytes = pack(methods[i], PAGE_BYTES, packed, sizeof(packed));

		assert_int_equal(read_replaced(packed, bytes, methods[i]), FAULT_NONE);
		assert_int_equal(read_replaced(packed, bytes - 1, methods[i]), FAULT_DAMAGED);
		for (size_t n = 0; n < ARRAY_SIZE(wrong); n++) {
			bytes = pack(methods[i], wrong[n], packed, sizeof(packed));
			assert_int_equal(read_replaced(packed, bytes, methods[i]), FAULT_DAMAGED);
		}
	}
}

static void damaged_page_data(void **state UNUSED)
{
	static const u8 noise[64] = { 0x78, 0x01, 0xff, 0xfe, 0x12 };
	static const u32 methods[] = { 1, 2, 4, 0x20 };
	u8 page[2 * PAGE_BYTES] = { 0 }, small[PAGE_BYTES];
	uLongf bytes;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		assert_int_equal(read_replaced(noise, sizeof(noise), methods[i]), FAULT_DAMAGED);
	/* Sound data of a wrong length: half a page, two pages. */
	for (u64 length = 2048; length <= 8192; length *= 4) {
		bytes = sizeof(small);
		compress(small, &bytes, page, length);
		assert_int_equal(read_replaced(small, bytes, 1), FAULT_DAMAGED);
	}
	bytes = sizeof(small);
	compress(small, &bytes, page, PAGE_BYTES);
	assert_int_equal(read_replaced(small, bytes, 1), FAULT_NONE);
	assert_int_equal(read_replaced(small, bytes - 1, 1), FAULT_DAMAGED);
	assert_int_equal(read_replaced(small, bytes, 0), FAULT_DAMAGED); /* raw, but not a page */
	assert_int_equal(read_replaced(small, bytes, 3), FAULT_DAMAGED); /* two methods at once */
}

/* --- size --- */

static u64 now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static void put_at(int fd, u64 offset, const void *data, size_t length)
{
	assert_int_equal(pwrite(fd, data, length, offset), length);
}

/* A sparse dump of a 4 TB machine with a page at either end opens and reads at once. */
static void four_terabytes(void **state UNUSED)
{
	const u64 nr_pfns = 1ULL << 30, bitmap_bytes = nr_pfns / 8,
		  bitmap2 = 3 * PAGE_BYTES + bitmap_bytes;
	const u64 pfns[] = { 1, 1ULL << 29, nr_pfns - 1 };
	struct dump_description description;
	struct built_dump built;
	struct strbuf why = { 0 };
	struct rusage usage;
	struct dump *dump;
	char *path;
	u64 started, pfn;
	int fd;

	describe_small(&description);
	description.version = 6;
	build_dump(&description, &built);
	memcpy(built.data + find_field(&built, "max_mapnr_64", 0)->offset, &nr_pfns, 8);
	memcpy(built.data + find_field(&built, "bitmap_blocks", 0)->offset,
	       &(u32){ 2 * bitmap_bytes / PAGE_BYTES }, 4);
	built.size = 3 * PAGE_BYTES;
	path = built_write(&built);
	fd = open(path, O_WRONLY);
	for (u64 i = 0; i < 3; i++) {
		const u64 data = bitmap2 + bitmap_bytes + 3 * 24 + i * PAGE_BYTES;
		u8 page[PAGE_BYTES];

		build_page(pfns[i], page);
		put_at(fd, bitmap2 + pfns[i] / 8, &(u8){ 1 << pfns[i] % 8 }, 1);
		put_at(fd, bitmap2 + bitmap_bytes + i * 24, &(u64){ data }, 8);
		put_at(fd, bitmap2 + bitmap_bytes + i * 24 + 8, &(u32){ PAGE_BYTES }, 4);
		put_at(fd, data, page, sizeof(page));
	}
	close(fd);
	started = now_ns();
	dump = dump_open((const char *const *)&path, 1, &why);
	if (!dump)
		fail_msg("%s", strbuf_text(&why));
	for (u64 i = 0; i < 3; i++) {
		u8 page[PAGE_BYTES], expected[PAGE_BYTES];

		build_page(pfns[i], expected);
		assert_true(dump_try_read(dump, pfns[i] * PAGE_BYTES, page, sizeof(page), NULL));
		assert_memory_equal(page, expected, sizeof(page));
		assert_true(dump_next_present(dump, i ? pfns[i - 1] + 1 : 0, &pfn));
		assert_int_equal(pfn, pfns[i]);
	}
	assert_false(dump_next_present(dump, nr_pfns, &pfn));
	assert_true(now_ns() - started < 1000000000);
	getrusage(RUSAGE_SELF, &usage);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_true(usage.ru_maxrss < 100 << 10);
#endif
	close_built(dump, path);
	built_free(&built);
}

/* Page counts of a bitmap with many pieces, against counting by hand. */
static void rank_index(void **state UNUSED)
{
	static struct dump_description description;
	struct built_dump built;
	u64 state_ = 1;

	description = (struct dump_description){ .nr_pfns = BUILD_MAX_PFN - 13, .version = 5 };
	for (u64 pfn = 0; pfn < description.nr_pfns; pfn++) {
		state_ = state_ * 6364136223846793005 + 1;
		description.kinds[pfn] = state_ >> 60 == 0 ? PAGE_PRESENT : PAGE_EXCLUDED;
	}
	build_dump(&description, &built);
	check_whole(&description, &built);
	built_free(&built);
}

/* --- messages --- */

static void expect_message(const void *data, u64 size, const char *part)
{
	struct built_dump built = { .data = (u8 *)data, .size = size };
	struct strbuf why = { 0 };
	char *path;

	assert_null(open_built(&built, &path, &why));
	if (!strstr(strbuf_text(&why), part))
		fail_msg("\"%s\" is not in \"%s\"", part, strbuf_text(&why));
	strbuf_free(&why);
	unlink(path);
	free(path);
}

static void expect_wrong_number(const char *field, u64 value, bool elf, const char *part)
{
	struct dump_description description;
	struct built_dump built;

	describe_small(&description);
	description.version = elf ? 0 : 6;
	build_dump(&description, &built);
	memcpy(built.data + find_field(&built, field, 0)->offset, &value,
	       find_field(&built, field, 0)->width);
	expect_message(built.data, built.size, part);
	built_free(&built);
}

static void messages_name_the_cause(void **state UNUSED)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *part;
	} kinds[] = {
		{ "", 0, "empty file" },
		{ "\x1f\x8b\x08\0\0\0", 6, "gzip-compressed data" },
		{ "BZh91AY", 7, "bzip2-compressed data" },
		{ "\xfd"
		  "7zXZ\0\0",
		  7, "xz-compressed data" },
		{ "\x28\xb5\x2f\xfd\0", 5, "zstd-compressed data" },
		{ "\x04\x22\x4d\x18\0", 5, "lz4-compressed data" },
		{ "QEVM\0\0\0\3", 8, "QEMU save file" },
		{ "LibvirtQemudSave", 16, "libvirt save file" },
		{ "\xed\x23\x8f\x61\x73\x01\x19\xa8", 8, "LKCD dump" },
		{ "DISKDUMP\0\0", 10, "cut short inside its header" },
		{ "KDUMP   \6\0", 10, "cut short inside its header" },
		{ "makedumpfile\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0", 33, "unknown type" },
		{ "ffffffff81000000 T _stext\n", 26, "a text file" },
		{ "\0\0\0\0\0", 5, "starts with zeroes" },
		{ "\x7f"
		  "ELF\2\1\1",
		  7, "ELF file cut short" },
	};
	struct strbuf why = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		expect_message(kinds[i].bytes, kinds[i].length, kinds[i].part);
	expect_wrong_number("header_version", 7, false, "versions 1 to 6 are known");
	expect_wrong_number("block_size", 0, false, "block size 0");
	expect_wrong_number("sub_hdr_size", 0, false, "no sub-header");
	expect_wrong_number("bitmap_blocks", 0, false, "no page bitmap");
	expect_wrong_number("max_mapnr_64", 1 << 30, false, "too small for 1073741824 page frames");
	expect_wrong_number("e_type", 2, true, "an ELF executable");
	expect_wrong_number("e_type", 1, true, "an ELF object file");
	expect_wrong_number("e_machine", 183, true, "of another machine");
	expect_wrong_number("e_phnum", 0, true, "no program headers");
	expect_wrong_number("e_phoff", 1 << 30, true, "do not fit into a file");
	assert_null(dump_open((const char *const[]){ "/nonexistent/vmcore" }, 1, &why));
	assert_string_equal(strbuf_text(&why), "No such file or directory");
	strbuf_reset(&why);
	assert_null(dump_open((const char *const[]){ "/" }, 1, &why));
	assert_string_equal(strbuf_text(&why), "is a directory");
	strbuf_free(&why);
}

/* --- vmcoreinfo --- */

static void vmcoreinfo_values(void **state UNUSED)
{
	struct vmcoreinfo info = { .text = (char *)vmcoreinfo_text,
				   .length = strlen(vmcoreinfo_text) };
	char text[65], small[4];
	u64 address;
	s64 number;

	assert_true(vmcoreinfo_string(&info, "OSRELEASE", text, sizeof(text)));
	assert_string_equal(text, "9.9.9-test");
	assert_false(vmcoreinfo_string(&info, "OSRELEASE", small, sizeof(small)));
	assert_false(vmcoreinfo_string(&info, "OSREL", text, sizeof(text)));
	assert_true(vmcoreinfo_hex(&info, "SYMBOL(_stext)", &address));
	assert_int_equal(address, 0xffffffff80000000);
	assert_true(vmcoreinfo_hex(&info, "KERNELOFFSET", &address));
	assert_int_equal(address, 0x1a000000);
	assert_true(vmcoreinfo_number(&info, "NUMBER(negative)", &number));
	assert_int_equal(number, -4096);
	assert_true(vmcoreinfo_number(&info, "NUMBER(VMALLOC_START)", &number));
	assert_int_equal(number, (s64)0xffffc90000000000);
	assert_false(vmcoreinfo_number(&info, "OSRELEASE", &number));
	assert_false(vmcoreinfo_number(&info, "NUMBER(nothing)", &number));
}

/* Puts TEXT at OFFSET of frame PFN of a raw ELF dump without a vmcoreinfo note. */
static void put_in_frame(struct built_dump *built, u64 pfn, u64 offset, const void *data,
			 size_t length)
{
	u64 memory = load_u64(built->data + find_field(built, "p_offset", 1)->offset);
	u8 *frame = built->data + memory + pfn * PAGE_BYTES;

	if (offset == 0)
		memset(frame, 0, PAGE_BYTES);
	memcpy(frame + offset, data, length);
}

/* Loads vmcoreinfo of a dump whose memory has TEXT in frame 50 (as a note when NOTE) and STALE in
 * frame 30; the kernel's name is where the text says. */
static bool load_from_memory(const char *text, bool note, const char *stale,
			     struct vmcoreinfo *info)
{
	struct dump_description description;
	struct built_dump built;
	struct strbuf why = { 0 };
	struct dump *dump;
	bool found;
	char *path;

	describe_small(&description);
	description.vmcoreinfo = NULL;
	build_dump(&description, &built);
	/* init_uts_ns at 0xffffffff80003000, phys_base 0x10000: physical 0x13000, frame 19. */
	put_in_frame(&built, 19, 0, "Linux\0testnode", 15);
	put_in_frame(&built, 19, 130, "9.9.9-test", 11);
	if (stale)
		put_in_frame(&built, 30, 0, stale, strlen(stale));
	if (text && note) {
		const u32 header[3] = { 11, strlen(text), 0 };

		put_in_frame(&built, 50, 0, header, sizeof(header));
		put_in_frame(&built, 50, 12, "VMCOREINFO", 11);
		put_in_frame(&built, 50, 24, text, strlen(text));
	} else if (text) {
		put_in_frame(&built, 50, 0, text, strlen(text));
	}
	dump = open_built(&built, &path, &why);
	assert_non_null(dump);
	found = vmcoreinfo_load(dump, NULL, info);
	close_built(dump, path);
	built_free(&built);
	return found;
}

/* What INFO says of three keys of a note with this TEXT. */
static void expect_lines(const char *text, size_t length, const char *release, u64 offset,
			 s64 phys_base)
{
	struct dump dump = { .live = true, .vmcoreinfo = text, .vmcoreinfo_bytes = length };
	struct vmcoreinfo info;
	char found[65] = "";
	u64 address = 0;
	s64 number = 0;

	vmcoreinfo_load(&dump, NULL, &info);
	vmcoreinfo_string(&info, "OSRELEASE", found, sizeof(found));
	vmcoreinfo_hex(&info, "KERNELOFFSET", &address);
	vmcoreinfo_number(&info, "NUMBER(phys_base)", &number);
	assert_string_equal(found, release);
	assert_int_equal(address, offset);
	assert_int_equal(number, phys_base);
	vmcoreinfo_free(&info);
}

/* Each good line counts, whatever is wrong with the others. */
static void vmcoreinfo_line_by_line(void **state UNUSED)
{
	static const struct {
		const char *text, *release;
		u64 offset;
		s64 phys_base;
	} notes[] = {
		{ "OSRELEASE=6.4.3-1-default\n", "6.4.3-1-default", 0, 0 },
		{ "OSRELEASE=6.4.3-1-default", "6.4.3-1-default", 0, 0 },
		{ "\n\nOSRELEASE=6.4.3\r\nKERNELOFFSET=1a000000\r\nNUMBER(phys_base)=-4096\r\n",
		  "6.4.3", 0x1a000000, -4096 },
		{ "\tOSRELEASE=6.4.3 \t\nKERNELOFFSET=1a000000\t\nX=\t\n", "6.4.3", 0x1a000000, 0 },
		{ "OSRELEASE=6.4.3-\xc3\xbc\nNUMBER(phys_base)=4096\n", "6.4.3-\xc3\xbc", 0, 4096 },
		{ "X=\x1b[2J\nOSRELEASE=6.4.3\nKERNELOFFSET=\x01\n", "6.4.3", 0, 0 },
		{ "no line\n=\n=5\nOSRELEASE=6.4.3\n", "6.4.3", 0, 0 },
		{ "\x1b\n", "", 0, 0 },
		{ "", "", 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		expect_lines(notes[i].text, strlen(notes[i].text), notes[i].release,
			     notes[i].offset, notes[i].phys_base);
	/* Padding behind the text, and a size that ends inside a line. */
	expect_lines("OSRELEASE=6.4.3\0\0KERNELOFFSET=1000", 34, "6.4.3", 0, 0);
	expect_lines("OSRELEASE=6.4.3\nKERNELOFFSET=1000", 31, "6.4.3", 0x10, 0);
}

static void vmcoreinfo_in_memory(void **state UNUSED)
{
	char *stale = xasprintf("%s", vmcoreinfo_text);
	struct vmcoreinfo info;

	memcpy(stale + strlen("OSRELEASE="), "1.2.3", 5);
	assert_false(load_from_memory(NULL, false, NULL, &info));
	assert_null(info.text);
	for (unsigned variant = 0; variant < 4; variant++) {
		assert_true(load_from_memory(vmcoreinfo_text, variant & 1,
					     variant & 2 ? stale : NULL, &info));
		assert_true(info.found_in_memory);
		assert_string_equal(info.text, vmcoreinfo_text);
		vmcoreinfo_free(&info);
	}
	/* Another kernel's text is not this kernel's; neither is a page that only begins so. */
	assert_false(load_from_memory(stale, false, NULL, &info));
	assert_false(load_from_memory("OSRELEASE=9.9.9-test\n", false, NULL, &info));
	free(stale);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kdump_every_version_and_compression),
		cmocka_unit_test(kdump_header_members),
		cmocka_unit_test(elf_segments_in_any_shape),
		cmocka_unit_test(notes_have_registers),
		cmocka_unit_test(short_notes_have_registers),
		cmocka_unit_test(netdump_layout),
		cmocka_unit_test(flattened_streams),
		cmocka_unit_test(cut_short_before_pages),
		cmocka_unit_test(data_in_no_order),
		cmocka_unit_test(split_over_three_files),
		cmocka_unit_test(reads_of_any_size),
		cmocka_unit_test(several_threads),
		cmocka_unit_test(page_cache_keeps_what_is_used),
		cmocka_unit_test(cut_short_anywhere),
		cmocka_unit_test(cut_short_is_said),
		cmocka_unit_test(every_number_made_wrong),
		cmocka_unit_test(random_damage),
		cmocka_unit_test(damaged_page_data),
		cmocka_unit_test(pages_of_wrong_length),
		cmocka_unit_test(four_terabytes),
		cmocka_unit_test(rank_index),
		cmocka_unit_test(messages_name_the_cause),
		cmocka_unit_test(vmcoreinfo_values),
		cmocka_unit_test(vmcoreinfo_line_by_line),
		cmocka_unit_test(vmcoreinfo_in_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
