/* dump_reads.c - tests: opening and reading dumps against the bare decompressor and memcpy; figures only. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dump/decompress.h"
#include "dump/dumpfile.h"
#include "dump/filemap.h"
#include "dump/kdumpwrite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PAGES = 40000, RUNS = 5 };

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* Of this thread: other work on the machine does not count. */
static double cpu_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int compare_doubles(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(double *values)
{
	qsort(values, RUNS, sizeof(*values), compare_doubles);
	return values[RUNS / 2];
}

static struct dump *open_or_exit(const char *path)
{
	struct strbuf why = { 0 };
	struct dump *dump = dump_open(&path, 1, &why);

	if (!dump) {
		fprintf(stderr, "%s: %s\n", path, strbuf_text(&why));
		exit(1);
	}
	return dump;
}

/*
 * Seconds to open PATH and read its first page; and its LAST one, for which the
 * whole bitmap counts.
 */
static double open_time(const char *path, bool last)
{
	double times[RUNS];

	for (unsigned i = 0; i < RUNS; i++) {
		double start = now();
		struct dump *dump = open_or_exit(path);
		u64 pfn;
		u8 page[PAGE_BYTES];

		if (dump_next_present(dump, 0, &pfn))
			dump_try_read(dump, pfn << PAGE_SHIFT, page, sizeof(page), NULL);
		if (last && dump_next_present(dump, dump->max_pfn - 1, &pfn))
			dump_try_read(dump, pfn << PAGE_SHIFT, page, sizeof(page), NULL);
		times[i] = now() - start;
		dump_close(dump);
	}
	return median(times);
}

static void write_sparse(const char *path, u64 max_pfn, u64 nr_pages)
{
	struct kdump_contents contents = { .compression = COMPRESSION_ZLIB,
					   .max_pfn = max_pfn,
					   .max_pages = nr_pages };
	struct strbuf why = { 0 };
	struct kdump_writer *writer = kdump_writer_create(path, &contents, &why);

	if (!writer) {
		fprintf(stderr, "%s: %s\n", path, strbuf_text(&why));
		exit(1);
	}
	for (u64 i = 0; i < nr_pages; i++) {
		u64 page[PAGE_BYTES / 8] = { i };

		kdump_writer_page(writer, i * (max_pfn - 1) / (nr_pages - 1), page);
	}
	kdump_writer_finish(writer, NULL, &why);
}

static void compare_opening(const char *folder)
{
	char *small = xasprintf("%s/small", folder), *large = xasprintf("%s/large", folder);
	struct rusage before, after;

	write_sparse(small, 1 << 17, 3000);
	write_sparse(large, 1ULL << 30, 3000);
	getrusage(RUSAGE_SELF, &before);
	for (unsigned last = 0; last < 2; last++) {
		double small_time = open_time(small, last), large_time = open_time(large, last);

		printf("%s: 512 MB machine %.3f ms, 4 TB machine %.3f ms, ratio %.2f\n",
		       last ? "open, first and last page" : "open and first page", small_time * 1e3,
		       large_time * 1e3, large_time / small_time);
	}
	getrusage(RUSAGE_SELF, &after);
	printf("memory grew by %ld KB\n", after.ru_maxrss - before.ru_maxrss);
	unlink(small);
	unlink(large);
	free(small);
	free(large);
}

/* The dump's first pages, and the order in which they are read. */
static u64 pfns[MAX_PAGES];
static size_t order[MAX_PAGES];
static size_t nr_pfns;

static void find_pages(struct dump *dump)
{
	nr_pfns = 0;
	for (u64 pfn = 0; nr_pfns < MAX_PAGES && dump_next_present(dump, pfn, &pfn); pfn++) {
		order[nr_pfns] = nr_pfns;
		pfns[nr_pfns++] = pfn;
	}
}

static void shuffle(void)
{
	u64 random = 88172645463325252;

	for (size_t i = nr_pfns; i-- > 1;) {
		size_t swap = order[i];

		random = random * 6364136223846793005 + 1442695040888963407;
		order[i] = order[(random >> 33) % (i + 1)];
		order[(random >> 33) % (i + 1)] = swap;
	}
}

static double read_time(const char *path)
{
	double times[RUNS];

	for (unsigned run = 0; run < RUNS; run++) {
		struct dump *dump = open_or_exit(path);
		u8 page[PAGE_BYTES];
		double start;
		u64 any;

		/* The rank index is made once a session. */
		dump_next_present(dump, 0, &any);
		dump_try_read(dump, pfns[nr_pfns - 1] << PAGE_SHIFT, page, 8, NULL);
		start = cpu_time();
		for (size_t i = 0; i < nr_pfns; i++)
			dump_try_read(dump, pfns[order[i]] << PAGE_SHIFT, page, sizeof(page), NULL);
		times[run] = cpu_time() - start;
		dump_close(dump);
	}
	return median(times);
}

static void open_file(struct file_map *map, const char *path)
{
	struct strbuf why = { 0 };

	if (!file_map_open(map, path, &why))
		exit(1);
}

/* The same pages of the same file, newly mapped, through the decompressor alone. */
static double bare_time(const char *path)
{
	struct decompressor_pool *pool = decompressor_pool_create();
	double times[RUNS];

	for (unsigned run = 0; run < RUNS; run++) {
		struct file_map map;
		u64 descriptors;
		double start;

		open_file(&map, path);
		descriptors = (1 + load_u32(map.data + 432) + load_u32(map.data + 436)) *
			      PAGE_BYTES;
		start = cpu_time();
		for (size_t i = 0; i < nr_pfns; i++) {
			const u8 *descriptor = map.data + descriptors + order[i] * 24;
			u8 page[PAGE_BYTES];

			decompress_page(pool, load_u32(descriptor + 12) & COMPRESSION_MASK,
					map.data + load_u64(descriptor), load_u32(descriptor + 8),
					page);
		}
		times[run] = cpu_time() - start;
		file_map_close(&map);
	}
	decompressor_pool_destroy(pool);
	return median(times);
}

/* The C library's memcpy(), which a constant would replace by something else. */
static volatile size_t copy_bytes = PAGE_BYTES;

static double copy_time(const char *path, u64 offset)
{
	double times[RUNS];

	for (unsigned run = 0; run < RUNS; run++) {
		struct file_map map;
		double start;

		open_file(&map, path);
		start = cpu_time();
		for (size_t i = 0; i < nr_pfns; i++) {
			u8 page[PAGE_BYTES];

			memcpy(page, map.data + offset + (order[i] << PAGE_SHIFT), copy_bytes);
			__asm__ volatile("" : : "r"(page) : "memory");
		}
		times[run] = cpu_time() - start;
		file_map_close(&map);
	}
	return median(times);
}

struct share {
	struct dump *dump;
	size_t from, to;
};

static void *read_share(void *arg)
{
	const struct share *share = arg;
	u8 page[PAGE_BYTES];

	for (size_t i = share->from; i < share->to; i++)
		dump_try_read(share->dump, pfns[i] << PAGE_SHIFT, page, sizeof(page), NULL);
	return NULL;
}

static double parallel_time(const char *path, unsigned nr_threads)
{
	struct dump *dump = open_or_exit(path);
	pthread_t threads[nr_threads];
	struct share shares[nr_threads];
	double start = now();

	for (unsigned i = 0; i < nr_threads; i++) {
		shares[i] = (struct share){ dump, nr_pfns * i / nr_threads,
					    nr_pfns * (i + 1) / nr_threads };
		pthread_create(&threads[i], NULL, read_share, &shares[i]);
	}
	for (unsigned i = 0; i < nr_threads; i++)
		pthread_join(threads[i], NULL);
	start = now() - start;
	dump_close(dump);
	return start;
}

static void compare_order(const char *path, bool elf, const char *name)
{
	double bare = elf ? copy_time(path, 8192) : bare_time(path), ours = read_time(path);

	printf("    %s: %s %.1f ms, ours %.1f ms, ratio %.2f (wanted: 1.10)\n", name,
	       elf ? "memcpy" : "decompressor", bare * 1e3, ours * 1e3, ours / bare);
}

static void compare_reads(const char *path)
{
	struct dump *dump = open_or_exit(path);
	bool elf = dump->ops == &netdump_ops;

	find_pages(dump);
	printf("%s: %zu pages, milliseconds of CPU time\n", path, nr_pfns);
	compare_order(path, elf, "in order");
	shuffle();
	compare_order(path, elf, "in no order");
	printf("    one thread %.1f ms, two threads %.1f ms of wall time\n",
	       parallel_time(path, 1) * 1e3, parallel_time(path, 2) * 1e3);
	dump_close(dump);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: dump_reads FOLDER {DUMP | STREAM=DUMP}...\n");
		return 1;
	}
	compare_opening(argv[1]);
	for (int i = 2; i < argc; i++) {
		char *plain = strchr(argv[i], '=');

		if (plain) {
			*plain++ = '\0';
			printf("open: %s %.3f ms, flattened %.3f ms, ratio %.2f (as a process: "
			       "see tests/bench/run)\n",
			       plain, open_time(plain, false) * 1e3,
			       open_time(argv[i], false) * 1e3,
			       open_time(argv[i], false) / open_time(plain, false));
		} else {
			compare_reads(argv[i]);
		}
	}
	return 0;
}
