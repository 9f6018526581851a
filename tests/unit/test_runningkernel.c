/* test_runningkernel.c - L2 every place where a distribution puts a vmlinux, below a root of our own. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "names/elfdebug.h"
#include "names/runningkernel.h"
#include "names_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define RELEASE "6.12.0-test"
#define DEBIAN "6.12.9-amd64"

static char *root;
static const u8 build_id[] = { 0xab, 0xcd, 0xef, 0x01, 0x23 };

static const char *const places[] = {
	/* Debian, Ubuntu */
	"/usr/lib/debug/boot/vmlinux-" RELEASE,
	/* Fedora, RHEL, with and without a merged /usr */
	"/usr/lib/debug/lib/modules/" RELEASE "/vmlinux",
	"/usr/lib/debug/usr/lib/modules/" RELEASE "/vmlinux",
	/* SUSE */
	"/usr/lib/debug/boot/vmlinux-" RELEASE ".debug",
	"/usr/lib/debug/usr/lib/modules/" RELEASE "/vmlinux.debug",
	/* built here */
	"/lib/modules/" RELEASE "/build/vmlinux",
	"/lib/modules/" RELEASE "/vmlinux",
	"/boot/vmlinux-" RELEASE,
	"/usr/src/linux-" RELEASE "/vmlinux",
	/* by build-id, whatever the distribution */
	"/usr/lib/debug/.build-id/ab/cdef0123.debug",
	/* beside the dump */
	"/dumps/vmlinux",
	"/dumps/vmlinux.debug",
	"/dumps/vmlinux-" RELEASE,
};

static int remove_one(const char *path, const struct stat *status UNUSED, int kind UNUSED,
		      struct FTW *walk UNUSED)
{
	return remove(path);
}

static void forget_root(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_folders(char *path)
{
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

static void add_file(const char *place, const void *data, size_t bytes)
{
	char *path = xasprintf("%s%s", root, place);
	FILE *file;

	mkdir(root, 0700);
	make_folders(path);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, bytes, file), bytes);
	fclose(file);
	free(path);
}

/* A kernel with that build-id, whose last byte is DIFFERENCE more. */
static void make_kernel(struct strbuf *file, u8 difference)
{
	const Elf64_Nhdr note = { 4, sizeof(build_id), NT_GNU_BUILD_ID };
	u8 *bytes;

	build_vmlinux(file, NULL, 0);
	bytes = (u8 *)file->text + built_section(file, SEC_NOTES)->sh_offset;
	memcpy(bytes, &note, sizeof(note));
	memcpy(bytes + sizeof(note), "GNU", 4);
	memcpy(bytes + sizeof(note) + 4, build_id, sizeof(build_id));
	bytes[sizeof(note) + 4 + sizeof(build_id) - 1] += difference;
}

static char *search(struct strbuf *report)
{
	struct running_kernel kernel = { .release = RELEASE, .build_id_bytes = sizeof(build_id) };
	char *dump = xasprintf("%s/dumps/vmcore", root), *found;

	memcpy(kernel.build_id, build_id, sizeof(build_id));
	found = dumped_kernel_vmlinux(&kernel, dump, root, report);
	free(dump);
	return found;
}

static void every_place_is_found(void **state UNUSED)
{
	struct strbuf file = { 0 };

	make_kernel(&file, 0);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		char *wanted = xasprintf("%s%s", root, places[i]), *found;

		add_file(places[i], file.text, file.length);
		found = search(NULL);
		assert_non_null(found);
		assert_string_equal(found, wanted);
		free(found);
		free(wanted);
		forget_root();
	}
	strbuf_free(&file);
}

static void another_build_is_named_and_left(void **state UNUSED)
{
	struct strbuf good = { 0 }, bad = { 0 }, report = { 0 };
	char *found, *wanted;

	make_kernel(&good, 0);
	make_kernel(&bad, 1);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		add_file(places[i], bad.text, bad.length);
	assert_null(search(&report));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		wanted = xasprintf("  %s%s: of another build (abcdef0124)\n", root, places[i]);
		assert_non_null(strstr(strbuf_text(&report), wanted));
		free(wanted);
	}
	add_file(places[0], good.text, good.length);
	strbuf_reset(&report);
	found = search(&report);
	assert_non_null(found);
	wanted = xasprintf("  %s%s: taken\n", root, places[0]);
	assert_non_null(strstr(strbuf_text(&report), wanted));
	free(wanted);
	free(found);
	strbuf_free(&report);
	strbuf_free(&good);
	strbuf_free(&bad);
	forget_root();
}

static void packed_files_are_looked_into(void **state UNUSED)
{
	static const char *const packed[] = { "/boot/vmlinux-" RELEASE ".gz",
					      "/lib/modules/" RELEASE "/vmlinux.gz",
					      "/dumps/vmlinux.gz",
					      "/dumps/vmlinux-" RELEASE ".gz" };
	struct strbuf file = { 0 };
	u8 *data;
	z_stream zlib = { 0 };

	make_kernel(&file, 0);
	data = xmalloc(file.length + 1000);
	zlib.next_in = (u8 *)file.text;
	zlib.avail_in = (uInt)file.length;
	zlib.next_out = data;
	zlib.avail_out = (uInt)file.length + 1000;
	deflateInit2(&zlib, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
	deflateEnd(&zlib);
	for (size_t i = 0; i < ARRAY_SIZE(packed); i++) {
		char *found;

		add_file(packed[i], data, zlib.total_out);
		found = search(NULL);
		assert_non_null(found);
		assert_string_equal(found + strlen(root), packed[i]);
		free(found);
		forget_root();
	}
	free(data);
	strbuf_free(&file);
}

static void without_a_build_id_nothing_is_taken(void **state UNUSED)
{
	struct running_kernel kernel = { .release = RELEASE };
	struct strbuf file = { 0 }, report = { 0 };

	make_kernel(&file, 0);
	add_file(places[0], file.text, file.length);
	assert_null(dumped_kernel_vmlinux(&kernel, "vmcore", root, &report));
	assert_non_null(strstr(strbuf_text(&report), "does not tell its kernel's build-id"));
	strbuf_free(&file);
	strbuf_free(&report);
	forget_root();
}

static void build_ids_are_text(void **state UNUSED)
{
	struct strbuf text = { 0 };
	u8 bytes[4] = { 0 };
	char *path = elf_debug_build_id_path("/root", build_id, sizeof(build_id));

	assert_string_equal(path, "/root/usr/lib/debug/.build-id/ab/cdef0123.debug");
	free(path);
	path = elf_debug_build_id_path("", build_id, 0);
	assert_string_equal(path, "/usr/lib/debug/.build-id//.debug");
	free(path);
	elf_debug_add_build_id(&text, build_id, sizeof(build_id));
	assert_string_equal(strbuf_text(&text), "abcdef0123");
	strbuf_free(&text);
	assert_int_equal(build_id_from_text("ABcdEF01", bytes, sizeof(bytes)), 4);
	assert_memory_equal(bytes, build_id, 4);
	assert_int_equal(build_id_from_text("abcdef0123", bytes, sizeof(bytes)), 0);
	assert_int_equal(build_id_from_text("abc", bytes, sizeof(bytes)), 0);
	assert_int_equal(build_id_from_text("xy", bytes, sizeof(bytes)), 0);
}

static void the_package_is_named(void **state UNUSED)
{
	struct strbuf text = { 0 };

	kernel_package(DEBIAN, &text);
	assert_string_equal(strbuf_text(&text), "package linux-image-" DEBIAN "-dbg");
	strbuf_reset(&text);
	kernel_package("6.12.0", &text);
	assert_non_null(strstr(strbuf_text(&text), "build directory"));
	strbuf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_place_is_found),
		cmocka_unit_test(another_build_is_named_and_left),
		cmocka_unit_test(packed_files_are_looked_into),
		cmocka_unit_test(without_a_build_id_nothing_is_taken),
		cmocka_unit_test(build_ids_are_text),
		cmocka_unit_test(the_package_is_named),
	};
	char path[] = "/tmp/crash-places-XXXXXX";
	int status;

	if (!mkdtemp(path))
		return 1;
	root = path;
	status = cmocka_run_group_tests(tests, NULL, NULL);
	forget_root();
	return status;
}
