/* dump/unpack.c - gzip, bzip2, xz, lzma, zstd, lz4 and lzop data, and bzImages, back into a file. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The result goes to a file without a name in TMPDIR or /var/tmp, as a vmlinux with debug
 * information would take half a gigabyte of memory; where there is no such directory it
 * does. GDB opens it as /proc/self/fd/N.
 *
 * A kernel's own payload differs from files in small things: its length follows the data as four
 * bytes, lz4 comes as a legacy frame, lzma in its old form.
 *
 * How much memory unpacking takes is in the data's own header, and that may lie. What is taken is
 * no more than what so many packed bytes can become, and no more than:
 *
 *	gzip	32 KB, always
 *	bzip2	4 MB, its largest block
 *	lz4	5 MB, its largest block; 8 MB the legacy form
 *	zstd	128 MB of window: a kernel packed with --ultra -22 has them
 *	xz lzma	160 MB: kernels since v6.12 have a dictionary of 128 MB
 *	lzop	64 MB, its largest block
 */
#include "dump/unpack.h"

#include "base/fail.h"
#include "base/progress.h"

#include <bzlib.h>
#include <errno.h>
#include <fcntl.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define PIECE (1U << 18)
#define LZ4_LEGACY_BLOCK (8U << 20)
#define LZOP_MOST_BLOCK (64U << 20)
#define LZMA_MOST_MEMORY (160ULL << 20)
#define ZSTD_MOST_WINDOW_LOG 27
/*
 * How many bytes may come out of a packed one. lz4 and lzo: a length grows by 255 with each byte.
 * lzma: a match of 273 bytes is told in 14 decisions, of which each takes 0.022 bits at least.
 */
#define LZ4_MOST_TIMES 256
#define LZO_MOST_TIMES 256
#define LZMA_MOST_TIMES 8192
#define LZMA_HEADER_BYTES 13
#define MOST_LEVELS 3

/* Where the bytes go: a file, or the first ROOM of them a buffer. */
struct sink {
	int fd;
	u8 *into;
	u64 room; /* what may still come */
	bool full; /* the buffer has all that was wanted */
	u64 most;
	const u8 *packed; /* where the bytes come from */
	u64 packed_bytes;
	struct strbuf *why;
	const char *kind; /* "gzip data" */
	u8 piece[PIECE];
};

static bool is_damaged(struct sink *sink)
{
	if (!sink->full && !sink->why->length)
		strbuf_printf(sink->why, "its %s are damaged or cut short", sink->kind);
	return false;
}

static bool is_too_large(struct sink *sink)
{
	strbuf_printf(sink->why, "its %s ask for more memory than any kernel's", sink->kind);
	return false;
}

static bool has_no_memory(struct sink *sink)
{
	strbuf_printf(sink->why, "no memory to unpack its %s", sink->kind);
	return false;
}

/* What can come out of so many packed bytes, and is wanted. */
static u64 most_output(const struct sink *sink, u64 packed, u64 times)
{
	return min_u64(packed > ~0ULL / times ? ~0ULL : packed * times, sink->room);
}

/* The data are what was packed before NEXT. False: no more is wanted, or can be kept. */
static bool put(struct sink *sink, const void *next, const void *data, u64 length)
{
	const u8 *from = data;

	if (interrupt_pending()) {
		strbuf_puts(sink->why, "interrupted");
		return false;
	}
	if (sink->into) {
		u64 taken = min_u64(length, sink->room);

		memcpy(sink->into, from, taken);
		sink->into += taken;
		sink->room -= taken;
		sink->full = !sink->room;
		return !sink->full;
	}
	progress_at((const u8 *)next - sink->packed, sink->packed_bytes);
	if (length > sink->room) {
		strbuf_printf(sink->why, "more than %llu bytes come out of its %s", sink->most,
			      sink->kind);
		return false;
	}
	sink->room -= length;
	while (length) {
		ssize_t written = write(sink->fd, from, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			strbuf_printf(sink->why, "no room to unpack it: %s", strerror(errno));
			return false;
		}
		from += written;
		length -= written;
	}
	return true;
}

/* zlib and bzip2 count in 32 bits. */
static unsigned next_bytes(u64 left)
{
	return (unsigned)min_u64(left, 1U << 30);
}

static bool unpack_gzip_member(z_stream *zlib, u64 *left, struct sink *sink)
{
	int status = Z_OK;

	while (status != Z_STREAM_END) {
		unsigned given = next_bytes(*left);

		zlib->avail_in = given;
		zlib->next_out = sink->piece;
		zlib->avail_out = PIECE;
		status = inflate(zlib, Z_NO_FLUSH);
		*left -= given - zlib->avail_in;
		if (status == Z_MEM_ERROR)
			return has_no_memory(sink);
		if (status != Z_OK && status != Z_STREAM_END)
			return is_damaged(sink);
		if (!put(sink, zlib->next_in, sink->piece, PIECE - zlib->avail_out))
			return false;
	}
	return true;
}

static bool unpack_gzip(const u8 *data, u64 size, struct sink *sink)
{
	z_stream zlib = { .next_in = (Bytef *)data };
	u64 left = size;
	bool good = inflateInit2(&zlib, 15 + 16) == Z_OK || has_no_memory(sink);

	do {
		good = good && unpack_gzip_member(&zlib, &left, sink);
	} while (good && left > 4 && memcmp(zlib.next_in, "\x1f\x8b", 2) == 0 &&
		 inflateReset(&zlib) == Z_OK);
	inflateEnd(&zlib);
	return good;
}

static bool unpack_bzip2_stream(bz_stream *bzip2, u64 *left, struct sink *sink)
{
	int status = BZ_OK;

	while (status != BZ_STREAM_END) {
		unsigned given = next_bytes(*left);

		bzip2->avail_in = given;
		bzip2->next_out = (char *)sink->piece;
		bzip2->avail_out = PIECE;
		status = BZ2_bzDecompress(bzip2);
		*left -= given - bzip2->avail_in;
		if (status == BZ_MEM_ERROR)
			return has_no_memory(sink);
		if (status != BZ_OK && status != BZ_STREAM_END)
			return is_damaged(sink);
		/* It reports no end of input by itself. */
		if (status == BZ_OK && bzip2->avail_out == PIECE && given == bzip2->avail_in)
			return is_damaged(sink);
		if (!put(sink, bzip2->next_in, sink->piece, PIECE - bzip2->avail_out))
			return false;
	}
	return true;
}

static bool unpack_bzip2(const u8 *data, u64 size, struct sink *sink)
{
	char *next = (char *)data;
	u64 left = size;
	bool good;

	do {
		bz_stream bzip2 = { .next_in = next };

		good = (BZ2_bzDecompressInit(&bzip2, 0, 0) == BZ_OK || has_no_memory(sink)) &&
		       unpack_bzip2_stream(&bzip2, &left, sink);
		next = bzip2.next_in;
		BZ2_bzDecompressEnd(&bzip2);
	} while (good && left > 4 && memcmp(next, "BZh", 3) == 0);
	return good;
}

static bool run_lzma(lzma_stream *lzma, struct sink *sink)
{
	lzma_ret status = LZMA_OK;

	while (status != LZMA_STREAM_END) {
		lzma->next_out = sink->piece;
		lzma->avail_out = PIECE;
		status = lzma_code(lzma, LZMA_RUN);
		if (status == LZMA_MEMLIMIT_ERROR)
			return is_too_large(sink);
		if (status == LZMA_MEM_ERROR)
			return has_no_memory(sink);
		if (status != LZMA_OK && status != LZMA_STREAM_END)
			return is_damaged(sink);
		if (!put(sink, lzma->next_in, sink->piece, PIECE - lzma->avail_out))
			return false;
	}
	return true;
}

static bool unpack_xz(const u8 *data, u64 size, struct sink *sink)
{
	lzma_stream lzma = LZMA_STREAM_INIT;
	bool good;

	do {
		lzma.next_in = data;
		lzma.avail_in = size;
		good = (lzma_stream_decoder(&lzma, LZMA_MOST_MEMORY, 0) == LZMA_OK ||
			has_no_memory(sink)) &&
		       run_lzma(&lzma, sink);
		data = lzma.next_in;
		size = lzma.avail_in;
	} while (good && size > 6 &&
		 memcmp(data,
			"\xfd"
			"7zXZ",
			6) == 0);
	lzma_end(&lzma);
	return good;
}

/*
 * The header says how far back the data may look, and any packer's default is more than a small
 * file has: what is larger than all that can come out is made as large as that. False: no memory.
 */
static bool start_lzma(lzma_stream *lzma, const u8 *data, u64 size, struct sink *sink)
{
	u8 header[LZMA_HEADER_BYTES];
	u32 most = (u32)min_u64(most_output(sink, size, LZMA_MOST_TIMES) + PIECE, UINT32_MAX);
	u32 dictionary = load_u32(data + 1);
	lzma_ret status = lzma_alone_decoder(lzma, LZMA_MOST_MEMORY);

	if (dictionary > most)
		dictionary = most;
	memcpy(header, data, sizeof(header));
	memcpy(header + 1, &dictionary, sizeof(dictionary));
	lzma->next_in = header;
	lzma->avail_in = sizeof(header);
	lzma->next_out = sink->piece;
	lzma->avail_out = PIECE;
	if (status == LZMA_OK)
		status = lzma_code(lzma, LZMA_RUN);
	lzma->next_in = data + sizeof(header);
	lzma->avail_in = size - sizeof(header);
	if (status == LZMA_MEMLIMIT_ERROR)
		return is_too_large(sink);
	if (status == LZMA_MEM_ERROR)
		return has_no_memory(sink);
	return status == LZMA_OK || is_damaged(sink);
}

static bool unpack_lzma(const u8 *data, u64 size, struct sink *sink)
{
	lzma_stream lzma = LZMA_STREAM_INIT;
	bool good;

	if (size <= LZMA_HEADER_BYTES)
		return is_damaged(sink);
	good = start_lzma(&lzma, data, size, sink) && run_lzma(&lzma, sink);
	lzma_end(&lzma);
	return good;
}

static bool tell_zstd(size_t status, struct sink *sink)
{
	switch (ZSTD_getErrorCode(status)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return is_too_large(sink);
	case ZSTD_error_memory_allocation:
		return has_no_memory(sink);
	default:
		return is_damaged(sink);
	}
}

static bool run_zstd(ZSTD_DStream *zstd, const u8 *data, u64 size, struct sink *sink)
{
	ZSTD_inBuffer in = { data, size, 0 };
	size_t status = 1;

	/* 0: a frame ends; what follows is another one, or the kernel's length. */
	while (status || (size - in.pos > 4 && load_u32(data + in.pos) == ZSTD_MAGICNUMBER)) {
		ZSTD_outBuffer out = { sink->piece, PIECE, 0 };
		size_t before = in.pos;

		status = ZSTD_decompressStream(zstd, &out, &in);
		if (ZSTD_isError(status) || (!out.pos && in.pos == before))
			return tell_zstd(status, sink);
		if (!put(sink, data + in.pos, sink->piece, out.pos))
			return false;
	}
	return true;
}

static bool unpack_zstd(const u8 *data, u64 size, struct sink *sink)
{
	ZSTD_DStream *zstd = ZSTD_createDStream();
	bool good;

	if (!zstd)
		return has_no_memory(sink);
	ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, ZSTD_MOST_WINDOW_LOG);
	good = run_zstd(zstd, data, size, sink);
	ZSTD_freeDStream(zstd);
	return good;
}

static bool unpack_lz4(const u8 *data, u64 size, struct sink *sink)
{
	LZ4F_dctx *lz4 = NULL;
	u64 at = 0;
	size_t status = 1;
	bool good = !LZ4F_isError(LZ4F_createDecompressionContext(&lz4, LZ4F_VERSION)) ||
		    has_no_memory(sink);

	while (good && status && at < size) {
		size_t given = size - at, room = PIECE;

		status = LZ4F_decompress(lz4, sink->piece, &room, data + at, &given, NULL);
		at += given;
		good = !LZ4F_isError(status) && (given || room) &&
		       put(sink, data + at, sink->piece, room);
	}
	LZ4F_freeDecompressionContext(lz4);
	return (good && !status) || is_damaged(sink);
}

/* Blocks of 8 MB unpacked, each after its length; no end mark. */
static bool unpack_lz4_legacy(const u8 *data, u64 size, struct sink *sink)
{
	int space = (int)min_u64(size * LZ4_MOST_TIMES, LZ4_LEGACY_BLOCK);
	char *block = malloc((size_t)space);
	int unpacked = LZ4_LEGACY_BLOCK;
	bool good = block || has_no_memory(sink);
	u64 at = 4;

	/* Only the last block is shorter; after it a kernel has its length. */
	while (good && unpacked == LZ4_LEGACY_BLOCK && range_fits(at, 5, size)) {
		u32 packed = load_u32(data + at);

		at += 4;
		unpacked = range_fits(at, packed, size) && packed <= INT32_MAX
				   ? LZ4_decompress_safe((const char *)data + at, block,
							 (int)packed, space)
				   : -1;
		good = unpacked >= 0 ? put(sink, data + at, block, unpacked) : is_damaged(sink);
		at += packed;
	}
	free(block);
	return good && (at > 4 || is_damaged(sink));
}

static u32 load_be32(const u8 *data)
{
	return (u32)data[0] << 24 | (u32)data[1] << 16 | (u32)data[2] << 8 | data[3];
}

/* Flags of an lzop header: which sums each block has, of what is unpacked and of what is packed. */
#define LZOP_ADLER32_UNPACKED 0x1
#define LZOP_ADLER32_PACKED 0x2
#define LZOP_CRC32_UNPACKED 0x100
#define LZOP_CRC32_PACKED 0x200
#define LZOP_FILTER 0x800
#define LZOP_EXTRA 0x40

/* Where the blocks start, 0 when the header is not all there. */
static u64 lzop_blocks(const u8 *data, u64 size, u32 *flags)
{
	u64 at = 9; /* the signature */
	u32 version;

	if (size < 64)
		return 0;
	version = (u32)data[at] << 8 | data[at + 1];
	at += version >= 0x0940 ? 8 : 5; /* three versions, method, level */
	*flags = load_be32(data + at);
	at += 4;
	if (*flags & LZOP_FILTER)
		at += 4;
	at += version >= 0x0940 ? 12 : 8; /* mode and time */
	if (*flags & LZOP_EXTRA || at >= size)
		return 0;
	at += 1 + data[at] + 4; /* name and sum */
	return at < size ? at : 0;
}

static bool unpack_lzop_block(const u8 *data, u64 size, u64 *at, u32 flags, struct sink *sink)
{
	u32 unpacked = load_be32(data + *at), packed;
	lzo_uint length = unpacked;
	bool good;
	u8 *block;

	if (!range_fits(*at, 8, size))
		return is_damaged(sink);
	packed = load_be32(data + *at + 4);
	*at += 8 + 4 * (!!(flags & LZOP_ADLER32_UNPACKED) + !!(flags & LZOP_CRC32_UNPACKED));
	if (packed < unpacked)
		*at += 4 * (!!(flags & LZOP_ADLER32_PACKED) + !!(flags & LZOP_CRC32_PACKED));
	if (packed > unpacked || !range_fits(*at, packed, size) ||
	    unpacked > (u64)packed * LZO_MOST_TIMES)
		return is_damaged(sink);
	if (unpacked > LZOP_MOST_BLOCK)
		return is_too_large(sink);
	data += *at;
	*at += packed;
	if (packed == unpacked)
		return put(sink, data + packed, data, unpacked);
	block = malloc(unpacked);
	if (!block)
		return has_no_memory(sink);
	good = lzo1x_decompress_safe(data, packed, block, &length, NULL) == LZO_E_OK &&
	       length == unpacked;
	good = good ? put(sink, data + packed, block, unpacked) : is_damaged(sink);
	free(block);
	return good;
}

static bool unpack_lzop(const u8 *data, u64 size, struct sink *sink)
{
	u32 flags = 0;
	u64 at = lzop_blocks(data, size, &flags);

	if (!at)
		return is_damaged(sink);
	while (range_fits(at, 4, size)) {
		if (!load_be32(data + at))
			return true;
		if (!unpack_lzop_block(data, size, &at, flags, sink))
			return false;
	}
	return is_damaged(sink);
}

static const struct method {
	u32 length;
	const char *signature, *kind;
	bool (*unpack)(const u8 *data, u64 size, struct sink *sink);
} methods[] = {
	{ 2, "\x1f\x8b", "gzip data", unpack_gzip },
	{ 3, "BZh", "bzip2 data", unpack_bzip2 },
	{ 6,
	  "\xfd"
	  "7zXZ",
	  "xz data", unpack_xz },
	{ 3, "\x5d\0\0", "lzma data", unpack_lzma },
	{ 4, "\x28\xb5\x2f\xfd", "zstd data", unpack_zstd },
	{ 4, "\x04\x22\x4d\x18", "lz4 data", unpack_lz4 },
	{ 4, "\x02\x21\x4c\x18", "lz4 data", unpack_lz4_legacy },
	{ 9, "\x89LZO\0\r\n\x1a\n", "lzop data", unpack_lzop },
};

static const struct method *method_of(const u8 *data, u64 size)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (size > methods[i].length &&
		    memcmp(data, methods[i].signature, methods[i].length) == 0)
			return &methods[i];
	}
	return NULL;
}

/* The boot protocol's header, from version 2.08 on, tells where the packed kernel is. */
#define SETUP_SECTORS 0x1f1
#define SETUP_MAGIC 0x202
#define SETUP_VERSION 0x206
#define PAYLOAD_OFFSET 0x248
#define PAYLOAD_LENGTH 0x24c

static const u8 *payload_of(const struct file_map *file, u64 *size)
{
	const u8 *start = file_map_at(file, 0, PAYLOAD_LENGTH + 4);
	u64 sectors, at;

	if (!start || memcmp(start + SETUP_MAGIC, "HdrS", 4) != 0)
		return NULL;
	if (load_u16(start + SETUP_VERSION) < 0x0208)
		return NULL;
	sectors = start[SETUP_SECTORS] ? start[SETUP_SECTORS] : 4;
	at = (sectors + 1) * 512 + load_u32(start + PAYLOAD_OFFSET);
	*size = load_u32(start + PAYLOAD_LENGTH);
	return file_map_at(file, at, *size);
}

/* The packed data in FILE: all of it, or a bzImage's payload. */
static const struct method *find_data(const struct file_map *file, const u8 **data, u64 *size)
{
	*data = payload_of(file, size);
	if (!*data) {
		*size = file->size;
		*data = file_map_at(file, 0, *size);
	}
	return *data ? method_of(*data, *size) : NULL;
}

const char *unpack_kind(const struct file_map *file)
{
	const struct method *method;
	const u8 *data;
	u64 size;

	if (payload_of(file, &size))
		return "a bzImage";
	method = find_data(file, &data, &size);
	return method ? method->kind : NULL;
}

bool unpack_start(const struct file_map *file, void *buf, size_t length)
{
	struct strbuf why = { 0 };
	struct sink *sink;
	const struct method *method;
	const u8 *data;
	u64 size;
	bool full;

	method = find_data(file, &data, &size);
	if (!method)
		return false;
	sink = xcalloc(1, sizeof(*sink));
	sink->into = buf;
	sink->room = length;
	sink->why = &why;
	sink->kind = method->kind;
	method->unpack(data, size, sink);
	full = sink->full;
	strbuf_free(&why);
	free(sink);
	return full;
}

static int open_nameless(void)
{
	const char *directory = getenv("TMPDIR");
	int fd = open(directory && *directory ? directory : "/var/tmp",
		      O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : memfd_create("unpacked", MFD_CLOEXEC);
}

static bool unpack_to(int fd, const struct file_map *file, u64 most, struct strbuf *why)
{
	const char *slash = strrchr(file->path, '/');
	const struct method *method;
	struct sink *sink;
	const u8 *data;
	char title[48];
	u64 size;
	bool good;

	snprintf(title, sizeof(title), "unpacking %s", slash ? slash + 1 : file->path);
	method = find_data(file, &data, &size);
	if (!method) {
		strbuf_puts(why, "its kernel is packed in a way that is not known");
		return false;
	}
	sink = xcalloc(1, sizeof(*sink));
	sink->fd = fd;
	sink->room = sink->most = most;
	sink->why = why;
	sink->kind = method->kind;
	sink->packed = data;
	sink->packed_bytes = size;
	progress_begin(title, PROGRESS_BYTES);
	good = method->unpack(data, size, sink);
	progress_end();
	if (!good)
		is_damaged(sink);
	free(sink);
	return good;
}

static bool unpack_once(struct file_map *file, u64 most, struct strbuf *why)
{
	struct file_map unpacked;
	int fd = open_nameless();

	if (fd < 0) {
		strbuf_printf(why, "no room to unpack it: %s", strerror(errno));
		return false;
	}
	if (!unpack_to(fd, file, most, why)) {
		close(fd);
		return false;
	}
	if (!file_map_take(&unpacked, fd, file->path, why))
		return false;
	file_map_close(file);
	*file = unpacked;
	return true;
}

bool unpack_file(struct file_map *file, u64 most, struct strbuf *why)
{
	for (int level = 0; unpack_kind(file); level++) {
		if (level == MOST_LEVELS) {
			strbuf_puts(why, "it is packed again and again");
			return false;
		}
		if (!unpack_once(file, most, why))
			return false;
	}
	return true;
}

const char *unpack_path(const struct file_map *file, char *buf, size_t space)
{
	if (!file->nameless)
		return file->path;
	snprintf(buf, space, "/proc/self/fd/%d", file->fd);
	return buf;
}
