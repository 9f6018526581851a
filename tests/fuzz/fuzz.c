/* fuzz.c - tests: what the fuzz targets share: files and memory out of a fuzzer's input, and seeds. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "fake.h"

#include <elf.h>
#include <fcntl.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECE_HEADER = 6, SHORTEST_GAP = 16 };

bool fuzz_input_is_pieces;
static const char *seed_directory;

size_t LLVMFuzzerMutate(u8 *data, size_t size, size_t max_size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max_size, unsigned seed);

_Noreturn void fuzz_broken(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
	abort();
}

/* Byte by byte only where there is something to report: inputs have megabytes in all. */
void fuzz_touch(const void *data, size_t size)
{
	static volatile u8 sum;
	const u8 *bytes = data;

	if (!size || !__asan_region_is_poisoned((void *)data, size))
		return;
	for (size_t i = 0; i < size; i++)
		sum ^= bytes[i];
}

void fuzz_touch_text(const char *text)
{
	fuzz_touch(text, strlen(text) + 1);
}

/* --- pieces --- */

struct piece {
	u32 offset, file;
	u16 length;
	const u8 *bytes;
};

typedef VECTOR(struct piece) piece_list;

static bool next_piece(const u8 **data, const u8 *end, struct piece *piece)
{
	if ((size_t)(end - *data) < PIECE_HEADER)
		return false;
	piece->offset = load_u32(*data) & 0xffffff;
	piece->file = (*data)[3];
	piece->length = (u16)min_u64(load_u16(*data + 4), (u64)(end - *data) - PIECE_HEADER);
	piece->bytes = *data + PIECE_HEADER;
	*data += PIECE_HEADER + piece->length;
	return true;
}

static void put_piece(struct strbuf *input, u32 offset, u32 file, const void *bytes, u16 length)
{
	const u32 place = (offset & 0xffffff) | file << 24;

	strbuf_add(input, &place, sizeof(place));
	strbuf_add(input, &length, sizeof(length));
	strbuf_add(input, bytes, length);
}

static void put_bytes(struct strbuf *contents, u32 offset, const void *bytes, size_t length)
{
	static const u8 zeroes[FUZZ_MAX_FILE_BYTES];

	offset %= FUZZ_MAX_FILE_BYTES;
	length = min_u64(length, FUZZ_MAX_FILE_BYTES - offset);
	if (contents->length < offset + length)
		strbuf_add(contents, zeroes, offset + length - contents->length);
	memcpy(contents->text + offset, bytes, length);
}

void fuzz_take_pieces(const u8 *data, size_t size, struct fuzz_files *files)
{
	const u8 *end = data + size;
	struct piece piece;

	*files = (struct fuzz_files){ 0 };
	while (next_piece(&data, end, &piece)) {
		unsigned file = piece.file % FUZZ_MAX_FILES;

		if (file >= files->count)
			files->count = file + 1;
		if (piece.length)
			put_bytes(&files->contents[file], piece.offset, piece.bytes, piece.length);
	}
}

void fuzz_free_files(struct fuzz_files *files)
{
	for (size_t i = 0; i < FUZZ_MAX_FILES; i++)
		strbuf_free(&files->contents[i]);
}

static size_t zero_run(const u8 *bytes, size_t size)
{
	size_t length = 0;

	while (length < size && !bytes[length])
		length++;
	return length;
}

void fuzz_add_pieces(struct strbuf *input, unsigned file, const void *contents, size_t size,
		     size_t max_run)
{
	const u8 *bytes = contents;
	size_t at = zero_run(bytes, size);

	while (at < size) {
		size_t end = at, gap = 0;

		while (end < size && gap < SHORTEST_GAP && end - at < UINT16_MAX) {
			gap = zero_run(bytes + end, size - end);
			end += gap ? gap : 1;
		}
		put_piece(input, at, file, bytes + at,
			  (u16)min_u64(end - at - gap, min_u64(max_run, UINT16_MAX)));
		at = end;
	}
	/* The last byte says how long the file is. */
	if (size)
		put_piece(input, size - 1, file, bytes + size - 1, 1);
}

const u32 fuzz_build_id_note[6] = { 4, 8, NT_GNU_BUILD_ID, 0x554e47, 0x01020304, 0x05060708 };

void fuzz_add_elf(struct strbuf *input, unsigned file, u16 type,
		  const struct fuzz_section *sections, size_t nr_sections)
{
	Elf64_Shdr *headers = xcalloc(nr_sections + 2, sizeof(*headers));
	Elf64_Ehdr header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = type,
		.e_machine = EM_X86_64,
		.e_shoff = sizeof(header),
		.e_shentsize = sizeof(*headers),
		.e_shnum = (u16)(nr_sections + 2),
		.e_shstrndx = 1,
	};
	struct strbuf names = { 0 }, data = { 0 }, whole = { 0 };
	size_t start = sizeof(header) + (nr_sections + 2) * sizeof(*headers);

	strbuf_add(&names, "\0.shstrtab", sizeof("\0.shstrtab"));
	for (size_t i = 0; i < nr_sections; i++) {
		headers[i + 2] = (Elf64_Shdr){ .sh_name = (u32)names.length,
					       .sh_type = sections[i].type,
					       .sh_offset = start + data.length,
					       .sh_size = sections[i].size };
		strbuf_add(&names, sections[i].name, strlen(sections[i].name) + 1);
		if (sections[i].data)
			strbuf_add(&data, sections[i].data, sections[i].size);
	}
	headers[1] = (Elf64_Shdr){ .sh_name = 1,
				   .sh_type = SHT_STRTAB,
				   .sh_offset = start + data.length,
				   .sh_size = names.length };
	strbuf_add(&whole, &header, sizeof(header));
	strbuf_add(&whole, headers, (nr_sections + 2) * sizeof(*headers));
	strbuf_add(&whole, data.text, data.length);
	strbuf_add(&whole, names.text, names.length);
	fuzz_add_pieces(input, file, whole.text, whole.length, 1024);
	strbuf_free(&names);
	strbuf_free(&data);
	strbuf_free(&whole);
	free(headers);
}

static void take_list(const u8 *data, size_t size, piece_list *pieces)
{
	const u8 *end = data + size;
	struct piece piece;

	while (next_piece(&data, end, &piece))
		*vector_add(pieces) = piece;
}

static u32 draw(u64 *state, u32 limit)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return (u32)(*state >> 33) % limit;
}

static void insert_piece(piece_list *pieces, size_t at, struct piece piece)
{
	*vector_add(pieces) = piece;
	memmove(pieces->items + at + 1, pieces->items + at,
		(pieces->count - 1 - at) * sizeof(piece));
	pieces->items[at] = piece;
}

/* Changes one piece: what it says, where it stands, whether it is there. */
static void mutate_pieces(piece_list *pieces, u8 *scratch, size_t space, u64 *state)
{
	size_t which = draw(state, pieces->count);
	struct piece *piece = &pieces->items[which];
	u32 kind = draw(state, 16);
	size_t length = piece->length;

	if (kind == 0) {
		insert_piece(pieces, draw(state, pieces->count), *piece);
	} else if (kind == 1 && pieces->count > 1) {
		memmove(piece, piece + 1, (pieces->count - 1 - which) * sizeof(*piece));
		pieces->count--;
	} else if (kind == 2) {
		piece->offset += draw(state, 2) ? draw(state, 64) - 32 : draw(state, 64) * 4096;
	} else if (kind == 3) {
		piece->file = draw(state, FUZZ_MAX_FILES);
	} else {
		memcpy(scratch, piece->bytes, length);
		length = LLVMFuzzerMutate(scratch, length, min_u64(space, length + 64));
		piece->bytes = scratch;
		piece->length = (u16)min_u64(length, UINT16_MAX);
	}
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max_size, unsigned seed)
{
	struct strbuf input = { 0 };
	piece_list pieces = { 0 };
	u64 state = seed * 2654435761ULL + 1;
	u8 *scratch;

	if (!fuzz_input_is_pieces || draw(&state, 32) == 0 || size < PIECE_HEADER)
		return LLVMFuzzerMutate(data, size, max_size);
	take_list(data, size, &pieces);
	scratch = xmalloc(UINT16_MAX + 64);
	mutate_pieces(&pieces, scratch, UINT16_MAX + 64, &state);
	for (size_t i = 0; i < pieces.count; i++)
		put_piece(&input, pieces.items[i].offset, pieces.items[i].file,
			  pieces.items[i].bytes, pieces.items[i].length);
	size = min_u64(input.length, max_size);
	memcpy(data, input.text, size);
	free(scratch);
	vector_free(&pieces);
	strbuf_free(&input);
	return size;
}

/* --- files and memory --- */

const char *fuzz_path(unsigned slot, const void *data, size_t size)
{
	static int files[FUZZ_MAX_FILES];
	static char paths[FUZZ_MAX_FILES][32];

	if (!files[slot]) {
		files[slot] = memfd_create("fuzz", 0);
		snprintf(paths[slot], sizeof(paths[slot]), "/proc/self/fd/%d", files[slot]);
	}
	if (files[slot] < 0 || ftruncate(files[slot], 0) != 0 ||
	    (size && pwrite(files[slot], data, size, 0) != (ssize_t)size)) {
		perror("memory file");
		exit(1);
	}
	return paths[slot];
}

void fuzz_fill_memory(const u8 *data, size_t size)
{
	const u8 *end = data + size;
	struct piece piece;

	fake_dump();
	/* Not through a file: a heap block of that size would be new pages for each input. */
	while (next_piece(&data, end, &piece)) {
		u32 offset = piece.offset % FUZZ_MAX_FILE_BYTES;

		if (piece.file % FUZZ_MAX_FILES == 0)
			memcpy(fake_phys(offset), piece.bytes,
			       min_u64(piece.length, FUZZ_MAX_FILE_BYTES - offset));
	}
}

/* The linker puts these in place of the C library's: a file becomes heap memory of its size. */
void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *address, size_t length);
int __real_madvise(void *address, size_t length, int advice);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *address, size_t length);
int __wrap_madvise(void *address, size_t length, int advice);

static void *mapped_files[16];

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(mapped_files); i++) {
		if (mapped_files[i])
			continue;
		mapped_files[i] = xmalloc(length);
		if (pread(fd, mapped_files[i], length, offset) != (ssize_t)length)
			fuzz_broken("a mapping is no longer than its file", __FILE__, __LINE__);
		return mapped_files[i];
	}
	if (fd >= 0)
		fuzz_broken("every mapping is given back", __FILE__, __LINE__);
	return __real_mmap(address, length, protection, flags, fd, offset);
}

int __wrap_munmap(void *address, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(mapped_files); i++) {
		if (mapped_files[i] != address)
			continue;
		free(mapped_files[i]);
		mapped_files[i] = NULL;
		return 0;
	}
	return __real_munmap(address, length);
}

int __wrap_madvise(void *address, size_t length, int advice)
{
	for (size_t i = 0; i < ARRAY_SIZE(mapped_files); i++) {
		if (mapped_files[i] == address)
			return 0;
	}
	return __real_madvise(address, length, advice);
}

/* --- the program --- */

void fuzz_seed(const char *name, const void *data, size_t size)
{
	char *path = xasprintf("%s/%s", seed_directory, name);
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
	free(path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	fuzz_setup();
	if (*argc == 3 && streq((*argv)[1], "--seeds")) {
		seed_directory = (*argv)[2];
		fuzz_write_seeds();
		exit(0);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	fuzz_one(data, size);
	return 0;
}
