/* fuzz.h - tests: what the fuzz targets share: files and memory out of a fuzzer's input, and seeds. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FUZZ_H
#define FUZZ_H

#include "base/util.h"

/*
 * A target is a file fuzz_NAME.c with these three. The program made of it fuzzes
 * (libFuzzer), replays the files that it is given, or, run with "--seeds DIRECTORY", writes
 * the inputs to begin with.
 */
void fuzz_setup(void); /* once, before anything else */
void fuzz_one(const u8 *data, size_t size);
void fuzz_write_seeds(void); /* calls fuzz_seed*() */

void fuzz_seed(const char *name, const void *data, size_t size);

/*
 * Inputs in pieces: a dump is mostly zeroes, so that an input says only what stands where:
 *	0	3	offset
 *	3	1	which file
 *	4	2	number of bytes that follow
 * The program's mutator knows these. A file ends where its last piece ends.
 */
enum { FUZZ_MAX_FILES = 3, FUZZ_MAX_FILE_BYTES = 1 << 20 };

struct fuzz_files {
	struct strbuf contents[FUZZ_MAX_FILES];
	size_t count; /* one past the last file that has a piece */
};

/* To be set by targets whose input is in pieces. */
extern bool fuzz_input_is_pieces;

void fuzz_take_pieces(const u8 *data, size_t size, struct fuzz_files *files);
void fuzz_free_files(struct fuzz_files *files);
/* Pieces for CONTENTS, without long rows of zeroes; runs of over MAX_RUN bytes are cut. */
void fuzz_add_pieces(struct strbuf *input, unsigned file, const void *contents, size_t size,
		     size_t max_run);

/* A section of an ELF file that fuzz_add_elf() makes; DATA may be NULL. */
struct fuzz_section {
	const char *name;
	u32 type;
	const void *data;
	u32 size;
};

/* A note with a build-id, as linkers write it. */
extern const u32 fuzz_build_id_note[6];

/*
 * Pieces for an ELF file, of this type (ET_REL ...), whose file FILE is: the names of
 * sections, then these.
 */
void fuzz_add_elf(struct strbuf *input, unsigned file, u16 type,
		  const struct fuzz_section *sections, size_t nr_sections);

/*
 * A path that leads to these bytes; valid until the next call with the same SLOT. What is mapped of
 * it ends exactly where the bytes end, for AddressSanitizer to see what reaches beyond.
 */
const char *fuzz_path(unsigned slot, const void *data, size_t size);

/* The physical memory of fake.h: cleared, then filled with the pieces of file 0. */
void fuzz_fill_memory(const u8 *data, size_t size);

/* An answer that a damaged file must not lead to. */
#define FUZZ_EXPECT(condition)                                                                     \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_broken(#condition, __FILE__, __LINE__);                               \
	} while (0)
_Noreturn void fuzz_broken(const char *condition, const char *file, int line);

/* Reads every byte, so that AddressSanitizer sees whether they are all there. */
void fuzz_touch(const void *data, size_t size);
void fuzz_touch_text(const char *text);

#endif
