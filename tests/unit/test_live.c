/* test_live.c - tests: the readers of /proc/kcore and /dev/mem, with files of our own in their place. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dump/dumpfile.h"
#include "dump/live.h"
#include "dump/vmcoreinfo.h"
#include "names/runningkernel.h"

#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DIRECT_MAP 0xffff9c4000000000ULL /* not where it is without memory KASLR */
#define VMALLOC 0xffffb00000000000ULL
#define IMAGE 0xffffffff9a000000ULL
#define FILE_PAGES 64

static const char info_text[] =
	"OSRELEASE=9.9.9-live\nPAGESIZE=4096\nSYMBOL(_stext)=ffffffff81000000\n"
	"A=1\nB=2\nC=3\nD=4\nE=5\nF=6\n";

static char directory[] = "/tmp/test_live.XXXXXX";
static char *kcore_path, *mem_path, *iomem_path, *info_path;

static int make_directory(UNUSED void **state)
{
	if (!mkdtemp(directory))
		return -1;
	kcore_path = xasprintf("%s/kcore", directory);
	mem_path = xasprintf("%s/mem", directory);
	iomem_path = xasprintf("%s/iomem", directory);
	info_path = xasprintf("%s/vmcoreinfo", directory);
	live_files = (struct live_files){ kcore_path, mem_path, iomem_path, info_path };
	return 0;
}

static int remove_directory(UNUSED void **state)
{
	char *paths[] = { kcore_path, mem_path, iomem_path, info_path };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		unlink(paths[i]);
		free(paths[i]);
	}
	return rmdir(directory);
}

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* A file in the making: an ELF header, program headers, notes, then pages that name their frame. */
struct kcore {
	u8 bytes[FILE_PAGES * PAGE_BYTES];
	u16 nr_phdrs;
	u64 end;
};

static Elf64_Phdr *add_phdr(struct kcore *kcore, u32 type, u64 vaddr, u64 paddr, u64 bytes)
{
	Elf64_Phdr *phdr = (Elf64_Phdr *)(kcore->bytes + sizeof(Elf64_Ehdr)) + kcore->nr_phdrs++;

	*phdr = (Elf64_Phdr){ .p_type = type,
			      .p_offset = kcore->end,
			      .p_vaddr = vaddr,
			      .p_paddr = paddr,
			      .p_filesz = bytes,
			      .p_memsz = bytes };
	return phdr;
}

/* FIRST and the frames behind it, as RAM at VADDR; each page starts with its frame's number. */
static void add_ram(struct kcore *kcore, u64 vaddr, u64 paddr, u64 first, u64 nr_pages)
{
	add_phdr(kcore, PT_LOAD, vaddr, paddr, nr_pages * PAGE_BYTES);
	for (u64 i = 0; i < nr_pages; i++) {
		u64 pfn = first + i;

		memcpy(kcore->bytes + kcore->end + i * PAGE_BYTES, &pfn, sizeof(pfn));
	}
	kcore->end += nr_pages * PAGE_BYTES;
}

static void add_note(struct kcore *kcore, const char *name, u32 type, const void *data, u32 bytes)
{
	Elf64_Nhdr header = { strlen(name) + 1, bytes, type };

	memcpy(kcore->bytes + kcore->end, &header, sizeof(header));
	memcpy(kcore->bytes + kcore->end + sizeof(header), name, header.n_namesz);
	memcpy(kcore->bytes + kcore->end + sizeof(header) + align_up(header.n_namesz, 4), data,
	       bytes);
	kcore->end += sizeof(header) + align_up(header.n_namesz, 4) + align_up(bytes, 4);
}

static struct kcore *kcore_begin(void)
{
	struct kcore *kcore = xcalloc(1, sizeof(*kcore));
	const u8 registers[336] = { 0 };
	Elf64_Phdr *notes;
	u64 start = 2 * PAGE_BYTES;

	kcore->end = start;
	notes = add_phdr(kcore, PT_NOTE, 0, 0, 0);
	/* The kernel's has the state of whoever reads it: no CPU's. */
	add_note(kcore, "CORE", NT_PRSTATUS, registers, sizeof(registers));
	add_note(kcore, "VMCOREINFO", 0, info_text, sizeof(info_text) - 1);
	notes->p_filesz = kcore->end - start;
	kcore->end = align_up(kcore->end, PAGE_BYTES);
	return kcore;
}

static void kcore_write(struct kcore *kcore)
{
	Elf64_Ehdr header = { .e_type = ET_CORE,
			      .e_machine = EM_X86_64,
			      .e_phoff = sizeof(header),
			      .e_phentsize = sizeof(Elf64_Phdr),
			      .e_phnum = kcore->nr_phdrs };

	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	memcpy(kcore->bytes, &header, sizeof(header));
	write_file(kcore_path, kcore->bytes, kcore->end);
	free(kcore);
}

static struct dump *open_path(const char *path, struct strbuf *why)
{
	return dump_open(&path, 1, why);
}

static u64 frame_at(struct dump *dump, u64 paddr)
{
	u64 value = ~0ULL;

	assert_true(dump_try_read(dump, paddr, &value, sizeof(value), NULL));
	return value;
}

static void check_ram(struct dump *dump)
{
	struct fault fault;
	u64 pfn;
	u8 byte;

	for (u64 i = 0; i < 4; i++)
		assert_int_equal(frame_at(dump, (1 + i) << PAGE_SHIFT), 1 + i);
	for (u64 i = 0; i < 8; i++)
		assert_int_equal(frame_at(dump, (0x100 + i) << PAGE_SHIFT), 0x100 + i);
	assert_int_equal(dump->max_pfn, 0x108);
	assert_false(dump_try_read(dump, 5 << PAGE_SHIFT, &byte, 1, &fault));
	assert_int_equal(fault.reason, FAULT_NO_MEMORY);
	assert_false(dump_try_read(dump, 0, &byte, 1, &fault));
	assert_int_equal(fault.reason, FAULT_NO_MEMORY);
	assert_true(dump_next_present(dump, 5, &pfn));
	assert_int_equal(pfn, 0x100);
	assert_false(dump_next_present(dump, 0x108, &pfn));
}

/* RAM in two pieces, the higher first; what else the kernel lists there has no physical address. */
static void add_all(struct kcore *kcore, bool with_paddr)
{
	u64 none = with_paddr ? ~0ULL : 0;

	add_phdr(kcore, PT_LOAD, VMALLOC, none, (32ULL << 40) - 1);
	add_ram(kcore, IMAGE, with_paddr ? 0x102000 : 0, 0x102, 1);
	add_ram(kcore, DIRECT_MAP + 0x100000, with_paddr ? 0x100000 : 0, 0x100, 8);
	add_phdr(kcore, PT_LOAD, 0xffffd00000000000ULL, none, 1 << 20);
	add_ram(kcore, DIRECT_MAP + 0x1000, with_paddr ? 0x1000 : 0, 1, 4);
	/* What follows the lists of old kernels: an area without memory. */
	add_phdr(kcore, PT_LOAD, 0xffffffffc0000000ULL, none, 1 << 20);
}

static void kcore_gives_physical_memory(UNUSED void **state)
{
	struct strbuf why = { 0 };
	struct kcore *kcore = kcore_begin();
	struct vmcoreinfo info;
	struct dump *dump;
	char release[64];

	add_all(kcore, true);
	kcore_write(kcore);
	dump = open_path(kcore_path, &why);
	assert_non_null(dump);
	assert_true(dump->live);
	check_ram(dump);
	assert_int_equal(dump->nr_cpu_notes, 0);
	assert_true(vmcoreinfo_load(dump, NULL, &info));
	assert_true(vmcoreinfo_string(&info, "OSRELEASE", release, sizeof(release)));
	assert_string_equal(release, "9.9.9-live");
	vmcoreinfo_free(&info);
	dump_close(dump);
}

/* Before v4.11 every p_paddr is 0: the place in the direct map tells. */
static void kcore_of_an_old_kernel(UNUSED void **state)
{
	struct strbuf why = { 0 };
	struct kcore *kcore = kcore_begin();
	struct dump *dump;

	add_all(kcore, false);
	kcore_write(kcore);
	dump = open_path(kcore_path, &why);
	assert_non_null(dump);
	check_ram(dump);
	dump_close(dump);
}

static void memory_that_is_plugged_in_is_seen(UNUSED void **state)
{
	struct strbuf why = { 0 };
	struct kcore *kcore = kcore_begin();
	struct dump *dump;
	int fd;

	add_ram(kcore, DIRECT_MAP + 0x1000, 0x1000, 1, 4);
	kcore_write(kcore);
	dump = open_path(kcore_path, &why);
	assert_non_null(dump);
	assert_int_equal(dump->max_pfn, 5);
	kcore = kcore_begin();
	add_all(kcore, true);
	kcore_write(kcore);
	dump_refresh(dump);
	check_ram(dump);
	/* A header that makes no sense leaves what was known. */
	fd = open(kcore_path, O_WRONLY);
	assert_int_equal(pwrite(fd, "XXXX", 4, 0), 4);
	close(fd);
	dump_refresh(dump);
	assert_int_equal(dump->max_pfn, 0x108);
	dump_close(dump);
}

static void damaged_kcore_is_refused(UNUSED void **state)
{
	static const struct {
		u64 offset;
		size_t bytes;
		u64 value;
		const char *word;
	} changes[] = {
		{ 0, 4, 0, "ELF header" },
		{ offsetof(Elf64_Ehdr, e_machine), 2, EM_386, "ELF header" },
		{ offsetof(Elf64_Ehdr, e_phentsize), 2, 7, "ELF header" },
		{ offsetof(Elf64_Ehdr, e_phnum), 2, 0xffff, "ELF header" },
		{ offsetof(Elf64_Ehdr, e_phnum), 2, 0, "none of its segments" },
		{ offsetof(Elf64_Ehdr, e_phoff), 8, 1 << 30, "program headers cannot be read" },
		{ offsetof(Elf64_Ehdr, e_phoff), 8, ~0ULL, "program headers cannot be read" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct strbuf why = { 0 };
		struct kcore *kcore = kcore_begin();
		int fd;

		add_all(kcore, true);
		kcore_write(kcore);
		fd = open(kcore_path, O_WRONLY);
		assert_int_equal(
			pwrite(fd, &changes[i].value, changes[i].bytes, (off_t)changes[i].offset),
			changes[i].bytes);
		close(fd);
		assert_null(open_path(kcore_path, &why));
		assert_non_null(strstr(strbuf_text(&why), changes[i].word));
		strbuf_free(&why);
	}
}

/* What the header promises and the kernel then does not give is a fault of that read alone. */
static void unreadable_memory_is_a_fault(UNUSED void **state)
{
	struct strbuf why = { 0 };
	struct kcore *kcore = kcore_begin();
	struct fault fault;
	struct dump *dump;
	u8 byte;

	add_all(kcore, true);
	kcore_write(kcore);
	dump = open_path(kcore_path, &why);
	assert_non_null(dump);
	/* The header stays, and every page goes. */
	assert_int_equal(truncate(kcore_path, 3 * PAGE_BYTES), 0);
	assert_false(dump_try_read(dump, 4 << PAGE_SHIFT, &byte, 1, &fault));
	assert_int_equal(fault.reason, FAULT_UNREADABLE);
	assert_int_equal(truncate(kcore_path, 0), 0);
	assert_false(dump_try_read(dump, 1 << PAGE_SHIFT, &byte, 1, &fault));
	assert_int_equal(fault.reason, FAULT_UNREADABLE);
	dump_close(dump);
}

/* 2 MB of memory with 512 frames, of which iomem calls the last 256 RAM. */
static void write_mem(void)
{
	static u8 memory[512 * PAGE_BYTES];
	static const char iomem[] = "00000000-00000fff : Reserved\n"
				    "000a0000-000fffff : PCI Bus 0000:00\n"
				    "00100000-001fffff : System RAM\n"
				    "  00110000-00120000 : Kernel code\n";
	static const char place[] = "0x0000000000180000 400\n";
	u32 note[3] = { sizeof("VMCOREINFO"), sizeof(info_text) - 1, 0 };

	for (u64 pfn = 0; pfn < 512; pfn++)
		memcpy(memory + pfn * PAGE_BYTES, &pfn, sizeof(pfn));
	memcpy(memory + 0x180000, note, sizeof(note));
	memcpy(memory + 0x18000c, "VMCOREINFO", sizeof("VMCOREINFO"));
	memcpy(memory + 0x180018, info_text, sizeof(info_text) - 1);
	write_file(mem_path, memory, sizeof(memory));
	write_file(iomem_path, iomem, sizeof(iomem) - 1);
	write_file(info_path, place, sizeof(place) - 1);
}

static void devmem_gives_ram_only(UNUSED void **state)
{
	struct strbuf why = { 0 };
	struct vmcoreinfo info;
	struct fault fault;
	struct dump *dump;
	u8 byte;

	write_mem();
	dump = open_path(mem_path, &why);
	assert_non_null(dump);
	assert_true(dump->live);
	assert_int_equal(frame_at(dump, 0x123000), 0x123);
	assert_false(dump_try_read(dump, 0xb8000, &byte, 1, &fault));
	assert_int_equal(fault.reason, FAULT_NO_MEMORY);
	assert_true(vmcoreinfo_load(dump, NULL, &info));
	vmcoreinfo_free(&info);
	dump_close(dump);
}

static void values_are_written_and_read_back(UNUSED void **state)
{
	struct strbuf why = { 0 };
	struct dump *dump;
	u64 value = 0x1122334455667788ULL;

	write_mem();
	dump = open_path(mem_path, &why);
	assert_non_null(dump);
	assert_true(dump_write(dump, 0x123000, &value, sizeof(value), &why));
	assert_int_equal(frame_at(dump, 0x123000), value);
	assert_false(dump_write(dump, 0x123ffc, &value, sizeof(value), &why));
	assert_non_null(strstr(strbuf_text(&why), "cross a page"));
	dump_close(dump);
	strbuf_free(&why);
}

static void missing_files_are_named(UNUSED void **state)
{
	struct strbuf why = { 0 };

	unlink(kcore_path);
	unlink(mem_path);
	assert_null(dump_open_live(&why));
	assert_non_null(strstr(strbuf_text(&why), "CONFIG_PROC_KCORE"));
	assert_non_null(strstr(strbuf_text(&why), "CONFIG_DEVMEM"));
	strbuf_reset(&why);
	/* Without CAP_SYS_ADMIN every address in it is 0. */
	write_mem();
	write_file(iomem_path, "00000000-00000000 : System RAM\n", 31);
	assert_null(dump_open_live(&why));
	assert_non_null(strstr(strbuf_text(&why), "CAP_SYS_ADMIN"));
	strbuf_free(&why);
}

static void build_id_is_found_in_notes(UNUSED void **state)
{
	static const u8 notes[] = { 6, 0,   0,	 0,   4,   0,	0, 0,	 1,    1,    0,
				    0, 'X', 'e', 'n', '1', 0,	0, 0,	 0,    9,    9,
				    9, 9,   4,	 0,   0,   0,	3, 0,	 0,    0,    3,
				    0, 0,   0,	 'G', 'N', 'U', 0, 0xab, 0xcd, 0xef, 0 };
	u8 build_id[8] = { 0 };

	assert_int_equal(build_id_in_notes(notes, sizeof(notes), build_id, sizeof(build_id)), 3);
	assert_memory_equal(build_id, "\xab\xcd\xef", 3);
	/* Cut anywhere, it is not there; and nothing behind the end is looked at. */
	for (size_t size = 0; size < sizeof(notes) - 1; size++) {
		u8 *copy = xmalloc(size + 1);

		memcpy(copy, notes, size);
		assert_int_equal(build_id_in_notes(copy, size, build_id, sizeof(build_id)), 0);
		free(copy);
	}
	assert_int_equal(build_id_in_notes(notes, sizeof(notes), build_id, 2), 0);
}

static void missing_vmlinux_is_explained(UNUSED void **state)
{
	static const struct {
		const char *os_release, *words;
	} systems[] = {
		{ "NAME=x\nID=debian\n", "linux-image-9.9.9-dbg" },
		{ "ID=ubuntu\nID_LIKE=debian\n", "linux-image-9.9.9-dbgsym" },
		{ "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "kernel-debuginfo-9.9.9" },
		{ "ID=debianoid\n", "your distribution" },
	};
	struct running_kernel kernel = { .release = "9.9.9", .build_id = { 0x12, 0x34 } };
	char *etc = xasprintf("%s/etc", directory), *path = xasprintf("%s/os-release", etc);
	char *boot = xasprintf("%s/boot", directory);
	char *wrong = xasprintf("%s/vmlinux-9.9.9", boot);

	kernel.build_id_bytes = 2;
	assert_int_equal(mkdir(etc, 0700), 0);
	assert_int_equal(mkdir(boot, 0700), 0);
	write_file(wrong, "no ELF file", 11);
	for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
		struct strbuf why = { 0 };

		write_file(path, systems[i].os_release, strlen(systems[i].os_release));
		assert_null(running_kernel_vmlinux(&kernel, directory, &why, NULL));
		assert_non_null(strstr(strbuf_text(&why), systems[i].words));
		assert_non_null(strstr(strbuf_text(&why), "9.9.9, build-id 1234"));
		assert_non_null(strstr(strbuf_text(&why), wrong));
		strbuf_free(&why);
	}
	unlink(path);
	unlink(wrong);
	rmdir(etc);
	rmdir(boot);
	free(path);
	free(etc);
	free(wrong);
	free(boot);
}

static void package_of_a_release(void **state UNUSED)
{
	static const char *const wanted[][2] = {
		{ "6.1.0-50-cloud-amd64", "linux-image-6.1.0-50-cloud-amd64-dbg" },
		{ "5.14.0-427.el9.x86_64", "kernel-debuginfo-5.14.0-427.el9.x86_64" },
		{ "6.9.4-200.fc40.x86_64", "kernel-debuginfo-6.9.4-200.fc40.x86_64" },
		{ "6.8.0-31-generic",
		  "linux-image-6.8.0-31-generic-dbgsym (in the ddebs archive)" },
		{ "6.4.0-150600.21-default",
		  "kernel-default-debuginfo of 6.4.0-150600.21-default" },
		{ "6.12.0", "" },
	};
	char name[128];

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		kernel_debug_package(wanted[i][0], name, sizeof(name));
		assert_string_equal(name, wanted[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(package_of_a_release),
		cmocka_unit_test(kcore_gives_physical_memory),
		cmocka_unit_test(kcore_of_an_old_kernel),
		cmocka_unit_test(memory_that_is_plugged_in_is_seen),
		cmocka_unit_test(damaged_kcore_is_refused),
		cmocka_unit_test(unreadable_memory_is_a_fault),
		cmocka_unit_test(devmem_gives_ram_only),
		cmocka_unit_test(values_are_written_and_read_back),
		cmocka_unit_test(missing_files_are_named),
		cmocka_unit_test(build_id_is_found_in_notes),
		cmocka_unit_test(missing_vmlinux_is_explained),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
