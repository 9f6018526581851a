/* dump/kdumpwrite.c - writes a compressed kdump file, header version 6, page by page. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The layout is the one at the top of diskdump.c. Pages come in ascending order, so three places
 * of the file grow side by side: bitmaps, descriptors and data. What is never written is a hole
 * of the file, which keeps the dump of a large, mostly absent machine small. All zero pages
 * share their data.
 */
#include "dump/kdumpwrite.h"
#include "dump/kdump.h"

#include <errno.h>
#include <fcntl.h>
#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum {
	STREAM_BYTES = 1 << 16,
	ZSTD_LEVEL = 3,
	/* zlib, lzo and snappy may make noise longer than it was. */
	COMPRESSED_BYTES = 2 * PAGE_BYTES,
};

/* Bytes that go to one growing place of the file. */
struct stream {
	u64 offset; /* of buf[0] */
	size_t used;
	u8 *buf;
};

struct kdump_writer {
	char *path;
	int fd;
	int error; /* errno of the first write that failed, 0: none */
	enum page_compression compression;
	u64 max_pfn, max_pages;
	u64 nr_pages;
	u64 next_pfn;
	u64 bitmap_offset[2], bitmap_block;
	u8 bitmaps[2][PAGE_BYTES];
	struct stream descriptors, data;
	struct page_descriptor zero_page;
	void *lzo_memory;
	ZSTD_CCtx *zstd;
};

static void write_at(struct kdump_writer *writer, u64 offset, const void *data, size_t length)
{
	const u8 *from = data;

	while (length > 0 && !writer->error) {
		ssize_t written = pwrite(writer->fd, from, length, offset);

		if (written > 0) {
			from += written;
			offset += written;
			length -= written;
		} else if (written == 0 || errno != EINTR) {
			writer->error = written == 0 ? ENOSPC : errno;
		}
	}
}

static void stream_flush(struct kdump_writer *writer, struct stream *stream)
{
	write_at(writer, stream->offset, stream->buf, stream->used);
	stream->offset += stream->used;
	stream->used = 0;
}

/* LENGTH is at most STREAM_BYTES. */
static void stream_add(struct kdump_writer *writer, struct stream *stream, const void *data,
		       size_t length)
{
	if (stream->used + length > STREAM_BYTES)
		stream_flush(writer, stream);
	memcpy(stream->buf + stream->used, data, length);
	stream->used += length;
}

static void flush_bitmaps(struct kdump_writer *writer)
{
	static const u8 nothing[PAGE_BYTES];

	for (size_t i = 0; i < 2; i++) {
		if (memcmp(writer->bitmaps[i], nothing, PAGE_BYTES) != 0)
			write_at(writer,
				 writer->bitmap_offset[i] + writer->bitmap_block * PAGE_BYTES,
				 writer->bitmaps[i], PAGE_BYTES);
		memset(writer->bitmaps[i], 0, PAGE_BYTES);
	}
}

static void set_bits(struct kdump_writer *writer, u64 pfn, bool present)
{
	u64 block = pfn / (PAGE_BYTES * 8), bit = pfn % (PAGE_BYTES * 8);

	if (block != writer->bitmap_block)
		flush_bitmaps(writer);
	writer->bitmap_block = block;
	writer->bitmaps[0][bit / 8] |= 1 << bit % 8;
	if (present)
		writer->bitmaps[1][bit / 8] |= 1 << bit % 8;
}

/* Bytes in TO, or 0 when the page does not get shorter. */
static size_t compress_page(struct kdump_writer *writer, const void *page, u8 *to)
{
	uLongf zlib_bytes = COMPRESSED_BYTES;
	lzo_uint lzo_bytes = COMPRESSED_BYTES;
	size_t bytes = COMPRESSED_BYTES;

	switch (writer->compression) {
	case COMPRESSION_ZLIB:
		if (compress2(to, &zlib_bytes, page, PAGE_BYTES, Z_DEFAULT_COMPRESSION) == Z_OK)
			bytes = zlib_bytes;
		break;
	case COMPRESSION_LZO:
		if (lzo1x_1_compress(page, PAGE_BYTES, to, &lzo_bytes, writer->lzo_memory) ==
		    LZO_E_OK)
			bytes = lzo_bytes;
		break;
	case COMPRESSION_SNAPPY:
		if (snappy_compress(page, PAGE_BYTES, (char *)to, &bytes) != SNAPPY_OK)
			bytes = COMPRESSED_BYTES;
		break;
	case COMPRESSION_ZSTD:
		bytes = ZSTD_compressCCtx(writer->zstd, to, COMPRESSED_BYTES, page, PAGE_BYTES,
					  ZSTD_LEVEL);
		if (ZSTD_isError(bytes))
			bytes = COMPRESSED_BYTES;
		break;
	default:
		break;
	}
	return bytes < PAGE_BYTES ? bytes : 0;
}

static struct page_descriptor add_data(struct kdump_writer *writer, const void *page)
{
	u8 compressed[COMPRESSED_BYTES];
	size_t bytes = compress_page(writer, page, compressed);
	struct page_descriptor descriptor = {
		.offset = writer->data.offset + writer->data.used,
		.size = bytes ? bytes : PAGE_BYTES,
		.flags = bytes ? writer->compression : 0,
	};

	stream_add(writer, &writer->data, bytes ? compressed : page, descriptor.size);
	return descriptor;
}

bool kdump_writer_page(struct kdump_writer *writer, u64 pfn, const void *page)
{
	static const u8 zeroes[PAGE_BYTES];
	struct page_descriptor descriptor;

	if (pfn < writer->next_pfn || pfn >= writer->max_pfn ||
	    writer->nr_pages == writer->max_pages)
		return false;
	writer->next_pfn = pfn + 1;
	writer->nr_pages++;
	set_bits(writer, pfn, true);
	if (memcmp(page, zeroes, PAGE_BYTES) != 0) {
		descriptor = add_data(writer, page);
	} else {
		if (!writer->zero_page.size)
			writer->zero_page = add_data(writer, page);
		descriptor = writer->zero_page;
	}
	stream_add(writer, &writer->descriptors, &descriptor, sizeof(descriptor));
	return true;
}

bool kdump_writer_excluded(struct kdump_writer *writer, u64 pfn)
{
	if (pfn < writer->next_pfn || pfn >= writer->max_pfn)
		return false;
	writer->next_pfn = pfn + 1;
	set_bits(writer, pfn, false);
	return true;
}

/* Header, sub-header, notes and vmcoreinfo: everything before the bitmaps, of SUB_BLOCKS blocks. */
static void write_headers(struct kdump_writer *writer, const struct kdump_contents *contents,
			  u32 sub_blocks, u32 bitmap_blocks)
{
	struct kdump_header header = {
		.version = KDUMP_NEWEST_VERSION,
		.timestamp = { contents->time },
		.status = contents->compression,
		.block_size = PAGE_BYTES,
		.sub_header_blocks = sub_blocks,
		.bitmap_blocks = bitmap_blocks,
		.max_mapnr = min_u64(contents->max_pfn, 0xffffffff),
		.nr_cpus = contents->nr_cpus,
	};
	struct kdump_sub_header sub = {
		.phys_base = contents->phys_base,
		.dump_level = contents->dump_level,
		.max_mapnr_64 = contents->max_pfn,
	};
	u64 at = PAGE_BYTES + sizeof(sub);

	memcpy(header.signature, KDUMP_SIGNATURE, sizeof(header.signature));
	for (size_t i = 0; i < ARRAY_SIZE(header.utsname); i++) {
		const char *name = contents->utsname[i] ? contents->utsname[i] : "";

		memcpy(header.utsname[i], name, strnlen(name, sizeof(header.utsname[i]) - 1));
	}
	if (contents->notes_bytes) {
		sub.notes_offset = at;
		sub.notes_size = contents->notes_bytes;
		write_at(writer, at, contents->notes, contents->notes_bytes);
		at += align_up(contents->notes_bytes, 8);
	}
	if (contents->vmcoreinfo_bytes) {
		sub.vmcoreinfo_offset = at;
		sub.vmcoreinfo_size = contents->vmcoreinfo_bytes;
		write_at(writer, at, contents->vmcoreinfo, contents->vmcoreinfo_bytes);
	}
	write_at(writer, 0, &header, sizeof(header));
	write_at(writer, PAGE_BYTES, &sub, sizeof(sub));
}

static void writer_free(struct kdump_writer *writer)
{
	ZSTD_freeCCtx(writer->zstd);
	free(writer->lzo_memory);
	free(writer->descriptors.buf);
	free(writer->data.buf);
	free(writer->path);
	free(writer);
}

struct kdump_writer *kdump_writer_create(const char *path, const struct kdump_contents *contents,
					 struct strbuf *why)
{
	u64 sub_bytes = sizeof(struct kdump_sub_header) + align_up(contents->notes_bytes, 8) +
			contents->vmcoreinfo_bytes;
	u64 sub_blocks = align_up(sub_bytes, PAGE_BYTES) / PAGE_BYTES;
	u64 bitmap_bytes = align_up((contents->max_pfn + 7) / 8, PAGE_BYTES);
	struct kdump_writer *writer;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0) {
		strbuf_puts(why, strerror(errno));
		return NULL;
	}
	writer = xcalloc(1, sizeof(*writer));
	writer->fd = fd;
	writer->path = xstrdup(path);
	writer->compression = contents->compression;
	writer->max_pfn = contents->max_pfn;
	writer->max_pages = contents->max_pages;
	writer->bitmap_offset[0] = (1 + sub_blocks) * PAGE_BYTES;
	writer->bitmap_offset[1] = writer->bitmap_offset[0] + bitmap_bytes;
	writer->descriptors.offset = writer->bitmap_offset[1] + bitmap_bytes;
	writer->data.offset = writer->descriptors.offset +
			      contents->max_pages * sizeof(struct page_descriptor);
	writer->descriptors.buf = xmalloc(STREAM_BYTES);
	writer->data.buf = xmalloc(STREAM_BYTES);
	if (contents->compression == COMPRESSION_LZO)
		writer->lzo_memory = xmalloc(LZO1X_1_MEM_COMPRESS);
	if (contents->compression == COMPRESSION_ZSTD)
		writer->zstd = ZSTD_createCCtx();
	write_headers(writer, contents, sub_blocks, 2 * bitmap_bytes / PAGE_BYTES);
	return writer;
}

bool kdump_writer_finish(struct kdump_writer *writer, u64 *bytes, struct strbuf *why)
{
	u64 size;
	bool good;

	flush_bitmaps(writer);
	stream_flush(writer, &writer->descriptors);
	stream_flush(writer, &writer->data);
	size = writer->data.offset;
	/* Also where no page follows the bitmaps, which may be holes. */
	if (!writer->error && ftruncate(writer->fd, size) != 0)
		writer->error = errno;
	if (close(writer->fd) != 0 && !writer->error)
		writer->error = errno;
	good = !writer->error;
	if (!good) {
		strbuf_puts(why, strerror(writer->error));
		unlink(writer->path);
	}
	if (bytes)
		*bytes = size;
	writer_free(writer);
	return good;
}
