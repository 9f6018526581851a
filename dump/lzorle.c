/* dump/lzorle.c - the stream of Documentation/staging/lzo.rst, versions 0 and 1. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An instruction copies a block of what was written so far and then up to three literals; or it is
 * a string of literals; or, in version 1, a run of zeros. What an instruction below 16 means
 * depends on how many literals came before it.
 */
#include "dump/lzorle.h"

#define MANY_LITERALS 4 /* the state behind a string of four or more */
#define VERSION_MARK 17 /* also: what the first byte counts literals from */
#define LEAST_VERSIONED_BYTES 5
#define SHORTEST_ZERO_RUN 4

struct lzo {
	const u8 *in, *in_end;
	u8 *start, *out, *out_end;
	bool has_zero_runs;
	unsigned state; /* literals that the last instruction copied; MANY_LITERALS: four or more */
	bool ended;
};

static bool next_byte(struct lzo *lzo, unsigned *byte)
{
	if (lzo->in == lzo->in_end)
		return false;
	*byte = *lzo->in++;
	return true;
}

static bool next_word(struct lzo *lzo, unsigned *word)
{
	unsigned low, high;

	if (!next_byte(lzo, &low) || !next_byte(lzo, &high))
		return false;
	*word = high << 8 | low;
	return true;
}

/* A length of BITS bits of the instruction; 0: those are all set, and more bytes add to it. */
static bool read_length(struct lzo *lzo, unsigned instruction, unsigned bits, size_t *length)
{
	unsigned mask = (1U << bits) - 1, byte;

	*length = instruction & mask;
	if (*length)
		return true;
	*length = mask;
	do {
		if (!next_byte(lzo, &byte))
			return false;
		*length += byte ? byte : 255;
		if (*length > (size_t)(lzo->out_end - lzo->start))
			return false;
	} while (!byte);
	return true;
}

static bool copy_literals(struct lzo *lzo, size_t length)
{
	if (length > (size_t)(lzo->in_end - lzo->in) || length > (size_t)(lzo->out_end - lzo->out))
		return false;
	memcpy(lzo->out, lzo->in, length);
	lzo->in += length;
	lzo->out += length;
	return true;
}

/* The block may reach into what it writes: byte by byte. */
static bool copy_block(struct lzo *lzo, size_t distance, size_t length)
{
	if (distance > (size_t)(lzo->out - lzo->start) ||
	    length > (size_t)(lzo->out_end - lzo->out))
		return false;
	for (; length; length--, lzo->out++)
		*lzo->out = *(lzo->out - distance);
	return true;
}

static bool finish(struct lzo *lzo, unsigned literals)
{
	lzo->state = literals;
	return copy_literals(lzo, literals);
}

/* Instructions 0 to 15. */
static bool depends_on_state(struct lzo *lzo, unsigned instruction)
{
	unsigned byte;
	size_t length;

	if (lzo->state == 0) {
		lzo->state = MANY_LITERALS;
		return read_length(lzo, instruction, 4, &length) && copy_literals(lzo, length + 3);
	}
	if (!next_byte(lzo, &byte))
		return false;
	if (lzo->state == MANY_LITERALS)
		return copy_block(lzo, (byte << 2) + (instruction >> 2) + 2049, 3) &&
		       finish(lzo, instruction & 3);
	return copy_block(lzo, (byte << 2) + (instruction >> 2) + 1, 2) &&
	       finish(lzo, instruction & 3);
}

static bool zero_run(struct lzo *lzo, unsigned instruction, unsigned literals)
{
	unsigned byte;
	size_t length;

	if (!next_byte(lzo, &byte))
		return false;
	length = (byte << 3 | (instruction & 7)) + SHORTEST_ZERO_RUN;
	if (length > (size_t)(lzo->out_end - lzo->out))
		return false;
	memset(lzo->out, 0, length);
	lzo->out += length;
	return finish(lzo, literals);
}

/* Instructions 16 to 31: far blocks, runs of zeros, the end. */
static bool far_block(struct lzo *lzo, unsigned instruction)
{
	unsigned far = instruction & 8, word;
	size_t length;

	/* A run's length is in the instruction as it stands: no bytes that add to it follow. */
	if (lzo->has_zero_runs && far && lzo->in_end - lzo->in >= 2 && lzo->in[1] == 0xff &&
	    (lzo->in[0] & 0xfc) == 0xfc)
		return next_word(lzo, &word) && zero_run(lzo, instruction, word & 3);
	if (!read_length(lzo, instruction, 3, &length) || !next_word(lzo, &word))
		return false;
	if (!far && word >> 2 == 0) {
		lzo->ended = true;
		return true;
	}
	return copy_block(lzo, 16384 + (far << 11) + (word >> 2), length + 2) &&
	       finish(lzo, word & 3);
}

static bool one_instruction(struct lzo *lzo)
{
	unsigned instruction, more;
	size_t length;

	if (!next_byte(lzo, &instruction))
		return false;
	if (instruction < 16)
		return depends_on_state(lzo, instruction);
	if (instruction < 32)
		return far_block(lzo, instruction);
	if (instruction < 64)
		return read_length(lzo, instruction, 5, &length) && next_word(lzo, &more) &&
		       copy_block(lzo, (more >> 2) + 1, length + 2) && finish(lzo, more & 3);
	length = instruction < 128 ? 3 + (instruction >> 5 & 1) : 5 + (instruction >> 5 & 3);
	return next_byte(lzo, &more) &&
	       copy_block(lzo, (more << 3) + (instruction >> 2 & 7) + 1, length) &&
	       finish(lzo, instruction & 3);
}

/* The first byte may be the mark of a version, or a string of literals. */
static bool begin(struct lzo *lzo)
{
	unsigned first;

	if (lzo->in_end - lzo->in >= LEAST_VERSIONED_BYTES && lzo->in[0] == VERSION_MARK) {
		lzo->has_zero_runs = lzo->in[1] >= 1;
		lzo->in += 2;
	}
	if (lzo->in == lzo->in_end)
		return false;
	first = *lzo->in;
	if (first <= VERSION_MARK)
		return true;
	lzo->in++;
	lzo->state = first - VERSION_MARK < MANY_LITERALS ? first - VERSION_MARK : MANY_LITERALS;
	return copy_literals(lzo, first - VERSION_MARK);
}

bool lzorle_unpack(const u8 *data, size_t bytes, u8 *out, size_t space)
{
	struct lzo lzo = {
		.in = data, .in_end = data + bytes, .start = out, .out = out, .out_end = out + space
	};

	if (!begin(&lzo))
		return false;
	while (!lzo.ended)
		if (!one_instruction(&lzo))
			return false;
	return lzo.in == lzo.in_end && lzo.out == lzo.out_end;
}
