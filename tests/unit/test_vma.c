/* test_vma.c - L5 mappings by list (before v6.1) and names of files: loops, disorder, lost parents. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/fs/vfs.h"
#include "kernel/mm/vma.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define MM fake_kva(0x1000)

static u64 mapping(unsigned i)
{
	return fake_kva(0x2000 + i * 64ULL);
}

/* Mappings of one page at 0x10000, 0x20000 ... */
static void build(unsigned count)
{
	fake_dump();
	fake_u64(MM, count ? mapping(0) : 0);
	fake_u64(MM + 8, fake_kva(0x9000));
	for (unsigned i = 0; i < count; i++) {
		fake_u64(mapping(i), 0x10000 * (i + 1ULL));
		fake_u64(mapping(i) + 8, 0x10000 * (i + 1ULL) + 0x1000);
		fake_u64(mapping(i) + 16, i + 1 < count ? mapping(i + 1) : 0);
		fake_u64(mapping(i) + 24, 0x75);
	}
}

static unsigned walk(struct vma_iter *it)
{
	struct vma vma;
	unsigned count = 0;

	vma_begin(it, MM);
	while (vma_next(it, &vma)) {
		assert_true(count < 100);
		assert_int_equal(vma.start, 0x10000 * (count + 1ULL));
		count++;
	}
	return count;
}

static void test_list(void **state UNUSED)
{
	struct vma_iter it;
	struct vma vma;

	for (unsigned count = 0; count < 5; count++) {
		build(count);
		assert_int_equal(walk(&it), count);
		assert_false(it.stopped);
	}
	assert_true(vma_find(MM, 0x20fff, &vma));
	assert_int_equal(vma.address, mapping(1));
	assert_int_equal(vma.flags, 0x75);
	assert_false(vma_find(MM, 0x21000, &vma));
	assert_false(vma_find(MM, 0, &vma));
	assert_int_equal(mm_pgd(MM), fake_kva(0x9000));
}

static void test_damaged_list(void **state UNUSED)
{
	struct vma_iter it;

	for (unsigned back = 0; back < 4; back++) {
		build(4);
		fake_u64(mapping(3) + 16, mapping(back));
		assert_int_equal(walk(&it), 4);
		assert_true(it.stopped);
		assert_non_null(strstr(vma_why(&it), "out of order"));
	}
	build(4);
	fake_u64(mapping(1) + 16, 0xdead000000000100ULL);
	assert_int_equal(walk(&it), 2);
	assert_true(it.stopped);
	/* An end below its start. */
	build(4);
	fake_u64(mapping(2) + 8, 0x100);
	assert_int_equal(walk(&it), 2);
	assert_true(it.stopped);
	build(4);
	fake_page_fault(0x1000, FAULT_EXCLUDED);
	assert_int_equal(walk(&it), 0);
	assert_non_null(strstr(vma_why(&it), "excluded"));
}

/*
 * Files: dentries at 0x4000, mounts at 0x6000. A root mount with /mnt, on which a second
 * one has /dir/file.
 */
static u64 dentry(unsigned i)
{
	return fake_kva(0x4000 + i * 64ULL);
}

static u64 mount(unsigned i)
{
	return fake_kva(0x6000 + i * 64ULL);
}

static void set_dentry(unsigned i, unsigned parent, const char *name, bool hashed)
{
	u64 text = fake_kva(0x5000 + i * 32ULL);
	u32 length = (u32)strlen(name);

	fake_bytes(text, name, length);
	fake_u64(dentry(i), dentry(parent));
	fake_u64(dentry(i) + 8, text);
	fake_bytes(dentry(i) + 16, &length, 4);
	fake_u64(dentry(i) + 24, hashed ? dentry(i) : 0);
}

static void build_files(void)
{
	fake_dump();
	set_dentry(0, 0, "/", false);
	set_dentry(1, 0, "mnt", true);
	set_dentry(2, 2, "/", false);
	set_dentry(3, 2, "dir", true);
	set_dentry(4, 3, "file", true);
	set_dentry(5, 5, "memfd:x", false);
	/* struct mount: parent, mountpoint, then the vfsmount, whose first member is its root */
	fake_u64(mount(0), mount(0));
	fake_u64(mount(0) + 8, dentry(0));
	fake_u64(mount(0) + 16, dentry(0));
	fake_u64(mount(1), mount(0));
	fake_u64(mount(1) + 8, dentry(1));
	fake_u64(mount(1) + 16, dentry(2));
}

static void expect_path(unsigned mounted, unsigned entry, const char *path)
{
	struct strbuf text = { 0 };
	u64 file = fake_kva(0x7000);

	fake_u64(file, mount(mounted) + 16);
	fake_u64(file + 8, dentry(entry));
	assert_true(vfs_file_path(file, &text));
	assert_string_equal(strbuf_text(&text), path);
	strbuf_free(&text);
}

static void test_paths(void **state UNUSED)
{
	build_files();
	expect_path(0, 0, "/");
	expect_path(0, 1, "/mnt");
	expect_path(1, 2, "/mnt");
	expect_path(1, 4, "/mnt/dir/file");
	expect_path(1, 5, "/memfd:x (deleted)");
	set_dentry(4, 3, "file", false);
	expect_path(1, 4, "/mnt/dir/file (deleted)");
}

static void test_damaged_paths(void **state UNUSED)
{
	struct strbuf text = { 0 };

	/*
	 * Directories in a ring, and mounts in a ring: an end, and a mark that the
	 * start is missing.
	 */
	build_files();
	set_dentry(3, 4, "dir", true);
	assert_true(vfs_path(mount(1) + 16, dentry(4), &text));
	assert_true(starts_with(strbuf_text(&text), ".../"));
	strbuf_reset(&text);
	build_files();
	fake_u64(mount(0), mount(1));
	fake_u64(mount(0) + 8, dentry(2));
	assert_true(vfs_path(mount(1) + 16, dentry(4), &text));
	assert_true(starts_with(strbuf_text(&text), "..."));
	strbuf_reset(&text);
	build_files();
	fake_u64(dentry(3), 0xdead000000000100ULL);
	assert_true(vfs_path(mount(1) + 16, dentry(4), &text));
	assert_string_equal(strbuf_text(&text), ".../dir/file");
	strbuf_reset(&text);
	assert_false(vfs_path(0, 0, &text));
	assert_false(vfs_path(mount(1) + 16, 0xdead000000000100ULL, &text));
	assert_false(vfs_file_path(0, &text));
	strbuf_free(&text);
}

static int make_types(void **state UNUSED)
{
	static const struct fake_member mm[] = {
		{ .name = "mmap", .offset = 0, .size = 8 },
		{ .name = "pgd", .offset = 8, .size = 8 },
	};
	static const struct fake_member area[] = {
		{ .name = "vm_start", .offset = 0, .size = 8 },
		{ .name = "vm_end", .offset = 8, .size = 8 },
		{ .name = "vm_next", .offset = 16, .size = 8 },
		{ .name = "vm_flags", .offset = 24, .size = 8 },
		{ .name = "vm_file", .offset = 32, .size = 8 },
		{ .name = "vm_pgoff", .offset = 40, .size = 8 },
	};
	static const struct fake_member qstr[] = {
		{ .name = "name", .offset = 0, .size = 8 },
		{ .name = "len", .offset = 8, .size = 4 },
	};
	static const struct fake_member hash[] = { { .name = "pprev", .offset = 0, .size = 8 } };
	static const struct fake_member entry[] = {
		{ .name = "d_parent", .offset = 0, .size = 8 },
		{ .name = "d_name", .offset = 8, .type = "qstr" },
		{ .name = "d_hash", .offset = 24, .type = "hash" },
	};
	static const struct fake_member vfsmount[] = {
		{ .name = "mnt_root", .offset = 0, .size = 8 }
	};
	static const struct fake_member mounted[] = {
		{ .name = "mnt_parent", .offset = 0, .size = 8 },
		{ .name = "mnt_mountpoint", .offset = 8, .size = 8 },
		{ .name = "mnt", .offset = 16, .type = "vfsmount" },
	};
	static const struct fake_member path[] = {
		{ .name = "mnt", .offset = 0, .size = 8 },
		{ .name = "dentry", .offset = 8, .size = 8 },
	};
	static const struct fake_member file[] = { { .name = "f_path", .type = "path" } };

	fake_struct("mm_struct", 16, mm, ARRAY_SIZE(mm));
	fake_struct("vm_area_struct", 64, area, ARRAY_SIZE(area));
	fake_struct("qstr", 16, qstr, ARRAY_SIZE(qstr));
	fake_struct("hash", 8, hash, ARRAY_SIZE(hash));
	fake_struct("dentry", 64, entry, ARRAY_SIZE(entry));
	fake_struct("vfsmount", 8, vfsmount, ARRAY_SIZE(vfsmount));
	fake_struct("mount", 64, mounted, ARRAY_SIZE(mounted));
	fake_struct("path", 16, path, ARRAY_SIZE(path));
	fake_struct("file", 16, file, ARRAY_SIZE(file));
	fake_types_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_damaged_list),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_damaged_paths),
	};

	return cmocka_run_group_tests(tests, make_types, NULL);
}
